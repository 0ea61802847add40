import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "scripts" / "studies" / "jiading_sample.yaml"


MEASURES = ["source_vrf", "led", "window_replacement", "room_control"]
BUDGETS = [2_000_000, 9_000_000]


def cut_study(folder, buildings, *, name, **simulation):
    """Write the sample study cut down to its first buildings, four measures, two budgets and an exact optimum."""
    study = yaml.safe_load(SAMPLE.read_text())
    registry = (SAMPLE.parent / study["buildings"]["registry"]).resolve()
    lines = registry.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("building_id"))
    folder.mkdir(parents=True, exist_ok=True)
    cut = folder / "registry.csv"
    cut.write_text("\n".join(lines[: start + 1 + buildings]) + "\n", encoding="utf-8")
    study["name"] = name
    study["buildings"]["registry"] = str(cut)
    study["packages"]["measures"] = MEASURES
    study["simulation"].update(simulation)
    study["optimiser"]["rules"]["mip_gap"] = 0
    study["optimiser"]["scenarios"] = [{"name": f"budget_{b}", "budget_cny": b} for b in BUDGETS]
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False))
    return path


def retrofolio(*arguments, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "scripts", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False, **options)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A study of four buildings, run once: (study file, output folder, finished process, the command)."""
    folder = tmp_path_factory.mktemp("small")
    study = cut_study(folder, 4, name="small", training_runs=9, holdout_runs=3)
    out = folder / "out"
    done = retrofolio("run", study, "--out", out)
    assert done.returncode in (0, 5), done.stdout + done.stderr
    return study, out, done, retrofolio


@pytest.fixture
def three_buildings(tmp_path):
    """A study of three buildings, ready to run."""
    return cut_study(tmp_path / "study", 3, name="three", training_runs=8, holdout_runs=2)
