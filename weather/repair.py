"""Stated repairs of a weather year; every repaired value is flagged and counted, nothing else is touched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.columns import HOURS, columns
from weather.days import DAY_OF_MONTH, DAYS, MONTH_OF_HOUR
from weather.limits import limits
from weather.quality import closure_error, long_runs, out_of_order, radiation_shift_h
from weather.solar import sun_position
from weather.temperature import relative_humidity

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_GLOBAL, _DIRECT, _DIFFUSE = (
    "global_horizontal_radiation", "direct_normal_radiation", "diffuse_horizontal_radiation",
)
_INTERPOLATED = (
    "dry_bulb_temperature", "dew_point_temperature", "atmospheric_pressure", "wind_speed", "total_sky_cover",
    "opaque_sky_cover", "wind_direction", "horizontal_infrared_radiation", _GLOBAL, _DIRECT, _DIFFUSE,
)
_FLAG_ORDER = (
    "dry_bulb_temperature", "dew_point_temperature", "relative_humidity", "atmospheric_pressure",
    "horizontal_infrared_radiation", _GLOBAL, _DIRECT, _DIFFUSE, "global_horizontal_illuminance",
    "direct_normal_illuminance", "diffuse_horizontal_illuminance", "zenith_luminance", "wind_direction", "wind_speed",
    "total_sky_cover", "opaque_sky_cover", "visibility", "ceiling_height", "precipitable_water",
    "aerosol_optical_depth", "snow_depth", "days_since_last_snowfall",
)
"""Columns in the order of the two-character flags of a row (EPW data dictionary); extraterrestrial radiation, albedo
and rain have none."""
_ESTIMATED, _MISSING = "E9", "?9"


@dataclass(frozen=True)
class Repair:
    """One kind of repair: what was done, and to which column and rows (from 0)."""

    text: str
    column: str
    rows: npt.NDArray[np.int64]

    def __str__(self) -> str:
        """Return one line, the count first."""
        return f"{self.rows.size} rows: {self.text}"


def repair(dataset: xr.Dataset) -> tuple[xr.Dataset, list[Repair]]:
    """Return a repaired copy of a year, and what was done to it.

    In this order: rows sorted by date where they are a whole year; values outside the range of their column taken
    as missing; missing values filled (a straight line over gaps up to `longest_gap_filled_h`, else the mean of the
    same hour on the nearest days that have it); a dew point above the dry bulb lowered to it; relative humidity
    that does not fit computed anew; radiation that sits late or early (`radiation_shift_h`) moved, each day's
    global sum kept; no radiation while the sun is down; direct normal above its limit replaced by min((global -
    diffuse) / cosine, limit), 0 where the cosine is below `cos_zenith_minimum`; what still does not close gets
    diffuse = global - direct x cosine. Frozen columns, mixed years and a far station cannot be repaired.

    Parameters
    ----------
    dataset : xr.Dataset
        A year as `read_epw` or `quality.check_file` returns it.

    Returns
    -------
    dataset, repairs : xr.Dataset, list of Repair
        In the copy, repaired values carry the flag `E9` (estimated) in `source_and_uncertainty_flags`, and
        `comments_2` states the repairs with their counts.

    Examples
    --------
    >>> import weather
    >>> repair(weather.make_typical_year("shanghai"))[1]
    []
    """
    given = dataset.copy(deep=True)
    repairs = _sort(given) + _outside(given) + _fill(given) + _humidity(given) + _unshift(given) + _radiation(given)
    if repairs:
        _flag(given, repairs)
        done = "; ".join(str(one) for one in repairs)
        given.attrs["comments_2"] = f"{given.attrs.get('comments_2', '')} | repaired: {done}".replace('"', "'")
    return given, repairs


def _set(dataset: xr.Dataset, name: str, values: Floats, text: str) -> list[Repair]:
    """Write `values` into a column and return the repair, empty where nothing changed."""
    old = dataset[name].values
    changed = ~((old == values) | (np.isnan(old) & np.isnan(values)))
    if not changed.any():
        return []
    dataset[name] = ("hour", values, dataset[name].attrs)
    return [Repair(text, name, np.flatnonzero(changed))]


def _sort(dataset: xr.Dataset) -> list[Repair]:
    wrong = out_of_order(dataset)
    if not wrong.any():
        return []
    dates = np.stack([dataset[name].values for name in ("month", "day", "hour_of_day")])
    order = np.lexsort(dates[::-1])
    asked = np.stack([MONTH_OF_HOUR + 1, np.repeat(DAY_OF_MONTH, 24), np.tile(np.arange(1, 25), DAYS)])
    if not (dates[:, order] == asked).all():
        return []
    for name in [row.name for row in columns()]:
        dataset[name] = ("hour", dataset[name].values[order], dataset[name].attrs)
    return [Repair("sorted by date", "month", np.flatnonzero(wrong))]


def _outside(dataset: xr.Dataset) -> list[Repair]:
    """Take values outside their column's range as missing; impossible direct normal is mended with the other two."""
    repairs = []
    for row in columns():
        if row.missing is None or row.name == _DIRECT or row.minimum is None or row.maximum is None:
            continue
        values = dataset[row.name].values
        wrong = (values < row.minimum) | (values > row.maximum)
        emptied = np.where(wrong, np.nan, values)
        repairs += _set(dataset, row.name, emptied, f"{row.name.replace('_', ' ')} out of range, taken as missing")
    return repairs


def _fill(dataset: xr.Dataset) -> list[Repair]:
    repairs = []
    for name in _INTERPOLATED:
        values = dataset[name].values
        if np.isnan(values).any() and not np.isnan(values).all():
            light = name in (_GLOBAL, _DIRECT, _DIFFUSE)
            repairs += _set(dataset, name, filled(values, by_days=light), f"{name.replace('_', ' ')} filled")
    return repairs


def filled(values: Floats, by_days: bool = False) -> Floats:
    """Return 8 760 values with NaN filled: lines over short gaps, else the same hour of the nearest days.

    Parameters
    ----------
    values : ndarray (8760)
        At least one is not NaN.
    by_days : bool
        Use the nearest days for short gaps too, as for radiation, where lines would cut off noons and light nights.

    Examples
    --------
    >>> float(filled(np.r_[1.0, np.nan, 3.0, np.zeros(8757)])[1])
    2.0
    """
    missing = np.isnan(values)
    hours = np.arange(values.size)
    lines = np.interp(hours, hours[~missing], values[~missing])
    short = missing & ~long_runs(missing.astype(float), limits().longest_gap_filled_h)
    result = np.where(short, lines, values) if not by_days else values.copy()
    by_hour = result.reshape(DAYS, 24)
    for day, hour in np.argwhere(np.isnan(by_hour)):
        known = np.flatnonzero(~np.isnan(values.reshape(DAYS, 24)[:, hour]))
        near = known[np.argsort(np.abs(known - day), kind="stable")[:2]]
        by_hour[day, hour] = values.reshape(DAYS, 24)[near, hour].mean() if near.size else lines[day * 24 + hour]
    return by_hour.ravel()


def _humidity(dataset: xr.Dataset) -> list[Repair]:
    dry, dew = dataset["dry_bulb_temperature"].values, dataset["dew_point_temperature"].values
    above = dew > dry + limits().dew_point_tolerance_k
    repairs = _set(dataset, "dew_point_temperature", np.where(above, dry, dew), "dew point lowered to the dry bulb")
    fitting = relative_humidity(dry, dataset["dew_point_temperature"].values)
    old = dataset["relative_humidity"].values
    off = np.isnan(old) | (np.abs(old - fitting) > limits().humidity_tolerance_percent)
    fresh = np.where(off & ~np.isnan(fitting), np.round(fitting, 1), old)
    return repairs + _set(dataset, "relative_humidity", fresh, "relative humidity from dry bulb and dew point")


def _unshift(dataset: xr.Dataset) -> list[Repair]:
    """Move radiation that belongs to other times than its hours (late or early) to the hours themselves.

    The clearness index is read between the rows and meets the sun of mid-hour, so that sunrise and sunset stay sharp.
    """
    shift_h = radiation_shift_h(dataset)
    if abs(shift_h) <= limits().shift_tolerance_h:
        return []
    given, middle = sun_position(dataset, -shift_h), sun_position(dataset)
    cosine = middle["cos_zenith"].values
    old = dataset[_GLOBAL].values
    outside = (given["extraterrestrial_normal"] * given["cos_zenith"]).values
    high = given["cos_zenith"].values > limits().cos_zenith_minimum
    index = _read_later(np.divide(old, outside, out=np.full(HOURS, np.nan), where=high), shift_h)
    total = np.round(_keep_days(index * middle["extraterrestrial_normal"].values * cosine, old), 1)
    direct = np.where(cosine < limits().cos_zenith_minimum, 0.0, _read_later(dataset[_DIRECT].values, shift_h))
    direct = np.floor(np.minimum(direct, total / np.maximum(cosine, 1e-6)) * 10) / 10
    moved = f"moved by {-shift_h:+g} h"
    repairs = _set(dataset, _GLOBAL, total, f"global radiation {moved}, day sums kept")
    repairs += _set(dataset, _DIRECT, direct, f"direct normal {moved}")
    diffuse = np.maximum(np.round(total - direct * cosine, 1), 0.0)
    return repairs + _set(dataset, _DIFFUSE, diffuse, f"diffuse radiation {moved}")


def _read_later(values: Floats, hours: float) -> Floats:
    """Return the values `hours` after each row, on lines between rows; NaN is left out (0 where both rows are)."""
    whole = int(np.floor(hours))
    part = hours - whole
    ends = np.stack([np.roll(values, -whole), np.roll(values, -whole - 1)])
    weights = np.where(np.isnan(ends), 0.0, np.array([[1 - part], [part]]))
    sums = weights.sum(axis=0)
    mixed = (np.nan_to_num(ends) * weights).sum(axis=0)
    return np.divide(mixed, sums, out=np.zeros_like(mixed), where=sums > 0)


def _keep_days(moved: Floats, old: Floats) -> Floats:
    before, after = (values.reshape(DAYS, 24).sum(axis=1) for values in (old, moved))
    factor = np.divide(before, after, out=np.ones(DAYS), where=after > 0)
    return moved * np.repeat(factor, 24)


def _direct(total: Floats, diffuse: Floats, cosine: Floats, top: float) -> Floats:
    high = cosine >= limits().cos_zenith_minimum
    direct = np.divide(total - diffuse, cosine, out=np.zeros(HOURS), where=high)
    return np.floor(np.clip(direct, 0.0, top) * 10) / 10


def _radiation(dataset: xr.Dataset) -> list[Repair]:
    sun = sun_position(dataset)
    repairs = _darken(dataset, sun)
    cosine = sun["cos_zenith"].values
    top = limits().direct_normal_maximum_w_per_m2
    total, direct, diffuse = (dataset[name].values for name in (_GLOBAL, _DIRECT, _DIFFUSE))
    impossible = (direct > top) | (direct < 0)
    anew = _direct(total, diffuse, cosine, top)
    repairs += _set(dataset, _DIRECT, np.where(impossible, anew, direct), "impossible direct normal computed anew")
    return repairs + _close(dataset, sun)


def _darken(dataset: xr.Dataset, sun: xr.Dataset) -> list[Repair]:
    down = sun["zenith"].values >= 90
    smallest = limits().night_radiation_w_per_m2
    lit = np.zeros(HOURS, bool)
    for name in (_GLOBAL, _DIRECT, _DIFFUSE):
        lit |= np.nan_to_num(dataset[name].values) > smallest
    repairs = []
    for name in (_GLOBAL, _DIRECT, _DIFFUSE):
        dark = np.where(down & lit, 0.0, dataset[name].values)
        repairs += _set(dataset, name, dark, f"{name.replace('_', ' ')} set to 0 while the sun is down")
    return repairs


def _close(dataset: xr.Dataset, sun: xr.Dataset) -> list[Repair]:
    cosine = sun["cos_zenith"].values
    total = dataset[_GLOBAL].values
    allowed = np.maximum(limits().closure_absolute_w_per_m2, limits().closure_fraction * total)
    wrong = np.abs(closure_error(dataset, sun)) > allowed
    low = cosine < limits().cos_zenith_minimum
    direct = np.minimum(dataset[_DIRECT].values, np.where(low, 0.0, total / np.maximum(cosine, 1e-6)))
    repairs = _set(dataset, _DIRECT, np.where(wrong, direct, dataset[_DIRECT].values), "direct normal made to close")
    diffuse = np.maximum(np.round(total - dataset[_DIRECT].values * cosine, 1), 0.0)
    closing = np.where(wrong, diffuse, dataset[_DIFFUSE].values)
    return repairs + _set(dataset, _DIFFUSE, closing, "diffuse made to close")


def _flag(dataset: xr.Dataset, repairs: list[Repair]) -> None:
    flags = dataset["source_and_uncertainty_flags"].values.copy()
    by_column: dict[str, Mask] = {}
    for one in repairs:
        by_column.setdefault(one.column, np.zeros(HOURS, bool))[one.rows] = True
    for name, rows in by_column.items():
        if name not in _FLAG_ORDER:
            continue
        at, gone = 2 * _FLAG_ORDER.index(name), np.isnan(dataset[name].values)
        for row in np.flatnonzero(rows):
            text = str(flags[row]).ljust(at, "?")
            flags[row] = text[:at] + (_MISSING if gone[row] else _ESTIMATED) + text[at + 2 :]
    attrs = dataset["source_and_uncertainty_flags"].attrs
    dataset["source_and_uncertainty_flags"] = ("hour", flags, attrs)
