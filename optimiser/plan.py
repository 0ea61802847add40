"""A plan: for each building its package, PV size, lane, year and contract, rounded and ready to be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """What is done at each building; arrays of shape (building,).

    `package` is 0 for none; `pv_kw` the PV size; `touched` where there is either; `lane` a place in `rules.LANES`;
    `year` counts from 1, 0 where untouched; `place` is the contract's place when the grouping is decided, else 0;
    `scheme` names the subsidy scheme of each contract that takes one, and `claims`, where there are several plan
    years, what it claims in each of them [CNY].
    """

    package: Ints
    pv_kw: Floats
    touched: Flags
    lane: Ints
    year: Ints
    place: Ints
    scheme: Mapping[str, str]
    claims: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def empty_plan(buildings: int) -> Plan:
    """Return the plan that touches nothing.

    Examples
    --------
    >>> bool(empty_plan(2).touched.any())
    False
    """
    package, lane, year, place = (np.zeros(buildings, dtype=np.intp) for _ in range(4))
    return Plan(package, np.zeros(buildings), np.zeros(buildings, dtype=bool), lane, year, place, {})
