"""One climate, and designs made from one base office by stating what differs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import weather
from buildings.design import Design
from sim.calendar import load_calendar
from sim.case import design_table
from sim.surrogate.climate import Climate, climate_of
from sim.surrogate.inputs import Table, read_table

BASE = {
    "floor_area_m2": 6000.0, "storeys": 6, "storey_height_m": 3.9, "aspect_ratio": 3.0, "orientation_deg": 10.0,
    "window_to_wall_ratio_north": 0.3, "window_to_wall_ratio_east": 0.2, "window_to_wall_ratio_south": 0.4,
    "window_to_wall_ratio_west": 0.2, "conditioned_fraction": 0.8, "wall_u_value_w_per_m2k": 1.5,
    "roof_u_value_w_per_m2k": 1.0, "ground_floor_resistance_m2k_per_w": 0.4, "window_u_value_w_per_m2k": 4.0,
    "window_shgc": 0.6, "shading_projection_factor": 0.0, "infiltration_ach": 0.6,
    "lighting_power_density_w_per_m2": 10.0, "lighting_use_fraction": 1.0, "equipment_power_density_w_per_m2": 8.0,
    "equipment_standby_fraction": 0.15, "service_power_density_w_per_m2": 1.5,
    "occupant_density_m2_per_person": 18.0, "outdoor_air_m3_per_h_person": 30.0, "heat_recovery_effectiveness": 0.0,
    "workday_start_h": 8.5, "workday_end_h": 17.5, "cooling_setpoint_c": 25.0, "heating_setpoint_c": 21.0,
    "source_system": "chiller_boiler", "cooling_cop": 4.5, "heating_cop": 3.2, "boiler_efficiency": 0.85,
    "pump_head_kpa": 300.0, "terminal_fan_power_w_per_m3_h": 0.1,
}


def make_design(**changes):
    return Design(**{**BASE, **changes})


def make_table(*changes: dict) -> Table:
    return read_table(design_table([make_design(**change) for change in changes]))


@pytest.fixture(scope="session")
def year() -> xr.Dataset:
    found = weather.make_typical_year("shanghai", seed=0)
    return found.assign(is_workday=("hour", np.repeat(load_calendar().workdays, 24)))


@pytest.fixture(scope="session")
def climate(year: xr.Dataset) -> Climate:
    return climate_of(year)


@pytest.fixture(scope="session")
def table_of():
    return make_table


@pytest.fixture(scope="session")
def design_of():
    return make_design
