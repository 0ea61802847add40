"""Sky cover, long-wave radiation of the sky and rain of a made year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from weather.city import City
from weather.days import DAYS, MONTH_OF_DAY, MONTH_OF_HOUR, hourly_course, monthly_means
from weather.temperature import autoregression

Floats = npt.NDArray[np.float64]
_STEFAN_BOLTZMANN = 5.6697e-8
_CLEAR_SKY_CLEARNESS = 0.75
_MEASURABLE_MM = 0.1
_RAIN_STEPS_MM = (2.5, 7.6)
_RAIN_CODES = ("909999999", "919999999", "929999999")
"""Light, moderate and heavy rain (second digit), parted at 2.5 and 7.6 mm/h; EPW data dictionary, weather codes."""
_NO_WEATHER = "999999999"


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


@dataclass(frozen=True)
class Rain:
    """Rain of 8 760 hours: depth [mm], and the nine-digit weather codes from which the engine learns that it rains."""

    depth: Floats
    codes: npt.NDArray[np.object_]


def make_rain(city: City, clearness: Floats, generator: np.random.Generator) -> Rain:
    """Return the rain of a year: each month has its normal depth and its normal number of rainy hours.

    It rains in the hours with the highest wetness, an autocorrelated score to which cloudy days add; depths are
    exponential. Without normals of depth or hours the year is dry. The engine wets outside surfaces by the codes alone.

    Parameters
    ----------
    clearness : ndarray (365)
        Daily clearness index.
    """
    own = autoregression(generator.standard_normal(DAYS * 24), city.shape.rain_hourly_lag1.value)
    amounts = generator.standard_exponential(DAYS * 24)
    depth = np.zeros(DAYS * 24)
    wet = np.zeros(DAYS * 24, bool)
    normals = city.normals
    if normals.rain_mm is not None and normals.rain_hours is not None:
        weight = city.shape.rain_cloudiness_weight.value
        score = weight * hourly_course(_standardised(-clearness)) + np.sqrt(1 - weight**2) * own
        for month in range(12):
            hours = np.flatnonzero(month == MONTH_OF_HOUR)
            count = min(round(float(normals.rain_hours.array[month])), hours.size)
            wettest = hours[np.argsort(-score[hours], kind="stable")[:count]]
            wet[wettest] = True
            depth[wettest] = amounts[wettest] * (normals.rain_mm.array[month] / max(amounts[wettest].sum(), 1e-9))
    depth = np.round(depth, 1)
    strength = np.digitize(depth, _RAIN_STEPS_MM)
    codes = np.where(wet, np.array(_RAIN_CODES, dtype=object)[strength], _NO_WEATHER)
    return Rain(depth, codes.astype(object))


def _standardised(values: Floats) -> Floats:
    means = monthly_means(values)[MONTH_OF_DAY]
    return (values - means) / np.sqrt(monthly_means((values - means) ** 2))[MONTH_OF_DAY]


def rainy_hours(codes: npt.NDArray[np.object_], observed: Floats, depth: Floats) -> npt.NDArray[np.bool_]:
    """Return in which hours (8760) it rains: by the first three digits of the codes, else by a measurable depth.

    Parameters
    ----------
    codes : ndarray of str (8760)
        Present weather codes; thunder, rain and drizzle are the first three digits, 9 means none.
    observed : ndarray (8760)
        Present weather observation: 0 where the codes are observed.
    depth : ndarray (8760)
        Rain of the hour [mm].

    Examples
    --------
    >>> rainy_hours(np.array(["909999999", "999999999"], dtype=object), np.zeros(2), np.zeros(2))
    array([ True, False])
    """
    if not (observed == 0).any():
        return np.asarray(np.nan_to_num(depth) >= _MEASURABLE_MM)
    digits = np.array([any(digit != "9" for digit in str(code)[:3]) for code in codes])
    return np.asarray(digits & (observed == 0))
