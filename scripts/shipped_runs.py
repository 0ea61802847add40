"""Engine runs behind the tables of the READMEs: the shipped Shanghai year, default calendar, default settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

from sim.case import Case

WEATHER = ("shanghai", 0)
WEATHER_ID = "shanghai_0"
StoreFolder = Annotated[Path, typer.Option("--store", help="folder of engine runs; what is there is not run again")]
Workers = Annotated[int, typer.Option("--workers", help="engine runs at once")]


def shipped_runs(cases: Sequence[Case], store: Path, workers: int) -> xr.Dataset:
    """Run cases under the shipped year and return those that finished; say which did not.

    Parameters
    ----------
    cases : sequence of Case
        What to run; finished runs are taken from the store.
    store : Path
        Folder of runs.
    workers : int
        Runs at once.

    Returns
    -------
    xr.Dataset
        `simulations.nc` of the finished cases, in the order of `cases`.
    """
    from sim import simulate
    from weather import make_typical_year

    found = simulate(cases, weather=make_typical_year(*WEATHER), store=store, workers=workers)
    good = found["status"].values.astype(str) == "ok"
    for row in np.flatnonzero(~good):
        one = found.isel(case=row)
        typer.echo(f"failed: {one['building_id'].item()} {one['package_id'].item()}: {one['failure_message'].item()}")
    typer.echo(f"{int(good.sum())} of {len(good)} runs finished, {int(found['finding_severe'].sum())} with a severe "
               f"message, {int(found['finding_unmet'].sum())} with too many unmet hours")
    return found.isel(case=np.flatnonzero(good))
