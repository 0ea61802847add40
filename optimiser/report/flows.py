"""What the money does, year by year: cash flows of owner and service company per contract."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimiser.money.contracts import (
    OWNER_FUNDED,
    Lane,
    Retrofit,
    cash_flows,
    is_feasible,
    public_money_saved_cny,
    service_npv_cny,
    service_payback_years,
)
from optimiser.report.material import Material
from optimiser.report.rows import building_table
from vocabulary import NO_PACKAGE

LANES: tuple[Lane, ...] = ("own_funds", "guaranteed", "shared_savings", "trusteeship")
HORIZON_YEARS = 20
MONEY_TOLERANCE_CNY = 0.01
STATEMENT = ("scenario", "contract", "lane", "year", "energy_cost_before", "cost_saved", "owner_pays",
             "service_company", "kept_by_owner", "within_last_cost")


def contracts(material: Material, scenario: str) -> dict[tuple[str, Lane], Retrofit]:
    """Return the pooled money of each contract: sums over its buildings; without lanes all is own funds.

    The works of all plan years are drawn from one day of investment, year 0 of their contract.
    """
    table = building_table(material, scenario)
    table["baseline_cost"] = _or_zero(material.of_building("annual_cost_baseline"), len(table))
    table["works"] = _or_zero(material.of_building("obligatory_works_cost"), len(table))
    table["error"] = _error_cny(material, scenario, table)
    on = table[table["touched"] & table["annual_cost_saving"].notna()]
    lane = on["lane"].where(on["lane"] != NO_PACKAGE, "own_funds")
    contract = on["contract"].where(on["contract"] != NO_PACKAGE, lane)
    found: dict[tuple[str, Lane], Retrofit] = {}
    for (name, way), group in on.groupby([contract, lane], sort=True):
        if way in LANES:
            found[(str(name), way)] = _pooled(group, material, scenario)
    return found


def _or_zero(values: np.ndarray | None, count: int) -> np.ndarray:
    return np.zeros(count) if values is None else values


def _error_cny(material: Material, scenario: str, table: pd.DataFrame) -> pd.Series:
    """Return the standard error of the yearly money saved: the energy error at the building's own CNY per kWh."""
    error = material.of_choice("energy_saving_std", scenario)
    if error is None:
        return pd.Series(0.0, index=table.index)
    saving = table["energy_saving"].where(table["energy_saving"] > 0)
    return pd.Series(error, index=table.index) * (table["annual_cost_saving"] / saving)


def _pooled(group: pd.DataFrame, material: Material, scenario: str) -> Retrofit:
    return Retrofit(
        capital_cost_cny=float(group["capital_cost"].sum()),
        annual_cost_saving_cny=float(group["annual_cost_saving"].sum()),
        baseline_cost_cny=float(group["baseline_cost"].sum()),
        annual_cost_saving_std_cny=float(np.sqrt((group["error"].fillna(0.0) ** 2).sum())),
        subsidy_cny=float(group["subsidy"].fillna(0.0).sum()),
        obligatory_works_cny=float(group["works"].sum()),
    )


def flow_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return one row per contract and year: what owner and service company receive or do not spend, CNY.

    Columns `scenario, contract, lane, year, owner, service_company, owner_cumulative`.
    """
    return material.table("flows", scenario, _flows_of)


def _flows_of(material: Material, scenario: str) -> pd.DataFrame:
    terms = material.terms(scenario)
    parts = []
    for (name, lane), retrofit in contracts(material, scenario).items():
        flows = cash_flows(lane, retrofit, terms, HORIZON_YEARS)
        parts.append(
            pd.DataFrame(
                {
                    "scenario": scenario,
                    "contract": name,
                    "lane": lane,
                    "year": np.arange(HORIZON_YEARS + 1),
                    "owner": flows.owner,
                    "service_company": flows.service_company,
                    "owner_cumulative": flows.owner.cumsum(),
                }
            )
        )
    columns = ["scenario", "contract", "lane", "year", "owner", "service_company", "owner_cumulative"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def statement_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return the yearly statement of each contract: one row per contract and year of its term, CNY.

    `energy_cost_before` what the buildings cost without the contract, `cost_saved` what the works save, `owner_pays`
    energy and the service company's income together, `service_company` what it is left with, `kept_by_owner` the
    difference. `within_last_cost`: the owner pays no more than without the contract, as Shanghai's rules of 2015 ask.
    """
    return material.table("statement", scenario, _statement_of)


def _statement_of(material: Material, scenario: str) -> pd.DataFrame:
    terms = material.terms(scenario)
    parts = []
    for (name, lane), retrofit in contracts(material, scenario).items():
        flows = cash_flows(lane, retrofit, terms, terms.term_years)
        before, kept = float(np.asarray(retrofit.baseline_cost_cny)), flows.owner[1:]
        parts.append(
            pd.DataFrame(
                {
                    "scenario": scenario,
                    "contract": name,
                    "lane": lane,
                    "year": np.arange(1, terms.term_years + 1),
                    "energy_cost_before": before,
                    "cost_saved": float(np.asarray(retrofit.annual_cost_saving_cny)),
                    "owner_pays": before - kept,
                    "service_company": flows.service_company[1:],
                    "kept_by_owner": kept,
                    "within_last_cost": kept >= -MONEY_TOLERANCE_CNY,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(STATEMENT))


def contract_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return one row per contract: investment, yearly saving, public money saved, what the company earns."""
    return material.table("contracts", scenario, _contracts_of)


def _contracts_of(material: Material, scenario: str) -> pd.DataFrame:
    terms = material.terms(scenario)
    table = building_table(material, scenario)
    rows = []
    for (name, lane), retrofit in contracts(material, scenario).items():
        own = (table["contract"] == name) & (table["lane"].isin([lane, NO_PACKAGE]))
        flows = cash_flows(lane, retrofit, terms, terms.term_years)
        serviced = lane not in OWNER_FUNDED
        rows.append(
            {
                "scenario": scenario,
                "contract": name,
                "lane": lane,
                "buildings": int((own & table["touched"]).sum()),
                "capital_cost": retrofit.capital_cost_cny,
                "subsidy": retrofit.subsidy_cny,
                "annual_cost_saving": retrofit.annual_cost_saving_cny,
                "term_years": terms.term_years,
                "public_money_saved": float(public_money_saved_cny(flows, terms.term_years)),
                "service_npv": float(service_npv_cny(lane, retrofit, terms)) if serviced else np.nan,
                "service_payback": float(service_payback_years(lane, retrofit, terms)) if serviced else np.nan,
                "feasible": bool(is_feasible(lane, retrofit, terms)),
            }
        )
    columns = [
        "scenario",
        "contract",
        "lane",
        "buildings",
        "capital_cost",
        "subsidy",
        "annual_cost_saving",
        "term_years",
        "public_money_saved",
        "service_npv",
        "service_payback",
        "feasible",
    ]
    return pd.DataFrame(rows, columns=columns)
