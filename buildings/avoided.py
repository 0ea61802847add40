"""Avoided energy of one carrier: readings before a retrofit, their degree-day model, and the readings since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from buildings.bill_periods import Periods, periods_of
from buildings.degree_days import LEAST_MONTHS, DegreeDayModel, DegreeDays, fit_degree_days
from buildings.yardsticks import load_yardsticks
from vocabulary import Fault, InputError

Array = npt.NDArray[np.float64]
_TOLD = {
    "missing": "without a bill", "merged": "read with another", "doubled": "read with another",
    "joined_estimates": "estimated, read with the next", "left_out": "counted twice or in part, not used",
}


@dataclass(frozen=True)
class Series:
    """Monthly bills of one carrier of one building.

    Attributes
    ----------
    place : str
        Building and carrier for messages.
    months : tuple of str
        `YYYY-MM`, ascending without gaps.
    energy_kwh : ndarray (month,)
        NaN where there is no bill [kW h].
    estimated : ndarray (month,)
        Estimated readings.
    whole_year : bool
        Used in every month: then empty months can be told from a season's end.
    """

    place: str
    months: tuple[str, ...]
    energy_kwh: Array
    estimated: npt.NDArray[np.bool_]
    whole_year: bool

    def part(self, chosen: npt.NDArray[np.bool_]) -> Series:
        """Return some of the months."""
        months = tuple(month for month, taken in zip(self.months, chosen, strict=True) if taken)
        return Series(self.place, months, self.energy_kwh[chosen], self.estimated[chosen], self.whole_year)


@dataclass(frozen=True)
class Amounts:
    """Energies over some time [kW h]: adjusted baseline, what was avoided, its standard error, weather-free base."""

    baseline_kwh: float
    avoided_kwh: float
    std_kwh: float
    base_kwh: float


@dataclass(frozen=True)
class CarrierSaving:
    """What one carrier's bills say of a retrofit.

    Attributes
    ----------
    fit : DegreeDayModel
        Of the readings before.
    months_before, months_after : int
        Months that readings stand for.
    since : Amounts
        In the months after, as billed.
    year : Amounts or None
        In a year: mean of each calendar month after; None where one of the twelve has no reading.
    told : tuple of str
        How months were handled.
    """

    fit: DegreeDayModel
    months_before: int
    months_after: int
    since: Amounts
    year: Amounts | None
    told: tuple[str, ...]


def carrier_saving(series: Series, retrofit_month: str, degree_days: DegreeDays) -> CarrierSaving:
    """Return the avoided energy of one carrier after `retrofit_month` (that month left out), IPMVP option C.

    Parameters
    ----------
    series : Series
        Bills of both sides.
    retrofit_month : str
        `YYYY-MM`.
    degree_days : DegreeDays
        Of all billed months.

    Returns
    -------
    CarrierSaving

    Raises
    ------
    InputError
        If a billed month has no degree days, or there are too few readings before.

    Examples
    --------
    `carrier_saving(electricity, "2024-01", degree_days).since.avoided_kwh`: 0 where bills follow the model before.
    """
    matrix = _matrix(series, degree_days)
    before, after = ([month < retrofit_month for month in series.months],
                     [month > retrofit_month for month in series.months])
    fit, old = _fitted(series.part(np.array(before)), matrix[before])
    new = series.part(np.array(after))
    adjusted = np.nan_to_num(fit.predict(*matrix[after].T))
    periods = _periods(new, adjusted)
    inside = _Since(fit, new, matrix[after], adjusted, periods)
    return CarrierSaving(fit, sum(map(len, old.groups)), sum(map(len, periods.groups)),
                         inside.amounts(np.ones(len(periods.groups))), inside.year(), _told(old, periods))


def _matrix(series: Series, degree_days: DegreeDays) -> Array:
    """Return days and degree days of each month (month, 3); NaN in months without a bill that nobody gave them for."""
    billed = [m for m, energy in zip(series.months, series.energy_kwh, strict=True) if np.isfinite(energy)]
    missing = sorted(set(billed) - set(degree_days.months))
    if missing:
        raise InputError([Fault("degree days", series.place, f"no {', '.join(missing[:6])}",
                                "degree days of every billed month")])
    found = np.full((len(series.months), 3), np.nan)
    for row, month in enumerate(series.months):
        if month in degree_days.months:
            at = degree_days.months.index(month)
            found[row] = degree_days.days[at], degree_days.heating[at], degree_days.cooling[at]
    return found


def _periods(series: Series, expected_kwh: Array) -> Periods:
    return periods_of(series.energy_kwh, series.estimated, expected_kwh, load_yardsticks().bill_periods,
                      whole_year=series.whole_year)


def _fitted(series: Series, matrix: Array) -> tuple[DegreeDayModel, Periods]:
    """Fit readings; what a reading stands for depends on the fit, so twice."""
    fit = _of_readings(series, matrix, [(int(i),) for i in np.flatnonzero(np.isfinite(series.energy_kwh))])
    for _ in range(2):
        periods = _periods(series, np.nan_to_num(fit.predict(*matrix.T)))
        fit = _of_readings(series, matrix, periods.groups)
    return fit, periods


def _of_readings(series: Series, matrix: Array, groups: Sequence[tuple[int, ...]]) -> DegreeDayModel:
    """Fit the mean month of each reading."""
    if len(groups) < LEAST_MONTHS:
        raise InputError([Fault("bills", series.place, f"{len(groups)} readings before the retrofit",
                                f"at least {LEAST_MONTHS}")])
    energy = np.array([np.nansum(series.energy_kwh[list(group)]) / len(group) for group in groups])
    return fit_degree_days(energy, *np.array([matrix[list(group)].mean(axis=0) for group in groups]).T)


@dataclass(frozen=True)
class _Since:
    """The readings after the retrofit beside what the fit expects of them."""

    fit: DegreeDayModel
    series: Series
    matrix: Array
    adjusted: Array
    periods: Periods

    def amounts(self, weights: Array) -> Amounts:
        """Return the energies of readings, each times its weight."""
        groups = self.periods.groups
        expected = np.array([self.adjusted[list(group)].sum() for group in groups])
        used = np.array([np.nansum(self.series.energy_kwh[list(group)]) for group in groups])
        rows = [i for group in groups for i in group]
        each = np.repeat(weights, [len(group) for group in groups])
        days, heating, cooling = self.matrix[rows].T
        return Amounts(float(weights @ expected), float(weights @ (expected - used)),
                       self.fit.sum_std(days, heating, cooling, each), float(self.fit.coefficients[0] * (each @ days)))

    def year(self) -> Amounts | None:
        """Return the energies of a year in which each calendar month is the mean of those after the retrofit."""
        calendar = np.array([int(month[5:]) - 1 for month in self.series.months], dtype=int)
        rows = [i for group in self.periods.groups for i in group]
        counts = np.bincount(calendar[rows], minlength=12)
        if (counts == 0).any():
            return None
        shares = [(self.adjusted[list(group)] + 1e-9, 1.0 / counts[calendar[list(group)]])
                  for group in self.periods.groups]
        return self.amounts(np.array([float(np.average(share, weights=size)) for size, share in shares]))


def _told(*periods: Periods) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for each in periods:
        for name, words in _TOLD.items():
            counts[words] = counts.get(words, 0) + len(getattr(each, name))
    return tuple(f"{count} months {words}" for words, count in counts.items() if count)
