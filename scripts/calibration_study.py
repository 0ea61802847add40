"""How well calibration finds what is known: bills made by the engine from drawn parameters, with noise.

Each building gets parameters drawn evenly from their ranges; the engine runs it so, as it is and with packages; its
months with noise are the bills; calibration sees only bills and registry. Printed: how often the intervals hold the
drawn parameters, the error of each package's energy, how often the interval of a promised saving holds the true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import norm

import weather
from buildings import Building, Catalogue, Package, apply_package, enumerate_packages, load_catalogue, read_registry
from buildings.bill_periods import Bills
from buildings.design import Design
from sim import Surrogate, simulate
from sim.case import Case, design_table
from sim.surrogate.calibration import Fitted, Weathers, calibrate
from sim.surrogate.calibration_priors import prior_of, within
from sim.surrogate.calibration_table import verdict

Array = NDArray[np.float64]
LAST_YEAR = 2025
_CLOSE = 0.03


@dataclass(frozen=True)
class Known:
    """A building whose parameters are known, and the packages tried on it, `none` first."""

    building: Building
    values: Array
    design: Design
    packages: tuple[Package, ...]

    def cases(self, catalogue: Catalogue) -> list[Case]:
        """Return what the engine runs."""
        designs = [apply_package(self.design, p, catalogue) if p.measures else self.design for p in self.packages]
        return [
            Case(building_id=self.building.building_id, package_id=package.label, weather_id="study",
                 role="validation", design=design)
            for package, design in zip(self.packages, designs, strict=True)
        ]


@dataclass(frozen=True)
class Found:
    """What calibration said of one known building."""

    covered: NDArray[np.bool_]
    width: Array
    energy_error: Array
    energy_std: Array
    saving_true: Array
    saving_said: Array
    saving_std: Array
    passed: bool


def known_buildings(
    registry: Sequence[Building], surrogate: Surrogate, catalogue: Catalogue, count: int, packages: int,
    measures: Sequence[str] | None, seed: int,
) -> list[Known]:
    """Draw parameters and packages for buildings of the registry, again from its start where it is too short."""
    rng = np.random.default_rng(seed)
    usable = [b for b in registry if b.design.source_system in surrogate.systems]
    found = []
    for number in range(count):
        building = usable[number % len(usable)]
        prior = within(prior_of(building), surrogate.ranges)
        values = prior.low + (prior.high - prior.low) * rng.random(len(prior.names))
        offered = [p for p in enumerate_packages(building, catalogue, measures) if p.measures]
        chosen = rng.choice(len(offered), min(packages, len(offered)), replace=False)
        named = building.model_copy(update={"building_id": f"{building.building_id}_{number:03d}"})
        found.append(Known(named, values, prior.design(building.design, values),
                           (Package(), *(offered[i] for i in chosen))))
    return found


def noisy_bills(year_kwh: Array, years: int, noise: float, rng: np.random.Generator) -> Bills:
    """Return bills of some years, all with the weather of the run, each month with noise of its own.

    Parameters
    ----------
    year_kwh : ndarray (carrier, 12)
        What the building used [kW h].
    years : int
        Years of bills, up to 2025.
    noise : float
        Relative standard deviation of a month's bill [1].
    rng : numpy.random.Generator
        Of the noise.
    """
    asked = range(LAST_YEAR - years + 1, LAST_YEAR + 1)
    months = tuple(f"{year}-{month:02d}" for year in asked for month in range(1, 13))
    energy = np.tile(year_kwh, years)
    return Bills(months, energy * (1 + noise * rng.standard_normal(energy.shape)), np.zeros(len(months), dtype=bool))


def judged(known: Known, runs: xr.Dataset, surrogate: Surrogate, catalogue: Catalogue, years: int, noise: float,
           rng: np.random.Generator) -> Found:
    """Calibrate one building on noisy bills of its first run and hold the answer against what is known."""
    months = runs["energy_use"].sum("end_use").transpose("case", "carrier", "month").values
    own_years = frozenset(range(LAST_YEAR - years + 1, LAST_YEAR + 1))
    fitted = calibrate(known.building, noisy_bills(months[0], years, noise, rng),
                       Weathers(surrogate, {}, own_years=own_years))
    weights = np.array([1.0, 0.9995])
    said, deviation, draws = _said(fitted, known, surrogate, catalogue)
    true = months.sum(2) @ weights
    doubt = (draws[:, :1] - draws[:, 1:]).std(axis=0, ddof=1)
    return Found(
        covered=(fitted.low <= known.values) & (known.values <= fitted.high),
        width=(fitted.high - fitted.low) / (fitted.prior.high - fitted.prior.low),
        energy_error=said / true - 1.0, energy_std=np.hypot(draws.std(axis=0, ddof=1), deviation) / true,
        saving_true=true[0] - true[1:], saving_said=said[0] - said[1:], saving_std=np.hypot(doubt, deviation[1:]),
        passed=verdict(fitted).passed,
    )


def _said(fitted: Fitted, known: Known, surrogate: Surrogate, catalogue: Catalogue) -> tuple[Array, Array, Array]:
    """Return energy of all packages at the posterior mean with the surrogate's error, and at every draw [kW h]."""
    def table(design: Design) -> list[Design]:
        return [apply_package(design, p, catalogue) if p.measures else design for p in known.packages]

    mean = surrogate.predict(design_table(table(fitted.design)), range_margin=0.5)
    rows = [design for drawn in fitted.drawn_designs() for design in table(drawn)]
    drawn = surrogate.predict(design_table(rows), errors=False, range_margin=0.5)["basis_energy"].values
    return (np.asarray(mean["basis_energy"].values), np.asarray(mean["basis_energy_std"].values),
            drawn.reshape(-1, len(known.packages)))


def summary(found: Sequence[Found], interval: float = 0.90) -> list[str]:
    """Return what was found, one line per number."""
    covered = np.concatenate([f.covered for f in found])
    error = np.abs(np.concatenate([f.energy_error[1:] for f in found]))
    expected = 2 * norm.cdf(_CLOSE / np.concatenate([f.energy_std[1:] for f in found])) - 1
    parts = ("saving_true", "saving_said", "saving_std")
    true, said, std = (np.concatenate([getattr(f, part) for f in found]) for part in parts)
    inside = np.abs(true - said) <= norm.ppf(0.5 + interval / 2) * std
    width = np.concatenate([f.width for f in found])
    return [
        f"buildings {len(found)}, parameters {len(covered)}: {covered.mean():.1%} in their {interval:.0%} interval "
        f"(mean width {width.mean():.2f} of the prior's range)",
        f"packages {len(error)}: energy within {_CLOSE:.0%} in {np.mean(error <= _CLOSE):.1%} (what bills, ranges and "
        f"surrogate leave open lets expect {expected.mean():.1%}), median error {np.median(error):.2%}, largest "
        f"{error.max():.2%}",
        f"savings {len(true)}: {inside.mean():.1%} in their {interval:.0%} interval; WMAPE "
        f"{np.abs(true - said).sum() / np.abs(true).sum():.1%}, mean z {np.mean((said - true) / std):+.2f}",
        f"gate passed: {sum(f.passed for f in found)} of {len(found)}",
    ]


def main(
    surrogate_file: Annotated[Path, typer.Argument(help="surrogate.nc")],
    registry: Annotated[Path, typer.Argument(help="registry of buildings")],
    store: Annotated[Path, typer.Option(help="folder of runs; a stopped study goes on")],
    buildings: Annotated[int, typer.Option(help="how many known buildings")] = 60,
    packages: Annotated[int, typer.Option(help="packages tried on each")] = 5,
    years: Annotated[int, typer.Option(min=1, help="years of bills")] = 1,
    noise: Annotated[float, typer.Option(help="relative noise of the bills")] = 0.05,
    seed: Annotated[int, typer.Option(help="of parameters, packages and noise")] = 1,
    city: Annotated[str, typer.Option(help="weather year, as the surrogate was trained in")] = "shanghai",
    measures: Annotated[str, typer.Option(help="measures offered, with commas; all without")] = "",
) -> None:
    """Make bills from known parameters by the engine, calibrate on them, and print how well it was found.

    Example: python -m scripts.calibration_study sim/data/shanghai_office.nc buildings/data/jiading_illustrative.csv
    --store DIR --buildings 60 --packages 5
    """
    surrogate, catalogue = Surrogate.load(surrogate_file), load_catalogue()
    known = known_buildings(read_registry(registry), surrogate, catalogue, buildings, packages,
                            measures.split(",") if measures else None, seed)
    cases = [case for each in known for case in each.cases(catalogue)]
    runs = simulate(cases, weather=weather.make_typical_year(city), store=store, progress="quiet")
    names, good = runs["building_id"].values.astype(str), runs["status"].values.astype(str) == "ok"
    rng, found = np.random.default_rng(seed + 1), []
    for each in known:
        own = np.flatnonzero(names == each.building.building_id)
        if good[own].all():
            found.append(judged(each, runs.isel(case=own), surrogate, catalogue, years, noise,
                                rng))
    typer.echo(f"{len(known) - len(found)} buildings left out: an engine run failed")
    for line in summary(found):
        typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
