"""Part-load plant models: an independent computation of one plant, and laws that all systems obey."""

import numpy as np
import pytest

from sim.models.systems import curve_data, system_data
from sim.surrogate import emulator, plant
from sim.surrogate.emulator import USES
from sim.surrogate.known import by_month, known_power
from vocabulary import SOURCE_SYSTEMS

HOURS = 8760


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


def run(table, demand, climate, **given):
    count = table.size
    repeated = np.repeat(demand, count, axis=0)
    return plant.energy(table, repeated, np.ones((count, 24)), sizes(count, **given), climate)


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
    use = run(table, heat, climate, pumps=0.0)[0]
    hour = 4700
    outdoor = climate.sky[0, hour]
    load = float(heat[0, 0, hour] + heat[0, 2, hour]) / 1000
    # at zero pump power the load side of the cooling heat pump is read as the room side; leaving water otherwise
    water = run(table, heat, climate, pumps=1e-9)[0]
    can = 300.0 * polynomial("air_cooling_capacity", 7.0, outdoor) / polynomial("air_cooling_capacity", 7.0, 35.0)
    eir = polynomial("air_cooling_eir", 7.0, outdoor) / polynomial("air_cooling_eir", 7.0, 35.0)
    part = polynomial("heat_pump_eir_plr", max(min(load / can, 1), 0.1)) / polynomial("heat_pump_eir_plr", 1.0)
    assert water[USES.index("cooling"), hour] == pytest.approx(min(load, can) * eir * part / 3.1, rel=1e-4)
    hour, load = 500, float(heat[0, 1, 500]) / 1000
    outdoor = climate.sky[0, hour]
    can = 250.0 * polynomial("air_heating_capacity", 45.0, outdoor) / polynomial("air_heating_capacity", 45.0, 7.0)
    eir = polynomial("air_heating_eir", 45.0, outdoor) / polynomial("air_heating_eir", 45.0, 7.0)
    part = polynomial("heat_pump_eir_plr", max(min(load / can, 1), 0.1)) / polynomial("heat_pump_eir_plr", 1.0)
    assert use[USES.index("heating"), hour] == pytest.approx(min(load, can) * eir * part / 3.0, rel=1e-4)


def test_boiler_by_hand(table_of, climate, heat):
    table = table_of({"boiler_type": "atmospheric", "boiler_efficiency": 0.8})
    use = run(table, heat, climate, pumps=0.0)[0]
    load = heat[0, 1, 100:900].astype(float) / 1000
    curve = polynomial("atmospheric_boiler", np.minimum(load / 250.0, 1.0))
    expected = load / (0.8 * curve / system_data().boilers["atmospheric"].rating_value)
    np.testing.assert_allclose(use[USES.index("heating_gas"), 100:900], expected, rtol=1e-4)


@pytest.mark.parametrize("system", SOURCE_SYSTEMS)
def test_every_system_is_off_without_load_and_better_machines_use_less(table_of, climate, heat, system):
    table = table_of({"source_system": system, "cooling_cop": 3.0 if system != "absorption" else 1.0},
                     {"source_system": system, "cooling_cop": 3.6 if system != "absorption" else 1.2,
                      "heating_cop": 3.8, "boiler_efficiency": 0.95})
    use = run(table, heat, climate)
    assert np.isfinite(use).all()
    assert (use >= 0).all()
    idle = np.ones(HOURS, dtype=bool)
    idle[4000:5000] = idle[100:900] = False
    assert (use[:, :, idle] == 0).all()
    total = by_month(use).sum((1, 2))
    assert total[1] < 0.95 * total[0]
    gas = use[0, [USES.index("cooling_gas"), USES.index("heating_gas")]].sum(axis=1) > 0
    assert tuple(gas) == {"absorption": (True, True), "chiller_boiler": (False, True),
                          "high_efficiency_plant": (False, True)}.get(system, (False, False))


def test_factor_of_a_month_moves_only_that_month(table_of, climate, heat):
    table = table_of({})
    factor = np.ones((1, 24))
    factor[0, 6] = 0.8
    changed = by_month(plant.energy(table, heat, factor, sizes(1), climate))
    plain = by_month(run(table, heat, climate))
    other = np.arange(12) != 6
    np.testing.assert_array_equal(changed[:, :, other], plain[:, :, other])
    assert changed[0, 0, 6] < plain[0, 0, 6]


def test_pumps_of_constant_flow_run_at_full_power(table_of, climate, heat):
    use = run(table_of({"source_system": "air_source_heat_pump"}), heat, climate)[0]
    running = use[USES.index("pumps"), 4000:5000]
    assert np.ptp(running) < 1e-5
    varied = run(table_of({"source_system": "air_source_heat_pump", "variable_flow": True}), heat, climate)[0]
    assert varied[USES.index("pumps")].sum() < use[USES.index("pumps")].sum()


def test_nominal_pump_power(table_of):
    power = plant.circuits(table_of({"source_system": "air_source_heat_pump"}), np.array([350.0]), np.array([0.0]))
    flow = 350.0 / (4.186 * 5.0)
    assert power[0, 0] == pytest.approx(flow / 1000 * 300.0 / (0.78 * 0.9))
    assert power[0, 1] == 0.0


def test_lights_and_plugs_of_the_year(table_of, climate):
    table = table_of({"lighting_use_fraction": 0.8, "equipment_standby_fraction": 0.2})
    power = known_power(table, climate.workdays)[0]
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
