"""EPW text to Dataset and back: nothing lost, every bad file refused in words, no other error, no hang."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyenergyplus.dataset import weather_files

import weather
from vocabulary import InputError, RetrofolioError
from weather.columns import columns
from weather.epw import HEADER_RECORDS, epw_text, parse_epw
from weather.quality import check_file


def test_made_year_survives_the_file(year, tmp_path):
    weather.write_epw(year, tmp_path / "a.epw")
    again = weather.read_epw(tmp_path / "a.epw")
    xr.testing.assert_identical(again, year)
    weather.write_epw(again, tmp_path / "b.epw")
    assert (tmp_path / "a.epw").read_bytes() == (tmp_path / "b.epw").read_bytes()


@pytest.mark.parametrize("name", sorted(weather_files))
def test_measured_years_survive_the_file(name, tmp_path):
    first = weather.read_epw(weather_files[name])
    weather.write_epw(first, tmp_path / "copy.epw")
    xr.testing.assert_identical(weather.read_epw(tmp_path / "copy.epw"), first)


@pytest.mark.parametrize("name", ["usa_co_golden", "usa_fl_miami"])
def test_agrees_with_pvlib_and_codes_are_nan(name):
    from pvlib.iotools import read_epw

    theirs, place = read_epw(weather_files[name])
    ours = weather.read_epw(weather_files[name])
    pairs = {"temp_air": "dry_bulb_temperature", "temp_dew": "dew_point_temperature", "dni": "direct_normal_radiation",
             "albedo": "albedo", "wind_speed": "wind_speed", "ghi_infrared": "horizontal_infrared_radiation"}
    codes = {row.name: row.missing for row in columns()}
    for their_name, our_name in pairs.items():
        raw = theirs[their_name].to_numpy(float)
        expected = np.where(raw == codes[our_name], np.nan, raw)
        np.testing.assert_array_equal(ours[our_name].values, expected)
    assert ours.attrs["latitude_deg"] == place["latitude"]
    assert ours.attrs["time_zone_h"] == place["TZ"]


def test_missing_codes_are_those_of_the_data_dictionary():
    from idfkit.weather._epw_sentinels import MISSING_VALUES

    theirs = dict(MISSING_VALUES)
    for place, row in enumerate(columns()):
        assert (row.missing,) == theirs.get(place, (None,)), row.name


def test_every_column_says_units_and_meaning(year):
    for name in year.data_vars:
        assert year[name].attrs["units"], name
        assert year[name].attrs["long_name"], name
    assert year.sizes == {"hour": 8760}
    assert list(year["hour_of_day"].values[:25]) == [*range(1, 25), 1]


def test_nan_is_written_as_the_code_of_its_column(year):
    year["dry_bulb_temperature"][5] = np.nan
    year["wind_direction"][6] = np.nan
    rows = epw_text(year).split("\n")[8:]
    assert rows[5].split(",")[6] == "99.9"
    assert rows[6].split(",")[20] == "999"


def test_latin_and_chinese_headers(year, tmp_path):
    for city in ("上海", "Zürich"):
        year.attrs["city"] = city
        weather.write_epw(year, tmp_path / "a.epw")
        assert weather.read_epw(tmp_path / "a.epw").attrs["city"] == city
    (tmp_path / "latin.epw").write_bytes(epw_text(year).encode("latin-1"))
    assert weather.read_epw(tmp_path / "latin.epw").attrs["city"] == "Zürich"


def _header(text: str) -> list[str]:
    return text.split("\n")[:8]


def _rows(text: str) -> list[str]:
    return text.rstrip().split("\n")[8:]


def _with_29_february(rows: list[str]) -> list[str]:
    end = 24 * (31 + 28)
    return rows[:end] + [row.replace("2025,2,28,", "2025,2,29,", 1) for row in rows[end - 24:end]] + rows[end:]


BAD = {
    "truncated": (lambda text: "\n".join(text.split("\n")[:500]), "truncated"),
    "header only": (lambda text: "\n".join(_header(text)), "truncated"),
    "wrong delimiter": (lambda text: text.replace(",", ";"), "commas"),
    "tabs": (lambda text: text.replace(",", "\t"), "commas"),
    "binary": (lambda text: b"\x00\x01\xff" * 4000, "binary"),
    "nothing": (lambda text: b"", "nothing"),
    "not an EPW": (lambda text: "a,b,c\n1,2,3\n", "LOCATION"),
    "leap year": (lambda text: "\n".join(_header(text) + _with_29_february(_rows(text))), "8784 hours (a leap year"),
    "sub-hourly": (lambda text: text.replace("DATA PERIODS,1,1,", "DATA PERIODS,1,2,"), "sub-hourly"),
    "sub-hourly rows": (lambda text: "\n".join(_header(text) + _rows(text) * 2), "sub-hourly"),
    "word for a number": (
        lambda text: "\n".join([*_header(text), "2025,1,1,1,0,x,warm" + ",0" * 28, *_rows(text)[1:]]), "warm"),
    "row too short": (lambda text: "\n".join([*_header(text), "2025,1,1,1,0", *_rows(text)[1:]]), "fields"),
    "half a month": (lambda text: text.replace("\n2025,1,1,2,", "\n2025,1.5,1,2,", 1), "whole number"),
    "infinite": (lambda text: text.replace("\n2025,1,1,2,", "\n2025,1e999,1,2,", 1), "month"),
    "two data periods": (lambda text: text.replace("DATA PERIODS,1,", "DATA PERIODS,2,"), "2 periods"),
    "no place": (lambda text: text.replace("583620,31.4,", "583620,north,"), "latitude"),
    "off the globe": (lambda text: text.replace("583620,31.4,", "583620,131.4,"), "latitude_deg"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_refused_in_words(kind, year_text, put):
    spoil, word = BAD[kind]
    path = put(spoil(year_text))
    for read in (weather.read_epw, check_file):
        with pytest.raises(InputError, match=word.replace("(", r"\(")) as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_absent_file_and_folder(tmp_path):
    for path in (tmp_path / "none.epw", tmp_path):
        with pytest.raises(InputError, match=r"no (such|regular) file"):
            weather.read_epw(path)


def test_writing_names_everything_that_is_missing(year, tmp_path):
    del year.attrs["latitude_deg"]
    with pytest.raises(InputError) as caught:
        weather.write_epw(year.drop_vars("wind_speed"), tmp_path / "x.epw")
    assert "wind_speed" in str(caught.value)
    assert "latitude_deg" in str(caught.value)
    assert not (tmp_path / "x.epw").exists()


def test_writing_to_nowhere_leaves_nothing(year, tmp_path):
    with pytest.raises(InputError):
        weather.write_epw(year, tmp_path / "no" / "such" / "x.epw")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError):
        weather.write_epw(year, tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_line_breaks_cannot_break_the_header(year, tmp_path):
    for key in ("city", *HEADER_RECORDS):
        bad = year.copy()
        bad.attrs[key] = "one\ntwo"
        with pytest.raises(InputError, match=key):
            weather.write_epw(bad, tmp_path / "x.epw")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(
    st.binary(max_size=300), st.text(max_size=300).map(lambda text: ("LOCATION," + text).encode())))
def test_fuzz_any_bytes(content, put):
    for read in (weather.read_epw, check_file):
        with pytest.raises(RetrofolioError):
            read(put(content))


FIELDS = st.one_of(
    st.text(max_size=8), st.sampled_from(["nan", "inf", "-1", "1e400", "9" * 400, "0x10", "", "٣", "1_0"]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.integers(0, 12), at=st.integers(0, 40), field=FIELDS)
def test_fuzz_one_field(line, at, field, year_text):
    """A year with one field of its first lines replaced reads, or is refused: nothing else."""
    lines = year_text.split("\n")
    parts = lines[line].split(",")
    parts[at % len(parts)] = field
    lines[line] = ",".join(parts)
    try:
        again = parse_epw("\n".join(lines))
    except RetrofolioError:
        return
    assert again.sizes["hour"] == 8760


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 1_000_000), insert=st.binary(max_size=40))
def test_fuzz_cut_and_insert(cut, insert, year_text, put):
    content = year_text.encode()
    at = cut % len(content)
    path = put(content[:at] + insert + content[at + (cut % 97) :])
    try:
        year, findings = check_file(path)
    except RetrofolioError:
        return
    assert year.sizes["hour"] == 8760
    assert all(finding.count for finding in findings)
