"""Checks of contracts in numpy: the service company signs, sizes, one lane, one subsidy that its scheme grants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from optimiser.basis import coal_t_per_kwh
from optimiser.cube import Cube, Flags, Floats
from optimiser.money.subsidies import Scheme, is_eligible, rate_per_m2, scheme_of
from optimiser.plan import Plan
from optimiser.rules import LANES, Rules, years

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


def granted_cny(cube: Cube, rules: Rules, plan: Plan, saving: Floats, capital: Floats) -> dict[str, Floats]:
    """Return, by contract, what the scheme it takes pays in each plan year; contracts without a scheme are left out.

    Thresholds and the cap are of the whole contract; the rate and the share of the investment of each year's works.
    With several plan years a contract gets what it claims, at most what the scheme allows.

    Parameters
    ----------
    saving, capital : ndarray, shape (building,)
        kWh per year with self-used PV, and CNY, 0 where untouched.
    """
    keys = np.array(contract_keys(cube, rules, plan))
    paid = {}
    for label, name in plan.scheme.items():
        inside = plan.touched & (keys == label)
        if inside.any():
            allowed = _allowed_cny(cube, plan, scheme_of(name), inside, saving, capital, years(rules))
            paid[label] = allowed if years(rules) == 1 else np.minimum(allowed, plan.claims[label])
            cap = scheme_of(name).cap_cny
            if cap is not None and paid[label].sum() > cap:
                paid[label] *= cap / paid[label].sum()
    return paid


def _allowed_cny(
    cube: Cube, plan: Plan, scheme: Scheme, inside: Flags, saving: Floats, capital: Floats, count: int
) -> Floats:
    """Return what a scheme allows in each year, its cap left out, shape (year,)."""
    area = np.zeros(len(inside)) if cube.floor_area is None else cube.floor_area
    coal = saving * (coal_t_per_kwh(scheme.coal_basis) or 0.0) * (1 + 1e-9)
    fraction = saving[inside].sum() / cube.baseline[inside].sum() * (1 + 1e-9)
    lane = LANES[int(plan.lane[inside][0])]
    reached = bool(is_eligible(scheme, coal[inside].sum(), area[inside].sum(), fraction)) and lane in scheme.lanes
    rate = scheme.rate_cny_per_tce.get(lane, 0.0) * coal + float(rate_per_m2(scheme, fraction)) * area
    out = np.zeros(count)
    for year in range(count if reached else 0):
        works = inside & (plan.year == year + 1)
        share = scheme.maximum_share_of_investment
        out[year] = min(rate[works].sum(), np.inf if share is None else share * capital[works].sum())
    return out


def contract_findings(
    cube: Cube, rules: Rules, plan: Plan, capital: Floats, flows: Floats | None, paid: Mapping[str, Floats]
) -> Iterator[Finding]:
    """Yield (rule, place, found, allowed) for every rule of contracts that is broken.

    Parameters
    ----------
    capital : ndarray, shape (building,)
    flows : ndarray, shape (building, year of the term), or None
        The service company's money of each building from the works on, without subsidy; None where the cube has no
        yearly costs.
    paid : mapping of contract to ndarray, shape (plan year,)
    """
    keys = np.array(contract_keys(cube, rules, plan))
    for label in sorted(set(keys[plan.touched])):
        inside = plan.touched & (keys == label)
        lanes = {LANES[lane] for lane in plan.lane[inside]}
        if len(lanes) > 1:
            yield "one lane per contract", str(label), float(len(lanes)), 1.0
        if not lanes <= {rules.contract_lane.get(str(label), lane) for lane in lanes}:
            yield "contract_lane", str(label), 0.0, 1.0
        if not lanes <= set(rules.lanes):
            yield "lanes", str(label), 0.0, 1.0
        if rules.grouping == "decided":
            yield from _size(rules, str(label), int(inside.sum()))
        if lanes & set(SERVICE) and flows is not None:
            granted = paid.get(str(label), np.zeros(years(rules)))
            yield from _signed(rules, plan, str(label), inside, capital, flows, granted)
    if rules.grouping == "decided" and len(set(keys[plan.touched])) > rules.maximum_contracts:
        yield "maximum_contracts", "all", float(len(set(keys[plan.touched]))), float(rules.maximum_contracts)
    if rules.esco_capital_cny is not None:
        service = plan.touched & np.isin(plan.lane, [LANES.index(lane) for lane in SERVICE])
        found = float(capital[service].sum() + _works_cny(cube, plan)[service].sum())
        if found > rules.esco_capital_cny * (1 + TOLERANCE):
            yield "esco_capital_cny", "all", found, rules.esco_capital_cny


def _size(rules: Rules, label: str, size: int) -> Iterator[Finding]:
    if size < rules.contract_size_min:
        yield "contract_size_min", label, float(size), float(rules.contract_size_min)
    if rules.contract_size_max is not None and size > rules.contract_size_max:
        yield "contract_size_max", label, float(size), float(rules.contract_size_max)


def _works_cny(cube: Cube, plan: Plan) -> Floats:
    """Return the obligatory works that a trusteeship carries, shape (building,)."""
    if cube.obligatory_works is None:
        return np.zeros(len(plan.touched))
    return np.where(plan.touched & (plan.lane == LANES.index("trusteeship")), cube.obligatory_works, 0.0)


def _signed(
    rules: Rules, plan: Plan, label: str, inside: Flags, capital: Floats, flows: Floats, granted: Floats
) -> Iterator[Finding]:
    """Check value and payback of the service company on the sums of the contract.

    Parameters
    ----------
    flows : ndarray, shape (building, year of the term)
        The company's money from the works on, without subsidy.
    granted : ndarray, shape (plan year,)
    """
    terms = rules.contract_terms
    start = (1 + terms.hurdle_rate) ** -(plan.year[inside] - 1.0)
    discount = (1 + terms.hurdle_rate) ** -np.arange(flows.shape[1], dtype=float)
    value = float((start * (flows[inside] @ discount)).sum())
    value += float(granted @ (1 + terms.hurdle_rate) ** -np.arange(len(granted), dtype=float))
    if value < -TOLERANCE * float(capital[inside].sum()):
        yield "service company's net present value", label, value, 0.0
    limit = terms.payback_share_of_term * terms.term_years
    outlay = float(-flows[inside, 0].sum() - granted.sum())
    income = float(flows[inside, 1:].mean(axis=1).sum())
    if outlay > limit * income + TOLERANCE * float(capital[inside].sum()):
        yield "service company's payback", label, outlay / income if income > 0 else np.inf, limit
