"""From cube and rules to the instance: columns, rows of every family, objective; and back from values to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimiser.cube import Cube
from optimiser.model.at_least import at_least_rows, quantity
from optimiser.model.bound import Relaxation
from optimiser.model.budget import budget_part_rows, budget_rows
from optimiser.model.columns import Pairs, columns_of, pairs
from optimiser.model.contracts import Further, by_lane_and_place, capital_rows, contract_rows
from optimiser.model.dominance import kept_pairs
from optimiser.model.floor import floor_rows
from optimiser.model.instance import Columns, Flags, Floats, Instance, Row, Segments
from optimiser.model.kinds import by_kind, kind_rows
from optimiser.model.subsidies import Subsidy, subsidy_rows, with_subsidies
from optimiser.model.years import by_year, end_of_life_rows, year_decides
from optimiser.plan import Plan
from optimiser.rules import Rules

SMALLEST_PV_KW = 1e-6
SMALLEST_SUBSIDY_CNY = 0.01


@dataclass(frozen=True)
class Assembled:
    """The instance, and how many packages were offered, allowed by rules and floor, and kept after dominance.

    `only` says, over (building, package), what `columns_per_building` leaves (None without it), and `dropped_bound`
    bounds the objective of every plan with a package that it leaves out.
    """

    instance: Instance
    offered: int
    allowed: int
    kept: int
    subsidies: tuple[Subsidy, ...] = ()
    only: Flags | None = None
    dropped_bound: float = -np.inf


def assemble(
    cube: Cube, rules: Rules, *, reduce: bool = True, places: Flags | None = None, only: Flags | None = None
) -> Assembled:
    """Return the instance of one scenario.

    Parameters
    ----------
    cube : Cube
    rules : Rules
        With a single budget.
    reduce : bool
        Drop dominated packages (equation 23); the optimum is the same either way.
    places : ndarray of bool, shape (building, contract), optional
        The contracts that each building may join where the grouping is decided.
    only : ndarray of bool, shape (building, package), optional
        The packages that may be used, in place of `columns_per_building`.
    """
    return _assembled(cube, rules, _Form(reduce=reduce, places=places, only=only))


def assemble_kinds(cube: Cube, rules: Rules) -> Assembled:
    """Return the instance that bounds a grouping to be decided: contracts of one kind added up (equations 24 to 28)."""
    return _assembled(cube, rules, _Form(by_kind=True))


@dataclass(frozen=True)
class _Form:
    """In which form the instance is wanted."""

    reduce: bool = True
    by_kind: bool = False
    places: Flags | None = None
    only: Flags | None = None


def _assembled(cube: Cube, rules: Rules, form: _Form) -> Assembled:
    found, mandatory = pairs(cube, rules)
    kept = _take(found, kept_pairs(cube, rules, found)) if form.reduce else found
    if form.only is not None:
        kept = _take(kept, form.only[kept.building, kept.package])
    columns, segments = columns_of(cube, rules, kept)
    if year_decides(rules):
        columns, segments = by_year(columns, segments, rules)
    if form.by_kind:
        columns, segments = by_kind(columns, segments, cube, rules)
    else:
        columns, segments = by_lane_and_place(columns, segments, cube, rules, form.places)
    instance, subsidies = _instance(columns, segments, cube, rules, mandatory, by_kind=form.by_kind)
    allowed, left = int((found.package > 0).sum()), int((kept.package > 0).sum())
    assembled = Assembled(instance, found.offered, allowed, left, subsidies, form.only)
    if rules.columns_per_building is None or form.only is not None:
        return assembled
    only, dropped_bound = best_pairs(instance, rules.columns_per_building, cube.available.shape)
    return replace(_assembled(cube, rules, replace(form, only=only)), dropped_bound=dropped_bound)


def best_pairs(instance: Instance, most: int, shape: tuple[int, ...]) -> tuple[Flags, float]:
    """Return the packages with the highest Lagrangian bounds, so many per building, and the bound on all others.

    By equation (22) no plan with one of the others is better than that bound; `none` with PV always stays.

    Returns
    -------
    only : ndarray of bool, shape (building, package)
    bound : float
        -inf if nothing is left out.
    """
    columns = instance.columns
    relaxation = Relaxation(instance)
    bound = np.full(shape, -np.inf)
    np.maximum.at(bound, (columns.building, columns.package), relaxation.evaluate(relaxation.multipliers()).per_column)
    order = np.argsort(-bound[:, 1:], axis=1, kind="stable")
    only = np.zeros(shape, dtype=bool)
    np.put_along_axis(only[:, 1:], order[:, :most], values=True, axis=1)
    only[:, 0] = True
    return only, float(bound[~only].max(initial=-np.inf))


def _instance(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, mandatory: Flags, *, by_kind: bool
) -> tuple[Instance, tuple[Subsidy, ...]]:
    """Write the rows of every family and the objective (equation 1)."""
    of_columns, of_segments = quantity(rules.objective, columns, segments, rules)
    further = Further(len(columns) + len(segments))
    floors, squares = floor_rows(columns, segments, cube, rules, further)
    if by_kind:
        contracts, subsidies = kind_rows(columns, segments, cube, rules, further)
        contracts += capital_rows(columns, segments, rules)
        paid: list[Row] = []
    else:
        contracts, lanes = contract_rows(columns, segments, cube, rules, further)
        paid, subsidies = subsidy_rows(columns, segments, cube, rules, further, lanes)
    rows = [
        *with_subsidies([*budget_rows(columns, segments, rules), *contracts], subsidies, rules),
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
    schemes, claims = _schemes(assembled.subsidies, values)
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
    return Plan(package, pv, touched, lane * touched, year * touched, place * touched, schemes, claims)


def _schemes(subsidies: Sequence[Subsidy], values: Floats) -> tuple[dict[str, str], dict[str, tuple[float, ...]]]:
    """Return the scheme that each contract takes, and what it claims by plan year where there are several."""
    taken = [one for one in subsidies if values[one.amount] > SMALLEST_SUBSIDY_CNY]
    schemes = {one.contract: one.offer.name for one in taken}
    last = max((one.year for one in subsidies), default=0)
    claims: dict[str, list[float]] = {}
    for one in taken if last else ():
        claims.setdefault(one.contract, [0.0] * (last + 1))[one.year] += float(values[one.amount])
    return schemes, {label: tuple(by_year) for label, by_year in claims.items()}


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


def carried(instance: Instance, values: Floats, other: Instance) -> Floats:
    """Return a plan of one instance as values of another that has its columns and variables, and others.

    Columns are matched by building, package, lane, year and place; segments by their group's first column and number;
    further variables by name. What the other instance does not have is left out.
    """
    out = np.zeros(other.size)
    n, s, m, t = len(instance.columns), len(instance.segments), len(other.columns), len(other.segments)
    columns, pieces = _keys(instance.columns), _segment_keys(instance)
    of_column = {key: at for at, key in enumerate(_keys(other.columns))}
    of_piece = {key: m + at for at, key in enumerate(_segment_keys(other))}
    of_name = {extra.name: m + t + at for at, extra in enumerate(other.extras)}
    targets: list[tuple[int, int | None]] = [
        *((at, of_column.get(columns[at])) for at in np.flatnonzero(values[:n]).tolist()),
        *((n + at, of_piece.get(pieces[at])) for at in np.flatnonzero(values[n : n + s]).tolist()),
        *((n + s + at, of_name.get(extra.name)) for at, extra in enumerate(instance.extras)),
    ]
    for at, target in targets:
        if target is not None:
            out[target] = values[at]
    return out


def _keys(columns: Columns) -> list[tuple[int, ...]]:
    parts = (columns.building, columns.package, columns.lane, columns.year, columns.place)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def _segment_keys(instance: Instance) -> list[tuple[tuple[int, ...], int]]:
    """Return (first column of its group, number within the group) of each segment."""
    column = _keys(instance.columns.take(instance.segments.column))
    group = instance.segments.group
    first = np.searchsorted(group, group)
    return list(zip(column, (np.arange(len(group)) - first).tolist(), strict=True))


def with_budget(assembled: Assembled, budget_cny: float) -> Assembled:
    """Return the same instance with another budget: columns and all other rows do not depend on it (equation 5)."""
    rows = tuple(replace(row, upper=budget_cny) if row.family == "budget" else row for row in assembled.instance.rows)
    return replace(assembled, instance=replace(assembled.instance, rows=rows))
