"""Floors over contracts or the portfolio, with the standard error of the saving (equations 9 and 10)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from optimiser.cube import Cube
from optimiser.model.columns import quantile
from optimiser.model.contracts import Further
from optimiser.model.instance import Columns, Flags, Floats, Ints, Row, Segments, row
from optimiser.rules import Rules


def pools(columns: Columns, cube: Cube, rules: Rules) -> Iterator[tuple[str, Flags]]:
    """Yield the pools of the floor: each contract, or the whole portfolio, with the columns in it."""
    if rules.floor_scope == "portfolio":
        yield "portfolio", np.ones(len(columns), dtype=bool)
    elif rules.floor_scope == "contract" and rules.grouping == "decided":
        for place in range(int(columns.place.max(initial=-1)) + 1):
            yield f"contract_{place + 1}", columns.place == place
    elif rules.floor_scope == "contract" and cube.contract is not None:
        for at, label in enumerate(cube.contracts):
            yield label, cube.contract[columns.building] == at


def floor_rows(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, further: Further
) -> tuple[list[Row], dict[str, tuple[Ints, Floats, int]]]:
    """Write equation (9) for each pool; its root of squared errors is a further variable met by cuts (equation 10).

    Returns
    -------
    rows, squares
        `squares` maps a pool to its columns, their squared errors and the place of its root among the extras.
    """
    z = quantile(rules)
    rows: list[Row] = []
    squares: dict[str, tuple[Ints, Floats, int]] = {}
    amounts = columns.amounts
    lack = rules.minimum_saving_fraction * amounts["baseline"] - amounts["counted"] + z * amounts["std_common"]
    for label, members in pools(columns, cube, rules):
        pv = np.where(members[segments.column], -segments.amounts["counted"], 0.0) if len(segments) else np.zeros(0)
        root: list[tuple[int, float]] = []
        inside = np.flatnonzero(members & (amounts["std_squared"] > 0))
        if len(inside) and z > 0:
            variable = further.add(f"error_{label}", _largest_root(columns, inside), integer=False)
            squares[label] = (inside, amounts["std_squared"][inside], variable - further.first)
            root = [(variable - further.first, z)]
        rows.append(row("pooled_floor", f"floor_{label}", np.where(members, lack, 0.0), pv, 0.0, root))
    return rows, squares


def _largest_root(columns: Columns, inside: Ints) -> float:
    largest = np.zeros(columns.building.max() + 1)
    np.maximum.at(largest, columns.building[inside], columns.amounts["std_squared"][inside])
    return float(np.sqrt(largest.sum()))


def error_cut(label: str, inside: Ints, squared: Floats, chosen: Floats, root: int) -> Row:
    """Write equation (10) at one plan: `sum sq x^ x / sqrt(sum sq x^) - r <= 0`, exact at that plan.

    Parameters
    ----------
    inside, squared : ndarray, shape (member,)
        Columns of the pool and their squared errors.
    chosen : ndarray, shape (member,)
        The plan that breaks the cone, 0 or 1.
    root : int
        Place of r among all variables.
    """
    norm = float(np.sqrt((squared * chosen).sum()))
    at = np.flatnonzero(chosen > 0.5)
    index = np.concatenate([inside[at], [root]]).astype(np.intp)
    return Row("floor_error", label, index, np.concatenate([squared[at] / norm, [-1.0]]), 0.0)
