"""Hours that an EPW text lacks or repeats: put in as missing, or dropped, before the text is parsed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weather.columns import HOURS, TEXT_COLUMNS, columns
from weather.days import DAY_OF_MONTH, DAYS, MONTH_OF_HOUR

_HEADER_LINES = 8
_FEWEST_ROWS = HOURS // 2
"""A file with fewer rows is a truncated one: refused, not filled."""
_MOST_REPEATED = HOURS // 10


def fill_gaps(text: str) -> tuple[str, npt.NDArray[np.int64], list[int]]:
    """Return an EPW text with 8 760 rows where the given one lacks or repeats some, and which these are.

    Parameters
    ----------
    text : str
        EPW text with newlines as line ends.

    Returns
    -------
    text, missing, repeated : str, ndarray, list of int
        The text (unchanged where it has 8 760 rows, or where its rows cannot be told apart by date), the rows put in
        as missing and the rows (of the given text) dropped because an earlier one has the same date; from 0.

    Examples
    --------
    >>> fill_gaps("no EPW")[1].size
    0
    """
    lines = text.rstrip().split("\n")
    rows = lines[_HEADER_LINES:]
    nothing = np.zeros(0, np.int64)
    if not _FEWEST_ROWS <= len(rows) <= HOURS + _MOST_REPEATED:
        return text, nothing, []
    dates = [_date(row) for row in rows]
    first: dict[tuple[str, ...], int] = {}
    for index, date in enumerate(dates):
        first.setdefault(date, index)
    repeated = [index for index, date in enumerate(dates) if first[date] != index]
    asked = _calendar()
    if not set(first) <= set(asked):
        return text, nothing, []
    if len(first) == len(rows) == HOURS:
        return text, nothing, []
    missing = [hour for hour, date in enumerate(asked) if date not in first]
    filled = list(rows[index] for index in range(len(rows)) if first[dates[index]] == index)
    for hour in missing:
        filled.insert(hour, _empty_row(asked[hour], rows[0].split(",")[0]))
    return "\n".join(lines[:_HEADER_LINES] + filled) + "\n", np.asarray(missing, np.int64), repeated


def _date(row: str) -> tuple[str, ...]:
    return tuple(field.strip().lstrip("0") for field in row.split(",")[1:4])


def _calendar() -> list[tuple[str, ...]]:
    months, days = MONTH_OF_HOUR + 1, np.repeat(DAY_OF_MONTH, 24)
    hours = np.tile(np.arange(1, 25), DAYS)
    return [(str(month), str(day), str(hour)) for month, day, hour in zip(months, days, hours, strict=True)]


def _empty_row(date: tuple[str, ...], year: str) -> str:
    given = {"year": year, "minute": "0", "source_and_uncertainty_flags": "?9", "present_weather_codes": "999999999"}
    given |= dict(zip(("month", "day", "hour_of_day"), date, strict=True))
    return ",".join(
        given[row.name] if row.name in given or row.name in TEXT_COLUMNS else f"{row.missing:g}" for row in columns()
    )
