"""Money over time as the model uses it: values that are linear in yearly saving and investment (equation 1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.money.economics import net_present_value_cny
from optimiser.rules import Economics

Floats = NDArray[np.float64]


def pv_cost_saving_cny(economics: Economics, self_used_kwh: Floats, exported_kwh: Floats) -> Floats:
    """Return CNY per year saved and earned by PV at flat prices.

    Examples
    --------
    >>> pv_cost_saving_cny(Economics(), np.array([100.0]), np.array([10.0])).round(3).tolist()
    [84.155]
    """
    bought = economics.electricity_price_cny_per_kwh * self_used_kwh
    return bought + economics.pv_export_price_cny_per_kwh * exported_kwh


def package_parts_cny(
    economics: Economics,
    cost_saving_cny: Floats,
    capital_cny: Floats,
    life_years: Floats | float | None = None,
    upkeep_cny: Floats | float = 0.0,
) -> tuple[Floats, Floats]:
    """Return present income and present outlay of packages done in plan year 1.

    Their difference is the net present value: upkeep every year, bought again at each end of life, the last one's
    unused part worth its share of the price at the horizon. Without lives of their own all last
    `package_life_years`.

    Examples
    --------
    >>> income, outlay = package_parts_cny(Economics(), np.array([12_000.0]), np.array([100_000.0]))
    >>> (income - outlay).round().tolist()
    [63084.0]
    """
    life = economics.package_life_years if life_years is None else life_years
    return _parts(economics, cost_saving_cny, capital_cny, life, upkeep_cny)


def pv_parts_cny(economics: Economics, cost_saving_cny: Floats, capital_cny: Floats) -> tuple[Floats, Floats]:
    """Return present income and present outlay, upkeep included, of PV done in plan year 1.

    Examples
    --------
    >>> income, outlay = pv_parts_cny(Economics(), np.array([800.0]), np.array([4000.0]))
    >>> (income - outlay).round().tolist()
    [6694.0]
    """
    upkeep = economics.pv_upkeep_fraction_per_year * capital_cny
    return _parts(economics, cost_saving_cny, capital_cny, economics.pv_life_years, upkeep)


def _parts(
    economics: Economics,
    yearly: Floats,
    capital: Floats,
    life_years: Floats | float,
    upkeep_cny: Floats | float,
) -> tuple[Floats, Floats]:
    zero = np.zeros_like(capital)
    both = [
        net_present_value_cny(
            capital * of_capital,
            yearly * of_saving,
            life_years,
            zero + upkeep_cny * of_capital,
            rate=economics.discount_rate,
            horizon_years=economics.horizon_years,
            price_growth=economics.price_growth_per_year,
            cost_growth=economics.cost_growth_per_year,
        )
        for of_capital, of_saving in ((0.0, 1.0), (1.0, 0.0))
    ]
    return both[0], -both[1]
