"""The coefficients of the network that a fit adjusts, from `sim/data/surrogate.yaml`."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from datafile import Frozen
from sim.models.datafile import load


class Coefficient(Frozen):
    """Start value and limits of one coefficient (frozen)."""

    start: float
    low: float
    high: float
    units: str
    text: str


class CoefficientData(Frozen):
    """The data file `sim/data/surrogate.yaml` (frozen, unknown keys refused)."""

    source: str
    coefficients: dict[str, Coefficient]


@cache
def coefficient_data() -> CoefficientData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("surrogate.yaml", CoefficientData)


def start_values() -> dict[str, float]:
    """Return the start value of every coefficient.

    Examples
    --------
    >>> start_values()["wall_lag_h"]
    5.4
    """
    return {name: c.start for name, c in coefficient_data().coefficients.items()}


def to_unit(values: dict[str, float]) -> NDArray[np.float64]:
    """Return the coefficients' places between their limits, 0 to 1, in the data file's order."""
    rows = coefficient_data().coefficients
    return np.array([(values[name] - c.low) / (c.high - c.low) for name, c in rows.items()])


def from_unit(places: NDArray[np.float64]) -> dict[str, float]:
    """Return the coefficients at places between their limits."""
    rows = coefficient_data().coefficients
    inside = np.clip(places, 0.0, 1.0)
    return {name: float(c.low + p * (c.high - c.low)) for (name, c), p in zip(rows.items(), inside, strict=True)}
