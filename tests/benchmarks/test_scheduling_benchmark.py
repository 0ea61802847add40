"""What this program itself costs: recognising finished cases, and store and gather without an engine.

Run by `make bench` or `python -m pytest -m benchmark -s tests/benchmarks/test_scheduling_benchmark.py`.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOM = HERE.parent / "sim" / "engine"

pytestmark = [pytest.mark.benchmark, pytest.mark.long]

RESUME_CASES = 10_000
MOST_RESUME_S = 10.0
FEWEST_CASES_PER_S = 100.0
MOST_GROWTH_MB = 50.0


def measure(store, count):
    """One call of `simulate` in a fresh process; returns seconds, rate and the client's highest memory."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(
        [str(HERE), str(ROOM), os.environ.get("PYTHONPATH", "")])}
    ended = subprocess.run([sys.executable, str(HERE / "scheduling_process.py"), str(store), str(count)],
                           capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


def test_ten_thousand_cases_through_store_and_gather_then_resumed(tmp_path):
    run = measure(tmp_path / "store", RESUME_CASES)
    again = measure(tmp_path / "store", RESUME_CASES)
    print(f"\nscheduling: {run['cases_per_s']:.0f} cases/s, client {run['peak_mb']:.0f} MB, "
          f"{run['client_cpu_ms_per_case']:.1f} ms of its processor a case"
          f"\nresume: {RESUME_CASES} finished cases in {again['seconds']:.1f} s, "
          f"{again['client_cpu_ms_per_case']:.2f} ms of processor a case")
    assert again["starts"] == 0
    assert run["cases_per_s"] >= FEWEST_CASES_PER_S
    assert again["seconds"] <= MOST_RESUME_S


def test_client_memory_is_flat_from_ten_to_a_hundred_thousand(tmp_path):
    small = measure(tmp_path / "small", 10_000)
    large = measure(tmp_path / "large", 100_000)
    print(f"\nclient memory: {small['peak_mb']:.0f} MB at 10 000 cases, {large['peak_mb']:.0f} MB at 100 000; "
          f"{large['cases_per_s']:.0f} cases/s")
    assert large["peak_mb"] - small["peak_mb"] <= MOST_GROWTH_MB
    assert large["cases_per_s"] >= FEWEST_CASES_PER_S


@pytest.fixture(autouse=True)
def _say_when():
    begun = time.strftime("%Y-%m-%d %H:%M")
    yield
    print(f"measured {begun}, load {os.getloadavg()[0]:.1f}")
