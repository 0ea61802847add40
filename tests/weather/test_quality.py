"""Faults put into a made year are found with their count and rows; repairs mend what can be mended, flagged."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyenergyplus.dataset import weather_files

import weather
from vocabulary import InputError
from weather.columns import TEXT_COLUMNS, WHOLE_COLUMNS, data_columns
from weather.epw import epw_text
from weather.gaps import fill_gaps
from weather.quality import Finding, check, check_file, closure_error, radiation_shift_h
from weather.repair import filled, repair
from weather.solar import sun_position

DIRECT, TOTAL, DIFFUSE = "direct_normal_radiation", "global_horizontal_radiation", "diffuse_horizontal_radiation"


def found(year: xr.Dataset, kind: str, **options: tuple[float, float]) -> list[Finding]:
    return [one for one in check(year, **options) if one.kind == kind]


def put_in(year: xr.Dataset, name: str, rows: list[int] | slice, value: float) -> None:
    values = year[name].values.copy().astype(float)
    values[rows] = value
    year[name] = ("hour", values, year[name].attrs)


def test_made_year_is_clean_and_needs_no_repair(year):
    assert check(year) == []
    mended, repairs = repair(year)
    assert repairs == []
    xr.testing.assert_identical(mended, year)


def test_impossible_direct_normal_is_counted_and_mended_by_the_stated_rule(year):
    """As in a CSWD file; the rule: min((global - diffuse) / cos z, 1000), 0 near the horizon."""
    sun = sun_position(year)["cos_zenith"].values
    lit = np.flatnonzero(year[TOTAL].values > 5)[::27][:157]
    put_in(year, DIRECT, list(lit), 32_868.0)
    (finding,) = found(year, "direct_normal")
    assert str(finding).startswith("157 rows: direct normal above 1000 W/m2")
    assert list(finding.rows) == list(lit)
    mended, repairs = repair(year)
    expected = np.clip((year[TOTAL].values - year[DIFFUSE].values) / np.maximum(sun, 1e-9), 0, 1000)
    expected[sun < 0.05] = 0
    np.testing.assert_allclose(mended[DIRECT].values[lit], expected[lit], atol=0.11)
    assert sum(one.rows.size for one in repairs if one.column == DIRECT) == 157
    assert check(mended) == []


@pytest.mark.parametrize(("value", "count"), [(1000.0, 0), (1000.1, 1)])
def test_the_limit_of_direct_normal_itself_passes(year, value, count):
    put_in(year, DIRECT, [4000], value)
    assert len(found(year, "direct_normal")) == count


def test_codes_are_counted_by_column(year):
    put_in(year, "dry_bulb_temperature", [10, 11, 12], np.nan)
    put_in(year, "wind_speed", [20], np.nan)
    texts = [str(one) for one in found(year, "code")]
    assert any(text.startswith("3 rows: dry bulb temperature missing (code 99.9)") for text in texts)
    assert any(text.startswith("1 rows: wind speed missing (code 999)") for text in texts)
    mended, _ = repair(year)
    assert found(mended, "code") == []
    before, after = year["dry_bulb_temperature"].values[[9, 13]]
    assert before <= mended["dry_bulb_temperature"].values[11] <= after or (
        after <= mended["dry_bulb_temperature"].values[11] <= before)


def test_ranges(year):
    put_in(year, "dry_bulb_temperature", [100], 71.0)
    put_in(year, "wind_direction", [5, 6], 400.0)
    texts = [str(one) for one in found(year, "range")]
    assert "1 rows: dry bulb temperature outside -70 to 70 degC (rows 101)" in texts
    assert "2 rows: wind direction outside 0 to 360 degree (rows 6, 7)" in texts
    assert found(repair(year)[0], "range") == []


def test_light_at_night(year):
    put_in(year, TOTAL, [2, 3, 26], 90.0)
    (finding,) = found(year, "night")
    assert str(finding) == "3 rows: radiation above 20 W/m2 while the sun is down (rows 3, 4, 27)"
    mended, _ = repair(year)
    assert mended[TOTAL].values[[2, 3, 26]].max() == 0


def test_radiation_that_does_not_close(year):
    noon = [day * 24 + 11 for day in range(100, 140)]
    put_in(year, DIFFUSE, noon, 700.0)
    (finding,) = found(year, "closure")
    assert set(finding.rows) == {row for row in noon if abs(closure_error(year, sun_position(year))[row]) > max(
        30, 0.1 * year[TOTAL].values[row])}
    mended, _ = repair(year)
    assert found(mended, "closure") == []


def shifted(year: xr.Dataset, hours: float) -> xr.Dataset:
    """Give every hour the radiation of another time, `hours` before it; 0.5 is what TMYx files have."""
    then, middle = sun_position(year, -hours), sun_position(year)
    clear = year[TOTAL].values / np.maximum((middle["extraterrestrial_normal"] * middle["cos_zenith"]).values, 1e-9)
    clear = np.clip(np.where(middle["cos_zenith"] > 0.02, clear, 0.4), 0, 0.85)
    late = year.copy(deep=True)
    total = clear * (then["extraterrestrial_normal"] * then["cos_zenith"]).values
    direct = np.where(then["cos_zenith"] > 0.05, year[DIRECT].values, 0)
    direct = np.minimum(direct, total / np.maximum(then["cos_zenith"].values, 0.05))
    late[TOTAL] = ("hour", total, year[TOTAL].attrs)
    late[DIRECT] = ("hour", direct, year[DIRECT].attrs)
    late[DIFFUSE] = ("hour", total - direct * then["cos_zenith"].values, year[DIFFUSE].attrs)
    return late


@pytest.mark.parametrize(("hours", "words"), [(0.5, "0.5 h late"), (-0.75, "0.75 h early"), (1.0, "1 h late")])
def test_radiation_of_another_time_is_found_and_moved_back(year, hours, words):
    late = shifted(year, hours)
    assert radiation_shift_h(late) == hours
    (finding,) = found(late, "shift")
    assert words in str(finding)
    mended, _ = repair(late)
    assert radiation_shift_h(mended) == 0.0
    assert check(mended) == []
    days = [one[TOTAL].values.reshape(365, 24).sum(axis=1) for one in (late, mended)]
    np.testing.assert_allclose(days[1], days[0], rtol=0.01, atol=2)
    assert abs(float(mended[DIRECT].sum() / year[DIRECT].sum()) - 1) < 0.05


@pytest.mark.parametrize("hours", [-2, 3])
def test_whole_hours_are_moved_back_to_what_they_were(year, hours):
    """As after a wrong time zone: the rows come back, within rounding."""
    late = year.copy(deep=True)
    for name in (TOTAL, DIRECT, DIFFUSE):
        put_in(late, name, slice(None), np.roll(year[name].values, hours))
    assert radiation_shift_h(late) == hours
    mended, _ = repair(late)
    assert float(abs(mended[TOTAL] - year[TOTAL]).mean()) < 1
    assert float(abs(mended[DIRECT] - year[DIRECT]).mean()) < 1


def test_closing_radiation_that_lies_late_in_the_day_is_found(year):
    """As in a CSWD file: it closes with the sun of its hours, but the afternoons have too much."""
    sun = sun_position(year)
    lean = 1 + 0.12 * (np.tile(np.arange(24), 365) - 11.4)
    total = year[TOTAL].values * np.clip(lean, 0, 2)
    direct = np.clip(year[DIRECT].values * np.clip(lean, 0, 2), 0, 990)
    put_in(year, TOTAL, slice(None), total)
    put_in(year, DIRECT, slice(None), direct)
    put_in(year, DIFFUSE, slice(None), np.maximum(total - direct * sun["cos_zenith"].values, 0))
    assert found(year, "shift") == []
    assert "h late in the day, though it closes" in str(found(year, "centre")[0])


def test_humidity(year):
    dry = float(year["dry_bulb_temperature"][50])
    put_in(year, "dew_point_temperature", [50], dry + 2)
    put_in(year, "relative_humidity", [60], 1.0)
    assert [one.count for one in found(year, "dew_point")] == [1]
    assert [list(one.rows) for one in found(year, "humidity")] == [[60]]
    mended, _ = repair(year)
    assert check(mended) == []
    assert float(mended["dew_point_temperature"][50]) == dry


def test_steps_are_found(year):
    put_in(year, "dry_bulb_temperature", [1000], float(year["dry_bulb_temperature"][999]) + 12)
    assert found(year, "step")[0].rows[0] == 1000


def test_frozen_columns(year):
    put_in(year, "dry_bulb_temperature", slice(100, 140), 10.0)
    put_in(year, "wind_speed", slice(None), 3.0)
    put_in(year, "liquid_precipitation_depth", slice(None), 0.0)
    put_in(year, "atmospheric_pressure", slice(0, 24 * 59), 101_288.0)
    texts = [str(one) for one in found(year, "frozen")]
    assert any(text.startswith("40 rows: dry bulb temperature frozen for more than 24 hours") for text in texts)
    assert "8760 rows: wind speed frozen all year" in texts
    assert "8760 rows: no rain data" in texts
    assert any("atmospheric pressure constant in 2 months (1, 2)" in text for text in texts)


def test_dates_out_of_order_are_sorted(year):
    order = np.arange(8760)
    order[[100, 200]] = order[[200, 100]]
    mixed = year.isel(hour=order).assign_coords(hour=np.arange(8760))
    mixed["hour"].attrs = year["hour"].attrs
    (finding,) = found(mixed, "date")
    assert str(finding) == "2 rows: date out of order (rows 101, 201)"
    mended, _ = repair(mixed)
    assert check(mended) == []
    np.testing.assert_array_equal(mended["dry_bulb_temperature"], year["dry_bulb_temperature"])


def test_years_far_apart(year):
    years = year["year"].values.copy()
    years[:744] = 1957
    year["year"] = ("hour", years, year["year"].attrs)
    assert "68 apart (1957 to 2025)" in str(found(year, "years")[0])


@pytest.mark.parametrize(("place", "count"), [((31.38, 121.25), 0), ((39.9, 116.4), 1)])
def test_station_far_from_the_buildings(year, place, count):
    findings = found(year, "distance", near=place)
    assert len(findings) == count
    if count:
        assert "km from the buildings, more than 100 km" in str(findings[0])


def test_missing_rows_are_a_gap_and_are_filled(year, year_text, put):
    lines = year_text.rstrip().split("\n")
    gone = [8 + 50, 8 + 51, 8 + 4000]
    path = put("\n".join(line for at, line in enumerate(lines) if at not in gone) + "\n")
    with pytest.raises(InputError, match="8757 hours"):
        weather.read_epw(path)
    read, findings = check_file(path)
    assert [str(one) for one in findings] == ["3 rows: missing from the file (rows 51, 52, 4001)"]
    mended, _ = repair(read)
    assert check(mended) == []
    assert float(abs(mended["dry_bulb_temperature"] - year["dry_bulb_temperature"]).max()) < 4
    flags = mended["source_and_uncertainty_flags"].values
    assert flags[50][:2] == "E9"
    assert flags[49][:2] != "E9"
    assert "repaired:" in mended.attrs["comments_2"]


def test_repeated_rows_are_dropped(year_text, put):
    lines = year_text.rstrip().split("\n")
    _, findings = check_file(put("\n".join([*lines[:20], *lines[19:]]) + "\n"))
    assert [one.kind for one in findings] == ["repeated"]


def test_a_row_lost_and_another_twice_in_a_file_of_the_right_length(year_text, put):
    lines = year_text.rstrip().split("\n")
    _, findings = check_file(put("\n".join([*lines[:20], lines[19], *lines[20:4000], *lines[4001:]]) + "\n"))
    assert sorted(one.kind for one in findings) == ["gap", "repeated"]


@pytest.mark.parametrize(("column", "at"), [("opaque_sky_cover", 30), ("visibility", 32), ("snow_depth", 40)])
def test_every_column_with_a_flag_gets_it(year, column, at):
    """Would catch: repaired values of the last columns that nobody can tell from measured ones."""
    year["source_and_uncertainty_flags"].values[:] = "A7" * 22
    put_in(year, column, [77], -5.0)
    mended, _ = repair(year)
    flag = mended["source_and_uncertainty_flags"].values[77]
    emptied = bool(np.isnan(mended[column].values[77]))
    assert flag == "A7" * (at // 2) + ("?9" if emptied else "E9") + "A7" * (21 - at // 2)


def test_whole_text_is_left_alone(year_text):
    assert fill_gaps(year_text)[0] is year_text


def test_repair_writes_a_file_that_reads_the_same(year, tmp_path):
    put_in(year, DIRECT, [4000], 5000.0)
    mended, _ = repair(year)
    weather.write_epw(mended, tmp_path / "mended.epw")
    xr.testing.assert_identical(weather.read_epw(tmp_path / "mended.epw"), mended)
    assert epw_text(mended).count("E9") == 1


MEASURED = {"step", "frozen", "closure", "night", "humidity", "direct_normal"}
"""Kinds that some of the 16 measured years show; deserts and heights pass 1000 W/m2 of direct normal in some hours."""


@pytest.mark.parametrize("name", sorted(weather_files))
def test_measured_years_are_read_and_checked(name):
    """The years inside the engine's wheel: nothing impossible is said of measured data."""
    year, findings = check_file(weather_files[name])
    assert year.sizes["hour"] == 8760
    assert {one.kind for one in findings} <= MEASURED
    for one in findings:
        assert str(one).startswith(f"{one.count} rows: ")
        assert 0 < one.count <= 8760


NUMBERS = [row.name for row in data_columns() if row.name not in (*TEXT_COLUMNS, *WHOLE_COLUMNS)]
FAULTS = st.tuples(st.sampled_from(NUMBERS), st.integers(0, 8759), st.sampled_from([1, 30, 8760]),
                   st.sampled_from([np.nan, -1e9, 1e9, 0.0, -5.0, 5000.0, 1e300]))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(faults=st.lists(FAULTS, min_size=1, max_size=4))
def test_any_numbers_are_checked_and_repaired_once_and_for_all(faults, year):
    """No warning, no other error, and a second repair finds nothing to do."""
    spoilt = year.copy(deep=True)
    for name, start, length, value in faults:
        put_in(spoilt, name, slice(start, start + length), value)
    check(spoilt)
    mended, _ = repair(spoilt)
    assert repair(mended)[1] == []
    assert not {one.kind for one in check(mended)} & {"range", "direct_normal", "night", "closure"}


@pytest.mark.parametrize("name", sorted(weather_files)[::4])
def test_measured_years_become_better(name):
    """Real files: what a repair can mend is gone afterwards, and a second repair finds nothing to do."""
    year = weather.read_epw(weather_files[name])
    mended, _ = repair(year)
    left = {one.kind for one in check(mended)}
    assert left <= {"step", "frozen", "centre"}
    assert repair(mended)[1] == []
    total = [float(one[TOTAL].sum()) for one in (year, mended)]
    assert abs(total[1] / total[0] - 1) < 0.005


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 8700), length=st.integers(1, 60), by_days=st.booleans())
def test_filled_touches_gaps_only_and_stays_between(start, length, by_days):
    values = np.random.default_rng(start).normal(0, 1, 8760)
    holed = values.copy()
    holed[start : start + length] = np.nan
    result = filled(holed, by_days=by_days)
    known = ~np.isnan(holed)
    np.testing.assert_array_equal(result[known], values[known])
    assert not np.isnan(result).any()
    assert result.max() <= values.max()
    assert result.min() >= values.min()
