from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcdf
from buildings import Package, capital_cost_cny, enumerate_packages, load_catalogue, read_registry
from buildings.costs import (
    life_years,
    lives_years,
    measure_costs_cny,
    pv_capacity_max_kw,
    pv_cost_cny_per_kw,
    upkeep_cny_per_year,
)
from buildings.datafile import DATA_DIR
from buildings.measures import QUANTITIES
from vocabulary import InputError

CATALOGUE = load_catalogue()
RUNS = Path(__file__).parents[1] / "data" / "surrogate_runs.nc"
PACKAGES = enumerate_packages(read_registry(DATA_DIR / "jiading_sample.csv")[8], CATALOGUE)
AMOUNTS = st.fixed_dictionaries({name: st.floats(0, 1e6) for name in QUANTITIES})


@settings(deadline=None)
@given(st.sampled_from(PACKAGES), AMOUNTS)
def test_levels_ascend_and_measures_add_up(package, amounts):
    low, mid, high = (capital_cost_cny(package, amounts, CATALOGUE, level) for level in ("low", "mid", "high"))
    assert 0 <= low <= mid <= high
    parts = sum(capital_cost_cny(name, amounts, CATALOGUE) for name in package.measures)
    assert mid == pytest.approx(parts)
    assert 0 <= upkeep_cny_per_year(package, amounts, CATALOGUE) <= 0.1 * mid + 1e-9


@settings(deadline=None)
@given(st.sampled_from(PACKAGES), AMOUNTS, st.floats(0.1, 10))
def test_cost_grows_in_proportion(package, amounts, factor):
    larger = {name: amount * factor for name, amount in amounts.items()}
    assert capital_cost_cny(package, larger, CATALOGUE) == pytest.approx(
        factor * capital_cost_cny(package, amounts, CATALOGUE))


@settings(deadline=None)
@given(st.sampled_from(PACKAGES), AMOUNTS)
def test_life_lies_between_its_measures(package, amounts):
    lives = lives_years(package, CATALOGUE)
    life = life_years(package, amounts, CATALOGUE)
    if not lives:
        assert life == 0.0
    else:
        assert min(lives.values()) - 1e-9 <= life <= max(lives.values()) + 1e-9


def test_by_hand():
    """LED 40 CNY/m2 on 9 400 m2, high-efficiency plant 1 400 CNY/kW on 900 kW, boiler 380 CNY/kW on 600 kW."""
    amounts = {"floor_area": 9400.0, "cooling_capacity": 900.0, "heating_capacity": 600.0}
    label = "led+source_high_efficiency_plant_condensing"
    assert capital_cost_cny(label, amounts, CATALOGUE) == pytest.approx(376_000 + 1_260_000 + 228_000)
    assert measure_costs_cny(label, amounts, CATALOGUE)["led"] == pytest.approx(376_000)


def test_arrays_give_arrays():
    amounts = {"floor_area": np.array([1000.0, 2000.0, np.nan])}
    cost = capital_cost_cny("led", amounts, CATALOGUE)
    np.testing.assert_array_equal(cost, [40_000.0, 80_000.0, np.nan])
    assert capital_cost_cny(Package(), amounts, CATALOGUE) == 0.0


def test_missing_and_negative_quantities_are_all_named():
    with pytest.raises(InputError) as error:
        capital_cost_cny("led+pump_tower_vfd", {"floor_area": -1.0, "pump_motor_power": 5.0}, CATALOGUE)
    assert "floor_area below 0" in str(error.value)
    assert "tower_fan_power [kW]" in str(error.value)


# Unit prices, life and upkeep of the measure library (engineering estimates, Yangtze delta, 2023-2025), typed in apart
# from measures.yaml: quantity, low, mid, high [CNY per unit], life [year], upkeep [1/year].
LIBRARY = {
    "led": ("floor_area", 25, 40, 65, 10, 0.01),
    "lighting_control": ("floor_area", 10, 20, 35, 10, 0.03),
    "source_high_efficiency_chiller": ("cooling_capacity", 650, 850, 1100, 20, 0.02),
    "source_high_efficiency_plant": ("cooling_capacity", 1000, 1400, 2000, 18, 0.02),
    "source_air_source_heat_pump": ("cooling_capacity", 1000, 1400, 2200, 15, 0.025),
    "source_vrf": ("conditioned_area", 250, 320, 450, 15, 0.025),
    "source_ground_source_heat_pump": ("conditioned_area", 400, 550, 750, 20, 0.015),
    "source_condensing_boiler": ("heating_capacity", 250, 380, 550, 15, 0.02),
    "pump_vfd": ("pump_motor_power", 500, 800, 1300, 12, 0.02),
    "ec_fan_coils": ("terminal_count", 900, 1300, 1900, 12, 0.01),
    "room_control": ("floor_area", 8, 18, 30, 8, 0.05),
    "setpoint_management": ("floor_area", 0, 1, 3, 3, 0.0),
    "energy_recovery_ventilation": ("ventilation_flow", 20, 35, 60, 15, 0.03),
    "co2_demand_ventilation": ("floor_area", 3, 6, 12, 10, 0.05),
    "window_film": ("window_area", 80, 150, 260, 10, 0.005),
    "window_replacement": ("window_area", 700, 1000, 1500, 25, 0.005),
    "external_shading": ("window_area", 450, 900, 1600, 20, 0.01),
    "roof_insulation": ("roof_area", 90, 160, 260, 20, 0.005),
    "wall_insulation": ("wall_area", 150, 230, 380, 25, 0.005),
    "plug_load_management": ("floor_area", 3, 8, 18, 8, 0.03),
}


@pytest.mark.parametrize("name", LIBRARY)
def test_unit_prices_are_those_of_the_library(name):
    measure = CATALOGUE.measures[name]
    cost = measure.cost
    assert (cost.quantity, cost.low, cost.mid, cost.high) == LIBRARY[name][:4]
    assert (measure.life_years, measure.upkeep_fraction_per_year) == LIBRARY[name][4:]


@pytest.fixture(scope="module")
def sized():
    """Quantities of the sample's baselines as the engine sized them, with their floor areas [m2].

    Without split units: room units come larger than rooms ask, and no plant is offered to those buildings.
    """
    runs = netcdf.read_dataset(RUNS)
    wanted = (runs["role"].values.astype(str) == "baseline") & (runs["source_system"].values.astype(str) != "split")
    runs = runs.isel(case=np.flatnonzero(wanted))
    area = runs["floor_area_m2"].values.astype(float)
    return {name: runs[name].values.astype(float) for name in QUANTITIES if name != "floor_area"} | {"floor_area": area}


def test_costs_of_the_sample_per_square_metre(sized):
    """What projects cost per m2 of floor, mid level: bounds by hand from sizes that offices have.

    Cooling 60 to 120 W/m2, conditioned share 0.65 to 0.75, windows 0.14 to 0.21, walls 0.22 to 0.55, two to three
    fan coils per 100 m2; at the unit prices above.
    """
    bounds = {
        "led": (40, 40), "source_high_efficiency_plant": (84, 168), "source_vrf": (208, 240),
        "window_replacement": (140, 210), "wall_insulation": (50, 127), "roof_insulation": (10, 56),
        "ec_fan_coils": (26, 40), "energy_recovery_ventilation": (25, 70),
    }
    for name, (low, high) in bounds.items():
        costs = [capital_cost_cny(name, sized, CATALOGUE, level) / sized["floor_area"]
                 for level in ("low", "mid", "high")]
        assert (costs[0] <= costs[1]).all()
        assert (costs[1] <= costs[2]).all()
        assert low - 0.5 <= costs[1].min() <= costs[1].max() <= high + 0.5, (name, costs[1])


def test_photovoltaics():
    assert pv_cost_cny_per_kw("low") < pv_cost_cny_per_kw("mid") < pv_cost_cny_per_kw("high")
    assert pv_capacity_max_kw(0.0) == 0.0
    with pytest.raises(InputError):
        pv_capacity_max_kw(-1.0)


def test_prices_carry_year_source_and_confidence():
    for measure in CATALOGUE.measures.values():
        for cost in measure.unit_costs:
            assert cost.price_year == CATALOGUE.price_year
            assert cost.source in CATALOGUE.sources
            assert cost.confidence in "ABCD"
