"""How much of the time is the engine's: a bare loop over expanded models beside `simulate` from the case list.

Run by `make bench` or `python -m pytest -m benchmark -s tests/benchmarks/test_engine_share_benchmark.py`.
Paired: both ways run the same cases two at a time; half of the loop runs before and half after, so that a slow hour
hits both.
`RETROFOLIO_BENCH_CASES` (default 40) makes it shorter.
"""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOM = Path(__file__).parent.parent / "sim" / "engine"
sys.path.insert(0, str(ROOM))

import small_cases  # noqa: E402 - lies in the folder just added

import netcdf  # noqa: E402
import sim  # noqa: E402
from sim.engine import energyplus  # noqa: E402

pytestmark = [pytest.mark.benchmark, pytest.mark.long, pytest.mark.engine]

LEAST_SHARE = 0.95
AT_ONCE = 2


def cases(count):
    """Offices of three storeys, whole year, three source systems."""
    systems = ("chiller_boiler", "vrf", "air_source_heat_pump")
    return [small_cases.case(5.0 + 0.1 * index, floor_area_m2=3000.0, storeys=3, source_system=systems[index % 3])
            for index in range(count)]


def bare_loop(texts, epw, folder):
    """Start expanded models two at a time and wait; nothing is read."""
    def one(job):
        place, text = job
        run_dir = folder / f"{place}"
        run_dir.mkdir(parents=True)
        return energyplus.run(text, epw, run_dir, 3600.0)

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(one, enumerate(texts)))
    assert all(result.exit_code == 0 for result in ended)
    return time.perf_counter() - begun


def whole_way(part, epw, folder):
    """From the case list to `simulations.nc`, with an empty store."""
    begun = time.perf_counter()
    answer = sim.simulate(part, weather=epw, store=folder / "store", workers=AT_ONCE, progress="quiet",
                          timeout_s=3600.0)
    netcdf.write_dataset(folder / "simulations.nc", answer, title="Benchmark")
    assert answer["status"].values.tolist() == ["ok"] * len(part)
    return time.perf_counter() - begun


def test_engine_share(tmp_path):
    from sim import models
    from weather import make_typical_year, write_epw

    count = int(os.environ.get("RETROFOLIO_BENCH_CASES", "40"))
    year = make_typical_year("shanghai")
    epw = tmp_path / "shanghai.epw"
    write_epw(year, epw)
    site, settings = models.site_of(year), models.default_settings()
    wanted = cases(count)
    texts = [models.build_idf(case.design, site, settings) for case in wanted]
    half = -(-count // 2)
    bare = bare_loop(texts[:half], epw, tmp_path / "bare1")
    ours = whole_way(wanted, epw, tmp_path)
    bare += bare_loop(texts[half:], epw, tmp_path / "bare2")
    print(f"\nengine share: {bare / ours:.3f} ({count} cases: bare loop {bare:.1f} s, simulate {ours:.1f} s, "
          f"load {os.getloadavg()[0]:.1f})")
    assert bare / ours >= LEAST_SHARE
