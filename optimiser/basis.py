"""Energy bases as the optimiser needs them: weights per carrier relative to electricity, carbon and coal per kWh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimiser.money import factors

Floats = NDArray[np.float64]


def carrier_weights(basis: str) -> Floats:
    """Return kWh in the basis per kWh of electricity and per kWh (LHV) of natural gas.

    Examples
    --------
    >>> carrier_weights("shanghai_primary").round(3).tolist()
    [1.0, 0.468]
    """
    return np.array([1.0, factors.energy_in_basis_kwh(0.0, 1.0, basis)])


def error_scale(given: str, asked: str) -> float:
    """Return a factor on standard errors that is on the safe side when the basis changes.

    Electricity weighs 1 in every basis, so an error cannot grow by more than gas does.

    Examples
    --------
    >>> error_scale("calorific", "shanghai_primary")
    1.0
    """
    return float(max(1.0, carrier_weights(asked)[1] / carrier_weights(given)[1]))


def carbon_t_per_kwh(basis: str) -> Floats:
    """Return t of CO2 per kWh of electricity and of natural gas (LHV); `basis` is one of the carbon bases.

    Examples
    --------
    >>> carbon_t_per_kwh("carbon_0_42").round(6).tolist()
    [0.00042, 0.000202]
    """
    return np.array([factors.carbon_t(1.0, 0.0, basis), factors.carbon_t(0.0, 1.0, basis)])


def coal_t_per_kwh(basis: str) -> float | None:
    """Return t of standard coal per kWh in a coal basis, None in a carbon basis.

    Examples
    --------
    >>> round(coal_t_per_kwh("calorific"), 7)
    0.0001229
    """
    return None if basis.startswith("carbon") else float(factors.coal_t(1.0, 0.0, basis))
