"""Packages of one building as a table of designs, without a `Design` for each."""

from __future__ import annotations

from typing import get_args

import numpy as np
from numpy.typing import NDArray

from buildings.building import Building
from buildings.design import Design, Equipment
from buildings.package_grid import NOTHING, PackageGrid
from sim.case import design_table
from sim.surrogate.inputs import CHOICES, SIZING, SWITCHES, Table, numbers, read_table

Array = NDArray[np.float64]


def offer_table(building: Building, grid: PackageGrid) -> Table:
    """Return the designs that the packages of a grid make of a building.

    A field of the design is changed by the source and by at most one other slot (the catalogue sees to that), so that
    every value occurs already where that slot's measure stands alone beside that source.

    Parameters
    ----------
    building : Building
        The building as it is.
    grid : PackageGrid
        Its packages.

    Returns
    -------
    Table
        Equal to `read_table(design_table([apply_package(design, package) ...]))`, without columns of `sizing` where no
        package holds a measure.

    Raises
    ------
    InputError
        If a measure leaves the range of a field.

    Examples
    --------
    The table of the packages `none` and `led` differs in `lighting_power_density_w_per_m2` only.
    """
    base = building.design if building.design.sizing is None else building.design.sizing
    source_of, sources = _sources(grid)
    alone = _alone(base, grid, sources)
    values = {}
    for name in (*numbers(), *CHOICES, *SWITCHES):
        column, seen = alone[name].reshape(len(sources), 1 + len(grid.measures)), source_of
        values[name] = column[seen, 0]
        for slot in range(grid.choice.shape[1]):
            owners = [i for i in np.unique(grid.choice[:, slot]).tolist() if i != NOTHING
                      and i not in sources and name in grid.measures[i].fields]
            rows = np.flatnonzero(np.isin(grid.choice[:, slot], owners))
            if len(rows):
                values[name][rows] = column[seen[rows], 1 + grid.choice[rows, slot]]
        values[SIZING + name] = np.full(len(grid), column[sources.index(NOTHING), 0])
    for item in get_args(Equipment):
        replacing = [i for i, m in enumerate(grid.measures) if item in m.replaces]
        values[f"replaced_{item}"] = np.isin(grid.choice, replacing).any(axis=1).astype(float)
    return Table(values, len(grid))


def _sources(grid: PackageGrid) -> tuple[NDArray[np.int64], list[int]]:
    """Return for each package the number of its source, and the measures that are sources (nothing first)."""
    own = [i for i, m in enumerate(grid.measures) if m.slot == "source"]
    found = np.where(np.isin(grid.choice, own), grid.choice, NOTHING).max(axis=1)
    sources = sorted({NOTHING, *found.tolist()})
    return np.searchsorted(sources, found), sources


def _alone(base: Design, grid: PackageGrid, sources: list[int]) -> Table:
    """Return the designs of every source with nothing and with every measure beside it, sources one after another."""
    designs = []
    for source in sources:
        after = base if source == NOTHING else grid.measures[source].apply(base)
        designs += [after, *(after if m.slot == "source" else m.apply(after) for m in grid.measures)]
    return read_table(design_table(designs))
