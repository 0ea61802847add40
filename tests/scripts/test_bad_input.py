"""Every fault of a study is told in one message with its place, before anything runs, with exit code 2."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

import weather
from scripts import fit, ties
from scripts.__main__ import app
from scripts.context import Options, open_study
from scripts.input_faults import check_inputs
from scripts.outcome import Outcome
from scripts.study import read_study
from scripts.workspace import Workspace
from vocabulary import InputError

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "scripts" / "studies").glob("*.yaml"))
SURROGATE = ROOT / "sim" / "data" / "shanghai_office.nc"
SAMPLE = ROOT / "scripts" / "studies" / "jiading_sample.yaml"
REGISTRY = ROOT / "buildings" / "data" / "jiading_sample.csv"


@pytest.fixture
def study(tmp_path):
    given = yaml.safe_load(SAMPLE.read_text())
    given["buildings"]["registry"] = str(REGISTRY)
    return given


def told(given, folder, verb="run"):
    """Run a verb on a study given as a mapping and return its JSON object."""
    path = folder / "study.yaml"
    path.write_text(given if isinstance(given, str) else yaml.safe_dump(given), encoding="utf-8")
    result = CliRunner().invoke(app, [verb, str(path), "--json", *(["--out", str(folder / "out")] * (verb != "check"))])
    return json.loads(result.stdout.strip().splitlines()[-1])


def places(answer):
    return [fault["place"] for fault in answer["faults"]]


def refused(given, folder, place, nearest=""):
    answer = told(given, folder)
    assert answer["exit_code"] == 2
    assert answer["runs"] == {"done": 0, "skipped": 0, "failed": 0}
    found = [fault for fault in answer["faults"] if place in fault["place"]]
    assert found, answer["faults"]
    assert all(fault["expected"] and fault["found"] for fault in found)
    assert found[0]["nearest"] == nearest
    assert not (folder / "out").exists(), "nothing may be written for a study that is refused"


def test_the_sample_itself_is_accepted(study, tmp_path):
    assert told(study, tmp_path, "check")["exit_code"] == 0


def test_unknown_keys_get_the_nearest_spelling(study, tmp_path):
    study["simulation"]["trainings_runs"] = 5
    refused(study, tmp_path, "simulation.trainings_runs", "training_runs")


@pytest.mark.parametrize(("settings", "place"), [
    ({"run_period": [7, 1, 7, 7]}, "simulation.settings"),  # a week's energy would be called a year's
    ({"hourly": False}, "simulation.settings"),
    ({"run_period": [2, 30, 3, 1]}, "simulation.settings.run_period"),
    ({"minimum_plant_iterations": 6, "maximum_plant_iterations": 4}, "simulation.settings"),
    ({"temperature_tolerance_k": 0.6}, "simulation.settings.temperature_tolerance_k"),
])
def test_settings_that_no_year_can_be_run_with(study, tmp_path, settings, place):
    study["simulation"]["settings"] = settings
    refused(study, tmp_path, place)


@pytest.mark.parametrize(("words", "place"), [
    (["--cluster", "slrum"], "--cluster"), (["--cluster", "slurm", "--scheduler", "127.0.0.1:8786"], "--scheduler")])
def test_workers_that_cannot_be_had_are_refused_before_anything_runs(tmp_path, words, place):
    result = CliRunner().invoke(app, ["simulate", str(SAMPLE), "--json", "--out", str(tmp_path / "out"), *words])
    answer = json.loads(result.stdout.strip().splitlines()[-1])
    assert answer["exit_code"] == 2
    assert places(answer) == [place]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("key", "value"), [
    ("memory", "lots"), ("memory", "2"), ("walltime", "ages"), ("lifetime", "soon"), ("lifetime_stagger", "-1m")])
def test_what_no_queue_understands_is_refused(study, tmp_path, key, value):
    study["simulation"]["cluster"] = {key: value}
    refused(study, tmp_path, f"simulation.cluster.{key}")


def test_what_queues_understand_is_accepted(study, tmp_path):
    study["simulation"]["cluster"] = {"memory": "1.5 GiB", "walltime": "2-00:00:00", "lifetime": "50m"}
    assert told(study, tmp_path, "check")["exit_code"] == 0


def test_all_faults_come_in_one_message(study, tmp_path):
    study["simulation"]["timeout"] = 5
    study["optimiser"]["scenarios"][1]["budget_cny"] = -1
    study["optimiser"]["rules"]["objectiv"] = "saving"
    study["packages"]["costs"] = "middle"
    found = places(told(study, tmp_path))
    for place in ("simulation.timeout", "scenarios.1.budget_cny", "rules.objectiv", "packages.costs"):
        assert any(place in item for item in found), (place, found)


@pytest.mark.parametrize("budget", [-1, float("nan"), "much", [1, -2]])
def test_a_budget_that_is_no_amount_is_refused(study, tmp_path, budget):
    study["optimiser"]["scenarios"][0]["budget_cny"] = budget
    refused(study, tmp_path, "scenarios.0.budget_cny")


def test_a_measure_that_does_not_exist(study, tmp_path):
    study["packages"]["measures"].append("led_high_eficacy")
    refused(study, tmp_path, "packages.measures", "led_high_efficacy")


def test_two_scenarios_of_one_name(study, tmp_path):
    study["optimiser"]["scenarios"][1]["name"] = study["optimiser"]["scenarios"][0]["name"]
    refused(study, tmp_path, "optimiser.scenarios")


def test_a_missing_file_gets_the_nearest_name(study, tmp_path):
    study["buildings"]["registry"] = str(REGISTRY.with_name("jiading_smaple.csv"))
    refused(study, tmp_path, "buildings.registry", "jiading_sample.csv")


NO_STUDIES = ["", "- a\n- b\n", "name: [", "name: a\nname: b\n", "\x00", "name: !!python/object:os.x {}"]


@pytest.mark.parametrize("text", NO_STUDIES)
def test_what_is_no_study_is_refused(text, tmp_path):
    assert told(text, tmp_path)["exit_code"] == 2


def edited(tmp_path, edit):
    lines = REGISTRY.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("building_id"))
    header, *rows = [line.split(",") for line in lines[start:]]
    edit(header, rows)
    path = tmp_path / "registry.csv"
    path.write_text("\n".join([*lines[:start], *(",".join(row) for row in [header, *rows])]) + "\n", encoding="utf-8")
    return str(path)


def set_cell(column, value, row=0):
    def edit(header, rows):
        rows[row][header.index(column)] = value

    return edit


def rename(column, name):
    def edit(header, rows):
        header[header.index(column)] = name

    return edit


def twice(header, rows):
    rows.append(list(rows[0]))


def swap(header, rows):
    a, b = header.index("latitude_deg"), header.index("longitude_deg")
    for row in rows:
        row[a], row[b] = row[b], row[a]


REGISTRY_FAULTS = {
    "negative area": (set_cell("floor_area_m2", "-5"), "floor_area_m2"),
    "area in 10^4 m2": (set_cell("floor_area_m2", "1.2"), "floor_area_m2"),
    "area is text": (set_cell("floor_area_m2", "large"), "floor_area_m2"),
    "unknown source system": (set_cell("source_system", "vfr"), "source_system"),
    "misspelt column": (rename("floor_area_m2", "florr_area_m2"), "florr_area_m2"),
    "building twice": (twice, "building_id"),
    "latitude and longitude swapped": (swap, "latitude_deg"),
}


@pytest.mark.parametrize("fault", REGISTRY_FAULTS)
def test_registry_faults_name_row_and_column(fault, study, tmp_path):
    edit, place = REGISTRY_FAULTS[fault]
    study["buildings"]["registry"] = edited(tmp_path, edit)
    answer = told(study, tmp_path)
    assert answer["exit_code"] == 2
    text = json.dumps(answer["faults"])
    assert place in text, text
    assert "registry.csv" in text


def test_an_empty_registry_is_refused(study, tmp_path):
    study["buildings"]["registry"] = edited(tmp_path, lambda header, rows: rows.clear())
    assert told(study, tmp_path)["exit_code"] == 2


@pytest.mark.parametrize("content", [b"", b"LOCATION,x\n", os.urandom(5000)])
def test_an_unreadable_epw_is_refused(content, study, tmp_path):
    path = tmp_path / "year.epw"
    path.write_bytes(content)
    study["weather"] = {"epw": str(path)}
    assert told(study, tmp_path)["exit_code"] == 2


def test_faults_of_a_weather_file_and_its_distance_are_told(study, tmp_path):
    """The file may be used all the same; a fault of the study it is not."""
    year = weather.make_typical_year("shanghai")
    values = year["direct_normal_radiation"].values.copy()
    values[[4000, 4001]] = 2000
    year["direct_normal_radiation"] = ("hour", values, year["direct_normal_radiation"].attrs)
    year.attrs["latitude_deg"] = 33.5
    weather.write_epw(year, tmp_path / "year.epw")
    study["weather"] = {"epw": str(tmp_path / "year.epw")}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "study.yaml")])
    assert result.exit_code == 0, result.output
    assert "year.epw has faults" in result.output
    assert "2 rows: direct normal above 1000 W/m2" in result.output
    assert "km from the buildings, more than 100 km" in result.output
    assert "has faults" not in CliRunner().invoke(app, ["check", str(SAMPLE)]).output


def test_city_and_epw_exclude_each_other(study, tmp_path):
    study["weather"]["epw"] = str(REGISTRY)
    refused(study, tmp_path, "weather")


def test_the_folder_of_another_study_is_left_alone(study, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "study.yaml").write_text("name: another\n")
    answer = told(study, tmp_path)
    assert answer["exit_code"] == 2
    assert "another" in answer["faults"][0]["found"]
    assert (tmp_path / "out" / "study.yaml").read_text() == "name: another\n"


def test_a_folder_that_cannot_be_written(study, tmp_path):
    (tmp_path / "out").write_text("a file stands in the way")
    answer = told(study, tmp_path)
    assert (answer["exit_code"], places(answer)) == (2, ["--out"])


def test_works_of_an_unknown_compound_get_the_nearest_spelling(study, tmp_path):
    works = {"what": "wiring", "cny_per_m2": 30, "source": "offer", "confidence": "C"}
    study["buildings"]["obligatory_works"] = {"JSC2": works}
    refused(study, tmp_path, "buildings.obligatory_works.JSC2", "JSC1")


def test_a_lane_for_a_contract_must_be_among_the_lanes(study, tmp_path):
    study["optimiser"]["rules"]["contract_lane"] = {"JSC1": "trusteeship"}
    refused(study, tmp_path, "optimiser.scenarios.0.")


def test_the_study_of_the_district_is_a_valid_one():
    study = read_study(ROOT / "scripts" / "studies" / "jiading.yaml")
    assert study.report.published.projects == 26
    assert {"district_plan", "pooled_contracts"} <= {scenario.name for scenario in study.optimiser.scenarios}


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_the_ready_studies_are_accepted(path):
    result = CliRunner().invoke(app, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert "no fault found" in result.output


LATE = {
    "optimiser.tariff": "shanghai_two_part_tou",
    "optimiser.rules.subsidies": "shanghai_epc_fund",
    "optimiser.scenarios.0.forbid": "",
    "optimiser.scenarios.0.forbid.JS01": "led+room_control",
    "optimiser.scenarios.1.require.JS01": "led+source_vrf",
    "optimiser.scenarios.1.require.JS02": "led+room_control",
    "optimiser.scenarios.1.require.JS03": "",
    "optimiser.scenarios.2.contract_lane.JS01": "JSC1",
    "optimiser.scenarios.2.contract_lane.NOPE": "",
    "optimiser.scenarios.3.prerequisites": "led",
    "optimiser.scenarios.3.prerequisites.led": "room_control",
    "optimiser.scenarios.3.exclusions.0": "window_replacement",
    "optimiser.scenarios.4.end_of_life_first": "",
    "optimiser.scenarios.4.energy_basis": "",
    "optimiser.scenarios.4.budget_parts.0.buildings": "JS09",
    "optimiser.scenarios.4.budget_parts.0.measures": "led",
    "optimiser.scenarios.4.budget_parts.0.packages": "",
    "surrogate.file: made for another weather": "",
    "row 2, column month": "",
    "row 2, column cooling_degree_days": "",
}
"""Places of faults that once were told only after the engine had run, and the nearest name of each."""


@pytest.fixture
def late(study, tmp_path):
    """A study whose schema is in order, with every fault of LATE."""
    one, two, three, four, five = study["optimiser"]["scenarios"]
    study["weather"]["seed"] = 5
    study["surrogate"] = {"file": str(SURROGATE)}
    study["optimiser"]["tariff"] = "shanghai_two_part_tuo"
    study["optimiser"]["rules"]["subsidies"] = ["shanghai_epc_fun"]
    one["forbid"] = [["NOPE", "*"], ["JS01", "room_control+led"]]
    two["require"] = {"JS01": "led+source_vfr", "JS02": "room_control+led", "JS03": "source_condensing_boiler"}
    three |= {"lanes": ["own_funds", "trusteeship"], "contract_lane": {"JS01": "trusteeship", "NOPE": "own_funds"}}
    four |= {"prerequisites": {"ledd": ["led"], "led": ["room_controll"]}, "exclusions": [["led", "window_replacment"]]}
    part = {"name": "part", "amount_cny": 1, "buildings": ["JS99"], "measures": ["leds"],
            "packages": ["led+led_high_efficacy"]}  # two measures of one slot
    del five["budget_cny"]
    five |= {"yearly_budget_cny": [1, 2], "end_of_life_first": True, "energy_basis": "shanghai_primary",
             "budget_parts": [part]}
    degree_days = tmp_path / "degree_days.csv"
    degree_days.write_text("month,heating_degree_days,cooling_degree_days\n2023-13,5,many\n")
    study["buildings"]["degree_days"] = str(degree_days)
    return study


@pytest.mark.parametrize("verb", ["check", "run", "simulate", "report"])
def test_what_only_the_inputs_show_is_told_with_all_else_before_anything_runs(late, tmp_path, verb):
    answer = told(late, tmp_path, verb)
    assert answer["exit_code"] == 2
    assert answer["runs"] == {"done": 0, "skipped": 0, "failed": 0}
    wanted = {place: near for place, near in LATE.items() if verb != "simulate" or "surrogate" not in place}
    assert {fault["place"]: fault["nearest"] for fault in answer["faults"]} == wanted
    assert all(fault["file"].endswith(("study.yaml", "degree_days.csv")) for fault in answer["faults"])
    assert all(fault["found"] and fault["expected"] for fault in answer["faults"])
    assert {path.name for path in tmp_path.iterdir()} == {"study.yaml", "degree_days.csv"}, "nothing may be written"


def test_wrong_keys_and_rows_and_missing_files_hide_nothing(late, tmp_path):
    late["optimiser"]["scenarios"][2]["budget_cny"] = -1
    late["buildings"]["registry"] = edited(tmp_path, set_cell("floor_area_m2", "-5", row=8))
    late["buildings"]["bills"] = str(tmp_path / "bills.csv")
    late["buildings"]["bill"] = "misspelt"
    late["name"] = "no name"
    found = places(told(late, tmp_path))
    for place in ("name", "buildings.bill", "buildings.bills", "row 10, column floor_area_m2"):
        assert sum(item.endswith(place) for item in found) == 1, (place, found)
    assert any(place.startswith("optimiser.scenarios.2.budget_cny") for place in found)
    # whether some building is offered a package is not known while a row is wrong
    assert set(LATE) - {"optimiser.scenarios.4.budget_parts.0.packages"} <= set(found)
    assert len(found) == len(set(found)), "each once"


@pytest.mark.parametrize("scenarios", [[1, {"name": ""}], [{"name": 5}, 1], [{}], {}, 5, None, [{"name": ""}, {5: 6}]])
def test_scenarios_that_are_none_are_bad_input_and_no_crash(study, tmp_path, scenarios):
    study["optimiser"]["scenarios"] = scenarios
    refused(study, tmp_path, "optimiser.scenarios")
    assert told({**study, 5: 6}, tmp_path)["exit_code"] == 2


def test_a_scenario_without_a_name_hides_no_other_fault(study, tmp_path):
    study["optimiser"]["scenarios"][1] = {"forbid": ["NOPE"], "budget_cny": 1}
    found = places(told(study, tmp_path))
    assert found == ["optimiser.scenarios.1.name", "optimiser.scenarios.1.forbid"]


def test_a_surrogate_is_not_called_another_studys_while_a_key_of_its_ties_is_wrong(late, tmp_path):
    late["simulation"]["setings"] = {}
    found = places(told(late, tmp_path))
    assert "simulation.setings" in found
    assert "optimiser.scenarios.0.forbid" in found
    assert not any("surrogate" in place for place in found)


@pytest.mark.parametrize(("rule", "value"), [
    ("forbid", 5), ("forbid", [5]), ("require", {"JS01": None}), ("require", [["JS01", "led", "more"]])])
def test_what_names_no_pairs_is_bad_input_and_no_crash(study, tmp_path, rule, value):
    study["optimiser"]["scenarios"][0][rule] = value
    refused(study, tmp_path, f"optimiser.scenarios.0.{rule}")


def test_names_that_are_known_are_accepted(study, tmp_path):
    """Would catch: a package refused that is offered, a whole compound or all buildings taken for unknown."""
    study["optimiser"]["rules"] |= {"forbid": {"*": ["led"], "JS01": "*"}, "subsidies": ["shanghai_epc_fund"]}
    first, second, third, *_ = study["optimiser"]["scenarios"]
    first["require"] = [["JS03", "led_high_efficacy+room_control"], ["JS04", "*"], "JS02"]
    second |= {"lanes": ["own_funds", "trusteeship"], "contract_lane": {"JSC1": "trusteeship", "JS03": "own_funds"}}
    # led is of the catalogue, though the study offers it to nobody any more
    third |= {"prerequisites": {"room_control": ["led"]}, "budget_cny": [1000, 2000]}
    study["packages"]["measures"].remove("source_vrf")
    answer = told(study, tmp_path, "check")
    assert answer["exit_code"] == 0, answer["faults"]
    third["forbid"] = {"JS03": "source_vrf"}
    refused(study, tmp_path, "optimiser.scenarios.2.forbid.JS03")


def test_two_scenarios_of_one_budget(study, tmp_path):
    study["optimiser"]["scenarios"][3]["budget_cny"] = [5, 6, 5]
    refused(study, tmp_path, "optimiser.scenarios.3.budget_cny")


def with_surrogate(study, folder, **changed):
    """Return the context of the sample with the shipped surrogate, as `check` makes it."""
    study["surrogate"] = {"file": str(SURROGATE)}
    (folder / "study.yaml").write_text(yaml.safe_dump(study | changed), encoding="utf-8")
    return open_study(folder / "study.yaml", Workspace(folder), Options(), Outcome())


def misfit_places(context):
    with pytest.raises(InputError) as caught:
        check_inputs(context)
    return [fault.place for fault in caught.value.faults]


def test_a_surrogate_of_other_settings_catalogue_or_models_is_told_before_anything_runs(study, tmp_path, monkeypatch):
    check_inputs(with_surrogate(study, tmp_path))
    settings = with_surrogate(study, tmp_path, simulation={"settings": {"timesteps_per_hour": 4}})
    assert misfit_places(settings) == ["surrogate.file: made for another settings"]
    catalogue = tmp_path / "measures.yaml"
    text = (ROOT / "buildings" / "data" / "measures.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    data["measures"]["led"]["excludes"] = ["room_control"]
    catalogue.write_text(yaml.safe_dump(data), encoding="utf-8")
    other = with_surrogate(study, tmp_path, packages={"catalogue": str(catalogue)})
    assert misfit_places(other) == ["surrogate.file: made for another catalogue"]
    monkeypatch.setattr(ties, "run_keys", lambda *_: ["another"])
    assert misfit_places(with_surrogate(study, tmp_path)) == ["surrogate.file: made for another models"]
    # a surrogate of the folder's own runs is taken before the one that the study names
    monkeypatch.setattr(fit, "is_current", lambda _context: True)
    check_inputs(with_surrogate(study, tmp_path))


@pytest.mark.parametrize("content", [b"", b"no netCDF", None])
def test_a_file_that_is_no_surrogate(study, tmp_path, content):
    path = tmp_path / "surrogate.nc"
    if content is None:  # a file of ours, of another kind
        import xarray as xr

        import netcdf

        netcdf.write_dataset(path, xr.Dataset(), title="nothing")
    else:
        path.write_bytes(content)
    study["surrogate"] = {"file": str(path)}
    answer = told(study, tmp_path)
    assert answer["exit_code"] == 2
    assert [fault["file"] for fault in answer["faults"]] == [str(path)]


def test_weather_of_billed_years_is_read_though_no_calibration_is_asked_for(study, tmp_path):
    """Broken files, and files that can be read but lack what the surrogate needs."""
    year = weather.make_typical_year("shanghai")
    air = year["dry_bulb_temperature"]
    year["dry_bulb_temperature"] = air.copy(data=np.where(np.arange(8760) < 5, np.nan, air.values))
    weather.write_epw(year, tmp_path / "gaps.epw")
    (tmp_path / "broken.epw").write_text("LOCATION,x\n")
    study["buildings"]["bill_weather"] = {2022: str(tmp_path / "gaps.epw"), 2023: str(tmp_path / "broken.epw")}
    answer = told(study, tmp_path, "check")
    assert answer["exit_code"] == 2
    files = {Path(fault["file"]).name: fault for fault in answer["faults"]}
    assert files.keys() == {"gaps.epw", "broken.epw"}
    assert files["gaps.epw"]["place"] == "dry_bulb_temperature"


def test_strange_bills_are_told_as_a_note(study, tmp_path):
    rows = ["building_id,month,electricity_kwh,reading"]
    rows += [f"JS03,{2021 + i // 12}-{i % 12 + 1:02d},9000,{'estimated' if i < 30 else 'metered'}" for i in range(36)]
    (tmp_path / "bills.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    study["buildings"]["bills"] = str(tmp_path / "bills.csv")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", str(tmp_path / "study.yaml")])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("Note: bills.csv has "))
    count = int(lines[at].split()[3])
    assert count >= 30
    assert lines[at].endswith("strange values (retrofolio buildings check REGISTRY --bills FILE):")
    assert all(line.startswith("  bills.csv: row ") for line in lines[at + 1 : at + 21])
    assert lines[at + 21] == f"  and {count - 20} more"
    context = open_study(tmp_path / "study.yaml", Workspace(tmp_path), Options(), Outcome())
    check_inputs(context)
    context.say_strange_bills(0)  # as the running verbs tell it
    assert context.outcome.lines == [lines[at].removesuffix(":") + "."]
