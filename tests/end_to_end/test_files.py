"""The files that a run really leaves: each and every group of it passes the CF checker, and other programs open it."""

import shutil
import subprocess

import pytest
import xarray as xr

import netcdf

pytestmark = pytest.mark.engine
FILES = ("simulations.nc", "verification.nc", "surrogate.nc", "validation.nc", "portfolio.nc")


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
