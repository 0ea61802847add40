"""Speed of the optimiser on seeded cubes.

`pytest tests/benchmarks/test_solver_speed.py -m benchmark -s` prints the table of optimiser/README.md.
"""

from __future__ import annotations

import resource
import statistics
import time
from typing import Any

import numpy as np
import pytest
import xarray as xr

import optimiser
from optimiser import Rules
from optimiser.frontier import frontier

pytestmark = pytest.mark.long
SEEDS = (0, 1, 2)


def seeded_cube(buildings: int, packages: int, seed: int, *, strongly: bool = False) -> xr.Dataset:
    """Return a cube: lognormal baselines, savings 2 to 60 %.

    Cost convex in saving times 1.5 to 5 (or saving plus a constant).
    """
    rng = np.random.default_rng(seed)
    baseline = rng.lognormal(12.5, 0.8, buildings)
    fraction = np.concatenate([np.zeros((buildings, 1)), rng.uniform(0.02, 0.6, (buildings, packages - 1))], axis=1)
    saving = fraction * baseline[:, None]
    cost = 2.0 * baseline[:, None] * fraction**1.6 * rng.uniform(1.5, 5.0, fraction.shape)
    if strongly:
        cost = np.where(fraction > 0, saving + 0.1 * baseline.mean(), 0.0)
    bp = ("building", "package")
    return xr.Dataset(
        {
            "baseline_energy": ("building", baseline, {"units": "kW h"}),
            "energy_saving": (bp, saving, {"units": "kW h"}),
            "capital_cost": (bp, cost, {"units": "1", "currency": "CNY"}),
        },
        {"building": [f"b{i}" for i in range(buildings)], "package": ["none", *(f"p{i}" for i in range(1, packages))]},
    )


CASES: dict[str, tuple[int, int, float, float, dict[str, Any]]] = {
    "115 x 64": (115, 64, 1e-4, 0.5, {}),
    "115 x 64, strongly correlated": (115, 64, 1e-4, 0.5, {"strongly": True}),
    "1 000 x 64": (1000, 64, 1e-4, 3.0, {}),
    "1 000 x 64, strongly correlated": (1000, 64, 1e-4, 3.0, {"strongly": True}),
    "1 000 x 200": (1000, 200, 1e-4, 8.0, {}),
    "1 000 x 64 x 5 years": (1000, 64, 1e-3, 25.0, {"years": True}),
    "1 000 x 64 x 5 years, no carry-over": (1000, 64, 1e-3, 25.0, {"years": True, "carry_over": False}),
    "10 000 x 64": (10_000, 64, 1e-3, 60.0, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_seconds(case: str) -> None:
    buildings, packages, gap, limit_s, options = CASES[case]
    optimiser.optimise(seeded_cube(5, 4, 0), Rules(budget_cny=1e6, mip_gap=0.0))
    wall, processor = [], []
    for seed in SEEDS:
        cube = seeded_cube(buildings, packages, seed, strongly=options.get("strongly", False))
        total = 0.3 * float(cube["capital_cost"].max("package").sum())
        money: dict[str, Any] = {"budget_cny": total}
        if "years" in options:
            money = {
                "yearly_budget_cny": tuple(0.2 * total for _ in range(5)),
                "carry_over": options.get("carry_over", True),
            }
        begun, begun_cpu = time.perf_counter(), time.process_time()
        result = optimiser.optimise(cube, Rules(mip_gap=gap, **money))
        wall.append(time.perf_counter() - begun)
        processor.append(time.process_time() - begun_cpu)
        assert result.certified.item()
    print(f"\n| {case} | {limit_s} s | {statistics.median(wall):.2f} s | {statistics.median(processor):.2f} s |")


def contract_cube(buildings: int, packages: int, seed: int) -> xr.Dataset:
    """Return a seeded cube with yearly costs and floor areas, near the thresholds of both subsidies when pooled."""
    cube = seeded_cube(buildings, packages, seed)
    rng = np.random.default_rng(seed)
    baseline = cube["baseline_energy"].values
    price = rng.uniform(0.6, 1.0, (buildings, 1))
    saved = cube["energy_saving"].values * price
    return cube.assign(
        annual_cost_saving=(("building", "package"), saved, {"units": "1"}),
        annual_cost_baseline=("building", 0.8 * baseline, {"units": "1"}),
        floor_area=("building", baseline / rng.uniform(60.0, 160.0, buildings), {"units": "m2"}),
    )


LANES_ASKED: dict[str, tuple[str, ...]] = {
    "own funds or guaranteed": ("own_funds", "guaranteed"),
    "guaranteed or shared": ("guaranteed", "shared_savings"),
    "all four lanes": ("own_funds", "guaranteed", "shared_savings", "trusteeship"),
}


@pytest.mark.parametrize("lanes", LANES_ASKED)
def test_grouping_free(lanes: str) -> None:
    """At most 8 contracts of 3 to 25 buildings, both subsidies, gap 1 %."""
    wall, processor, gaps = [], [], []
    for seed in SEEDS:
        cube = contract_cube(115, 64, seed)
        rules = Rules(
            budget_cny=0.3 * float(cube["capital_cost"].max("package").sum()),
            mip_gap=0.01,
            lanes=LANES_ASKED[lanes],
            grouping="decided",
            maximum_contracts=8,
            contract_size_min=3,
            contract_size_max=25,
            subsidies=("shanghai_epc_fund", "shanghai_building_demonstration"),
        )
        begun, begun_cpu = time.perf_counter(), time.process_time()
        result = optimiser.optimise(cube, rules)
        wall.append(time.perf_counter() - begun)
        processor.append(time.process_time() - begun_cpu)
        gaps.append(result.mip_gap.item())
        assert result.certified.item()
    times = f"{statistics.median(wall):.1f} s | {statistics.median(processor):.1f} s"
    print(f"\n| 115 x 64, grouping free, {lanes} (largest gap {max(gaps):.2%}) | 120 s | {times} |")


def dense_cube(buildings: int, measures: int) -> xr.Dataset:
    """Return every combination of measures that interact, with a PV curve of its own for each package."""
    rng = np.random.default_rng(0)
    packages = 2**measures
    inside = (np.arange(packages)[:, None] >> np.arange(measures)) & 1
    baseline = rng.lognormal(12.5, 0.8, buildings)
    fraction = rng.uniform(0.01, 0.12, (buildings, measures))
    cost = rng.uniform(0.6, 18.0, fraction.shape) * fraction * baseline[:, None]
    saving = (1 - np.exp(np.log1p(-fraction) @ inside.T)) * baseline[:, None]
    node = np.linspace(0, 1, 9) * rng.uniform(20, 200, buildings)[:, None]
    used = (1 - np.exp(-node[:, None, :] / 100)) * 60_000 * (1 - 0.3 * saving / baseline[:, None])[:, :, None]
    bp = ("building", "package")
    return xr.Dataset(
        {
            "baseline_energy": ("building", baseline, {"units": "kW h"}),
            "energy_saving": (bp, saving, {"units": "kW h"}),
            "energy_saving_std": (bp, 0.05 * saving, {"units": "kW h"}),
            "capital_cost": (bp, cost @ inside.T, {"units": "1"}),
            "pv_capacity_max": ("building", node[:, -1], {"units": "kW"}),
            "pv_specific_yield": ("building", np.full(buildings, 1000.0), {"units": "kW h kW-1"}),
            "pv_cost_per_kw": ("building", np.full(buildings, 3500.0), {"units": "kW-1"}),
            "pv_capacity_node": (("building", "pv_node"), node, {"units": "kW"}),
            "pv_self_used_node": ((*bp, "pv_node"), used, {"units": "kW h"}),
        },
        {"building": [f"b{i}" for i in range(buildings)], "package": ["none", *(f"p{i}" for i in range(1, packages))]},
    )


@pytest.mark.parametrize(("buildings", "measures"), [(5, 16), (115, 11)])
def test_dense_cubes(buildings: int, measures: int) -> None:
    """All 65 536 packages of few buildings, 2 048 of many: PV and error margins differ by package."""
    cube = dense_cube(buildings, measures)
    rules = Rules(budget_cny=0.3 * float(cube["capital_cost"].max("package").sum()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, begun_cpu = time.perf_counter(), time.process_time()
    result = optimiser.optimise(cube, rules)
    wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    memory_gb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1e6
    kept = f"{result.packages_kept.item() / buildings:.0f} kept each, {memory_gb:.1f} GB more"
    print(f"\n| {buildings} x {2**measures} with PV ({kept}) | | {wall:.1f} s | {cpu:.1f} s |")
    assert result.certified.item()


def test_frontier_of_25_budgets() -> None:
    cube = seeded_cube(1000, 64, 0)
    total = 0.3 * float(cube["capital_cost"].max("package").sum())
    begun, begun_cpu = time.perf_counter(), time.process_time()
    found = frontier(cube, Rules(), list(total * np.linspace(0.04, 1.0, 25)))
    wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    print(f"\n| frontier, 25 budgets, 1 000 x 64 | 30 s | {wall:.2f} s | {cpu:.2f} s |")
    assert float(found.mip_gap.max()) <= 1e-4
