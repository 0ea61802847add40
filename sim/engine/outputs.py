"""Read the engine's time series (`eplusout.eso`, `eplusout.mtr`) into arrays.

The text is a dictionary (report number -> variable, key, units, frequency) followed by one line per value; lines
numbered 1 to 6 carry the environment and the time. Only hourly and monthly reports of the last environment (the
weather run) are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vocabulary import HOURS_PER_YEAR, RetrofolioError

Frequency = Literal["hourly", "monthly"]

_ENTRY = re.compile(r"^(\d+),\d+,(?:([^,\[]*),)?([^,\[]+?) ?\[([^\]]*)\] !(Hourly|Monthly)")
_END_OF_DICTIONARY = "End of Data Dictionary"
_END_OF_DATA = "End of Data\n"
_ENVIRONMENT, _HOUR, _MONTH = "1", "2", "4"
_FIRST_HOUR_OF_MONTH = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]) * 24


class TruncatedOutputError(RetrofolioError):
    """A time-series file ends before its own end mark: the disk was full or the engine was killed."""

    exit_code = 3


@dataclass(frozen=True)
class Series:
    """One reported quantity over the run period.

    Parameters
    ----------
    name : str
        Variable or meter, as the engine spells it.
    key : str
        Zone, node or component, in the engine's capitals; empty for a meter.
    units : str
        As the engine spells it (`J`, `C`, `hr`).
    frequency : str
        `hourly` or `monthly`.
    values : ndarray
        8760 hours or 12 months of the year, NaN outside the run period.
    """

    name: str
    key: str
    units: str
    frequency: Frequency
    values: NDArray[np.float64]


def read_series(text: str) -> tuple[Series, ...]:
    r"""Read every hourly and monthly report of one `eso` or `mtr` text.

    Parameters
    ----------
    text : str
        The whole file.

    Returns
    -------
    tuple of Series
        In the order of the file's dictionary; the last environment only.

    Raises
    ------
    TruncatedOutputError
        If the dictionary or the data have no end mark.

    Examples
    --------
    >>> text = "7,1,Electricity:Facility [J] !Hourly\nEnd of Data Dictionary\n1,A,0,0,0,0\n"
    >>> text += "2,1, 1, 1, 0, 1, 0.00,60.00,Monday\n7,3600000.0\nEnd of Data\n"
    >>> float(read_series(text)[0].values[0])
    3600000.0
    """
    head, mark, data = text.partition(_END_OF_DICTIONARY)
    if not mark or _END_OF_DATA not in data[-200:]:
        raise TruncatedOutputError("the engine's output has no end mark")
    series = {number: entry for number, entry in map(_entry, head.splitlines()) if entry is not None}
    last_environment = data.rfind(f"\n{_ENVIRONMENT},")
    _fill(series, data[last_environment + 1:].splitlines())
    return tuple(series.values())


def _entry(line: str) -> tuple[str, Series | None]:
    match = _ENTRY.match(line)
    if match is None:
        return "", None
    number, key, name, units, frequency = match.groups()
    kind: Frequency = "hourly" if frequency == "Hourly" else "monthly"
    empty = np.full(HOURS_PER_YEAR if kind == "hourly" else 12, np.nan)
    return number, Series(name, key or "", units, kind, empty)


def _fill(series: dict[str, Series], lines: Iterable[str]) -> None:
    """Put each value at its hour or month; the time stands in the line before the values."""
    hourly = {number: entry.values for number, entry in series.items() if entry.frequency == "hourly"}
    monthly = {number: entry.values for number, entry in series.items() if entry.frequency == "monthly"}
    hour = month = 0
    for line in lines:
        number, _, rest = line.partition(",")
        if number in hourly:
            hourly[number][hour] = float(rest.partition(",")[0])
        elif number == _HOUR:
            hour = _hour_of_year(rest)
        elif number in monthly:
            monthly[number][month] = float(rest.partition(",")[0])
        elif number == _MONTH:
            month = int(rest.split(",")[1]) - 1


def _hour_of_year(fields: str) -> int:
    _, month, day, _, hour = fields.split(",")[:5]
    return int(_FIRST_HOUR_OF_MONTH[int(month) - 1]) + 24 * (int(day) - 1) + int(hour) - 1
