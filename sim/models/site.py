"""Where a building stands (`Site`) and how its model is run (`ModelSettings`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, field_validator, model_validator

from buildings.design import SourceSystem
from datafile import Frozen
from sim.calendar import Calendar, load_calendar
from sim.models.datafile import load

if TYPE_CHECKING:
    import xarray as xr

    from weather.design_days import DesignDay


@dataclass(frozen=True)
class Site:
    """What a model takes from the weather file and the calendar (frozen).

    `ground_temperatures_c`: undisturbed ground at 0.5 m depth, January to December.
    """

    name: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    time_zone_h: float
    design_days: tuple[DesignDay, ...]
    ground_temperatures_c: tuple[float, ...]
    calendar: Calendar


def site_of(weather: xr.Dataset, calendar: Calendar | None = None) -> Site:
    """Make the site of a weather year.

    Parameters
    ----------
    weather : xr.Dataset
        As `weather.read_epw` or `weather.make_typical_year` give it.
    calendar : Calendar, optional
        The 2025 calendar when not given.

    Examples
    --------
    The site of a Shanghai year has `time_zone_h` 8.0.
    """
    from weather import ground_temperatures_c
    from weather.design_days import design_days

    at = weather.attrs
    return Site(
        name=str(at["city"]),
        latitude_deg=float(at["latitude_deg"]),
        longitude_deg=float(at["longitude_deg"]),
        elevation_m=float(at["elevation_m"]),
        time_zone_h=float(at["time_zone_h"]),
        design_days=tuple(design_days(weather)),
        ground_temperatures_c=tuple(float(t) for t in ground_temperatures_c(weather)),
        calendar=calendar or load_calendar(),
    )


Steps = Literal[1, 2, 3, 4, 6]
RunPeriod = tuple[int, int, int, int]
ORDINARY_YEAR = 2025
"""Without a leap day, as all weather here."""


class ModelSettings(Frozen):
    """How a model is run (frozen, unknown keys refused); the defaults stand in `sim/data/settings.yaml`.

    Raises
    ------
    pydantic.ValidationError
        If a value is outside its range.
    """

    timesteps_per_hour: Steps
    least_timesteps_per_hour: dict[SourceSystem, Steps] = Field(description="of systems that need more")
    minimum_system_timestep_min: int = Field(ge=0, le=60, description="minutes; 0 is the engine's one minute")
    maximum_hvac_iterations: int = Field(ge=5, le=50)
    minimum_plant_iterations: int = Field(ge=1, le=10)
    maximum_plant_iterations: int = Field(ge=2, le=20)
    loads_tolerance: float = Field(gt=0, le=0.5, description="warm-up, fraction of load")
    temperature_tolerance_k: float = Field(gt=0, le=0.5, description="warm-up; the engine refuses more")
    largest_zone_temperature_step_k: float = Field(ge=0.1, le=3, description="above it the system step is halved")
    solar_distribution: Literal["MinimalShadowing", "FullExterior"]
    shading_update_days: int = Field(ge=1, le=60)
    interior_convection: Literal["TARP", "Simple"]
    exterior_convection: Literal["DOE-2", "TARP", "SimpleCombined"]
    zone_air_solution: Literal["ThirdOrderBackwardDifference", "AnalyticalSolution", "EulerMethod"]
    coil_direct_solution: bool = Field(description="the engine solves a fan coil's water flow without iteration")
    run_period: RunPeriod | None = Field(
        default=None, description="first month and day, last month and day; the whole year when not given"
    )
    hourly: bool = Field(default=True, description="report hourly electricity and gas")

    @model_validator(mode="after")
    def _iterations_in_order(self) -> Self:
        if self.minimum_plant_iterations > self.maximum_plant_iterations:
            raise ValueError("minimum_plant_iterations at most as large as maximum_plant_iterations")
        return self

    @field_validator("run_period")
    @classmethod
    def _days_in_order(cls, period: RunPeriod | None) -> RunPeriod | None:
        """Days of a year of 365 days (`date` refuses others), in order: the engine would go on into the next year."""
        if period and date(ORDINARY_YEAR, *period[:2]) > date(ORDINARY_YEAR, *period[2:]):
            raise ValueError("a run_period that begins before it ends")
        return period

    def steps_of(self, source_system: SourceSystem) -> int:
        """Return the steps per hour of a model with a source system."""
        return max(self.timesteps_per_hour, self.least_timesteps_per_hour.get(source_system, 0))


def default_settings(**changes: object) -> ModelSettings:
    """Return the default settings, with changes.

    Raises
    ------
    pydantic.ValidationError
        If a change names no setting or is outside its range.

    Examples
    --------
    >>> default_settings(timesteps_per_hour=6).timesteps_per_hour
    6
    """
    return ModelSettings.model_validate({**load("settings.yaml", ModelSettings).model_dump(), **changes})
