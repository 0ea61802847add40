"""Settings of a run against errors and time: the table behind `sim/data/settings.yaml`.

`python -m pytest tests/benchmarks/test_settings_table.py -m long -s` prints it and writes
`out/settings_table.csv`. Errors are relative to the reference: 6 steps per hour, the engine's default convergence
limits. Savings: LED, new windows, and a better source, electricity and gas added.
"""

from __future__ import annotations

import csv
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from buildings.design import Design
from sim.engine import energyplus
from sim.engine.results import read_run
from sim.models import (
    build_idf,
    combine_sizes,
    default_settings,
    occupied_hours,
    read_sizes,
    site_of,
    sizing_designs,
    sizing_idf,
)
from weather import make_typical_year, write_epw

ROOT = Path(__file__).parents[2]
OFFICE = yaml.safe_load((ROOT / "tests/data/models/office.yaml").read_text(encoding="utf-8"))
REFERENCE = {"timesteps_per_hour": 6, "minimum_system_timestep_min": 1, "maximum_hvac_iterations": 20,
             "minimum_plant_iterations": 2, "maximum_plant_iterations": 8, "shading_update_days": 20,
             "zone_air_solution": "ThirdOrderBackwardDifference", "coil_direct_solution": False,
             "loads_tolerance": 0.04, "temperature_tolerance_k": 0.4, "largest_zone_temperature_step_k": 0.3}
SETTINGS: dict[str, dict[str, object]] = {
    "reference": {},
    "4 steps": {"timesteps_per_hour": 4},
    "4 steps, not halved": {"timesteps_per_hour": 4, "minimum_system_timestep_min": 15},
    "2 steps": {"timesteps_per_hour": 2},
    "2 steps, analytical air": {"timesteps_per_hour": 2, "zone_air_solution": "AnalyticalSolution"},
    "2 steps, halved to 10 min": {"timesteps_per_hour": 2, "minimum_system_timestep_min": 10},
    "2 steps, not halved": {"timesteps_per_hour": 2, "minimum_system_timestep_min": 30},
}
SYSTEMS: dict[str, dict[str, object]] = {
    "chiller_boiler": {}, "vrf": {"cooling_cop": 3.4, "heating_cop": 3.8},
    "air_source_heat_pump": {"cooling_cop": 3.2, "heating_cop": 3.3},
}
MEASURES: dict[str, dict[str, object]] = {
    "none": {},
    "led": {"lighting_power_density_w_per_m2": 5.0},
    "windows": {"window_u_value_w_per_m2k": 2.0, "window_shgc": 0.35},
    "setpoints": {"cooling_setpoint_c": 27.0, "heating_setpoint_c": 18.5},
}
LIMITS = {"electricity": 0.005, "gas": 0.015, "saving": 0.01}


class Bench:
    """Runs a design under settings and keeps annual electricity, gas, monthly use, peak and processor seconds."""

    def __init__(self, folder: Path) -> None:
        dataset = make_typical_year("shanghai")
        self.weather, self.site, self.folder, self.count = folder / "w.epw", site_of(dataset), folder, 0
        write_epw(dataset, self.weather)

    def run(self, design: Design, changes: dict[str, object]) -> tuple[np.ndarray, float, float]:
        settings = default_settings(**changes)
        sizes = [read_sizes((self._engine(sizing_idf(needed, self.site, settings))[0] / "eplusout.eio").read_text(
            encoding="latin-1")) for needed in sizing_designs(design)]
        folder, seconds = self._engine(build_idf(design, self.site, settings, combine_sizes(design, sizes)))
        results = read_run(folder, occupied_hours(design, self.site.calendar)).results
        use = np.asarray(results["energy_use"], dtype=float).sum(axis=1)  # carrier, month
        return use, float(np.max(results["peak_demand"])), seconds

    def _engine(self, text: str) -> tuple[Path, float]:
        self.count += 1
        folder = self.folder / f"r{self.count}"
        folder.mkdir()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        energyplus.run(text, self.weather, folder, 1200)
        return folder, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def table(bench: Bench, names: list[str], systems: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for system in systems:
        found = {}
        for name in names:
            changes = default_settings().model_dump() if name == "default" else {**REFERENCE, **SETTINGS[name]}
            base_design = Design(**{**OFFICE, "source_system": system, **SYSTEMS[system]})
            runs = [bench.run(base_design.model_copy(update={**measure, "sizing": base_design if measure else None}),
                              changes) for measure in MEASURES.values()]
            found[name] = runs
            use, peak, _ = runs[0]
            (base, base_peak, _) = found["reference"][0]
            saving, base_saving = ([(r[0][0].sum() - r[i][0].sum()) for i in range(1, len(MEASURES))]
                                   for r in (runs, found["reference"]))
            row = {"system": system, "settings": name,
                   "processor_s": np.mean([r[2] for r in runs]),
                   "electricity": use[0].sum() / base[0].sum() - 1,
                   "gas": use[1].sum() / base[1].sum() - 1 if base[1].sum() else 0.0,
                   "worst_month": np.abs(use.sum(0) / base.sum(0) - 1).max(), "peak": peak / base_peak - 1,
                   "saving": max(np.abs(np.array(saving) / np.array(base_saving) - 1)),
                   **{f"saving_{m}": s / b - 1 for m, s, b in
                      zip(list(MEASURES)[1:], saving, base_saving, strict=True)}}
            rows.append(row)
            sys.stdout.write("  ".join(f"{v:+.4f}" if isinstance(v, float) else f"{v}" for v in row.values()) + "\n")
            sys.stdout.flush()
    return rows


@pytest.mark.long
@pytest.mark.engine
def test_default_settings_hold_their_limits(tmp_path):
    rows = table(Bench(tmp_path), [*SETTINGS, "default"], list(SYSTEMS))
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    with (out / "settings_table.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        if row["settings"] == "default":
            for key, limit in LIMITS.items():
                assert abs(float(row[key])) <= limit, row
