"""Plant heat pumps in the places of the template's chiller and boiler."""

from __future__ import annotations

from eppy.bunch_subclass import EpBunch

from sim.models.hvac.curves import add_curve, evaluate
from sim.models.hvac.plant import replace_component
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import HeatPump, Point

COOLING, HEATING = "HP cooling", "HP heating"
COOLING_KIND, HEATING_KIND = "HeatPump:PlantLoop:EIR:Cooling", "HeatPump:PlantLoop:EIR:Heating"


def _machine(idf: OfficeIDF, kind: str, name: str, nodes: tuple[str, str], cop: float, data: HeatPump,
             curves: tuple[str, str], rating: Point) -> EpBunch:
    """Add one side of a heat pump. Its part-load curve multiplies the EIR (1 at full load), unlike a chiller's."""
    at = (rating.load_c, rating.source_c)
    capacity, eir = (add_curve(idf, curve, evaluate(curve, *at)) for curve in curves)
    return add(
        idf, kind, Name=name, Load_Side_Inlet_Node_Name=nodes[0], Load_Side_Outlet_Node_Name=nodes[1],
        Companion_Heat_Pump_Name=HEATING if name == COOLING else COOLING, Reference_Coefficient_of_Performance=cop,
        Capacity_Modifier_Function_of_Temperature_Curve_Name=capacity,
        Electric_Input_to_Output_Ratio_Modifier_Function_of_Temperature_Curve_Name=eir,
        Electric_Input_to_Output_Ratio_Modifier_Function_of_Part_Load_Ratio_Curve_Name=add_curve(
            idf, data.part_load_curve, evaluate(data.part_load_curve, 1.0), f"{name} part load"),
        Control_Type="Load", Flow_Mode="ConstantFlow", Minimum_Part_Load_Ratio=data.minimum_part_load)


def replace_chiller(idf: OfficeIDF, cop: float, data: HeatPump, curves: tuple[str, str]) -> EpBunch:
    """Put the cooling side of a heat pump in the chiller's place and return it."""
    old = one(idf, "Chiller:Electric:EIR")
    nodes = old.Chilled_Water_Inlet_Node_Name, old.Chilled_Water_Outlet_Node_Name
    machine = _machine(idf, COOLING_KIND, COOLING, nodes, cop, data, curves, data.cooling_rating)
    if data.cooling_margin is not None:
        machine.Sizing_Factor = data.cooling_margin.value
    idf.removeidfobject(old)
    replace_component(idf, old.Name, "Chiller:Electric:EIR", COOLING_KIND, COOLING)
    return machine


def replace_boiler(idf: OfficeIDF, cop: float, data: HeatPump, curves: tuple[str, str]) -> EpBunch:
    """Put the heating side of a heat pump in the boiler's place and return it.

    Its size is the larger of cooling and heating: it is the same machine.
    """
    old = one(idf, "Boiler:HotWater")
    nodes = old.Boiler_Water_Inlet_Node_Name, old.Boiler_Water_Outlet_Node_Name
    machine = _machine(idf, HEATING_KIND, HEATING, nodes, cop, data, curves, data.heating_rating)
    machine.Heat_Pump_Sizing_Method = "GreaterOfHeatingOrCooling"
    idf.removeidfobject(old)
    replace_component(idf, old.Name, "Boiler:HotWater", HEATING_KIND, HEATING)
    return machine
