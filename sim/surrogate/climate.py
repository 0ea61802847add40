"""The outdoor side of the thermal network: hourly air, sky and ground, and the sun on facades of any azimuth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.surrogate import psychrometrics
from vocabulary import HOURS_PER_YEAR, Fault, InputError

AZIMUTH_STEP_DEG = 10
_STEFAN_BOLTZMANN = 5.670374e-8
_NEEDED = (
    "dry_bulb_temperature", "dew_point_temperature", "atmospheric_pressure", "horizontal_infrared_radiation",
    "global_horizontal_radiation", "direct_normal_radiation", "diffuse_horizontal_radiation", "wind_speed",
)
_PLACE = ("latitude_deg", "longitude_deg", "time_zone_h", "elevation_m")
_MONTH_FIRST_DAY = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30])


@dataclass(frozen=True)
class Climate:
    """One weather year with one calendar, as the kernels read it.

    Attributes
    ----------
    sky : ndarray (6, hour)
        Outdoor air [degC], humidity ratio [kg kg-1], wind [m s-1], black-body less sky radiation [W m-2], ground
        [degC], irradiance of the roof [W m-2].
    facades : ndarray (5, azimuth, hour), float32
        Beam and diffuse heat through glass of SHGC 1, irradiance [W m-2], tangent of the profile angle, share of the
        diffuse that comes from the sky.
    wet_bulb : ndarray (hour,)
        [degC].
    workdays : ndarray (365,), bool
        From the calendar.
    """

    sky: NDArray[np.float64]
    facades: NDArray[np.float32]
    wet_bulb: NDArray[np.float64]
    workdays: NDArray[np.bool_]

    def to_dataset(self) -> xr.Dataset:
        """Return the climate as arrays with dims and units, for the surrogate's file."""
        return xr.Dataset(
            {
                "climate_sky": (("climate_row", "hour"), self.sky, {"units": "1", "long_name": (
                    "outdoor air degC, humidity kg/kg, wind m/s, sky deficit W/m2, ground degC, roof W/m2")}),
                "climate_facades": (("facade_row", "azimuth", "hour"), self.facades, {"units": "1", "long_name": (
                    "beam, diffuse, irradiance W/m2, tangent of the profile angle, sky share of the diffuse")}),
                "climate_wet_bulb": ("hour", self.wet_bulb, {"units": "degC", "long_name": "outdoor wet bulb"}),
                "climate_workday": ("day", self.workdays.astype(np.int8), {"units": "1", "long_name": "working day"}),
            }
        )

    @classmethod
    def from_dataset(cls, dataset: xr.Dataset) -> Climate:
        """Return the climate from what `to_dataset` wrote."""
        return cls(
            np.ascontiguousarray(dataset["climate_sky"].values, dtype=np.float64),
            np.ascontiguousarray(dataset["climate_facades"].values, dtype=np.float32),
            np.ascontiguousarray(dataset["climate_wet_bulb"].values, dtype=np.float64),
            dataset["climate_workday"].values.astype(bool),
        )


def climate_of(simulations: xr.Dataset) -> Climate:
    """Build the climate from the weather columns and the place that `simulations.nc` carries.

    Parameters
    ----------
    simulations : xr.Dataset
        With the weather over `hour`, `is_workday(hour)`, and the place as attributes of the dataset or of
        `dry_bulb_temperature`.

    Returns
    -------
    Climate

    Raises
    ------
    InputError
        If a column or an attribute is missing, or a column holds NaN; all faults in one message.
    """
    from weather import ground_temperatures_c

    if "dry_bulb_temperature" in simulations:
        place = simulations["dry_bulb_temperature"].attrs
        simulations = simulations.assign_attrs({key: place[key] for key in _PLACE if key in place})
    _check(simulations)
    year = simulations[[*_NEEDED]]
    air = year["dry_bulb_temperature"].values.astype(float)
    pressure = year["atmospheric_pressure"].values.astype(float)
    humidity = psychrometrics.humidity_ratio(year["dew_point_temperature"].values.astype(float), pressure)
    deficit = _STEFAN_BOLTZMANN * (air + 273.15) ** 4 - year["horizontal_infrared_radiation"].values
    monthly = np.asarray(ground_temperatures_c(simulations), dtype=float)
    sky = np.stack([
        air, humidity, year["wind_speed"].values, deficit, _hourly_from_months(monthly),
        year["global_horizontal_radiation"].values,
    ]).astype(float)
    workdays = simulations["is_workday"].values.reshape(365, 24)[:, 12].astype(bool)
    return Climate(np.ascontiguousarray(sky), _facades(simulations), psychrometrics.wet_bulb(air, humidity, pressure),
                   workdays)


def _check(simulations: xr.Dataset) -> None:
    faults = [Fault("simulations", name, "missing", "a weather column over hour")
              for name in (*_NEEDED, "is_workday") if name not in simulations]
    faults += [Fault("simulations", name, "missing", "an attribute")
               for name in _PLACE if name not in simulations.attrs]
    faults += [Fault("simulations", name, "NaN", "8760 numbers") for name in _NEEDED
               if name in simulations and not bool(np.isfinite(simulations[name].values).all())]
    if faults:
        raise InputError(faults)


def _hourly_from_months(monthly: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = (_MONTH_FIRST_DAY + np.append(_MONTH_FIRST_DAY[1:], 365)) / 2 * 24
    return np.interp(np.arange(HOURS_PER_YEAR) + 0.5, middle, monthly, period=HOURS_PER_YEAR)


def _facades(simulations: xr.Dataset) -> NDArray[np.float32]:
    from weather.solar import photovoltaics, plane_irradiance, sun_position

    sun = sun_position(simulations)
    altitude = np.radians(90.0 - sun["zenith"].values)
    direct = np.where(altitude > 0.0, simulations["direct_normal_radiation"].values, 0.0)
    ground = 0.5 * photovoltaics().ground_reflectance * simulations["global_horizontal_radiation"].values
    rows = []
    for azimuth_deg in range(0, 360, AZIMUTH_STEP_DEG):
        turn = np.radians(sun["azimuth"].values - azimuth_deg)
        cosine = np.maximum(np.cos(altitude) * np.cos(turn), 0.0)
        total = plane_irradiance(simulations, 90.0, float(azimuth_deg)).values
        diffuse = np.maximum(total - direct * cosine, 0.0)
        tangent = np.where(cosine > 1e-3, np.tan(altitude) / np.maximum(np.cos(turn), 1e-3), 0.0)
        share = np.clip(1.0 - ground / np.maximum(diffuse, 1e-6), 0.0, 1.0)
        rows.append([direct * cosine * angle_modifier(cosine), 0.87 * diffuse, total, np.minimum(tangent, 1e3), share])
    return np.ascontiguousarray(np.array(rows).transpose(1, 0, 2), dtype=np.float32)


def angle_modifier(cosine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the normal-incidence solar gain that glass lets in at an angle [1].

    Clear double glazing, ASHRAE 93 form 1 - b0 (1 / cos - 1) with b0 = 0.10, 0 where it turns negative.

    Examples
    --------
    >>> float(angle_modifier(np.array([0.5]))[0])
    0.9
    """
    return np.maximum(1.0 - 0.10 * (1.0 / np.maximum(cosine, 1e-3) - 1.0), 0.0)
