"""Small random cubes, and an independent brute force over every combination of packages, years and lanes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import linprog

from optimiser.rules import Rules


def small_cube(
    seed: int,
    buildings: int = 3,
    packages: int = 4,
    *,
    pv: bool = False,
    std: bool = False,
    money: bool = False,
    pools: int = 0,
    life: bool = False,
) -> xr.Dataset:
    """Return a cube of round figures, so that ties and exact fits happen."""
    rng = np.random.default_rng(seed)
    n, p = buildings, packages
    baseline = rng.integers(50, 400, n).astype(float) * 100
    saving = np.round(baseline[:, None] * rng.uniform(-0.02, 0.6, (n, p)), -1)
    cost = rng.integers(5, 200, (n, p)).astype(float) * 500
    saving[:, 0] = cost[:, 0] = 0.0
    bp = ("building", "package")
    data: dict[str, object] = {
        "baseline_energy": ("building", baseline, {"units": "kW h"}),
        "energy_saving": (bp, saving, {"units": "kW h"}),
        "capital_cost": (bp, cost, {"units": "1", "currency": "CNY"}),
        "available": (bp, rng.random((n, p)) > 0.1, {"units": "1"}),
    }
    if std:
        none = np.arange(p)[None, :] > 0
        data["energy_saving_std"] = (bp, baseline[:, None] * rng.uniform(0, 0.06, (n, p)) * none, {"units": "kW h"})
        data["energy_saving_std_common"] = (
            bp,
            baseline[:, None] * rng.uniform(0, 0.02, (n, p)) * none,
            {"units": "kW h"},
        )
    if money:
        data["annual_cost_saving"] = (bp, saving * rng.uniform(0.6, 1.0, (n, 1)), {"units": "1"})
        data["carbon_saving"] = (bp, saving * rng.uniform(2e-4, 5e-4, (n, p)), {"units": "t"})
    if pv:
        largest = rng.integers(0, 40, n).astype(float)
        node = largest[:, None] * np.array([0.0, 0.3, 0.6, 1.0])
        slopes = np.sort(rng.uniform(100, 1000, (n, p, 3)), axis=2)[:, :, ::-1]
        used = np.concatenate(
            [np.zeros((n, p, 1)), np.cumsum(slopes * np.diff(node, axis=1)[:, None, :], axis=2)], axis=2
        )
        data |= {
            "pv_capacity_max": ("building", largest, {"units": "kW"}),
            "pv_specific_yield": ("building", np.full(n, 1000.0), {"units": "kW h kW-1"}),
            "pv_cost_per_kw": ("building", rng.integers(20, 50, n) * 100.0, {"units": "kW-1", "currency": "CNY"}),
            "pv_capacity_node": (("building", "pv_node"), node, {"units": "kW"}),
            "pv_self_used_node": ((*bp, "pv_node"), used, {"units": "kW h"}),
        }
    if pools:
        data["contract_id"] = ("building", [f"pool_{k}" for k in rng.integers(0, pools, n)])
    if life:
        data["end_of_life_year"] = ("building", rng.integers(1, 4, n), {"units": "1"})
    coords = {"building": [f"b{i}" for i in range(n)], "package": ["none", *(f"p{i}" for i in range(1, p))]}
    return xr.Dataset(data, coords)  # type: ignore[arg-type]


def _options(cube: dict[str, Any], rules: Rules, b: int, years: int) -> list[tuple[int, int]]:
    """Return what may be done at one building: (package, year), year 0 and package 0 for untouched.

    Year >= 1 with 0 for PV only.
    """
    required = [p for building, p in rules.require if building == f"b{b}"]
    forbidden = [p for building, p in rules.forbid if building == f"b{b}"]
    found = [] if required else [(0, 0)]
    for p, label in enumerate(cube["package"]):
        if (p == 0 and not (rules.allow_pv_only and "pv_capacity_max" in cube)) or (not cube["available"][b, p] and p):
            continue
        if label in forbidden or "*" in forbidden or (required and label not in required and "*" not in required):
            continue
        found += [(p, year) for year in range(1, years + 1)]
    return found


def best_by_brute_force(dataset: xr.Dataset, rules: Rules) -> float | None:
    """Return the best objective over all combinations, PV sizes of each by a linear programme.

    None if none is allowed.
    """
    cube = {str(name): array.values for name, array in dataset.variables.items()}
    years = 1 if rules.yearly_budget_cny is None else len(rules.yearly_budget_cny)
    options = [_options(cube, rules, b, years) for b in range(len(cube["baseline_energy"]))]
    values = [_best_pv(cube, rules, combination) for combination in itertools.product(*options)]
    allowed = [value for value in values if value is not None]
    return max(allowed, default=None)


def _pieces(cube: dict[str, Any], rules: Rules, combination: tuple[tuple[int, int], ...]) -> list[dict[str, float]]:
    """Return PV segments of the touched buildings: counted and used energy, cost, width."""
    pieces = []
    for b, (p, year) in enumerate(combination):
        if year == 0 or "pv_capacity_max" not in cube:
            continue
        width = np.diff(cube["pv_capacity_node"][b])
        used = np.diff(cube["pv_self_used_node"][b, p])
        for w, u in zip(width, used, strict=True):
            if w > 0:
                counted = {"none": 0.0, "self_used": u, "all": 1000.0 * w}[rules.pv_in_floor]
                pieces.append(
                    {
                        "b": b,
                        "year": year,
                        "used": u,
                        "counted": counted,
                        "kw": w,
                        "cost": w * float(cube["pv_cost_per_kw"][b]),
                    }
                )
    return pieces


def _worth(cube: dict[str, Any], rules: Rules, name: str, b: int, p: int) -> float:
    saving, baseline = float(cube["energy_saving"][b, p]), float(cube["baseline_energy"][b])
    if name == "saving":
        return saving
    if name == "excess_saving":
        return saving - rules.minimum_saving_fraction * baseline
    if name == "carbon":
        return float(cube["carbon_saving"][b, p])
    annuity = (1 - 1.04**-20) / 0.04
    return annuity * float(cube["annual_cost_saving"][b, p]) - float(cube["capital_cost"][b, p])


def _pv_worth(name: str, piece: dict[str, float]) -> float:
    if name == "carbon":
        return piece["used"] * 0.00042
    if name == "net_present_value":
        annuity = (1 - 1.04**-20) / 0.04
        yearly = piece["used"] * 0.80 + (1000.0 * piece["kw"] - piece["used"]) * 0.4155 - 0.01 * piece["cost"]
        return annuity * yearly - piece["cost"] * (1 - 0.2 * 1.04**-20)
    return piece["used"] if name == "saving" else piece["counted"]


def _best_pv(cube: dict[str, Any], rules: Rules, combination: tuple[tuple[int, int], ...]) -> float | None:
    pieces = _pieces(cube, rules, combination)
    touched = [(b, p, year) for b, (p, year) in enumerate(combination) if year]
    rows: list[tuple[list[float], float]] = []
    for members, limit in _budgets(rules):
        fixed = sum(float(cube["capital_cost"][b, p]) for b, p, year in touched if year in members)
        rows.append(([x["cost"] if x["year"] in members else 0.0 for x in pieces], limit - fixed))
    z = NormalDist().inv_cdf(rules.floor_confidence)
    for pool in _pools(cube, rules, touched):
        need, common, own = 0.0, 0.0, 0.0
        for b, p, _ in touched:
            if b in pool:
                need += rules.minimum_saving_fraction * float(cube["baseline_energy"][b]) - float(
                    cube["energy_saving"][b, p]
                )
                if "energy_saving_std" in cube:
                    common += float(cube["energy_saving_std_common"][b, p])
                    own += float(cube["energy_saving_std"][b, p]) ** 2
        need += z * (common + np.sqrt(own))
        rows.append(([-x["counted"] if x["b"] in pool else 0.0 for x in pieces], -need))
    for name, bound in rules.at_least.items():
        fixed = sum(_worth(cube, rules, name, b, p) for b, p, _ in touched)
        rows.append(([-_pv_worth(name, x) for x in pieces], fixed - bound))
    if rules.end_of_life_first and any(
        cube["end_of_life_year"][b] < cube["end_of_life_year"][c] and year > later
        for b, _, year in touched
        for c, _, later in touched
    ):
        return None
    fixed = sum(_worth(cube, rules, rules.objective, b, p) for b, p, _ in touched)
    slack = 1e-7
    if not pieces:
        return fixed if all(limit >= -slack for _, limit in rows) else None
    result = linprog(
        [-_pv_worth(rules.objective, x) for x in pieces],
        A_ub=[coefs for coefs, _ in rows] or None,
        b_ub=[limit + slack for _, limit in rows] or None,
        bounds=(0, 1),
        method="highs",
    )
    return fixed - float(result.fun) if result.status == 0 else None


def _budgets(rules: Rules) -> list[tuple[set[int], float]]:
    if rules.yearly_budget_cny is None:
        return [] if rules.budget_cny is None else [({1}, float(rules.budget_cny))]  # type: ignore[arg-type]
    given = rules.yearly_budget_cny
    if rules.carry_over:
        return [(set(range(1, y + 1)), sum(given[:y])) for y in range(1, len(given) + 1)]
    return [({y}, given[y - 1]) for y in range(1, len(given) + 1)]


def _pools(cube: dict[str, Any], rules: Rules, touched: list[tuple[int, int, int]]) -> list[set[int]]:
    every = {b for b, _, _ in touched}
    if rules.floor_scope == "building":
        return [{b} for b in every]
    if rules.floor_scope == "portfolio":
        return [every] if every else []
    pools: dict[str, set[int]] = {}
    for b in every:
        pools.setdefault(str(cube["contract_id"][b]), set()).add(b)
    return list(pools.values())


@pytest.fixture(scope="session")
def make_cube() -> Callable[..., xr.Dataset]:
    return small_cube


@pytest.fixture(scope="session")
def brute_force() -> Callable[[xr.Dataset, Rules], float | None]:
    return best_by_brute_force
