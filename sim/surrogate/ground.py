"""The ground loop of a ground-source heat pump: how warm a month's heat makes the field, and a full load the loop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import exp1

from sim.models.hvac.borefield import g_function
from sim.models.systems import system_data
from sim.surrogate.features import areas_of
from sim.surrogate.inputs import Table
from sim.surrogate.plant import WATER_KJ_PER_KG_K, is_system
from weather.days import DAYS_IN_MONTH

Array = NDArray[np.float64]
BOREHOLE_RESISTANCE_MK_PER_W = 0.10
"""Single U in enhanced grout, 0.08 to 0.12 (VDI 4640-2); what it is off, the processes learn."""
LOADED_H = 8.0
"""Hours over which a day's load warms the ground about a borehole."""
_HOURS = 24.0 * np.array(DAYS_IN_MONTH, dtype=float)


def loop_temperatures(table: Table, heat: Array, sizes: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return the loop's temperature at no load, and how far a full load moves it.

    Parameters
    ----------
    table : Table
        Designs; those without a borefield get the undisturbed ground's temperature and no swing.
    heat : ndarray (case, 24)
        Cooling and heating of every month [kW h].
    sizes : mapping
        `cooling_capacity`, `heating_capacity` [kW].

    Returns
    -------
    ground_c : ndarray (case, 12)
        Wall of the boreholes under the heat of all months so far, in the middle of the month [degC].
    swing_k : ndarray (case, 2)
        How much warmer water comes back at full cooling, how much colder at full heating [K].

    Notes
    -----
    Superposition of monthly steps of heat with the field's g-function (Eskilson 1987, Thermal analysis of heat
    extraction boreholes), the one that the models are written with; the first year in undisturbed ground.

    Examples
    --------
    1 300 kW of cooling on 146 boreholes of 100 m (107 W/m at COP 5): some 17 K at full load.
    """
    data = system_data().borefield
    ground = np.full((table.size, 12), data.undisturbed_c.value + data.warming_k.value)
    swing = np.zeros((table.size, 2))
    rows = np.flatnonzero(is_system(table, "ground_source_heat_pump"))
    if len(rows):
        own = table.take(rows)
        conditioned = areas_of(own).conditioned
        count = np.maximum(1.0, np.ceil(np.round(conditioned / data.conditioned_area_per_borehole_m2.value, 6)))
        capacity = np.stack([sizes["cooling_capacity"][rows], sizes["heating_capacity"][rows]], axis=1)
        into = np.stack([1.0 + 1.0 / own["cooling_cop"], 1.0 / own["heating_cop"] - 1.0], axis=1)
        ground[rows] += _field_k(count, heat[rows], into)
        swing[rows] = _swing_k(count, capacity * np.abs(into))
    return ground, swing


def _field_k(count: Array, heat: Array, into: Array) -> Array:
    """Return how much warmer the boreholes' walls are in every month, shape (case, 12) [K]."""
    data = system_data().borefield
    monthly = heat[:, :12] * into[:, :1] + heat[:, 12:] * into[:, 1:]
    per_m = monthly / _HOURS * 1000.0 / (count * data.borehole_length_m.value)[:, None]
    steps = np.diff(per_m, axis=1, prepend=0.0)
    kinds, kind = np.unique(count, return_inverse=True)
    response = np.stack([_response(int(one)) for one in kinds])[kind.reshape(-1)]
    found = np.zeros_like(per_m)
    for lag in range(12):
        found[:, lag:] += steps[:, : 12 - lag] * response[:, lag, None]
    return found / (2.0 * np.pi * data.ground_conductivity_w_per_mk.value)


def _response(count: int) -> Array:
    """Return the field's g-function half a month, one and a half, ... after a step of heat."""
    data = system_data().borefield
    length = data.borehole_length_m.value
    pairs = np.array(g_function(count, length, data.borehole_radius_m.value, data.spacing_m.value,
                                data.buried_depth_m.value))
    diffusivity = data.ground_conductivity_w_per_mk.value / data.ground_heat_capacity_j_per_m3k.value
    steady_s = length**2 / (9.0 * diffusivity)
    elapsed_s = (np.arange(12) + 0.5) * 730.0 * 3600.0
    return np.interp(np.log(elapsed_s / steady_s), *pairs.T)


def _swing_k(count: Array, full_kw: Array) -> Array:
    """Return how far the water that comes back is from the boreholes' walls at full load, shape (case, 2) [K]."""
    data = system_data().borefield
    conductivity = data.ground_conductivity_w_per_mk.value
    diffusivity = conductivity / data.ground_heat_capacity_j_per_m3k.value
    short = 0.5 * exp1(data.borehole_radius_m.value**2 / (4.0 * diffusivity * LOADED_H * 3600.0))
    resistance = BOREHOLE_RESISTANCE_MK_PER_W + short / (2.0 * np.pi * conductivity)
    each_kw = full_kw / count[:, None]
    mean_k = each_kw * 1000.0 / data.borehole_length_m.value * resistance
    half_k = each_kw / (2.0 * data.flow_per_borehole_m3_per_s.value * 1000.0 * WATER_KJ_PER_KG_K)
    return np.asarray(np.maximum(mean_k - half_k, 0.0))
