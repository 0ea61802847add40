"""The surrogate as a whole, on runs of a perturbed network: what holds without the engine."""

import json

import numpy as np
import pytest
import xarray as xr

import netcdf
from sim.case import design_table
from sim.surrogate import Surrogate, files, pipeline
from sim.surrogate.coefficients import start_values
from sim.surrogate.features import OWN_LOADS, areas_of, load_features
from sim.surrogate.inputs import Table, read_table
from sim.surrogate.pipeline import Learned, Wanted
from sim.surrogate.sampling import training_designs
from vocabulary import InputError

SYSTEMS = ("chiller_boiler", "vrf", "split", "air_source_heat_pump")
TRUTH = {"mass_capacity_wh_per_m2k": 70.0, "solar_multiplier": 0.85, "air_surface_w_per_m2k": 12.0}


def imitate(designs: xr.Dataset, climate) -> xr.Dataset:
    """Return runs of an invented truth: a network with other coefficients, loads and sizes a few per cent off."""
    table = read_table(designs)
    learned = Learned({**start_values(), **TRUTH}, {}, {}, {}, None, np.ones(3))
    weights = np.ones(2)
    answer = pipeline.predict(table, climate, learned, Wanted(weights, errors="none", hourly=True))
    said = files.labelled(designs, table, answer, weights, {}, False)
    tilt = xr.DataArray(1.0 + 0.06 * np.tanh(table["aspect_ratio"] - 2.0), dims="case")
    share = said["energy_use"].copy()
    for use in ("cooling", "heating", "fans", "heat_rejection"):
        share.loc[{"end_use": use}] = share.sel(end_use=use) * tilt
    loads = {name: said[name] * tilt for name in ("cooling_delivered", "heating_delivered")}
    runs = said.assign(energy_use=share, **loads).drop_vars("floor_area")
    return xr.merge([runs, designs])


@pytest.fixture(scope="module")
def designs():
    drawn = training_designs(44, seed=2, systems=SYSTEMS, targets=SYSTEMS)
    return design_table([case.design for case in drawn])


@pytest.fixture(scope="module")
def runs(designs, climate, year):
    hourly = {name: year[name] for name in year.data_vars if year[name].dims == ("hour",)}
    found = imitate(designs, climate).drop_vars(["electricity_hourly", "natural_gas_hourly"])
    return found.assign(hourly).assign_attrs(year.attrs)


@pytest.fixture(scope="module")
def surrogate(runs):
    return Surrogate.fit(runs.isel(case=slice(0, 36)), calibration_evaluations=2, covers=runs)


@pytest.fixture(scope="module")
def answer(surrogate, designs):
    return surrogate.predict(designs, hourly=True)


def test_unseen_cases_are_predicted(answer, runs):
    said, true = (d["energy_use"].sum(["end_use", "month"]).isel(case=slice(36, None)) for d in (answer, runs))
    for carrier, limit in (("electricity", 0.02), ("natural_gas", 0.10)):
        s, t = said.sel(carrier=carrier), true.sel(carrier=carrier)
        assert float(np.abs(s - t).sum() / t.sum()) < limit


def test_no_search_keeps_the_start_values(runs):
    assert Surrogate.fit(runs.isel(case=slice(0, 12)), calibration_evaluations=0).learned.coefficients == start_values()


def test_hours_sum_to_months_and_months_to_the_year(answer):
    month = np.repeat(np.arange(12), np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)
    for carrier in ("electricity", "natural_gas"):
        hourly = answer[f"{carrier}_hourly"].values.astype(float)
        months = np.stack([hourly[:, month == m].sum(1) for m in range(12)], axis=1)
        expected = answer["energy_use"].sel(carrier=carrier).sum("end_use").transpose("case", "month").values
        np.testing.assert_allclose(months, expected, rtol=1e-4, atol=1e-2)
        np.testing.assert_allclose(expected.sum(1), answer["annual_energy_use"].sel(carrier=carrier), rtol=1e-12)


def test_names_units_and_errors(answer):
    for name in ("energy_use", "peak_demand", "cooling_capacity", "heating_capacity", "pump_motor_power",
                 "tower_fan_power", "terminal_count", "ventilation_flow", "window_area", "wall_area", "roof_area",
                 "conditioned_area", "electricity_hourly", "natural_gas_hourly", "basis_energy"):
        assert answer[name].attrs["units"]
        assert bool((answer[name] >= 0).all())
    for name in ("energy_use", "peak_demand", "basis_energy", "annual_energy_use", "cooling_capacity"):
        assert answer[f"{name}_std"].attrs["units"] == answer[name].attrs["units"]
        assert bool(np.isfinite(answer[f"{name}_std"]).all())
    assert float(answer["basis_energy_std"].min()) > 0


def test_lighting_is_exact(answer, runs):
    for use in ("interior_lighting", "interior_equipment", "other"):
        said, true = (found["energy_use"].sel(end_use=use) for found in (answer, runs))
        np.testing.assert_allclose(said, true, rtol=1e-9)
        assert float(answer["energy_use_std"].sel(end_use=use).max()) == 0.0


def test_saved_and_loaded_predicts_the_same_to_the_last_bit(surrogate, designs, answer, tmp_path):
    path = tmp_path / "surrogate.nc"
    surrogate.save(path, attributes={"made_from": "test"})
    again = Surrogate.load(path)
    assert netcdf.read_attributes(path)["made_from"] == "test"
    assert again.ranges == surrogate.ranges
    assert again.errors == surrogate.errors
    fresh, before = again.predict(designs), surrogate.predict(designs)
    for name in before.data_vars:
        np.testing.assert_array_equal(fresh[name].values, before[name].values)


def test_chunked_equals_unchunked(surrogate, designs, answer):
    for rows in (slice(0, 1), slice(5, 9)):
        part = surrogate.predict(designs.isel(case=rows), hourly=True)
        for name in ("energy_use", "basis_energy_std", "electricity_hourly"):
            np.testing.assert_allclose(part[name], answer[name].isel(case=rows), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("change", "word"), [
    (lambda d: d.drop_vars("window_shgc"), "window_shgc"),
    (lambda d: d.assign(window_shgc=d["window_shgc"] * np.nan), "NaN"),
    (lambda d: d.assign(floor_area_m2=d["floor_area_m2"].assign_attrs(units="ft2")), "ft2"),
    (lambda d: d.assign(infiltration_ach=d["infiltration_ach"] * 0 + 2.9), "infiltration_ach"),
    (lambda d: d.assign(source_system=("case", ["absorption"] * d.sizes["case"])), "absorption"),
    (lambda d: d.assign(source_system=("case", ["vfr"] * d.sizes["case"])), "'vrf'"),
])
def test_bad_input_is_refused_by_name(surrogate, designs, change, word):
    with pytest.raises(InputError, match=word):
        surrogate.predict(change(designs))


def test_all_faults_in_one_message(surrogate, designs):
    broken = designs.drop_vars(["window_shgc", "storeys"])
    broken["infiltration_ach"] = broken["infiltration_ach"] * np.nan
    with pytest.raises(InputError) as caught:
        surrogate.predict(broken)
    assert len(caught.value.faults) == 3


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.nc"
    netcdf.write_dataset(path, xr.Dataset({"a": ("x", [1.0], {"units": "1", "long_name": "a"})}), title="no surrogate")
    with pytest.raises(InputError, match="surrogate"):
        Surrogate.load(path)


def test_too_few_runs_and_failed_runs(runs):
    status = np.array(["ok"] * 5 + ["failed"] * (runs.sizes["case"] - 5))
    with pytest.raises(InputError, match="5 finished"):
        Surrogate.fit(runs.assign(status=("case", status)))


def test_runs_that_contradict_their_lights_are_refused(runs):
    wrong = runs["energy_use"].copy()
    wrong.loc[{"end_use": "interior_lighting"}] *= 1.05
    with pytest.raises(InputError, match="interior_lighting"):
        Surrogate.fit(runs.assign(energy_use=wrong))


def test_weather_without_a_place_is_refused(runs):
    placeless = runs.drop_attrs(deep=False)
    placeless["dry_bulb_temperature"].attrs = {"units": "degC"}
    with pytest.raises(InputError, match="latitude_deg"):
        Surrogate.fit(placeless)


def test_labels_name_the_runs(runs, surrogate):
    keyed = runs.assign(run_key=("case", [f"{i:040d}" for i in range(runs.sizes["case"])]))
    labels = files.labels_of(keyed, keyed)
    assert len(json.loads(labels["run_keys"])) == runs.sizes["case"]


@pytest.mark.parametrize("seed", range(4))
def test_loads_are_shared_only_where_all_they_depend_on_agrees(designs, seed):
    """Would catch: a new feature of the loads that packages sharing a load do not share (they had another's loads)."""
    table = read_table(designs)
    other = table.take(np.random.default_rng(seed).permutation(table.size))
    mixed = Table({name: (table if name in OWN_LOADS else other)[name] for name in table.values}, table.size)
    monthly = np.random.default_rng(seed).uniform(0, 1e4, (table.size, 36))
    np.testing.assert_array_equal(load_features(mixed, areas_of(mixed), monthly),
                                  load_features(table, areas_of(table), monthly))


def test_a_case_has_the_same_answer_in_any_company(surrogate, designs):
    """Terminal fans warm the air of coils: cases of the same loads that differ in nothing else."""
    one = designs.isel(case=[0, 0, 0])
    fans = one["terminal_fan_power_w_per_m3_h"] * xr.DataArray([1.0, 0.6, 0.4], dims="case")
    three = one.assign(terminal_fan_power_w_per_m3_h=fans.assign_attrs(one["terminal_fan_power_w_per_m3_h"].attrs))
    together = surrogate.predict(three, range_margin=5.0)
    for row in range(3):
        alone = surrogate.predict(three.isel(case=[row]), range_margin=5.0)
        for name in ("energy_use", "energy_use_std", "basis_energy_std", "peak_demand"):
            np.testing.assert_allclose(together[name][row], alone[name][0], rtol=1e-9)
