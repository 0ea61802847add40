"""The numbers as tables: CSV files and one workbook that open properly in office programs and hold no formulas."""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from optimiser.money.factors import amount_kg
from optimiser.report import before_after, bills, flows, rows, validity
from optimiser.report.beside import beside_table
from optimiser.report.material import Material
from vocabulary import Fault, InputError

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WORKBOOK = "portfolio.xlsx"


def harmless(value: object) -> object:
    """Return a cell that no office program takes for a formula: such text gets an apostrophe in front.

    Examples
    --------
    >>> harmless("=1+1"), harmless("JD-01"), harmless(-5.0)
    ("'=1+1", 'JD-01', -5.0)
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return "'" + value
    return value


def neutralised(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, headers included, cannot become formulas; numbers keep nine significant digits."""
    safe = table.rename(columns={name: str(harmless(str(name))) for name in table.columns})
    for name in safe.columns:
        if pd.api.types.is_float_dtype(safe[name]):
            safe[name] = safe[name].map(lambda x: x if pd.isna(x) else float(f"{x:.9g}"))
        elif not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(harmless)
    return safe


def tables(material: Material) -> dict[str, pd.DataFrame]:
    """Return every table of a study by name; units stand in the column names.

    `portfolio` one row per scenario and building, `scenarios`, `measures`, `cash_flows` one row per contract and year,
    `contracts`, `contract_statement` one row per contract and year of its term, `disclosure` energy per floor area,
    `trials`, before-and-after tables, `rule_prices` and `beside_published`.
    """
    found = {
        "portfolio": _stacked(material, rows.building_table),
        "scenarios": rows.totals_table(material),
        "measures": rows.measure_table(material),
        "cash_flows": _stacked(material, flows.flow_table),
        "contracts": _stacked(material, flows.contract_table),
        "contract_statement": _stacked(material, flows.statement_table),
        "disclosure": _stacked(material, disclosure_table),
        "trials": rows.trial_table(material),
        "end_uses": _stacked(material, before_after.end_use_table),
        "months": _stacked(material, before_after.month_table),
        "rule_prices": validity.price_table(material),
        "beside_published": beside_table(material),
    }
    if material.calibration is not None:
        found |= {"bills": bills.agreement_table(material), "bill_parameters": bills.parameter_table(material)}
    return {name: with_units(table) for name, table in found.items()}


def _stacked(material: Material, make: Any) -> pd.DataFrame:  # noqa: ANN401 - any of the table functions
    parts = {scenario: make(material, scenario) for scenario in material.scenarios}
    found = []
    for scenario, table in parts.items():
        own = table.drop(columns="scenario") if "scenario" in table else table
        found.append(own.assign(scenario=scenario)[["scenario", *own.columns]])
    return pd.concat([t for t in found if len(t)] or found[:1], ignore_index=True)


UNIT_ENDINGS = {
    "capital_cost": "cny",
    "annual_cost_saving": "cny_per_year",
    "net_present_value": "cny",
    "owner": "cny",
    "service_company": "cny",
    "owner_cumulative": "cny",
    "subsidy": "cny",
    "public_money_saved": "cny",
    "guarantee_payment": "cny_per_year",
    "service_npv": "cny",
    "budget": "cny",
    "money_missing": "cny",
    "energy_saving": "kwh_per_year",
    "energy_saving_without_pv": "kwh_per_year",
    "saving_predicted": "kwh_per_year",
    "saving_simulated": "kwh_per_year",
    "baseline_energy": "kwh_per_year",
    "pv_self_used": "kwh_per_year",
    "energy_saving_of_these_buildings": "kwh_per_year",
    "coal_saving": "t_per_year",
    "carbon_saving": "t_per_year",
    "pv_capacity": "kw",
    "floor_area": "m2",
    "payback": "years",
    "service_payback": "years",
    "energy_cost_before": "cny",
    "cost_saved": "cny",
    "owner_pays": "cny",
    "kept_by_owner": "cny",
    "before": "kwh",
    "after": "kwh",
}


def with_units(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns end in their unit.

    Examples
    --------
    >>> list(with_units(pd.DataFrame({"capital_cost": [1.0], "building": ["a"]})))
    ['capital_cost_cny', 'building']
    """
    return table.rename(columns={name: f"{name}_{unit}" for name, unit in UNIT_ENDINGS.items()})


def disclosure_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return what a disclosure sheet asks: floor area, energy and standard coal per m2, before and after.

    Coal is counted in the study's basis where that is a coal basis, else in the calorific one.
    """
    table = rows.building_table(material, scenario)
    after = table["baseline_energy"] - table["energy_saving"].fillna(0.0)
    basis = material.basis_name if "coal" in material.basis.amount else "calorific"
    factor = amount_kg(1.0, 0.0, basis)
    return pd.DataFrame(
        {
            "building": table["building"],
            "name": table["name"],
            "town": table["town"],
            "floor_area": table["floor_area"],
            "energy_before_kwh_per_m2": table["baseline_energy"] / table["floor_area"],
            "energy_after_kwh_per_m2": after / table["floor_area"],
            "coal_before_kgce_per_m2": table["baseline_energy"] * factor / table["floor_area"],
            "coal_after_kgce_per_m2": after * factor / table["floor_area"],
            "coal_basis": basis,
        }
    )


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV in UTF-8 with the mark that makes office programs read Chinese properly."""
    text = neutralised(table).to_csv(index=False, lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL)
    return text.encode("utf-8-sig")


def links(material: Material) -> dict[str, dict[str, str]]:
    """Return for each picture and table of the page a file name and a data URI of its numbers as CSV."""
    made = {
        "frontier": frontier_table(material),
        "totals": with_units(rows.totals_table(material)),
        "buildings": with_units(_touched(material)),
        "measures": with_units(rows.measure_table(material)),
        "map": _places(material),
        "end_uses": _stacked(material, before_after.end_use_table),
        "months": _stacked(material, before_after.month_table),
        "profiles": _stacked(material, before_after.profile_table),
        "cash": with_units(_stacked(material, flows.flow_table)),
        "contracts": with_units(_stacked(material, flows.contract_table)),
        "promised": with_units(rows.trial_table(material)),
        "rules": validity.price_table(material),
        "beside": beside_table(material),
    }
    if material.calibration is not None:
        made |= {"bills": bills.agreement_table(material), "bill_parameters": bills.parameter_table(material)}
    if material.validation is not None:
        made["validation"] = validity.cases(material.validation)
    return {name: link(name, table) for name, table in made.items()}


def link(name: str, table: pd.DataFrame) -> dict[str, str]:
    """Return a file name and a data URI that downloads a table."""
    encoded = base64.b64encode(csv_bytes(table)).decode()
    return {"name": f"{name}.csv", "href": f"data:text/csv;charset=utf-8;base64,{encoded}"}


def _touched(material: Material) -> pd.DataFrame:
    table = _stacked(material, rows.building_table)
    return table[table["touched"]]


def _places(material: Material) -> pd.DataFrame:
    table = pd.DataFrame({"building": material.buildings})
    for name in ("latitude", "longitude"):
        values = material.of_building(name)
        table[name] = float("nan") if values is None else values
    return table


def frontier_table(material: Material) -> pd.DataFrame:
    """Return the points behind the frontier: scenarios, exact choice, present ways of planning."""
    totals = rows.totals_table(material)
    parts = [
        pd.DataFrame(
            {
                "line": "scenario",
                "label": totals["scenario"],
                "investment_cny": totals["capital_cost"],
                "energy_saving_kwh_per_year": totals["energy_saving"],
                "energy_saving_without_pv_kwh_per_year": totals["energy_saving_without_pv"],
            }
        )
    ]
    found = material.frontier
    if found is not None and "frontier_budget" in found:
        parts.append(_frontier_part("exact_choice", found["frontier_budget"], found["energy_saving"]))
        for practice in map(str, found["practice"].values) if "practice_saving" in found else ():
            parts.append(
                _frontier_part(practice, found["frontier_budget"], found["practice_saving"].sel(practice=practice))
            )
    return pd.concat(parts, ignore_index=True)


def _frontier_part(label: str, budget: xr.DataArray, saving: xr.DataArray) -> pd.DataFrame:
    return pd.DataFrame(
        {"line": label, "label": "", "investment_cny": budget.values, "energy_saving_kwh_per_year": saving.values}
    )


def write_tables(
    folder: str | Path,
    portfolio: xr.Dataset,
    *,
    inputs: xr.Dataset,
    verification: xr.Dataset | None = None,
    **extras: Any,  # noqa: ANN401 - passed on to `Material`, which names and checks them
) -> list[Path]:
    """Write every table as CSV and all of them as one workbook; return the paths.

    Parameters
    ----------
    folder : path
        Made if absent.
    portfolio, inputs, verification, **extras
        As `write_report` takes them.

    Raises
    ------
    InputError
        If parts do not fit together or the folder cannot be written.
    """
    folder = Path(folder)
    made = tables(Material(portfolio, inputs, verification, **extras))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for name, table in made.items():
            paths.append(folder / f"{name}.csv")
            _replace(paths[-1], csv_bytes(table))
        _replace(folder / WORKBOOK, workbook_bytes(made))
    except OSError as error:
        raise InputError([Fault(str(folder), "folder", str(error), "a folder that may be written")]) from error
    return [*paths, folder / WORKBOOK]


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def workbook_bytes(made: dict[str, pd.DataFrame]) -> bytes:
    """Return a workbook with one sheet per table, header frozen and filterable, texts stored as texts."""
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for name, table in made.items():
            neutralised(table).to_excel(writer, sheet_name=name[:31], index=False)
            sheet = writer.sheets[name[:31]]
            sheet.freeze_panes = "A2"
            sheet.auto_filter.ref = sheet.dimensions
            for i, column in enumerate(table.columns, start=1):
                sheet.column_dimensions[sheet.cell(row=1, column=i).column_letter].width = min(
                    40, max(10, len(str(column)) + 2)
                )
    return buffer.getvalue()
