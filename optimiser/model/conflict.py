"""Which rules contradict each other: a set from which none can be taken away (deletion filter)."""

from __future__ import annotations

from collections.abc import Iterator

from optimiser.cube import Cube
from optimiser.grouping import solve_grouping
from optimiser.model.assemble import assemble
from optimiser.model.solve import solve
from optimiser.rules import Rules


def contradiction(cube: Cube, rules: Rules) -> list[str]:
    """Return names of rules that no plan meets together, while every smaller set of them can be met.

    Each rule is left out once; if the rest still cannot be met it is not needed for the contradiction.
    """
    needed = rules
    for _, without in _each(rules):
        smaller = without(needed)
        if not _can_be_met(cube, smaller):
            needed = smaller
    return [name for name, without in _each(rules) if without(needed) != needed]


def _can_be_met(cube: Cube, rules: Rules) -> bool:
    if rules.grouping == "decided":
        loose = rules.model_copy(update={"mip_gap": 0.99, "time_limit_s": None})
        return solve_grouping(cube, loose).solved.ended != "infeasible"
    return solve(assemble(cube, rules).instance, gap=0.99, time_limit_s=None).ended != "infeasible"


class _Without:
    """Takes one rule out of a set of rules."""

    def __init__(self, field: str, neutral: object, item: object = None) -> None:
        self.field, self.neutral, self.item = field, neutral, item

    def __call__(self, rules: Rules) -> Rules:
        if self.item is None:
            return rules.model_copy(update={self.field: self.neutral})
        given = getattr(rules, self.field)
        if isinstance(given, dict):
            left: object = {key: value for key, value in given.items() if key != self.item}
        else:
            left = tuple(value for value in given if value != self.item)
        return rules.model_copy(update={self.field: left})


_NEUTRAL: dict[str, object] = {
    "budget_parts": (),
    "budget_cny": None,
    "yearly_budget_cny": None,
    "esco_capital_cny": None,
    "prerequisites": {},
    "exclusions": (),
    "contract_lane": {},
    "end_of_life_first": False,
}


def _each(rules: Rules) -> Iterator[tuple[str, _Without]]:
    """Yield every rule that can be taken away, with its name for people."""
    for name, neutral in _NEUTRAL.items():
        if getattr(rules, name) != neutral:
            yield f"{name}={getattr(rules, name)}", _Without(name, neutral)
    if rules.minimum_saving_fraction > 0 or rules.floor_scope != "building":
        yield f"minimum_saving_fraction={rules.minimum_saving_fraction:g}", _NoFloor()
    for name, bound in rules.at_least.items():
        yield f"at_least {name}={bound:g}", _Without("at_least", {}, name)
    for field in ("forbid", "require"):
        for building, package in getattr(rules, field):
            yield f"{field} {building}: {package}", _Without(field, (), (building, package))


class _NoFloor(_Without):
    """Takes the floor away altogether, also for packages that save nothing."""

    def __init__(self) -> None:
        super().__init__("minimum_saving_fraction", -1e9)

    def __call__(self, rules: Rules) -> Rules:
        return rules.model_copy(update={"minimum_saving_fraction": -1e9, "floor_scope": "building"})
