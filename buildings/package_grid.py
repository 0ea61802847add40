"""All packages of a building as numbers: which measure fills which slot, without an object for each package.

A building may be offered some 10^5 packages; what is worked out for all of them is worked out on these arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from buildings.building import Building
from buildings.measures import Catalogue, Measure
from buildings.packages import Package, offered_to, suits

NOTHING = -1


@dataclass(frozen=True)
class PackageGrid:
    """Packages of one building.

    Parameters
    ----------
    measures : tuple of Measure
        Measures that any of the packages holds.
    choice : ndarray (package, slot), int16
        Index into `measures` of what fills each slot of the catalogue, -1 for nothing.
    """

    measures: tuple[Measure, ...]
    choice: NDArray[np.int16]

    def __len__(self) -> int:
        """Return the number of packages."""
        return len(self.choice)

    def package(self, row: int) -> Package:
        """Return one package.

        Examples
        --------
        The row in which every slot is -1 is `Package(())`, labelled `none`.
        """
        return Package(tuple(self.measures[i].id for i in self.choice[row].tolist() if i != NOTHING))

    def holds(self, measure: str) -> NDArray[np.bool_]:
        """Return which packages hold a measure."""
        places = [i for i, own in enumerate(self.measures) if own.id == measure]
        return np.asarray(np.isin(self.choice, places).any(axis=1))

    def labelled(self, label: str) -> NDArray[np.bool_]:
        """Return which package has a label; none where no package has it."""
        measures = Package.from_label(label).measures
        found = self.sizes() == len(measures)
        for measure in measures:
            found &= self.holds(measure)
        return found

    def sizes(self) -> NDArray[np.int64]:
        """Return the number of measures of each package."""
        return (self.choice != NOTHING).sum(axis=1)

    def smallest_rows(self) -> NDArray[np.int64]:
        """Return the row of `none` and, beside each source (or none), of the smallest package with each measure.

        A field of a design is changed by the source and by at most one measure beside it: what these packages make of
        a building reaches what all packages reach.
        """
        source = np.full(len(self), NOTHING, dtype=np.int64)
        for place, measure in enumerate(self.measures):
            if measure.slot == "source":
                source[(self.choice == place).any(axis=1)] = place
        found = {0}
        for kind in np.unique(source).tolist():
            rows = np.flatnonzero(source == kind)  # smaller packages come first
            held, first = np.unique(self.choice[rows], return_index=True)
            found |= set(rows[first[held != NOTHING] // self.choice.shape[1]].tolist())
        return np.array(sorted(found), dtype=np.int64)

    def row_of(self, measures: Iterable[str]) -> int | None:
        """Return the row of the package with exactly these measures, None where it is not offered."""
        wanted, places = set(measures), {measure.id: place for place, measure in enumerate(self.measures)}
        if not wanted <= places.keys():
            return None
        rows = np.flatnonzero(self._as_bits == sum(1 << places[name] for name in wanted))
        return int(rows[0]) if len(rows) else None

    @cached_property
    def _as_bits(self) -> NDArray[np.int64]:
        """Return each package as a number with one bit per measure."""
        held = self.choice.astype(np.int64)
        return np.where(held == NOTHING, 0, np.int64(1) << np.maximum(held, 0)).sum(axis=1)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> PackageGrid:
        """Return the grid of some packages."""
        return PackageGrid(self.measures, self.choice[rows])


def package_grid(building: Building, catalogue: Catalogue, measures: Sequence[str] | None = None) -> PackageGrid:
    """Return every package that a building is offered, `none` first: the set that `enumerate_packages` lists.

    Parameters
    ----------
    building : Building
        The building with its baseline design.
    catalogue : Catalogue
        All measures.
    measures : sequence of str, optional
        Only these ids.

    Returns
    -------
    PackageGrid
        By number of measures, then in the catalogue's order.

    Raises
    ------
    InputError
        If `measures` names an unknown one.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> from buildings.measures import load_catalogue
    >>> from buildings.registry import read_registry
    >>> building = read_registry(DATA_DIR / "jiading_sample.csv")[0]
    >>> grid = package_grid(building, load_catalogue(), ["led", "room_control"])
    >>> [grid.package(row).label for row in range(len(grid))]
    ['none', 'led', 'room_control', 'led+room_control']
    """
    chosen, design = offered_to(catalogue, measures), building.design
    sources = [m for m in chosen if m.slot == "source" and suits(m, design, design, catalogue)]
    parts = []
    for source in [None, *sources]:
        after = design if source is None else source.apply(design)
        others = [i for i, m in enumerate(chosen) if m.slot != "source" and suits(m, design, after, catalogue)]
        first = NOTHING if source is None else chosen.index(source)
        parts.append(_combinations(first, others, chosen, catalogue))
    choice = np.concatenate(parts)
    choice = choice[_stand_together(choice, chosen)]
    # of as many measures, the catalogue's first ones first; nothing comes after any measure
    order = np.lexsort((*np.where(choice == NOTHING, len(chosen), choice).T[::-1], (choice != NOTHING).sum(axis=1)))
    return PackageGrid(tuple(chosen), choice[order])


def _combinations(source: int, others: list[int], chosen: Sequence[Measure], catalogue: Catalogue) -> NDArray[np.int16]:
    options = [
        [source] if slot == "source" else [NOTHING, *(i for i in others if chosen[i].slot == slot)]
        for slot in catalogue.slots
    ]
    return np.array(list(product(*options)), dtype=np.int16)


def _stand_together(choice: NDArray[np.int16], chosen: Sequence[Measure]) -> NDArray[np.bool_]:
    """Return which combinations hold no two measures that exclude each other and all that a measure needs."""
    place = {measure.id: i for i, measure in enumerate(chosen)}
    good = np.ones(len(choice), dtype=bool)

    def has(name: str) -> NDArray[np.bool_]:
        return (choice == place[name]).any(axis=1) if name in place else np.zeros(len(choice), dtype=bool)

    for measure in chosen:
        for other in measure.excludes:
            good &= ~(has(measure.id) & has(other))
        for needed in measure.needs.measures:
            good &= ~(has(measure.id) & ~has(needed))
    return good
