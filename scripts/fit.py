"""Stage `fit`: fit the surrogate on the runs of `simulate`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

import netcdf
from buildings import Building, Package
from scripts import calibrate_inputs, simulate, ties
from scripts.context import Context
from scripts.provenance import attributes
from sim import Surrogate
from sim.case import design_table
from sim.engine.findings import barred_from_fitting
from sim.plan import package_cases
from sim.surrogate.sampling import training_designs

FILE = "surrogate.nc"
RANGE_DRAWS = 4096
"""Draws that show how wide the ranges are that training cases are drawn over."""
Pairs = Sequence[tuple[str, Package]]


def made_from(context: Context, found: xr.Dataset) -> dict[str, str]:
    """Return what the surrogate is made from: the study's blocks and the runs themselves."""
    made = context.made_from(*simulate.MADE_FROM, "surrogate") | {"runs": simulate.runs_digest(found)}
    return made | {"covers what calibration may ask for": str(calibrate_inputs.wanted(context))}


def offered_designs(context: Context, pairs: Pairs, buildings: Sequence[Building] | None = None) -> xr.Dataset:
    """Return the designs of building-package pairs as a table, of the registry's buildings unless others are given."""
    cases = package_cases(pairs, buildings or context.buildings, context.catalogue, context.weather_id, "verification")
    return design_table([case.design for case in cases])


def smallest_pairs(context: Context) -> list[tuple[str, Package]]:
    """Return packages that reach, field by field, what all packages of the surrogate's buildings reach."""
    return [(name, grid.package(row)) for name, grid in context.predicted_packages.items()
            for row in grid.smallest_rows().tolist()]


def learnt_from(context: Context, found: xr.Dataset) -> xr.Dataset:
    """Return the runs that a fit may see, and tell how many were left out."""
    barred = context.study.surrogate.barred_findings
    out = barred_from_fitting(found, barred)
    failed = int((found["status"].values.astype(str) != "ok").sum())
    if out.any():
        context.say(f"Left out of fitting: {failed} failed runs, {int(out.sum()) - failed} with a finding that the "
                    f"study bars ({', '.join(barred)}).")
    return found.isel(case=np.flatnonzero(~out))


def fitted(context: Context, found: xr.Dataset) -> Surrogate:
    """Fit a surrogate that covers all that the study may ask for, on the buildings that it speaks for."""
    others = np.isin(found["building_id"].values.astype(str), list(context.direct))
    found = found.isel(case=np.flatnonzero(~others))
    if context.study.simulation.training_draw == "ranges":
        drawn = training_designs(RANGE_DRAWS, context.study.seed, catalogue=context.catalogue)
        return Surrogate.fit(found, covers=design_table([case.design for case in drawn]))
    covers = [offered_designs(context, smallest_pairs(context))]
    if calibrate_inputs.wanted(context):
        covers.append(calibrate_inputs.corner_designs(context))
    return Surrogate.fit(found, covers=xr.concat(covers, dim="case"))


def stage(context: Context) -> None:
    """Fit and write `surrogate.nc`, also where the study names a fitted file."""
    found = simulate.simulations(context)
    surrogate = fitted(context, simulate.with_profiles(context, learnt_from(context, found)))
    labels = attributes(context, made_from(context, found)) | ties.attributes(context)
    surrogate.save(context.workspace.path(FILE), attributes=labels)
    told = ", ".join(f"{k.removeprefix('leave_one_out_wmape_')} {v:.1%}" for k, v in surrogate.errors.items())
    context.say(f"Surrogate fitted; error left one out: {told} (WMAPE).")


def is_current(context: Context) -> bool:
    """Tell whether the folder holds a surrogate of this study's own runs; it goes before the one that a study names."""
    runs = context.workspace.path(simulate.FILE)
    if not context.workspace.is_current(simulate.FILE, context.made_from(*simulate.MADE_FROM)):
        return False
    return context.workspace.is_current(FILE, made_from(context, netcdf.read_dataset(runs)))


def surrogate(context: Context) -> Surrogate:
    """Return the surrogate: of this folder where it is current, else the study's file, else fitted anew."""
    named, path = context.study.surrogate.file, context.workspace.path(FILE)
    if is_current(context):
        return Surrogate.load(path)
    if named:
        return ties.loaded(context, named)
    stage(context)
    return Surrogate.load(path)
