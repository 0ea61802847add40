"""Which unknown parameter of a building makes its saving and its cost uncertain: first-order Sobol indices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices, uniform

from buildings import Building, Catalogue, Package, apply_package, capital_cost_cny
from buildings.measures import QUANTITIES, Level
from sim.case import design_table
from sim.surrogate.calibration_priors import Prior, prior_of
from sim.surrogate.inputs import numbers
from sim.surrogate.surrogate import Surrogate
from vocabulary import NO_PACKAGE, Fault, InputError

Array = NDArray[np.float64]
AMOUNTS = ("energy_saving", "capital_cost")
_SEED = 20250101
_NO_SPREAD = 1e-9
"""Relative spread below which an amount does not depend on any parameter."""


def sensitivity(
    surrogate: Surrogate, building: Building, package: Package, catalogue: Catalogue, *, level: Level = "mid",
    samples: int = 256,
) -> xr.Dataset:
    """Return how much of the spread of saving and cost each unknown parameter of a building explains.

    The parameters are those that bills could tune (`sim/surrogate/data/calibration.yaml`), each equally likely within
    its sourced range; what the registry gives narrows it. The first-order index is the share of the variance that
    would go if that parameter alone were measured (Sobol 1993; estimator of Saltelli et al. 2010, as in scipy); the
    total index counts what it does together with others.

    Parameters
    ----------
    surrogate : Surrogate
        Must cover the building and the package.
    building : Building
        The building as the registry has it.
    package : Package
        Measures whose saving and cost are asked for.
    catalogue : Catalogue
        Measures and prices.
    level : {'low', 'mid', 'high'}
        Price level.
    samples : int
        A power of two; `samples` x (parameters + 2) designs are predicted with and without the package.

    Returns
    -------
    xr.Dataset
        Over `parameter` and `amount` (energy_saving, capital_cost): `first_order`, `total_order` [1]; over `parameter`
        `low`, `high` in the unit that `parameter_units` names; over `amount` `mean`, `standard_deviation` [kW h; CNY].

    Raises
    ------
    InputError
        If the package is `none`, no parameter is open, or a design leaves the trained range.

    Examples
    --------
    Of an old office's LED saving, operating hours explain 0.8 of the variance: count them before signing.
    """
    prior = prior_of(building)
    if package.label == NO_PACKAGE or not prior.names:
        raise InputError([Fault("sensitivity", building.building_id, package.label or "no open parameter",
                                "a package with measures, and a parameter that is not known exactly")])
    amounts = _amounts(surrogate, building, package, catalogue, prior, level)
    dists = [uniform(low, high - low) for low, high in zip(prior.low, prior.high, strict=True)]
    found = sobol_indices(func=amounts, n=samples, dists=dists, rng=np.random.default_rng(_SEED))
    points = qmc.Sobol(len(prior.names), rng=np.random.default_rng(_SEED)).random(samples)
    drawn = amounts((prior.low + (prior.high - prior.low) * points).T)
    mean, spread = drawn.mean(axis=1), drawn.std(axis=1)
    moves = (spread > _NO_SPREAD * np.abs(mean))[:, None]
    first, total = (np.where(moves, order, 0.0) for order in (found.first_order, found.total_order))
    return _labelled(prior, first, total, mean, spread)


def _amounts(
    surrogate: Surrogate, building: Building, package: Package, catalogue: Catalogue, prior: Prior, level: Level
) -> Callable[[Array], Array]:
    """Return the function from parameters (parameter, draw) to saving and cost (amount, draw)."""

    def amounts(drawn: Array) -> Array:
        before = [prior.design(building.design, values) for values in drawn.T]
        after = [apply_package(design, package, catalogue) for design in before]
        both = surrogate.predict(design_table([*before, *after]), errors=False)
        energy = both["basis_energy"].values.reshape(2, -1)
        sizes = {name: both[name].values[len(before):].astype(float) for name in QUANTITIES}
        cost = capital_cost_cny(package, sizes, catalogue, level)
        return np.stack([energy[0] - energy[1], np.broadcast_to(cost, energy.shape[1:])])

    return amounts


def _labelled(prior: Prior, first: Array, total: Array, mean: Array, spread: Array) -> xr.Dataset:
    over = ("amount", "parameter")
    alone = {"units": "1", "long_name": "share of the variance that the parameter alone explains"}
    together = {"units": "1", "long_name": "share of the variance with all that it does together with others"}
    return xr.Dataset(
        {
            "first_order": (over, first, alone),
            "total_order": (over, total, together),
            "low": ("parameter", prior.low, {"long_name": "low end of the range, in parameter_units"}),
            "high": ("parameter", prior.high, {"long_name": "high end of the range, in parameter_units"}),
            "parameter_units": ("parameter", [numbers()[name] for name in prior.names]),
            "mean": ("amount", mean, {"long_name": "mean over the ranges: kW h per year; CNY"}),
            "standard_deviation": ("amount", spread, {"long_name": "standard deviation over the ranges: kW h; CNY"}),
        },
        {"amount": list(AMOUNTS), "parameter": list(prior.names)},
    )
