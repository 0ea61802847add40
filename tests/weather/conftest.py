"""Made years shared by the tests of the weather room."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import weather


@pytest.fixture(scope="session")
def _shanghai() -> xr.Dataset:
    return weather.make_typical_year("shanghai", seed=3)


@pytest.fixture
def year(_shanghai: xr.Dataset) -> xr.Dataset:
    """A made year that a test may spoil."""
    return _shanghai.copy(deep=True)


@pytest.fixture(scope="session")
def year_text(_shanghai: xr.Dataset) -> str:
    from weather.epw import epw_text

    return epw_text(_shanghai)


@pytest.fixture
def put(tmp_path: Path):
    """Write text or bytes to a file and return its path."""

    def write(content: str | bytes, name: str = "year.epw") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
