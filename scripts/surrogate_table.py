"""Compare designs of surrogates on the same training runs and the same fresh cases: the table in sim/README.md.

Every design learns the training runs and the baselines of the fresh cases' buildings, as in planning. Lights, plugs and
service power are learnt by none. The rate is that of all packages of one building, without standard errors.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr
from numpy.typing import NDArray

import netcdf
from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.package_grid import package_grid
from scripts.surrogate_curve import fresh_and_baselines, in_order
from sim.case import design_table
from sim.surrogate import Surrogate, gaussian, pipeline, training
from sim.surrogate.climate import Climate, climate_of
from sim.surrogate.features import areas_of, load_features
from sim.surrogate.inputs import CHOICES, SWITCHES, Table, numbers, read_table
from sim.surrogate.known import known_days, known_months
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Learned, Wanted
from sim.surrogate.sampling import training_designs
from sim.surrogate.surrogate import CALORIFIC_WEIGHTS
from sim.surrogate.validation import savings_errors, wmape
from sim.surrogate.zones import day_types

Array = NDArray[np.float64]
WEIGHTS = np.array(CALORIFIC_WEIGHTS)
Predict = Callable[[Table, bool], tuple[Array, Array]]
"""Designs, whether errors are wanted; annual electricity and gas (case, 2) and the basis's standard error [kW h]."""
Method = Callable[[xr.Dataset, Climate], Predict]


def annual(runs: xr.Dataset) -> Array:
    """Return annual electricity and gas, shape (case, 2)."""
    total = runs["energy_use"].sum(["end_use", "month"]).sel(carrier=["electricity", "natural_gas"])
    return np.asarray(total.transpose("case", "carrier").values)


def known(table: Table, climate: Climate) -> Array:
    """Return lights, plugs, service power and recovery fans, which no method has to learn, shape (case,)."""
    return known_months(known_days(table), day_types(climate.workdays)).sum(axis=(1, 2))


def raw(table: Table) -> Array:
    """Return every parameter, choices one by one."""
    columns = [table[name] for name in (*numbers(), *SWITCHES)]
    columns += [(table.code(name) == i) * 1.0 for name, words in CHOICES.items() for i in range(len(words))]
    return np.stack(columns, axis=1)


def physical(table: Table) -> Array:
    """Return what an engineer would compute without a model: load features and logarithms of efficiencies."""
    features = load_features(table, areas_of(table), np.zeros((table.size, 36)))
    more = [np.log(table[name]) for name in ("cooling_cop", "heating_cop", "boiler_efficiency", "pump_head_kpa")]
    more += [table[name] for name in SWITCHES]
    return np.concatenate([features, np.stack(more, axis=1)], axis=1)


def learnt(runs: xr.Dataset, table: Table, climate: Climate) -> Array:
    """Return what is learnt: electricity without the known part, and gas, per floor area (case, 2)."""
    use = annual(runs)
    use[:, 0] -= known(table, climate)
    return use / table["floor_area_m2"][:, None]


def whole(table: Table, climate: Climate, hvac: Array, deviation: Array) -> tuple[Array, Array]:
    """Return annual energy and its standard error from what was learnt per floor area."""
    area = table["floor_area_m2"][:, None]
    use = np.maximum(hvac, 0.0) * area
    use[:, 0] += known(table, climate)
    return use, deviation * area[:, 0]


def process(make: Callable[[Table], Array]) -> Method:
    """Return a method: the product's Gaussian process, one part common and one per source system."""

    def method(runs: xr.Dataset, climate: Climate) -> Predict:
        table = read_table(runs)
        varied = make(table).std(0) > 0
        fitted = gaussian.fit(make(table)[:, varied], table.code("source_system"), learnt(runs, table, climate))

        def predict(new: Table, errors: bool) -> tuple[Array, Array]:
            mean, variance = fitted.posterior(make(new)[:, varied], new.code("source_system"), with_variance=errors)
            return whole(new, climate, mean, np.sqrt(variance * (WEIGHTS @ fitted.between @ WEIGHTS)))

        return predict

    return method


def scikit_process(runs: xr.Dataset, climate: Climate) -> Predict:
    """Use scikit-learn's Gaussian process, one per carrier, on the physical features and the source systems.

    One length for all scaled features: with one each, its search takes over half an hour.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = read_table(runs)
    use = learnt(runs, table, climate)
    kernel = ConstantKernel(1.0) * Matern(4.0, nu=2.5) + WhiteKernel(1e-2)
    fitted = [make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, normalize_y=True)).fit(
        _with_systems(table), use[:, i]) for i in (0, 1)]

    def predict(new: Table, errors: bool) -> tuple[Array, Array]:
        x = _with_systems(new)
        if not errors:
            return whole(new, climate, np.stack([one.predict(x) for one in fitted], axis=1), np.zeros(new.size))
        said = [one.predict(x, return_std=True) for one in fitted]
        spread = np.sqrt(sum((weight * one[1]) ** 2 for weight, one in zip(WEIGHTS, said, strict=True)))
        return whole(new, climate, np.stack([one[0] for one in said], axis=1), spread)

    return predict


def boosting(runs: xr.Dataset, climate: Climate) -> Predict:
    """Use gradient boosting of scikit-learn on the physical features and the source systems."""
    from sklearn.ensemble import GradientBoostingRegressor

    table = read_table(runs)
    use = learnt(runs, table, climate)
    fitted = [GradientBoostingRegressor(n_estimators=400, max_depth=3, learning_rate=0.05, subsample=0.8,
                                        random_state=0).fit(_with_systems(table), use[:, i]) for i in (0, 1)]

    def predict(new: Table, errors: bool) -> tuple[Array, Array]:
        x = _with_systems(new)
        return whole(new, climate, np.stack([one.predict(x) for one in fitted], axis=1), np.full(new.size, np.nan))

    return predict


def _with_systems(table: Table) -> Array:
    kind = table.code("source_system")
    return np.column_stack([physical(table), *(kind == i for i in range(len(CHOICES["source_system"])))])


def reduced_basis(runs: xr.Dataset, climate: Climate) -> Predict:
    """Write monthly profiles of both carriers as a few basis profiles, whose coefficients a process emulates."""
    table = read_table(runs)
    area = table["floor_area_m2"]
    months = runs["energy_use"].sum("end_use").transpose("case", "carrier", "month").values.copy()
    months[:, 0] -= known_months(known_days(table), day_types(climate.workdays)).sum(1)
    profile = months.reshape(len(area), -1) / area[:, None]
    mean = profile.mean(0)
    _, size, basis = np.linalg.svd(profile - mean, full_matrices=False)
    basis = basis[: max(3, int((size > 0.01 * size[0]).sum()))]
    x = physical(table)
    varied = x.std(0) > 0
    fitted = gaussian.fit(x[:, varied], table.code("source_system"), (profile - mean) @ basis.T)
    to_basis = basis.reshape(-1, 2, 12).sum(2) @ WEIGHTS

    def predict(new: Table, errors: bool) -> tuple[Array, Array]:
        score, variance = fitted.posterior(physical(new)[:, varied], new.code("source_system"), with_variance=errors)
        back = (score @ basis + mean).reshape(new.size, 2, 12).sum(2)
        return whole(new, climate, back, np.sqrt(variance * (to_basis @ fitted.between @ to_basis)))

    return predict


def network_alone(runs: xr.Dataset, climate: Climate) -> Predict:
    """Run the calibrated network and plant, without statistical correction."""
    table = read_table(runs)
    bare = Learned(training.calibrate(training.runs_of(runs, table, climate), climate), {}, {}, {}, None, np.ones(3))

    def predict(new: Table, errors: bool) -> tuple[Array, Array]:
        said = pipeline.predict(new, climate, bare, Wanted(WEIGHTS, errors="none", peaks=False))
        return said.annual(), np.full(new.size, np.nan)

    return predict


def network_corrected(runs: xr.Dataset, climate: Climate) -> Predict:
    """Use `sim.Surrogate`: network and plant, corrected by processes on loads and on what each system makes of them."""
    wide = design_table([drawn.design for drawn in training_designs(4096, seed=0)])
    fitted = Surrogate.fit(runs, covers=wide)

    def predict(new: Table, errors: bool) -> tuple[Array, Array]:
        said = fitted.predict_table(new, Wanted(WEIGHTS, errors="energy" if errors else "none", peaks=False),
                                    range_margin=0.5)
        return said.annual(), said.basis_std

    return predict


METHODS: dict[str, Method] = {
    "(a) Gaussian process, raw parameters": process(raw),
    "(a) Gaussian process, physical features": process(physical),
    "(a) scikit-learn's Gaussian process, physical features": scikit_process,
    "(a) scikit-learn's gradient boosting, physical features": boosting,
    "(b) reduced basis of monthly profiles, emulated": reduced_basis,
    "(c) thermal network and plant, calibrated only": network_alone,
    "(c) thermal network and plant, corrected (`sim.Surrogate`)": network_corrected,
}


def row(name: str, method: Method, runs: xr.Dataset, fresh: xr.Dataset, baselines: xr.Dataset, many: Table) -> str:
    """Return one row of the table."""
    began = time.perf_counter()
    predict = method(runs, climate_of(runs))
    seconds = time.perf_counter() - began
    said, spread = predict(read_table(fresh), True)
    true, bare = annual(fresh), annual(baselines) @ WEIGHTS
    before = dict(zip(baselines["building_id"].values.astype(str), bare, strict=True))
    baseline = np.array([before[name] for name in fresh["building_id"].values.astype(str)])
    e = savings_errors(baseline - true @ WEIGHTS, baseline - said @ WEIGHTS, np.nan_to_num(spread, nan=1e-9), baseline)
    cover, uncertain = ("-", "-") if np.isnan(spread).all() else (f"{e.coverage:.0%}", f"{e.uncertain:.0%}")
    began = time.perf_counter()
    predict(many, False)
    rate = many.size / (time.perf_counter() - began)
    return (f"| {name} | {wmape(true[:, 0], said[:, 0]):.2%} | {wmape(true[:, 1], said[:, 1]):.1%} | {e.wmape:.1%} | "
            f"{e.worst_fraction_error:.1%} | {e.wrong_verdicts:.0%} | {cover} | {uncertain} | {seconds:.0f} | "
            f"{rate:.0f} |")


def main(
    simulations: Annotated[Path, typer.Argument(help="simulations.nc with the training runs")],
    validation_runs: Annotated[Path, typer.Argument(help="validation_runs.nc with fresh cases")],
) -> None:
    """Print the table.

    Example: python -m scripts.surrogate_table DIR/simulations.nc DIR/validation_runs.nc

    Before it, on scripts/studies/shanghai_surrogate.yaml: retrofolio simulate STUDY --out DIR; retrofolio validate
    STUDY --out DIR --cases 300 --seed 1
    """
    training_runs = in_order(netcdf.read_dataset(simulations).load())
    fresh, baselines = fresh_and_baselines(netcdf.read_dataset(validation_runs).load())
    new = ~np.isin(baselines["run_key"].values, training_runs["run_key"].values)
    runs = xr.concat([training_runs, baselines.isel(case=np.flatnonzero(new))], dim="case", data_vars="minimal",
                     coords="minimal", compat="override", join="override", combine_attrs="override")
    building = next(b for b in read_registry(DATA_DIR / "jiading_illustrative.csv") if b.source_system == "absorption")
    many = offer_table(building, package_grid(building, load_catalogue()))
    print("| design | electricity | gas | savings | worst | wrong verdicts | covered by 90 % | doubt | s to fit "
          "| packages per second |\n|" + "---|" * 10)
    for name, method in METHODS.items():
        print(row(name, method, runs, fresh, baselines, many), flush=True)


if __name__ == "__main__":
    typer.run(main)
