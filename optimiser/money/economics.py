"""Money over time: present values, replacements, residual values, payback.

Conventions: investment falls at time 0, yearly amounts at the end of years 1 to N, all in prices of year 0 (real).
Everything works on numbers or arrays of one shape (NumPy broadcasting).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vocabulary import Fault, InputError

Floats = NDArray[np.float64]
HORIZON_YEARS = 20
DISCOUNT_RATE = 0.04
LEVEL = 1e-9


def discount_factor(rate: ArrayLike, year: ArrayLike) -> Floats:
    """Return what 1 CNY of a year is worth today: (1 + rate)^-year.

    Examples
    --------
    >>> round(float(discount_factor(0.04, 10)), 6)
    0.675564
    """
    return (1.0 + np.asarray(rate, dtype=float)) ** -np.asarray(year, dtype=float)


def annuity_factor(rate: ArrayLike, years: ArrayLike, growth: ArrayLike = 0.0) -> Floats:
    """Return the present value of 1 CNY a year, first paid after one year and growing from then on.

    Sum over t = 1..N of (1 + g)^(t - 1) / (1 + r)^t; with q = (1 + g)/(1 + r) that is (1 - q^N) / (r - g), and
    N / (1 + r) where r = g.

    Examples
    --------
    >>> round(float(annuity_factor(0.04, 20)), 6)
    13.590326
    """
    r, n, g = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (rate, years, growth)))
    is_level = np.abs(r - g) < LEVEL  # below it the quotient loses all its digits and the limit is exact enough
    spread = np.where(is_level, 1.0, r - g)
    return np.where(is_level, n / (1.0 + r), -np.expm1(n * (np.log1p(g) - np.log1p(r))) / spread)


def present_value(cash_flow: ArrayLike, rate: float) -> Floats:
    """Return the present value of yearly amounts, year 0 first, along the last axis.

    Examples
    --------
    >>> round(float(present_value([-100.0, 60.0, 60.0], 0.10)), 4)
    4.1322
    """
    flow = np.asarray(cash_flow, dtype=float)
    return flow @ discount_factor(rate, np.arange(flow.shape[-1]))


def lifetime_cost_factor(
    life_years: ArrayLike, rate: float = DISCOUNT_RATE, horizon_years: int = HORIZON_YEARS, cost_growth: float = 0.0
) -> Floats:
    """Return the present value, per CNY of investment, of buying, replacing and keeping something over the horizon.

    Bought at 0, replaced at the end of each life (L, 2L, ... before the horizon) at a price grown by `cost_growth`; at
    the horizon the unused share of the last one is worth that share of its price (linear residual value).

    Parameters
    ----------
    life_years : array
        Life, above 0.
    rate, cost_growth : float
        Real discount rate and growth of the price per year.
    horizon_years : int
        Length of the view.

    Raises
    ------
    InputError
        If a life is not positive.

    Examples
    --------
    Life 15 in 20 years at 4 %: 1 + 1.04^-15 - (10/15) 1.04^-20 = 1.25101

    >>> round(float(lifetime_cost_factor(15.0)), 5)
    1.25101
    """
    life = np.asarray(life_years, dtype=float)
    if not bool((life > 0).all()):
        raise InputError([Fault("economics", "life_years", f"{life.min() if life.size else life}", "years above 0")])
    total = np.zeros(life.shape)
    for purchase in range(_purchases(life, horizon_years)):
        year = purchase * life
        price = (1.0 + cost_growth) ** year
        unused = np.clip((year + life - horizon_years) / life, 0.0, 1.0)
        cost = price * (discount_factor(rate, year) - unused * discount_factor(rate, horizon_years))
        total += np.where(year < horizon_years, cost, 0.0)
    return total


def _purchases(life: Floats, horizon_years: int) -> int:
    return int(np.ceil(horizon_years / life.min())) if life.size else 0


def net_present_value_cny(
    capital_cost_cny: ArrayLike,
    annual_cost_saving_cny: ArrayLike,
    life_years: ArrayLike,
    annual_upkeep_cny: ArrayLike = 0.0,
    *,
    rate: float = DISCOUNT_RATE,
    horizon_years: int = HORIZON_YEARS,
    price_growth: float = 0.0,
    cost_growth: float = 0.0,
) -> Floats:
    """Return the net present value of a retrofit for whoever pays for it and keeps the saving.

    NPV = (saving - upkeep) x annuity(rate, horizon, price_growth) - investment x `lifetime_cost_factor`. Linear in
    saving, upkeep and investment, so it may stand in a linear model.

    Parameters
    ----------
    capital_cost_cny, annual_cost_saving_cny, life_years, annual_upkeep_cny : array
        Shapes that broadcast.
    rate, price_growth, cost_growth : float
        Real rate; real growth of energy prices and of investment prices per year.
    horizon_years : int
        Length of the view (20 years by the study's default).

    Raises
    ------
    InputError
        If a life is not positive.

    Examples
    --------
    100 000 CNY that save 12 000 CNY a year and last 20 years: 12 000 x 13.5903 - 100 000

    >>> round(float(net_present_value_cny(100_000.0, 12_000.0, 20.0)))
    63084
    """
    yearly = np.asarray(annual_cost_saving_cny, dtype=float) - np.asarray(annual_upkeep_cny, dtype=float)
    investment = np.asarray(capital_cost_cny, dtype=float)
    lifetime = lifetime_cost_factor(life_years, rate, horizon_years, cost_growth)
    return yearly * annuity_factor(rate, horizon_years, price_growth) - investment * lifetime


def payback_years(capital_cost_cny: ArrayLike, annual_cost_saving_cny: ArrayLike) -> Floats:
    """Return the simple payback: investment over yearly saving; infinite without a saving, 0 without an investment.

    Examples
    --------
    >>> payback_years([100.0, 100.0, 0.0], [25.0, -5.0, 0.0]).tolist()
    [4.0, inf, 0.0]
    """
    capital, saving = np.broadcast_arrays(
        np.asarray(capital_cost_cny, dtype=float), np.asarray(annual_cost_saving_cny, dtype=float)
    )
    ratio = np.divide(capital, saving, out=np.full(capital.shape, np.inf), where=saving > 0)
    return np.where(capital <= 0, 0.0, ratio)


def replacement_flow_cny(capital_cost_cny: ArrayLike, life_years: ArrayLike, years: int) -> Floats:
    """Return what replacement costs in each year 0..years: the investment again in the year each life has ended.

    A life of 8.5 years is paid for in year 9. The first investment is not part of it, nor is a replacement that would
    fall on the last year: it would serve the time after.

    Parameters
    ----------
    capital_cost_cny, life_years : array, shape (...)
        Shapes that broadcast.
    years : int
        Last year of the flow.

    Returns
    -------
    array, shape (..., years + 1)
        CNY, positive.

    Raises
    ------
    InputError
        If a life is not positive.

    Examples
    --------
    >>> replacement_flow_cny(100.0, 3.0, 7).tolist()
    [0.0, 0.0, 0.0, 100.0, 0.0, 0.0, 100.0, 0.0]
    """
    capital, life = np.broadcast_arrays(np.asarray(capital_cost_cny, dtype=float), np.asarray(life_years, dtype=float))
    if not bool((life > 0).all()):
        raise InputError([Fault("economics", "life_years", f"{life.min()}", "years above 0")])
    year = np.arange(years + 1)
    ended = np.floor(year / life[..., None] + 1e-9)
    new = np.diff(np.where(year == years, np.roll(ended, 1, axis=-1), ended), axis=-1, prepend=0.0)
    return capital[..., None] * new
