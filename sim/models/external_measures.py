"""Measures on a foreign model: what differs between two designs, carried over in proportion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from eppy.bunch_subclass import EpBunch

from buildings.design import Design
from sim.models.external_programs import scale_lamp_programs
from sim.models.idd import OfficeIDF, add
from vocabulary import Fault, InputError

Change = Callable[[OfficeIDF, Design, Design], int]
"""Changes the model from one design to another and returns the number of objects changed."""
NOT_PHYSICAL = ("sizing", "replaced_equipment")


def _scale(entries: Iterable[EpBunch], fields: Iterable[str], factor: float) -> int:
    """Multiply every number in the given fields; `autosize` and empty fields stay."""
    changed = 0
    for entry in entries:
        for field in fields:
            if field in entry.fieldnames and isinstance(entry[field], float | int):
                entry[field] = float(entry[field]) * factor
                changed += 1
    return changed


def _ratio(before: Design, after: Design, *fields: str) -> float:
    value = 1.0
    for field in fields:
        value *= float(getattr(after, field)) / float(getattr(before, field))
    return value


def _lamps(idf: OfficeIDF, before: Design, after: Design) -> int:
    factor = _ratio(before, after, "lighting_power_density_w_per_m2", "lighting_use_fraction")
    scale_lamp_programs(idf, factor)
    return _scale(idf.idfobjects["LIGHTS"], ("Lighting_Level", "Watts_per_Floor_Area", "Watts_per_Person"), factor)


def _plugs(idf: OfficeIDF, before: Design, after: Design) -> int:
    factor = _ratio(before, after, "equipment_power_density_w_per_m2")
    fields = ("Design_Level", "Watts_per_Floor_Area", "Watts_per_Person")
    return _scale(idf.idfobjects["ELECTRICEQUIPMENT"], fields, factor)


def _infiltration(idf: OfficeIDF, before: Design, after: Design) -> int:
    factor = _ratio(before, after, "infiltration_ach")
    fields = ("Design_Flow_Rate", "Flow_Rate_per_Floor_Area", "Flow_Rate_per_Exterior_Surface_Area",
              "Air_Changes_per_Hour")
    changed = _scale(idf.idfobjects["ZONEINFILTRATION:DESIGNFLOWRATE"], fields, factor)
    changed += _scale(idf.idfobjects["ZONEINFILTRATION:EFFECTIVELEAKAGEAREA"], ("Effective_Air_Leakage_Area",), factor)
    return changed + _scale(idf.idfobjects["ZONEINFILTRATION:FLOWCOEFFICIENT"], ("Flow_Coefficient",), factor)


def _windows(idf: OfficeIDF, before: Design, after: Design) -> int:
    """Give every window and glass door one simple glazing with the design's U-value and SHGC."""
    add(idf, "WindowMaterial:SimpleGlazingSystem", Name="retrofit glazing",
        UFactor=after.window_u_value_w_per_m2k, Solar_Heat_Gain_Coefficient=after.window_shgc)
    add(idf, "Construction", Name="retrofit window", Outside_Layer="retrofit glazing")
    changed = 0
    for kind in ("FENESTRATIONSURFACE:DETAILED", "WINDOW", "GLAZEDDOOR"):
        for entry in idf.idfobjects[kind]:
            detailed = kind == "FENESTRATIONSURFACE:DETAILED"
            if not detailed or str(entry.Surface_Type).lower() in ("window", "glassdoor"):
                entry.Construction_Name = "retrofit window"
                changed += 1
    return changed


def _insulated(idf: OfficeIDF, name: str, resistance_m2k_per_w: float) -> str:
    """Return a construction like another one with a layer of insulation on its inside."""
    title = f"{name} insulated"
    if idf.getobject("CONSTRUCTION", title) is None:
        material = f"insulation of {name}"
        add(idf, "Material:NoMass", Name=material, Roughness="MediumRough", Thermal_Resistance=resistance_m2k_per_w)
        layers = [layer for layer in idf.getobject("CONSTRUCTION", name).obj[2:] if layer != ""]
        layers.insert(max(1, len(layers) - 1) if len(layers) > 1 else 0, material)
        fields = {("Outside_Layer" if i == 0 else f"Layer_{i + 1}"): layer for i, layer in enumerate(layers)}
        add(idf, "Construction", Name=title, **fields)
    return title


def _insulation(idf: OfficeIDF, kinds: tuple[str, ...], added: float) -> int:
    changed = 0
    for entry in idf.idfobjects["BUILDINGSURFACE:DETAILED"]:
        outside = str(entry.Outside_Boundary_Condition).lower() == "outdoors"
        layered = idf.getobject("CONSTRUCTION", entry.Construction_Name) is not None
        if outside and layered and str(entry.Surface_Type).lower() in kinds:
            entry.Construction_Name = _insulated(idf, entry.Construction_Name, added)
            changed += 1
    return changed


def _walls(idf: OfficeIDF, before: Design, after: Design) -> int:
    return _insulation(idf, ("wall",), 1 / after.wall_u_value_w_per_m2k - 1 / before.wall_u_value_w_per_m2k)


def _roofs(idf: OfficeIDF, before: Design, after: Design) -> int:
    return _insulation(idf, ("roof",), 1 / after.roof_u_value_w_per_m2k - 1 / before.roof_u_value_w_per_m2k)


def _numbers(entry: EpBunch) -> list[tuple[int, float]]:
    """Return place and value of every number in a compact or constant schedule."""
    found = []
    for place, word in enumerate(entry.obj[3:], 3):
        try:
            found.append((place, float(word)))
        except ValueError:  # Through, For, Until
            continue
    return found


def _shift_setpoints(idf: OfficeIDF, field: str, shift_k: float, occupied: Callable[[Iterable[float]], float]) -> int:
    """Shift the occupied value of every thermostat schedule: its lowest for cooling, its highest for heating."""
    names = {str(entry[field]) for entry in idf.idfobjects["THERMOSTATSETPOINT:DUALSETPOINT"]}
    kind = "COOLING" if "Cooling" in field else "HEATING"
    names |= {str(entry.Setpoint_Temperature_Schedule_Name)
              for entry in idf.idfobjects[f"THERMOSTATSETPOINT:SINGLE{kind}"]}
    changed = 0
    for schedule_kind in ("SCHEDULE:COMPACT", "SCHEDULE:CONSTANT"):
        for schedule in idf.idfobjects[schedule_kind]:
            if schedule.Name not in names:
                continue
            numbers = _numbers(schedule)
            level = occupied([value for _, value in numbers])
            for place, value in numbers:
                if abs(value - level) < 0.5:
                    schedule.obj[place] = value + shift_k
                    changed += 1
    return changed


def _cooling_setpoint(idf: OfficeIDF, before: Design, after: Design) -> int:
    shift = after.cooling_setpoint_c - before.cooling_setpoint_c
    return _shift_setpoints(idf, "Cooling_Setpoint_Temperature_Schedule_Name", shift, min)


def _heating_setpoint(idf: OfficeIDF, before: Design, after: Design) -> int:
    shift = after.heating_setpoint_c - before.heating_setpoint_c
    return _shift_setpoints(idf, "Heating_Setpoint_Temperature_Schedule_Name", shift, max)


COOLING_COPS = {
    "CHILLER:ELECTRIC:EIR": ("Reference_COP",),
    "CHILLER:ELECTRIC:REFORMULATEDEIR": ("Reference_COP",),
    "CHILLER:ELECTRIC": ("Nominal_COP",),
    "COIL:COOLING:DX:SINGLESPEED": ("Gross_Rated_Cooling_COP",),
    "COIL:COOLING:DX:TWOSPEED": ("High_Speed_Gross_Rated_Cooling_COP", "Low_Speed_Gross_Rated_Cooling_COP"),
    "COIL:COOLING:WATERTOAIRHEATPUMP:EQUATIONFIT": ("Gross_Rated_Cooling_COP",),
    "AIRCONDITIONER:VARIABLEREFRIGERANTFLOW": ("Gross_Rated_Cooling_COP",),
    "HEATPUMP:PLANTLOOP:EIR:COOLING": ("Reference_Coefficient_of_Performance",),
}
HEATING_COPS = {
    "COIL:HEATING:DX:SINGLESPEED": ("Gross_Rated_Heating_COP",),
    "COIL:HEATING:WATERTOAIRHEATPUMP:EQUATIONFIT": ("Gross_Rated_Heating_COP",),
    "AIRCONDITIONER:VARIABLEREFRIGERANTFLOW": ("Gross_Rated_Heating_COP",),
    "HEATPUMP:PLANTLOOP:EIR:HEATING": ("Reference_Coefficient_of_Performance",),
}
BURNERS: dict[str, tuple[str]] = {
    "BOILER:HOTWATER": ("Nominal_Thermal_Efficiency",), "COIL:HEATING:FUEL": ("Burner_Efficiency",),
}
PUMPS = {"PUMP:CONSTANTSPEED": ("Design_Pump_Head",), "PUMP:VARIABLESPEED": ("Design_Pump_Head",)}


def _scale_table(idf: OfficeIDF, table: Mapping[str, tuple[str, ...]], factor: float) -> int:
    return sum(_scale(idf.idfobjects[kind], fields, factor) for kind, fields in table.items())


def _cooling_source(idf: OfficeIDF, before: Design, after: Design) -> int:
    return _scale_table(idf, COOLING_COPS, _ratio(before, after, "cooling_cop"))


def _heating_source(idf: OfficeIDF, before: Design, after: Design) -> int:
    return _scale_table(idf, HEATING_COPS, _ratio(before, after, "heating_cop"))


def _burners(idf: OfficeIDF, before: Design, after: Design) -> int:
    changed = _scale_table(idf, BURNERS, _ratio(before, after, "boiler_efficiency"))
    for kind, (field,) in BURNERS.items():
        for entry in idf.idfobjects[kind]:
            if float(entry[field]) > 1.0:
                raise InputError([Fault("model", f"{kind} {entry.Name}", f"{field} {float(entry[field]):.3f}",
                                        "at most 1 on the higher heating value")])
    return changed


def _pumps(idf: OfficeIDF, before: Design, after: Design) -> int:
    return _scale_table(idf, PUMPS, _ratio(before, after, "pump_head_kpa"))


@dataclass(frozen=True)
class Rule:
    """How a change of design fields is carried over, and the objects it looks for."""

    fields: tuple[str, ...]
    change: Change
    objects: str


RULES = (
    Rule(("lighting_power_density_w_per_m2", "lighting_use_fraction"), _lamps, "Lights"),
    Rule(("equipment_power_density_w_per_m2",), _plugs, "ElectricEquipment"),
    Rule(("infiltration_ach",), _infiltration, "ZoneInfiltration:*"),
    Rule(("window_u_value_w_per_m2k", "window_shgc"), _windows, "FenestrationSurface:Detailed"),
    Rule(("wall_u_value_w_per_m2k",), _walls, "BuildingSurface:Detailed of type wall"),
    Rule(("roof_u_value_w_per_m2k",), _roofs, "BuildingSurface:Detailed of type roof"),
    Rule(("cooling_setpoint_c",), _cooling_setpoint, "ThermostatSetpoint:* with Schedule:Compact"),
    Rule(("heating_setpoint_c",), _heating_setpoint, "ThermostatSetpoint:* with Schedule:Compact"),
    Rule(("cooling_cop",), _cooling_source, "chillers or DX cooling coils"),
    Rule(("heating_cop",), _heating_source, "heat pumps or DX heating coils"),
    Rule(("boiler_efficiency",), _burners, "Boiler:HotWater or Coil:Heating:Fuel"),
    Rule(("pump_head_kpa",), _pumps, "Pump:*"),
)
"""One more measure on foreign models is one more row."""


def changed_fields(before: Design, after: Design) -> set[str]:
    """Return the physical fields in which two designs differ.

    Examples
    --------
    After LED: {"lighting_power_density_w_per_m2"}.
    """
    return {name for name in Design.model_fields
            if name not in NOT_PHYSICAL and getattr(before, name) != getattr(after, name)}


def apply_measures(idf: OfficeIDF, before: Design, after: Design, path: str = "model") -> int:
    """Carry the difference between two designs over to a foreign model.

    Parameters
    ----------
    idf : OfficeIDF
        The model, changed in place.
    before, after : Design
        Baseline and retrofitted design.
    path : str
        For messages.

    Returns
    -------
    int
        Number of objects or fields changed.

    Raises
    ------
    InputError
        If the model holds nothing that a changed field could act on, or the field has no rule here: the message
        names the fields. (Another source system: `external_source.replace_source`.)
    """
    wanted = changed_fields(before, after)
    known = {field for rule in RULES for field in rule.fields}
    faults = [Fault(path, field, f"{getattr(before, field)} to {getattr(after, field)}",
                    "a change that can be made to a foreign model", "") for field in sorted(wanted - known)]
    total = 0
    for rule in RULES:
        if wanted.intersection(rule.fields):
            changed = rule.change(idf, before, after)
            total += changed
            if changed == 0:
                faults.append(Fault(path, ", ".join(rule.fields), "nothing to change", rule.objects))
    if faults:
        raise InputError(faults)
    return total
