"""Remake the small training set of the tests from the sample study's runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

import netcdf

WEATHER_COLUMNS = (
    "dry_bulb_temperature", "dew_point_temperature", "atmospheric_pressure", "horizontal_infrared_radiation",
    "global_horizontal_radiation", "direct_normal_radiation", "diffuse_horizontal_radiation", "wind_speed",
    "is_workday",
)
"""What the surrogate reads of the weather; the other columns are left out."""
COMMANDS = ("retrofolio simulate scripts/studies/jiading_sample.yaml --out DIR; "
            "python -m scripts.surrogate_runs DIR/simulations.nc tests/data/surrogate_runs.nc")


def trimmed(runs: xr.Dataset) -> xr.Dataset:
    """Return the runs without the weather columns that the surrogate does not read, the others as float32."""
    spare = [n for n in runs.data_vars if runs[n].dims == ("hour",) and n not in WEATHER_COLUMNS]
    kept = runs.drop_vars(spare)
    hourly = {n: kept[n].astype(np.float32) for n in WEATHER_COLUMNS if kept[n].dtype.kind == "f"}
    return kept.assign({n: v.assign_attrs(runs[n].attrs) for n, v in hourly.items()})


def main(
    simulations: Annotated[Path, typer.Argument(help="simulations.nc of the sample study")],
    out: Annotated[Path, typer.Argument(help="netCDF file to write")],
) -> None:
    """Write the training set of the tests with its provenance.

    Example: python -m scripts.surrogate_runs DIR/simulations.nc tests/data/surrogate_runs.nc

    Before it: retrofolio simulate scripts/studies/jiading_sample.yaml --out DIR
    """
    runs = netcdf.read_dataset(simulations).load()
    netcdf.write_dataset(out, trimmed(runs).assign_attrs(commands=COMMANDS), title="Training runs of the tests",
                         study_text=str(runs.attrs.get("study_text", "")),
                         illustrative=("the sample's buildings are made up",))


if __name__ == "__main__":
    typer.run(main)
