"""Faults with real processes: after each, nothing is lost, doubled or invented."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import odd_engines
import psutil
import pytest
import small_cases
from odd_engines import count_runs

import sim
from sim.engine.cluster import ClusterError
from sim.engine.lease import LeaseSettings
from sim.engine.store import Store

pytestmark = pytest.mark.engine

COUNT = 4


@pytest.fixture(scope="module")
def simulate(epw, scheduler):
    def call(store, engine, count=COUNT, **more):
        return sim.simulate(small_cases.cases(count), weather=epw, settings=small_cases.settings(), store=store,
                            progress="quiet", engine=engine, **({"scheduler": scheduler} | more))

    return call


@pytest.fixture(scope="module")
def expected(tmp_path_factory, simulate):
    """The undisturbed study."""
    answer = simulate(tmp_path_factory.mktemp("expected"), odd_engines.logged)
    assert answer["status"].values.tolist() == ["ok"] * COUNT
    return answer


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def assert_same_rows(found, expected, but=()):
    rows = [row for row in range(COUNT) if row not in but]
    for name in ("energy_use", "peak_demand", "cooling_capacity", "run_key", "case_key", "status"):
        np.testing.assert_array_equal(found[name].values[rows], expected[name].values[rows], err_msg=name)


def runs_in(store):
    return [path for path in Path(store).glob("runs/*/*") if ".lease." not in path.name]


def leases_in(store):
    return list(Path(store).glob("runs/*/*.lease.*"))


def test_refused_model_is_a_row_with_its_first_fatal_line(store, simulate, expected):
    found = simulate(store, odd_engines.refusing)
    assert found["status"].values.tolist() == ["ok", "failed", "ok", "ok"]
    assert found["failure_class"].values[1] == "fatal"
    assert "no such material" in str(found["failure_message"].values[1]).lower()
    assert np.isnan(found["energy_use"].values[1]).all()
    assert_same_rows(found, expected, but=[1])
    kept = store / "kept" / str(found["run_key"].values[1])
    assert (kept / "in.idf").exists()
    assert (kept / "eplusout.err").exists()
    before = count_runs(store)
    again = simulate(store, odd_engines.logged)
    assert count_runs(store) == before  # a failed run is not tried again unless asked
    assert again["failure_class"].values[1] == "fatal"
    healed = simulate(store, odd_engines.logged, retry_failed=True)
    assert count_runs(store) == before + 1
    assert_same_rows(healed, expected)


@pytest.mark.long
def test_model_that_never_ends_is_stopped(store, simulate, expected):
    found = simulate(store, odd_engines.endless, timeout_s=12.0)
    assert found["status"].values.tolist() == ["ok", "failed", "ok", "ok"]
    assert found["failure_class"].values[1] == "timeout"
    assert "12 s" in str(found["failure_message"].values[1])
    assert_same_rows(found, expected, but=[1])
    assert not _engines_below(store)
    longer = simulate(store, odd_engines.logged, timeout_s=60.0)
    assert_same_rows(longer, expected)  # a longer limit is a new question


def test_engine_killed_from_outside_runs_again(store, simulate, expected):
    found = simulate(store, odd_engines.killed_once)
    assert_same_rows(found, expected)
    assert count_runs(store) == COUNT + 1
    assert len(runs_in(store)) == COUNT


@pytest.mark.long
def test_engine_crash_is_a_row_with_its_signal(store, simulate, expected):
    found = simulate(store, odd_engines.crashing)
    assert found["failure_class"].values.tolist() == ["", "crash", "", ""]
    assert f"signal {signal.SIGSEGV.value}" in str(found["failure_message"].values[1])
    assert_same_rows(found, expected, but=[1])


def test_worker_killed_in_a_run(store, simulate, expected):
    found = simulate(store, odd_engines.worker_killer)
    assert_same_rows(found, expected)
    assert count_runs(store) == COUNT + 1
    assert len(runs_in(store)) == COUNT
    assert not leases_in(store)
    assert not _engines_below(store)


@pytest.mark.long
def test_case_that_kills_every_worker_is_lost_and_not_kept(store, simulate, expected):
    found = simulate(store, odd_engines.deadly)
    assert found["failure_class"].values.tolist() == ["", "lost", "", ""]
    assert_same_rows(found, expected, but=[1])
    assert len(runs_in(store)) == COUNT - 1
    assert_same_rows(simulate(store, odd_engines.logged), expected)


@pytest.mark.long
def test_client_killed_and_started_again(store, start_study, expected):
    first = start_study(COUNT, "slow")
    _wait_for(lambda: len(runs_in(store)) >= 1 and leases_in(store))
    first.kill()
    first.wait()
    _wait_for(lambda: not _engines_below(store))
    done = len(runs_in(store))
    assert done < COUNT
    started = count_runs(store)
    second = start_study(COUNT)
    output, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    answer = json.loads(output)
    assert answer["status"] == ["ok"] * COUNT
    assert answer["energy"] == expected["energy_use"].sum(("carrier", "end_use", "month")).values.tolist()
    assert count_runs(store) - started == COUNT - done
    assert not leases_in(store)


@pytest.mark.long
def test_scheduler_killed_is_a_message_and_the_study_goes_on(store, simulate, expected):
    here = Path(__file__).parent
    environment = os.environ | {"PYTHONPATH": f"{here}{os.pathsep}{here.parents[2]}"}
    process = subprocess.Popen([sys.executable, str(here / "scheduler_process.py")], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    address = process.stdout.readline().strip()

    def kill():
        _wait_for(lambda: runs_in(store))
        os.killpg(process.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(ClusterError, match=r"scheduler is gone.*run again"):
        simulate(store, odd_engines.slow, scheduler=address)
    killer.join()
    process.communicate()
    assert_same_rows(simulate(store, odd_engines.logged), expected)
    assert len(runs_in(store)) == COUNT
    assert not leases_in(store)


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_polite_end(store, start_study, number, code):
    process = start_study(COUNT, "slow")
    _wait_for(lambda: leases_in(store))
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "run again" in errors
    assert "Traceback" not in errors
    _wait_for(lambda: not _engines_below(store))
    assert not list((store / "tmp").iterdir())
    for path in runs_in(store):
        assert Store(store).read(path.name) is not None


@pytest.mark.long
def test_two_clients_share_one_store(store, start_study, expected):
    clients = [start_study(COUNT, workers=1) for _ in range(2)]
    answers = []
    for client in clients:
        output, errors = client.communicate(timeout=180)
        assert client.returncode == 0, errors
        answers.append(json.loads(output))
    assert answers[0] == answers[1]
    assert answers[0]["energy"] == expected["energy_use"].sum(("carrier", "end_use", "month")).values.tolist()
    assert count_runs(store) == COUNT  # together, not each
    assert not leases_in(store)


@pytest.mark.parametrize("damage", ["flipped", *(pytest.param(kind, marks=pytest.mark.long) for kind in (
    "cut", "empty", "foreign_format", "other_engine"))])
def test_damaged_entry_is_found_and_made_again(store, simulate, expected, damage):
    before = simulate(store, odd_engines.logged, count=1)
    path = next(iter(runs_in(store)))
    content = path.read_bytes()
    path.write_bytes(_damaged(content, damage))
    started = count_runs(store)
    after = simulate(store, odd_engines.logged, count=1)
    assert count_runs(store) == started + 1
    np.testing.assert_array_equal(after["energy_use"].values, before["energy_use"].values)
    assert len(runs_in(store)) == 1
    healed = path.read_bytes()
    assert healed != _damaged(content, damage)
    assert Store(store).read(path.name).ok


def _damaged(content, damage):
    from dataclasses import replace

    from sim.engine.record import decode, encode

    if damage == "flipped":
        middle = len(content) // 2
        return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]
    if damage == "cut":
        return content[:len(content) // 2]
    if damage == "foreign_format":
        return content.replace(b"retrofolio-run 1 ", b"retrofolio-run 0 ", 1)
    if damage == "other_engine":
        return encode(replace(decode(content, hourly=True), engine_version="9.2.0-0000000000"))
    return b""


def test_disk_full_is_a_row_and_heals(store, simulate, expected):
    store.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(store)], capture_output=True,
                             check=False)
    if mounted.returncode:
        pytest.skip("left out: only root can mount the small disk that this test fills")
    try:
        answer = simulate(store, odd_engines.logged, count=1)  # the weather file takes 1.6 MB
        assert answer["status"].values.tolist() == ["ok"]
        filler = store / "filler"
        with pytest.raises(OSError, match="No space"):
            filler.write_bytes(b"0" * 4_000_000)
        filled = simulate(store, odd_engines.logged)
        assert filled["status"].values.tolist() == ["ok", "failed", "failed", "failed"]
        assert set(filled["failure_class"].values[1:]) == {"disk_full"}
        assert len(runs_in(store)) == 1
        filler.unlink()
        assert_same_rows(simulate(store, odd_engines.logged), expected)
    finally:
        subprocess.run(["umount", "-l", str(store)], check=True)


@pytest.mark.long
def test_silent_holder_on_another_machine_is_followed(store, simulate, expected):
    simulate(store, odd_engines.logged, count=1)
    path = next(iter(runs_in(store)))
    path.unlink()
    path.with_name(f"{path.name}.lease.0").write_text('{"machine": "elsewhere", "pid": 1, "started": 1.0}')
    found = simulate(store, odd_engines.logged, count=1, lease=LeaseSettings(beat_s=0.5, silence_s=3.0))
    assert found["status"].values.tolist() == ["ok"]
    assert count_runs(store) == 2
    assert not leases_in(store)


def _wait_for(condition, timeout_s=60.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _engines_below(folder):
    """Engine processes whose command line names a file below the folder (the weather file lies in the store)."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(folder) in part for part in process.cmdline()) and "in.idf" in " ".join(process.cmdline()):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
