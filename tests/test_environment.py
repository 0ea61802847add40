"""environment.yml, pyproject.toml and the lock files name the same packages; a hand-kept mirror would drift."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def parse(lines):
    return {Requirement(line).name.lower(): Requirement(line).specifier for line in lines}


def conda_requirements():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    flat = [item for item in listed if isinstance(item, str)]
    flat += [item for part in listed if isinstance(part, dict) for item in part["pip"]]
    return parse(flat)


def locked(name):
    rows = re.findall(r"^([A-Za-z0-9_.\-]+)==([^ \\]+)", (ROOT / name).read_text(), flags=re.M)
    return {package.lower().replace("_", "-"): Version(version) for package, version in rows}


def test_conda_environment_names_the_packages_and_bounds_of_pyproject():
    conda = conda_requirements()
    assert conda.pop("python") == parse([f"python{PROJECT['requires-python']}"])["python"]
    conda.pop("pip")
    assert conda == parse(PROJECT["dependencies"])


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["dependencies"]),
        ("requirements-dev.lock", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
    ],
)
def test_lock_file_meets_every_bound(lock, wanted):
    pinned = locked(lock)
    missing = {name: str(bound) for name, bound in parse(wanted).items() if pinned.get(name) not in bound}
    assert missing == {}


def test_both_lock_files_pin_the_same_versions():
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: development.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "environment.yml", "Makefile"])
def test_no_package_host_is_named(name):
    assert "://" not in (ROOT / name).read_text()
