"""Draws of a posterior by adaptive importance sampling: exact but for chance, and it says how many draws it is worth.

Population Monte Carlo with tempering: proposals are Student t about the weighted mean of the round before, mixed with
the prior, so that no part of the prior is ever left out; the likelihood is let in step by step (Cappé et al. 2004, J.
Comput. Graph. Stat. 13(4); Cornuet et al. 2012, Scand. J. Stat. 39(4)). The prior is standard normal throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, multivariate_t

Array = NDArray[np.float64]
FREEDOM = 6
PRIOR_SHARE = 0.15
ENOUGH = 0.5
"""Power of the likelihood from which a round's proposal is good enough to look at what the sample is worth."""
WORTH = 500.0
"""Draws that the sample must be worth before sampling stops."""


@dataclass(frozen=True)
class Sample:
    """Weighted draws: `points` (draw, parameter), `weights` (draw,) that sum to 1."""

    points: Array
    weights: Array

    @property
    def worth(self) -> float:
        """How many independent draws this is worth (Kish)."""
        return float(1.0 / (self.weights**2).sum())

    def mean(self, values: Array) -> Array:
        """Return the posterior mean of values (draw, ...)."""
        return np.tensordot(self.weights, values, axes=1)

    def quantile(self, values: Array, share: float) -> Array:
        """Return a quantile of each column of values (draw, column)."""
        order = np.argsort(values, axis=0)
        reached = np.cumsum(self.weights[order], axis=0)
        place = np.minimum((reached < share).sum(0), len(values) - 1)
        return np.asarray(np.take_along_axis(values, np.take_along_axis(order, place[None], 0), 0)[0])

    def drawn(self, count: int, rng: np.random.Generator) -> Array:
        """Return equally likely draws, shape (count, parameter), by systematic resampling."""
        places = (rng.random() + np.arange(count)) / count
        shuffled = rng.permutation(len(self.points))
        chosen = np.searchsorted(np.cumsum(self.weights[shuffled]), places)
        return self.points[shuffled[np.minimum(chosen, len(shuffled) - 1)]]


def sample_posterior(
    log_likelihood: Callable[[Array], Array], size: int, rng: np.random.Generator, *, draws: int = 4000,
    most_rounds: int = 20,
) -> Sample:
    """Sample a posterior whose prior is standard normal.

    Parameters
    ----------
    log_likelihood : callable
        Takes points (draw, parameter) and returns their log-likelihoods.
    size : int
        Number of parameters.
    rng : numpy.random.Generator
        Chance.
    draws : int
        Draws of each round.
    most_rounds : int
        Rounds after which the sample is returned whatever it is worth.

    Returns
    -------
    Sample
        Of the last rounds.

    Examples
    --------
    A measurement of 1 with unit error gives mean 0.5: `sample_posterior(lambda z: -0.5 * (z[:, 0] - 1) ** 2, 1, rng)`.
    """
    mean, cover = np.zeros(size), np.eye(size)
    kept: list[tuple[Array, Array]] = []
    for number in range(most_rounds):
        points, log_proposal = _proposed(mean, cover, draws, rng, prior_only=number == 0)
        log_prior = multivariate_normal(np.zeros(size), np.eye(size)).logpdf(points).reshape(draws)
        gain = log_likelihood(points)
        share = _share(gain, log_prior - log_proposal, max(4.0 * size, 0.05 * draws))
        found = Sample(points, _weights(share * gain + log_prior - log_proposal))
        kept.append((points, gain + log_prior - log_proposal))
        if share > ENOUGH and _joined(kept).worth >= WORTH:
            break
        # The next proposal is made from the tempered weights: from few heavy draws it would be too narrow.
        mean = found.mean(found.points)
        centred = found.points - mean
        cover = (centred * found.weights[:, None]).T @ centred + 1e-6 * np.eye(size)
    return _joined(kept)


def _joined(rounds: list[tuple[Array, Array]]) -> Sample:
    """Return the draws of the last rounds as one sample, of as many rounds as make it worth most.

    Every round's weights are for the same posterior; the first proposals are poor and their few heavy draws would
    cost more than they bring.
    """
    def last(first: int) -> Sample:
        points, weights = zip(*rounds[first:], strict=True)
        return Sample(np.concatenate(points), _weights(np.concatenate(weights)))

    return max((last(first) for first in range(len(rounds))), key=lambda sample: sample.worth)


def _proposed(
    mean: Array, cover: Array, draws: int, rng: np.random.Generator, *, prior_only: bool
) -> tuple[Array, Array]:
    """Return points of the proposal and the logarithm of its density."""
    size = len(mean)
    prior = multivariate_normal(np.zeros(size), np.eye(size))
    if prior_only:
        points = rng.standard_normal((draws, size))
        return points, prior.logpdf(points).reshape(draws)
    kernel = multivariate_t(mean, cover * (FREEDOM - 2) / FREEDOM * 1.2, df=FREEDOM)
    from_prior = rng.random(draws) < PRIOR_SHARE
    points = kernel.rvs(draws, random_state=rng).reshape(draws, size)
    points[from_prior] = rng.standard_normal((int(from_prior.sum()), size))
    both = np.stack([
        np.log(1 - PRIOR_SHARE) + kernel.logpdf(points).reshape(draws),
        np.log(PRIOR_SHARE) + prior.logpdf(points).reshape(draws),
    ])
    return points, np.asarray(logsumexp(both, axis=0))


def _weights(log_weight: Array) -> Array:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _share(gain: Array, rest: Array, wanted: float) -> float:
    """Return the largest power of the likelihood at which the draws are worth as many as wanted, at most 1."""
    def worth(share: float) -> float:
        return float(1.0 / (_weights(share * gain + rest) ** 2).sum())

    if worth(1.0) >= wanted:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) >= wanted else (low, middle)
    return low
