"""The runs that training adds where the verdict on savings is least certain (sequential design)."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from scripts.context import Context
from sim import Surrogate
from sim.case import Case, design_table
from sim.plan import baseline_cases, draw_pairs, package_cases
from sim.surrogate.inputs import Table, inside_range, read_table
from sim.surrogate.pipeline import Wanted
from sim.surrogate.sampling import drawn_cases, most_doubtful, training_designs
from sim.surrogate.surrogate import CALORIFIC_WEIGHTS

CANDIDATES_PER_RUN = 8
"""Draws that one further run is chosen from: a few are enough to leave the certain half of the space alone."""
Array = NDArray[np.float64]


def further_cases(context: Context, found: xr.Dataset) -> list[Case]:
    """Return the further training cases of a study: of many draws those whose verdict its first runs leave in doubt.

    Parameters
    ----------
    context : Context
        Its study says how many (`simulation.sequential_runs`).
    found : xr.Dataset
        The study's first runs with hourly profiles.

    Returns
    -------
    list of Case
        In the role `training`. The draws go on where those of the first runs end, so that none comes twice.
    """
    block = context.study.simulation
    surrogate = Surrogate.fit(found)
    cases, bases = _candidates(context, CANDIDATES_PER_RUN * block.sequential_runs)
    tables = [read_table(design_table([case.design for case in side])) for side in (bases, cases)]
    rows = np.flatnonzero(np.logical_and.reduce([inside_range(table, surrogate.ranges) for table in tables]))
    before, after = (_basis_kwh(surrogate, table.take(rows)) for table in tables)
    floor = context.study.optimiser.rules_of(context.study.optimiser.scenarios[0]).minimum_saving_fraction
    owners = [cases[row].building_id for row in rows.tolist()]
    chosen = most_doubtful(before[0] - after[0], after[1], before[0], owners, block.sequential_runs, floor=floor)
    return [cases[row] for row in sorted(rows[chosen].tolist())]


def _candidates(context: Context, count: int) -> tuple[list[Case], list[Case]]:
    """Return drawn cases with a package, and the buildings of each as they are."""
    block, name, seed = context.study.simulation, context.weather_id, context.study.seed
    skipped = block.training_runs + block.holdout_runs
    if block.training_draw == "ranges":
        drawn = training_designs(skipped + count, seed, catalogue=context.catalogue)[skipped:]
        drawn = [each for each in drawn if each.package.measures]
        return drawn_cases(drawn, name, "training"), drawn_cases([each.as_it_is for each in drawn], name, "baseline")
    pairs = draw_pairs(context.predicted_packages, skipped + count, seed)[skipped:]
    bases = {case.building_id: case for case in baseline_cases(context.buildings, name)}
    cases = package_cases(pairs, context.buildings, context.catalogue, name, "training")
    return cases, [bases[case.building_id] for case in cases]


def _basis_kwh(surrogate: Surrogate, table: Table) -> tuple[Array, Array]:
    """Return the yearly energy in the basis and its standard error [kW h]."""
    answer = surrogate.predict_table(table, Wanted(np.array(CALORIFIC_WEIGHTS), errors="energy", peaks=False))
    return answer.annual() @ np.array(CALORIFIC_WEIGHTS), answer.basis_std
