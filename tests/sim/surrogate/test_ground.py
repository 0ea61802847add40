"""The ground loop: superposition of months, and what a full load does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.hvac.borefield import g_function
from sim.models.systems import system_data
from sim.surrogate.ground import loop_temperatures

FIELD = system_data().borefield
SIZES = {"cooling_capacity": np.array([500.0, 500.0]), "heating_capacity": np.array([300.0, 300.0])}


@pytest.fixture(scope="module")
def table(table_of):
    return table_of({"source_system": "ground_source_heat_pump", "cooling_cop": 5.0, "heating_cop": 4.0},
                    {"source_system": "air_source_heat_pump"})


def test_no_heat_and_no_field_leave_the_ground_as_it_is(table):
    ground, swing = loop_temperatures(table, np.zeros((2, 24)), SIZES)
    np.testing.assert_array_equal(ground, FIELD.undisturbed_c.value)
    assert (swing[0] > 1.0).all()
    assert not swing[1].any()
    heat = np.full((2, 24), 5e4)
    np.testing.assert_array_equal(loop_temperatures(table, heat, SIZES)[0][1], FIELD.undisturbed_c.value)


def test_one_month_of_cooling_by_hand(table):
    """Independent: one step up and one down, g-function by a straight line between its points."""
    heat = np.zeros((2, 24))
    heat[0, 6] = 60_000.0
    ground, _ = loop_temperatures(table, heat, SIZES)
    conditioned, length = 6000.0 * 0.8, FIELD.borehole_length_m.value
    count = np.ceil(conditioned / FIELD.conditioned_area_per_borehole_m2.value)
    per_m = 60_000.0 * 1.2 / 744.0 * 1000.0 / (count * length)
    pairs = np.array(g_function(int(count), length, FIELD.borehole_radius_m.value, FIELD.spacing_m.value,
                                FIELD.buried_depth_m.value))
    k = FIELD.ground_conductivity_w_per_mk.value
    steady = length**2 * FIELD.ground_heat_capacity_j_per_m3k.value / (9.0 * k)
    g = [np.interp(np.log(months * 730.0 * 3600.0 / steady), pairs[:, 0], pairs[:, 1]) for months in (0.5, 1.5, 2.5)]
    expected = per_m / (2 * np.pi * k) * np.array([0.0, g[0], g[1] - g[0], g[2] - g[1]])
    np.testing.assert_allclose(ground[0, 5:9] - FIELD.undisturbed_c.value, expected, rtol=1e-6)


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_heat_superposes_and_cooling_warms(table, seed):
    rng = np.random.default_rng(seed)
    one, two = rng.uniform(0, 1e5, (2, 2, 24))
    one[:, 12:], two[:, :12] = 0.0, 0.0
    rise = [loop_temperatures(table, heat, SIZES)[0][0] - FIELD.undisturbed_c.value for heat in (one, two, one + two)]
    np.testing.assert_allclose(rise[0] + rise[1], rise[2], rtol=1e-9, atol=1e-9)
    assert (rise[0] >= 0).all()
    assert (rise[1] <= 0).all()


def test_a_larger_field_is_moved_less(table_of):
    """Would catch: boreholes counted by capacity or by the whole floor, where models count conditioned area."""
    table = table_of({"source_system": "ground_source_heat_pump", "conditioned_fraction": 0.5},
                     {"source_system": "ground_source_heat_pump", "conditioned_fraction": 1.0})
    heat = np.full((2, 24), 2e4)
    heat[:, 12:] = 0.0
    ground, swing = loop_temperatures(table, heat, SIZES)
    rise = ground - FIELD.undisturbed_c.value
    assert (rise[1] < rise[0]).all()
    np.testing.assert_allclose(swing[0] / swing[1], 2.0, rtol=0.02)
