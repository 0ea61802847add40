"""Every command of the tutorial works as it is written there; the district is cut to four buildings of its complex."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.engine, pytest.mark.long]
ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
KEPT = ("JI003", "JI004", "JI005", "JI006")
BLOCKS = re.findall(r"(?:`(mine/[\w.]+)`:\n\n)?```(\w+)([^\n]*)\n(.*?)```", TEXT, flags=re.S)


def cut_district(folder):
    """Leave four buildings of the complex and three measures of the district's study."""
    path = folder / "scripts" / "studies" / "jiading.yaml"
    study = yaml.safe_load(path.read_text(encoding="utf-8"))
    registry = (path.parent / study["buildings"]["registry"]).resolve()
    lines = registry.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.startswith(("#", "building_id", *KEPT))]
    cut = path.with_name("four.csv")
    cut.write_text("\n".join(kept) + "\n", encoding="utf-8")
    study["buildings"]["registry"] = cut.name
    study["packages"]["measures"] = ["source_vrf", "led", "room_control"]
    path.write_text(yaml.safe_dump(study, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a checkout: real data and studies, the district cut, `.venv/bin` with the command."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "scripts" / "studies", folder / "scripts" / "studies")
    for room in ("buildings", "sim"):
        (folder / room).symlink_to(ROOT / room)
    (folder / "mine").mkdir()
    (folder / ".venv" / "bin").mkdir(parents=True)
    for name, arguments in {"retrofolio": "-m scripts", "python": ""}.items():
        command = folder / ".venv" / "bin" / name
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments} "$@"\n')
        command.chmod(0o755)
    cut_district(folder)
    return folder


def run(line, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": f"{folder}/.venv/bin:{os.environ['PATH']}"}
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def done(checkout):
    """Every file written and every command run, in the order of the page: (command, how it ended)."""
    told = []
    for name, kind, more, body in BLOCKS:
        if name:
            (checkout / name).write_text(body, encoding="utf-8")
        elif kind == "sh" and not more.strip():
            told += [(line, run(line, checkout)) for line in body.strip().splitlines()]
    return told


def test_every_command_ends_well(done):
    assert len(done) >= 10
    for line, ended in done:
        assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"


def test_pages_tables_and_files_are_there(done, checkout):
    for folder in ("jiading", "mine", "mine_rules"):
        out = checkout / "out" / folder
        assert (out / "report.html").stat().st_size > 1e5
        assert (out / "tables" / "portfolio.xlsx").is_file()
    assert (checkout / "out" / "compare.html").is_file()


def test_the_district_stands_beside_what_it_published(done, checkout):
    page = (checkout / "out" / "jiading" / "report.html").read_text(encoding="utf-8")
    assert 'id="beside"' in page
    for figure in ("700", "1,725", "26"):
        assert f'<td class="n">{figure}</td>' in page


def test_the_rules_are_kept(done, checkout):
    import netcdf

    plan = netcdf.read_dataset(checkout / "out" / "mine_rules" / "portfolio.nc").isel(scenario=0)
    assert not bool(plan["touched"].sel(building="A4"))
    pool = plan.sel(building=["A1", "A2"])
    assert set(pool["chosen_lane"].values[pool["touched"].values]) <= {"trusteeship"}
    assert set(plan["chosen_year"].values) <= {0, 1, 2}
