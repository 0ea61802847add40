"""Subsidy schemes: what a contract would get, from a data file with sources.

At most one scheme per contract. Thresholds are of the whole contract, so pooled sites may pass where single ones do
not; that they may be pooled is an assumption that the data file labels.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from datafile import Confidence, Frozen, load_yaml
from optimiser.money.contracts import Lane
from optimiser.money.factors import DATA_DIR
from vocabulary import Fault, InputError, nearest

Floats = NDArray[np.float64]


class SavingClass(Frozen):
    """A rate per floor area that applies from a saving fraction upwards."""

    minimum_saving_fraction: float = Field(ge=0, le=1)
    rate: float = Field(ge=0, description="CNY per m2")


class Scheme(Frozen):
    """One subsidy scheme: who may have it, its thresholds, rate and caps."""

    label_en: str
    label_zh: str
    lanes: tuple[Lane, ...]
    rate_cny_per_tce: dict[Lane, float] = Field(default_factory=dict)
    rate_cny_per_m2: tuple[SavingClass, ...] = ()
    minimum_coal_t_per_year: float = Field(default=0.0, ge=0)
    minimum_floor_area_m2: float = Field(default=0.0, ge=0)
    minimum_saving_fraction: float = Field(default=0.0, ge=0)
    cap_cny: float | None = Field(default=None, ge=0)
    maximum_share_of_investment: float | None = Field(default=None, ge=0)
    coal_basis: str = "calorific"
    coal_basis_assumption: bool = False
    valid_years: tuple[int, int]
    source: str
    confidence: Confidence


class Switch(Frozen):
    """A yes or no that no stored text settles."""

    value: bool
    assumption: bool
    source: str


class SubsidyFile(Frozen):
    """All schemes and the switch of pooling."""

    pooled_sites_count_as_one: Switch
    schemes: dict[str, Scheme]


@lru_cache(maxsize=8)
def load_subsidies(path: Path = DATA_DIR / "subsidies.yaml") -> SubsidyFile:
    """Read the subsidy schemes.

    Raises
    ------
    InputError
        If the file breaks its schema.

    Examples
    --------
    >>> sorted(load_subsidies().schemes)
    ['shanghai_building_demonstration', 'shanghai_epc_fund']
    """
    return load_yaml(path, SubsidyFile)


def scheme_of(name: str) -> Scheme:
    """Return a scheme by name.

    Raises
    ------
    InputError
        If there is no scheme of that name.

    Examples
    --------
    >>> scheme_of("shanghai_epc_fund").minimum_coal_t_per_year
    50.0
    """
    schemes = load_subsidies().schemes
    if name not in schemes:
        raise InputError([Fault("rules", "subsidies", repr(name), f"one of {sorted(schemes)}", nearest(name, schemes))])
    return schemes[name]


def subsidy_cny(
    scheme: Scheme,
    lane: Lane,
    *,
    coal_t: ArrayLike,
    floor_area_m2: ArrayLike,
    saving_fraction: ArrayLike,
    capital_cost_cny: ArrayLike,
) -> Floats:
    """Return what a scheme pays to a contract: rate x tce or m2, within caps, 0 below any threshold.

    Parameters
    ----------
    scheme : Scheme
    lane : Lane
        The contract's lane.
    coal_t, floor_area_m2, saving_fraction, capital_cost_cny : array
        Sums over the contract: standard coal saved per year in the scheme's basis, floor area, saving over baseline,
        investment.

    Examples
    --------
    60 tce a year under shared savings at 800 CNY/tce, but at most 30 % of 100 000 CNY:

    >>> fund = scheme_of("shanghai_epc_fund")
    >>> amounts = {"coal_t": 60.0, "floor_area_m2": 1.0, "saving_fraction": 0.3, "capital_cost_cny": 100_000.0}
    >>> float(subsidy_cny(fund, "shared_savings", **amounts))
    30000.0
    """
    coal, area, fraction, capital = (
        np.asarray(x, dtype=float) for x in (coal_t, floor_area_m2, saving_fraction, capital_cost_cny)
    )
    if lane not in scheme.lanes:
        return np.zeros(np.broadcast_shapes(coal.shape, area.shape, fraction.shape, capital.shape))
    amount = scheme.rate_cny_per_tce.get(lane, 0.0) * coal + rate_per_m2(scheme, fraction) * area
    if scheme.cap_cny is not None:
        amount = np.minimum(amount, scheme.cap_cny)
    if scheme.maximum_share_of_investment is not None:
        amount = np.minimum(amount, scheme.maximum_share_of_investment * capital)
    return np.where(is_eligible(scheme, coal, area, fraction), amount, 0.0)


def is_eligible(
    scheme: Scheme, coal_t: ArrayLike, floor_area_m2: ArrayLike, saving_fraction: ArrayLike
) -> NDArray[np.bool_]:
    """Tell whether a contract reaches every threshold of a scheme.

    Examples
    --------
    >>> is_eligible(scheme_of("shanghai_epc_fund"), [49.9, 50.0], 0.0, 0.0).tolist()
    [False, True]
    """
    reached = np.asarray(coal_t, dtype=float) >= scheme.minimum_coal_t_per_year
    reached = reached & (np.asarray(floor_area_m2, dtype=float) >= scheme.minimum_floor_area_m2)
    return reached & (np.asarray(saving_fraction, dtype=float) >= scheme.minimum_saving_fraction)


def rate_per_m2(scheme: Scheme, saving_fraction: ArrayLike) -> Floats:
    """Return the rate per floor area of the highest saving class that is reached, CNY/m2.

    Examples
    --------
    >>> rate_per_m2(scheme_of("shanghai_building_demonstration"), [0.1, 0.15, 0.25]).tolist()
    [0.0, 15.0, 25.0]
    """
    fraction = np.asarray(saving_fraction, dtype=float)
    rate = np.zeros(fraction.shape)
    for step in sorted(scheme.rate_cny_per_m2, key=lambda step: step.minimum_saving_fraction):
        rate = np.where(fraction >= step.minimum_saving_fraction, step.rate, rate)
    return rate
