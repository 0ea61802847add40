"""All packages of a building at once: some are predicted, the others follow from what slots do alone and in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.surrogate.inputs import Table
from sim.surrogate.pipeline import Wanted
from sim.surrogate.response import Response, fit_response
from sim.surrogate.zones import LOADS

if TYPE_CHECKING:
    from sim.surrogate.surrogate import Surrogate

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
POINTS = 1000
"""Packages that are predicted."""
POINTS_PER_LOAD = 8
"""Packages that share a run of the network, about."""


@dataclass(frozen=True)
class Sweep:
    """Annual energy of all packages of a building.

    Attributes
    ----------
    annual_kwh : ndarray (package, carrier)
        Electricity and natural gas without PV [kW h].
    annual_std_kwh : ndarray (package, carrier)
        Standard error: the surrogate's and the response's together; NaN where no errors were asked [kW h].
    basis_std_kwh : ndarray (package,)
        Standard error of the energy in the basis [kW h].
    response_error_kwh : ndarray (carrier,)
        Root mean square of what the response adds, packages with the same loads left out [kW h].
    predicted : ndarray
        Rows that were predicted; their energy is the surrogate's own.
    """

    annual_kwh: Array
    annual_std_kwh: Array
    basis_std_kwh: Array
    response_error_kwh: Array
    predicted: Rows


def sweep(surrogate: Surrogate, table: Table, choice: NDArray[np.int16], weights: Array, *, errors: bool = True,
          points: int = POINTS, range_margin: float = 0.0, seed: int = 0) -> Sweep:
    """Return annual energy of all packages of a building from predictions of some of them.

    Parameters
    ----------
    surrogate : Surrogate
        Trained in the climate asked for.
    table : Table
        Designs of all packages (`offers.offer_table`); the first is the building as it is.
    choice : ndarray (package, slot)
        Measure in each slot, -1 for none (`PackageGrid.choice`); slot 0 is the source.
    weights : ndarray (2,)
        kW h of the basis per kW h of electricity and of gas.
    errors : bool
        Work out standard errors.
    points : int
        Packages to predict, beside those of a single measure. All are where there are hardly more.
    range_margin : float
        Share of a parameter's trained range by which it may be left.
    seed : int
        Which packages are predicted.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        If a measure beside any source leaves the trained range, whether its packages are predicted or not.

    Examples
    --------
    `sweep(surrogate, table, grid.choice, weights).annual_kwh[0]` is the prediction of the building as it is.
    """
    codes, sizes = _levels(choice)
    surrogate.check_range(table.take(_smallest(codes)), range_margin)
    loads = _loads(table, codes, sizes)
    rows = _chosen(codes, loads, points, seed)
    answer = surrogate.predict_table(table.take(rows), Wanted(weights, errors="energy" if errors else "none",
                                                              peaks=False), range_margin=range_margin)
    annual = answer.annual()
    if not errors:
        found = fit_response(sizes, codes[rows], annual)(codes)
        found[rows] = annual
        nothing = np.full((len(codes), 2), np.nan)
        return Sweep(found, nothing, nothing[:, 0], nothing[0], rows)
    said = np.column_stack([annual, answer.annual_std, answer.basis_std, annual @ weights])
    return _with_errors(fit_response(sizes, codes[rows], said, loads[rows]), codes, rows, said)


def _with_errors(response: Response, codes: Rows, rows: Rows, said: Array) -> Sweep:
    """Return the sweep with the response's own error in every standard error, but not in what was predicted."""
    found, own = response(codes), response.error
    least = said[:, 2:5].min(axis=0)
    deviation = np.hypot(np.maximum(found[:, 2:5], least), own[[0, 1, 5]])
    found[rows], deviation[rows] = said, said[:, 2:5]
    return Sweep(found[:, :2], deviation[:, :2], deviation[:, 2], own[:2], rows)


def _levels(choice: NDArray[np.int16]) -> tuple[Rows, Rows]:
    """Return slots that vary, as levels from 0, the source first, and how many levels each has."""
    columns, sizes = [], []
    for slot in range(choice.shape[1]):
        held = np.flatnonzero(np.bincount(choice[:, slot].astype(np.int64) + 1))
        if slot == 0 or len(held) > 1:
            place = np.zeros(int(held[-1]) + 1, dtype=np.int64)
            place[held] = np.arange(len(held))
            columns.append(place[choice[:, slot] + 1])
            sizes.append(len(held))
    if len(columns) == 1:
        columns.append(np.zeros(len(choice), dtype=np.int64))
        sizes.append(1)
    return np.column_stack(columns), np.array(sizes)


def _loads(table: Table, codes: Rows, sizes: Rows) -> Rows:
    """Return a number that packages with the same parameters of the network share."""
    number = np.zeros(len(codes), dtype=np.int64)
    alone = np.flatnonzero((codes != codes[0]).sum(axis=1) <= 1)
    keys = table.take(alone).keys(LOADS)
    moves = (keys != keys[0]).any(axis=1)
    for slot in range(codes.shape[1]):
        if moves[codes[alone, slot] != codes[0, slot]].any():
            number = number * sizes[slot] + codes[:, slot]
    return number


def _smallest(codes: Rows) -> Rows:
    """Return beside each source the first package with each level of each slot: they reach what all packages reach.

    A field of a design is changed by the source and by at most one other slot.
    """
    found = [np.unique(codes[:, [0, slot]], axis=0, return_index=True)[1] for slot in range(1, codes.shape[1])]
    return np.unique(np.concatenate(found))


def _chosen(codes: Rows, loads: Rows, points: int, seed: int) -> Rows:
    """Return rows to predict: single measures, and beside each source as many of a few sets of loads."""
    rng = np.random.default_rng(seed)
    sets, place = np.unique(loads, return_inverse=True)
    if len(codes) <= 1.5 * points:
        return np.arange(len(codes))
    wanted = np.zeros(len(sets), dtype=bool)
    wanted[rng.permutation(len(sets))[: points // POINTS_PER_LOAD]] = True
    wanted[place[0]] = True
    alone = np.flatnonzero((codes != codes[0]).sum(axis=1) <= 1)
    chosen, sources = [alone], np.unique(codes[:, 0])
    for source in sources:
        rows = np.flatnonzero(wanted[place] & (codes[:, 0] == source))
        chosen.append(rng.permutation(rows)[: points // len(sources) + 1])
    return np.unique(np.concatenate(chosen))
