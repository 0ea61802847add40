"""Packages as arrays: those of the list, predicted as by themselves, and none left out that a plan needs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import weather
from buildings import apply_package, capital_cost_cny, enumerate_packages, load_catalogue, read_registry
from buildings.costs import life_years, upkeep_cny_per_year
from buildings.datafile import DATA_DIR
from buildings.measures import QUANTITIES
from buildings.package_grid import package_grid
from optimiser import Rules, optimise
from optimiser.calibrated import saving_doubt_kwh
from optimiser.candidates import Question, assemble_cube
from optimiser.forecast import forecast
from optimiser.money.tariffs import electricity_cost_cny, gas_cost_cny, pv_value_cny, tariff_of
from optimiser.reduction import Offer, front, needed
from optimiser.self_use import self_used_kwh
from sim.calendar import load_calendar
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.calibration_priors import prior_of
from sim.surrogate.climate import climate_of
from sim.surrogate.coefficients import start_values
from sim.surrogate.inputs import numbers, read_table
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Learned
from vocabulary import SOURCE_SYSTEMS, check

MEASURES = ("source_vrf", "source_high_efficiency_plant", "led", "led_high_efficacy", "window_replacement",
            "plant_optimisation", "ec_fan_coils", "room_control", "co2_demand_ventilation")
TARIFF = "shanghai_two_part_tou"


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


@pytest.fixture(scope="module")
def offices():
    found = read_registry(DATA_DIR / "jiading_sample.csv")
    return [next(b for b in found if b.source_system == system) for system in ("chiller_boiler", "split")]


@pytest.fixture(scope="module")
def surrogate():
    year = weather.make_typical_year("shanghai", seed=0)
    climate = climate_of(year.assign(is_workday=("hour", np.repeat(load_calendar().workdays, 24))))
    learned = Learned(start_values(), {}, {}, {}, None, np.ones(3))
    return Surrogate(climate, learned, {n: (-1e9, 1e9) for n in numbers()}, SOURCE_SYSTEMS, {}, {})


@pytest.fixture(scope="module")
def question(catalogue):
    sun = np.maximum(np.sin((np.arange(8760) % 24 - 6) * np.pi / 12), 0.0) ** 2 * 0.6
    return Question(catalogue, "mid", "calorific", TARIFF, sun)


@pytest.fixture(scope="module")
def baselines(offices, surrogate):
    said = surrogate.predict(design_table([b.design for b in offices]), hourly=True)
    return said.assign(building_id=("case", [b.building_id for b in offices]), package_id=("case", ["none"] * 2),
                       status=("case", ["ok"] * 2))


def cube_of(offices, surrogate, question, baselines, scenarios, doubt=None):
    return assemble_cube(
        offices, lambda b: package_grid(b, question.catalogue, MEASURES), baselines,
        lambda b, grid, sizes: forecast(surrogate, b, grid, sizes, question), question, doubt=doubt,
        scenarios=scenarios,
    )


@pytest.fixture(scope="module")
def whole(offices, surrogate, question, baselines):
    return cube_of(offices, surrogate, question, baselines, None)


@pytest.mark.parametrize("place", range(0, 12, 2))
def test_the_grid_holds_the_packages_of_the_list(catalogue, place):
    building = read_registry(DATA_DIR / "jiading_sample.csv")[place]
    grid = package_grid(building, catalogue, MEASURES)
    labels = [grid.package(row).label for row in range(len(grid))]
    assert labels[0] == "none"
    assert len(set(labels)) == len(labels)
    assert set(labels) == {p.label for p in enumerate_packages(building, catalogue, MEASURES)}


def test_the_table_of_a_grid_holds_the_designs_of_its_packages(catalogue, offices):
    for building in offices:
        grid = package_grid(building, catalogue)
        rows = np.unique(np.append(0, np.random.default_rng(1).integers(0, len(grid), 40)))
        designs = [apply_package(building.design, grid.package(row), catalogue) for row in rows]
        expected, found = read_table(design_table(designs)), offer_table(building, grid)
        for name in expected.values:
            np.testing.assert_array_equal(found[name][rows], expected[name], err_msg=name)


def test_the_cube_says_of_a_package_what_it_says_alone(whole, offices, surrogate, question):
    for building in offices:
        grid = package_grid(building, question.catalogue, MEASURES)
        for row in np.random.default_rng(2).integers(1, len(grid), 5).tolist():
            package = grid.package(row)
            design = design_table([apply_package(building.design, package, question.catalogue)])
            alone = surrogate.predict(design, hourly=True)
            there = whole.sel(building=building.building_id, package=package.label)
            used = there["baseline_carrier_energy"].values - there["carrier_energy_saving"].values
            np.testing.assert_allclose(used, alone["annual_energy_use"].values[0], rtol=1e-9)
            load, tariff = alone["electricity_hourly"].values.astype(float), tariff_of(TARIFF)
            bill = electricity_cost_cny(load, tariff) + gas_cost_cny(used[1])
            saved = float(there["annual_cost_baseline"] - there["annual_cost_saving"])
            assert saved == pytest.approx(float(bill[0]), rel=1e-6)
            sizes = there["pv_capacity_node"].values
            np.testing.assert_allclose(
                there["pv_self_used_node"], self_used_kwh(load, question.pv_yield_kwh_per_kw, sizes)[0], rtol=1e-6)
            worth = [float(pv_value_cny(load, size * question.pv_yield_kwh_per_kw, tariff)[0]) for size in sizes]
            np.testing.assert_allclose(there["pv_annual_cost_saving_node"], worth, rtol=1e-5, atol=1e-3)
            quantities = {name: float(alone[name][0]) for name in QUANTITIES}
            assert float(there["capital_cost"]) == pytest.approx(
                float(capital_cost_cny(package, quantities, question.catalogue)), rel=1e-9)
            assert float(there["annual_upkeep_cost"]) == pytest.approx(
                float(upkeep_cny_per_year(package, quantities, question.catalogue)), rel=1e-9)
            assert float(there["package_life"]) == pytest.approx(
                float(life_years(package, quantities, question.catalogue)), rel=1e-9)


@pytest.mark.parametrize("changes", [
    {}, {"objective": "net_present_value"}, {"lanes": ("own_funds", "shared_savings")}, {"objective": "carbon"},
    {"pv_in_floor": "none"}, {"floor_scope": "portfolio"}, {"exclusions": (("led", "room_control"),)},
    {"budget_parts": ({"name": "windows", "amount_cny": 3e5, "measures": ("window_replacement",)},)},
])
def test_what_is_left_out_is_never_missed(whole, offices, surrogate, question, baselines, changes):
    scenarios = {f"budget_{b:.0f}": Rules(budget_cny=b, mip_gap=1e-7, **changes) for b in (8e5, 2e6, 4e6)}
    less = cube_of(offices, surrogate, question, baselines, list(scenarios.values()))
    assert less.attrs["packages_predicted"] == int(whole["available"].sum()) - len(offices)
    assert less.attrs["packages_left_out"] > 0.4 * less.attrs["packages_predicted"]
    assert int(less["available"].sum()) + less.attrs["packages_left_out"] == int(whole["available"].sum())
    few, all_ = (optimise(cube, scenarios)["objective_value"].values for cube in (less, whole))
    np.testing.assert_allclose(few, all_, rtol=1e-6)


def test_what_was_simulated_stays_and_makes_nothing_needless(offices, catalogue):
    """A run may forbid a package later: what it would have beaten must still be there then."""
    grid = package_grid(offices[1], catalogue, ["led", "room_control", "plug_load_management"])
    pairs = np.flatnonzero(grid.sizes() == 2)
    assert len(pairs) == 3
    n = len(grid)
    cost, saving, nothing = np.full(n, 9.0), np.zeros(n), np.zeros(n)
    cost[pairs], saving[pairs] = [1.0, 2.0, 3.0], [5.0, 4.0, 3.0]
    offer = Offer("x", grid, cost, nothing, nothing, saving, nothing, nothing, nothing, *np.zeros((2, n, 2)))
    fixed = np.zeros(n, dtype=bool)
    assert needed(offer, [Rules(budget_cny=10.0)], fixed)[pairs].tolist() == [True, False, False]
    fixed[pairs[0]] = True
    assert needed(offer, [Rules(budget_cny=10.0)], fixed)[pairs].tolist() == [True, True, False]
    named = Rules(budget_cny=10.0, forbid=(("x", grid.package(int(pairs[0])).label),))
    assert needed(offer, [named], fixed & False)[pairs].tolist() == [True, True, False]


def test_a_run_takes_the_place_of_the_prediction(offices, surrogate, question, baselines, whole):
    office = offices[1]
    grid = package_grid(office, question.catalogue, MEASURES)
    package = grid.package(len(grid) - 1)
    run = surrogate.predict(design_table([apply_package(office.design, package, question.catalogue)]), True)
    run = run.assign(building_id=("case", [office.building_id]), package_id=("case", [package.label]),
                     status=("case", ["ok"]), energy_use=0.9 * run["energy_use"])
    cube = cube_of(offices, surrogate, question, xr.concat([baselines, run], "case"), [Rules(budget_cny=2e6)])
    there, before = (c.sel(building=office.building_id, package=package.label) for c in (cube, whole))
    assert bool(there["simulated"])
    assert float(there["energy_saving_std"]) == 0.0
    used = float(there["baseline_energy"] - before["energy_saving"])
    assert float(there["energy_saving"]) == pytest.approx(float(there["baseline_energy"]) - 0.9 * used, rel=1e-9)


class Doubts:
    """Stands for what bills leave unknown: drawn for each package, or much of some and little of the others."""

    def __init__(self, whole, much_of=None):
        self.baseline = dict(zip(whole["building"].values, whole["baseline_energy"].values, strict=True))
        self.much_of, self.known = much_of, {}

    def __call__(self, building, grid):
        name = building.building_id
        if name not in self.known:
            self.known[name] = np.where(grid.sizes() > 0, self._parts(name, grid) * self.baseline[name], 0.0)
        return self.known[name]

    def _parts(self, name, grid):
        if self.much_of is None:
            return 0.3 * np.random.default_rng(len(grid)).random(len(grid))
        kept = self.much_of["package"].values[self.much_of["available"].sel(building=name).values]
        return np.where([grid.package(row).label in kept for row in range(len(grid))], 0.5, 0.01)

    def of(self, offices, cube):
        """Return the doubt of each package of a cube, found by its label; 0 where it is not offered."""
        doubt = xr.zeros_like(cube["energy_saving_std"])
        for office in offices:
            grid = package_grid(office, load_catalogue(), MEASURES)
            for label in cube["package"].values[cube["available"].sel(building=office.building_id).values]:
                row = grid.row_of([] if label == "none" else label.split("+"))
                doubt.loc[{"building": office.building_id, "package": label}] = self(office, grid)[row]
        return doubt


@pytest.mark.parametrize("changes", [{}, {"floor_scope": "portfolio"}])
def test_packages_that_are_sure_enough_stay_where_bills_leave_much_unknown(
        whole, offices, surrogate, question, baselines, changes):
    """Would catch: packages left out by the surrogate's error alone, the building's doubt added afterwards."""
    scenarios = {f"budget_{b:.0f}": Rules(budget_cny=b, mip_gap=1e-7, floor_confidence=0.95, pv_in_floor="none",
                                          **changes) for b in (8e5, 2e6, 4e6)}
    rules = list(scenarios.values())
    late = cube_of(offices, surrogate, question, baselines, rules)
    doubts = Doubts(whole, much_of=late)
    every = cube_of(offices, surrogate, question, baselines, None, doubts)
    less = cube_of(offices, surrogate, question, baselines, rules, doubts)
    assert less.attrs["packages_left_out"] > 0.2 * less.attrs["packages_predicted"]
    late["energy_saving_std"] = doubts.of(offices, late).assign_attrs(every["energy_saving_std"].attrs)
    all_, few, fault = (optimise(cube, scenarios)["objective_value"].values for cube in (every, less, late))
    np.testing.assert_allclose(few, all_, rtol=1e-6)
    assert (fault < 0.99 * all_).any()  # else this test could not tell


@pytest.mark.parametrize("reduced", [False, True])
def test_every_package_has_its_own_doubt_beside_the_surrogates_error(
        whole, offices, surrogate, question, baselines, reduced):
    """Would catch: the doubt of another row, also of the rows before some were left out."""
    doubts, rules = Doubts(whole), [Rules(budget_cny=2e6)] if reduced else None
    cube = cube_of(offices, surrogate, question, baselines, rules, doubts)
    expected = doubts.of(offices, cube)
    assert (expected.values > 0).sum() > 20
    xr.testing.assert_allclose(cube["energy_saving_std_building"], expected)
    alone = whole["energy_saving_std"].sel(package=cube["package"]).where(cube["available"], 0.0)
    np.testing.assert_allclose(cube["energy_saving_std"], np.hypot(alone, expected))
    check(cube["energy_saving_std_building"], "energy_saving_std_building")
    assert (whole["energy_saving_std_building"] == 0).all()


def test_a_run_leaves_what_the_bills_leave_unknown(offices, surrogate, question, baselines, whole):
    """Would catch: a simulated saving held for certain though the building is not known so well."""
    office, doubts = offices[1], Doubts(whole)
    grid = package_grid(office, question.catalogue, MEASURES)
    package = grid.package(len(grid) - 1)
    run = surrogate.predict(design_table([apply_package(office.design, package, question.catalogue)]), True)
    run = run.assign(building_id=("case", [office.building_id]), package_id=("case", [package.label]),
                     status=("case", ["ok"]))
    simulated = xr.concat([baselines, run], "case")
    cube = cube_of(offices, surrogate, question, simulated, [Rules(budget_cny=2e6)], doubts)
    there = cube.sel(building=office.building_id, package=package.label)
    assert bool(there["simulated"])
    assert float(there["energy_saving_std"]) == doubts(office, grid)[-1] > 0
    assert (cube["energy_saving_std"].sel(package="none") == 0).all()


def test_a_part_in_memory_is_made_anew_where_the_doubt_is_another(whole, offices, question, baselines, surrogate):
    """Would catch: a part of a cube without doubt handed out for one with doubt."""
    known, memory = {}, {}

    def predict(b, grid, sizes):
        key = b.building_id, len(grid), len(sizes)
        return known.setdefault(key, forecast(surrogate, b, grid, sizes, question))

    found = [assemble_cube(offices, lambda b: package_grid(b, question.catalogue, MEASURES), baselines, predict,
                           question, doubt=doubt, memory=memory) for doubt in (None, Doubts(whole))]
    assert [bool((cube["energy_saving_std_building"] > 0).any()) for cube in found] == [False, True]


def test_doubt_is_the_spread_of_each_saving_over_the_draws(offices, surrogate, question):
    """Would catch: the spread of energy instead of saving, draws and packages mixed up, another basis."""
    office, prior = offices[0], prior_of(offices[0])
    grid = package_grid(office, question.catalogue, ["led", "source_vrf", "window_replacement"])
    parts = np.random.default_rng(3).uniform(0.3, 0.7, (4, len(prior.names)))
    draws = [prior.design(office.design, prior.low + part * (prior.high - prior.low)) for part in parts]
    found = saving_doubt_kwh(surrogate, draws, grid, question, most=48, seed=0)
    for row in range(1, len(grid)):
        saved = []
        for draw in draws:
            pair = design_table([draw, apply_package(draw, grid.package(row), question.catalogue)])
            before, after = surrogate.predict(pair)["basis_energy"].values
            saved.append(before - after)
        assert found[row] == pytest.approx(np.std(saved, ddof=1), rel=1e-6)
    assert found[0] == 0.0
    assert np.ptp(found[1:]) > 0
    alike = saving_doubt_kwh(surrogate, draws[:1] * 3, grid, question, most=48, seed=0)
    assert np.abs(alike).max() < 1e-6 * found.max()


@settings(max_examples=60, deadline=None)
@given(costs=arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(0, 5).map(float)))
def test_the_front_is_what_brute_force_finds(costs):
    def beaten(i):
        return any((costs[j] <= costs[i]).all() and (j < i or (costs[j] < costs[i]).any())
                   for j in range(len(costs)) if j != i)

    assert front(costs).tolist() == [i for i in range(len(costs)) if not beaten(i)]
