"""The Matern 5/2 covariance with one length scale per feature, compiled.

Import this module lazily: its kernels are compiled on import (or read from numba's cache), each with one signature.
"""

from __future__ import annotations

import math

import numba
import numpy as np

_ROOT5 = math.sqrt(5.0)


@numba.njit("void(float64[:,::1], float64[:,::1], float64[:,::1])", cache=True, nogil=True, error_model="numpy")
def matern(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """Write the Matern 5/2 correlation between the rows of two arrays already divided by their length scales.

    Parameters
    ----------
    left : ndarray (m, feature)
        Points.
    right : ndarray (n, feature)
        Other points.
    out : ndarray (m, n), written
        Correlation, 1 where the points agree.
    """
    for i in range(left.shape[0]):
        for j in range(right.shape[0]):
            square = 0.0
            for k in range(left.shape[1]):
                step = left[i, k] - right[j, k]
                square += step * step
            root = _ROOT5 * math.sqrt(square)
            out[i, j] = (1.0 + root + root * root / 3.0) * math.exp(-root)


@numba.njit(
    "void(float64[:,::1], float64[:,::1], float64[::1])", cache=True, nogil=True, error_model="numpy"
)
def matern_length_gradient(points: np.ndarray, weight: np.ndarray, out: np.ndarray) -> None:
    """Write sum_ij weight_ij dM_ij / dlog(length_k) for each feature k.

    Parameters
    ----------
    points : ndarray (n, feature)
        Points divided by their length scales.
    weight : ndarray (n, n)
        Symmetric weights.
    out : ndarray (feature,), written
        The gradient.
    """
    count = points.shape[1]
    for k in range(count):
        out[k] = 0.0
    for i in range(points.shape[0]):
        for j in range(i):
            square = 0.0
            for k in range(count):
                step = points[i, k] - points[j, k]
                square += step * step
            root = _ROOT5 * math.sqrt(square)
            slope = 2.0 * weight[i, j] * (5.0 / 3.0) * (1.0 + root) * math.exp(-root)
            for k in range(count):
                step = points[i, k] - points[j, k]
                out[k] += slope * step * step
