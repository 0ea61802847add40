"""A smaller instance with some of the columns, and plans carried between the two."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimiser.model.instance import Flags, Floats, Instance, Ints, Row


@dataclass(frozen=True)
class Restricted:
    """The smaller instance and, for each of its variables, its place in the larger one."""

    instance: Instance
    place: Ints

    def widen(self, values: Floats, size: int) -> Floats:
        """Return a plan of the smaller instance as a plan of the larger one."""
        wide = np.zeros(size)
        wide[self.place] = values
        return wide


def restrict(instance: Instance, keep: Flags) -> Restricted:
    """Return the instance with the columns flagged in `keep`, their PV segments and all further variables."""
    columns, segments = instance.columns, instance.segments
    groups = int(max(columns.group.max(initial=-1), segments.group.max(initial=-1))) + 1
    opened = np.zeros(groups + 1, dtype=bool)
    opened[columns.group[keep] + 1] = True
    kept_segments = opened[segments.group + 1]
    mask = np.concatenate([keep, kept_segments, np.ones(len(instance.extras), dtype=bool)])
    new = np.cumsum(mask) - 1
    rows = tuple(_row(row, mask, new) for row in instance.rows)
    smaller = replace(
        instance,
        columns=columns.take(keep),
        segments=segments.take(kept_segments),
        value=instance.value[mask],
        rows=rows,
        squares={label: _square(square, keep, new) for label, square in instance.squares.items()},
    )
    return Restricted(smaller, np.flatnonzero(mask))


def _row(row: Row, mask: Flags, new: Ints) -> Row:
    inside = mask[row.index]
    return replace(row, index=new[row.index[inside]], coef=row.coef[inside])


def _square(square: tuple[Ints, Floats, int], keep: Flags, new: Ints) -> tuple[Ints, Floats, int]:
    index, squared, extra = square
    inside = keep[index]
    return new[index[inside]], squared[inside], extra
