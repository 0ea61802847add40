"""Tables and workbook: no formula, no lost number, Chinese that opens properly."""

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.money.contracts import Retrofit, Terms, cash_flows
from optimiser.report import sheets, write_tables
from optimiser.report.material import Material
from vocabulary import InputError

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]


@pytest.fixture(scope="module")
def folder(material, tmp_path_factory):
    inputs = material["inputs"].copy(deep=True)
    names = np.array((FORMULAS * 3)[: inputs.sizes["building"]])
    inputs["building_name"] = inputs["building_name"].copy(data=names)
    made = tmp_path_factory.mktemp("tables") / "tables"
    write_tables(made, **{**material, "inputs": inputs})
    return made


def test_every_table_is_there_in_both_forms(folder):
    names = {path.stem for path in folder.glob("*.csv")}
    assert {"portfolio", "measures", "cash_flows", "contract_statement", "disclosure", "scenarios"} <= names
    assert set(openpyxl.load_workbook(folder / "portfolio.xlsx").sheetnames) == names
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []


def test_files_begin_with_the_mark_that_office_programs_need(folder):
    for path in folder.glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "嘉定镇街道" in (folder / "portfolio.csv").read_text(encoding="utf-8-sig")


def test_no_text_is_a_formula_in_either_form(folder):
    found = pd.read_csv(folder / "portfolio.csv", dtype=str, keep_default_na=False)
    assert set(found["name"]) == {"'" + name for name in FORMULAS}
    book = openpyxl.load_workbook(folder / "portfolio.xlsx")
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert not (isinstance(cell.value, str) and cell.value.lstrip(" ")[:1] in set("=+-@"))


@given(text=st.text())
def test_whatever_the_text_no_cell_starts_a_formula(text):
    safe = sheets.harmless(text)
    assert safe in (text, "'" + text)
    assert str(safe).lstrip(" ")[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"} or not str(safe).strip(" ")


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_stay_numbers(number):
    assert sheets.harmless(number) is number


def test_portfolio_table_holds_the_portfolio(folder, material):
    table = pd.read_csv(folder / "portfolio.csv")
    portfolio = material["portfolio"]
    for name, column in (
        ("energy_saving", "energy_saving_kwh_per_year"),
        ("capital_cost", "capital_cost_cny"),
        ("pv_capacity", "pv_capacity_kw"),
    ):
        assert table[column].to_numpy() == pytest.approx(portfolio[name].values.ravel(), rel=1e-8)
    assert table["package"].to_list() == portfolio["chosen_package"].values.ravel().tolist()


def test_cash_flows_add_up_to_contracts_computed_apart(folder, material):
    table = pd.read_csv(folder / "cash_flows.csv")
    portfolio = material["portfolio"].isel(scenario=2)
    scenario = str(portfolio["scenario"].values)
    own = table[table["scenario"] == scenario]
    touched = portfolio["touched"].values
    first = touched & (portfolio["chosen_year"].values == 1)
    assert own.loc[own["year"] == 0, ["owner_cny", "service_company_cny"]].to_numpy().sum() == pytest.approx(
        -portfolio["capital_cost"].values[first].sum(), rel=1e-7
    )
    shared = touched & (portfolio["chosen_lane"].values == "shared_savings")
    expected = np.zeros(21)
    for begun in (1, 2, 3):
        on = shared & (portfolio["chosen_year"].values == begun)
        retrofit = Retrofit(portfolio["capital_cost"].values[on], portfolio["annual_cost_saving"].values[on])
        flow = cash_flows("shared_savings", retrofit, Terms(), 20).owner.sum(axis=0)
        expected[begun - 1 :] += flow[: 22 - begun]
    found = own[own["lane"] == "shared_savings"].groupby("year")["owner_cny"].sum()
    assert found.to_numpy() == pytest.approx(expected, rel=1e-7, abs=1e-3)


def test_contract_terms_of_the_rules_are_used(material):
    rules = '{"contract_terms": {"term_years": 5, "shared_esco_share": 0.5, "hurdle_rate": 0.1}}'
    scenario = str(material["portfolio"]["scenario"].values[0])
    portfolio = material["portfolio"].assign_attrs(rules=f"{scenario}: {rules}")
    terms = Material(portfolio, material["inputs"]).terms(scenario)
    assert (terms.term_years, terms.service_share, terms.hurdle_rate) == (5, (0.5,), 0.1)


def test_measures_are_counted_once_per_building(folder, material):
    table = pd.read_csv(folder / "measures.csv")
    portfolio = material["portfolio"].isel(scenario=-1)
    scenario = str(portfolio["scenario"].values)
    for measure in ("led", "window", "controls"):
        expected = sum(measure in str(p).split("+") for p in portfolio["chosen_package"].values)
        found = table[(table["scenario"] == scenario) & (table["measure"] == measure)]["buildings"].sum()
        assert found == expected
    pv = table[(table["scenario"] == scenario) & (table["measure"] == "rooftop_pv")]["buildings"].sum()
    assert pv == (portfolio["pv_capacity"].values > 0).sum()


def test_disclosure_by_hand(folder, material):
    table = pd.read_csv(folder / "disclosure.csv")
    first = table.iloc[0]
    inputs, portfolio = material["inputs"].isel(building=0), material["portfolio"].isel(scenario=0, building=0)
    area, before = float(inputs["floor_area"]), float(inputs["baseline_energy"])
    after = before - float(portfolio["energy_saving"])
    assert first["energy_before_kwh_per_m2"] == pytest.approx(before / area)
    assert first["coal_after_kgce_per_m2"] == pytest.approx(0.1229 * after / area, rel=1e-7)
    assert first["coal_basis"] == "calorific"


def test_before_and_after_come_from_the_runs(folder, material):
    table = pd.read_csv(folder / "end_uses.csv")
    simulations, portfolio = material["simulations"], material["portfolio"].isel(scenario=-1)
    use = simulations["energy_use"].sum(["carrier", "end_use", "month"]).values
    of = dict(
        zip(zip(simulations["building_id"].values, simulations["package_id"].values, strict=True), use, strict=True)
    )
    touched = [
        (b, p)
        for b, p in zip(portfolio["building"].values, portfolio["chosen_package"].values, strict=True)
        if p != "none"
    ]
    own = table[table["scenario"] == str(portfolio["scenario"].values)]
    assert own["before_kwh"].sum() == pytest.approx(sum(of[b, "none"] for b, _ in touched), rel=1e-7)
    assert own["after_kwh"].sum() == pytest.approx(sum(of[pair] for pair in touched), rel=1e-7)


def test_a_file_in_the_way_is_named(material, tmp_path):
    (tmp_path / "tables").write_text("in the way")
    with pytest.raises(InputError, match="tables"):
        write_tables(tmp_path / "tables", material["portfolio"], inputs=material["inputs"])
