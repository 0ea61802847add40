"""The sample study as a mapping, and verbs run on what was made of it."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from scripts.__main__ import app

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "scripts" / "studies").glob("*.yaml"))
SURROGATE = ROOT / "sim" / "data" / "shanghai_office.nc"
SAMPLE = ROOT / "scripts" / "studies" / "jiading_sample.yaml"
REGISTRY = ROOT / "buildings" / "data" / "jiading_sample.csv"


@pytest.fixture
def study(tmp_path):
    given = yaml.safe_load(SAMPLE.read_text())
    given["buildings"]["registry"] = str(REGISTRY)
    return given


def told(given, folder, verb="run"):
    """Run a verb on a study given as a mapping and return its JSON object."""
    path = folder / "study.yaml"
    path.write_text(given if isinstance(given, str) else yaml.safe_dump(given), encoding="utf-8")
    result = CliRunner().invoke(app, [verb, str(path), "--json", *(["--out", str(folder / "out")] * (verb != "check"))])
    return json.loads(result.stdout.strip().splitlines()[-1])


def places(answer):
    return [fault["place"] for fault in answer["faults"]]


def refused(given, folder, place, nearest=""):
    answer = told(given, folder)
    assert answer["exit_code"] == 2
    assert answer["runs"] == {"done": 0, "skipped": 0, "failed": 0}
    found = [fault for fault in answer["faults"] if place in fault["place"]]
    assert found, answer["faults"]
    assert all(fault["expected"] and fault["found"] for fault in found)
    assert found[0]["nearest"] == nearest
    assert not (folder / "out").exists(), "nothing may be written for a study that is refused"


def edited(tmp_path, edit):
    lines = REGISTRY.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("building_id"))
    header, *rows = [line.split(",") for line in lines[start:]]
    edit(header, rows)
    path = tmp_path / "registry.csv"
    path.write_text("\n".join([*lines[:start], *(",".join(row) for row in [header, *rows])]) + "\n", encoding="utf-8")
    return str(path)


def set_cell(column, value, row=0):
    def edit(header, rows):
        rows[row][header.index(column)] = value

    return edit
