"""Solving an instance: a proven bound, a plan in hand, the columns that matter to HiGHS.

And what can be claimed of the result.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from optimiser.model import highs
from optimiser.model.bound import Bound, Relaxation
from optimiser.model.fill import filled, improved
from optimiser.model.floor import error_cut
from optimiser.model.instance import Flags, Floats, Instance, Row
from optimiser.model.restrict import restrict

CORE_COLUMNS = 4000
"""Columns of the first, smaller solve; it only decides speed, never the result's proof."""
NEAR_COLUMNS = 1500
"""Columns on which multipliers of a part are found; they are then proven on all columns."""
FEW_COLUMNS = 300
"""Columns up to which HiGHS is as quick on all plans as on their parts."""
CLOSED = 1e-9
"""Relative distance of bound and objective below which they are the same number."""
Ended = Literal["optimal", "time_limit", "infeasible", "unproven"]


@dataclass(frozen=True)
class Solved:
    """A plan with its proof: `values` over all variables of the instance (None if there is none)."""

    values: Floats | None
    objective: float
    bound: float
    ended: Ended
    seconds: float
    core_columns: int

    @property
    def gap(self) -> float:
        """Return |bound - objective| / max(|objective|, 1e-10)."""
        return abs(self.bound - self.objective) / max(abs(self.objective), 1e-10)


@dataclass
class _Leaf:
    """A part of all plans, by the number of touched buildings: its row, its multipliers' bound.

    Its proven bound so far.
    """

    rows: tuple[Row, ...]
    lagrange: Bound
    bound: float


class _Search:
    """One solve in progress: the instance (cuts join it), the best plan, the proven bound, the clock."""

    def __init__(
        self,
        instance: Instance,
        gap: float,
        time_limit_s: float | None,
        start: Floats | None,
        known_bound: float = np.inf,
    ) -> None:
        self.begun = time.perf_counter()
        self.instance, self.gap, self.time_limit_s = instance, gap, time_limit_s
        self.relaxation = Relaxation(instance)
        self.lagrange: Bound = self.relaxation.evaluate(self.relaxation.multipliers())
        self.known_bound = known_bound
        self.leaves = [_Leaf((), self.lagrange, self.lagrange.total)]
        self.best: Floats | None = None
        self.objective = -np.inf
        self.core = 0
        self.timed_out = self.refused = False
        for values in (np.zeros(instance.size), start, filled(self.relaxation, self.lagrange)):
            self.offer(values)
        if start is not None and len(instance.rows) > 1:
            self.offer(improved(self.relaxation, start, self.lagrange))

    @property
    def bound(self) -> float:
        """Return the proven bound over all parts."""
        return max(self.objective, min(self.known_bound, max(leaf.bound for leaf in self.leaves)))

    def left_s(self) -> float | None:
        """Return the seconds left, None without a limit."""
        if self.time_limit_s is None:
            return None
        return max(self.time_limit_s - (time.perf_counter() - self.begun), 0.0)

    def offer(self, values: Floats | None) -> bool:
        """Keep a plan if it meets every row and is better than the one in hand; tell whether it meets the rows."""
        if values is None or not is_feasible(self.instance, values):
            return False
        objective = float(self.instance.value @ values)
        if objective > self.objective:
            self.best, self.objective = values, objective
        return True

    def is_closed(self, bound: float) -> bool:
        """Tell whether the plan in hand and a bound are as close as asked."""
        if self.best is None:
            return False
        return bound - self.objective <= max(self.gap, CLOSED) * max(abs(self.objective), 1e-10)

    def promising(self, lagrange: Bound) -> Flags:
        """Return columns that could still be part of a better plan (equation 22), and those of the plan in hand."""
        if self.best is None:
            return np.ones(len(self.instance.columns), dtype=bool)
        worth = lagrange.per_column > self.objective + CLOSED * 1e-3 * abs(self.objective)
        return worth | (self.best[: len(self.instance.columns)] > 0.5)

    def split(self) -> None:
        """Part the plans by how many buildings they touch, where the linear relaxation touches a broken number.

        On nearly proportional savings and costs this closes most of the gap; both parts together are all plans.
        """
        touched = self.relaxation.touched
        if not np.isfinite(touched) or abs(touched - round(touched)) < 1e-6:
            return
        index = np.arange(len(self.instance.columns))
        ones, fewer = np.ones(len(index)), float(np.floor(touched))
        parts = (
            Row("touched", "touched_at_most", index, ones, fewer),
            Row("touched", "touched_at_least", index, -ones, -fewer - 1.0),
        )
        self.leaves = [self._leaf(part) for part in parts]
        self.leaves.sort(key=lambda leaf: -leaf.bound)

    def _leaf(self, part: Row) -> _Leaf:
        instance = replace(self.instance, rows=(*self.instance.rows, part))
        near = np.zeros(len(instance.columns), dtype=bool)
        near[np.argsort(-self.lagrange.per_column, kind="stable")[:NEAR_COLUMNS]] = True
        prices = Relaxation(restrict(instance, near).instance).multipliers()
        lagrange = Relaxation(instance).evaluate(prices)
        if lagrange.total > self.lagrange.total:
            lagrange = self.lagrange
        return _Leaf((part,), lagrange, lagrange.total)

    def close(self, leaf: _Leaf) -> None:
        """Bring one part's bound down to the plan in hand: first on its most promising columns.

        Then on all that matter.
        """
        keep = self.promising(leaf.lagrange)
        if keep.sum() > CORE_COLUMNS:
            core = np.zeros(len(keep), dtype=bool)
            core[np.argsort(-leaf.lagrange.per_column, kind="stable")[:CORE_COLUMNS]] = True
            if self.best is not None:
                core |= self.best[: len(keep)] > 0.5
            self.run(leaf, core)
            keep = self.promising(leaf.lagrange)
        if not self.timed_out and not self.is_closed(leaf.bound):
            self.run(leaf, keep)

    def run(self, leaf: _Leaf, keep: Flags) -> None:
        """Solve one part cut down to some columns, adding cuts (equation 10) until its plan is one.

        And update its bound.
        """
        dropped = leaf.lagrange.per_column[~keep].max(initial=-np.inf)
        while True:
            left = self.left_s()
            if left is not None and left <= 0.0:
                self.timed_out = True
                return
            part = replace(self.instance, rows=(*self.instance.rows, *leaf.rows))
            smaller = restrict(part, keep)
            result = highs.run(smaller.instance, gap=self.gap, time_limit_s=left)
            self.core = max(self.core, len(smaller.instance.columns))
            leaf.bound = min(leaf.bound, max(result.bound, dropped))
            self.timed_out = result.ended == "time_limit"
            if result.values is None:
                return
            values = smaller.widen(result.values, self.instance.size)
            if self.offer(values):
                return
            if not self.add_cuts(values):
                self.refused = True
                return
            if self.timed_out:
                return

    def add_cuts(self, values: Floats) -> bool:
        """Add the cut of equation (10) for each pool whose error is underestimated; tell whether any was added."""
        first = len(self.instance.columns) + len(self.instance.segments)
        rows = []
        for label, (index, squared, extra) in self.instance.squares.items():
            chosen = values[index]
            if np.sqrt((squared * chosen).sum()) > values[first + extra] * (1 + 1e-9):
                rows.append(error_cut(label, index, squared, chosen, first + extra))
        self.instance = replace(self.instance, rows=self.instance.rows + tuple(rows))
        return bool(rows)


def with_exact_errors(instance: Instance, values: Floats) -> Floats:
    """Return a plan whose roots of squared errors are exactly what its columns give (equation 10)."""
    exact = values.copy()
    first = len(instance.columns) + len(instance.segments)
    for index, squared, extra in instance.squares.values():
        exact[first + extra] = np.sqrt((squared * values[index]).sum())
    return exact


def is_feasible(instance: Instance, values: Floats) -> bool:
    """Tell whether a plan with 0/1 columns meets every row, within 1e-9 of the largest number in the row."""
    exact = with_exact_errors(instance, values)
    touched = np.bincount(instance.columns.building, exact[: len(instance.columns)], minlength=len(instance.mandatory))
    if (touched > 1.5).any() or (touched[instance.mandatory] < 0.5).any():
        return False
    for row in instance.rows:
        if row.family == "floor_error":
            continue
        terms = row.coef * exact[row.index]
        numbers = np.abs(row.coef).max(initial=0.0), np.abs(terms).max(initial=0.0)
        if terms.sum() > row.upper + 1e-9 * max(abs(row.upper), *map(float, numbers)):
            return False
    return True


def solve(
    instance: Instance,
    *,
    gap: float,
    time_limit_s: float | None = None,
    start: Floats | None = None,
    known_bound: float = np.inf,
) -> Solved:
    """Solve an instance to a gap, or until the time is over.

    First the Lagrangian bound and plans in hand; then HiGHS on the most promising columns; then, if the bound of the
    dropped
    columns does not close the gap, on every column that could still matter.

    Parameters
    ----------
    instance : Instance
    gap : float
        Relative gap; 0 asks for a proven optimum.
    time_limit_s : float, optional
        Wall time in s after which the best plan so far is returned with its gap.
    start : ndarray, optional
        A plan to begin with.
    known_bound : float
        A bound on the objective proven elsewhere, on a relaxation.

    Returns
    -------
    Solved
        `ended` is infeasible only if HiGHS has proven that no plan meets the rows, and unproven if a plan of HiGHS
        breaks a row once its columns are whole: the plan in hand and the bound are returned as they are.
    """
    offered = np.bincount(instance.columns.building, minlength=len(instance.mandatory))
    if (instance.mandatory & (offered == 0)).any():
        return Solved(None, np.nan, -np.inf, "infeasible", 0.0, 0)
    if not len(instance.columns):
        nothing = np.zeros(instance.size)
        if is_feasible(instance, nothing):
            return Solved(nothing, 0.0, 0.0, "optimal", 0.0, 0)
        return Solved(None, np.nan, -np.inf, "infeasible", 0.0, 0)
    search = _Search(instance, gap, time_limit_s, start, known_bound)
    if gap == 0 or not search.is_closed(search.bound):
        if len(instance.columns) > FEW_COLUMNS:
            search.split()
        for leaf in search.leaves:
            if not search.timed_out and not search.is_closed(min(leaf.bound, known_bound)):
                search.close(leaf)
    return _claim(search)


def _claim(search: _Search) -> Solved:
    seconds = time.perf_counter() - search.begun
    open_end: Ended = "time_limit" if search.timed_out else "unproven"
    if search.best is None:
        ended: Ended = open_end if search.timed_out or search.refused else "infeasible"
        return Solved(None, np.nan, search.bound, ended, seconds, search.core)
    bound = max(search.bound, search.objective)
    if bound - search.objective <= CLOSED * max(abs(search.objective), 1e-10):
        bound = search.objective
    ended = "optimal" if search.is_closed(search.bound) else open_end
    return Solved(with_exact_errors(search.instance, search.best), search.objective, bound, ended, seconds, search.core)
