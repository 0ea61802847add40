"""Curves and boreholes against values of their sources."""

import math

import pytest

from sim.models.hvac.borefield import g_function
from sim.models.hvac.curves import add_curve, evaluate
from sim.models.idd import one, read_idf
from sim.models.systems import curve_data, system_data

CHECK_POINTS = [
    ("screw_capacity", (7, 30), 0.958), ("screw_eir", (7, 30), 1.006), ("screw_plr", (0.25,), 0.418),
    ("screw_plr", (1.0,), 1.026), ("centrifugal_eir", (7, 24), 0.881), ("centrifugal_plr", (0.5,), 0.496),
    ("variable_speed_capacity", (7, 30), 0.911), ("variable_speed_eir", (7, 18), 0.827),
    ("variable_speed_plr", (0.5,), 0.377), ("double_effect_fuel", (7, 32), 1.067),
    ("double_effect_plr", (0.25,), 0.305), ("air_cooling_eir", (7, 25), 0.815),
    ("air_heating_capacity", (45, -5), 0.655), ("air_heating_eir", (45, 2), 1.155),
    ("heat_pump_eir_plr", (0.5,), 0.896), ("water_heating_eir", (45, 5), 1.123),
    ("condensing_boiler", (0.3, 40), 1.106), ("atmospheric_boiler", (1.0,), 0.809), ("standard_boiler", (0.25,), 0.984),
]


@pytest.mark.parametrize(("name", "at", "value"), CHECK_POINTS)
def test_curves_at_published_points(name, at, value):
    assert evaluate(name, *at) == pytest.approx(value, abs=0.0021)


def test_curves_stop_at_their_limits():
    assert evaluate("screw_eir", 7, 60) == evaluate("screw_eir", 7, 35)


def test_scaled_curve_is_one_at_the_rating_point():
    idf = read_idf()
    add_curve(idf, "screw_plr", evaluate("screw_plr", 1.0))
    curve = one(idf, "Curve:Quadratic")
    assert curve.Coefficient1_Constant + curve.Coefficient2_x + curve.Coefficient3_x2 == pytest.approx(1.0)


def test_every_curve_that_the_systems_name_exists():
    data = system_data()
    names = [n for c in data.chillers.values() for n in (c.capacity_curve, c.eir_curve, c.plr_curve)]
    assert set(names + [b.curve for b in data.boilers.values()]) <= set(curve_data())


def test_boiler_rating_values_are_the_curves():
    boilers = system_data().boilers
    assert boilers["condensing"].rating_value == pytest.approx(evaluate("condensing_boiler", 1.0, 50.0), abs=2e-3)
    assert boilers["atmospheric"].rating_value == pytest.approx(evaluate("atmospheric_boiler", 1.0), abs=1e-3)


def test_one_borehole_meets_the_steady_line_source():
    pairs = g_function(1, 100.0, 0.07, 5.0, 1.0)
    assert pairs[-1][1] == pytest.approx(math.log(100 / 0.14), rel=0.06)
    values = [value for _, value in pairs]
    assert values == sorted(values)


def test_neighbours_only_add():
    alone, many = (g_function(count, 100.0, 0.07, 5.0, 1.0) for count in (1, 16))
    assert all(b >= a - 1e-9 for (_, a), (_, b) in zip(alone, many, strict=True))
    far = g_function(16, 100.0, 0.07, 5000.0, 1.0)
    assert far[-1][1] == pytest.approx(alone[-1][1], rel=0.01)
