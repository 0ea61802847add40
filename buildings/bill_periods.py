"""From monthly bills to readings: which months a bill stands for where months are missing, estimated or doubled."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buildings.bills import monthly_array
from buildings.building import Building
from buildings.yardsticks import PeriodRules
from vocabulary import GAS_LHV_MJ_PER_M3, Fault, InputError

Array = NDArray[np.float64]
LEAST_BESIDE = 3
"""Months from which one can be judged by two others."""
DAYS_OF_MODEL = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)


@dataclass(frozen=True)
class Bills:
    """Bills of one building as arrays.

    Attributes
    ----------
    months : tuple of str
        `YYYY-MM`, ascending, without gaps.
    energy_kwh : ndarray (carrier, month)
        Energy billed, gas on the lower heating value [kW h]; NaN where there is no bill.
    estimated : ndarray (month,)
        Readings that somebody estimated.

    Raises
    ------
    InputError
        If the months have gaps or the lengths differ.
    """

    months: tuple[str, ...]
    energy_kwh: Array
    estimated: NDArray[np.bool_]

    def __post_init__(self) -> None:
        number = [12 * int(month[:4]) + int(month[5:]) for month in self.months]
        if number != list(range(number[0], number[0] + len(number))) if number else True:
            raise InputError([Fault("bills", "months", "gaps or disorder", "months in order, NaN where missing")])
        if self.energy_kwh.shape != (2, len(number)) or self.estimated.shape != (len(number),):
            raise InputError([Fault("bills", "arrays", f"{self.energy_kwh.shape}", f"(2, {len(number)})")])

    @property
    def years(self) -> NDArray[np.int64]:
        """Calendar year of each month."""
        return np.array([int(month[:4]) for month in self.months])

    @property
    def calendar_months(self) -> NDArray[np.int64]:
        """Month of the year of each month, 0 to 11."""
        return np.array([int(month[5:]) - 1 for month in self.months])

    @property
    def days_factor(self) -> Array:
        """Days of each month over those of the model's month (a leap February has 29 of 28)."""
        days = [calendar.monthrange(int(month[:4]), int(month[5:]))[1] for month in self.months]
        return np.array(days) / DAYS_OF_MODEL[self.calendar_months]


def bills_of(building: Building) -> Bills:
    """Return a building's bills as arrays from its first to its last month; gas in kWh of its lower heating value.

    Examples
    --------
    `bills_of(building).energy_kwh[0]` holds its electricity, NaN in months without a bill.
    """
    months = every_month(min(b.month for b in building.bills), max(b.month for b in building.bills))
    gas = monthly_array(building.bills, "gas_m3", months) * GAS_LHV_MJ_PER_M3 / 3.6
    guessed = {bill.month for bill in building.bills if bill.reading == "estimated"}
    energy = np.stack([monthly_array(building.bills, "electricity_kwh", months), gas])
    return Bills(tuple(months), energy, np.array([month in guessed for month in months]))


def every_month(first: str, last: str) -> list[str]:
    """Return all months from first to last.

    Examples
    --------
    >>> every_month("2024-11", "2025-02")
    ['2024-11', '2024-12', '2025-01', '2025-02']
    """
    start, end = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02d}" for number in range(start, end + 1)]


@dataclass(frozen=True)
class Periods:
    """Which months make each reading of one carrier, and what was done to get there.

    Attributes
    ----------
    groups : tuple of tuple of int
        Positions of the months of each reading.
    estimated : tuple of bool
        Reading that is only an estimate.
    missing, joined_estimates, merged, doubled, left_out : tuple of int
        Positions of months without a bill; estimated ones joined with the metered one that follows; months billed
        with the next or the one before; months of a pair of which one holds both; months counted twice or only in
        part, which are not used.
    """

    groups: tuple[tuple[int, ...], ...]
    estimated: tuple[bool, ...]
    missing: tuple[int, ...]
    joined_estimates: tuple[int, ...]
    merged: tuple[int, ...]
    doubled: tuple[int, ...]
    left_out: tuple[int, ...]


def periods_of(energy_kwh: Array, estimated: NDArray[np.bool_], expected_kwh: Array, rules: PeriodRules, *,
               whole_year: bool = True) -> Periods:
    """Find which months each bill stands for.

    Parameters
    ----------
    energy_kwh : ndarray (month,)
        Bills [kW h]; NaN where missing.
    estimated : ndarray (month,)
        Estimated readings.
    expected_kwh : ndarray (month,)
        What is expected in these months [kW h]; only its shape counts.
    rules : PeriodRules
        When a month cannot be one month's reading.
    whole_year : bool
        The carrier is used in every month (electricity): then empty and doubled months can be told all year, else
        in its season only.

    Returns
    -------
    Periods

    Examples
    --------
    >>> from buildings.yardsticks import load_yardsticks
    >>> bills = np.array([5.0, np.nan, 10.0, 5.0])
    >>> periods_of(bills, np.zeros(4, bool), np.ones(4), load_yardsticks().bill_periods).groups
    ((0,), (1, 2), (3,))
    """
    level = _level(energy_kwh, expected_kwh)
    finder = _Finder(energy_kwh, expected_kwh * level, rules, whole_year=whole_year)
    owner = np.arange(len(energy_kwh))
    merged, doubled, left_out = finder.merged(owner), finder.doubled(owner), finder.left_out(owner)
    missing = tuple(int(i) for i in np.flatnonzero(np.isnan(energy_kwh)) if i not in merged)
    dropped = {*missing, *left_out}
    joined = _join_estimates(owner, estimated, dropped)
    ends = sorted({int(owner[i]) for i in range(len(owner)) if i not in dropped})
    groups = tuple(tuple(int(i) for i in np.flatnonzero(owner == end) if i not in dropped) for end in ends)
    only_estimated = tuple(bool(estimated[end]) for end in ends)
    return Periods(groups, only_estimated, missing, joined, merged, doubled, left_out)


def _level(energy_kwh: Array, expected_kwh: Array) -> float:
    """Return the median of bill over model in months that the model uses energy in."""
    used = np.isfinite(energy_kwh) & (energy_kwh > 0) & (expected_kwh > 0.3 * max(expected_kwh.mean(), 1e-9))
    return float(np.median(energy_kwh[used] / expected_kwh[used])) if used.any() else 1.0


def _join_estimates(owner: NDArray[np.int64], estimated: NDArray[np.bool_], dropped: set[int]) -> tuple[int, ...]:
    """Join each estimated month with the reading that follows it; the meter corrects the estimate there."""
    joined = []
    for i in range(len(owner) - 2, -1, -1):
        follows = i + 1 not in dropped and owner[i + 1] != i and not (estimated[i + 1] and owner[i + 1] == i + 1)
        if estimated[i] and owner[i] == i and i not in dropped and follows:
            owner[owner == i] = owner[i + 1]
            joined.append(i)
    return tuple(reversed(joined))


@dataclass(frozen=True)
class _Finder:
    """Looks at each month beside its neighbours; `owner` says with which month another one is read."""

    energy: Array
    expected: Array
    rules: PeriodRules
    whole_year: bool

    def _ratio(self, months: Sequence[int]) -> float:
        energy = float(np.nansum(self.energy[list(months)]))
        return energy / max(float(self.expected[list(months)].sum()), 1e-9)

    def _fits(self, months: Sequence[int]) -> bool:
        return abs(self._ratio(months) - 1.0) <= self.rules.pair_tolerance

    def merged(self, owner: NDArray[np.int64]) -> tuple[int, ...]:
        """Find missing months whose use stands in the next bill, or else in the one before."""
        found: list[int] = []
        for gap in _runs(np.isnan(self.energy)):
            for beside in (gap[-1] + 1, gap[0] - 1):
                if 0 <= beside < len(self.energy) and owner[beside] == beside and self._holds_more(
                        beside, sorted((*gap, beside))):
                    owner[gap] = beside
                    found += gap
                    break
        return tuple(found)

    def _holds_more(self, end: int, months: Sequence[int]) -> bool:
        """Tell whether a bill is no ordinary month's and reads better as that of several months.

        How many times its own month it holds depends on the season: June's use in July's bill makes 1.7, not 2.
        """
        alone = self._ratio([end])
        nearer = abs(np.log(max(self._ratio(months), 1e-9))) < abs(np.log(max(alone, 1e-9)))
        return bool(nearer and self._fits(months) and alone > 1.0 + self.rules.pair_tolerance)

    def doubled(self, owner: NDArray[np.int64]) -> tuple[int, ...]:
        """Find a month that holds two months' use beside one that is all but empty."""
        found: list[int] = []
        if not self.whole_year:
            return ()
        for i in range(len(self.energy)):
            for j in (i - 1, i + 1):
                if not 0 <= j < len(self.energy) or i in found or j in found or {owner[i], owner[j]} != {i, j}:
                    continue
                empty = self.energy[j] <= self.rules.empty_below * self.expected[j]
                if empty and self._holds_more(i, (i, j)):
                    owner[min(i, j)] = max(i, j)
                    found += [i, j]
        return tuple(sorted(found))

    def left_out(self, owner: NDArray[np.int64]) -> tuple[int, ...]:
        """Find months that hold twice what they should, or next to nothing, beside ordinary months."""
        found = []
        for i in range(len(self.energy)) if len(self.energy) >= LEAST_BESIDE else ():
            beside = _beside(i, len(self.energy))
            if not self.whole_year and self.expected[[i, *beside]].min() < self.expected.mean():
                continue
            around = [self._ratio([j]) for j in beside]
            alone = int((owner == i).sum()) == 1 and owner[i] == i and np.isfinite(self.energy[i])
            ordinary = all(0.6 < r < self.rules.doubled_above for r in around)
            own = self._ratio([i])
            times = own / max(float(np.mean(around)), 1e-9)
            twice = abs(times - 2.0) <= 2 * self.rules.pair_tolerance and own >= self.rules.doubled_above
            if alone and ordinary and (twice or own < self.rules.empty_below):
                found.append(i)
        return tuple(found)


def _runs(missing: NDArray[np.bool_]) -> list[list[int]]:
    """Return the positions of each unbroken run of missing months."""
    places = np.flatnonzero(missing)
    return [run.tolist() for run in np.split(places, np.flatnonzero(np.diff(places) > 1) + 1) if run.size]


def _beside(i: int, count: int) -> tuple[int, int]:
    """Return the two months beside one, or the two inwards of it at an end."""
    if i == 0:
        return 1, 2
    return (i - 1, i + 1) if i < count - 1 else (count - 3, count - 2)
