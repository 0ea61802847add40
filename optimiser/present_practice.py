"""The present ways of planning, on the same cube with the same costs and checks: by consumption, by payback.

Single measures.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from optimiser.cube import Cube, read_cube
from optimiser.model.assemble import assemble, plan_of
from optimiser.model.instance import Floats, Instance, Ints
from optimiser.portfolio import to_dataset
from optimiser.rules import Rules
from optimiser.scenario import named_scenarios, outcome_of, solve_scenario
from vocabulary import NO_PACKAGE

WAYS = ("by_consumption", "by_payback", "single_measures")


def present_practice(cube: xr.Dataset, rules: Rules) -> xr.Dataset:
    """Return, for each budget, what three present ways of planning reach and what the exact choice gains on them.

    All ways keep to the rules (floor, forbidden packages, budget) and to packages without extra PV beyond what the
    floor needs:
    - by consumption: buildings in order of energy use; each gets its package with the largest saving that money still
    allows;
    - by payback: cheapest kWh first; each building keeps the first package it gets;
    - single measures: as by payback, but packages of one measure only.

    Parameters
    ----------
    cube : xr.Dataset
    rules : Rules
        Objective `saving` is what is compared; one scenario per budget.

    Returns
    -------
    xr.Dataset
        Over (`way`, `scenario`): `energy_saving`, `capital_cost`, `touched_buildings`, `gain_of_exact_choice`
        (relative; 0.05 is
        5 % more saving); `energy_saving_exact` over `scenario`.
    """
    named = named_scenarios(rules.model_copy(update={"objective": "saving"}))
    shape = (len(WAYS), len(named))
    saving, cost, touched, exact = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(len(named))
    for s, single in enumerate(named.values()):
        arrays = read_cube(cube, single)
        exact[s] = solve_scenario(arrays, single).objective
        for w, way in enumerate(WAYS):
            plan = practice_plan(cube, single, way)
            saving[w, s], cost[w, s] = float(plan["energy_saving"].sum()), float(plan["capital_cost"].sum())
            touched[w, s] = float(plan["touched"].sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(saving > 0, exact / saving - 1.0, np.where(exact > 0, np.inf, 0.0))
    dims = ("way", "scenario")
    return xr.Dataset(
        {
            "energy_saving": (dims, saving, {"units": "kW h", "long_name": "energy saved per year"}),
            "capital_cost": (dims, cost, {"units": "1", "currency": "CNY", "long_name": "investment"}),
            "touched_buildings": (dims, touched, {"units": "1", "long_name": "buildings with a package"}),
            "gain_of_exact_choice": (
                dims,
                gain,
                {"units": "1", "long_name": "saving of the exact choice over this way, less 1"},
            ),
            "energy_saving_exact": (
                "scenario",
                exact,
                {"units": "kW h", "long_name": "energy saved per year by the exact choice"},
            ),
        },
        coords={"way": list(WAYS), "scenario": list(named)},
    )


def practice_plan(cube: xr.Dataset, rules: Rules, way: str) -> xr.Dataset:
    """Return the portfolio that one way of planning leads to, in the form of `optimise`.

    Bound and gap are those of no proof (NaN).

    Raises
    ------
    ValueError
        If there is no such way.
    """
    if way not in WAYS:
        raise ValueError(f"way: found {way!r}, expected one of {WAYS}")
    arrays = read_cube(cube, rules)
    assembled = assemble(arrays, rules, reduce=False)
    values = np.zeros(assembled.instance.size)
    values[_ranked(arrays, assembled.instance, way)] = 1.0
    plan = plan_of(assembled, values, len(arrays.buildings))
    return to_dataset(arrays, {way: outcome_of(arrays, rules, plan)})


def _ranked(cube: Cube, instance: Instance, way: str) -> Ints:
    """Return columns taken one after the other while the budget lasts."""
    columns = instance.columns
    cost, saving = columns.amounts["capital"], columns.amounts["saving"]
    order = np.concatenate(
        [np.asarray(part, dtype=np.intp) for part in _order(cube, instance, way)] or [np.zeros(0, dtype=np.intp)]
    )
    limit = np.array([row.upper for row in instance.rows if row.family in ("budget", "yearly_budget")])
    left = float(limit.min()) if len(limit) else np.inf
    taken: list[int] = []
    done = np.zeros(len(cube.buildings), dtype=bool)
    for column in order[saving[order] > 0]:
        building = columns.building[column]
        if not done[building] and cost[column] <= left and columns.package[column] > 0:
            done[building] = True
            left -= float(cost[column])
            taken.append(int(column))
    return np.array(taken, dtype=np.intp)


def _order(cube: Cube, instance: Instance, way: str) -> Iterator[Ints | Floats]:
    columns = instance.columns
    saving, cost = columns.amounts["saving"], columns.amounts["capital"]
    if way == "by_consumption":
        for building in np.argsort(-cube.baseline, kind="stable"):
            own = np.flatnonzero(columns.building == building)
            yield own[np.argsort(-saving[own], kind="stable")]
        return
    single = np.array(["+" not in label and label != NO_PACKAGE for label in cube.packages])
    allowed = np.flatnonzero(single[columns.package]) if way == "single_measures" else np.arange(len(columns))
    ratio = cost[allowed] / np.maximum(saving[allowed], 1e-9)
    yield allowed[np.argsort(ratio, kind="stable")]
