"""The days and months of a year of 365 days, and means over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DAYS = 365
DAYS_IN_MONTH: Ints = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
MONTH_OF_DAY: Ints = np.repeat(np.arange(12), DAYS_IN_MONTH)
"""Month of each day, 0 for January (365)."""
MONTH_OF_HOUR: Ints = np.repeat(MONTH_OF_DAY, 24)
DAY_OF_MONTH: Ints = np.concatenate([np.arange(1, days + 1) for days in DAYS_IN_MONTH])


def monthly_means(daily: Floats) -> Floats:
    """Return the twelve means of 365 daily or 8 760 hourly values (NaN left out).

    Examples
    --------
    >>> monthly_means(MONTH_OF_DAY.astype(float))[11]
    np.float64(11.0)
    """
    months = MONTH_OF_DAY if daily.size == DAYS else MONTH_OF_HOUR
    known = ~np.isnan(daily)
    return np.bincount(months[known], daily[known], 12) / np.bincount(months[known], minlength=12)


def smooth_months(means: Floats) -> Floats:
    """Return 365 daily values without steps whose monthly means are `means` (12).

    A periodic cubic spline through the middles of the months, corrected until the means agree within 1e-9.

    Examples
    --------
    >>> daily = smooth_months(np.arange(12.0))
    >>> bool(np.allclose(monthly_means(daily), np.arange(12.0)))
    True
    """
    from scipy.interpolate import CubicSpline

    ends = np.concatenate([[0], np.cumsum(DAYS_IN_MONTH)])
    middles = np.concatenate([(ends[:-1] + ends[1:]) / 2, [DAYS + ends[1] / 2]])
    days = (np.arange(DAYS) + 0.5 - middles[0]) % DAYS + middles[0]
    knots = np.asarray(means, float).copy()
    for _ in range(60):
        daily: Floats = CubicSpline(middles, np.append(knots, knots[0]), bc_type="periodic")(days)
        error = means - monthly_means(daily)
        if np.abs(error).max() < 1e-9:
            break
        knots += error
    return daily + (means - monthly_means(daily))[MONTH_OF_DAY]


def hourly_course(daily: Floats) -> Floats:
    """Return 8 760 values that pass from day to day without steps and whose daily means are `daily` (365).

    Straight lines through the noons, the noon values chosen so that the daily means agree; the year closes on itself.

    Examples
    --------
    >>> course = hourly_course(np.arange(365.0))
    >>> bool(np.allclose(course.reshape(365, 24).mean(axis=1), np.arange(365.0)))
    True
    """
    noons = np.asarray(daily, float).copy()
    for _ in range(30):
        course = _lines(noons)
        error = daily - course.reshape(DAYS, 24).mean(axis=1)
        if np.abs(error).max() < 1e-6:
            break
        noons += error
    return course + np.repeat(daily - course.reshape(DAYS, 24).mean(axis=1), 24)


def _lines(noons: Floats) -> Floats:
    hours = np.arange(DAYS * 24) + 1.0
    at = np.concatenate([[-12.0], np.arange(DAYS) * 24 + 12.5, [DAYS * 24 + 12.5]])
    return np.interp(hours, at, np.concatenate([[noons[-1]], noons, [noons[0]]]))
