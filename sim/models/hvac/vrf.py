"""VRF heat pump: one outdoor unit per modelled storey, an indoor unit per zone."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.hvac.terminals import NO_OUTDOOR_AIR, add_thermostat, fan_pressure_pa
from sim.models.idd import OfficeIDF, add
from sim.models.systems import system_data


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates of the system.

    Defrost is by reverse cycle. The thermostat with the larger load decides between cooling and heating.
    """
    design, data = frame.design, system_data()
    add_thermostat(idf)
    for storey in dict.fromkeys(zone.storey for zone in frame.zones):
        add(idf, "HVACTemplate:System:VRF", Name=f"{storey} VRF", System_Availability_Schedule_Name="plant hours",
            Gross_Rated_Cooling_COP=design.cooling_cop, Gross_Rated_Heating_COP=design.heating_cop,
            Minimum_Outdoor_Temperature_in_Cooling_Mode=data.vrf.lowest_outdoor_cooling_c,
            Maximum_Outdoor_Temperature_in_Heating_Mode=data.vrf.highest_outdoor_heating_c,
            Minimum_Heat_Pump_PartLoad_Ratio=data.vrf.minimum_part_load,
            Master_Thermostat_Priority_Control_Type="LoadPriority", Defrost_Strategy="ReverseCycle",
            Rated_Heating_Capacity_Sizing_Ratio=data.vrf.heating_over_cooling_capacity.value,
            Crankcase_Heater_Power_per_Compressor=0.0)
    for zone in frame.zones:
        add(idf, "HVACTemplate:Zone:VRF", Zone_Name=zone.name, Template_VRF_System_Name=f"{zone.storey} VRF",
            Template_Thermostat_Name="thermostat", System_Availability_Schedule_Name="plant hours",
            Supply_Fan_Total_Efficiency=data.fan_total_efficiency.value,
            Supply_Fan_Delta_Pressure=fan_pressure_pa(design.terminal_fan_power_w_per_m3_h),
            Supply_Fan_Motor_Efficiency=0.8, Cooling_Coil_Availability_Schedule_Name="cooling season",
            Heat_Pump_Heating_Coil_Availability_Schedule_Name="heating season", **NO_OUTDOOR_AIR)


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Leave the expanded system as it is: its curves are the template's."""
