"""Sizes of equipment: read from a sizing run, written into the model of a retrofit that keeps the equipment.

A package replaces some equipment and keeps the rest. What it keeps has the size it has in the baseline building;
what it replaces is sized for the loads after the retrofit. So up to two sizing runs (design days only, about a
second each) stand before a retrofit's year: one of the baseline, one of the retrofit itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from pydantic import RootModel

from buildings.design import Design, Equipment
from datafile import Frozen
from sim.models.datafile import load
from sim.models.idd import OfficeIDF

KeptSizes = dict[str, float]
"""`OBJECT|NAME|description` to size in the engine's units; goes through JSON unchanged."""
EIO_LINE = "Component Sizing Information"
PUMPS = ("PUMP:CONSTANTSPEED", "PUMP:VARIABLESPEED")
TOWERS = ("COOLINGTOWER:SINGLESPEED", "COOLINGTOWER:VARIABLESPEED:MERKEL")
ALIKE = {name: group for group in (PUMPS, TOWERS) for name in group}
"""Objects that may stand for the same piece of equipment: a pump or tower that gets a variable-speed drive."""
AUTO = ("autosize", "autocalculate")


class SizedObject(Frozen):
    """Sized fields of one kind of object (frozen)."""

    equipment: Equipment
    fields: dict[str, tuple[str, ...]]


class SizedFile(RootModel[dict[str, SizedObject]]):
    """The data file `sim/data/sized_fields.yaml`."""


@cache
def sized_objects() -> dict[str, SizedObject]:
    """Return the sized fields by object name in capitals.

    Raises
    ------
    InputError
        If the data file breaks a rule.
    """
    return {name.upper(): entry for name, entry in load("sized_fields.yaml", SizedFile).root.items()}


def read_sizes(eio_text: str) -> KeptSizes:
    """Read every component size of an `eplusout.eio`.

    Parameters
    ----------
    eio_text : str
        The file's text.

    Returns
    -------
    KeptSizes
        Sizes of the objects in `sim/data/sized_fields.yaml`; what the engine took as given is left out.

    Examples
    --------
    >>> read_sizes(" Component Sizing Information, Boiler:HotWater, BO, Design Size Nominal Capacity [W], 348941.2")
    {'BOILER:HOTWATER|BO|Design Size Nominal Capacity': 348941.2}
    """
    found: KeptSizes = {}
    for line in eio_text.splitlines():
        words = [word.strip() for word in line.split(",")]
        if words[0] != EIO_LINE or len(words) < 5 or words[1].upper() not in sized_objects():
            continue
        description = words[3].rsplit("[", 1)[0].strip()
        if not description.startswith(("Initial", "User-Specified")):
            try:
                found["|".join((words[1].upper(), words[2].upper(), description))] = float(words[4])
            except ValueError:  # "Sizing Option, NonCoincident"
                continue
    return found


def needs_kept_sizes(design: Design) -> bool:
    """Tell whether a design keeps equipment of another one.

    Examples
    --------
    A baseline design (`sizing` not given) sizes itself: False.
    """
    return design.sizing is not None


def _alone(design: Design) -> Design:
    return design.model_copy(update={"sizing": None, "replaced_equipment": frozenset()})


def sizing_designs(design: Design) -> tuple[Design, ...]:
    """Return the designs whose sizing runs a design needs, in the order that `combine_sizes` takes them.

    Parameters
    ----------
    design : Design
        Any design.

    Returns
    -------
    tuple of Design
        Empty for a baseline. Else the baseline, and, where something is replaced, the design itself.

    Examples
    --------
    New windows need one run (the baseline's, shared by all packages of the building); a new chiller needs two.
    """
    if design.sizing is None:
        return ()
    return (_alone(design.sizing), _alone(design)) if design.replaced_equipment else (_alone(design.sizing),)


def _equipment(key: str) -> Equipment:
    return sized_objects()[key.split("|", 1)[0]].equipment


def combine_sizes(design: Design, sizes: Sequence[Mapping[str, float]]) -> KeptSizes:
    """Take kept equipment from the baseline's sizes and replaced equipment from the design's own.

    Parameters
    ----------
    design : Design
        Uses `replaced_equipment`.
    sizes : sequence
        As `sizing_designs` orders them.

    Returns
    -------
    KeptSizes
        What `build_idf` takes as `kept_sizes`.

    Examples
    --------
    With `replaced_equipment={"cooling_source"}` the chiller comes from the second mapping, all else from the first.
    """
    if not sizes:
        return {}
    kept = {key: value for key, value in sizes[0].items() if _equipment(key) not in design.replaced_equipment}
    if len(sizes) > 1:
        kept |= {key: value for key, value in sizes[1].items() if _equipment(key) in design.replaced_equipment}
    return kept


def _find(sizes: Mapping[str, float], kind: str, name: str, descriptions: Iterable[str]) -> float | None:
    for alike in ALIKE.get(kind, (kind,)):
        for description in descriptions:
            size = sizes.get("|".join((alike, name.upper(), description)))
            if size is not None:
                return size
    return None


def set_sizes(idf: OfficeIDF, sizes: Mapping[str, float]) -> tuple[int, int]:
    """Write sizes into the sized fields of a model.

    Parameters
    ----------
    idf : OfficeIDF
        Expanded model.
    sizes : mapping
        From `combine_sizes`. A field without a size stays with the engine.

    Returns
    -------
    tuple of int
        Fields written; listed fields left to the engine.
    """
    written = left = 0
    for kind, entry in sized_objects().items():
        for item in idf.idfobjects[kind]:
            for field, descriptions in entry.fields.items():
                if str(item[field]).lower() not in AUTO:
                    continue
                size = _find(sizes, kind, item.obj[1], descriptions)
                if size is None:
                    left += 1
                else:
                    item[field] = size
                    written += 1
    return written, left
