"""A first plan for a single limiting row: the Lagrangian plan, then what still fits (a plan in hand, no proof)."""

from __future__ import annotations

import numpy as np

from optimiser.model.bound import Bound, Relaxation
from optimiser.model.instance import Flags, Floats, Ints

_MOVES = 100
_NEAR = 5000
"""Columns that a first plan may use; it decides how good the plan in hand is, never what is proven."""


def filled(relaxation: Relaxation, bound: Bound) -> Floats | None:
    """Return a plan for instances with one row of costs: best columns at a price, upgraded while money is left.

    None where the instance has more rows, negative costs, or further variables.
    """
    if len(relaxation.upper) != 1 or relaxation.instance.extras:
        return relaxation.plan(bound) if not relaxation.instance.extras else None
    cost = relaxation.matrix.toarray()[0]
    if (cost < 0).any():
        return None
    plan = relaxation.plan(relaxation.evaluate(bound.prices * (1.0 + 1e-9)))
    if float(cost @ plan) > relaxation.upper[0]:
        plan = np.zeros(relaxation.instance.size)
    return _with_pv(relaxation, cost, _upgraded(relaxation, cost, plan, bound))


def _upgraded(relaxation: Relaxation, cost: Floats, plan: Floats, bound: Bound) -> Floats:
    """Change one or two buildings at a time.

    As long as that gains within the money left (columns with their paying PV).
    """
    chosen = _chosen(relaxation, plan)
    near = np.argsort(-bound.per_column, kind="stable")[:_NEAR]
    everyone = np.ones(relaxation.n_buildings, dtype=bool)
    _climb(relaxation, cost, float(relaxation.upper[0]), chosen, near, everyone, bound.segments)
    return _plan_of(relaxation, chosen, bound.segments)


def _chosen(relaxation: Relaxation, plan: Floats) -> Ints:
    chosen = np.full(relaxation.n_buildings, -1, dtype=np.intp)
    at = np.flatnonzero(plan[: relaxation.n_columns] > 0.5)
    chosen[relaxation.instance.columns.building[at]] = at
    return chosen


def _climb(
    relaxation: Relaxation, cost: Floats, limit: float, chosen: Ints, near: Ints, free: Flags, paying: Floats
) -> None:
    """Improve `chosen` in place within one limit, changing buildings that are `free`, to columns that are `near`."""
    instance = relaxation.instance
    value, spend = _bundles(relaxation, instance.value, paying), _bundles(relaxation, cost, paying)
    idle = np.flatnonzero(~instance.mandatory & free)
    near = near[free[instance.columns.building[near]]]
    building = np.concatenate([instance.columns.building[near], idle])
    value_of, spend_of = (np.concatenate([a[near], np.zeros(len(idle))]) for a in (value, spend))
    column = np.concatenate([near, np.full(len(idle), -1)])
    for _ in range(_MOVES):
        has_value, has_spend = (np.where(chosen >= 0, a[chosen], 0.0) for a in (value, spend))
        left = limit - has_spend.sum()
        moves = _best_moves(value_of - has_value[building], spend_of - has_spend[building], building, left)
        if not len(moves):
            return
        chosen[building[moves]] = column[moves]


def improved(relaxation: Relaxation, plan: Floats, bound: Bound) -> Floats:
    """Return a plan improved row by row.

    For instances whose rows are budgets that share no column (years on their own).
    """
    dense = relaxation.matrix.toarray()
    if (dense < 0).any() or ((dense > 0).sum(axis=0) > 1).any() or relaxation.instance.extras:
        return plan
    chosen = _chosen(relaxation, plan)
    owner = np.where((dense > 0).any(axis=0), dense.argmax(axis=0), -1)[: relaxation.n_columns]
    for at, limit in enumerate(relaxation.upper):
        free = (chosen < 0) | (owner[chosen] == at)
        near = np.flatnonzero(owner == at)
        near = near[np.argsort(-bound.per_column[near], kind="stable")[:_NEAR]]
        _climb(relaxation, dense[at], float(limit), chosen, near, free, bound.segments)
    better = _plan_of(relaxation, chosen, bound.segments)
    return better if relaxation.instance.value @ better > relaxation.instance.value @ plan else plan


def _best_moves(gain: Floats, spend: Floats, building: Ints, left: float) -> Ints:
    """Return the one or two changes, of different buildings, that gain most together within the money left."""
    if not len(gain):
        return np.zeros(0, dtype=np.intp)
    order = np.argsort(spend, kind="stable")
    gain, spend, building = gain[order], spend[order], building[order]
    best_so_far = np.maximum.accumulate(gain)
    first_at = np.maximum.accumulate(np.where(gain >= best_so_far, np.arange(len(gain)), 0))
    last = np.searchsorted(spend, left - spend, side="right") - 1
    partner = np.where(last >= 0, first_at[np.maximum(last, 0)], 0)
    together = np.where((last >= 0) & (building[partner] != building), gain + gain[partner], -np.inf)
    alone = np.where(spend <= left, gain, -np.inf)
    one, two = int(alone.argmax()), int(together.argmax())
    least = 1e-12 * float(np.abs(gain).max(initial=0.0))
    if max(alone[one], together[two]) <= least:
        return np.zeros(0, dtype=np.intp)
    if alone[one] >= together[two]:
        return order[[one]]
    return order[[two, int(partner[two])]]


def _bundles(relaxation: Relaxation, per_variable: Floats, paying: Floats) -> Floats:
    n, s = relaxation.n_columns, relaxation.n_segments
    bundle = per_variable[:n].copy()
    if s:
        pv = np.bincount(
            relaxation.instance.segments.group + 1, paying * per_variable[n : n + s], minlength=relaxation.groups
        )
        bundle += pv[relaxation.instance.columns.group + 1]
    return bundle


def _plan_of(relaxation: Relaxation, chosen: Ints, paying: Floats) -> Floats:
    instance, n, s = relaxation.instance, relaxation.n_columns, relaxation.n_segments
    plan = np.zeros(instance.size)
    taken = chosen[chosen >= 0]
    plan[taken] = 1.0
    if s:
        opened = np.zeros(relaxation.groups)
        opened[instance.columns.group[taken] + 1] = 1.0
        opened[0] = 0.0
        plan[n : n + s] = paying * opened[instance.segments.group + 1]
    return plan


def _with_pv(relaxation: Relaxation, cost: Floats, plan: Floats) -> Floats:
    """Spend what is left on PV segments of chosen groups, best value per cost first."""
    instance, n, s = relaxation.instance, relaxation.n_columns, relaxation.n_segments
    left = float(relaxation.upper[0] - cost @ plan)
    if not s:
        return plan
    opened = np.zeros(relaxation.groups, dtype=bool)
    opened[instance.columns.group[np.flatnonzero(plan[:n] > 0.5)] + 1] = True
    opened[0] = False
    worth = instance.value[n : n + s]
    ratio = np.where(cost[n : n + s] > 0, worth / np.maximum(cost[n : n + s], 1e-300), np.inf)
    for segment in np.argsort(-ratio, kind="stable"):
        if left <= 0 or worth[segment] <= 0:
            break
        if opened[instance.segments.group[segment] + 1] and plan[n + segment] < 1.0:
            spend = cost[n + segment]
            share = 1.0 - plan[n + segment] if spend <= 0 else min(1.0 - plan[n + segment], left / spend)
            plan[n + segment] += share
            left -= share * spend
    return plan
