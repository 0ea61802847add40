"""The group `verification`: promised beside simulated, and every case that any round tried."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from optimiser.proof.trials import Record, Simulated, Trial, simulated_fraction
from optimiser.rules import Rules

_ATTRIBUTES = {
    "energy_saving_predicted": ("kW h", "saving without PV that was predicted before the case was run"),
    "energy_saving_simulated": ("kW h", "saving without PV in the simulation"),
    "saving_fraction_simulated": ("1", "simulated saving over baseline as the floor counts it"),
    "floor_met": ("1", "floor met in simulation, within 1e-6"),
    "simulated_in_round": ("1", "round in which the case was first simulated, 0 where untouched"),
    "trial_round": ("1", "round that chose the case first"),
    "trial_saving_predicted": ("kW h", "saving without PV that was predicted before the case was run"),
    "trial_saving_simulated": ("kW h", "saving without PV in the simulation"),
}


def verification_dataset(
    portfolio: xr.Dataset, cube: xr.Dataset, named: Mapping[str, Rules], record: Record
) -> xr.Dataset:
    """Return the group `verification` over (scenario, building), NaN where untouched, and over `trial`.

    The attribute `promise_error` is |sum predicted - sum simulated| / |sum simulated| over distinct tried cases that
    were predicted and simulated, PV left out.
    """
    shape = portfolio["touched"].shape
    predicted, simulated, fraction = (np.full(shape, np.nan) for _ in range(3))
    met, in_round = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=int)
    for s, label in enumerate(portfolio["scenario"].values):
        for b, trial, found in _cases(portfolio, record, s):
            predicted[s, b] = record.predicted[trial.building, trial.package]
            in_round[s, b] = record.round_of[trial.building, trial.package]
            if found.ok:
                simulated[s, b] = found.energy_saving_kwh
                fraction[s, b] = simulated_fraction(cube, named[str(label)], trial, found)
        met[s] = _floors_met(portfolio, cube, named[str(label)], fraction[s], s)
    dims = ("scenario", "building")
    dataset = xr.Dataset(
        {
            "energy_saving_predicted": (dims, predicted),
            "energy_saving_simulated": (dims, simulated),
            "saving_fraction_simulated": (dims, fraction),
            "floor_met": (dims, met),
            "simulated_in_round": (dims, in_round),
            **_trial_variables(record),
        },
        coords={"scenario": portfolio["scenario"].values, "building": portfolio["building"].values},
    )
    for name, (units, long_name) in _ATTRIBUTES.items():
        dataset[name].attrs = {"units": units, "long_name": long_name}
    dataset.attrs.update(rounds=record.rounds, runs=len(record.round_of), promise_error=promise_error(dataset))
    dataset.attrs["forbidden"] = "\n".join(f"{b}: {p}" for b, p in record.forbidden)
    return dataset


def _cases(portfolio: xr.Dataset, record: Record, s: int) -> list[tuple[int, Trial, Simulated]]:
    found = []
    for b in np.flatnonzero(portfolio["touched"].values[s]):
        trial = Trial(
            str(portfolio["building"].values[b]),
            str(portfolio["chosen_package"].values[s, b]),
            round(float(portfolio["pv_capacity"].values[s, b]), 6),
        )
        if trial in record.simulated:
            found.append((int(b), trial, record.simulated[trial]))
    return found


def _floors_met(portfolio: xr.Dataset, cube: xr.Dataset, rules: Rules, fraction: np.ndarray, s: int) -> np.ndarray:
    """Return, per building, whether its floor (its own, its contract's or the portfolio's) is met in simulation."""
    touched = portfolio["touched"].values[s]
    least = rules.minimum_saving_fraction - 1e-6
    if rules.floor_scope == "building":
        return touched & (np.nan_to_num(fraction, nan=-np.inf) >= least)
    baseline = cube["baseline_energy"].values
    pool = (
        portfolio["chosen_contract"].values[s] if rules.floor_scope == "contract" else np.where(touched, "all", "none")
    )
    met = np.zeros(touched.shape, dtype=bool)
    for label in set(pool[touched]):
        members = touched & (pool == label)
        total = (fraction[members] * baseline[members]).sum() / baseline[members].sum()
        met[members] = bool(total >= least)
    return met


def _trial_variables(record: Record) -> dict[str, tuple[str, list[object]]]:
    by_pair = {(t.building, t.package): s.energy_saving_kwh for t, s in record.simulated.items()}
    rows = [
        (scenario, building, package, at, record.predicted[building, package], by_pair.get((building, package), np.nan))
        for (scenario, building, package), at in record.chosen.items()
    ]
    names = ("scenario", "building", "package", "round", "saving_predicted", "saving_simulated")
    return {f"trial_{name}": ("trial", [row[i] for row in rows]) for i, name in enumerate(names)}


def promise_error(verification: xr.Dataset) -> float:
    """Return the promise error over distinct tried cases, NaN where none was both predicted and simulated.

    Examples
    --------
    >>> promise_error(xr.Dataset({
    ...     "trial_building": ("trial", ["a", "a"]), "trial_package": ("trial", ["led", "led"]),
    ...     "trial_saving_predicted": ("trial", [102.0, 102.0]), "trial_saving_simulated": ("trial", [100.0, 100.0]),
    ... }))
    0.02
    """
    names = ("trial_building", "trial_package", "trial_saving_predicted", "trial_saving_simulated")
    distinct = {(b, p): (x, y) for b, p, x, y in zip(*(verification[n].values for n in names), strict=True)}
    pairs = np.array([v for v in distinct.values() if np.isfinite(v).all()], dtype=float).reshape(-1, 2)
    if not len(pairs):
        return float("nan")
    return float(abs(pairs[:, 0].sum() - pairs[:, 1].sum()) / abs(pairs[:, 1].sum()))
