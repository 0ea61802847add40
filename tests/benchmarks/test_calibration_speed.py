"""The illustrative district calibrated on its bills: time, and how many buildings pass the gate, printed.

Run: python -m pytest -m benchmark -s tests/benchmarks/test_calibration_speed.py
"""

import time
from collections import Counter

import numpy as np
import pytest

from buildings import read_registry
from buildings.datafile import DATA_DIR
from scripts.calibrate_inputs import bills_of
from sim.surrogate import Surrogate
from sim.surrogate.calibration import Weathers, calibrate
from sim.surrogate.calibration_table import verdict
from vocabulary import CARRIERS

pytestmark = [pytest.mark.benchmark, pytest.mark.long]
MOST_S = 600.0
LEAST_PASSED = 0.90
SEED = 20250101


def test_a_district_within_ten_minutes():
    weathers = Weathers(Surrogate.load(DATA_DIR.parents[1] / "sim" / "data" / "shanghai_office.nc"), {})
    district = read_registry(DATA_DIR / "jiading_illustrative.csv", DATA_DIR / "jiading_illustrative_bills.csv")
    wall, processor = time.perf_counter(), time.process_time()
    found = [calibrate(building, bills_of(building), weathers, seed=SEED) for building in district]
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    verdicts = [verdict(f) for f in found]
    passed = Counter(f.building.source_system for f, v in zip(found, verdicts, strict=True) if v.passed)
    print(f"\n{len(found)} buildings: {wall:.0f} s, processor {processor:.0f} s; worth at least "
          f"{min(f.worth for f in found):.0f} draws; gate passed by {passed.total()}: {dict(passed)}")
    for carrier in CARRIERS:
        before, after = ([getattr(f, part) for f in found if carrier in getattr(f, part)]
                         for part in ("before_kwh", "after_kwh"))
        own = [f for f in found if carrier in f.after_kwh]
        medians = [np.median([f.agreements(part)[carrier].cv_rmse for f, part in zip(own, parts, strict=True)])
                   for parts in (before, after)]
        print(f"{carrier}: CV(RMSE), median of {len(own)}: {medians[0]:.1%} before, {medians[1]:.1%} after")
    for f, v in zip(found, verdicts, strict=True):
        if not v.passed:
            print(f"{f.building.building_id}: {'; '.join(v.reasons)}; next: {v.measure_next}")
    assert len(found) == len(district)
    assert wall <= MOST_S
    assert passed.total() >= LEAST_PASSED * len(found)
