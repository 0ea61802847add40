"""From a table of designs to the thermal networks of their zones (arrays for `kernels_network`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from buildings.design import Design
from sim.models.envelope import construction_data, ground_u_value
from sim.models.geometry import modelled_storeys, zone_plan
from sim.schedules import day_schedules, schedule_data
from sim.surrogate.inputs import CHOICES, Table

Array = NDArray[np.float64]
FACADES = ("north", "east", "south", "west")

SHAPE = ("floor_area_m2", "storeys", "storey_height_m", "plan_shape", "aspect_ratio", "conditioned_fraction")
LOADS = (
    *SHAPE, "orientation_deg", *(f"window_to_wall_ratio_{f}" for f in FACADES), "wall_u_value_w_per_m2k",
    "roof_u_value_w_per_m2k", "ground_floor_resistance_m2k_per_w", "window_u_value_w_per_m2k", "window_shgc",
    "shading_projection_factor", "infiltration_ach", "lighting_power_density_w_per_m2", "lighting_use_fraction",
    "equipment_power_density_w_per_m2", "equipment_standby_fraction", "occupant_density_m2_per_person",
    "outdoor_air_m3_per_h_person", "heat_recovery_effectiveness", "workday_start_h", "workday_end_h",
    "cooling_setpoint_c", "heating_setpoint_c",
)
"""Parameters that the loads depend on; designs that agree in them share one run of the network."""

_HEAT_OF_AIR = 1.2 * 1006.0 / 3600.0
"""W per K and m3/h of air."""
_AIR_KG_PER_M3 = 1.2
DAY_TYPES = 6
"""Day off, working day; each in the heating season, the cooling season and between."""
_OFF_SETPOINTS = (100.0, -50.0)


@dataclass(frozen=True)
class Plan:
    """Areas of one building's zones, per modelled zone; `count` multiplies them to the whole building."""

    area: Array
    count: Array
    facade_length: Array
    partition_length: Array
    link: NDArray[np.int64]
    conditioned: Array
    on_ground: Array
    under_roof: Array
    ground_u: float


@lru_cache(maxsize=4096)
def plan_of(key: tuple[float, ...], ground_resistance: float) -> Plan:
    """Return the zone areas of a shape (values of `SHAPE`; the plan shape as its code)."""
    given = dict(zip(SHAPE, key, strict=True))
    design = Design.model_construct(**{  # type: ignore[arg-type]
        **given, "storeys": int(given["storeys"]), "plan_shape": CHOICES["plan_shape"][int(given["plan_shape"])],
        "ground_floor_resistance_m2k_per_w": ground_resistance,
    })
    plan = zone_plan(design)
    names = [zone.name for zone in plan.zones]
    inner = names.index(plan.inner)
    storeys = modelled_storeys(design)
    lengths = np.array([[sum(w.length_m for w in zone.walls if w.facade == f) for f in FACADES] for zone in plan.zones])
    partitions = np.array([sum(w.length_m for w in zone.partitions) for zone in plan.zones])
    per_storey = len(names)
    link = np.concatenate([
        np.where(partitions > 0, inner + i * per_storey, -1) for i in range(len(storeys))
    ])
    repeat = len(storeys)
    return Plan(
        area=np.tile([z.area_m2 for z in plan.zones], repeat),
        count=np.repeat([float(s.multiplier) for s in storeys], per_storey),
        facade_length=np.tile(lengths, (repeat, 1)),
        partition_length=np.tile(partitions, repeat),
        link=link.astype(np.int64),
        conditioned=np.tile([float(z.conditioned) for z in plan.zones], repeat),
        on_ground=np.repeat([float(s.on_ground) for s in storeys], per_storey),
        under_roof=np.repeat([float(s.under_roof) for s in storeys], per_storey),
        ground_u=ground_u_value(design, plan),
    )


def plans_of(table: Table) -> list[Plan]:
    """Return the plan of every case; equal shapes are cut into zones once."""
    keys = table.keys((*SHAPE, "ground_floor_resistance_m2k_per_w"))
    return [plan_of(tuple(row[:-1]), float(row[-1])) for row in keys.tolist()]


@dataclass(frozen=True)
class Networks:
    """Kernel inputs of some cases, see `kernels_network.run_network`."""

    zones: Array
    links: NDArray[np.int64]
    zone_count: NDArray[np.int64]
    air: Array
    schedules: Array


def networks_of(table: Table, coefficients: Mapping[str, float]) -> Networks:
    """Return the networks of all cases of a table.

    Parameters
    ----------
    table : Table
        Checked designs.
    coefficients : mapping
        Values of `sim/data/surrogate.yaml`.
    """
    plans = plans_of(table)
    padded = _Padded(plans)
    return Networks(
        _zone_rows(table, padded, coefficients), padded.link, padded.used, _air_rows(table, padded), schedules_of(table)
    )


class _Padded:
    """Plans side by side, unused zones empty; every array is (case, zone[, facade])."""

    def __init__(self, plans: list[Plan]) -> None:
        most = max(len(plan.area) for plan in plans)

        def fill(name: str, empty: float = 0.0) -> Array:
            first = getattr(plans[0], name)
            out = np.full((len(plans), most, *first.shape[1:]), empty)
            for row, plan in zip(out, plans, strict=True):
                row[: len(plan.area)] = getattr(plan, name)
            return out

        self.used = np.array([len(plan.area) for plan in plans], dtype=np.int64)
        self.area, self.count = fill("area"), fill("count")
        self.facade_length, self.partition_length = fill("facade_length"), fill("partition_length")
        self.link = fill("link", -1.0).astype(np.int64)
        self.conditioned, self.on_ground, self.under_roof = (
            fill("conditioned"), fill("on_ground"), fill("under_roof"))
        self.ground_u = np.array([plan.ground_u for plan in plans])
        self.conditioned_area = (self.area * self.count * self.conditioned).sum(1)


def _zone_rows(table: Table, plan: _Padded, c: Mapping[str, float]) -> Array:
    from sim.surrogate import kernels_network as k

    def case(name: str) -> Array:
        return table[name][:, None]

    area, height = plan.area, case("storey_height_m")
    # what concentrates on the conditioned zones: all of the building's people and plugs work there
    crowded = plan.conditioned * (table["floor_area_m2"] / plan.conditioned_area)[:, None]
    people = area * crowded / case("occupant_density_m2_per_person")
    facade = plan.facade_length * height[:, :, None]
    glass = facade * np.stack([window_share(table, f) for f in FACADES], -1)[:, None, :]
    rows = np.zeros((table.size, k.ZONE_ROWS, area.shape[1]))
    rows[:, k.AIR_CAPACITY] = area * height * _HEAT_OF_AIR * c["air_capacity_multiplier"]
    for row, name in ((k.MASS_CAPACITY, "mass_capacity_wh_per_m2k"), (k.DEEP_CAPACITY, "deep_capacity_wh_per_m2k"),
                      (k.AIR_SURFACE, "air_surface_w_per_m2k"), (k.MASS_SURFACE, "mass_surface_w_per_m2k"),
                      (k.MASS_DEEP, "mass_deep_w_per_m2k")):
        rows[:, row] = area * c[name]
    rows[:, k.WINDOW] = glass.sum(-1) * case("window_u_value_w_per_m2k") * c["window_u_multiplier"]
    rows[:, k.ROOF] = area * plan.under_roof * case("roof_u_value_w_per_m2k") * c["wall_multiplier"]
    rows[:, k.GROUND] = area * plan.on_ground * plan.ground_u[:, None] * c["ground_multiplier"]
    rows[:, k.INFILTRATION] = area * height * case("infiltration_ach") * _HEAT_OF_AIR
    rows[:, k.VENTILATION] = people * case("outdoor_air_m3_per_h_person") * _HEAT_OF_AIR
    rows[:, k.PEOPLE] = people * c["people_sensible_w"]
    rows[:, k.LIGHTS] = area * case("lighting_power_density_w_per_m2")
    rows[:, k.EQUIPMENT] = area * crowded * case("equipment_power_density_w_per_m2")
    shgc = case("window_shgc")[:, :, None] * c["solar_multiplier"]
    rows[:, k.APERTURE : k.APERTURE + 4] = (glass * shgc).transpose(0, 2, 1)
    loss = case("wall_u_value_w_per_m2k")[:, :, None] * c["wall_multiplier"]
    rows[:, k.WALL : k.WALL + 4] = ((facade - glass) * loss).transpose(0, 2, 1)
    rows[:, k.COUNT] = plan.count
    rows[:, k.PARTITION] = plan.partition_length * height * c["partition_w_per_m2k"]
    rows[:, k.CONDITIONED] = plan.conditioned
    return rows


def window_share(table: Table, facade: str) -> Array:
    """Return the window share of a facade as the models build it (a strip window leaves a frame) [1]."""
    return np.minimum(table[f"window_to_wall_ratio_{facade}"], 0.99 * construction_data().window_width_fraction)


def _air_rows(table: Table, plan: _Padded) -> Array:
    from sim.surrogate import kernels_network as k

    volume = (plan.area * plan.count * plan.conditioned).sum(1) * table["storey_height_m"]
    people = table["floor_area_m2"] / table["occupant_density_m2_per_person"]
    air = np.zeros((table.size, k.AIR_ROWS))
    air[:, k.AIR_MASS] = volume * _AIR_KG_PER_M3
    air[:, k.AIR_INFILTRATION] = volume * _AIR_KG_PER_M3 * table["infiltration_ach"]
    air[:, k.AIR_VENTILATION] = people * table["outdoor_air_m3_per_h_person"] * _AIR_KG_PER_M3
    air[:, k.AIR_PEOPLE] = people
    return air


@lru_cache(maxsize=4096)
def _day(start_h: float, end_h: float, workday: bool) -> Array:
    """Return occupancy, lighting, equipment, outdoor air and plant share of one kind of day, shape (5, 24)."""
    design = Design.model_construct(  # type: ignore[call-arg]
        workday_start_h=start_h, workday_end_h=end_h, lighting_use_fraction=1.0, equipment_standby_fraction=0.0,
        cooling_setpoint_c=0.0, heating_setpoint_c=0.0,
    )
    day = day_schedules(design, workday)
    return np.stack([day.occupancy, day.lighting, day.equipment, day.outdoor_air, day.hvac])


def day_profiles(table: Table) -> Array:
    """Return occupancy, lighting, equipment, outdoor air and plant share, shape (case, 5, day off or working day, 24).

    Lighting and equipment hold the design's use fraction and standby share.
    """
    hours, place = np.unique(table.keys(("workday_start_h", "workday_end_h")), axis=0, return_inverse=True)
    known = np.stack([[_day(*row, False), _day(*row, True)] for row in hours.tolist()]).transpose(0, 2, 1, 3)
    days = known[place.reshape(-1)]
    days[:, 1] *= table["lighting_use_fraction"][:, None, None]
    standby = table["equipment_standby_fraction"][:, None, None]
    days[:, 2] = standby + (1.0 - standby) * days[:, 2]
    return days


def schedules_of(table: Table) -> Array:
    """Return the kernel's schedules, shape (case, SCHEDULE_ROWS, DAY_TYPES, 24)."""
    from sim.surrogate import kernels_network as k

    days = day_profiles(table)
    out = np.zeros((table.size, k.SCHEDULE_ROWS, DAY_TYPES, 24))
    rows = (k.S_PEOPLE, k.S_LIGHTS, k.S_EQUIPMENT, k.S_AIR, k.S_PLANT)
    for season in range(3):
        for work in range(2):
            out[:, rows, 2 * season + work] = days[:, :, work]
    out[:, k.S_INFILTRATION] = 1.0
    recovered = 1.0 - table["heat_recovery_effectiveness"]
    out[:, k.S_AIR, :4] *= recovered[:, None, None]
    out[:, k.S_COOL], out[:, k.S_HEAT] = _OFF_SETPOINTS
    out[:, k.S_HEAT, 0:2] = table["heating_setpoint_c"][:, None, None]
    out[:, k.S_COOL, 2:4] = table["cooling_setpoint_c"][:, None, None]
    back = schedule_data().setback
    out[:, k.S_HEAT, 2:6] = back.heating_setpoint_c
    out[:, k.S_COOL, (0, 1, 4, 5)] = back.cooling_setpoint_c
    return out


def day_types(workdays: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the day type of each day: 0, 1 heating season, 2, 3 cooling season, 4, 5 between; odd = working day."""
    data = schedule_data()
    season = np.where(data.heating_season.days(), 0, np.where(data.cooling_season.days(), 1, 2))
    return (2 * season + workdays).astype(np.int64)
