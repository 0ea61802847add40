"""From cube and rules to the instance: columns, rows of every family, objective; and back from values to a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimiser.cube import Cube
from optimiser.model.at_least import at_least_rows, quantity
from optimiser.model.budget import budget_part_rows, budget_rows
from optimiser.model.columns import Pairs, columns_of, pairs
from optimiser.model.contracts import Further, by_lane_and_place, contract_rows
from optimiser.model.dominance import kept_pairs
from optimiser.model.floor import floor_rows
from optimiser.model.instance import Columns, Flags, Floats, Instance, Segments
from optimiser.model.subsidies import Subsidy, subsidy_rows, with_subsidies
from optimiser.model.years import by_year, end_of_life_rows, year_decides
from optimiser.plan import Plan
from optimiser.rules import Rules

SMALLEST_PV_KW = 1e-6
SMALLEST_SUBSIDY_CNY = 0.01


@dataclass(frozen=True)
class Assembled:
    """The instance, and how many packages were offered, allowed by rules and floor, and kept after dominance."""

    instance: Instance
    offered: int
    allowed: int
    kept: int
    subsidies: tuple[Subsidy, ...] = ()


def assemble(cube: Cube, rules: Rules, *, reduce: bool = True) -> Assembled:
    """Return the instance of one scenario.

    Parameters
    ----------
    cube : Cube
    rules : Rules
        With a single budget.
    reduce : bool
        Drop dominated packages (equation 23); the optimum is the same either way.
    """
    found, mandatory = pairs(cube, rules)
    kept = _take(found, kept_pairs(cube, rules, found)) if reduce else found
    columns, segments = columns_of(cube, rules, kept)
    if year_decides(rules):
        columns, segments = by_year(columns, segments, rules)
    columns, segments = by_lane_and_place(columns, segments, cube, rules)
    instance, subsidies = _instance(columns, segments, cube, rules, mandatory)
    allowed, left = int((found.package > 0).sum()), int((kept.package > 0).sum())
    return Assembled(instance, found.offered, allowed, left, subsidies)


def _instance(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, mandatory: Flags
) -> tuple[Instance, tuple[Subsidy, ...]]:
    """Write the rows of every family and the objective (equation 1)."""
    of_columns, of_segments = quantity(rules.objective, columns, segments, rules)
    further = Further(len(columns) + len(segments))
    floors, squares = floor_rows(columns, segments, cube, rules, further)
    contracts, lanes = contract_rows(columns, segments, cube, rules, further)
    paid, subsidies = subsidy_rows(columns, segments, cube, rules, further, lanes)
    rows = [
        *with_subsidies([*budget_rows(columns, segments, rules), *contracts], subsidies),
        *budget_part_rows(columns, segments, cube, rules),
        *at_least_rows(columns, segments, rules),
        *floors,
        *paid,
        *end_of_life_rows(columns, cube, rules, further),
    ]
    value = np.concatenate([of_columns, of_segments, [extra.value for extra in further.extras]])
    instance = Instance(columns, segments, value, tuple(rows), mandatory, tuple(further.extras), squares)
    return instance, tuple(subsidies)


def _take(found: Pairs, keep: Flags) -> Pairs:
    return Pairs(
        found.building[keep],
        found.package[keep],
        found.size_kw[keep],
        found.used_kwh[keep],
        found.pv_cost_saving_cny[keep],
        found.offered,
    )


def plan_of(assembled: Assembled, values: Floats, buildings: int) -> Plan:
    """Return the plan that values of the instance's variables stand for."""
    columns, segments = assembled.instance.columns, assembled.instance.segments
    n, s = len(columns), len(segments)
    schemes = {one.contract: one.offer.name for one in assembled.subsidies if values[one.amount] > SMALLEST_SUBSIDY_CNY}
    chosen = np.flatnonzero(values[:n] > 0.5)
    at = columns.building[chosen]
    pv_of_group = np.zeros(int(columns.group.max(initial=-1)) + 2)
    np.add.at(pv_of_group, segments.group + 1, segments.width * values[n : n + s])
    pv, package = np.zeros(buildings), np.zeros(buildings, dtype=np.intp)
    pv[at] = columns.pv_base[chosen] + np.where(columns.group[chosen] >= 0, pv_of_group[columns.group[chosen] + 1], 0.0)
    pv[pv < SMALLEST_PV_KW] = 0.0
    package[at] = columns.package[chosen]
    touched = (package > 0) | (pv > 0)
    lane, year, place = (np.zeros(buildings, dtype=np.intp) for _ in range(3))
    lane[at], year[at], place[at] = columns.lane[chosen], columns.year[chosen] + 1, columns.place[chosen]
    return Plan(package, pv, touched, lane * touched, year * touched, place * touched, schemes)


def values_of(instance: Instance, plan: Plan) -> Floats:
    """Return values of the instance's variables for a plan.

    Buildings whose column is not in the instance stay untouched.
    """
    columns, segments = instance.columns, instance.segments
    n, s = len(columns), len(segments)
    at = columns.building
    same = plan.touched[at] & (columns.package == plan.package[at]) & (columns.lane == plan.lane[at])
    same &= (columns.year == np.maximum(plan.year[at] - 1, 0)) & (columns.place == plan.place[at])
    same &= columns.pv_base <= plan.pv_kw[at] + SMALLEST_PV_KW
    values = np.zeros(instance.size)
    values[:n] = same
    if s:
        left = np.zeros(int(columns.group.max(initial=-1)) + 2)
        chosen = np.flatnonzero(same)
        left[columns.group[chosen] + 1] = plan.pv_kw[at[chosen]] - columns.pv_base[chosen]
        start = np.cumsum(segments.width) - segments.width
        first = np.searchsorted(segments.group, segments.group)
        before = start - start[first]
        values[n : n + s] = np.clip((left[segments.group + 1] - before) / segments.width, 0.0, 1.0)
    return values


def with_budget(assembled: Assembled, budget_cny: float) -> Assembled:
    """Return the same instance with another budget: columns and all other rows do not depend on it (equation 5)."""
    rows = tuple(replace(row, upper=budget_cny) if row.family == "budget" else row for row in assembled.instance.rows)
    return replace(assembled, instance=replace(assembled.instance, rows=rows))
