"""Stage `validate`: simulate cases that no fit has seen, and state the surrogate's errors on use and on savings."""

from __future__ import annotations

import numpy as np
import xarray as xr

import netcdf
from optimiser.validation import errors_of, validation_table
from scripts import fit, simulate
from scripts.context import Context
from scripts.provenance import write
from scripts.simulate import check as check  # the same inputs
from sim.case import Case
from sim.plan import baseline_cases, draw_pairs, package_cases

FILE = "validation.nc"


def fresh_cases(context: Context, count: int, seed: int) -> list[Case]:
    """Draw cases that were not trained on, and the baselines of their buildings."""
    name = context.weather_id
    taken = frozenset(
        (case.building_id, case.package_id) for case in simulate.planned_cases(context) if case.role == "training"
    )
    pairs = draw_pairs(context.predicted_packages, context.catalogue, count, seed, taken=taken)
    used = {building for building, _ in pairs}
    buildings = [b for b in context.buildings if b.building_id in used]
    return [
        *baseline_cases(buildings, name),
        *package_cases(pairs, context.buildings, context.catalogue, name, "validation"),
    ]


def _held_out(context: Context) -> xr.Dataset:
    """Return the runs that validate: fresh ones where the command asks for them, else the study's held-out runs."""
    options = context.options
    if options.validation_cases is None:
        return simulate.simulations(context)
    seed = context.study.seed + 1 if options.validation_seed is None else options.validation_seed
    return simulate.run_cases(context, fresh_cases(context, options.validation_cases, seed))


def stage(context: Context) -> None:
    """Write `validation.nc` and state its errors."""
    found = _held_out(context)
    roles, good = found["role"].values.astype(str), found["status"].values.astype(str) == "ok"
    fresh = found.isel(case=np.flatnonzero(good & np.isin(roles, ("holdout", "validation"))))
    baselines = found.isel(case=np.flatnonzero(good & (roles == "baseline")))
    if not fresh.sizes["case"]:
        context.say("No held-out case finished: the surrogate's errors are not stated.")
        return
    rules = context.study.optimiser.rules_of(context.study.optimiser.scenarios[0])
    predicted = fit.surrogate(context).predict(fresh)
    table = validation_table(fresh, baselines, predicted, rules.energy_basis)
    errors = errors_of(table, floor=rules.minimum_saving_fraction)
    failed = int((~good & np.isin(roles, ("holdout", "validation"))).sum())
    write(
        context, FILE, table.assign_attrs(errors | {"failed_cases": failed}), made_from(context),
        title="Surrogate beside EnergyPlus",
    )
    context.say(_in_words(table.sizes["case"], errors))


def made_from(context: Context) -> dict[str, str]:
    """Return what `validation.nc` is made from."""
    asked = {"cases": str(context.options.validation_cases), "seed of cases": str(context.options.validation_seed)}
    return context.made_from(*simulate.MADE_FROM, "surrogate") | asked


def _in_words(cases: int, errors: dict[str, float]) -> str:
    use, gas = errors["consumption_wmape_electricity"], errors["consumption_wmape_natural_gas"]
    return (
        f"Surrogate beside EnergyPlus on {cases} unseen cases: electricity {use:.1%}, gas {gas:.1%}, "
        f"savings {errors['savings_wmape']:.1%} (WMAPE)."
    )


def validation(context: Context) -> xr.Dataset | None:
    """Return `validation.nc` where it exists."""
    path = context.workspace.path(FILE)
    return netcdf.read_dataset(path) if path.is_file() else None
