"""The illustrative district calibrated on its bills: time, and how many buildings pass the gate, printed.

Run: python -m pytest -m benchmark -s tests/benchmarks/test_calibration_speed.py
"""

import time
from collections import Counter

import pytest

from buildings import read_registry
from buildings.datafile import DATA_DIR
from scripts.calibrate_inputs import bills_of
from sim.surrogate import Surrogate
from sim.surrogate.calibration import Weathers, calibrate
from sim.surrogate.calibration_table import verdict

pytestmark = [pytest.mark.benchmark, pytest.mark.long]
MOST_S = 600.0


def test_a_district_within_ten_minutes():
    weathers = Weathers(Surrogate.load(DATA_DIR.parents[1] / "sim" / "data" / "shanghai_office.nc"), {})
    district = read_registry(DATA_DIR / "jiading_illustrative.csv", DATA_DIR / "jiading_illustrative_bills.csv")
    wall, processor = time.perf_counter(), time.process_time()
    found = [calibrate(building, bills_of(building), weathers) for building in district]
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    passed = Counter(f.building.source_system for f in found if verdict(f).passed)
    print(f"\n{len(found)} buildings: {wall:.0f} s, processor {processor:.0f} s; worth at least "
          f"{min(f.worth for f in found):.0f} draws; gate passed by {passed.total()}: {dict(passed)}")
    assert len(found) == len(district)
    assert wall <= MOST_S
