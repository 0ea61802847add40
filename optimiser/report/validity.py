"""How sure: the surrogate's error on cases it never saw, and what each rule costs, as rows and words."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import xarray as xr
from markupsafe import Markup

from optimiser.frontier import ROBUST_SHARE, STEP_CNY, robust_core
from optimiser.report.material import DEFAULT_FLOOR, Material
from optimiser.report.words import load_words, number, percent, sentence

SHOWN_COVERAGE = 0.90
FEWEST_SCENARIOS = 3  # fewer say nothing of robustness
MOST_NAMED = 24


def cases(validation: xr.Dataset) -> pd.DataFrame:
    """Return simulated and predicted savings of the validation cases, one row each, kWh per year."""
    count = validation.sizes["case"]
    text = {
        short: validation[long].values.astype(str) if long in validation else np.full(count, "")
        for short, long in (("building", "building_id"), ("package", "package_id"))
    }
    return pd.DataFrame(
        {
            **text,
            "saving_predicted": validation["saving_predicted"].values,
            "saving_simulated": validation["saving_simulated"].values,
        }
    )


def measures_of_error(validation: xr.Dataset, floor: float = DEFAULT_FLOOR) -> dict[str, float]:
    """Return errors on the saving: weighted mean absolute, of the total, wrong verdicts at the floor, coverage of 90 %.

    Examples
    --------
    >>> made = xr.Dataset({"saving_simulated": ("case", [100.0, 300.0]), "saving_predicted": ("case", [120.0, 300.0])})
    >>> measures_of_error(made)["wmape"], measures_of_error(made)["bias"]
    (0.05, 0.05)
    """
    simulated = np.asarray(validation["saving_simulated"].values, dtype=float)
    error = np.asarray(validation["saving_predicted"].values, dtype=float) - simulated
    total = np.abs(simulated).sum()
    found = {
        "cases": float(len(simulated)),
        "wmape": float(np.abs(error).sum() / total) if total else float("nan"),
        "bias": float(error.sum() / simulated.sum()) if simulated.sum() else float("nan"),
        "wrong": float("nan"),
        "coverage": float("nan"),
    }
    if {"saving_fraction_simulated", "saving_fraction_predicted"} <= set(validation):
        verdicts = [validation[f"saving_fraction_{kind}"].values >= floor for kind in ("simulated", "predicted")]
        found["wrong"] = float(np.mean(verdicts[0] != verdicts[1]))
    if "saving_predicted_std" in validation:
        reach = NormalDist().inv_cdf(0.5 + SHOWN_COVERAGE / 2) * validation["saving_predicted_std"].values
        found["coverage"] = float(np.mean(np.abs(error) <= reach))
    return found


def in_words(material: Material) -> Markup:
    """Return the surrogate's errors as one sentence in both languages; empty without validation."""
    if material.validation is None or not material.validation.sizes.get("case"):
        return Markup("")
    found = measures_of_error(material.validation, material.floor(material.scenarios[0]))
    return sentence(
        "validation_help",
        cases=number(found["cases"]),
        **{name: percent(found[name]) for name in ("wmape", "bias", "wrong", "coverage")},
    )


UNIT_OF = {"saving": ("per_year_mwh", 1e3), "excess_saving": ("per_year_mwh", 1e3), "carbon": ("tonnes_year", 1.0),
           "net_present_value": ("wan_cny", 1e4)}


def price_table(material: Material) -> pd.DataFrame:
    """Return one row per scenario and rule: `price` in units of the scenario's objective, `binds`.

    Empty without prices. The price is what the plan would gain if that rule alone were dropped.
    """
    found = material.frontier
    if found is None or "rule_price" not in found:
        return pd.DataFrame({name: [] for name in ("scenario", "rule", "price", "binds")})
    table = found[["rule_price", "rule_binds"]].to_dataframe().reset_index()
    table = table.rename(columns={"rule_price": "price", "rule_binds": "binds"})
    known = table[table["scenario"].isin(material.scenarios)].dropna(subset=["price"])
    return known[["scenario", "rule", "price", "binds"]].reset_index(drop=True)


def rules_in_words(material: Material, scenario: str) -> list[dict[str, Markup]]:
    """Return the rules of one scenario, dearest first, each with what it costs, in both languages."""
    table = price_table(material)
    own = table[table["scenario"] == scenario].sort_values(["binds", "price"], ascending=False, kind="stable")
    unit, scale = UNIT_OF[str(material.rule(scenario, "objective", "saving"))]
    return [
        {
            "rule": rule_words(material, scenario, str(row["rule"])),
            "price": _costs(float(str(row["price"])), unit, scale) if row["binds"] else sentence("rule_free"),
        }
        for row in table_rows(own)
    ]


def table_rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table as mappings."""
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _costs(price: float, unit: str, scale: float) -> Markup:
    return sentence("rule_costs", price=number(price, 1 if abs(price) < 100 * scale else 0, scale),
                    unit=load_words()[unit])


def rule_words(material: Material, scenario: str, rule: str) -> Markup:
    """Return one rule with its value as people say it, in both languages; unknown rules keep their name."""
    name, _, detail = rule.partition(" ")
    key = f"rule_{name}"
    if key not in load_words():
        return Markup("{}").format(rule)
    given = material.rule(scenario, name, None)
    if name == "budget_cny":
        given = material.chosen_number("budget", scenario)
    return sentence(key, what=detail or _value(given))


def _value(given: object) -> object:
    """Return the value of a rule for a sentence: fractions as percent, money in units of 10 000 CNY."""
    if isinstance(given, bool) or given is None:
        return ""
    if isinstance(given, float | int):
        return percent(given, 0) if 0 < given < 1 else number(given, 0, 1e4)
    if isinstance(given, list | tuple) and all(isinstance(item, float | int) for item in given):
        return " + ".join(number(item, 0, 1e4) for item in given)
    return ""


def worth_of_money_kwh(material: Material, scenario: str) -> float:
    """Return what 10 000 CNY more would save per year [kW h]: the slope of the exact frontier above the budget.

    NaN where the scenario has no budget, or the frontier ends before it.
    """
    found = material.frontier
    budget = material.chosen_number("budget", scenario)
    if found is None or "frontier_budget" not in found or not np.isfinite(budget):
        return float("nan")
    points, saving = found["frontier_budget"].values, found["energy_saving"].values
    above = np.flatnonzero(points > budget * (1 + 1e-9))
    at = np.flatnonzero(np.isclose(points, budget, rtol=1e-9))
    if not len(above) or not len(at):
        return float("nan")
    return float((saving[above[0]] - saving[at[0]]) / (points[above[0]] - points[at[0]]) * STEP_CNY)


def core_in_words(material: Material) -> Markup:
    """Return which buildings nearly every scenario touches, as one sentence; empty with fewer than three scenarios."""
    if len(material.scenarios) < FEWEST_SCENARIOS:
        return Markup("")
    core = [b for b in str(robust_core([material.portfolio]).attrs["robust_core"]).split(", ") if b]
    key = "core_help" if core else "core_none"
    more = f" … ({number(len(core))})" if len(core) > MOST_NAMED else ""
    return sentence(key, share=percent(ROBUST_SHARE, 0), all=number(len(material.scenarios)), count=number(len(core)),
                    names=", ".join(core[:MOST_NAMED]) + more)
