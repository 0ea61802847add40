"""Table of measures by building type: simulated saving, low to high, beside what is usually said, and cost.

Run `python -m scripts.measure_table --store out/tables`; it remakes buildings/data/measure_savings.csv. A building type
is a vintage with a source system; `--registry` takes any other registry, the district's own too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import xarray as xr

from buildings import Building, Catalogue, Package, load_catalogue, offered_measures, read_registry
from buildings.costs import capital_cost_cny
from buildings.datafile import DATA_DIR
from buildings.effects import aimed_saving, load_typical_savings, share_saved, used_kwh
from buildings.export import Cell, write_table
from buildings.measures import QUANTITIES, Level, Measure
from scripts.shipped_runs import WEATHER_ID, StoreFolder, Workers, shipped_runs
from sim.case import Case
from sim.plan import baseline_cases, package_cases
from vocabulary import END_USES, NO_PACKAGE

LEVELS: tuple[Level, ...] = ("low", "mid", "high")


@dataclass(frozen=True)
class Effect:
    """One measure in one building: savings and cost.

    `saved_kwh_per_m2` counts electricity and gas (LHV) as bought; shares are of the use before; costs in CNY/m2.
    """

    measure: str
    vintage: str
    source_system: str
    aimed_saving: float
    usual_share_saved: float
    saved_kwh_per_m2: float
    saved_fraction: float
    cost_cny_per_m2: dict[Level, float]


def cases_of(buildings: Sequence[Building], catalogue: Catalogue) -> list[Case]:
    """Return the baseline of every building and each measure that it is offered, alone."""
    pairs = [(building.building_id, Package((measure.id,))) for building in buildings
             for measure in offered_measures(building, catalogue)]
    return [*baseline_cases(buildings, WEATHER_ID),
            *package_cases(pairs, buildings, catalogue, WEATHER_ID, "training")]


def effect(measure: Measure, building: Building, before: xr.Dataset, after: xr.Dataset, catalogue: Catalogue) -> Effect:
    """Return what a measure did to a building.

    Parameters
    ----------
    measure : Measure
        The measure.
    building : Building
        The building.
    before, after : xr.Dataset
        Rows of `simulations.nc` of the baseline and of the measure alone.
    catalogue : Catalogue
        Prices.

    Returns
    -------
    Effect
        Savings and cost; NaN shares where there was no such use.
    """
    area = building.floor_area_m2
    quantities = {name: float(after[name]) for name in QUANTITIES}
    usual = load_typical_savings().get(measure.id)
    one, two = before["energy_use"], after["energy_use"]
    return Effect(
        measure=measure.id, vintage=building.vintage, source_system=building.source_system,
        aimed_saving=aimed_saving(measure, one, two),
        usual_share_saved=share_saved(one, two, usual.end_uses, usual.carrier) if usual else float("nan"),
        saved_kwh_per_m2=(used_kwh(one, END_USES) - used_kwh(two, END_USES)) / area,
        saved_fraction=share_saved(one, two, END_USES),
        cost_cny_per_m2={level: float(capital_cost_cny(measure.id, quantities, catalogue, level)) / area
                         for level in LEVELS},
    )


def effects(runs: xr.Dataset, buildings: Sequence[Building], catalogue: Catalogue) -> list[Effect]:
    """Return the effect of every measure run whose baseline finished too, in the order of the runs."""
    known = {building.building_id: building for building in buildings}
    baselines: dict[str, xr.Dataset] = {}
    found = []
    for case in range(runs.sizes["case"]):
        run = runs.isel(case=case)
        name, label = str(run["building_id"].item()), str(run["package_id"].item())
        if label == NO_PACKAGE:
            baselines[name] = run
        elif name in baselines:
            found.append(effect(catalogue.measures[label], known[name], baselines[name], run, catalogue))
    return found


def _row(group: Sequence[Effect], measure: Measure) -> dict[str, Cell]:
    usual = load_typical_savings().get(measure.id)
    first = group[0]
    saved = [one.saved_kwh_per_m2 for one in group]
    per_kwh = [one.cost_cny_per_m2["mid"] / one.saved_kwh_per_m2 for one in group if one.saved_kwh_per_m2 > 0]
    return {
        "measure": measure.id, "vintage": first.vintage, "source_system": first.source_system, "buildings": len(group),
        "aimed_end_use": measure.aims_at,
        "aimed_saving_low": min(one.aimed_saving for one in group),
        "aimed_saving_high": max(one.aimed_saving for one in group),
        "saving_low_kwh_per_m2": min(saved), "saving_high_kwh_per_m2": max(saved),
        "saving_low": min(one.saved_fraction for one in group), "saving_high": max(one.saved_fraction for one in group),
        "usual_end_uses": "+".join(usual.end_uses) if usual else "",
        "usual_carrier": usual.carrier if usual else "",
        "simulated_share_low": min(one.usual_share_saved for one in group) if usual else None,
        "simulated_share_high": max(one.usual_share_saved for one in group) if usual else None,
        "usual_share_low": usual.low if usual else None, "usual_share_high": usual.high if usual else None,
        **{f"cost_{level}_cny_per_m2": sum(one.cost_cny_per_m2[level] for one in group) / len(group)
           for level in LEVELS},
        "cost_mid_low_cny_per_kwh_year": min(per_kwh, default=None),
        "cost_mid_high_cny_per_kwh_year": max(per_kwh, default=None),
    }


def table(found: Sequence[Effect], catalogue: Catalogue) -> list[dict[str, Cell]]:
    """Return one row per measure and building type, in the order of the catalogue.

    Parameters
    ----------
    found : sequence of Effect
        Of all buildings.
    catalogue : Catalogue
        Order and aims of the measures.

    Returns
    -------
    list of dict
        Low and high are over the buildings of the type.
    """
    rows = []
    for measure in catalogue.measures.values():
        groups: dict[tuple[str, str], list[Effect]] = {}
        for one in found:
            if one.measure == measure.id:
                groups.setdefault((one.vintage, one.source_system), []).append(one)
        rows += [_row(group, measure) for group in groups.values()]
    return rows


def main(
    store: StoreFolder = Path("out/tables"),
    workers: Workers = 2,
    registry: Annotated[Path, typer.Option(help="buildings, CSV or XLSX")] = DATA_DIR / "building_types.csv",
    out: Annotated[Path, typer.Option(help="table to write, .csv or .xlsx")] = DATA_DIR / "measure_savings.csv",
) -> None:
    """Run every building as it is and with each measure that it is offered, and write the table.

    Example: python -m scripts.measure_table --store out/tables
    """
    catalogue = load_catalogue()
    buildings = read_registry(registry)
    runs = shipped_runs(cases_of(buildings, catalogue), store, workers)
    rows = table(effects(runs, buildings, catalogue), catalogue)
    if rows:
        cells = [[round(cell, 4) if isinstance(cell, float) else cell for cell in row.values()] for row in rows]
        write_table(out, list(rows[0]), cells)
    idle = [row for row in rows if not float(str(row["aimed_saving_low"])) > 0]
    for row in idle:
        typer.echo(f"{row['measure']} in {row['vintage']} {row['source_system']}: {row['aimed_end_use']} did not move")
    typer.echo(f"{out}: {len(rows)} rows")


if __name__ == "__main__":
    typer.run(main)
