"""Simulated baselines beside the measured level and monthly shape of Shanghai government offices.

Run `python -m scripts.level_and_shape out/jiading_sample/simulations.nc`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr
import yaml

from buildings.datafile import DATA_DIR
from netcdf import read_dataset


def compare(simulations: xr.Dataset) -> list[str]:
    """Compare electricity of the baselines with the published monthly series.

    Parameters
    ----------
    simulations : xr.Dataset
        `simulations.nc`: energy_use(case, carrier, end_use, month) [kW h], role, status, floor_area_m2 over case.

    Returns
    -------
    list of str
        Lines for people: level, median building, and each month's share over the published share.
    """
    parameters = yaml.safe_load((DATA_DIR / "illustrative_district.yaml").read_text(encoding="utf-8"))
    published = np.array(parameters["published_electricity_kwh_per_m2"])
    chosen = (simulations["role"].astype(str) == "baseline") & (simulations["status"].astype(str) == "ok")
    baselines = simulations.isel(case=np.flatnonzero(chosen.values))
    monthly = baselines["energy_use"].sel(carrier="electricity").sum("end_use").transpose("case", "month").values
    area = baselines["floor_area_m2"].values.astype(float)
    intensity = monthly.sum(axis=1) / area
    series = monthly.sum(axis=0) / area.sum()
    ratio = series / series.sum() / (published / published.sum())
    return [
        f"{len(area)} baselines, untuned: area-weighted mean {series.sum():.1f}, median building "
        f"{np.median(intensity):.1f}, range {intensity.min():.1f} to {intensity.max():.1f} kWh/m2 of electricity",
        f"published: {published.sum():.1f} kWh/m2",
        "simulated kWh/m2 by month: " + ", ".join(f"{value:.1f}" for value in series),
        "published kWh/m2 by month: " + ", ".join(f"{value:.1f}" for value in published),
        "share of the year over the published share: " + ", ".join(f"{value:.2f}" for value in ratio),
    ]


def main(file: Annotated[Path, typer.Argument(help="simulations.nc with baselines")]) -> None:
    """Print how far the simulated baselines are from the measured level and shape.

    Example: python -m scripts.level_and_shape out/jiading_sample/simulations.nc
    """
    for line in compare(read_dataset(file)):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
