"""What tells one year from another: degree days, spread, persistence, the day's course and extremes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.days import DAYS, MONTH_OF_DAY, monthly_means, smooth_months
from weather.solar import pv_yield

Floats = npt.NDArray[np.float64]


def degree_days_k(dataset: xr.Dataset, base_c: float, heating: bool) -> float:
    """Return the degree days of a year [K d] from its daily mean dry bulbs.

    Parameters
    ----------
    base_c : float
        Base temperature, 18 for heating and 26 for cooling in Chinese practice (GB 50176).
    heating : bool
        Count what lies below the base, else what lies above.

    Examples
    --------
    >>> import xarray as xr
    >>> still = xr.Dataset({"dry_bulb_temperature": ("hour", np.full(8760, 17.0))})
    >>> degree_days_k(still, 18.0, heating=True)
    365.0
    """
    daily = daily_means(dataset, "dry_bulb_temperature")
    return float(np.maximum(base_c - daily if heating else daily - base_c, 0.0).sum())


def daily_means(dataset: xr.Dataset, name: str) -> Floats:
    """Return the 365 daily means of a column."""
    return np.asarray(dataset[name].values, float).reshape(DAYS, 24).mean(axis=1)


def monthly_spread(daily: Floats) -> Floats:
    """Return the standard deviation of daily values within each month (12)."""
    return np.array([daily[month == MONTH_OF_DAY].std() for month in range(12)])


def persistence(daily: Floats) -> float:
    """Return the correlation of each day with the next, after the seasonal course is taken away.

    Examples
    --------
    >>> persistence(np.tile([1.0, -1.0], 183)[:365]) < -0.9
    True
    """
    rest = daily - smooth_months(monthly_means(daily))
    return float(np.corrcoef(rest[1:], rest[:-1])[0, 1])


def daily_clearness(dataset: xr.Dataset) -> Floats:
    """Return the clearness index of each day (365): global over extraterrestrial radiation, by the sun of mid-hour."""
    from weather.solar import sun_position

    sun = sun_position(dataset)
    outside = (sun["extraterrestrial_normal"] * sun["cos_zenith"]).values.reshape(DAYS, 24).sum(axis=1)
    return dataset["global_horizontal_radiation"].values.reshape(DAYS, 24).sum(axis=1) / outside


def summary(dataset: xr.Dataset) -> dict[str, float]:
    """Return the figures of one year, each named with its unit, in the order in which a table shows them.

    Examples
    --------
    >>> import weather
    >>> round(summary(weather.make_typical_year("shanghai"))["mean dry bulb, degC"], 1)
    17.5
    """
    dry = dataset["dry_bulb_temperature"].values
    by_hour = dry.reshape(DAYS, 24)
    daily, clear = by_hour.mean(axis=1), daily_clearness(dataset)
    course = by_hour.mean(axis=0)
    return {
        "mean dry bulb, degC": float(dry.mean()),
        "heating degree days 18, K d": degree_days_k(dataset, 18.0, heating=True),
        "cooling degree days 26, K d": degree_days_k(dataset, 26.0, heating=False),
        "hours above 26 degC": float((dry > 26).sum()),
        "sd of daily means within months, K": float(monthly_spread(daily).mean()),
        "day-to-day correlation of dry bulb": persistence(daily),
        "mean daily range, K": float(np.ptp(by_hour, axis=1).mean()),
        "coldest hour": float(course.argmin() + 1),
        "warmest hour": float(course.argmax() + 1),
        "lowest, degC": float(dry.min()),
        "highest, degC": float(dry.max()),
        "dry bulb exceeded 99.6 % of the year, degC": float(np.percentile(dry, 0.4)),
        "dry bulb exceeded 0.4 % of the year, degC": float(np.percentile(dry, 99.6)),
        "mean dew point, degC": float(dataset["dew_point_temperature"].values.mean()),
        "dew point exceeded 0.4 % of the year, degC": float(np.percentile(dataset["dew_point_temperature"], 99.6)),
        "global radiation, kWh/m2": float(dataset["global_horizontal_radiation"].sum()) / 1000,
        "direct normal radiation, kWh/m2": float(dataset["direct_normal_radiation"].sum()) / 1000,
        "sd of daily clearness within months": float(monthly_spread(clear).mean()),
        "day-to-day correlation of clearness": persistence(clear),
        "PV yield, 10 degrees south, kWh/kW": float(pv_yield(dataset).sum()),
    }


def largest_deviations(
    dataset: xr.Dataset, temperature_c: Floats, radiation_wh_per_m2_day: Floats
) -> tuple[float, float]:
    """Return the largest deviation of monthly means from normals: of dry bulb [K] and of global radiation [fraction].

    Parameters
    ----------
    temperature_c, radiation_wh_per_m2_day : ndarray (12)
        The normals.

    Examples
    --------
    >>> import weather
    >>> normals = weather.load_city("shanghai").normals
    >>> off = largest_deviations(weather.make_typical_year("shanghai"), normals.temperature_c.array,
    ...                          normals.global_radiation_wh_per_m2_day.array)
    >>> off[0] < 0.2 and off[1] < 0.02
    True
    """
    warm = monthly_means(dataset["dry_bulb_temperature"].values) - temperature_c
    light = 24 * monthly_means(dataset["global_horizontal_radiation"].values) / radiation_wh_per_m2_day - 1
    return float(np.abs(warm).max()), float(np.abs(light).max())
