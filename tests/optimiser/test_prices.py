"""The price of a rule is what the plan gains without it, solved apart; what verification forbids has no price."""

import numpy as np
import pytest
import xarray as xr

import optimiser
from optimiser import Rules
from optimiser.prices import scenario_prices, without_pairs


@pytest.fixture(scope="module")
def cube():
    rng = np.random.default_rng(11)
    baseline = rng.uniform(2e5, 9e5, 8)
    saving = baseline[:, None] * np.array([0.0, 0.1, 0.22, 0.4])
    cost = saving * np.array([0.0, 0.8, 1.5, 2.5]) * rng.uniform(0.7, 1.3, (8, 4))
    both = ("building", "package")
    return xr.Dataset(
        {
            "baseline_energy": ("building", baseline, {"units": "kW h"}),
            "energy_saving": (both, saving, {"units": "kW h"}),
            "energy_saving_std": (both, saving * 0.05, {"units": "kW h"}),
            "capital_cost": (both, cost, {"units": "1"}),
        },
        {"building": [f"b{i}" for i in range(8)], "package": ["none", "p1", "p2", "p3"]},
    )


def objective(cube, rules):
    return float(optimiser.optimise(cube, rules)["objective_value"].values[0])


def test_each_price_is_the_difference_of_two_optima(cube):
    rules = {
        "poor": Rules(budget_cny=4e5, mip_gap=0, forbid=(("b1", "p3"),)),
        "rich": Rules(budget_cny=1e9, mip_gap=0),
    }
    found = scenario_prices(cube, rules)["rule_price"]
    poor = objective(cube, rules["poor"])
    for name, change in {
        "budget_cny": {"budget_cny": None}, "minimum_saving_fraction": {"minimum_saving_fraction": 0.0},
        "floor_confidence": {"floor_confidence": 0.5}, "forbid b1: p3": {"forbid": ()},
    }.items():
        without = objective(cube, rules["poor"].model_copy(update=change))
        assert float(found.sel(scenario="poor", rule=name)) == pytest.approx(without - poor, abs=1e-3)
    assert float(found.sel(scenario="rich", rule="budget_cny")) == pytest.approx(0.0, abs=1e-3)
    assert np.isnan(found.sel(scenario="rich", rule="forbid b1: p3"))


def test_only_rules_that_cost_something_bind(cube):
    found = scenario_prices(cube, {"rich": Rules(budget_cny=1e9)})
    assert not bool(found["rule_binds"].sel(rule="budget_cny"))
    assert bool(scenario_prices(cube, {"poor": Rules(budget_cny=3e5)})["rule_binds"].sel(rule="budget_cny"))


def test_pairs_ruled_out_by_verification_are_gone(cube):
    allowed = without_pairs(cube, [("b0", "p3"), ("b2", "p2")])
    assert int((~allowed["available"]).sum()) == 2
    plan = optimiser.optimise(allowed, Rules(budget_cny=1e9))
    assert plan["chosen_package"].values[0, 0] != "p3"
