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
class OwnerView:
    """What the owner's purse sees of a plan: CNY by building, and over the plan's years (year 0 is its start)."""

    guarantee_payment: Floats
    public_money_saved: Floats
    cost_saving: Floats
    cost_without: Floats | None


def owner_view(
    cube: Cube, rules: Rules, plan: Plan, works: Works, keys: Floats, granted: Mapping[str, Floats]
) -> OwnerView:
    """Return the owner's cost without minus with the contracts, in every year and over the terms.

    Parameters
    ----------
    keys : ndarray of str, shape (building,)
    granted : mapping of contract to ndarray, shape (plan year,)
        Subsidies; those of lanes that the owner pays for are the owner's, in the plan year in which they are paid.
    """
    horizon, term = rules.economics.horizon_years, rules.contract_terms.term_years
    span = max(horizon, term)
    owner, _ = flows_cny(cube, rules, plan, works, span)
    payment = guarantee_payment_cny(cube, rules, plan, keys, works.annual_cost_saving)
    owner[:, 1 : term + 1] += payment[:, None]
    saved = owner[:, : term + 1].sum(axis=1)
    yearly = np.zeros(span + years(rules))
    for b in np.flatnonzero(plan.touched):
        yearly[plan.year[b] - 1 : plan.year[b] + span] += owner[b]
    for key, money in granted.items():
        inside = plan.touched & (keys == key) & (plan.lane <= LANES.index("guaranteed"))
        if inside.any():
            yearly[: len(money)] += money
            saved[inside] += money.sum() * works.capital[inside] / max(works.capital[inside].sum(), 1e-9)
    without = None
    if cube.cost_baseline is not None:
        without = np.full(horizon + 1, cube.cost_baseline.sum())
        without[0] = 0.0
    return OwnerView(payment, saved, yearly[: horizon + 1], without)
