"""A study killed at three places and run again ends as if nothing had happened; worker count changes nothing either."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import netCDF4
import numpy as np
import pytest

pytestmark = [pytest.mark.engine, pytest.mark.long]
ROOT = Path(__file__).parents[2]
MAY_DIFFER = {"history", "date_created"}


def start(study, out, workers):
    command = [sys.executable, "-m", "scripts", "run", study, "--out", out, "--workers", workers, "--quiet"]
    return subprocess.Popen([*map(str, command)], cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def kill_when(process, reached, *, delay_s=0.0, seconds=900):
    """Kill the whole process group once `reached` says so, after a delay."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, "ended before the place where it was to be killed"
        assert time.monotonic() < deadline, "never reached the place where it was to be killed"
        time.sleep(0.05)
    time.sleep(delay_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def contents(path):
    """Every variable, dimension and attribute of a file with groups, as plain values."""
    found = {}

    def take(group, place):
        for name in group.ncattrs():
            if name not in MAY_DIFFER:
                found[f"{place}@{name}"] = str(group.getncattr(name))
        for name, dimension in group.dimensions.items():
            found[f"{place}#{name}"] = str(len(dimension))
        for name, variable in group.variables.items():
            variable.set_auto_maskandscale(False)
            found[f"{place}/{name}"] = variable[...]
            for key in variable.ncattrs():
                found[f"{place}/{name}@{key}"] = str(variable.getncattr(key))
        for name, inner in group.groups.items():
            take(inner, f"{place}/{name}")

    with netCDF4.Dataset(path) as root:
        take(root, "")
    return found


def assert_same(left, right):
    assert left.keys() == right.keys()
    different = [
        key for key, value in left.items()
        if not (np.array_equal(value, right[key], equal_nan=value.dtype.kind == "f") if isinstance(value, np.ndarray)
                else value == right[key])
    ]
    assert different == []


def finished(out):
    """Number of finished runs in the store of an output folder."""
    return sum("." not in path.name for path in (out / "runs" / "runs").glob("*/*"))


def test_killed_three_times_gives_the_same_portfolio(tmp_path, three_buildings):
    out, reference = tmp_path / "killed", tmp_path / "whole"
    wait = random.Random(7).uniform(0.5, 4.0)

    process = start(three_buildings, out, 2)
    kill_when(process, lambda: finished(out) >= 2, delay_s=wait)  # both workers are inside a run

    process = start(three_buildings, out, 2)
    kill_when(process, lambda: finished(out) >= 9)

    process = start(three_buildings, out, 2)
    kill_when(process, lambda: (out / "validation.nc").exists() and not (out / "portfolio.nc").exists())

    assert start(three_buildings, out, 2).wait() in (0, 5)
    assert start(three_buildings, reference, 1).wait() in (0, 5)
    assert_same(contents(out / "portfolio.nc"), contents(reference / "portfolio.nc"))
