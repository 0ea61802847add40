"""Which building-package pairs are drawn, and the packages that reach what all packages reach."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import enumerate_packages, load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import package_grid
from sim.plan import draw_pairs
from sim.surrogate.inputs import ranges_of
from sim.surrogate.offers import offer_table

CATALOGUE = load_catalogue()
OFFICES = read_registry(DATA_DIR / "jiading_sample.csv")
FEW = ("source_vrf", "led", "window_replacement", "room_control")
GRIDS = {b.building_id: package_grid(b, CATALOGUE, FEW) for b in OFFICES[:3]}
MEASURES = [measure for measure in CATALOGUE.measures]


def labels(pairs):
    return [(name, package.label) for name, package in pairs]


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 60), seed=st.integers(0, 99))
def test_a_draw_is_distinct_offered_and_starts_every_longer_draw(count, seed):
    drawn = labels(draw_pairs(GRIDS, count, seed))
    everything = {(name, grid.package(row).label) for name, grid in GRIDS.items() for row in range(1, len(grid))}
    assert len(set(drawn)) == len(drawn) == min(count, len(everything))
    assert set(drawn) <= everything
    assert labels(draw_pairs(GRIDS, count + 7, seed))[: len(drawn)] == drawn


def test_what_is_taken_is_never_drawn():
    first = labels(draw_pairs(GRIDS, 10, 1))
    second = labels(draw_pairs(GRIDS, 10_000, 1, taken=frozenset(first)))
    assert not set(first) & set(second)
    assert len(first) + len(second) == sum(len(grid) - 1 for grid in GRIDS.values())


@pytest.mark.parametrize("office", OFFICES, ids=lambda b: b.building_id)
def test_a_package_is_found_by_its_measures(office):
    grid = package_grid(office, CATALOGUE, FEW)
    for package in enumerate_packages(office, CATALOGUE, FEW):
        row = grid.row_of(package.measures)
        assert grid.package(row).label == package.label
    assert grid.row_of(["led", "no_such_measure"]) is None


@settings(max_examples=15, deadline=None)
@given(place=st.integers(0, len(OFFICES) - 1), chosen=st.sets(st.sampled_from(MEASURES), min_size=2, max_size=9))
def test_the_smallest_packages_reach_what_all_reach(place, chosen):
    grid = package_grid(OFFICES[place], CATALOGUE, sorted(chosen))
    few = grid.take(grid.smallest_rows())
    assert few.package(0).label == "none"
    whole, part = (ranges_of(offer_table(OFFICES[place], one)) for one in (grid, few))
    for name, reached in whole.items():
        np.testing.assert_allclose(part[name], reached, rtol=1e-12, err_msg=name)
