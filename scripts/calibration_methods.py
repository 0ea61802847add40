"""Ways to the posterior compared on the same bills: how often intervals hold the truth, how wide, what draws are worth.

Truth is the surrogate itself at drawn parameters, with noise: what differs is the method alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import emcee
import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm

from buildings import Building, read_registry
from buildings.bill_periods import Bills
from sim import Surrogate
from sim.surrogate.calibration import Calibration, Weathers
from sim.surrogate.calibration_priors import calibration_data, prior_of, within
from sim.surrogate.calibration_sampler import Sample, sample_posterior

Array = NDArray[np.float64]
YEAR = 2025
MONTHS = tuple(f"{YEAR}-{month:02d}" for month in range(1, 13))
STRETCH = ((emcee.moves.StretchMove(), 1.0),)
DIFFERENCES = ((emcee.moves.DEMove(), 0.9), (emcee.moves.DEMove(gamma0=1.0), 0.1))
SNOOKER = ((emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2))
Method = Callable[[Calibration, np.random.Generator], Sample]


def led_in(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Walkers led in from the prior step by step, then emcee: what the product does."""
    return sample_posterior(problem.log_likelihood(), problem.unknowns, rng)


def from_prior(moves: Sequence[tuple[object, float]], problem: Calibration, rng: np.random.Generator) -> Sample:
    """Take emcee alone from draws of the prior: 200 walkers, 700 steps, 300 of them thrown away."""
    likely, shape = problem.log_likelihood(), (200, problem.unknowns)
    sampler = emcee.EnsembleSampler(
        *shape, lambda z: likely(z) - 0.5 * (z**2).sum(1), vectorize=True, moves=list(moves))
    chance = np.random.MT19937(int(rng.integers(2**32))).state
    sampler.run_mcmc(emcee.State(rng.standard_normal(shape), random_state=chance), 700)
    draws = sampler.get_chain(discard=300, flat=True)
    return Sample(draws, len(draws) / float(sampler.get_autocorr_time(discard=300, tol=0).max()))


def laplace(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Take a normal distribution about the most likely point (Gauss-Newton type, BFGS)."""
    likely = problem.log_likelihood()

    def loss(z: Array) -> float:
        return float(0.5 * z @ z - likely(z[None])[0])

    top = minimize(loss, np.zeros(problem.unknowns), method="BFGS")
    return Sample(rng.multivariate_normal(np.asarray(top.x), np.asarray(top.hess_inv), 4000), 4000.0)


def ensemble(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Ensemble smoother with four data assimilations, 200 members (Emerick and Reynolds 2013); 5 % errors, fixed."""
    size, rounds = len(problem.prior.names), 4
    seen = np.concatenate([problem.readings[name].energy_kwh for name in problem.carriers])
    error = np.concatenate([
        np.hypot(0.05 * problem.readings[n].energy_kwh, 0.01 * problem.readings[n].energy_kwh.mean())
        for n in problem.carriers
    ])
    points = rng.standard_normal((200, problem.unknowns))
    for _ in range(rounds):
        scaled = 2.0 * norm.cdf(points[:, :size]) - 1.0
        said = np.concatenate([
            problem.responses[n](scaled) @ problem.readings[n].months.T for n in problem.carriers], axis=1)
        off, miss = points - points.mean(0), said - said.mean(0)
        both, own = off.T @ miss / 199, miss.T @ miss / 199
        gain = both @ np.linalg.inv(own + rounds * np.diag(error**2))
        noise = np.sqrt(rounds) * error * rng.standard_normal(said.shape)
        points = points + (seen + noise - said) @ gain.T
    return Sample(points, float(len(points)))


METHODS: dict[str, Method] = {
    "led in, then emcee's differences (the product)": led_in,
    "emcee, stretch, from the prior": partial(from_prior, STRETCH),
    "emcee, differences, from the prior": partial(from_prior, DIFFERENCES),
    "emcee, differences and snooker, from the prior": partial(from_prior, SNOOKER),
    "Laplace": laplace, "ensemble smoother (ES-MDA)": ensemble,
}


@dataclass(frozen=True)
class Result:
    """What a method said of one building: by parameter, whether its interval holds the truth and how wide it is."""

    covered: NDArray[np.bool_]
    width: Array
    worth: float
    seconds: float


def made(building: Building, weathers: Weathers, noise: float, rng: np.random.Generator) -> tuple[Calibration, Array]:
    """Return a building with bills made from drawn parameters, and where in their ranges these are (0 to 1)."""
    prior = within(prior_of(building), weathers.surrogate.ranges)
    truth = rng.random(len(prior.names))
    energy = weathers.months_kwh([prior.design(building.design, prior.low + (prior.high - prior.low) * truth)])[:, 0]
    bills = Bills(MONTHS, energy * (1 + noise * rng.standard_normal(energy.shape)), np.zeros(12, dtype=bool))
    return Calibration(building, bills, weathers, calibration_data(), 0), truth


def result(method: Method, problem: Calibration, truth: Array, seed: int) -> Result:
    """Hold a method's intervals against the truth."""
    began = time.process_time()
    sample = method(problem, np.random.default_rng(seed))
    seconds = time.process_time() - began
    low, high = np.quantile(norm.cdf(sample.points[:, : len(truth)]), [0.05, 0.95], axis=0)
    return Result((low <= truth) & (truth <= high), high - low, sample.worth, seconds)


def main(
    surrogate_file: Annotated[Path, typer.Argument(help="surrogate.nc")],
    registry: Annotated[Path, typer.Argument(help="registry of buildings")],
    cases: Annotated[int, typer.Option(help="bills to make")] = 40,
    noise: Annotated[float, typer.Option(help="relative noise of the bills")] = 0.05,
    seed: Annotated[int, typer.Option(help="of truth and noise")] = 1,
) -> None:
    """Print one row a method; the width is a share of the prior's, seconds are the processor's, per building.

    Example: python -m scripts.calibration_methods sim/data/shanghai_office.nc buildings/data/jiading_illustrative.csv
    --cases 40
    """
    surrogate, rng = Surrogate.load(surrogate_file), np.random.default_rng(seed)
    usable = [b for b in read_registry(registry) if b.design.source_system in surrogate.systems]
    weathers = Weathers(surrogate, {}, own_years=frozenset({YEAR}))
    found: dict[str, list[Result]] = {name: [] for name in METHODS}
    for number in range(cases):
        problem, truth = made(usable[number % len(usable)], weathers, noise, rng)
        problem.log_likelihood()  # the response is fitted once, for all methods
        for name, method in METHODS.items():
            found[name].append(result(method, problem, truth, number))
    typer.echo("| method | covered by 90 % | width of the interval | worth, least and median | s |")
    typer.echo("|---|---|---|---|---|")
    for name, rows in found.items():
        covered, width = (np.concatenate([getattr(row, part) for row in rows]) for part in ("covered", "width"))
        worth, seconds = np.array([row.worth for row in rows]), np.mean([row.seconds for row in rows])
        typer.echo(f"| {name} | {covered.mean():.1%} | {width.mean():.3f} | {worth.min():.0f}, {np.median(worth):.0f} "
                   f"| {seconds:.2f} |")


if __name__ == "__main__":
    typer.run(main)
