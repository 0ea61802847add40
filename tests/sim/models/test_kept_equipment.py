"""Equipment that a package keeps has the baseline's sizes; only what it replaces is sized anew."""

import pytest

from sim.models import (
    build_idf,
    combine_sizes,
    default_settings,
    quantities,
    read_sizes,
    sizing_designs,
    sizing_idf,
)
from sim.models.idd import one, read_idf

pytestmark = pytest.mark.engine
BETTER = {"window_u_value_w_per_m2k": 1.8, "window_shgc": 0.25, "lighting_power_density_w_per_m2": 4.0}


@pytest.fixture(scope="session")
def size(site, run_text):
    done = {}

    def of(design):
        if design not in done:
            done[design] = read_sizes(run_text(sizing_idf(design, site, default_settings()), design).eio)
        return done[design]

    return of


def sizes_of(design, size):
    return combine_sizes(design, [size(needed) for needed in sizing_designs(design)])


def model(design, site, sizes):
    return read_idf(build_idf(design, site, default_settings(), sizes))


def test_new_windows_alone_leave_the_chiller_unchanged(office, site, size):
    baseline = office()
    design = baseline.model_copy(update={**BETTER, "sizing": baseline})
    capacity = size(baseline)["CHILLER:ELECTRIC:EIR|CH|Design Size Reference Capacity"]
    idf = model(design, site, sizes_of(design, size))
    assert one(idf, "Chiller:Electric:EIR").Reference_Capacity == pytest.approx(capacity)
    left = [(kind, field) for kind, entries in idf.idfobjects.items() for entry in entries
            for field, value in zip(entry.fieldnames, entry.fieldvalues, strict=False)
            if str(value).lower() == "autosize" and "Volume" not in field]
    assert {kind for kind, _ in left} <= {"FAN:SYSTEMMODEL"}, left  # its power follows from the kept flow


def test_a_new_chiller_is_sized_for_the_better_building(office, site, size):
    baseline = office()
    windows = baseline.model_copy(update={**BETTER, "sizing": baseline})
    chiller = windows.model_copy(update={"cooling_cop": 5.8, "replaced_equipment": frozenset({"cooling_source"})})
    kept, renewed = (quantities(d, "", sizes_of(d, size)) for d in (windows, chiller))
    assert renewed["cooling_capacity"] < 0.92 * kept["cooling_capacity"]
    for name in ("heating_capacity", "pump_motor_power", "tower_fan_power"):
        assert renewed[name] == pytest.approx(kept[name])


def test_kept_sizes_give_the_energy_of_autosizing(office, site, size, run_text):
    """The same design with its own sizes given and with its own sizes found: a week in July."""
    design = office()
    settings = default_settings(run_period=(7, 7, 7, 11))
    auto = run_text(build_idf(design, site, settings), design)
    given = run_text(build_idf(design, site, settings, size(design)), design)
    for meter in ("Electricity:Facility", "CoolingCoils:EnergyTransfer"):
        assert given.monthly_kwh(meter) == pytest.approx(auto.monthly_kwh(meter), rel=1e-3)


def test_a_drive_on_the_kept_tower_and_pumps_saves(office, site, size, run_text):
    baseline = office()
    settings = default_settings(run_period=(7, 7, 7, 11))
    drives = baseline.model_copy(update={"variable_flow": True, "tower_variable_speed": True, "sizing": baseline})
    sizes = sizes_of(drives, size)
    before = run_text(build_idf(baseline, site, settings, size(baseline)), baseline)
    after = run_text(build_idf(drives, site, settings, sizes), drives)
    for end_use in ("Pumps", "HeatRejection"):
        assert after.monthly_kwh(f"{end_use}:Electricity") < 0.95 * before.monthly_kwh(f"{end_use}:Electricity")
    motors = [quantities(design, run.eio, own) for design, run, own in (
        (baseline, before, size(baseline)), (drives, after, sizes))]
    for name in ("pump_motor_power", "tower_fan_power", "cooling_capacity"):
        assert motors[1][name] == pytest.approx(motors[0][name], rel=1e-6), name
