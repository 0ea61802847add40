"""From the engine's files to the quantities of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.outputs import Series, TruncatedOutputError, read_series
from sim.models.outputs import OUTPUTS, Output
from vocabulary import CARRIERS, END_USES, HOURS_PER_YEAR, RetrofolioError

HOURLY_NAMES = ("electricity_hourly", "natural_gas_hourly", "pv_generation_hourly")
_MONTH_OF_HOUR = np.repeat(np.arange(12), np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)
_LARGEST_GAP = 1e-4
MOST_MESSAGES = 50
LEAST_FREE_BYTES = 1_000_000
_TEXT_FILES = ("eplusout.mtr", "eplusout.eso")


class UnreadableError(RetrofolioError):
    """The engine said that it completed, but its files cannot be read or contradict themselves."""

    exit_code = 3


@dataclass(frozen=True)
class Reading:
    """What was read from one run folder.

    Parameters
    ----------
    results : dict
        JSON-able: nested lists and numbers by name of the vocabulary; NaN outside the run period.
    hourly : ndarray of float32, optional
        Shape (n, 8760) [kW], rows as in `hourly_names`.
    hourly_names : tuple of str
        Names of the rows.
    covered : ndarray of bool, optional
        The months that the run period touches, shape (12,); None: the results know no months.
    """

    results: dict[str, Any]
    hourly: NDArray[np.float32] | None = None
    hourly_names: tuple[str, ...] = ()
    covered: NDArray[np.bool_] | None = None

    def not_finite(self) -> tuple[str, ...]:
        """Return the names of results with a number that is missing or infinite inside the run period."""
        return tuple(name for name, value in self.results.items() if not self._is_finite(name, value))

    def _is_finite(self, name: str, value: object) -> bool:
        if isinstance(value, dict):
            return all(self._is_finite(name, part) for part in value.values())
        if value is None or isinstance(value, str):
            return True
        numbers = np.asarray(value, dtype=np.float64)
        if self.covered is not None and numbers.shape[-1:] == (12,):
            numbers = numbers[..., self.covered]
        return bool(np.isfinite(numbers).all())


def read_run(folder: Path, occupied_hours: float) -> Reading:
    """Read energy, peaks, delivered heat and unmet hours of one run.

    Parameters
    ----------
    folder : pathlib.Path
        With `eplusout.mtr` and `eplusout.eso`.
    occupied_hours : float
        Hours per year in which people are in and the plant runs [h].

    Returns
    -------
    Reading
        `energy_use` (carrier, end use, month) [kW h], `peak_demand` (month) [kW], `cooling_delivered` and
        `heating_delivered` (month) [kW h], `unmet_fraction` [1] (whole-year runs only), hourly power [kW].

    Raises
    ------
    UnreadableError
        If a file is missing or cut off, or the end uses do not add up to the engine's own total within 1e-4.
    """
    found = _by_name(folder)
    covered = _covered_months(found)
    energy_use = _energy_use(found, covered)
    _check_total(found, energy_use, covered)
    names, hourly = _hourly(found)
    results: dict[str, Any] = {
        "energy_use": energy_use.tolist(),
        "cooling_delivered": _monthly(found, "cooling_delivered", covered).tolist(),
        "heating_delivered": _monthly(found, "heating_delivered", covered).tolist(),
        "unmet_fraction": _unmet_fraction(found, covered, occupied_hours),
    }
    if names:
        results["peak_demand"] = _monthly_maximum(hourly[0]).tolist()
    return Reading(results, hourly.astype(np.float32) if names else None, names, covered)


def _by_name(folder: Path) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Return the sum over keys of every reported name, by name in lower case and frequency."""
    total: dict[tuple[str, str], NDArray[np.float64]] = {}
    for series in _all_series(folder):
        place = (series.name.lower(), series.frequency)
        total[place] = total[place] + series.values if place in total else series.values
    return total


def _all_series(folder: Path) -> Iterable[Series]:
    for name in _TEXT_FILES:
        try:
            text = (folder / name).read_text(encoding="latin-1")
            yield from read_series(text)
        except (FileNotFoundError, TruncatedOutputError, ValueError) as error:
            raise UnreadableError(f"{name}: {error}") from error


def _rows(quantity: str) -> list[Output]:
    return [output for output in OUTPUTS if output.quantity == quantity]


def _series(found: dict[tuple[str, str], NDArray[np.float64]], output: Output) -> NDArray[np.float64] | None:
    values = found.get((output.name.lower(), output.frequency.lower()))
    return None if values is None else values * output.factor


def _covered_months(found: dict[tuple[str, str], NDArray[np.float64]]) -> NDArray[np.bool_]:
    total = found.get(("electricity:facility", "monthly"))
    if total is None:
        raise UnreadableError("no monthly electricity of the facility was reported")
    return ~np.isnan(total)


def _monthly(
    found: dict[tuple[str, str], NDArray[np.float64]], quantity: str, covered: NDArray[np.bool_],
    carrier: str = "", end_use: str = "",
) -> NDArray[np.float64]:
    """Return the sum of all outputs of a quantity; a meter that the model lacks counts 0, other months are NaN."""
    total = np.where(covered, 0.0, np.nan)
    for output in _rows(quantity):
        if output.carrier == carrier and output.end_use == end_use:
            values = _series(found, output)
            total = total if values is None else total + np.where(covered, values, np.nan)
    return total


def _energy_use(
    found: dict[tuple[str, str], NDArray[np.float64]], covered: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.array([[_monthly(found, "energy_use", covered, carrier, end_use) for end_use in END_USES]
                     for carrier in CARRIERS])


def _check_total(
    found: dict[tuple[str, str], NDArray[np.float64]], energy_use: NDArray[np.float64], covered: NDArray[np.bool_]
) -> None:
    for position, carrier in enumerate(CARRIERS):
        total = np.nansum(_monthly(found, "energy_use_total", covered, carrier))
        parts = np.nansum(energy_use[position])
        if abs(parts - total) > _LARGEST_GAP * max(abs(total), 1.0):
            raise UnreadableError(f"{carrier}: end uses add up to {parts:.6g} kWh, the engine says {total:.6g} kWh")


def _hourly(
    found: dict[tuple[str, str], NDArray[np.float64]],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    rows: dict[str, NDArray[np.float64]] = {}
    for name in HOURLY_NAMES:
        values = [_series(found, output) for output in _rows(name)]
        present = [value for value in values if value is not None]
        if present:
            rows[name] = np.sum(present, axis=0)
    if "electricity_hourly" not in rows:
        return (), np.empty((0, HOURS_PER_YEAR))
    if "natural_gas_hourly" not in rows:  # no gas meter: no gas, in the hours that were run
        rows["natural_gas_hourly"] = np.where(np.isnan(rows["electricity_hourly"]), np.nan, 0.0)
    names = tuple(name for name in HOURLY_NAMES if name in rows)
    return names, np.stack([rows[name] for name in names])


def _monthly_maximum(hourly: NDArray[np.float64]) -> NDArray[np.float64]:
    peaks = np.full(12, np.nan)
    for month in range(12):
        hours = hourly[_MONTH_OF_HOUR == month]
        if not np.isnan(hours).all():
            peaks[month] = np.nanmax(hours)
    return peaks


def _unmet_fraction(
    found: dict[tuple[str, str], NDArray[np.float64]], covered: NDArray[np.bool_], occupied_hours: float
) -> float | None:
    if not covered.all() or occupied_hours <= 0:
        return None
    return min(1.0, float(_monthly(found, "unmet_hours", covered).sum()) / occupied_hours)
