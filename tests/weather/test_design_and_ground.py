"""Design days and ground temperatures: from the header, from the hours, and their laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyenergyplus.dataset import weather_files

import weather
from vocabulary import InputError
from weather.design_days import standard_pressure_pa, wet_bulb_c
from weather.ground import ground_wave


def test_made_year_carries_the_conditions_of_its_city(year):
    heating, dry, wet = weather.design_days(year)
    assert (heating.kind, heating.dry_bulb_c, heating.month, heating.wind_direction_deg) == ("heating", -2.3, 1, 270)
    assert (dry.dry_bulb_c, dry.wet_bulb_c, dry.daily_range_k, dry.month) == (35.8, 26.7, 5.9, 7)
    assert (wet.dry_bulb_c, wet.wet_bulb_c) == (32.6, 28.0)
    assert (dry.taub, dry.taud) == (0.668, 1.727)
    assert heating.taub is None


def test_real_header_with_and_without_its_extra_field():
    days = weather.design_days(weather.read_epw(weather_files["usa_il_chicago"]))
    assert [day.kind for day in days] == ["heating", "cooling", "cooling"]
    assert days[0].dry_bulb_c < -15
    assert 30 < days[1].dry_bulb_c < 36
    assert days[1].wet_bulb_c < days[1].dry_bulb_c


def test_without_header_the_hours_are_used_and_said(year):
    year.attrs["design_conditions"] = "0"
    days = weather.design_days(year)
    assert all("of this year" in day.name for day in days)
    dry = year["dry_bulb_temperature"].values
    assert days[0].dry_bulb_c == pytest.approx(np.percentile(dry, 0.4))
    assert days[1].dry_bulb_c == pytest.approx(np.percentile(dry, 99.6))


def test_broken_header_is_refused(year):
    year.attrs["design_conditions"] = "1,x,,Heating,1,cold,Cooling,7"
    with pytest.raises(InputError, match="DESIGN CONDITIONS"):
        weather.design_days(year)


def test_standard_pressure_and_wet_bulb_by_the_book():
    assert standard_pressure_pa(0) == 101325
    assert standard_pressure_pa(1000) == pytest.approx(89_874, abs=10)
    assert wet_bulb_c(np.array([35.8]), np.array([49.0]))[0] == pytest.approx(26.7, abs=0.5)


@settings(max_examples=30, deadline=None)
@given(means=st.lists(st.floats(-30, 40), min_size=12, max_size=12), depth=st.floats(0, 20))
def test_ground_keeps_the_mean_and_fades_with_depth(means, depth):
    air = np.array(means)
    near, far = ground_wave(air, depth, 0.05), ground_wave(air, depth + 1, 0.05)
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert near @ days / 365 == pytest.approx(air @ days / 365, abs=0.02)
    assert np.ptp(far) <= np.ptp(near) + 0.05


def test_ground_lags_the_air(year):
    shallow, deep = (weather.ground_temperatures_c(year, depth) for depth in (0.5, 4.0))
    assert shallow.argmax() in (6, 7)
    assert deep.argmax() > shallow.argmax()
    with pytest.raises(ValueError, match="depth"):
        weather.ground_temperatures_c(year, -1)
