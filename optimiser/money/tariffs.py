"""What energy costs: electricity by the hour, gas, demand charges, and what PV earns.

Hours follow the house rule: value h of a year of 8760 is the hour that ends at h + 1, so its hour of the day is h % 24.
Prices and hours stand in `data/tariffs.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from datafile import Confidence, Frozen, load_yaml
from optimiser.money.factors import DATA_DIR, gas_m3
from vocabulary import HOURS_PER_YEAR, MONTHS, Fault, InputError, nearest

Period = Literal["flat", "valley", "peak", "sharp"]
DAYS_PER_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DEFAULT_TARIFF = "suburban_office"
Floats = NDArray[np.float64]


class HourBlock(Frozen):
    """Hours of the day, from inclusive to exclusive, that belong to one period."""

    period: Period
    hours: tuple[tuple[int, int], ...]


class Season(Frozen):
    """Months with the same hours and price ratios; a later block overrides an earlier one."""

    months: tuple[int, ...]
    multipliers: dict[Period, float]
    periods: tuple[HourBlock, ...]

    @model_validator(mode="after")
    def _is_complete(self) -> Season:
        named = {"flat", *(block.period for block in self.periods)}
        if named - set(self.multipliers):
            raise ValueError(f"no multiplier for {sorted(named - set(self.multipliers))}")
        if any(not 0 <= start < end <= 24 for block in self.periods for start, end in block.hours):
            raise ValueError("hours must be [from, to) within 0 and 24")
        return self


class Tariff(Frozen):
    """One electricity tariff: energy price = non-floating + floating x multiplier of the hour's period."""

    label_en: str
    label_zh: str
    floating_cny_per_kwh: float = Field(ge=0)
    non_floating_cny_per_kwh: float = Field(ge=0)
    demand_charge_cny_per_kw_month: float = Field(default=0.0, ge=0)
    source: str
    confidence: Confidence
    assumption: bool = False
    seasons: tuple[Season, ...]

    @model_validator(mode="after")
    def _covers_the_year(self) -> Tariff:
        months = sorted(month for season in self.seasons for month in season.months)
        if months and months != list(MONTHS):
            raise ValueError(f"seasons must hold every month once, found {months}")
        return self


class GasPrice(Frozen):
    """Price of natural gas."""

    price_cny_per_m3: float = Field(ge=0)
    source: str
    confidence: Confidence


class ExportPrice(Frozen):
    """What a kWh of PV fed into the grid earns."""

    price_cny_per_kwh: float = Field(ge=0)
    source: str
    confidence: Confidence


class Prices(Frozen):
    """All energy prices of a study."""

    price_year: int
    electricity: dict[str, Tariff]
    natural_gas: GasPrice
    pv_export: ExportPrice


@lru_cache(maxsize=8)
def load_prices(path: Path = DATA_DIR / "tariffs.yaml") -> Prices:
    """Read energy prices.

    Raises
    ------
    InputError
        If the file breaks its schema.

    Examples
    --------
    >>> load_prices().price_year
    2025
    """
    return load_yaml(path, Prices)


def tariff_of(name: str = DEFAULT_TARIFF, prices: Prices | None = None) -> Tariff:
    """Return an electricity tariff by name.

    Raises
    ------
    InputError
        If there is no tariff of that name.

    Examples
    --------
    >>> tariff_of("shanghai_two_part_tou").demand_charge_cny_per_kw_month
    40.8
    """
    known = (prices or load_prices()).electricity
    if name not in known:
        raise InputError([Fault("tariffs", "electricity", repr(name), f"one of {sorted(known)}", nearest(name, known))])
    return known[name]


def price_table(tariff: Tariff) -> Floats:
    """Return the energy price of every hour of the day in every month, shape (12, 24), CNY/kWh.

    Examples
    --------
    Sharp hours of July cost 0.0825 + 0.5675 x 2.25 CNY/kWh:

    >>> round(float(price_table(tariff_of("shanghai_two_part_tou"))[6, 12]), 4)
    1.3594
    """
    multipliers = np.ones((12, 24))
    for season in tariff.seasons:
        of_day = np.full(24, season.multipliers["flat"])
        for block in season.periods:
            for start, end in block.hours:
                of_day[start:end] = season.multipliers[block.period]
        multipliers[np.array(season.months) - 1] = of_day
    return tariff.non_floating_cny_per_kwh + tariff.floating_cny_per_kwh * multipliers


def month_of_hour() -> NDArray[np.int64]:
    """Return the month (0 to 11) of each of the 8760 hours of a year.

    Examples
    --------
    >>> int(month_of_hour()[744])
    1
    """
    return np.repeat(np.arange(12), np.array(DAYS_PER_MONTH) * 24)


def hourly_price(tariff: Tariff) -> Floats:
    """Return the energy price of each of the 8760 hours of a year, CNY/kWh.

    Examples
    --------
    >>> round(float(hourly_price(tariff_of("shanghai_flat")).mean()), 4)
    0.7996
    """
    return price_table(tariff)[month_of_hour(), np.arange(HOURS_PER_YEAR) % 24]


def monthly_peak_kw(profile_kw: ArrayLike) -> Floats:
    """Return the highest hourly power of each month, shape (..., 12), kW.

    Parameters
    ----------
    profile_kw : array, shape (..., 8760)

    Raises
    ------
    InputError
        If the last dimension is not a year of hours.
    """
    profile = _year(profile_kw)
    starts = np.concatenate([[0], np.cumsum(DAYS_PER_MONTH)[:-1]]) * 24
    return np.maximum.reduceat(profile, starts, axis=-1)


def electricity_cost_cny(profile_kw: ArrayLike, tariff: Tariff) -> Floats:
    """Return the yearly electricity bill of hourly profiles: energy by the hour and demand by the month.

    Parameters
    ----------
    profile_kw : array, shape (..., 8760)
        Power bought.
    tariff : Tariff
        The demand charge is on the highest hourly power of each month.

    Returns
    -------
    array, shape (...)
        CNY per year.

    Raises
    ------
    InputError
        If the last dimension is not a year of hours.

    Examples
    --------
    A constant 1 kW at 0.7996 CNY/kWh costs 8760 x 0.7996 CNY:

    >>> round(float(electricity_cost_cny(np.ones(8760), tariff_of("shanghai_flat"))), 2)
    7004.5
    """
    profile = _year(profile_kw)
    demand = monthly_peak_kw(profile).sum(axis=-1) * tariff.demand_charge_cny_per_kw_month
    return profile @ hourly_price(tariff) + demand


def gas_cost_cny(natural_gas_kwh: ArrayLike, prices: Prices | None = None) -> Floats:
    """Return what an energy of gas (lower heating value) costs, CNY.

    Examples
    --------
    >>> round(float(gas_cost_cny(9885.6)), 1)
    4210.0
    """
    return gas_m3(np.asarray(natural_gas_kwh, dtype=float)) * (prices or load_prices()).natural_gas.price_cny_per_m3


def split_pv_kw(load_kw: ArrayLike, pv_kw: ArrayLike) -> tuple[Floats, Floats]:
    """Split PV power, hour by hour, into what the building uses itself and what it exports.

    self-used = min(load, PV); exported = PV - self-used; both in kW, shape (..., 8760).

    Raises
    ------
    InputError
        If either is not a year of hours.

    Examples
    --------
    >>> used, exported = split_pv_kw(np.full(8760, 3.0), np.full(8760, 5.0))
    >>> float(used[0]), float(exported[0])
    (3.0, 2.0)
    """
    load, generated = _year(load_kw), _year(pv_kw)
    used = np.minimum(load, generated)
    return used, generated - used


def pv_value_cny(load_kw: ArrayLike, pv_kw: ArrayLike, tariff: Tariff, prices: Prices | None = None) -> Floats:
    """Return what PV is worth per year: the electricity bill it takes away and what export earns, CNY.

    Raises
    ------
    InputError
        If either profile is not a year of hours.

    Examples
    --------
    1 kW used and 1 kW exported in every hour:

    >>> round(float(pv_value_cny(np.ones(8760), np.full(8760, 2.0), tariff_of("shanghai_flat"))), 1)
    10644.3
    """
    used, exported = split_pv_kw(load_kw, pv_kw)
    load = _year(load_kw)
    avoided = electricity_cost_cny(load, tariff) - electricity_cost_cny(load - used, tariff)
    return avoided + exported.sum(axis=-1) * (prices or load_prices()).pv_export.price_cny_per_kwh


def energy_cost_cny(use: Mapping[str, ArrayLike], tariff: Tariff, prices: Prices | None = None) -> Floats:
    """Return the yearly energy bill from hourly profiles of both carriers.

    Parameters
    ----------
    use : mapping
        `electricity` and `natural_gas`: power in kW, shape (..., 8760); gas on the lower heating value.
    tariff, prices
        Electricity tariff and the other prices.

    Raises
    ------
    InputError
        If a profile is not a year of hours.
    """
    gas = _year(use["natural_gas"]).sum(axis=-1)
    return electricity_cost_cny(use["electricity"], tariff) + gas_cost_cny(gas, prices)


def _year(profile_kw: ArrayLike) -> Floats:
    profile = np.asarray(profile_kw, dtype=float)
    if profile.ndim == 0 or profile.shape[-1] != HOURS_PER_YEAR:
        raise InputError([Fault("profile", "hours", f"shape {profile.shape}", f"last dimension {HOURS_PER_YEAR}")])
    return profile
