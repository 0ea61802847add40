"""Stage `verify`: simulate what was chosen and choose again until every floor holds in simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

import netcdf
from buildings import Package
from optimiser.proof.resimulation import verify_rounds
from optimiser.proof.trials import Simulated, Trial
from optimiser.self_use import self_used_kwh
from optimiser.simulated_rows import annual_kwh, baseline_rows
from optimiser.validation import basis_weights
from scripts import calibrate, optimise, simulate
from scripts.context import Context
from scripts.provenance import write
from sim.plan import package_cases
from vocabulary import RetrofolioError

RUNS = "verification.nc"
NOT_HELD = 5
NO_PLAN = 4


class NothingToVerifyError(RetrofolioError):
    """There is no portfolio whose choice could be simulated."""


@dataclass
class Proof:
    """The runs so far, and how the engine and the surrogate answer the rounds of verification."""

    context: Context
    runs: xr.Dataset
    predict: optimise.Forecasts

    def simulate(self, trials: Sequence[Trial]) -> list[Simulated]:
        """Run the engine on trials that were not run before, and say what each saves."""
        known = self._rows()
        pairs = list(dict.fromkeys((t.building, t.package) for t in trials if (t.building, t.package) not in known))
        if pairs:
            self._run(pairs)
        rows = self._rows()
        return [self._answer(trial, rows.get((trial.building, trial.package))) for trial in trials]

    def update(self, _cube: xr.Dataset, _simulated: Mapping[Trial, Simulated]) -> xr.Dataset:
        """Assemble the cube anew with the new runs, and with a surrogate that has seen them."""
        return optimise.cube_of(self.context, self.runs, self.predict)

    def _rows(self) -> dict[tuple[str, str], int]:
        names = self.runs["building_id"].values.astype(str)
        labels = self.runs["package_id"].values.astype(str)
        return {(str(n), str(p)): i for i, (n, p) in enumerate(zip(names, labels, strict=True))}

    def _run(self, pairs: Sequence[tuple[str, str]]) -> None:
        context = self.context
        packages = [(name, Package.from_label(label)) for name, label in pairs]
        buildings = calibrate.final_buildings(context)
        cases = package_cases(packages, buildings, context.catalogue, context.weather_id, "verification")
        found = simulate.with_profiles(context, simulate.run_cases(context, cases))
        self.runs = xr.concat([self.runs, found], dim="case", data_vars="minimal", combine_attrs="override")
        self.predict = self.predict.learnt(found)

    def _answer(self, trial: Trial, row: int | None) -> Simulated:
        if row is None:
            return Simulated(ok=False)
        asked = optimise.question(self.context)
        weights = np.array(basis_weights(asked.basis))
        before = baseline_rows(self.context.buildings, self.runs)[trial.building]
        energy = annual_kwh(self.runs.isel(case=[before, row])["energy_use"]) @ weights
        load = self.runs["electricity_hourly"].isel(case=[row]).values.astype(float)
        used = self_used_kwh(load, asked.pv_yield_kwh_per_kw, np.array([trial.pv_capacity_kw]))
        return Simulated(ok=True, energy_saving_kwh=float(energy[0] - energy[1]), pv_self_used_kwh=float(used[0, 0]))


def stage(context: Context) -> None:
    """Verify `portfolio.nc` and write it again with the group `verification`."""
    portfolio, cube = optimise.portfolio(context)
    found = simulate.simulations(context)
    runs = optimise.all_runs(context, found)
    proof = Proof(context, runs, optimise.forecasts(context, runs))
    verified = verify_rounds(
        portfolio, cube=cube, rules=optimise.scenario_rules(context), simulate=proof.simulate, update=proof.update
    )
    write_runs(context, proof.runs, found)
    optimise.write_portfolio(context, verified.portfolio, verified.cube, found, verified.verification)
    context.say(f"Verified in {verified.rounds} round(s) with {verified.runs} further engine run(s).")
    conclude(context, verified.portfolio)


def write_runs(context: Context, runs: xr.Dataset, found: xr.Dataset) -> None:
    """Write the runs that proved the choice to `verification.nc`, in the layout of `simulations.nc`."""
    proving = runs.isel(case=np.flatnonzero(runs["role"].values.astype(str) == "verification"))
    kept = simulate.without_counts(proving.drop_vars(list(simulate.HOURLY)))
    context.workspace.path(RUNS).unlink(missing_ok=True)
    if proving.sizes["case"]:
        write(context, RUNS, kept, optimise.made_from(context, found), title="EnergyPlus runs that prove the choice")


def all_runs(context: Context) -> xr.Dataset | None:
    """Return the study's runs and those that proved its choice, as far as they are there."""
    files = [context.workspace.path(name) for name in (simulate.FILE, RUNS)]
    parts = [netcdf.read_dataset(file) for file in files if file.is_file()]
    return xr.concat(parts, dim="case", data_vars="minimal", combine_attrs="override") if parts else None


def conclude(context: Context, portfolio: xr.Dataset) -> None:
    """Set the exit code that the portfolio deserves."""
    if bool(portfolio["empty"].values.astype(bool).all()):
        context.outcome.worsen(NO_PLAN)
        context.say("Every scenario is empty: no allowed plan touches a building. See the cheapest package above.")
    elif not bool(portfolio["certified"].values.astype(bool).all()):
        context.outcome.worsen(NOT_HELD)
        context.say("Not everything is certified: a floor or a certificate does not hold; see the report.")


def group(context: Context, name: str) -> xr.Dataset | None:
    """Return a group of `portfolio.nc` where it exists."""
    path = context.workspace.path(optimise.FILE)
    groups = str(netcdf.read_attributes(path).get("groups", "")).split()
    return netcdf.read_dataset(path, name) if name in groups else None


def verified(context: Context) -> tuple[xr.Dataset, xr.Dataset, xr.Dataset | None]:
    """Return portfolio, cube and verification (None before `verify`).

    Raises
    ------
    NothingToVerifyError
        If there is no portfolio yet.
    """
    path = context.workspace.path(optimise.FILE)
    if not path.is_file():
        raise NothingToVerifyError(f"{path} is missing: run `retrofolio optimise` first")
    has_proof = str(netcdf.read_attributes(path).get("verified")) == "1"
    proof = netcdf.read_dataset(path, "verification") if has_proof else None
    return netcdf.read_dataset(path), netcdf.read_dataset(path, "inputs"), proof
