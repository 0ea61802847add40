"""Sun position, radiation on tilted planes and the yield of photovoltaics, by pvlib.

Row `hour` covers 60 minutes; every function takes the sun at the middle of them, in station standard time.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from pydantic import Field

from datafile import Frozen, load_values
from weather.columns import HOURS

_PV_FILE = Path(__file__).parent / "data" / "photovoltaics.yaml"
_REFERENCE_YEAR = 2023
"""A year half-way through the leap cycle: an EPW year has no 29 February and mixes years."""


class Photovoltaics(Frozen):
    """The PVWatts chain's parameters of `data/photovoltaics.yaml` (frozen, unknown keys refused)."""

    module_type: Literal["standard", "premium"]
    temperature_coefficient_per_k: float = Field(lt=0)
    loss_fraction: float = Field(ge=0, lt=1)
    inverter_efficiency: float = Field(gt=0, le=1)
    dc_to_ac_ratio: float = Field(gt=0)
    ground_reflectance: float = Field(ge=0, le=1)
    installed_nominal_temperature_c: float = Field(ge=20, le=80)
    array_height_m: float = Field(gt=0)


@cache
def photovoltaics() -> Photovoltaics:
    """Return the parameters of the PV chain.

    Examples
    --------
    >>> photovoltaics().loss_fraction
    0.14
    """
    return load_values(_PV_FILE, Photovoltaics)


def mid_hours(dataset: xr.Dataset, shift_h: float = 0.0) -> pd.DatetimeIndex:
    """Return the middle of each of the 8 760 hours in station standard time, moved by `shift_h` hours."""
    offset = pd.Timedelta(hours=float(dataset.attrs["time_zone_h"]))
    start = pd.Timestamp(year=_REFERENCE_YEAR, month=1, day=1, tz="UTC") - offset
    return pd.date_range(start + pd.Timedelta(hours=0.5 + shift_h), periods=HOURS, freq="h")


def sun_position(dataset: xr.Dataset, shift_h: float = 0.0) -> xr.Dataset:
    """Return the sun's position and the extraterrestrial radiation in the middle of each hour.

    Parameters
    ----------
    dataset : xr.Dataset
        A year; only its attributes latitude_deg, longitude_deg, time_zone_h and elevation_m are read.
    shift_h : float
        Hours to move from mid-hour; -0.5 is the start of the hour.

    Returns
    -------
    xr.Dataset
        Over `hour`: `zenith` and `azimuth` [degree], geometric, azimuth clockwise from north; `cos_zenith` [1], 0
        while the sun is down; `extraterrestrial_normal` [W m-2]. NREL's SPA (Reda and Andreas 2004,
        doi:10.1016/j.solener.2003.12.003) and Spencer 1971.

    Examples
    --------
    >>> import xarray as xr
    >>> place = xr.Dataset(attrs={"latitude_deg": 31.4, "longitude_deg": 121.45, "time_zone_h": 8, "elevation_m": 5})
    >>> round(float(sun_position(place)["zenith"].min()), 1)  # summer solstice: 31.4 - 23.4
    8.0
    """
    place = (float(dataset.attrs[name]) for name in ("latitude_deg", "longitude_deg", "elevation_m", "time_zone_h"))
    return _sun(*place, shift_h).copy(deep=True)


@lru_cache(maxsize=32)
def _sun(
    latitude_deg: float, longitude_deg: float, elevation_m: float, time_zone_h: float, shift_h: float
) -> xr.Dataset:
    """Work out the sun of a place once: checks, repairs and facades ask for the same one many times (0.3 MB each)."""
    from pvlib import irradiance, solarposition

    times = mid_hours(xr.Dataset(attrs={"time_zone_h": time_zone_h}), shift_h)
    position = solarposition.get_solarposition(times, latitude_deg, longitude_deg, altitude=elevation_m)
    zenith = position["zenith"].to_numpy()
    extra = irradiance.get_extra_radiation(times.day_of_year, method="spencer")
    return xr.Dataset(
        {
            "zenith": _hourly(zenith, "degree", "angle of the sun from the vertical"),
            "azimuth": _hourly(position["azimuth"].to_numpy(), "degree", "azimuth of the sun, clockwise from north"),
            "cos_zenith": _hourly(np.maximum(np.cos(np.radians(zenith)), 0.0), "1", "cosine of the zenith angle"),
            "extraterrestrial_normal": _hourly(np.asarray(extra, float), "W m-2", "extraterrestrial normal radiation"),
        },
        coords={"hour": np.arange(HOURS)},
    )


def _hourly(values: npt.NDArray[np.float64], units: str, long_name: str) -> xr.Variable:
    return xr.Variable("hour", values, {"units": units, "long_name": long_name})


def plane_irradiance(dataset: xr.Dataset, tilt_deg: float, azimuth_deg: float) -> xr.DataArray:
    """Return the mean irradiance on a tilted plane in each hour.

    Parameters
    ----------
    dataset : xr.Dataset
        A year without NaN in its three radiation columns.
    tilt_deg : float
        0 flat, 90 upright.
    azimuth_deg : float
        Direction the plane faces, clockwise from north; 180 is south.

    Returns
    -------
    xr.DataArray
        Over `hour` [W m-2]: direct, diffuse by Perez et al. 1990 (doi:10.1016/0038-092X(90)90055-H), and reflected by
        the ground.

    Raises
    ------
    ValueError
        If tilt or azimuth lie outside 0..180 and 0..360 degrees.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai")
    >>> flat = plane_irradiance(year, 0, 180)
    >>> bool(abs(flat.sum() - year["global_horizontal_radiation"].sum()) < 0.01 * flat.sum())
    True
    """
    total = _plane_parts(dataset, tilt_deg, azimuth_deg)["poa_global"]
    return xr.DataArray(
        _hourly(total.fillna(0.0).clip(lower=0.0).to_numpy(), "W m-2", "irradiance on the plane"),
        coords={"hour": np.arange(HOURS)}, name="plane_irradiance",
    )


def _plane_parts(dataset: xr.Dataset, tilt_deg: float, azimuth_deg: float) -> pd.DataFrame:
    from pvlib import atmosphere, irradiance

    if not (0 <= tilt_deg <= 180 and 0 <= azimuth_deg <= 360):
        raise ValueError(f"tilt {tilt_deg} must lie in 0..180 and azimuth {azimuth_deg} in 0..360 degrees")
    times = mid_hours(dataset)
    sun = sun_position(dataset)
    frame = pd.DataFrame({name: sun[name].values for name in sun.data_vars}, index=times)
    ghi, dni, dhi = (
        pd.Series(dataset[f"{name}_radiation"].values, index=times)
        for name in ("global_horizontal", "direct_normal", "diffuse_horizontal")
    )
    return irradiance.get_total_irradiance(
        tilt_deg, azimuth_deg, frame["zenith"], frame["azimuth"], dni, ghi, dhi, model="perez",
        dni_extra=frame["extraterrestrial_normal"], airmass=atmosphere.get_relative_airmass(frame["zenith"]),
        albedo=photovoltaics().ground_reflectance,
    )


def pv_yield(dataset: xr.Dataset, tilt_deg: float = 10, azimuth_deg: float = 180) -> xr.DataArray:
    """Return the AC energy of one kW of photovoltaics in each hour.

    Irradiance on the plane less glass reflection (physical model of De Soto et al. 2006), cell temperature by Fuentes
    1987 (SAND85-0330), PVWatts DC and inverter (Dobos 2014, NREL/TP-6A20-62641). System losses of 14 %, inverter 96 %;
    all parameters and sources stand in `data/photovoltaics.yaml`.

    Parameters
    ----------
    dataset : xr.Dataset
        A year without NaN in radiation, dry bulb and wind speed.
    tilt_deg, azimuth_deg : float
        As in `plane_irradiance`.

    Returns
    -------
    xr.DataArray
        Over `hour` [kW h kW-1], per kW of DC nameplate.

    Raises
    ------
    ValueError
        If tilt or azimuth lie outside 0..180 and 0..360 degrees.

    Examples
    --------
    >>> import weather
    >>> 900 < float(pv_yield(weather.make_typical_year("shanghai")).sum()) < 1300
    True
    """
    from pvlib import inverter, pvsystem

    given = photovoltaics()
    parts = _plane_parts(dataset, tilt_deg, azimuth_deg).fillna(0.0).clip(lower=0.0)
    absorbed = _through_glass(dataset, parts, tilt_deg, azimuth_deg)
    cell = _cell_temperature(dataset, parts["poa_global"])
    direct_current = pvsystem.pvwatts_dc(absorbed, cell, 1.0, given.temperature_coefficient_per_k)
    direct_current = direct_current * (1.0 - given.loss_fraction)
    limit = 1.0 / given.dc_to_ac_ratio / given.inverter_efficiency
    power = inverter.pvwatts(direct_current, limit, eta_inv_nom=given.inverter_efficiency)
    return xr.DataArray(
        _hourly(np.nan_to_num(np.asarray(power, float)), "kW h kW-1", "AC energy of the hour per kW of photovoltaics"),
        coords={"hour": np.arange(HOURS)}, name="pv_yield",
    )


def _through_glass(dataset: xr.Dataset, parts: pd.DataFrame, tilt_deg: float, azimuth_deg: float) -> pd.Series:
    """PVWatts applies the cover's loss to the beam only (manual, section 6)."""
    from pvlib import iam, irradiance

    sun = sun_position(dataset)
    incidence = irradiance.aoi(tilt_deg, azimuth_deg, sun["zenith"].values, sun["azimuth"].values)
    return parts["poa_direct"] * iam.physical(incidence, n=1.526) + parts["poa_diffuse"]


def _cell_temperature(dataset: xr.Dataset, on_plane: pd.Series) -> pd.Series:
    from pvlib import temperature

    given = photovoltaics()
    return temperature.fuentes(
        on_plane,
        pd.Series(dataset["dry_bulb_temperature"].values, index=on_plane.index),
        pd.Series(dataset["wind_speed"].values, index=on_plane.index),
        given.installed_nominal_temperature_c,
        module_height=given.array_height_m,
    )
