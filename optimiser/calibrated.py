"""A cube whose baselines come from bills: which do, and what is unknown about each building in every saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import apply_package
from buildings.design import Design
from buildings.package_grid import NOTHING, PackageGrid
from optimiser.basis import carrier_weights
from optimiser.candidates import Question
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.inputs import read_table
from sim.surrogate.pipeline import Wanted
from vocabulary import attributes

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
RANGE_MARGIN = 0.5  # share of its trained range by which a draw may leave it: draws tell a spread, not a saving


def with_baseline(cube: xr.Dataset, baselines: Mapping[str, str]) -> xr.Dataset:
    """Return the cube with where each building's baseline comes from.

    Parameters
    ----------
    cube : xr.Dataset
        Over `building`.
    baselines : mapping of building to str
        `calibrated` or `simulated`; a building that is not named is `simulated`.

    Examples
    --------
    `with_baseline(cube, {})["baseline"]` is `simulated` everywhere.
    """
    source = [baselines.get(str(name), "simulated") for name in cube["building"].values]
    return cube.assign(baseline=("building", np.array(source, dtype=np.str_), attributes("baseline")))


def baseline_words(cube: xr.Dataset) -> str:
    """Return in one sentence which baselines savings are counted from.

    Examples
    --------
    'calibrated on bills for 9 of 12 buildings (ASHRAE Guideline 14 gate passed), simulated for the others'
    """
    count = int((cube["baseline"].values.astype(str) == "calibrated").sum()) if "baseline" in cube else 0
    if not count:
        return "simulated: savings are of the simulated baseline, bills have not been used"
    total = cube.sizes["building"]
    rest = ", simulated for the others" if count < total else ""
    return f"calibrated on bills for {count} of {total} buildings (ASHRAE Guideline 14 gate passed){rest}"


def saving_doubt_kwh(
    surrogate: Surrogate, draws: Sequence[Design], grid: PackageGrid, question: Question, *, most: int, seed: int
) -> Array:
    """Return the standard deviation of every package's saving over draws of a building's posterior.

    Parameters
    ----------
    surrogate : Surrogate
        Says what each draw uses, as it is and with some of the packages.
    draws : sequence of Design
        The building as it may be, each equally likely.
    grid : PackageGrid
        All its packages, `none` first.
    question : Question
        Catalogue and energy basis.
    most : int
        Packages that are asked of each draw, about; the others follow from their measures.
    seed : int
        Which packages are asked.

    Returns
    -------
    ndarray (package,)
        0 for `none` [kW h in the basis].

    Raises
    ------
    InputError
        If a draw with a package leaves what the surrogate was trained for.

    Examples
    --------
    With draws that are all alike every package has 0 kWh: nothing is unknown.
    """
    asked = spread_rows(grid, most, seed)
    packages = [grid.package(row) for row in asked.tolist()]
    designs = [draw if p is None else apply_package(draw, p, question.catalogue) for draw in draws
               for p in (None, *packages)]
    wanted = Wanted(carrier_weights(question.basis), errors="none", peaks=False)
    answer = surrogate.predict_table(read_table(design_table(designs)), wanted, range_margin=RANGE_MARGIN)
    energy = (answer.annual() @ wanted.weights).reshape(len(draws), -1)
    return doubt_of_all(energy[:, :1] - energy[:, 1:], asked, held_measures(grid))


def spread_rows(grid: PackageGrid, most: int, seed: int) -> Rows:
    """Return all packages but `none`, or where there are too many: the smallest with each measure, then some evenly.

    Examples
    --------
    Of 81 216 packages some 50 to 60: each measure once at least, and as many packages drawn.
    """
    offered = np.flatnonzero(grid.sizes() > 0)
    if len(offered) <= most:
        return offered
    held, first = np.unique(grid.choice[offered], return_index=True)  # smaller packages come first
    chosen = np.unique(offered[first[held != NOTHING] // grid.choice.shape[1]])
    rest = np.setdiff1d(offered, chosen)
    count = min(max(most - len(chosen), len(chosen)), len(rest))
    return np.concatenate([chosen, np.sort(np.random.default_rng(seed).choice(rest, count, replace=False))])


def held_measures(grid: PackageGrid) -> Array:
    """Return which package holds which of the grid's measures: 0 or 1, shape (package, measure).

    Examples
    --------
    For the packages `none` and `led` of a grid with LED and one more measure it is [[0, 0], [1, 0]].
    """
    found = np.zeros((len(grid), len(grid.measures) + 1))
    np.put_along_axis(found, grid.choice.astype(np.int64), 1.0, axis=1)  # NOTHING (-1) falls into the last column
    return found[:, :-1]


def doubt_of_all(savings_kwh: Array, asked: Rows, holds: Array) -> Array:
    """Return the standard deviation over draws of every package's saving from the savings of some.

    Parameters
    ----------
    savings_kwh : ndarray (draw, asked package)
        Savings at each draw [kW h].
    asked : ndarray (asked package,)
        Rows of the packages that were predicted.
    holds : ndarray (package, measure)
        1 where a package holds a measure, else 0.

    Returns
    -------
    ndarray (package,)
        For a package that was not asked: each draw's deviation from the mean as a sum over its measures (least
        squares), and what that leaves unexplained; 0 for a package without measures [kW h].

    Examples
    --------
    >>> savings = np.array([[9.0, 20.0], [11.0, 20.0]])
    >>> holds = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> doubt_of_all(savings, np.array([1, 2]), holds).round(3).tolist()
    [0.0, 1.414, 0.0, 1.414]
    """
    if not len(asked):
        return np.zeros(len(holds))
    off = savings_kwh - savings_kwh.mean(axis=0)
    count = len(off) - 1
    # A package that was asked keeps its own; for the others every measure moves the saving by its own share.
    weights = np.linalg.lstsq(holds[asked], off.T, rcond=None)[0]
    left = float(((off.T - holds[asked] @ weights) ** 2).sum() / (count * len(asked)))
    found = np.sqrt(((holds @ weights) ** 2).sum(axis=1) / count + left)
    found[asked] = np.sqrt((off**2).sum(axis=0) / count)
    return np.asarray(np.where(holds.any(axis=1), found, 0.0))
