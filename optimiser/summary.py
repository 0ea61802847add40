"""A portfolio in a few lines that a planner understands, in English or Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from optimiser.money.factors import DEFAULT_BASIS
from optimiser.report.words import LANGUAGES, Language, load_words


def summary_lines(portfolio: xr.Dataset, inputs: xr.Dataset, language: Language = "en") -> list[str]:
    """Return what each scenario buys, in words.

    Parameters
    ----------
    portfolio : xr.Dataset
        As `optimise` or `verify` leaves it.
    inputs : xr.Dataset
        The cube.
    language : {'en', 'zh'}

    Returns
    -------
    list of str
        A heading that names the energy basis, then one or two lines per scenario.

    Examples
    --------
    The heading of a study of one building that uses 12 MWh:
    "1 buildings use 12 MWh a year in the energy basis 'calorific'. All savings are of the simulated baseline: ..."
    """
    baseline = float(inputs["baseline_energy"].sum())
    calibrated = int((inputs["baseline"].values.astype(str) == "calibrated").sum()) if "baseline" in inputs else 0
    lines = [
        _say("say_heading_calibrated" if calibrated else "say_heading", language, calibrated=calibrated,
             buildings=portfolio.sizes["building"], use=f"{baseline / 1e3:,.0f}",
             basis=inputs.attrs.get("energy_basis", DEFAULT_BASIS))
    ]
    for scenario in portfolio["scenario"].values:
        lines += _scenario_lines(portfolio.sel(scenario=scenario), str(scenario), baseline, language)
    return lines


def _say(key: str, language: Language, **values: object) -> str:
    return load_words()[key][LANGUAGES.index(language)].format(**values)


def _scenario_lines(one: xr.Dataset, label: str, baseline_kwh: float, language: Language) -> Iterator[str]:
    limit = float(one["budget"])
    budget = _say("say_budget", language, budget=f"{limit / 1e4:,.0f}") if np.isfinite(limit) else _say(
        "say_no_limit", language)
    touched = one["touched"].values.astype(bool)
    if not touched.any():
        yield _say("say_empty", language, label=label, budget=budget)
        yield from _cheapest(one, language)
        return
    saving, bare = float(one["energy_saving"].sum()), float(one["energy_saving_without_pv"].sum())
    fractions = one["saving_fraction"].values[touched]
    yield _say(
        "say_scenario", language, label=label, budget=budget, count=int(touched.sum()),
        cost=f"{float(one['capital_cost'].sum()) / 1e4:,.0f}", saving=f"{saving / 1e3:,.0f}",
        share=f"{saving / baseline_kwh:.1%}", bare=f"{bare / 1e3:,.0f}", low=f"{fractions.min():.0%}",
        high=f"{fractions.max():.0%}",
        certified=_say("say_certified" if bool(one["certified"]) else "say_not_certified", language),
    )


def _cheapest(one: xr.Dataset, language: Language) -> Iterator[str]:
    if "cheapest_package" in one and str(one["cheapest_package"].values) not in ("", "none"):
        yield _say(
            "say_cheapest", language, package=str(one["cheapest_package"].values),
            building=str(one["cheapest_building"].values), cost=f"{float(one['cheapest_capital_cost']) / 1e4:,.1f}",
            missing=f"{float(one['money_missing']) / 1e4:,.1f}",
        )
