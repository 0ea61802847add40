"""Faults of the rules beside what the study holds: names, what its cube will not hold, scenarios that do not fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from buildings.package_grid import package_grid
from optimiser.known_names import Known, naming_rules, unknown_names
from optimiser.rules import ANY_PACKAGE, EnergyBasis, Rules
from scripts.context import Context
from vocabulary import Fault, InputError


def rule_faults(context: Context) -> Iterator[Fault]:
    """Yield every fault of the rules that only the study's inputs show, each with its place in the study.

    A rule that all scenarios share is told at `optimiser.rules`, for each scenario anew.
    """
    block, known = context.study.optimiser, _known(context)
    basis = Rules.model_fields["energy_basis"].default
    first = (block.rules | (block.scenarios[0].model_extra or {})).get("energy_basis", basis)
    for index, scenario in enumerate(block.scenarios):
        own = scenario.model_extra or {}
        given = block.rules | own
        rules = naming_rules(given)
        found = [*unknown_names(rules, known), *_never_met(rules), *_budgets_twice(given.get("budget_cny"))]
        mine = given.get("energy_basis", basis)
        if mine != first and all(name in get_args(EnergyBasis) for name in (mine, first)):  # else told by the rules
            found.append(Fault("rules", "energy_basis", repr(mine),
                               f"{first!r} as in the first scenario: one result has one basis"))
        for fault in found:
            owner = f"scenarios.{index}" if fault.place.split(".")[0] in own else "rules"
            yield replace(fault, file=context.study_file, place=f"optimiser.{owner}.{fault.place}")


def _never_met(rules: Rules) -> Iterator[Fault]:
    """Yield what is asked of a cube that no command writes."""
    if rules.end_of_life_first:
        yield Fault("rules", "end_of_life_first", "True",
                    "False: the cube of a study holds no end_of_life_year (a cube of one's own, in Python, may)")


def _budgets_twice(budgets: Any) -> Iterator[Fault]:  # noqa: ANN401 - whatever the file says
    if isinstance(budgets, list | tuple):
        for budget in sorted({b for b in budgets if isinstance(b, int | float) and budgets.count(b) > 1}):
            yield Fault("rules", "budget_cny", f"{budget:g} twice", "each budget once: each is a scenario")


def _known(context: Context) -> Known:
    try:
        catalogue = context.catalogue
    except InputError:  # told by who reads it; of its measures nothing is known
        return Known(context.contracts, (), lambda _building, _label: True)
    by_id = {b.building_id: b for b in context.examined.buildings.values()}
    offered = context.study.packages.measures
    some_faulty = bool(context.examined.faults)

    def is_offered(building: str, label: str) -> bool:
        measures = label.split("+")
        if some_faulty and building not in by_id:
            return True
        if offered is not None and not set(measures) <= set(offered):
            return False
        asked = by_id.values() if building == ANY_PACKAGE else [by_id[building]]
        # the grid of these measures alone: of all measures it would be some 10 000 packages a building
        return any(package_grid(b, catalogue, measures).row_of(measures) is not None for b in asked)

    return Known(context.contracts, catalogue.measures, is_offered)
