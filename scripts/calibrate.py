"""Stage `calibrate`: tune every building on its bills, confirm by engine runs, and say which baseline counts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

import netcdf
from buildings import Building
from buildings.package_grid import PackageGrid
from optimiser.calibrated import saving_doubt_kwh
from optimiser.candidates import Array, Question
from scripts import fit, simulate
from scripts.calibrate_inputs import bills_of, reason_against, wanted, weathers_of
from scripts.context import Context
from scripts.provenance import write
from sim import Surrogate
from sim.case import Case, design_table
from sim.surrogate.calibration import Fitted
from sim.surrogate.calibration import calibrate as tune
from sim.surrogate.calibration_priors import calibration_data
from sim.surrogate.calibration_table import Confirmation, calibrated_designs, calibration_table, verdict
from vocabulary import NO_PACKAGE, InputError

FILE = "calibration.nc"
CONFIRMING_DRAWS = 2
LOG = logging.getLogger("retrofolio")


def made_from(context: Context) -> dict[str, str]:
    """Return what `calibration.nc` is made from."""
    return fit.made_from(context, simulate.simulations(context)) | context.made_from("buildings")


def fitted_buildings(context: Context, surrogate: Surrogate) -> tuple[list[Fitted], dict[str, str]]:
    """Return the calibrated buildings, and why others are not."""
    weathers, found, untouched = weathers_of(context, surrogate), [], {}
    for building in context.buildings:
        reason = context.direct.get(building.building_id) or reason_against(building, surrogate.systems)
        if not reason:
            try:
                found.append(tune(building, bills_of(building), weathers, seed=context.study.seed))
            except InputError as error:
                reason = error.faults[0].place + ": " + error.faults[0].found
        if reason:
            untouched[building.building_id] = reason
    return found, untouched


def mean_case(context: Context, building_id: str, design: object) -> Case:
    """Return the case of a building at a design of its calibration."""
    return Case.model_validate({
        "building_id": building_id, "package_id": NO_PACKAGE, "weather_id": context.weather_id,
        "role": "verification", "design": design,
    })


def confirmed(context: Context, surrogate: Surrogate, fitted: Sequence[Fitted]) -> dict[str, Confirmation]:
    """Run the engine at the posterior mean and at two draws of every building that passes by the surrogate."""
    passing = [found for found in fitted if verdict(found).passed]
    designs = {f.building.building_id: [f.design, *f.drawn_designs()[:CONFIRMING_DRAWS]] for f in passing}
    cases = [mean_case(context, name, design) for name, each in designs.items() for design in each]
    if not cases:
        return {}
    runs = simulate.run_cases(context, cases)
    good = (runs["status"].values.astype(str) == "ok").reshape(len(passing), -1)
    shape = (len(passing), 1 + CONFIRMING_DRAWS, 2, 12)
    engine = runs["energy_use"].sum("end_use").transpose("case", "carrier", "month").values.reshape(shape)
    said = surrogate.predict(design_table([case.design for case in cases]), errors=False)
    own = said["energy_use"].sum("end_use").values.reshape(shape)
    return {name: Confirmation(engine[i], own[i]) for i, name in enumerate(designs) if good[i].all()}


def stage(context: Context) -> None:
    """Write `calibration.nc`; nothing to do where the study has no bills or asks for simulated baselines."""
    if not wanted(context):
        context.say("Baselines are simulated: no bills, or the study asks for it.")
        return
    surrogate = fit.surrogate(context)
    fitted, untouched = fitted_buildings(context, surrogate)
    runs = confirmed(context, surrogate, fitted)
    for found in [f for f in fitted if verdict(f).passed and f.building.building_id not in runs]:
        untouched[found.building.building_id] = "an engine run of its calibrated model failed"
        fitted.remove(found)
    table = calibration_table(fitted, runs, untouched)
    write(context, FILE, table, made_from(context), title="Calibration on bills")
    passed = int((table["baseline"].values.astype(str) == "calibrated").sum())
    context.say(f"Calibrated on bills: {passed} of {len(context.buildings)} buildings pass ASHRAE Guideline 14.")


def calibration(context: Context) -> xr.Dataset | None:
    """Return `calibration.nc`, made anew where it is of other inputs; None where baselines are simulated."""
    if not wanted(context):
        return None
    if not context.workspace.is_current(FILE, made_from(context)):
        stage(context)
    return netcdf.read_dataset(context.workspace.path(FILE))


def baselines(context: Context) -> dict[str, str]:
    """Return which baseline counts for each building: `calibrated` or `simulated`."""
    table = calibration(context)
    if table is None:
        return {}
    return dict(zip(table["building"].values.astype(str).tolist(), table["baseline"].values.astype(str).tolist(),
                    strict=True))


def final_buildings(context: Context) -> tuple[Building, ...]:
    """Return all buildings, at the posterior mean where they are calibrated."""
    table = calibration(context)
    return tuple(_final(table, building) for building in context.buildings)


def _final(table: xr.Dataset | None, building: Building) -> Building:
    designs = None if table is None else calibrated_designs(table, building)
    return building if designs is None else building.model_copy(update={"design": designs[0]})


def with_baselines(context: Context, runs: xr.Dataset) -> xr.Dataset:
    """Return runs in which calibrated buildings have the engine's run of their calibrated model as baseline.

    Runs of such a building as the registry has it stay for training, under another name.
    """
    registered = {b.building_id: b.design for b in context.buildings}
    changed = {b.building_id: b for b in final_buildings(context) if b.design != registered[b.building_id]}
    if not changed:
        return runs
    cases = [mean_case(context, name, building.design) for name, building in changed.items()]
    fresh = simulate.with_profiles(context, simulate.run_cases(context, cases))
    names = [f"{name} as registered" if name in changed else name for name in runs["building_id"].values.astype(str)]
    old = runs.assign(building_id=("case", np.array(names), runs["building_id"].attrs))
    return xr.concat([old, fresh], dim="case", data_vars="minimal", combine_attrs="override")


@dataclass
class Doubts:
    """What the bills leave unknown of the saving of each package: worked out once for each building.

    The standard deviation over the draws of its posterior; 0 for a building that is not calibrated [kW h].
    """

    context: Context
    surrogate: Surrogate
    question: Question
    _known: dict[tuple[str, int], Array] = field(default_factory=dict)

    def __call__(self, building: Building, grid: PackageGrid) -> Array:
        """Return the standard deviation of the saving of every package of a grid."""
        key = building.building_id, hash(grid.choice.tobytes())
        if key not in self._known:
            self._known[key] = self._worked_out(building, grid)
        return self._known[key]

    def _worked_out(self, building: Building, grid: PackageGrid) -> Array:
        designs = None if self._table is None else calibrated_designs(self._table, building)
        if designs is None:
            return np.zeros(len(grid))
        LOG.info("savings of %s over %d draws: %d packages", building.building_id, len(designs[1]), len(grid) - 1)
        return saving_doubt_kwh(self.surrogate, designs[1], grid, self.question,
                                most=calibration_data().packages_per_draw, seed=self.context.study.seed)

    @cached_property
    def _table(self) -> xr.Dataset | None:
        return calibration(self.context)
