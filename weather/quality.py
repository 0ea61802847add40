"""What is wrong with a weather year, in words, with row numbers and counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.columns import HOURS, columns
from weather.days import DAY_OF_MONTH, MONTH_OF_HOUR
from weather.epw import parse_epw, read_text
from weather.gaps import fill_gaps
from weather.limits import limits
from weather.solar import sun_position
from weather.temperature import relative_humidity

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
_RADIATION = ("global_horizontal_radiation", "direct_normal_radiation", "diffuse_horizontal_radiation")
_SHOWN_ROWS = 5
_SHIFTS_TRIED_H = np.arange(-4, 5) * 0.25
"""Hours tried about the centre of the day's radiation, which tells a gross shift; cloudy mornings move it too."""


@dataclass(frozen=True)
class Finding:
    """One kind of fault: `kind` for programs, `text` for people, `rows` counted from 0."""

    kind: str
    text: str
    rows: Rows

    @property
    def count(self) -> int:
        """Return how many rows have the fault."""
        return int(self.rows.size)

    def __str__(self) -> str:
        """Return one line: the count first, then the fault, then the first rows (counted from 1)."""
        if self.count in (0, HOURS):
            return f"{self.count} rows: {self.text}"
        shown = ", ".join(str(row + 1) for row in self.rows[:_SHOWN_ROWS])
        more = ", ..." if self.count > _SHOWN_ROWS else ""
        return f"{self.count} rows: {self.text} (rows {shown}{more})"


def check_file(path: str | Path, near: tuple[float, float] | None = None) -> tuple[xr.Dataset, list[Finding]]:
    """Read one EPW file and check it; hours that the file lacks are put in as missing and found as gaps.

    Parameters
    ----------
    path : str or Path
        An EPW file.
    near : tuple of float, optional
        Latitude and longitude [degree] of the buildings.

    Returns
    -------
    dataset, findings : xr.Dataset, list of Finding
        The year (missing hours are NaN) and what is wrong with it.

    Raises
    ------
    InputError
        If the file is no hourly EPW year at all.
    """
    text, missing, repeated = fill_gaps(read_text(path))
    dataset = parse_epw(text, str(path))
    findings = []
    if missing.size:
        findings.append(Finding("gap", "missing from the file", missing))
    if repeated:
        findings.append(Finding("repeated", "repeated, the first kept", np.asarray(repeated)))
    return dataset, findings + check(dataset, near, known_gaps=missing)


def check(
    dataset: xr.Dataset, near: tuple[float, float] | None = None, known_gaps: Rows | None = None
) -> list[Finding]:
    """Check a year for codes, ranges, dates, radiation, frozen columns and distance.

    Parameters
    ----------
    dataset : xr.Dataset
        A year as `read_epw` returns it.
    near : tuple of float, optional
        Latitude and longitude [degree] of the buildings; a station too far from them is a finding.
    known_gaps : ndarray, optional
        Rows already reported as gaps; their codes are not counted again.

    Returns
    -------
    list of Finding
        Empty when nothing is wrong. The limits stand in `data/limits.yaml` and `data/columns.csv`.

    Examples
    --------
    >>> import weather
    >>> check(weather.make_typical_year("shanghai"))
    []
    """
    sun = sun_position(dataset)
    gaps = np.zeros(0, np.int64) if known_gaps is None else known_gaps
    checks: tuple[Callable[[xr.Dataset, xr.Dataset], list[Finding]], ...] = (
        _dates, _years, _ranges, _impossible_direct, _night, _closure, _shift, _humidity, _steps, _frozen_runs,
        _empty_columns, _frozen_pressure,
    )
    findings = _codes(dataset, gaps)
    for one in checks:
        findings += one(dataset, sun)
    return findings + ([] if near is None else _distance(dataset, near))


def _finding(kind: str, text: str, wrong: npt.NDArray[np.bool_]) -> list[Finding]:
    rows = np.flatnonzero(wrong)
    return [Finding(kind, text, rows)] if rows.size else []


def _words(name: str) -> str:
    return name.replace("_", " ")


def _codes(dataset: xr.Dataset, gaps: Rows) -> list[Finding]:
    findings = []
    outside_gaps = np.ones(HOURS, bool)
    outside_gaps[gaps] = False
    for row in columns():
        if row.needed:
            absent = np.isnan(dataset[row.name].values) & outside_gaps
            findings += _finding("code", f"{_words(row.name)} missing (code {row.missing:g})", absent)
    return findings


def _ranges(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    findings = []
    for row in columns():
        if row.minimum is None or row.maximum is None:
            continue
        values = dataset[row.name].values
        wrong = (values < row.minimum) | (values > row.maximum)
        units = "" if row.units == "1" else f" {row.units}"
        findings += _finding("range", f"{_words(row.name)} outside {row.minimum:g} to {row.maximum:g}{units}", wrong)
    return findings


def out_of_order(dataset: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Return which rows (8760) do not carry the date that their place in the year asks for."""
    return (
        (dataset["month"].values != MONTH_OF_HOUR + 1)
        | (dataset["day"].values != np.repeat(DAY_OF_MONTH, 24))
        | (dataset["hour_of_day"].values != np.tile(np.arange(1, 25), HOURS // 24))
    )


def _dates(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    return _finding("date", "date out of order", out_of_order(dataset))


def _years(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    years = dataset["year"].values
    first, last = int(years.min()), int(years.max())
    if last - first <= limits().longest_year_span:
        return []
    return [Finding("years", f"months from years {last - first} apart ({first} to {last})", np.arange(HOURS))]


def _impossible_direct(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    top = limits().direct_normal_maximum_w_per_m2
    wrong = dataset["direct_normal_radiation"].values > top
    return _finding("direct_normal", f"direct normal above {top:g} W/m2", wrong)


def _night(dataset: xr.Dataset, sun: xr.Dataset) -> list[Finding]:
    """Direct normal of an hour in which the sun rises or sets may be real; on the ground it is little by then."""
    down = sun["zenith"].values >= 90
    down_all_hour = down & (sun_position(dataset, -0.5)["zenith"].values >= 90)
    down_all_hour &= sun_position(dataset, 0.5)["zenith"].values >= 90
    smallest = limits().night_radiation_w_per_m2
    total, direct, diffuse = (np.nan_to_num(dataset[name].values) > smallest for name in _RADIATION)
    wrong = (down & (total | diffuse)) | (down_all_hour & direct)
    return _finding("night", f"radiation above {smallest:g} W/m2 while the sun is down", wrong)


def closure_error(dataset: xr.Dataset, sun: xr.Dataset) -> Floats:
    """Return global less direct x cosine less diffuse [W h m-2] (8760), NaN where one is missing.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai")
    >>> bool(abs(closure_error(year, sun_position(year))).max() < 0.2)
    True
    """
    total, direct, diffuse = (dataset[name].values for name in _RADIATION)
    return np.asarray(total - direct * sun["cos_zenith"].values - diffuse)


def _closure(dataset: xr.Dataset, sun: xr.Dataset) -> list[Finding]:
    allowed = np.maximum(
        limits().closure_absolute_w_per_m2,
        limits().closure_fraction * dataset["global_horizontal_radiation"].values,
    )
    wrong = np.abs(closure_error(dataset, sun)) > allowed
    return _finding("closure", "radiation does not close (global = direct x cosine + diffuse)", wrong)


def radiation_shift_h(dataset: xr.Dataset) -> float:
    """Return by how many hours the radiation sits late: the sun's time, before mid-hour, at which it closes best.

    Rows with impossible direct normal are left out. 0 means that the radiation belongs to its own hour.

    Examples
    --------
    >>> import weather
    >>> radiation_shift_h(weather.make_typical_year("shanghai"))
    0.0
    """
    possible = dataset["direct_normal_radiation"].values <= limits().direct_normal_maximum_w_per_m2
    centre = round(4 * radiation_centre_h(dataset, sun_position(dataset))) / 4
    shifts = np.unique(np.append(centre + _SHIFTS_TRIED_H, 0.0))
    errors = np.array([_closing_error(dataset, shift, possible) for shift in shifts])
    best, own = int(np.argmin(errors)), float(errors[shifts == 0.0][0])
    return float(shifts[best]) if errors[best] < 0.7 * own and own > 1.0 else 0.0


def _closing_error(dataset: xr.Dataset, shift_h: float, rows: npt.NDArray[np.bool_]) -> float:
    """Return how far the radiation is from closing (root mean square, W h m-2) if it sits `shift_h` hours late."""
    error = np.clip(closure_error(dataset, sun_position(dataset, -shift_h))[rows], -1e6, 1e6)
    return float(np.sqrt(np.nanmean(error**2))) if np.isfinite(error).any() else np.inf


def radiation_centre_h(dataset: xr.Dataset, sun: xr.Dataset) -> float:
    """Return by how many hours the year's global radiation lies after the sun's own centre in the day.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai")
    >>> abs(radiation_centre_h(year, sun_position(year))) < 0.1
    True
    """
    hours = np.tile(np.arange(24) + 0.5, HOURS // 24)
    total = np.nan_to_num(dataset["global_horizontal_radiation"].values)
    weight = sun["cos_zenith"].values
    return float(total @ hours / max(total.sum(), 1e-9) - weight @ hours / weight.sum()) if total.sum() > 0 else 0.0


def _shift(dataset: xr.Dataset, sun: xr.Dataset) -> list[Finding]:
    lit = np.nan_to_num(dataset["global_horizontal_radiation"].values) > 0
    shift = radiation_shift_h(dataset)
    if abs(shift) > limits().shift_tolerance_h:
        side = "late" if shift > 0 else "early"
        return _finding("shift", f"radiation shifted in time, {abs(shift):g} h {side}", lit)
    centre = radiation_centre_h(dataset, sun)
    if abs(centre) > limits().centre_tolerance_h:
        side = "late" if centre > 0 else "early"
        return _finding("centre", f"global radiation lies {abs(centre):.2f} h {side} in the day, though it closes", lit)
    return []


def _humidity(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    dry, dew = dataset["dry_bulb_temperature"].values, dataset["dew_point_temperature"].values
    above = dew > dry + limits().dew_point_tolerance_k
    from_dew = relative_humidity(np.clip(dry, -70, 70), np.clip(dew, -70, 70))
    off = np.abs(dataset["relative_humidity"].values - from_dew) > limits().humidity_tolerance_percent
    return [
        *_finding("dew_point", "dew point above dry bulb", above),
        *_finding("humidity", "relative humidity does not fit dry bulb and dew point", off & ~above),
    ]


def _steps(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    dry = dataset["dry_bulb_temperature"].values
    step = np.abs(np.diff(dry, prepend=dry[:1]))
    top = limits().temperature_step_k
    return _finding("step", f"dry bulb more than {top:g} K from the hour before", step > top)


def _frozen_runs(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    findings = []
    for row in columns():
        if row.frozen_h is None or _is_empty(dataset[row.name].values):
            continue
        frozen = long_runs(dataset[row.name].values, int(row.frozen_h))
        findings += _finding("frozen", f"{_words(row.name)} frozen for more than {row.frozen_h:g} hours", frozen)
    return findings


def long_runs(values: Floats, longest: int) -> npt.NDArray[np.bool_]:
    """Return which values belong to a run of one value longer than `longest`.

    Examples
    --------
    >>> long_runs(np.array([1.0, 2.0, 2.0, 2.0, 3.0]), 2)
    array([False,  True,  True,  True, False])
    """
    change = np.flatnonzero(np.diff(values) != 0) + 1
    edges = np.concatenate([[0], change, [values.size]])
    length = np.diff(edges)
    return np.asarray(np.repeat(length > longest, length))


def _is_empty(values: npt.NDArray[Any]) -> bool:
    known = values[~np.isnan(values)]
    return known.size == 0 or bool(np.ptp(known) == 0)


def _empty_columns(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    """Find columns of one value all year: they were not measured; codes of needed columns are found elsewhere."""
    findings = []
    for row in columns():
        if not (row.needed or row.name == "liquid_precipitation_depth"):
            continue
        values = dataset[row.name].values
        if _is_empty(values) and not (row.needed and np.isnan(values).all()):
            word = "no rain data" if not row.needed else f"{_words(row.name)} frozen all year"
            findings.append(Finding("frozen", word, np.arange(HOURS)))
    return findings


def _frozen_pressure(dataset: xr.Dataset, _: xr.Dataset) -> list[Finding]:
    values = dataset["atmospheric_pressure"].values
    months = [
        month for month in range(12)
        if not _is_empty(values) and _range(values[month == MONTH_OF_HOUR]) < limits().frozen_pressure_range_pa
    ]
    if not months:
        return []
    text = f"atmospheric pressure constant in {len(months)} months ({', '.join(str(month + 1) for month in months)})"
    return _finding("frozen", text, np.isin(MONTH_OF_HOUR, months))


def _range(values: Floats) -> float:
    """Return the range of the middle 90 % of the values: a few true hours do not make a measured month."""
    known = values[~np.isnan(values)]
    return float(np.ptp(np.percentile(known, [5, 95]))) if known.size else np.inf


def _distance(dataset: xr.Dataset, near: tuple[float, float]) -> list[Finding]:
    distance = station_distance_km(dataset, *near)
    if distance <= limits().station_distance_km:
        return []
    text = f"station {distance:.0f} km from the buildings, more than {limits().station_distance_km:g} km"
    return [Finding("distance", text, np.arange(HOURS))]


def station_distance_km(dataset: xr.Dataset, latitude_deg: float, longitude_deg: float) -> float:
    """Return the great-circle distance [km] between the station and a place.

    Examples
    --------
    >>> import xarray as xr
    >>> place = xr.Dataset(attrs={"latitude_deg": 0.0, "longitude_deg": 0.0})
    >>> round(station_distance_km(place, 0.0, 1.0))
    111
    """
    from idfkit.weather.spatial import haversine_km

    at = float(dataset.attrs["latitude_deg"]), float(dataset.attrs["longitude_deg"])
    return float(haversine_km(*at, latitude_deg, longitude_deg))
