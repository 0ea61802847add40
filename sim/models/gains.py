"""People, lights, plugs, outdoor air and infiltration of every zone."""

from __future__ import annotations

from functools import cache

from buildings.design import Design
from datafile import Frozen
from sim.models.datafile import Figure, load
from sim.models.geometry import Plan, PlanZone, Storey
from sim.models.idd import OfficeIDF, add


class GainData(Frozen):
    """The data file `sim/data/gains.yaml` (frozen, unknown keys refused)."""

    occupant_heat_w: Figure
    people_radiant_fraction: Figure
    lighting_radiant_fraction: Figure
    lighting_visible_fraction: Figure
    equipment_radiant_fraction: Figure
    infiltration_fraction_plant_on: Figure
    recovery_fan_power_w_per_m3_h: Figure
    recovery_fan_efficiency: Figure


@cache
def gain_data() -> GainData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("gains.yaml", GainData)


def people_per_m2(design: Design, plan: Plan) -> float:
    """Return people per conditioned floor area: all of the building's people work in its conditioned zones.

    Examples
    --------
    20 m2 gross per person and 80 % conditioned: 1 / (20 x 0.8) = 0.0625 per m2.
    """
    total = sum(zone.area_m2 for zone in plan.zones)
    conditioned = sum(zone.area_m2 for zone in plan.zones if zone.conditioned)
    return total / conditioned / design.occupant_density_m2_per_person


def add_gains(idf: OfficeIDF, design: Design, plan: Plan, plan_zone: PlanZone, storey: Storey) -> None:
    """Add gains and air flows of one zone; a service zone has lights and infiltration only."""
    data, zone = gain_data(), f"{storey.name} {plan_zone.name}"
    add(idf, "Lights", Name=f"{zone} lights", Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone,
        Schedule_Name="lighting", Design_Level_Calculation_Method="Watts/Area",
        Watts_per_Floor_Area=design.lighting_power_density_w_per_m2,
        Fraction_Radiant=data.lighting_radiant_fraction.value, Fraction_Visible=data.lighting_visible_fraction.value)
    add(idf, "ZoneInfiltration:DesignFlowRate", Name=f"{zone} infiltration",
        Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone, Schedule_Name="infiltration",
        Design_Flow_Rate_Calculation_Method="AirChanges/Hour", Air_Changes_per_Hour=design.infiltration_ach)
    if not plan_zone.conditioned:
        return
    share = people_per_m2(design, plan)
    add(idf, "People", Name=f"{zone} people", Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone,
        Number_of_People_Schedule_Name="occupancy", Number_of_People_Calculation_Method="People/Area",
        People_per_Floor_Area=share, Fraction_Radiant=data.people_radiant_fraction.value,
        Activity_Level_Schedule_Name="activity")
    plugs = design.equipment_power_density_w_per_m2 * share * design.occupant_density_m2_per_person
    add(idf, "ElectricEquipment", Name=f"{zone} plugs", Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone,
        Schedule_Name="equipment", Design_Level_Calculation_Method="Watts/Area", Watts_per_Floor_Area=plugs,
        Fraction_Radiant=data.equipment_radiant_fraction.value)
    _add_outdoor_air(idf, design, zone, storey.multiplier, share)


def _add_outdoor_air(idf: OfficeIDF, design: Design, zone: str, multiplier: int, people_per_area: float) -> None:
    """Add outdoor air at zone level.

    Fan coils and indoor units with a cycling fan give only part of their outdoor air, so it enters the zone by
    itself. Heat recovery is a smaller flow, (1 - effectiveness) of the design's, sensible and latent alike, in the
    heating and cooling seasons; between seasons the unit rests and windows give the whole flow.

    The engine counts the fan of a zone once, whatever the zone's multiplier, so that its pressure carries the
    multiplier; `Exhaust`, because it takes `Balanced` for two fans, and a fan's heat would be multiplied too.
    """
    flow = people_per_area * design.outdoor_air_m3_per_h_person / 3600
    left = 1.0 - design.heat_recovery_effectiveness
    data = gain_data()
    for name, factor in (("outdoor air in season", left), ("outdoor air between seasons", 1.0)):
        fields: dict[str, object] = {}
        if factor < 1.0:
            watts_per_flow = data.recovery_fan_power_w_per_m3_h.value * 3600 / left * multiplier
            fields = {"Ventilation_Type": "Exhaust", "Fan_Total_Efficiency": data.recovery_fan_efficiency.value,
                      "Fan_Pressure_Rise": watts_per_flow * data.recovery_fan_efficiency.value}
        add(idf, "ZoneVentilation:DesignFlowRate", Name=f"{zone} {name}",
            Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone, Schedule_Name=name,
            Design_Flow_Rate_Calculation_Method="Flow/Area", Flow_Rate_per_Floor_Area=flow * factor, **fields)


def add_service_power(idf: OfficeIDF, design: Design) -> None:
    """Add lifts, pumps and server rooms: metered as `other`, no heat to the zones."""
    if design.service_power_density_w_per_m2 > 0:
        add(idf, "Exterior:FuelEquipment", Name="service power", Fuel_Use_Type="Electricity", Schedule_Name="always",
            Design_Level=design.service_power_density_w_per_m2 * design.floor_area_m2)
