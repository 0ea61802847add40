"""Energy bases: how electricity and gas add up to one figure, and to coal and CO2.

All gas energies are on the lower heating value. The bases and their sources stand in `data/factors.yaml`.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import Field

from datafile import Confidence, Frozen, load_yaml
from vocabulary import CARRIERS, GAS_LHV_MJ_PER_M3, Fault, InputError, attributes, nearest

DATA_DIR = Path(__file__).parent / "data"
MJ_PER_KWH = 3.6
DEFAULT_BASIS = "calorific"
DEFAULT_CARBON_BASIS = "carbon_0_42"
Amount = TypeVar("Amount", float, NDArray[np.float64], xr.DataArray)


class Basis(Frozen):
    """What one unit of each carrier counts for in one energy basis."""

    label_en: str
    label_zh: str
    amount: str = Field(description="what the factors count, e.g. kg of standard coal")
    electricity_per_kwh: float = Field(gt=0)
    natural_gas_per_m3: float = Field(gt=0)
    source: str
    confidence: Confidence


class _Bases(Frozen):
    bases: dict[str, Basis]


@lru_cache(maxsize=8)
def load_bases(path: Path = DATA_DIR / "factors.yaml") -> dict[str, Basis]:
    """Read the energy bases.

    Raises
    ------
    InputError
        If the file breaks its schema.

    Examples
    --------
    >>> sorted(load_bases())
    ['calorific', 'carbon_0_42', 'carbon_0_5737', 'shanghai_primary']
    """
    return load_yaml(path, _Bases).bases


def basis_of(name: str) -> Basis:
    """Return a basis by name.

    Raises
    ------
    InputError
        If there is no basis of that name.

    Examples
    --------
    >>> basis_of("shanghai_primary").electricity_per_kwh
    0.28078
    """
    bases = load_bases()
    if name not in bases:
        raise InputError([Fault("rules", "energy_basis", repr(name), f"one of {sorted(bases)}", nearest(name, bases))])
    return bases[name]


def gas_m3(natural_gas_kwh: Amount) -> Amount:
    """Return the volume of gas of an energy on the lower heating value.

    m3 = kWh x 3.6 / 35.588 (GB/T 2589-2020: 35.588 MJ/m3).

    Examples
    --------
    >>> round(gas_m3(1000.0), 3)
    101.158
    """
    return natural_gas_kwh * (MJ_PER_KWH / GAS_LHV_MJ_PER_M3)


def gas_kwh(volume_m3: Amount) -> Amount:
    """Return the energy on the lower heating value of a volume of gas (inverse of `gas_m3`).

    Examples
    --------
    >>> round(gas_kwh(1.0), 4)
    9.8856
    """
    return volume_m3 * (GAS_LHV_MJ_PER_M3 / MJ_PER_KWH)


def amount_kg(electricity_kwh: Amount, natural_gas_kwh: Amount, basis: str = DEFAULT_BASIS) -> Amount:
    """Return what electricity and gas count for in a basis: kg of standard coal, or kg of CO2.

    Parameters
    ----------
    electricity_kwh, natural_gas_kwh : float or array
        Energies of the same shape, gas on the lower heating value.
    basis : str
        Name of a basis.

    Raises
    ------
    InputError
        If there is no basis of that name.

    Examples
    --------
    1000 kWh of electricity are 122.9 kg and 100 m3 of gas 121.43 kg of standard coal:

    >>> round(amount_kg(1000.0, gas_kwh(100.0)), 2)
    244.33
    """
    factors = basis_of(basis)
    return electricity_kwh * factors.electricity_per_kwh + gas_m3(natural_gas_kwh) * factors.natural_gas_per_m3


def energy_in_basis_kwh(electricity_kwh: Amount, natural_gas_kwh: Amount, basis: str = DEFAULT_BASIS) -> Amount:
    """Return one energy figure: the basis's amount divided by its electricity factor.

    Raises
    ------
    InputError
        If there is no basis of that name.

    Examples
    --------
    In the calorific basis a kWh of gas counts as a kWh, in the Shanghai primary basis as less than half of one:

    >>> round(energy_in_basis_kwh(0.0, 1000.0), 1), round(energy_in_basis_kwh(0.0, 1000.0, "shanghai_primary"), 1)
    (999.5, 468.3)
    """
    return amount_kg(electricity_kwh, natural_gas_kwh, basis) / basis_of(basis).electricity_per_kwh


def coal_t(electricity_kwh: Amount, natural_gas_kwh: Amount, basis: str = DEFAULT_BASIS) -> Amount:
    """Return t of standard coal; a carbon basis says nothing of coal, so the calorific one is taken for it.

    Raises
    ------
    InputError
        If there is no basis of that name.

    Examples
    --------
    >>> round(coal_t(1_000_000.0, 0.0), 1), round(coal_t(1_000_000.0, 0.0, "shanghai_primary"), 2)
    (122.9, 280.78)
    """
    counted = basis if "coal" in basis_of(basis).amount else DEFAULT_BASIS
    return amount_kg(electricity_kwh, natural_gas_kwh, counted) / 1000.0


def carbon_t(electricity_kwh: Amount, natural_gas_kwh: Amount, basis: str = DEFAULT_CARBON_BASIS) -> Amount:
    """Return t of CO2.

    Raises
    ------
    InputError
        If the basis does not count CO2.

    Examples
    --------
    >>> round(carbon_t(1_000_000.0, 0.0), 1), round(carbon_t(1_000_000.0, 0.0, "carbon_0_5737"), 1)
    (420.0, 573.7)
    """
    if "CO2" not in basis_of(basis).amount:
        raise InputError([Fault("rules", "carbon basis", repr(basis), "carbon_0_42 or carbon_0_5737")])
    return amount_kg(electricity_kwh, natural_gas_kwh, basis) / 1000.0


def carrier_sum(energy: xr.DataArray, basis: str = DEFAULT_BASIS) -> xr.DataArray:
    """Add up the dimension `carrier` of an energy array into one figure in a basis.

    Parameters
    ----------
    energy : xr.DataArray
        Energy in kW h with dimension `carrier` holding exactly electricity and natural_gas.
    basis : str
        Name of a basis.

    Returns
    -------
    xr.DataArray
        kW h in the basis, with the basis and its factors as attributes.

    Raises
    ------
    InputError
        If carriers are missing or unknown, or the basis is.

    Examples
    --------
    >>> use = xr.DataArray([100.0, 0.0], coords={"carrier": ["electricity", "natural_gas"]}, dims="carrier")
    >>> float(carrier_sum(use))
    100.0
    """
    found = tuple(map(str, energy["carrier"].values)) if "carrier" in energy.coords else ()
    if sorted(found) != sorted(CARRIERS):
        raise InputError([Fault(str(energy.name or "energy"), "carrier", f"{found}", f"{CARRIERS}")])
    parts = [energy.sel(carrier=name, drop=True) for name in CARRIERS]
    total = energy_in_basis_kwh(parts[0], parts[1], basis)
    return total.assign_attrs({"units": "kW h", **basis_attributes(basis)})


def basis_attributes(basis: str) -> dict[str, str | float]:
    """Return the attributes that every variable counted in a basis carries.

    Raises
    ------
    InputError
        If there is no basis of that name.

    Examples
    --------
    >>> basis_attributes("calorific")["electricity_factor_per_kwh"]
    0.1229
    """
    factors = basis_of(basis)
    return {
        "energy_basis": basis,
        "energy_basis_counts": factors.amount,
        "electricity_factor_per_kwh": factors.electricity_per_kwh,
        "natural_gas_factor_per_m3": factors.natural_gas_per_m3,
        "energy_basis_source": f"{factors.source} (confidence {factors.confidence})",
    }


def labelled(values: xr.DataArray, name: str, basis: str | None = None) -> xr.DataArray:
    """Return an array under a name of the vocabulary with that name's attributes, and the basis if given.

    Raises
    ------
    KeyError
        If the vocabulary has no such variable.
    """
    extra = basis_attributes(basis) if basis else {}
    return values.rename(name).assign_attrs({**attributes(name), **extra})
