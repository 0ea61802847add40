"""Hourly radiation of a made year: daily clearness, its course over the day, and the split into direct and diffuse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.city import City
from weather.daily import DailyScores
from weather.days import DAYS, DAYS_IN_MONTH, MONTH_OF_DAY, MONTH_OF_HOUR
from weather.limits import limits
from weather.temperature import autoregression

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Radiation:
    """Radiation of 8 760 hours [W h m-2], closing with the sun at mid-hour, and the daily clearness index (365)."""

    extraterrestrial_horizontal: Floats
    extraterrestrial_normal: Floats
    global_horizontal: Floats
    direct_normal: Floats
    diffuse_horizontal: Floats
    daily_clearness: Floats


def make_radiation(city: City, sun: xr.Dataset, scores: DailyScores, generator: np.random.Generator) -> Radiation:
    """Return the radiation of a year whose monthly sums are the normals.

    Daily clearness follows a beta distribution of the month's mean and spread; its course over the day follows
    Collares-Pereira and Rabl 1979 (doi:10.1016/0038-092X(79)90100-3) with autocorrelated scatter after Aguiar and
    Collares-Pereira 1992 (doi:10.1016/0038-092X(92)90007-8); the diffuse part follows Driesse's continuous form of Erbs
    et al. 1982 (doi:10.1016/0038-092X(82)90302-4), bent to the month's diffuse share where the normals give one.

    Parameters
    ----------
    sun : xr.Dataset
        As `solar.sun_position` returns it.

    Raises
    ------
    InputError
        If a month's radiation cannot be reached below the largest clearness.
    """
    cos_zenith = sun["cos_zenith"].values
    normal = np.where(cos_zenith > 0, sun["extraterrestrial_normal"].values, 0.0)
    outside = normal * cos_zenith
    daily_outside = outside.reshape(DAYS, 24).sum(axis=1)
    clearness = daily_clearness(city, scores, daily_outside)
    total = _over_the_day(city, clearness, outside, generator)
    total = np.round(total, 1)
    direct, diffuse = _split(city, total, outside, cos_zenith)
    return Radiation(outside, normal, total, direct, diffuse, clearness)


def daily_clearness(city: City, scores: DailyScores, daily_outside: Floats) -> Floats:
    """Return the clearness index of each day (365): global over extraterrestrial radiation.

    Parameters
    ----------
    daily_outside : ndarray (365)
        Extraterrestrial horizontal radiation [W h m-2].

    Raises
    ------
    InputError
        If a month's radiation cannot be reached below the largest clearness.
    """
    from scipy.special import ndtr

    wanted = city.normals.global_radiation_wh_per_m2_day.array * DAYS_IN_MONTH
    top = city.shape.largest_daily_clearness.value
    rank = np.clip(ndtr(scores.clearness), 1e-3, 1 - 1e-3)
    result = np.empty(DAYS)
    for month in range(12):
        rows = month == MONTH_OF_DAY
        spread = float(city.spread.clearness_sd.array[month])
        result[rows] = _month_clearness(rank[rows], spread, top, daily_outside[rows], float(wanted[month]))
    return result


def _month_clearness(rank: Floats, spread: float, top: float, outside: Floats, wanted: float) -> Floats:
    from scipy.optimize import brentq
    from scipy.stats import beta

    from vocabulary import Fault, InputError

    def days(mean: float) -> Floats:
        room = mean * (1 - mean)
        variance = min((spread / top) ** 2, 0.8 * room)
        size = room / variance - 1
        return np.asarray(top * beta.ppf(rank, mean * size, (1 - mean) * size))

    low, high = 0.02, 0.98
    if not days(low) @ outside < wanted < days(high) @ outside:
        share = wanted / float(outside.sum())
        raise InputError([Fault("city", "global_radiation_wh_per_m2_day", f"clearness {share:.2f}",
                                f"between {low * top:.2f} and {high * top:.2f}")])
    return days(brentq(lambda mean: float(days(mean) @ outside) - wanted, low, high, xtol=1e-10))


def _over_the_day(city: City, clearness: Floats, outside: Floats, generator: np.random.Generator) -> Floats:
    """Spread each day's radiation over its hours; the day's sum stays, no hour passes the hourly limit."""
    shape = city.shape
    scatter = autoregression(generator.standard_normal(DAYS * 24), shape.clearness_hourly_lag1.value)
    half_clear = np.clip(4 * clearness / shape.largest_daily_clearness.value
                         * (1 - clearness / shape.largest_daily_clearness.value), 0.05, 1.0)
    course = outside * _course_of_day(outside) * np.exp(
        shape.clearness_noise.value * np.repeat(half_clear, 24) * scatter
    )
    wanted = clearness * outside.reshape(DAYS, 24).sum(axis=1)
    ceiling = (outside * shape.largest_hourly_clearness.value).reshape(DAYS, 24)
    hours = course.reshape(DAYS, 24)
    for _ in range(100):
        factor = wanted / hours.sum(axis=1)
        hours = np.minimum(hours * factor[:, None], ceiling)
        if np.abs(factor - 1).max() < 1e-7:
            break
    return hours.ravel()


def _course_of_day(outside: Floats) -> Floats:
    """Collares-Pereira and Rabl: ratio of global to extraterrestrial share of the hour, up to a factor per day."""
    by_day = outside.reshape(DAYS, 24)
    lit = by_day > 0
    half_day = np.maximum(lit.sum(axis=1), 2) * np.pi / 24
    noon = (by_day * np.arange(24)).sum(axis=1) / by_day.sum(axis=1)
    angle = (np.arange(24) - noon[:, None]) * np.pi / 12
    a = 0.409 + 0.5016 * np.sin(half_day - np.pi / 3)
    b = 0.6609 - 0.4767 * np.sin(half_day - np.pi / 3)
    return np.maximum(a[:, None] + b[:, None] * np.cos(angle), 0.05).ravel()


def _split(city: City, total: Floats, outside: Floats, cos_zenith: Floats) -> tuple[Floats, Floats]:
    share = diffuse_share(total, outside, cos_zenith)
    wanted = city.normals.diffuse_fraction
    if wanted is not None:
        share = _bent(share, total, wanted.array)
    top = city.shape.largest_direct_normal_w_per_m2.value
    return close(total, (1 - share) * total, cos_zenith, top)


def diffuse_share(total: Floats, outside: Floats, cos_zenith: Floats) -> Floats:
    """Return the diffuse share of hourly global radiation by the continuous Erbs-Driesse model, 1 near the horizon.

    Examples
    --------
    >>> round(float(diffuse_share(np.array([100.0]), np.array([1000.0]), np.array([0.7]))[0]), 2)
    0.99
    """
    from pvlib import irradiance

    zenith = np.degrees(np.arccos(np.clip(cos_zenith, 0, 1)))
    extra = np.divide(outside, cos_zenith, out=np.full_like(total, 1367.0), where=cos_zenith > 0)
    found = irradiance.erbs_driesse(total, zenith, dni_extra=extra)
    share = np.divide(np.asarray(found["dhi"]), total, out=np.ones_like(total), where=total > 0)
    return np.where(cos_zenith < limits().cos_zenith_minimum, 1.0, np.clip(share, 0.0, 1.0))


def _bent(share: Floats, total: Floats, wanted: Floats) -> Floats:
    """Raise the direct share to the power that gives each month its diffuse share."""
    from scipy.optimize import brentq

    result = share.copy()
    for month in range(12):
        rows = month == MONTH_OF_HOUR
        direct, weight = 1 - share[rows], total[rows]
        need = float((1 - wanted[month]) * weight.sum())

        def missing(power: float, direct: Floats = direct, weight: Floats = weight, need: float = need) -> float:
            return float(np.where(direct > 0, direct, 0.0) ** power @ weight) - need

        power = brentq(missing, 0.05, 20) if missing(0.05) > 0 > missing(20) else 1.0
        result[rows] = np.where(direct > 0, 1 - direct**power, 1.0)
    return result


def close(total: Floats, beam: Floats, cos_zenith: Floats, top: float) -> tuple[Floats, Floats]:
    """Return direct normal and diffuse horizontal that close with `total` to 0.1 W h m-2.

    Parameters
    ----------
    total, beam : ndarray (8760)
        Global horizontal radiation and its direct part [W h m-2].
    cos_zenith : ndarray (8760)
        At mid-hour; below the smallest usable cosine all is diffuse.
    top : float
        Largest direct normal [W m-2].

    Examples
    --------
    >>> direct, diffuse = close(np.array([600.0]), np.array([400.0]), np.array([0.8]), 950.0)
    >>> float(direct[0]), float(diffuse[0])
    (500.0, 200.0)
    """
    high = cos_zenith >= limits().cos_zenith_minimum
    direct = np.divide(beam, cos_zenith, out=np.zeros_like(beam), where=high)
    direct = np.floor(np.clip(direct, 0.0, top) * 10) / 10
    return direct, np.maximum(np.round(total - direct * cos_zenith, 1), 0.0)
