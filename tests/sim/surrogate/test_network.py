"""The thermal network: laws, and an independent computation with dense matrices."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.surrogate import kernels_network as k
from sim.surrogate.coefficients import from_unit, start_values, to_unit
from sim.surrogate.loads import load_sums
from sim.surrogate.network import demand, facade_solar
from sim.surrogate.zones import plans_of

LAW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def offices():
    return st.fixed_dictionaries({
        "floor_area_m2": st.floats(800, 30000), "storeys": st.integers(1, 14),
        "plan_shape": st.sampled_from(["rectangle", "l", "u", "courtyard"]), "aspect_ratio": st.floats(1.3, 4),
        "orientation_deg": st.floats(0, 360), "conditioned_fraction": st.floats(0.5, 1.0),
        "window_to_wall_ratio_south": st.floats(0.0, 0.8), "window_u_value_w_per_m2k": st.floats(1.5, 6.0),
        "window_shgc": st.floats(0.2, 0.8), "infiltration_ach": st.floats(0.1, 1.5),
        "lighting_power_density_w_per_m2": st.floats(3, 15), "workday_start_h": st.floats(7, 9.5),
        "shading_projection_factor": st.floats(0, 1), "heat_recovery_effectiveness": st.floats(0, 0.7),
    })


@LAW
@given(office=offices())
def test_every_office_has_finite_loads(table_of, climate, office):
    sums = load_sums(table_of(office), climate, start_values())
    assert (sums.monthly >= 0).all()
    assert np.isfinite(sums.monthly).all()


@LAW
@given(office=offices(), element=st.sampled_from(["wall_u_value_w_per_m2k", "roof_u_value_w_per_m2k",
                                                   "window_u_value_w_per_m2k", "infiltration_ach"]))
def test_less_heat_loss_never_raises_heating(table_of, climate, office, element):
    before = table_of(office)[element][0]
    sums = load_sums(table_of(office, {**office, element: max(0.6 * before, 0.8 if "window" in element else 0.0)}),
                     climate, start_values())
    heating = sums.heat[:, 12:].sum(1)
    assert heating[1] <= heating[0] * (1 + 1e-9) + 1e-6


@LAW
@given(office=offices(), field=st.sampled_from(["window_shgc", "lighting_power_density_w_per_m2"]))
def test_less_gain_never_raises_cooling_nor_lowers_heating(table_of, climate, office, field):
    value = table_of(office)[field][0]
    sums = load_sums(table_of(office, {**office, field: 0.7 * value}), climate, start_values())
    cooling, heating = sums.heat[:, :12].sum(1), sums.heat[:, 12:].sum(1)
    assert cooling[1] <= cooling[0] * (1 + 1e-9)
    assert heating[1] >= heating[0] * (1 - 1e-9)


def test_gentler_setpoints_save_both(table_of, climate):
    sums = load_sums(table_of({}, {"cooling_setpoint_c": 26.0, "heating_setpoint_c": 20.0}), climate, start_values())
    assert (sums.heat[1] <= sums.heat[0] + 1e-9).all()
    assert sums.heat[1].sum() < 0.95 * sums.heat[0].sum()


def test_cases_in_chunks_equal_cases_at_once(table_of, climate):
    changes = [{"window_shgc": 0.2 + 0.006 * i, "storeys": 1 + i % 9} for i in range(70)]
    together = load_sums(table_of(*changes), climate, start_values())
    for i in (0, 31, 32, 69):
        alone = load_sums(table_of(changes[i]), climate, start_values())
        np.testing.assert_array_equal(together.monthly[i], alone.monthly[0])


def test_turning_a_symmetric_building_by_180_degrees_changes_nothing(table_of, climate):
    even = {f"window_to_wall_ratio_{side}": 0.3 for side in ("north", "east", "south", "west")}
    sums = load_sums(table_of({**even, "orientation_deg": 20.0}, {**even, "orientation_deg": 200.0}), climate,
                     start_values())
    np.testing.assert_allclose(sums.monthly[0], sums.monthly[1], rtol=1e-6)


def test_overhang_shades_only_what_the_sun_hits_from_above(table_of, climate):
    window, _ = facade_solar(table_of({}, {"shading_projection_factor": 0.5}), climate)
    assert (window[1] <= window[0] + 1e-3).all()
    np.testing.assert_array_equal(window[0, 0], window[1, 0])
    direct, diffuse, _, steep, _ = climate.facades[:, climate.facades.shape[1] // 2]  # south
    sunny = direct > 0.5 * diffuse
    high, low = sunny & (steep > 1.5), sunny & (steep < 0.8)
    assert high.any()
    assert low.any()
    kept = [window[1, 2, hours].sum() / window[0, 2, hours].sum() for hours in (high, low)]
    assert kept[0] < kept[1]


def test_plan_areas_add_up_to_the_building(table_of):
    for shape in ("rectangle", "l", "u", "courtyard"):
        (plan,) = plans_of(table_of({"plan_shape": shape}))
        assert (plan.area * plan.count).sum() == pytest.approx(6000.0)


def dense_year(case, networks_row, schedule, site, day_type, sky, beam, wall):
    """Return sensible cooling and heating of one case by solving the full linear system of every zone and hour."""
    zones, links, used = networks_row
    air, mass, deep = (np.full(used, 20.0) for _ in range(3))
    lag = 1.0 / (1.0 + site[k.LAG_H])
    face = np.full(5, 10.0)
    out = []
    hours = sky.shape[1]
    for step in range(-504, hours):
        h = step % hours
        before = (h - 1) % hours
        outdoor = 0.375 * sky[k.DRY_BULB, before] + 0.625 * sky[k.DRY_BULB, h]
        sun = np.append(wall[:, h], sky[k.ROOF_SOLAR, h])
        view = np.array([0.5, 0.5, 0.5, 0.5, 1.0])
        sol_air = outdoor + (site[k.ABSORPTANCE] * sun - view * site[k.SKY_LOSS] * sky[k.SKY, h]) / site[k.OUTSIDE_FILM]
        face += lag * (sol_air - face)
        s = schedule[:, day_type[h // 24], h % 24]
        neighbours = np.zeros(used)
        conductance = np.zeros(used)
        for z in range(used):
            if links[z] >= 0:
                for a, b in ((z, links[z]), (links[z], z)):
                    neighbours[a] += zones[k.PARTITION, z] * mass[b]
                    conductance[a] += zones[k.PARTITION, z]
        cooling = heating = 0.0
        new = []
        for z in range(used):
            p = zones[:, z]
            gain = s[k.S_PEOPLE] * p[k.PEOPLE] + s[k.S_LIGHTS] * p[k.LIGHTS] + s[k.S_EQUIPMENT] * p[k.EQUIPMENT]
            solar = beam[:, h] @ p[k.APERTURE : k.APERTURE + 4]
            q_air = (1 - site[k.RADIANT]) * gain + site[k.SOLAR_TO_AIR] * solar
            q_rest = site[k.RADIANT] * gain + (1 - site[k.SOLAR_TO_AIR]) * solar
            exchange = s[k.S_AIR] * p[k.VENTILATION] + s[k.S_INFILTRATION] * p[k.INFILTRATION]
            walls = p[k.WALL : k.WALL + 4]
            m = np.zeros((4, 4))
            m[0, 0] = p[k.AIR_CAPACITY] + exchange + p[k.AIR_SURFACE]
            m[0, 1] = m[1, 0] = -p[k.AIR_SURFACE]
            m[1, 1] = p[k.AIR_SURFACE] + p[k.WINDOW] + p[k.MASS_SURFACE]
            m[1, 2] = m[2, 1] = -p[k.MASS_SURFACE]
            m[2, 2] = (p[k.MASS_CAPACITY] + p[k.MASS_SURFACE] + p[k.MASS_DEEP] + walls.sum() + p[k.ROOF] + p[k.GROUND]
                       + conductance[z])
            m[2, 3] = m[3, 2] = -p[k.MASS_DEEP]
            m[3, 3] = p[k.DEEP_CAPACITY] + p[k.MASS_DEEP]
            right = np.array([
                p[k.AIR_CAPACITY] * air[z] + exchange * outdoor + q_air,
                p[k.WINDOW] * outdoor + 0.5 * q_rest,
                p[k.MASS_CAPACITY] * mass[z] + walls @ face[:4] + p[k.ROOF] * face[4] + p[k.GROUND] * sky[k.GROUND_T, h]
                + neighbours[z] + 0.5 * q_rest,
                p[k.DEEP_CAPACITY] * deep[z],
            ])
            free = np.linalg.solve(m, right)
            unit = np.linalg.solve(m, np.array([1.0, 0, 0, 0]))
            wish = free[0] + s[k.S_PLANT] * p[k.CONDITIONED] * (np.clip(free[0], s[k.S_HEAT], s[k.S_COOL]) - free[0])
            coil = (wish - free[0]) / unit[0]
            new.append(free + coil * unit)
            cooling += p[k.COUNT] * max(-coil, 0.0)
            heating += p[k.COUNT] * max(coil, 0.0)
        air, mass, deep = (np.array([t[i] for t in new]) for i in (0, 2, 3))
        if step >= 0:
            out.append((cooling, heating))
    return np.array(out).T


@pytest.mark.parametrize("office", [{"storeys": 1, "conditioned_fraction": 0.7},
                                    {"storeys": 2, "plan_shape": "l", "shading_projection_factor": 0.4}])
def test_kernel_agrees_with_dense_linear_algebra(table_of, climate, office):
    from sim.surrogate.network import _site
    from sim.surrogate.zones import day_types, networks_of

    table = table_of(office)
    coefficients = start_values()
    networks = networks_of(table, coefficients)
    window, wall = facade_solar(table, climate)
    found = demand(table, climate, coefficients)
    row = (networks.zones[0], networks.links[0], int(networks.zone_count[0]))
    expected = dense_year(0, row, networks.schedules[0], _site(coefficients), day_types(climate.workdays),
                          climate.sky, window[0].astype(float), wall[0].astype(float))
    np.testing.assert_allclose(found[0, 0], expected[0], rtol=2e-4, atol=5.0)
    np.testing.assert_allclose(found[0, 1], expected[1], rtol=2e-4, atol=5.0)
    assert expected[0].max() > 1e4
    assert expected[1].max() > 1e4


def test_coefficients_survive_the_unit_cube():
    values = start_values()
    back = from_unit(to_unit(values))
    assert back.keys() == values.keys()
    for name, value in values.items():
        assert back[name] == pytest.approx(value)
