"""Multipliers from a growing part of the columns: the bound of the whole linear relaxation, and the same optimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from optimiser import Rules
from optimiser.cube import read_cube
from optimiser.model import bound
from optimiser.model.assemble import assemble
from optimiser.model.bound import Relaxation
from optimiser.model.solve import solve
from tests.optimiser.test_second_solver import CASES

ASSEMBLED = [case for case in CASES if case != "kinds"]
SEVERAL_ROWS = [case for case in ASSEMBLED if case != "pv"]
"""With one row, as in plain PV, prices are exact without a linear programme."""


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let every relaxation grow from few columns; lists how many columns each linear programme had."""
    sizes: list[int] = []
    asked = Relaxation._prices_of_linear_relaxation

    def counted(self: Relaxation) -> Any:
        sizes.append(self.n_columns)
        return asked(self)

    monkeypatch.setattr(bound, "_WHOLE", 0)
    monkeypatch.setattr(bound, "_JOINING", 5)
    monkeypatch.setattr(Relaxation, "_prices_of_linear_relaxation", counted)
    return sizes


def instance_of(case: str, make_cube: Callable[..., xr.Dataset], seed: int, **more: object) -> Any:
    cube_options, rule_options = CASES[case]
    rules = Rules(**{"budget_cny": 600_000.0, **rule_options, **more})
    return assemble(read_cube(make_cube(seed, 30, 20, **cube_options), rules), rules).instance


@pytest.mark.parametrize("case", SEVERAL_ROWS)
@pytest.mark.parametrize("seed", range(3))
def test_bound_is_that_of_the_whole(case, seed, make_cube, in_parts):
    relaxation = Relaxation(instance_of(case, make_cube, seed))
    assert len(relaxation.upper) > 1
    whole = relaxation.evaluate(relaxation._prices_of_linear_relaxation()).total
    touched, in_parts[:] = relaxation.touched, []
    prices = relaxation.multipliers()
    assert relaxation.evaluate(prices).total == pytest.approx(whole, rel=2e-6)
    assert (prices >= 0).all()
    assert relaxation.touched == pytest.approx(touched, abs=1.0)
    assert 0 < len(in_parts) < 40


def test_the_whole_is_not_solved_where_a_part_will_do(make_cube, in_parts):
    relaxation = Relaxation(instance_of("service companies", make_cube, 1))
    relaxation.multipliers()
    assert max(in_parts) < 0.6 * relaxation.n_columns


def test_what_does_not_settle_is_solved_whole(make_cube, in_parts, monkeypatch):
    monkeypatch.setattr(bound, "_ROUNDS", 1)
    relaxation = Relaxation(instance_of("service companies", make_cube, 1))
    whole = relaxation.evaluate(relaxation._prices_of_linear_relaxation()).total
    in_parts[:] = []
    assert relaxation.evaluate(relaxation.multipliers()).total == pytest.approx(whole, rel=1e-9)
    assert in_parts[0] < relaxation.n_columns
    assert in_parts[-1] == relaxation.n_columns


def test_a_part_without_a_plan_grows_until_it_has_one(make_cube, in_parts, monkeypatch):
    """All buildings must be touched, with money for little more than the cheapest way: the first parts hold no plan."""
    cube_options, rule_options = CASES["years alone"]
    data = make_cube(2, 30, 20, **cube_options)
    cheapest = data["capital_cost"].where((data["package"] != "none") & data["available"]
                                          & (data["energy_saving"] >= 0.2 * data["baseline_energy"])).min("package")
    within = [str(b) for b in data["building"].values[cheapest.notnull().values]]
    budget = float(cheapest.sum()) * 1.2
    rules = Rules(**rule_options | {"yearly_budget_cny": (budget / 2, budget / 2), "require": tuple(within)})
    relaxation = Relaxation(assemble(read_cube(data, rules), rules).instance)
    whole = relaxation.evaluate(relaxation._prices_of_linear_relaxation()).total
    counted, without_plan = Relaxation._prices_of_linear_relaxation, []

    def seen(self: Relaxation) -> Any:
        prices = counted(self)
        without_plan.append(bool(np.isnan(self.touched)))
        return prices

    monkeypatch.setattr(Relaxation, "_prices_of_linear_relaxation", seen)
    assert relaxation.evaluate(relaxation.multipliers()).total == pytest.approx(whole, rel=2e-6)
    assert without_plan[0]
    assert not without_plan[-1]


@pytest.mark.parametrize("case", ASSEMBLED)
def test_the_optimum_is_the_same(case, make_cube, monkeypatch):
    instance = instance_of(case, make_cube, 4)
    plain = solve(instance, gap=0.0, time_limit_s=20)
    monkeypatch.setattr(bound, "_WHOLE", 0)
    monkeypatch.setattr(bound, "_JOINING", 5)
    parts = solve(instance, gap=0.0, time_limit_s=20)
    closed = plain.gap <= 1e-9
    assert parts.objective == pytest.approx(plain.objective, rel=1e-9 if closed else 5e-3)
    assert parts.bound >= plain.objective * (1 - 1e-9)
