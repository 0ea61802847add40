"""Every fault of a study is told in one message with its place, before anything runs, with exit code 2."""

import json
import os

import pytest
import yaml
from typer.testing import CliRunner

import weather
from scripts.__main__ import app
from scripts.study import read_study
from tests.scripts.conftest import REGISTRY, ROOT, SAMPLE, STUDIES, edited, places, refused, set_cell, told


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
