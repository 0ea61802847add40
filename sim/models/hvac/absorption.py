"""Direct-fired absorption chiller-heater: chilled and heating water from one gas-fired machine."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.hvac import tower, water
from sim.models.hvac.curves import add_curve, evaluate
from sim.models.hvac.plant import replace_component
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import system_data
from vocabulary import GAS_LHV_OVER_HHV

MACHINE, KIND = "AbCh", "ChillerHeater:Absorption:DirectFired"


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates; chiller and boiler hold the places of the machine's two sides."""
    water.add_rooms(idf, frame)
    water.add_chilled_water(idf, frame.design, wet_bulb_control=frame.design.tower_variable_speed)
    water.add_chiller(idf, frame.design)
    water.add_tower(idf)
    water.add_hot_water(idf, frame.design, system_data().hot_water.boiler)
    water.add_boiler(idf, frame.design)


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Put the chiller-heater in the places of chiller and boiler."""
    _replace(idf, frame)
    # else the condenser pump also runs for heating
    for pump in idf.idfobjects["PUMP:VARIABLESPEED"]:
        if "CndW" in pump.Name:
            pump.Pump_Flow_Rate_Schedule_Name = "cooling season"
    tower.rate(idf)
    tower.control_condenser_water(idf, frame.design)
    if frame.design.tower_variable_speed:
        tower.make_variable_speed(idf)


def _replace(idf: OfficeIDF, frame: Frame) -> None:
    design, data, rating = frame.design, system_data().absorption, system_data().chiller_rating
    chiller, boiler = one(idf, "Chiller:Electric:EIR"), one(idf, "Boiler:HotWater")
    at = (rating.leaving_c, rating.condenser_c)
    curves = [add_curve(idf, name, evaluate(name, *at)) for name in ("double_effect_capacity", "double_effect_fuel")]
    part_load = add_curve(idf, "double_effect_plr", evaluate("double_effect_plr", 1.0))
    flat = add_curve(idf, "flat")
    add(idf, KIND, Name=MACHINE,
        Heating_to_Cooling_Capacity_Ratio=data.heating_over_cooling_capacity.value,
        Fuel_Input_to_Cooling_Output_Ratio=1.0 / (GAS_LHV_OVER_HHV * design.cooling_cop),
        Fuel_Input_to_Heating_Output_Ratio=1.0 / (GAS_LHV_OVER_HHV * design.boiler_efficiency),
        Electric_Input_to_Cooling_Output_Ratio=data.electric_per_cooling.value,
        Electric_Input_to_Heating_Output_Ratio=data.electric_per_heating.value,
        Chilled_Water_Inlet_Node_Name=chiller.Chilled_Water_Inlet_Node_Name,
        Chilled_Water_Outlet_Node_Name=chiller.Chilled_Water_Outlet_Node_Name,
        Condenser_Inlet_Node_Name=chiller.Condenser_Inlet_Node_Name,
        Condenser_Outlet_Node_Name=chiller.Condenser_Outlet_Node_Name,
        Hot_Water_Inlet_Node_Name=boiler.Boiler_Water_Inlet_Node_Name,
        Hot_Water_Outlet_Node_Name=boiler.Boiler_Water_Outlet_Node_Name,
        Minimum_Part_Load_Ratio=data.minimum_part_load, Optimum_Part_Load_Ratio=data.optimum_part_load,
        Design_Entering_Condenser_Water_Temperature=rating.condenser_c,
        Design_Leaving_Chilled_Water_Temperature=rating.leaving_c,
        Cooling_Capacity_Function_of_Temperature_Curve_Name=curves[0],
        Fuel_Input_to_Cooling_Output_Ratio_Function_of_Temperature_Curve_Name=curves[1],
        Fuel_Input_to_Cooling_Output_Ratio_Function_of_Part_Load_Ratio_Curve_Name=part_load,
        Electric_Input_to_Cooling_Output_Ratio_Function_of_Temperature_Curve_Name=add_curve(
            idf, "flat_both", label="flat both"),
        Electric_Input_to_Cooling_Output_Ratio_Function_of_Part_Load_Ratio_Curve_Name=flat,
        Heating_Capacity_Function_of_Cooling_Capacity_Curve_Name=add_curve(idf, "less_heating"),
        Fuel_Input_to_Heat_Output_Ratio_During_Heating_Only_Operation_Curve_Name=add_curve(idf, "linear_fuel"),
        Chilled_Water_Temperature_Lower_Limit=data.chilled_water_low_limit_c, Fuel_Type="NaturalGas")
    for old, kind in ((chiller, "Chiller:Electric:EIR"), (boiler, "Boiler:HotWater")):
        replace_component(idf, old.Name, kind, KIND, MACHINE)
        idf.removeidfobject(old)
