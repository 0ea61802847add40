"""Schedules: laws of stretching, the plant's hours, the year."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.calendar import load_calendar
from sim.schedules import Season, day_schedules, hvac_hours, schedule_data, stretched, year_schedule

STARTS = st.floats(6, 11)
ENDS = st.floats(14, 21)


@given(start=STARTS, end=ENDS)
def test_stretching_keeps_range_and_peak(start, end):
    day = stretched(np.array(schedule_data().occupancy.workday), start, end)
    assert day.shape == (24,)
    assert day.min() >= -1e-9
    assert day.max() <= 0.95 + 1e-9


@given(shift=st.integers(-2, 3))
def test_shifting_whole_hours_rolls_the_profile(shift):
    day = np.array(schedule_data().equipment.workday)
    assert np.allclose(stretched(day, 8 + shift, 17 + shift), np.roll(day, shift))


def test_longer_work_means_more_use():
    use = [stretched(np.array(schedule_data().lighting.workday), 8.0, end).sum() for end in (16.0, 17.0, 18.0, 19.0)]
    assert np.all(np.diff(use) > 0)


def test_half_hour_of_management_shortens_the_plant(office):
    long, short = office(workday_end_h=17.5), office(workday_end_h=17.0)
    assert hvac_hours(long) == (7.5, 18.5)
    assert hvac_hours(short) == (7.5, 18.0)
    assert day_schedules(long, True).hvac.sum() - day_schedules(short, True).hvac.sum() == pytest.approx(0.5)


def test_days_off_are_empty_but_for_standby(office):
    day = day_schedules(office(equipment_standby_fraction=0.2), False)
    assert np.all(day.equipment == pytest.approx(0.2))
    assert day.occupancy.sum() == day.lighting.sum() == day.hvac.sum() == day.outdoor_air.sum() == 0
    assert set(day.cooling_setpoint_c) == {37.0}


def test_lighting_control_scales_lighting_only(office):
    full, less = (day_schedules(office(lighting_use_fraction=f), True) for f in (1.0, 0.8))
    assert np.allclose(less.lighting, 0.8 * full.lighting)
    assert np.allclose(less.equipment, full.equipment)


def test_year_follows_calendar_and_seasons(office):
    workdays = load_calendar().workdays
    design = office(workday_start_h=8.0, workday_end_h=17.0)
    assert year_schedule(design, "hvac", workdays).sum() == pytest.approx(11 * 248)
    setpoint = year_schedule(design, "heating_setpoint_c", workdays).reshape(365, 24)
    assert setpoint[181].max() == 12.0  # July
    assert setpoint[8].max() == 20.0  # 9 January, a Thursday


@given(first=st.dates(), last=st.dates())
def test_seasons_and_their_complement_fill_the_year(first, last):
    words = [f"{day.month:02d}-{min(day.day, 28):02d}" for day in (first, last)]
    season = Season(first=words[0], last=words[1])
    assert 1 <= season.days().sum() <= 365
