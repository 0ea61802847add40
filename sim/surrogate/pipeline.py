"""From designs to predicted hours, months and years: network, corrected loads, plant, corrected end uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.surrogate import emulator
from sim.surrogate.climate import Climate
from sim.surrogate.emulator import USES, Loads, Stage
from sim.surrogate.features import Areas, areas_of
from sim.surrogate.inputs import Table
from sim.surrogate.known import MONTH_OF_HOUR, by_month, known_power
from sim.surrogate.loads import LoadSums, distinct, load_sums, nominal_sizes, sums_of
from sim.surrogate.network import demand, in_chunks
from sim.surrogate.plant import energy

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

SIDES = ("cooling", "heating")
CARRIER_OF_USE = np.array([0, 1, 0, 1, 0, 0, 0])
"""0 electricity, 1 gas, for each of `USES`."""


@dataclass(frozen=True)
class Learned:
    """Everything that a fit leaves: coefficients of the network and the processes of each stage."""

    coefficients: Mapping[str, float]
    loads: Mapping[str, Stage]
    uses: Mapping[str, Stage]
    sizes: Mapping[str, Stage]
    peaks: Stage | None
    scale: Array


@dataclass(frozen=True)
class Answer:
    """Predictions of some cases; `*_std` are standard errors.

    `uses` (case, 7, 12) and `known` (case, 4, 12) [kW h]; `annual` (case, 2) by carrier and `weighted` (case,) [kW h];
    hourly (case, 8760) [kW] where asked for.
    """

    areas: Areas
    uses: Array
    uses_std: Array
    known: Array
    annual_std: Array
    weighted_std: Array
    sizes: dict[str, Array]
    sizes_std: dict[str, Array]
    peaks: Array
    peaks_std: Array
    loads: Array
    electricity: NDArray[np.float32] | None
    gas: NDArray[np.float32] | None


def by_shared_loads(table: Table) -> Rows:
    """Return the cases in an order that puts those with the same loads together."""
    return np.argsort(distinct(table)[1], kind="stable").astype(np.int64)


def through_plant(
    table: Table, climate: Climate, coefficients: Mapping[str, float], heat: Array, sizes: dict[str, Array],
    take: Callable[[Rows, NDArray[np.float32]], None],
) -> None:
    """Run network and plant with given monthly loads and hand the hourly energy of each chunk to `take`.

    Parameters
    ----------
    heat : ndarray (case, 24)
        Cooling and heating by month that the hourly loads are scaled to [kW h].
    sizes : dict
        Sizes of the plant [kW].
    take : callable
        Receives the rows and their hourly energy (case, 7, 8760) [kW].
    """
    order = by_shared_loads(table)

    def work(places: Rows) -> None:
        rows = order[places]
        part = table.take(rows)
        first, place = distinct(part)
        hourly, balance = demand(part.take(first), climate, coefficients)
        factor = emulator.factors(sums_of(hourly, balance).take(place), heat[rows])
        take(rows, energy(part, hourly[place], factor, {n: v[rows] for n, v in sizes.items()}, climate))

    in_chunks(table.size, work)


def predict(table: Table, climate: Climate, learned: Learned, *, weights: Array, hourly: bool, errors: bool) -> Answer:
    """Predict all cases of a table.

    Parameters
    ----------
    weights : ndarray (2,)
        kW h of the basis per kW h of electricity and of gas.
    hourly : bool
        Keep the hourly profiles.
    errors : bool
        Work out standard errors.
    """
    areas = areas_of(table)
    sizing = table.sizing()
    own = load_sums(table, climate, learned.coefficients)
    sized = load_sums(sizing, climate, learned.coefficients)
    nominal = nominal_sizes(table, areas, own, sizing, sized)
    sizes, sizes_std = emulator.predict_sizes(learned.sizes, table, areas, own, nominal)
    loads = emulator.predict_loads(learned.loads, table, areas, own, errors)
    known = known_power(table, climate.workdays)
    model = np.empty((table.size, len(USES), 12))
    raw = _Profiles(table.size, hourly)

    def first_pass(rows: Rows, use: NDArray[np.float32]) -> None:
        model[rows] = by_month(use)
        raw.keep(rows, use)

    through_plant(table, climate, learned.coefficients, loads.heat, sizes, first_pass)
    uses, variance = emulator.predict_uses(learned.uses, table, areas, loads.heat, sizes, model, errors)
    ratio = uses / np.maximum(model, 1e-9)
    raw.scale(ratio, known)
    uses_std, annual_std, weighted_std = spread(learned, areas, loads, uses, model, variance, weights)
    base = raw.peaks
    peaks, peaks_std = _peaks(learned, table, areas, own, nominal, base, errors)
    return Answer(
        areas, uses, uses_std, by_month(known), annual_std, weighted_std, sizes, sizes_std, peaks, peaks_std,
        loads.heat, raw.electricity, raw.gas,
    )


class _Profiles:
    """Hourly electricity by use until it is scaled to the corrected months; then totals by carrier and peaks."""

    def __init__(self, size: int, hourly: bool) -> None:
        self._use = np.empty((size, len(USES), len(MONTH_OF_HOUR)), dtype=np.float32)
        self._hourly = hourly
        self.electricity: NDArray[np.float32] | None = None
        self.gas: NDArray[np.float32] | None = None
        self.peaks = np.zeros((size, 12))

    def keep(self, rows: Rows, use: NDArray[np.float32]) -> None:
        self._use[rows] = use

    def scale(self, ratio: Array, known: Array) -> None:
        power = known.sum(1).astype(np.float32)
        gas = np.zeros_like(power)
        for i, carrier in enumerate(CARRIER_OF_USE):
            target = gas if carrier else power
            target += self._use[:, i] * ratio[:, i].astype(np.float32)[:, MONTH_OF_HOUR]
        self.peaks = emulator.monthly_peaks(power.astype(float))
        if self._hourly:
            self.electricity, self.gas = power, gas


def slopes_of(areas: Areas, heat: Array, uses: Array) -> Array:
    """Return how each monthly use moves with an error of the month's load, shape (case, 2, 7, 12) [kW h per kW h/m2].

    A use moves in proportion to the load that it serves; months with cooling count as cooling months.
    """
    side = np.where(heat[:, 12:] > heat[:, :12], 1, 0)
    out = np.zeros((len(uses), 2, len(USES), 12))
    for s in range(2):
        own = heat[:, None, 12 * s : 12 * s + 12]
        serves = (side == s)[:, None, :] & (own > 1e-3)
        out[:, s] = np.where(serves, uses / np.maximum(own, 1e-6), 0.0) * areas.floor[:, None, None]
    return out


def spread(
    learned: Learned, areas: Areas, loads: Loads, uses: Array, model: Array, variance: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """Return standard errors of monthly uses (case, 7, 12), of annual carriers (case, 2) and of the basis (case,).

    The error of a month's load moves each use in proportion; to it adds the process of the use itself. Loads of
    different months err together as the process's `between` says.
    """
    slope = slopes_of(areas, loads.heat, uses)
    month_variance = np.zeros_like(uses)
    total = np.zeros((len(uses), 3))
    for s, name in enumerate(SIDES):
        if name not in learned.loads:
            continue
        between = learned.loads[name].process.between
        month_variance += slope[:, s] ** 2 * np.diag(between) * loads.variance[:, s, None, None]
        for c, weight in enumerate(_weights(weights)):
            yearly = np.einsum("cum,u->cm", slope[:, s], weight)
            total[:, c] += np.einsum("cm,mn,cn->c", yearly, between, yearly) * loads.variance[:, s]
    year = model.sum(2)
    for i, use in enumerate(USES):
        if use not in learned.uses:
            continue
        between = learned.uses[use].process.between
        own = year[:, i] ** 2 * variance[:, i]
        month_variance[:, i] += own[:, None] * np.diag(between) / between.sum()
        for c, weight in enumerate(_weights(weights)):
            total[:, c] += weight[i] ** 2 * own
    deviation = np.sqrt(total) * learned.scale
    return np.sqrt(month_variance) * learned.scale[2], deviation[:, :2], deviation[:, 2]


def _weights(weights: Array) -> tuple[Array, Array, Array]:
    return (CARRIER_OF_USE == 0) * 1.0, (CARRIER_OF_USE == 1) * 1.0, weights[CARRIER_OF_USE]


def _peaks(learned: Learned, table: Table, areas: Areas, own: LoadSums, nominal: dict[str, Array], base: Array,
           errors: bool) -> tuple[Array, Array]:
    if learned.peaks is None:
        return base, np.zeros_like(base)
    features = emulator.size_features(table, areas, own, nominal)
    process, groups = learned.peaks.process, emulator.groups_of(table)
    peaks = base * np.exp(process.predict(features, groups))
    if not errors:
        return peaks, np.zeros_like(peaks)
    return peaks, peaks * np.sqrt(process.variance(features, groups)[:, None] * np.diag(process.between))
