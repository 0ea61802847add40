"""Names that rules may use: buildings, contracts, packages, measures, subsidies; what is unknown, with the nearest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from buildings import Package
from optimiser.money.subsidies import load_subsidies
from optimiser.rules import ANY_PACKAGE, LANES, Rules
from vocabulary import NO_PACKAGE, Fault, nearest

NAMING = ("require", "forbid", "contract_lane", "prerequisites", "exclusions", "budget_parts", "subsidies",
          "end_of_life_first")


@dataclass(frozen=True)
class Known:
    """What a district holds.

    Parameters
    ----------
    contracts : mapping of building to contract
        Empty where the buildings are not known: then nothing is said of them.
    measures : collection of str
        Of the catalogue; empty where they are not known.
    offered : callable
        Tells whether a building (`*`: any) is offered the package of a label; True where that is not known.
    """

    contracts: Mapping[str, str]
    measures: Collection[str]
    offered: Callable[[str, str], bool]


def naming_rules(given: Mapping[str, Any]) -> Rules:
    """Return the rules that need something of the district, each where it is well formed; all others at their defaults.

    Examples
    --------
    >>> naming_rules({"budget_cny": -1, "subsidies": 5, "forbid": ["hall"]}).forbid
    (('hall', '*'),)
    """
    values: dict[str, Any] = {}
    for name in NAMING:
        if name in given:
            with suppress(ValidationError):  # lanes and budgets are what some rules need beside them
                values[name] = getattr(Rules(lanes=LANES, yearly_budget_cny=(0.0,), **{name: given[name]}), name)
    return Rules.model_construct(**values)


def unknown_names(rules: Rules, known: Known) -> Iterator[Fault]:
    """Yield a fault for every name of the rules that the district does not hold; its place begins with the rule.

    Parameters
    ----------
    rules : Rules
        Rules of one scenario.
    known : Known
        What the district holds.
    """
    for rule in ("require", "forbid"):
        for building, package in getattr(rules, rule):
            yield from _buildings(rule, [building], known)
            # what no plan may choose does no harm where a building is not offered it; what must be chosen does
            owner = building if rule == "require" and building in known.contracts else ANY_PACKAGE
            yield from _package(f"{rule}.{building}", package, owner, known)
    yield from _contracts(rules, known)
    for measure, needed in rules.prerequisites.items():
        yield from _measures("prerequisites", [measure], known)
        yield from _measures(f"prerequisites.{measure}", needed, known)
    for place, group in enumerate(rules.exclusions):
        yield from _measures(f"exclusions.{place}", group, known)
    for place, part in enumerate(rules.budget_parts):
        yield from _buildings(f"budget_parts.{place}.buildings", part.buildings, known)
        yield from _measures(f"budget_parts.{place}.measures", part.measures, known)
        for label in part.packages:
            yield from _package(f"budget_parts.{place}.packages", label, ANY_PACKAGE, known)
    schemes = load_subsidies().schemes
    yield from _unknown("subsidies", rules.subsidies, schemes, "one of " + ", ".join(sorted(schemes)))


def _unknown(place: str, names: Iterable[str], known: Collection[str], expected: str) -> Iterator[Fault]:
    for name in names:
        if known and name not in known:
            yield Fault("rules", place, repr(name), expected, nearest(name, known))


def _buildings(place: str, names: Iterable[str], known: Known) -> Iterator[Fault]:
    wanted = [name for name in names if name != ANY_PACKAGE]
    yield from _unknown(place, wanted, known.contracts, f"a building_id of the registry, or {ANY_PACKAGE!r} for all")


def _measures(place: str, names: Iterable[str], known: Known) -> Iterator[Fault]:
    yield from _unknown(place, names, known.measures, "a measure of the catalogue")


def _contracts(rules: Rules, known: Known) -> Iterator[Fault]:
    contracts = set(known.contracts.values())
    for name in rules.contract_lane:
        if contracts and name not in contracts:
            near = known.contracts.get(name) or nearest(name, contracts)  # a building has its compound's contract
            expected = "a compound of the registry, or a building without one"
            yield Fault("rules", f"contract_lane.{name}", repr(name), expected, near)


def _package(place: str, label: str, owner: str, known: Known) -> Iterator[Fault]:
    """Yield a fault where a label is none of a package that is offered, the nearest by its measures."""
    if label in (ANY_PACKAGE, NO_PACKAGE) or not known.measures:
        return
    measures = label.split("+")
    near = [name if name in known.measures else nearest(name, known.measures) for name in measures]
    spelled = Package(tuple(near)).label
    if spelled != label:
        expected = f"measures of the catalogue in alphabetical order joined by +, or {ANY_PACKAGE!r} for all"
        yield Fault("rules", place, repr(label), expected, spelled if all(near) else "")
    elif not known.offered(owner, label):
        whom = "some building" if owner == ANY_PACKAGE else owner
        yield Fault("rules", place, repr(label), f"a package that {whom} is offered (packages.measures, one per slot)")
