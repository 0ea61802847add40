"""What a plan amounts to, building by building and year by year, by the same functions that the model uses."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optimiser.contract_flows import MoneyView, Works, money_view
from optimiser.cube import Cube
from optimiser.model.columns import Pairs, columns_of
from optimiser.model.instance import Columns
from optimiser.model.worth import pv_cost_saving_cny
from optimiser.model.years import in_year
from optimiser.plan import Floats, Ints, Plan
from optimiser.portfolio import coal_saving_t
from optimiser.proof.contract_checks import contract_keys, granted_cny
from optimiser.rules import Rules


def plan_amounts(cube: Cube, rules: Rules, plan: Plan) -> dict[str, Floats]:
    """Return the amounts of a plan over buildings, 0 where untouched."""
    at = np.flatnonzero(plan.touched)
    package = plan.package[at]
    columns, used = _columns(cube, rules, plan, at)
    priced = in_year(rules.economics, columns.amounts, plan.year[at] - 1)
    amounts = {"pv_capacity": plan.pv_kw.copy()}
    for name, amount in _OUTPUTS.items():
        if amount in priced:
            amounts[name] = _wide(plan, at, priced[amount])
    amounts["energy_saving_without_pv"] = _wide(plan, at, cube.saving[at, package])
    amounts["pv_self_used"] = _wide(plan, at, used[:, 0])
    amounts["saving_fraction"] = amounts.pop("counted") / cube.baseline
    granted = granted_cny(cube, rules, plan, amounts["energy_saving"], amounts["capital_cost"])
    if rules.subsidies:
        amounts["subsidy"] = _shared(plan, np.array(contract_keys(cube, rules, plan)), granted, amounts["capital_cost"])
    if "package_capital" in priced and "annual_cost_saving" in amounts:
        view = _view(cube, rules, plan, amounts, _wide(plan, at, priced["package_capital"]), granted)
        amounts["guarantee_payment"] = view.guarantee_payment
        amounts["public_money_saved"] = view.public_money_saved
    coal = coal_saving_t(amounts["energy_saving"], rules.energy_basis)
    if coal is not None:
        amounts["coal_saving"] = coal
    return amounts


def yearly_amounts(cube: Cube, rules: Rules, plan: Plan, amounts: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the money of owner and service companies over the years, year 0 the start of the plan.

    Empty without yearly costs. `owner_cost_saving` is the owner's cost without minus with the plan: investment in own
    lanes, payments to service companies, renewals, upkeep, guarantee payments and subsidies counted; `owner_flow` is
    the same by building, `service_company_flow` what the companies get. `owner_cost` needs `annual_cost_baseline`.
    """
    if "annual_cost_saving" not in amounts:
        return {}
    at = np.flatnonzero(plan.touched)
    columns, _ = _columns(cube, rules, plan, at)
    priced = in_year(rules.economics, columns.amounts, plan.year[at] - 1)
    granted = granted_cny(cube, rules, plan, amounts["energy_saving"], amounts["capital_cost"])
    view = _view(cube, rules, plan, amounts, _wide(plan, at, priced["package_capital"]), granted)
    saving = view.owner.sum(axis=0)
    out = {"owner_cost_saving": saving, "owner_flow": view.owner, "service_company_flow": view.service_company}
    if view.cost_without is not None:
        out |= {"owner_cost_without": view.cost_without, "owner_cost": view.cost_without - saving}
    return out


def _view(
    cube: Cube,
    rules: Rules,
    plan: Plan,
    amounts: Mapping[str, Floats],
    package_capital: Floats,
    granted: Mapping[str, Floats],
) -> MoneyView:
    works = Works(amounts["capital_cost"], package_capital, amounts["annual_cost_saving"])
    return money_view(cube, rules, plan, works, np.array(contract_keys(cube, rules, plan)), granted)


def _columns(cube: Cube, rules: Rules, plan: Plan, at: Ints) -> tuple[Columns, Floats]:
    """Return the plan's columns with PV at the sizes chosen, in prices of plan year 1, and its self-used PV energy."""
    package, size = plan.package[at], plan.pv_kw[at][:, None]
    used = np.zeros((len(at), 1))
    money = np.zeros((len(at), 1))
    if cube.pv_node is not None and cube.pv_used is not None:
        used = _at_size(cube.pv_node[at], cube.pv_used[at, package], size)
        money = _pv_money(cube, rules, at, package, size, used)
    columns, _ = columns_of(cube, rules, Pairs(at, package, size, used, money, 0))
    return columns, used


def _shared(plan: Plan, keys: Floats, granted: Mapping[str, Floats], capital: Floats) -> Floats:
    """Return each building's part of its contract's subsidy, by share of the investment."""
    out = np.zeros(len(keys))
    for label, money in granted.items():
        inside = plan.touched & (keys == label)
        own = capital[inside]
        out[inside] = money.sum() * (own / own.sum() if own.sum() > 0 else 1.0 / inside.sum())
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
    if cube.pv_cost_saving is not None and cube.pv_node is not None:
        return _at_size(cube.pv_node[at], cube.pv_cost_saving[at, package], size)
    generated = used if cube.pv_yield is None else size * cube.pv_yield[at, None]
    return pv_cost_saving_cny(rules.economics, used, np.maximum(generated - used, 0.0))


def objective_of(cube: Cube, rules: Rules, plan: Plan, amounts: Mapping[str, Floats]) -> float:
    """Return the objective of a plan: kWh, CNY (subsidies counted, at the plan's start) or t."""
    if rules.objective == "excess_saving":
        counted = amounts["saving_fraction"] * cube.baseline
        return float((counted - rules.minimum_saving_fraction * cube.baseline)[plan.touched].sum())
    names = {"saving": "energy_saving", "net_present_value": "net_present_value", "carbon": "carbon_saving"}
    total = float(amounts[names[rules.objective]].sum())
    if rules.objective == "net_present_value":
        granted = granted_cny(cube, rules, plan, amounts["energy_saving"], amounts["capital_cost"])
        today = (1.0 + rules.economics.discount_rate) ** -np.arange(100.0)
        total += sum(float(money @ today[: len(money)]) for money in granted.values())
    return total
