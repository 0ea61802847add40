"""The verbs: make, check, fetch; exit codes and lines."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import weather
from scripts.weather import app
from vocabulary import InputError


def call(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_make_then_check(tmp_path):
    made = call("make", "--city", "shanghai", "--seed", 4, "--out", tmp_path / "a.epw")
    assert made.exit_code == 0, made.output
    assert weather.read_epw(tmp_path / "a.epw").identical(weather.make_typical_year("shanghai", 4))
    checked = call("check", tmp_path / "a.epw")
    assert checked.exit_code == 0
    assert "no faults found" in checked.output


def test_check_prints_counts_and_exits_2(year, tmp_path):
    values = year["direct_normal_radiation"].values.copy()
    values[[4000, 4001]] = 2000
    year["direct_normal_radiation"] = ("hour", values, year["direct_normal_radiation"].attrs)
    weather.write_epw(year, tmp_path / "bad.epw")
    result = call("check", tmp_path / "bad.epw", "--repair", tmp_path / "good.epw")
    assert result.exit_code == 2
    assert "2 rows: direct normal above 1000 W/m2" in result.output
    assert call("check", tmp_path / "good.epw").exit_code == 0


def test_fetch_without_a_network_names_the_way_out(tmp_path, monkeypatch):
    """Through the command, from a port where nobody listens."""
    import weather.stations as stations

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    index = SimpleNamespace(nearest=lambda *_, **__: [_entry(port)])
    monkeypatch.setattr(stations, "station_index", lambda: index)
    error = call("fetch", "--near", "31.38,121.25", "--cache", tmp_path).exception
    assert isinstance(error, stations.FetchError)
    assert "retrofolio weather make --city shanghai" in str(error)


def _entry(port: int):
    from idfkit.weather.station import WeatherStation

    station = WeatherStation(country="CHN", state="SH", city="Nowhere", wmo="999999", source="SRC-TMYx", latitude=31.4,
                             longitude=121.45, timezone=8.0, elevation=5.0, url=f"http://127.0.0.1:{port}/none.zip",
                             ashrae_climate_zone="3A", heating_design_db_c=-1.0, cooling_design_db_c=34.0, hdd18=1500,
                             cdd10=3000)
    return SimpleNamespace(station=station, distance_km=1.0)


def test_check_with_a_far_place(year, tmp_path):
    weather.write_epw(year, tmp_path / "a.epw")
    result = call("check", tmp_path / "a.epw", "--near", "39.9,116.4")
    assert result.exit_code == 2
    assert "km from the buildings" in result.output


@pytest.mark.parametrize("near", ["91,0", "0,181", "nan,nan", "inf,0"])
@pytest.mark.parametrize("verb", ["check", "fetch"])
def test_a_place_off_the_globe_is_refused(verb, near, year, tmp_path):
    weather.write_epw(year, tmp_path / "a.epw")
    words = [tmp_path / "a.epw"] if verb == "check" else []
    error = call(verb, *words, "--near", near).exception
    assert isinstance(error, InputError)
    assert "latitude -90..90" in str(error)


def test_a_file_is_not_repaired_onto_itself(year, tmp_path):
    weather.write_epw(year, tmp_path / "a.epw")
    (tmp_path / "link.epw").symlink_to("a.epw")
    before = (tmp_path / "a.epw").read_bytes()
    for target in ("a.epw", "link.epw"):
        error = call("check", tmp_path / "a.epw", "--repair", tmp_path / target).exception
        assert isinstance(error, InputError)
        assert "another file" in str(error)
    assert (tmp_path / "a.epw").read_bytes() == before


@pytest.mark.parametrize(
    "words", [("make", "--city", "nowhere", "--out", "x.epw"), ("check", "none.epw"), ("fetch", "--near", "here")])
def test_bad_requests_raise_our_own_error(words):
    assert isinstance(call(*words).exception, InputError)


@pytest.mark.parametrize("verb", ["make", "check", "fetch"])
def test_help_has_an_example(verb):
    assert f"retrofolio weather {verb}" in call(verb, "--help").output
