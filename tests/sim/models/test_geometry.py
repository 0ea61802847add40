"""Plans and zones: areas add up, whatever the shape."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.models.envelope import construction_data, envelope_areas, ground_u_value, layer_properties
from sim.models.geometry import area, inset, modelled_storeys, outlines, zone_plan

SHAPES = st.sampled_from(["rectangle", "l", "u", "courtyard"])
CHANGES = st.fixed_dictionaries({
    "plan_shape": SHAPES, "floor_area_m2": st.floats(600, 60_000), "storeys": st.integers(1, 20),
    "aspect_ratio": st.floats(1.0, 6.0), "conditioned_fraction": st.floats(0.3, 1.0),
})


@settings(max_examples=200, deadline=None)
@given(changes=CHANGES)
def test_zones_fill_the_storey(office, changes):
    design = office(**changes)
    plan = zone_plan(design)
    storey = design.floor_area_m2 / design.storeys
    assert sum(zone.area_m2 for zone in plan.zones) == pytest.approx(storey, rel=1e-6)
    assert all(zone.area_m2 > 0 for zone in plan.zones)
    assert sum(wall.length_m for zone in plan.zones for wall in zone.walls) == pytest.approx(plan.perimeter_m)


@settings(max_examples=200, deadline=None)
@given(changes=CHANGES)
def test_conditioned_fraction_is_met(office, changes):
    design = office(**changes)
    plan = zone_plan(design)
    found = sum(zone.area_m2 for zone in plan.zones if zone.conditioned) / sum(zone.area_m2 for zone in plan.zones)
    wanted = design.conditioned_fraction if design.conditioned_fraction <= 0.97 else 1.0
    assert found == pytest.approx(wanted, abs=0.051)  # a core of less than 5 % joins the perimeter zones


@settings(deadline=None)
@given(changes=CHANGES)
def test_outline_area_and_facades(office, changes):
    design = office(**changes)
    shape = outlines(design)
    assert sum(area(polygon) for polygon in shape) == pytest.approx(design.floor_area_m2 / design.storeys)
    walls = [wall for zone in zone_plan(design).zones for wall in zone.walls]
    north = sum(w.length_m for w in walls if w.facade == "north")
    assert north == pytest.approx(sum(w.length_m for w in walls if w.facade == "south"))


@given(a=st.floats(5, 90), b=st.floats(5, 90), depth=st.floats(0.1, 2.4))
def test_inset_of_a_rectangle(a, b, depth):
    assert area(inset(((0, 0), (a, 0), (a, b), (0, b)), depth)) == pytest.approx((a - 2 * depth) * (b - 2 * depth))


@pytest.mark.parametrize(("storeys", "expected"), [
    (1, [("ground", 1, True, True)]),
    (2, [("ground", 1, True, False), ("top", 1, False, True)]),
    (6, [("ground", 1, True, False), ("middle", 4, False, False), ("top", 1, False, True)]),
])
def test_storeys_and_multiplier(office, storeys, expected):
    found = [(s.name, s.multiplier, s.on_ground, s.under_roof) for s in modelled_storeys(office(storeys=storeys))]
    assert found == expected


@given(u=st.floats(0.1, 3.5))
def test_layers_give_the_u_value(u):
    for outer in (construction_data().wall, construction_data().roof):
        layers = layer_properties(u, outer)
        total = outer.film_resistance_m2k_per_w + sum(m.resistance_m2k_per_w for _, m in layers)
        assert total == pytest.approx(1 / u, rel=0.12 if u > 3.0 else 0.02)


def test_ground_slab_by_hand(office):
    design = office(floor_area_m2=900, aspect_ratio=50 / 18, conditioned_fraction=1.0,
                    ground_floor_resistance_m2k_per_w=0.3)
    b, d = 900 / 68, 0.3 + 1.5 * (0.3 + 0.21)
    assert ground_u_value(design, zone_plan(design)) == pytest.approx(
        2 * 1.5 / (math.pi * b + d) * math.log(math.pi * b / d + 1), rel=1e-6)


def test_window_area_by_hand(office):
    design = office(floor_area_m2=2700, storeys=3, aspect_ratio=50 / 18, window_to_wall_ratio_north=0.4,
                    window_to_wall_ratio_south=0.4, window_to_wall_ratio_east=0.0, window_to_wall_ratio_west=0.0)
    areas = envelope_areas(design, zone_plan(design))
    assert areas["window_area"] == pytest.approx(0.4 * 2 * 50 * 3.6 * 3)
    assert areas["window_area"] + areas["wall_area"] == pytest.approx(136 * 3.6 * 3)
    assert areas["roof_area"] == pytest.approx(900)
