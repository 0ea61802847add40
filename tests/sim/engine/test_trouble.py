"""Trouble of a machine is a row that is tried again, never a verdict about a model and never the end of a study."""

import errno
import os
import shutil
import subprocess
import sys

import pytest
import quick_runs
import small_cases

from sim.case import source_digest
from sim.engine import energyplus, scratch, task
from sim.engine.store import Store
from sim.engine.task import Job, Workshop, perform

JOB = Job(0, "a" * 40, small_cases.case())
FATAL = "   **  Fatal  ** Cannot open the output file.\n"


def workshop(store, engine=quick_runs.engine, **more):
    return Workshop(store, store / "year.epw", "w", None, None, energyplus.engine_version(), source_digest(), "shared",
                    engine=engine, prepare=quick_runs.prepare, **more)


def refused(text, epw_path, run_dir, timeout_s):
    (run_dir / "eplusout.err").write_text(FATAL)
    return energyplus.EngineResult("finished", 1, 0, 0.0, run_dir)


def crashed(text, epw_path, run_dir, timeout_s):
    return energyplus.EngineResult("signal", -7, 7, 0.0, run_dir)


def stored(path):
    return [file for file in path.glob("runs/*/*") if ".lease." not in file.name]


@pytest.mark.parametrize(("number", "kind"), [
    (errno.ENOSPC, "disk_full"), (errno.EDQUOT, "disk_full"), (errno.EIO, "lost"), (errno.EACCES, "lost"),
    (errno.ESTALE, "lost")])
def test_an_error_of_the_machine_is_a_row_and_is_tried_again(tmp_path, number, kind):
    def broken(text, epw_path, run_dir, timeout_s):
        raise OSError(number, "out of order", "scratch")

    found = perform(workshop(tmp_path, broken), JOB)
    assert found.record.failure_class == kind
    assert "scratch" in found.record.failure_message
    assert list(tmp_path.glob("runs/*/*")) == []
    assert perform(workshop(tmp_path), JOB).record.ok


@pytest.mark.parametrize(("full", "kind"), [(True, "disk_full"), (False, "lost")])
def test_a_failed_run_that_cannot_be_kept_is_a_row(tmp_path, monkeypatch, full, kind):
    """Copying a folder gathers the errors of its files in one that has no number of its own."""
    def no_room(*_):
        raise shutil.Error([("in.idf", "kept", "[Errno 28] No space left on device")])

    monkeypatch.setattr(Store, "keep", no_room)
    monkeypatch.setattr(task, "_is_full", lambda folder: full and folder == tmp_path)
    assert perform(workshop(tmp_path, refused), JOB).record.failure_class == kind
    assert stored(tmp_path) == []


@pytest.mark.parametrize("engine", [refused, crashed])
def test_what_the_engine_says_on_a_full_disk_is_no_verdict(tmp_path, monkeypatch, engine):
    with monkeypatch.context() as patched:
        patched.setattr(task, "_is_full", lambda folder: True)
        assert perform(workshop(tmp_path, engine), JOB).record.failure_class == "disk_full"
    assert stored(tmp_path) == []
    assert perform(workshop(tmp_path, engine), JOB).record.failure_class in ("fatal", "crash")
    assert len(stored(tmp_path)) == 1


def test_a_worker_clears_away_what_killed_ones_left_on_its_machine(tmp_path):
    """Jobs of a cluster reach their walltime; the client cannot look into the disk of their node."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    disk = tmp_path / "disk"
    left = disk / f"retrofolio-{scratch._machine()}-{ended.pid}-x"
    running = disk / f"retrofolio-{scratch._machine()}-{os.getpid()}-x"
    elsewhere = disk / f"retrofolio-00000000-{ended.pid}-x"
    for folder in (left, running, elsewhere):
        folder.mkdir(parents=True)
    assert perform(workshop(tmp_path / "store", scratch=disk), JOB).record.ok
    assert sorted(disk.iterdir()) == sorted([running, elsewhere])
