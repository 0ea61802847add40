"""Loads of designs by the network: run once per distinct set of parameters, summed by month, and sizes from peaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.models.systems import system_data
from sim.surrogate.climate import Climate
from sim.surrogate.features import Areas
from sim.surrogate.inputs import Table, distinct
from sim.surrogate.known import by_month
from sim.surrogate.network import CHUNK, demand, in_parts
from sim.surrogate.plant import circuits, is_system
from sim.surrogate.zones import LOADS

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
_TOWERED = ("chiller_boiler", "absorption", "high_efficiency_plant")
SIZES = ("cooling_capacity", "heating_capacity", "pump_motor_power", "tower_fan_power")


@dataclass(frozen=True)
class LoadSums:
    """Loads of some cases: monthly sensible cooling, heating, latent (case, 36) [kW h]; hourly peaks (case, 2) [kW]."""

    monthly: Array
    peaks: Array

    def take(self, rows: Rows) -> LoadSums:
        """Return the loads of some rows."""
        return LoadSums(self.monthly[rows], self.peaks[rows])

    def as_system(self, table: Table, coefficients: Mapping[str, float]) -> LoadSums:
        """Return the loads as the source systems of a table meet them: a VRF dries less than a chilled coil."""
        share = np.where(is_system(table, "vrf"), coefficients["vrf_latent_share"], 1.0)[:, None]
        return LoadSums(np.concatenate([self.monthly[:, :24], self.monthly[:, 24:] * share], axis=1), self.peaks)

    @property
    def heat(self) -> Array:
        """Cooling (sensible and latent) and heating by month, shape (case, 24) [kW h]."""
        return np.concatenate([self.monthly[:, :12] + self.monthly[:, 24:], self.monthly[:, 12:24]], axis=1)


def sums_of(hourly: NDArray[np.float32]) -> LoadSums:
    """Sum hourly coil heat [W] by month and find its peaks."""
    monthly = by_month(hourly) / 1000.0
    peaks = np.stack([(hourly[:, 0] + hourly[:, 2]).max(1), hourly[:, 1].max(1)], axis=1) / 1000.0
    return LoadSums(monthly.reshape(len(hourly), 36), peaks.astype(float))


def load_sums(table: Table, climate: Climate, coefficients: Mapping[str, float]) -> LoadSums:
    """Return the loads of every case; cases that agree in all load parameters share one run of the network."""
    first, place = distinct(table, LOADS)
    found = LoadSums(np.empty((len(first), 36)), np.empty((len(first), 2)))

    def work(rows: Rows) -> None:
        part = sums_of(demand(table.take(first[rows]), climate, coefficients))
        found.monthly[rows], found.peaks[rows] = part.monthly, part.peaks

    in_parts(np.split(np.arange(len(first)), range(CHUNK, len(first), CHUNK)), work)
    return found.take(place).as_system(table, coefficients)


def nominal_sizes(table: Table, areas: Areas, own: LoadSums, sizing: Table, sized: LoadSums) -> dict[str, Array]:
    """Return the sizes that follow from the peaks of the network, before they are corrected.

    Equipment that a package replaced is sized by the design itself, kept equipment by the design in `sizing`.

    Returns
    -------
    dict
        `SIZES` [kW], over case.
    """
    factor = system_data().sizing_factor
    new_cold, new_hot = (table[f"replaced_{side}_source"] > 0 for side in ("cooling", "heating"))
    cold = factor.cooling.value * np.where(new_cold, own.peaks[:, 0], sized.peaks[:, 0])
    hot = factor.heating.value * np.where(new_hot, own.peaks[:, 1], sized.peaks[:, 1])
    least = 1e-3 * areas.floor
    cold, hot = np.maximum(cold, least), np.maximum(hot, least)
    absorbs = is_system(table, "absorption")
    hot = np.where(absorbs, system_data().absorption.heating_over_cooling_capacity.value * cold, hot)
    # a split's two sides are one machine, sized by its cooling
    hot = np.where(is_system(table, "split"), cold, hot)
    # both sides of a plant heat pump are one machine, as large as the larger load asks
    hot = np.where(is_system(table, "air_source_heat_pump", "ground_source_heat_pump"), np.maximum(hot, cold), hot)
    kept = table["replaced_pumps"] <= 0
    pumps = circuits(table, cold, hot).sum(1)
    before = circuits(sizing, factor.cooling.value * sized.peaks[:, 0], factor.heating.value * sized.peaks[:, 1]).sum(1)
    same = table["pump_head_kpa"] / sizing["pump_head_kpa"]
    towered = is_system(table, *_TOWERED)
    left = is_system(sizing, *_TOWERED) & (table["replaced_tower"] <= 0)
    before_cold = np.maximum(factor.cooling.value * sized.peaks[:, 0], least)
    rejected = np.where(left, before_cold * (1 + 1 / sizing["cooling_cop"]), cold * (1 + 1 / table["cooling_cop"]))
    tower = system_data().tower.fan_power_per_heat.value * rejected
    return {
        "cooling_capacity": cold, "heating_capacity": hot,
        "pump_motor_power": np.where(kept & (before > 0), before * same, pumps),
        "tower_fan_power": np.where(towered, tower, 0.0),
    }
