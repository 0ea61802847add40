"""The chain with bills: two of four buildings are billed for what the engine says of drawn parameters, with noise."""

import csv
import itertools

import numpy as np
import pytest
import yaml

import netcdf
import weather
from buildings import read_registry
from sim import simulate
from sim.case import Case
from sim.surrogate.calibration_priors import prior_of
from vocabulary import GAS_LHV_MJ_PER_M3

pytestmark = [pytest.mark.long, pytest.mark.engine]
BILLED = 2
MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024) for month in range(1, 13)]


def drawn_truth(registry, seed):
    """Each billed building with parameters drawn from the middle half of their ranges."""
    rng = np.random.default_rng(seed)
    for building in registry[:BILLED]:
        prior = prior_of(building)
        yield building, prior.design(building.design, prior.low + (prior.high - prior.low) * rng.uniform(
            0.25, 0.75, len(prior.names)))


@pytest.fixture(scope="module")
def truth(small, tmp_path_factory):
    """Monthly energy of the billed buildings (building, carrier, month) by the engine, and their bills as a file."""
    study, out, _, _ = small
    registry = read_registry(yaml.safe_load(study.read_text())["buildings"]["registry"])
    cases = [Case(building_id=b.building_id, package_id="none", weather_id="w", role="validation", design=design)
             for b, design in drawn_truth(registry, 3)]
    runs = simulate(cases, weather=weather.make_typical_year("shanghai", 0), store=out / "runs", progress="quiet")
    months = runs["energy_use"].sum("end_use").transpose("case", "carrier", "month").values
    path = tmp_path_factory.mktemp("bills") / "bills.csv"
    rng = np.random.default_rng(4)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["building_id", "month", "electricity_kwh", "gas_m3", "reading"])
        for case, energy in zip(cases, months, strict=True):
            billed = np.tile(energy, 2) * (1 + 0.03 * rng.standard_normal((2, 24)))
            billed[:, 5] += billed[:, 4]  # May 2023 stands in the bill of June
            for i, month in enumerate(MONTHS):
                if i not in (4, 15):  # and April 2024 is missing
                    gas = billed[1, i] * 3.6 / GAS_LHV_MJ_PER_M3
                    table.writerow([case.building_id, month, f"{billed[0, i]:.0f}", f"{gas:.1f}", "metered"])
    return months, path


@pytest.fixture(scope="module")
def calibrated(small, truth, tmp_path_factory):
    """The same study with bills, run on the same store: portfolio, cube, calibration, page."""
    study, out, _, retrofolio = small
    given = yaml.safe_load(study.read_text())
    given["name"] = "billed"
    given["buildings"] |= {"bills": str(truth[1]), "baseline": "calibrated"}
    folder = tmp_path_factory.mktemp("billed")
    (folder / "study.yaml").write_text(yaml.safe_dump(given))
    done = retrofolio("run", folder / "study.yaml", "--out", folder / "out", "--store", out / "runs", "--quiet")
    assert done.returncode in (0, 5), done.stdout + done.stderr
    path = folder / "out" / "portfolio.nc"
    return {"folder": folder / "out", "said": done.stdout, "portfolio": netcdf.read_dataset(path),
            **{name: netcdf.read_dataset(path, name) for name in ("inputs", "calibration", "verification")}}


def test_billed_buildings_pass_the_gate_and_the_others_say_why_not(calibrated):
    found = calibrated["calibration"]
    names = calibrated["inputs"]["building"].values.astype(str).tolist()
    by_name = dict(zip(found["building"].values.astype(str).tolist(), found["baseline"].values.tolist(), strict=True))
    assert [by_name[name] for name in names] == ["calibrated"] * BILLED + ["simulated"] * (len(names) - BILLED)
    assert "0 months" in str(found.sel(building=names[-1])["reason"].values)
    assert calibrated["inputs"]["baseline"].values.tolist() == [by_name[name] for name in names]
    assert calibrated["portfolio"].attrs["baseline"].startswith("calibrated on bills for 2 of 4")


def test_every_trouble_of_the_bills_is_reported(calibrated):
    found = calibrated["calibration"].isel(building=slice(0, BILLED)).sel(carrier="electricity")
    assert found["months_missing"].values.tolist() == [1.0] * BILLED
    assert found["months_merged"].values.tolist() == [1.0] * BILLED
    assert found["readings"].values.tolist() == [22.0] * BILLED


def test_engine_confirms_the_gate_and_the_baseline_is_the_bills(calibrated, truth):
    found = calibrated["calibration"].isel(building=slice(0, BILLED))
    electricity = found.sel(carrier="electricity")
    assert (np.abs(electricity["nmbe_engine"].values) <= 0.05).all()
    assert (electricity["cv_rmse_engine"].values <= 0.15).all()
    assert (electricity["cv_rmse_after"].values < electricity["cv_rmse_before"].values + 0.01).all()
    assert found.sizes["confirmation"] == 3
    true = truth[0].sum(2) @ np.array([1.0, 0.9995])
    baseline = calibrated["inputs"]["baseline_energy"].values[:BILLED]
    assert np.abs(baseline / true - 1).max() < 0.05


def test_intervals_lie_within_their_ranges(calibrated):
    found = calibrated["calibration"].isel(building=slice(0, BILLED))
    for name in [str(n).removesuffix("_draw") for n in found.data_vars if str(n).endswith("_draw")]:
        ends = [found[name + e].values for e in ("_prior_low", "_low", "", "_high", "_prior_high")]
        known = np.isfinite(ends[2])
        for lower, upper in itertools.pairwise(ends):
            assert (lower[known] <= upper[known] + 1e-9).all()


def test_standard_errors_hold_the_building_even_where_the_engine_has_run(calibrated):
    cube = calibrated["inputs"]
    doubt, total = cube["energy_saving_std_building"].values, cube["energy_saving_std"].values
    offered = cube["available"].values & (cube["package"].values.astype(str) != "none")
    assert (doubt[:BILLED][offered[:BILLED]] > 0).all()
    assert (doubt[BILLED:] == 0).all()
    run = cube["simulated"].values.astype(bool) & offered
    assert np.allclose(total[:BILLED][run[:BILLED]], doubt[:BILLED][run[:BILLED]])
    assert (total >= doubt).all()


def test_page_and_tables_show_the_bills(calibrated):
    page = (calibrated["folder"] / "report.html").read_text(encoding="utf-8")
    assert 'id="bills"' in page
    assert "calibrated against bills" in page
    assert (calibrated["folder"] / "tables" / "bills.csv").is_file()
    assert "2 of them are calibrated on their bills" in calibrated["said"]
