"""Faults of PV inputs: sizes that rise from 0, self-use that is concave and never falls."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from vocabulary import Fault

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Values = Callable[[xr.Dataset, str], Floats]
First = Callable[[xr.Dataset, str, Flags, Floats, str], Iterator[Fault]]
_TOLERANCE = 1e-6


def pv_faults(dataset: xr.Dataset, offered: Flags, values: Values, first: First) -> Iterator[Fault]:
    """Yield the faults of the PV variables of a cube.

    Parameters
    ----------
    offered : ndarray of bool, shape (building, package)
        Where a package is not offered its curve is not looked at.
    values, first : callable
        Read one variable; name the first place where it is wrong.
    """
    has = {str(name) for name in dataset.data_vars if str(name).startswith("pv_")}
    if not has:
        return
    nodes = {"pv_capacity_node", "pv_self_used_node"}
    if nodes & has and not nodes <= has:
        yield Fault("cube", (nodes - has).pop(), "nothing", f"this variable beside {(nodes & has).pop()}")
        return
    if not ({"pv_capacity_max", "pv_specific_yield"} <= has or nodes <= has):
        yield Fault(
            "cube", "pv_capacity_max", "no size or no yield", "pv_capacity_max and pv_specific_yield, or the nodes"
        )
    if "pv_cost_per_kw" not in has:
        yield Fault("cube", "pv_cost_per_kw", "nothing", "this variable, as PV is offered")
    if nodes <= has:
        yield from _node_faults(dataset, offered, values, first)


def _node_faults(dataset: xr.Dataset, offered: Flags, values: Values, first: First) -> Iterator[Fault]:
    size, used = values(dataset, "pv_capacity_node"), values(dataset, "pv_self_used_node")
    used[~offered] = 0.0
    largest = np.maximum(size[:, -1:], _TOLERANCE)
    starts = np.zeros(size.shape, dtype=bool)
    starts[:, 0] = size[:, 0] > 0
    yield from first(dataset, "pv_capacity_node", starts, size, "0 kW at the first node")
    falls = np.diff(size, axis=1, prepend=size[:, :1]) < 0
    yield from first(dataset, "pv_capacity_node", falls, size, "sizes that rise")
    if "pv_capacity_max" in dataset:
        last = np.abs(size[:, -1] - values(dataset, "pv_capacity_max")) > _TOLERANCE * largest[:, 0]
        yield from first(
            dataset, "pv_capacity_max", last, values(dataset, "pv_capacity_max"), "the size of the last node"
        )
    slope, width = _slopes(size, used)
    steepest = np.maximum(np.abs(slope).max(axis=2, keepdims=True), _TOLERANCE)
    carried = np.where(width[:, None, :] > 0, slope, np.nan)
    rises = _rises(carried) > _TOLERANCE * steepest
    yield from first(dataset, "pv_self_used_node", _padded(rises), used, "a concave curve over PV size")
    sinks = (carried < -_TOLERANCE * steepest) & np.isfinite(carried)
    yield from first(dataset, "pv_self_used_node", _padded(sinks), used, "self-use that does not fall with PV size")
    yield from first(dataset, "pv_self_used_node", _zero_node(used), used, "0 kWh at the first node")


def _zero_node(used: Floats) -> Flags:
    wrong = np.zeros(used.shape, dtype=bool)
    wrong[:, :, 0] = np.abs(used[:, :, 0]) > _TOLERANCE * np.maximum(used.max(axis=2), 1.0)
    return wrong


def _slopes(size: Floats, used: Floats) -> tuple[Floats, Floats]:
    width = np.diff(size, axis=1)
    safe = np.where(width > 0, width, 1.0)
    return np.where(width > 0, 1.0, 0.0)[:, None, :] * np.diff(used, axis=2) / safe[:, None, :], width


def _rises(slope: Floats) -> Floats:
    """Return by how much each slope exceeds the smallest slope before it (NaN segments have no width)."""
    before = np.fmin.accumulate(np.where(np.isnan(slope), np.inf, slope), axis=2)
    rise = np.zeros(slope.shape)
    rise[:, :, 1:] = np.where(np.isnan(slope[:, :, 1:]), 0.0, slope[:, :, 1:] - before[:, :, :-1])
    return np.where(np.isfinite(rise), rise, 0.0)


def _padded(wrong: Flags) -> Flags:
    """Return flags of segments as flags of their end nodes."""
    return np.concatenate([np.zeros((*wrong.shape[:2], 1), dtype=bool), wrong], axis=2)
