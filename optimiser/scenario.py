"""One optimisation from cube to result: read, assemble, solve, check, label."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.amounts import objective_of, plan_amounts, yearly_amounts
from optimiser.cube import Cube, read_cube
from optimiser.grouping import solve_grouping
from optimiser.model import assemble as assembly
from optimiser.model.columns import pairs
from optimiser.model.conflict import contradiction
from optimiser.model.solve import Solved, solve
from optimiser.model.years import earliest, into_years, values_change, year_decides
from optimiser.plan import Floats, Plan, empty_plan
from optimiser.portfolio import NO_CHEAPEST, Cheapest, Outcome, to_dataset
from optimiser.proof.certificate import broken_rules, contract_labels
from optimiser.rules import InfeasibleError, Rules, RulesError, scenarios, total_budget_cny, years


def optimise(cube: xr.Dataset, rules: Rules | Mapping[str, Rules]) -> xr.Dataset:
    """Choose a package, a PV size, a contract and a year for every building, provably best within the rules.

    Parameters
    ----------
    cube : xr.Dataset
        Buildings x packages with `baseline_energy`, `energy_saving` and `capital_cost` (see `optimiser/README.md`).
    rules : Rules, or mapping of scenario label to Rules
        A tuple of budgets makes one scenario each, labelled `budget_<CNY>`.

    Returns
    -------
    xr.Dataset
        Over `scenario` and `building`; energy in kW h per year in the basis of the rules, money in CNY, PV in kW.

    Raises
    ------
    InputError
        If the cube is faulty; all faults in one message.
    RulesError
        If a rule needs an input that the cube does not hold.
    InfeasibleError
        If rules contradict each other.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.Dataset(
    ...     {
    ...         "baseline_energy": ("building", [1000.0], {"units": "kW h"}),
    ...         "energy_saving": (("building", "package"), [[0.0, 250.0]], {"units": "kW h"}),
    ...         "capital_cost": (("building", "package"), [[0.0, 500.0]], {"units": "1", "currency": "CNY"}),
    ...     },
    ...     coords={"building": ["hall"], "package": ["none", "led"]},
    ... )
    >>> optimise(cube, Rules(budget_cny=600.0)).chosen_package.values.tolist()
    [['led']]
    """
    named = named_scenarios(rules)
    bases = {r.energy_basis for r in named.values()}
    if len(bases) > 1:
        raise RulesError(f"energy_basis: scenarios of one result need one basis, found {sorted(bases)}")
    outcomes: dict[str, Outcome] = {}
    arrays = None
    for label, single in named.items():
        arrays = read_cube(cube, single)
        outcomes[label] = solve_scenario(arrays, single)
    if arrays is None:
        raise RulesError("no scenario is given")
    result = to_dataset(arrays, outcomes)
    if "route" in cube:
        route = np.broadcast_to(cube["route"].values.astype(str), result["touched"].shape)
        result["route"] = (
            ("scenario", "building"),
            route,
            {"long_name": "where the savings come from: surrogate or direct"},
        )
    return result


def named_scenarios(rules: Rules | Mapping[str, Rules]) -> dict[str, Rules]:
    """Return one set of rules with one budget per scenario label.

    Examples
    --------
    >>> list(named_scenarios({"plan": Rules(budget_cny=(1.0, 2.0))}))
    ['plan_budget_1', 'plan_budget_2']
    """
    if isinstance(rules, Rules):
        return scenarios(rules)
    named: dict[str, Rules] = {}
    for label, one in rules.items():
        parts = scenarios(one)
        named.update({label: one} if len(parts) == 1 else {f"{label}_{part}": r for part, r in parts.items()})
    return named


@dataclass
class WarmStart:
    """What one budget leaves for the next: columns do not depend on the budget, and its plan is a first plan."""

    assembled: assembly.Assembled | None = None
    values: Floats | None = None


def solve_scenario(cube: Cube, rules: Rules, warm: WarmStart | None = None) -> Outcome:
    """Solve one scenario on a checked cube; with `warm`, rules may differ from the last only by the budget.

    Raises
    ------
    InfeasibleError
        If no plan meets the rules, with an irreducible set of them.
    """
    begun = time.perf_counter()
    if rules.grouping == "decided":
        grouped = solve_grouping(cube, rules)
        assembled, solved = grouped.assembled, grouped.solved
    else:
        assembled, solved = _solve_given(cube, rules, warm)
    if solved.ended == "infeasible":
        raise InfeasibleError(contradiction(cube, rules))
    plan = empty_plan(len(cube.buildings))
    if solved.values is not None:
        plan = as_early_as_possible(cube, rules, assembly.plan_of(assembled, solved.values, len(cube.buildings)))
    return _outcome(cube, rules, plan, solved, assembled, begun)


def _solve_given(cube: Cube, rules: Rules, warm: WarmStart | None) -> tuple[assembly.Assembled, Solved]:
    """Solve a scenario whose contracts are given."""
    known = warm.assembled if warm is not None else None
    assembled = (
        assembly.assemble(cube, rules) if known is None else assembly.with_budget(known, total_budget_cny(rules))
    )
    start, known_bound = _from_one_budget(cube, rules, assembled)
    start = warm.values if start is None and warm is not None else start
    solved = solve(
        assembled.instance, gap=rules.mip_gap, time_limit_s=rules.time_limit_s, start=start, known_bound=known_bound
    )
    if warm is not None:
        reusable = rules.budget_parts == () and not math.isinf(total_budget_cny(rules))
        warm.assembled, warm.values = (assembled, solved.values) if reusable else (None, None)
    return assembled, solved


def _from_one_budget(cube: Cube, rules: Rules, assembled: assembly.Assembled) -> tuple[Floats | None, float]:
    """Return a first plan and a bound from the relaxation in which unspent money may be kept for later years.

    Where years differ by their budgets only, one budget for all years bounds the yearly ones; its plan is then cut
    into years.
    """
    if rules.carry_over or not year_decides(rules) or values_change(rules) or rules.end_of_life_first:
        return None, math.inf
    together = rules.model_copy(update={"carry_over": True, "mip_gap": rules.mip_gap / 2})
    one = assembly.assemble(cube, together)
    solved = solve(one.instance, gap=together.mip_gap, time_limit_s=rules.time_limit_s)
    if solved.values is None:
        return None, math.inf
    plan = assembly.plan_of(one, solved.values, len(cube.buildings))
    cost = plan_amounts(cube, together, plan)["capital_cost"]
    dearest_first = np.argsort(-cost, kind="stable")
    year = into_years(cost, dearest_first[plan.touched[dearest_first]], rules)
    touched = plan.touched & (year > 0)
    return assembly.values_of(assembled.instance, replace(plan, touched=touched, year=year)), solved.bound


def _outcome(
    cube: Cube, rules: Rules, plan: Plan, solved: Solved, assembled: assembly.Assembled, begun: float
) -> Outcome:
    found = outcome_of(cube, rules, plan)
    bound = solved.bound if abs(solved.bound - found.objective) > 1e-9 * abs(found.objective) else found.objective
    gap = abs(bound - found.objective) / max(abs(found.objective), 1e-10)
    proven = solved.ended == "optimal" and gap <= max(rules.mip_gap, 1e-9)
    counts: dict[str, float] = {
        "packages_offered": assembled.offered,
        "packages_allowed": assembled.allowed,
        "packages_kept": assembled.kept,
        "columns_solved": solved.core_columns,
    }
    if rules.columns_per_building is not None:
        counts["objective_lost_to_cap"] = max(bound, assembled.dropped_bound) - found.objective
    return replace(
        found,
        bound=bound,
        gap=gap,
        termination=solved.ended,
        certified=proven and not found.broken,
        counts=counts,
        cheapest=NO_CHEAPEST if plan.touched.any() else cheapest(cube, rules),
        seconds=time.perf_counter() - begun,
    )


def outcome_of(cube: Cube, rules: Rules, plan: Plan) -> Outcome:
    """Return amounts and broken rules of any plan; nothing is claimed of its distance to the best one."""
    amounts = plan_amounts(cube, rules, plan)
    return Outcome(
        rules=rules,
        plan=plan,
        amounts=amounts,
        contracts=contract_labels(cube, rules, plan),
        objective=objective_of(cube, rules, plan, amounts),
        bound=math.nan,
        gap=math.nan,
        termination="not solved",
        certified=False,
        broken=tuple(map(str, broken_rules(cube, rules, plan))),
        cheapest=NO_CHEAPEST,
        seconds=0.0,
        counts={},
        yearly=yearly_amounts(cube, rules, plan, amounts),
    )


def as_early_as_possible(cube: Cube, rules: Rules, plan: Plan) -> Plan:
    """Return the plan with each building in the earliest year that the budgets allow, most saving per cost first.

    Only where the year changes nothing that is counted; objective and cost stay the same.
    """
    if years(rules) == 1 or values_change(rules) or rules.end_of_life_first:
        return plan
    amounts = plan_amounts(cube, rules, plan)
    at = np.flatnonzero(plan.touched)
    worth = amounts["energy_saving"][at] / np.maximum(amounts["capital_cost"][at], 1e-9)
    year = earliest(amounts["capital_cost"], at[np.argsort(-worth, kind="stable")], rules)
    return plan if year is None else replace(plan, year=year)


def cheapest(cube: Cube, rules: Rules) -> Cheapest:
    """Return the cheapest package, with the PV that it needs, that meets the floor at one building alone."""
    alone = rules.model_copy(update={"floor_scope": "building", "require": ()})
    found, _ = pairs(cube, alone)
    if not len(found.building):
        return NO_CHEAPEST
    cost = cube.cost[found.building, found.package]
    if cube.pv_cost is not None:
        cost = cost + found.size_kw[:, 0] * cube.pv_cost[found.building]
    at = int(cost.argmin())
    budget = total_budget_cny(rules)
    if rules.yearly_budget_cny is not None and not rules.carry_over:
        budget = max(rules.yearly_budget_cny)
    missing = 0.0 if math.isinf(budget) else max(float(cost[at]) - budget, 0.0)
    b, p = int(found.building[at]), int(found.package[at])
    return Cheapest(cube.buildings[b], cube.packages[p], float(found.size_kw[at, 0]), float(cost[at]), missing)
