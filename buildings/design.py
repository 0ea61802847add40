"""The design: every physical parameter that an energy model of a building is made from.

A `Building` of the registry resolves to a baseline design; a package of measures turns it into a retrofitted
one. The engine's models, the surrogate's features and the columns of `simulations.nc` all read this one record.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SourceSystem = Literal[
    "chiller_boiler", "absorption", "vrf", "split", "air_source_heat_pump", "high_efficiency_plant",
    "ground_source_heat_pump",
]
PlanShape = Literal["rectangle", "l", "u", "courtyard"]
BoilerType = Literal["atmospheric", "standard", "condensing"]
ChillerType = Literal["screw", "centrifugal", "variable_speed"]
Equipment = Literal["cooling_source", "heating_source", "pumps", "tower", "terminals"]


def _number(units: str, low: float, high: float, text: str) -> float:
    return Field(ge=low, le=high, description=text, json_schema_extra={"units": units})


class Design(BaseModel):
    """Physical parameters of one building as it is, or after a package (frozen, unknown keys refused).

    Raises
    ------
    pydantic.ValidationError
        If a value lies outside the range stated with its field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # geometry
    floor_area_m2: float = _number("m2", 100, 300_000, "gross floor area")
    storeys: int = _number("1", 1, 60, "storeys above ground")  # type: ignore[assignment]  # _number is typed float
    storey_height_m: float = _number("m", 2.6, 6.0, "floor-to-floor height")
    plan_shape: PlanShape = "rectangle"
    aspect_ratio: float = _number("1", 1.0, 10.0, "long over short side of the plan's bounding rectangle")
    orientation_deg: float = _number("degree", 0, 360, "plan turned clockwise; at 0 long facades face N and S")
    window_to_wall_ratio_north: float = _number("1", 0, 0.95, "window share of the north facade")
    window_to_wall_ratio_east: float = _number("1", 0, 0.95, "window share of the east facade")
    window_to_wall_ratio_south: float = _number("1", 0, 0.95, "window share of the south facade")
    window_to_wall_ratio_west: float = _number("1", 0, 0.95, "window share of the west facade")
    conditioned_fraction: float = _number("1", 0.3, 1.0, "conditioned share of the gross floor area")
    # envelope
    wall_u_value_w_per_m2k: float = _number("W m-2 K-1", 0.1, 3.5, "outside wall with films")
    roof_u_value_w_per_m2k: float = _number("W m-2 K-1", 0.1, 3.5, "roof with films")
    ground_floor_resistance_m2k_per_w: float = _number("m2 K W-1", 0.05, 5, "ground slab")
    window_u_value_w_per_m2k: float = _number("W m-2 K-1", 0.8, 6.8, "glass and frame")
    window_shgc: float = _number("1", 0.1, 0.85, "solar heat gain coefficient of glass and frame")
    shading_projection_factor: float = _number("1", 0, 1.5, "overhang depth over window height: E, S, W")
    infiltration_ach: float = _number("h-1", 0, 3, "air changes when the air conditioning is off")
    # internal gains and operation
    lighting_power_density_w_per_m2: float = _number("W m-2", 1, 30, "installed lighting")
    lighting_use_fraction: float = _number("1", 0.3, 1.0, "share of the scheduled lighting left by controls")
    equipment_power_density_w_per_m2: float = _number("W m-2", 0, 60, "plug loads at full use")
    equipment_standby_fraction: float = _number("1", 0, 1, "share of the plug load left out of working hours")
    service_power_density_w_per_m2: float = _number(
        "W m-2", 0, 30, "lifts, pumps, server rooms: mean over the year, no zone heat"
    )
    occupant_density_m2_per_person: float = _number("m2", 3, 100, "gross floor area per person")
    outdoor_air_m3_per_h_person: float = _number("m3 h-1", 0, 100, "outdoor air per person in working hours")
    heat_recovery_effectiveness: float = _number("1", 0, 0.9, "of the outdoor-air flow, sensible and latent")
    workday_start_h: float = _number("h", 4, 12, "start of work")
    workday_end_h: float = _number("h", 13, 23, "end of work")
    cooling_setpoint_c: float = _number("degC", 20, 30, "occupied")
    heating_setpoint_c: float = _number("degC", 14, 25, "occupied")
    # source system
    source_system: SourceSystem
    cooling_cop: float = _number("1", 0.6, 9, "cooling source at its rating point (absorption: on gas, LHV)")
    heating_cop: float = _number("1", 1, 7, "heat pump, VRF, split at the rating point; unused with boilers")
    boiler_efficiency: float = _number("1", 0.5, 1.09, "gas boiler or heater, on the lower heating value")
    boiler_type: BoilerType = "standard"
    chiller_type: ChillerType = "screw"
    pump_head_kpa: float = _number("kPa", 50, 600, "chilled-water circuit; other circuits in proportion")
    variable_flow: bool = False
    tower_variable_speed: bool = False
    supply_temperature_reset: bool = False
    terminal_fan_power_w_per_m3_h: float = _number("W m-3 h", 0.02, 1, "fan coil, indoor unit")
    # what a package leaves in place keeps the sizes it has in `sizing`
    replaced_equipment: frozenset[Equipment] = frozenset()
    sizing: Design | None = Field(
        default=None, description="the design that sized the kept equipment; None: this design itself"
    )
