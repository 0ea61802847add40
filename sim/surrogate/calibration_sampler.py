"""Draws of a posterior: walkers are led in from the prior, then emcee walks them; says what the draws are worth.

The likelihood is let in step by step, with draws chosen by weight in between (Del Moral et al. 2006, J. R. Stat. Soc.
B 68(3)): without that, walkers need hundreds of steps to find a sharp posterior. Walkers move along differences of
other walkers (Ter Braak 2006, Stat. Comput. 16(3); emcee: Foreman-Mackey et al. 2013, PASP 125). The prior is standard
normal throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import emcee
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
WALKERS = 200
STEPS_ON_THE_WAY = 25
"""Steps after each time that more of the likelihood is let in."""
STEPS_THROWN_AWAY = 150
STEPS = 400
"""Steps of each stretch of the chain that is kept."""
MOST_STRETCHES = 6
WORTH = 1000.0
"""Independent draws that the chain must be worth before it ends."""


@dataclass(frozen=True)
class Sample:
    """Equally likely draws: `points` (draw, parameter); `worth` is how many independent ones they are worth."""

    points: Array
    worth: float

    def drawn(self, count: int, rng: np.random.Generator) -> Array:
        """Return a few of the draws, shape (count, parameter)."""
        return self.points[rng.choice(len(self.points), count, replace=False)]


def sample_posterior(
    log_likelihood: Callable[[Array], Array], size: int, rng: np.random.Generator, *, walkers: int = WALKERS
) -> Sample:
    """Sample a posterior whose prior is standard normal.

    Parameters
    ----------
    log_likelihood : callable
        Takes points (draw, parameter) and returns their log-likelihoods.
    size : int
        Number of parameters.
    rng : numpy.random.Generator
        Chance: the same one gives the same draws.
    walkers : int
        Members of the ensemble, at least four times the number of parameters.

    Returns
    -------
    Sample
        Worth its number over the longest autocorrelation time of the parameters; at least `WORTH` unless the
        longest chain is worth less.

    Examples
    --------
    A measurement of 1 with unit error gives mean 0.5: `sample_posterior(lambda z: -0.5 * (z[:, 0] - 1) ** 2, 1, rng)`.
    """
    start = _walked(log_likelihood, 1.0, _led_in(log_likelihood, rng.standard_normal((walkers, size)), rng),
                    STEPS_THROWN_AWAY, rng)[-1]
    chain = start[None][:0]
    for _ in range(MOST_STRETCHES):
        chain = np.concatenate([chain, _walked(log_likelihood, 1.0, start, STEPS, rng)])
        start = chain[-1]
        worth = _worth(chain)
        if worth >= WORTH:
            break
    return Sample(chain.reshape(-1, size), worth)


def _worth(chain: Array) -> float:
    """Return how many independent draws a chain (step, walker, parameter) is worth; walkers that stood still: none."""
    moved = (chain != chain[:1]).any(axis=(0, 2))
    if not moved.any():
        return 0.0
    return chain[:, moved, 0].size / float(np.max(emcee.autocorr.integrated_time(chain[:, moved], tol=0)))


def _led_in(log_likelihood: Callable[[Array], Array], points: Array, rng: np.random.Generator) -> Array:
    """Return walkers of the posterior made from walkers of the prior."""
    power = 0.0
    while power < 1.0:
        gain = log_likelihood(points)
        step = _step(gain, 1.0 - power)
        power += step
        reached = np.cumsum(_weights(step * gain))
        places = (rng.random() + np.arange(len(points))) / len(points)
        chosen = np.minimum(np.searchsorted(reached, places), len(points) - 1)
        points = _walked(log_likelihood, power, points[chosen], STEPS_ON_THE_WAY, rng)[-1]
    return points


def _step(gain: Array, most: float) -> float:
    """Return by how much the likelihood's power may grow: the draws must stay worth half their number (Kish)."""
    def worth(step: float) -> float:
        return float(1.0 / (_weights(step * gain) ** 2).sum())

    low, high = 0.0, most
    if worth(most) >= len(gain) / 2:
        return most
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if worth(middle) >= len(gain) / 2 else (low, middle)
    return high


def _weights(log_weight: Array) -> Array:
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _walked(
    log_likelihood: Callable[[Array], Array], power: float, points: Array, steps: int, rng: np.random.Generator
) -> Array:
    """Return where walkers go, shape (step, walker, parameter), with the likelihood raised to a power."""
    # emcee's DESnookerMove is left out: as of 3.1.6 it makes intervals too narrow (its factor was mended afterwards).
    moves = [(emcee.moves.DEMove(), 0.9), (emcee.moves.DEMove(gamma0=1.0), 0.1)]
    sampler = emcee.EnsembleSampler(
        *points.shape, lambda z: power * log_likelihood(z) - 0.5 * (z**2).sum(axis=1), moves=moves, vectorize=True)
    chance = np.random.MT19937(int(rng.integers(2**32))).state
    sampler.run_mcmc(emcee.State(points, random_state=chance), steps, skip_initial_state_check=True)
    return np.asarray(sampler.get_chain())
