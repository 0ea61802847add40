"""One optimisation as arrays: columns, PV segments.

Further variables and rows (sets and parameters of formulation.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Columns:
    """The columns j = (building, package, lane, year, place), all arrays of shape (column,).

    `pv_base` is q0 of equation (8) in kW; `group` the PV group or -1; `amounts` holds every quantity that a row or the
    objective uses, with PV at `pv_base`.
    """

    building: Ints
    package: Ints
    lane: Ints
    year: Ints
    place: Ints
    pv_base: Floats
    group: Ints
    amounts: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.building)

    def take(self, keep: Ints | Flags) -> Columns:
        """Return some of the columns."""
        return Columns(
            self.building[keep],
            self.package[keep],
            self.lane[keep],
            self.year[keep],
            self.place[keep],
            self.pv_base[keep],
            self.group[keep],
            {name: values[keep] for name, values in self.amounts.items()},
        )


@dataclass(frozen=True)
class Segments:
    """Segments s of the PV curves, all arrays of shape (segment,); `column` is one column of the segment's group."""

    group: Ints
    column: Ints
    width: Floats
    amounts: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return the number of segments."""
        return len(self.group)

    def take(self, keep: Ints | Flags) -> Segments:
        """Return some of the segments."""
        return Segments(
            self.group[keep],
            self.column[keep],
            self.width[keep],
            {name: values[keep] for name, values in self.amounts.items()},
        )


@dataclass(frozen=True)
class Extra:
    """One further variable, with finite bounds so that the Lagrangian bound stays finite."""

    name: str
    upper: float
    integer: bool
    value: float = 0.0


@dataclass(frozen=True)
class Row:
    """One linear row `coef . variables[index] <= upper`; variables are columns, then segments, then extras.

    `family` is the constraint family and `label` the row's name in the model.
    """

    family: str
    label: str
    index: Ints
    coef: Floats
    upper: float


@dataclass(frozen=True)
class Instance:
    """Everything that one solve needs; `mandatory` marks buildings that must be touched (equation 4)."""

    columns: Columns
    segments: Segments
    value: Floats
    rows: tuple[Row, ...]
    mandatory: Flags
    extras: tuple[Extra, ...] = ()
    squares: Mapping[str, tuple[Ints, Floats, int]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Return the number of variables."""
        return len(self.columns) + len(self.segments) + len(self.extras)

    def matrix(self) -> tuple[sparse.csr_array, Floats]:
        """Return the rows as one sparse matrix and their right-hand sides."""
        count = np.array([len(row.index) for row in self.rows])
        pointer = np.concatenate([[0], np.cumsum(count)]) if len(count) else np.zeros(1, dtype=int)
        index = np.concatenate([row.index for row in self.rows]) if self.rows else np.zeros(0, dtype=int)
        data = np.concatenate([row.coef for row in self.rows]) if self.rows else np.zeros(0)
        shape = (len(self.rows), self.size)
        return sparse.csr_array((data, index, pointer), shape=shape), np.array([row.upper for row in self.rows])


def row(
    family: str, label: str, columns: Floats, segments: Floats, upper: float, extras: Sequence[tuple[int, float]] = ()
) -> Row:
    """Return a row from dense coefficients over columns and segments and a few over extras.

    Examples
    --------
    >>> row("budget", "budget", np.array([2.0, 0.0]), np.array([1.0]), 5.0).index.tolist()
    [0, 2]
    """
    dense = np.concatenate([columns, segments])
    index = np.flatnonzero(dense)
    tail = np.array([len(dense) + i for i, _ in extras], dtype=np.intp)
    values = np.array([coef for _, coef in extras], dtype=float)
    return Row(
        family,
        label,
        np.concatenate([index, tail]).astype(np.intp),
        np.concatenate([dense[index], values]),
        float(upper),
    )


def power_of_ten(values: Floats) -> float:
    """Return the power of ten nearest to the largest absolute value, 1 for nothing or zeros.

    Examples
    --------
    >>> power_of_ten(np.array([3.0e6, 10.0]))
    1000000.0
    """
    largest = float(np.abs(values).max(initial=0.0))
    return 10.0 ** round(np.log10(largest)) if 0.0 < largest < np.inf else 1.0
