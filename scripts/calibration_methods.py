"""Ways to the posterior compared on the same bills: how often intervals hold the truth, how wide they are, how long.

Truth is the surrogate itself at drawn parameters, with noise: what differs is the method alone. The affine-invariant
sampler needs `pip install emcee` and is left out where that is absent.

Run: python -m scripts.calibration_methods SURROGATE.nc REGISTRY.csv --cases 40
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import norm

from buildings import read_registry
from sim import Surrogate
from sim.surrogate.calibration import Calibration, Weathers
from sim.surrogate.calibration_periods import Bills
from sim.surrogate.calibration_priors import calibration_data, prior_of
from sim.surrogate.calibration_sampler import Sample, sample_posterior

Array = NDArray[np.float64]
YEAR = 2025
Method = Callable[[Calibration, np.random.Generator], Sample]


def _even(points: Array) -> Sample:
    return Sample(points, np.full(len(points), 1.0 / len(points)))


def importance(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Adaptive importance sampling: what the product does."""
    return sample_posterior(problem.log_likelihood(), problem.unknowns, rng)


def affine_invariant(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Affine-invariant ensemble sampler, 48 walkers, 2500 steps, 700 of them thrown away (Goodman and Weare 2010)."""
    likely = problem.log_likelihood()
    sampler = import_module("emcee").EnsembleSampler(
        48, problem.unknowns, lambda z: likely(z) - 0.5 * (z**2).sum(1), vectorize=True)
    sampler.run_mcmc(0.3 * rng.standard_normal((48, problem.unknowns)), 2500)
    return _even(sampler.get_chain(discard=700, thin=10, flat=True))


def laplace(problem: Calibration, rng: np.random.Generator) -> Sample:
    """Take a normal distribution about the most likely point (Gauss-Newton type, BFGS)."""
    likely = problem.log_likelihood()

    def loss(z: Array) -> float:
        return float(0.5 * z @ z - likely(z[None])[0])

    top = minimize(loss, np.zeros(problem.unknowns), method="BFGS")
    return _even(rng.multivariate_normal(np.asarray(top.x), np.asarray(top.hess_inv), 4000))


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
    return _even(points)


METHODS: dict[str, Method] = {
    "adaptive importance sampling": importance, "affine-invariant sampler (emcee)": affine_invariant,
    "Laplace": laplace, "ensemble smoother (ES-MDA)": ensemble,
}


def main(
    surrogate_file: Annotated[Path, typer.Argument(help="surrogate.nc")],
    registry: Annotated[Path, typer.Argument(help="registry of buildings")],
    cases: Annotated[int, typer.Option(help="bills to make")] = 40,
    noise: Annotated[float, typer.Option(help="relative noise of the bills")] = 0.05,
    seed: Annotated[int, typer.Option(help="of truth and noise")] = 1,
) -> None:
    """Print one row a method: coverage of 90 % intervals, their width over the prior's, seconds a building."""
    surrogate, rng = Surrogate.load(surrogate_file), np.random.default_rng(seed)
    usable = [b for b in read_registry(registry) if b.design.source_system in surrogate.systems]
    weathers = Weathers(surrogate, {}, own_years=frozenset({YEAR}))
    months = tuple(f"{YEAR}-{month:02d}" for month in range(1, 13))
    methods = {n: m for n, m in METHODS.items() if m is not affine_invariant or find_spec("emcee")}
    found: dict[str, list[tuple[NDArray[np.bool_], Array, float]]] = {name: [] for name in methods}
    for number in range(cases):
        building = usable[number % len(usable)]
        prior = prior_of(building)
        truth = rng.random(len(prior.names))
        design = prior.design(building.design, prior.low + (prior.high - prior.low) * truth)
        energy = weathers.months_kwh([design])[:, 0]
        bills = Bills(months, energy * (1 + noise * rng.standard_normal(energy.shape)), np.zeros(12, dtype=bool))
        problem = Calibration(building, bills, weathers, calibration_data(), seed)
        for name, method in methods.items():
            began = time.perf_counter()
            sample = method(problem, np.random.default_rng(number))
            place = norm.cdf(sample.points[:, : len(truth)])
            low, high = sample.quantile(place, 0.05), sample.quantile(place, 0.95)
            found[name].append(((low <= truth) & (truth <= high), high - low, time.perf_counter() - began))
    typer.echo("| method | covered by 90 % | width of the interval | s |\n|---|---|---|---|")
    for name, rows in found.items():
        covered, width = (np.concatenate([row[i] for row in rows]) for i in (0, 1))
        seconds = np.mean([row[2] for row in rows])
        typer.echo(f"| {name} | {covered.mean():.1%} | {width.mean():.3f} | {seconds:.2f} |")


if __name__ == "__main__":
    typer.run(main)
