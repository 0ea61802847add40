"""Undisturbed ground temperature from the air temperature of a year."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.days import DAYS, DAYS_IN_MONTH, monthly_means

Floats = npt.NDArray[np.float64]


def ground_temperatures_c(dataset: xr.Dataset, depth_m: float = 0.5, diffusivity_m2_per_day: float = 0.0557) -> Floats:
    """Return the monthly mean temperature of undisturbed ground at a depth.

    Kusuda and Achenbach 1965 (NBS 8972): a yearly wave at the surface, taken from the monthly air temperatures, that
    fades and lags with depth.

    Parameters
    ----------
    dataset : xr.Dataset
        A year; its dry bulb is read.
    depth_m : float
        Depth below the surface.
    diffusivity_m2_per_day : float
        Thermal diffusivity of the soil; the default is that of EnergyPlus's weather converter (2.32e-3 m2/h).

    Returns
    -------
    ndarray (12)
        Temperature [degC], January first.

    Raises
    ------
    ValueError
        If the depth or the diffusivity is negative or zero diffusivity is given.

    Examples
    --------
    >>> import weather
    >>> warm, cool = (weather.ground_temperatures_c(weather.make_typical_year("shanghai"), d)[6] for d in (0.5, 4))
    >>> bool(warm > cool)
    True
    """
    if depth_m < 0 or diffusivity_m2_per_day <= 0:
        raise ValueError(f"depth {depth_m} m must not be negative, diffusivity {diffusivity_m2_per_day} positive")
    means = monthly_means(dataset["dry_bulb_temperature"].values)
    return ground_wave(means, depth_m, diffusivity_m2_per_day)


def ground_wave(air_means: Floats, depth_m: float, diffusivity_m2_per_day: float) -> Floats:
    """Return the monthly ground temperatures [degC] (12) for monthly air temperatures [degC] (12).

    Examples
    --------
    >>> np.allclose(ground_wave(np.full(12, 15.0), 1.0, 0.05), 15.0)
    True
    """
    middle = np.cumsum(DAYS_IN_MONTH) - DAYS_IN_MONTH / 2
    turn = np.exp(-2j * np.pi * middle / DAYS)
    mean = float(air_means @ DAYS_IN_MONTH) / DAYS
    wave = 2 * ((air_means - mean) * DAYS_IN_MONTH) @ turn / DAYS
    damping = depth_m * np.sqrt(np.pi / (DAYS * diffusivity_m2_per_day))
    days = np.arange(DAYS) + 0.5
    daily = mean + np.exp(-damping) * (wave * np.exp(1j * (2 * np.pi * days / DAYS - damping))).real
    return monthly_means(daily)
