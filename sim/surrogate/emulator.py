"""The correction of network and plant by Gaussian processes, learnt from the engine's runs.

Loads are learnt across all systems (difference to the network per floor area); then, from the engine's own loads,
what each source system makes of them (difference to the plant model, as a share of its yearly energy); sizes and
peaks as logarithms of the ratio to the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.surrogate import gaussian
from sim.surrogate.features import Areas, load_features, system_features
from sim.surrogate.gaussian import Gaussian
from sim.surrogate.inputs import Table
from sim.surrogate.loads import LoadSums
from sim.surrogate.plant import Correction

Array = NDArray[np.float64]

USES = ("cooling", "cooling_gas", "heating", "heating_gas", "fans", "pumps", "heat_rejection")
"""Rows of the plant's answer: electricity, or gas where the name says so."""
LEAST_ENERGY = 1e-3
"""kWh/m2 a year below which a use is taken as absent."""
FEWEST_ROWS = 3
"""Runs that a process needs to be fitted."""


@dataclass(frozen=True)
class Stage:
    """A process over some of the cases: rows where the quantity exists."""

    process: Gaussian
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Lesson:
    """What a process is to learn: rows of the table where the quantity exists, their features and outputs."""

    rows: NDArray[np.int64]
    features: Array
    groups: NDArray[np.int64]
    outputs: Array


def taught(lessons: Mapping[str, Lesson], known: Mapping[str, Stage] | None = None) -> dict[str, Stage]:
    """Fit a process to each lesson; with `known` those processes are conditioned on the lessons, none is new."""
    if known is None:
        return {name: Stage(gaussian.fit(one.features, one.groups, one.outputs), one.rows)
                for name, one in lessons.items() if len(one.rows) >= FEWEST_ROWS}
    return {name: _further(stage, lessons[name]) if name in lessons else stage for name, stage in known.items()}


def _further(stage: Stage, lesson: Lesson) -> Stage:
    if not len(lesson.rows):
        return stage
    further = len(stage.rows) + np.arange(len(lesson.rows))
    process = gaussian.extended(stage.process, lesson.features, lesson.groups, lesson.outputs)
    return Stage(process, np.concatenate([stage.rows, further]))


def groups_of(table: Table) -> NDArray[np.int64]:
    """Return the source system of each case as the group of the processes."""
    return table.code("source_system")


def load_lessons(table: Table, areas: Areas, network: LoadSums, simulated: Array) -> dict[str, Lesson]:
    """Return the difference between the engine's and the network's loads, to be learnt.

    Parameters
    ----------
    table, areas, network
        Designs, their areas and their loads by the network.
    simulated : ndarray (case, 24)
        The engine's cooling and heating coil heat by month [kW h].
    """
    features = load_features(table, areas, network.monthly)
    off = (simulated - network.heat) / areas.floor[:, None]
    every = np.arange(table.size)
    return {
        side: Lesson(every, features, groups_of(table), off[:, part])
        for side, part in (("cooling", slice(0, 12)), ("heating", slice(12, 24)))
    }


@dataclass(frozen=True)
class Loads:
    """Corrected loads (case, 24) [kW h] and their standard deviations per unit of each month's own (case, 2)."""

    heat: Array
    variance: Array


def predict_loads(
    stages: Mapping[str, Stage], table: Table, areas: Areas, network: LoadSums, with_variance: bool
) -> Loads:
    """Return corrected loads; `variance` (case, 2) multiplies the processes' `between` over months."""
    features, groups = load_features(table, areas, network.monthly), groups_of(table)
    off, variance = np.zeros((table.size, 24)), np.zeros((table.size, 2))
    for s, side in enumerate(("cooling", "heating")):
        if side in stages:
            off[:, 12 * s : 12 * s + 12], variance[:, s] = stages[side].process.posterior(
                features, groups, with_variance=with_variance)
    off *= areas.floor[:, None]
    # a month in which the plant is off has no load, whatever the process says
    heat = np.where(network.heat > 0, np.maximum(network.heat + off, 0.05 * network.heat), 0.0)
    return Loads(heat, variance)


def factors(network: LoadSums, heat: Array) -> Array:
    """Return by what the network's hourly heat is multiplied in each month, shape (case, 24)."""
    return heat / np.maximum(network.heat, 1e-9)


def use_lessons(table: Table, areas: Areas, heat: Array, sizes: Mapping[str, Array], model: Array, simulated: Array
                ) -> dict[str, Lesson]:
    """Return what the engine's systems use beside the plant model, at the engine's own loads, to be learnt.

    Parameters
    ----------
    heat : ndarray (case, 24)
        The engine's loads [kW h].
    sizes : dict
        The engine's sizes [kW].
    model, simulated : ndarray (case, 7, 12)
        Monthly energy by the plant model and by the engine [kW h].
    """
    features = system_features(table, areas, heat, sizes)
    lessons = {}
    for i, use in enumerate(USES):
        year = model[:, i].sum(1)
        rows = np.flatnonzero((year > LEAST_ENERGY * areas.floor) & (simulated[:, i].sum(1) > 0))
        share = (simulated[rows, i] - model[rows, i]) / year[rows, None]
        lessons[use] = Lesson(rows, features[rows], groups_of(table)[rows], share)
    return lessons


def predict_uses(stages: Mapping[str, Stage], table: Table, areas: Areas, heat: Array, sizes: Mapping[str, Array],
                 with_variance: bool) -> tuple[Correction, Array]:
    """Return what to correct, as shares of the year's uses, and the variance of the yearly shares (case, 7).

    Only systems whose training runs had a use are asked about it.
    """
    features, groups = system_features(table, areas, heat, sizes), groups_of(table)
    share, variance = np.zeros((table.size, len(USES), 12)), np.zeros((table.size, len(USES)))
    for i, use in enumerate(USES):
        if use not in stages:
            continue
        process = stages[use].process
        rows = np.flatnonzero(np.isin(groups, process.groups))
        if len(rows):
            share[rows, i], found = process.posterior(features[rows], groups[rows], with_variance=with_variance)
            variance[rows, i] = found * process.between.sum()
    return Correction(share, LEAST_ENERGY * areas.floor), variance
