"""Rows, sinks, findings, keys and progress: no engine needed."""

import io
import json
import math
import sys
import time
from collections import Counter

import numpy as np
import pytest
import small_cases
import xarray as xr

import netcdf
from sim.case import Case, canonical, case_key, design_table
from sim.engine import findings as findings_module
from sim.engine.findings import barred_from_fitting, findings
from sim.engine.gather import Chunk, static
from sim.engine.progress import JsonReporter, Tally, reporter
from sim.engine.record import Record
from sim.engine.simulate import TooManyFailedError, check_failures
from sim.engine.sink import FileSink, MemorySink


def record(number, kind=""):
    if kind:
        return Record(f"run{number}", "v", failure_class=kind, failure_message=f"number {number}")
    use = np.full((2, 10, 12), float(number))
    results = {"energy_use": use.tolist(), "peak_demand": [1.0] * 12, "cooling_delivered": [2.0] * 12,
               "heating_delivered": [3.0] * 12, "unmet_fraction": 0.01,
               "quantities": {"cooling_capacity": 50.0 + number, "floor_area": 1.0}}
    return Record(f"run{number}", "v", run_seconds=2.0, results=results)


def rows(numbers, order=None, kinds=None):
    cases = small_cases.cases(len(numbers), odd=None)
    chunk = Chunk(0, cases)
    for place in order or range(len(numbers)):
        chunk.put(place, f"case{place}", f"run{place}", record(numbers[place], (kinds or {}).get(place, "")))
    assert chunk.is_complete
    return chunk.dataset()


def common():
    year = xr.Dataset({"dry_bulb_temperature": ("hour", np.zeros(8760), {"units": "degC", "long_name": "air"})})
    return static(year, np.ones(365, dtype=bool))


def test_order_of_completion_changes_nothing():
    xr.testing.assert_identical(rows([1, 2, 3]), rows([1, 2, 3], order=[2, 0, 1]))


def test_failed_case_is_a_row_without_numbers():
    found = rows([1, 2, 3], kinds={1: "fatal"})
    assert found["status"].values.tolist() == ["ok", "failed", "ok"]
    assert found["failure_message"].values[1] == "number 2"
    for name in ("energy_use", "peak_demand", "unmet_fraction", "cooling_capacity"):
        assert np.isnan(found[name].values[1]).all()
        assert np.isfinite(found[name].values[[0, 2]]).all()


def test_file_and_memory_hold_the_same(tmp_path):
    parts = [rows([1, 2, 3]), rows([4, 5])]
    memory = MemorySink()
    with FileSink(tmp_path / "out.nc", 5, {"title": "t"}) as file:
        for start, part in ((3, parts[1]), (0, parts[0])):
            memory.put(start, part)
            file.put(start, part)
        from_file = file.finish(common()).load()
    from_memory = memory.finish(common())
    assert set(from_file.variables) == set(from_memory.variables)
    for name in from_memory.variables:
        np.testing.assert_array_equal(from_file[name].values.astype(from_memory[name].dtype),
                                      from_memory[name].values, err_msg=str(name))


def test_memory_result_passes_the_door_to_files(tmp_path):
    memory = MemorySink()
    memory.put(0, rows([1, 2]))
    answer = memory.finish(common())
    assert netcdf.faults_of(answer) == []
    netcdf.write_dataset(tmp_path / "simulations.nc", answer, title="Simulated cases")
    assert netcdf.read_dataset(tmp_path / "simulations.nc")["status"].values.tolist() == ["ok", "ok"]


def test_broken_off_file_is_not_left(tmp_path):
    def write_half():
        with FileSink(tmp_path / "out.nc", 2, {}) as file:
            file.put(0, rows([1, 2]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_case_key_follows_what_changes_a_model_and_nothing_else():
    case = small_cases.case()
    key = case_key(case, "shared")
    assert case_key(case.model_copy(update={"role": "holdout", "building_id": "x", "package_id": "y"}), "shared") == key
    assert case_key(case, "other weather") != key
    assert case_key(case.model_copy(update={"pv_capacity_kw": 5.0}), "shared") != key
    for name, value in (("window_shgc", 0.46), ("storeys", 2), ("variable_flow", True), ("source_system", "vrf"),
                        ("replaced_equipment", frozenset({"pumps"})), ("sizing", small_cases.design())):
        changed = Case(**{**case.__dict__, "design": case.design.model_copy(update={name: value})})
        assert case_key(changed, "shared") != key, name


def test_canonical_text_does_not_depend_on_the_order_of_sets():
    one = small_cases.design(replaced_equipment=frozenset(["pumps", "tower", "terminals"]))
    other = small_cases.design(replaced_equipment=frozenset(["terminals", "pumps", "tower"]))
    assert canonical(one) == canonical(other)


def test_numpy_numbers_give_the_same_key():
    plain, numpy = small_cases.design(lighting=8.25), small_cases.design(lighting=np.float64(8.25))
    assert canonical(plain) == canonical(numpy)


def test_design_table_has_units_and_sizing():
    before = small_cases.design(lighting=12.0)
    after = small_cases.design(lighting=5.0, sizing=before, replaced_equipment=frozenset({"pumps"}))
    table = design_table([before, after])
    assert table["lighting_power_density_w_per_m2"].values.tolist() == [12.0, 5.0]
    assert table["sizing_lighting_power_density_w_per_m2"].values.tolist() == [12.0, 12.0]
    assert table["replaced_pumps"].values.tolist() == [0, 1]
    assert table["source_system"].values.tolist() == ["split", "split"]
    assert netcdf.faults_of(table) == []


@pytest.mark.parametrize(("use", "flag"), [(1.0, True), (400.0 * 80 / 240, False), (400.0 * 900 / 240, True)])
def test_implausible_intensity(use, flag):
    assert findings(record(use), 400.0).implausible is flag


def test_partial_year_is_never_called_implausible():
    part = record(1.0)
    part.results["energy_use"][0][0][3] = math.nan
    assert not findings(part, 400.0).implausible


def test_severe_messages_count_unless_listed_as_harmless(monkeypatch):
    import re

    monkeypatch.setattr(findings_module, "harmless", lambda: (re.compile("^Known .* case$"),))
    quiet = Record("k", "v", severe=("Known to be a harmless case",))
    loud = Record("k", "v", severe=("Known to be a harmless case", "Something else"))
    assert not findings(quiet, 1.0).severe
    assert findings(loud, 1.0).severe_message == "Something else"


def test_harmless_messages_of_the_data_file_compile_and_have_reasons():
    from sim.engine.findings import HarmlessMessages, harmless
    from sim.models.datafile import load

    assert len(harmless()) == len(load("harmless_messages.yaml", HarmlessMessages).messages)
    assert all(message.reason for message in load("harmless_messages.yaml", HarmlessMessages).messages)


@pytest.mark.parametrize(("failed", "refused"), [(2, False), (3, True)])
def test_more_than_a_tenth_failed_stops_the_chain(failed, refused):
    status = np.array(["failed"] * failed + ["ok"] * (20 - failed) + ["failed"] * 9)
    found = xr.Dataset({"status": ("case", status), "role": ("case", ["training"] * 20 + ["holdout"] * 9),
                        "failure_class": ("case", np.where(status == "ok", "", "fatal"))})
    if refused:
        with pytest.raises(TooManyFailedError, match="3 of 20") as caught:
            check_failures(found)
        assert caught.value.exit_code == 3
    else:
        check_failures(found)


def test_progress_in_words_and_json(monkeypatch):
    tally = Tally(total=10, done=3, skipped=2, running=2)
    tally.failed["timeout"] = 1
    assert tally.finished == 6
    assert "timeout 1" in tally.in_words()
    assert "found in the store 2" in tally.in_words()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    shown = JsonReporter()
    for _ in range(5):
        shown.show(tally)
    assert len(stream.getvalue().splitlines()) == 1  # at most one a second
    assert json.loads(stream.getvalue())["progress"]["failed"] == {"timeout": 1}


def test_time_left_knows_only_cases_that_were_run_now():
    """Failures that lay in the store took no time: counted as run they would promise an early end."""
    tally = Tally(total=100, done=2, skipped=40, found_failed=8, started=time.monotonic() - 20.0)
    tally.failed["fatal"] = 8
    assert tally.seconds_left() == pytest.approx(10.0 * 50, rel=0.01)
    assert Tally(total=3, skipped=1, found_failed=1, failed=Counter(fatal=1)).seconds_left() is None


@pytest.mark.parametrize("style", ["rich", "quiet", "json"])
def test_every_style_shows_a_tally(style, capsys):
    with reporter(style) as shown:
        shown.show(Tally(total=2, done=1))
    assert capsys.readouterr().out == ""  # standard output belongs to the command


def test_findings_bar_a_run_from_fitting_as_the_study_says():
    found = xr.Dataset({"status": ("case", np.array(["ok", "ok", "ok", "failed", "ok"])),
                        "finding_severe": ("case", [True, False, False, False, False]),
                        "finding_unmet": ("case", [False, True, False, False, False]),
                        "finding_implausible": ("case", [False, False, True, False, False])})
    assert barred_from_fitting(found, ("severe", "implausible")).tolist() == [True, False, True, True, False]
    assert barred_from_fitting(found, ()).tolist() == [False, False, False, True, False]
