"""Portfolios side by side as numbers: totals, who is in or out, whose package changes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

_TOTALS = (
    "energy_saving",
    "energy_saving_without_pv",
    "capital_cost",
    "annual_cost_saving",
    "carbon_saving",
    "coal_saving",
    "pv_capacity",
)


def totals(portfolios: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Return totals over `plan` (portfolio and scenario): savings, cost, PV, touched buildings.

    What a portfolio lacks is NaN.

    Parameters
    ----------
    portfolios : mapping of name to Dataset
        Results of `optimise`; every scenario becomes a plan `name/scenario`.
    """
    plans, rows = [], []
    for name, portfolio in portfolios.items():
        for s, label in enumerate(portfolio["scenario"].values):
            plans.append(f"{name}/{label}")
            row = [float(portfolio[v][s].sum()) if v in portfolio else np.nan for v in _TOTALS]
            rows.append([*row, float(portfolio["touched"][s].sum())])
    first = next(iter(portfolios.values()))
    names = (*_TOTALS, "touched_buildings")
    data = {}
    for at, name in enumerate(names):
        attrs = (
            dict(first[name].attrs) if name in first else {"units": "1", "long_name": "buildings with a package or PV"}
        )
        data[name] = ("plan", np.array([row[at] for row in rows]), attrs)
    return xr.Dataset(data, coords={"plan": plans})


def differences(base: xr.Dataset, other: xr.Dataset, *, base_scenario: str, other_scenario: str) -> xr.Dataset:
    """Return what changes from one plan to another, by building.

    Parameters
    ----------
    base, other : xr.Dataset
        Portfolios; buildings may differ, those that one lacks count as untouched there.
    base_scenario, other_scenario : str

    Returns
    -------
    xr.Dataset
        Over `building`: `change` (`same`, `in`, `out`, `package`, `pv`), packages before and after, differences of
        saving and cost
        (other less base).

    Raises
    ------
    KeyError
        If a portfolio has no such scenario.
    """
    buildings = list(dict.fromkeys([*map(str, base["building"].values), *map(str, other["building"].values)]))
    before, after = (_plan(p, s, buildings) for p, s in ((base, base_scenario), (other, other_scenario)))
    was, now = before["package"] != "none", after["package"] != "none"
    was |= before["pv_capacity"] > 0
    now |= after["pv_capacity"] > 0
    change = np.where(was & ~now, "out", np.where(now & ~was, "in", "same"))
    change = np.where((change == "same") & (before["package"] != after["package"]), "package", change)
    moved = np.abs(after["pv_capacity"] - before["pv_capacity"]) > 1e-6
    change = np.where((change == "same") & moved, "pv", change)
    data = {
        "change": ("building", change),
        "package_before": ("building", before["package"]),
        "package_after": ("building", after["package"]),
    }
    for name, units in (("energy_saving", "kW h"), ("capital_cost", "1"), ("pv_capacity", "kW")):
        attrs = {"units": units, "long_name": f"{name.replace('_', ' ')}, other less base"}
        data[f"{name}_difference"] = ("building", after[name] - before[name], attrs)  # type: ignore[assignment]  # tuples of either length
    return xr.Dataset(data, coords={"building": buildings})


def _plan(portfolio: xr.Dataset, scenario: str, buildings: list[str]) -> dict[str, np.ndarray]:
    one = portfolio.sel(scenario=scenario)
    place = {str(b): at for at, b in enumerate(one["building"].values)}
    at = np.array([place.get(b, -1) for b in buildings])
    found = {"package": np.where(at >= 0, one["chosen_package"].values[at], "none")}
    for name in ("energy_saving", "capital_cost", "pv_capacity"):
        found[name] = np.where(at >= 0, one[name].values[at], 0.0)
    return found
