"""Models that somebody else wrote: read with suspicion, placed on the study's site, changed by measures.

A foreign model may come as IDF or epJSON of version 25.2. It is untrusted: objects that run code or read files are
refused by name, so are includes and paths, and limits of size and number of objects hold.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from buildings.design import Design
from datafile import Frozen
from sim.models.datafile import load
from sim.models.expand import expand
from sim.models.external_measures import apply_measures
from sim.models.external_source import PLANT_FIELDS, replace_source
from sim.models.frame import add_run_period, add_site
from sim.models.idd import ENGINE_VERSION, OfficeIDF, add, idf_text, read_idf, schema
from sim.models.outputs import add_outputs
from sim.models.photovoltaics import add_photovoltaics
from sim.models.site import ModelSettings, Site
from vocabulary import Fault, InputError

EPJSON_SUFFIXES = (".epjson", ".json")
PATH = re.compile(r"^(/|\\\\|[A-Za-z]:[\\/])|\.\.[\\/]|^~")
SHOWN = 20


class ExternalData(Frozen):
    """The data file `sim/data/external.yaml` (frozen, unknown keys refused)."""

    largest_bytes: int
    most_objects: int
    most_fields: int
    refused_objects: tuple[str, ...]
    replaced_objects: tuple[str, ...]
    placed_objects: tuple[str, ...]


@cache
def external_data() -> ExternalData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("external.yaml", ExternalData)


def _matches(kind: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(kind.upper(), pattern.upper()) for pattern in patterns)


def _refuse(path: Path, faults: list[tuple[str, str, str]]) -> None:
    if faults:
        raise InputError([Fault(str(path), place, found, expected) for place, found, expected in faults[:SHOWN]])


def _text_of(path: Path) -> str:
    """Return the file's text after the checks that need no parsing."""
    limit = external_data().largest_bytes
    try:
        size = path.stat().st_size
        if size > limit:
            _refuse(path, [("file", f"{size} bytes", f"at most {limit}")])
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError([Fault(str(path), "file", str(error), "a readable IDF or epJSON")]) from error
    includes = [(f"line {number}", line.strip()[:60], "no ## macro")
                for number, line in enumerate(text.splitlines(), 1) if line.lstrip().startswith("##")]
    _refuse(path, includes)
    return text


def _values(entry: object) -> Iterator[object]:
    if isinstance(entry, dict):
        for value in entry.values():
            yield from _values(value)
    elif isinstance(entry, list):
        for value in entry:
            yield from _values(value)
    else:
        yield entry


def _epjson_to_idf(path: Path, text: str) -> str:
    """Write an epJSON as IDF in the schema's field order."""
    try:
        model = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError([Fault(str(path), "file", str(error)[:120], "epJSON")]) from error
    known = {name.upper(): name for name in schema()}
    if not isinstance(model, dict):
        _refuse(path, [("file", type(model).__name__, "objects by class")])
    faults = [(str(kind), "unknown object", "an object of version 25.2") for kind in model if kind.upper() not in known]
    faults += [(kind, "not a set of named objects", "name: {field: value}") for kind, entries in model.items()
               if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values())]
    _refuse(path, faults)
    return "".join(_epjson_object(known[kind.upper()], name, fields)
                   for kind, entries in model.items() for name, fields in entries.items())


def _epjson_object(kind: str, name: str, fields: dict[str, object]) -> str:
    legacy = schema()[kind]["legacy_idd"]
    words = [str(name) if field == "name" else str(fields.get(field, "")) for field in legacy["fields"]]
    if "extensibles" in legacy:
        groups = fields.get(legacy["extension"], [])
        for group in groups if isinstance(groups, list) else []:
            words += [str(group.get(field, "")) for field in legacy["extensibles"]]
    if any(sign in word for word in words for sign in ",;!\n"):
        raise InputError([Fault("epJSON", f"{kind} {name}", "a comma, semicolon, exclamation mark or line break",
                                "plain values")])
    return ",\n  ".join([kind, *words]) + ";\n"


def _faults(idf: OfficeIDF) -> Iterator[tuple[str, str, str]]:
    """Yield place, what was found, what was expected, for everything that is refused."""
    data = external_data()
    versions = [str(v.Version_Identifier) for v in idf.idfobjects["VERSION"]]
    if len(versions) != 1 or not versions[0].startswith(ENGINE_VERSION):
        yield "Version", f"{versions}", f"one object, {ENGINE_VERSION}"
    objects = sum(len(entries) for entries in idf.idfobjects.values())
    fields = sum(len(entry.obj) for entries in idf.idfobjects.values() for entry in entries)
    for count, limit, word in ((objects, data.most_objects, "objects"), (fields, data.most_fields, "fields")):
        if count > limit:
            yield "file", f"{count} {word}", f"at most {limit}"
    for kind, entries in idf.idfobjects.items():
        for entry in entries:
            place = f"{kind} {entry.obj[1] if len(entry.obj) > 1 else ''}".strip()
            if _matches(kind, data.refused_objects):
                yield place, "an object that runs code or reads files", "a model without it"
            yield from _field_faults(place, entry)


def _field_faults(place: str, entry: object) -> Iterator[tuple[str, str, str]]:
    names: list[str] = entry.fieldnames  # type: ignore[attr-defined]  # eppy's bunch
    values: list[object] = entry.obj  # type: ignore[attr-defined]
    for name, value in zip(names[1:], values[1:], strict=False):
        if not isinstance(value, str) or value == "":
            continue
        if name.lower().endswith(("file_name", "external_file", "file_path")):
            yield f"{place} {name}", repr(value[:60]), "no external file"
        elif PATH.search(value):
            yield f"{place} {name}", repr(value[:60]), "a name without path parts"


def read_external(path: str | Path) -> OfficeIDF:
    """Read a foreign model, or refuse it with all reasons.

    Parameters
    ----------
    path : str or pathlib.Path
        An IDF or epJSON of version 25.2.

    Returns
    -------
    OfficeIDF
        The model as written; templates are expanded, its own outputs are gone.

    Raises
    ------
    InputError
        Unreadable, too large, another version, or with objects, files or paths that are refused.

    Examples
    --------
    `read_external("RefBldgMediumOfficeNew2004_Chicago.idf")` has 15 objects of class `Lights`.
    """
    place = Path(path)
    text = _text_of(place)
    if place.suffix.lower() in EPJSON_SUFFIXES:
        text = _epjson_to_idf(place, text)
    try:
        idf = read_idf(text)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise InputError([Fault(str(place), "file", f"{type(error).__name__} {error}"[:160],
                                "an IDF of version 25.2")]) from error
    _refuse(place, list(_faults(idf)))
    if any(kind.startswith("HVACTEMPLATE") and entries for kind, entries in idf.idfobjects.items()):
        idf = read_idf(expand(idf_text(idf)))
    _remove(idf, external_data().replaced_objects)
    return idf


def _remove(idf: OfficeIDF, patterns: tuple[str, ...]) -> None:
    for kind in idf.idfobjects:
        if _matches(kind, patterns):
            idf.removeallidfobjects(kind)


def _work_on_make_up_days(idf: OfficeIDF) -> None:
    """Let the schedules of working days also hold on `CustomDay1`, the calendar's make-up working days."""
    for schedule in idf.idfobjects["SCHEDULE:COMPACT"]:
        if any("customday1" in str(word).lower() for word in schedule.obj):
            continue  # the model has its own use for that day
        for place, word in enumerate(schedule.obj):
            text = str(word).lower()
            if text.startswith("for") and ("weekdays" in text or "monday" in text):
                schedule.obj[place] = f"{word} CustomDay1"
    for week in idf.idfobjects["SCHEDULE:WEEK:DAILY"]:
        week.CustomDay1_ScheduleDay_Name = week.Monday_ScheduleDay_Name


def _run_weather(idf: OfficeIDF) -> None:
    """Let the model run its year and nothing else; some are saved to run their design days only."""
    control = next(iter(idf.idfobjects["SIMULATIONCONTROL"]), None) or add(idf, "SimulationControl")
    control.Run_Simulation_for_Sizing_Periods = "No"
    control.Run_Simulation_for_Weather_File_Run_Periods = "Yes"


def place_model(idf: OfficeIDF, site: Site, settings: ModelSettings) -> None:
    """Move a foreign model to the study's site, design days, calendar and run period; its own physics stays.

    Make-up working days are `CustomDay1`; the model's schedules of working days are extended to them.
    """
    _remove(idf, external_data().placed_objects)
    _run_weather(idf)
    add_site(idf, site, ground=False)
    add_run_period(idf, site, settings)
    _work_on_make_up_days(idf)


def build_external_idf(
    path: str | Path, design: Design, site: Site, settings: ModelSettings, pv_capacity_kw: float = 0.0
) -> str:
    """Write a foreign model with a design's measures, ready for the engine.

    Parameters
    ----------
    path : str or pathlib.Path
        The model.
    design : Design
        After a package; what differs from `design.sizing` is changed in the model, in proportion. Another source
        system is put in place of the model's plant. A baseline design changes nothing.
    site : Site
        From `site_of`.
    settings : ModelSettings
        Run period and hourly outputs are used; time steps and algorithms stay the model's own.
    pv_capacity_kw : float
        Rooftop PV.

    Returns
    -------
    str
        IDF text with the outputs of `OUTPUTS`.

    Raises
    ------
    InputError
        If the model is refused, or holds nothing that a measure could act on (the objects in the way are named).
    """
    idf = read_external(path)
    place_model(idf, site, settings)
    if (before := design.sizing) is not None:
        if design.source_system != before.source_system:
            idf = replace_source(idf, design, str(path))
            before = before.model_copy(update={field: getattr(design, field) for field in PLANT_FIELDS})
        apply_measures(idf, before, design, str(path))
    if pv_capacity_kw > 0:
        add_photovoltaics(idf, pv_capacity_kw)
    add_outputs(idf, settings)
    return idf_text(idf)
