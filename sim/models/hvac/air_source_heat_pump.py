"""Modular air-source heat pump: chilled and heating water for fan coils from one outdoor unit."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.hvac import heat_pump, water
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import system_data


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates; chiller and boiler hold the places of the heat pump's two sides."""
    design, data = frame.design, system_data()
    water.add_rooms(idf, frame)
    water.add_chilled_water(idf, design)
    add(idf, "HVACTemplate:Plant:Chiller", Name=water.CHILLER, Chiller_Type="ElectricScrewChiller",
        Nominal_COP=design.cooling_cop, Condenser_Type="AirCooled", Priority=1)
    water.add_hot_water(idf, design, data.hot_water.heat_pump,
                        data.heat_pump_water_reset if design.supply_temperature_reset else None)
    water.add_boiler(idf, design)


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Put the two sides of the heat pump where chiller and boiler stand."""
    data = system_data().air_source_heat_pump
    for side in ("Cooling", "Heating"):
        add(idf, "OutdoorAir:Node", Name=f"{side} source inlet")
    design = frame.design
    cooling = heat_pump.replace_chiller(idf, design.cooling_cop, data, ("air_cooling_capacity", "air_cooling_eir"))
    heating = heat_pump.replace_boiler(idf, design.heating_cop, data, ("air_heating_capacity", "air_heating_eir"))
    for machine, side in ((cooling, "Cooling"), (heating, "Heating")):
        machine.Condenser_Type = "AirSource"
        machine.Source_Side_Inlet_Node_Name = f"{side} source inlet"
        machine.Source_Side_Outlet_Node_Name = f"{side} source outlet"
    one(idf, "HeatPump:PlantLoop:EIR:Heating").Heat_Pump_Defrost_Control = "None"
