"""Wind speed, wind direction and air pressure of a made year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weather.city import City
from weather.daily import DailyScores
from weather.days import DAYS, MONTH_OF_DAY, MONTH_OF_HOUR, hourly_course, monthly_means, smooth_months
from weather.temperature import autoregression

Floats = npt.NDArray[np.float64]


def wind_speed(city: City, scores: DailyScores, generator: np.random.Generator) -> Floats:
    """Return the hourly wind speed [m s-1] (8760): monthly means are the normals.

    Weibull-distributed through normal scores of which the day has its share, stronger in the afternoon.
    """
    from scipy.special import ndtr

    shape = city.shape
    own = autoregression(generator.standard_normal(DAYS * 24), shape.wind_hourly_lag1.value)
    weibull = shape.wind_weibull_shape.value
    of_day = _day_share(city.spread.wind_variation.array, weibull)[MONTH_OF_HOUR]
    score = of_day * np.repeat(scores.wind, 24) + np.sqrt(1 - of_day**2) * own
    speed = (-np.log1p(-np.clip(ndtr(score), 1e-6, 1 - 1e-6))) ** (1 / weibull)
    angle = (np.tile(np.arange(1, 25.0), DAYS) - shape.wind_windiest_hour.value) * np.pi / 12
    speed = speed * (1 + shape.wind_diurnal_fraction.value * np.cos(angle))
    return np.round(speed * (city.normals.wind_speed_m_per_s.array / monthly_means(speed))[MONTH_OF_HOUR], 2)


def _day_share(variation: Floats, weibull: float) -> Floats:
    """Return the weight of the day's score that gives daily means the asked coefficient of variation."""
    from scipy.special import gamma

    hourly = np.sqrt(gamma(1 + 2 / weibull) / gamma(1 + 1 / weibull) ** 2 - 1)
    return np.asarray(np.clip(variation / hourly, 0.0, 0.95))


def wind_direction(city: City, generator: np.random.Generator) -> Floats:
    """Return the hourly wind direction [degree] (8760), 360 for north; sectors last hours and keep their shares."""
    from scipy.special import ndtr

    shares = np.asarray(city.wind_sectors.values)
    edges = np.concatenate([[0.0], np.cumsum(shares / shares.sum())])
    rank = ndtr(autoregression(generator.standard_normal(DAYS * 24), city.shape.wind_hourly_lag1.value))
    ordered = np.argsort(np.argsort(rank, kind="stable"), kind="stable") / rank.size
    direction = np.interp(ordered, edges, np.arange(9) * 45.0 - 22.5)
    degrees = np.round(direction % 360)
    return np.asarray(np.where(degrees == 0, 360.0, degrees))


def pressure(city: City, scores: DailyScores) -> Floats:
    """Return the hourly station pressure [Pa] (8760): monthly means are the normals, with passing highs and lows."""
    means = city.normals.pressure_pa.array
    daily = smooth_months(means) + city.spread.pressure_sd_pa.array[MONTH_OF_DAY] * scores.pressure
    hourly = hourly_course(daily)
    return np.asarray(np.round(hourly + (means - monthly_means(hourly))[MONTH_OF_HOUR]))
