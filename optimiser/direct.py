"""Which combinations a building without a surrogate has simulated: those that its single measures let hope for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buildings import Package
from buildings.package_grid import PackageGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Single:
    """What one measure alone saves and costs, by an engine run of its own.

    Parameters
    ----------
    saving_kwh : float
        Energy saved in a year, in the basis.
    cost_cny : float
        Investment.
    """

    saving_kwh: float
    cost_cny: float


def fronts(saving: Array, cost: Array) -> NDArray[np.int64]:
    """Return the rank of each point: 0 where none is both cheaper and saves more, 1 where only those of rank 0 do, ...

    Parameters
    ----------
    saving, cost : ndarray (point,)
        More is better, less is better.

    Examples
    --------
    >>> fronts(np.array([1.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [0, 0, 1]
    """
    order = np.lexsort((-saving, cost))  # cheapest first
    best: list[float] = []  # the largest saving so far of each front: falls from front to front
    rank = np.empty(len(saving), dtype=np.int64)
    for point in order.tolist():
        place = int(np.searchsorted(-np.array(best), -saving[point], side="right")) if best else 0
        if place == len(best):
            best.append(saving[point])
        best[place] = saving[point]
        rank[point] = place
    return rank


def combinations_to_run(grid: PackageGrid, singles: Mapping[str, Single], count: int) -> list[Package]:
    """Return the packages of several measures that could enter an optimum, as far as single measures tell.

    Savings and costs of single measures are added up; packages go by fronts of cost against saving, so that what is
    dominated by much comes last, and are spread over the costs where a front is longer than what is left of `count`.

    Parameters
    ----------
    grid : PackageGrid
        All packages offered.
    singles : mapping of measure id to Single
        What was simulated; a package with another measure is left out.
    count : int
        How many at most.

    Returns
    -------
    list of Package
        Most hopeful first; fewer where fewer exist. Only packages that save.

    Examples
    --------
    Of led, room_control and windows, all simulated, `count=1` gives the combination on the front of cost and saving.
    """
    saving, cost = np.zeros(len(grid)), np.zeros(len(grid))
    known = grid.sizes() > 1
    for measure in grid.measures:
        holds = grid.holds(measure.id)
        single = singles.get(measure.id)
        if single is None:
            known &= ~holds
        else:
            saving[holds] += single.saving_kwh
            cost[holds] += single.cost_cny
    rows = np.flatnonzero(known & (saving > 0))
    rank = fronts(saving[rows], cost[rows])
    chosen: list[int] = []
    for front in range(int(rank.max(initial=-1)) + 1):
        left = count - len(chosen)
        own = rows[rank == front]
        own = own[np.argsort(cost[own], kind="stable")]
        if len(own) > left:
            own = own[np.unique(np.linspace(0, len(own) - 1, left).round().astype(int))] if left > 0 else own[:0]
        chosen += own.tolist()
    return [grid.package(row) for row in chosen]
