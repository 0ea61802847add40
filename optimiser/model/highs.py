"""HiGHS through pyomo: one run, its plan with whole columns, its bound; no other termination is accepted.

HiGHS is never handed a plan to begin with: version 1.15.1, given the empty plan as a start and with presolve on, called
it optimal on models of 6 and 16 columns that have better plans (`STARTED_WRONGLY` in
`tests/optimiser/exact/test_equals_brute_force.py`). What is known of good plans is used before the model is built:
columns that cannot better the plan in hand are left out of it (equation 22).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pyomo.contrib.appsi.base import TerminationCondition
from pyomo.contrib.appsi.solvers.highs import Highs

from optimiser.model.build import build, extra_scales
from optimiser.model.instance import Floats, Instance
from vocabulary import RetrofolioError

TOLERANCE = 1e-9
"""Feasibility tolerance asked of HiGHS, in the model's units near one; its default of 1e-6 lets a plan overspend."""


class SolverError(RetrofolioError):
    """HiGHS ended in a way from which nothing can be claimed."""

    exit_code = 1


@dataclass(frozen=True)
class HighsRun:
    """What HiGHS found: whole columns, PV shares within 0..1; `values` None without a plan."""

    values: Floats | None
    bound: float
    ended: Literal["optimal", "time_limit", "infeasible"]


def run(instance: Instance, *, gap: float, time_limit_s: float | None) -> HighsRun:
    """Build the pyomo model of an instance and solve it.

    Raises
    ------
    SolverError
        If HiGHS ends with anything but a plan within the gap, the time limit, or a proof that there is none.
    """
    model, scale = build(instance)
    variables = [*model.select.values(), *model.pv.values(), *model.further.values()]
    if not variables:
        return (
            HighsRun(np.zeros(0), 0.0, "optimal")
            if not instance.mandatory.any()
            else HighsRun(None, -np.inf, "infeasible")
        )
    result = _solver(gap, time_limit_s).solve(model)
    ended = _ENDED.get(result.termination_condition)
    if ended is None:
        raise SolverError(f"HiGHS ended with {result.termination_condition}: nothing is claimed of it")
    if ended == "infeasible":
        return HighsRun(None, -np.inf, "infeasible")
    bound = np.inf if result.best_objective_bound is None else float(result.best_objective_bound) * scale
    if result.best_feasible_objective is None:
        return HighsRun(None, bound, ended)
    primals = result.solution_loader.get_primals()
    values = np.array([primals.get(variable) or 0.0 for variable in variables])
    return HighsRun(_whole(instance, values), bound, ended)


_ENDED: dict[Any, Literal["optimal", "time_limit", "infeasible"]] = {
    TerminationCondition.optimal: "optimal",
    TerminationCondition.maxTimeLimit: "time_limit",
    TerminationCondition.infeasible: "infeasible",
}


def _solver(gap: float, time_limit_s: float | None) -> Highs:
    solver = Highs()
    solver.config.load_solution = False
    solver.config.warmstart = False
    solver.config.time_limit = time_limit_s
    solver.config.mip_gap = gap
    solver.highs_options = {
        "mip_abs_gap": 0.0,
        "primal_feasibility_tolerance": TOLERANCE,
        "dual_feasibility_tolerance": TOLERANCE,
        "mip_feasibility_tolerance": TOLERANCE,
        "threads": 1,
        "random_seed": 0,
    }
    return solver


def _whole(instance: Instance, values: Floats) -> Floats:
    """Return the plan with columns and whole numbers rounded, PV shares clipped and only beside a chosen column."""
    n, s = len(instance.columns), len(instance.segments)
    plan = values.copy()
    plan[:n] = np.round(plan[:n])
    if s:
        groups = int(max(instance.columns.group.max(), instance.segments.group.max())) + 2
        opened = np.zeros(groups)
        opened[instance.columns.group[plan[:n] > 0.5] + 1] = 1.0
        opened[0] = 0.0
        plan[n : n + s] = np.clip(plan[n : n + s], 0.0, opened[instance.segments.group + 1])
    whole = np.array([extra.integer for extra in instance.extras], dtype=bool)
    scaled = plan[n + s :] * extra_scales(instance)
    plan[n + s :] = np.where(whole, np.round(scaled), scaled)
    return plan
