"""Cooling towers: variable-speed fans and the control of the condenser-water temperature."""

from __future__ import annotations

from buildings.design import Design
from sim.models.hvac.curves import add_curve
from sim.models.hvac.plant import replace_component
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import system_data


def rate(idf: OfficeIDF) -> None:
    """Give the expanded tower Shanghai's design conditions."""
    data, found = system_data().tower, one(idf, "CoolingTower:SingleSpeed")
    found.Design_Inlet_Air_WetBulb_Temperature = data.design_wet_bulb_c
    found.Design_Approach_Temperature = data.approach_k
    found.Design_Range_Temperature = data.range_k


def control_condenser_water(idf: OfficeIDF, design: Design) -> None:
    """Let the condenser-water setpoint follow the wet bulb with an approach, where the tower's fans can follow."""
    if not design.tower_variable_speed:
        return
    data = system_data().condenser_water
    manager = one(idf, "SetpointManager:FollowOutdoorAirTemperature")
    manager.Offset_Temperature_Difference = data.approach_k
    manager.Maximum_Setpoint_Temperature = data.high_c
    manager.Minimum_Setpoint_Temperature = data.low_c


def make_variable_speed(idf: OfficeIDF) -> None:
    """Replace the single-speed tower of the template by one with variable-speed fans (Merkel's model)."""
    data, old = system_data().tower, one(idf, "CoolingTower:SingleSpeed")
    add(idf, "CoolingTower:VariableSpeed:Merkel", Name=old.Name, Water_Inlet_Node_Name=old.Water_Inlet_Node_Name,
        Water_Outlet_Node_Name=old.Water_Outlet_Node_Name, Performance_Input_Method="NominalCapacity",
        Nominal_Capacity="Autosize", Free_Convection_Nominal_Capacity="Autocalculate",
        Design_Water_Flow_Rate="Autosize", Design_Air_Flow_Rate="Autosize",
        Design_Fan_Power="Autosize", Design_Fan_Power_Per_Unit_of_Nominal_Capacity=data.fan_power_per_heat.value,
        Minimum_Air_Flow_Rate_Ratio=data.minimum_air_ratio,
        Fan_Power_Modifier_Function_of_Air_Flow_Rate_Ratio_Curve_Name=add_curve(idf, "tower_fan"),
        Free_Convection_Regime_Air_Flow_Rate="Autocalculate",
        Design_Air_Flow_Rate_UFactor_Times_Area_Value="Autosize",
        Free_Convection_Regime_UFactor_Times_Area_Value="Autocalculate",
        UFactor_Times_Area_Modifier_Function_of_Air_Flow_Ratio_Curve_Name=add_curve(idf, "tower_ua_air"),
        UFactor_Times_Area_Modifier_Function_of_Wetbulb_Temperature_Difference_Curve_Name=add_curve(
            idf, "tower_ua_wet_bulb"),
        UFactor_Times_Area_Modifier_Function_of_Water_Flow_Ratio_Curve_Name=add_curve(idf, "tower_ua_water"),
        Design_Inlet_Air_WetBulb_Temperature=data.design_wet_bulb_c,
        Design_Approach_Temperature=data.approach_k, Design_Range_Temperature=data.range_k)
    idf.removeidfobject(old)
    replace_component(idf, old.Name, "CoolingTower:SingleSpeed", "CoolingTower:VariableSpeed:Merkel", old.Name)


def keep_transfer(idf: OfficeIDF) -> None:
    """Let a variable-speed tower with a given UA use it: a drive on the fan of the tower that stands there."""
    for tower in idf.idfobjects["COOLINGTOWER:VARIABLESPEED:MERKEL"]:
        if str(tower.Design_Air_Flow_Rate_UFactor_Times_Area_Value).lower() != "autosize":
            tower.Performance_Input_Method = "UFactorTimesAreaAndDesignWaterFlowRate"
            tower.Nominal_Capacity = ""  # this method does not use it
