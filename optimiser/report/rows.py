"""Tables behind the page: one row per building and scenario, totals, measures; numbers not yet formatted."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd

from optimiser.money.economics import payback_years
from optimiser.money.factors import coal_t
from optimiser.report.material import Floats, Material
from vocabulary import NO_PACKAGE

DEFAULT_CONFIDENCE = 0.90
KWH = "kW h"
COLUMN_UNITS: dict[str, str] = {
    "capital_cost": "CNY",
    "energy_saving": "kWh",
    "energy_saving_without_pv": "kWh",
    "coal_saving": "t",
    "carbon_saving": "t",
    "annual_cost_saving": "CNY",
    "saving_fraction": "1",
    "fraction_low": "1",
    "fraction_high": "1",
    "fraction_without_pv": "1",
    "payback": "a",
    "net_present_value": "CNY",
    "pv_capacity": "kW",
    "saving_predicted": "kWh",
    "saving_simulated": "kWh",
    "fraction_simulated": "1",
    "floor_area": "m2",
    "baseline_energy": "kWh",
}


def building_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return one row per building: who it is, what it gets, what that costs and saves, how sure that is.

    Columns without a source hold NaN or an empty text; fractions are over the baseline.

    Raises
    ------
    KeyError
        If there is no such scenario.
    """
    return material.table("buildings", scenario, _building_table)


def _building_table(material: Material, scenario: str) -> pd.DataFrame:
    table = pd.DataFrame({"building": material.buildings})
    table["name"] = material.text_of_building("building_name", "name")
    table["town"] = material.text_of_building("town")
    table["source_system"] = material.text_of_building("source_system")
    table["package"] = material.chosen_text("chosen_package", scenario)
    table["touched"] = _column(material.chosen("touched", scenario), table).fillna(0).astype(bool)
    table["contract"] = material.chosen_text("chosen_contract", scenario)
    table["lane"] = material.chosen_text("chosen_lane", scenario)
    table["scenarios_with"] = _scenarios_with(material)
    table["route"] = material.chosen_text("route", scenario)
    for name in (
        "chosen_year",
        "capital_cost",
        "energy_saving",
        "energy_saving_without_pv",
        "saving_fraction",
        "coal_saving",
        "carbon_saving",
        "annual_cost_saving",
        "net_present_value",
        "pv_capacity",
        "pv_self_used",
        "subsidy",
        "public_money_saved",
        "guarantee_payment",
    ):
        table[name] = _column(material.chosen(name, scenario), table)
    for name in ("floor_area", "baseline_energy"):
        table[name] = _column(material.of_building(name), table)
    _add_derived(table, material, scenario)
    return table.copy()


def _scenarios_with(material: Material) -> Floats:
    """Return in how many scenarios each building is touched."""
    if "touched" not in material.portfolio:
        return np.full(len(material.buildings), np.nan)
    return np.asarray(material.portfolio["touched"].astype(float).sum("scenario").values, dtype=float)


def _column(values: Floats | None, table: pd.DataFrame) -> pd.Series:
    return pd.Series(np.full(len(table), np.nan) if values is None else values, index=table.index)


def _add_derived(table: pd.DataFrame, material: Material, scenario: str) -> None:
    """Add what follows from other columns: interval, payback, coal where absent, promised beside simulated."""
    baseline = table["baseline_energy"]
    table["fraction_without_pv"] = table["energy_saving_without_pv"] / baseline
    margin = _margin_kwh(material, scenario) / baseline
    table["fraction_low"] = table["saving_fraction"] - margin
    table["fraction_high"] = table["saving_fraction"] + margin
    table["payback"] = payback_years(table["capital_cost"], table["annual_cost_saving"])
    if table["coal_saving"].isna().all() and material.basis_name == "calorific":
        table["coal_saving"] = coal_t(table["energy_saving"].to_numpy(), np.zeros(len(table)))
    table["saving_predicted"] = _column(material.verified("energy_saving_predicted", scenario), table)
    table["saving_simulated"] = _column(material.verified("energy_saving_simulated", scenario), table)
    table["fraction_simulated"] = _column(material.verified("saving_fraction_simulated", scenario), table)
    met = _column(material.verified("floor_met", scenario), table)
    table["floor_met"] = met.where(table["saving_simulated"].notna())
    untouched = ~table["touched"]
    table.loc[untouched, ["payback", "fraction_low", "fraction_high", "floor_met"]] = np.nan


def _margin_kwh(material: Material, scenario: str) -> Floats:
    """Return z times the standard error of the chosen saving; NaN where the cube knows no error."""
    confidence = float(str(material.rule(scenario, "floor_confidence", DEFAULT_CONFIDENCE)))
    own = material.of_choice("energy_saving_std", scenario)
    common = material.of_choice("energy_saving_std_common", scenario)
    parts = [part for part in (own, common) if part is not None]
    if not parts:
        return np.full(len(material.buildings), np.nan)
    return NormalDist().inv_cdf(confidence) * np.sum(parts, axis=0)


def totals_table(material: Material) -> pd.DataFrame:
    """Return one row per scenario: budget, buildings, cost, every saving with and without PV, what was proven."""
    return pd.concat([material.table("totals", s, _totals_row) for s in material.scenarios], ignore_index=True)


def _totals_row(material: Material, scenario: str) -> pd.DataFrame:
    return pd.DataFrame([_totals(material, scenario)])


def _totals(material: Material, scenario: str) -> dict[str, object]:
    table = building_table(material, scenario)
    on = table[table["touched"]]
    totals: dict[str, object] = {"scenario": scenario, "buildings": len(on), "offered": len(table)}
    for name in (
        "capital_cost",
        "energy_saving",
        "energy_saving_without_pv",
        "coal_saving",
        "carbon_saving",
        "annual_cost_saving",
        "net_present_value",
        "pv_capacity",
        "saving_simulated",
    ):
        totals[name] = on[name].sum(min_count=1) if len(on) else 0.0
    totals["baseline_all"] = table["baseline_energy"].sum()
    totals["baseline_touched"] = on["baseline_energy"].sum()
    totals["fraction_all"] = _ratio(totals["energy_saving"], totals["baseline_all"])
    totals["fraction_touched"] = _ratio(totals["energy_saving"], totals["baseline_touched"])
    totals["fraction_touched_without_pv"] = _ratio(totals["energy_saving_without_pv"], totals["baseline_touched"])
    totals["above_floor"] = int((on["saving_fraction"] >= material.floor(scenario) * (1 - 1e-6)).sum())
    checked = on["floor_met"].notna()
    totals["verified"] = int(checked.sum())
    totals["floor_met"] = int((on.loc[checked, "floor_met"] > 0).sum())
    totals["payback"] = float(payback_years(totals["capital_cost"], totals["annual_cost_saving"]))  # type: ignore[arg-type]  # numbers by construction
    for name in ("budget", "objective_value", "objective_bound", "mip_gap", "certified", "empty", "money_missing"):
        totals[name] = _of_scenario(material, name, scenario, float)
    for name in ("termination", "cheapest_building", "cheapest_package"):
        totals[name] = _of_scenario(material, name, scenario, str)
    totals["promise_error"] = promise_error(material, scenario)
    return totals


def _ratio(part: object, whole: object) -> float:
    top, bottom = float(str(part)), float(str(whole))
    return top / bottom if bottom else float("nan")


def _of_scenario(material: Material, name: str, scenario: str, kind: type[float] | type[str]) -> float | str:
    if name not in material.portfolio:
        return float("nan") if kind is float else ""
    return kind(material.portfolio[name].sel(scenario=scenario).item())


def promise_error(material: Material, scenario: str | None = None) -> float:
    """Return (first prediction - simulation) / simulation over all trials of a scenario, or of all; NaN without trials.

    PV is left out on both sides; trials without a first prediction do not count.
    """
    found = trial_table(material)
    if scenario is not None:
        found = found[found["scenario"] == scenario]
    simulated = found["saving_simulated"].sum()
    return float((found["saving_predicted"].sum() - simulated) / simulated) if simulated else float("nan")


def trial_table(material: Material) -> pd.DataFrame:
    """Return every case that a verification round chose and that had been predicted first."""
    names = ("scenario", "building", "package", "round", "saving_predicted", "saving_simulated")
    verification = material.verification
    if verification is None or "trial_saving_predicted" not in verification:
        return pd.DataFrame({name: [] for name in names})
    table = pd.DataFrame({name: verification[f"trial_{name}"].values for name in names})
    return table.dropna(subset=["saving_predicted", "saving_simulated"])


def measure_table(material: Material) -> pd.DataFrame:
    """Return, per scenario and measure, in how many buildings it is done, their floor area and saving.

    The cost and saving of a package belong to the package; they are not split among its measures.
    """
    parts = [material.table("measures", scenario, _measures_of) for scenario in material.scenarios]
    return pd.concat(parts, ignore_index=True)


def _measures_of(material: Material, scenario: str) -> pd.DataFrame:
    table = building_table(material, scenario)
    on = table[table["package"] != NO_PACKAGE]
    exploded = on.assign(measure=on["package"].str.split("+")).explode("measure")
    with_pv = table[table["pv_capacity"] > 0].assign(measure="rooftop_pv")
    found = (
        pd.concat([exploded, with_pv])
        .groupby("measure")
        .agg(
            buildings=("building", "size"),
            floor_area=("floor_area", "sum"),
            energy_saving_of_these_buildings=("energy_saving_without_pv", "sum"),
        )
    )
    return found.reset_index().assign(scenario=scenario)[["scenario", "measure", *found.columns]]


def interval_confidence(material: Material, scenario: str) -> float:
    """Return the share of cases that the shown interval should hold, 0.8 for a one-sided confidence of 0.9."""
    return 2.0 * float(str(material.rule(scenario, "floor_confidence", DEFAULT_CONFIDENCE))) - 1.0
