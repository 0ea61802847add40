"""Stage `simulate`: run the engine on all baselines, training and held-out cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

import netcdf
from scripts.context import Context
from scripts.provenance import labels
from scripts.sequential import further_cases
from scripts.workspace import digest
from sim import simulate
from sim.case import Case
from sim.engine.simulate import check_failures
from sim.engine.store import Store
from sim.plan import baseline_cases, draw_pairs, package_cases
from sim.surrogate.sampling import drawn_cases, training_designs
from vocabulary import attributes

FILE = "simulations.nc"
HOURLY = ("electricity_hourly", "natural_gas_hourly")
MADE_FROM = ("weather", "buildings.registry", "packages.measures", "packages.catalogue", "simulation")


def run_cases(
    context: Context, cases: Sequence[Case], out: Path | None = None, attributes: Mapping[str, str | int] | None = None
) -> xr.Dataset:
    """Run cases with the study's settings and count the runs; into a file as they come where one is named.

    Hourly profiles stay in the store: `with_profiles` adds them to the runs that need them.
    """
    options, block = context.options, context.study.simulation
    found = simulate(
        cases, weather=context.weather, calendar=context.calendar, settings=block.settings, store=context.store,
        workers=options.workers, scheduler=options.scheduler, cluster=block.cluster if options.cluster else None,
        timeout_s=block.timeout_s, retry_failed=options.retry_failed, keep_raw=options.keep_raw,
        out=out, attributes=attributes,
        progress="quiet" if options.quiet else "json" if options.as_json else "rich",
    )
    context.count_runs(found)
    return found


def planned_cases(context: Context) -> list[Case]:
    """Return baselines, training cases and held-out cases of the study, in this order.

    A study that names a fitted surrogate needs its baselines only, unless `simulate` or `fit` is asked for.
    """
    block, name = context.study.simulation, context.weather_id
    if context.study.surrogate.file and not context.options.trains:
        return baseline_cases(context.buildings, name)
    count = block.training_runs + block.holdout_runs
    # The held-out cases come first in the sequence: more training runs later leave them as they are.
    if block.training_draw == "ranges":
        drawn = training_designs(count, context.study.seed, catalogue=context.catalogue)
        held, training = drawn[: block.holdout_runs], drawn[block.holdout_runs :]
        return [*baseline_cases(context.buildings, name), *drawn_cases(training, name, "training"),
                *drawn_cases(held, name, "holdout"), *drawn_cases([case.as_it_is for case in held], name, "baseline")]
    pairs = draw_pairs(context.predicted_packages, count, context.study.seed)
    return [
        *baseline_cases(context.buildings, name),
        *package_cases(pairs[block.holdout_runs :], context.buildings, context.catalogue, name, "training"),
        *package_cases(pairs[: block.holdout_runs], context.buildings, context.catalogue, name, "holdout"),
    ]


def failed_baselines(context: Context, found: xr.Dataset) -> list[str]:
    """Return a line for each building of the registry whose baseline failed: it is out of the choice."""
    known = {b.building_id for b in context.buildings}
    columns = [found[name].values.astype(str) for name in ("building_id", "role", "status", "failure_class",
                                                           "failure_message")]
    return [f"  {name}: {kind}, {message}" for name, role, status, kind, message in zip(*columns, strict=True)
            if role == "baseline" and status != "ok" and name in known]


def without_counts(found: xr.Dataset) -> xr.Dataset:
    """Leave out what differs between a first and a resumed run: how many cases were found in the store."""
    kept = {key: value for key, value in found.attrs.items() if not key.startswith("runs_")}
    return found.drop_attrs(deep=False).assign_attrs(kept)


def stage(context: Context) -> None:
    """Run all planned cases and write `simulations.nc`."""
    told = labels(context, context.made_from(*MADE_FROM), "EnergyPlus runs of the study")
    cases = planned_cases(context)
    if context.study.simulation.sequential_runs and any(case.role == "training" for case in cases):
        first = run_cases(context, cases)
        check_failures(first)
        cases += further_cases(context, with_profiles(context, first))
    found = run_cases(context, cases, context.workspace.path(FILE), told)
    check_failures(found)
    ok = int((found["status"].values.astype(str) == "ok").sum())
    context.say_weather_findings()
    context.say_strange_bills(0)
    context.say(f"Simulated: {ok} of {found.sizes['case']} cases finished.")


def simulations(context: Context) -> xr.Dataset:
    """Return `simulations.nc`, made anew where it is missing or was made from other inputs."""
    path = context.workspace.path(FILE)
    if not context.workspace.is_current(FILE, context.made_from(*MADE_FROM)):
        stage(context)
    elif context.options.trains and "training" not in netcdf.read_dataset(path)["role"].values.astype(str):
        stage(context)
    found = netcdf.read_dataset(path)
    check_failures(found)  # the file may be of an earlier call that stopped here
    return found


def with_profiles(context: Context, found: xr.Dataset) -> xr.Dataset:
    """Return finished runs with their hourly electricity and gas out of the store."""
    good = found.isel(case=np.flatnonzero(found["status"].values.astype(str) == "ok"))
    store = Store(context.store)
    hourly = [store.hourly(key) for key in good["run_key"].values.astype(str)]
    return good.assign({
        name: (("case", "hour"), np.stack([run[name].values for run in hourly]), attributes(name)) for name in HOURLY
    })


def runs_digest(found: xr.Dataset) -> str:
    """Return a digest of which runs a dataset holds, in which role, and how they ended."""
    return digest([found[name].values.astype(str).tolist() for name in ("run_key", "role", "status")])
