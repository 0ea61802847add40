"""The money of a plan year by year: what the owner pays, what service companies earn, what guarantees pay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from optimiser.cube import Cube
from optimiser.money.contracts import Retrofit, cash_flows, expected_shortfall
from optimiser.plan import Floats, Plan
from optimiser.rules import LANES, Rules, years


@dataclass(frozen=True)
class Works:
    """Money of a plan's works, shape (building,), 0 where untouched, in prices of the plan year of the works [CNY]."""

    capital: Floats
    package_capital: Floats
    annual_cost_saving: Floats


def flows_cny(cube: Cube, rules: Rules, plan: Plan, works: Works, last_year: int) -> tuple[Floats, Floats]:
    """Return owner's and service company's money from the works on, without subsidy and guarantee payment.

    Parameters
    ----------
    last_year : int
        Last year after the works; year 0 is that of the works.

    Returns
    -------
    owner, service_company : ndarray, shape (building, last_year + 1)
        CNY; positive is money received or not spent. Energy prices stay those of the plan year of the works.
    """
    owner, company = (np.zeros((len(plan.touched), last_year + 1)) for _ in range(2))
    e = rules.economics
    at = np.arange(len(plan.touched)), plan.package
    life = np.full(len(plan.touched), e.package_life_years)
    if cube.life is not None:
        life = np.where(plan.package > 0, cube.life[at], life)
    dearer = (1.0 + e.cost_growth_per_year) ** np.maximum(plan.year - 1, 0)
    prices = (1.0 + e.price_growth_per_year) ** np.maximum(plan.year - 1, 0)
    upkeep = np.zeros(len(plan.touched)) if cube.upkeep is None else cube.upkeep[at] * dearer
    pv = works.capital - works.package_capital
    baseline = np.zeros(len(plan.touched)) if cube.cost_baseline is None else cube.cost_baseline * prices
    for number in np.unique(plan.lane[plan.touched]):
        lane, own = LANES[number], plan.touched & (plan.lane == number)
        obliged = cube.obligatory_works if lane == "trusteeship" else None
        parts = (
            Retrofit(
                works.package_capital[own],
                works.annual_cost_saving[own] * prices[own],
                upkeep[own],
                life[own],
                baseline[own],
                obligatory_works_cny=0.0 if obliged is None else obliged[own],
            ),
            Retrofit(pv[own], np.zeros(int(own.sum())), e.pv_upkeep_fraction_per_year * pv[own], e.pv_life_years),
        )
        for part in parts:
            flow = cash_flows(lane, part, rules.contract_terms, years=last_year)
            owner[own] += flow.owner
            company[own] += flow.service_company
    return owner, company


def guarantee_payment_cny(cube: Cube, rules: Rules, plan: Plan, keys: Floats, saving_cny: Floats) -> Floats:
    """Return what service companies are expected to pay for missed guarantees, per year of the term.

    Of each contract the mean shortfall below `guarantee_level` of its expected saving, closed form for a normal error:
    common parts of the standard error add up, independent parts add in squares. Buildings share by their saving.

    Parameters
    ----------
    keys : ndarray of str, shape (building,)
        The contract of each building.
    saving_cny : ndarray, shape (building,)
        Cost saved per year, 0 where untouched.

    Returns
    -------
    ndarray, shape (building,)
        CNY per year; 0 outside the lane of guaranteed savings.
    """
    out = np.zeros(len(plan.touched))
    guaranteed = plan.touched & (plan.lane == LANES.index("guaranteed"))
    at = np.arange(len(plan.touched)), plan.package
    saved = cube.saving[at]
    bought = np.full(len(out), rules.economics.electricity_price_cny_per_kwh)
    if cube.cost_saving is not None:
        np.divide(cube.cost_saving[at], saved, out=bought, where=saved > 0)
    price = np.abs(bought)
    for key in np.unique(keys[guaranteed]):
        inside = guaranteed & (keys == key)
        common = (price * cube.std_common[at])[inside].sum()
        error = common + np.sqrt(((price * cube.std[at])[inside] ** 2).sum())
        mean = max(float(saving_cny[inside].sum()), 0.0)
        payment = float(expected_shortfall(mean, error, rules.contract_terms.guarantee_level * mean))
        share = np.maximum(saving_cny[inside], 0.0)
        out[inside] = payment * (share / share.sum() if share.sum() > 0 else 1.0 / inside.sum())
    return out


@dataclass(frozen=True)
class MoneyView:
    """What the purses of owner and service companies see of a plan, CNY.

    Attributes
    ----------
    guarantee_payment, public_money_saved : ndarray (building,)
        Expected payment per year of the term; owner's cost without minus with the contract over its term.
    owner, service_company : ndarray (building, year)
        Money received or not spent in each year, year 0 the start of the plan, subsidies and guarantees counted.
    cost_without : ndarray (year,) or None
        The owner's energy cost without the plan.
    """

    guarantee_payment: Floats
    public_money_saved: Floats
    owner: Floats
    service_company: Floats
    cost_without: Floats | None


def money_view(
    cube: Cube, rules: Rules, plan: Plan, works: Works, keys: Floats, granted: Mapping[str, Floats]
) -> MoneyView:
    """Return what owner and service companies receive in every year of the plan, building by building.

    The years are those of the horizon, or until the last term has ended where that is later.

    Parameters
    ----------
    keys : ndarray of str, shape (building,)
    granted : mapping of contract to ndarray, shape (plan year,)
        Subsidies go to who invests, in the plan year in which they are paid, by share of the investment.
    """
    term = rules.contract_terms.term_years
    last = max(rules.economics.horizon_years, term + years(rules) - 1)
    flows = flows_cny(cube, rules, plan, works, last)
    payment = guarantee_payment_cny(cube, rules, plan, keys, works.annual_cost_saving)
    for flow, sign in zip(flows, (1.0, -1.0), strict=True):
        flow[:, 1 : term + 1] += sign * payment[:, None]
    saved = flows[0][:, : term + 1].sum(axis=1)
    owner, company = (_on_plan_years(flow, plan) for flow in flows)
    for key, money in granted.items():
        inside = plan.touched & (keys == key)
        share = inside * works.capital / max(works.capital[inside].sum(), 1e-9)
        owned = plan.lane <= LANES.index("guaranteed")
        saved += np.where(owned, money.sum() * share, 0.0)
        for purse, own in ((owner, owned), (company, ~owned)):
            purse[:, : len(money)] += np.where(own, share, 0.0)[:, None] * money
    without = None
    if cube.cost_baseline is not None:
        without = np.full(last + 1, cube.cost_baseline.sum())
        without[0] = 0.0
    return MoneyView(payment, saved, owner, company, without)


def _on_plan_years(flow: Floats, plan: Plan) -> Floats:
    """Return flows counted from the works as flows counted from the start of the plan, of the same length."""
    out = np.zeros_like(flow)
    for year in np.unique(plan.year[plan.touched]):
        own = plan.touched & (plan.year == year)
        out[own, year - 1 :] = flow[own, : flow.shape[1] - (year - 1)]
    return out
