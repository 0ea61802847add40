"""The IDD 25.2 that eppy and ExpandObjects read, written from the schema inside idfkit, and the door to eppy.

The engine's wheel brings no `Energy+.idd`. The schema's `legacy_idd` holds field order and types, which is
enough to write one. Reading an IDD takes eppy seconds, so the parsed form is kept beside the text as JSON.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from eppy import bunchhelpers
from eppy.bunch_subclass import EpBunch
from eppy.EPlusInterfaceFunctions import parse_idd
from eppy.modeleditor import IDF

ENGINE_VERSION = "25.2"
SCHEMA = "schemas/V25-2-0/Energy+.schema.epJSON.gz"
WRITER_VERSION = "5"
"""Counted up whenever this file writes another text from the same schema: part of the name in the cache."""
EXTENSIBLE_GROUPS = 24
"""Groups written out per extensible object; eppy lengthens an object that needs more."""
FIELDS_PER_LINE = 8
REPEATED_FIELDS = ("default", "units")


class OfficeIDF(IDF):  # type: ignore[misc]  # eppy has no types
    """eppy's IDF with the 25.2 IDD of this module.

    eppy keeps its IDD as a class attribute and refuses a second one; a class of our own leaves eppy's alone.
    """


@cache
def schema() -> dict[str, Any]:
    """Return the 25.2 schema, object name to object (858 objects).

    Examples
    --------
    >>> schema()["Zone"]["legacy_idd"]["fields"][0]
    'name'
    """
    packed = files("idfkit").joinpath(SCHEMA).read_bytes()
    return json.loads(gzip.decompress(packed))["properties"]


def _field_lines(label: str, rules: Mapping[str, Any], kind: str) -> Iterator[str]:
    yield f"\\field {label}"
    options = rules.get("anyOf", [rules])
    types = {option.get("type") for option in options}
    if kind == "n":
        yield "\\type integer" if types == {"integer"} else "\\type real"
    elif "enum" in rules:
        yield "\\type choice"
        yield from (f"\\key {key}" for key in rules["enum"] if key != "")
    else:
        yield "\\type object-list" if rules.get("data_type") == "object_list" else "\\type alpha"
    words = {word for option in options if kind == "n" for word in option.get("enum", [])}
    yield from (f"\\{tag}" for word, tag in (("Autosize", "autosizable"), ("Autocalculate", "autocalculatable"))
                if word in words)
    yield from (f"\\{key} {rules[key]}" for key in REPEATED_FIELDS if key in rules)
    yield from (f"\\reference {name}" for name in rules.get("reference", []))
    yield from (f"\\object-list {name}" for name in rules.get("object_list", []))


def _object_fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield label, kind ('a' or 'n') and rules of each field in IDF order, extensible groups written out."""
    legacy = entry["legacy_idd"]
    (pattern,) = entry["patternProperties"].values()
    rules = {**pattern.get("properties", {}), "name": entry.get("name", {})}
    info = legacy["field_info"]
    for field in legacy["fields"]:
        yield info[field]["field_name"], info[field]["field_type"], rules.get(field, {})
    if "extensibles" not in legacy:
        return
    group = rules[legacy["extension"]]["items"]["properties"]
    for number in range(1, EXTENSIBLE_GROUPS + 1):
        for field in legacy["extensibles"]:
            label = f"{info[field]['field_name']} {number}"
            yield label, info[field]["field_type"], group[field]


def _object_text(name: str, entry: Mapping[str, Any]) -> str:
    counts = {"a": 0, "n": 0}
    head = [f"{name},"]
    if "extensibles" in entry["legacy_idd"]:
        head.append(f"\\extensible:{int(entry.get('extensible_size', 1))}")
    if "min_fields" in entry:
        head.append(f"\\min-fields {int(entry['min_fields'])}")
    if entry.get("maxProperties") == 1:
        head.append("\\unique-object")
    lines: list[list[str]] = []
    for label, kind, rules in _object_fields(entry):
        counts[kind] += 1
        # ExpandObjects counts the lines that hold both the field's number and its \\field
        first, *more = _field_lines(label, rules, kind)
        lines.append([f"  {kind.upper()}{counts[kind]} , {first}", *more])
    if lines:
        lines[-1][0] = lines[-1][0].replace(" , ", " ; ", 1)
    else:  # an object without fields: eppy's reader stops at a name that ends with a semicolon
        lines = [["  A1 ; \\field None"]]
    return "\n".join(head + [line for field in lines for line in field])


def idd_text() -> str:
    """Write the IDD of all objects of the schema as text.

    Returns
    -------
    str
        The first line carries the version, as eppy expects; groups are kept.

    Examples
    --------
    >>> idd_text().splitlines()[0]
    '!IDD_Version 25.2.0'
    """
    parts = ["!IDD_Version 25.2.0", "!IDD_BUILD cf7368216c"]
    group = ""
    for name, entry in schema().items():
        if (entry["group"] or "Other") != group:
            group = entry["group"] or "Other"
            parts.append(f"\\group {group}\n")
        parts.append(_object_text(name, entry) + "\n")
    return "\n".join(parts) + "\n"


def _cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "retrofolio"


def _write_once(path: Path, text: str) -> None:
    """Write under a temporary name, then rename: other processes see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(name, path)


@cache
def idd_folder() -> Path:
    """Return the folder that holds `Energy+.idd` and its parsed form, written at first use.

    Returns
    -------
    pathlib.Path
        In the user's cache folder, or in the temporary folder where that cannot be written. Its name holds the
        digest of the schema and of this writer, so an old text is never taken for a new one.
    """
    digest = hashlib.sha256(files("idfkit").joinpath(SCHEMA).read_bytes() + WRITER_VERSION.encode())
    name = f"idd-{ENGINE_VERSION}-{digest.hexdigest()[:16]}"
    folder = _cache_root() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:  # a home that cannot be written, as on some compute nodes
        folder = Path(tempfile.gettempdir()) / f"retrofolio-{os.getuid() if hasattr(os, 'getuid') else 0}" / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "Energy+.idd").exists():
        _write_once(folder / "Energy+.idd", idd_text())
    return folder


def _parsed() -> tuple[Any, Any]:
    """Return eppy's block and comment lists; from JSON where they have been parsed before."""
    path = idd_folder() / "parsed.json"
    if not path.exists():
        text = (idd_folder() / "Energy+.idd").read_text(encoding="utf-8")
        block, _, comments, _ = parse_idd.extractidddata(io.StringIO(text))
        _write_once(path, json.dumps([block, comments], default=sorted))
    block, comments = json.loads(path.read_text(encoding="utf-8"))
    return block, comments


@cache
def _set_idd() -> None:
    """Give eppy the IDD, once per process."""
    block, comments = _parsed()
    # Eppy works out the legal names of all fields for every object it reads: a third of its time.
    bunchhelpers.makefieldname = cache(bunchhelpers.makefieldname)
    OfficeIDF.setiddname(str(idd_folder() / "Energy+.idd"))
    OfficeIDF.setidd(comments, {}, block, (25, 2, 0))


def read_idf(text: str = "") -> OfficeIDF:
    """Read IDF text with eppy under the 25.2 IDD.

    Parameters
    ----------
    text : str
        An IDF; empty for a new model.

    Examples
    --------
    >>> read_idf("Zone, Hall;").idfobjects["ZONE"][0].Name
    'Hall'
    """
    _set_idd()
    return OfficeIDF(io.StringIO(text))


def add(idf: OfficeIDF, kind: str, **fields: object) -> EpBunch:
    """Add one object with all of the schema's defaults filled in.

    Parameters
    ----------
    idf : OfficeIDF
        The model.
    kind : str
        Object name, in any case.
    **fields
        Values by eppy's field names. Floating-point kinds of numpy become plain floats: eppy writes their
        representation, which the engine refuses.

    Raises
    ------
    eppy.bunch_subclass.BadEPFieldError
        If the object has no such field.

    Examples
    --------
    >>> add(read_idf(), "Zone", Name="Hall", Multiplier=3).Multiplier
    3
    """
    plain = {key: float(value) if isinstance(value, float) else value for key, value in fields.items()}
    blank, names, places, rules = _blank(kind.upper())
    if len(plain) >= len(names):  # more than the IDD writes out: eppy lengthens the object
        return idf.newidfobject(kind.upper(), **plain)
    known = {places[name]: value for name, value in plain.items() if name in places}
    values = blank + [""] * (max(known, default=0) + 1 - len(blank))
    for place, value in known.items():
        values[place] = value
    made = EpBunch(values, list(names), rules)
    idf.idfobjects[kind.upper()].append(made)
    for name in plain.keys() - places:  # eppy's own words for a field that is not there
        made[name] = plain[name]
    return made


@cache
def _any_model() -> OfficeIDF:
    return read_idf()


@cache
def _blank(kind: str) -> tuple[list[object], list[str], dict[str, int], list[Any]]:
    """Return a new object's values, fields, their places and rules: eppy finds them anew for every object."""
    made = _any_model().newidfobject(kind)
    return made.obj, made.objls, {name: made.objls.index(name) for name in made.objls}, made.objidd


def one(idf: OfficeIDF, kind: str) -> EpBunch:
    """Return the only object of a kind.

    Raises
    ------
    ValueError
        If the model has none or several.

    Examples
    --------
    >>> one(read_idf("Zone, Hall;"), "Zone").Name
    'Hall'
    """
    (found,) = idf.idfobjects[kind.upper()]
    return found


def idf_text(idf: OfficeIDF) -> str:
    """Write the model as IDF text, eight fields per line: some fifty times faster than eppy's own printing.

    Examples
    --------
    >>> idf_text(read_idf("Zone, Hall;")).startswith("ZONE,Hall")
    True
    """
    lines = []
    for objects in idf.idfobjects.values():
        for entry in objects:
            values = list(entry.obj)
            while len(values) > 1 and values[-1] == "":
                values.pop()
            words = [str(value) for value in values]
            # ExpandObjects cuts lines of more than 500 characters
            lines += [",".join(words[i : i + FIELDS_PER_LINE]) + "," for i in range(0, len(words), FIELDS_PER_LINE)]
            lines[-1] = lines[-1][:-1] + ";"
    return "\n".join(lines) + "\n"
