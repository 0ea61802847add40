"""One calendar for all cases: weekdays, public holidays and make-up working days of one year."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from datafile import Frozen, load_yaml
from vocabulary import Fault, InputError, nearest

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAYS_PER_YEAR = 365


class Holiday(Frozen):
    """One run of days off (frozen)."""

    name: str
    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """Return the number of days, first and last included."""
        return (self.last - self.first).days + 1


class Calendar(Frozen):
    """Working days of one year of 365 days (frozen, unknown keys refused).

    Raises
    ------
    pydantic.ValidationError
        If the year is a leap year, a day lies outside it, or a make-up day is a holiday.
    """

    year: int
    holidays: tuple[Holiday, ...]
    make_up_days: tuple[dt.date, ...]
    source: str

    @model_validator(mode="after")
    def _days_fit(self) -> Calendar:
        if dt.date(self.year, 12, 31).timetuple().tm_yday != DAYS_PER_YEAR:
            raise ValueError(f"{self.year} is a leap year; weather years have 365 days")
        days = [day for holiday in self.holidays for day in (holiday.first, holiday.last)]
        outside = [day for day in (*days, *self.make_up_days) if day.year != self.year]
        if outside:
            raise ValueError(f"days outside {self.year}: {outside}")
        if any(holiday.last < holiday.first for holiday in self.holidays):
            raise ValueError("a holiday ends before it begins")
        if any(h.first <= day <= h.last for h in self.holidays for day in self.make_up_days):
            raise ValueError("a make-up working day lies inside a holiday")
        return self

    @property
    def start_weekday(self) -> str:
        """Weekday of 1 January, for the run period: the weather file's own start day is never used."""
        return WEEKDAYS[dt.date(self.year, 1, 1).weekday()]

    @cached_property
    def workdays(self) -> NDArray[np.bool_]:
        """Working days of the year, shape (365,), 1 January first.

        Examples
        --------
        >>> int(load_calendar("cn_2025").workdays.sum())
        248
        """
        first = dt.date(self.year, 1, 1)
        working = np.array([(first.weekday() + day) % 7 < 5 for day in range(DAYS_PER_YEAR)])
        for holiday in self.holidays:
            start = (holiday.first - first).days
            working[start : start + holiday.days] = False
        working[[(day - first).days for day in self.make_up_days]] = True
        working.setflags(write=False)
        return working


def load_calendar(name: str = "cn_2025") -> Calendar:
    """Load a calendar of `sim/data/` by name.

    Parameters
    ----------
    name : str
        The part after `calendar_` of the file's name.

    Raises
    ------
    InputError
        If there is no such calendar or the file breaks a rule of `Calendar`.

    Examples
    --------
    >>> load_calendar("cn_2025").start_weekday
    'Wednesday'
    """
    folder = files("sim").joinpath("data")
    names = sorted(f.name[9:-5] for f in folder.iterdir() if f.name.startswith("calendar_"))
    if name not in names:
        raise InputError([Fault("sim/data", "calendar", repr(name), f"one of {names}", nearest(name, names))])
    return load_yaml(str(folder.joinpath(f"calendar_{name}.yaml")), Calendar)
