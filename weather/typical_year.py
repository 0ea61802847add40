"""A typical year made from monthly normals: no download, the same bits for the same seed."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from vocabulary import Fault, InputError
from weather.city import City, load_city
from weather.columns import HOURS, columns
from weather.daily import draw_scores
from weather.days import DAY_OF_MONTH, DAYS, MONTH_OF_HOUR
from weather.design_days import header_record
from weather.epw import assemble
from weather.ground import ground_wave
from weather.radiation import Radiation, make_radiation
from weather.sky import make_rain, sky_cover, sky_infrared
from weather.solar import sun_position
from weather.temperature import dew_point, dry_bulb, relative_humidity, sunrise_and_sunset_hours
from weather.wind import pressure, wind_direction, wind_speed

Floats = npt.NDArray[np.float64]
_GROUND_DEPTHS_M = (0.5, 2.0, 4.0)


def make_typical_year(city: str | City, seed: int = 0) -> xr.Dataset:
    """Make a typical year of a city from its monthly normals.

    Daily scores of temperature, clearness, humidity, range, pressure and wind are drawn together (`daily`), turned into
    hours, and fitted to the normals month by month. The same city, seed and library versions give the same bits.

    Parameters
    ----------
    city : str or City
        Name of a file in `weather/data`, or a city itself.
    seed : int
        Not negative; every seed is another plausible year with the same monthly means.

    Returns
    -------
    xr.Dataset
        As `read_epw` returns it; writing and reading it gives an equal Dataset.

    Raises
    ------
    InputError
        If there is no such city, the seed is negative, or the normals cannot be met.

    Examples
    --------
    >>> year = make_typical_year("shanghai")
    >>> round(float(year["dry_bulb_temperature"].mean()), 1)
    17.5
    """
    place = load_city(city) if isinstance(city, str) else city
    if seed < 0:
        raise InputError([Fault("weather", "seed", str(seed), "0 or more")])
    sources = np.random.SeedSequence([seed, zlib.crc32(place.name.encode())]).spawn(7)
    generators = [np.random.Generator(np.random.PCG64(source)) for source in sources]
    values = _weather(place, generators)
    dataset = assemble({**_dates(place), **values, **_fixed(place)})
    dataset.attrs.update(_header(place, seed))
    return dataset


def _weather(city: City, generators: list[np.random.Generator]) -> dict[str, npt.NDArray[Any]]:
    place = {"latitude_deg", "longitude_deg", "time_zone_h", "elevation_m"}
    location = xr.Dataset(attrs=city.model_dump(include=place))
    scores = draw_scores(city.spread, generators[0])
    light = make_radiation(city, sun_position(location), scores, generators[1])
    dry = np.round(dry_bulb(city, scores, *sunrise_and_sunset_hours(location), generators[2]), 2)
    dew = np.floor(dew_point(city, scores, dry, generators[6]) * 100 + 0.5 - 1e-6) / 100
    dew = np.minimum(dew, dry)
    humidity = np.round(relative_humidity(dry, dew), 1)
    cover = sky_cover(city, light.daily_clearness)
    rain = make_rain(city, light.daily_clearness, generators[5])
    return {
        "dry_bulb_temperature": dry,
        "dew_point_temperature": dew,
        "relative_humidity": humidity,
        "atmospheric_pressure": pressure(city, scores),
        "horizontal_infrared_radiation": np.round(sky_infrared(city, dry, dew, cover), 1),
        "wind_direction": wind_direction(city, generators[3]),
        "wind_speed": wind_speed(city, scores, generators[4]),
        "total_sky_cover": cover,
        "opaque_sky_cover": cover,
        "precipitable_water": _precipitable_water(dry, humidity),
        "liquid_precipitation_depth": rain.depth,
        "present_weather_codes": rain.codes,
        **_radiation_columns(light),
    }


def _radiation_columns(light: Radiation) -> dict[str, npt.NDArray[Any]]:
    return {
        "extraterrestrial_horizontal_radiation": np.round(light.extraterrestrial_horizontal, 1),
        "extraterrestrial_direct_normal_radiation": np.round(light.extraterrestrial_normal, 1),
        "global_horizontal_radiation": light.global_horizontal,
        "direct_normal_radiation": light.direct_normal,
        "diffuse_horizontal_radiation": light.diffuse_horizontal,
    }


def _precipitable_water(dry: Floats, humidity: Floats) -> Floats:
    """Gueymard 1994 (doi:10.1016/0038-092X(94)90097-T), in mm."""
    from pvlib import atmosphere

    return np.asarray(np.round(10 * np.asarray(atmosphere.gueymard94_pw(dry, humidity)), 1))


def _dates(city: City) -> dict[str, npt.NDArray[Any]]:
    return {
        "year": np.full(HOURS, city.typical_year),
        "month": MONTH_OF_HOUR + 1,
        "day": np.repeat(DAY_OF_MONTH, 24),
        "hour_of_day": np.tile(np.arange(1, 25), DAYS),
        "minute": np.zeros(HOURS),
    }


def _fixed(city: City) -> dict[str, npt.NDArray[Any]]:
    """Columns that a typical year does not know: stated constants, or missing where the engine never reads them."""
    known = city.unmodelled
    constants = {
        "visibility": known.visibility_km.value,
        "ceiling_height": known.ceiling_height_m.value,
        "aerosol_optical_depth": known.aerosol_optical_depth.value,
        "albedo": known.albedo.value,
        "snow_depth": 0.0,
        "days_since_last_snowfall": 88.0,
        "liquid_precipitation_quantity": 1.0,
        "present_weather_observation": 0.0,
    }
    absent = [row.name for row in columns() if row.name.endswith(("illuminance", "luminance"))]
    result: dict[str, npt.NDArray[Any]] = {name: np.full(HOURS, value) for name, value in constants.items()}
    result |= {name: np.full(HOURS, np.nan) for name in absent}
    result["source_and_uncertainty_flags"] = np.full(HOURS, "?9?9?9?9E0?9?9?9?9?9?9?9?9?9?9?9?9?9?9?9?9", dtype=object)
    return result


def _header(city: City, seed: int) -> dict[str, str | float]:
    ground = [
        f"{depth:g},,,," + ",".join(f"{value:.2f}" for value in ground_wave(
            city.normals.temperature_c.array, depth, city.shape.soil_diffusivity_m2_per_day.value))
        for depth in _GROUND_DEPTHS_M
    ]
    clear = "; ".join(
        f"{name} " + " ".join(f"{value:g}" for value in series.values)
        for name, series in (("taub", city.clear_sky.taub), ("taud", city.clear_sky.taud))
    )
    return {
        "city": city.label_en, "state": city.state, "country": city.country, "source": "Retrofolio typical year",
        "wmo": city.wmo, "latitude_deg": city.latitude_deg, "longitude_deg": city.longitude_deg,
        "time_zone_h": city.time_zone_h, "elevation_m": city.elevation_m,
        "design_conditions": header_record(city.design_conditions),
        "typical_extreme_periods": "0",
        "ground_temperatures": f"{len(ground)}," + ",".join(ground),
        "holidays_daylight_savings": "No,0,0,0",
        "comments_1": f"Made from monthly normals ({city.source}); city {city.name}; seed {seed}",
        "comments_2": f"No measured hours. Clear sky by month: {clear}",
        "data_periods": "1,1,Data,Sunday,1/1,12/31",
    }
