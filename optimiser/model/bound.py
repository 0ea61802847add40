"""Upper bounds by Lagrange's multipliers, and plans that come with them (equation 22)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from optimiser.model.instance import Floats, Instance, Ints
from optimiser.model.restrict import restrict

_STEPS = 60
_WHOLE = 50_000
"""Variables up to which the linear relaxation is solved in one piece."""
_ROUNDS = 60
_JOINING = 250
"""Columns that join the linear relaxation's part at a time, beside the best of each building."""
_SETTLED = 1e-6
"""Relative distance of the bound from the part's own value at which no column that is left out matters."""


@dataclass(frozen=True)
class Bound:
    """An upper bound on the objective and on every plan that contains a given column.

    `chosen` is the best column of each building under the multipliers, -1 for none; `segments` which segments pay.
    """

    total: float
    per_column: Floats
    chosen: Ints
    segments: Floats
    prices: Floats


class Relaxation:
    """The instance with its rows moved into the objective; evaluates `U(lambda)` fast."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.matrix, self.upper = instance.matrix()
        self.transposed = sparse.csr_array(self.matrix.T)
        columns, segments = instance.columns, instance.segments
        self.n_columns, self.n_segments = len(columns), len(segments)
        self.n_buildings = len(instance.mandatory)
        self.starts = np.flatnonzero(np.diff(columns.building, prepend=-1))
        self.present = columns.building[self.starts]
        self.groups = int(max(columns.group.max(initial=-1), segments.group.max(initial=-1))) + 2
        self.touched = np.nan

    def evaluate(self, multipliers: Floats) -> Bound:
        """Return the bound for multipliers of shape (row,), all at least 0."""
        instance = self.instance
        reduced = instance.value - self.transposed @ multipliers
        columns = reduced[: self.n_columns].copy()
        gain = np.maximum(reduced[self.n_columns : self.n_columns + self.n_segments], 0.0)
        if self.n_segments:
            columns += np.bincount(instance.segments.group + 1, gain, minlength=self.groups)[instance.columns.group + 1]
        best = np.full(self.n_buildings, -np.inf)
        if len(self.starts):
            best[self.present] = np.maximum.reduceat(columns, self.starts)
        block = np.where(instance.mandatory, best, np.maximum(best, 0.0))
        upper = np.array([extra.upper for extra in instance.extras])
        rest = np.maximum(reduced[self.n_columns + self.n_segments :], 0.0)
        total = float(block.sum() + rest @ upper + multipliers @ self.upper)
        own = columns - block[instance.columns.building]
        return Bound(total, total + own, self._choice(own, block), (gain > 0).astype(float), multipliers)

    def _choice(self, own: Floats, block: Floats) -> Ints:
        chosen = np.full(self.n_buildings, -1, dtype=np.intp)
        at = np.flatnonzero(own >= 0.0)[::-1]
        chosen[self.instance.columns.building[at]] = at
        idle = ~self.instance.mandatory & (block <= 0.0)
        chosen[idle] = -1
        return chosen

    def plan(self, bound: Bound) -> Floats:
        """Return the plan that attains a bound: best columns, and the PV segments of their groups that pay."""
        instance = self.instance
        values = np.zeros(instance.size)
        taken = bound.chosen[bound.chosen >= 0]
        values[taken] = 1.0
        if self.n_segments:
            open_groups = np.zeros(self.groups, dtype=bool)
            open_groups[instance.columns.group[taken] + 1] = True
            open_groups[0] = False
            segments = bound.segments * open_groups[instance.segments.group + 1]
            values[self.n_columns : self.n_columns + self.n_segments] = segments
        return values

    def multipliers(self) -> Floats:
        """Return multipliers that make the bound small: exact for one row, from the linear relaxation for more."""
        if len(self.upper) == 0:
            return np.zeros(0)
        if len(self.upper) == 1:
            price = np.array([self._price_of_one_row()])
            self.touched = self._touched_between(price)
            return price
        if self.instance.size > _WHOLE:
            return self._prices_by_growing_parts()
        return self._prices_of_linear_relaxation()

    def _prices_by_growing_parts(self) -> Floats:
        """Return the prices of the linear relaxation from a part of its columns, which grows by what pays at them.

        Column generation: with no paying column left out, the prices of the part are those of the whole. Where that
        does not come about (a part without a plan), the whole is solved.
        """
        prices, value = np.zeros(len(self.upper)), -np.inf
        taken = np.zeros(self.n_columns, dtype=bool)
        for _ in range(_ROUNDS):
            bound = self.evaluate(prices)
            if bound.total - value <= _SETTLED * abs(bound.total):
                return prices
            before = int(taken.sum())
            taken[bound.chosen[bound.chosen >= 0]] = True
            left_out = np.where(taken, -np.inf, bound.per_column)
            taken[np.argpartition(-left_out, min(_JOINING, self.n_columns - 1))[:_JOINING]] = True
            if taken.sum() == before:
                break
            part = Relaxation(restrict(self.instance, taken).instance)
            prices = part._prices_of_linear_relaxation()
            value = part.evaluate(prices).total if np.isfinite(part.touched) else -np.inf
            self.touched = part.touched
        return self._prices_of_linear_relaxation()

    def _touched_between(self, price: Floats) -> float:
        """Return how many buildings the linear relaxation touches: a mix of the plans on both sides of the price."""
        sides = [self.plan(self.evaluate(price * (1.0 + shift))) for shift in (-1e-9, 1e-9)]
        use = [float((self.matrix @ plan)[0]) for plan in sides]
        count = [float(plan[: self.n_columns].sum()) for plan in sides]
        share = (self.upper[0] - use[1]) / (use[0] - use[1]) if use[0] > use[1] else 0.0
        return count[1] + min(max(share, 0.0), 1.0) * (count[0] - count[1])

    def _usage(self, price: float) -> tuple[float, float]:
        """Return `U` and what its plan uses of the one row, at one price."""
        bound = self.evaluate(np.array([price]))
        return bound.total, float((self.matrix @ self.plan(bound))[0])

    def _price_of_one_row(self) -> float:
        """Return the price with the smallest bound: the kink of a convex function, by intersecting its two slopes."""
        limit = float(self.upper[0])
        low, (low_total, low_use) = 0.0, self._usage(0.0)
        if low_use <= limit:
            return 0.0
        high, high_total, high_use = self._dear_enough(low_total, limit)
        best = min((low_total, low), (high_total, high))
        for step in range(_STEPS):
            if high_use >= limit or high - low <= 1e-14 * high:
                break
            crossing = (low_total - high_total - low * (limit - low_use) + high * (limit - high_use)) / (
                low_use - high_use
            )
            price = crossing if step % 4 != 3 and low < crossing < high else 0.5 * (low + high)
            expected = low_total + (price - low) * (limit - low_use)
            total, use = self._usage(price)
            best = min(best, (total, price))
            if price == crossing and total - expected <= 1e-12 * abs(total):
                break
            if use <= limit:
                high, high_total, high_use = price, total, use
            else:
                low, low_total, low_use = price, total, use
        return best[1]

    def _dear_enough(self, total: float, limit: float) -> tuple[float, float, float]:
        """Return a price at which the plan stays within the limit, with its bound and use."""
        price = max(abs(total), 1.0) / max(abs(limit), 1.0)
        for _ in range(2 * _STEPS):
            at, use = self._usage(price)
            if use <= limit:
                break
            price *= 2.0
        return price, at, use

    def _prices_of_linear_relaxation(self) -> Floats:
        instance = self.instance
        choice, link = structure(instance)
        ones = np.ones(choice.shape[0])
        mandatory = instance.mandatory[self.present]
        size = np.concatenate([np.full(self.n_columns + self.n_segments, 1.0), [e.upper for e in instance.extras]])
        scale = np.maximum(abs(self.matrix).max(axis=1).toarray().reshape(-1), 1e-300)
        rows = sparse.vstack([sparse.diags_array(1.0 / scale) @ self.matrix, choice[~mandatory], link]).tocsr()
        limits = np.concatenate([self.upper / scale, ones[~mandatory], np.zeros(link.shape[0])])
        fixed = (choice[mandatory], ones[mandatory]) if mandatory.any() else (None, None)
        weight = float(np.abs(instance.value).max(initial=0.0)) or 1.0
        result = linprog(  # type: ignore[call-overload]  # SciPy's stubs do not know its sparse arrays
            -instance.value / weight,
            A_ub=rows,
            b_ub=limits,
            A_eq=fixed[0],
            b_eq=fixed[1],
            bounds=np.column_stack([np.zeros(instance.size), size]),
            method="highs",
        )
        if result.ineqlin is None or result.status != 0:
            return np.zeros(len(self.upper))
        self.touched = float(result.x[: self.n_columns].sum())
        return np.maximum(-np.asarray(result.ineqlin.marginals)[: len(self.upper)], 0.0) * weight / scale


def structure(instance: Instance) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return the rows of equations (2) and (3) as sparse matrices: one column per building.

    Segments with their group.
    """
    columns, segments = instance.columns, instance.segments
    n, s = len(columns), len(segments)
    present, at = np.unique(columns.building, return_inverse=True)
    choice = sparse.csr_array((np.ones(n), (at, np.arange(n))), shape=(len(present), instance.size))
    groups = int(max(columns.group.max(initial=-1), segments.group.max(initial=-1))) + 1
    inside = np.flatnonzero(columns.group >= 0)
    shape = (groups, instance.size)
    member = sparse.csr_array((np.ones(len(inside)), (columns.group[inside], inside)), shape=shape)
    own = sparse.csr_array((np.ones(s), (np.arange(s), n + np.arange(s))), shape=(s, instance.size))
    return choice, own - member[segments.group] if s else own
