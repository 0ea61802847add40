"""What a building uses of its own PV, as a function of the PV size: concave, exact at the nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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


def interpolation_error_kwh(demand_kw: Array, yield_kwh_per_kw: Array, capacity_kw: Array) -> Array:
    """Return a bound of what linear interpolation between the nodes loses, per case.

    A concave curve lies below the prolonged neighbouring chords and above its own; the largest gap between the curve
    and the chord is sampled at three points of every interval.

    Parameters
    ----------
    demand_kw, yield_kwh_per_kw, capacity_kw
        As for `self_used_kwh`; `capacity_kw` ascending, shape (node,).

    Returns
    -------
    ndarray, shape (case,)
        Largest error found, kWh per year.

    Examples
    --------
    >>> interpolation_error_kwh(np.array([[1.0]]), np.array([1.0]), np.array([0.0, 2.0]))
    array([0.5])
    """
    step = np.diff(capacity_kw)
    worst = np.zeros(len(demand_kw))
    ends = self_used_kwh(demand_kw, yield_kwh_per_kw, capacity_kw)
    for share in (0.25, 0.5, 0.75):
        exact = self_used_kwh(demand_kw, yield_kwh_per_kw, capacity_kw[:-1] + share * step)
        chord = ends[:, :-1] * (1 - share) + ends[:, 1:] * share
        worst = np.maximum(worst, (exact - chord).max(axis=1, initial=0.0))
    return worst


def pv_nodes_kw(
    demand_kw: Array, yield_kwh_per_kw: Array, capacity_max_kw: float, *, error_fraction: float, most: int = 65
) -> Array:
    """Return evenly spaced PV sizes whose self-use curve is exact enough for every case.

    Parameters
    ----------
    demand_kw : ndarray, shape (case, hour)
        Demand of every package of one building, kW.
    yield_kwh_per_kw : ndarray, shape (hour,)
        Generation of 1 kW, kWh per kW.
    capacity_max_kw : float
        Largest size, kW.
    error_fraction : float
        Largest allowed error as a fraction of the annual yield at the largest size.
    most : int
        Largest number of nodes.

    Returns
    -------
    ndarray, shape (node,)
        From 0 to `capacity_max_kw`, kW.

    Examples
    --------
    >>> pv_nodes_kw(np.array([[1.0]]), np.array([1.0]), 1.0, error_fraction=0.01)
    array([0. , 0.5, 1. ])
    """
    allowed = error_fraction * capacity_max_kw * yield_kwh_per_kw.sum()
    count = 3
    while True:
        nodes = np.linspace(0.0, capacity_max_kw, count)
        if count >= most or interpolation_error_kwh(demand_kw, yield_kwh_per_kw, nodes).max() <= allowed:
            return nodes
        count = 2 * count - 1
