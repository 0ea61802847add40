"""Monthly normals of a year at hand: what a generator needs to make others like it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from weather.city import City, Monthly, Normals
from weather.days import DAYS, DAYS_IN_MONTH, monthly_means
from weather.sky import rainy_hours

Floats = npt.NDArray[np.float64]


def normals_of(dataset: xr.Dataset) -> Normals:
    """Return the monthly means of a year: temperature, daily range, dew point, radiation, wind, pressure, sky, rain.

    Parameters
    ----------
    dataset : xr.Dataset
        A year without NaN in the columns that a building's heat balance reads (repair it first).

    Returns
    -------
    Normals
        As a city file holds them; the source names the year.

    Examples
    --------
    >>> import weather
    >>> found = normals_of(weather.make_typical_year("shanghai")).temperature_c.values
    >>> round(found[0], 1), round(found[6], 1)
    (5.3, 29.3)
    """
    source = f"monthly means of {dataset.attrs['city']} ({dataset.attrs['source']})"

    def monthly(values: Floats) -> Monthly:
        return Monthly(values=tuple(float(value) for value in values), source=source, confidence="D")

    def mean(name: str) -> Floats:
        return monthly_means(np.asarray(dataset[name].values, float))

    total = mean("global_horizontal_radiation")
    depth = np.nan_to_num(dataset["liquid_precipitation_depth"].values)
    codes, observed = dataset["present_weather_codes"].values, dataset["present_weather_observation"].values
    hours = 24 * DAYS_IN_MONTH
    by_day = dataset["dry_bulb_temperature"].values.reshape(DAYS, 24)
    return Normals(
        temperature_c=monthly(mean("dry_bulb_temperature")),
        daily_range_k=monthly(monthly_means(np.ptp(by_day, axis=1))),
        dew_point_c=monthly(mean("dew_point_temperature")),
        global_radiation_wh_per_m2_day=monthly(24 * total),
        wind_speed_m_per_s=monthly(mean("wind_speed")),
        pressure_pa=monthly(mean("atmospheric_pressure")),
        sky_cover_tenths=monthly(mean("total_sky_cover")),
        sky_infrared_w_per_m2=monthly(mean("horizontal_infrared_radiation")),
        diffuse_fraction=monthly(mean("diffuse_horizontal_radiation") / total),
        rain_mm=monthly(hours * monthly_means(depth)),
        rain_hours=monthly(hours * monthly_means(rainy_hours(codes, observed, depth).astype(float))),
    )


def city_of(dataset: xr.Dataset, like: City) -> City:
    """Return a city with the place and the monthly normals of a year, and all else as in `like`.

    Only monthly means come from the year: spread, persistence and the shape of the day stay those of `like`.

    Examples
    --------
    >>> import weather
    >>> shanghai = weather.load_city("shanghai")
    >>> city_of(weather.make_typical_year(shanghai), shanghai).elevation_m
    5.5
    """
    place = ("latitude_deg", "longitude_deg", "elevation_m", "time_zone_h")
    return like.model_copy(
        update={name: float(dataset.attrs[name]) for name in place} | {"normals": normals_of(dataset)}
    )
