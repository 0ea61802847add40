"""Which designs to simulate: evenly over buildings of no registry and their packages; where verdicts are doubtful."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from buildings import Building, Catalogue, Package, apply_package, load_archetypes, load_catalogue, offered_measures
from buildings import resolve as resolving
from buildings.design import Design
from datafile import Frozen
from sim.case import Case, Role
from sim.models.datafile import load
from sim.surrogate.inputs import numbers
from vocabulary import SOURCE_SYSTEMS, InputError

Array = NDArray[np.float64]


class Limits(Frozen):
    """Smallest and largest value (frozen)."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Return the value at a place from 0 to 1."""
        return self.low + u * (self.high - self.low)

    def at_log(self, u: float) -> float:
        """Return the value at a place from 0 to 1 on a logarithmic scale."""
        return float(self.low * (self.high / self.low) ** u)


class TrainingSpace(Frozen):
    """The data file `sim/data/training_space.yaml` (frozen, unknown keys refused)."""

    source: str
    floor_area_m2: Limits
    footprint_m2: Limits
    storeys: Limits
    year_built: Limits
    source_age_years: Limits
    orientation_deg: Limits
    window_to_wall_ratio: Limits
    conditioned_fraction: Limits
    area_per_person_m2: Limits
    lighting_power_density_w_per_m2: Limits
    workday_start_h: Limits
    workday_end_h: Limits
    plan_shapes: dict[str, float]
    measure_share: float
    baseline_share: float


@cache
def training_space() -> TrainingSpace:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("training_space.yaml", TrainingSpace)


@dataclass(frozen=True)
class Drawn:
    """One drawn case: a building of no registry, a package (maybe none), and the design they make."""

    building: Building
    package: Package
    design: Design

    @property
    def as_it_is(self) -> Drawn:
        """The building without a package."""
        return Drawn(self.building, Package(), self.building.design)


def drawn_cases(drawn: Sequence[Drawn], weather_id: str, role: Role) -> list[Case]:
    """Return drawn cases as cases to simulate, in order.

    Examples
    --------
    `drawn_cases(training_designs(64, seed=1), "shanghai_0", "training")` are 64 cases of buildings of no registry.
    """
    return [
        Case(building_id=each.building.building_id, package_id=each.package.label, weather_id=weather_id, role=role,
             design=each.design)
        for each in drawn
    ]


_REGISTRY_PLACES = 16
_FIELD_PLACES = 40
_MEASURE_PLACES = 24


def training_designs(
    count: int, seed: int, *, systems: Sequence[str] = SOURCE_SYSTEMS, catalogue: Catalogue | None = None,
    targets: Sequence[str] | None = None, always_package: bool = False,
) -> list[Drawn]:
    """Draw cases that fill the space of buildings, source systems and packages evenly (scrambled Sobol).

    Parameters
    ----------
    count : int
        How many; the first n of a longer draw are a draw of n.
    seed : int
        Of the scrambling.
    systems : sequence of str
        Source systems of the buildings before a package.
    catalogue : Catalogue, optional
        The default catalogue.
    targets : sequence of str, optional
        Source systems that a package may leave; packages that lead to another are drawn anew.
    always_package : bool
        No case without a package (validation).

    Returns
    -------
    list of Drawn

    Examples
    --------
    `[drawn.design for drawn in training_designs(64, seed=1)]` are 64 designs for `sim.case.design_table`.
    """
    catalogue = catalogue or load_catalogue()
    found: list[Drawn] = []
    for number, point in enumerate(_points(seed)):
        if len(found) == count:
            return found
        building = drawn_building(point, f"drawn_{seed}_{number:05d}", systems, catalogue)
        if building is None:
            continue
        package = _drawn_package(building, point[-_MEASURE_PLACES:], catalogue, always_package)
        if package is None:
            continue
        design = apply_package(building.design, package, catalogue)
        if targets is None or design.source_system in targets:
            found.append(Drawn(building, package, design))
    return found


def _points(seed: int) -> Iterator[Array]:
    sampler = qmc.Sobol(_REGISTRY_PLACES + _FIELD_PLACES + _MEASURE_PLACES, scramble=True,
                        rng=np.random.default_rng(seed))
    while True:
        yield from sampler.random(64)


def drawn_building(point: Array, name: str, systems: Sequence[str], catalogue: Catalogue) -> Building | None:
    """Return the building at a point of the unit cube, or None where its values make no possible design."""
    archetypes = load_archetypes()
    given = _registry_row(point[:_REGISTRY_PLACES], name, systems)
    try:
        building = resolving.resolve(given, archetypes, catalogue)
        figures = archetypes.figures(building.vintage, building.use, building.source_system, building.source_vintage)
        changes = _between_limits(figures, given, point[_REGISTRY_PLACES : _REGISTRY_PLACES + _FIELD_PLACES])
        design = Design.model_validate({**dict(building.design), **changes})
    except (InputError, ValueError):
        return None
    return building.model_copy(update={"design": design})


def _registry_row(u: Array, name: str, systems: Sequence[str]) -> dict[str, float | str]:
    space = training_space()
    area = space.floor_area_m2.at_log(u[0])
    storeys = round(min(max(area / space.footprint_m2.at_log(u[1]), space.storeys.low), space.storeys.high))
    year = int(space.year_built.at(u[2]))
    shapes = list(space.plan_shapes)
    shape = shapes[int(np.searchsorted(np.cumsum([*space.plan_shapes.values()]), u[3] * 0.999999))]
    ratios = {f"window_to_wall_ratio_{side}": space.window_to_wall_ratio.at(v)
              for side, v in zip(("north", "east", "south", "west"), u[4:8], strict=True)}
    return {
        "building_id": name, "floor_area_m2": area, "storeys": storeys, "year_built": year,
        "source_system": systems[int(u[8] * len(systems))], "plan_shape": shape,
        "source_year": min(year + int(space.source_age_years.at(u[9])), 2025),
        "orientation_deg": space.orientation_deg.at(u[10]),
        "conditioned_fraction": space.conditioned_fraction.at(u[11]),
        "lighting_power_density_w_per_m2": space.lighting_power_density_w_per_m2.at(u[12]),
        "occupants": area / space.area_per_person_m2.at(u[13]),
        "workday_start_h": space.workday_start_h.at(u[14]), "workday_end_h": space.workday_end_h.at(u[15]), **ratios,
    }


def _between_limits(figures: Mapping[str, object], given: Mapping[str, object], u: Array) -> dict[str, float]:
    """Return the archetype's other figures at places between their low and high."""
    changes = {}
    names = sorted(name for name in figures if name in numbers() and name not in given)
    for name, place in zip(names, u, strict=False):
        low, high = (getattr(figures[name], side, None) for side in ("low", "high"))
        if low is not None and high is not None:
            changes[name] = low + place * (high - low)
    return changes


def _drawn_package(building: Building, u: Array, catalogue: Catalogue, always: bool) -> Package | None:
    space = training_space()
    if not always and u[0] < space.baseline_share:
        return Package()
    by_slot: dict[str, list[str]] = {}
    for name in sorted(str(getattr(m, "id", m)) for m in offered_measures(building, catalogue)):
        by_slot.setdefault(catalogue.measures[name].slot, []).append(name)
    chosen: list[str] = []
    for (_, names), place in zip(sorted(by_slot.items()), u[1:], strict=False):
        if place < space.measure_share:
            chosen.append(names[int(place / space.measure_share * len(names))])
    package = Package(tuple(chosen))
    return package if chosen and _can_stand(package, building.design, catalogue) else None


def _can_stand(package: Package, design: Design, catalogue: Catalogue) -> bool:
    try:
        return bool(apply_package(design, package, catalogue) != design)
    except (InputError, ValueError):
        return False


def most_doubtful(
    saving: Array, deviation: Array, baseline: Array, owners: Sequence[str], count: int, *, floor: float = 0.20
) -> NDArray[np.int64]:
    """Return the cases to simulate next: where the verdict 'saves at least the floor' is least certain.

    Cases are taken in order of the probability that their verdict is wrong; each further case of one building waits
    until the other buildings had theirs.

    Parameters
    ----------
    saving, deviation, baseline : ndarray (case,)
        Predicted saving, its standard error, baseline energy [kW h].
    owners : sequence of str
        Building of each case.
    count : int
        How many.
    floor : float
        Smallest saving as a fraction of the baseline.

    Examples
    --------
    >>> most_doubtful(np.array([10.0, 19.0, 40.0]), np.ones(3), np.full(3, 100.0), ["a", "b", "c"], 1).tolist()
    [1]
    """
    off = np.abs(saving - floor * baseline) / np.maximum(deviation, 1e-9)
    wrong = norm.cdf(-off)
    order = np.argsort(-wrong, kind="stable")
    turn: dict[str, Iterator[int]] = {}
    rank = [next(turn.setdefault(owners[i], itertools.count())) for i in order]
    return order[np.lexsort((np.arange(len(order)), np.array(rank)))][:count].astype(np.int64)
