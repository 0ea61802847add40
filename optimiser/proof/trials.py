"""Cases that verification runs: which, what the engine said of them, and what the rounds have brought so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import xarray as xr

from optimiser.rules import Rules


@dataclass(frozen=True, order=True)
class Trial:
    """One case to simulate: a building with a package and a PV size in kW."""

    building: str
    package: str
    pv_capacity_kw: float


@dataclass(frozen=True)
class Simulated:
    """What the engine says of a trial; kWh per year in the energy basis of the cube.

    `energy_saving_kwh` is of the package, PV left out, against the baseline of the cube; `pv_self_used_kwh` belongs to
    the trial's PV size; `other` holds further cube variables over (building, package) that the run settles, e.g.
    `capital_cost`. `energy_saving_std_kwh` is what is left of the standard error (the calibration's part).
    """

    ok: bool
    energy_saving_kwh: float = float("nan")
    pv_self_used_kwh: float = 0.0
    energy_saving_std_kwh: float = 0.0
    other: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Record:
    """What the rounds have brought: runs by trial, first predictions and rounds by (building, package), choices."""

    simulated: dict[Trial, Simulated] = field(default_factory=dict)
    predicted: dict[tuple[str, str], float] = field(default_factory=dict)
    round_of: dict[tuple[str, str], int] = field(default_factory=dict)
    chosen: dict[tuple[str, str, str], int] = field(default_factory=dict)
    forbidden: list[tuple[str, str]] = field(default_factory=list)
    rounds: int = 0


def simulated_fraction(cube: xr.Dataset, rules: Rules, trial: Trial, found: Simulated) -> float:
    """Return saving over baseline of a simulated case, PV counted as the floor counts it."""
    pv = {"none": 0.0, "self_used": found.pv_self_used_kwh, "all": 0.0}[rules.pv_in_floor]
    if rules.pv_in_floor == "all" and "pv_specific_yield" in cube:
        pv = trial.pv_capacity_kw * float(cube["pv_specific_yield"].sel(building=trial.building))
    return (found.energy_saving_kwh + pv) / float(cube["baseline_energy"].sel(building=trial.building))
