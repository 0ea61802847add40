"""Energy that needs no learning: lights, plugs, service power, and the fans of heat recovery, hour by hour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.models.gains import gain_data
from sim.schedules import schedule_data
from sim.surrogate.inputs import Table
from sim.surrogate.zones import day_profiles

Array = NDArray[np.float64]

KNOWN_USES = ("interior_lighting", "interior_equipment", "other")
_RECOVERY = 3


def known_power(table: Table, workdays: NDArray[np.bool_]) -> Array:
    """Return hourly electric power of lights, plugs, service and recovery fans, shape (case, 4, 8760) [kW].

    Examples
    --------
    1 000 m2 with 10 W/m2 of lights at the code's schedule use 10 kW x 0.95 in the middle of a working day.
    """
    days = day_profiles(table)
    year = days[:, :, workdays.astype(int)].reshape(table.size, 5, -1)
    area = table["floor_area_m2"] / 1000.0
    out = np.empty((table.size, 4, year.shape[2]))
    out[:, 0] = (area * table["lighting_power_density_w_per_m2"])[:, None] * year[:, 1]
    out[:, 1] = (area * table["equipment_power_density_w_per_m2"])[:, None] * year[:, 2]
    out[:, 2] = (area * table["service_power_density_w_per_m2"])[:, None]
    data = schedule_data()
    season = np.repeat(data.heating_season.days() | data.cooling_season.days(), 24)
    flow = table["floor_area_m2"] / table["occupant_density_m2_per_person"] * table["outdoor_air_m3_per_h_person"]
    fan = gain_data().recovery_fan_power_w_per_m3_h.value / 1000.0 * flow * (table["heat_recovery_effectiveness"] > 0)
    out[:, _RECOVERY] = fan[:, None] * year[:, 3] * season
    return out


def by_month(hourly: NDArray[np.floating]) -> Array:
    """Return monthly sums of the last axis (8760 hours).

    Examples
    --------
    >>> float(by_month(np.ones(8760))[1])
    672.0
    """
    first = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]) * 24
    return np.add.reduceat(hourly, first, axis=-1, dtype=np.float64)


MONTH_OF_HOUR = np.repeat(np.arange(12), np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) * 24)
