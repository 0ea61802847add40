"""The columns of an EPW row: names, units, missing-value codes and ranges, read from one table."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parent / "data" / "columns.csv"

HOURS = 8760
DATE_COLUMNS = ("month", "day", "hour_of_day")
WHOLE_COLUMNS = ("year", "month", "day", "hour_of_day", "minute")
TEXT_COLUMNS = ("source_and_uncertainty_flags", "present_weather_codes")


@dataclass(frozen=True)
class Column:
    """One EPW column; `missing` is the code that the file writes for "not measured"."""

    name: str
    units: str
    long_name: str
    missing: float | None
    minimum: float | None
    maximum: float | None
    frozen_h: float | None
    needed: bool


def _number(text: str) -> float | None:
    return float(text) if text else None


@cache
def columns() -> tuple[Column, ...]:
    """Return the 35 columns in file order.

    Examples
    --------
    >>> len(columns()), columns()[6].name, columns()[6].missing
    (35, 'dry_bulb_temperature', 99.9)
    """
    with _TABLE.open(encoding="utf-8", newline="") as handle:
        rows = csv.DictReader(line for line in handle if not line.startswith("#"))
        return tuple(
            Column(
                row["name"], row["units"], row["long_name"], _number(row["missing"]), _number(row["minimum"]),
                _number(row["maximum"]), _number(row["frozen_h"]), bool(row["needed"]),
            )
            for row in rows
        )


def column(name: str) -> Column:
    """Return one column by name.

    Raises
    ------
    KeyError
        If no EPW column has this name.

    Examples
    --------
    >>> column("wind_speed").units
    'm s-1'
    """
    return {row.name: row for row in columns()}[name]


def data_columns() -> tuple[Column, ...]:
    """Return the columns that are variables of the Dataset, the dates being coordinates.

    Examples
    --------
    >>> len(data_columns())
    32
    """
    return tuple(row for row in columns() if row.name not in DATE_COLUMNS)
