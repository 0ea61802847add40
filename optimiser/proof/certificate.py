"""The independent check: every rule recomputed in numpy from the cube and the rounded plan.

Without pyomo and without the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from optimiser.basis import carbon_t_per_kwh
from optimiser.contract_flows import Works, flows_cny
from optimiser.cube import Cube, Flags, Floats
from optimiser.plan import Plan
from optimiser.proof.contract_checks import contract_findings, contract_keys, granted_cny
from optimiser.rules import ANY_PACKAGE, LANES, Rules, years

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Broken:
    """A rule that the plan breaks: where, what was found and what is allowed."""

    rule: str
    place: str
    found: float
    allowed: float

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.rule} at {self.place}: {self.found:.9g} against {self.allowed:.9g}"


@dataclass(frozen=True)
class Recomputed:
    """Amounts of the plan, shape (building,), 0 where untouched: kWh, CNY, t."""

    saving: Floats
    package_saving: Floats
    counted: Floats
    capital: Floats
    package_capital: Floats
    generated: Floats
    cost_saving: Floats
    carbon: Floats
    upkeep: Floats


def recompute(cube: Cube, rules: Rules, plan: Plan) -> Recomputed:
    """Return the plan's savings and costs straight from the cube, one building after the other."""
    out = {name: np.zeros(len(cube.buildings)) for name in Recomputed.__dataclass_fields__}
    for b in np.flatnonzero(plan.touched):
        p, kw = int(plan.package[b]), float(plan.pv_kw[b])
        used = _pv_used(cube, int(b), p, kw)
        per_kw = 0.0 if cube.pv_yield is None else float(cube.pv_yield[b])
        out["package_saving"][b] = cube.saving[b, p]
        out["saving"][b] = cube.saving[b, p] + used
        out["generated"][b] = per_kw * kw
        out["counted"][b] = cube.saving[b, p] + {"none": 0.0, "self_used": used, "all": per_kw * kw}[rules.pv_in_floor]
        dearer = (1.0 + rules.economics.cost_growth_per_year) ** (int(plan.year[b]) - 1)
        out["package_capital"][b] = cube.cost[b, p] * dearer
        out["capital"][b] = (cube.cost[b, p] + (0.0 if cube.pv_cost is None else kw * cube.pv_cost[b])) * dearer
        out["upkeep"][b] = 0.0 if cube.upkeep is None else cube.upkeep[b, p] * dearer
        if cube.cost_saving is not None:
            out["cost_saving"][b] = cube.cost_saving[b, p] + _pv_money(cube, rules, int(b), p, kw, used)
        if cube.carbon_saving is not None:
            out["carbon"][b] = cube.carbon_saving[b, p] + used * carbon_t_per_kwh(rules.carbon_basis)[0]
    return Recomputed(**out)


def _pv_used(cube: Cube, b: int, p: int, kw: float) -> float:
    if cube.pv_node is None or cube.pv_used is None or kw == 0.0:
        return 0.0
    return float(np.interp(kw, cube.pv_node[b], cube.pv_used[b, p]))


def _pv_money(cube: Cube, rules: Rules, b: int, p: int, kw: float, used: float) -> float:
    if kw == 0.0 or cube.pv_node is None:
        return 0.0
    if cube.pv_cost_saving is not None:
        return float(np.interp(kw, cube.pv_node[b], cube.pv_cost_saving[b, p]))
    exported = max(0.0, kw * float(cube.pv_yield[b]) - used) if cube.pv_yield is not None else 0.0
    prices = rules.economics
    return used * prices.electricity_price_cny_per_kwh + exported * prices.pv_export_price_cny_per_kwh


def broken_rules(cube: Cube, rules: Rules, plan: Plan) -> list[Broken]:
    """Return every rule that the plan breaks by more than 1e-6 relative; an empty list certifies it."""
    found = recompute(cube, rules, plan)
    checks: tuple[Callable[[Cube, Rules, Plan, Recomputed], Iterator[Broken]], ...] = (
        _offered,
        _pv_sizes,
        _named_pairs,
        _budgets,
        _parts,
        _floor_of_buildings,
        _floor_of_pools,
        _bounds,
        _contracts,
        _end_of_life,
    )
    return [fault for check in checks for fault in check(cube, rules, plan, found)]


def _offered(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    for b in np.flatnonzero(plan.package > 0):
        if not cube.available[b, plan.package[b]]:
            yield Broken("available", cube.buildings[b], 0.0, 1.0)
        measures = set(cube.packages[plan.package[b]].split("+"))
        for measure, needed in rules.prerequisites.items():
            if measure in measures and not set(needed) <= measures:
                yield Broken(f"prerequisites of {measure}", cube.buildings[b], 0.0, 1.0)
        for group in rules.exclusions:
            if len(measures & set(group)) > 1:
                yield Broken(f"exclusions {group}", cube.buildings[b], float(len(measures & set(group))), 1.0)


def _pv_sizes(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    largest = np.zeros(len(cube.buildings)) if cube.pv_max is None else cube.pv_max
    for b in np.flatnonzero((plan.pv_kw > largest * (1 + TOLERANCE)) | (plan.pv_kw < 0)):
        yield Broken("pv_capacity_max", cube.buildings[b], float(plan.pv_kw[b]), float(largest[b]))
    if not rules.allow_pv_only:
        for b in np.flatnonzero((plan.pv_kw > 0) & (plan.package == 0)):
            yield Broken("allow_pv_only", cube.buildings[b], float(plan.pv_kw[b]), 0.0)
    for b in np.flatnonzero(plan.touched != ((plan.package > 0) | (plan.pv_kw > 0))):
        yield Broken("touched", cube.buildings[b], float(plan.touched[b]), float(not plan.touched[b]))


def _named_pairs(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    for name, given, wanted in (("require", rules.require, True), ("forbid", rules.forbid, False)):
        for building, package in given:
            for b in range(len(cube.buildings)) if building == ANY_PACKAGE else [cube.buildings.index(building)]:
                is_so = plan.touched[b] and package in (ANY_PACKAGE, cube.packages[plan.package[b]])
                if bool(is_so) != wanted:
                    yield Broken(f"{name} {package}", cube.buildings[b], float(is_so), float(wanted))


def _owned(plan: Plan) -> Flags:
    return plan.touched & np.isin(plan.lane, (LANES.index("own_funds"), LANES.index("guaranteed")))


def _paid(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> dict[str, Floats]:
    return granted_cny(cube, rules, plan, found.saving, found.capital)


def _budgets(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    paid = np.where(_owned(plan), found.capital, 0.0)
    keys = np.array(contract_keys(cube, rules, plan))
    granted = _paid(cube, rules, plan, found)
    to_owner = sum(
        (money for label, money in granted.items() if _owned(plan)[keys == label].any()), np.zeros(years(rules))
    )
    if rules.yearly_budget_cny is None:
        if rules.budget_cny is not None and not isinstance(rules.budget_cny, tuple):
            yield from _above("budget_cny", "all", float(paid.sum() - to_owner.sum()), rules.budget_cny)
        return
    spent = np.array([paid[plan.year == y + 1].sum() for y in range(years(rules))]) - to_owner
    limits = np.array(rules.yearly_budget_cny)
    if rules.carry_over:
        spent, limits = np.cumsum(spent), np.cumsum(limits)
    for year, (money, limit) in enumerate(zip(spent, limits, strict=True), start=1):
        yield from _above("yearly_budget_cny", f"year {year}", float(money), float(limit))


def _contracts(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    flows = None
    if cube.cost_saving is not None:
        works = Works(found.capital, found.package_capital, found.cost_saving)
        _, flows = flows_cny(cube, rules, plan, works, rules.contract_terms.term_years)
    for finding in contract_findings(cube, rules, plan, found.capital, flows, _paid(cube, rules, plan, found)):
        yield Broken(*finding)


def _end_of_life(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    """No building may be treated before another whose end of life is earlier."""
    if not rules.end_of_life_first or cube.end_of_life is None:
        return
    at = np.flatnonzero(plan.touched)
    order = at[np.lexsort((plan.year[at], cube.end_of_life[at]))]
    latest = 0
    for life in np.unique(cube.end_of_life[order]):
        treated = plan.year[order[cube.end_of_life[order] == life]]
        if treated.min() < latest:
            yield Broken("end_of_life_first", f"class {life}", float(treated.min()), float(latest))
        latest = max(latest, int(treated.max()))


def _above(rule: str, place: str, found: float, allowed: float) -> Iterator[Broken]:
    if found > allowed + TOLERANCE * abs(allowed):
        yield Broken(rule, place, found, allowed)


def _parts(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    """Money bound to a purpose may not pay for anything else: what exceeds the parts must fit into the free money."""
    if not rules.budget_parts:
        return
    spent = dict.fromkeys([part.name for part in rules.budget_parts], 0.0)
    free = 0.0
    for b in np.flatnonzero(_owned(plan)):
        package, pv = found.package_capital[b], found.capital[b] - found.package_capital[b]
        for money, is_pv in ((package, False), (pv, True)):
            purpose = _purpose(cube, rules, int(b), int(plan.package[b]), is_pv)
            if purpose is None:
                free += money
            else:
                spent[purpose] += money
    over = sum(max(0.0, spent[part.name] - part.amount_cny) for part in rules.budget_parts)
    total = rules.budget_cny if isinstance(rules.budget_cny, float) else sum(rules.yearly_budget_cny or ())
    allowed = total - sum(part.amount_cny for part in rules.budget_parts)
    if free + over > allowed + TOLERANCE * total:
        yield Broken("budget_parts", "all", free + over, allowed)


def _purpose(cube: Cube, rules: Rules, b: int, p: int, is_pv: bool) -> str | None:
    label = cube.packages[p]
    for part in rules.budget_parts:
        if part.buildings and cube.buildings[b] not in part.buildings:
            continue
        if is_pv and part.pv:
            return part.name
        names_packages = bool(part.packages or part.measures)
        fits = (not part.packages or label in part.packages) and (
            not part.measures or bool(set(part.measures) & set(label.split("+")))
        )
        if not is_pv and fits and (names_packages or not part.pv):
            return part.name
    return None


def _errors(cube: Cube, plan: Plan) -> tuple[Floats, Floats]:
    rows = np.arange(len(cube.buildings))
    at = rows, plan.package
    return np.where(plan.touched, cube.std_common[at], 0.0), np.where(plan.touched, cube.std[at], 0.0)


def _floor_of_buildings(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    if rules.floor_scope != "building":
        return
    z = NormalDist().inv_cdf(rules.floor_confidence)
    common, own = _errors(cube, plan)
    sure = found.counted - z * (common + own)
    needed = rules.minimum_saving_fraction * cube.baseline
    for b in np.flatnonzero(plan.touched & (sure < needed - TOLERANCE * cube.baseline)):
        yield Broken(
            "minimum_saving_fraction",
            cube.buildings[b],
            float(sure[b] / cube.baseline[b]),
            rules.minimum_saving_fraction,
        )


def contract_labels(cube: Cube, rules: Rules, plan: Plan) -> list[str]:
    """Return the contract of each building: given pool, decided place, or the lane where no pools are.

    `none` if untouched.
    """
    labels = []
    for b, touched in enumerate(plan.touched):
        if not touched:
            labels.append("none")
        elif rules.grouping == "decided":
            labels.append(f"contract_{int(plan.place[b]) + 1}")
        elif cube.contract is not None:
            labels.append(cube.contracts[cube.contract[b]])
        else:
            labels.append(LANES[plan.lane[b]])
    return labels


def _floor_of_pools(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    if rules.floor_scope == "building":
        return
    z = NormalDist().inv_cdf(rules.floor_confidence)
    common, own = _errors(cube, plan)
    contracts = np.array(contract_labels(cube, rules, plan))
    pool = np.where(plan.touched, "portfolio", "none") if rules.floor_scope == "portfolio" else contracts
    for label in sorted(set(pool[plan.touched])):
        members = plan.touched & (pool == label)
        baseline = cube.baseline[members].sum()
        sure = found.counted[members].sum() - z * (common[members].sum() + np.sqrt((own[members] ** 2).sum()))
        if sure < (rules.minimum_saving_fraction - TOLERANCE) * baseline:
            yield Broken("minimum_saving_fraction", str(label), float(sure / baseline), rules.minimum_saving_fraction)


def _bounds(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Iterator[Broken]:
    above = (found.counted - rules.minimum_saving_fraction * cube.baseline)[plan.touched].sum()
    totals = {
        "saving": found.saving.sum(),
        "excess_saving": above,
        "carbon": found.carbon.sum(),
        "net_present_value": _present_value(cube, rules, plan, found).sum(),
    }
    for name, bound in rules.at_least.items():
        if totals[name] < bound - TOLERANCE * max(abs(bound), 1.0):
            yield Broken(f"at_least {name}", "all", float(totals[name]), bound)


def _present_value(cube: Cube, rules: Rules, plan: Plan, found: Recomputed) -> Floats:
    """Return the net present value of each building's works at the plan's start, year by year of the horizon."""
    e = rules.economics
    value = np.zeros(len(cube.buildings))
    for b in np.flatnonzero(plan.touched) if cube.cost_saving is not None else ():
        start = int(plan.year[b]) - 1
        pv_capital = found.capital[b] - found.package_capital[b]
        growth = (1 + e.price_growth_per_year) ** start
        flow = np.zeros(e.horizon_years + 1)
        flow[1:] = found.cost_saving[b] * growth * (1 + e.price_growth_per_year) ** np.arange(e.horizon_years)
        flow[1:] -= (
            e.pv_upkeep_fraction_per_year * pv_capital * (1 + e.price_growth_per_year) ** np.arange(e.horizon_years)
        )
        flow[1:] -= found.upkeep[b] * (1 + e.price_growth_per_year) ** np.arange(e.horizon_years)
        value[b] = (flow / (1 + e.discount_rate) ** np.arange(e.horizon_years + 1)).sum()
        life_years = e.package_life_years
        if cube.life is not None and plan.package[b] > 0:
            life_years = float(cube.life[b, plan.package[b]])
        for capital, life in ((found.package_capital[b], life_years), (pv_capital, e.pv_life_years)):
            value[b] -= capital * _kept(life, rules)
        value[b] /= (1 + e.discount_rate) ** start
    return value


def _kept(life: float, rules: Rules) -> float:
    """Return the present cost of 1 CNY of equipment bought again at each end of life.

    Less what is left at the horizon.
    """
    e = rules.economics
    total, year = 0.0, 0.0
    while year < e.horizon_years:
        price = (1 + e.cost_growth_per_year) ** year
        unused = max(0.0, min(1.0, (year + life - e.horizon_years) / life))
        total += price * ((1 + e.discount_rate) ** -year - unused * (1 + e.discount_rate) ** -e.horizon_years)
        year += life
    return total
