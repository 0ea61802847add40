"""A city: monthly normals, spread, shapes and design conditions of its weather, read from one YAML file each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from datafile import Confidence, Frozen, load_yaml
from vocabulary import Fault, InputError, nearest

_FOLDER = Path(__file__).parent / "data"

Floats = npt.NDArray[np.float64]


class Monthly(Frozen):
    """Twelve values, January first, with source and confidence (A official ... D derived)."""

    values: Annotated[tuple[float, ...], Field(min_length=12, max_length=12)]
    source: str
    confidence: Confidence

    @property
    def array(self) -> Floats:
        """Return the values as an array (12)."""
        return np.asarray(self.values, dtype=np.float64)


class Profile(Frozen):
    """One value per hour of the day (rows 1 to 24), with source and confidence."""

    values: Annotated[tuple[float, ...], Field(min_length=24, max_length=24)]
    source: str
    confidence: Confidence


class Sectors(Frozen):
    """Share of hours with wind from N, NE, E, SE, S, SW, W, NW, with source and confidence."""

    values: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=8, max_length=8)]
    source: str
    confidence: Confidence


class Figure(Frozen):
    """One number with source and confidence."""

    value: float
    source: str
    confidence: Confidence


class Normals(Frozen):
    """Long-term monthly means that a made year keeps; units stand at the end of the names.

    `diffuse_fraction` (diffuse over global radiation), `sky_cover_tenths`, `sky_infrared_w_per_m2`, `rain_mm`
    and `rain_hours` may be absent: the published models then decide (rain: none).
    """

    temperature_c: Monthly
    daily_range_k: Monthly
    dew_point_c: Monthly
    global_radiation_wh_per_m2_day: Monthly
    wind_speed_m_per_s: Monthly
    pressure_pa: Monthly
    sky_cover_tenths: Monthly | None = None
    sky_infrared_w_per_m2: Monthly | None = None
    diffuse_fraction: Monthly | None = None
    rain_mm: Monthly | None = None
    rain_hours: Monthly | None = None


class ClearSky(Frozen):
    """ASHRAE clear-sky optical depths by month, dimensionless."""

    taub: Monthly
    taud: Monthly


class Spread(Frozen):
    """Standard deviations, lag-1 autocorrelations and correlations of daily values by month."""

    temperature_sd_k: Monthly
    temperature_lag1: Monthly
    dew_point_sd_k: Monthly
    clearness_sd: Monthly
    clearness_lag1: Monthly
    temperature_clearness: Monthly
    temperature_dew_point: Monthly
    dew_point_clearness: Monthly
    clearness_range: Monthly
    temperature_range: Monthly
    range_variation: Monthly
    pressure_sd_pa: Monthly
    temperature_pressure: Monthly
    wind_variation: Monthly


class Shape(Frozen):
    """How an hour stands to its day: profiles, hourly scatter and limits."""

    temperature_fraction_below_maximum: Profile
    warmest_hour: Figure
    coldest_after_sunrise_h: Figure
    temperature_noise_k: Figure
    temperature_noise_lag1: Figure
    dew_point_noise_k: Figure
    saturation_gap_k: Figure
    wind_diurnal_fraction: Figure
    wind_windiest_hour: Figure
    wind_weibull_shape: Figure
    wind_hourly_lag1: Figure
    largest_daily_clearness: Figure
    largest_hourly_clearness: Figure
    clearness_noise: Figure
    clearness_hourly_lag1: Figure
    rain_hourly_lag1: Figure
    rain_cloudiness_weight: Figure
    largest_direct_normal_w_per_m2: Figure
    soil_diffusivity_m2_per_day: Figure


class Unmodelled(Frozen):
    """Columns that a typical year cannot know, with the fixed value written."""

    visibility_km: Figure
    ceiling_height_m: Figure
    aerosol_optical_depth: Figure
    albedo: Figure


class HeatingConditions(Frozen):
    """ASHRAE annual heating conditions (99.6 and 99 %)."""

    coldest_month: int = Field(ge=1, le=12)
    dry_bulb_996_c: float
    dry_bulb_990_c: float
    wind_speed_m_per_s: float
    wind_direction_deg: float
    humidification_dew_point_c: float
    humidification_ratio_g_per_kg: float
    humidification_dry_bulb_c: float


Percentiles = Annotated[tuple[float, ...], Field(min_length=3, max_length=3)]


class CoolingConditions(Frozen):
    """ASHRAE annual cooling conditions (0.4, 1 and 2 %)."""

    hottest_month: int = Field(ge=1, le=12)
    daily_range_k: float
    wind_speed_m_per_s: float
    wind_direction_deg: float
    dry_bulb_c: Percentiles
    coincident_wet_bulb_c: Percentiles
    wet_bulb_c: Percentiles
    coincident_dry_bulb_c: Percentiles
    dehumidification_dew_point_c: float
    dehumidification_ratio_g_per_kg: float
    dehumidification_dry_bulb_c: float


class Extremes(Frozen):
    """Mean and standard deviation of the yearly extreme dry bulbs."""

    minimum_c: float
    maximum_c: float
    minimum_sd_k: float
    maximum_sd_k: float


class DesignConditions(Frozen):
    """Design conditions with their source."""

    source: str
    confidence: Confidence
    heating: HeatingConditions
    cooling: CoolingConditions
    extremes: Extremes


class City(Frozen):
    """Everything that a typical year of one place is made from."""

    name: str
    label_en: str
    label_zh: str
    country: str
    state: str
    wmo: str
    latitude_deg: float = Field(ge=-66, le=66)
    longitude_deg: float = Field(ge=-180, le=180)
    elevation_m: float = Field(ge=-420, le=6000)
    time_zone_h: float = Field(ge=-12, le=14)
    source: str
    typical_year: int = Field(ge=1900, le=2200)
    normals: Normals
    clear_sky: ClearSky
    spread: Spread
    shape: Shape
    wind_sectors: Sectors
    unmodelled: Unmodelled
    design_conditions: DesignConditions


def _city_files() -> dict[str, Path]:
    return {
        path.stem: path
        for path in sorted(_FOLDER.glob("*.yaml"))
        if path.read_text(encoding="utf-8").find("\nnormals:") >= 0
    }


def cities() -> tuple[str, ...]:
    """Return the names of the cities that have a data file.

    Examples
    --------
    >>> "shanghai" in cities()
    True
    """
    return tuple(_city_files())


@cache
def load_city(name: str) -> City:
    """Return one city.

    Parameters
    ----------
    name : str
        Name of its file in `weather/data`, without `.yaml`.

    Raises
    ------
    InputError
        If there is no such city, or its file holds unknown, missing or wrong keys (all in one message).

    Examples
    --------
    >>> load_city("shanghai").normals.temperature_c.values[0]
    5.3
    """
    files = _city_files()
    if name not in files:
        raise InputError([Fault("weather", "city", repr(name), f"one of {sorted(files)}", nearest(name, files))])
    return read_city(files[name])


def read_city(path: Path) -> City:
    """Return the city of one YAML file.

    Raises
    ------
    InputError
        If the file is no YAML mapping or holds unknown, missing or wrong keys (all in one message).
    """
    return load_yaml(path, City)
