"""Hourly dry-bulb and dew-point temperature of a made year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.city import City
from weather.daily import DailyScores, typical_scores
from weather.days import DAYS, MONTH_OF_DAY, MONTH_OF_HOUR, hourly_course, monthly_means, smooth_months

Floats = npt.NDArray[np.float64]
_HANDBOOK_COLDEST_H = 5.0
_HANDBOOK_WARMEST_H = 14.5
_HANDBOOK_SUNSET_H = 19.0
"""Hours of the extremes and of sunset in the handbook's profile, a midsummer day; the city's own hours replace them."""


def daily_means(means: Floats, standard_deviation: Floats, scores: Floats) -> Floats:
    """Return 365 daily means with the given monthly means and spread.

    The seasonal course counts as spread: in spring and autumn it makes a good part of a month's. Scores give the rest,
    and the sum of both is normal in every month.

    Parameters
    ----------
    means, standard_deviation : ndarray (12)
    scores : ndarray (365)
        Standard normal scores.

    Examples
    --------
    >>> scores = np.resize([-1.0, 1.0], 365)
    >>> round(float(daily_means(np.full(12, 5.0), np.full(12, 3.0), scores)[:30].std()), 3)
    3.0
    """
    course = smooth_months(means)
    ahead = course - means[MONTH_OF_DAY]
    together = monthly_means(ahead * scores)
    room = together**2 - monthly_means(ahead**2) + standard_deviation**2
    own = np.sqrt(np.maximum(room, 0.0)) - together
    series = ahead + np.maximum(own, 0.5 * standard_deviation)[MONTH_OF_DAY] * scores
    return means[MONTH_OF_DAY] + standard_deviation[MONTH_OF_DAY] * typical_scores(series)


def day_shape(city: City, sunrise_h: Floats, sunset_h: Floats) -> Floats:
    """Return how far each hour stands above the day's mean, for a range of 1 K (365 x 24).

    The handbook's profile is stretched in time so that the coldest moment falls shortly after sunrise, the warmest at
    the city's hour, and the evening's fall follows half of the way that sunset moves.

    Parameters
    ----------
    sunrise_h, sunset_h : ndarray (365)
        Hours of station standard time.

    Examples
    --------
    >>> from weather.city import load_city
    >>> shape = day_shape(load_city("shanghai"), np.full(365, 6.0), np.full(365, 18.0))
    >>> int(shape[0].argmax()) + 1
    15
    """
    fractions = np.asarray(city.shape.temperature_fraction_below_maximum.values)
    coldest = sunrise_h + city.shape.coldest_after_sunrise_h.value
    warmest = city.shape.warmest_hour.value
    evening = np.maximum((sunset_h + _HANDBOOK_SUNSET_H) / 2, warmest + 1)
    hours = np.arange(1, 25.0)
    book = np.array([_HANDBOOK_WARMEST_H - 24, _HANDBOOK_SUNSET_H - 24, _HANDBOOK_COLDEST_H])
    book = np.concatenate([book, book + 24])
    shape = np.empty((DAYS, 24))
    for day in range(DAYS):
        own = [warmest - 24, evening[day] - 24, coldest[day], warmest, evening[day], coldest[day] + 24]
        shape[day] = -np.interp(np.interp(hours, own, book), np.arange(-23, 49), np.tile(fractions, 3))
    shape /= np.ptp(shape, axis=1, keepdims=True)
    return shape - shape.mean(axis=1, keepdims=True)


def dry_bulb(
    city: City, scores: DailyScores, sunrise_h: Floats, sunset_h: Floats, generator: np.random.Generator
) -> Floats:
    """Return the hourly dry bulb [degC] (8760): monthly means and mean daily ranges are the normals.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai", seed=1)["dry_bulb_temperature"]
    >>> round(float(year[:744].mean()), 1)
    5.3
    """
    normals, spread = city.normals, city.spread
    means = daily_means(normals.temperature_c.array, spread.temperature_sd_k.array, scores.temperature)
    base = hourly_course(means) + _scatter(city, city.shape.temperature_noise_k.value, generator)
    shape = day_shape(city, sunrise_h, sunset_h)
    width = _daily_widths(base, shape, spread.range_variation.array, normals.daily_range_k.array, scores.daily_range)
    hourly = base + (width[:, None] * shape).ravel()
    return hourly + (normals.temperature_c.array - monthly_means(hourly))[MONTH_OF_HOUR]


def _daily_widths(base: Floats, shape: Floats, variation: Floats, wanted: Floats, scores: Floats) -> Floats:
    """Return the width of each day's regular wave, so that daily ranges have the asked mean, variation and order.

    Fronts and scatter make a part of the range that a day shows; the regular wave makes the rest. Days that a front
    alone makes wider than asked are paid for by the others of their month.
    """
    factor, sigma, width = wanted.copy(), variation.copy(), wanted[MONTH_OF_DAY]
    for _ in range(40):
        asked = factor[MONTH_OF_DAY] * np.maximum(1 + sigma[MONTH_OF_DAY] * scores, 0.1)
        ranges = np.ptp(base.reshape(DAYS, 24) + width[:, None] * shape, axis=1)
        mean = monthly_means(ranges)
        spread = np.sqrt(monthly_means((ranges - mean[MONTH_OF_DAY]) ** 2)) / mean
        width = np.maximum(width + asked - ranges, 0.0)
        factor = np.clip(factor + 0.5 * (wanted - mean), 0.1 * wanted, 2 * wanted)
        sigma = np.clip(sigma * np.sqrt(variation / spread), 0.05, 1.0)
    return width


def _scatter(city: City, size_k: float, generator: np.random.Generator) -> Floats:
    """Return hourly scatter of the given standard deviation that leaves daily means alone."""
    noise = autoregression(generator.standard_normal(DAYS * 24), city.shape.temperature_noise_lag1.value)
    by_day = noise.reshape(DAYS, 24)
    kept = (by_day - by_day.mean(axis=1, keepdims=True)).ravel()
    return kept * (size_k / kept.std())


def autoregression(noise: Floats, lag1: float) -> Floats:
    """Return a standard first-order autoregressive series driven by standard normal `noise`.

    Examples
    --------
    >>> autoregression(np.array([1.0, 0.0]), 0.5)
    array([1. , 0.5])
    """
    from scipy.signal import lfilter

    driven = noise * np.sqrt(1 - lag1**2)
    driven[0] = noise[0]
    result: Floats = lfilter([1.0], [1.0, -lag1], driven)
    return result


def dew_point(city: City, scores: DailyScores, dry: Floats, generator: np.random.Generator) -> Floats:
    """Return the hourly dew point [degC] (8760): never above the dry bulb, monthly means are the normals.

    Air keeps its moisture over the day (the dew point passes from day to day with scatter, but without a daily wave),
    save where it would be supersaturated; what is cut off there is given back to the other hours of the month.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai", seed=1)
    >>> bool((year["dew_point_temperature"] <= year["dry_bulb_temperature"]).all())
    True
    """
    wanted = city.normals.dew_point_c.array
    base = hourly_course(daily_means(wanted, city.spread.dew_point_sd_k.array, scores.dew_point))
    base = base + _scatter(city, city.shape.dew_point_noise_k.value, generator)
    gap = city.shape.saturation_gap_k.value * np.abs(generator.standard_normal(dry.size))
    shift = np.zeros(12)
    for _ in range(200):
        hourly = np.minimum(base + shift[MONTH_OF_HOUR], dry - gap)
        error = wanted - monthly_means(hourly)
        if np.abs(error).max() < 1e-4:
            break
        shift += error
    return hourly


def relative_humidity(dry: Floats, dew: Floats) -> Floats:
    """Return relative humidity [percent] from dry bulb and dew point [degC], Magnus formula of the WMO.

    Examples
    --------
    >>> round(float(relative_humidity(np.array([20.0]), np.array([10.0]))[0]), 1)
    52.5
    """
    from pvlib import atmosphere

    return np.clip(np.asarray(atmosphere.rh_from_tdew(dry, dew)), 0.0, 100.0)


def sunrise_and_sunset_hours(place: xr.Dataset) -> tuple[Floats, Floats]:
    """Return sunrise and sunset of each day in hours of station standard time (365 each)."""
    from pvlib import solarposition

    from weather.solar import mid_hours

    offset = float(place.attrs["time_zone_h"])
    days = mid_hours(place)[::24].tz_convert(f"Etc/GMT{-round(offset):+d}").normalize()
    at = (place.attrs["latitude_deg"], place.attrs["longitude_deg"])
    found = solarposition.sun_rise_set_transit_spa(days, *at)
    rise, fall = (
        (found[name].dt.tz_convert("UTC") - days.tz_convert("UTC")).dt.total_seconds().to_numpy() / 3600
        for name in ("sunrise", "sunset")
    )
    extra = offset - round(offset)
    return np.asarray(rise % 24 + extra, float), np.asarray(fall % 24 + extra, float)
