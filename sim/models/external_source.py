"""Another source system in a foreign model: its plant is taken out as a whole and ours put in, zone by zone.

What heats and cools rooms goes: air loops, zone units, coils, fans, pumps, loops, their branches, nodes and controls.
Water heating for taps stays, with all of its loop. So do thermostats, schedules, gains and envelope. Outdoor air then
enters at zone level, with the flows and the schedule that the model gave its own system. What cannot be kept or given
back is in the way, and refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from eppy.bunch_subclass import EpBunch

from buildings.design import Design
from sim.models.expand import expand
from sim.models.frame import ConditionedZone, Frame
from sim.models.geometry import zone_plan
from sim.models.hvac import SYSTEMS
from sim.models.idd import OfficeIDF, add, idf_text, one, read_idf, schema
from vocabulary import Fault, InputError

PLANT_FIELDS = frozenset({
    "source_system", "cooling_cop", "heating_cop", "boiler_efficiency", "boiler_type", "chiller_type", "pump_head_kpa",
    "variable_flow", "tower_variable_speed", "supply_temperature_reset", "terminal_fan_power_w_per_m3_h",
})
"""Fields of a design that the new system is written with: no other rule needs to act on them."""
REMOVED_GROUPS = frozenset({
    "HVAC Design Objects", "Zone HVAC Forced Air Units", "Zone HVAC Radiative/Convective Units",
    "Zone HVAC Air Loop Terminal Units", "Zone HVAC Equipment Connections", "Fans", "Coils", "Unitary Equipment",
    "Variable Refrigerant Flow Equipment", "Controllers", "Air Distribution", "Node-Branch Management", "Pumps",
    "Plant Heating and Cooling Equipment", "Condenser Equipment and Heat Exchangers", "Plant-Condenser Loops",
    "Plant-Condenser Control", "System Availability Managers", "Setpoint Managers",
})
KEPT_KINDS = frozenset({"SIZING:PARAMETERS"})
WATER_HEATING = ("WATERHEATER:", "WATERUSE:")
REFUSED_GROUPS = frozenset({
    "AirflowNetwork", "Heat Recovery", "Humidifiers and Dehumidifiers", "Evaporative Coolers", "Refrigeration",
    "Solar Collectors", "Non-Zone Equipment", "User Defined HVAC and Plant Component Models", "Operational Faults",
    "Plant-Condenser Flow Control", "Hybrid Model",
})
REFUSED_KINDS = frozenset({"FAN:ZONEEXHAUST", "ZONECONTROL:HUMIDISTAT", "ZONECONTROL:CONTAMINANTCONTROLLER"})
READABLE = ("zone ", "people ", "lights ", "site ", "schedule ", "surface ", "electric equipment ")
"""What a program of the model may read and still work without the old plant."""
COMMANDABLE = ("lights", "electricequipment", "people", "schedule:", "surface", "material", "zoneinfiltration")
FLOWS = {
    "Flow/Person": ("Flow_Rate_per_Person", "Outdoor_Air_Flow_per_Person"),
    "Flow/Area": ("Flow_Rate_per_Floor_Area", "Outdoor_Air_Flow_per_Zone_Floor_Area"),
    "Flow/Zone": ("Design_Flow_Rate", "Outdoor_Air_Flow_per_Zone"),
    "AirChanges/Hour": ("Air_Changes_per_Hour", "Outdoor_Air_Flow_Air_Changes_per_Hour"),
}
"""Method of outdoor air: the field of `ZoneVentilation:DesignFlowRate` and of `DesignSpecification:OutdoorAir`."""
OWN_SCHEDULES = ("plant hours", "cooling season", "heating season", "always")


@cache
def _groups() -> dict[str, str]:
    return {kind.upper(): str(entry["group"]) for kind, entry in schema().items()}


def _objects(idf: OfficeIDF) -> Iterator[tuple[str, EpBunch]]:
    for kind, entries in idf.idfobjects.items():
        for entry in entries:
            yield kind, entry


def _name(entry: EpBunch) -> str:
    return str(entry.obj[1]).lower() if len(entry.obj) > 1 else ""


def _removable(kind: str) -> bool:
    return _groups()[kind] in REMOVED_GROUPS and kind not in KEPT_KINDS


def _with_loop(idf: OfficeIDF, loop: EpBunch) -> list[tuple[str, EpBunch]]:
    """Return a loop and everything that it names, and that names further: branches, pumps, heaters, controls."""
    by_name: dict[str, list[tuple[str, EpBunch]]] = {}
    zones = {_name(zone) for zone in idf.idfobjects["ZONE"]}  # the heater may stand in one
    for kind, entry in _objects(idf):
        if _name(entry) in zones:
            continue
        if _removable(kind) or kind.startswith(WATER_HEATING):
            by_name.setdefault(_name(entry), []).append((kind, entry))
    found: list[tuple[str, EpBunch]] = [("PLANTLOOP", loop)]
    seen = {id(loop)}
    for _, entry in found:  # grows while it is read
        for word in entry.obj[2:]:
            for kind, named in by_name.get(str(word).lower(), []):
                if id(named) not in seen:
                    seen.add(id(named))
                    found.append((kind, named))
    nodes = {str(word).lower() for _, entry in found for word in entry.obj[2:]} - {""}
    sizing = [("SIZING:PLANT", e) for e in idf.idfobjects["SIZING:PLANT"] if _name(e) == _name(loop)]
    setters = [(kind, entry) for kind, entry in _objects(idf) if kind.startswith("SETPOINTMANAGER:")
               and any(str(entry[field]).lower() in nodes for field in entry.fieldnames if "Setpoint_Node" in field)]
    return found + sizing + setters


def _kept_loops(idf: OfficeIDF) -> tuple[set[int], list[str]]:
    """Return the objects of loops that heat tap water, and the loops that do that and something else."""
    kept: set[int] = set()
    in_the_way = []
    for loop in idf.idfobjects["PLANTLOOP"]:
        objects = _with_loop(idf, loop)
        if any(kind.startswith(WATER_HEATING) for kind, _ in objects):
            if any(kind.startswith(("COIL:", "CHILLER:", "BOILER:", "ZONEHVAC:")) for kind, _ in objects):
                in_the_way.append(f"PlantLoop {loop.Name} (water for taps and for rooms)")
            kept |= {id(entry) for _, entry in objects}
    return kept, in_the_way


def _programs_in_the_way(idf: OfficeIDF) -> Iterator[str]:
    for sensor in idf.idfobjects["ENERGYMANAGEMENTSYSTEM:SENSOR"]:
        read = str(sensor.OutputVariable_or_OutputMeter_Name).lower()
        if ":" not in read and not read.startswith(READABLE):
            yield f"EnergyManagementSystem:Sensor {sensor.Name} ({read})"
    for actuator in idf.idfobjects["ENERGYMANAGEMENTSYSTEM:ACTUATOR"]:
        if not str(actuator.Actuated_Component_Type).lower().startswith(COMMANDABLE):
            yield f"EnergyManagementSystem:Actuator {actuator.Name}"


def _outdoor_air_in_the_way(idf: OfficeIDF) -> Iterator[str]:
    for air in idf.idfobjects["DESIGNSPECIFICATION:OUTDOORAIR"]:
        if str(air.Outdoor_Air_Method) not in (*FLOWS, "Sum", ""):
            yield f"DesignSpecification:OutdoorAir {air.Name} ({air.Outdoor_Air_Method})"
    if len(schedules := _minimum_air_schedules(idf)) > 1:
        yield f"Controller:OutdoorAir with {len(schedules)} schedules ({', '.join(sorted(schedules))})"


def in_the_way(idf: OfficeIDF) -> list[str]:
    """Return the objects because of which a model's plant cannot be replaced; empty where it can.

    Parameters
    ----------
    idf : OfficeIDF
        A foreign model, templates expanded.

    Examples
    --------
    The large ASHRAE office is refused for its humidifier and the programs that command its pumps.
    """
    found = [f"{entry.obj[0]} {entry.obj[1] if len(entry.obj) > 1 else ''}" for kind, entry in _objects(idf)
             if _groups()[kind] in REFUSED_GROUPS or kind in REFUSED_KINDS]
    found += [*_kept_loops(idf)[1], *_programs_in_the_way(idf), *_outdoor_air_in_the_way(idf)]
    found += [f"Schedule {name}" for name in OWN_SCHEDULES for kind, entry in _objects(idf)
              if kind.startswith("SCHEDULE:") and _name(entry) == name]
    return found if _zones(idf) else [*found, "no ZoneControl:Thermostat"]


def _minimum_air_schedules(idf: OfficeIDF) -> set[str]:
    return {str(c.Minimum_Outdoor_Air_Schedule_Name) for c in idf.idfobjects["CONTROLLER:OUTDOORAIR"]} - {""}


def _zones(idf: OfficeIDF) -> list[EpBunch]:
    """Return the zones with a thermostat."""
    lists = {_name(e): [str(word).lower() for word in e.obj[2:]] for e in idf.idfobjects["ZONELIST"]}
    names: set[str] = set()
    for control in idf.idfobjects["ZONECONTROL:THERMOSTAT"]:
        served = str(control.Zone_or_ZoneList_Name).lower()
        names |= set(lists.get(served, [served]))
    return [zone for zone in idf.idfobjects["ZONE"] if _name(zone) in names]


def _floor(idf: OfficeIDF, zone: EpBunch) -> tuple[float, float]:
    """Return area [m2] and height [m] of a zone's floor."""
    own = [s for s in idf.idfobjects["BUILDINGSURFACE:DETAILED"]
           if str(s.Zone_Name).lower() == _name(zone) and str(s.Surface_Type).lower() == "floor"]
    area = sum(float(surface.area) for surface in own)
    height = min((float(point[2]) for surface in own for point in surface.coords), default=0.0)
    return area, height


def _frame(idf: OfficeIDF, design: Design) -> Frame:
    zones = []
    for zone in _zones(idf):
        area, height = _floor(idf, zone)
        zones.append(ConditionedZone(str(zone.Name), f"level {height:.1f} m", area, int(zone.Multiplier or 1)))
    return Frame(design, zone_plan(design), tuple(zones))


def _ventilate(idf: OfficeIDF) -> None:
    """Give every conditioned zone the outdoor air that the model's system gave it."""
    specifications = {_name(e): e for e in idf.idfobjects["DESIGNSPECIFICATION:OUTDOORAIR"]}
    wanted = {str(e.Zone_or_ZoneList_Name).lower(): specifications.get(
        str(e.Design_Specification_Outdoor_Air_Object_Name).lower()) for e in idf.idfobjects["SIZING:ZONE"]}
    common = next(iter(_minimum_air_schedules(idf)), "always")
    for zone in _zones(idf):
        air = wanted.get(_name(zone))
        if air is None:
            continue
        method = str(air.Outdoor_Air_Method) or "Flow/Person"
        for own, (to, of) in FLOWS.items():
            if method in (own, "Sum") and float(air[of] or 0) > 0:
                add(idf, "ZoneVentilation:DesignFlowRate", Name=f"{zone.Name} outdoor air {own}",
                    Zone_or_ZoneList_or_Space_or_SpaceList_Name=zone.Name,
                    Schedule_Name=str(air.Outdoor_Air_Schedule_Name) or common,
                    Design_Flow_Rate_Calculation_Method=own, Ventilation_Type="Natural", **{to: float(air[of])})


def _take_out(idf: OfficeIDF) -> None:
    kept, _ = _kept_loops(idf)
    for kind in list(idf.idfobjects):
        if _removable(kind):
            for entry in [e for e in idf.idfobjects[kind] if id(e) not in kept]:
                idf.removeidfobject(entry)


def _put_in(idf: OfficeIDF, frame: Frame) -> OfficeIDF:
    """Add our system, available at all times: the model's own thermostats say when it works."""
    if not any(str(limits.Name).lower() == "any" for limits in idf.idfobjects["SCHEDULETYPELIMITS"]):
        add(idf, "ScheduleTypeLimits", Name="any")
    for name in OWN_SCHEDULES:
        add(idf, "Schedule:Constant", Name=name, Schedule_Type_Limits_Name="any", Hourly_Value=1.0)
    system = SYSTEMS[frame.design.source_system]
    system.add_templates(idf, frame)
    idf.removeallidfobjects("HVACTEMPLATE:THERMOSTAT")
    for kind, entry in list(_objects(idf)):
        if kind.startswith("HVACTEMPLATE:ZONE:"):
            entry.Template_Thermostat_Name = ""
    expanded = read_idf(expand(idf_text(idf)))
    system.finish(expanded, frame)
    control = one(expanded, "SimulationControl")
    control.Do_Zone_Sizing_Calculation = control.Do_Plant_Sizing_Calculation = "Yes"
    control.Do_System_Sizing_Calculation = control.Do_HVAC_Sizing_Simulation_for_Sizing_Periods = "No"
    return expanded


def replace_source(idf: OfficeIDF, design: Design, path: str = "model") -> OfficeIDF:
    """Return the model with the source system of a design in place of its own plant.

    Parameters
    ----------
    idf : OfficeIDF
        The model, placed on the study's site; it is used up.
    design : Design
        After the retrofit; its plant's fields say what is put in.
    path : str
        For messages.

    Returns
    -------
    OfficeIDF
        The model with our system, sized by the engine for its loads.

    Raises
    ------
    InputError
        If objects are in the way: the message names them.
    ExpandError
        If the template processor refuses the model.

    Examples
    --------
    The small DOE office, five packaged units and a water heater, takes VRF: five indoor units, the heater stays.
    """
    found = in_the_way(idf)
    if found:
        shown = ", ".join(found[:12]) + (f" and {len(found) - 12} more" if len(found) > 12 else "")
        raise InputError([Fault(path, "source system", shown, f"no plant in the way of {design.source_system}")])
    frame = _frame(idf, design)
    _ventilate(idf)
    _take_out(idf)
    return _put_in(idf, frame)
