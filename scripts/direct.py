"""Buildings that no surrogate speaks for: their packages are simulated, the rest of their packages is not available."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Building, Package, capital_cost_cny
from buildings.measures import QUANTITIES
from buildings.package_grid import PackageGrid, package_grid
from optimiser.candidates import Array, Forecast, Question
from optimiser.direct import Single, combinations_to_run
from optimiser.money.factors import energy_in_basis_kwh
from optimiser.simulated_rows import annual_kwh
from scripts import simulate
from scripts.context import Context
from sim.case import Role
from sim.plan import package_cases
from vocabulary import CARRIERS, NO_PACKAGE

ROLE: Role = "verification"
"""Runs of the direct route are proof of what they say; no surrogate is fitted on them."""


def with_runs(context: Context, runs: xr.Dataset, asked: Question) -> xr.Dataset:
    """Return runs with those of the direct buildings: each measure alone, then combinations, hourly profiles included.

    What was run before comes out of the store.
    """
    buildings = [b for b in context.buildings if b.building_id in context.direct]
    grids = {b.building_id: grid_of(context, b) for b in buildings}
    most = context.study.simulation.direct_runs - 1  # the baseline is one of them
    alone = {name: _alone(grid)[:most] for name, grid in grids.items()}
    runs = _with(context, runs, alone)
    known = {name: singles(runs, name, alone[name], asked) for name in grids}
    runs = _without_price(context, runs, alone, known)
    rest = {
        name: combinations_to_run(grid, known[name], most - len(alone[name])) for name, grid in grids.items()
    }
    runs = _with(context, runs, rest)
    for building in buildings:
        _tell(context, building, runs)
    return runs


def grid_of(context: Context, building: Building) -> PackageGrid:
    """Return all packages that a building is offered."""
    return package_grid(building, context.catalogue, context.study.packages.measures)


def _alone(grid: PackageGrid) -> list[Package]:
    return [grid.package(row) for row in np.flatnonzero(grid.sizes() == 1).tolist()]


def _with(context: Context, runs: xr.Dataset, wanted: Mapping[str, Sequence[Package]]) -> xr.Dataset:
    """Return runs with those of further packages; failed ones, as of measures that a model cannot take, stay named."""
    pairs = [(name, package) for name, packages in wanted.items() for package in packages]
    if not pairs:
        return runs
    cases = package_cases(pairs, context.buildings, context.catalogue, context.weather_id, ROLE)
    found = simulate.run_cases(context, cases)
    for row in np.flatnonzero(found["status"].values.astype(str) != "ok").tolist():
        case = found.isel(case=row)
        why = str(case["failure_message"].values).strip().replace("\n", " ")[:200]
        context.say(f"Not available: {case['package_id'].values} on {case['building_id'].values}: {why}")
    good = simulate.with_profiles(context, found)
    if not good.sizes["case"]:
        return runs
    return xr.concat([runs, good], dim="case", data_vars="minimal", combine_attrs="override")


def _without_price(
    context: Context, runs: xr.Dataset, alone: Mapping[str, Sequence[Package]],
    known: Mapping[str, Mapping[str, Single]],
) -> xr.Dataset:
    """Leave out what would be free of charge because the model does not report the size that its cost goes by."""
    free = {(name, package.label) for name, packages in alone.items() for package in packages
            if package.measures[0] not in known[name]}
    pairs = list(zip(runs["building_id"].values.astype(str), runs["package_id"].values.astype(str), strict=True))
    for name, label in sorted(free & {(str(n), str(p)) for n, p in pairs}):
        context.say(f"Not available: {label} on {name}: its cost cannot be computed from the model's sizes")
    return runs.isel(case=[row for row, pair in enumerate(pairs) if pair not in free])


def _row(runs: xr.Dataset, building: str, label: str) -> int | None:
    names, labels = runs["building_id"].values.astype(str), runs["package_id"].values.astype(str)
    found = np.flatnonzero((names == building) & (labels == label))
    return int(found[0]) if len(found) else None


def singles(
    runs: xr.Dataset, building: str, alone: Sequence[Package], asked: Question
) -> dict[str, Single]:
    """Return what each measure alone saves and costs, of those whose runs finished and whose cost is known.

    Parameters
    ----------
    runs : xr.Dataset
        Finished runs.
    building : str
        building_id.
    alone : sequence of Package
        Packages of one measure.
    asked : Question
        Prices and energy basis.
    """
    before = _row(runs, building, NO_PACKAGE)
    found: dict[str, Single] = {}
    for package in alone:
        row = _row(runs, building, package.label)
        if before is None or row is None:
            continue
        use = annual_kwh(runs["energy_use"].isel(case=[before, row]))
        electricity_kwh, gas_kwh = use[0] - use[1]
        saving = energy_in_basis_kwh(electricity_kwh, gas_kwh, asked.basis)
        quantities = {name: float(runs[name].values[row]) for name in QUANTITIES}
        cost = capital_cost_cny(package, quantities, asked.catalogue, asked.level)
        if cost > 0:
            found[package.measures[0]] = Single(float(saving), float(cost))
    return found


def _tell(context: Context, building: Building, runs: xr.Dataset) -> None:
    count = int((runs["building_id"].values.astype(str) == building.building_id).sum())
    reason = context.direct[building.building_id]
    context.say(f"Simulated directly, {count} runs: {building.building_id} ({reason}).")


def finished(building: Building, grid: PackageGrid, runs: xr.Dataset) -> PackageGrid:
    """Return the packages of a building that have been simulated, `none` first.

    Parameters
    ----------
    building : Building
        The building.
    grid : PackageGrid
        All that it is offered.
    runs : xr.Dataset
        Finished runs.
    """
    keep: NDArray[np.bool_] = grid.sizes() == 0
    own = runs["building_id"].values.astype(str) == building.building_id
    for label in runs["package_id"].values.astype(str)[own].tolist():
        keep |= grid.labelled(label)
    return grid.take(keep)


def to_be_filled(packages: int, nodes: int) -> Forecast:
    """Return a forecast that says nothing: every package of a direct building is a run, which takes its place.

    Parameters
    ----------
    packages : int
        Number of packages, all of them simulated.
    nodes : int
        Number of PV sizes.
    """
    nothing, over_sizes = np.zeros(packages), np.zeros((packages, nodes))
    blank: dict[str, Array] = {name: nothing for name in QUANTITIES}
    return Forecast(np.zeros((packages, len(CARRIERS))), nothing, nothing, over_sizes, over_sizes, blank)


def with_route(context: Context, cube: xr.Dataset) -> xr.Dataset:
    """Return the cube with the route of every building: `direct` or `surrogate`."""
    route = ["direct" if str(name) in context.direct else "surrogate" for name in cube["building"].values]
    return cube.assign(route=("building", route, {"long_name": "where the savings come from: surrogate or direct"}))
