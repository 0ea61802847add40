"""The grouping decided: a bound from kinds of contracts, contracts dealt from it, packages chosen again within them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from optimiser.cube import Cube
from optimiser.model import assemble as assembly
from optimiser.model.groups import dealt
from optimiser.model.instance import Floats, Ints
from optimiser.model.kinds import counted, kinds
from optimiser.model.solve import Solved, solve
from optimiser.rules import Rules

SHARES = (0.5, 0.05)
"""Parts of the asked gap to which the bound is solved, one after the other; they only decide speed."""


@dataclass(frozen=True)
class Grouped:
    """A solve with the instance that its values belong to."""

    assembled: assembly.Assembled
    solved: Solved


def solve_grouping(cube: Cube, rules: Rules) -> Grouped:
    """Solve a scenario whose grouping is to be decided.

    1. Contracts of one kind (lane, offer of a subsidy) are added up, not told apart: a bound (equations 24 to 28).
    2. The members of each kind are dealt out to its contracts (`model/groups.py`).
    3. With the members' contracts given, packages, lanes and subsidies are chosen again: a plan.
    4. If plan and bound are not as close as asked: again with a closer bound, then the whole model (15 to 20).
    """
    clock = _Clock(rules.time_limit_s)
    best: Grouped | None = None
    bound = math.inf
    whole = assembly.assemble_kinds(cube, rules)
    for share in SHARES if rules.mip_gap > 0 else (1.0,):
        relaxed = solve(whole.instance, gap=share * rules.mip_gap, time_limit_s=clock.left_s())
        bound = min(bound, relaxed.bound)
        if relaxed.values is None:
            if relaxed.ended == "infeasible":
                return Grouped(whole, relaxed)
            break
        places = places_of(cube, rules, whole, relaxed.values)
        found = _within(cube, rules, whole, places, bound, clock)
        best = _better(best, found)
        if best is not None and _is_closed(best, bound, rules):
            return _claimed(best, bound, clock)
    return _whole_model(cube, rules, whole, best, bound, clock)


class _Clock:
    """The time limit of the rules, over all steps."""

    def __init__(self, limit_s: float | None) -> None:
        self.begun, self.limit_s = time.perf_counter(), limit_s

    def left_s(self) -> float | None:
        return None if self.limit_s is None else max(self.limit_s - self.spent_s(), 0.0)

    def spent_s(self) -> float:
        return time.perf_counter() - self.begun


def places_of(cube: Cube, rules: Rules, whole: assembly.Assembled, values: Floats) -> Ints:
    """Return the contract of every building, shape (building,), from a plan by kinds; untouched ones where room is."""
    instance = whole.instance
    n = len(instance.columns)
    chosen = np.flatnonzero(values[:n] > 0.5)
    first = n + len(instance.segments)
    all_kinds = kinds(rules)
    counts = counted(values, first, [extra.name for extra in instance.extras], len(all_kinds))
    place = np.full(len(cube.buildings), -1, dtype=np.intp)
    opened = 0
    for at, (kind, count) in enumerate(zip(all_kinds, counts, strict=True)):
        members = chosen[instance.columns.place[chosen] == at]
        if len(members):
            place[instance.columns.building[members]] = opened + dealt(
                instance.columns, members, kind, max(count, 1), cube, rules
            )
            opened += max(count, 1)
    return _in_order(_with_idle(place, opened, rules))


def _with_idle(place: Ints, opened: int, rules: Rules) -> Ints:
    """Give every untouched building to the smallest contract, from which it may still be chosen."""
    place = place.copy()
    size = np.bincount(place[place >= 0], minlength=max(opened, 1))
    for building in np.flatnonzero(place < 0):
        smallest = int(size.argmin())
        place[building] = smallest
        size[smallest] += 1
    return place


def _in_order(place: Ints) -> Ints:
    """Return the contracts numbered by their first building, as equation (17) wants them."""
    labels, first, member = np.unique(place, return_index=True, return_inverse=True)
    rank = np.empty(len(labels), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(labels))
    return rank[member]


def _within(
    cube: Cube, rules: Rules, whole: assembly.Assembled, places: Ints, bound: float, clock: _Clock
) -> Grouped:
    """Choose packages, lanes and subsidies with every building's contract given."""
    assembled = assembly.assemble(cube, rules, places=places, only=whole.only)
    assembled = replace(assembled, dropped_bound=whole.dropped_bound)
    gap = 0.25 * rules.mip_gap
    return Grouped(assembled, solve(assembled.instance, gap=gap, time_limit_s=clock.left_s(), known_bound=bound))


def _better(best: Grouped | None, found: Grouped) -> Grouped | None:
    if found.solved.values is None:
        return best
    return found if best is None or found.solved.objective > best.solved.objective else best


def _is_closed(best: Grouped, bound: float, rules: Rules) -> bool:
    objective = best.solved.objective
    return bound - objective <= max(rules.mip_gap, 1e-9) * max(abs(objective), 1e-10)


def _claimed(best: Grouped, bound: float, clock: _Clock) -> Grouped:
    solved = replace(best.solved, bound=max(bound, best.solved.objective), ended="optimal", seconds=clock.spent_s())
    return replace(best, solved=solved)


def _whole_model(
    cube: Cube, rules: Rules, whole: assembly.Assembled, best: Grouped | None, bound: float, clock: _Clock
) -> Grouped:
    """Solve the model that tells contracts apart, from the best plan so far."""
    assembled = assembly.assemble(cube, rules, only=whole.only)
    assembled = replace(assembled, dropped_bound=whole.dropped_bound)
    start = None
    if best is not None and best.solved.values is not None:
        start = assembly.carried(best.assembled.instance, best.solved.values, assembled.instance)
    left = clock.left_s()
    solved = solve(assembled.instance, gap=rules.mip_gap, time_limit_s=left, start=start, known_bound=bound)
    return Grouped(assembled, replace(solved, seconds=clock.spent_s()))
