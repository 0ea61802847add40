import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
