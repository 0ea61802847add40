"""Print how good made years are: normals kept, statistics beside real files, energy of the sample offices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr

from buildings import Building, read_registry
from weather import City, load_city, make_typical_year, read_epw
from weather.city import Spread
from weather.normals import city_of
from weather.repair import repair
from weather.solar import pv_yield
from weather.spread import spread_of
from weather.statistics import largest_deviations, summary

_REGISTRY = Path(__file__).parent.parent / "buildings" / "data" / "jiading_sample.csv"


@dataclass(frozen=True)
class Energy:
    """Annual cooling electricity and heating of each office under one year [kWh]."""

    cooling: np.ndarray
    heating: np.ndarray


def kept_normals(city: City, seeds: int) -> list[str]:
    """Return table (1): largest deviations of monthly means from the normals over the seeds."""
    normals = city.normals
    given = normals.temperature_c.array, normals.global_radiation_wh_per_m2_day.array
    off = np.array([largest_deviations(make_typical_year(city, seed), *given) for seed in range(seeds)]).max(axis=0)
    return [
        "| largest deviation of a month from its normal | found | asked |", "|---|---|---|",
        f"| dry bulb, K | {off[0]:.4f} | 0.2 |", f"| global radiation, % | {100 * off[1]:.3f} | 2 |",
    ]


def side_by_side(columns: dict[str, xr.Dataset]) -> list[str]:
    """Return table (2): the figures of each year in a column of its own."""
    found = {name: summary(year) for name, year in columns.items()}
    first = next(iter(found.values()))
    lines = ["| figure | " + " | ".join(found) + " |", "|---" * (len(found) + 1) + "|"]
    return lines + [
        f"| {row} | " + " | ".join(f"{figures[row]:.{_digits(figures[row])}f}" for figures in found.values()) + " |"
        for row in first
    ]


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 4 else 2


Measure = Callable[[xr.Dataset], Energy]


def by_engine(names: list[str], store: Path, workers: int) -> Measure:
    """Return what runs the sample offices (all where none is named) under a year; finished runs stay in the store."""
    from sim import simulate
    from sim.plan import baseline_cases

    offices = _offices(names)

    def measure(year: xr.Dataset) -> Energy:
        found = simulate(baseline_cases(offices, "year"), weather=year, store=store, workers=workers, progress="quiet")
        if not (found["status"].values.astype(str) == "ok").all():
            typer.echo(f"runs failed: {found['status'].values}", err=True)
            raise typer.Exit(3)
        typer.echo(f"done: {year.attrs['comments_1'][-60:]}", err=True)
        return _annual(found["energy_use"])

    return measure


def by_network(names: list[str], runs: Path) -> Measure:
    """Return what puts the sample offices through the surrogate's thermal network under a year: seconds, no engine."""
    from netcdf import read_dataset
    from sim import Surrogate
    from sim.case import design_table
    from sim.surrogate.climate import climate_of

    designs = design_table([one.design for one in _offices(names)])
    surrogate = Surrogate.fit(read_dataset(runs), covers=designs)
    workdays = np.repeat(surrogate.climate.workdays, 24)

    def measure(year: xr.Dataset) -> Energy:
        surrogate.climate = climate_of(year.assign(is_workday=("hour", workdays)))
        return _annual(surrogate.predict(designs, errors=False)["energy_use"])

    return measure


def _offices(names: list[str]) -> list[Building]:
    return [one for one in read_registry(_REGISTRY) if not names or one.building_id in names]


def _annual(energy_use: xr.DataArray) -> Energy:
    annual = energy_use.sum("month")
    return Energy(
        annual.sel(carrier="electricity", end_use="cooling").values,
        annual.sel(end_use="heating").sum("carrier").values,
    )


def fed_with(real: xr.Dataset, like: City, seeds: int) -> list[xr.Dataset]:
    """Return years made from a real year's own monthly means, with its design conditions: the same equipment."""
    city = city_of(real, like)
    made = [make_typical_year(city, seed) for seed in range(seeds)]
    for year in made:
        year.attrs["design_conditions"] = real.attrs["design_conditions"]
    return made


def yield_rows(real: xr.Dataset, made: list[xr.Dataset]) -> list[str]:
    """Return the row of table (3) for PV."""
    truth = float(pv_yield(real).sum())
    return _rows(real, {"PV yield": [float(pv_yield(year).sum()) / truth - 1 for year in made]})


def energy_rows(real: xr.Dataset, made: list[xr.Dataset], measure: Measure) -> list[str]:
    """Return the rows of table (3) for the energy of the sample offices."""
    truth = measure(real)
    found = [measure(year) for year in made]
    return _rows(real, {
        "cooling electricity of all offices": [one.cooling.sum() / truth.cooling.sum() - 1 for one in found],
        "heating of all offices": [one.heating.sum() / truth.heating.sum() - 1 for one in found],
        "cooling electricity, worst office": _worst([one.cooling for one in found], truth.cooling),
        "heating, worst office": _worst([one.heating for one in found], truth.heating),
    })


def _rows(real: xr.Dataset, rows: dict[str, list[float]]) -> list[str]:
    return [
        f"| {real.attrs['source']} | {row} | {100 * np.mean(off):+.1f} | "
        + " ".join(f"{100 * one:+.1f}" for one in off) + " |"
        for row, off in rows.items()
    ]


def _worst(made: list[np.ndarray], truth: np.ndarray) -> list[float]:
    """Return the deviations, seed by seed, of the office whose mean deviation is largest."""
    off = np.stack(made) / truth - 1
    return list(off[:, int(np.abs(off.mean(axis=0)).argmax())])


def spread_rows(spread: Spread) -> list[str]:
    """Return the lines of a city file that hold the spread."""
    return [
        f"  {name}: [{', '.join(f'{value:.2f}' for value in row.values)}]   # {row.source}"
        for name in Spread.model_fields for row in [getattr(spread, name)]
    ]


def main(
    files: Annotated[list[Path], typer.Argument(help="real EPW years; they are repaired first")],
    store: Annotated[Path, typer.Option(help="folder of runs")] = Path("out/weather_runs"),
    seeds: Annotated[int, typer.Option(min=1, help="made years per real one")] = 5,
    city: Annotated[str, typer.Option(help="city whose spread and shapes are used")] = "shanghai",
    office: Annotated[list[str] | None, typer.Option(help="only these buildings of the sample")] = None,
    runs: Annotated[bool, typer.Option(help="run the offices too, for table (3)")] = True,
    workers: Annotated[int, typer.Option(min=1, help="engine runs at once")] = 2,
    network: Annotated[Path | None, typer.Option(help="training runs: a thermal network, not the engine")] = None,
    strict: Annotated[bool, typer.Option(help="table (3): measure the spread in the other files only")] = False,
    spread: Annotated[bool, typer.Option(help="print the spread of the files, no tables")] = False,
) -> None:
    """Print the three tables as Markdown.

    Example: python -m scripts.weather_table --store out/weather_runs CSWD.epw HONGQIAO.epw
    """
    like = load_city(city)
    real = [repair(read_epw(path))[0] for path in files]
    if spread:
        typer.echo("\n".join(spread_rows(spread_of(real, like.spread))))
        return
    measure = by_network(office or [], network) if network else by_engine(office or [], store, workers)
    lines = kept_normals(like, seeds)
    made = {f"made, seed {seed}": make_typical_year(like, seed) for seed in range(2)}
    lines += ["", *side_by_side({**made, **{str(year.attrs["source"]): year for year in real}}), ""]
    lines += ["| fed with the means of | figure | mean, % | seed by seed, % |", "|---|---|---|---|"]
    for year in real:
        others = [one for one in real if one is not year]
        base = like.model_copy(update={"spread": spread_of(others, like.spread)}) if strict and others else like
        fed = fed_with(year, base, seeds)
        lines += yield_rows(year, fed) + (energy_rows(year, fed, measure) if runs else [])
    typer.echo("\n".join(lines))


if __name__ == "__main__":
    typer.run(main)
