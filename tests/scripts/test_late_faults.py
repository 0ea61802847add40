"""Faults that only a study's inputs show: names in rules, tariff, surrogate, bills; told before anything runs."""

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
from scripts.workspace import Workspace
from tests.scripts.conftest import ROOT, SURROGATE, edited, places, refused, set_cell, told
from vocabulary import InputError

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
