import csv

import openpyxl
import pytest
from typer.testing import CliRunner

from buildings.datafile import DATA_DIR
from scripts.buildings import app
from vocabulary import InputError

REGISTRY = str(DATA_DIR / "jiading_illustrative.csv")
BILLS = str(DATA_DIR / "jiading_illustrative_bills.csv")


def run(*words):
    result = CliRunner().invoke(app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("verb", ["check", "benchmark", "disclose", "audit", "savings"])
def test_every_verb_has_help_with_an_example(verb):
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert "Example" in result.output


def test_check_passes_a_good_registry_and_finds_a_bad_one(tmp_path):
    assert run("check", REGISTRY).exit_code == 0
    bad = tmp_path / "bad.csv"
    bad.write_text("building_id,floor_area_m2,storeys,year_built,source_system\nA,0.6,6,1998,splitt\n")
    result = run("check", str(bad), "--out", str(tmp_path / "faults.csv"))
    assert result.exit_code == 2
    with (tmp_path / "faults.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["kind"], row["nearest"]) for row in rows] == [("fault", "6000"), ("fault", "split")]


def test_disclosure_in_chinese_xlsx(tmp_path):
    out = tmp_path / "d.xlsx"
    result = run("disclose", REGISTRY, "--bills", BILLS, "--language", "zh", "--out", str(out))
    assert result.exit_code == 0
    assert "illustrative" in result.output
    page = openpyxl.load_workbook(out).worksheets[0]
    assert page["A1"].value == "单位编号"
    assert "示例数据" in str(page.cell(2, page.max_column).value)


def test_benchmark_and_audit_write_a_row_each(tmp_path):
    for verb in ("benchmark", "audit"):
        out = tmp_path / f"{verb}.csv"
        assert run(verb, REGISTRY, "--bills", BILLS, "--out", str(out)).exit_code == 0
        with out.open(encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == 115
        assert {row["illustrative"] for row in rows} == {"True"}


def test_savings_of_a_registry_without_retrofits(tmp_path):
    degree_days = tmp_path / "dd.csv"
    months = [f"{year}-{month:02d},100,50" for year in (2023, 2024, 2025) for month in range(1, 13)]
    degree_days.write_text("month,heating_degree_days,cooling_degree_days\n" + "\n".join(months) + "\n")
    result = run("savings", REGISTRY, "--bills", BILLS, "--degree-days", str(degree_days))
    assert result.exit_code == 0
    assert "0 retrofits" in result.output


def test_savings_are_stated_for_a_year_or_for_the_months_since(tmp_path):
    head = "building_id,floor_area_m2,storeys,year_built,source_system,retrofit_month,promised_saving_kwh\n"
    registry, bills, use = (tmp_path / name for name in ("registry.csv", "bills.csv", "use.csv"))
    registry.write_text(head + "A,6000,5,1998,split,2024-01,100000\nB,6000,5,1998,split,2025-03,\n")
    shape = [46, 41, 37, 29, 31, 36, 54, 55, 47, 31, 31, 42]
    months = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
    rows = [f"{name},{month},{1000 * shape[int(month[5:]) - 1] * (0.75 if month > since else 1):.0f},,,"
            for name, since in (("A", "2024-01"), ("B", "2025-03")) for month in months]
    bills.write_text("building_id,month,electricity_kwh,gas_m3,water_m3,cost_cny\n" + "\n".join(rows) + "\n")
    use.write_text("building_id,use_factor,use_factor_std\nA,1.2,0.05\n")
    out = tmp_path / "savings.csv"
    result = run("savings", str(registry), "--bills", str(bills), "--out", str(out))
    assert result.exit_code == 0
    first, second, last = result.output.splitlines()[-3:]
    assert "a year" in first
    assert "promised 100,000 a year" in first
    assert "in 9 months" in second
    assert "no year stated" in second
    assert "2 retrofits" in last
    assert "use taken as unchanged" in last
    with out.open(encoding="utf-8-sig") as file:
        stated = list(csv.DictReader(file))
    assert float(stated[0]["kept_fraction"]) == pytest.approx(1.2, abs=0.05)
    assert stated[1]["avoided_kwh_per_year"] == ""
    grown = run("savings", str(registry), "--bills", str(bills), "--use-factors", str(use)).output.splitlines()[-3:]
    assert grown[0] != first
    assert grown[1] == second
    assert "unchanged" not in grown[2]


def test_what_is_missing_is_named():
    with pytest.raises(InputError, match="--bills"):
        run("benchmark", REGISTRY)
    with pytest.raises(InputError, match="en or zh"):
        run("disclose", REGISTRY, "--bills", BILLS, "--language", "fr")
