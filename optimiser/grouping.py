"""The grouping decided: a bound from kinds of contracts, contracts dealt from it, packages chosen again within them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from optimiser.cube import Cube
from optimiser.model import assemble as assembly
from optimiser.model.groups import dealt
from optimiser.model.instance import Flags, Floats, Ints
from optimiser.model.kinds import counted, kinds
from optimiser.model.solve import Ended, Solved, solve
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
    4. Two contracts at a time exchange members, as long as that gains.
    5. If plan and bound are not as close as asked: again with a closer bound, then the whole model (15 to 20).
    """
    search = _Search(cube, rules)
    for share in SHARES if rules.mip_gap > 0 else (1.0,):
        left = search.left_s()
        half = None if left is None else 0.5 * left  # the other half is for a plan
        relaxed = solve(search.whole.instance, gap=share * rules.mip_gap, time_limit_s=half)
        search.bound = min(search.bound, relaxed.bound)
        if relaxed.values is None:
            if relaxed.ended == "infeasible":
                return Grouped(search.whole, relaxed)
            break
        search.within(only_place(places_of(cube, rules, search.whole, relaxed.values), rules))
        if search.is_closed() or search.exchange():
            return search.claimed("optimal")
    return search.claimed("time_limit") if search.left_s() == 0.0 else search.told_apart()


class _Search:
    """One solve in progress: the kinds' model, the best plan, the proven bound, the clock over all steps."""

    def __init__(self, cube: Cube, rules: Rules) -> None:
        self.begun = time.perf_counter()
        self.cube, self.rules = cube, rules
        self.whole = assembly.assemble_kinds(cube, rules)
        self.best: Grouped | None = None
        self.bound = math.inf

    def left_s(self) -> float | None:
        """Return the seconds left, None without a limit."""
        limit = self.rules.time_limit_s
        return None if limit is None else max(limit - (time.perf_counter() - self.begun), 0.0)

    def is_closed(self) -> bool:
        """Tell whether the best plan and the bound are as close as asked."""
        if self.best is None:
            return False
        objective = self.best.solved.objective
        return self.bound - objective <= max(self.rules.mip_gap, 1e-9) * max(abs(objective), 1e-10)

    def within(self, allowed: Flags) -> bool:
        """Choose packages, lanes and subsidies with few contracts allowed to each building; tell whether it gains."""
        assembled = assembly.assemble(self.cube, self.rules, places=allowed, only=self.whole.only)
        assembled = replace(assembled, dropped_bound=self.whole.dropped_bound)
        start = None
        if self.best is not None and self.best.solved.values is not None:
            start = assembly.carried(self.best.assembled.instance, self.best.solved.values, assembled.instance)
        gap, left = 0.25 * self.rules.mip_gap, self.left_s()
        found = solve(assembled.instance, gap=gap, time_limit_s=left, start=start, known_bound=self.bound)
        if found.values is None or (self.best is not None and found.objective <= self.best.solved.objective + 1e-9):
            return False
        self.best = Grouped(assembled, found)
        return True

    def exchange(self) -> bool:
        """Let every two contracts exchange their members once, again as long as that gains; tell whether it closes."""
        gained = self.best is not None
        while gained:
            gained = False
            for one, other in combinations(range(self.rules.maximum_contracts), 2):
                place = self.places()
                if self.is_closed() or self.left_s() == 0.0:
                    return self.is_closed()
                if {one, other} & set(place.tolist()):
                    allowed = only_place(place, self.rules)
                    both = allowed[:, one] | allowed[:, other]
                    allowed[both, one] = allowed[both, other] = True
                    gained |= self.within(allowed)
        return self.is_closed()

    def places(self) -> Ints:
        """Return the contract of every building in the best plan; an untouched one belongs to the smallest."""
        if self.best is None or self.best.solved.values is None:
            return np.zeros(len(self.cube.buildings), dtype=np.intp)
        plan = assembly.plan_of(self.best.assembled, self.best.solved.values, len(self.cube.buildings))
        place = np.where(plan.touched, plan.place, -1)
        return with_idle(place, int(place.max(initial=0)) + 1)

    def claimed(self, ended: Ended) -> Grouped:
        """Return the best plan so far, if any, with the bound that is proven."""
        seconds = time.perf_counter() - self.begun
        if self.best is None:
            none = Solved(None, np.nan, self.bound, "time_limit", seconds, len(self.whole.instance.columns))
            return Grouped(self.whole, none)
        bound = max(self.bound, self.best.solved.objective)
        return replace(self.best, solved=replace(self.best.solved, bound=bound, ended=ended, seconds=seconds))

    def told_apart(self) -> Grouped:
        """Solve the model that tells contracts apart, from the best plan so far."""
        assembled = assembly.assemble(self.cube, self.rules, only=self.whole.only)
        assembled = replace(assembled, dropped_bound=self.whole.dropped_bound)
        start = None
        if self.best is not None:
            place, self.best = self.places(), None
            self.within(only_place(in_order(place), self.rules))
        if self.best is not None and self.best.solved.values is not None:
            start = assembly.carried(self.best.assembled.instance, self.best.solved.values, assembled.instance)
        gap, left = self.rules.mip_gap, self.left_s()
        solved = solve(assembled.instance, gap=gap, time_limit_s=left, start=start, known_bound=self.bound)
        return Grouped(assembled, replace(solved, seconds=time.perf_counter() - self.begun))


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
    return in_order(with_idle(place, opened))


def with_idle(place: Ints, opened: int) -> Ints:
    """Return the contracts with every building that has none (-1) in the smallest, from which it may be chosen.

    Examples
    --------
    >>> with_idle(np.array([0, 0, -1, 1]), 2).tolist()
    [0, 0, 1, 1]
    """
    place = place.copy()
    size = np.bincount(place[place >= 0], minlength=max(opened, 1))
    for building in np.flatnonzero(place < 0):
        smallest = int(size.argmin())
        place[building] = smallest
        size[smallest] += 1
    return place


def in_order(place: Ints) -> Ints:
    """Return the contracts numbered by their first building, as equation (17) wants them.

    Examples
    --------
    >>> in_order(np.array([2, 0, 2])).tolist()
    [0, 1, 0]
    """
    labels, first, member = np.unique(place, return_index=True, return_inverse=True)
    rank = np.empty(len(labels), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(labels))
    return rank[member]


def only_place(place: Ints, rules: Rules) -> Flags:
    """Return which contracts each building may join if it may join only one, shape (building, contract).

    Examples
    --------
    >>> only_place(np.array([1, 0]), Rules(maximum_contracts=2)).tolist()
    [[False, True], [True, False]]
    """
    return place[:, None] == np.arange(rules.maximum_contracts)[None, :]
