"""How fast the surrogate predicts and fits, printed; beside it scikit-learn on the same data.

Run: pytest -m long -s tests/benchmarks/test_surrogate_speed.py
"""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import netcdf
from sim.surrogate import Surrogate
from sim.surrogate.network import threads

RUNS = Path(__file__).parents[1] / "data" / "surrogate_runs.nc"
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def runs():
    return netcdf.read_dataset(RUNS)


@pytest.fixture(scope="module")
def fitted(runs):
    began = time.perf_counter()
    surrogate = Surrogate.fit(runs)
    print(f"\nfit from {runs.sizes['case']} runs: {time.perf_counter() - began:.1f} s on {threads()} threads")
    return surrogate


def rate(work, cases):
    work()
    began = time.perf_counter()
    work()
    return cases / (time.perf_counter() - began)


def test_prediction_rates(fitted, runs):
    designs = runs.isel(case=np.resize(np.flatnonzero(runs["status"].values == "ok"), 960))
    # every case its own loads, so that none is shared
    designs = designs.assign(lighting_use_fraction=designs["lighting_use_fraction"] * 0 + np.linspace(0.8, 1, 960))
    designs["lighting_use_fraction"].attrs = runs["lighting_use_fraction"].attrs
    for name, options in (("annual, no error", {"errors": False}), ("annual, with error", {}),
                          ("hourly, with error", {"hourly": True})):
        speed = rate(lambda options=options: fitted.predict(designs, range_margin=1.0, **options), 960)
        print(f"{name}: {speed:.0f} building-packages per second on {threads()} threads")
        assert speed > 1


def test_first_prediction_in_a_new_process(fitted, runs, tmp_path):
    path, designs = tmp_path / "surrogate.nc", tmp_path / "designs.nc"
    fitted.save(path)
    netcdf.write_dataset(designs, runs.isel(case=slice(0, 1)), title="one design")
    program = ("import sys, time; began = time.perf_counter()\nimport netcdf\nfrom sim.surrogate import Surrogate\n"
               "Surrogate.load(sys.argv[1]).predict(netcdf.read_dataset(sys.argv[2]))\n"
               "print(time.perf_counter() - began)")
    done = subprocess.run([sys.executable, "-c", program, path, designs], capture_output=True, text=True, check=True)
    print(f"import, load and first prediction in a new process: {float(done.stdout):.1f} s")
