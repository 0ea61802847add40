"""Packages that follow from others: the response alone, then with the surrogate on a building's whole catalogue."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcdf
from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import package_grid
from sim.surrogate import Surrogate, response
from sim.surrogate.inputs import CHOICES, numbers
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Wanted
from sim.surrogate.sweep import sweep
from vocabulary import InputError

FILE = Path(__file__).parents[2] / "data" / "surrogate_runs.nc"
WEIGHTS = np.array([1.0, 0.9995])


def grid_of(sizes):
    return np.stack(np.meshgrid(*[np.arange(n) for n in sizes], indexing="ij"), axis=-1).reshape(-1, len(sizes))


@given(seed=st.integers(0, 2**31), sizes=st.lists(st.integers(1, 4), min_size=2, max_size=5))
@settings(max_examples=30, deadline=None)
def test_what_adds_up_in_ones_and_pairs_is_found(seed, sizes):
    """Would catch: tables of the wrong slot, source or level; an offset between them."""
    rng, codes, sizes = np.random.default_rng(seed), grid_of(sizes), np.array(sizes)
    truth = np.full(len(codes), 100.0)
    for source in range(sizes[0]):
        rows = codes[:, 0] == source
        for a in range(1, len(sizes)):
            truth[rows] += rng.normal(0, 5, sizes[a])[codes[rows, a]]
            for b in range(a + 1, len(sizes)):
                truth[rows] += rng.normal(0, 0.5, (sizes[a], sizes[b]))[codes[rows, a], codes[rows, b]]
    few = (codes[:, 1:] != 0).sum(axis=1) <= 2
    found = response.fit_response(sizes, codes[few], truth[few, None])(codes)[:, 0]
    assert np.abs(found - truth).max() < 0.03 * max(np.ptp(truth), 1e-9) + 1e-9


@given(seed=st.integers(0, 2**31), outputs=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_tables_are_the_mean_of_the_process(seed, outputs):
    """Independent: the mean of the process from its covariance, without tables."""
    rng, sizes = np.random.default_rng(seed), np.array([3, 2, 4, 3])
    codes = grid_of(sizes)
    rows = rng.permutation(len(codes))[:30]
    values = rng.normal(50, 7, (30, outputs))
    found = response.fit_response(sizes, codes[rows], values)(codes)
    every = np.concatenate([codes[rows], codes])
    covariance = response._covariance(every)
    own, cross = covariance[:30, :30], covariance[30:, :30]
    np.testing.assert_allclose(found, values[0] + cross @ np.linalg.solve(own, values - values[0]), rtol=1e-9)


def test_error_is_that_of_fits_without_the_group():
    """Independent: every group left out by a fit of its own."""
    rng, sizes = np.random.default_rng(3), np.array([2, 3, 2, 2])
    codes = grid_of(sizes)
    values, groups = rng.normal(10, 1, (len(codes), 2)), codes[:, 1]
    values[0] = values.mean(axis=0)  # the level, which a fit takes from its first row
    found = response.fit_response(sizes, codes, values, groups).error
    spread, off = np.ptp(values, axis=0), []
    for group in np.unique(groups):
        out = groups == group
        own = response._covariance(codes[~out])
        cross = response._covariance(codes)[np.ix_(out, ~out)]
        scaled = (values - values[0]) / spread
        off.append(scaled[out] - cross @ np.linalg.solve(own, scaled[~out]))
    np.testing.assert_allclose(found, np.sqrt((np.concatenate(off) ** 2).mean(axis=0)) * spread, rtol=1e-9)


@pytest.fixture(scope="module")
def surrogate():
    runs = netcdf.read_dataset(FILE).load()
    found = Surrogate.fit(runs, calibration_evaluations=0)
    found.ranges = {name: (-1e9, 1e9) for name in numbers()}  # how well it knows the catalogue is of no concern here
    return found


@pytest.fixture(scope="module")
def building():
    return read_registry(DATA_DIR / "jiading_sample.csv")[0]


@pytest.fixture(scope="module")
def grid(building, surrogate):
    whole = package_grid(building, load_catalogue())
    # no walls and roofs: a third of the work, and the same question
    keep = ~whole.holds("wall_insulation") & ~whole.holds("roof_insulation")
    keep &= np.isin(offer_table(building, whole).code("source_system"),
                   [CHOICES["source_system"].index(name) for name in surrogate.systems])
    return whole.take(np.flatnonzero(keep))


def test_a_building_with_its_catalogue(surrogate, building, grid):
    """Would catch: rows mixed up, predicted packages changed, standard errors that leave the response's error out."""
    table = offer_table(building, grid)
    full = surrogate.predict_table(table, Wanted(WEIGHTS, errors="energy", peaks=False))
    found = sweep(surrogate, table, grid.choice, WEIGHTS, points=600)
    assert 1.5 * 600 < len(grid)
    assert len(found.predicted) < 0.5 * len(grid)
    true = full.annual()
    np.testing.assert_allclose(found.annual_kwh[found.predicted], true[found.predicted], rtol=1e-9)
    np.testing.assert_allclose(found.basis_std_kwh[found.predicted], full.basis_std[found.predicted], rtol=1e-9)
    off, saving = (found.annual_kwh - true) @ WEIGHTS, (true[0] - true) @ WEIGHTS
    assert np.abs(off).sum() / np.abs(saving).sum() < 0.02
    rest = np.setdiff1d(np.arange(len(grid)), found.predicted)
    assert (np.abs(off[rest]) < 1.645 * found.basis_std_kwh[rest]).mean() > 0.9
    assert (found.annual_std_kwh[rest] >= found.response_error_kwh).all()


def test_few_packages_are_all_predicted(surrogate, building, grid):
    few = grid.take(np.arange(100))
    table = offer_table(building, few)
    found = sweep(surrogate, table, few.choice, WEIGHTS, errors=False)
    said = surrogate.predict_table(table, Wanted(WEIGHTS, errors="none", peaks=False))
    np.testing.assert_allclose(found.annual_kwh, said.annual(), rtol=1e-12)
    assert np.isnan(found.basis_std_kwh).all()


def test_the_same_seed_gives_the_same_packages(surrogate, building, grid):
    table = offer_table(building, grid)
    one, two = (sweep(surrogate, table, grid.choice, WEIGHTS, errors=False, points=300)
                for _ in range(2))
    np.testing.assert_array_equal(one.annual_kwh, two.annual_kwh)


def test_a_measure_outside_the_trained_range_is_refused(surrogate, building, grid):
    """Would catch: a package refused by `predict` that a sweep answers for, because its row was not drawn."""
    table = offer_table(building, grid)
    name = "lighting_power_density_w_per_m2"
    ranges = surrogate.ranges | {name: (float(table[name].min()) + 0.1, 30.0)}
    surrogate = Surrogate(surrogate.climate, surrogate.learned, ranges, surrogate.systems, {}, {})
    with pytest.raises(InputError, match=name):
        sweep(surrogate, table, grid.choice, WEIGHTS, points=300)


def test_a_measure_that_is_in_one_large_package_only_is_refused_too(surrogate, building, grid):
    """Would catch: a range looked at in the rows that happen to be drawn."""
    lamps = np.flatnonzero(grid.holds("led_high_efficacy"))
    rows = np.append(np.flatnonzero(~grid.holds("led_high_efficacy")), lamps[-1])
    few = grid.take(rows)
    table, name = offer_table(building, few), "lighting_power_density_w_per_m2"
    lowest = float(table[name].min())
    assert (table[name] == lowest).sum() == 1
    narrow = Surrogate(surrogate.climate, surrogate.learned, surrogate.ranges | {name: (lowest + 0.1, 30.0)},
                       surrogate.systems, {}, {})
    with pytest.raises(InputError, match=name):
        sweep(narrow, table, few.choice, WEIGHTS, points=300)
