"""Table of source systems by vintage: energy by end use, seasonal efficiency and unmet share of one plain office.

Run `python -m scripts.source_system_table --store out/tables`; it remakes buildings/data/source_systems.csv.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

from buildings import load_archetypes, load_catalogue
from buildings.building import Building
from buildings.datafile import DATA_DIR
from buildings.export import Cell, write_table
from buildings.resolve import resolve
from scripts.shipped_runs import WEATHER_ID, StoreFolder, Workers, shipped_runs
from sim.plan import baseline_cases
from vocabulary import SOURCE_SYSTEMS

END_USES = ("heating", "cooling", "heat_rejection", "pumps", "fans", "interior_lighting", "interior_equipment", "other")
GAS_USES = ("heating", "cooling")
Row = dict[str, Cell]


def offices(floor_area_m2: float, storeys: int) -> list[Building]:
    """Return one plain office for each source system and vintage, all else from the archetypes.

    Parameters
    ----------
    floor_area_m2 : float
        Gross floor area [m2].
    storeys : int
        Storeys.

    Returns
    -------
    list of Building
        28 buildings; each plant is as old as its building.
    """
    archetypes, catalogue = load_archetypes(), load_catalogue()
    last = {name: entry.first_year for name, entry in archetypes.vintages.items()}
    years = {name: max(first, 1998) for name, first in last.items()}
    return [
        resolve({"building_id": f"{system} {vintage}", "floor_area_m2": floor_area_m2, "storeys": storeys,
                 "year_built": year, "source_system": system}, archetypes, catalogue)
        for system in SOURCE_SYSTEMS for vintage, year in years.items()
    ]


def _seasonal(run: xr.Dataset, side: str) -> tuple[float, float]:
    """Return delivered heat over what the source used, and over source, heat rejection and pumps of those months."""
    other = "heating" if side == "cooling" else "cooling"
    delivered = run[f"{side}_delivered"].values
    mine = delivered > run[f"{other}_delivered"].values
    use = run["energy_use"].sum("carrier")
    source = float(use.sel(end_use=side).sum())
    plant = source + float(use.sel(end_use=["pumps", "heat_rejection"]).sum("end_use").values[mine].sum())
    return float(delivered.sum()) / source, float(delivered.sum()) / plant


def row_of(building: Building, run: xr.Dataset) -> Row:
    """Return one row of the table.

    Parameters
    ----------
    building : Building
        The office.
    run : xr.Dataset
        Its row of `simulations.nc`: energy_use(carrier, end_use, month) [kW h] and delivered heat(month) [kW h].

    Returns
    -------
    dict
        Energy in kWh per m2 of gross floor area (gas on the lower heating value), efficiencies and the unmet share.
    """
    annual = run["energy_use"].sum("month") / building.floor_area_m2
    cooling, heating = _seasonal(run, "cooling"), _seasonal(run, "heating")
    gas_heat = building.design.source_system in ("chiller_boiler", "absorption", "high_efficiency_plant")
    rating = building.design.boiler_efficiency if gas_heat else building.design.heating_cop
    return {
        "source_system": building.source_system, "vintage": building.vintage,
        **{f"electricity_{use}_kwh_per_m2": float(annual.sel(carrier="electricity", end_use=use)) for use in END_USES},
        **{f"gas_{use}_kwh_per_m2": float(annual.sel(carrier="natural_gas", end_use=use)) for use in GAS_USES},
        "electricity_kwh_per_m2": float(annual.sel(carrier="electricity").sum()),
        "gas_kwh_per_m2": float(annual.sel(carrier="natural_gas").sum()),
        "cooling_delivered_kwh_per_m2": float(run["cooling_delivered"].sum()) / building.floor_area_m2,
        "heating_delivered_kwh_per_m2": float(run["heating_delivered"].sum()) / building.floor_area_m2,
        "cooling_rating": building.design.cooling_cop, "cooling_seasonal_efficiency": cooling[0],
        "cooling_plant_efficiency": cooling[1],
        "heating_rating": rating, "heating_seasonal_efficiency": heating[0], "heating_plant_efficiency": heating[1],
        "unmet_fraction": float(run["unmet_fraction"]),
    }


def main(
    store: StoreFolder = Path("out/tables"),
    workers: Workers = 2,
    out: Annotated[Path, typer.Option(help="table to write, .csv or .xlsx")] = DATA_DIR / "source_systems.csv",
    floor_area_m2: Annotated[float, typer.Option(help="gross floor area of the office")] = 8000.0,
    storeys: Annotated[int, typer.Option(help="storeys of the office")] = 6,
) -> None:
    """Run the office with every source system and vintage (28 runs) and write the table.

    Example: python -m scripts.source_system_table --store out/tables
    """
    buildings = {building.building_id: building for building in offices(floor_area_m2, storeys)}
    runs = shipped_runs(baseline_cases(list(buildings.values()), WEATHER_ID), store, workers)
    rows = [row_of(buildings[str(name)], runs.isel(case=case))
            for case, name in enumerate(runs["building_id"].values)]
    if rows:
        cells = [[round(cell, 4) if isinstance(cell, float) else cell for cell in row.values()] for row in rows]
        write_table(out, list(rows[0]), cells)
    unmet = np.array([row["unmet_fraction"] for row in rows], dtype=float)
    typer.echo(f"{out}: {len(rows)} rows, unmet share at most {unmet.max(initial=0.0):.1%}")


if __name__ == "__main__":
    typer.run(main)
