"""The fit: coefficients of the network first, then the processes, then what leave-one-out says of the errors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import norm

from sim.surrogate import emulator, gaussian, pipeline
from sim.surrogate.climate import Climate
from sim.surrogate.coefficients import from_unit, start_values, to_unit
from sim.surrogate.emulator import USES, taught
from sim.surrogate.features import Areas, areas_of
from sim.surrogate.inputs import Table, distinct
from sim.surrogate.known import known_days, known_months
from sim.surrogate.loads import SIZES, load_sums
from sim.surrogate.pipeline import Learned, Wanted
from sim.surrogate.sizes import basis_of, peak_lesson, size_lessons
from sim.surrogate.validation import INTERVAL
from sim.surrogate.zones import LOADS, day_types
from vocabulary import NO_PACKAGE, Fault, InputError

log = logging.getLogger(__name__)
Array = NDArray[np.float64]

_CARRIER_USE = {
    "cooling": ("electricity", "cooling"), "cooling_gas": ("natural_gas", "cooling"),
    "heating": ("electricity", "heating"), "heating_gas": ("natural_gas", "heating"),
    "fans": ("electricity", "fans"), "pumps": ("electricity", "pumps"),
    "heat_rejection": ("electricity", "heat_rejection"),
}
FEWEST_RUNS = 8
_PRIOR_WEIGHT = 0.05
"""Weight of one width (a quarter of its range) of a coefficient against one relative error of a month's load."""


@dataclass(frozen=True)
class Runs:
    """What the engine said, as arrays over case; `building` numbers the buildings, `bare` tells the baselines."""

    table: Table
    areas: Areas
    heat: Array
    uses: Array
    known: Array
    sizes: dict[str, Array]
    peaks: Array
    building: NDArray[np.int64]
    bare: NDArray[np.bool_]


def runs_of(simulations: xr.Dataset, table: Table, climate: Climate) -> Runs:
    """Read the engine's results of the cases of a table.

    Raises
    ------
    InputError
        If a result is missing or holds NaN.
    """
    needed = ("energy_use", "cooling_delivered", "heating_delivered", "peak_demand", *SIZES)
    faults = [Fault("simulations", name, "missing", "a result of the engine") for name in needed
              if name not in simulations]
    faults += [Fault("simulations", name, "NaN in a case whose status is ok", "numbers") for name in needed
               if name in simulations and not bool(np.isfinite(simulations[name].values).all())]
    if faults:
        raise InputError(faults)
    order = ("case", "carrier", "end_use", "month")
    use = simulations["energy_use"].transpose(*order)
    uses = np.stack([use.sel(carrier=c, end_use=u).values for c, u in _CARRIER_USE.values()], axis=1)
    known = known_months(known_days(table), day_types(climate.workdays))
    uses[:, USES.index("fans")] = np.maximum(uses[:, USES.index("fans")] - known[:, 3], 0.0)
    heat = np.concatenate([simulations[name].transpose("case", "month").values
                           for name in ("cooling_delivered", "heating_delivered")], axis=1)
    said = np.stack([use.sel(carrier="electricity", end_use=u).values for u in
                     ("interior_lighting", "interior_equipment", "other")], axis=1)
    _check_known(said.sum(2), known[:, :3].sum(2))
    sizes = {name: simulations[name].values.astype(float) for name in SIZES}
    peaks = simulations["peak_demand"].transpose("case", "month").values.astype(float)
    return Runs(table, areas_of(table), heat.astype(float), uses.astype(float), known, sizes, peaks,
                *_owners(simulations, table.size))


def _owners(simulations: xr.Dataset, size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of each case's building, and which cases have no package; unnamed cases stand alone."""
    building, bare = np.arange(size), np.zeros(size, dtype=bool)
    if "building_id" in simulations:
        building = np.unique(simulations["building_id"].values.astype(str), return_inverse=True)[1].reshape(-1)
    if "package_id" in simulations:
        bare = simulations["package_id"].values.astype(str) == NO_PACKAGE
    return building.astype(np.int64), bare


def _check_known(said: Array, computed: Array) -> None:
    """Refuse runs whose lights, plugs or service power are not what power and schedule give within 0.5 %.

    Raises
    ------
    InputError
        Naming the worst case.
    """
    gap = np.abs(said - computed) / np.maximum(said.sum(1, keepdims=True), 1.0)
    if gap.max() > 0.005:
        case, use = np.unravel_index(int(gap.argmax()), gap.shape)
        name = ("interior_lighting", "interior_equipment", "other")[use]
        raise InputError([Fault("simulations", f"{name}, case {case}", f"{said[case, use]:.0f} kWh",
                                f"{computed[case, use]:.0f} kWh from power, schedule and calendar")])


def calibrate(runs: Runs, climate: Climate, *, most_cases: int = 120, evaluations: int = 8) -> dict[str, float]:
    """Adjust the coefficients of the network to the engine's monthly loads.

    Bounded least squares on the differences per floor area, each side scaled by its mean, with a weak pull to the
    start values.

    Parameters
    ----------
    runs : Runs
        The engine's results.
    climate : Climate
        Weather.
    most_cases : int
        Cases used: evenly spread over the distinct loads.
    evaluations : int
        Most steps of the search, each a run of the network per coefficient; 0 keeps the start values.
    """
    if evaluations == 0:
        return start_values()
    first, _ = distinct(runs.table, LOADS)
    rows = first[np.unique(np.linspace(0, len(first) - 1, min(most_cases, len(first))).astype(int))]
    table, floor = runs.table.take(rows), runs.areas.floor[rows][:, None]
    wanted = runs.heat[rows] / floor
    scale = np.repeat([max(float(wanted[:, s].mean()), 0.1) for s in (slice(0, 12), slice(12, 24))], 12)
    start = to_unit(start_values())

    def residual(place: Array) -> Array:
        found = load_sums(table, climate, from_unit(place)).heat / floor
        off = ((found - wanted) / scale).ravel()
        return np.concatenate([off, np.sqrt(off.size) * _PRIOR_WEIGHT * (place - start) / 0.25 / 4])

    answer = least_squares(residual, start, bounds=(0.0, 1.0), diff_step=[0.01], max_nfev=evaluations,
                           x_scale=0.1, loss="soft_l1")
    log.info("network: rms of monthly loads %.3f -> %.3f of the mean", *(
        float(np.sqrt((residual(p)[: wanted.size] ** 2).mean())) for p in (start, answer.x)))
    return from_unit(answer.x)


def learn(runs: Runs, climate: Climate, coefficients: Mapping[str, float], weights: Array) -> tuple[Learned, Array]:
    """Fit all processes and scale the standard errors to the leave-one-out errors.

    Returns
    -------
    Learned
    ndarray (case, 4)
        Leave-one-out predictions of annual electricity and gas and of the basis, and the standard error of the last
        [kW h], lights and plugs left out.
    """
    plain = _stages(runs, climate, coefficients, weights)
    model = _model(runs, climate, coefficients, runs.heat)
    truth = annual(runs.uses, weights)
    found, deviation = leave_out(runs, climate, plain, model, weights, np.arange(len(truth)))
    ratios = [_ratios(runs, climate, plain, model, weights, blocks) for blocks in (_packages(runs), runs.building)]
    scale = np.array([max(_scale(each[i]) for each in ratios) for i in range(3)])
    learned = replace(plain, scale=scale)
    return learned, np.concatenate([found, deviation[:, 2:] * scale[2]], axis=1)


def _stages(runs: Runs, climate: Climate, coefficients: Mapping[str, float], weights: Array,
            known: Learned | None = None) -> Learned:
    """Fit all processes, or condition those that are known; the scale of the errors is not looked at."""
    table, areas = runs.table, runs.areas
    own = load_sums(table, climate, coefficients)
    basis = basis_of(table, areas, own, load_sums(table.sizing(), climate, coefficients))
    loads, sizes = emulator.load_lessons(table, areas, own, runs.heat), size_lessons(basis, runs.sizes)
    model = _model(runs, climate, coefficients, runs.heat)
    uses = emulator.use_lessons(table, areas, runs.heat, runs.sizes, model, runs.uses)
    if known is None:
        plain = Learned(coefficients, taught(loads), taught(uses), taught(sizes), None, np.ones(3))
    else:
        plain = replace(known, loads=taught(loads, known.loads), uses=taught(uses, known.uses),
                        sizes=taught(sizes, known.sizes), peaks=None)
    said = pipeline.predict(table, climate, plain, Wanted(weights, errors="none"))
    peaks = {"peaks": peak_lesson(basis, said.peaks, runs.peaks)}
    before = {"peaks": known.peaks} if known is not None and known.peaks is not None else None
    return replace(plain, peaks=taught(peaks, before)["peaks"])


def extend(learned: Learned, runs: Runs, climate: Climate) -> Learned:
    """Condition all processes on further runs; coefficients, hyperparameters and the scale of errors are kept."""
    weights = np.ones(2)  # of the basis: no process depends on them
    return _stages(runs, climate, learned.coefficients, weights, learned)


def _packages(runs: Runs) -> NDArray[np.int64]:
    """Return blocks that hold the packages of one building each; its baseline stays, as it does when planning."""
    return np.where(runs.bare, -1, runs.building)


def _ratios(runs: Runs, climate: Climate, learned: Learned, model: Array, weights: Array,
            blocks: NDArray[np.int64]) -> list[Array]:
    """Return errors over their standard errors of electricity, gas and basis, each block left out."""
    found, deviation = leave_out(runs, climate, learned, model, weights, blocks)
    truth = annual(runs.uses, weights)
    known = (deviation > 1e-6) & (blocks >= 0)[:, None]
    return [(found[known[:, i], i] - truth[known[:, i], i]) / deviation[known[:, i], i] for i in range(3)]


def annual(uses: Array, weights: Array) -> Array:
    """Return annual electricity, gas and basis energy of monthly uses, shape (case, 3) [kW h]."""
    year = uses.sum(2)
    return np.stack([year @ weight for weight in pipeline.weights_of(weights)], axis=1)


def _model(runs: Runs, climate: Climate, coefficients: Mapping[str, float], heat: Array) -> Array:
    return pipeline.through_plant(runs.table, climate, coefficients, heat, runs.sizes)


def leave_out(runs: Runs, climate: Climate, learned: Learned, model: Array, weights: Array,
              blocks: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return predictions (case, 3) of annual electricity, gas and basis, each block left out, and their errors.

    The loads' and the uses' processes leave the block out in closed form; the plant model is run again at the loads so
    predicted. Cases of block -1 are predicted as they are in training.
    """
    table, areas = runs.table, runs.areas
    heat, variance = runs.heat.copy(), np.zeros((table.size, 2))
    for s, name in enumerate(("cooling", "heating")):
        residual, variance[:, s] = gaussian.left_out(learned.loads[name].process, blocks)
        heat[:, 12 * s : 12 * s + 12] -= residual * areas.floor[:, None]
    heat = np.where(runs.heat > 0, np.maximum(heat, 0.05 * runs.heat), 0.0)
    at = _model(runs, climate, learned.coefficients, heat)
    uses, share = at.copy(), np.zeros((table.size, len(USES)))
    for i, use in enumerate(USES):
        if use in learned.uses:
            stage = learned.uses[use]
            rows, year = stage.rows, model[:, i].sum(1)
            residual, own = gaussian.left_out(stage.process, blocks[rows])
            left = (runs.uses[rows, i] - model[rows, i]) / year[rows, None] - residual
            uses[rows, i] = np.maximum(at[rows, i] + left * at[rows, i].sum(1)[:, None], 0.1 * at[rows, i])
            share[rows, i] = own * stage.process.between.sum()
    loads = emulator.Loads(heat, variance)
    _, carrier, basis = pipeline.spread(learned, areas, loads, uses, at, share, Wanted(weights))
    return annual(uses, weights), np.concatenate([carrier, basis[:, None]], axis=1)


def _scale(ratio: Array) -> float:
    """Return by what standard errors are multiplied so that errors of what was left out have unit spread.

    The larger of their root mean square and of what makes the 90 % interval hold 90 % of them, counted as split
    conformal prediction does: of n errors the ceil((n + 1) 0.9)-th smallest.
    """
    if len(ratio) < FEWEST_RUNS:
        return 1.0
    place = min(int(np.ceil((len(ratio) + 1) * INTERVAL)), len(ratio)) - 1
    return float(max(np.sqrt((ratio**2).mean()), np.sort(np.abs(ratio))[place] / norm.ppf(0.5 + INTERVAL / 2)))
