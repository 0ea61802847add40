"""Medium instances of the families with rows of their own: the same optimum from SCIP, read from the LP file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from optimiser import BudgetPart, Rules
from optimiser.cube import read_cube
from optimiser.model.assemble import assemble, assemble_kinds
from optimiser.model.build import build
from optimiser.model.solve import solve

SUBSIDIES = ("shanghai_epc_fund", "shanghai_building_demonstration")
YEARS = (60_000.0, 90_000.0, 50_000.0)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pv": ({"pv": True}, {}),
    "parts": ({"pv": True}, {"budget_parts": (BudgetPart(name="sun", amount_cny=40_000.0, pv=True),)}),
    "portfolio floor": ({"pv": True}, {"floor_scope": "portfolio", "minimum_saving_fraction": 0.35}),
    "value with at least": (
        {"money": True, "lives": True},
        {"objective": "net_present_value", "at_least": {"carbon": 9.0}},
    ),
    "years alone": ({}, {"yearly_budget_cny": YEARS, "budget_cny": None, "carry_over": False}),
    "end of life": ({"life": True}, {"yearly_budget_cny": YEARS, "budget_cny": None, "end_of_life_first": True}),
    "service companies": (
        {"money": True, "pools": 3, "works": True},
        {"lanes": ("own_funds", "shared_savings", "trusteeship"), "esco_capital_cny": 90_000.0},
    ),
    "subsidies": (
        {"money": True, "pools": 3, "scale": 30.0},
        {"lanes": ("guaranteed", "shared_savings"), "subsidies": SUBSIDIES, "budget_cny": 3e6},
    ),
    "kinds": (
        {"money": True, "scale": 30.0},
        {
            "lanes": ("guaranteed", "shared_savings"),
            "subsidies": SUBSIDIES,
            "budget_cny": 3e6,
            "grouping": "decided",
            "maximum_contracts": 3,
            "contract_size_max": 5,
        },
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_equals_scip(case: str, make_cube: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    scip = pytest.importorskip("pyscipopt")
    cube_options, rule_options = CASES[case]
    rules = Rules(**{"budget_cny": 150_000.0, **rule_options})
    cube = read_cube(make_cube(3, 12, 6, **cube_options), rules)
    instance = (assemble_kinds if case == "kinds" else assemble)(cube, rules).instance
    model, scale = build(instance)
    path = tmp_path / "model.lp"
    model.write(str(path))
    other = scip.Model()
    other.hideOutput()
    other.readProblem(str(path))
    other.setParam("limits/gap", 0.0)
    other.optimize()
    found = solve(instance, gap=0.0)
    assert found.objective > 0
    assert found.objective == pytest.approx(scale * other.getObjVal(), rel=1e-6)
    assert found.bound == pytest.approx(found.objective, rel=1e-9)
