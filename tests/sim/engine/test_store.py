import errno
import json
import multiprocessing
import os
import time
from pathlib import Path

import numpy as np
import pytest

from sim.engine import lease as leases
from sim.engine.lease import LeaseSettings, this_boot, this_machine
from sim.engine.record import Record
from sim.engine.store import NotInStoreError, Store, StoreError, digest

KEY = digest("some run")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", LeaseSettings(beat_s=0.1, silence_s=0.6))


def test_digest_keeps_parts_apart():
    assert digest("ab", "c") != digest("a", "bc")
    assert len(digest("")) == 40


def test_written_record_is_read_back(store):
    record = Record(KEY, "25.2.0", run_seconds=3.0, results={"x": [1.0, 2.5]})
    store.write(record)
    assert store.read(KEY) == record
    assert store.read(digest("another")) is None


def test_record_under_a_wrong_name_counts_as_absent(store):
    store.write(Record(KEY, "25.2.0"))
    other = digest("other")
    (store.path / "runs" / other[:2]).mkdir(parents=True, exist_ok=True)
    os.replace(store.path / "runs" / KEY[:2] / KEY, store.path / "runs" / other[:2] / other)
    assert store.read(other) is None


def test_case_is_found_by_its_key_and_rubbish_is_not(store):
    case = digest("case")
    assert store.find_run_key(case) is None
    store.map_case(case, KEY)
    assert store.find_run_key(case) == KEY
    (store.path / "cases" / case[:2] / case).write_bytes(b"\xff\x00half")
    assert store.find_run_key(case) is None
    store.map_case(case, KEY)
    assert store.find_run_key(case) == KEY


@pytest.mark.parametrize("kind", ["lost", "disk_full", "model"])
def test_what_is_no_verdict_about_a_model_is_not_written(store, kind):
    with pytest.raises(StoreError, match=kind):
        store.write(Record(KEY, "v", failure_class=kind))


def test_hourly_has_units_and_refuses_failed_runs(store):
    hourly = np.ones((2, 8760), dtype=np.float32)
    store.write(Record(KEY, "v", hourly_names=("electricity_hourly", "natural_gas_hourly"), hourly=hourly))
    found = store.hourly(KEY)
    assert found["electricity_hourly"].attrs["units"] == "kW"
    assert found["electricity_hourly"].dtype == np.float32
    store.write(Record(KEY, "v", failure_class="fatal"))
    with pytest.raises(NotInStoreError):
        store.hourly(KEY)


def test_writing_leaves_nothing_beside_it(store):
    store.write(Record(KEY, "v"))
    store.map_case(digest("c"), KEY)
    assert list((store.path / "tmp").iterdir()) == []


def test_store_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "file" / "store").prepare()


def test_one_holder_at_a_time(store):
    watch = store.watch()
    lease = store.acquire(KEY, watch)
    assert lease is not None
    assert store.acquire(KEY, store.watch()) is None
    lease.release()
    second = store.acquire(KEY, watch)
    assert second is not None
    second.release()
    assert store.holder(KEY) is None


def test_beating_lease_is_not_taken_over(store):
    lease = store.acquire(KEY, store.watch())
    path = lease.path
    path.write_text('{"machine": "elsewhere", "pid": 1, "started": 1.0}')  # only its beat can speak for it
    watch = store.watch()
    deadline = time.monotonic() + 2.5 * store.settings.silence_s
    while time.monotonic() < deadline:
        assert store.acquire(KEY, watch) is None
        time.sleep(0.05)
    lease.release()


def test_silent_lease_is_taken_over_after_its_time_and_not_before(store):
    base = store.path / "runs" / KEY[:2] / KEY
    base.parent.mkdir(parents=True)
    base.with_name(f"{KEY}.lease.0").write_text('{"machine": "elsewhere", "pid": 1, "started": 1.0}')
    watch = store.watch()
    begun = time.monotonic()
    lease = None
    while lease is None:
        lease = store.acquire(KEY, watch)
        time.sleep(0.02)
    assert time.monotonic() - begun > store.settings.silence_s
    assert lease.path.name.endswith(".lease.1")
    lease.release()
    assert list(base.parent.iterdir()) == []


def _hold_and_die(path):
    Store(path).acquire(KEY, Store(path).watch())
    os._exit(9)


def test_dead_holder_of_this_machine_is_followed_at_once(store):
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(store.path,))
    process.start()
    process.join()
    assert store.holder(KEY) is not None
    lease = store.acquire(KEY, store.watch())
    assert lease is not None
    lease.release()


def test_two_followers_of_one_dead_holder_are_one(store):
    base = store.path / "runs" / KEY[:2] / KEY
    base.parent.mkdir(parents=True)
    base.with_name(f"{KEY}.lease.0").write_text("")
    holder = store.holder(KEY)
    first = leases.acquire(base, store.settings, after=holder)
    assert first is not None
    assert leases.acquire(base, store.settings, after=holder) is None
    first.release()


def test_what_killed_clients_left_is_removed_after_a_day(store):
    store.prepare()
    old, young = store.path / "tmp" / "old", store.path / "tmp" / "young"
    for path in (old, young):
        path.write_text("half")
    os.utime(old, (1, 1))
    store.prepare()
    assert [path.name for path in (store.path / "tmp").iterdir()] == ["young"]


def test_a_file_that_another_client_has_just_moved_is_left_alone(store):
    store.prepare()
    (store.path / "tmp" / "gone").symlink_to("nowhere")  # named by the folder, and not there when looked at
    store.prepare()


def test_a_case_that_killed_its_holder_a_hundred_times_can_still_be_run(store):
    base = store.path / "runs" / KEY[:2] / KEY
    base.parent.mkdir(parents=True)
    dead = json.dumps({"machine": this_boot(), "pid": os.getpid(), "started": 1.0})
    for generation in range(100):
        base.with_name(f"{KEY}.lease.{generation}").write_text(dead)
    lease = store.acquire(KEY, store.watch())
    assert lease.path.name.endswith(".lease.100")
    lease.release()
    assert list(base.parent.iterdir()) == []


def test_a_holder_on_a_machine_of_the_same_name_is_not_called_dead(store):
    """Would catch: two nodes with one host name that take over each other's running cases."""
    base = store.path / "runs" / KEY[:2] / KEY
    base.parent.mkdir(parents=True)
    other = json.dumps({"machine": f"{this_machine()} another-boot", "pid": 2**22 + 1, "started": 1.0})
    base.with_name(f"{KEY}.lease.0").write_text(other)
    assert store.acquire(KEY, store.watch()) is None


def test_a_record_that_another_machine_has_just_removed_is_absent(store, monkeypatch):
    def stale(path, *_args, **_kwargs):
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    monkeypatch.setattr(Path, "read_bytes", stale)
    monkeypatch.setattr(Path, "read_text", stale)
    assert store.read(KEY) is None
    assert store.find_run_key(KEY) is None


def test_a_missed_beat_is_not_the_last(store, monkeypatch):
    beats = []

    def out_of_breath(path):
        beats.append(path)
        raise OSError(errno.EIO, "out of breath")

    lease = store.acquire(KEY, store.watch())
    monkeypatch.setattr(leases.os, "utime", out_of_breath)
    deadline = time.monotonic() + 20
    while beats.count(lease.path) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    lease.release()


def test_a_lease_that_a_network_file_system_calls_stale_is_gone(store, monkeypatch):
    def stale(*_, **__):
        raise OSError(errno.ESTALE, "Stale file handle")

    lease = store.acquire(KEY, store.watch())
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", stale)
        assert store.holder(KEY) is None
    lease.release()


def test_a_damaged_weather_file_is_written_again(store):
    path = store.weather_file(b"weather")
    path.write_bytes(b"wea")
    assert store.weather_file(b"weather") == path
    assert path.read_bytes() == b"weather"


def test_weather_is_kept_once_by_its_content(store):
    assert store.weather_file(b"weather") == store.weather_file(b"weather")
    assert store.weather_file(b"weather").read_bytes() == b"weather"
    assert len(list((store.path / "weather").iterdir())) == 1
