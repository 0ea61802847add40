"""How the packages of one building differ, from predictions of some: main effects, and what two slots do together.

A Gaussian process whose covariance is that of a functional analysis of variance, cut after two slots (Durrande et al.
2013, J. Multivariate Anal. 115), the same for every source with a part of its own for each. Its mean is a sum of
small tables, one a pair of slots, so that it costs next to nothing for packages that were not predicted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from sim.surrogate.network import in_parts

Array = NDArray[np.float64]
Codes = NDArray[np.int64]
LEVEL, MAIN, PAIR = 100.0, 10.0, 0.1
"""Variances of the level, of one slot's effect and of two slots together; the data decide where there are enough."""
SHARED = 0.3
"""Variance of what all sources share, over that of a source's own."""
NOISE = 1e-3
"""Variance of what three and more slots do together."""
ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Response:
    """Sums of tables.

    Attributes
    ----------
    sizes : ndarray (slot,)
        Levels of each slot; slot 0 is the source.
    entries : ndarray (entry, output)
        The tables, source by source.
    level : ndarray (output,)
        What a sum of zero stands for.
    error : ndarray (output,)
        Root mean square of the error where all packages with the same loads are left out; NaN where not asked.
    """

    sizes: Codes
    entries: Array
    level: Array
    error: Array

    def __call__(self, codes: Codes) -> Array:
        """Return the outputs of packages, shape (package, output), from their levels (package, slot)."""
        from sim.surrogate.kernels_response import add_terms

        terms, first, length = _terms(self.sizes)
        out = np.empty((len(codes), len(self.level)))

        def work(rows: Codes) -> None:
            own, part = codes[rows], np.empty((len(rows), len(self.level)))
            add_terms(own[:, 0] * length, own, first, terms, self.entries, part)
            out[rows] = part

        in_parts(np.array_split(np.arange(len(codes)), max(1, len(codes) // ROWS_AT_ONCE)), work)
        out += self.level
        return out


def _terms(sizes: Codes) -> tuple[Codes, Codes, int]:
    """Return slots and size of each table, where it begins, and the length of all; one slot alone pairs with itself."""
    pairs = list(combinations_with_replacement(range(1, len(sizes)), 2))
    terms = np.array([(a, b, sizes[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 3)
    lengths = np.array([sizes[a] * sizes[b] for a, b in pairs], dtype=np.int64)
    return terms, np.cumsum(lengths) - lengths, int(lengths.sum())


def fit_response(sizes: Codes, codes: Codes, values: Array, groups: Codes | None = None) -> Response:
    """Fit the tables to packages that were predicted.

    Parameters
    ----------
    sizes : ndarray (slot,)
        Levels of each slot; slot 0 is the source.
    codes : ndarray (package, slot)
        Levels of the predicted packages.
    values : ndarray (package, output)
        What was predicted.
    groups : ndarray (package,), optional
        Packages to leave out together for the error; without it no error is worked out.

    Returns
    -------
    Response

    Examples
    --------
    Effects that add up are found from packages of one and of two measures:

    >>> codes = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> found = fit_response(np.array([1, 2, 2]), codes, np.array([[10.0], [8.0], [7.0]]))
    >>> round(float(found(np.array([[0, 1, 1]]))[0, 0]), 1)
    5.0
    """
    level, spread = values[0], np.maximum(np.ptp(values, axis=0), 1e-12)
    scaled = (values - level) / spread
    covariance = _covariance(codes)
    factor = cho_factor(covariance, lower=True, check_finite=False)
    weights = np.asarray(cho_solve(factor, scaled, check_finite=False))
    error = np.full(values.shape[1], np.nan)
    if groups is not None:
        inverse = cho_solve(factor, np.eye(len(codes)), check_finite=False)
        left_out = _left_out(inverse, weights, groups)
        error = np.sqrt((left_out**2).mean(axis=0)) * spread
    return Response(sizes, _tables(sizes, codes, weights) * spread, level, error)


def _covariance(codes: Codes) -> Array:
    """Return the covariance of packages with noise on its diagonal."""
    same = np.zeros((len(codes), len(codes)))
    for slot in codes.T[1:]:
        same += slot[:, None] == slot
    source = codes[:, 0]
    found = (LEVEL + MAIN * same + PAIR * same * (same - 1.0) / 2.0) * (SHARED + (source[:, None] == source))
    found[np.diag_indices_from(found)] += NOISE
    return np.asarray(found)


def _tables(sizes: Codes, codes: Codes, weights: Array) -> Array:
    """Return the tables of every source whose sums are the process's mean."""
    terms, first, length = _terms(sizes)
    entries = np.zeros((sizes[0], length, weights.shape[1]))
    for (a, b, count), begin in zip(terms, first, strict=True):
        place = begin + codes[:, a] * count + codes[:, b]
        np.add.at(entries, (codes[:, 0], place), (MAIN if a == b else PAIR) * weights)
    entries += SHARED * entries.sum(axis=0)
    # the level stands in the first table: every package takes one entry of it
    own = np.stack([weights[codes[:, 0] == source].sum(axis=0) for source in range(sizes[0])])
    entries[:, : sizes[1] ** 2] += LEVEL * (own + SHARED * weights.sum(axis=0))[:, None]
    return np.ascontiguousarray(entries.reshape(-1, weights.shape[1]))


def _left_out(inverse: Array, weights: Array, groups: Codes) -> Array:
    """Return the errors of packages predicted without their group (Rasmussen and Williams 2006, 5.4.2, by blocks)."""
    found = np.empty_like(weights)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        found[rows] = np.linalg.solve(inverse[np.ix_(rows, rows)], weights[rows])
    return found
