"""A contract that the rules give a lane: nothing of it is done in another one, and nothing better is missed."""

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

import optimiser
from optimiser import Rules
from optimiser.rules import RulesError

LANES = ("own_funds", "trusteeship")


@pytest.fixture(scope="module")
def cube():
    rng = np.random.default_rng(5)
    baseline = rng.uniform(4e5, 1.2e6, 4)
    saving = baseline[:, None] * np.array([0.0, 0.25, 0.35])
    cost = saving * np.array([0.0, 1.0, 1.6])
    both = ("building", "package")
    return xr.Dataset(
        {
            "baseline_energy": ("building", baseline, {"units": "kW h"}),
            "energy_saving": (both, saving, {"units": "kW h"}),
            "capital_cost": (both, cost, {"units": "1"}),
            "annual_cost_saving": (both, saving * 0.8, {"units": "1"}),
            "annual_cost_baseline": ("building", baseline * 0.8, {"units": "1"}),
            "contract_id": ("building", ["complex", "complex", "b2", "b3"]),
        },
        {"building": [f"b{i}" for i in range(4)], "package": ["none", "led", "led+window"]},
    )


def chosen(cube, **rules):
    found = optimiser.optimise(cube, Rules(lanes=LANES, mip_gap=0, **rules))
    assert found["certified"].values.all()
    return found.isel(scenario=0)


def test_the_contract_gets_its_lane_and_the_others_stay_free(cube):
    given = chosen(cube, budget_cny=1e9, contract_lane={"complex": "trusteeship", "b2": "own_funds"})
    lanes = given["chosen_lane"].values
    assert lanes[:2].tolist() == ["trusteeship"] * 2
    assert lanes[2] == "own_funds"


@pytest.mark.parametrize("lane", LANES)
def test_the_optimum_is_that_of_the_better_half(cube, lane):
    """Free choice is the best of the two given ones."""
    free = chosen(cube, budget_cny=3e5)
    each = [chosen(cube, budget_cny=3e5, contract_lane={"complex": one}) for one in LANES]
    assert float(free["objective_value"]) == pytest.approx(max(float(e["objective_value"]) for e in each), rel=1e-9)
    given = each[LANES.index(lane)]
    touched = given["touched"].values[:2]
    assert set(given["chosen_lane"].values[:2][touched]) <= {lane}


def test_impossible_rules_are_refused(cube):
    with pytest.raises(ValidationError, match="not in lanes"):
        Rules(contract_lane={"complex": "guaranteed"})
    with pytest.raises(ValidationError, match="decided"):
        Rules(lanes=LANES, grouping="decided", contract_lane={"complex": "trusteeship"})
    with pytest.raises(RulesError, match="no contract nowhere"):
        chosen(cube, contract_lane={"nowhere": "trusteeship"})
