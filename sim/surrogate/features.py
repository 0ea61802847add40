"""What an engineer would compute first: physical features of a design, for the Gaussian processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim.surrogate.inputs import CHOICES, Table, distinct
from sim.surrogate.plant import is_system, terminal_fan_shares
from sim.surrogate.zones import FACADES, LOADS, SHAPE, _Padded, plans_of, window_share

Array = NDArray[np.float64]
OWN_LOADS = (*LOADS, "source_system", "terminal_fan_power_w_per_m3_h")
"""Parameters that corrected loads depend on: those of the network, the system, and what `load_features` asks beside."""


@dataclass(frozen=True)
class Areas:
    """Areas of whole buildings [m2], over case."""

    floor: Array
    conditioned: Array
    roof: Array
    wall: Array
    window: Array
    window_by_facade: Array

    def take(self, rows: NDArray[np.int64]) -> Areas:
        """Return the areas of some rows."""
        return Areas(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def areas_of(table: Table) -> Areas:
    """Return the areas of every case, by the same plans that the engine's models are drawn from.

    Examples
    --------
    A rectangle of 50 m x 18 m with three storeys of 3.9 m: 1 591 m2 of facade, 900 m2 of roof.
    """
    first, place = distinct(table, (*SHAPE, *(f"window_to_wall_ratio_{side}" for side in FACADES)))
    found = _areas(table.take(first))
    return found.take(place)


def _areas(table: Table) -> Areas:
    plan = _Padded(plans_of(table))
    facade = (plan.facade_length * plan.count[:, :, None]).sum(1) * table["storey_height_m"][:, None]
    window = facade * np.stack([window_share(table, f) for f in FACADES], axis=-1)
    floor = (plan.area * plan.count).sum(1)
    return Areas(
        floor=floor, conditioned=plan.conditioned_area, roof=floor / table["storeys"],
        wall=(facade - window).sum(1), window=window.sum(1), window_by_facade=window,
    )


def _seasons(loads: Array) -> tuple[Array, Array]:
    """Return how much of the cooling falls into July and August, and of the heating into December to February.

    They tell at which outdoor temperatures and part loads a plant works.
    """
    cooling, heating = loads[:, :12], loads[:, 12:]
    return tuple(
        side[:, months].sum(1) / np.maximum(side.sum(1), 1.0)
        for side, months in ((cooling, [6, 7]), (heating, [0, 1, 11])))


def load_features(table: Table, areas: Areas, monthly: Array) -> Array:
    """Return the features of the loads, shape (case, feature).

    Parameters
    ----------
    table : Table
        Designs.
    areas : Areas
        Their areas.
    monthly : ndarray (case, 36)
        Monthly sensible cooling, heating, latent cooling of the network [kW h].
    """
    floor = areas.floor
    cooling, heating, latent = (monthly[:, i : i + 12].sum(1) / floor for i in (0, 12, 24))
    loss = (
        areas.wall * table["wall_u_value_w_per_m2k"] + areas.roof * table["roof_u_value_w_per_m2k"]
        + areas.window * table["window_u_value_w_per_m2k"]
    ) / floor
    turn = np.radians(table["orientation_deg"][:, None] + np.arange(4) * 90.0)
    sun = areas.window_by_facade * table["window_shgc"][:, None] / floor[:, None]
    people = 1.0 / table["occupant_density_m2_per_person"]
    fan_cold, fan_hot = terminal_fan_shares(table)
    return np.stack([
        # fans of terminals warm the air that coils cool and help those that heat
        cooling * fan_cold, heating * fan_hot,
        cooling, heating, latent, *_seasons(monthly[:, :24]), loss,
        sun.sum(1), (sun * np.cos(turn)).sum(1), (sun * np.sin(turn) ** 2).sum(1),
        table["window_u_value_w_per_m2k"] * areas.window / floor,
        table["infiltration_ach"] * table["storey_height_m"],
        people * table["outdoor_air_m3_per_h_person"], table["heat_recovery_effectiveness"],
        table["lighting_power_density_w_per_m2"] * table["lighting_use_fraction"],
        table["equipment_power_density_w_per_m2"], table["equipment_standby_fraction"], people,
        table["cooling_setpoint_c"], table["heating_setpoint_c"],
        table["workday_end_h"] - table["workday_start_h"],
        (areas.wall + areas.window) / floor, 1.0 / table["storeys"], table["conditioned_fraction"],
        table["shading_projection_factor"],
        # what zones of several facades and the slab make wrong
        *(table.code("plan_shape") == shape for shape in range(1, len(CHOICES["plan_shape"]))),
        1.0 / (table["storeys"] * table["ground_floor_resistance_m2k_per_w"]), table["storey_height_m"],
        table["workday_start_h"],
    ], axis=1)


def system_features(table: Table, areas: Areas, loads: Array, sizes: Mapping[str, Array]) -> Array:
    """Return the features of a source system's efficiency, shape (case, feature).

    Parameters
    ----------
    table : Table
        Designs.
    areas : Areas
        Their areas.
    loads : ndarray (case, 24)
        Monthly cooling (sensible and latent) and heating heat [kW h].
    sizes : dict
        `cooling_capacity`, `heating_capacity`, `pump_motor_power`, `tower_fan_power` [kW].
    """
    cooling, heating = loads[:, :12].sum(1), loads[:, 12:].sum(1)
    cold, hot = (np.maximum(sizes[f"{side}_capacity"], 1e-3) for side in ("cooling", "heating"))
    boiler = is_system(table, "chiller_boiler", "absorption", "high_efficiency_plant")
    return np.stack([
        np.log(np.maximum(cooling, 1.0) / cold), np.log(np.maximum(heating, 1.0) / hot),
        np.log(cold / areas.floor), np.log(hot / areas.floor), np.log(table["cooling_cop"]),
        np.log(np.where(boiler, table["boiler_efficiency"], table["heating_cop"])),
        table["pump_head_kpa"] / 100.0, table["variable_flow"], table["tower_variable_speed"],
        table["supply_temperature_reset"], (table["chiller_type"] == 1) * 1.0, (table["chiller_type"] == 2) * 1.0,
        (table["boiler_type"] == 0) * 1.0, (table["boiler_type"] == 2) * 1.0,
        np.log(table["terminal_fan_power_w_per_m3_h"]), table["cooling_setpoint_c"], table["heating_setpoint_c"],
        heating / areas.floor, cooling / areas.floor,
        *_seasons(loads),
        table["workday_end_h"] - table["workday_start_h"],
    ], axis=1)
