"""Small, quick, real cases: one storey, one day in July; they differ in their lighting."""

from functools import cache

from odd_engines import ODD_DENSITY

from buildings.design import Design
from sim.case import Case


def design(lighting=8.0, **changes):
    """A one-storey office with split units; a model of it runs in half a second."""
    values = dict(
        floor_area_m2=400.0, storeys=1, storey_height_m=3.6, aspect_ratio=1.5, orientation_deg=0.0,
        window_to_wall_ratio_north=0.3, window_to_wall_ratio_east=0.2, window_to_wall_ratio_south=0.4,
        window_to_wall_ratio_west=0.2, conditioned_fraction=0.8, wall_u_value_w_per_m2k=1.2,
        roof_u_value_w_per_m2k=0.8, ground_floor_resistance_m2k_per_w=0.5, window_u_value_w_per_m2k=3.0,
        window_shgc=0.45, shading_projection_factor=0.0, infiltration_ach=0.5,
        lighting_power_density_w_per_m2=lighting, lighting_use_fraction=1.0, equipment_power_density_w_per_m2=8.0,
        equipment_standby_fraction=0.1, service_power_density_w_per_m2=0.5, occupant_density_m2_per_person=15.0,
        outdoor_air_m3_per_h_person=30.0, heat_recovery_effectiveness=0.0, workday_start_h=8.0, workday_end_h=17.0,
        cooling_setpoint_c=26.0, heating_setpoint_c=18.0, source_system="split", cooling_cop=3.2, heating_cop=2.8,
        boiler_efficiency=0.89, pump_head_kpa=200.0, terminal_fan_power_w_per_m3_h=0.1,
    )
    return Design(**(values | changes))


def case(lighting=8.0, role="training", package="none", **changes):
    """One case."""
    return Case(building_id=f"b{lighting:g}", package_id=package, weather_id="w", role=role,
                design=design(lighting, **changes))


def cases(count, odd=1):
    """`count` cases; the one at position `odd` has the odd lighting that the odd engines look for."""
    return [case(ODD_DENSITY if index == odd else 5.0 + 0.25 * index) for index in range(count)]


@cache
def settings(days=1):
    """Run settings of some days in July."""
    from sim.models import default_settings

    return default_settings(run_period=(7, 1, 7, days), timesteps_per_hour=4)
