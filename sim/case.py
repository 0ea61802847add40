"""The case: one building with one package under one weather, its keys, and its parameters as a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict

from buildings.design import Design, Equipment

Role = Literal["baseline", "training", "holdout", "validation", "verification"]

_ROOT = Path(__file__).resolve().parent.parent
_MODEL_SOURCES = ("vocabulary.py", "datafile.py", "buildings/design.py", "sim/calendar.py", "sim/schedules.py",
                  "sim/models/**/*.py", "sim/data/**/*.yaml", "weather/*.py")
_MODEL_WRITERS = ("eppy", "idfkit")
_NOT_COLUMNS = ("replaced_equipment", "sizing")


class Case(BaseModel):
    """One building x package x weather (frozen).

    Raises
    ------
    pydantic.ValidationError
        If a field is unknown or of the wrong type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    building_id: str
    package_id: str
    weather_id: str
    role: Role
    design: Design
    pv_capacity_kw: float = 0.0
    model_path: str | None = None


@cache
def source_digest() -> str:
    """Return the digest of all sources, data files and packages that write models.

    A change in any of them gives new case keys, so models are written again; a run whose model came out the same
    is still found by its run key.
    """
    total = hashlib.blake2b(digest_size=20)
    for pattern in _MODEL_SOURCES:
        for path in sorted(path for path in _ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"):
            total.update(path.relative_to(_ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for name in _MODEL_WRITERS:
        total.update(f"{name} {version(name)}\0".encode())
    return total.hexdigest()


def canonical(design: Design) -> str:
    """Return a design as text that is the same in every process: sorted keys, sorted sets, exact numbers.

    Examples
    --------
    Two designs are equal exactly if their canonical texts are.
    """
    return json.dumps(_plain(design), sort_keys=True, separators=(",", ":"))


def _plain(design: Design) -> dict[str, Any]:
    values = dict(design.__dict__)
    values["replaced_equipment"] = sorted(design.replaced_equipment)
    values["sizing"] = None if design.sizing is None else _plain(design.sizing)
    return values


def case_key(case: Case, shared: str) -> str:
    """Return the digest of everything a case is made from.

    Parameters
    ----------
    case : Case
        Its design resolves building and package; labels and role are left out, they change no model.
    shared : str
        What all cases of a call have in common: weather, calendar, settings, outputs, engine version, sources.

    Returns
    -------
    str
        40 hexadecimal digits.

    Raises
    ------
    OSError
        If the case names a model file that cannot be read.
    """
    total = hashlib.blake2b(digest_size=20)
    for part in (shared, canonical(case.design), repr(float(case.pv_capacity_kw))):
        total.update(part.encode() + b"\0")
    if case.model_path is not None:
        total.update(case.package_id.encode() + b"\0" + _file_digest(case.model_path).encode())
    return total.hexdigest()


@cache
def _file_digest(path: str) -> str:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=20).hexdigest()


def design_table(designs: Sequence[Design]) -> xr.Dataset:
    """Return designs as one table: a variable for each field, named as the field.

    Parameters
    ----------
    designs : sequence of Design
        In the order of the rows.

    Returns
    -------
    xr.Dataset
        Over `case`: numbers (float64, `units`), texts, `replaced_<equipment>` (int8, 0 or 1), and `sizing_<field>`
        for the fields of the design that sized the kept equipment (the design's own values where it sized itself).

    Examples
    --------
    The table of ten designs has `floor_area_m2` of shape (10,) with units m2.
    """
    sized = [design if design.sizing is None else design.sizing for design in designs]
    columns = {**_columns(designs, ""), **_columns(sized, "sizing_")}
    for equipment in get_args(Equipment):
        values = np.array([equipment in design.replaced_equipment for design in designs], dtype=np.int8)
        columns[f"replaced_{equipment}"] = xr.Variable(
            "case", values, {"units": "1", "long_name": f"{equipment.replace('_', ' ')} replaced by the package"})
    return xr.Dataset(columns)


def _columns(designs: Sequence[Design], prefix: str) -> dict[str, xr.Variable]:
    return {f"{prefix}{name}": _column(name, [getattr(design, name) for design in designs], prefix)
            for name in Design.model_fields if name not in _NOT_COLUMNS}


def _column(name: str, values: list[Any], prefix: str) -> xr.Variable:
    field = Design.model_fields[name]
    label = f"{'sizing: ' if prefix else ''}{field.description or name.replace('_', ' ')}"
    extra = field.json_schema_extra
    if isinstance(extra, dict):
        attrs = {"units": str(extra["units"]), "long_name": label}
        return xr.Variable("case", np.array(values, dtype=np.float64), attrs)
    if field.annotation is bool:
        return xr.Variable("case", np.array(values, dtype=np.int8), {"units": "1", "long_name": label})
    return xr.Variable("case", np.array(values, dtype=np.str_), {"long_name": label})
