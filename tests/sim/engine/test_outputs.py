from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.outputs import TruncatedOutputError, read_series

DATA = Path(__file__).parents[2] / "data" / "engine"
FIRST_HOUR = 14 * 24  # 15 January


def meters():
    return {(s.name, s.frequency): s for s in read_series((DATA / "day.mtr").read_text())}


def test_one_day_of_a_box_with_known_loads():
    """700 W of light, 500 W of plugs, 250 W of gas, all day on 15 January."""
    found = meters()
    hourly = found["Electricity:Facility", "hourly"].values / 3.6e6
    assert np.isnan(np.delete(hourly, np.s_[FIRST_HOUR:FIRST_HOUR + 24])).all()
    np.testing.assert_allclose(hourly[FIRST_HOUR:FIRST_HOUR + 24], 1.2)
    january = found["InteriorLights:Electricity", "monthly"].values
    assert january[0] / 3.6e6 == pytest.approx(0.7 * 24)
    assert np.isnan(january[1:]).all()
    assert np.nansum(found["NaturalGas:Facility", "hourly"].values) / 3.6e6 == pytest.approx(0.25 * 24)


def test_variables_have_their_zone_as_key():
    (series,) = read_series((DATA / "day.eso").read_text())
    assert (series.name, series.key, series.units) == ("Zone Mean Air Temperature", "Z", "C")
    assert np.isfinite(series.values[FIRST_HOUR:FIRST_HOUR + 24]).all()


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.97])
def test_cut_file_is_refused(share):
    text = (DATA / "day.mtr").read_text()
    with pytest.raises(TruncatedOutputError):
        read_series(text[:int(share * len(text))])


def test_design_days_before_the_weather_run_are_left_out():
    text = (
        "7,1,Electricity:Facility [J] !Hourly\nEnd of Data Dictionary\n"
        "1,WINTER,0,0,0,0\n2,1, 1,21, 0, 1, 0.00,60.00,WinterDesignDay\n7,9.0\n"
        "1,RUN PERIOD,0,0,0,0\n2,1, 2, 1, 0,24, 0.00,60.00,Monday\n7,5.0\nEnd of Data\nNumber of Records Written=4\n"
    )
    (series,) = read_series(text)
    assert np.flatnonzero(np.isfinite(series.values)).tolist() == [31 * 24 + 23]
    assert np.nansum(series.values) == 5.0


def _year_text(values):
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    lines = ["7,1,A:Facility [J] !Hourly", "8,9,A:Facility [J] !Monthly [Value,Min,Day]", "End of Data Dictionary",
             "1,YEAR,0,0,0,0"]
    hour = 0
    for month, days in enumerate(lengths, start=1):
        start = hour
        for day in range(1, days + 1):
            for clock in range(1, 25):
                lines += [f"2,{day},{month:2d},{day:2d}, 0,{clock:2d}, 0.00,60.00,Monday", f"7,{float(values[hour])!r}"]
                hour += 1
        lines += [f"4,{hour // 24},{month:2d}", f"8,{float(values[start:hour].sum())!r},0,1"]
    return "\n".join([*lines, "End of Data", "Number of Records Written=1", ""])


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_hour_and_month_of_a_year_lands_in_its_place(seed):
    values = np.random.default_rng(seed).uniform(0, 1e9, 8760).round(3)
    hourly, monthly = read_series(_year_text(values))
    np.testing.assert_array_equal(hourly.values, values)
    assert monthly.values.sum() == pytest.approx(values.sum(), rel=1e-12)
