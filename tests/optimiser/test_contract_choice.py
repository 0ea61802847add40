"""Lanes, service companies, pools and subsidies.

Gap 0 equals enumeration with the money functions on sums of contracts.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimiser
from optimiser import Rules
from optimiser.money.contracts import Retrofit, is_feasible
from optimiser.money.subsidies import scheme_of, subsidy_cny

SERVICE = ("shared_savings", "trusteeship")
FAMILIES: dict[str, dict[str, Any]] = {
    "shared_singly": {"lanes": ("own_funds", "shared_savings")},
    "trusteeship_pools": {"lanes": ("own_funds", "trusteeship"), "pools": 2},
    "service_capital": {"lanes": ("own_funds", "shared_savings"), "esco_capital_cny": 400_000.0},
    "subsidy_given_pools": {"lanes": ("guaranteed", "shared_savings"), "pools": 2, "subsidies": ("shanghai_epc_fund",)},
    "grouping_decided": {
        "lanes": ("shared_savings",),
        "grouping": "decided",
        "maximum_contracts": 2,
        "contract_size_min": 1,
        "contract_size_max": 2,
        "subsidies": ("shanghai_epc_fund", "shanghai_building_demonstration"),
    },
    "grouping_own": {
        "lanes": ("guaranteed",),
        "grouping": "decided",
        "maximum_contracts": 2,
        "contract_size_min": 2,
        "contract_size_max": 3,
        "subsidies": ("shanghai_epc_fund",),
    },
}


def contract_cube(seed: int, pools: int) -> xr.Dataset:
    """Return three buildings whose savings are near the schemes' thresholds (50 tce a year.

    20 000 m2) only together.
    """
    rng = np.random.default_rng(seed)
    n, p = 3, 3
    baseline = rng.uniform(4e5, 1.2e6, n)
    saving = baseline[:, None] * rng.uniform(0.15, 0.5, (n, p))
    cost = saving * rng.uniform(0.5, 3.0, (n, p))
    saving[:, 0] = cost[:, 0] = 0.0
    bp = ("building", "package")
    cube = xr.Dataset(
        {
            "baseline_energy": ("building", baseline, {"units": "kW h"}),
            "energy_saving": (bp, saving, {"units": "kW h"}),
            "capital_cost": (bp, cost, {"units": "1"}),
            "annual_cost_saving": (bp, saving * 0.8, {"units": "1"}),
            "annual_cost_baseline": ("building", baseline * 0.8, {"units": "1"}),
            "floor_area": ("building", rng.uniform(6e3, 1.5e4, n), {"units": "m2"}),
        },
        {"building": [f"b{i}" for i in range(n)], "package": ["none", "p1", "p2"]},
    )
    if pools:
        cube["contract_id"] = ("building", [f"pool_{k}" for k in rng.integers(0, pools, n)])
    return cube


def best_contracts(cube: xr.Dataset, rules: Rules) -> float:
    """Return the best saving over every package, lane and place of every building."""
    d = {str(k): v.values for k, v in cube.variables.items()}
    n = len(d["baseline_energy"])
    places = range(rules.maximum_contracts) if rules.grouping == "decided" else range(1)
    options = [(0, "", 0), *itertools.product((1, 2), rules.lanes, places)]
    best = 0.0
    for choice in itertools.product(options, repeat=n):
        touched = [b for b in range(n) if choice[b][0]]
        saving = sum(d["energy_saving"][b, choice[b][0]] for b in touched)
        if saving > best and _allowed(d, rules, choice, touched):
            best = saving
    return float(best)


def _allowed(d: dict[str, Any], rules: Rules, choice: Any, touched: list[int]) -> bool:
    pools: dict[str, list[int]] = {}
    for b in touched:
        label = (
            str(choice[b][2])
            if rules.grouping == "decided"
            else str(d["contract_id"][b])
            if "contract_id" in d
            else str(b)
        )
        pools.setdefault(label, []).append(b)
        if d["energy_saving"][b, choice[b][0]] < rules.minimum_saving_fraction * d["baseline_energy"][b]:
            return False
    spent = service = 0.0
    for members in pools.values():
        lanes = {choice[b][1] for b in members}
        size_ok = (
            rules.contract_size_min <= len(members) <= (rules.contract_size_max or 99) or rules.grouping == "given"
        )
        if len(lanes) > 1 or not size_ok:
            return False
        lane = lanes.pop()
        capital, saved, base = (
            sum(d[v][b, choice[b][0]] for b in members) if v != "baseline_energy" else sum(d[v][b] for b in members)
            for v in ("capital_cost", "energy_saving", "baseline_energy")
        )
        area = sum(d["floor_area"][b] for b in members)
        granted = [0.0] + [
            float(
                subsidy_cny(
                    scheme_of(h),
                    lane,
                    coal_t=saved * 0.1229e-3,
                    floor_area_m2=area,
                    saving_fraction=saved / base,
                    capital_cost_cny=capital,
                )
            )
            for h in rules.subsidies
        ]
        if lane in SERVICE:
            service += capital
            sums = Retrofit(
                capital, saved * 0.8, life_years=20.0, baseline_cost_cny=base * 0.8, subsidy_cny=max(granted)
            )
            if not bool(is_feasible(lane, sums, rules.contract_terms)):
                return False
        else:
            spent += capital - max(granted)
    return spent <= rules.budget_cny and service <= (rules.esco_capital_cny or np.inf)  # type: ignore[operator]


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), budget=st.sampled_from([0.0, 200_000.0, 700_000.0]))
def test_contracts_equal_enumeration(family: str, seed: int, budget: float) -> None:
    options = dict(FAMILIES[family])
    cube = contract_cube(seed, options.pop("pools", 0))
    rules = Rules(budget_cny=budget, mip_gap=0.0, **options)
    result = optimiser.optimise(cube, rules)
    assert result.objective_value.item() == pytest.approx(best_contracts(cube, rules), rel=1e-7, abs=1e-3)
    assert result.certified.item(), result.attrs["broken_rules"]
