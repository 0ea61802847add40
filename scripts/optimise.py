"""Stage `optimise`: choose the portfolio of every scenario from simulated baselines and predicted savings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr
from rich.console import Console
from rich.progress import Progress

import netcdf
from buildings import Building
from buildings.package_grid import PackageGrid, package_grid
from optimiser import Rules
from optimiser import optimise as choose
from optimiser.budget_curve import budget_curve, curve_budgets_cny
from optimiser.calibrated import baseline_words, with_baseline
from optimiser.candidates import Array, Doubt, Forecast, Memory, Question, assemble_cube
from optimiser.forecast import forecast
from optimiser.prices import scenario_prices, without_pairs
from optimiser.scenario import named_scenarios
from scripts import calibrate, direct, fit, simulate
from scripts.context import Context
from scripts.provenance import write
from sim import Surrogate
from sim.engine.findings import barred_from_fitting
from weather.solar import pv_yield

FILE = "portfolio.nc"


def scenario_rules(context: Context) -> dict[str, Rules]:
    """Return the rules of every scenario by its name."""
    block = context.study.optimiser
    return {scenario.name: block.rules_of(scenario) for scenario in block.scenarios}


def question(context: Context) -> Question:
    """Return what all packages of the study are judged by."""
    basis = next(iter(scenario_rules(context).values())).energy_basis
    return Question(
        context.catalogue, context.study.packages.costs, basis, context.study.optimiser.tariff,
        pv_yield(context.weather).values,
    )


@dataclass
class Forecasts:
    """What one surrogate says of all packages of a building: worked out once, however often the cube is assembled.

    What bills leave unknown of their savings (`doubt`) stays as the study's first surrogate says it: further runs tell
    what a package saves, not how far the building may be from what its bills say.
    """

    context: Context
    surrogate: Surrogate | None
    doubt: Doubt | None = None
    _known: dict[tuple[str, bytes, bytes], Forecast] = field(default_factory=dict)
    parts: Memory = field(default_factory=dict)

    def __call__(self, building: Building, grid: PackageGrid, sizes_kw: Array) -> Forecast:
        """Return the forecast of a building's packages at PV sizes [kW]."""
        if self.surrogate is None or building.building_id in self.context.direct:
            return direct.to_be_filled(len(grid), len(sizes_kw))
        key = building.building_id, grid.choice.tobytes(), sizes_kw.tobytes()
        if key not in self._known:
            self._known[key] = forecast(self.surrogate, building, grid, sizes_kw, self._asked)
        return self._known[key]

    def learnt(self, runs: xr.Dataset) -> Forecasts:
        """Return the forecasts of a surrogate that has seen further runs.

        The buildings of these runs are predicted anew; what was said of the others stays, since runs of one building
        say little of another.
        """
        if self.surrogate is None:
            return self
        buildings = set(runs["building_id"].values.astype(str).tolist())
        kept = {key: value for key, value in self._known.items() if key[0] not in buildings}
        surrogate = self.surrogate.with_runs(to_learn_from(self.context, runs))
        return Forecasts(self.context, surrogate, self.doubt, kept, self.parts)

    @cached_property
    def _asked(self) -> Question:
        return question(self.context)


def to_learn_from(context: Context, runs: xr.Dataset) -> xr.Dataset:
    """Return the runs of buildings that the surrogate speaks for; held-out runs stay unseen."""
    others = np.isin(runs["building_id"].values.astype(str), list(context.direct))
    unseen = np.isin(runs["role"].values.astype(str), ("holdout", "validation"))
    barred = barred_from_fitting(runs, context.study.surrogate.barred_findings)
    return runs.isel(case=np.flatnonzero(~others & ~unseen & ~barred))


def forecasts(context: Context, runs: xr.Dataset) -> Forecasts:
    """Return the forecasts of a surrogate that has seen the runs so far, worked out once for all stages."""
    if "forecasts" not in context.kept:
        context.kept["forecasts"] = Forecasts(context, None)
        if context.predicted_packages:
            surrogate = fit.surrogate(context).with_runs(to_learn_from(context, runs))
            doubt = calibrate.Doubts(context, surrogate, question(context))
            context.kept["forecasts"] = Forecasts(context, surrogate, doubt)
    return context.kept["forecasts"]


def cube_of(context: Context, runs: xr.Dataset, predict: Forecasts) -> xr.Dataset:
    """Return the cube of all packages that a scenario may need: runs where there are any, predictions elsewhere.

    Of a building that is simulated directly the cube holds what was run, and nothing else. Buildings with bills are at
    their posterior mean; what the bills leave unknown is in every standard error.
    """
    asked = question(context)
    buildings = calibrate.final_buildings(context)

    def offers(building: Building) -> PackageGrid:
        grid = package_grid(building, context.catalogue, context.study.packages.measures)
        return direct.finished(building, grid, runs) if building.building_id in context.direct else grid

    scenarios = list(scenario_rules(context).values())
    with _progress(context) as told:
        cube = assemble_cube(buildings, offers, runs, predict, asked, doubt=predict.doubt, scenarios=scenarios,
                             memory=predict.parts, progress=told)
    return direct.with_route(context, with_works(context, with_baseline(cube, calibrate.baselines(context))))


@contextmanager
def _progress(context: Context) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many buildings' packages have been predicted, with the time left."""
    hidden = context.options.quiet or context.options.as_json
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True), disable=hidden, transient=True) as bar:
        task = bar.add_task("predicting packages", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def all_runs(context: Context, found: xr.Dataset) -> xr.Dataset:
    """Return the finished runs, calibrated baselines and runs of direct buildings included, with hourly profiles."""
    runs = calibrate.with_baselines(context, simulate.with_profiles(context, found))
    return direct.with_runs(context, runs, question(context))


def with_works(context: Context, cube: xr.Dataset) -> xr.Dataset:
    """Return the cube with the obligatory works of its buildings, where the study names any."""
    if not context.study.buildings.obligatory_works:
        return cube
    cost = [context.obligatory_works_cny[str(name)] for name in cube["building"].values]
    attrs = {"units": "1", "currency": "CNY", "long_name": "works beside saving energy that a trusteeship must do"}
    return cube.assign(obligatory_works_cost=("building", cost, attrs))


def made_from(context: Context, found: xr.Dataset) -> dict[str, str]:
    """Return what the portfolio is made from."""
    return fit.made_from(context, found) | context.made_from("optimiser", "packages", "buildings")


def labelled_inputs(context: Context, cube: xr.Dataset) -> xr.Dataset:
    """Return the cube with what people know its buildings by."""
    by_id = {b.building_id: b for b in context.buildings}
    kept = [by_id[str(name)] for name in cube["building"].values]
    text = {
        "building_name": ("name", "name of the building"), "town": ("town", "town or street office"),
        "source_system": ("source_system", "source system today"), "vintage": ("vintage", "design code of its time"),
    }
    numbers = {"latitude_deg": ("latitude", "degree_north"), "longitude_deg": ("longitude", "degree_east")}
    columns = {
        name: ("building", [str(getattr(b, key) or "") for b in kept], {"long_name": said})
        for name, (key, said) in text.items()
    }
    places = {
        name: ("building", [float(getattr(b, key) or np.nan) for b in kept], {"units": unit, "long_name": name})
        for key, (name, unit) in numbers.items()
    }
    return cube.assign(columns | places)


def planning_curve(context: Context, cube: xr.Dataset) -> xr.Dataset | None:
    """Return the saving over budgets beside the present ways of planning, where the scenarios are budgets."""
    rules = scenario_rules(context)
    first = next(iter(rules.values()))
    if first.yearly_budget_cny is not None:
        return None
    budgets = curve_budgets_cny([rule.budget_cny for rule in rules.values() if isinstance(rule.budget_cny, float)])
    return budget_curve(cube, first, budgets) if budgets else None


def curve_and_prices(context: Context, cube: xr.Dataset, verification: xr.Dataset) -> xr.Dataset:
    """Return what money and rules are worth: the saving over budgets, and the price of each rule of each scenario."""
    pairs = [line.split(": ", 1) for line in str(verification.attrs.get("forbidden", "")).splitlines()]
    allowed = without_pairs(cube, [(building, package) for building, package in pairs])
    prices = scenario_prices(allowed, named_scenarios(scenario_rules(context)))
    curve = planning_curve(context, allowed)
    return prices if curve is None else xr.merge([curve, prices], combine_attrs="drop_conflicts")


def timeless(portfolio: xr.Dataset) -> xr.Dataset:
    """Leave the clock out: the same study gives the same file, however fast the machine was."""
    return portfolio.drop_vars("solve_seconds", errors="ignore")


def write_portfolio(
    context: Context, portfolio: xr.Dataset, cube: xr.Dataset, found: xr.Dataset, verification: xr.Dataset | None = None
) -> None:
    """Write `portfolio.nc` with the cube, and with the verification where there is one."""
    groups = {"inputs": labelled_inputs(context, cube)}
    if verification is not None:
        groups["verification"] = verification
        groups["frontier"] = curve_and_prices(context, cube, verification)
    calibration = calibrate.calibration(context)
    if calibration is not None:
        groups["calibration"] = calibration
    facts = {"baseline": baseline_words(cube)}
    facts |= {"verified": str(int(verification is not None)), "groups": " ".join(groups)}
    write(
        context, FILE, timeless(portfolio).assign(baseline=cube["baseline"]).assign_attrs(facts),
        made_from(context, found), title="Chosen retrofits", groups=groups,
    )


def stage(context: Context) -> None:
    """Assemble the cube, choose, and write `portfolio.nc`."""
    found = simulate.simulations(context)
    runs = all_runs(context, found)
    cube = cube_of(context, runs, forecasts(context, runs))
    portfolio = choose(cube, scenario_rules(context))
    write_portfolio(context, portfolio, cube, found)
    lost = simulate.failed_baselines(context, found)
    if lost:
        context.say(f"Left out of the choice, since the baseline failed: {len(lost)} buildings")
    for line in lost:
        context.say(line)
    context.say(f"Chosen: {portfolio.sizes['scenario']} scenarios over {portfolio.sizes['building']} buildings.")


def is_current(context: Context, *, verified: bool) -> bool:
    """Tell whether `portfolio.nc` is of these inputs, and verified if asked."""
    if not context.workspace.path(FILE).is_file():
        return False
    wanted = made_from(context, simulate.simulations(context))
    if not context.workspace.is_current(FILE, wanted):
        return False
    return not verified or str(netcdf.read_attributes(context.workspace.path(FILE)).get("verified")) == "1"


def portfolio(context: Context) -> tuple[xr.Dataset, xr.Dataset]:
    """Return portfolio and cube of `portfolio.nc`, chosen anew where they are not of these inputs."""
    if not is_current(context, verified=False):
        stage(context)
    path = context.workspace.path(FILE)
    return netcdf.read_dataset(path), netcdf.read_dataset(path, "inputs")
