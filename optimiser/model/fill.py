"""A first plan for a single limiting row: the Lagrangian plan, then what still fits (a plan in hand, no proof)."""

from __future__ import annotations

import numpy as np

from optimiser.model.bound import Bound, Relaxation
from optimiser.model.instance import Floats

_MOVES = 200


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
    return _with_pv(relaxation, cost, _upgraded(relaxation, cost, plan, bound.segments))


def _upgraded(relaxation: Relaxation, cost: Floats, plan: Floats, paying: Floats) -> Floats:
    """Swap columns, one building at a time, for those that gain most within the money left (each with its paying PV)."""
    instance, n = relaxation.instance, relaxation.n_columns
    value, spend = _bundles(relaxation, instance.value, paying), _bundles(relaxation, cost, paying)
    chosen = np.full(relaxation.n_buildings, -1, dtype=np.intp)
    at = np.flatnonzero(plan[:n] > 0.5)
    chosen[instance.columns.building[at]] = at
    for _ in range(_MOVES):
        taken = chosen >= 0
        has_value, has_spend = np.zeros(len(chosen)), np.zeros(len(chosen))
        has_value[taken], has_spend[taken] = value[chosen[taken]], spend[chosen[taken]]
        left = float(relaxation.upper[0]) - has_spend.sum()
        gain = value - has_value[instance.columns.building]
        fits = (spend - has_spend[instance.columns.building] <= left) & (gain > 1e-12 * np.abs(value))
        if not fits.any():
            break
        best = int(np.flatnonzero(fits)[gain[fits].argmax()])
        chosen[instance.columns.building[best]] = best
    return _plan_of(relaxation, chosen, paying)


def _bundles(relaxation: Relaxation, per_variable: Floats, paying: Floats) -> Floats:
    n, s = relaxation.n_columns, relaxation.n_segments
    bundle = per_variable[:n].copy()
    if s:
        pv = np.bincount(relaxation.instance.segments.group + 1, paying * per_variable[n : n + s], minlength=relaxation.groups)
        bundle += pv[relaxation.instance.columns.group + 1]
    return bundle


def _plan_of(relaxation: Relaxation, chosen: Floats, paying: Floats) -> Floats:
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
