"""Remake the small training set of the tests: the sample's buildings and building-package pairs, through EnergyPlus.

Run: python -m scripts.surrogate_runs --pairs 60 --seed 1 --store DIR --out tests/data/surrogate_runs.nc
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

import buildings
import netcdf
import sim
import weather
from scripts.study import read_study
from sim.plan import baseline_cases, draw_pairs, package_cases

STUDY = Path(__file__).parent / "studies" / "jiading_sample.yaml"
REGISTRY = Path(buildings.__file__).parent / "data" / "jiading_sample.csv"
WEATHER_COLUMNS = (
    "dry_bulb_temperature", "dew_point_temperature", "atmospheric_pressure", "horizontal_infrared_radiation",
    "global_horizontal_radiation", "direct_normal_radiation", "diffuse_horizontal_radiation", "wind_speed",
    "is_workday",
)


def sample_cases(pairs: int, seed: int) -> list[sim.Case]:
    """Return the sample's baselines and a space-filling draw of its building-package pairs."""
    found, catalogue = buildings.read_registry(REGISTRY), buildings.load_catalogue()
    measures = read_study(STUDY).packages.measures
    offers = {b.building_id: buildings.enumerate_packages(b, catalogue, measures) for b in found}
    drawn = draw_pairs(offers, catalogue, pairs, seed)
    return baseline_cases(found, "shanghai") + package_cases(drawn, found, catalogue, "shanghai", "training")


def trimmed(runs: xr.Dataset) -> xr.Dataset:
    """Return the runs without the weather columns that the surrogate does not read, numbers as float32 where enough."""
    spare = [n for n in runs.data_vars if runs[n].dims == ("hour",) and n not in WEATHER_COLUMNS]
    kept = runs.drop_vars(spare)
    hourly = {n: kept[n].astype(np.float32) for n in WEATHER_COLUMNS if kept[n].dtype.kind == "f"}
    return kept.assign(hourly)


def main(
    out: Annotated[Path, typer.Option(help="netCDF file to write")],
    store: Annotated[Path, typer.Option(help="folder of runs")],
    pairs: Annotated[int, typer.Option(help="building-package pairs beside the baselines")] = 60,
    seed: Annotated[int, typer.Option(help="of the draw")] = 1,
    workers: Annotated[int, typer.Option(help="runs at once")] = 2,
) -> None:
    """Simulate the sample's training set and write it with its provenance."""
    year = weather.make_typical_year("shanghai", seed=0)
    runs = sim.simulate(sample_cases(pairs, seed), weather=year, store=store, workers=workers)
    command = f"python -m scripts.surrogate_runs --pairs {pairs} --seed {seed} --store DIR --out {out.name}"
    netcdf.write_dataset(out, trimmed(runs).assign_attrs(command=command), title="Training runs of the tests",
                         illustrative=("the sample's buildings are made up",))


if __name__ == "__main__":
    typer.run(main)
