"""The surrogate's errors over the number of training runs, on the same fresh cases.

The runs are taken in the order in which they were drawn: any part of a Sobol draw fills the space; after the draw come
the runs of the sequential design, then the registry's baselines.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

import netcdf
from optimiser.validation import errors_of, validation_table
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.sampling import training_designs

RUNS = (50, 100, 150, 200, 300, 400, 500, 600)
FLOOR = 0.20


def in_order(simulations: xr.Dataset) -> xr.Dataset:
    """Return the finished runs that train, as drawn, baselines last."""
    roles, status = (simulations[name].values.astype(str) for name in ("role", "status"))
    rows = np.concatenate([np.flatnonzero((roles == role) & (status == "ok")) for role in ("training", "baseline")])
    return simulations.isel(case=rows)


def fresh_and_baselines(runs: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Return the finished cases with a package of `validation_runs.nc`, and the finished baselines."""
    roles, status = (runs[name].values.astype(str) for name in ("role", "status"))
    fresh, baselines = (runs.isel(case=np.flatnonzero((roles == role) & (status == "ok")))
                        for role in ("validation", "baseline"))
    known = np.isin(fresh["building_id"].values, baselines["building_id"].values)
    return fresh.isel(case=np.flatnonzero(known)), baselines


def line(surrogate: Surrogate, fresh: xr.Dataset, baselines: xr.Dataset) -> list[str]:
    """Return electricity, gas, savings without and with the baselines learnt, coverage, share left uncertain."""
    without, aided = (
        errors_of(validation_table(fresh, baselines, one.predict(fresh, range_margin=0.5), "calorific"), floor=FLOOR)
        for one in (surrogate, surrogate.with_runs(baselines)))
    return [f"{without['consumption_wmape_electricity']:.2%}", f"{without['consumption_wmape_natural_gas']:.1%}",
            f"{without['savings_wmape']:.1%}", f"{aided['savings_wmape']:.1%}", f"{aided['savings_coverage']:.0%}",
            f"{aided['savings_uncertain']:.0%}"]


def main(
    simulations: Annotated[Path, typer.Argument(help="simulations.nc with the training runs")],
    validation_runs: Annotated[Path, typer.Argument(help="validation_runs.nc with fresh cases")],
) -> None:
    """Print the table.

    Example: python -m scripts.surrogate_curve DIR/simulations.nc DIR/validation_runs.nc

    Before it, on scripts/studies/shanghai_surrogate.yaml: retrofolio simulate STUDY --out DIR; retrofolio validate
    STUDY --out DIR --cases 300 --seed 1
    """
    runs = in_order(netcdf.read_dataset(simulations).load())
    fresh, baselines = fresh_and_baselines(netcdf.read_dataset(validation_runs).load())
    wide = design_table([drawn.design for drawn in training_designs(4096, seed=0)])
    print("| runs | electricity | gas | savings | savings, baselines learnt | covered by 90 % | uncertain |")
    print("|" + "---|" * 7)
    for count in [n for n in RUNS if n < runs.sizes["case"]] + [runs.sizes["case"]]:
        found = Surrogate.fit(runs.isel(case=slice(0, count)), covers=wide)
        print(f"| {count} | " + " | ".join(line(found, fresh, baselines)) + " |", flush=True)


if __name__ == "__main__":
    typer.run(main)
