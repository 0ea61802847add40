"""Spread of daily values measured from years at hand, as a city file holds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.city import Monthly, Spread
from weather.days import DAYS, DAYS_IN_MONTH, MONTH_OF_DAY, monthly_means, smooth_months
from weather.statistics import daily_clearness, daily_means, monthly_spread

Floats = npt.NDArray[np.float64]
_HARMONICS = 2
_FOLLOWING = 0.99
"""Correlation of dry bulb and dew point in every month from which on the one was made from the other."""


def spread_of(years: Sequence[xr.Dataset], like: Spread) -> Spread:
    """Return the spread of temperature, humidity, clearness and daily range of some years, pooled.

    A month of one year holds some ten independent days: its figures carry an error of a quarter. They are therefore
    pooled (standard deviations by their squares) and smoothed over the year by a mean and two harmonics; lag-1
    correlations are freed from the bias of short samples, (1 + 3 r) / n (Marriott and Pope 1954,
    doi:10.1093/biomet/41.3-4.390). A year whose dew point merely follows its dry bulb says nothing of humidity and is
    left out there if another is at hand.

    Parameters
    ----------
    years : sequence of xr.Dataset
        At least one year without NaN (repair it first).
    like : Spread
        Gives what is not measured here: pressure and wind, which have no weight in a building's heat balance.

    Returns
    -------
    Spread
        As a city file holds it; the source names the years.

    Examples
    --------
    >>> import weather
    >>> shanghai = weather.load_city("shanghai")
    >>> found = spread_of([weather.make_typical_year(shanghai, seed) for seed in range(2)], shanghai.spread)
    >>> 2.0 < found.temperature_sd_k.values[0] < 4.0
    True
    """
    source = "daily values of " + ", ".join(f"{year.attrs['city']} ({year.attrs['source']})" for year in years)
    measured = [_measured(year) for year in years]
    telling = [one for one in measured if one["temperature_dew_point"].min() < _FOLLOWING] or measured
    rows = {}
    for name in measured[0]:
        values = np.stack([one[name] for one in (telling if "dew_point" in name else measured)])
        pooled = np.sqrt((values**2).mean(axis=0)) if _is_spread(name) else values.mean(axis=0)
        smooth = tuple(round(float(value), 3) for value in smooth_season(pooled))
        rows[name] = Monthly(values=smooth, source=source, confidence="D")
    return like.model_copy(update=rows)


def _is_spread(name: str) -> bool:
    return "_sd" in name or name.endswith("_variation")


def _measured(year: xr.Dataset) -> dict[str, Floats]:
    warm, humid = daily_means(year, "dry_bulb_temperature"), daily_means(year, "dew_point_temperature")
    clear = daily_clearness(year)
    wide = np.ptp(year["dry_bulb_temperature"].values.reshape(DAYS, 24), axis=1)
    warm_rest, humid_rest = (daily - smooth_months(monthly_means(daily)) for daily in (warm, humid))
    return {
        "temperature_sd_k": monthly_spread(warm),
        "temperature_lag1": _lag1(warm_rest),
        "dew_point_sd_k": monthly_spread(humid),
        "clearness_sd": monthly_spread(clear),
        "clearness_lag1": _lag1(clear),
        "temperature_clearness": _correlation(warm_rest, clear),
        "temperature_dew_point": _correlation(warm_rest, humid_rest),
        "dew_point_clearness": _correlation(humid_rest, clear),
        "clearness_range": _correlation(clear, wide),
        "temperature_range": _correlation(warm_rest, wide),
        "range_variation": monthly_spread(wide) / monthly_means(wide),
    }


def _correlation(first: Floats, second: Floats) -> Floats:
    return np.array([np.corrcoef(first[rows], second[rows])[0, 1] for rows in _months()])


def _lag1(daily: Floats) -> Floats:
    found = np.array([np.corrcoef(daily[rows][1:], daily[rows][:-1])[0, 1] for rows in _months()])
    return np.clip((found + 1 / DAYS_IN_MONTH) / (1 - 3 / DAYS_IN_MONTH), 0.0, 0.95)


def _months() -> list[npt.NDArray[np.bool_]]:
    return list(np.arange(12)[:, None] == MONTH_OF_DAY)


def smooth_season(monthly: Floats) -> Floats:
    """Return twelve values smoothed to a mean and two harmonics of the year.

    Examples
    --------
    >>> bool(np.allclose(smooth_season(np.full(12, 3.0)), 3.0))
    True
    """
    waves = np.fft.rfft(np.asarray(monthly, float))
    waves[_HARMONICS + 1:] = 0
    return np.asarray(np.fft.irfft(waves, 12))
