"""How fast the surrogate fits and predicts, and the cube of a district's whole catalogue, printed.

Run: pytest -m benchmark -s tests/benchmarks/test_surrogate_speed.py

The 600 runs are imitated (a network of other coefficients): speed does not depend on what the engine says.
"""

import resource
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

import netcdf
import weather
from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import package_grid
from optimiser import Rules
from optimiser.candidates import Question, assemble_cube
from optimiser.forecast import forecast
from sim.calendar import load_calendar
from sim.case import design_table
from sim.surrogate import Surrogate, files, pipeline
from sim.surrogate.climate import climate_of
from sim.surrogate.coefficients import start_values
from sim.surrogate.inputs import numbers, read_table
from sim.surrogate.network import threads
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Learned, Wanted
from sim.surrogate.sampling import training_designs
from sim.surrogate.sweep import sweep
from weather.solar import pv_yield

pytestmark = pytest.mark.long
RUNS = 600
WEIGHTS = np.ones(2)


@pytest.fixture(scope="module")
def year():
    found = weather.make_typical_year("shanghai", seed=0)
    return found.assign(is_workday=("hour", np.repeat(load_calendar().workdays, 24)))


@pytest.fixture(scope="module")
def runs(year):
    designs = design_table([drawn.design for drawn in training_designs(RUNS, seed=1)])
    other = {**start_values(), "mass_capacity_wh_per_m2k": 70.0, "solar_multiplier": 0.85}
    table, weights = read_table(designs), np.ones(2)
    answer = pipeline.predict(table, climate_of(year), Learned(other, {}, {}, {}, None, np.ones(3)),
                              Wanted(weights, errors="none"))
    said = files.labelled(designs, table, answer, weights, {}, False).drop_vars("floor_area")
    hourly = {name: year[name] for name in year.data_vars if year[name].dims == ("hour",)}
    return xr.merge([said, designs]).assign(hourly).assign_attrs(year.attrs)


@pytest.fixture(scope="module")
def fitted(runs):
    began = time.perf_counter()
    surrogate = Surrogate.fit(runs)
    print(f"\nfit from {runs.sizes['case']} runs: {time.perf_counter() - began:.0f} s on {threads()} threads")
    surrogate.ranges = {name: (-1e9, 1e9) for name in numbers()}
    return surrogate


@pytest.fixture(scope="module")
def district():
    return read_registry(DATA_DIR / "jiading_illustrative.csv")


def rate(work, cases):
    work()
    began = time.perf_counter()
    work()
    return cases / (time.perf_counter() - began)


def test_prediction_rates(fitted, district):
    catalogue = load_catalogue()
    building = max(district, key=lambda b: len(package_grid(b, catalogue)))
    table = offer_table(building, package_grid(building, catalogue))
    for name, wanted in (("annual by carrier", Wanted(WEIGHTS, errors="none", peaks=False)),
                         ("annual by carrier, with standard errors", Wanted(WEIGHTS, errors="energy", peaks=False))):
        speed = rate(lambda w=wanted: fitted.predict_table(table, w), table.size)
        print(f"{name}: {speed:.0f} building-packages per second ({table.size} packages of one building)")
        assert speed > 1
    grid = package_grid(building, catalogue)
    whole = fitted.predict_table(table, Wanted(WEIGHTS, errors="none", peaks=False)).annual() @ WEIGHTS
    for name, errors in (("annual by carrier", False), ("annual by carrier, with standard errors", True)):
        def work(errors=errors):
            return sweep(fitted, table, grid.choice, WEIGHTS, errors=errors)
        off = np.abs(work().annual_kwh @ WEIGHTS - whole).sum() / np.abs(whole[0] - whole).sum()
        print(f"sweep, {name}: {rate(work, table.size):.0f} building-packages per second, "
              f"{len(work().predicted)} of them predicted, the others off by {off:.2%} of their savings")
    few = table.take(np.arange(960) * (table.size // 960))
    bare = Wanted(WEIGHTS, errors="none", peaks=False, hourly=True)
    speed = rate(lambda: fitted.predict_table(few, bare), few.size)
    print(f"hourly: {speed:.0f} building-years per second (960 packages of one building)")
    speed = rate(lambda: fitted.predict_table(few, Wanted(WEIGHTS, hourly=True)), few.size)
    print(f"hourly, with all standard errors: {speed:.0f} building-years per second (960 packages of one building)")
    designs = read_table(design_table([drawn.design for drawn in training_designs(480, seed=5)]))
    speed = rate(lambda: fitted.predict_table(designs, Wanted(WEIGHTS, hourly=True)), designs.size)
    print(f"hourly, with all standard errors: {speed:.0f} building-years per second (480 buildings, nothing shared)")


def test_cube_of_a_district(fitted, district, year):
    catalogue = load_catalogue()
    question = Question(catalogue, "mid", "calorific", "shanghai_two_part_tou", pv_yield(year).values)
    base = fitted.predict(design_table([b.design for b in district]), hourly=True)
    names = [b.building_id for b in district]
    runs = base.assign(building_id=("case", names), package_id=("case", ["none"] * len(names)),
                       status=("case", ["ok"] * len(names)))
    began = time.perf_counter()
    cube = assemble_cube(
        district, lambda b: package_grid(b, catalogue), runs,
        lambda b, grid, sizes: forecast(fitted, b, grid, sizes, question), question,
        scenarios=[Rules(budget_cny=5e7)],
    )
    seconds, memory = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    predicted = cube.attrs["packages_predicted"]
    print(f"cube of {len(district)} buildings x whole catalogue: {predicted} packages in {seconds:.0f} s "
          f"({predicted / seconds:.0f} per second), {int(cube['available'].sum())} kept under "
          f"{cube.sizes['package']} labels, {memory:.1f} GB at most")
    assert predicted > 1_000_000


def test_first_prediction_in_a_new_process(fitted, runs, tmp_path):
    path, designs = tmp_path / "surrogate.nc", tmp_path / "designs.nc"
    fitted.save(path)
    one = runs.isel(case=slice(0, 1))
    fields = [name for name in one.data_vars if one[name].dims == ("case",)]
    netcdf.write_dataset(designs, one[fields], title="one design")
    program = ("import sys, time; began = time.perf_counter()\nimport netcdf\nfrom sim.surrogate import Surrogate\n"
               "Surrogate.load(sys.argv[1]).predict(netcdf.read_dataset(sys.argv[2]))\n"
               "print(time.perf_counter() - began)")
    done = subprocess.run([sys.executable, "-c", program, path, designs], capture_output=True, text=True, check=True)
    print(f"import, load and first prediction in a new process: {float(done.stdout):.1f} s")
