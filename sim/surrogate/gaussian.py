"""Gaussian processes of many outputs that share one covariance over features and groups (source systems)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.blas import dtrmm
from scipy.optimize import minimize

Array = NDArray[np.float64]
Labels = NDArray[np.int64]

# how the hyperparameters are laid out in one vector of logarithms
_LINEAR, _SMOOTH, _GROUP, _GROUP_SMOOTH, _NOISE, _LENGTHS = 0, 1, 2, 3, 4, 5
# centre and width of the normal prior on each logarithm; features are scaled to unit variance
_PRIOR_CENTRE = np.log(np.array([0.1, 0.3, 0.1, 0.1, 0.02]))
_PRIOR_WIDTH = np.array([1.5, 1.0, 1.5, 1.5, 1.5])
_LENGTH_CENTRE = float(np.log(4.0))
_LENGTH_WIDTH = 1.0
_JITTER = 1e-8
_AT_ONCE = 256
"""Rows whose covariance with all points is held at once, so that it stays near the processor."""


@dataclass(frozen=True)
class Gaussian:
    """A fitted Gaussian process; `theta` holds the logarithms of its hyperparameters.

    The covariance between cases i and j is, with features x, group g and M the Matern 5/2 correlation,
    v0 (1 + x_i.x_j / d) + v1 M + [g_i = g_j] (v2 + v3 M) + [i = j] v4, times the matrix `between` over the outputs.
    """

    points: Array
    groups: Labels
    centre: Array
    scale: Array
    mean: Array
    theta: Array
    factor: Array
    weights: Array
    between: Array
    residual: Array
    own_variance: Array

    @cached_property
    def _by_feature(self) -> Array:
        return np.ascontiguousarray(self.points.T)

    @cached_property
    def _inverse_factor(self) -> Array:
        """The inverse of the lower Cholesky factor, column by column."""
        return np.asfortranarray(solve_triangular(self.factor, np.eye(len(self.points)), lower=True))

    def _cross(self, scaled: Array, groups: Labels) -> Array:
        from sim.surrogate.kernels_gaussian import covariance as compiled

        out = np.empty((len(scaled), len(self.points)))
        compiled(np.exp(self.theta[:_NOISE]), np.exp(self.theta[_LENGTHS:]), scaled, np.ascontiguousarray(groups),
                 self._by_feature, self.groups, out)
        return out

    def predict(self, features: Array, groups: Labels) -> Array:
        """Return the mean of every output.

        Parameters
        ----------
        features : ndarray (m, feature)
            Features, unscaled.
        groups : ndarray (m,)
            Group of each row.

        Returns
        -------
        ndarray (m, output)
            Posterior mean, in the outputs' units.
        """
        return self.posterior(features, groups, with_variance=False)[0]

    def posterior(self, features: Array, groups: Labels, *, with_variance: bool) -> tuple[Array, Array]:
        """Return the mean of every output, and the variance (m,) of `variance` (zeros where it is not wanted)."""
        mean, variance = np.empty((len(features), len(self.mean))), np.zeros(len(features))
        scaled, groups = self._scaled(features), np.asarray(groups, dtype=np.int64)
        for at in range(0, len(features), _AT_ONCE):
            rows = slice(at, at + _AT_ONCE)
            cross = self._cross(scaled[rows], groups[rows])
            mean[rows] = self.mean + cross @ self.weights
            if with_variance:
                half = dtrmm(1.0, self._inverse_factor, cross.T, lower=1, overwrite_b=1)
                known = np.einsum("ij,ij->j", half, half)
                variance[rows] = np.maximum(prior_variance(self.theta, scaled[rows]) - known, 0.0) + np.exp(
                    self.theta[_NOISE])
        return mean, variance

    def variance(self, features: Array, groups: Labels) -> Array:
        """Return the posterior variance (m,) of a new case, its own noise included; times `between` for the outputs."""
        return self.posterior(features, groups, with_variance=True)[1]

    def covariance_factor(self, features: Array, groups: Labels) -> tuple[Array, Array]:
        """Return the half-solved cross covariance (n, m) and the prior variance (m,), to form posterior covariances.

        The posterior covariance of rows i and j is k(i, j) - half[:, i] . half[:, j], times `between`.
        """
        scaled = self._scaled(features)
        half = solve_triangular(self.factor, self._cross(scaled, groups).T, lower=True, check_finite=False)
        return half, prior_variance(self.theta, scaled)

    def pair_covariance(self, left: Array, right: Array, left_groups: Labels, right_groups: Labels) -> Array:
        """Return the posterior covariance (m,) between row i of `left` and row i of `right`, without noise."""
        half_left, _ = self.covariance_factor(left, left_groups)
        half_right, _ = self.covariance_factor(right, right_groups)
        prior = pairwise(self.theta, self._scaled(left), left_groups, self._scaled(right), right_groups)
        return prior - np.einsum("ij,ij->j", half_left, half_right)

    def _scaled(self, features: Array) -> Array:
        return np.ascontiguousarray((features - self.centre) / self.scale)

    def arrays(self) -> dict[str, NDArray[np.float64] | Labels]:
        """Return everything the process consists of, by name, to be written to a file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def fit(features: Array, groups: Labels, outputs: Array, *, max_iterations: int = 60) -> Gaussian:
    """Fit a process to the rows: hyperparameters by maximum a posteriori, shared by all outputs.

    Parameters
    ----------
    features : ndarray (n, feature)
        Features, any scale.
    groups : ndarray (n,)
        Group of each row (source system).
    outputs : ndarray (n, output)
        What is learnt.
    max_iterations : int
        Limit of the search.

    Returns
    -------
    Gaussian
        With leave-one-out residuals, whose spread sets the scale of all standard errors.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, sections 4.2, 5.4.
    """
    centre, scale = features.mean(0), features.std(0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    points = np.ascontiguousarray((features - centre) / scale)
    mean = outputs.mean(0)
    theta = _search(points, groups, _leading(outputs - mean), max_iterations)
    return _assemble(points, groups, outputs, mean, centre, scale, theta)


def refit(process: Gaussian, features: Array, groups: Labels, outputs: Array) -> Gaussian:
    """Return the process with the same hyperparameters and scaling on other rows (cross-validation)."""
    points = process._scaled(features)
    return _assemble(points, groups, outputs, outputs.mean(0), process.centre, process.scale, process.theta)


def extended(process: Gaussian, features: Array, groups: Labels, outputs: Array) -> Gaussian:
    """Return the process conditioned on further rows: hyperparameters, mean and the scale of its errors are kept.

    The posterior given the old rows and the new ones is exact; what the old ones said is worked out from the factor.

    Parameters
    ----------
    process : Gaussian
        Fitted process.
    features : ndarray (m, feature)
        Features of the further rows, unscaled.
    groups : ndarray (m,)
        Their groups.
    outputs : ndarray (m, output)
        What was seen there.
    """
    seen = process.mean + process.factor @ (process.factor.T @ process.weights)
    points = np.concatenate([process.points, process._scaled(features)])
    both = np.concatenate([process.groups, groups]), np.concatenate([seen, outputs])
    longer = _assemble(points, *both, process.mean, process.centre, process.scale, process.theta)
    return replace(longer, between=process.between)


def _assemble(
    points: Array, groups: Labels, outputs: Array, mean: Array, centre: Array, scale: Array, theta: Array
) -> Gaussian:
    matrix = covariance(theta, points, groups, points, groups)
    matrix[np.diag_indices_from(matrix)] += np.exp(theta[_NOISE]) + _JITTER
    factor = cholesky(matrix, lower=True)
    weights = cho_solve((factor, True), outputs - mean)
    inverse = cho_solve((factor, True), np.eye(len(points)))
    own = 1.0 / np.diag(inverse)
    residual = weights * own[:, None]
    standard = residual / np.sqrt(own)[:, None]
    between = standard.T @ standard / len(points)
    # one layout in memory, before and after a file: products then agree to the last bit
    arrays: tuple[Any, ...] = (points, groups, centre, scale, mean, theta, factor, weights, between, residual, own)
    return Gaussian(*(np.ascontiguousarray(array) for array in arrays))


def _leading(outputs: Array, count: int = 3) -> Array:
    """Return the leading principal components of the outputs, each scaled to unit variance."""
    left, size, _ = np.linalg.svd(outputs, full_matrices=False)
    keep = min(count, int((size > 0.05 * max(size[0], 1e-300)).sum()), left.shape[1])
    return left[:, : max(keep, 1)] * np.sqrt(len(outputs))


def _search(points: Array, groups: Labels, targets: Array, max_iterations: int) -> Array:
    start = np.concatenate([_PRIOR_CENTRE, np.full(points.shape[1], _LENGTH_CENTRE)])
    answer = minimize(
        _objective, start, args=(points, groups, targets), jac=True, method="L-BFGS-B",
        bounds=[(-14.0, 5.0)] * 4 + [(-12.0, 1.0)] + [(-1.5, 6.0)] * points.shape[1],
        options={"maxiter": max_iterations},
    )
    return np.asarray(answer.x, dtype=float)


def _objective(theta: Array, points: Array, groups: Labels, targets: Array) -> tuple[float, Array]:
    """Return the negative log posterior of the hyperparameters and its gradient."""
    from sim.surrogate.kernels_gaussian import matern_length_gradient

    count = len(points)
    scaled = np.ascontiguousarray(points / np.exp(theta[_LENGTHS:]))
    smooth = _matern(scaled, scaled)
    same = (groups[:, None] == groups[None, :]).astype(float)
    linear = 1.0 + points @ points.T / points.shape[1]
    v = np.exp(theta[:_LENGTHS])
    matrix = v[0] * linear + v[1] * smooth + same * (v[2] + v[3] * smooth)
    matrix[np.diag_indices(count)] += v[4] + _JITTER
    try:
        factor = cholesky(matrix, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return 1e12, np.zeros_like(theta)
    inverse = cho_solve((factor, True), np.eye(count), check_finite=False)
    weights = inverse @ targets
    outputs = targets.shape[1]
    # one unknown scale for all components would couple them; the components are already of unit variance
    value = 0.5 * float((targets * weights).sum()) + outputs * float(np.log(np.diag(factor)).sum())
    slope = 0.5 * (outputs * inverse - weights @ weights.T)
    gradient = np.empty_like(theta)
    gradient[_LINEAR] = v[0] * (slope * linear).sum()
    gradient[_SMOOTH] = v[1] * (slope * smooth).sum()
    gradient[_GROUP] = v[2] * (slope * same).sum()
    gradient[_GROUP_SMOOTH] = v[3] * (slope * same * smooth).sum()
    gradient[_NOISE] = v[4] * np.trace(slope)
    matern_length_gradient(scaled, np.ascontiguousarray(slope * (v[1] + v[3] * same)), gradient[_LENGTHS:])
    off = (theta - _centre(theta)) / _width(theta)
    return value + 0.5 * float(off @ off), gradient + off / _width(theta)


def _centre(theta: Array) -> Array:
    return np.concatenate([_PRIOR_CENTRE, np.full(len(theta) - _LENGTHS, _LENGTH_CENTRE)])


def _width(theta: Array) -> Array:
    return np.concatenate([_PRIOR_WIDTH, np.full(len(theta) - _LENGTHS, _LENGTH_WIDTH)])


def _matern(left: Array, right: Array) -> Array:
    from sim.surrogate.kernels_gaussian import matern

    out = np.empty((len(left), len(right)))
    matern(np.ascontiguousarray(left), np.ascontiguousarray(right), out)
    return out


def covariance(theta: Array, left: Array, left_groups: Labels, right: Array, right_groups: Labels) -> Array:
    """Return the prior covariance (m, n) between scaled points, without noise."""
    from sim.surrogate.kernels_gaussian import covariance as compiled

    out = np.empty((len(left), len(right)))
    compiled(np.exp(theta[:_NOISE]), np.exp(theta[_LENGTHS:]), np.ascontiguousarray(left),
             np.asarray(left_groups, dtype=np.int64), np.ascontiguousarray(right.T),
             np.asarray(right_groups, dtype=np.int64), out)
    return out


def pairwise(theta: Array, left: Array, left_groups: Labels, right: Array, right_groups: Labels) -> Array:
    """Return the prior covariance (m,) between row i of `left` and row i of `right`."""
    root = np.sqrt(5.0 * (((left - right) / np.exp(theta[_LENGTHS:])) ** 2).sum(1))
    smooth = (1.0 + root + root**2 / 3.0) * np.exp(-root)
    same = left_groups == right_groups
    v = np.exp(theta[:_LENGTHS])
    linear = 1.0 + np.einsum("ij,ij->i", left, right) / left.shape[1]
    return v[0] * linear + v[1] * smooth + same * (v[2] + v[3] * smooth)


def prior_variance(theta: Array, points: Array) -> Array:
    """Return the prior variance (m,) of scaled points, without noise."""
    v = np.exp(theta[:_LENGTHS])
    return v[0] * (1.0 + (points**2).sum(1) / points.shape[1]) + v[1] + v[2] + v[3]


def left_out(process: Gaussian, blocks: Labels) -> tuple[Array, Array]:
    """Return residuals (n, output) and variances (n,) of the process's own rows, each block of rows left out in turn.

    In closed form, hyperparameters kept: with C the inverse covariance and B a block, the residuals are
    C_BB^-1 (C y)_B and the covariance is C_BB^-1. Rows of block -1 are never left out; they get zeros.

    Parameters
    ----------
    process : Gaussian
        Fitted process.
    blocks : ndarray (n,)
        Block of each row.

    References
    ----------
    Rasmussen and Williams (2006), 5.4.2, for blocks of one.
    """
    inverse = cho_solve((process.factor, True), np.eye(len(process.points)))
    residual, variance = np.zeros_like(process.weights), np.zeros(len(process.points))
    for block in np.unique(blocks[blocks >= 0]):
        rows = np.flatnonzero(blocks == block)
        covariance_ = np.linalg.inv(inverse[np.ix_(rows, rows)])
        residual[rows], variance[rows] = covariance_ @ process.weights[rows], np.diag(covariance_)
    return residual, variance
