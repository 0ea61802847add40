"""What a portfolio does to the energy: end uses, months and hours of the day, before and after, from finished runs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.money.tariffs import month_of_hour
from optimiser.report.material import Material
from vocabulary import CARRIERS, NO_PACKAGE

SEASONS = {"summer": (5, 6, 7, 8), "winter": (11, 0, 1, 2), "between": (3, 4, 9, 10)}  # months from 0


def run_pairs(material: Material, scenario: str) -> pd.DataFrame:
    """Return the touched buildings whose baseline and chosen package were both run: columns building, before, after.

    `before` and `after` are positions along `case` of the simulations.
    """
    return material.table("pairs", scenario, _pairs_of)


def _pairs_of(material: Material, scenario: str) -> pd.DataFrame:
    simulations = material.simulations
    if simulations is None or "energy_use" not in simulations:
        return pd.DataFrame({"building": [], "before": [], "after": []})
    cases = pd.DataFrame(
        {
            "building": simulations["building_id"].values.astype(str),
            "package": simulations["package_id"].values.astype(str),
        }
    )
    ok = (
        simulations["status"].values.astype(str) == "ok" if "status" in simulations else np.ones(len(cases), dtype=bool)
    )
    cases["position"] = np.arange(len(cases))
    first = cases[ok].drop_duplicates(["building", "package"]).set_index(["building", "package"])["position"]
    chosen = zip(material.buildings, material.chosen_text("chosen_package", scenario), strict=True)
    rows = [
        {"building": b, "before": first[(b, NO_PACKAGE)], "after": first[(b, p)]}
        for b, p in chosen
        if p != NO_PACKAGE and (b, NO_PACKAGE) in first.index and (b, p) in first.index
    ]
    return pd.DataFrame(rows, columns=["building", "before", "after"])


def end_use_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return kWh per year by carrier and end use, before and after, over the buildings of `run_pairs`."""
    table = material.table("end_uses", scenario, lambda m, s: _summed(m, s, ("carrier", "end_use")))
    return table[(table["before"] > 0) | (table["after"] > 0)].reset_index(drop=True)


def month_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return kWh per month by carrier, before and after, over the buildings of `run_pairs`."""
    return material.table("months", scenario, lambda m, s: _summed(m, s, ("carrier", "month")))


def _summed(material: Material, scenario: str, keep: tuple[str, ...]) -> pd.DataFrame:
    pairs = run_pairs(material, scenario)
    if pairs.empty or material.simulations is None:
        return pd.DataFrame({name: [] for name in (*keep, "before", "after")})
    use = material.simulations["energy_use"]
    found = {side: _sum_of(use, pairs[side].to_numpy(), keep) for side in ("before", "after")}
    return xr.Dataset(found).to_dataframe().reset_index()[[*keep, "before", "after"]]


def _sum_of(use: xr.DataArray, positions: np.ndarray, keep: tuple[str, ...]) -> xr.DataArray:
    return use.isel(case=positions.astype(int)).sum([str(d) for d in use.dims if d not in keep]).transpose(*keep)


def profile_table(material: Material, scenario: str) -> pd.DataFrame:
    """Return mean electric power by season and hour, before and after, over the buildings of `run_pairs`.

    Columns `season, hour, before, after` [kW]; empty where hourly results are not at hand. All days count.
    """
    return material.table("profiles", scenario, _profiles_of)


def _profiles_of(material: Material, scenario: str) -> pd.DataFrame:
    columns = ["season", "hour", "before", "after"]
    pairs = run_pairs(material, scenario)
    if pairs.empty or material.hourly is None or material.simulations is None:
        return pd.DataFrame({name: [] for name in columns})
    keys = material.simulations["run_key"].values.astype(str)
    sides = {
        side: np.sum([_power(material.hourly, keys[int(position)]) for position in pairs[side]], axis=0)
        for side in ("before", "after")
    }
    hour, month = np.arange(8760) % 24, month_of_hour()
    rows = [
        {
            "season": season,
            "hour": h,
            **{side: float(np.mean(power[(hour == h) & np.isin(month, months)])) for side, power in sides.items()},
        }
        for season, months in SEASONS.items()
        for h in range(24)
    ]
    return pd.DataFrame(rows, columns=columns)


def _power(hourly: Callable[[str], xr.Dataset], run_key: str) -> np.ndarray:
    return np.asarray(hourly(run_key)["electricity_hourly"].values, dtype=float)


def carrier_totals(table: pd.DataFrame) -> pd.DataFrame:
    """Return kWh by carrier from an end-use or month table."""
    return table.groupby("carrier", sort=False)[["before", "after"]].sum().reindex(CARRIERS).fillna(0.0)
