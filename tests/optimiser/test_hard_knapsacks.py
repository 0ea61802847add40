"""Multiple-choice knapsacks of the classical hard kinds against a dynamic programme, medium ones against SCIP."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import optimiser
from optimiser import Rules

KINDS = ("uncorrelated", "weakly", "strongly", "inversely", "subset_sum")


def knapsack(
    kind: str, seed: int, classes: int = 12, items: int = 6, largest: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Return whole-number weights and values, shape (class, item); the first item of each class is nothing."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, largest, (classes, items))
    spread = rng.integers(-5, 6, (classes, items))
    value = {
        "uncorrelated": rng.integers(1, largest, (classes, items)),
        "weakly": np.maximum(weight + spread, 1),
        "strongly": weight + 10,
        "inversely": np.maximum(weight - 10, 1),
        "subset_sum": weight,
    }[kind].copy()
    weight[:, 0] = value[:, 0] = 0
    return weight, value


def best_by_dynamic_programme(weight: np.ndarray, value: np.ndarray, capacity: int) -> int:
    """Return the best total value, one item per class, by a table over capacity."""
    best = np.zeros(capacity + 1, dtype=int)
    for w, v in zip(weight, value, strict=True):
        new = best.copy()
        for item_weight, item_value in zip(w[1:], v[1:], strict=True):
            if item_weight <= capacity:
                new[item_weight:] = np.maximum(new[item_weight:], best[: capacity + 1 - item_weight] + item_value)
        best = new
    return int(best.max())


def as_cube(weight: np.ndarray, value: np.ndarray) -> xr.Dataset:
    n, p = weight.shape
    bp = ("building", "package")
    return xr.Dataset(
        {
            "baseline_energy": ("building", np.full(n, 5000.0), {"units": "kW h"}),
            "energy_saving": (bp, value.astype(float), {"units": "kW h"}),
            "capital_cost": (bp, weight * 1000.0, {"units": "1"}),
        },
        {"building": [f"c{i}" for i in range(n)], "package": ["none", *(f"i{i}" for i in range(1, p))]},
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_equals_dynamic_programme(kind: str, seed: int) -> None:
    weight, value = knapsack(kind, seed)
    capacity = int(0.4 * weight.max(axis=1).sum())
    rules = Rules(budget_cny=capacity * 1000.0, minimum_saving_fraction=0.0, mip_gap=0.0)
    result = optimiser.optimise(as_cube(weight, value), rules)
    assert result.objective_value.item() == best_by_dynamic_programme(weight, value, capacity)
    assert result.certified.item()


@pytest.mark.parametrize("kind", ["uncorrelated", "strongly"])
def test_equals_second_solver(kind: str) -> None:
    scip = pytest.importorskip("pyscipopt")
    weight, value = knapsack(kind, 11, classes=60, items=12, largest=1000)
    capacity = int(0.3 * weight.max(axis=1).sum())
    model = scip.Model()
    model.hideOutput()
    model.setParam("limits/gap", 0.0)
    x = [[model.addVar(vtype="B") for _ in row] for row in weight]
    for row in x:
        model.addCons(scip.quicksum(row) == 1)
    model.addCons(
        scip.quicksum(float(w) * v for ws, vs in zip(weight, x, strict=True) for w, v in zip(ws, vs, strict=True))
        <= capacity
    )
    model.setObjective(
        scip.quicksum(float(w) * v for ws, vs in zip(value, x, strict=True) for w, v in zip(ws, vs, strict=True)),
        "maximize",
    )
    model.optimize()
    rules = Rules(budget_cny=capacity * 1000.0, minimum_saving_fraction=0.0, mip_gap=0.0)
    result = optimiser.optimise(as_cube(weight, value), rules)
    assert result.objective_value.item() == pytest.approx(model.getObjVal(), abs=1e-6)
