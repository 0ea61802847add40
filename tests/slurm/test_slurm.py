"""A real SLURM, started here: jobs that are cancelled, run out of time or never start; no case lost or doubled."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
ROOM = HERE.parent / "sim" / "engine"
sys.path.insert(0, str(ROOM))

import odd_engines  # noqa: E402 - lies in the folder just added
import small_cases  # noqa: E402

import sim  # noqa: E402
from sim.engine.cluster import ClusterError, ClusterSettings  # noqa: E402

SEARCH = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"
MISSING = [name for name in ("slurmctld", "slurmd", "sbatch", "munged") if shutil.which(name, path=SEARCH) is None]

pytestmark = [
    pytest.mark.slurm, pytest.mark.long, pytest.mark.engine,
    pytest.mark.skipif(bool(MISSING), reason=f"left out: no SLURM on this machine (missing: {', '.join(MISSING)}); "
                       "Debian: apt-get install slurmctld slurmd slurm-client munge"),
]

COUNT = 24


@pytest.fixture(scope="module")
def slurm():
    """SLURM's daemons on loopback; the folder has a short path because a socket lies in it."""
    folder = tempfile.mkdtemp(prefix="slurm-")
    command = ["bash", HERE / "one_node.sh", "start", folder]
    started = subprocess.run(command, capture_output=True, text=True, check=False)
    before = os.environ.get("SLURM_CONF")
    os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
    try:
        assert started.returncode == 0, started.stderr
        yield folder
    finally:
        subprocess.run(["bash", HERE / "one_node.sh", "stop", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            del os.environ["SLURM_CONF"]
        else:
            os.environ["SLURM_CONF"] = before


@pytest.fixture(scope="module")
def epw(tmp_path_factory):
    from weather import make_typical_year, write_epw

    path = tmp_path_factory.mktemp("weather") / "shanghai.epw"
    write_epw(make_typical_year("shanghai"), path)
    return path


def settings(**changes):
    path = os.pathsep.join([str(ROOM), str(HERE.parents[1])])
    values = dict(partition="work", jobs=2, memory="2GB", walltime="00:10:00", interface="lo", start_timeout_s=120.0,
                  lost_worker_timeout_s=2.0, environment=(f"export PYTHONPATH={path}",))
    return ClusterSettings(**(values | changes))


def simulate(store, epw, count=COUNT, engine=odd_engines.logged, cluster=None):
    return sim.simulate(small_cases.cases(count, odd=None), weather=epw, settings=small_cases.settings(), store=store,
                        cluster=cluster or settings(), progress="quiet", engine=engine)


def assert_complete(found, store, count=COUNT):
    assert found["status"].values.tolist() == ["ok"] * count
    assert len(set(found["run_key"].values.tolist())) == count
    records = [path for path in store.glob("runs/*/*") if ".lease." not in path.name]
    assert sorted(path.name for path in records) == sorted(found["run_key"].values.tolist())
    assert np.isfinite(found["energy_use"].sel(month=7).values).all()


def jobs(state="R"):
    answer = subprocess.run(["squeue", "-h", "-t", state, "-o", "%i"], capture_output=True, text=True, check=True)
    return answer.stdout.split()


def assert_queue_is_empty():
    deadline = time.monotonic() + 30
    while left := jobs("PD,R,CG"):
        assert time.monotonic() < deadline, left
        time.sleep(0.5)


def when(condition, act, timeout_s=200.0):
    """Do something in a thread as soon as a condition holds."""
    def watch():
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if condition():
                act()
                return
            time.sleep(0.2)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_study_with_a_cancelled_job_ends_complete(slurm, epw, tmp_path):
    store = tmp_path / "store"
    cancelled = []

    def cancel():
        cancelled.append(jobs()[0])
        subprocess.run(["scancel", cancelled[0]], check=True)

    thread = when(lambda: odd_engines.count_runs(store) >= 4 and jobs(), cancel)
    found = simulate(store, epw)
    thread.join()
    assert cancelled
    assert_complete(found, store)
    # The run that the cancelled job was in is started again; nothing else is.
    assert COUNT <= odd_engines.count_runs(store) <= COUNT + 1
    assert_queue_is_empty()


def test_study_whose_jobs_reach_their_walltime_ends_complete(slurm, epw, tmp_path):
    store = tmp_path / "store"
    found = simulate(store, epw, count=8, engine=odd_engines.ten_seconds_late,
                     cluster=settings(jobs=1, walltime="00:01:00"))
    assert_complete(found, store, count=8)
    starts = {line.split()[1] for line in (store / odd_engines.LOG).read_text().splitlines()}
    assert len(starts) >= 2, "the jobs' walltime was meant to be too short for one job"


def test_job_that_never_starts_is_a_message(slurm, epw, tmp_path):
    with pytest.raises(ClusterError, match="no worker was there for 15 s"):
        simulate(tmp_path / "store", epw, count=2, cluster=settings(partition="closed", start_timeout_s=15.0))
    assert_queue_is_empty()


def test_unknown_partition_is_a_message(slurm, epw, tmp_path):
    with pytest.raises(ClusterError, match="partition"):
        simulate(tmp_path / "store", epw, count=2, cluster=settings(partition="no_such_partition"))


def test_traffic_is_protected(slurm, epw, tmp_path):
    from sim.engine.cluster import connect

    with connect(1, cluster=settings(jobs=1), shared_folder=tmp_path) as client:
        assert client.scheduler.address.startswith("tls://127.0.0.1")
        client.wait_for_workers(1, timeout=120)
        workers = client.scheduler_info()["workers"]
        assert all(address.startswith("tls://") for address in workers)


def test_the_job_of_the_tutorial_is_one_that_slurm_takes(slurm):
    text = (HERE.parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
    line = text.split("```sh slurm\n")[1].split("```")[0].strip()
    told = subprocess.run(line.replace("sbatch", "sbatch --test-only", 1).split(), cwd=HERE.parents[1],
                          capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
