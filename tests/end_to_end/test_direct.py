"""A foreign model and a building outside the surrogate's range go the direct route, in one study with four others."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from pyenergyplus.dataset import modeldir

import netcdf

pytestmark = [pytest.mark.engine, pytest.mark.long]
DIRECT_RUNS = 6


def registry_with(study_file, folder):
    """The small study's registry with one small old office (not in its surrogate's range) and one with a model."""
    study = yaml.safe_load(study_file.read_text())
    lines = Path(study["buildings"]["registry"]).read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(lines[lines.index("building_id"):])))
    shutil.copy(Path(modeldir) / "RefBldgSmallOfficeNew2004_Chicago.idf", folder / "hall.idf")
    tiny = {**rows[0], "building_id": "TINY", "floor_area_m2": "600", "storeys": "1", "occupants": "", "model": ""}
    tiny |= {"usable_roof_area_m2": ""}
    hall = {**tiny, "building_id": "HALL", "floor_area_m2": "511", "model": "hall.idf"}
    with (folder / "registry.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, fieldnames=list(rows[0]))
        table.writeheader()
        table.writerows([*rows, tiny, hall])


@pytest.fixture(scope="module")
def direct(small, tmp_path_factory):
    """The study run once, on the runs and the surrogate of the small one."""
    study_file, out, _, retrofolio = small
    folder = tmp_path_factory.mktemp("direct")
    registry_with(study_file, folder)
    study = yaml.safe_load(study_file.read_text())
    study |= {"name": "direct", "surrogate": {"file": str(out / "surrogate.nc")}}
    study["buildings"]["registry"] = "registry.csv"
    study["simulation"]["direct_runs"] = DIRECT_RUNS
    study["optimiser"]["scenarios"] = [{"name": "plenty", "budget_cny": 50_000_000}]
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False))
    done = retrofolio("run", path, "--out", folder / "out", "--store", out / "runs", "--json")
    assert done.returncode in (0, 5), done.stdout + done.stderr
    file = folder / "out/portfolio.nc"
    return done, *(netcdf.read_dataset(file, group) for group in (None, "inputs", "verification"))


def test_the_route_is_told(direct):
    done, portfolio, cube, _ = direct
    routes = dict(zip(cube["building"].values.astype(str), cube["route"].values.astype(str), strict=True))
    assert {name for name, route in routes.items() if route == "direct"} == {"TINY", "HALL"}
    chosen = portfolio.sel(building=["TINY", "HALL"])
    assert set(chosen["route"].values.astype(str).ravel()) <= {"direct"}
    assert json.loads(done.stdout)["runs"]["done"] > 0


def test_what_was_not_simulated_is_not_available(direct):
    _, _, cube, _ = direct
    for name in ("TINY", "HALL"):
        one = cube.sel(building=name)
        available = one["available"].values.astype(bool)
        assert (one["simulated"].values.astype(bool) == available).all()
        labels = one["package"].values.astype(str)[available]
        assert labels[0] == "none"
        assert 3 <= len(labels) <= DIRECT_RUNS
        assert any("+" in label for label in labels), labels
        assert (one["energy_saving_std"].values[available] == 0).all()


def test_measures_on_the_foreign_model_save_and_cost(direct):
    _, _, cube, _ = direct
    one = cube.sel(building="HALL")
    led = one.sel(package="led")
    assert float(led["energy_saving"]) > 0.02 * float(one["baseline_energy"])
    assert float(led["capital_cost"]) > 0
    intensity = float(one["baseline_energy"]) / 511
    assert 60 < intensity < 250  # the model's own use, not the registry's archetype


def test_nothing_is_promised_for_direct_buildings(direct):
    _, portfolio, _, proof = direct
    one = proof.sel(building=["TINY", "HALL"])
    assert np.isnan(one["energy_saving_predicted"].values.astype(float)).all()
    touched = portfolio.sel(building=["TINY", "HALL"])["touched"].values.astype(bool)
    assert (np.isfinite(one["energy_saving_simulated"].values.astype(float)) == touched).all()
