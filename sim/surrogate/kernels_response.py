"""Sums of table entries, one for each pair of slots, compiled.

Import this module lazily: its kernel is compiled on import (or read from numba's cache), with one signature.
"""

from __future__ import annotations

import numba
import numpy as np

_ADD = "void(int64[::1], int64[:,::1], int64[::1], int64[:,::1], float64[:,::1], float64[:,::1])"


@numba.njit(_ADD, cache=True, nogil=True)
def add_terms(
    start: np.ndarray, levels: np.ndarray, first: np.ndarray, terms: np.ndarray, entries: np.ndarray, out: np.ndarray,
) -> None:
    """Write the sum over terms of the entry that the two levels of each term point at.

    Parameters
    ----------
    start : ndarray (row,)
        First entry of the row's own table.
    levels : ndarray (row, slot)
        Level of each slot.
    first : ndarray (term,)
        First entry of each term within a table.
    terms : ndarray (term, 3)
        Two slots, and how many levels the second has.
    entries : ndarray (entry, output)
        All tables, one after another.
    out : ndarray (row, output), written
        The sums.
    """
    outputs = entries.shape[1]
    for row in range(levels.shape[0]):
        for output in range(outputs):
            out[row, output] = 0.0
        for term in range(terms.shape[0]):
            place = (start[row] + first[term] + levels[row, terms[term, 0]] * terms[term, 2]
                     + levels[row, terms[term, 1]])
            for output in range(outputs):
                out[row, output] += entries[place, output]
