import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "scripts" / "studies" / "jiading_sample.yaml"


def cut_study(folder, buildings, *, name, **simulation):
    """Write the sample study cut down to its first buildings and return its path."""
    study = yaml.safe_load(SAMPLE.read_text())
    registry = (SAMPLE.parent / study["buildings"]["registry"]).resolve()
    lines = registry.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    rows = [line for line in lines if not line.startswith("#")]
    folder.mkdir(parents=True, exist_ok=True)
    cut = folder / "registry.csv"
    cut.write_text("\n".join(comments + rows[: buildings + 1]) + "\n", encoding="utf-8")
    assert len(list(csv.DictReader(rows[: buildings + 1]))) == buildings
    study["name"] = name
    study["buildings"]["registry"] = str(cut)
    study["simulation"].update(simulation)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study, sort_keys=False))
    return path


def retrofolio(*arguments, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "scripts", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"COLUMNS": "200"}, **options)


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """A study of four buildings, run once through the whole chain: (study file, output folder, finished process)."""
    folder = tmp_path_factory.mktemp("small")
    study = cut_study(folder, 4, name="small", training_runs=14, holdout_runs=3)
    out = folder / "out"
    done = retrofolio("run", study, "--out", out)
    assert done.returncode in (0, 5), done.stdout + done.stderr
    return study, out, done
