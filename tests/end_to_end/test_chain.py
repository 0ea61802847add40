"""The whole chain on four buildings: what it chose is the true optimum, and what it says is what the
engine said, and every file that it leaves passes the CF checker and opens in other programs."""

import itertools
import json
import shutil
import subprocess

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import netcdf
import weather
from sim.engine.store import Store
from weather.solar import pv_yield

pytestmark = pytest.mark.engine
FILES = ("simulations.nc", "verification.nc", "surrogate.nc", "validation.nc", "portfolio.nc")
KGCE_PER_KWH, KGCE_PER_M3, KWH_LHV_PER_M3 = 0.1229, 1.2143, 35.588 / 3.6


@pytest.fixture(scope="session")
def files(small):
    _, out, _, _ = small
    path = out / "portfolio.nc"
    return netcdf.read_dataset(path), netcdf.read_dataset(path, "inputs"), netcdf.read_dataset(path, "verification")


def smallest_size(sizes, used, missing):
    """PV size that brings the missing saving, by the concave curve; infinite where the roof is too small."""
    if missing <= 0:
        return 0.0
    return float(np.interp(missing, used, sizes)) if used[-1] >= missing else np.inf


def choices(cube, building, rules):
    """Every way to treat one building: (package saving, cost with the least PV, PV segments beyond it)."""
    one = cube.sel(building=building)
    z = norm.ppf(rules["floor_confidence"])
    sizes, price = one["pv_capacity_node"].values, float(one["pv_cost_per_kw"])
    for package in cube["package"].values:
        row = one.sel(package=package)
        if package == "none":
            yield 0.0, 0.0, []
            continue
        if not bool(row["available"]) or (building, package) in rules["forbidden"]:
            continue
        used = row["pv_self_used_node"].values
        saving = float(row["energy_saving"])
        wanted = 0.2 * float(one["baseline_energy"]) + z * float(row["energy_saving_std"])
        least = smallest_size(sizes, used, wanted - saving)
        if not np.isfinite(least):
            continue
        at_least = float(np.interp(least, sizes, used))
        ends = np.concatenate([[least], sizes[sizes > least]])
        gains = np.diff(np.interp(ends, sizes, used))
        segments = list(zip(gains, price * np.diff(ends), strict=True))
        yield saving + at_least, float(row["capital_cost"]) + price * least, segments


def best(cube, budget, rules):
    """Optimum over every combination of packages; PV by filling the steepest segments first, exact when concave."""
    ways = [list(choices(cube, name, rules)) for name in cube["building"].values]
    optimum = 0.0
    for plan in itertools.product(*ways):
        saving, money = sum(w[0] for w in plan), budget - sum(w[1] for w in plan)
        if money < -1e-6:
            continue
        for gain, cost in sorted((s for w in plan for s in w[2] if s[1] > 0), key=lambda s: -s[0] / s[1]):
            share = min(1.0, money / cost)
            saving, money = saving + share * gain, money - share * cost
            if money <= 0:
                break
        optimum = max(optimum, saving)
    return optimum


def test_the_plan_is_the_optimum_of_brute_force(files):
    portfolio, cube, proof = files
    forbidden = {tuple(pair.split(": ")) for pair in str(proof.attrs["forbidden"]).splitlines()}
    rules = {"floor_confidence": 0.90, "forbidden": forbidden}
    for scenario in portfolio["scenario"].values:
        one = portfolio.sel(scenario=scenario)
        assert float(one["energy_saving"].sum()) == pytest.approx(best(cube, float(one["budget"]), rules), rel=1e-7)


def raw_annual_kwh(store, run_key):
    """Annual electricity and gas of a run, summed from its hourly record."""
    hourly = store.hourly(run_key)
    return float(hourly["electricity_hourly"].sum()), float(hourly["natural_gas_hourly"].sum())


def run_keys(out):
    """(building, package) to run key, from the two files of runs."""
    found = {}
    for file in ("simulations.nc", "verification.nc"):
        if (out / file).is_file():
            data = netcdf.read_dataset(out / file)
            rows = zip(data["building_id"].values, data["package_id"].values, data["run_key"].values, strict=True)
            found |= {(str(b), str(p)): str(k) for b, p, k in rows}
    return found


def test_savings_are_recomputed_from_the_raw_runs(small, files):
    """Hourly records of the store, the factors of GB/T 2589 written out here, min(load, PV) hour by hour."""
    _, out, _, _ = small
    portfolio, _, _ = files
    store = Store(out / "runs")
    keys = run_keys(out)
    production = pv_yield(weather.make_typical_year("shanghai", 0)).values
    gas_weight = KGCE_PER_M3 / KWH_LHV_PER_M3 / KGCE_PER_KWH
    checked = 0
    for scenario, building in itertools.product(portfolio["scenario"].values, portfolio["building"].values):
        row = portfolio.sel(scenario=scenario, building=building)
        if not bool(row["touched"]):
            continue
        before = raw_annual_kwh(store, keys[building, "none"])
        after_key = keys[building, str(row["chosen_package"].values)]
        after = raw_annual_kwh(store, after_key)
        bare = before[0] - after[0] + gas_weight * (before[1] - after[1])
        load = store.hourly(after_key)["electricity_hourly"].values.astype(float)
        used = np.minimum(load, float(row["pv_capacity"]) * production).sum()
        assert float(row["energy_saving_without_pv"]) == pytest.approx(bare, rel=2e-5)
        assert float(row["energy_saving"]) == pytest.approx(bare + used, rel=1e-3)  # the curve is linear between sizes
        checked += 1
    assert checked >= 2


def test_every_touched_building_meets_the_floor_in_simulation(files):
    portfolio, _, proof = files
    touched = portfolio["touched"].values
    assert touched.any()
    assert (proof["saving_fraction_simulated"].values[touched] >= 0.2 - 1e-6).all()
    assert portfolio["certified"].values.all()


def test_money_is_the_same_everywhere(files):
    """Constraint, file and table speak of one cost."""
    portfolio, cube, _ = files
    for scenario in portfolio["scenario"].values:
        one = portfolio.sel(scenario=scenario)
        packages = [float(cube["capital_cost"].sel(building=b, package=str(p))) for b, p in
                    zip(one["building"].values, one["chosen_package"].values, strict=True)]
        pv = one["pv_capacity"].values * cube["pv_cost_per_kw"].values
        np.testing.assert_allclose(one["capital_cost"].values, np.array(packages) + pv, rtol=1e-9, atol=1e-6)
        assert one["capital_cost"].sum() <= one["budget"] * (1 + 1e-6)


def test_a_second_run_starts_no_engine(small):
    study, out, _, retrofolio = small
    told = json.loads(retrofolio("run", study, "--out", out, "--json", "--quiet").stdout.strip().splitlines()[-1])
    assert told["runs"]["done"] == 0
    assert told["runs"]["failed"] == 0


def test_the_summary_says_what_the_baseline_is(small):
    _, out, done, _ = small
    assert "of the simulated baseline" in done.stdout
    assert "without PV" in done.stdout
    assert "illustrative" in done.stdout
    assert (out / "report.html").stat().st_size > 10_000
    assert list((out / "tables").glob("*.csv"))


@pytest.mark.parametrize("name", FILES)
def test_every_file_ends_without_a_finding(small, cf_findings, name):
    _, out, _, _ = small
    assert sorted(path.name for path in out.glob("*.nc")) == sorted(FILES)
    assert cf_findings(out / name, None if name == "portfolio.nc" else []) == ([], [], 0)


@pytest.mark.parametrize("group", ["inputs", "verification", "frontier"])
def test_groups_of_the_portfolio_pass_as_files_of_their_own(small, cf_findings, tmp_path, group):
    _, out, _, _ = small
    alone = netcdf.read_dataset(out / "portfolio.nc", group)
    netcdf.write_dataset(tmp_path / "alone.nc", alone, title=group)
    assert cf_findings(tmp_path / "alone.nc", []) == ([], [], 0)


def test_the_documented_line_makes_a_pandas_table(small):
    _, out, _, _ = small
    table = xr.open_dataset(out / "portfolio.nc").to_dataframe()
    assert {"chosen_package", "energy_saving", "capital_cost", "touched"} <= set(table.columns)
    assert {"scenario", "building"} <= set(table.index.names)


@pytest.mark.skipif(shutil.which("ncdump") is None, reason="ncdump is not installed")
def test_ncdump_opens_every_file(small):
    _, out, _, _ = small
    for name in FILES:
        told = subprocess.run(["ncdump", "-h", out / name], capture_output=True, text=True, check=True).stdout
        assert ':Conventions = "CF-1.11"' in told
