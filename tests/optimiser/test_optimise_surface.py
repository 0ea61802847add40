"""The public surface: bad cubes, contradictions, empty plans, units, bases, time limits, verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError

import optimiser
from optimiser import InfeasibleError, Rules, RulesError, Simulated, Trial
from optimiser.cube import read_cube
from optimiser.plan import empty_plan
from optimiser.proof.certificate import broken_rules
from optimiser.proof.resimulation import with_simulated
from vocabulary import InputError

Maker = Callable[..., xr.Dataset]


def test_all_faults_in_one_message(make_cube: Maker) -> None:
    cube = make_cube(1)
    cube["capital_cost"].values[1, 2] = -5.0
    cube["energy_saving"].values[0, 1] = np.nan
    cube["available"].values[:] = True
    cube["energy_saving"].values[2, 3] = 2.0 * float(cube["baseline_energy"][2])
    with pytest.raises(InputError) as caught:
        optimiser.optimise(cube, Rules(budget_cny=1e5))
    assert len(caught.value.faults) == 3
    assert all(
        word in str(caught.value) for word in ("capital_cost[b1, p2]", "energy_saving[b0, p1]", "energy_saving[b2, p3]")
    )


def test_spellings_of_units_are_accepted(make_cube: Maker) -> None:
    cube, rules = make_cube(2), Rules(budget_cny=1e5)
    other = cube.copy(deep=True)
    other["energy_saving"].attrs["units"] = "kWh"
    other["capital_cost"].attrs = {"units": "CNY"}
    assert float(optimiser.optimise(cube, rules).objective_value[0]) == float(
        optimiser.optimise(other, rules).objective_value[0]
    )


@pytest.mark.parametrize(
    "bad", [{"budget_cny": -1.0}, {"budget_cny": float("nan")}, {"budjet_cny": 1.0}, {"minimum_saving_fraction": 2.0}]
)
def test_bad_rules_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Rules(**bad)


def test_another_basis_needs_carriers(make_cube: Maker) -> None:
    with pytest.raises(RulesError, match="carrier_energy_saving"):
        optimiser.optimise(make_cube(1), Rules(budget_cny=1e5, energy_basis="shanghai_primary"))


def test_unknown_label_has_a_hint(make_cube: Maker) -> None:
    with pytest.raises(RulesError, match="did you mean"):
        optimiser.optimise(make_cube(1), Rules(budget_cny=1e5, forbid=(("b11", "p1"),)))


def test_contradiction_is_irreducible(make_cube: Maker) -> None:
    cube = make_cube(3)
    cube["available"].values[:] = True
    cube["energy_saving"].values[0, 1:] = 0.5 * float(cube["baseline_energy"][0])
    rules = Rules(budget_cny=1.0, require=(("b0", "p1"),), forbid=(("b2", "p1"),), minimum_saving_fraction=0.2)
    with pytest.raises(InfeasibleError) as caught:
        optimiser.optimise(cube, rules)
    assert [name.split("=")[0].split(" ")[0] for name in caught.value.rules] == ["budget_cny", "require"]
    assert caught.value.exit_code == 4


def test_empty_plan_names_the_cheapest_package(make_cube: Maker) -> None:
    cube = make_cube(5, buildings=4, packages=5)
    result = optimiser.optimise(cube, Rules(budget_cny=0.0))
    assert result.empty.item()
    assert result.certified.item()
    assert (result.chosen_package.values == "none").all()
    at = cube.available & (cube.energy_saving >= 0.2 * cube.baseline_energy) & (cube.package != "none")
    assert float(result.money_missing[0]) == pytest.approx(float(cube.capital_cost.where(at).min()))


@pytest.mark.parametrize(
    "more",
    [
        {"budget_cny": 1e5},
        {"yearly_budget_cny": (1e5, 1e5), "carry_over": False},
        {"budget_cny": 1e5, "floor_scope": "portfolio"},
        {"budget_cny": 1e5, "grouping": "decided"},
    ],
)
def test_nothing_allowed_is_an_empty_plan(make_cube: Maker, more: dict[str, Any]) -> None:
    result = optimiser.optimise(make_cube(1), Rules(forbid=("*",), **more))
    assert result.empty.item()
    assert result.certified.item()
    with pytest.raises(InfeasibleError):
        optimiser.optimise(make_cube(1, money=True), Rules(forbid=("*",), at_least={"carbon": 1.0}, **more))


def test_time_limit_returns_a_plan_with_its_gap(make_cube: Maker) -> None:
    result = optimiser.optimise(
        make_cube(1, buildings=30, packages=20), Rules(budget_cny=3e5, mip_gap=0.0, time_limit_s=1e-6)
    )
    assert result.termination.item() in ("time_limit", "optimal")
    assert float(result.objective_bound[0]) >= float(result.objective_value[0])
    assert not result.attrs["broken_rules"]


def test_check_finds_an_overspent_budget_and_a_broken_floor(make_cube: Maker) -> None:
    rules = Rules(budget_cny=1.0)
    cube = read_cube(make_cube(1), rules)
    plan = empty_plan(3)
    plan.package[0], plan.touched[0], plan.year[0] = int(cube.available[0, 1:].argmax()) + 1, True, 1
    cube.saving[0] = 0.0
    assert {broken.rule for broken in broken_rules(cube, rules, plan)} == {"budget_cny", "minimum_saving_fraction"}


@pytest.mark.parametrize("seed", range(6))
def test_rounds_that_end_too_early_leave_a_simulated_plan_and_an_honest_gap(make_cube: Maker, seed: int) -> None:
    """Would catch: a plan that is not simulated called certified, and a gap to the best of what was simulated only."""
    cube, rules = make_cube(seed, buildings=6, packages=12), Rules(budget_cny=120_000.0, mip_gap=1e-4)
    runs: list[Trial] = []

    def engine(trials: Sequence[Trial]) -> list[Simulated]:
        runs.extend(trials)
        promised = [float(cube["energy_saving"].sel(building=t.building, package=t.package)) for t in trials]
        return [Simulated(ok=True, energy_saving_kwh=0.97 * p) for p in promised]

    first = optimiser.optimise(cube, rules)
    verified = optimiser.verify_rounds(first, cube=cube, rules=rules, simulate=engine, max_rounds=1)
    result, touched = verified.portfolio, verified.portfolio["touched"].values
    assert touched.any()
    assert {t.package for t in runs} >= set(result["chosen_package"].values[touched].tolist())
    assert np.isfinite(verified.verification["energy_saving_simulated"].values[touched]).all()
    told = list(runs)
    corrected = with_simulated(cube, dict(zip(told, engine(told), strict=True)))
    best = optimiser.optimise(corrected, rules)
    value = float(result["objective_value"][0])
    assert float(result["objective_bound"][0]) >= float(best["objective_value"][0]) * (1 - 1e-9)
    assert float(result["mip_gap"][0]) == pytest.approx(float(result["objective_bound"][0]) / value - 1, abs=1e-9)
    assert bool(result["certified"][0]) == (float(result["mip_gap"][0]) <= rules.mip_gap)
    offered = verified.cube["available"]
    assert offered.dtype == bool  # as in every cube: files hold flags without units
    spare = offered & (verified.cube["simulated"] < 0.5) & (offered["package"] != "none")
    assert bool(spare.any()) == ("chosen_among" not in verified.cube.attrs)


def test_verification_corrects_promises_until_floors_hold(make_cube: Maker) -> None:
    cube, rules = make_cube(8, buildings=6, packages=5), Rules(budget_cny=(60_000.0, 150_000.0))

    def engine(trials: Sequence[Trial]) -> list[Simulated]:
        promised = [float(cube["energy_saving"].sel(building=t.building, package=t.package)) for t in trials]
        return [
            Simulated(ok=t.package != "p1", energy_saving_kwh=0.9 * p) for t, p in zip(trials, promised, strict=True)
        ]

    verified = optimiser.verify_rounds(optimiser.optimise(cube, rules), cube=cube, rules=rules, simulate=engine)
    assert verified.holds
    assert verified.verification.attrs["promise_error"] == pytest.approx(1 / 9, rel=1e-6)
    touched = verified.portfolio["touched"].values
    assert verified.verification["floor_met"].values[touched].all()
    assert "p1" not in verified.portfolio["chosen_package"].values
    assert np.isnan(verified.verification["energy_saving_simulated"].values[~touched]).all()
