"""Sizes of equipment and peaks of demand: logarithms of the engine's values over the network's, learnt by processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.surrogate.emulator import Lesson, Stage, groups_of
from sim.surrogate.features import Areas
from sim.surrogate.inputs import Table
from sim.surrogate.loads import SIZES, LoadSums, nominal_sizes
from sim.surrogate.plant import drives

Array = NDArray[np.float64]

LEAST_SIZE = 1e-4
"""kW/m2 below which a size is taken as absent."""
_DECIDED_BY = {"cooling_capacity": "cooling_source", "heating_capacity": "heating_source", "pump_motor_power": "pumps",
               "tower_fan_power": "tower"}
"""The equipment whose replacement sizes it anew."""


@dataclass(frozen=True)
class Basis:
    """What sizes follow from, over case: nominal sizes [kW], features of the design, and of the design that sized it.

    What a package keeps has the size that the building's own plant was given: its features are those of that design,
    so that a run of the building as it is tells the kept sizes of all its packages.
    """

    table: Table
    floor: Array
    nominal: dict[str, Array]
    features: Array
    features_kept: Array
    groups_kept: NDArray[np.int64]

    def of(self, name: str) -> tuple[Array, NDArray[np.int64]]:
        """Return features and groups of one size."""
        kept = self.table[f"replaced_{_DECIDED_BY[name]}"] <= 0
        return (np.where(kept[:, None], self.features_kept, self.features),
                np.where(kept, self.groups_kept, groups_of(self.table)))


def basis_of(table: Table, areas: Areas, own: LoadSums, sized: LoadSums) -> Basis:
    """Return what the sizes of a table follow from.

    Parameters
    ----------
    table, areas : Table, Areas
        Designs and their areas.
    own, sized : LoadSums
        Loads of the designs, and of the designs that sized what is kept.
    """
    sizing = table.sizing()
    nominal = nominal_sizes(table, areas, own, sizing, sized)
    before = nominal_sizes(sizing, areas, sized, sizing, sized)
    return Basis(table, areas.floor, nominal, _features(table, areas, own, nominal),
                 _features(sizing, areas, sized, before), groups_of(sizing))


def _features(table: Table, areas: Areas, own: LoadSums, nominal: Mapping[str, Array]) -> Array:
    floor = areas.floor
    replaced = [table[f"replaced_{item}"] for item in ("cooling_source", "heating_source", "pumps")]
    return np.stack([
        *(np.log(np.maximum(nominal[name], 1e-5 * floor) / floor) for name in SIZES[:2]),
        np.log(np.maximum(own.peaks[:, 0], 1e-5 * floor) / floor), np.log(table["cooling_cop"]),
        table["supply_temperature_reset"], table["variable_flow"], table["pump_head_kpa"] / 100.0,
        table["window_u_value_w_per_m2k"] * areas.window / floor, areas.wall / floor, 1.0 / table["storeys"],
        table["infiltration_ach"], table["outdoor_air_m3_per_h_person"] / table["occupant_density_m2_per_person"],
        table["conditioned_fraction"], drives(table, "tower_variable_speed"), *replaced,
    ], axis=1)


def size_lessons(basis: Basis, simulated: Mapping[str, Array]) -> dict[str, Lesson]:
    """Return the logarithm of the engine's sizes over the nominal ones, to be learnt."""
    lessons = {}
    for name in SIZES:
        features, groups = basis.of(name)
        least = LEAST_SIZE * basis.floor
        rows = np.flatnonzero((basis.nominal[name] > least) & (simulated[name] > least))
        ratio = np.log(simulated[name][rows] / basis.nominal[name][rows])[:, None]
        lessons[name] = Lesson(rows, features[rows], groups[rows], ratio)
    return lessons


def predict_sizes(stages: Mapping[str, Stage], basis: Basis, with_variance: bool
                  ) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return corrected sizes and their standard errors [kW]."""
    sizes, errors = {}, {}
    for name, size in basis.nominal.items():
        sizes[name], errors[name] = size.copy(), np.zeros(basis.table.size)
        rows = np.flatnonzero(size > LEAST_SIZE * basis.floor)
        if name not in stages or not len(rows):
            continue
        process, (features, groups) = stages[name].process, basis.of(name)
        ratio, variance = process.posterior(features[rows], groups[rows], with_variance=with_variance)
        sizes[name][rows] = size[rows] * np.exp(ratio[:, 0])
        errors[name][rows] = sizes[name][rows] * np.sqrt(variance * process.between[0, 0])
    return sizes, errors


def peak_lesson(basis: Basis, model: Array, simulated: Array) -> Lesson:
    """Return the logarithm of the engine's monthly peak demand over the predicted hourly profile's, to be learnt.

    Parameters
    ----------
    model, simulated : ndarray (case, 12)
        Monthly peaks [kW].
    """
    ratio = np.log(np.maximum(simulated, 1e-6) / np.maximum(model, 1e-6))
    return Lesson(np.arange(basis.table.size), basis.features, groups_of(basis.table), ratio)


def predict_peaks(stage: Stage | None, basis: Basis, base: Array, with_variance: bool) -> tuple[Array, Array]:
    """Return monthly peaks and their standard errors (case, 12) [kW] from those of the predicted hours."""
    if stage is None:
        return base, np.zeros_like(base)
    ratio, variance = stage.process.posterior(basis.features, groups_of(basis.table), with_variance=with_variance)
    peaks = base * np.exp(ratio)
    return peaks, peaks * np.sqrt(variance[:, None] * np.diag(stage.process.between))
