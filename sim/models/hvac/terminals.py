"""What stands in the rooms: thermostat and fan coils."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.idd import OfficeIDF, add
from sim.models.systems import system_data

NO_OUTDOOR_AIR: dict[str, object] = {
    "Outdoor_Air_Method": "Flow/Zone",
    "Outdoor_Air_Flow_Rate_per_Person": 0.0,
    "Outdoor_Air_Flow_Rate_per_Zone_Floor_Area": 0.0,
    "Outdoor_Air_Flow_Rate_per_Zone": 0.0,
}
"""Outdoor air enters at zone level: a unit with cycling fan would give only part of it."""


def fan_pressure_pa(watts_per_m3_h: float) -> float:
    """Return the pressure rise that gives a fan its specific power.

    Pressure = specific power x 3600 x total efficiency.

    Examples
    --------
    0.1 W per m3/h at an efficiency of 0.35: 126 Pa.
    """
    return watts_per_m3_h * 3600.0 * system_data().fan_total_efficiency.value


def add_thermostat(idf: OfficeIDF) -> None:
    """Add the thermostat of all conditioned zones."""
    add(idf, "HVACTemplate:Thermostat", Name="thermostat", Heating_Setpoint_Schedule_Name="heating setpoint",
        Cooling_Setpoint_Schedule_Name="cooling setpoint")


def add_fan_coils(idf: OfficeIDF, frame: Frame) -> None:
    """Add a four-pipe fan coil with cycling fan to every conditioned zone."""
    data = system_data()
    efficiency = data.fan_total_efficiency.value
    for zone in frame.zones:
        add(idf, "HVACTemplate:Zone:FanCoil", Zone_Name=zone.name, Template_Thermostat_Name="thermostat",
            System_Availability_Schedule_Name="plant hours", Supply_Fan_Total_Efficiency=efficiency,
            Supply_Fan_Delta_Pressure=fan_pressure_pa(frame.design.terminal_fan_power_w_per_m3_h),
            Supply_Fan_Motor_Efficiency=0.8, Cooling_Coil_Availability_Schedule_Name="cooling season",
            Heating_Coil_Availability_Schedule_Name="heating season",
            Zone_Cooling_Design_Supply_Air_Temperature_Input_Method="SupplyAirTemperature",
            Cooling_Coil_Design_Setpoint=data.supply_air_c.cooling.value,
            Heating_Coil_Design_Setpoint=data.supply_air_c.heating.value,
            Capacity_Control_Method="CyclingFan", **NO_OUTDOOR_AIR)
