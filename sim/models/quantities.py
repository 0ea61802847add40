"""The quantities that costs are computed from: capacities, motor power, units, flows and areas."""

from __future__ import annotations

from collections.abc import Mapping

from buildings.design import Design
from sim.models.envelope import envelope_areas
from sim.models.geometry import zone_plan
from sim.models.sizes import ALIKE, EIO_LINE, KeptSizes, read_sizes
from sim.models.systems import system_data

KW = 1e-3
COOLING = (
    "CHILLER:ELECTRIC:EIR|Design Size Reference Capacity",
    "CHILLERHEATER:ABSORPTION:DIRECTFIRED|Design Size Nominal Cooling Capacity",
    "HEATPUMP:PLANTLOOP:EIR:COOLING|Design Size Nominal Capacity",
    "AIRCONDITIONER:VARIABLEREFRIGERANTFLOW|Design Size Rated Total Cooling Capacity (gross)",
    "COIL:COOLING:DX:SINGLESPEED|Design Size Gross Rated Total Cooling Capacity",
)
HEATING = (
    "BOILER:HOTWATER|Design Size Nominal Capacity",
    "HEATPUMP:PLANTLOOP:EIR:HEATING|Design Size Nominal Capacity",
    "AIRCONDITIONER:VARIABLEREFRIGERANTFLOW|Design Size Rated Total Heating Capacity",
    "COIL:HEATING:DX:SINGLESPEED|Design Size Gross Rated Heating Capacity",
)
PUMPS = ("PUMP:CONSTANTSPEED|Design Power Consumption", "PUMP:VARIABLESPEED|Design Power Consumption")
TOWER_FANS = (
    "COOLINGTOWER:SINGLESPEED|Fan Power at Design Air Flow Rate",
    "COOLINGTOWER:VARIABLESPEED:MERKEL|Design Fan Power",
)

FOREIGN_COOLING = (
    "CHILLER:", "CHILLERHEATER:", "HEATPUMP:PLANTLOOP:EIR:COOLING", "AIRCONDITIONER:VARIABLEREFRIGERANTFLOW",
    "COIL:COOLING:DX:SINGLESPEED", "COIL:COOLING:DX:TWOSPEED", "COIL:COOLING:WATERTOAIRHEATPUMP:",
)
FOREIGN_HEATING = (
    "BOILER:", "HEATPUMP:PLANTLOOP:EIR:HEATING", "COIL:HEATING:FUEL", "COIL:HEATING:ELECTRIC", "COIL:HEATING:DX:",
    "COIL:HEATING:WATERTOAIRHEATPUMP:",
)
CAPACITIES = (
    "Reference Capacity", "Nominal Capacity", "Nominal Cooling Capacity", "Gross Rated Total Cooling Capacity",
    "High Speed Gross Rated Total Cooling Capacity", "Rated Total Cooling Capacity (gross)",
    "Gross Rated Heating Capacity", "Rated Heating Capacity", "Rated Total Heating Capacity",
)
TOWER_POWERS = ("Fan Power at Design Air Flow Rate", "Design Fan Power", "High Fan Speed Fan Power")


def _total(sizes: Mapping[str, float], wanted: tuple[str, ...]) -> float:
    """Add up sizes; the engine's sizes of zone units hold the storey's multiplier already."""
    total = 0.0
    for key, size in sizes.items():
        kind, _, description = key.split("|")
        if f"{kind}|{description}" in wanted:
            total += size
    return total


def _reported(eio_text: str, kept_sizes: KeptSizes) -> KeptSizes:
    """Return kept sizes, and reported ones of what is not kept.

    Of a kept tower that got a drive the engine reports the fan that it would have given it, beside the one it has.
    """
    kept = {tuple(key.split("|")[:2]) for key in kept_sizes}

    def is_kept(key: str) -> bool:
        kind, name, _ = key.split("|")
        return any((alike, name) in kept for alike in ALIKE.get(kind, (kind,)))

    return {key: size for key, size in read_sizes(eio_text).items() if not is_kept(key)} | kept_sizes


def quantities(design: Design, eio_text: str, kept_sizes: KeptSizes | None = None) -> dict[str, float]:
    """Return what costs are computed from.

    Parameters
    ----------
    design : Design
        The design of the run.
    eio_text : str
        Its `eplusout.eio`.
    kept_sizes : KeptSizes, optional
        The sizes given to `build_idf`: the engine does not report again what it was given.

    Returns
    -------
    dict
        `floor_area, conditioned_area, window_area, wall_area, roof_area` [m2]; `cooling_capacity,
        heating_capacity, pump_motor_power, tower_fan_power` [kW]; `terminal_count` [1];
        `ventilation_flow` [m3/h].

    Examples
    --------
    A chiller of 557 885 W in the file gives `cooling_capacity` 557.885.
    """
    sizes = _reported(eio_text, kept_sizes or {})
    plan, data = zone_plan(design), system_data()
    areas = envelope_areas(design, plan)
    cooling = _total(sizes, COOLING) * KW
    heating = _total(sizes, HEATING) * KW
    if design.source_system == "absorption":
        heating = cooling * data.absorption.heating_over_cooling_capacity.value
    return {
        "floor_area": design.floor_area_m2,
        **areas,
        "cooling_capacity": cooling,
        "heating_capacity": heating,
        "pump_motor_power": _total(sizes, PUMPS) * KW,
        "tower_fan_power": _total(sizes, TOWER_FANS) * KW,
        "terminal_count": float(round(areas["conditioned_area"] / data.area_per_terminal_m2.value)),
        "ventilation_flow": design.floor_area_m2 / design.occupant_density_m2_per_person
        * design.outdoor_air_m3_per_h_person,
    }


def _foreign_sizes(eio_text: str) -> dict[tuple[str, str, str], float]:
    """Return every component size, by kind, name and description; what the model gives itself before what was sized."""
    found: dict[tuple[str, str, str], float] = {}
    for line in sorted(eio_text.splitlines(), key=lambda line: "User-Specified" in line):
        words = [word.strip() for word in line.split(",")]
        if words[0] == EIO_LINE and len(words) >= 5:
            description = words[3].rsplit("[", 1)[0].strip()
            for start in ("Design Size ", "User-Specified "):
                description = description.removeprefix(start)
            try:
                found[words[1].upper(), words[2].upper(), description] = float(words[4])
            except ValueError:  # "Sizing Option, NonCoincident"
                continue
    return found


def foreign_quantities(design: Design, eio_text: str) -> dict[str, float]:
    """Return what costs are computed from, for a model that somebody else wrote.

    Areas, people and terminals are the registry's; capacities and motors are all that the engine reports, whatever
    objects the model has. A capacity that is not reported is 0.

    Parameters
    ----------
    design : Design
        The design of the registry.
    eio_text : str
        The run's `eplusout.eio`.

    Returns
    -------
    dict
        As `quantities` returns.

    Examples
    --------
    Five packaged units of 10 kW give `cooling_capacity` 50.
    """
    sizes = _foreign_sizes(eio_text)

    def total(kinds: tuple[str, ...], descriptions: tuple[str, ...]) -> float:
        return KW * sum(size for (kind, _, description), size in sizes.items()
                        if kind.startswith(kinds) and description in descriptions)

    return quantities(design, "") | {
        "cooling_capacity": total(FOREIGN_COOLING, CAPACITIES),
        "heating_capacity": total(FOREIGN_HEATING, CAPACITIES),
        "pump_motor_power": total(("PUMP:", "HEADEREDPUMPS:"), ("Design Power Consumption",)),
        "tower_fan_power": total(("COOLINGTOWER:",), TOWER_POWERS),
    }
