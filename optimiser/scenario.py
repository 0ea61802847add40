"""One optimisation from cube to result: read, assemble, solve, check, label."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from optimiser.cube import Cube, read_cube
from optimiser.model import assemble as assembly
from optimiser.model.columns import Pairs, columns_of, pairs
from optimiser.model.conflict import contradiction
from optimiser.model.solve import Solved, solve
from optimiser.model.years import earliest, in_year, into_years, values_change, year_decides
from optimiser.plan import Floats, Ints, Plan, empty_plan
from optimiser.portfolio import NO_CHEAPEST, Cheapest, Outcome, coal_saving_t, to_dataset
from optimiser.proof.certificate import broken_rules, contract_labels
from optimiser.proof.contract_checks import contract_keys, granted_cny
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
    if solved.ended == "infeasible":
        raise InfeasibleError(contradiction(cube, rules))
    plan = empty_plan(len(cube.buildings))
    if solved.values is not None:
        plan = as_early_as_possible(cube, rules, assembly.plan_of(assembled, solved.values, len(cube.buildings)))
    return _outcome(cube, rules, plan, solved, assembled, begun)


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
    counts = {
        "packages_offered": assembled.offered,
        "packages_allowed": assembled.allowed,
        "packages_kept": assembled.kept,
        "columns_solved": solved.core_columns,
    }
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
        objective=_objective(cube, rules, plan, amounts),
        bound=math.nan,
        gap=math.nan,
        termination="not solved",
        certified=False,
        broken=tuple(map(str, broken_rules(cube, rules, plan))),
        cheapest=NO_CHEAPEST,
        seconds=0.0,
        counts={},
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


def plan_amounts(cube: Cube, rules: Rules, plan: Plan) -> dict[str, Floats]:
    """Return the amounts of a plan over buildings, 0 where untouched, by the same functions that the model uses."""
    at = np.flatnonzero(plan.touched)
    package, size = plan.package[at], plan.pv_kw[at][:, None]
    used = np.zeros((len(at), 1))
    money = np.zeros((len(at), 1))
    if cube.pv_node is not None and cube.pv_used is not None:
        used = _at_size(cube.pv_node[at], cube.pv_used[at, package], size)
        money = _pv_money(cube, rules, at, package, size, used)
    columns, _ = columns_of(cube, rules, Pairs(at, package, size, used, money, 0))
    priced = in_year(rules.economics, columns.amounts, plan.year[at] - 1)
    amounts = {"pv_capacity": plan.pv_kw.copy()}
    for name, amount in _OUTPUTS.items():
        if amount in priced:
            amounts[name] = _wide(plan, at, priced[amount])
    amounts["energy_saving_without_pv"] = _wide(plan, at, cube.saving[at, package])
    amounts["pv_self_used"] = _wide(plan, at, used[:, 0])
    amounts["saving_fraction"] = amounts.pop("counted") / cube.baseline
    if rules.subsidies:
        amounts["subsidy"] = _subsidies(cube, rules, plan, amounts)
    coal = coal_saving_t(amounts["energy_saving"], rules.energy_basis)
    if coal is not None:
        amounts["coal_saving"] = coal
    return amounts


def _subsidies(cube: Cube, rules: Rules, plan: Plan, amounts: Mapping[str, Floats]) -> Floats:
    """Return each building's part of its contract's subsidy, by share of the investment."""
    keys = np.array(contract_keys(cube, rules, plan))
    out = np.zeros(len(keys))
    for label, money in granted_cny(cube, rules, plan, amounts["energy_saving"], amounts["capital_cost"]).items():
        inside = plan.touched & (keys == label)
        capital = amounts["capital_cost"][inside]
        out[inside] = money * (capital / capital.sum() if capital.sum() > 0 else 1.0 / inside.sum())
    return out


_OUTPUTS = {
    "energy_saving": "saving",
    "counted": "counted",
    "capital_cost": "capital",
    "annual_cost_saving": "annual_cost_saving",
    "carbon_saving": "carbon",
    "net_present_value": "net_present_value",
}


def _wide(plan: Plan, at: Ints, values: Floats) -> Floats:
    wide = np.zeros(len(plan.touched))
    wide[at] = values
    return wide


def _at_size(node: Floats, curve: Floats, size: Floats) -> Floats:
    found = [np.interp(kw, sizes, used) for kw, sizes, used in zip(size[:, 0], node, curve, strict=True)]
    return np.array(found).reshape(-1, 1)


def _pv_money(cube: Cube, rules: Rules, at: Ints, package: Ints, size: Floats, used: Floats) -> Floats:
    from optimiser.model.worth import pv_cost_saving_cny

    if cube.pv_cost_saving is not None and cube.pv_node is not None:
        return _at_size(cube.pv_node[at], cube.pv_cost_saving[at, package], size)
    generated = used if cube.pv_yield is None else size * cube.pv_yield[at, None]
    return pv_cost_saving_cny(rules.economics, used, np.maximum(generated - used, 0.0))


def _objective(cube: Cube, rules: Rules, plan: Plan, amounts: Mapping[str, Floats]) -> float:
    if rules.objective == "excess_saving":
        counted = amounts["saving_fraction"] * cube.baseline
        return float((counted - rules.minimum_saving_fraction * cube.baseline)[plan.touched].sum())
    name = {"saving": "energy_saving", "net_present_value": "net_present_value", "carbon": "carbon_saving"}[
        rules.objective
    ]
    granted = amounts["subsidy"].sum() if rules.objective == "net_present_value" and "subsidy" in amounts else 0.0
    return float(amounts[name].sum() + granted)


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
