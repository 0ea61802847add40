"""Ground-source heat pump: chilled and heating water from one machine on a field of boreholes."""

from __future__ import annotations

import math

from eppy.bunch_subclass import EpBunch

from sim.models.frame import Frame
from sim.models.hvac import heat_pump, water
from sim.models.hvac.borefield import g_function
from sim.models.hvac.plant import replace_component
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import system_data

FIELD, FIELD_KIND = "borefield", "GroundHeatExchanger:System"
LOOP_LOW_C, LOOP_HIGH_C = 2.0, 60.0


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates; chiller, tower and boiler hold the places of heat pump and borefield."""
    design, data = frame.design, system_data()
    water.add_rooms(idf, frame)
    water.add_chilled_water(idf, design)
    water.add_chiller(idf, design)
    water.add_tower(idf)
    water.add_hot_water(idf, design, data.hot_water.heat_pump,
                        data.heat_pump_water_reset if design.supply_temperature_reset else None)
    water.add_boiler(idf, design)


def boreholes(frame: Frame) -> int:
    """Return the number of boreholes: conditioned area over the area that one serves.

    Examples
    --------
    5 400 m2 conditioned: 72 boreholes.
    """
    conditioned = sum(zone.area_m2 * zone.multiplier for zone in frame.zones)
    return max(1, math.ceil(conditioned / system_data().borefield.conditioned_area_per_borehole_m2.value))


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Put the heat pump's two sides and the borefield where chiller, boiler and tower stand."""
    data, design = system_data().ground_source_heat_pump, frame.design
    chiller = one(idf, "Chiller:Electric:EIR")
    source = chiller.Condenser_Inlet_Node_Name, chiller.Condenser_Outlet_Node_Name
    cooling = heat_pump.replace_chiller(idf, design.cooling_cop, data, ("water_cooling_capacity", "water_cooling_eir"))
    heating = heat_pump.replace_boiler(idf, design.heating_cop, data, ("water_heating_capacity", "water_heating_eir"))
    cooling.Source_Side_Inlet_Node_Name, cooling.Source_Side_Outlet_Node_Name = source
    heating.Source_Side_Inlet_Node_Name, heating.Source_Side_Outlet_Node_Name = "Bo Cnd Inlet", "Bo Cnd Outlet"
    for machine in (cooling, heating):
        machine.Condenser_Type = "WaterSource"
    _add_source_branch(idf)
    _replace_tower(idf, frame)
    # the engine's borefield runs away in steps of a minute: its plant is never halved below the zone's step
    steps = int(one(idf, "Timestep").Number_of_Timesteps_per_Hour)
    one(idf, "ConvergenceLimits").Minimum_System_Timestep = 60 // steps


def _insert(entry: EpBunch, after: str, name: str) -> None:
    """Insert a branch name after another one in a list, splitter or mixer."""
    words = list(entry.obj)
    while words[-1] == "":
        words.pop()
    place = [str(word).lower() for word in words].index(after.lower())
    words.insert(place + 1, name)
    for number, word in enumerate(words[1:], 1):
        entry[entry.fieldnames[number]] = word


def _add_source_branch(idf: OfficeIDF) -> None:
    """Add the heating side's branch to the ground loop, beside the cooling side's."""
    add(idf, "Branch", Name="Bo CndW Branch", Component_Object_Type_1=heat_pump.HEATING_KIND,
        Component_Name_1=heat_pump.HEATING, Component_Inlet_Node_Name_1="Bo Cnd Inlet",
        Component_Outlet_Node_Name_1="Bo Cnd Outlet")
    for kind, name in (
        ("BranchList", "CHW CndW Demand Side Branches"),
        ("Connector:Splitter", "CHW CndW Demand Splitter"),
        ("Connector:Mixer", "CHW CndW Demand Mixer"),
    ):
        _insert(idf.getobject(kind.upper(), name), "Ch CndW Branch", "Bo CndW Branch")


def _add_ground(idf: OfficeIDF, count: int) -> None:
    data = system_data().borefield
    capacity = data.ground_heat_capacity_j_per_m3k.value
    add(idf, "Site:GroundTemperature:Undisturbed:KusudaAchenbach", Name="ground",
        Soil_Thermal_Conductivity=data.ground_conductivity_w_per_mk.value, Soil_Density=1600.0,
        Soil_Specific_Heat=capacity / 1600.0,
        Average_Soil_Surface_Temperature=data.undisturbed_c.value + data.warming_k.value,
        Average_Amplitude_of_Surface_Temperature=0.0, Phase_Shift_of_Minimum_Surface_Temperature=0.0)
    add(idf, "GroundHeatExchanger:Vertical:Properties", Name="borehole",
        Depth_of_Top_of_Borehole=data.buried_depth_m.value, Borehole_Length=data.borehole_length_m.value,
        Borehole_Diameter=2 * data.borehole_radius_m.value,
        Grout_Thermal_Conductivity=data.grout_conductivity_w_per_mk.value, Grout_Thermal_Heat_Capacity=3.9e6,
        Pipe_Thermal_Conductivity=data.pipe_conductivity_w_per_mk.value, Pipe_Thermal_Heat_Capacity=1.8e6,
        Pipe_Outer_Diameter=data.pipe_outer_diameter_m.value, Pipe_Thickness=data.pipe_thickness_m.value,
        UTube_Distance=data.pipe_distance_m.value)
    pairs = g_function(count, data.borehole_length_m.value, data.borehole_radius_m.value, data.spacing_m.value,
                       data.buried_depth_m.value)
    fields: dict[str, object] = {}
    for number, (log_time, value) in enumerate(pairs, 1):
        fields |= {f"gFunction_LnTTs_Value_{number}": log_time, f"gFunction_g_Value_{number}": value}
    add(idf, "GroundHeatExchanger:ResponseFactors", Name="response",
        GHEVerticalProperties_Object_Name="borehole", Number_of_Boreholes=count,
        GFunction_Reference_Ratio=data.borehole_radius_m.value / data.borehole_length_m.value, **fields)


def _replace_tower(idf: OfficeIDF, frame: Frame) -> None:
    data, count, old = system_data().borefield, boreholes(frame), one(idf, "CoolingTower:SingleSpeed")
    _add_ground(idf, count)
    add(idf, FIELD_KIND, Name=FIELD, Inlet_Node_Name=old.Water_Inlet_Node_Name,
        Outlet_Node_Name=old.Water_Outlet_Node_Name,
        Design_Flow_Rate=data.flow_per_borehole_m3_per_s.value * count,
        Undisturbed_Ground_Temperature_Model_Type="Site:GroundTemperature:Undisturbed:KusudaAchenbach",
        Undisturbed_Ground_Temperature_Model_Name="ground",
        Ground_Thermal_Conductivity=data.ground_conductivity_w_per_mk.value,
        Ground_Thermal_Heat_Capacity=data.ground_heat_capacity_j_per_m3k.value,
        GHEVerticalResponseFactors_Object_Name="response")
    replace_component(idf, old.Name, "CoolingTower:SingleSpeed", FIELD_KIND, FIELD)
    idf.removeidfobject(old)
    for scheme in idf.idfobjects["CONDENSEREQUIPMENTOPERATIONSCHEMES"]:
        add(idf, "PlantEquipmentOperation:Uncontrolled", Name="borefield operation",
            Equipment_List_Name="CHW All Condensers")
        scheme.Control_Scheme_1_Object_Type = "PlantEquipmentOperation:Uncontrolled"
        scheme.Control_Scheme_1_Name = "borefield operation"
    loop = one(idf, "CondenserLoop")
    loop.Minimum_Loop_Temperature, loop.Maximum_Loop_Temperature = LOOP_LOW_C, LOOP_HIGH_C
