"""Compare designs of surrogates on the same runs, held out in the same folds: the table in sim/README.md.

Run: python -m scripts.surrogate_table tests/data/surrogate_runs.nc --folds 3 --held 1
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
from sim.surrogate import Surrogate, gaussian, pipeline, training
from sim.surrogate.climate import Climate, climate_of
from sim.surrogate.features import areas_of, load_features
from sim.surrogate.inputs import CHOICES, SWITCHES, Table, numbers, read_table
from sim.surrogate.pipeline import Learned
from sim.surrogate.surrogate import CALORIFIC_WEIGHTS
from sim.surrogate.validation import savings_errors, wmape

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
WEIGHTS = np.array(CALORIFIC_WEIGHTS)
KNOWN = ["interior_lighting", "interior_equipment", "other"]
Answer = tuple[Array, Array]
"""Annual electricity and gas (case, 2), and the standard error of the basis (case,) or NaN [kW h]."""
Method = Callable[[xr.Dataset, xr.Dataset, Climate], Answer]


def annual(runs: xr.Dataset) -> Array:
    """Return annual electricity and gas, shape (case, 2)."""
    total = runs["energy_use"].sum(["end_use", "month"]).sel(carrier=["electricity", "natural_gas"])
    return np.asarray(total.transpose("case", "carrier").values)


def known(runs: xr.Dataset) -> Array:
    """Return lights, plugs and service power, which no method has to learn, shape (case,)."""
    part = runs["energy_use"].sel(carrier="electricity", end_use=KNOWN)
    return np.asarray(part.sum(["end_use", "month"]).values)


def raw(table: Table) -> Array:
    """Return every parameter that varies, choices one by one."""
    columns = [table[name] for name in (*numbers(), *SWITCHES)]
    columns += [(table.code(name) == i) * 1.0 for name, words in CHOICES.items() for i in range(len(words))]
    found = np.stack(columns, axis=1)
    return found[:, found.std(0) > 0]


def physical(table: Table) -> Array:
    """Return what an engineer would compute without a model: load features and logarithms of efficiencies."""
    features = load_features(table, areas_of(table), np.zeros((table.size, 36)))
    more = [np.log(table[name]) for name in ("cooling_cop", "heating_cop", "boiler_efficiency", "pump_head_kpa")]
    more += [table[name] for name in SWITCHES]
    found = np.concatenate([features, np.stack(more, axis=1)], axis=1)
    return found[:, found.std(0) > 0]


def _both(train: xr.Dataset, test: xr.Dataset, make: Callable[[Table], Array]) -> tuple[Array, Array, Rows, Rows]:
    both = read_table(xr.concat([_designs(train), _designs(test)], "case"))
    features, groups, count = make(both), both.code("source_system"), train.sizes["case"]
    return features[:count], features[count:], groups[:count], groups[count:]


def _designs(runs: xr.Dataset) -> xr.Dataset:
    return runs[[name for name in runs.data_vars if runs[name].dims == ("case",)]]


def _hvac(runs: xr.Dataset) -> Array:
    """Return what is learnt: electricity without the known part, and gas, per floor area (case, 2)."""
    use = annual(runs)
    use[:, 0] -= known(runs)
    return use / runs["floor_area_m2"].values[:, None]


def _whole(test: xr.Dataset, hvac: Array, deviation: Array) -> Answer:
    area = test["floor_area_m2"].values[:, None]
    use = np.maximum(hvac, 0.0) * area
    use[:, 0] += known(test)
    return use, deviation * area[:, 0]


def process(make: Callable[[Table], Array]) -> Method:
    """Return a method: one Gaussian process on end-use energy per floor area."""

    def method(train: xr.Dataset, test: xr.Dataset, climate: Climate) -> Answer:
        x, new, groups, new_groups = _both(train, test, make)
        fitted = gaussian.fit(x, groups, _hvac(train))
        spread = np.sqrt(fitted.variance(new, new_groups) * (WEIGHTS @ fitted.between @ WEIGHTS))
        return _whole(test, fitted.predict(new, new_groups), spread)

    return method


def reduced_basis(train: xr.Dataset, test: xr.Dataset, climate: Climate) -> Answer:
    """Write monthly profiles of both carriers as a few basis profiles, whose coefficients a process emulates."""
    x, new, groups, new_groups = _both(train, test, physical)
    area = train["floor_area_m2"].values[:, None]
    months = train["energy_use"].drop_sel(end_use=KNOWN).sum("end_use").transpose("case", "carrier", "month").values
    profile = months.reshape(len(area), -1) / area
    mean = profile.mean(0)
    _, size, basis = np.linalg.svd(profile - mean, full_matrices=False)
    basis = basis[: max(3, int((size > 0.01 * size[0]).sum()))]
    fitted = gaussian.fit(x, groups, (profile - mean) @ basis.T)
    back = (fitted.predict(new, new_groups) @ basis + mean).reshape(len(new), 2, 12).sum(2)
    to_basis = basis.reshape(-1, 2, 12).sum(2) @ WEIGHTS
    return _whole(test, back, np.sqrt(fitted.variance(new, new_groups) * (to_basis @ fitted.between @ to_basis)))


def boosting(train: xr.Dataset, test: xr.Dataset, climate: Climate) -> Answer:
    """Use gradient boosting of scikit-learn on the physical features."""
    from sklearn.ensemble import GradientBoostingRegressor

    x, new, groups, new_groups = _both(train, test, physical)
    x, new = np.column_stack([x, groups]), np.column_stack([new, new_groups])
    use = _hvac(train)
    hvac = np.stack([GradientBoostingRegressor(n_estimators=400, max_depth=3, learning_rate=0.05, subsample=0.8,
                                               random_state=0).fit(x, use[:, i]).predict(new) for i in (0, 1)], axis=1)
    return _whole(test, hvac, np.full(len(hvac), np.nan))


def network_alone(train: xr.Dataset, test: xr.Dataset, climate: Climate) -> Answer:
    """Run the calibrated network and plant, without statistical correction."""
    table = read_table(train)
    coefficients = training.calibrate(training.runs_of(train, table, climate), climate)
    bare = Learned(coefficients, {}, {}, {}, None, np.ones(3))
    said = pipeline.predict(read_table(test), climate, bare, pipeline.Wanted(WEIGHTS, errors="none"))
    carrier = pipeline.CARRIER_OF_USE
    use = np.stack([said.uses[:, carrier == c].sum((1, 2)) for c in (0, 1)], axis=1)
    use[:, 0] += said.known.sum((1, 2))
    return use, np.full(len(use), np.nan)


def network_corrected(train: xr.Dataset, test: xr.Dataset, climate: Climate) -> Answer:
    """Use `sim.Surrogate`: network and plant, corrected by processes on loads and on what each system makes of them."""
    found = Surrogate.fit(train, covers=xr.concat([_designs(train), _designs(test)], "case")).predict(test)
    return found["annual_energy_use"].values, found["basis_energy_std"].values


METHODS: dict[str, Method] = {
    "(a) Gaussian process, raw parameters": process(raw),
    "(a) Gaussian process, physical features": process(physical),
    "(a) gradient boosting, physical features": boosting,
    "(b) reduced basis of monthly profiles, emulated": reduced_basis,
    "(c) thermal network and plant, calibrated only": network_alone,
    "(c) thermal network and plant, corrected (`sim.Surrogate`)": network_corrected,
}


def held_out(runs: xr.Dataset, folds: int, seed: int) -> list[Rows]:
    """Return the cases with a package in folds; baselines always train."""
    rows = np.flatnonzero(runs["package_id"].values.astype(str) != "none")
    mixed = np.random.default_rng(seed).permutation(rows)
    return [np.sort(mixed[i::folds]) for i in range(folds)]


def row(name: str, method: Method, runs: xr.Dataset, parts: list[Rows]) -> str:
    """Return one row of the table."""
    began = time.perf_counter()
    climate = climate_of(runs)
    answers = [method(runs.isel(case=np.setdiff1d(np.arange(runs.sizes["case"]), part)), runs.isel(case=part), climate)
               for part in parts]
    said, spread = (np.concatenate([a[i] for a in answers]) for i in (0, 1))
    test = runs.isel(case=np.concatenate(parts))
    true = annual(test)
    before = dict(zip(runs["building_id"].values.astype(str), np.zeros(runs.sizes["case"]), strict=True))
    bare = runs.isel(case=runs["package_id"].values.astype(str) == "none")
    before |= dict(zip(bare["building_id"].values.astype(str), annual(bare) @ WEIGHTS, strict=True))
    baseline = np.array([before[b] for b in test["building_id"].values.astype(str)])
    e = savings_errors(baseline - true @ WEIGHTS, baseline - said @ WEIGHTS, np.nan_to_num(spread, nan=1e-9), baseline)
    cover = "-" if np.isnan(spread).all() else f"{e.coverage:.0%}"
    uncertain = "-" if np.isnan(spread).all() else f"{e.uncertain:.0%}"
    seconds = (time.perf_counter() - began) / len(parts)
    return (f"| {name} | {wmape(true[:, 0], said[:, 0]):.2%} | {wmape(true[:, 1], said[:, 1]):.1%} | {e.wmape:.1%} "
            f"({e.wmape_range[0]:.1%} to {e.wmape_range[1]:.1%}) | {e.worst_fraction_error:.1%} | "
            f"{e.wrong_verdicts:.0%} | {cover} | {uncertain} | {seconds:.0f} |")


def main(
    file: Annotated[Path, typer.Argument(help="runs, as scripts.surrogate_runs writes them")],
    folds: Annotated[int, typer.Option(help="parts that are held out in turn")] = 5,
    seed: Annotated[int, typer.Option(help="of the folds")] = 0,
    held: Annotated[int, typer.Option(help="how many of the parts are held out; 0 = all in turn")] = 0,
) -> None:
    """Print the table."""
    runs = netcdf.read_dataset(file)
    runs = runs.isel(case=runs["status"].values.astype(str) == "ok").load()
    parts = held_out(runs, folds, seed)[: held or folds]
    print("| design | electricity | gas | savings (90 % by chance) | worst | wrong verdicts | covered by 90 % | doubt"
          " | s per fold |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, method in METHODS.items():
        print(row(name, method, runs, parts), flush=True)


if __name__ == "__main__":
    typer.run(main)
