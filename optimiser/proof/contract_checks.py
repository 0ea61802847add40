"""Checks of contracts in numpy: the service company signs, sizes, one lane, one subsidy that its scheme grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from optimiser.basis import coal_t_per_kwh
from optimiser.cube import Cube, Flags, Floats
from optimiser.money.contracts import Retrofit, service_npv_cny, service_payback_years
from optimiser.money.subsidies import scheme_of, subsidy_cny
from optimiser.plan import Plan
from optimiser.rules import LANES, Rules

SERVICE = ("shared_savings", "trusteeship")
TOLERANCE = 1e-6
Finding = tuple[str, str, float, float]


def contract_keys(cube: Cube, rules: Rules, plan: Plan) -> list[str]:
    """Return the contract that each building would sign: decided place, given pool, or the building itself."""
    if rules.grouping == "decided":
        return [f"contract_{int(place) + 1}" for place in plan.place]
    if cube.contract is not None:
        return [cube.contracts[at] for at in cube.contract]
    return list(cube.buildings)


def granted_cny(cube: Cube, rules: Rules, plan: Plan, saving: Floats, capital: Floats) -> dict[str, float]:
    """Return, by contract, what the scheme it takes pays by its own rules; contracts without a scheme are left out.

    Parameters
    ----------
    saving, capital : ndarray, shape (building,)
        kWh per year with self-used PV, and CNY, 0 where untouched.
    """
    keys = np.array(contract_keys(cube, rules, plan))
    paid = {}
    for label, name in plan.scheme.items():
        inside = plan.touched & (keys == label)
        if not inside.any():
            continue
        scheme = scheme_of(name)
        area = 0.0 if cube.floor_area is None else cube.floor_area[inside].sum()
        paid[label] = float(
            subsidy_cny(
                scheme,
                LANES[int(plan.lane[inside][0])],
                floor_area_m2=area,
                capital_cost_cny=capital[inside].sum(),
                coal_t=saving[inside].sum() * (coal_t_per_kwh(scheme.coal_basis) or 0.0) * (1 + 1e-9),
                saving_fraction=saving[inside].sum() / cube.baseline[inside].sum() * (1 + 1e-9),
            )
        )
    return paid


def contract_findings(
    cube: Cube, rules: Rules, plan: Plan, capital: Floats, cost_saving: Floats | None, paid: Mapping[str, float]
) -> Iterator[Finding]:
    """Yield (rule, place, found, allowed) for every rule of contracts that is broken."""
    keys = np.array(contract_keys(cube, rules, plan))
    for label in sorted(set(keys[plan.touched])):
        inside = plan.touched & (keys == label)
        lanes = {LANES[lane] for lane in plan.lane[inside]}
        if len(lanes) > 1:
            yield "one lane per contract", str(label), float(len(lanes)), 1.0
        if not lanes <= set(rules.lanes):
            yield "lanes", str(label), 0.0, 1.0
        if rules.grouping == "decided":
            yield from _size(rules, str(label), int(inside.sum()))
        for lane in sorted(lanes & set(SERVICE)):
            if cost_saving is not None:
                yield from _signed(
                    cube, rules, str(label), lane, inside, capital, cost_saving, paid.get(str(label), 0.0)
                )
    if rules.grouping == "decided" and len(set(keys[plan.touched])) > rules.maximum_contracts:
        yield "maximum_contracts", "all", float(len(set(keys[plan.touched]))), float(rules.maximum_contracts)
    if rules.esco_capital_cny is not None:
        service = plan.touched & np.isin(plan.lane, [LANES.index(lane) for lane in SERVICE])
        works = 0.0 if cube.obligatory_works is None else _works(cube, plan, service)
        found = float(capital[service].sum()) + works
        if found > rules.esco_capital_cny * (1 + TOLERANCE):
            yield "esco_capital_cny", "all", found, rules.esco_capital_cny


def _works(cube: Cube, plan: Plan, service: Flags) -> float:
    return 0.0 if cube.obligatory_works is None else float(cube.obligatory_works[service].sum())


def _size(rules: Rules, label: str, size: int) -> Iterator[Finding]:
    if size < rules.contract_size_min:
        yield "contract_size_min", label, float(size), float(rules.contract_size_min)
    if rules.contract_size_max is not None and size > rules.contract_size_max:
        yield "contract_size_max", label, float(size), float(rules.contract_size_max)


def _signed(
    cube: Cube, rules: Rules, label: str, lane: str, inside: Flags, capital: Floats, cost_saving: Floats, paid: float
) -> Iterator[Finding]:
    """Check value and payback of the service company on the sums of the contract."""
    own = LANES[LANES.index(lane)]
    sums = Retrofit(
        capital_cost_cny=float(capital[inside].sum()),
        annual_cost_saving_cny=float(cost_saving[inside].sum()),
        life_years=rules.economics.package_life_years,
        subsidy_cny=paid,
        baseline_cost_cny=0.0 if cube.cost_baseline is None else float(cube.cost_baseline[inside].sum()),
        obligatory_works_cny=0.0 if cube.obligatory_works is None else float(cube.obligatory_works[inside].sum()),
    )
    value = float(service_npv_cny(own, sums, rules.contract_terms))
    if value < -TOLERANCE * float(capital[inside].sum()):
        yield "service company's net present value", label, value, 0.0
    limit = rules.contract_terms.payback_share_of_term * rules.contract_terms.term_years
    payback = float(service_payback_years(own, sums, rules.contract_terms))
    if payback > limit * (1 + TOLERANCE):
        yield "service company's payback", label, payback, limit
