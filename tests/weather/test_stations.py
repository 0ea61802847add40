"""Fetching from a server on loopback: cache, checksum, no network, broken archives."""

from __future__ import annotations

import io
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vocabulary import InputError
from weather.stations import FetchError, fetch, nearest_station

NAME = "CHN_SH_Nowhere.999999_TMYx.2009-2023.zip"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    served.mkdir()
    return served


@pytest.fixture
def server(folder):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def _index(port: int):
    from idfkit.weather import StationIndex
    from idfkit.weather.station import WeatherStation

    def station(name: str, latitude: float, file: str) -> WeatherStation:
        return WeatherStation(country="CHN", state="SH", city=name, wmo="999999", source="SRC-TMYx", latitude=latitude,
                              longitude=121.45, timezone=8.0, elevation=5.0, url=f"http://127.0.0.1:{port}/{file}",
                              ashrae_climate_zone="3A", heating_design_db_c=-1.0, cooling_design_db_c=34.0, hdd18=1500,
                              cdd10=3000)

    older = station("Nowhere", 31.4, NAME.replace("2009-2023", "2004-2018"))
    return StationIndex.from_stations([older, station("Nowhere", 31.4, NAME), station("Far", 45.0, "far.zip")])


def _archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("nowhere.epw", text)
    return buffer.getvalue()


def test_fetch_once_then_from_the_cache(server, folder, tmp_path, year_text):
    (folder / NAME).write_bytes(_archive(year_text))
    index = _index(server.server_address[1])
    first = fetch(31.38, 121.25, tmp_path / "cache", index)
    assert first.path.read_text() == year_text
    assert 15 < first.distance_km < 25
    (folder / NAME).unlink()
    assert fetch(31.38, 121.25, tmp_path / "cache", index) == first


def test_changed_archive_is_refused(server, folder, tmp_path, year_text):
    (folder / NAME).write_bytes(_archive(year_text))
    index = _index(server.server_address[1])
    first = fetch(31.38, 121.25, tmp_path / "cache", index)
    archive = first.path.parent / NAME
    archive.write_bytes(archive.read_bytes() + b"x")
    with pytest.raises(FetchError, match=r"SHA-256.*delete the folder"):
        fetch(31.38, 121.25, tmp_path / "cache", index)


@pytest.mark.parametrize("content", [b"not a zip", _archive("LOCATION,broken\n")])
def test_broken_download_is_refused_and_not_kept(server, folder, tmp_path, year_text, content):
    (folder / NAME).write_bytes(content)
    index = _index(server.server_address[1])
    with pytest.raises((FetchError, InputError)):
        fetch(31.38, 121.25, tmp_path / "cache", index)
    (folder / NAME).write_bytes(_archive(year_text))
    assert fetch(31.38, 121.25, tmp_path / "cache", index).path.read_text() == year_text


def test_without_a_network_the_way_out_is_named(server, tmp_path):
    port = server.server_address[1]
    server.shutdown()
    server.server_close()
    with pytest.raises(FetchError, match=r"Without a network.*retrofolio weather make --city shanghai") as caught:
        fetch(31.38, 121.25, tmp_path / "cache", _index(port))
    assert caught.value.exit_code == 2


def test_absent_file_on_the_server(server, tmp_path):
    with pytest.raises(FetchError, match="404"):
        fetch(31.38, 121.25, tmp_path / "cache", _index(server.server_address[1]))


def test_bundled_index_knows_the_district():
    station, distance_km = nearest_station(31.38, 121.25)
    assert (station.country, station.wmo) == ("CHN", "583620")
    assert distance_km < 25


@pytest.mark.parametrize("place", [(91.0, 0.0), (0.0, 200.0), (float("nan"), 0.0)])
def test_places_off_the_globe(place):
    with pytest.raises(InputError, match="latitude"):
        nearest_station(*place)
