"""Hourly schedules of an office, from its design: what the engine's models and the surrogate's features share.

A day has 24 fractions; entry h is the mean from h to h+1 o'clock. There are two kinds of day: working day and
day off. The profiles of the code belong to working hours of 8:00 to 17:00 and are stretched to a design's own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from buildings.design import Design
from datafile import Frozen, load_yaml

HOURS = 24
STEPS_PER_HOUR = 4
"""Switching times are rounded to a quarter of an hour: a whole number of the engine's time steps."""
Fractions = tuple[float, ...]


class DayProfiles(Frozen):
    """Fractions of a working day and of a day off, 24 values each (frozen)."""

    workday: Fractions = Field(min_length=HOURS, max_length=HOURS)
    off_day: Fractions = Field(min_length=HOURS, max_length=HOURS)


class Season(Frozen):
    """First and last day, `MM-DD` (frozen); may run over the end of the year."""

    first: str
    last: str

    @property
    def month_days(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return (month, day) of the first and of the last day."""
        (m1, d1), (m2, d2) = (map(int, text.split("-")) for text in (self.first, self.last))
        return (m1, d1), (m2, d2)

    def days(self, year: int = 2025) -> NDArray[np.bool_]:
        """Return which days of the year belong to the season, shape (365,).

        Examples
        --------
        >>> int(Season(first="11-15", last="03-31").days().sum())
        137
        """
        (m1, d1), (m2, d2) = self.month_days
        first, last = (dt.date(year, m, d).timetuple().tm_yday for m, d in ((m1, d1), (m2, d2)))
        day = np.arange(1, 366)
        return (day >= first) & (day <= last) if first <= last else (day >= first) | (day <= last)


class Setback(Frozen):
    """Setpoints outside plant hours (frozen)."""

    cooling_setpoint_c: float
    heating_setpoint_c: float


class ScheduleData(Frozen):
    """The data file `sim/data/schedules.yaml` (frozen, unknown keys refused)."""

    source: str
    reference_start_h: float
    reference_end_h: float
    occupancy: DayProfiles
    lighting: DayProfiles
    equipment: DayProfiles
    hvac_lead_h: float = Field(ge=0)
    hvac_lag_h: float = Field(ge=-2)
    heating_season: Season
    cooling_season: Season
    setback: Setback


@cache
def schedule_data() -> ScheduleData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load_yaml(str(files("sim").joinpath("data/schedules.yaml")), ScheduleData)


def _quarter(hour: float) -> float:
    return round(hour * STEPS_PER_HOUR) / STEPS_PER_HOUR


def stretched(profile: NDArray[np.float64], start_h: float, end_h: float) -> NDArray[np.float64]:
    """Move a day's profile from the reference working hours to others.

    Parameters
    ----------
    profile : array, shape (24,)
        Fractions at the reference working hours.
    start_h, end_h : float
        Start and end of work, o'clock. The time between is stretched; what comes before or after moves along,
        and the small hours fill the rest.

    Returns
    -------
    array, shape (24,)
        Hourly means.

    Examples
    --------
    >>> data = schedule_data()
    >>> day = np.array(data.occupancy.workday)
    >>> bool(np.allclose(stretched(day, 8.0, 17.0), day))
    True
    >>> float(round(stretched(day, 9.0, 18.0)[8], 2))
    0.5
    """
    data = schedule_data()
    r0, r1 = data.reference_start_h, data.reference_end_h
    before, after = min(r0, start_h), min(HOURS - r1, HOURS - end_h)
    clock = [0.0, start_h - before, start_h, end_h, end_h + after, float(HOURS)]
    reference = [0.0, r0 - before, r0, r1, r1 + after, float(HOURS)]
    integral = np.concatenate([[0.0], np.cumsum(profile)])
    edges = np.unique(np.concatenate([np.arange(HOURS + 1.0), np.interp(np.arange(HOURS + 1.0), reference, clock)]))
    at = np.interp(edges, clock, reference)
    width = np.diff(at)
    value = np.where(width > 1e-9, np.diff(np.interp(at, np.arange(HOURS + 1.0), integral))
                     / np.where(width > 1e-9, width, 1.0), 0.0)
    middle = np.clip((edges[:-1] + edges[1:]) / 2, 0.0, HOURS - 0.5)  # a sliver past midnight is rounding
    return np.bincount(middle.astype(int), value * np.diff(edges), minlength=HOURS).astype(np.float64)


@dataclass(frozen=True)
class DaySchedules:
    """Hourly fractions and setpoints of one kind of day, each of shape (24,).

    `hvac`, `outdoor_air`: share of the hour in which the plant runs or outdoor air is given, [1].
    `cooling_setpoint_c`, `heating_setpoint_c`: in season; out of season the setback holds all day.
    """

    occupancy: NDArray[np.float64]
    lighting: NDArray[np.float64]
    equipment: NDArray[np.float64]
    hvac: NDArray[np.float64]
    outdoor_air: NDArray[np.float64]
    cooling_setpoint_c: NDArray[np.float64]
    heating_setpoint_c: NDArray[np.float64]


def hvac_hours(design: Design) -> tuple[float, float]:
    """Return when the plant starts and stops on a working day, o'clock, rounded to a quarter of an hour.

    Source: GB 50189-2015 table B.0.4-1 (plant one hour longer than work on both sides).

    Examples
    --------
    An office working from 8:30 to 17:00 has its plant on from 7.5 to 18.0.
    """
    data = schedule_data()
    start = max(0.0, _quarter(design.workday_start_h - data.hvac_lead_h))
    return start, min(float(HOURS), _quarter(design.workday_end_h + data.hvac_lag_h))


def working_hours(design: Design) -> tuple[float, float]:
    """Return start and end of work, o'clock, rounded to a quarter of an hour."""
    return _quarter(design.workday_start_h), _quarter(design.workday_end_h)


def _share_of_hour(start_h: float, end_h: float) -> NDArray[np.float64]:
    hour = np.arange(HOURS)
    return np.clip(np.minimum(hour + 1, end_h) - np.maximum(hour, start_h), 0.0, 1.0)


def _equipment(design: Design, profile: NDArray[np.float64]) -> NDArray[np.float64]:
    standby = design.equipment_standby_fraction
    return standby + (1.0 - standby) * profile


def day_schedules(design: Design, workday: bool) -> DaySchedules:
    """Return the schedules of a working day or of a day off.

    Parameters
    ----------
    design : Design
        Uses working hours, standby fraction, lighting use fraction and setpoints.
    workday : bool
        Working day, or day off.

    Returns
    -------
    DaySchedules
        Lighting holds `lighting_use_fraction`, equipment the standby share: multiply with the installed density.

    Examples
    --------
    On a day off the plant is off: `day_schedules(design, False).hvac.sum()` is 0.
    """
    data = schedule_data()
    start, end = working_hours(design)

    def profile(day: DayProfiles) -> NDArray[np.float64]:
        return stretched(np.array(day.workday), start, end) if workday else np.array(day.off_day, dtype=float)

    hvac = _share_of_hour(*hvac_hours(design)) if workday else np.zeros(HOURS)
    return DaySchedules(
        occupancy=profile(data.occupancy),
        lighting=profile(data.lighting) * design.lighting_use_fraction,
        equipment=_equipment(design, profile(data.equipment)),
        hvac=hvac,
        outdoor_air=_share_of_hour(start, end) if workday else np.zeros(HOURS),
        cooling_setpoint_c=np.where(hvac > 0, design.cooling_setpoint_c, data.setback.cooling_setpoint_c),
        heating_setpoint_c=np.where(hvac > 0, design.heating_setpoint_c, data.setback.heating_setpoint_c),
    )


def year_schedule(design: Design, name: str, workdays: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return one schedule over the year, shape (8760,).

    Parameters
    ----------
    design : Design
        The design.
    name : str
        A field of `DaySchedules`; setpoints out of season hold the setback.
    workdays : array of bool, shape (365,)
        From `Calendar.workdays`.

    Examples
    --------
    The plant of an office with hours 8 to 17 runs 11 h on each of 248 working days: the sum over `hvac` is 2728.
    """
    days = np.stack([getattr(day_schedules(design, working), name) for working in (False, True)])
    values = days[workdays.astype(int)]
    data = schedule_data()
    seasons = {"cooling_setpoint_c": data.cooling_season, "heating_setpoint_c": data.heating_season}
    if name in seasons:
        values = np.where(seasons[name].days()[:, None], values, getattr(data.setback, name))
    return values.reshape(-1)
