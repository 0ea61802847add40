"""The frame of a model: run control, site, weather, design days, zones; everything but the source system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from buildings.design import Design
from sim.models.envelope import add_constructions, add_zone
from sim.models.gains import add_gains, add_service_power, gain_data
from sim.models.geometry import Plan, modelled_storeys, zone_plan
from sim.models.idd import OfficeIDF, add, read_idf
from sim.models.site import ModelSettings, Site
from sim.models.systems import system_data
from sim.models.timetable import add_calendar, add_schedules

if TYPE_CHECKING:
    from weather.design_days import DesignDay

WHOLE_YEAR = (1, 1, 12, 31)


@dataclass(frozen=True)
class ConditionedZone:
    """A zone that the source system serves."""

    name: str
    storey: str
    area_m2: float
    multiplier: int


@dataclass(frozen=True)
class Frame:
    """What a source system needs to know of the building that it serves."""

    design: Design
    plan: Plan
    zones: tuple[ConditionedZone, ...]


def frame_of(design: Design) -> Frame:
    """Return the conditioned zones of a design."""
    plan = zone_plan(design)
    zones = tuple(
        ConditionedZone(f"{storey.name} {zone.name}", storey.name, zone.area_m2, storey.multiplier)
        for storey in modelled_storeys(design)
        for zone in plan.zones
        if zone.conditioned
    )
    return Frame(design, plan, zones)


def _add_control(idf: OfficeIDF, design: Design, settings: ModelSettings, sizing_only: bool) -> None:
    add(idf, "Version", Version_Identifier="25.2")
    add(idf, "SimulationControl", Do_Zone_Sizing_Calculation="Yes", Do_System_Sizing_Calculation="No",
        Do_Plant_Sizing_Calculation="Yes", Run_Simulation_for_Sizing_Periods="Yes" if sizing_only else "No",
        Run_Simulation_for_Weather_File_Run_Periods="No" if sizing_only else "Yes")
    add(idf, "Building", Name="office", North_Axis=design.orientation_deg % 360, Terrain="Suburbs",
        Loads_Convergence_Tolerance_Value=settings.loads_tolerance,
        Temperature_Convergence_Tolerance_Value=settings.temperature_tolerance_k,
        Solar_Distribution=settings.solar_distribution)
    steps = settings.steps_of(design.source_system)
    add(idf, "Timestep", Number_of_Timesteps_per_Hour=steps)
    add(idf, "SurfaceConvectionAlgorithm:Inside", Algorithm=settings.interior_convection)
    add(idf, "SurfaceConvectionAlgorithm:Outside", Algorithm=settings.exterior_convection)
    add(idf, "ShadowCalculation", Shading_Calculation_Update_Frequency=settings.shading_update_days)
    add(idf, "ConvergenceLimits", Minimum_System_Timestep=settings.minimum_system_timestep_min,
        Maximum_HVAC_Iterations=settings.maximum_hvac_iterations,
        Minimum_Plant_Iterations=settings.minimum_plant_iterations,
        Maximum_Plant_Iterations=settings.maximum_plant_iterations)
    add(idf, "PerformancePrecisionTradeoffs", Override_Mode="Advanced",
        Use_Coil_Direct_Solutions="Yes" if settings.coil_direct_solution else "No",
        MaxZoneTempDiff=settings.largest_zone_temperature_step_k)
    factor = system_data().sizing_factor
    add(idf, "Sizing:Parameters", Heating_Sizing_Factor=factor.heating.value,
        Cooling_Sizing_Factor=factor.cooling.value, Timesteps_in_Averaging_Window=steps)
    add(idf, "ZoneAirHeatBalanceAlgorithm", Algorithm=settings.zone_air_solution)
    add(idf, "GlobalGeometryRules", Starting_Vertex_Position="LowerLeftCorner",
        Vertex_Entry_Direction="Counterclockwise", Coordinate_System="World")


def _add_design_day(idf: OfficeIDF, day: DesignDay) -> None:
    cooling = day.kind == "cooling"
    sky: dict[str, object] = {"Solar_Model_Indicator": "ASHRAEClearSky", "Sky_Clearness": 1.0 if cooling else 0.0}
    if cooling and getattr(day, "taub", None) is not None:
        sky = {"Solar_Model_Indicator": "ASHRAETau",
               "ASHRAE_Clear_Sky_Optical_Depth_for_Beam_Irradiance_taub": day.taub,
               "ASHRAE_Clear_Sky_Optical_Depth_for_Diffuse_Irradiance_taud": day.taud}
    add(idf, "SizingPeriod:DesignDay", Name=day.name, Month=day.month, Day_of_Month=day.day,
        Day_Type="SummerDesignDay" if cooling else "WinterDesignDay", Maximum_DryBulb_Temperature=day.dry_bulb_c,
        Daily_DryBulb_Temperature_Range=day.daily_range_k, Humidity_Condition_Type="WetBulb",
        Wetbulb_or_DewPoint_at_Maximum_DryBulb=day.wet_bulb_c, Barometric_Pressure=day.pressure_pa,
        Wind_Speed=day.wind_speed_m_per_s, Wind_Direction=day.wind_direction_deg, **sky)


def add_site(idf: OfficeIDF, site: Site, *, ground: bool = True) -> None:
    """Add the place, its design days and, if asked, its ground temperatures."""
    add(idf, "Site:Location", Name=site.name, Latitude=site.latitude_deg, Longitude=site.longitude_deg,
        Time_Zone=site.time_zone_h, Elevation=site.elevation_m)
    months = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December")
    temperatures = {f"{month}_Ground_Temperature": float(t) for month, t in
                    zip(months, site.ground_temperatures_c, strict=True)}
    if ground:
        add(idf, "Site:GroundTemperature:FCfactorMethod", **temperatures)
    for day in site.design_days:
        _add_design_day(idf, day)


def add_run_period(idf: OfficeIDF, site: Site, settings: ModelSettings) -> None:
    """Add the run period with the calendar's weekdays, holidays and make-up days; the weather file's are not used."""
    first_month, first_day, last_month, last_day = settings.run_period or WHOLE_YEAR
    year = site.calendar.year
    add(idf, "RunPeriod", Name="year", Begin_Month=first_month, Begin_Day_of_Month=first_day, Begin_Year=year,
        End_Month=last_month, End_Day_of_Month=last_day, End_Year=year,
        Use_Weather_File_Holidays_and_Special_Days="No", Use_Weather_File_Daylight_Saving_Period="No",
        Use_Weather_File_Rain_Indicators="No", Use_Weather_File_Snow_Indicators="No")
    add_calendar(idf, site.calendar)


def building_frame(design: Design, site: Site, settings: ModelSettings, *, sizing_only: bool = False) -> OfficeIDF:
    """Build the model without its source system.

    Parameters
    ----------
    design : Design
        The building.
    site : Site
        Weather file's place and design days, calendar.
    settings : ModelSettings
        Time steps, limits, algorithms.
    sizing_only : bool
        Run the design days only.

    Returns
    -------
    OfficeIDF
        Zones, constructions, gains, schedules and run control.
    """
    idf = read_idf()
    data = gain_data()
    _add_control(idf, design, settings, sizing_only)
    add_site(idf, site)
    add_run_period(idf, site, settings)
    add_schedules(idf, design, data.infiltration_fraction_plant_on.value, data.occupant_heat_w.value)
    plan = zone_plan(design)
    add_constructions(idf, design, plan)
    for storey in modelled_storeys(design):
        for zone in plan.zones:
            add_zone(idf, design, plan, zone, storey)
            add_gains(idf, design, plan, zone, storey)
    add_service_power(idf, design)
    return idf
