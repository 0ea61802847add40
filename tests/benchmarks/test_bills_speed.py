"""Time and memory of a cube with bills: `pytest tests/benchmarks/test_bills_speed.py -m benchmark -s`."""

from __future__ import annotations

import resource
import time

import pytest

import weather
from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import package_grid
from optimiser import Rules
from optimiser.calibrated import saving_doubt_kwh
from optimiser.candidates import Question, assemble_cube
from optimiser.forecast import forecast
from scripts.calibrate_inputs import bills_of
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.calibration import Weathers, calibrate
from weather.solar import pv_yield

pytestmark = [pytest.mark.benchmark, pytest.mark.long]
BUILDINGS = 5
RULES = Rules(budget_cny=6e6, floor_confidence=0.90)


@pytest.fixture(scope="module")
def surrogate():
    return Surrogate.load(DATA_DIR.parents[1] / "sim" / "data" / "shanghai_office.nc")


@pytest.fixture(scope="module")
def calibrated(surrogate):
    """The buildings at their posterior mean, and the draws of each, gate passed or not: the work is the same."""
    catalogue = load_catalogue()
    every = read_registry(DATA_DIR / "jiading_illustrative.csv", DATA_DIR / "jiading_illustrative_bills.csv")
    known = [b for b in every if b.design.source_system in surrogate.systems]
    large = sorted(known, key=lambda b: -len(package_grid(b, catalogue)))[:BUILDINGS]
    found = [calibrate(b, bills_of(b), Weathers(surrogate, {})) for b in large]
    return ([b.model_copy(update={"design": f.design}) for b, f in zip(large, found, strict=True)],
            {f.building.building_id: f.drawn_designs() for f in found})


@pytest.mark.parametrize("scenarios", [[RULES], None], ids=["reduced", "whole"])
def test_cube_of_the_largest_grids_with_bills(surrogate, calibrated, scenarios):
    buildings, draws = calibrated
    year, catalogue, known = weather.make_typical_year("shanghai", seed=0), load_catalogue(), {}
    question = Question(catalogue, "mid", "calorific", "shanghai_two_part_tou", pv_yield(year).values)
    names = [b.building_id for b in buildings]
    runs = surrogate.predict(design_table([b.design for b in buildings]), hourly=True, range_margin=0.5).assign(
        building_id=("case", names), package_id=("case", ["none"] * len(names)), status=("case", ["ok"] * len(names)))
    spent = []

    def doubt(building, grid):
        if building.building_id not in known:
            began = time.perf_counter()
            known[building.building_id] = saving_doubt_kwh(
                surrogate, draws[building.building_id], grid, question, most=48, seed=0)
            spent.append(time.perf_counter() - began)
        return known[building.building_id]

    wall, processor = time.perf_counter(), time.process_time()
    cube = assemble_cube(buildings, lambda b: package_grid(b, catalogue), runs,
                         lambda b, grid, sizes: forecast(surrogate, b, grid, sizes, question), question,
                         doubt=doubt, scenarios=scenarios)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{len(names)} buildings with bills, {cube.attrs['packages_predicted']} packages: {wall:.0f} s, processor "
          f"{processor:.0f} s, doubt {sum(spent):.1f} s of it; {int(cube['available'].sum())} kept, cube "
          f"{cube.nbytes / 1e9:.3f} GB, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most")
    assert (cube["energy_saving_std_building"].values[cube["available"].values] > 0).sum() > BUILDINGS
