"""With gap 0 the optimum equals brute force, for every family of rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import optimiser
from optimiser import InfeasibleError, Rules

FAMILIES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "budget": ({}, {}),
    "floor_error_per_building": ({"std": True}, {}),
    "excess_saving": ({}, {"objective": "excess_saving"}),
    "carbon": ({"money": True}, {"objective": "carbon"}),
    "net_present_value": ({"money": True}, {"objective": "net_present_value"}),
    "net_present_value_pv": ({"money": True, "pv": True, "packages": 3}, {"objective": "net_present_value"}),
    "pv": ({"pv": True, "packages": 3}, {}),
    "pv_only": ({"pv": True, "packages": 3}, {"allow_pv_only": True}),
    "pv_not_in_floor": ({"pv": True, "packages": 3}, {"pv_in_floor": "none"}),
    "pv_all_in_floor": ({"pv": True, "packages": 3, "std": True}, {"pv_in_floor": "all"}),
    "pv_excess": ({"pv": True, "packages": 3}, {"objective": "excess_saving"}),
    "portfolio_floor": ({"std": True}, {"floor_scope": "portfolio"}),
    "portfolio_floor_pv": ({"std": True, "pv": True, "packages": 3}, {"floor_scope": "portfolio"}),
    "portfolio_floor_pv_only": ({"pv": True, "packages": 3}, {"floor_scope": "portfolio", "allow_pv_only": True}),
    "contract_floor": ({"std": True, "pools": 2, "buildings": 4}, {"floor_scope": "contract"}),
    "at_least_carbon": ({"money": True}, {"at_least": {"carbon": 3.0}}),
    "at_least_value": ({"money": True, "pv": True, "packages": 3}, {"at_least": {"net_present_value": 0.0}}),
    "require": ({}, {"require": (("b0", "p1"),)}),
    "require_touched": ({}, {"require": ("b1",)}),
    "forbid": ({}, {"forbid": (("b0", "p1"), "b2")}),
    "years_carry_over": ({"packages": 3}, {"years": 2}),
    "years_alone": ({"packages": 3}, {"years": 2, "carry_over": False}),
    "years_alone_pv": ({"packages": 2, "pv": True}, {"years": 2, "carry_over": False}),
    "end_of_life": ({"packages": 3, "life": True}, {"years": 3, "end_of_life_first": True}),
}


def rules_of(options: dict[str, Any], share: float) -> Rules:
    given_options = dict(options)
    years = given_options.pop("years", 0)
    budget = round(share * 150_000.0)
    if years:
        parts = [0.4, 0.6] if years == 2 else [0.3, 0.3, 0.4]
        return Rules(yearly_budget_cny=tuple(budget * part for part in parts), mip_gap=0.0, **given_options)
    return Rules(budget_cny=float(budget), mip_gap=0.0, **given_options)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), share=st.sampled_from([0.02, 0.2, 0.5, 1.0, 2.0]))
def test_equals_brute_force(family: str, make_cube: Any, brute_force: Any, seed: int, share: float) -> None:
    cube_options, rule_options = FAMILIES[family]
    cube, rules = make_cube(seed, **cube_options), rules_of(rule_options, share)
    expected = brute_force(cube, rules)
    if expected is None:
        with pytest.raises(InfeasibleError):
            optimiser.optimise(cube, rules)
        return
    result = optimiser.optimise(cube, rules)
    assert result.objective_value.item() == pytest.approx(expected, rel=1e-7, abs=1e-3)
    assert result.certified.item()
    assert result.mip_gap.item() <= 1e-9
    assert result.termination.item() == "optimal"
