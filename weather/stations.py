"""Weather stations near a place, and their EPW files, through idfkit's station index, into a checked local cache."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vocabulary import Fault, InputError, RetrofolioError
from weather.epw import read_epw

_MAKE = "retrofolio weather make --city shanghai --out year.epw"
_NO_UPDATE_CHECK = "IDFKIT_NO_WEATHER_UPDATE_CHECK"
_ENTRIES = 20
"""Stations come once per data set; so many entries are looked through for the newest of the nearest station."""


class FetchError(RetrofolioError):
    """A weather file could not be downloaded; the message says what to do without a network."""


@dataclass(frozen=True)
class Fetched:
    """A downloaded weather file: where it lies, its station and the SHA-256 of the archive it came in."""

    path: Path
    station: str
    distance_km: float
    sha256: str


def station_index() -> Any:  # noqa: ANN401 - idfkit ships no types that mypy follows
    """Return idfkit's bundled station index; it is not compared with the net."""
    from idfkit.weather import StationIndex

    os.environ.setdefault(_NO_UPDATE_CHECK, "1")
    return StationIndex.load()


def nearest_station(
    latitude_deg: float, longitude_deg: float, index: Any = None,  # noqa: ANN401 - as above
) -> tuple[Any, float]:
    """Return the entry of the nearest station with the newest record, and its distance [km].

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Place of the buildings.
    index : idfkit.weather.StationIndex, optional
        Another index than the bundled one.

    Raises
    ------
    InputError
        If the place is none on Earth, or the index is empty.

    Examples
    --------
    >>> station, distance_km = nearest_station(31.38, 121.25)
    >>> station.country, distance_km < 50
    ('CHN', True)
    """
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 180):
        place = f"{latitude_deg},{longitude_deg}"
        raise InputError([Fault("weather fetch", "--near", place, "latitude -90..90 and longitude -180..180")])
    found = (index or station_index()).nearest(latitude_deg, longitude_deg, limit=_ENTRIES)
    if not found:
        place = f"{latitude_deg},{longitude_deg}"
        raise InputError([Fault("weather fetch", "--near", place, "a station in the index")])
    same = [entry for entry in found if entry.station.wmo == found[0].station.wmo]
    newest = max(same, key=lambda entry: _last_year(entry.station.url))
    return newest.station, float(newest.distance_km)


def _last_year(url: str) -> int:
    """Return the last year of the record in a name like `..._TMYx.2009-2023.zip`, 0 where it has none."""
    found = re.search(r"\.\d{4}-(\d{4})\.zip$", url)
    return int(found.group(1)) if found else 0


def fetch(
    latitude_deg: float, longitude_deg: float, cache: Path | None = None, index: Any = None,  # noqa: ANN401 - as above
) -> Fetched:
    """Return the EPW file of the nearest station, downloaded once and kept in a local cache.

    The archive's SHA-256 is written beside it after a complete download and compared at every later use.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        Place of the buildings.
    cache : Path, optional
        Folder of the cache; default: idfkit's (`IDFKIT_CACHE_DIR`, else the platform's cache folder).
    index : idfkit.weather.StationIndex, optional
        Another index than the bundled one.

    Raises
    ------
    FetchError
        If the download fails (no network), the archive is broken, or it has changed since it was downloaded.
    InputError
        If the place is none on Earth, or the file in the archive is no hourly EPW year.
    """
    from idfkit.weather import WeatherDownloader

    station, distance_km = nearest_station(latitude_deg, longitude_deg, index)
    archive = _archive_path(station, cache)
    _drop_unfinished(archive)
    _check_sum(archive)
    try:
        files = WeatherDownloader(cache_dir=cache).download(station, only={".epw"})
    except (RuntimeError, OSError) as error:
        _drop_unfinished(archive)
        raise FetchError(
            f"{station.display_name}: {error}\nWithout a network, make a year from monthly normals instead: {_MAKE}"
        ) from error
    if files.epw is None:
        raise FetchError(f"{station.display_name}: the archive {files.zip_path} holds no EPW file")
    read_epw(files.epw)
    digest = _digest(files.zip_path)
    _sum_path(files.zip_path).write_text(f"{digest}  {files.zip_path.name}\n", encoding="ascii")
    return Fetched(files.epw, station.display_name, distance_km, digest)


def _archive_path(station: Any, cache: Path | None) -> Path:  # noqa: ANN401 - as above
    from idfkit.weather.index import default_cache_dir

    name = station.url.rsplit("/", maxsplit=1)[-1]
    return (cache or default_cache_dir()) / "files" / str(station.wmo) / name.removesuffix(".zip") / name


def _sum_path(archive: Path) -> Path:
    return archive.with_name(archive.name + ".sha256")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _drop_unfinished(archive: Path) -> None:
    """Delete an archive without its sum: its download was cut off, or its content refused."""
    if archive.exists() and not _sum_path(archive).exists():
        archive.unlink()


def _check_sum(archive: Path) -> None:
    if not archive.exists():
        return
    expected = _sum_path(archive).read_text(encoding="ascii", errors="replace").split()[:1]
    found = _digest(archive)
    if expected != [found]:
        raise FetchError(
            f"{archive}: SHA-256 is {found}, but was {' '.join(expected) or 'nothing'} when it was downloaded; "
            f"delete the folder {archive.parent} to download it again"
        )
