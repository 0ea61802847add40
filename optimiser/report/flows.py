"""What the money does, year by year: cash flows of owner and company per contract, as the portfolio has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimiser.money.contracts import OWNER_FUNDED
from optimiser.money.economics import present_value
from optimiser.report.material import Floats, Material
from optimiser.report.rows import building_table
from vocabulary import NO_PACKAGE

MONEY_TOLERANCE_CNY = 0.01
FLOWS = ("scenario", "contract", "lane", "year", "owner", "service_company", "owner_cumulative")
STATEMENT = ("scenario", "contract", "lane", "year", "energy_cost_before", "cost_saved", "owner_pays",
             "service_company", "kept_by_owner", "within_last_cost")
CONTRACTS = ("scenario", "contract", "lane", "buildings", "capital_cost", "subsidy", "annual_cost_saving", "term_years",
             "public_money_saved", "guarantee_payment", "service_npv", "service_payback", "feasible")


@dataclass(frozen=True)
class Contract:
    """One contract of a scenario: its buildings' rows and their flows over (building, year of the plan) [CNY]."""

    name: str
    lane: str
    buildings: pd.DataFrame
    owner: Floats
    service_company: Floats

    def outlay_and_income(self, term_years: int) -> tuple[float, float]:
        """Return what the company spends in the years of the works, and what it gets in a mean year of the term."""
        works = np.arange(self.owner.shape[1]) == self.buildings["chosen_year"].to_numpy()[:, None] - 1
        outlay = -self.service_company[works].sum()
        return float(outlay), float(self.service_company[~works].sum() / term_years)


def contracts(material: Material, scenario: str) -> Iterator[Contract]:
    """Yield the contracts of a scenario (without lanes all is own funds); none where no yearly money is known."""
    if "owner_flow" not in material.portfolio:
        return
    flows = [np.nan_to_num(material.portfolio[name].sel(scenario=scenario).values.astype(float))
             for name in ("owner_flow", "service_company_flow")]
    table = building_table(material, scenario)
    on = table[table["touched"]]
    lane = on["lane"].where(on["lane"] != NO_PACKAGE, "own_funds")
    contract = on["contract"].where(on["contract"] != NO_PACKAGE, lane)
    for (name, way), group in on.groupby([contract, lane], sort=True):
        yield Contract(str(name), str(way), group, *(flow[group.index.to_numpy()] for flow in flows))


def flow_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return one row per contract and year of the plan: what owner and company receive or do not spend, CNY.

    Columns `scenario, contract, lane, year, owner, service_company, owner_cumulative`.
    """
    return material.table("flows", scenario, _flows_of)


def _flows_of(material: Material, scenario: str) -> pd.DataFrame:
    parts = []
    for one in contracts(material, scenario):
        owner = one.owner.sum(axis=0)
        parts.append(pd.DataFrame({
            "scenario": scenario, "contract": one.name, "lane": one.lane, "year": np.arange(len(owner)), "owner": owner,
            "service_company": one.service_company.sum(axis=0), "owner_cumulative": owner.cumsum(),
        }))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(FLOWS))


def statement_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return the yearly statement of each contract: one row per contract and year from its first works on, CNY.

    `energy_cost_before` what the buildings cost without the contract, `cost_saved` what the works save, `owner_pays`
    energy and the service company's income together, `service_company` what it is left with, `kept_by_owner` the
    difference. `within_last_cost`: the owner pays no more than without the contract, as Shanghai's rules of 2015 ask.
    The years end with the last building's term.
    """
    return material.table("statement", scenario, _statement_of)


def _statement_of(material: Material, scenario: str) -> pd.DataFrame:
    term = material.terms(scenario).term_years
    before = material.of_building("annual_cost_baseline")
    parts = []
    for one in contracts(material, scenario):
        begun = one.buildings["chosen_year"].to_numpy().astype(int)
        year = np.arange(begun.min(), begun.max() + term)
        kept = one.owner[:, year].sum(axis=0)
        cost = 0.0 if before is None else float(before[one.buildings.index.to_numpy()].sum())
        saving = one.buildings["annual_cost_saving"].to_numpy()
        parts.append(pd.DataFrame({
            "scenario": scenario, "contract": one.name, "lane": one.lane, "year": year, "energy_cost_before": cost,
            "cost_saved": (saving[:, None] * (year >= begun[:, None])).sum(axis=0), "owner_pays": cost - kept,
            "service_company": one.service_company[:, year].sum(axis=0), "kept_by_owner": kept,
            "within_last_cost": kept >= -MONEY_TOLERANCE_CNY,
        }))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(STATEMENT))


def contract_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return one row per contract: investment, yearly saving, public money saved, what the company earns."""
    return material.table("contracts", scenario, _contracts_of)


def _contracts_of(material: Material, scenario: str) -> pd.DataFrame:
    rows = [_contract_row(one, material, scenario) for one in contracts(material, scenario)]
    return pd.DataFrame(rows, columns=list(CONTRACTS))


def _contract_row(one: Contract, material: Material, scenario: str) -> dict[str, object]:
    terms, serviced = material.terms(scenario), one.lane not in OWNER_FUNDED
    outlay, income = one.outlay_and_income(terms.term_years)
    value = float(present_value(one.service_company.sum(axis=0), terms.hurdle_rate))
    in_time = outlay <= terms.payback_share_of_term * terms.term_years * income + MONEY_TOLERANCE_CNY
    sums = {name: float(one.buildings[name].sum()) for name in
            ("capital_cost", "subsidy", "annual_cost_saving", "public_money_saved", "guarantee_payment")}
    return sums | {
        "scenario": scenario, "contract": one.name, "lane": one.lane, "buildings": len(one.buildings),
        "term_years": terms.term_years, "service_npv": value if serviced else np.nan,
        "service_payback": (outlay / income if income > 0 else np.inf) if serviced else np.nan,
        "feasible": not serviced or (value >= -MONEY_TOLERANCE_CNY and in_time),
    }
