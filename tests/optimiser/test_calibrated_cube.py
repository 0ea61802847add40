"""What bills leave unknown of savings: carried from some packages to all, and said of the cube's baselines."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import PackageGrid, package_grid
from optimiser.calibrated import baseline_words, doubt_of_all, held_measures, spread_rows, with_baseline
from vocabulary import check

CATALOGUE = load_catalogue()
BUILDING = read_registry(DATA_DIR / "jiading_sample.csv")[0]
GRID = package_grid(BUILDING, CATALOGUE, ["led", "room_control", "source_vrf", "window_replacement"])
HOLDS = held_measures(GRID)


def cube():
    return xr.Dataset(coords={"building": ["A", "B"]})


def test_words_start_with_calibrated_only_where_a_building_is():
    assert baseline_words(with_baseline(cube(), {})).startswith("simulated")
    assert baseline_words(cube()).startswith("simulated")
    one = with_baseline(cube(), {"A": "calibrated"})
    check(one["baseline"], "baseline")
    assert one["baseline"].values.tolist() == ["calibrated", "simulated"]
    assert baseline_words(one).startswith("calibrated on bills for 1 of 2")


def test_the_matrix_says_which_package_holds_what():
    """Would catch: columns of another measure, or `none` counted as holding the last one."""
    for column, measure in enumerate(GRID.measures):
        np.testing.assert_array_equal(HOLDS[:, column] == 1, GRID.holds(measure.id))
    assert HOLDS.shape == (len(GRID), len(GRID.measures))


@given(st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_additive_savings_are_carried_to_every_package_exactly(seed):
    """Would catch: the doubt of another package; packages are asked in an order that is not the grid's."""
    rng = np.random.default_rng(seed)
    whole = rng.normal(100.0, 10.0, (12, HOLDS.shape[1])) @ HOLDS.T
    asked = rng.permutation(np.flatnonzero(GRID.sizes() == 1))
    found = doubt_of_all(whole[:, asked], asked, HOLDS)
    np.testing.assert_allclose(found, whole.std(axis=0, ddof=1), rtol=1e-6)


def test_what_measures_do_not_explain_is_added_and_doing_nothing_has_no_doubt():
    noise = np.random.default_rng(0).normal(0.0, 5.0, (200, len(GRID)))
    asked = np.arange(1, len(GRID) - 1)
    found = doubt_of_all(noise[:, asked], asked, HOLDS)
    np.testing.assert_allclose(found[asked], noise[:, asked].std(axis=0, ddof=1))
    assert found[-1] > 3.0
    assert found[0] == 0.0


def test_a_building_without_packages_has_no_doubt():
    assert doubt_of_all(np.zeros((5, 0)), np.array([], dtype=np.int64), HOLDS[:1]).tolist() == [0.0]


def test_few_packages_are_all_asked_many_are_drawn_with_every_measure():
    assert spread_rows(GRID, 48, 1).tolist() == list(range(1, len(GRID)))
    drawn = spread_rows(GRID, 10, 1)
    assert len(drawn) == len(set(drawn.tolist())) == 10
    assert 0 not in drawn
    assert (HOLDS[drawn].sum(axis=0) > 0).all()
    assert drawn.tolist() == spread_rows(GRID, 10, 1).tolist()


@pytest.mark.parametrize("most", [1, 5, 14])
def test_where_little_is_left_to_draw_all_of_it_is(most):
    """Would catch: more packages drawn than there are beside the smallest with each measure."""
    few = GRID.take(np.flatnonzero(GRID.sizes() <= 1))
    few = PackageGrid(few.measures, np.concatenate([few.choice, GRID.choice[-1:]]))
    assert spread_rows(few, most, 1)[-1] == len(few) - 1
