"""Laws on the engine's own output, one year of each source system."""

import numpy as np
import pytest

import weather
from sim.models import occupied_hours, quantities
from sim.models.hvac.curves import evaluate
from sim.models.systems import system_data
from sim.models.timetable import schedule_data

pytestmark = pytest.mark.engine
SYSTEMS = ("chiller_boiler", "absorption", "vrf", "split", "air_source_heat_pump", "high_efficiency_plant",
           "ground_source_heat_pump")
WATER = ("chiller_boiler", "absorption", "air_source_heat_pump", "high_efficiency_plant", "ground_source_heat_pump")
SEASONAL = {  # domain_facts-like ranges of seasonal source efficiency, cooling and heating
    "vrf": ((2.7, 4.2), (2.0, 4.2)), "absorption": ((0.9, 1.4), (0.7, 1.0)),
}


def cooling_kwh(run):
    return run.monthly_kwh("CoolingCoils:EnergyTransfer")


def heating_kwh(run):
    return run.monthly_kwh("HeatingCoils:EnergyTransfer")


@pytest.mark.parametrize("system", SYSTEMS)
def test_end_uses_add_up_and_no_foreign_one_appears(annual, system):
    run = annual(system)
    names = {name for name, _, frequency in run.series if frequency == "Monthly" and ":electricity" in name}
    parts = sum(run.monthly_kwh(name) for name in names)
    assert parts == pytest.approx(run.monthly_kwh("Electricity:Facility"), rel=1e-6)
    assert run.total_kwh("Electricity:Facility") == pytest.approx(run.monthly_kwh("Electricity:Facility"), rel=1e-6)


@pytest.mark.parametrize("system", SYSTEMS)
def test_occupied_rooms_are_comfortable(annual, site, system):
    run = annual(system)
    unmet = sum(v.sum() for (name, _, f), v in run.series.items() if "not met while occupied" in name)
    assert unmet / occupied_hours(run.design, site.calendar) <= 0.05


@pytest.mark.parametrize("system", WATER)
def test_coil_cooling_is_source_cooling_less_pump_heat(annual, system):
    run = annual(system)
    source = {
        "absorption": lambda: run.total_kwh("Chiller Heater Evaporator Cooling Energy"),
        "air_source_heat_pump": lambda: run.total_kwh("Heat Pump Load Side Heat Transfer Energy", "cooling"),
        "ground_source_heat_pump": lambda: run.total_kwh("Heat Pump Load Side Heat Transfer Energy", "cooling"),
    }.get(system, lambda: run.total_kwh("Chiller Evaporator Cooling Energy"))()
    pump = run.total_kwh("Pump Fluid Heat Gain Energy", "chw supply pump")
    assert cooling_kwh(run) == pytest.approx(source - pump, rel=0.02)


@pytest.mark.parametrize("system", ["chiller_boiler", "high_efficiency_plant"])
def test_condenser_balance(annual, system):
    run = annual(system)
    parts = ("Chiller Evaporator Cooling Energy", "Chiller Electricity Energy",
             "Chiller False Load Heat Transfer Energy")
    heat = sum(run.total_kwh(name) for name in parts)  # false load: hot gas bypass below the lowest unloading
    assert run.total_kwh("Chiller Condenser Heat Transfer Energy") == pytest.approx(heat, rel=0.002)


def test_ground_balance(annual):
    run = annual("ground_source_heat_pump")
    cooling = run.total_kwh("Heat Pump Load Side Heat Transfer Energy", "cooling") + run.total_kwh(
        "Heat Pump Electricity Energy", "cooling")
    heating = run.total_kwh("Heat Pump Load Side Heat Transfer Energy", "heating") - run.total_kwh(
        "Heat Pump Electricity Energy", "heating")
    assert run.total_kwh("Heat Pump Source Side Heat Transfer Energy", "cooling") == pytest.approx(cooling, rel=0.01)
    assert run.total_kwh("Heat Pump Source Side Heat Transfer Energy", "heating") == pytest.approx(heating, rel=0.01)


@pytest.mark.parametrize("system", ["chiller_boiler", "high_efficiency_plant"])
def test_efficiency_stays_below_carnot(annual, system):
    run = annual(system)
    cooling, power = run.hourly("Chiller Evaporator Cooling Energy"), run.hourly("Chiller Electricity Energy")
    leaving, entering = (run.hourly(f"Chiller {n} Temperature") for n in ("Evaporator Outlet", "Condenser Inlet"))
    month = np.repeat(np.arange(12), np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)
    for m in range(12):
        on = (month == m) & (power > 0)
        if cooling[on].sum() > 1e6:
            cold, hot = 273.15 + leaving[on].mean(), 273.15 + entering[on].mean()
            assert 1 < cooling[on].sum() / power[on].sum() < cold / max(hot - cold, 1)


MONTH_H = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24
AIR_SIDE_C = {"vrf": (14.0, 32.0), "split": (14.0, 32.0), "air_source_heat_pump": (7.0, 40.0)}
"""What the machine cools to and heats to at least: air off the room's coil, or water."""


@pytest.mark.parametrize("system", AIR_SIDE_C)
def test_machines_in_outdoor_air_stay_below_carnot(annual, weather_file, system):
    """Monthly, against the mean outdoor temperature of working hours: milder than what the machine meets."""
    run, hour = annual(system), np.arange(8760) % 24
    outdoor = weather.read_epw(weather_file[0])["dry_bulb_temperature"].values
    months = np.split(np.where((hour >= 8) & (hour < 18), outdoor, np.nan), np.cumsum(MONTH_H)[:-1])
    outdoor_k = np.array([273.15 + np.nanmean(month) for month in months])
    cold_k, warm_k = (273.15 + t for t in AIR_SIDE_C[system])
    for coil, use, carnot in (
        ("CoolingCoils", "Cooling", cold_k / np.maximum(outdoor_k - cold_k, 1.0)),
        ("HeatingCoils", "Heating", warm_k / np.maximum(warm_k - outdoor_k, 1.0)),
    ):
        names = f"{coil}:EnergyTransfer".lower(), f"{use}:Electricity".lower()
        heat, power = (run.series[name, "", "Monthly"] for name in names)
        on = heat > 0.02 * heat.sum()
        assert on.sum() >= 3
        assert (heat[on] / power[on] < carnot[on]).all(), (use, heat[on] / power[on], carnot[on])
        assert (heat[on] / power[on] > 1.0).all()


@pytest.mark.parametrize("system", ["chiller_boiler", "high_efficiency_plant"])
@pytest.mark.parametrize("load", [1.0, 0.75, 0.5, 0.25])
def test_part_load_efficiency_meets_the_rating_points(annual, system, load):
    """The engine's efficiency near a part load, brought to 7/30 C, against the data file's rating point."""
    run = annual(system)
    kind = system_data().chillers[run.design.chiller_type]
    plr = run.hourly("Chiller Part Load Ratio")
    power, cooling = run.hourly("Chiller Electricity Energy"), run.hourly("Chiller Evaporator Cooling Energy")
    near = [np.abs(np.roll(plr, step) - plr) < 0.1 for step in (1, -1)]
    unloaded = run.hourly("Chiller False Load Heat Transfer Energy") > 0  # below the lowest unloading: hot gas bypass
    steady = (np.abs(plr - load) < 0.04) & near[0] & near[1] & ~unloaded
    if not steady.any():
        pytest.skip(f"no steady hour at {load}")
    leaving, entering = (run.hourly(f"Chiller {n} Temperature") for n in ("Evaporator Outlet", "Condenser Inlet"))
    measured, expected = [], []
    for hour in np.flatnonzero(steady):
        at = leaving[hour], entering[hour]
        temperature = evaluate(kind.eir_curve, *at) / evaluate(kind.eir_curve, 7, 30)
        measured.append(cooling[hour] / power[hour] * temperature)
        aside = plr[hour] / evaluate(kind.plr_curve, plr[hour]) / (load / evaluate(kind.plr_curve, load))
        expected.append(run.design.cooling_cop * kind.part_load_cop_ratio[load] * aside)
    assert np.mean(measured) == pytest.approx(np.mean(expected), rel=0.05)


@pytest.mark.parametrize("system", SYSTEMS)
def test_seasonal_efficiency_is_in_range(annual, system):
    run, design = annual(system), annual(system).design

    def used(end_use):
        return run.monthly_kwh(f"{end_use}:Electricity") + 0.901 * run.monthly_kwh(f"{end_use}:NaturalGas")

    cooling, heating = cooling_kwh(run) / used("Cooling"), heating_kwh(run) / used("Heating")
    if system.endswith("source_heat_pump"):  # at the source: the coils also give the pump's heat
        heating = run.total_kwh("Heat Pump Load Side Heat Transfer Energy", "heating") / used("Heating")
    boiler = system in ("chiller_boiler", "absorption", "high_efficiency_plant")
    rating = design.boiler_efficiency if boiler else design.heating_cop
    usual = (0.6 * design.cooling_cop, 1.35 * design.cooling_cop), (0.6 * rating, 1.15 * rating)
    low_high = SEASONAL.get(system, usual)
    assert low_high[0][0] <= cooling <= low_high[0][1], (cooling, heating)
    assert low_high[1][0] <= heating <= low_high[1][1], (cooling, heating)


@pytest.mark.parametrize("system", SYSTEMS)
def test_capacities_are_plausible(annual, system):
    run = annual(system)
    found = quantities(run.design, run.eio)
    assert 60 < 1000 * found["cooling_capacity"] / found["conditioned_area"] < 250
    assert 40 < 1000 * found["heating_capacity"] / found["conditioned_area"] < 250
    assert (found["pump_motor_power"] > 0) == (system in WATER)
    assert (found["tower_fan_power"] > 0) == (system in ("chiller_boiler", "absorption", "high_efficiency_plant"))


def test_systems_meet_nearly_the_same_loads(annual):
    cooling = {system: cooling_kwh(annual(system)) for system in SYSTEMS}
    heating = {system: heating_kwh(annual(system)) for system in SYSTEMS}
    assert max(cooling.values()) / min(cooling.values()) < 1.2, cooling
    assert max(heating.values()) / min(heating.values()) < 1.15, heating


@pytest.mark.parametrize("system", ["vrf", "chiller_boiler"])
def test_storeys_that_a_multiplier_stands_for_count_in_every_end_use(run_design, office, system):
    """Four more middle storeys, drawn as one zone set with a larger multiplier, add to every meter.

    Would catch: energy that the engine reports once per zone however many storeys the zone stands for, as it does for
    the fans of zone ventilation.
    """
    changes = {"heat_recovery_effectiveness": 0.6, "terminal_fan_power_w_per_m3_h": 0.02}
    few, many = (run_design(office(system, storeys=n, floor_area_m2=400.0 * n, **changes)) for n in (4, 8))
    carriers = (":electricity", ":naturalgas")
    uses = sorted(name for name, _, f in few.series if f == "Monthly" and name.endswith(carriers))
    compared = [name for name in uses if few.monthly_kwh(name) > 100.0]
    assert {"fans:electricity", "cooling:electricity", "interiorlights:electricity"} <= set(compared)
    for name in compared:
        added = many.monthly_kwh(name) - few.monthly_kwh(name)
        assert 0.45 < added / few.monthly_kwh(name) < 1.35, name


@pytest.mark.parametrize("storeys", [3, 9])
def test_recovery_fans_use_what_their_data_say(run_design, office, site, storeys):
    """0.45 W per m3/h while people work in the seasons of heating and cooling; terminals use next to nothing here."""
    changes = {"storeys": storeys, "floor_area_m2": 300.0 * storeys, "terminal_fan_power_w_per_m3_h": 0.02}
    with_unit, without = (run_design(office("split", heat_recovery_effectiveness=e, **changes)) for e in (0.6, 0.0))
    data, design = schedule_data(), with_unit.design
    in_season = data.cooling_season.days() | data.heating_season.days()
    hours = (design.workday_end_h - design.workday_start_h) * int((in_season & site.calendar.workdays).sum())
    flow = 300.0 * storeys / design.occupant_density_m2_per_person * design.outdoor_air_m3_per_h_person
    terminals = without.monthly_kwh("fans:electricity")
    found = with_unit.monthly_kwh("fans:electricity")
    assert found - terminals == pytest.approx(0.45e-3 * flow * hours, abs=0.35 * terminals)
    assert terminals < 0.2 * found
