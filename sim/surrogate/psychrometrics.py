"""Moist air: humidity ratio and wet bulb (ASHRAE Handbook Fundamentals 2021, chapter 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def saturation_pressure(temperature_c: Array) -> Array:
    """Return the saturation vapour pressure over water [Pa] (Magnus form of Alduchov and Eskridge 1996).

    Examples
    --------
    >>> round(float(saturation_pressure(np.array([20.0]))[0]))
    2333
    """
    return 610.94 * np.exp(17.625 * temperature_c / (temperature_c + 243.04))


def humidity_ratio(dew_point_c: Array, pressure_pa: Array) -> Array:
    """Return the humidity ratio [kg kg-1] of air with the given dew point.

    Examples
    --------
    >>> round(float(humidity_ratio(np.array([15.0]), np.array([101325.0]))[0]), 4)
    0.0106
    """
    vapour = saturation_pressure(dew_point_c)
    return 0.621945 * vapour / (pressure_pa - vapour)


def wet_bulb(temperature_c: Array, humidity: Array, pressure_pa: Array) -> Array:
    """Return the wet-bulb temperature [degC] by bisection of the energy balance of adiabatic saturation.

    Examples
    --------
    >>> round(float(wet_bulb(np.array([30.0]), np.array([0.0160]), np.array([101325.0]))[0]), 1)
    23.8
    """
    low, high = temperature_c - 40.0, temperature_c.copy()
    for _ in range(40):
        middle = 0.5 * (low + high)
        full = humidity_ratio(middle, pressure_pa)
        held = ((2501.0 - 2.326 * middle) * full - 1.006 * (temperature_c - middle)) / (
            2501.0 + 1.86 * temperature_c - 4.186 * middle
        )
        low, high = np.where(held < humidity, middle, low), np.where(held < humidity, high, middle)
    return 0.5 * (low + high)
