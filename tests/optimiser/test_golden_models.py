"""The built model of each constraint family as a golden LP file; a family without one fails."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import optimiser.model as model_package
from optimiser import BudgetPart, Rules
from optimiser.cube import read_cube
from optimiser.model.assemble import assemble, assemble_kinds
from optimiser.model.build import build
from optimiser.model.floor import error_cut

GOLDEN = Path(__file__).parents[1] / "golden" / "lp"
CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one_package": ({"buildings": 2}, {"require": ("b1",)}),
    "pv_beside_package": ({"pv": True, "buildings": 2, "packages": 2}, {}),
    "budget": ({"buildings": 2}, {}),
    "yearly_budget": ({"buildings": 2, "packages": 2}, {"carry_over": False}),
    "budget_part": (
        {"buildings": 2},
        {"budget_parts": (BudgetPart(name="part", amount_cny=1000.0, packages=("p1",)),)},
    ),
    "pooled_floor": ({"buildings": 2, "std": True}, {"floor_scope": "portfolio"}),
    "floor_error": ({"buildings": 2, "std": True}, {"floor_scope": "portfolio"}),
    "at_least": ({"buildings": 2, "money": True}, {"at_least": {"carbon": 1.0}}),
    "service_capital": ({"buildings": 2, "money": True}, {"lanes": ("shared_savings",), "esco_capital_cny": 1e5}),
    "service_value": ({"buildings": 2, "money": True}, {"lanes": ("shared_savings",)}),
    "service_payback": ({"buildings": 2, "money": True}, {"lanes": ("shared_savings",)}),
    "contract_lane": ({"buildings": 2, "money": True, "pools": 1}, {"lanes": ("own_funds", "shared_savings")}),
    "contract_size": ({"buildings": 2}, {"grouping": "decided", "maximum_contracts": 2}),
    "kind_size": (
        {"buildings": 2, "money": True},
        {"grouping": "decided", "lanes": ("guaranteed",), "subsidies": ("shanghai_building_demonstration",)},
    ),
    "kind_count": (
        {"buildings": 2, "money": True},
        {"grouping": "decided", "lanes": ("own_funds", "shared_savings"), "maximum_contracts": 2},
    ),
    "subsidy_choice": (
        {"buildings": 2, "money": True},
        {"lanes": ("guaranteed",), "subsidies": ("shanghai_epc_fund",)},
    ),
    "subsidy_threshold": (
        {"buildings": 2, "money": True},
        {"lanes": ("guaranteed",), "subsidies": ("shanghai_epc_fund",)},
    ),
    "subsidy_amount": (
        {"buildings": 2, "money": True},
        {"lanes": ("guaranteed",), "subsidies": ("shanghai_epc_fund",)},
    ),
    "end_of_life": ({"buildings": 4, "packages": 2, "life": True}, {"end_of_life_first": True}),
}


def model_of(family: str, make_cube: Callable[..., xr.Dataset]) -> Any:
    cube_options, rule_options = CASES[family]
    yearly = family in ("yearly_budget", "end_of_life")
    money = {"yearly_budget_cny": (30_000.0, 60_000.0)} if yearly else {"budget_cny": 90_000.0}
    rules = Rules(**money, **rule_options)
    built = assemble_kinds if family.startswith("kind_") else assemble
    instance = built(read_cube(make_cube(7, **cube_options), rules), rules).instance
    if family == "floor_error":
        ((label, (index, squared, extra)),) = instance.squares.items()
        first = len(instance.columns) + len(instance.segments)
        chosen = (squared > 0).astype(float)
        from dataclasses import replace

        instance = replace(instance, rows=(*instance.rows, error_cut(label, index, squared, chosen, first + extra)))
    return build(instance)[0]


def lines_of(model: Any, path: Path) -> list[str]:
    """Return the LP file as sorted terms per row, numbers to ten digits: order of rows and terms does not count."""
    model.write(str(path), io_options={"symbolic_solver_labels": True})
    text = re.sub(r"\\[^\n]*", "", path.read_text())
    text = re.sub(r"[-+]?\d+\.\d+(e[-+]?\d+)?", lambda m: f"{float(m.group()):.10g}", text)
    rows = re.split(r"\n(?=[a-z_]+.*:\n)", text)
    return sorted(" ".join(sorted(row.split())) for row in rows)


@pytest.mark.parametrize("family", CASES)
def test_model_equals_golden(family: str, make_cube: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    found = lines_of(model_of(family, make_cube), tmp_path / "model.lp")
    golden = GOLDEN / f"{family}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text("\n".join(found) + "\n")
    assert golden.read_text().splitlines() == found


@pytest.mark.parametrize("family", CASES)
def test_case_holds_its_family(family: str, make_cube: Callable[..., xr.Dataset]) -> None:
    component = model_of(family, make_cube).component(family)
    assert component is not None
    assert len(component) > 0


def test_every_family_has_a_golden() -> None:
    folder = Path(str(model_package.__file__)).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    families = set(re.findall(r'(?:\brow|\bRow|self\._row)\(\s*"([a-z_]+)"', source)) | set(
        re.findall(r"model\.([a-z_]+) = pyo\.Constraint", source)
    )
    families |= {"service_value", "service_payback"}
    families -= {"touched"}
    assert families == set(CASES)
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)
