"""Correlated daily series: how warm, clear, humid, wide, pressed and windy each day is against its month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weather.city import Monthly, Spread
from weather.days import DAYS, MONTH_OF_DAY

Floats = npt.NDArray[np.float64]
_SERIES = ("temperature", "clearness", "dew_point", "daily_range", "pressure", "wind")
_WARM_UP_DAYS = 60


@dataclass(frozen=True)
class DailyScores:
    """Standard normal scores of 365 days; in every month each has mean 0 and standard deviation 1."""

    temperature: Floats
    clearness: Floats
    dew_point: Floats
    daily_range: Floats
    pressure: Floats
    wind: Floats


def correlations(spread: Spread) -> Floats:
    """Return the correlation matrix of the six daily scores in each month (12 x 6 x 6), positive definite.

    What the city file does not give follows from what it gives: dew point and range are tied by clearness alone, and
    pressure by temperature alone (partial correlation zero).

    Examples
    --------
    >>> from weather.city import load_city
    >>> correlations(load_city("shanghai").spread).shape
    (12, 6, 6)
    """
    warm_clear, warm_humid = spread.temperature_clearness.array, spread.temperature_dew_point.array
    humid_clear, clear_wide = spread.dew_point_clearness.array, spread.clearness_range.array
    warm_wide, warm_pressed = spread.temperature_range.array, spread.temperature_pressure.array
    matrix = np.tile(np.eye(6), (12, 1, 1))
    pairs = {
        (0, 1): warm_clear, (0, 2): warm_humid, (1, 2): humid_clear, (1, 3): clear_wide, (0, 4): warm_pressed,
        (0, 3): warm_wide, (2, 3): humid_clear * clear_wide,
        (1, 4): warm_pressed * warm_clear, (2, 4): warm_pressed * warm_humid,
        (3, 4): warm_pressed * warm_wide,
    }
    for (row, col), values in pairs.items():
        matrix[:, row, col] = matrix[:, col, row] = values
    return np.stack([_nearest_correlation(month) for month in matrix])


def _nearest_correlation(matrix: Floats) -> Floats:
    """Clip negative eigenvalues: given correlations, each measured alone, need not fit together."""
    values, vectors = np.linalg.eigh(matrix)
    fixed = (vectors * np.maximum(values, 1e-3)) @ vectors.T
    scale = 1 / np.sqrt(np.diag(fixed))
    return fixed * np.outer(scale, scale)


def draw_scores(spread: Spread, generator: np.random.Generator) -> DailyScores:
    """Return the scores of one year: a first-order autoregression with the month's correlations and persistence.

    Richardson 1981 (doi:10.1029/WR017i001p00182) with months that change both matrices; afterwards every month gets
    the normal distribution that its few days miss by chance, so that the year is a typical one.

    Examples
    --------
    >>> from weather.city import load_city
    >>> scores = draw_scores(load_city("shanghai").spread, np.random.Generator(np.random.PCG64(1)))
    >>> round(abs(float(scores.temperature[:31].mean())), 9)
    0.0
    """
    lag = np.stack([_lag(spread, name) for name in _SERIES], axis=1)
    together = correlations(spread)
    roots = [
        np.linalg.cholesky(_nearest_covariance(together[month] * (1 - np.outer(lag[month], lag[month]))))
        for month in range(12)
    ]
    noise = generator.standard_normal((_WARM_UP_DAYS + DAYS, len(_SERIES)))
    days = np.concatenate([np.zeros(_WARM_UP_DAYS, np.int64), MONTH_OF_DAY])
    series = np.zeros((days.size, len(_SERIES)))
    for day in range(1, days.size):
        month = days[day]
        series[day] = lag[month] * series[day - 1] + roots[month] @ noise[day]
    return DailyScores(*(typical_scores(column) for column in series[_WARM_UP_DAYS:].T))


def _nearest_covariance(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-6)) @ vectors.T


def _lag(spread: Spread, name: str) -> Floats:
    """Return the persistence by month; what has none of its own in the city file follows temperature or clearness."""
    own: dict[str, Monthly] = {
        "temperature": spread.temperature_lag1, "dew_point": spread.temperature_lag1,
        "pressure": spread.temperature_lag1,
    }
    return own.get(name, spread.clearness_lag1).array


def typical_scores(values: Floats) -> Floats:
    """Return normal scores of the values' ranks within their months, with mean 0 and standard deviation 1.

    A typical year's months are those whose distribution lies nearest to the long-term one (Hall et al. 1978,
    SAND78-1601): drawn days keep their order and their company, not the chance shape of thirty draws.

    Examples
    --------
    >>> scores = typical_scores(np.arange(365.0) ** 2)
    >>> round(abs(float(scores[:31].mean())), 9), round(float(scores[:31].std()), 9)
    (0.0, 1.0)
    """
    from scipy.special import ndtri

    result = np.empty_like(values)
    for month in range(12):
        rows = month == MONTH_OF_DAY
        ranks = np.argsort(np.argsort(values[rows], kind="stable"), kind="stable")
        scores = ndtri((ranks + 0.5) / ranks.size)
        result[rows] = scores / scores.std()
    return result
