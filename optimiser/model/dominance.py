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
_FEW = 256
"""Pairs of a building up to which all are compared with all at once."""
_BLOCK = 1024


def kept_pairs(cube: Cube, rules: Rules, found: Pairs) -> Flags:
    """Return which pairs no other pair of the same building dominates; of equal ones the first stays."""
    costs = attributes(cube, rules, found)
    if costs.shape[1] == 2:
        return _front_of_two(found.building, costs)
    return _front(found.building, costs)


def attributes(cube: Cube, rules: Rules, found: Pairs) -> Floats:
    """Return everything about a pair that any row or the objective uses, smaller is better; shape (pair, attribute).

    What PV adds is counted at every PV size of the building's nodes: it is linear between them.
    """
    b, p = found.building, found.package
    bare, _ = columns_module.columns_of(cube, rules, _without_pv(found))
    pv = _pv_at_nodes(cube, rules, b, p)
    parts: list[Floats] = [found.size_kw[:, 0]]
    for amount, values in _good(cube, rules, bare):
        added = pv.get(amount)
        parts += [-values] if added is None else [-(values + added[:, node]) for node in range(added.shape[1])]
    if _money_counts(rules):
        parts.append(bare.amounts["capital"])
    for part in rules.budget_parts:
        parts.append(np.where(serves(cube, part)[b, p], 0.0, bare.amounts["capital"]))
        parts.append(np.where(serves(cube, part)[b, p], bare.amounts["capital"], 0.0))
    varied = [values for values in parts if np.ptp(values) > 0] if len(b) else parts
    return np.column_stack(varied) if varied else np.zeros((len(b), 0))


def _pv_at_nodes(cube: Cube, rules: Rules, b: Ints, p: Ints) -> dict[str, Floats]:
    """Return what PV adds to each amount at the building's nodes, shape (pair, node), where it differs by package."""
    if cube.pv_node is None or cube.pv_used is None or not len(b):
        return {}
    size, used = cube.pv_node[b], cube.pv_used[b, p]
    money = columns_module.pv_cost_saving(cube, rules, b, p, size, used, size)
    _, first, of = np.unique(b, return_index=True, return_inverse=True)
    amounts = columns_module.pv_amounts(cube, rules, b, size, used, money)
    return {name: values for name, values in amounts.items() if not _is_same(values, first[of])}


def _is_same(values: Floats, first: Ints) -> bool:
    return bool(np.abs(values - values[first]).max(initial=0.0) <= 1e-12 * (1.0 + np.abs(values).max(initial=0.0)))


def _money_counts(rules: Rules) -> bool:
    return not math.isinf(total_budget_cny(rules)) or years(rules) > 1 or set(rules.lanes) != {"own_funds"}


def _without_pv(found: Pairs) -> Pairs:
    zeros = np.zeros((len(found.building), 1))
    return Pairs(found.building, found.package, zeros, zeros, zeros, found.offered)


def _good(cube: Cube, rules: Rules, bare: Columns) -> list[tuple[str, Floats]]:
    """Return the quantities of which more is better, without PV, and the amount by which PV adds to each."""
    nothing = Segments(*(np.zeros(0, dtype=np.intp),) * 2, np.zeros(0), {})
    found = []
    for name in (rules.objective, *rules.at_least):
        amount = "counted" if name == "excess_saving" else name
        found.append((amount, quantity(name, bare, nothing, rules)[0]))
    if rules.floor_scope != "building":
        found += [("counted", values) for values in _sure(bare, rules)]
    if rules.subsidies:
        found.append(("saving", bare.amounts["saving"]))
    return found + _money(cube, bare, rules)


def _sure(bare: Columns, rules: Rules) -> list[Floats]:
    """Return savings less their common error, and less their independent error as if it stood alone (equation 23).

    What the independent error takes from a pool lies between nothing and the error itself: whoever is no worse in both
    is no worse in every pool.
    """
    z, amounts = columns_module.quantile(rules), bare.amounts
    sure = amounts["counted"] - z * amounts["std_common"]
    return [sure, sure - z * np.sqrt(amounts["std_squared"])]


def _money(cube: Cube, bare: Columns, rules: Rules) -> list[tuple[str, Floats]]:
    """Return what contracts and later years make of money: yearly saving, upkeep, life, present outlay."""
    in_contracts = bool(set(rules.lanes) - {"own_funds"})
    in_years = years(rules) > 1 and "net_present_value" in (rules.objective, *rules.at_least)
    if cube.cost_saving is None or not (in_contracts or in_years):
        return []
    amounts = bare.amounts
    costs = ("", -amounts["package_upkeep"]), ("", -amounts["outlay"])
    return [("annual_cost_saving", amounts["annual_cost_saving"]), *costs, ("", amounts["life_years"])]


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
    keep = np.zeros(len(building), dtype=bool)
    for first, number in zip(start[count > _FEW], count[count > _FEW], strict=True):
        keep[first : first + number] = _front_of_many(costs[first : first + number])
    start, count = start[count <= _FEW], count[count <= _FEW]
    step = max(1, _CHUNK_CELLS // int(count.max(initial=1)) ** 2)
    for at in range(0, len(start), step):
        keep |= _front_of_chunk(len(building), start[at : at + step], count[at : at + step], costs)
    return keep


def _front_of_many(costs: Floats) -> Flags:
    """Return the front of one building's many pairs, block after block in order of their summed costs.

    What dominates a pair has a smaller or equal sum, so it stands before it or beside it.
    """
    spread = np.ptp(costs, axis=0)
    costs = costs / np.where(spread > 0, spread, 1.0)
    order = np.argsort(costs.sum(axis=1), kind="stable")
    front = np.zeros((0, costs.shape[1]))
    keep = np.zeros(len(costs), dtype=bool)
    for at in range(0, len(order), _BLOCK):
        block = order[at : at + _BLOCK]
        for part in range(0, len(front), _BLOCK):
            block = block[~_is_dominated(costs[block], front[part : part + _BLOCK], ties=True)]
        inside = costs[block]
        block = block[~(_is_dominated(inside, inside, ties=False) | _repeats(inside))]
        keep[block] = True
        front = np.concatenate([front, costs[block]])
    return keep


def _is_dominated(costs: Floats, by: Floats, *, ties: bool) -> Flags:
    """Tell which rows another row is nowhere above; an equal row counts only with `ties`."""
    no_worse = np.ones((len(costs), len(by)), dtype=bool)
    better = np.full((len(costs), len(by)), ties)
    for own, other in zip(costs.T, by.T, strict=True):
        no_worse &= other[None, :] <= own[:, None]
        if not ties:
            better |= other[None, :] < own[:, None]
    found: Flags = (no_worse & better).any(axis=1)
    return found


def _repeats(costs: Floats) -> Flags:
    """Tell which rows stand before, equal in every cost."""
    repeated = np.ones(len(costs), dtype=bool)
    repeated[np.unique(costs, axis=0, return_index=True)[1]] = False
    return repeated


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
