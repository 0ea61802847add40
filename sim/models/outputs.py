"""What a run reports, and what each report means: the one table that the engine's reader goes by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from buildings.design import Design
from sim.calendar import Calendar
from sim.models.idd import OfficeIDF, add
from sim.models.site import ModelSettings
from sim.schedules import day_schedules
from vocabulary import GAS_LHV_OVER_HHV

JOULES_PER_KWH = 3.6e6
UNMET_TOLERANCE_K = 1.0
Frequency = Literal["Monthly", "Hourly"]
Source = Literal["meter", "variable"]


@dataclass(frozen=True)
class Output:
    """One series of a run.

    `quantity` is the variable it belongs to (`energy_use`, `electricity_hourly`, ...); several outputs of one
    quantity, carrier and end use are added. `factor` times the engine's figure gives kW h (J for meters), or hours.
    """

    name: str
    frequency: Frequency
    source: Source
    quantity: str
    factor: float
    carrier: str = ""
    end_use: str = ""


ENGINE_END_USES: dict[str, tuple[str, ...]] = {
    "heating": ("Heating",),
    "cooling": ("Cooling",),
    "fans": ("Fans",),
    "pumps": ("Pumps",),
    "heat_rejection": ("HeatRejection",),
    "interior_lighting": ("InteriorLights",),
    "exterior_lighting": ("ExteriorLights",),
    "interior_equipment": ("InteriorEquipment",),
    "water_systems": ("WaterSystems",),
    "other": ("ExteriorEquipment", "Humidification", "HeatRecovery", "Refrigeration", "Cogeneration"),
}
"""Our end uses, and the engine's end-use categories that each of them adds up."""
ENGINE_CARRIERS = {"electricity": ("Electricity", 1.0), "natural_gas": ("NaturalGas", GAS_LHV_OVER_HHV)}
"""Our carriers: the engine's resource, and our kWh per engine's kWh (gas: higher to lower heating value)."""


def _outputs() -> tuple[Output, ...]:
    found = []
    for carrier, (resource, factor) in ENGINE_CARRIERS.items():
        scale = factor / JOULES_PER_KWH
        for end_use, categories in ENGINE_END_USES.items():
            for category in categories:
                name = f"{category}:{resource}"
                found.append(Output(name, "Monthly", "meter", "energy_use", scale, carrier, end_use))
        hourly = "electricity_hourly" if carrier == "electricity" else "natural_gas_hourly"
        found.append(Output(f"{resource}:Facility", "Hourly", "meter", hourly, scale, carrier))
        found.append(Output(f"{resource}:Facility", "Monthly", "meter", "energy_use_total", scale, carrier))
    one = 1.0 / JOULES_PER_KWH
    found += [
        Output("CoolingCoils:EnergyTransfer", "Monthly", "meter", "cooling_delivered", one),
        Output("HeatingCoils:EnergyTransfer", "Monthly", "meter", "heating_delivered", one),
        Output("ElectricityProduced:Facility", "Hourly", "meter", "pv_generation_hourly", one),
        Output("Facility Heating Setpoint Not Met While Occupied Time", "Monthly", "variable", "unmet_hours", 1.0),
        Output("Facility Cooling Setpoint Not Met While Occupied Time", "Monthly", "variable", "unmet_hours", 1.0),
    ]
    return tuple(found)


OUTPUTS: tuple[Output, ...] = _outputs()
"""Every series that a run may report. A meter that a model lacks (no gas, no tower, no PV) is not in its files: 0.
`energy_use_total` is the engine's own sum over end uses of a carrier, for checking ours. `unmet_hours`: hours in
which any conditioned, occupied zone is more than 1.0 K off its setpoint (the engine's facility variables are the
union over zones); over `occupied_hours` it gives `unmet_fraction`. Seasons do not overlap, so heating and cooling
hours may be added."""

OFF_FILES = ("Tabular", "SQLite", "JSON", "AUDIT", "Space_Sizing", "Zone_Sizing", "System_Sizing", "DXF", "BND", "RDD",
             "MDD", "MTD", "SHD", "DFS", "GLHE", "DelightIn", "DelightELdmp", "DelightDFdmp", "EDD", "DBG", "PerfLog",
             "SLN", "SCI", "WRL", "Screen", "ExtShd", "Tarcog", "Plant_Component_Sizing")


def add_outputs(idf: OfficeIDF, settings: ModelSettings) -> None:
    """Request the outputs and switch every file off that nobody reads."""
    for output in OUTPUTS:
        if output.frequency == "Hourly" and not settings.hourly:
            continue
        if output.source == "meter":
            add(idf, "Output:Meter:MeterFileOnly", Key_Name=output.name, Reporting_Frequency=output.frequency)
        else:
            add(idf, "Output:Variable", Key_Value="*", Variable_Name=output.name,
                Reporting_Frequency=output.frequency)
    add(idf, "OutputControl:ReportingTolerances", Tolerance_for_Time_Heating_Setpoint_Not_Met=UNMET_TOLERANCE_K,
        Tolerance_for_Time_Cooling_Setpoint_Not_Met=UNMET_TOLERANCE_K)
    add(idf, "OutputControl:Files", **{f"Output_{name}": "No" for name in OFF_FILES})


def occupied_hours(design: Design, calendar: Calendar) -> float:
    """Return the hours of the year in which people are in and the plant runs: what unmet hours are compared with.

    Examples
    --------
    Work from 8 to 17: people and plant 7 to 18 on 248 working days are 2728 h.
    """
    work = day_schedules(design, True)
    return float(np.where(work.occupancy > 0, work.hvac, 0.0).sum() * calendar.workdays.sum())
