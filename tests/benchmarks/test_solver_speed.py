"""Speed of the optimiser on seeded cubes.

`pytest tests/benchmarks/test_solver_speed.py -m long -s` prints the table of optimiser/README.md.
"""

from __future__ import annotations

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


def test_frontier_of_25_budgets() -> None:
    cube = seeded_cube(1000, 64, 0)
    total = 0.3 * float(cube["capital_cost"].max("package").sum())
    begun, begun_cpu = time.perf_counter(), time.process_time()
    found = frontier(cube, Rules(), list(total * np.linspace(0.04, 1.0, 25)))
    wall, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    print(f"\n| frontier, 25 budgets, 1 000 x 64 | 30 s | {wall:.2f} s | {cpu:.2f} s |")
    assert float(found.mip_gap.max()) <= 1e-4
