"""Leaving out, building by building, packages that no scenario of a study can need, before the cube is put together.

Package B makes package A needless if B is allowed wherever A is and at least as good in everything that any scenario
counts, at every PV size: a plan with A and some PV then turns into one with B and as much PV that costs no more and
reaches no less. Between two nodes every amount is linear in the PV size, so that the nodes suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from buildings.package_grid import PackageGrid
from optimiser.basis import carbon_t_per_kwh
from optimiser.model.contracts import SERVICE_LANES
from optimiser.model.worth import package_parts_cny
from optimiser.money.contracts import Retrofit, project_flow_cny
from optimiser.money.economics import present_value
from optimiser.rules import ANY_PACKAGE, BudgetPart, Rules

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
_BLOCK, _SLICE = 512, 128


@dataclass(frozen=True)
class Offer:
    """Packages of one building with what they bring; nodes are PV sizes, the first is no PV.

    Attributes
    ----------
    building_id : str
        Name of the building.
    grid : PackageGrid
        The packages.
    cost_cny, upkeep_cny, life_years : ndarray (package,)
        Investment, what it adds to the yearly upkeep, and how long it lasts.
    saving_kwh, std_kwh : ndarray (package,)
        Energy saved per year without PV, and its standard error.
    cost_saving_cny, carbon_saving_t : ndarray (package,)
        Money and carbon saved per year without PV.
    pv_used_kwh, pv_cost_saving_cny : ndarray (package, node)
        What PV of each size adds.
    """

    building_id: str
    grid: PackageGrid
    cost_cny: Array
    upkeep_cny: Array
    life_years: Array
    saving_kwh: Array
    std_kwh: Array
    cost_saving_cny: Array
    carbon_saving_t: Array
    pv_used_kwh: Array
    pv_cost_saving_cny: Array


def needed(offer: Offer, scenarios: Sequence[Rules], fixed: Flags) -> Flags:
    """Return which packages of a building some scenario may need.

    Parameters
    ----------
    offer : Offer
        The building's packages.
    scenarios : sequence of Rules
        All scenarios that will be solved on the cube.
    fixed : ndarray (package,)
        Packages that stay and make no other needless: a run may forbid them later.

    Returns
    -------
    ndarray (package,), bool
        Single measures stay too: the present ways of planning ask for them; and packages that rules name.

    Examples
    --------
    Of two packages that save the same, the dearer one is left out.
    """
    keep = fixed | (offer.grid.sizes() <= 1) | _spelled_out(offer, scenarios)
    purposes = {part: _serves(offer, part) for rules in scenarios for part in rules.budget_parts}
    serving, costs = _number(list(purposes.values()), len(keep)), _amounts(offer, scenarios)
    for group in {_allowing(rules) for rules in scenarios}:
        allowed = _allowed(offer, next(rules for rules in scenarios if _allowing(rules) == group)) & ~fixed
        for purpose in np.unique(serving[allowed]):
            rows = np.flatnonzero(allowed & (serving == purpose))
            keep[rows[front(costs[rows])]] = True
    return keep


def _spelled_out(offer: Offer, scenarios: Sequence[Rules]) -> Flags:
    """Return which packages the rules name: the cube must know them."""
    named = np.zeros(len(offer.grid), dtype=bool)
    for rules in scenarios:
        for _, package in (*rules.forbid, *rules.require):
            if package != ANY_PACKAGE:
                named |= offer.grid.labelled(package)
    return named


def _number(flags: Sequence[Flags], size: int) -> NDArray[np.int64]:
    """Return one number for each combination of flags."""
    found = np.zeros(size, dtype=np.int64)
    for flag in flags:
        found = 2 * found + flag
    return found


def _allowing(rules: Rules) -> tuple[object, ...]:
    """Return the rules that decide which packages are allowed, as a key."""
    return (rules.forbid, rules.require, rules.exclusions, tuple(sorted(rules.prerequisites.items())))


def _allowed(offer: Offer, rules: Rules) -> Flags:
    allowed = np.ones(len(offer.grid), dtype=bool)
    for measure, wanted in rules.prerequisites.items():
        for other in wanted:
            allowed &= ~offer.grid.holds(measure) | offer.grid.holds(other)
    for group in rules.exclusions:
        allowed &= sum((offer.grid.holds(m).astype(int) for m in group), np.zeros(len(allowed), dtype=int)) <= 1
    for building, package in rules.forbid:
        if building in (ANY_PACKAGE, offer.building_id):
            allowed &= ~_named(offer, package)
    for building, package in rules.require:
        if building in (ANY_PACKAGE, offer.building_id) and package != ANY_PACKAGE:
            allowed &= _named(offer, package)
    return allowed


def _named(offer: Offer, package: str) -> Flags:
    """Return which package has a label (`*`: all)."""
    if package == ANY_PACKAGE:
        return np.ones(len(offer.grid), dtype=bool)
    return offer.grid.labelled(package)


def _serves(offer: Offer, part: BudgetPart) -> Flags:
    """Return which packages serve the purpose of a budget part."""
    found = np.ones(len(offer.grid), dtype=bool)
    if part.packages:
        found &= np.logical_or.reduce([_named(offer, label) for label in part.packages])
    if part.measures:
        found &= np.logical_or.reduce([offer.grid.holds(m) for m in part.measures])
    return found


def _amounts(offer: Offer, scenarios: Sequence[Rules]) -> Array:
    """Return what the scenarios count, smaller is better, shape (package, amount)."""
    energy = offer.saving_kwh[:, None] + offer.pv_used_kwh
    parts: list[Array] = [offer.cost_cny[:, None], -energy]
    for confidence in sorted({rules.floor_confidence for rules in scenarios}):
        sure = NormalDist().inv_cdf(confidence) * offer.std_kwh[:, None]
        parts.append(-(energy - sure))
    goals = {goal for rules in scenarios for goal in (rules.objective, *rules.at_least)}
    lanes = {lane for rules in scenarios for lane in rules.lanes}
    if "net_present_value" in goals or lanes != {"own_funds"}:
        parts.append(-(offer.cost_saving_cny[:, None] + offer.pv_cost_saving_cny))
    parts += [spent[:, None] for spent in _outlays(offer, scenarios)]
    if "carbon" in goals:
        for factor in _carbon_factors(scenarios):
            parts.append(-(offer.carbon_saving_t[:, None] + factor * offer.pv_used_kwh))
    pooled = any(rules.floor_scope != "building" or rules.subsidies for rules in scenarios)
    if pooled or any(rules.pv_in_floor != "self_used" for rules in scenarios):
        parts += [-offer.saving_kwh[:, None], offer.std_kwh[:, None]]
    return np.concatenate(parts, axis=1)


def _outlays(offer: Offer, scenarios: Sequence[Rules]) -> list[Array]:
    """Return what a package costs over time as the scenarios count it: the owner's, and the service company's twice.

    The net present value discounts outlay by its own economics; the company's value discounts it over the term, its
    payback counts it as it is. Cost and life enter the model through these alone.
    """
    cost, life, upkeep = offer.cost_cny, np.where(offer.life_years > 0, offer.life_years, 1.0), offer.upkeep_cny
    found = [package_parts_cny(economics, np.zeros(len(cost)), cost, life, upkeep)[1]
             for economics in {rules.economics for rules in scenarios if _counts(rules, "net_present_value")}]
    for terms in {rules.contract_terms for rules in scenarios if set(rules.lanes) & set(SERVICE_LANES)}:
        flow = -project_flow_cny(Retrofit(cost, np.zeros(len(cost)), upkeep, life), terms.term_years)
        found += [present_value(flow, terms.hurdle_rate), flow.sum(axis=-1)]
    return found


def _counts(rules: Rules, goal: str) -> bool:
    return goal in (rules.objective, *rules.at_least)


def _carbon_factors(scenarios: Sequence[Rules]) -> list[float]:
    return sorted({float(carbon_t_per_kwh(rules.carbon_basis)[0]) for rules in scenarios})


def front(costs: Array) -> NDArray[np.int64]:
    """Return the rows that no other row is at most as dear as in every column; of equal rows the first.

    Parameters
    ----------
    costs : ndarray (row, column)
        Smaller is better.

    Examples
    --------
    >>> front(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [1.0, 3.0]])).tolist()
    [0, 1]
    """
    spread = np.ptp(costs, axis=0)
    varied = np.ascontiguousarray(costs[:, spread > 0])
    if not varied.shape[1]:
        return np.arange(min(len(costs), 1))
    # a row that makes another needless comes before it in the order of the scaled sums, but for rounding
    order = np.argsort((varied / spread[spread > 0]).sum(1), kind="stable")
    kept = np.empty((0, varied.shape[1]))
    found: list[NDArray[np.int64]] = []
    for at in range(0, len(order), _BLOCK):
        rows = _unbeaten(order[at : at + _BLOCK], varied, kept)
        rows = rows[_unbeaten_within(varied[rows])]
        kept = np.concatenate([kept, varied[rows]])
        found.append(rows)
    return np.sort(np.concatenate(found))


def _unbeaten(rows: NDArray[np.int64], costs: Array, kept: Array) -> NDArray[np.int64]:
    for at in range(0, len(kept), _SLICE):
        if not len(rows):
            break
        rows = rows[~_beats(kept[at : at + _SLICE], costs[rows]).any(axis=0)]
    return rows


def _unbeaten_within(costs: Array) -> Flags:
    beats = _beats(costs, costs)
    earlier = np.arange(len(costs))[:, None] < np.arange(len(costs))[None, :]
    return np.asarray(~(beats & (earlier | ~beats.T)).any(axis=0))


def _beats(left: Array, right: Array) -> Flags:
    """Return which row of `left` is at most as dear as which row of `right` in every column."""
    found = np.ones((len(left), len(right)), dtype=bool)
    for column in range(left.shape[1]):
        found &= left[:, column, None] <= right[None, :, column]
    return found
