"""Stage `validate`: simulate cases that no fit has seen, and state the surrogate's errors on use and on savings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import binom

import netcdf
from optimiser.validation import errors_of, validation_table
from scripts import fit, simulate
from scripts.context import Context
from scripts.provenance import write
from sim import Surrogate
from sim.case import Case, design_table
from sim.plan import baseline_cases, draw_pairs, package_cases
from sim.surrogate.inputs import Table, inside_range, read_table
from sim.surrogate.pipeline import Wanted
from sim.surrogate.sampling import drawn_cases, training_designs
from sim.surrogate.surrogate import CALORIFIC_WEIGHTS
from sim.surrogate.validation import cv_rmse

FILE = "validation.nc"
RUNS_FILE = "validation_runs.nc"
"""Runs that the command asked for: what other designs of surrogates are compared on."""
NEAR_FLOOR = 0.09
"""Predicted savings of 11 to 29 % count as near the floor of 20 %."""
VALIDATION_SEEDS = 10_000_000
"""Added to the seed of drawn buildings: no training draw has the same."""
UNAIDED = ("consumption_wmape_electricity", "consumption_wmape_natural_gas", "consumption_wmape_basis", "savings_wmape",
           "savings_worst_family", "savings_coverage", "savings_uncertain")
"""Errors also told of the surrogate alone, the baselines of the buildings unknown to it."""
Pair = tuple[Case, Case]
"""A case with a package, and its building as it is."""


def fresh_cases(context: Context, count: int, seed: int) -> list[Case]:
    """Draw cases that were not trained on, and the baselines of their buildings.

    Twice as many cases as wanted are drawn, and the surrogate says which of them are near the floor: verdicts are hard
    there, so that half of the cases are taken from there. Where training drew buildings over ranges, half of the
    cases are of such buildings, the others of the registry's.
    """
    surrogate = fit.surrogate(context)
    anew = context.study.simulation.training_draw == "ranges"
    halves = [(_of_registry(context, 2 * count, seed), count - count // 2 if anew else count)]
    if anew:
        halves.append((_of_ranges(context, 2 * count, seed), count // 2))
    pairs = [pair for half, wanted in halves for pair in _near_and_far(surrogate, half, wanted)]
    bases = {base.building_id: base for _, base in pairs}
    return [*bases.values(), *(case for case, _ in pairs)]


def _of_registry(context: Context, count: int, seed: int) -> list[Pair]:
    taken = frozenset(
        (case.building_id, case.package_id) for case in simulate.planned_cases(context) if case.role == "training"
    )
    drawn = draw_pairs(context.predicted_packages, count, seed, taken=taken)
    bases = {case.building_id: case for case in baseline_cases(context.buildings, context.weather_id)}
    cases = package_cases(drawn, context.buildings, context.catalogue, context.weather_id, "validation")
    return [(case, bases[case.building_id]) for case in cases]


def _of_ranges(context: Context, count: int, seed: int) -> list[Pair]:
    drawn = training_designs(count, seed + VALIDATION_SEEDS, catalogue=context.catalogue, always_package=True)
    cases = drawn_cases(drawn, context.weather_id, "validation")
    return list(zip(cases, drawn_cases([d.as_it_is for d in drawn], context.weather_id, "baseline"), strict=True))


def _near_and_far(surrogate: Surrogate, pairs: Sequence[Pair], count: int) -> list[Pair]:
    """Return as many pairs as wanted, half of them with predicted savings near the floor as far as there are any."""
    tables = [read_table(design_table([pair[i].design for pair in pairs])) for i in (0, 1)]
    known = np.logical_and.reduce([inside_range(table, surrogate.ranges) for table in tables])
    rows = np.flatnonzero(known)
    after, before = (_basis_kwh(surrogate, table.take(rows)) for table in tables)
    near = np.abs((before - after) / before - 0.20) < NEAR_FLOOR
    chosen = [*rows[near][: count - count // 2], *rows[~near]][:count]
    chosen += [row for row in rows.tolist() if row not in chosen][: count - len(chosen)]
    return [pairs[row] for row in sorted(chosen)]


def _basis_kwh(surrogate: Surrogate, table: Table) -> NDArray[np.float64]:
    wanted = Wanted(np.array(CALORIFIC_WEIGHTS), errors="none", peaks=False)
    return np.asarray(surrogate.predict_table(table, wanted).annual() @ wanted.weights)


def _held_out(context: Context) -> xr.Dataset:
    """Return the runs that validate: fresh ones where the command asks for them, else the study's held-out runs."""
    options = context.options
    if options.validation_cases is None:
        return simulate.simulations(context)
    seed = context.study.seed + 1 if options.validation_seed is None else options.validation_seed
    runs = simulate.run_cases(context, fresh_cases(context, options.validation_cases, seed))
    write(context, RUNS_FILE, runs, made_from(context), title="Cases that no fit has seen, and their baselines")
    return runs


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
    surrogate, families = fit.surrogate(context), families_of(context, fresh)

    def stated(answer: xr.Dataset) -> tuple[xr.Dataset, dict[str, float]]:
        table = validation_table(fresh, baselines, answer, rules.energy_basis)
        return table, errors_of(table, floor=rules.minimum_saving_fraction, families=families)

    # as in planning, where every building is simulated as it is before its packages are predicted
    predicted = surrogate.with_runs(baselines).predict(fresh, hourly=True)
    table, errors = stated(predicted)
    unaided = stated(surrogate.predict(fresh))[1]
    errors |= {f"without_baselines_{name}": unaided[name] for name in UNAIDED}
    errors |= hourly_errors(simulate.with_profiles(context, fresh), predicted)
    failed = int((~good & np.isin(roles, ("holdout", "validation"))).sum())
    write(
        context, FILE, table.assign_attrs(errors | {"failed_cases": failed}), made_from(context),
        title="Surrogate beside EnergyPlus",
    )
    context.say(_in_words(table.sizes["case"], errors))


def families_of(context: Context, table: xr.Dataset) -> dict[str, NDArray[np.bool_]]:
    """Return which cases hold a measure of each family; of source systems each swap is a family of its own."""
    found: dict[str, NDArray[np.bool_]] = {}
    for row, label in enumerate(table["package_id"].values.astype(str).tolist()):
        for name in label.split("+"):
            measure = context.catalogue.measures[name]
            family = name if measure.family == "source" else measure.family
            found.setdefault(family, np.zeros(table.sizes["case"], dtype=bool))[row] = True
    return found


def hourly_errors(simulated: xr.Dataset, predicted: xr.Dataset) -> dict[str, float]:
    """Return the hourly CV(RMSE) of electricity: the median case's and that which 90 % of the cases stay below."""
    each = cv_rmse(simulated["electricity_hourly"].values, predicted["electricity_hourly"].values)
    return {"hourly_cv_rmse_electricity_median": float(np.median(each)),
            "hourly_cv_rmse_electricity_90": float(np.quantile(each, 0.9))}


def made_from(context: Context) -> dict[str, str]:
    """Return what `validation.nc` is made from."""
    asked = {"cases": str(context.options.validation_cases), "seed of cases": str(context.options.validation_seed)}
    return context.made_from(*simulate.MADE_FROM, "surrogate") | asked


def _in_words(cases: int, errors: dict[str, float]) -> str:
    use, gas = errors["consumption_wmape_electricity"], errors["consumption_wmape_natural_gas"]
    low, high = (bound / cases for bound in binom.interval(0.90, cases, 0.90))
    return (
        f"Surrogate beside EnergyPlus on {cases} unseen cases: electricity {use:.1%}, gas {gas:.1%}, "
        f"savings {errors['savings_wmape']:.1%}, worst family {errors['savings_worst_family']:.1%} (WMAPE); "
        f"hourly electricity {errors['hourly_cv_rmse_electricity_median']:.0%} (CV(RMSE), median); "
        f"90 % intervals cover {errors['savings_coverage']:.0%} (chance alone: {low:.0%} to {high:.0%}); "
        f"{errors['savings_uncertain']:.0%} uncertain, {errors['savings_wrong_outside_interval']:.1%} wrong verdicts. "
        f"Had the buildings not been simulated as they are: savings {errors['without_baselines_savings_wmape']:.1%}."
    )


def validation(context: Context) -> xr.Dataset | None:
    """Return `validation.nc` where it exists."""
    path = context.workspace.path(FILE)
    return netcdf.read_dataset(path) if path.is_file() else None
