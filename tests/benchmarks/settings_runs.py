"""One run of the settings table: an office with its source system and package, under one line of settings."""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest.mock import patch

import numpy as np
import yaml

from buildings import apply_package, load_catalogue
from buildings.design import Design
from sim.engine import energyplus
from sim.engine.results import read_run
from sim.models import (
    ModelSettings,
    build_idf,
    combine_sizes,
    default_settings,
    frame,
    occupied_hours,
    read_sizes,
    site_of,
    sizing_designs,
    sizing_idf,
)
from sim.models.geometry import Plan, PlanZone, zone_plan
from weather import make_typical_year, write_epw

OFFICE = yaml.safe_load((Path(__file__).parents[1] / "data/models/office.yaml").read_text(encoding="utf-8"))
OLD: dict[str, object] = {
    "floor_area_m2": 5100.0, "storeys": 6, "wall_u_value_w_per_m2k": 2.0, "roof_u_value_w_per_m2k": 1.5,
    "ground_floor_resistance_m2k_per_w": 0.3, "window_u_value_w_per_m2k": 6.4, "window_shgc": 0.72,
    "infiltration_ach": 1.0, "cooling_setpoint_c": 25.0, "heating_setpoint_c": 21.0,
}
"""An office from before 2005: what retrofits are for. Ground, middle (times four) and top storey."""
SYSTEMS: dict[str, dict[str, object]] = {
    "chiller_boiler": {}, "vrf": {"cooling_cop": 3.4, "heating_cop": 3.8},
    "air_source_heat_pump": {"cooling_cop": 3.2, "heating_cop": 3.3},
    "absorption": {"cooling_cop": 1.2}, "ground_source_heat_pump": {"cooling_cop": 5.0, "heating_cop": 4.0},
}
PACKAGES = ("none", "led", "window_replacement", "setpoint_management")
ENGINE_LIMITS: dict[str, object] = {
    "timesteps_per_hour": 6, "least_timesteps_per_hour": {}, "minimum_system_timestep_min": 1,
    "maximum_hvac_iterations": 20, "minimum_plant_iterations": 2, "maximum_plant_iterations": 8,
    "loads_tolerance": 0.04, "temperature_tolerance_k": 0.4, "largest_zone_temperature_step_k": 0.3,
    "zone_air_solution": "ThirdOrderBackwardDifference", "coil_direct_solution": False, "shading_update_days": 20,
    "solar_distribution": "FullExterior", "interior_convection": "TARP", "exterior_convection": "DOE-2",
}


def _constant_fans(text: str) -> str:
    return text.replace("CyclingFan", "ConstantFanVariableFlow")


def _every_zone_every_hour(text: str) -> str:
    names = ("Zone Mean Air Temperature", "Zone Air Relative Humidity", "Zone Total Internal Total Heating Energy",
             "Surface Inside Face Temperature", "System Node Temperature", "System Node Mass Flow Rate")
    return text + "".join(f"\nOutput:Variable,*,{name},Hourly;" for name in names)


def _as_it_is(text: str) -> str:
    return text


def one_perimeter_zone(design: Design) -> Plan:
    """Two zones a storey: all facades in one, and what lies behind them."""
    plan = zone_plan(design)
    rim = [zone for zone in plan.zones if zone.walls]
    rest = tuple(zone for zone in plan.zones if not zone.walls)
    whole = PlanZone("perimeter", True, sum((z.floors for z in rim), ()), sum((z.walls for z in rim), ()),
                     sum((z.partitions for z in rim), ()))
    return Plan((whole, *rest), plan.inner, plan.depth_m, plan.perimeter_m)


@dataclass(frozen=True)
class Line:
    """One line of the table: what differs from the reference."""

    kind: str
    changes: dict[str, object] = field(default_factory=dict)
    edit: Callable[[str], str] = _as_it_is
    plan: Callable[[Design], Plan] = zone_plan
    systems: tuple[str, ...] = ("chiller_boiler", "vrf", "air_source_heat_pump")

    @property
    def settings(self) -> ModelSettings:
        return default_settings(**({} if self.kind == "default" else ENGINE_LIMITS | self.changes))


ALL = tuple(SYSTEMS)
TWO = ("chiller_boiler", "vrf")
FAN_COILS = ("chiller_boiler", "air_source_heat_pump")
FINER = ("absorption", "ground_source_heat_pump")
LINES: dict[str, Line] = {
    "reference: 6 steps, engine's limits": Line("reference", systems=ALL),
    "default": Line("default", systems=ALL),
    "4 steps": Line("time steps", {"timesteps_per_hour": 4}, systems=ALL),
    "3 steps": Line("time steps", {"timesteps_per_hour": 3}, systems=FINER),
    "2 steps": Line("time steps", {"timesteps_per_hour": 2}),
    "4 steps, never halved": Line("time steps", {"timesteps_per_hour": 4, "minimum_system_timestep_min": 15}),
    "3 steps, never halved, analytical air": Line(
        "time steps", {"timesteps_per_hour": 3, "minimum_system_timestep_min": 20,
                       "zone_air_solution": "AnalyticalSolution"}),
    "3 steps, 10 iterations, plant 1 to 4": Line(
        "convergence limits", {"timesteps_per_hour": 3, "maximum_hvac_iterations": 10, "minimum_plant_iterations": 1,
                               "maximum_plant_iterations": 4}, systems=TWO),
    "3 steps, halved from 1.0 K": Line(
        "convergence limits", {"timesteps_per_hour": 3, "largest_zone_temperature_step_k": 1.0},
        systems=TWO),
    "3 steps, warm-up to 0.1 and 0.5 K": Line(
        "convergence limits", {"timesteps_per_hour": 3, "loads_tolerance": 0.1, "temperature_tolerance_k": 0.5},
        systems=TWO),
    "3 steps, fans always on": Line("capacity control", {"timesteps_per_hour": 3}, _constant_fans, systems=FAN_COILS),
    "3 steps, one perimeter zone": Line("zoning", {"timesteps_per_hour": 3}, plan=one_perimeter_zone,
                                         systems=TWO),
    "3 steps, months only": Line("reporting", {"timesteps_per_hour": 3, "hourly": False}, systems=TWO),
    "3 steps, all zones and nodes hourly": Line("reporting", {"timesteps_per_hour": 3}, _every_zone_every_hour,
                                                systems=TWO),
}


@dataclass(frozen=True)
class Run:
    """What one run gave: monthly use by carrier, highest demand, processor seconds of the engine."""

    electricity_kwh: tuple[float, ...]
    gas_kwh: tuple[float, ...]
    peak_kw: float
    seconds: float


@cache
def _bench() -> tuple[Path, object]:
    year = make_typical_year("shanghai")
    folder = Path(tempfile.mkdtemp(prefix="settings-"))
    write_epw(year, folder / "shanghai.epw")
    return folder, site_of(year)


def _engine(text: str, folder: Path) -> tuple[Path, float]:
    place = Path(tempfile.mkdtemp(dir=folder))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ended = energyplus.run(text, folder / "shanghai.epw", place, 1200)
    assert ended.exit_code == 0, (place / "eplusout.err").read_text(encoding="latin-1")[-2000:]
    return place, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def run(line_name: str, system: str, package: str) -> Run:
    """Size, write and run one model, in this process."""
    folder, site = _bench()
    line = LINES[line_name]
    settings = line.settings
    design = apply_package(Design(**{**OFFICE, **OLD, "source_system": system, **SYSTEMS[system]}), package,
                           load_catalogue())
    with patch.object(frame, "zone_plan", line.plan):
        sizes = []
        for needed in sizing_designs(design):
            place, _ = _engine(line.edit(sizing_idf(needed, site, settings)), folder)
            sizes.append(read_sizes((place / "eplusout.eio").read_text(encoding="latin-1")))
        place, seconds = _engine(line.edit(build_idf(design, site, settings, combine_sizes(design, sizes))), folder)
    found = read_run(place, occupied_hours(design, site.calendar)).results
    electricity, gas = np.asarray(found["energy_use"], dtype=float).sum(axis=1)
    peak = float(np.max(found["peak_demand"])) if "peak_demand" in found else float("nan")
    return Run(tuple(electricity.tolist()), tuple(gas.tolist()), peak, seconds)
