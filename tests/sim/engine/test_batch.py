"""Many quick cases: several in one task, and still each run once, in its row, and alone in its faults."""

import multiprocessing
import os

import dask
import numpy as np
import pytest
import quick_runs
import small_cases
from hypothesis import given
from hypothesis import strategies as st
from odd_engines import count_runs

import sim
from sim.engine import simulate as simulate_module
from sim.engine.batch import Pace
from sim.engine.cluster import connect, warm_up
from sim.engine.store import Store
from sim.engine.task import TASK_S, WorkerMismatchError

COUNT = 300


def cases(count):
    return [small_cases.case(5.0 + index * 1e-3) for index in range(count)]


@pytest.fixture(scope="module")
def simulate(epw, scheduler):
    def call(store, wanted):
        return sim.simulate(wanted, weather=epw, settings=small_cases.settings(), store=store, progress="quiet",
                            scheduler=scheduler, engine=quick_runs.logged, prepare=quick_runs.prepare)

    return call


def test_each_of_many_quick_cases_runs_once_and_keeps_its_row(tmp_path, simulate):
    wanted = cases(COUNT)
    found = simulate(tmp_path / "store", wanted)
    assert found["status"].values.tolist() == ["ok"] * COUNT
    assert found["lighting_power_density_w_per_m2"].values.tolist() == [
        case.design.lighting_power_density_w_per_m2 for case in wanted]
    assert len(set(found["run_key"].values.tolist())) == COUNT
    assert count_runs(tmp_path / "store") == COUNT
    store = Store(tmp_path / "store")
    hours = store.hourly(str(found["run_key"].values[-1]))["natural_gas_hourly"].values
    np.testing.assert_array_equal(hours, quick_runs._hours()[1])
    again = simulate(tmp_path / "store", wanted[: COUNT // 2])
    assert (again.attrs["runs_done"], again.attrs["runs_skipped"]) == (0, COUNT // 2)


@pytest.mark.long
def test_case_that_kills_its_worker_takes_none_of_its_task_with_it(tmp_path, simulate):
    wanted = cases(COUNT)
    odd = COUNT // 2
    wanted[odd] = wanted[odd].model_copy(update={"building_id": quick_runs.DEADLY_KEY})
    found = simulate(tmp_path / "store", wanted)
    assert found["failure_class"].values[odd] == "lost"
    assert (np.delete(found["status"].values, odd) == "ok").all()
    assert count_runs(tmp_path / "store") == COUNT - 1


@given(st.integers(1, 64), st.floats(1e-4, 1e3))
def test_tasks_are_as_long_as_they_should_be_or_hold_one_case(size, seconds_per_case):
    pace = Pace(size)
    for _ in range(10):
        done = max(1, min(pace.cases_per_task, int(TASK_S / seconds_per_case) + 1))
        pace.learn(done, done * seconds_per_case)
    assert 1 <= pace.cases_per_task <= 64
    assert pace.cases_per_task == 1 or pace.cases_per_task * seconds_per_case <= TASK_S


def test_worker_with_other_sources_refuses(tmp_path, simulate, monkeypatch):
    monkeypatch.setattr(simulate_module, "source_digest", lambda: "another checkout")
    with pytest.raises(WorkerMismatchError, match="other sources"):
        simulate(tmp_path / "store", cases(20))
    assert count_runs(tmp_path / "store") == 0


def test_dask_looks_at_itself_seldom_in_every_process(scheduler):
    from distributed import Client

    from sim.engine.cluster import _SELDOM, _exported

    with Client(scheduler, set_as_default=False) as client:
        for name, value in _SELDOM.items():
            assert set(client.run(dask.config.get, name).values()) == {value}
    lines = [_exported(item).removeprefix("export ") for item in _SELDOM.items()]
    heard = dask.config.collect_env(dict(line.split("=") for line in lines))
    assert all(dask.config.get(name, config=heard) == value for name, value in _SELDOM.items())


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="nothing to fork from here")
def test_workers_find_loaded_what_they_need_and_the_client_forgets_what_it_sent():
    """A module that cannot be imported is left out of the warm process without a word, and only time would tell."""
    def parsed():
        import os

        from sim.models import idd

        return idd._set_idd.cache_info().currsize, os.environ.get("OMP_NUM_THREADS")

    before = dict(os.environ)
    warm_up()
    assert dict(os.environ) == before
    with connect(1) as client:
        assert client.submit(parsed, pure=False).result(timeout=120) == (1, "1")
        assert client.scheduler_comm.recent_message_log.maxlen <= 64  # of 64 cases each
