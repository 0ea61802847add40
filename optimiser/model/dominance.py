"""Dropping packages that another of the same building beats in everything that counts (equation 23)."""

from __future__ import annotations

import math

import numpy as np

from optimiser.cube import Cube
from optimiser.model import columns as columns_module
from optimiser.model.at_least import quantity
from optimiser.model.budget import serves
from optimiser.model.columns import Pairs
from optimiser.model.instance import Columns, Flags, Floats, Ints, Segments
from optimiser.rules import Rules, total_budget_cny, years

_CHUNK_CELLS = 20_000_000


def kept_pairs(cube: Cube, rules: Rules, found: Pairs) -> Flags:
    """Return which pairs no other pair of the same building dominates; of equal ones the first stays."""
    costs = attributes(cube, rules, found)
    if costs.shape[1] == 2:
        return _front_of_two(found.building, costs)
    return _front(found.building, costs)


def attributes(cube: Cube, rules: Rules, found: Pairs) -> Floats:
    """Return everything about a pair that any row or the objective uses, smaller is better; shape (pair, attribute).

    Curves over PV size are compared at every node of the building: both are linear between.
    """
    b, p = found.building, found.package
    bare, _ = columns_module.columns_of(cube, rules, _without_pv(found))
    good = [-values for values in _good(cube, rules, bare)]
    parts: list[Floats] = [*_curves(cube, rules, found, good), found.size_kw[:, 0]]
    if _money_counts(rules):
        parts.append(bare.amounts["capital"])
    for part in rules.budget_parts:
        parts.append(np.where(serves(cube, part)[b, p], 0.0, bare.amounts["capital"]))
        parts.append(np.where(serves(cube, part)[b, p], bare.amounts["capital"], 0.0))
    if rules.floor_scope != "building":
        parts += [bare.amounts["std_common"], bare.amounts["std_squared"]]
    varied = [values for values in parts if np.ptp(values) > 0] if len(b) else parts
    return np.column_stack(varied) if varied else np.zeros((len(b), 0))


def _money_counts(rules: Rules) -> bool:
    return not math.isinf(total_budget_cny(rules)) or years(rules) > 1 or set(rules.lanes) != {"own_funds"}


def _without_pv(found: Pairs) -> Pairs:
    zeros = np.zeros((len(found.building), 1))
    return Pairs(found.building, found.package, zeros, zeros, zeros, found.offered)


def _good(cube: Cube, rules: Rules, bare: Columns) -> list[Floats]:
    """Return the quantities of which more is better, without PV."""
    nothing = Segments(*(np.zeros(0, dtype=np.intp),) * 2, np.zeros(0), {})
    values = [quantity(name, bare, nothing, rules)[0] for name in (rules.objective, *rules.at_least)]
    if rules.floor_scope != "building" or rules.subsidies:
        values.append(bare.amounts["counted"])
    if rules.subsidies:
        values.append(bare.amounts["saving"])
    return values + _money(cube, bare, rules)


def _money(cube: Cube, bare: Columns, rules: Rules) -> list[Floats]:
    """Return what contracts and later years make of money: yearly saving, upkeep, life, present outlay."""
    in_contracts = bool(set(rules.lanes) - {"own_funds"})
    in_years = years(rules) > 1 and "net_present_value" in (rules.objective, *rules.at_least)
    if cube.cost_saving is None or not (in_contracts or in_years):
        return []
    amounts = bare.amounts
    return [amounts["annual_cost_saving"], -amounts["package_upkeep"], amounts["life_years"], -amounts["outlay"]]


def _curves(cube: Cube, rules: Rules, found: Pairs, costs: list[Floats]) -> list[Floats]:
    """Return costs without PV, and beside them what PV self-use is worth at each node where it differs by package."""
    if cube.pv_node is None or cube.pv_used is None:
        return costs
    b, p = found.building, found.package
    used = cube.pv_used[b, p]
    first = np.searchsorted(b, np.arange(len(cube.buildings)))
    same = np.abs(used - used[np.minimum(first, len(b) - 1)][b]).max(initial=0.0) <= 1e-12 * (
        1.0 + used.max(initial=0.0)
    )
    if same and cube.pv_cost_saving is None:
        return costs
    money = used if cube.pv_cost_saving is None else cube.pv_cost_saving[b, p]
    nodes = range(1, used.shape[1])
    return [*costs, *(-used[:, k] for k in nodes), *(-money[:, k] for k in nodes)]


def _front_of_two(building: Ints, costs: Floats) -> Flags:
    """Return the pairs of the lower left front: sorted by the first cost, the second must fall."""
    order = np.lexsort((costs[:, 1], costs[:, 0], building))
    second, of = costs[order, 1], building[order]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    lift = np.zeros(len(of))
    spread = float(np.ptp(second)) + 1.0 if len(second) else 1.0
    lift[starts] = spread
    shifted = second - np.cumsum(lift)
    before = np.concatenate([[np.inf], np.minimum.accumulate(shifted)[:-1]])
    keep = np.zeros(len(of), dtype=bool)
    keep[order] = shifted < before
    return keep


def _front(building: Ints, costs: Floats) -> Flags:
    """Return the pairs that no other pair of the building is at most as dear as in every cost."""
    if not len(building):
        return np.zeros(0, dtype=bool)
    _, start, count = np.unique(building, return_index=True, return_counts=True)
    widest = int(count.max())
    step = max(1, _CHUNK_CELLS // widest**2)
    keep = np.zeros(len(building), dtype=bool)
    for at in range(0, len(start), step):
        keep |= _front_of_chunk(len(building), start[at : at + step], count[at : at + step], costs)
    return keep


def _front_of_chunk(total: int, start: Ints, count: Ints, costs: Floats) -> Flags:
    width = int(count.max())
    cell = np.arange(width)[None, :]
    real = cell < count[:, None]
    index = np.where(real, start[:, None] + cell, 0)
    no_worse = np.repeat(real[:, :, None], width, axis=2) & real[:, None, :]
    better = np.zeros_like(no_worse)
    for attribute in costs.T:
        values = attribute[index]
        no_worse &= values[:, :, None] <= values[:, None, :]
        better |= values[:, :, None] < values[:, None, :]
    earlier = np.arange(width)[:, None] < np.arange(width)[None, :]
    dominated = (no_worse & (better | earlier[None])).any(axis=1)
    keep = np.zeros(total, dtype=bool)
    keep[index[real & ~dominated]] = True
    return keep
