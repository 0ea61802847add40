"""Simulated baselines beside the measured level and monthly shape of Shanghai government offices.

Run `python -m scripts.level_and_shape --store out/tables`; `--registry` takes any other registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer
import xarray as xr

from buildings import Building, load_archetypes, read_registry
from buildings.datafile import DATA_DIR
from scripts.make_illustrative_district import load_parameters
from scripts.shipped_runs import WEATHER_ID, StoreFolder, Workers, shipped_runs
from sim.plan import baseline_cases

Array = npt.NDArray[np.float64]
BURNS_GAS = ("chiller_boiler", "absorption", "high_efficiency_plant")
TUNED = "service_power_density_w_per_m2"
"""What may be tuned, one factor per vintage: lifts, pumps, server rooms; no heat to rooms, no season."""


def shape(electricity_kwh: Array) -> Array:
    """Return each month's share of the year over the published share [1].

    Parameters
    ----------
    electricity_kwh : ndarray
        Shape (12,), in any unit of energy.

    Returns
    -------
    ndarray
        Shape (12,); 1 where the month has the share of the Shanghai platform's government offices (Wang et al.,
        Green Building 2026(1), table 2).

    Examples
    --------
    >>> published = load_parameters()["published_electricity_kwh_per_m2"]
    >>> float(shape(2 * np.array(published)).max())
    1.0
    """
    published = np.array(load_parameters()["published_electricity_kwh_per_m2"])
    return electricity_kwh / electricity_kwh.sum() / (published / published.sum())


def _line(name: str, monthly: Array, area: Array) -> str:
    year = monthly.sum(axis=1)
    ratios = ", ".join(f"{ratio:.2f}" for ratio in shape(monthly.sum(axis=0)))
    return (f"{name}: {len(area)} buildings, electricity {year.sum() / area.sum():.1f} kWh/m2, median building "
            f"{np.median(year / area):.1f}, range {(year / area).min():.1f} to {(year / area).max():.1f}; "
            f"month's share over the published: {ratios}")


def compare(runs: xr.Dataset, buildings: Sequence[Building]) -> list[str]:
    """Compare electricity of the baselines with the published monthly series.

    Parameters
    ----------
    runs : xr.Dataset
        `simulations.nc` of finished baselines: energy_use(case, carrier, end_use, month) [kW h], building_id(case).
    buildings : sequence of Building
        Theirs, in any order.

    Returns
    -------
    list of str
        Lines for people: level and shape of all, by vintage, and of buildings that heat with gas or with electricity.
    """
    known = {building.building_id: building for building in buildings}
    own = [known[str(name)] for name in runs["building_id"].values]
    monthly = runs["energy_use"].sel(carrier="electricity").sum("end_use").transpose("case", "month").values
    area = np.array([building.floor_area_m2 for building in own])
    gas = np.array([building.source_system in BURNS_GAS for building in own])
    groups = {"all": np.ones(len(own), dtype=bool)}
    groups |= {name: np.array([building.vintage == name for building in own]) for name in load_archetypes().vintages}
    groups |= {"heated with gas": gas, "heated with electricity": ~gas}
    published = load_parameters()["published_electricity_kwh_per_m2"]
    return [f"published: {sum(published):.1f} kWh/m2, by month " + ", ".join(f"{value:.1f}" for value in published)] + [
        _line(name, monthly[chosen], area[chosen]) for name, chosen in groups.items() if chosen.any()
    ]


def billed(runs: xr.Dataset, buildings: Sequence[Building]) -> list[str]:
    """Compare electricity of the baselines with the bills, and say what one factor per vintage would close the gap.

    Parameters
    ----------
    runs : xr.Dataset
        As in `compare`.
    buildings : sequence of Building
        With bills; those without are left out.

    Returns
    -------
    list of str
        One line per vintage: simulated, billed, and the service power density that makes them equal.
    """
    electricity = runs["energy_use"].sel(carrier="electricity").sum(["end_use", "month"]).values
    simulated = dict(zip(runs["building_id"].values.astype(str), electricity, strict=True))
    lines = []
    for vintage in load_archetypes().vintages:
        own = [b for b in buildings if b.vintage == vintage and b.bills and b.building_id in simulated]
        if own:
            lines.append(_gap(vintage, own, simulated))
    return lines


def _gap(vintage: str, own: Sequence[Building], simulated: dict[str, float]) -> str:
    area = sum(building.floor_area_m2 for building in own)
    used = sum(simulated[building.building_id] for building in own) / area
    bills = [[bill.electricity_kwh for bill in building.bills if bill.electricity_kwh is not None] for building in own]
    bought = sum(12 * sum(months) / len(months) for months in bills if months) / area
    now = sum(getattr(building.design, TUNED) * building.floor_area_m2 for building in own) / area
    figure = load_archetypes().every_vintage[TUNED]
    wanted = now + (bought - used) / 8.76
    inside = figure.low is not None and figure.high is not None and figure.low <= wanted <= figure.high
    return (f"{vintage}: simulated {used:.1f}, billed {bought:.1f} kWh/m2; {TUNED} {now:.2f} -> {wanted:.2f} W/m2 "
            f"would close it, {'inside' if inside else 'outside'} its range {figure.low} to {figure.high}")


def main(
    store: StoreFolder = Path("out/tables"),
    workers: Workers = 2,
    registry: Annotated[Path, typer.Option(help="buildings, CSV or XLSX")] = DATA_DIR / "jiading_illustrative.csv",
    bills: Annotated[Path | None, typer.Option(help="their monthly bills")] = (
        DATA_DIR / "jiading_illustrative_bills.csv"),
) -> None:
    """Run every building as it is and print level and monthly shape beside the measured ones.

    Example: python -m scripts.level_and_shape --store out/tables
    """
    buildings = read_registry(registry, bills)
    runs = shipped_runs(baseline_cases(buildings, WEATHER_ID), store, workers)
    for line in [*compare(runs, buildings), *billed(runs, buildings)]:
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
