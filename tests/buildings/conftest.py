import csv

import pytest

from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR

GOOD = {
    "building_id": "A1", "name": "one", "town": "t", "latitude_deg": "31.38", "longitude_deg": "121.25",
    "floor_area_m2": "6000", "storeys": "6", "year_built": "1998", "source_system": "chiller_boiler",
}


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue()


@pytest.fixture(scope="session")
def sample():
    return read_registry(DATA_DIR / "jiading_sample.csv")


@pytest.fixture(scope="session")
def district():
    """The illustrative district with its bills."""
    return read_registry(DATA_DIR / "jiading_illustrative.csv", DATA_DIR / "jiading_illustrative_bills.csv")


@pytest.fixture
def write_registry(tmp_path):
    """Write rows (dicts that override a good row) to a CSV and return its path."""

    def write(*rows, name="registry.csv", encoding="utf-8", columns=None):
        path = tmp_path / name
        full = [GOOD | row for row in rows]
        header = columns or list(dict.fromkeys(key for row in full for key in row))
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, header, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(full)
        return path

    return write
