"""Packages: measures chosen together, at most one per slot; which a building is offered, and what they make of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from buildings.building import Building
from buildings.design import Design
from buildings.measures import Catalogue, FieldValue, Measure
from vocabulary import NO_PACKAGE, Fault, InputError, nearest


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """Measures chosen together; ids sorted, each once. The empty package is `none`.

    Parameters
    ----------
    measures : tuple of str
        Measure ids in any order.

    Examples
    --------
    >>> Package(("roof_insulation", "led")).label
    'led+roof_insulation'
    """

    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "measures", tuple(sorted(set(self.measures))))

    @property
    def label(self) -> str:
        """Sorted measure ids joined by `+`; `none` without any."""
        return "+".join(self.measures) or NO_PACKAGE

    @classmethod
    def from_label(cls, label: str) -> Package:
        """Return the package that a label names (the inverse of `label`)."""
        return cls(() if label in ("", NO_PACKAGE) else tuple(label.split("+")))


def measures_of(package: Package | str, catalogue: Catalogue) -> tuple[Measure, ...]:
    """Return the measures of a package in the order in which they act (slot order).

    Parameters
    ----------
    package : Package or str
        Package or its label.
    catalogue : Catalogue
        Where its measures are.

    Returns
    -------
    tuple of Measure
        Empty for `none`.

    Raises
    ------
    InputError
        If a measure is unknown, or two fill one slot or exclude each other (all faults at once).

    Examples
    --------
    >>> from buildings.measures import load_catalogue
    >>> [measure.id for measure in measures_of("led+source_vrf", load_catalogue())]
    ['source_vrf', 'led']
    """
    package = Package.from_label(package) if isinstance(package, str) else package
    _check_known(package.measures, catalogue, f"package {package.label}")
    chosen = sorted((catalogue.measures[name] for name in package.measures),
                    key=lambda measure: (catalogue.slots.index(measure.slot), measure.id))
    faults = [
        Fault("catalogue", f"package {package.label}", f"{one.id} with {other.id}", why)
        for one, other in itertools.combinations(chosen, 2) if (why := _clash(one, other))
    ]
    if faults:
        raise InputError(faults)
    return tuple(chosen)


def _check_known(names: Sequence[str], catalogue: Catalogue, place: str) -> None:
    faults = [
        Fault("catalogue", place, f"measure {name!r}", "a measure of the catalogue",
              nearest(name, catalogue.measures))
        for name in names if name not in catalogue.measures
    ]
    if faults:
        raise InputError(faults)


def _clash(one: Measure, other: Measure) -> str:
    if one.slot == other.slot:
        return f"at most one measure of slot {one.slot}"
    if other.id in one.excludes or one.id in other.excludes:
        return "measures that do not exclude each other"
    return ""


def apply_package(design: Design, package: Package | str, catalogue: Catalogue) -> Design:
    """Return the design that a package makes of a building.

    The package always starts from the building as it is: a design that carries a package already goes back to
    its `sizing` first, so that applying a package twice changes nothing.

    Parameters
    ----------
    design : Design
        Baseline design (or one that a package was applied to).
    package : Package or str
        Package or its label.
    catalogue : Catalogue
        Where its measures are.

    Returns
    -------
    Design
        With `sizing` = the baseline and `replaced_equipment` = all that the measures replace; the baseline itself
        for `none`.

    Raises
    ------
    InputError
        If a measure is unknown, or two of them cannot stand together.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> from buildings.measures import load_catalogue
    >>> from buildings.registry import read_registry
    >>> design = read_registry(DATA_DIR / "jiading_sample.csv")[0].design
    >>> sorted(apply_package(design, "led+source_condensing_boiler", load_catalogue()).replaced_equipment)
    ['heating_source']
    """
    baseline = design if design.sizing is None else design.sizing
    chosen = measures_of(package, catalogue)
    if not chosen:
        return baseline
    after = baseline
    for measure in chosen:
        after = measure.apply(after)
    replaced = frozenset[str]().union(*(measure.replaces for measure in chosen))
    changed = {name: getattr(after, name) for name in Design.model_fields}
    return Design.model_validate({**changed, "replaced_equipment": replaced, "sizing": baseline})


def does_something(measure: Measure, design: Design, catalogue: Catalogue) -> bool:
    """Return whether a measure changes a design by more than the catalogue's negligible change.

    Parameters
    ----------
    measure : Measure
        What would be done.
    design : Design
        State in which it would be done.
    catalogue : Catalogue
        Gives `negligible_change`, a fraction of the larger of both values.

    Returns
    -------
    bool
        False for LED where lamps draw as little already.
    """
    return any(
        _differs(getattr(design, change.field), change.apply(getattr(design, change.field)),
                 catalogue.negligible_change)
        for change in measure.changes
    )


def _differs(before: FieldValue, after: FieldValue, fraction: float) -> bool:
    if isinstance(before, str | bool) or isinstance(after, str | bool):
        return before != after
    return abs(after - before) > fraction * max(abs(before), abs(after))


def suits(measure: Measure, before: Design, after_source: Design, catalogue: Catalogue) -> bool:
    """Return whether a measure may be offered to a building.

    Parameters
    ----------
    measure : Measure
        What would be done.
    before : Design
        The building as it is.
    after_source : Design
        The same after the package's source measure (or as it is): the state that all other measures meet.
    catalogue : Catalogue
        The catalogue of the measure.

    Returns
    -------
    bool
        True where systems and field ranges fit, the measure does something, and a source that stays of one kind
        improves enough.
    """
    needs = measure.needs
    if needs.systems_before and before.source_system not in needs.systems_before:
        return False
    if needs.systems_after and after_source.source_system not in needs.systems_after:
        return False
    if not all(item.holds(after_source) for item in needs.fields):
        return False
    return does_something(measure, after_source, catalogue) and _gains(measure, after_source)


def _gains(measure: Measure, design: Design) -> bool:
    gain = measure.minimum_gain
    if gain is None:
        return True
    after = measure.apply(design)
    if after.source_system != design.source_system:
        return True
    before = float(getattr(design, gain.field))
    return float(getattr(after, gain.field)) >= before * (1 + gain.fraction)


def offered_measures(
    building: Building, catalogue: Catalogue, measures: Sequence[str] | None = None
) -> tuple[Measure, ...]:
    """Return the measures that make sense for a building one by one, as it is.

    Parameters
    ----------
    building : Building
        The building.
    catalogue : Catalogue
        All measures.
    measures : sequence of str, optional
        Only these ids.

    Returns
    -------
    tuple of Measure
        In the catalogue's order.

    Raises
    ------
    InputError
        If `measures` names an unknown one.
    """
    chosen = offered_to(catalogue, measures)
    return tuple(measure for measure in chosen if suits(measure, building.design, building.design, catalogue))


def offered_to(catalogue: Catalogue, measures: Sequence[str] | None) -> list[Measure]:
    """Return the measures of a catalogue that a study names, all of them for None.

    Raises
    ------
    InputError
        If `measures` names an unknown one.
    """
    if measures is None:
        return list(catalogue.measures.values())
    _check_known(measures, catalogue, "packages.measures")
    return [measure for name, measure in catalogue.measures.items() if name in measures]


def enumerate_packages(
    building: Building, catalogue: Catalogue, measures: Sequence[str] | None = None
) -> tuple[Package, ...]:
    """Return every package that a building is offered.

    Parameters
    ----------
    building : Building
        The building with its baseline design.
    catalogue : Catalogue
        All measures.
    measures : sequence of str, optional
        Only these ids; all without it (then easily 10^5 packages: choose).

    Returns
    -------
    tuple of Package
        First `none`, then by number of measures and label. Each holds at most one measure per slot, respects needs
        and excludes, and no measure in it does nothing.

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
    >>> [package.label for package in enumerate_packages(building, load_catalogue(), ["led", "room_control"])]
    ['none', 'led', 'room_control', 'led+room_control']
    """
    chosen = offered_to(catalogue, measures)
    design = building.design
    sources = [measure for measure in chosen if measure.slot == "source"]
    packages: list[Package] = []
    for source in [None, *(measure for measure in sources if suits(measure, design, design, catalogue))]:
        after = design if source is None else source.apply(design)
        others = [m for m in chosen if m.slot != "source" and suits(m, design, after, catalogue)]
        packages += _combinations(source, others, catalogue)
    return tuple(sorted(packages, key=lambda package: (len(package.measures), package.label)))


def _combinations(source: Measure | None, others: list[Measure], catalogue: Catalogue) -> list[Package]:
    slots: list[list[Measure | None]] = [
        [None, *(measure for measure in others if measure.slot == slot)] for slot in catalogue.slots if slot != "source"
    ]
    head = [source] if source is not None else []
    ruled = any(measure.excludes or measure.needs.measures for measure in [*head, *others])
    packages = []
    for combination in itertools.product(*slots):
        members = head + [measure for measure in combination if measure is not None]
        if not ruled or _stand_together(members):
            packages.append(Package(tuple(measure.id for measure in members)))
    return packages


def _stand_together(members: list[Measure]) -> bool:
    ids = {measure.id for measure in members}
    return not any(ids & set(measure.excludes) or set(measure.needs.measures) - ids for measure in members)
