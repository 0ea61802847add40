"""One scenario in words and numbers ready for people: tiles, table cells, certificate."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from optimiser.money.factors import carbon_t
from optimiser.report import validity
from optimiser.report.before_after import run_pairs
from optimiser.report.beside import beside_rows
from optimiser.report.flows import contract_table
from optimiser.report.material import Material
from optimiser.report.words import load_words, number, percent, sentence

Row = Mapping[Hashable, Any]
LEAST_SHOWN_GAP = 1e-5


def scenario_summary(material: Material, totals: Row) -> dict[str, Any]:
    """Return what the template says of one scenario; `totals` is its row of `totals_table`."""
    scenario = str(totals["scenario"])
    saving_kwh = float(totals["energy_saving"])
    return {
        "name": scenario,
        "empty": not totals["buildings"],
        "cheapest": _cheapest(totals),
        "saving": number(saving_kwh, 0, 1e3),
        "saving_without_pv": f"{number(totals['energy_saving_without_pv'], 0, 1e3)} MWh",
        "fraction": percent(totals["fraction_touched"]),
        "fraction_all": percent(totals["fraction_all"]),
        "fraction_without_pv": percent(totals["fraction_touched_without_pv"]),
        "offered": number(totals["offered"]),
        "buildings": number(totals["buildings"]),
        "above": number(totals["above_floor"]),
        "floor": percent(material.floor(scenario), 0),
        "cost": number(totals["capital_cost"], 0, 1e4),
        "budget": number(totals["budget"], 0, 1e4) if math.isfinite(totals["budget"]) else "",
        "coal": number(totals["coal_saving"], 1),
        "carbon": number(totals["carbon_saving"], 0),
        "money": number(totals["annual_cost_saving"], 0, 1e4),
        "payback": number(totals["payback"], 1),
        "verified": number(totals["verified"]),
        "met": number(totals["floor_met"]),
        "verified_share": f"{number(totals['verified'])} / {number(totals['buildings'])}",
        "pairs": number(len(run_pairs(material, scenario))) if len(run_pairs(material, scenario)) else "",
        "carbon_low": number(carbon_t(saving_kwh, 0.0, "carbon_0_42")),
        "carbon_high": number(carbon_t(saving_kwh, 0.0, "carbon_0_5737")),
        "certificate": certificate(material, totals),
        "rules": validity.rules_in_words(material, scenario),
        "money_worth": _money_worth(material, scenario),
        "beside": beside_rows(material, scenario),
        "total_cells": _total_cells(totals),
        "contracts": [_contract(row) for row in contract_table(material, scenario).to_dict("records")],
    }


def _money_worth(material: Material, scenario: str) -> Markup:
    worth_kwh = validity.worth_of_money_kwh(material, scenario)
    return sentence("money_worth", amount=number(worth_kwh, 1, 1e3)) if math.isfinite(worth_kwh) else Markup("")


def _cheapest(totals: Row) -> dict[str, str] | None:
    if not totals["cheapest_package"]:
        return None
    return {
        "package": totals["cheapest_package"],
        "building": totals["cheapest_building"],
        "missing": number(totals["money_missing"]),
    }


def certificate(material: Material, totals: Row) -> list[Markup]:
    """Return the certificate of one scenario as sentences: what is proven, what was run, which rules are broken."""
    gap = percent(max(float(totals["mip_gap"]), LEAST_SHOWN_GAP), 3)
    lines = [
        sentence(
            "certificate_yes" if totals["certified"] == 1 else "certificate_no",
            termination=_ended(str(totals["termination"])),
            gap=gap,
        )
    ]
    if "chosen_among" in material.inputs.attrs:
        lines.append(sentence("certificate_simulated_only"))
    if totals["verified"]:
        lines.append(
            sentence("certificate_floor", met=number(totals["floor_met"]), verified=number(totals["verified"]))
        )
    elif totals["buildings"]:
        lines.append(sentence("certificate_unverified"))
    lost = material.chosen_number("objective_lost_to_cap", str(totals["scenario"]))
    if lost > 0:
        unit = str(material.portfolio["objective_value"].attrs.get("units", ""))
        lines.append(sentence("certificate_cap", lost=f"{number(lost)} {unit}".strip()))
    prefix = f"{totals['scenario']}: "
    broken = [
        line.removeprefix(prefix)
        for line in str(material.portfolio.attrs.get("broken_rules", "")).splitlines()
        if line.startswith(prefix)
    ]
    return [*lines, sentence("broken", what="; ".join(broken))] if broken else lines


def _ended(termination: str) -> str | tuple[str, str]:
    """Return how the solve ended in both languages; words of other programs stay as they are."""
    return load_words().get(f"ended_{termination}", termination)


def _gap(gap: float) -> str:
    """Return a gap as percent; what would round to nothing is told as an upper limit."""
    return f"< {percent(LEAST_SHOWN_GAP, 3)}" if gap < LEAST_SHOWN_GAP else percent(gap, 3)


def _total_cells(totals: Row) -> list[str | Markup]:
    budget = totals["budget"]
    return [
        sentence("unlimited") if math.isinf(budget) else number(budget, 0, 1e4),
        number(totals["capital_cost"], 0, 1e4),
        number(totals["buildings"]),
        number(totals["energy_saving"], 0, 1e3),
        number(totals["energy_saving_without_pv"], 0, 1e3),
        percent(totals["fraction_touched"]),
        percent(totals["fraction_touched_without_pv"]),
        number(totals["coal_saving"], 1),
        number(totals["carbon_saving"], 0),
        number(totals["annual_cost_saving"], 0, 1e4),
        number(totals["payback"], 1),
        _yes_no(totals["certified"]),
        _gap(float(totals["mip_gap"])),
    ]


def _yes_no(value: float) -> Markup | str:
    if pd.isna(value):
        return "–"
    key, kind = ("yes_word", "good") if value else ("no_word", "bad")
    return Markup('<span class="{}">{}</span>').format(kind, sentence(key))


def _contract(row: Row) -> dict[str, Any]:
    known_lane = row["contract"] == row["lane"]
    return {
        "name": sentence(f"lane_{row['lane']}") if known_lane else row["contract"],
        "lane": f"lane_{row['lane']}",
        "cells": [
            number(row["buildings"]),
            number(row["capital_cost"], 0, 1e4),
            number(row["subsidy"], 0, 1e4),
            number(row["annual_cost_saving"], 1, 1e4),
            number(row["term_years"]),
            number(row["public_money_saved"], 0, 1e4),
            number(row["guarantee_payment"], 1, 1e4) if row["guarantee_payment"] > 0 else "–",
            number(row["service_npv"], 0, 1e4),
            number(row["service_payback"], 1),
            _yes_no(float(row["feasible"])),
        ],
    }


def lane_words() -> dict[str, tuple[str, str]]:
    """Return the labels of the four ways of contracting.

    Examples
    --------
    >>> lane_words()["own_funds"][0]
    'own funds'
    """
    return {key.removeprefix("lane_"): text for key, text in load_words().items() if key.startswith("lane_")}
