"""The covariance of the Gaussian processes, Matern 5/2 with one length scale per feature, compiled.

Import this module lazily: its kernels are compiled on import (or read from numba's cache), each with one signature.
"""

from __future__ import annotations

import math

import numba
import numpy as np

_ROOT5 = math.sqrt(5.0)
_FARTHEST = 50.0
"""exp(-50) is 2e-22: nothing beside 1."""


@numba.njit(fastmath=True, error_model="numpy")
def _decay(r):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return exp(-r) for r >= 0 to 1e-13, by nothing but multiplications, so that loops over it become vectors."""
    s = -min(r, _FARTHEST) / 256.0
    e = 1.0 + s * (1.0 + s / 2.0 * (1.0 + s / 3.0 * (1.0 + s / 4.0 * (1.0 + s / 5.0 * (1.0 + s / 6.0 * (
        1.0 + s / 7.0 * (1.0 + s / 8.0 * (1.0 + s / 9.0))))))))
    for _ in range(8):
        e *= e
    return e


_COVARIANCE = (
    "void(float64[::1], float64[::1], float64[:,::1], int64[::1], float64[:,::1], int64[::1], float64[:,::1])"
)


@numba.njit(_COVARIANCE, cache=True, nogil=True, fastmath=True, error_model="numpy")
def covariance(
    amplitude: np.ndarray,
    lengths: np.ndarray,
    left: np.ndarray,
    left_groups: np.ndarray,
    right: np.ndarray,
    right_groups: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write v0 (1 + x.y / d) + v1 M + [same group] (v2 + v3 M) between points, M the Matern 5/2 correlation.

    Parameters
    ----------
    amplitude : ndarray (4,)
        v0 to v3.
    lengths : ndarray (feature,)
        Length scales.
    left : ndarray (m, feature)
        Points.
    left_groups : ndarray (m,)
        Their groups.
    right : ndarray (feature, n)
        Other points, feature by feature.
    right_groups : ndarray (n,)
        Their groups.
    out : ndarray (m, n), written
        The covariance.
    """
    features, n = right.shape
    square, dot = np.empty(n), np.empty(n)
    scaled = np.empty((features, n))
    for k in range(features):
        scaled[k] = right[k] / lengths[k]
    for i in range(left.shape[0]):
        square[:] = 0.0
        dot[:] = 0.0
        for k in range(features):
            there, here = left[i, k], left[i, k] / lengths[k]
            for j in range(n):
                step = here - scaled[k, j]
                square[j] += step * step
                dot[j] += there * right[k, j]
        group, per = left_groups[i], amplitude[0] / features
        for j in range(n):
            root = _ROOT5 * math.sqrt(square[j])
            smooth = (1.0 + root + root * root / 3.0) * _decay(root)
            same = 1.0 if right_groups[j] == group else 0.0
            out[i, j] = amplitude[0] + per * dot[j] + amplitude[1] * smooth + same * (
                amplitude[2] + amplitude[3] * smooth)


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
