"""From designs to predicted hours, months and years: network, corrected loads, plant, corrected end uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sim.models.systems import system_data
from sim.surrogate import emulator
from sim.surrogate.climate import Climate
from sim.surrogate.emulator import USES, Loads, Stage
from sim.surrogate.features import OWN_LOADS, Areas, areas_of
from sim.surrogate.ground import loop_temperatures
from sim.surrogate.inputs import Table, distinct
from sim.surrogate.known import known_days, known_months
from sim.surrogate.loads import LoadSums, load_sums, sums_of
from sim.surrogate.network import CHUNK, demand, in_parts
from sim.surrogate.plant import NOTHING_ASKED, HourWeights, energy
from sim.surrogate.sizes import basis_of, predict_peaks, predict_sizes
from sim.surrogate.zones import LOADS, day_types

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CASES_AT_ONCE = 2048
"""Cases that one thread predicts at once: their covariances with the training runs take some 10 MB each."""
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

    `uses` (case, 7, 12) and `known` (case, 4, 12) [kW h]; `annual` (case, 2) by carrier and `basis` (case,) [kW h];
    hourly (case, 8760) [kW], empty where not wanted; `weighted`, `pv_used`, `pv_peak` as in `kernels_plant.run_plant`.
    """

    areas: Areas
    uses: Array
    uses_std: Array
    known: Array
    annual_std: Array
    basis_std: Array
    sizes: dict[str, Array]
    sizes_std: dict[str, Array]
    peaks: Array
    peaks_std: Array
    loads: Array
    electricity: NDArray[np.float32]
    gas: NDArray[np.float32]
    weighted: Array
    pv_used: Array
    pv_peak: Array

    def annual(self) -> Array:
        """Return energy of the year by carrier, shape (case, 2) [kW h]."""
        year = self.uses.sum(2)
        gas = year[:, CARRIER_OF_USE == 1].sum(1)
        return np.stack([year[:, CARRIER_OF_USE == 0].sum(1) + self.known.sum((1, 2)), gas], axis=1)

    def quantities(self, table: Table) -> dict[str, Array]:
        """Return what costs are computed from: sizes, areas, flow and count of terminals, over case."""
        people = table["floor_area_m2"] / table["occupant_density_m2_per_person"]
        areas = self.areas
        return {
            **self.sizes, "ventilation_flow": people * table["outdoor_air_m3_per_h_person"],
            "window_area": areas.window, "wall_area": areas.wall, "roof_area": areas.roof,
            "conditioned_area": areas.conditioned, "floor_area": areas.floor,
            "terminal_count": np.round(areas.conditioned / system_data().area_per_terminal_m2.value),
        }


@dataclass(frozen=True)
class Wanted:
    """What a prediction is to work out.

    Parameters
    ----------
    weights : ndarray (2,)
        kW h of the basis per kW h of electricity and of gas.
    errors : {'none', 'energy', 'all'}
        Standard errors: none, of energy, or of sizes and peaks too.
    peaks : bool
        Monthly peak demand.
    hourly : bool
        Keep the hourly profiles (70 kB a case).
    asked : HourWeights
        What is asked of the hours without keeping them.
    """

    weights: Array
    errors: Literal["none", "energy", "all"] = "all"
    peaks: bool = True
    hourly: bool = False
    asked: HourWeights = NOTHING_ASKED


def through_plant(
    table: Table, climate: Climate, coefficients: Mapping[str, float], heat: Array, sizes: Mapping[str, Array],
) -> Array:
    """Return monthly energy by end use (case, 7, 12) [kW h] of network and plant with given monthly loads.

    Parameters
    ----------
    heat : ndarray (case, 24)
        Cooling and heating by month that the hourly loads are scaled to [kW h].
    sizes : mapping
        Sizes of the plant [kW].
    """
    model = np.empty((table.size, len(USES), 12))

    def work(rows: Rows) -> None:
        part = table.take(rows)
        first, place = distinct(part, LOADS)
        hourly = demand(part.take(first), climate, coefficients)
        factor = emulator.factors(sums_of(hourly).take(place), heat[rows])
        own = _of(sizes, rows)
        ground = loop_temperatures(part, heat[rows], own)
        model[rows] = energy(part, hourly, place, factor, own, climate, ground=ground, peaks=False).model

    parts = chunks(table)
    in_parts(parts, work)
    return model


def _of(arrays: Mapping[str, Array], rows: Rows) -> dict[str, Array]:
    return {name: values[rows] for name, values in arrays.items()}


def chunks(table: Table) -> list[Rows]:
    """Return the cases in parts that one thread predicts at once; cases with the same loads stand together."""
    place = distinct(table, LOADS)[1]
    # buildings of the same zones stand together too: the network steps them side by side
    kind = (table["storeys"].clip(max=3), table["conditioned_fraction"] > 0.97, table["plan_shape"])
    order = np.lexsort((place, *kind)).astype(np.int64)
    number = np.cumsum(np.diff(place[order], prepend=-1) != 0) - 1
    edges = [0]
    for i in range(1, len(order)):
        if i - edges[-1] >= CASES_AT_ONCE or number[i] - number[edges[-1]] >= CHUNK:
            edges.append(i)
    return [order[a:b] for a, b in zip(edges, [*edges[1:], len(order)], strict=True)]


def predict(table: Table, climate: Climate, learned: Learned, wanted: Wanted) -> Answer:
    """Predict all cases of a table.

    Cases are worked through in parts, as many at once as there are threads; nothing of 8 760 hours outlives its part
    unless hours are wanted. A case has the same answer in any company, to rounding.
    """
    areas, sizing = areas_of(table), table.sizing()
    first, place = distinct(sizing, LOADS)
    sized = load_sums(sizing.take(first), climate, learned.coefficients)
    parts = chunks(table)

    def work(rows: Rows) -> Answer:
        return _predict_part(table.take(rows), climate, learned, wanted, areas.take(rows), sized.take(place[rows]))

    return _joined(in_parts(parts, work), np.concatenate(parts))


def _predict_part(table: Table, climate: Climate, learned: Learned, wanted: Wanted, areas: Areas, sized: LoadSums
                  ) -> Answer:
    first, place = distinct(table, LOADS)
    hourly = demand(table.take(first), climate, learned.coefficients)
    plain = sums_of(hourly).take(place)
    own = plain.as_system(table, learned.coefficients)
    basis = basis_of(table, areas, own, sized)
    sizes, sizes_std = predict_sizes(learned.sizes, basis, wanted.errors == "all")
    loads = _loads(learned, table, areas, own, wanted.errors != "none")
    correction, variance = emulator.predict_uses(learned.uses, table, areas, loads.heat, sizes, wanted.errors != "none")
    days = known_days(table)
    found = energy(
        table, hourly, place, emulator.factors(plain, loads.heat), sizes, climate,
        ground=loop_temperatures(table, loads.heat, sizes), correction=correction, known=days.sum(1),
        asked=wanted.asked, peaks=wanted.peaks, hourly=wanted.hourly,
    )
    errors = spread(learned, areas, loads, found.use, found.model, variance, wanted)
    peaks, peaks_std = found.peaks, np.zeros_like(found.peaks)
    if wanted.peaks:
        peaks, peaks_std = predict_peaks(learned.peaks, basis, found.peaks, wanted.errors == "all")
    return Answer(areas, found.use, *errors[:1], known_months(days, day_types(climate.workdays)), *errors[1:], sizes,
                  sizes_std, peaks, peaks_std, loads.heat, found.electricity, found.gas, found.weighted,
                  found.pv_used, found.pv_peak)


def _loads(learned: Learned, table: Table, areas: Areas, own: LoadSums, with_variance: bool) -> Loads:
    """Return corrected loads: once for each distinct set of all that they depend on."""
    first, place = distinct(table, OWN_LOADS)
    found = emulator.predict_loads(learned.loads, table.take(first), areas.take(first), own.take(first), with_variance)
    return Loads(found.heat[place], found.variance[place])


def _joined(parts: list[Answer], order: Rows) -> Answer:
    """Put the parts together and their cases back in order."""
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))

    def join(values: list[Any]) -> Any:  # noqa: ANN401 - arrays, mappings of arrays, areas
        if isinstance(values[0], dict):
            return {name: join([v[name] for v in values]) for name in values[0]}
        if isinstance(values[0], Areas):
            return Areas(**{f.name: join([getattr(v, f.name) for v in values]) for f in fields(Areas)})
        whole = np.concatenate(values)
        return whole[back] if len(whole) == len(back) else whole

    return Answer(**{f.name: join([getattr(part, f.name) for part in parts]) for f in fields(Answer)})


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
    learned: Learned, areas: Areas, loads: Loads, uses: Array, model: Array, variance: Array, wanted: Wanted
) -> tuple[Array, Array, Array]:
    """Return standard errors of monthly uses (case, 7, 12), of annual carriers (case, 2) and of the basis (case,).

    The error of a month's load moves each use in proportion; to it adds the process of the use itself. Loads of
    different months err together as the process's `between` says.
    """
    month_variance, total = np.zeros_like(uses), np.zeros((len(uses), 3))
    if wanted.errors == "none":
        return month_variance, total[:, :2], total[:, 2]
    slope = slopes_of(areas, loads.heat, uses)
    by = np.stack(weights_of(wanted.weights))
    for s, name in enumerate(SIDES):
        if name not in learned.loads:
            continue
        between = learned.loads[name].process.between
        if wanted.errors == "all":
            month_variance += slope[:, s] ** 2 * np.diag(between) * loads.variance[:, s, None, None]
        yearly = np.matmul(by, slope[:, s])
        total += ((yearly @ between) * yearly).sum(2) * loads.variance[:, s, None]
    year = model.sum(2)
    for i, use in enumerate(USES):
        if use not in learned.uses:
            continue
        between = learned.uses[use].process.between
        own = year[:, i] ** 2 * variance[:, i]
        month_variance[:, i] += own[:, None] * np.diag(between) / between.sum()
        total += own[:, None] * by[:, i] ** 2
    deviation = np.sqrt(total) * learned.scale
    return np.sqrt(month_variance) * learned.scale[2], deviation[:, :2], deviation[:, 2]


def weights_of(weights: Array) -> tuple[Array, Array, Array]:
    """Return what each end use counts in electricity, in gas and in the basis, each (7,)."""
    return (CARRIER_OF_USE == 0) * 1.0, (CARRIER_OF_USE == 1) * 1.0, weights[CARRIER_OF_USE]
