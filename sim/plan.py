"""Which cases a study simulates: all baselines, and a space-filling draw of building-package pairs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from buildings import Building, Catalogue, Package, apply_package
from buildings.package_grid import PackageGrid
from sim.case import Case, Role, design_table
from sim.surrogate.inputs import outside_range, read_table
from vocabulary import NO_PACKAGE

if TYPE_CHECKING:
    from sim.surrogate import Surrogate

Pair = tuple[str, Package]
Offers = Mapping[str, PackageGrid]


def baseline_cases(buildings: Sequence[Building], weather_id: str) -> list[Case]:
    """Return one case per building as it is.

    Parameters
    ----------
    buildings : sequence of Building
        Checked buildings.
    weather_id : str
        Name of the weather year.

    Returns
    -------
    list of Case
        In the order of `buildings`, role `baseline`.
    """
    return [
        Case(
            building_id=b.building_id, package_id=NO_PACKAGE, weather_id=weather_id, role="baseline",
            design=b.design, model_path=b.model,
        )
        for b in buildings
    ]


def package_cases(
    pairs: Sequence[Pair], buildings: Sequence[Building], catalogue: Catalogue, weather_id: str, role: Role
) -> list[Case]:
    """Return the cases of building-package pairs.

    Parameters
    ----------
    pairs : sequence of (building_id, Package)
        What to simulate.
    buildings : sequence of Building
        All buildings that the pairs name.
    catalogue : Catalogue
        Measures that the packages name.
    weather_id : str
        Name of the weather year.
    role : str
        Role of every case.

    Returns
    -------
    list of Case
        In the order of `pairs`.
    """
    by_id = {b.building_id: b for b in buildings}
    return [
        Case(
            building_id=name, package_id=package.label, weather_id=weather_id, role=role,
            design=apply_package(by_id[name].design, package, catalogue), model_path=by_id[name].model,
        )
        for name, package in pairs
    ]


def _options(grid: PackageGrid) -> dict[str, list[str | None]]:
    """Return for each slot what may fill it, nothing first."""
    used = np.unique(grid.choice)
    held = sorted((grid.measures[place] for place in used.tolist() if place >= 0), key=lambda measure: measure.id)
    options: dict[str, list[str | None]] = {}
    for measure in held:
        options.setdefault(measure.slot, [None]).append(measure.id)
    return options


def _sequence(offers: Offers, seed: int) -> Iterator[tuple[str, int]]:
    """Yield building and row of its grid without end from a scrambled Sobol sequence over buildings and slots."""
    names = sorted(offers)
    options = {name: _options(offers[name]) for name in names}
    slots = sorted({slot for found in options.values() for slot in found})
    sampler = qmc.Sobol(1 + len(slots), scramble=True, rng=np.random.default_rng(seed))
    while True:
        for point in sampler.random(256):
            name = names[int(point[0] * len(names))]
            found = options[name]
            picked = [found[s][int(u * len(found[s]))] for s, u in zip(slots, point[1:], strict=True) if s in found]
            row = offers[name].row_of(measure for measure in picked if measure is not None)
            if row is not None:
                yield name, row


def draw_pairs(
    offers: Offers, count: int, seed: int, *, taken: frozenset[tuple[str, str]] = frozenset()
) -> list[Pair]:
    """Draw building-package pairs that fill the space of buildings and slots evenly.

    Parameters
    ----------
    offers : mapping of building_id to PackageGrid
        What is offered to each building, `none` included.
    count : int
        How many pairs; fewer come back where fewer exist.
    seed : int
        Seed of the scrambled Sobol sequence.
    taken : frozenset of (building_id, package label)
        Pairs that may not be drawn.

    Returns
    -------
    list of (building_id, Package)
        Distinct, never `none`, in drawing order: the first n of a longer draw are a draw of n.
    """
    barred = {name: _rows_taken(grid, {label for owner, label in taken if owner == name})
              for name, grid in offers.items()}
    count = min(count, sum(int((~closed).sum()) for closed in barred.values()))
    if count <= 0:
        return []
    drawn: dict[tuple[str, int], Pair] = {}
    for tries, (name, row) in enumerate(_sequence(offers, seed)):
        if len(drawn) == count or tries > 1000 * (count + 1):
            break
        if not barred[name][row]:
            drawn.setdefault((name, row), (name, offers[name].package(row)))
    # A rare combination may never be hit: the rest is filled in the order of the names.
    rest = ((name, row) for name in sorted(offers) for row in np.flatnonzero(~barred[name]).tolist())
    while len(drawn) < count:
        name, row = next(rest)
        drawn.setdefault((name, row), (name, offers[name].package(row)))
    return list(drawn.values())


def _rows_taken(grid: PackageGrid, labels: set[str]) -> NDArray[np.bool_]:
    """Return which rows may not be drawn: `none`, and those with one of the labels."""
    closed: NDArray[np.bool_] = grid.sizes() == 0
    for label in labels:
        closed |= grid.labelled(label)
    return closed


def reason_for_direct(
    building: Building, alone: Sequence[Package], catalogue: Catalogue, surrogate: Surrogate | None
) -> str:
    """Return why no surrogate speaks for a building, so that it is simulated directly; empty where one does.

    Parameters
    ----------
    building : Building
        The building.
    alone : sequence of Package
        Each measure that it is offered, alone.
    catalogue : Catalogue
        The measures.
    surrogate : Surrogate, optional
        A surrogate fitted elsewhere; None where the study fits its own, whose runs hold every building's baseline.

    Returns
    -------
    str
        Its own model, a source system that was not trained, or the first field outside the trained range.

    Examples
    --------
    A building with `model` given: `"has a model of its own"`.
    """
    if building.model is not None:
        return "has a model of its own"
    if surrogate is None:
        return ""
    designs = [building.design, *(apply_package(building.design, package, catalogue) for package in alone)]
    faults = outside_range(read_table(design_table(designs)), surrogate.ranges, 0.0)
    if faults:
        fault = faults[0]
        return f"{fault.place.split(',')[0]} is {fault.found}, the surrogate was trained on {fault.expected}"
    strange = sorted({design.source_system for design in designs} - set(surrogate.systems))
    return f"the surrogate was not trained on {strange[0]}" if strange else ""
