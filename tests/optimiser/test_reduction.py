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
from optimiser.candidates import Question, assemble_cube
from optimiser.forecast import forecast
from optimiser.money.tariffs import electricity_cost_cny, gas_cost_cny, pv_value_cny, tariff_of
from optimiser.reduction import Offer, front, needed
from optimiser.self_use import self_used_kwh
from sim.calendar import load_calendar
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.climate import climate_of
from sim.surrogate.coefficients import start_values
from sim.surrogate.inputs import numbers, read_table
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Learned
from vocabulary import SOURCE_SYSTEMS

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


def cube_of(offices, surrogate, question, baselines, scenarios):
    return assemble_cube(
        offices, lambda b: package_grid(b, question.catalogue, MEASURES), baselines,
        lambda b, grid, sizes: forecast(surrogate, b, grid, sizes, question), question, scenarios=scenarios,
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


@settings(max_examples=60, deadline=None)
@given(costs=arrays(float, st.tuples(st.integers(1, 40), st.integers(1, 4)), elements=st.integers(0, 5).map(float)))
def test_the_front_is_what_brute_force_finds(costs):
    def beaten(i):
        return any((costs[j] <= costs[i]).all() and (j < i or (costs[j] < costs[i]).any())
                   for j in range(len(costs)) if j != i)

    assert front(costs).tolist() == [i for i in range(len(costs)) if not beaten(i)]
