"""The whole way of a case, on the real engine: model, run, store, rows."""

from pathlib import Path

import numpy as np
import odd_engines
import psutil
import pytest
import small_cases
from odd_engines import count_runs

import netcdf
import sim
from sim.engine import simulate as simulate_module
from sim.engine.store import Store
from vocabulary import CARRIERS, VARIABLES, InputError, check

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def simulate(epw, scheduler):
    def call(store, cases, **more):
        options = {"weather": epw, "settings": small_cases.settings(), "scheduler": scheduler} | more
        return sim.simulate(cases, store=store, progress="quiet", engine=odd_engines.logged, **options)

    return call


@pytest.fixture(scope="module")
def cases():
    return [small_cases.case(6.0), small_cases.case(9.0, source_system="chiller_boiler"), small_cases.case(12.0)]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("simulate") / "store"


@pytest.fixture(scope="module")
def answer(simulate, cases, store):
    return simulate(store, cases, keep_raw=True, profiles=True)


def test_rows_fit_the_vocabulary(answer, cases):
    assert answer["status"].values.tolist() == ["ok"] * len(cases)
    assert netcdf.faults_of(answer) == []
    july = answer.sel(month=7)
    for name in set(answer.data_vars) & set(VARIABLES) - {"floor_area", "dry_bulb_temperature"}:
        if "case" in VARIABLES[name].dims:
            check(answer[name], name)
    assert (july["energy_use"].sum(("carrier", "end_use")) > 0).all()
    assert np.isnan(answer["energy_use"].sel(month=[1, 6, 8, 12])).all()  # not simulated: no number


def test_energy_is_what_another_reader_finds_in_the_raw_files(answer, store):
    from idfkit.simulation.parsers.eso import ESOResult

    for row, key in enumerate(answer["run_key"].values):
        raw = ESOResult.from_file(store / "kept" / str(key) / "eplusout.mtr")
        for carrier, resource, factor in (("electricity", "Electricity", 1.0), ("natural_gas", "NaturalGas", 0.901)):
            columns = [column for column in raw.columns if column.variable.frequency == "Hourly"
                       and column.variable.variable_name == f"{resource}:Facility"]
            total = sum(sum(column.values) for column in columns) / 3.6e6 * factor
            ours = float(answer["energy_use"].sel(carrier=carrier, month=7).isel(case=row).sum())
            assert ours == pytest.approx(total, rel=1e-6, abs=1e-6)


def test_profiles_add_up_to_energy_and_peak(answer, store):
    electricity = answer["electricity_hourly"].values
    for row, key in enumerate(answer["run_key"].values):
        stored = Store(store).hourly(str(key))
        np.testing.assert_array_equal(stored["electricity_hourly"].values, electricity[row])
        total = float(answer["energy_use"].sel(carrier=CARRIERS[0], month=7).isel(case=row).sum())
        assert float(np.nansum(electricity[row], dtype=np.float64)) == pytest.approx(total, rel=1e-5)
    np.testing.assert_allclose(np.nanmax(electricity, axis=1), answer["peak_demand"].sel(month=7), rtol=1e-6)


def test_finished_cases_start_neither_engine_nor_workers(answer, simulate, cases, store, monkeypatch):
    def refuse(*_):
        pytest.fail("workers were started for finished cases")

    before = count_runs(store)
    monkeypatch.setattr(simulate_module, "connect", refuse)
    again = simulate(store, cases, profiles=True)
    assert count_runs(store) == before
    assert (again.attrs["runs_done"], again.attrs["runs_skipped"]) == (0, len(cases))
    for name in answer.variables:
        np.testing.assert_array_equal(again[name].values, answer[name].values, err_msg=str(name))


def test_order_of_the_list_changes_only_the_order_of_the_rows(answer, simulate, cases, store):
    turned = simulate(store, cases[::-1])
    for name in ("energy_use", "peak_demand", "case_key", "building_id"):
        np.testing.assert_array_equal(turned[name].values[::-1], answer[name].values, err_msg=name)


def test_weather_as_dataset_and_as_file_are_one(answer, simulate, cases, store, epw):
    from weather import read_epw

    found = simulate(store, cases[:1], weather=read_epw(epw))
    assert found["run_key"].values[0] == answer["run_key"].values[0]


def test_cases_with_one_model_share_one_run_and_packages_one_sizing(tmp_path, simulate):
    before = small_cases.design(12.0)
    led = small_cases.case(5.0, sizing=before)
    twin = led.model_copy(update={"building_id": "twin", "role": "verification"})
    glass = small_cases.case(12.0, sizing=before, window_u_value_w_per_m2k=1.8)
    found = simulate(tmp_path / "store", [led, twin, glass])
    assert found["status"].values.tolist() == ["ok"] * 3
    assert found["run_key"].values[0] == found["run_key"].values[1]
    assert count_runs(tmp_path / "store") == 3  # one sizing of the baseline, two runs
    assert found["sizing_lighting_power_density_w_per_m2"].values.tolist() == [12.0] * 3
    np.testing.assert_allclose(found["cooling_capacity"].values, found["cooling_capacity"].values[0])


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 3])
def test_worker_count_changes_nothing(tmp_path, answer, simulate, cases, workers):
    found = simulate(tmp_path / "store", cases, scheduler=None, workers=workers, profiles=tmp_path / "profiles.nc",
                     out=tmp_path / "simulations.nc").load()
    for name in ("energy_use", "peak_demand", "unmet_fraction", "cooling_capacity", "run_key", "case_key"):
        np.testing.assert_array_equal(found[name].values, answer[name].values, err_msg=name)
    from_file = netcdf.read_dataset(tmp_path / "profiles.nc")
    np.testing.assert_array_equal(from_file["electricity_hourly"].values, answer["electricity_hourly"].values)
    assert netcdf.read_dataset(tmp_path / "simulations.nc")["status"].values.tolist() == ["ok"] * len(cases)


def test_bad_questions_are_refused_in_one_message(tmp_path, epw):
    with pytest.raises(InputError) as caught:
        sim.simulate([], weather=epw, store=tmp_path / "store", workers=0, timeout_s=-1.0)
    assert len(caught.value.faults) == 3
    assert not Path(tmp_path / "store").exists()


def test_scheduler_that_does_not_answer_is_a_message(tmp_path, epw, cases):
    from sim.engine.cluster import ClusterError

    with pytest.raises(ClusterError, match=r"127\.0\.0\.1:1"):
        sim.simulate(cases, weather=epw, settings=small_cases.settings(), store=tmp_path / "store", progress="quiet",
                     scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize(("address", "words"), [
    ("foo", "HOST:PORT"), ("foo:abc", "HOST:PORT"), ("", "HOST:PORT"), ("http://127.0.0.1:8787", "HOST:PORT"),
    ("tcp://127.0.0.1:99999", "HOST:PORT"), ("tls://127.0.0.1:8786", r"ca-file.*distributed\.comm\.tls")])
def test_an_address_that_no_scheduler_can_have_is_a_message_at_once(address, words):
    from sim.engine.cluster import ClusterError, connect

    with pytest.raises(ClusterError, match=words), connect(1, scheduler=address):
        pytest.fail("no scheduler is there")


def test_a_network_interface_that_is_not_there_is_a_message(tmp_path):
    from sim.engine.cluster import ClusterError, ClusterSettings, connect

    asked = ClusterSettings(interface="no_such_one")
    with pytest.raises(ClusterError, match="no_such_one"), connect(1, cluster=asked, shared_folder=tmp_path):
        pytest.fail("no cluster is there")


def test_refused_model_of_somebody_else_is_a_row_and_not_another_building(tmp_path, simulate, cases):
    model = tmp_path / "theirs.idf"
    model.write_text("Version,9.2;")
    found = simulate(tmp_path / "store", [cases[0].model_copy(update={"model_path": str(model)})])
    assert found["failure_class"].values.tolist() == ["model"]
    assert count_runs(tmp_path / "store") == 0


@pytest.mark.long
def test_model_of_somebody_else_runs(tmp_path, simulate, cases):
    import pyenergyplus

    model = Path(pyenergyplus.__file__).parent / "data" / "model" / "RefBldgSmallOfficeNew2004_Chicago.idf"
    found = simulate(tmp_path / "store", [cases[0].model_copy(update={"model_path": str(model)})])
    assert found["status"].values.tolist() == ["ok"], found["failure_message"].values
    assert float(found["energy_use"].sel(month=7).sum()) > 0


def test_a_model_of_somebody_else_runs_under_the_time_limit(tmp_path, simulate, cases):
    import pyenergyplus

    model = Path(pyenergyplus.__file__).parent / "data" / "model" / "RefBldgSmallOfficeNew2004_Chicago.idf"
    found = simulate(tmp_path / "store", [cases[0].model_copy(update={"model_path": str(model)})], timeout_s=0.5)
    assert found["failure_class"].values.tolist() == ["timeout"], found["failure_message"].values
    assert np.isnan(found["energy_use"].values).all()


def test_local_schedulers_and_workers_listen_on_loopback_only(scheduler):
    family = [psutil.Process(), *psutil.Process().children(recursive=True)]
    heard = [socket.laddr.ip for process in family for socket in process.net_connections()
             if socket.status == psutil.CONN_LISTEN]
    assert heard
    assert set(heard) == {"127.0.0.1"}
