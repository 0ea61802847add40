"""A portfolio in a few lines that a planner understands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr


def summary_lines(portfolio: xr.Dataset, inputs: xr.Dataset) -> list[str]:
    """Return what each scenario buys, in words.

    Parameters
    ----------
    portfolio : xr.Dataset
        As `optimise` or `verify` leaves it.
    inputs : xr.Dataset
        The cube.

    Returns
    -------
    list of str
        A heading that names the energy basis, then one or two lines per scenario.
    """
    baseline = float(inputs["baseline_energy"].sum())
    lines = [
        f"{portfolio.sizes['building']} buildings use {baseline / 1000:,.0f} MWh a year in the energy basis "
        f"'{inputs.attrs.get('energy_basis', 'calorific')}'. All savings are of the simulated baseline: "
        "bills have not been used."
    ]
    for scenario in portfolio["scenario"].values:
        lines += _scenario_lines(portfolio.sel(scenario=scenario), str(scenario), baseline)
    return lines


def _scenario_lines(one: xr.Dataset, label: str, baseline_kwh: float) -> Iterator[str]:
    budget = f"{float(one['budget']) / 1e4:,.0f} x 10 000 CNY" if np.isfinite(float(one["budget"])) else "no limit"
    touched = one["touched"].values.astype(bool)
    if not touched.any():
        yield f"  {label} (budget {budget}): no building can be touched within the rules."
        yield from _cheapest(one)
        return
    saving, bare = float(one["energy_saving"].sum()), float(one["energy_saving_without_pv"].sum())
    fractions = one["saving_fraction"].values[touched]
    yield (
        f"  {label} (budget {budget}): {int(touched.sum())} buildings, {float(one['capital_cost'].sum()) / 1e4:,.0f} "
        f"x 10 000 CNY, saving {saving / 1000:,.0f} MWh a year ({saving / baseline_kwh:.1%} of the simulated baseline; "
        f"without PV {bare / 1000:,.0f} MWh), each touched building {fractions.min():.0%} to {fractions.max():.0%}; "
        f"{'certified' if bool(one['certified']) else 'NOT certified'}."
    )


def _cheapest(one: xr.Dataset) -> Iterator[str]:
    if "cheapest_package" in one and str(one["cheapest_package"].values) not in ("", "none"):
        yield (
            f"    Cheapest that would meet the floor: {one['cheapest_package'].values!s} in "
            f"{one['cheapest_building'].values!s}, {float(one['cheapest_capital_cost']) / 1e4:,.1f} x 10 000 CNY; "
            f"missing {float(one['money_missing']) / 1e4:,.1f} x 10 000 CNY."
        )
