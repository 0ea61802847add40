"""The table of designs that the surrogate is given: what it must hold, and the checks at this border."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings.design import BoilerType, ChillerType, Design, Equipment, PlanShape
from vocabulary import SOURCE_SYSTEMS, Fault, InputError, nearest

Array = NDArray[np.float64]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "plan_shape": get_args(PlanShape),
    "source_system": SOURCE_SYSTEMS,
    "boiler_type": get_args(BoilerType),
    "chiller_type": get_args(ChillerType),
}
SWITCHES = ("variable_flow", "tower_variable_speed", "supply_temperature_reset")
EQUIPMENT: tuple[str, ...] = get_args(Equipment)
SIZING = "sizing_"


@cache
def numbers() -> Mapping[str, str]:
    """Return the units of every numeric field of a design, by name."""
    skip = {*CHOICES, *SWITCHES, "replaced_equipment", "sizing"}
    return {
        name: str((field.json_schema_extra or {})["units"])  # type: ignore[index]
        for name, field in Design.model_fields.items() if name not in skip
    }


@dataclass(frozen=True)
class Table:
    """Designs as plain arrays over case: numbers, choices as codes (index into `CHOICES`), switches as 0 or 1."""

    values: Mapping[str, Array]
    size: int

    def __getitem__(self, name: str) -> Array:
        return self.values[name]

    def code(self, name: str) -> NDArray[np.int64]:
        """Return the codes of a choice as integers."""
        return self.values[name].astype(np.int64)

    def take(self, rows: NDArray[np.int64]) -> Table:
        """Return the table of some rows."""
        return Table({name: array[rows] for name, array in self.values.items()}, len(rows))

    def sizing(self) -> Table:
        """Return the table of the designs that sized the equipment (the design itself where none was kept)."""
        own = {name: self.values.get(SIZING + name, array) for name, array in self.values.items()
               if not name.startswith((SIZING, "replaced_"))}
        kept = {f"replaced_{item}": np.zeros(self.size) for item in EQUIPMENT}
        return Table({**own, **kept}, self.size)

    def keys(self, names: Iterable[str]) -> Array:
        """Return the columns `names` side by side, shape (case, name)."""
        return np.stack([self.values[name] for name in names], axis=1)


def distinct(table: Table, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first row of each distinct set of parameters, and for each case the number of its set."""
    keys = table.keys(names)
    varied = keys[:, np.ptp(keys, axis=0) > 0]
    if not varied.shape[1]:
        return np.zeros(1, dtype=np.int64), np.zeros(table.size, dtype=np.int64)
    _, first, place = np.unique(varied, axis=0, return_index=True, return_inverse=True)
    return first.astype(np.int64), place.reshape(-1).astype(np.int64)


def read_table(designs: xr.Dataset) -> Table:
    """Check a table of designs and return it as arrays.

    Parameters
    ----------
    designs : xr.Dataset
        Over `case`, every field of `Design` by name with its units; `replaced_<equipment>` and `sizing_<field>` may
        be left out where nothing is kept.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        If a parameter is missing, has other units, holds NaN, an unknown choice or a value outside what a `Design`
        may hold; all faults in one message.
    """
    faults: list[Fault] = []
    values: dict[str, Array] = {}
    for prefix in ("", SIZING):
        for name, units in numbers().items():
            _read(designs, prefix + name, _number_faults, units, values, faults)
        for name, choices in CHOICES.items():
            _read(designs, prefix + name, _choice_faults, choices, values, faults)
        for name in SWITCHES:
            _read(designs, prefix + name, _number_faults, None, values, faults)
    size = int(designs.sizes.get("case", 0))
    for item in EQUIPMENT:
        name = f"replaced_{item}"
        values[name] = designs[name].values.astype(float) if name in designs else np.zeros(size)
    if faults:
        raise InputError(faults)
    return Table(values, size)


def _read(designs, name, check, rule, values, faults) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    if name not in designs:
        if not name.startswith(SIZING):
            close = nearest(name, map(str, designs.data_vars))
            faults.append(Fault("designs", name, "missing", "an array over case", close))
        return
    found = check(designs[name], name, rule)
    faults.extend(found)
    if not found:
        values[name] = _coded(designs[name].values, rule) if check is _choice_faults else (
            np.asarray(designs[name].values, dtype=float))


def _coded(text: NDArray[np.generic], choices: tuple[str, ...]) -> Array:
    index = {choice: float(i) for i, choice in enumerate(choices)}
    return np.array([index[str(word)] for word in text.tolist()], dtype=float)


def _number_faults(array: xr.DataArray, name: str, units: str | None) -> list[Fault]:
    if array.dims != ("case",):
        return [Fault("designs", name, f"dims {array.dims}", "dims ('case',)")]
    if units is not None and array.attrs.get("units") != units:
        return [Fault("designs", name, f"units {array.attrs.get('units')!r}", f"units {units!r}")]
    values = np.asarray(array.values, dtype=float)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        return [Fault("designs", f"{name}, case {bad[0]}", "NaN", "a number")]
    return [] if units is None else _range_faults(values, name, *_field_range(name.removeprefix(SIZING)))


def _choice_faults(array: xr.DataArray, name: str, choices: tuple[str, ...]) -> list[Fault]:
    words = {str(word) for word in np.unique(array.values.astype(str))}
    return [Fault("designs", name, repr(word), f"one of {choices}", nearest(word, choices))
            for word in sorted(words - set(choices))]


@cache
def _field_range(name: str) -> tuple[float, float]:
    limits = {type(m).__name__: m for m in Design.model_fields[name].metadata}
    return float(limits["Ge"].ge), float(limits["Le"].le)


def _range_faults(values: Array, name: str, low: float, high: float, what: str = "") -> list[Fault]:
    slack = 1e-9 * max(abs(low), abs(high), 1.0)
    outside = np.flatnonzero((values < low - slack) | (values > high + slack))
    if not len(outside):
        return []
    return [Fault("designs", f"{name}, case {outside[0]} and {len(outside) - 1} more", f"{values[outside[0]]:g}",
                  f"{low:g} to {high:g}{what}")]


def ranges_of(table: Table) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest value of every number in the table."""
    return {name: (float(table[name].min()), float(table[name].max())) for name in numbers()}


def widened(ranges: Mapping[str, tuple[float, float]], share: float) -> dict[str, tuple[float, float]]:
    """Return ranges that reach a share of their width further on both sides, within what a `Design` may hold.

    Examples
    --------
    >>> widened({"lighting_use_fraction": (0.75, 1.0)}, 0.1)
    {'lighting_use_fraction': (0.725, 1.0)}
    """
    found = {}
    for name, (low, high) in ranges.items():
        least, most = _field_range(name)
        spare = share * (high - low)
        found[name] = (max(low - spare, min(least, low)), min(high + spare, max(most, high)))
    return found


def outside_range(table: Table, ranges: Mapping[str, tuple[float, float]], margin: float) -> list[Fault]:
    """Return one fault per parameter that leaves the trained range by more than `margin` of its width.

    Parameters
    ----------
    table : Table
        Designs to predict.
    ranges : mapping of name to (low, high)
        Trained ranges.
    margin : float
        Share of the range's width by which it may be left.
    """
    faults = []
    for name, (low, high) in ranges.items():
        spare = margin * (high - low)
        faults += _range_faults(table[name], name, low - spare, high + spare, " (the trained range)")
    return faults


def inside_range(table: Table, ranges: Mapping[str, tuple[float, float]]) -> NDArray[np.bool_]:
    """Return which designs have every parameter in the trained range.

    Examples
    --------
    A glazing of SHGC 0.9 is outside where training saw 0.3 to 0.8.
    """
    good = np.ones(table.size, dtype=bool)
    for name, (low, high) in ranges.items():
        slack = 1e-9 * max(abs(low), abs(high), 1.0)
        good &= (table[name] >= low - slack) & (table[name] <= high + slack)
    return good
