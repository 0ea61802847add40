"""The surrogate: fitted to the engine's runs, predicts energy, peaks and sizes of designs, with standard errors."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.surrogate import files, pipeline
from sim.surrogate.climate import Climate, climate_of
from sim.surrogate.inputs import CHOICES, Table, inside_range, outside_range, ranges_of, read_table, widened
from sim.surrogate.pipeline import Answer, Learned, Wanted
from sim.surrogate.training import FEWEST_RUNS, annual, calibrate, extend, learn, runs_of
from vocabulary import Fault, InputError

log = logging.getLogger(__name__)
Array = NDArray[np.float64]

CALORIFIC_WEIGHTS = (1.0, 1.2143 * 3.6 / 35.588 / 0.1229)
"""kW h of the basis `calorific` per kW h of electricity and of gas (LHV): 0.1229 kgce/kWh, 1.2143 kgce/m3."""


BEYOND = 0.07
"""Share of a trained range by which it may be left on each side: draws stop short of the limits that they are drawn
from, and buildings of a registry lie a little beyond; the standard error grows there."""


class Surrogate:
    """Predicts what EnergyPlus would say of a design, in the climate and with the calendar of its training runs.

    Made by `fit` or `load`. Holds everything that a prediction needs.

    Attributes
    ----------
    ranges : dict
        Smallest and largest value of every parameter that it answers for: that of training and a little more.
    errors : dict
        Leave-one-out errors of the fit as fractions (lights, plugs and service power left out of none).
    labels : dict
        What the runs were: engine version, weather, calendar, settings, digests of the runs.
    """

    def __init__(self, climate: Climate, learned: Learned, ranges: Mapping[str, tuple[float, float]],
                 systems: tuple[str, ...], errors: Mapping[str, float], labels: Mapping[str, str]) -> None:
        self.climate = climate
        self.learned = learned
        self.ranges = dict(ranges)
        self.systems = systems
        self.errors = dict(errors)
        self.labels = dict(labels)

    @classmethod
    def fit(cls, simulations: xr.Dataset, *, basis_weights: tuple[float, float] = CALORIFIC_WEIGHTS,
            calibration_evaluations: int = 4, covers: xr.Dataset | None = None) -> Surrogate:
        """Fit a surrogate to runs of the engine.

        Parameters
        ----------
        simulations : xr.Dataset
            As `sim.simulate` returns it. Cases whose status is not ok are left out; so are roles `holdout`,
            `validation` and `verification`.
        basis_weights : (float, float)
            kW h of the energy basis per kW h of electricity and of gas, for the standard error of the sum.
        calibration_evaluations : int
            Most steps in adjusting the network's coefficients; 0 keeps the start values.
        covers : xr.Dataset, optional
            Designs (over `case`) that predictions will be asked for: the trained range is widened to them. What lies
            between training runs and these is told by the standard error.

        Returns
        -------
        Surrogate

        Raises
        ------
        InputError
            If a parameter, result or weather column is missing or wrong, or fewer than 8 runs are left.

        Examples
        --------
        `Surrogate.fit(simulations).predict(design_table(designs))["energy_use"]` is over case, carrier, end use, month.
        """
        chosen = simulations.isel(case=_training_rows(simulations))
        if chosen.sizes["case"] < FEWEST_RUNS:
            raise InputError([Fault("simulations", "case", f"{chosen.sizes['case']} finished training runs",
                                    f"at least {FEWEST_RUNS}")])
        table = read_table(chosen)
        climate = climate_of(simulations)
        runs = runs_of(chosen, table, climate)
        weights = np.array(basis_weights)
        coefficients = calibrate(runs, climate, evaluations=calibration_evaluations)
        learned, found = learn(runs, climate, coefficients, weights)
        truth = annual(runs.uses, weights)
        whole = runs.known[:, :3].sum((1, 2))
        errors = {
            f"leave_one_out_wmape_{name}": float(np.abs(found[:, i] - truth[:, i]).sum() / (truth[:, i] + extra).sum())
            for i, (name, extra) in enumerate((("electricity", whole), ("natural_gas", 0.0 * whole),
                                               ("basis", whole))) if (truth[:, i] + extra).sum() > 0
        }
        ranges = ranges_of(table)
        if covers is not None:
            wide = ranges_of(read_table(covers))
            ranges = {n: (min(low, wide[n][0]), max(high, wide[n][1])) for n, (low, high) in ranges.items()}
        ranges = widened(ranges, BEYOND)
        systems = tuple(sorted({str(s) for s in chosen["source_system"].values.tolist()}))
        log.info("surrogate: %d runs, %s", table.size, errors)
        return cls(climate, learned, ranges, systems, errors, files.labels_of(simulations, chosen))

    def with_runs(self, simulations: xr.Dataset) -> Surrogate:
        """Return the surrogate conditioned on further runs, of any role: exact, and at the cost of one prediction.

        Coefficients, hyperparameters and the scale of the errors stay those of the fit. Runs that the surrogate knows
        already, failed ones, and designs outside its range or of a system that it was not trained for add nothing.

        Parameters
        ----------
        simulations : xr.Dataset
            As `sim.simulate` returns it.

        Returns
        -------
        Surrogate
            Itself where no run is new.

        Raises
        ------
        InputError
            If a parameter or result is missing or wrong.

        Examples
        --------
        After `better = surrogate.with_runs(runs)` the prediction of each run is near what the run said, and its
        standard error is small.
        """
        known = set(json.loads(self.labels.get("run_keys", "[]")))
        keys = simulations["run_key"].values.astype(str)
        new = (simulations["status"].values.astype(str) == "ok") & ~np.isin(keys, list(known))
        new &= np.isin(simulations["source_system"].values.astype(str), self.systems)
        rows = np.flatnonzero(new)[np.unique(keys[new], return_index=True)[1]]
        rows = rows[inside_range(read_table(simulations.isel(case=rows)), self.ranges)]
        if not len(rows):
            return self
        chosen = simulations.isel(case=rows)
        runs = runs_of(chosen, read_table(chosen), self.climate)
        labels = self.labels | {"run_keys": json.dumps(sorted(known | set(keys[rows].tolist())))}
        learned = extend(self.learned, runs, self.climate)
        return Surrogate(self.climate, learned, self.ranges, self.systems, self.errors, labels)

    def predict(self, designs: xr.Dataset, hourly: bool = False, *, errors: bool = True,
                basis_weights: tuple[float, float] = CALORIFIC_WEIGHTS, range_margin: float = 0.0) -> xr.Dataset:
        """Predict the engine's results of designs.

        Parameters
        ----------
        designs : xr.Dataset
            Over `case`, parameters named and with units as in `simulations.nc` (`sim.case.design_table`).
        hourly : bool
            Also return `electricity_hourly` and `natural_gas_hourly` (8760 float32 per case).
        errors : bool
            Work out standard errors.
        basis_weights : (float, float)
            kW h of the energy basis per kW h of electricity and of gas, for `basis_energy` and its standard error.
        range_margin : float
            Share of a parameter's trained range by which it may be left.

        Returns
        -------
        xr.Dataset
            Names of `simulations.nc` and `_std` beside them (one standard error), `annual_energy_use(case, carrier)`,
            `basis_energy(case)`, and the quantities that costs need. Hourly values sum to the monthly ones.

        Raises
        ------
        InputError
            If a parameter is missing, has other units, is NaN or lies outside the trained range (the message names
            it), or a source system was not trained; all faults in one message.
        """
        table = read_table(designs)
        self.check_range(table, range_margin)
        weights = np.array(basis_weights)
        wanted = Wanted(weights, errors="all" if errors else "none", hourly=hourly)
        answer = pipeline.predict(table, self.climate, self.learned, wanted)
        return files.labelled(designs, table, answer, weights, self.labels, errors)

    def predict_table(self, table: Table, wanted: Wanted, *, range_margin: float = 0.0) -> Answer:
        """Predict designs that are a table already, without labels: for some 10^5 packages at once.

        Parameters
        ----------
        table : Table
            From `inputs.read_table` or `offers.offer_table`.
        wanted : Wanted
            What to work out.
        range_margin : float
            Share of a parameter's trained range by which it may be left.

        Returns
        -------
        Answer

        Raises
        ------
        InputError
            If a parameter lies outside the trained range or a source system was not trained.
        """
        self.check_range(table, range_margin)
        return pipeline.predict(table, self.climate, self.learned, wanted)

    def check_range(self, table: Table, margin: float) -> None:
        """Refuse designs outside what the surrogate was trained for.

        Raises
        ------
        InputError
            If a parameter leaves its trained range by more than `margin` of its width, or a system was not trained.
        """
        faults = outside_range(table, self.ranges, margin)
        asked = {CHOICES["source_system"][code] for code in np.unique(table.code("source_system")).tolist()}
        faults += [Fault("designs", "source_system", repr(system), f"a trained one: {self.systems}")
                   for system in sorted(asked - set(self.systems))]
        if faults:
            raise InputError(faults)

    def save(self, path: str | Path, attributes: Mapping[str, str] | None = None) -> None:
        """Write the surrogate to one netCDF file, with further global attributes if given.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        files.write(path, self.climate, self.learned, self.ranges, self.systems, self.errors, self.labels, attributes)

    @classmethod
    def load(cls, path: str | Path) -> Surrogate:
        """Read a surrogate that `save` wrote; it predicts the same to the last bit on the same machine.

        Raises
        ------
        InputError
            If the file is missing, unreadable, no surrogate, or of another version.
        """
        return cls(*files.read(path))


def _training_rows(simulations: xr.Dataset) -> NDArray[np.int64]:
    good = np.ones(simulations.sizes["case"], dtype=bool)
    if "status" in simulations:
        good &= simulations["status"].values.astype(str) == "ok"
    if "role" in simulations:
        good &= np.isin(simulations["role"].values.astype(str), ["baseline", "training"])
    return np.flatnonzero(good)
