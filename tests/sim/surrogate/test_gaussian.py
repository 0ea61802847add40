"""The Gaussian process: against scikit-learn, against leaving cases out by hand, and its gradient."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern

from sim.surrogate import gaussian


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (60, 3))
    groups = rng.integers(0, 3, 60)
    y = np.stack([np.sin(2 * x[:, 0]) + 0.3 * x[:, 1] + 0.1 * groups, x[:, 1] ** 2 - x[:, 2]], axis=1)
    return x, groups.astype(np.int64), y + 0.01 * rng.standard_normal(y.shape)


def test_matern_equals_scikit_learn():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((7, 4)), rng.standard_normal((5, 4))
    lengths = np.array([0.5, 1.0, 2.0, 4.0])
    theta = np.concatenate([[-50.0, 0.0, -50.0, -50.0, -50.0], np.log(lengths)])
    ours = gaussian.covariance(theta, a, np.zeros(7, int), b, np.zeros(5, int))
    np.testing.assert_allclose(ours, Matern(lengths, nu=2.5)(a, b), rtol=1e-10)


def test_mean_and_variance_equal_scikit_learn_at_equal_hyperparameters(sample):
    x, _, y = sample
    groups = np.zeros(len(x), dtype=np.int64)
    fitted = gaussian.fit(x, groups, y[:, :1])
    theta = fitted.theta.copy()
    theta[[0, 2, 3]] = -60.0
    theta[1], theta[4] = 0.0, np.log(1e-3)
    ours = gaussian._assemble(fitted.points, groups, y[:, :1], y[:, :1].mean(0), fitted.centre, fitted.scale, theta)
    kernel = Matern(np.exp(theta[5:]), nu=2.5)
    theirs = GaussianProcessRegressor(kernel, alpha=1e-3 + 1e-8, optimizer=None)
    theirs.fit(fitted.points, (y[:, :1] - y[:, :1].mean(0)))
    new = np.random.default_rng(1).uniform(-1, 1, (20, 3))
    mean, deviation = theirs.predict((new - fitted.centre) / fitted.scale, return_std=True)
    np.testing.assert_allclose(ours.predict(new, groups[:20])[:, 0] - y[:, 0].mean(), mean.ravel(), atol=1e-8)
    np.testing.assert_allclose(ours.variance(new, groups[:20]) - 1e-3, deviation**2, atol=1e-8)


def test_leave_one_out_in_closed_form_equals_leaving_out(sample):
    x, groups, y = sample
    whole = gaussian.fit(x, groups, y, max_iterations=20)
    # the closed form keeps the mean of all rows: leave the rows out with that mean
    centred = y - whole.mean
    for i in (0, 17, 59):
        rest = np.delete(np.arange(len(x)), i)
        k = gaussian.covariance(whole.theta, whole.points, groups, whole.points, groups)
        k[np.diag_indices(len(x))] += np.exp(whole.theta[4]) + 1e-8
        guess = k[i, rest] @ np.linalg.solve(k[np.ix_(rest, rest)], centred[rest])
        spread = k[i, i] - k[i, rest] @ np.linalg.solve(k[np.ix_(rest, rest)], k[rest, i])
        np.testing.assert_allclose(centred[i] - guess, whole.residual[i], atol=1e-8)
        assert whole.own_variance[i] == pytest.approx(spread, rel=1e-6)


def test_gradient_of_the_objective(sample):
    x, groups, y = sample
    points = (x - x.mean(0)) / x.std(0)
    targets = gaussian._leading(y - y.mean(0))
    theta = np.concatenate([[-1.0, 0.2, -2.0, -1.5, -3.0], [0.5, 1.0, 1.5]])
    _, slope = gaussian._objective(theta, points, groups, targets)
    numeric = approx_fprime(theta, lambda t: gaussian._objective(t, points, groups, targets)[0], 1e-6)
    np.testing.assert_allclose(slope, numeric, rtol=1e-3, atol=1e-3)


def test_error_grows_away_from_the_runs_and_covers(sample):
    x, groups, y = sample
    fitted = gaussian.fit(x, groups, y)
    inside, outside = np.zeros((1, 3)), np.full((1, 3), 4.0)
    assert fitted.variance(outside, groups[:1]) > 2 * fitted.variance(inside, groups[:1])
    standard = fitted.residual / np.sqrt(fitted.own_variance[:, None] * np.diag(fitted.between))
    assert 0.8 < (np.abs(standard) < 1.645).mean() <= 1.0


def test_posterior_covariance_of_a_pair_is_the_variance_where_they_agree(sample):
    x, groups, y = sample
    fitted = gaussian.fit(x, groups, y, max_iterations=10)
    new, g = x[:4] + 0.3, groups[:4]
    noise = np.exp(fitted.theta[4])
    np.testing.assert_allclose(fitted.pair_covariance(new, new, g, g) + noise, fitted.variance(new, g), rtol=1e-9)


def test_refit_keeps_hyperparameters(sample):
    x, groups, y = sample
    fitted = gaussian.fit(x, groups, y, max_iterations=10)
    again = gaussian.refit(fitted, x, groups, y)
    np.testing.assert_allclose(again.weights, fitted.weights)


def test_conditioned_on_further_rows_it_is_the_process_on_all_rows(sample):
    """Would catch: old outputs lost or the factor misread, a mean or a scaling taken from the new rows alone."""
    x, groups, y = sample
    first = gaussian.fit(x[:40], groups[:40], y[:40])
    further = gaussian.extended(first, x[40:], groups[40:], y[40:])
    points = (x - first.centre) / first.scale
    whole = gaussian._assemble(points, groups, y, first.mean, first.centre, first.scale, first.theta)
    at, g = x[:7] + 0.1, groups[:7]
    np.testing.assert_allclose(further.predict(at, g), whole.predict(at, g), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(further.variance(at, g), whole.variance(at, g), rtol=1e-8)
    np.testing.assert_array_equal(further.between, first.between)
    one_by_one = first
    for row in range(40, 60):
        one_by_one = gaussian.extended(one_by_one, x[[row]], groups[[row]], y[[row]])
    np.testing.assert_allclose(one_by_one.predict(at, g), further.predict(at, g), rtol=1e-7, atol=1e-9)
