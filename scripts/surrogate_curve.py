"""The surrogate's errors over the number of training runs, on the same fresh cases.

Run: retrofolio simulate scripts/studies/shanghai_surrogate.yaml --out DIR
     retrofolio validate scripts/studies/shanghai_surrogate.yaml --out DIR --cases 300 --seed 1
     python -m scripts.surrogate_curve DIR/simulations.nc DIR/validation.nc
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

import netcdf
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.sampling import training_designs
from sim.surrogate.validation import SavingsErrors, savings_errors, wmape

RUNS = (50, 100, 150, 200, 300, 400, 500, 600)


def first_runs(simulations: xr.Dataset, count: int) -> xr.Dataset:
    """Return the first finished training runs, in the order of the draw: any part of a Sobol draw fills the space."""
    roles, status = (simulations[name].values.astype(str) for name in ("role", "status"))
    return simulations.isel(case=np.flatnonzero((roles == "training") & (status == "ok"))[:count])


def errors(surrogate: Surrogate, fresh: xr.Dataset) -> tuple[list[float], SavingsErrors]:
    """Return the errors on electricity and gas (WMAPE), and those on savings, of cases of `validation.nc`."""
    said = surrogate.predict(fresh, range_margin=0.5)
    annual = said["annual_energy_use"]
    true = fresh["energy_use_simulated"].sum("month")
    use = [wmape(true.sel(carrier=c).values, annual.sel(carrier=c).values) for c in ("electricity", "natural_gas")]
    baseline = fresh["saving_simulated"].values / fresh["saving_fraction_simulated"].values
    saving = baseline - said["basis_energy"].values
    return use, savings_errors(fresh["saving_simulated"].values, saving, said["basis_energy_std"].values, baseline)


def main(
    simulations: Annotated[Path, typer.Argument(help="simulations.nc with the training runs")],
    validation: Annotated[Path, typer.Argument(help="validation.nc with fresh cases")],
) -> None:
    """Print the table."""
    runs, fresh = netcdf.read_dataset(simulations).load(), netcdf.read_dataset(validation).load()
    wide = design_table([drawn.design for drawn in training_designs(4096, seed=0)])
    print("| runs | electricity | gas | savings | worst | covered by 90 % | uncertain |")
    print("|---|---|---|---|---|---|---|")
    available = first_runs(runs, max(RUNS)).sizes["case"]
    for count in [n for n in RUNS if n < available] + [available]:
        use, saved = errors(Surrogate.fit(first_runs(runs, count), covers=wide), fresh)
        print(f"| {count} | {use[0]:.2%} | {use[1]:.1%} | {saved.wmape:.1%} | {saved.worst_fraction_error:.1%} | "
              f"{saved.coverage:.0%} | {saved.uncertain:.0%} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
