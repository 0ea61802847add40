"""How much of the time is the engine's: a bare loop over expanded models, `simulate` from the case list, and eppy.

Run by `make bench` or `python -m pytest -m benchmark -s tests/benchmarks/test_engine_share_benchmark.py`.
All three run the same cases two at a time. Paired: the bare loop and eppy's runner take the first half before the one
call of `simulate` and the second half after it, in the other order, so that a slow minute of the machine hits all.
`RETROFOLIO_BENCH_CASES` (default 40) makes it shorter.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOM = HERE.parent / "sim" / "engine"
sys.path.insert(0, str(ROOM))

import small_cases  # noqa: E402 - lies in the folder just added

import sim  # noqa: E402
from sim.engine import energyplus  # noqa: E402

pytestmark = [pytest.mark.benchmark, pytest.mark.long, pytest.mark.engine]

LEAST_SHARE = 0.95
AT_ONCE = 2


def cases(count):
    """Offices of three modelled storeys, whole year, three source systems."""
    systems = ("chiller_boiler", "vrf", "air_source_heat_pump")
    return [small_cases.case(5.0 + 0.1 * index, floor_area_m2=3000.0, storeys=3, source_system=systems[index % 3])
            for index in range(count)]


@pytest.fixture(scope="module")
def epw(tmp_path_factory):
    from weather import make_typical_year, write_epw

    path = tmp_path_factory.mktemp("weather") / "shanghai.epw"
    write_epw(make_typical_year("shanghai"), path)
    return path


def expanded(wanted, epw):
    """The models that `simulate` will write too."""
    from sim import models
    from weather import read_epw

    site, settings = models.site_of(read_epw(epw)), models.default_settings()
    return [models.build_idf(case.design, site, settings) for case in wanted]


def bare_loop(wanted, texts, epw, folder):
    """Start expanded models two at a time and wait; nothing is read."""
    def one(job):
        place, text = job
        run_dir = folder / f"bare{place}"
        run_dir.mkdir(parents=True)
        return energyplus.run(text, epw, run_dir, 3600.0)

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(one, enumerate(texts)))
    assert all(result.exit_code == 0 for result in ended)
    return time.perf_counter() - begun


def whole_way(wanted, texts, epw, folder):
    """From the case list to `simulations.nc`, with an empty store."""
    begun = time.perf_counter()
    answer = sim.simulate(wanted, weather=epw, store=folder / "store", workers=AT_ONCE, progress="quiet",
                          timeout_s=3600.0, out=folder / "simulations.nc")
    seconds = time.perf_counter() - begun
    assert answer["status"].values.astype(str).tolist() == ["ok"] * len(wanted)
    return seconds


def eppys_runner(wanted, texts, epw, folder):
    """`eppy.runner.run_functions.runIDFs` over the same models, in a process of its own: it changes folders."""
    for place, text in enumerate(texts):
        (folder / f"{place:03d}.idf").write_text(text, encoding="utf-8")
    ended = subprocess.run([sys.executable, str(HERE / "eppy_runner_process.py"), str(folder), str(epw), str(AT_ONCE)],
                           cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    finished = [path.read_text() for path in folder.glob("out*/eplusout.end")]
    assert sum("Completed Successfully" in text for text in finished) == len(texts)
    return float(ended.stdout.split()[-1])


def test_engine_share(tmp_path, epw):
    wanted = cases(int(os.environ.get("RETROFOLIO_BENCH_CASES", "40")))
    texts = expanded(wanted, epw)
    half = -(-len(wanted) // 2)
    first, second, whole = slice(None, half), slice(half, None), slice(None)
    pieces = ((bare_loop, first), (eppys_runner, first), (whole_way, whole), (eppys_runner, second),
              (bare_loop, second))
    seconds = dict.fromkeys((bare_loop, whole_way, eppys_runner), 0.0)
    for way, part in pieces:
        folder = tmp_path / f"{way.__name__}{part.start or 0}"
        folder.mkdir()
        seconds[way] += way(wanted[part], texts[part], epw, folder)
    bare, ours, eppys = seconds.values()
    print(f"\nengine share: {bare / ours:.3f}; {len(wanted)} cases two at a time: bare loop {bare:.1f} s, simulate "
          f"{ours:.1f} s, eppy's runner {eppys:.1f} s (share {bare / eppys:.3f}); load {os.getloadavg()[0]:.1f}")
    assert bare / ours >= LEAST_SHARE
