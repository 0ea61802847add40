"""Part-load plant models: an independent computation of one plant, and laws that all systems obey."""

import numpy as np
import pytest

from sim.models.systems import curve_data, system_data
from sim.surrogate import emulator, plant
from sim.surrogate.emulator import USES
from sim.surrogate.known import by_month, known_days, known_months
from sim.surrogate.zones import day_types
from vocabulary import SOURCE_SYSTEMS

HOURS = 8760
DAYS_TO = (31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def sizes(count, cooling=300.0, heating=250.0, pumps=20.0, tower=4.0):
    return {"cooling_capacity": np.full(count, cooling), "heating_capacity": np.full(count, heating),
            "pump_motor_power": np.full(count, pumps), "tower_fan_power": np.full(count, tower)}


@pytest.fixture
def heat():
    """Cooling in hours 4000 to 5000, heating in hours 100 to 900, rising from 1 % to 110 % of capacity [W]."""
    demand = np.zeros((1, 3, HOURS), dtype=np.float32)
    demand[0, 0, 4000:5000] = np.linspace(2.4e3, 264e3, 1000)
    demand[0, 2, 4000:5000] = np.linspace(0.6e3, 66e3, 1000)
    demand[0, 1, 100:900] = np.linspace(2.5e3, 275e3, 800)
    return demand


def ground(count):
    return np.full((count, 12), 17.0), np.full((count, 2), 8.0)


def run(table, demand, climate, **given):
    return plant.energy(table, demand, np.zeros(table.size, dtype=np.int64), np.ones((table.size, 24)),
                        sizes(table.size, **given), climate, ground=ground(table.size), hourly=True)


def polynomial(name, x, y=0.0):
    curve = curve_data()[name]
    x = np.clip(x, *curve.x_limits)
    c = curve.coefficients
    if curve.form == "Biquadratic":
        y = np.clip(y, *curve.y_limits)
        return c[0] + c[1] * x + c[2] * x**2 + c[3] * y + c[4] * y**2 + c[5] * x * y
    return sum(value * x**power for power, value in enumerate(c))


def test_air_source_heat_pump_by_hand(table_of, climate, heat):
    table = table_of({"source_system": "air_source_heat_pump", "cooling_cop": 3.1, "heating_cop": 3.0})
    # a pump of no power worth naming: at none at all the load side is read as the room side
    use = run(table, heat, climate, pumps=1e-9).use[0]
    for side, load_c, source_c, capacity, cop, load in (
        ("cooling", 7.0, 35.0, 300.0, 3.1, heat[0, 0] + heat[0, 2]), ("heating", 45.0, 7.0, 250.0, 3.0, heat[0, 1]),
    ):
        on = load > 0
        outdoor, wanted = climate.sky[0, on], load[on].astype(float) / 1000
        curves = [f"air_{side}_{what}" for what in ("capacity", "eir")]
        can, eir = (polynomial(curve, load_c, outdoor) / polynomial(curve, load_c, source_c) for curve in curves)
        can *= capacity
        part = polynomial("heat_pump_eir_plr", np.clip(wanted / can, 0.1, 1.0)) / polynomial("heat_pump_eir_plr", 1.0)
        hourly = np.zeros(HOURS)
        hourly[on] = np.minimum(wanted, can) * eir * part / cop
        np.testing.assert_allclose(use[USES.index(side)], by_month(hourly), rtol=1e-6)


def test_boiler_by_hand(table_of, climate, heat):
    table = table_of({"boiler_type": "atmospheric", "boiler_efficiency": 0.8})
    found = run(table, heat, climate, pumps=0.0)
    load = heat[0, 1].astype(float) / 1000
    curve = polynomial("atmospheric_boiler", np.minimum(load / 250.0, 1.0))
    expected = load / (0.8 * curve / system_data().boilers["atmospheric"].rating_value)
    np.testing.assert_allclose(found.gas[0], expected, rtol=1e-6)
    np.testing.assert_allclose(found.use[0, USES.index("heating_gas")], by_month(expected), rtol=1e-9)


@pytest.mark.parametrize("system", SOURCE_SYSTEMS)
def test_every_system_is_off_without_load_and_better_machines_use_less(table_of, climate, heat, system):
    table = table_of({"source_system": system, "cooling_cop": 3.0 if system != "absorption" else 1.0},
                     {"source_system": system, "cooling_cop": 3.6 if system != "absorption" else 1.2,
                      "heating_cop": 3.8, "boiler_efficiency": 0.95})
    found = run(table, heat, climate)
    assert np.isfinite(found.use).all()
    assert (found.use >= 0).all()
    idle = np.ones(HOURS, dtype=bool)
    idle[4000:5000] = idle[100:900] = False
    assert (found.electricity[:, idle] == 0).all()
    assert (found.gas[:, idle] == 0).all()
    total = found.use.sum((1, 2))
    assert total[1] < 0.95 * total[0]
    gas = found.use[0, [USES.index("cooling_gas"), USES.index("heating_gas")]].sum(axis=1) > 0
    assert tuple(gas) == {"absorption": (True, True), "chiller_boiler": (False, True),
                          "high_efficiency_plant": (False, True)}.get(system, (False, False))


@pytest.mark.parametrize("system", SOURCE_SYSTEMS)
def test_what_is_asked_of_the_hours_is_what_the_hours_say(table_of, climate, heat, system):
    table = table_of({"source_system": system, "cooling_cop": 1.1 if system == "absorption" else 4.0})
    rng = np.random.default_rng(3)
    price, sun = rng.uniform(0.3, 1.4, HOURS), np.maximum(np.sin(np.arange(HOURS) * 2 * np.pi / 24), 0.0)
    size = np.array([0.0, 40.0, 300.0])
    share = rng.uniform(-0.02, 0.02, (1, 7, 12))
    found = plant.energy(
        table, heat, np.zeros(1, dtype=np.int64), np.ones((1, 24)), sizes(1), climate, ground=ground(1), hourly=True,
        correction=plant.Correction(share, np.array([1.0])), known=rng.uniform(1.0, 20.0, (1, 6, 24)),
        asked=plant.HourWeights(price[None, :], sun, size, pv_peaks=True),
    )
    power = found.electricity[0].astype(float)
    used = np.minimum(power, size[:, None] * sun)
    month = np.repeat(np.arange(12), np.diff([0, *DAYS_TO]) * 24)
    np.testing.assert_allclose(found.weighted[0, 0], power @ price, rtol=1e-6)
    np.testing.assert_allclose(found.pv_used[0], [used.sum(1), used @ price], rtol=1e-6)
    np.testing.assert_allclose(found.peaks[0], [power[month == m].max() for m in range(12)], rtol=1e-6)
    left = power - used
    np.testing.assert_allclose(found.pv_peak[0], [sum(row[month == m].max() for m in range(12)) for row in left],
                               rtol=1e-6)
    model = found.model[0]
    expected = np.where(model > 0, np.maximum(model + share[0] * model.sum(1, keepdims=True), 0.1 * model), 0.0)
    np.testing.assert_allclose(found.use[0], np.where(model.sum(1, keepdims=True) > 1.0, expected, model), rtol=1e-9)
    gas = [USES.index("cooling_gas"), USES.index("heating_gas")]
    np.testing.assert_allclose(by_month(found.gas[0].astype(float)), found.use[0, gas].sum(0), rtol=1e-6, atol=1e-6)


def test_factor_of_a_month_moves_only_that_month(table_of, climate, heat):
    table = table_of({})
    factor = np.ones((1, 24))
    factor[0, 6] = 0.8
    changed = plant.energy(table, heat, np.zeros(1, dtype=np.int64), factor, sizes(1), climate, ground=ground(1)).use
    plain = run(table, heat, climate).use
    other = np.arange(12) != 6
    np.testing.assert_array_equal(changed[:, :, other], plain[:, :, other])
    assert changed[0, 0, 6] < plain[0, 0, 6]


def test_pumps_of_constant_flow_run_at_full_power(table_of, climate, heat):
    system = {"source_system": "air_source_heat_pump"}
    found = run(table_of(system, {**system, "variable_flow": True}), heat, climate)
    constant, varied = found.use[:, USES.index("pumps")]
    hours = by_month((heat[0, 0] > 0) * 1.0)[5]
    per_hour = constant[5] / hours
    assert constant[6] == pytest.approx(per_hour * by_month((heat[0, 0] > 0) * 1.0)[6])
    assert varied.sum() < constant.sum()


def test_nominal_pump_power(table_of):
    power = plant.circuits(table_of({"source_system": "air_source_heat_pump"}), np.array([350.0]), np.array([0.0]))
    flow = 350.0 / (4.186 * 5.0)
    assert power[0, 0] == pytest.approx(flow / 1000 * 300.0 / (0.78 * 0.9))
    assert power[0, 1] == 0.0


def test_lights_and_plugs_of_the_year(table_of, climate):
    table = table_of({"lighting_use_fraction": 0.8, "equipment_standby_fraction": 0.2})
    days = known_days(table)
    power = days[0][:, day_types(climate.workdays)].reshape(4, HOURS)
    np.testing.assert_allclose(known_months(days, day_types(climate.workdays))[0], by_month(power))
    workdays = int(climate.workdays.sum())
    # hour 11 of a working day: 95 % of lights and of what the standby leaves
    assert power[0].max() == pytest.approx(6000 * 10 * 0.8 * 0.95 / 1000)
    assert power[1].min() == pytest.approx(6000 * 8 * 0.2 / 1000)
    assert power[2].sum() == pytest.approx(6000 * 1.5 / 1000 * HOURS)
    assert power[3].sum() == 0.0
    assert (power[0].reshape(365, 24).sum(1) > 0).sum() == workdays


def test_uses_stand_in_the_order_of_the_kernel():
    from sim.surrogate import kernels_plant as k

    rows = {"cooling": k.COOLING, "cooling_gas": k.COOLING_GAS, "heating": k.HEATING, "heating_gas": k.HEATING_GAS,
            "fans": k.FANS, "pumps": k.PUMPS, "heat_rejection": k.REJECTION}
    assert [rows[use] for use in emulator.USES] == list(range(7))
