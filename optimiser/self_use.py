"""What a building uses of its own PV, as a function of the PV size: concave, exact at the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FINER = 4  # points of the exact curve per interval, for reading the error of the line


def self_used_kwh(demand_kw: Array, yield_kwh_per_kw: Array, capacity_kw: Array) -> Array:
    """Return the PV generation that the building itself uses in a year.

    Hour by hour the building uses the smaller of its demand and the generation:
    u(c) = sum over h of min(d_h, c y_h), which is concave and piecewise linear in c.

    Parameters
    ----------
    demand_kw : ndarray, shape (case, hour)
        Mean electric power of each hour, kW.
    yield_kwh_per_kw : ndarray, shape (hour,)
        Generation of 1 kW in each hour, kWh per kW.
    capacity_kw : ndarray, shape (node,) or (case, node)
        PV sizes, kW.

    Returns
    -------
    ndarray, shape (case, node)
        kWh per year.

    Notes
    -----
    The hours are sorted by d/y once per case; all sizes then follow from two cumulative sums.

    Examples
    --------
    >>> self_used_kwh(np.array([[1.0, 1.0]]), np.array([0.5, 2.0]), np.array([1.0]))
    array([[1.5]])
    """
    sunny = yield_kwh_per_kw > 1e-9  # below a microwatt per kW: night
    yields, demand = yield_kwh_per_kw[sunny], demand_kw[:, sunny]
    sizes = np.broadcast_to(np.atleast_2d(capacity_kw), (len(demand), np.shape(capacity_kw)[-1]))
    ratio = demand / yields
    order = np.argsort(ratio, axis=1)
    ratio = np.take_along_axis(ratio, order, axis=1)
    below = _cumulative(np.take_along_axis(demand, order, axis=1))
    above = yields.sum() - _cumulative(yields[order])
    used = np.empty(sizes.shape)
    for case in range(len(demand)):
        hours = np.searchsorted(ratio[case], sizes[case])
        used[case] = below[case, hours] + sizes[case] * above[case, hours]
    return used


def _cumulative(values: Array) -> Array:
    """Return sums over the first 0, 1, ... entries of each row."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


@dataclass(frozen=True)
class SelfUse:
    """Self-use curves of the packages of one building.

    Parameters
    ----------
    capacity_kw : ndarray, shape (node,)
        PV sizes from 0 to the largest, kW.
    used_kwh : ndarray, shape (case, node)
        Self-used generation, kWh per year; linear between nodes.
    error_kwh : float
        Largest gap found between the exact curve and the line between two nodes, kWh per year.
    """

    capacity_kw: Array
    used_kwh: Array
    error_kwh: float


def self_use_curves(demand_kw: Array, yield_kwh_per_kw: Array, capacity_max_kw: float, nodes: int) -> SelfUse:
    """Return the self-use of every package at evenly spaced PV sizes, and what the lines between them lose.

    A concave curve never lies below its chord; the gap is read at three points of every interval.

    Parameters
    ----------
    demand_kw : ndarray, shape (case, hour)
        Mean electric power of each hour, kW.
    yield_kwh_per_kw : ndarray, shape (hour,)
        Generation of 1 kW in each hour, kWh per kW.
    capacity_max_kw : float
        Largest size, kW.
    nodes : int
        Number of sizes, 0 and the largest included.

    Returns
    -------
    SelfUse
        Sizes, curves and the largest error.

    Examples
    --------
    >>> self_use_curves(np.array([[1.0]]), np.array([1.0]), 2.0, 2).error_kwh
    0.5
    """
    fine = finer_sizes_kw(capacity_max_kw, nodes)
    exact = self_used_kwh(demand_kw, yield_kwh_per_kw, fine)
    return SelfUse(fine[::FINER], exact[:, ::FINER], above_chords_kwh(exact))


def finer_sizes_kw(capacity_max_kw: float, nodes: int) -> Array:
    """Return evenly spaced sizes, `FINER` to each interval of `nodes` sizes.

    Examples
    --------
    >>> finer_sizes_kw(8.0, 2).tolist()
    [0.0, 2.0, 4.0, 6.0, 8.0]
    """
    return np.linspace(0.0, capacity_max_kw, FINER * (nodes - 1) + 1)


def above_chords_kwh(exact_kwh: Array) -> float:
    """Return how far curves (case, finer size) rise above the lines between every `FINER`th of their points.

    Examples
    --------
    >>> above_chords_kwh(np.array([[0.0, 2.0, 2.0, 2.0, 2.0]]))
    1.5
    """
    used = exact_kwh[:, ::FINER]
    share = np.arange(FINER) / FINER
    chords = used[:, :-1, None] * (1 - share) + used[:, 1:, None] * share
    return float((exact_kwh[:, :-1].reshape(chords.shape) - chords).max(initial=0.0))
