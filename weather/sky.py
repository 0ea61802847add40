"""Sky cover, long-wave radiation of the sky and rain of a made year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weather.city import City
from weather.days import DAYS, DAYS_IN_MONTH, MONTH_OF_DAY, MONTH_OF_HOUR, hourly_course, monthly_means

Floats = npt.NDArray[np.float64]
_STEFAN_BOLTZMANN = 5.6697e-8
_CLEAR_SKY_CLEARNESS = 0.75


def sky_cover(city: City, clearness: Floats) -> Floats:
    """Return the hourly sky cover [tenths] (8760), cloudy where the day's radiation is small.

    Kasten and Czeplak 1980 (doi:10.1016/0038-092X(80)90391-6) turned round: G / G_clear = 1 - 0.75 (N/8)^3.4; bent by
    month to the normals' mean cover where they give one.

    Parameters
    ----------
    clearness : ndarray (365)
        Daily clearness index.
    """
    relative = np.clip(clearness / _CLEAR_SKY_CLEARNESS, 0.25, 0.999)
    daily = ((1 - relative) / 0.75) ** (1 / 3.4)
    hourly = np.clip(hourly_course(daily), 0.0, 1.0)
    wanted = city.normals.sky_cover_tenths
    if wanted is not None:
        hourly = _bent(hourly, wanted.array / 10)
    return np.asarray(np.round(10 * hourly))


def _bent(cover: Floats, wanted: Floats) -> Floats:
    from scipy.optimize import brentq

    result = cover.copy()
    for month in range(12):
        rows = month == MONTH_OF_HOUR
        values = np.clip(cover[rows], 1e-3, 1.0)
        target = float(np.clip(wanted[month], 0.01, 0.99))

        def missing(power: float, values: Floats = values, target: float = target) -> float:
            return float((values**power).mean()) - target

        power = brentq(missing, 0.01, 60) if missing(0.01) > 0 > missing(60) else 1.0
        result[rows] = values**power
    return result


def sky_infrared(city: City, dry: Floats, dew: Floats, cover: Floats) -> Floats:
    """Return the horizontal infrared radiation from the sky [W h m-2] (8760).

    Clark and Allen 1978 with Walton's 1983 cloud factor, the model that the engine itself uses where a file has none:
    e = (0.787 + 0.764 ln(Td/273)) (1 + 0.0224 N - 0.0035 N^2 + 0.00028 N^3), temperatures in K, cover in tenths.
    Where the normals give the monthly mean, the hours are shifted to it.

    Examples
    --------
    >>> from weather.city import load_city
    >>> bare = load_city("shanghai").model_copy(
    ...     update={"normals": load_city("shanghai").normals.model_copy(update={"sky_infrared_w_per_m2": None})})
    >>> still = np.full(8760, 20.0), np.full(8760, 10.0), np.zeros(8760)
    >>> round(float(sky_infrared(bare, *still)[0]))
    342
    """
    emissivity = 0.787 + 0.764 * np.log((dew + 273.15) / 273.0)
    emissivity = emissivity * (1 + 0.0224 * cover - 0.0035 * cover**2 + 0.00028 * cover**3)
    black = _STEFAN_BOLTZMANN * (dry + 273.15) ** 4
    infrared = emissivity * black
    wanted = city.normals.sky_infrared_w_per_m2
    if wanted is not None:
        infrared = infrared + (wanted.array - monthly_means(infrared))[MONTH_OF_HOUR]
    return np.clip(infrared, 0.5 * black, black)


def rain(city: City, clearness: Floats, generator: np.random.Generator) -> Floats:
    """Return the hourly rain depth [mm] (8760): the month's normal falls on its cloudiest days.

    Wet days are shared out among the months in proportion to the root of their rain; amounts per day are exponential,
    and fall in one spell of 2 to 10 hours.
    """
    result = np.zeros((DAYS, 24))
    draws = generator.random((DAYS, 3))
    if city.normals.rain_mm is None:
        return result.ravel()
    total = city.normals.rain_mm.array
    share = np.sqrt(total) / max(float(np.sqrt(total).sum()), 1e-9)
    count = np.clip(np.rint(share * city.shape.wet_days_per_year.value), 1, DAYS_IN_MONTH).astype(int)
    for month in np.flatnonzero(total > 0):
        days = np.flatnonzero(month == MONTH_OF_DAY)
        wet = days[np.argsort(clearness[days], kind="stable")[: count[month]]]
        amounts = -np.log1p(-draws[wet, 0])
        _pour(result, wet, amounts / amounts.sum() * total[month], draws)
    return np.round(result, 1).ravel()


def _pour(result: Floats, wet: npt.NDArray[np.int64], amounts: Floats, draws: Floats) -> None:
    for day, amount in zip(wet, amounts, strict=True):
        length = 2 + int(draws[day, 1] * 9)
        start = int(draws[day, 2] * (25 - length))
        result[day, start : start + length] = amount / length
