"""Who pays and who gains, year by year, under the four ways of contracting a retrofit.

A cash flow is what changes against leaving the building as it is: year 0 is the day of investment, years 1 to N follow.
Lanes (GB/T 24915-2020; Shanghai rules for public institutions 2015/2018): own funds, guaranteed savings, shared
savings, trusteeship. Default terms are conventions, confidence C. Everything is linear in money and works on arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field
from scipy.special import ndtr

from datafile import Frozen
from optimiser.money.economics import annuity_factor, present_value, replacement_flow_cny
from vocabulary import Fault, InputError

Lane = Literal["own_funds", "guaranteed", "shared_savings", "trusteeship"]
OWNER_FUNDED: tuple[Lane, ...] = ("own_funds", "guaranteed")
Floats = NDArray[np.float64]


class Terms(Frozen):
    """Terms of a contract; the defaults are conventions of Chinese energy-performance contracts (confidence C)."""

    term_years: int = Field(default=8, ge=1)
    hurdle_rate: float = Field(default=0.08, gt=-1, description="of the service company, real")
    payback_share_of_term: float = Field(default=0.60, gt=0)
    service_share: tuple[float, ...] = Field(default=(0.80,), description="of the saving, by year; the last goes on")
    trusteeship_discount: float = Field(default=0.05, ge=0, le=1, description="of the baseline cost, kept by the owner")
    guarantee_level: float = Field(default=0.85, ge=0, description="of the expected saving")


@dataclass(frozen=True)
class Retrofit:
    """Money of retrofits, each an array of one shape (...), in CNY and prices of year 0."""

    capital_cost_cny: ArrayLike
    annual_cost_saving_cny: ArrayLike
    annual_upkeep_cny: ArrayLike = 0.0
    life_years: ArrayLike = 100.0
    baseline_cost_cny: ArrayLike = 0.0
    annual_cost_saving_std_cny: ArrayLike = 0.0
    obligatory_works_cny: ArrayLike = 0.0
    subsidy_cny: ArrayLike = 0.0


@dataclass(frozen=True)
class CashFlows:
    """Yearly amounts in CNY, shape (..., years + 1), year 0 first; positive is money received or not spent."""

    owner: Floats
    service_company: Floats


def expected_shortfall(expected: ArrayLike, std: ArrayLike, guaranteed: ArrayLike) -> Floats:
    """Return the mean payment of a guarantee: E[max(0, G - X)] with X normal.

    = (G - m) Phi(d) + s phi(d), d = (G - m) / s; for s = 0 simply max(0, G - m).

    Parameters
    ----------
    expected, std, guaranteed : array
        Mean m and standard error s of the saving, and the level G, in one unit.

    Raises
    ------
    InputError
        If a standard error is negative.

    Examples
    --------
    A guarantee at the mean costs s / sqrt(2 pi):

    >>> round(float(expected_shortfall(100.0, 10.0, 100.0)), 4)
    3.9894
    """
    mean, error, level = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (expected, std, guaranteed)))
    if bool((error < 0).any()):
        raise InputError([Fault("guarantee", "standard error", f"{error.min()}", "at least 0")])
    gap = level - mean
    far = 40.0  # standard errors; beyond them the normal distribution is 0 or 1 to the last digit
    near = np.abs(gap) < far * error
    distance = np.where(near, gap / np.where(near, error, 1.0), np.sign(gap) * far)
    density = np.exp(-0.5 * distance**2) / np.sqrt(2.0 * np.pi)
    return np.where(error > 0, np.maximum(gap * ndtr(distance) + error * density, 0.0), np.maximum(gap, 0.0))


def cash_flows(lane: Lane, retrofit: Retrofit, terms: Terms | None = None, years: int = 20) -> CashFlows:
    """Return the yearly cash flows of owner and service company.

    - own funds: the owner invests, renews, maintains and keeps the saving.
    - guaranteed: the same, and the service company makes up the expected shortfall below the guaranteed level.
    - shared savings: the service company invests and, for the term, renews, maintains and gets its share of the
      saving.
    - trusteeship: the service company also pays the energy bill and obligatory works; the owner pays the baseline cost
      less the agreed discount. Its income is saving - discount x baseline cost.

    After the term equipment and saving are the owner's, and so is a renewal due on the last day of the term. A subsidy
    goes, in year 0, to who invests.

    Parameters
    ----------
    lane : {'own_funds', 'guaranteed', 'shared_savings', 'trusteeship'}
    retrofit : Retrofit
        Amounts; `baseline_cost_cny` matters to trusteeship only, the standard error to the guarantee only.
    terms : Terms, optional
    years : int
        Last year of the flow; at least the term for the owner to see what comes after.

    Returns
    -------
    CashFlows
        Owner and service company add up to what the retrofit itself earns, in every year.

    Raises
    ------
    InputError
        If there is no such lane, or amounts are impossible.

    Examples
    --------
    100 000 CNY that save 30 000 a year, shared 80/20 for 8 years:

    >>> flows = cash_flows("shared_savings", Retrofit(100_000.0, 30_000.0), years=9)
    >>> flows.owner.round().tolist()[:2], flows.owner.tolist()[-1]
    ([0.0, 6000.0], 30000.0)
    >>> flows.service_company.round().tolist()[:2]
    [-100000.0, 24000.0]
    """
    terms = terms or Terms()
    project = project_flow_cny(retrofit, years)
    if lane == "own_funds":
        return CashFlows(project, np.zeros(project.shape))
    if lane == "guaranteed":
        payment = _guarantee_payment(retrofit, terms, years)
        return CashFlows(project + payment, np.broadcast_to(-payment, project.shape))
    if lane not in ("shared_savings", "trusteeship"):
        raise InputError([Fault("contract", "lane", repr(lane), "own_funds, guaranteed, shared_savings, trusteeship")])
    kept = _owner_income(lane, retrofit, terms, years)
    year = np.arange(years + 1)
    renewal = replacement_flow_cny(retrofit.capital_cost_cny, retrofit.life_years, years)
    handed_over = np.where(year == terms.term_years, renewal, 0.0)
    owner = np.where(year > terms.term_years, project, kept - handed_over)
    return CashFlows(owner, project - owner)


def project_flow_cny(retrofit: Retrofit, years: int) -> Floats:
    """Return what a retrofit earns each year, whoever gets it: subsidy - investment, then saving - upkeep - renewal.

    Raises
    ------
    InputError
        If a life is not positive.

    Examples
    --------
    >>> project_flow_cny(Retrofit(100.0, 30.0, 5.0), 2).tolist()
    [-100.0, 25.0, 25.0]
    """
    capital = _array(retrofit.capital_cost_cny)
    start = _array(retrofit.subsidy_cny) - capital - _array(retrofit.obligatory_works_cny)
    yearly = _array(retrofit.annual_cost_saving_cny) - _array(retrofit.annual_upkeep_cny)
    year = np.arange(years + 1)
    flow = np.where(year == 0, start[..., None], yearly[..., None])
    return flow - replacement_flow_cny(capital, retrofit.life_years, years)


def _owner_income(lane: Lane, retrofit: Retrofit, terms: Terms, years: int) -> Floats:
    """Return what the owner keeps each year of the term; year 0 brings nothing."""
    year = np.arange(years + 1)
    if lane == "trusteeship":
        kept = terms.trusteeship_discount * _array(retrofit.baseline_cost_cny)[..., None]
    else:
        kept = (1.0 - service_share(terms, years)) * _array(retrofit.annual_cost_saving_cny)[..., None]
    return np.where(year == 0, 0.0, kept)


def service_share(terms: Terms, years: int) -> Floats:
    """Return the service company's share of the saving in years 0..years (year 0 as year 1).

    Examples
    --------
    >>> service_share(Terms(service_share=(0.9, 0.8, 0.7)), 4).tolist()
    [0.9, 0.9, 0.8, 0.7, 0.7]
    """
    shares = np.asarray(terms.service_share, dtype=float)
    return shares[np.clip(np.arange(years + 1) - 1, 0, len(shares) - 1)]


def _guarantee_payment(retrofit: Retrofit, terms: Terms, years: int) -> Floats:
    saving = _array(retrofit.annual_cost_saving_cny)
    mean = expected_shortfall(saving, retrofit.annual_cost_saving_std_cny, terms.guarantee_level * saving)
    year = np.arange(years + 1)
    return np.where((year > 0) & (year <= terms.term_years), mean[..., None], 0.0)


def service_npv_cny(lane: Lane, retrofit: Retrofit, terms: Terms | None = None) -> Floats:
    """Return the service company's net present value over the term at its hurdle rate, shape (...).

    Raises
    ------
    InputError
        If there is no such lane, or amounts are impossible.

    Examples
    --------
    24 000 CNY a year for 8 years at 8 % against 100 000 CNY: 24 000 x 5.74664 - 100 000

    >>> round(float(service_npv_cny("shared_savings", Retrofit(100_000.0, 30_000.0))))
    37919
    """
    terms = terms or Terms()
    flows = cash_flows(lane, retrofit, terms, years=terms.term_years)
    return present_value(flows.service_company, terms.hurdle_rate)


def service_payback_years(lane: Lane, retrofit: Retrofit, terms: Terms | None = None) -> Floats:
    """Return the service company's payback: its outlay in year 0 over its mean income; infinite without income.

    Raises
    ------
    InputError
        If there is no such lane, or amounts are impossible.

    Examples
    --------
    >>> round(float(service_payback_years("shared_savings", Retrofit(100_000.0, 30_000.0))), 3)
    4.167
    """
    terms = terms or Terms()
    flow = cash_flows(lane, retrofit, terms, years=terms.term_years).service_company
    outlay, income = -flow[..., 0], flow[..., 1:].mean(axis=-1)
    years = np.divide(outlay, income, out=np.full(outlay.shape, np.inf), where=income > 0)
    return np.where(outlay <= 0, 0.0, years)


def is_feasible(lane: Lane, retrofit: Retrofit, terms: Terms | None = None) -> NDArray[np.bool_]:
    """Tell whether a service company would sign: net present value not negative, payback within its share of the term.

    Always true for lanes that the owner funds.

    Raises
    ------
    InputError
        If there is no such lane, or amounts are impossible.

    Examples
    --------
    >>> bool(is_feasible("shared_savings", Retrofit(100_000.0, 30_000.0)))
    True
    >>> bool(is_feasible("shared_savings", Retrofit(200_000.0, 30_000.0)))
    False
    """
    terms = terms or Terms()
    npv = service_npv_cny(lane, retrofit, terms)
    if lane in OWNER_FUNDED:
        return np.ones(npv.shape, dtype=bool)
    in_time = service_payback_years(lane, retrofit, terms) <= terms.payback_share_of_term * terms.term_years
    return (npv >= 0) & in_time


def public_money_saved_cny(flows: CashFlows, term_years: int) -> Floats:
    """Return the public money saved over the term: the owner's cost without minus with the contract, undiscounted.

    Raises
    ------
    InputError
        If the flow ends before the term.

    Examples
    --------
    >>> flows = cash_flows("shared_savings", Retrofit(100_000.0, 30_000.0), years=8)
    >>> round(float(public_money_saved_cny(flows, 8)))
    48000
    """
    if flows.owner.shape[-1] <= term_years:
        raise InputError([Fault("contract", "term", f"{term_years} years", f"at most {flows.owner.shape[-1] - 1}")])
    return flows.owner[..., : term_years + 1].sum(axis=-1)


def level_service_share(retrofit: Retrofit, terms: Terms | None = None) -> Floats:
    """Return the smallest flat share of the saving at which a service company's net present value is 0.

    Raises
    ------
    InputError
        If a life is not positive.

    Examples
    --------
    >>> round(float(level_service_share(Retrofit(100_000.0, 30_000.0))), 4)
    0.58
    """
    terms = terms or Terms()
    project = present_value(project_flow_cny(retrofit, terms.term_years), terms.hurdle_rate)
    saving = _array(retrofit.annual_cost_saving_cny) * annuity_factor(terms.hurdle_rate, terms.term_years)
    owner_part = np.divide(project, saving, out=np.full(saving.shape, -np.inf), where=saving > 0)
    return 1.0 - owner_part


def _array(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=float)
