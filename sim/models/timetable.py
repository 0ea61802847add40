"""Schedules as EnergyPlus objects: days of the week, holidays, make-up days, seasons, design days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from buildings.design import Design
from sim.calendar import Calendar
from sim.models.idd import OfficeIDF, add
from sim.schedules import DaySchedules, Season, day_schedules, hvac_hours, schedule_data, working_hours

Steps = Sequence[tuple[float, float]]
"""(until o'clock, value) pairs of one day; the last one ends at 24."""
WORKDAYS = "Weekdays CustomDay1"
SUMMER, WINTER, OTHER = "SummerDesignDay", "WinterDesignDay", "AllOtherDays"


def hourly_steps(fractions: NDArray[np.float64]) -> Steps:
    """Merge 24 hourly values into steps.

    Examples
    --------
    >>> hourly_steps(np.array([0.0] * 8 + [1.0] * 16))
    [(8.0, 0.0), (24.0, 1.0)]
    """
    steps: list[tuple[float, float]] = []
    for hour, value in enumerate(fractions):
        rounded = round(float(value), 5)
        if steps and steps[-1][1] == rounded:
            steps.pop()
        steps.append((hour + 1.0, rounded))
    return steps


def window_steps(start_h: float, end_h: float, inside: float, outside: float) -> Steps:
    """Return the steps of a day with one value between two times and another outside.

    Examples
    --------
    >>> window_steps(7.5, 18.0, 1.0, 0.0)
    [(7.5, 0.0), (18.0, 1.0), (24.0, 0.0)]
    """
    steps = [(start_h, outside), (end_h, inside), (24.0, outside)]
    return [step for i, step in enumerate(steps) if step[0] > (steps[i - 1][0] if i else 0.0)]


def _clock(hour: float) -> str:
    whole = int(hour)
    return f"Until: {whole:02d}:{round((hour - whole) * 60):02d}"


def add_schedule(idf: OfficeIDF, name: str, parts: Sequence[tuple[str, Sequence[tuple[str, Steps]]]]) -> None:
    """Add a `Schedule:Compact`.

    Parameters
    ----------
    idf : OfficeIDF
        The model.
    name : str
        Its name.
    parts : sequence
        (last day `m/d`, [(day types, steps), ...]) through the year.
    """
    words: list[object] = []
    for last_day, days in parts:
        words.append(f"Through: {last_day}")
        for day_types, steps in days:
            words.append(f"For: {day_types}")
            words += [word for until, value in steps for word in (_clock(until), float(value))]
    fields = {f"Field_{i}": word for i, word in enumerate(words, 1)}
    add(idf, "Schedule:Compact", Name=name, Schedule_Type_Limits_Name="any", **fields)


def season_parts(season: Season) -> list[tuple[str, bool]]:
    """Cut the year at a season's borders: (last day `m/d`, in season).

    Examples
    --------
    >>> season_parts(Season(first="11-15", last="03-31"))
    [('3/31', True), ('11/14', False), ('12/31', True)]
    """
    inside = season.days()
    days = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    ends = [i for i in range(365) if i == 364 or inside[i] != inside[i + 1]]
    return [(str(days[i])[5:].replace("-", "/").lstrip("0").replace("/0", "/"), bool(inside[i])) for i in ends]


def _constant(value: float) -> Steps:
    return [(24.0, value)]


def _add_fractions(idf: OfficeIDF, work: DaySchedules, off: DaySchedules) -> None:
    for name in ("occupancy", "lighting", "equipment"):
        busy, idle = hourly_steps(getattr(work, name)), hourly_steps(getattr(off, name))
        days = [(f"{WORKDAYS} {SUMMER}", busy), (WINTER, _constant(0.0)), (OTHER, idle)]
        add_schedule(idf, name, [("12/31", days)])


def _add_plant(idf: OfficeIDF, design: Design) -> None:
    """Availability and setpoints: in season in plant hours; the heating design day holds its setpoint all day."""
    data, hours = schedule_data(), hvac_hours(design)
    on = window_steps(*hours, 1.0, 0.0)
    days = [(f"{WORKDAYS} {SUMMER}", on), (WINTER, _constant(1.0)), (OTHER, _constant(0.0))]
    add_schedule(idf, "plant hours", [("12/31", days)])
    cool, heat, back = design.cooling_setpoint_c, design.heating_setpoint_c, data.setback
    for name, season, value, setback, design_days in (
        ("cooling setpoint", data.cooling_season, cool, back.cooling_setpoint_c,
         [(SUMMER, window_steps(*hours, cool, back.cooling_setpoint_c)), (WINTER, _constant(back.cooling_setpoint_c))]),
        ("heating setpoint", data.heating_season, heat, back.heating_setpoint_c,
         [(SUMMER, _constant(back.heating_setpoint_c)), (WINTER, _constant(heat))]),
    ):
        in_season = [(WORKDAYS, window_steps(*hours, value, setback)), *design_days, (OTHER, _constant(setback))]
        off_season = [*design_days, (OTHER, _constant(setback))]
        add_schedule(idf, name, [(end, in_season if inside else off_season) for end, inside in season_parts(season)])
    for name, season, design_day in (
        ("cooling season", data.cooling_season, SUMMER), ("heating season", data.heating_season, WINTER),
    ):
        parts = [(end, [(design_day, _constant(1.0)), (OTHER, _constant(float(inside)))])
                 for end, inside in season_parts(season)]
        add_schedule(idf, name, parts)


def _add_air(idf: OfficeIDF, design: Design, infiltration_on: float) -> None:
    """Outdoor air in working hours, split into seasons with and without heat recovery; infiltration."""
    work = window_steps(*working_hours(design), 1.0, 0.0)
    plant = window_steps(*hvac_hours(design), infiltration_on, 1.0)
    days = [(f"{WORKDAYS} {SUMMER}", plant), (WINTER, _constant(infiltration_on)), (OTHER, _constant(1.0))]
    add_schedule(idf, "infiltration", [("12/31", days)])
    data = schedule_data()
    conditioned = data.cooling_season.days() | data.heating_season.days()
    ends = [i for i in range(365) if i == 364 or conditioned[i] != conditioned[i + 1]]
    dates = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
    for name, in_season in (("outdoor air in season", True), ("outdoor air between seasons", False)):
        sizing = [(f"{SUMMER} {WINTER}", work if in_season else _constant(0.0))]
        parts = []
        for i in ends:
            month, day = (int(part) for part in str(dates[i])[5:].split("-"))
            busy = work if bool(conditioned[i]) is in_season else _constant(0.0)
            parts.append((f"{month}/{day}", [(WORKDAYS, busy), *sizing, (OTHER, _constant(0.0))]))
        add_schedule(idf, name, parts)


def add_schedules(idf: OfficeIDF, design: Design, infiltration_on: float, occupant_heat_w: float) -> None:
    """Add every schedule that a model uses.

    Parameters
    ----------
    idf : OfficeIDF
        The model.
    design : Design
        The design.
    infiltration_on : float
        Share of the infiltration left while the plant runs.
    occupant_heat_w : float
        Heat of one person, W.
    """
    add(idf, "ScheduleTypeLimits", Name="any")
    _add_fractions(idf, day_schedules(design, True), day_schedules(design, False))
    _add_plant(idf, design)
    _add_air(idf, design, infiltration_on)
    for name, value in (("always", 1.0), ("activity", occupant_heat_w)):
        add_schedule(idf, name, [("12/31", [("AllDays", _constant(value))])])


def add_calendar(idf: OfficeIDF, calendar: Calendar) -> None:
    """Add public holidays and, as `CustomDay1`, make-up working days."""
    for holiday in calendar.holidays:
        add(idf, "RunPeriodControl:SpecialDays", Name=holiday.name, Duration=holiday.days,
            Start_Date=f"{holiday.first.month}/{holiday.first.day}", Special_Day_Type="Holiday")
    for day in calendar.make_up_days:
        add(idf, "RunPeriodControl:SpecialDays", Name=f"make-up {day:%m-%d}", Start_Date=f"{day.month}/{day.day}",
            Duration=1, Special_Day_Type="CustomDay1")
