"""Split units: a packaged heat pump per zone."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.hvac.terminals import NO_OUTDOOR_AIR, add_thermostat, fan_pressure_pa
from sim.models.idd import OfficeIDF, add
from sim.models.systems import system_data


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates of the system; electric supplementary heat only in hard frost.

    A unit heats with what it was bought to cool with: too small on a winter morning if it were sized to the need alone.
    """
    design, data = frame.design, system_data()
    margin, factor = data.split.unit_step_margin.value, data.sizing_factor
    add_thermostat(idf)
    for zone in frame.zones:
        add(idf, "HVACTemplate:Zone:PTHP", Zone_Name=zone.name, Template_Thermostat_Name="thermostat",
            System_Availability_Schedule_Name="plant hours",
            Zone_Cooling_Sizing_Factor=factor.cooling.value * margin,
            Zone_Heating_Sizing_Factor=factor.heating.value * margin,
            Supply_Fan_Total_Efficiency=data.fan_total_efficiency.value,
            Supply_Fan_Delta_Pressure=fan_pressure_pa(design.terminal_fan_power_w_per_m3_h),
            Supply_Fan_Motor_Efficiency=0.8, Cooling_Coil_Availability_Schedule_Name="cooling season",
            Cooling_Coil_Gross_Rated_COP=design.cooling_cop,
            Heat_Pump_Heating_Coil_Availability_Schedule_Name="heating season",
            Heat_Pump_Heating_Coil_Gross_Rated_COP=design.heating_cop,
            Heat_Pump_Heating_Minimum_Outdoor_DryBulb_Temperature=data.split.lowest_outdoor_heating_c,
            Supplemental_Heating_Coil_Availability_Schedule_Name="heating season",
            Supplemental_Heating_Coil_Maximum_Outdoor_DryBulb_Temperature=data.split.highest_outdoor_supplementary_c,
            **NO_OUTDOOR_AIR)


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Leave the expanded system as it is: its curves are the template's."""
