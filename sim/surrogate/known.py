"""Energy that needs no learning: lights, plugs, service power, and the fans of heat recovery, hour by hour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.models.gains import gain_data
from sim.surrogate.inputs import Table
from sim.surrogate.zones import DAY_TYPES, day_profiles

Array = NDArray[np.float64]

KNOWN_USES = ("interior_lighting", "interior_equipment", "other")
_RECOVERY = 3
_BETWEEN_SEASONS = 4


def known_days(table: Table) -> Array:
    """Return the power of lights, plugs, service and recovery fans, shape (case, 4, day type, 24) [kW].

    Day types are those of `zones.day_types`.

    Examples
    --------
    1 000 m2 with 10 W/m2 of lights at the code's schedule use 10 kW x 0.95 in the middle of a working day.
    """
    days = np.tile(day_profiles(table), (1, 1, DAY_TYPES // 2, 1))
    area = table["floor_area_m2"] / 1000.0
    out = np.empty((table.size, 4, DAY_TYPES, 24))
    out[:, 0] = (area * table["lighting_power_density_w_per_m2"])[:, None, None] * days[:, 1]
    out[:, 1] = (area * table["equipment_power_density_w_per_m2"])[:, None, None] * days[:, 2]
    out[:, 2] = (area * table["service_power_density_w_per_m2"])[:, None, None]
    flow = table["floor_area_m2"] / table["occupant_density_m2_per_person"] * table["outdoor_air_m3_per_h_person"]
    fan = gain_data().recovery_fan_power_w_per_m3_h.value / 1000.0 * flow * (table["heat_recovery_effectiveness"] > 0)
    out[:, _RECOVERY] = fan[:, None, None] * days[:, 3]
    out[:, _RECOVERY, _BETWEEN_SEASONS:] = 0.0
    return out


def known_months(days: Array, day_type: NDArray[np.int64]) -> Array:
    """Return monthly sums of what `known_days` gave, shape (case, 4, 12) [kW h].

    Examples
    --------
    1 kW of service power is 744 kWh in January.
    """
    month = MONTH_OF_HOUR[::24]
    count = np.zeros((DAY_TYPES, 12))
    np.add.at(count, (day_type, month), 1.0)
    return np.asarray(days.sum(3) @ count)


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
