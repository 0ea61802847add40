"""The grouping decided on more buildings than brute force can do: what is claimed holds, whatever the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import optimiser
from optimiser import InfeasibleError, Rules
from optimiser.cube import read_cube
from optimiser.grouping import only_place, places_of
from optimiser.model.assemble import assemble, assemble_kinds, carried
from optimiser.model.solve import is_feasible, solve

Maker = Callable[..., xr.Dataset]
BOTH = ("shanghai_epc_fund", "shanghai_building_demonstration")


def rules_of(**more: Any) -> Rules:
    asked: dict[str, Any] = {
        "budget_cny": 6e6,
        "mip_gap": 0.01,
        "grouping": "decided",
        "maximum_contracts": 4,
        "contract_size_min": 2,
        "contract_size_max": 6,
        "lanes": ("guaranteed", "shared_savings"),
        "subsidies": BOTH,
    }
    return Rules(**{**asked, **more})


@pytest.mark.parametrize("seed", range(3))
def test_contracts_meet_their_rules_and_the_gap(make_cube: Maker, seed: int) -> None:
    result = optimiser.optimise(make_cube(seed, 16, 6, money=True, scale=60.0), rules_of())
    assert result["certified"].item(), result.attrs["broken_rules"]
    assert result["mip_gap"].item() <= 0.01
    touched = result["touched"].values[0]
    sizes = np.unique(result["chosen_contract"].values[0][touched], return_counts=True)[1]
    assert len(sizes) <= 4
    assert sizes.min() >= 2
    assert sizes.max() <= 6
    assert result["subsidy"].values.sum() > 0


@pytest.mark.parametrize("seed", range(4))
def test_kinds_bound_the_contracts_told_apart(make_cube: Maker, seed: int) -> None:
    """No plan of the whole model is better than the bound of the kinds (equations 24 to 28)."""
    rules = rules_of(mip_gap=0.0, maximum_contracts=2, contract_size_max=3, budget_cny=2e6)
    cube = read_cube(make_cube(seed, 5, 3, money=True, scale=60.0), rules)
    bound = solve(assemble_kinds(cube, rules).instance, gap=0.0).bound
    best = solve(assemble(cube, rules).instance, gap=0.0).objective
    assert bound >= best * (1 - 1e-9)


def test_a_plan_within_given_contracts_is_one_of_the_whole_model(make_cube: Maker) -> None:
    rules = rules_of(maximum_contracts=3)
    cube = read_cube(make_cube(2, 8, 4, money=True, pv=True, scale=60.0), rules)
    whole = assemble_kinds(cube, rules)
    relaxed = solve(whole.instance, gap=0.01)
    assert relaxed.values is not None
    inside = assemble(cube, rules, places=only_place(places_of(cube, rules, whole, relaxed.values), rules))
    found = solve(inside.instance, gap=0.01)
    assert found.values is not None
    told_apart = assemble(cube, rules).instance
    values = carried(inside.instance, found.values, told_apart)
    assert is_feasible(told_apart, values)
    assert told_apart.value @ values == pytest.approx(found.objective)


@pytest.mark.parametrize("limit_s", [1e-6, 0.3])
def test_time_limit_states_a_gap_that_holds(make_cube: Maker, limit_s: float) -> None:
    cube = make_cube(5, 14, 6, money=True, scale=60.0)
    hasty = optimiser.optimise(cube, rules_of(time_limit_s=limit_s, mip_gap=1e-6))
    calm = optimiser.optimise(cube, rules_of())
    assert not hasty.attrs["broken_rules"]
    assert hasty["objective_bound"].item() >= calm["objective_value"].item() * (1 - 1e-6)
    assert hasty["termination"].item() == "time_limit" or hasty["mip_gap"].item() <= 1e-6


def test_contradiction_is_named(make_cube: Maker) -> None:
    cube = make_cube(1, 4, 3, money=True)
    with pytest.raises(InfeasibleError, match="require"):
        optimiser.optimise(cube, rules_of(budget_cny=0.0, lanes=("guaranteed",), subsidies=(), require=("b0",)))
