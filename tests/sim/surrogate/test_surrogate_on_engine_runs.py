"""The surrogate on real EnergyPlus runs (tests/data/surrogate_runs.nc, remade by scripts/surrogate_runs.py)."""

from pathlib import Path

import numpy as np
import pytest

import netcdf
from sim.surrogate import Surrogate
from sim.surrogate.validation import savings_errors, wmape

FILE = Path(__file__).parents[2] / "data" / "surrogate_runs.nc"
WEIGHTS = np.array([1.0, 0.9995])


def yearly(runs):
    return runs["energy_use"].sum(["end_use", "month"]).sel(carrier=["electricity", "natural_gas"]).values


@pytest.fixture(scope="module")
def runs():
    return netcdf.read_dataset(FILE).load()


@pytest.fixture(scope="module")
def surrogate(runs):
    # the coefficients' start values are good enough here and save most of the fit's time
    return Surrogate.fit(runs, calibration_evaluations=1, covers=runs)


@pytest.fixture(scope="module")
def holdout(runs):
    return runs.isel(case=np.flatnonzero(runs["role"].values.astype(str) == "holdout"))


def test_the_stored_runs_say_where_they_are_from(runs):
    assert "scripts.surrogate_runs" in runs.attrs["commands"]
    assert set(runs["status"].values.astype(str)) == {"ok"}
    assert len(set(runs["run_key"].values.astype(str))) == runs.sizes["case"]
    assert FILE.stat().st_size < 1_000_000


def test_unseen_cases(surrogate, runs, holdout):
    said, true = surrogate.predict(holdout), yearly(holdout)
    predicted = said["annual_energy_use"].values
    assert wmape(true[:, 0], predicted[:, 0]) < 0.015
    assert wmape(true[:, 1], predicted[:, 1]) < 0.06
    bare = runs.isel(case=np.flatnonzero(runs["package_id"].values.astype(str) == "none"))
    before = dict(zip(bare["building_id"].values.astype(str), yearly(bare) @ WEIGHTS, strict=True))
    baseline = np.array([before[name] for name in holdout["building_id"].values.astype(str)])
    found = savings_errors(baseline - true @ WEIGHTS, baseline - said["basis_energy"].values,
                           said["basis_energy_std"].values, baseline)
    assert found.wmape < 0.08
    assert found.wrong_far == 0.0
    assert found.worst_fraction_error < 0.03


def test_lights_plugs_and_areas_need_no_learning(surrogate, runs, holdout):
    said = surrogate.predict(holdout)
    for use in ("interior_lighting", "interior_equipment", "other"):
        np.testing.assert_allclose(said["energy_use"].sel(end_use=use).sum("month"),
                                   holdout["energy_use"].sel(end_use=use).sum("month"), rtol=2e-3, atol=1.0)
    for name in ("window_area", "wall_area", "roof_area", "conditioned_area", "ventilation_flow", "terminal_count"):
        np.testing.assert_allclose(said[name], holdout[name], rtol=1e-6)


def test_sizes_that_costs_need(surrogate, holdout):
    said = surrogate.predict(holdout)
    for name, limit in (("cooling_capacity", 0.05), ("heating_capacity", 0.05), ("pump_motor_power", 0.08)):
        assert wmape(holdout[name].values, said[name].values) < limit


def test_peaks(surrogate, holdout):
    said = surrogate.predict(holdout)
    assert wmape(holdout["peak_demand"].values.ravel(), said["peak_demand"].values.ravel()) < 0.06


def test_further_runs_are_learnt_without_a_new_fit(surrogate, runs, holdout):
    """Would catch: runs learnt in the wrong rows or units, errors that do not shrink, one run learnt twice."""
    half = holdout.isel(case=np.arange(0, holdout.sizes["case"], 2))
    better = surrogate.with_runs(half)
    weights = WEIGHTS
    off = [np.abs(s.predict(half)["annual_energy_use"].values @ weights - yearly(half) @ weights)
           for s in (surrogate, better)]
    assert off[1].sum() < 0.35 * off[0].sum()
    stds = [s.predict(half)["basis_energy_std"].values for s in (surrogate, better)]
    assert (stds[1] < stds[0]).all()
    assert better.with_runs(half) is better
    learnt = runs.isel(case=np.flatnonzero(runs["role"].values.astype(str) != "holdout"))
    assert surrogate.with_runs(learnt) is surrogate
    failed = half.assign(status=("case", np.full(half.sizes["case"], "failed")))
    assert surrogate.with_runs(failed) is surrogate


def test_a_conditioned_surrogate_survives_its_file(surrogate, holdout, tmp_path):
    better = surrogate.with_runs(holdout.isel(case=[0, 1]))
    better.save(tmp_path / "s.nc")
    again = Surrogate.load(tmp_path / "s.nc")
    for name in ("basis_energy", "basis_energy_std", "peak_demand"):
        np.testing.assert_array_equal(again.predict(holdout)[name].values, better.predict(holdout)[name].values)
    assert again.with_runs(holdout.isel(case=[0])) is again
