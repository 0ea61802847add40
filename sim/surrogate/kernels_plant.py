"""Source systems at part load: hourly energy from hourly coil heat, compiled.

Import this module lazily: its one kernel is compiled on import (or read from numba's cache), with one signature.
"""

from __future__ import annotations

import numba
import numpy as np

# kinds of cooling source
CHILLER, HEAT_PUMP, ROOM_UNIT = 0.0, 1.0, 2.0
# kinds of heating source
BOILER, HEATING_PUMP, ROOM_HEATER = 0.0, 1.0, 2.0
# where the cooling source puts its heat
AIR, TOWER, GROUND = 0.0, 1.0, 2.0

# entries of `plant`, per case
(COOL_KIND, HEAT_KIND, SINK, COOL_COP, HEAT_COP, COOL_CAPACITY, HEAT_CAPACITY, COOL_MIN, HEAT_MIN,
 WATER_LOW, WATER_HIGH, WATER_LOW_OUT, WATER_HIGH_OUT, HOT_LOW, HOT_HIGH, HOT_LOW_OUT, HOT_HIGH_OUT,
 SINK_SET, SINK_APPROACH, SINK_LOW, SINK_HIGH, PUMP_COLD, PUMP_SINK, PUMP_HOT, FLOW_COLD, FLOW_HOT,
 TOWER_FAN, TOWER_SPEED, FAN_COLD, FAN_HOT, COOL_GAS, COOL_AUX, HEAT_AUX, GROUND_MEAN, GROUND_SWING, PUMP_SOURCE,
 COOL_UNLOAD,) = range(37)
PLANT_ROWS = 37

# rows of `curves`, per case: a, b x, c x2, d y, e y2, f x y, g y3, limits of x and of y, h x3
C_CAPACITY, C_EIR, C_PART, C_CAPACITY_LOW, C_EIR_LOW, C_SPLIT, H_CAPACITY, H_EIR, H_PART = range(9)
# the energy curve of a low piece stands right after its capacity curve
H_CAPACITY_LOW, H_EIR_LOW, H_SPLIT = 9, 10, 11
CURVE_ROWS = 12
CURVE_SIZE = 12

# rows of the hourly answer (kW)
(COOLING, COOLING_GAS, HEATING, HEATING_GAS, FANS, PUMPS, REJECTION) = range(7)
USE_ROWS = 7

LEAST_HEAT = 1e-3
"""kW below which the plant stands."""


@numba.njit(error_model="numpy")
def _curve(c, x, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    x = min(max(x, c[7]), c[8])
    y = min(max(y, c[9]), c[10])
    square = c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y
    return square + c[6] * y * y * y + c[11] * x * x * x


@numba.njit(error_model="numpy")
def _reset(out, low, high, low_out, high_out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    if high_out <= low_out:
        return low
    share = min(max((out - low_out) / (high_out - low_out), 0.0), 1.0)
    return low + share * (high - low)


@numba.njit(error_model="numpy")
def _flow(load, capacity, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the share of the design flow: all of it where it does not vary."""
    return min(max(load / max(capacity, 1e-6), least), 1.0) if least > 0.0 else 1.0


@numba.njit(error_model="numpy")
def _two_pieces(c, split, capacity, eir, low, x, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the modifiers of capacity and of energy per heat; room units have a second piece for mild weather."""
    is_low = c[split, 10] > c[split, 9] and y < _curve(c[split], x, 0.0)
    if is_low:
        return max(_curve(c[low], x, y), 0.05), max(_curve(c[low + 1], x, y), 0.05)
    return max(_curve(c[capacity], x, y), 0.05), max(_curve(c[eir], x, y), 0.05)


@numba.njit(error_model="numpy")
def _input(kind, load, can, worse, cop, part, least, unload):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the energy that a machine takes for a load.

    CHILLER: the part-load curve is a share of full power, below the least part load it cycles. HEAT_PUMP: the curve
    multiplies the energy per heat. ROOM_UNIT: cycling with a degradation of 0.15.
    """
    ratio = min(load / can, 1.0)
    if kind == CHILLER:
        run = min(ratio / least, 1.0) if least > 0.0 else 1.0
        return can * worse / cop * _curve(part, max(ratio, unload), 0.0) * run
    if kind == HEAT_PUMP:
        return min(load, can) * worse / cop * _curve(part, max(ratio, least), 0.0)
    return min(load, can) * worse / cop / (0.85 + 0.15 * ratio)


@numba.njit(error_model="numpy")
def _sink(p, wet_bulb, out, part):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the temperature that the cooling source gives its heat to."""
    if p[SINK] == TOWER:
        wish = p[SINK_SET]
        if wish <= 0.0:
            wish = min(max(wet_bulb + p[SINK_APPROACH], p[SINK_LOW]), p[SINK_HIGH])
        return max(wish, wet_bulb + p[SINK_APPROACH] * part)
    return p[GROUND_MEAN] + p[GROUND_SWING] * part if p[SINK] == GROUND else out


@numba.njit(error_model="numpy")
def _tower(p, heat, wet_bulb):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the power of the tower's fans."""
    if p[SINK] != TOWER:
        return 0.0
    design = p[COOL_CAPACITY] * (1.0 + 1.0 / p[COOL_COP])
    if p[TOWER_SPEED] > 0.0:
        air = min(max(heat / design, p[TOWER_SPEED]), 1.0)
        return p[TOWER_FAN] * air * air * air
    return p[TOWER_FAN] * min(heat / (design * max((35.0 - wet_bulb) / 7.0, 0.3)), 1.0)


@numba.njit(error_model="numpy")
def _cool(p, c, cold, out, wet_bulb, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return electricity and gas of the cooling source, and power of pumps and tower."""
    flow = _flow(cold, p[COOL_CAPACITY], p[FLOW_COLD])
    load = cold + 0.9 * p[PUMP_COLD] * flow
    x = room
    if p[PUMP_COLD] > 0.0:
        x = _reset(out, p[WATER_LOW], p[WATER_HIGH], p[WATER_LOW_OUT], p[WATER_HIGH_OUT])
    y = _sink(p, wet_bulb, out, min(load / max(p[COOL_CAPACITY], 1e-6), 1.0))
    more, worse = _two_pieces(c, C_SPLIT, C_CAPACITY, C_EIR, C_CAPACITY_LOW, x, y)
    can = p[COOL_CAPACITY] * more
    energy = _input(p[COOL_KIND], load, can, worse, p[COOL_COP], c[C_PART], p[COOL_MIN], p[COOL_UNLOAD])
    pumps = p[PUMP_COLD] * flow + p[PUMP_SINK]
    tower = _tower(p, load + energy, wet_bulb)
    if p[COOL_GAS] > 0.0:
        return p[COOL_AUX] * p[COOL_CAPACITY] * max(min(load / can, 1.0), p[COOL_MIN]), energy, pumps, tower
    return energy, 0.0, pumps, tower


@numba.njit(error_model="numpy")
def _heat(p, c, hot, out, wet_bulb, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return electricity and gas of the heating source, and power of its pumps."""
    flow = _flow(hot, p[HEAT_CAPACITY], p[FLOW_HOT])
    load = max(hot - 0.9 * p[PUMP_HOT] * flow, 0.05 * hot)
    water = _reset(out, p[HOT_LOW], p[HOT_HIGH], p[HOT_LOW_OUT], p[HOT_HIGH_OUT])
    ratio = min(load / max(p[HEAT_CAPACITY], 1e-6), 1.0)
    pumps = p[PUMP_HOT] * flow
    if p[HEAT_KIND] == BOILER:
        efficiency = p[HEAT_COP] * max(_curve(c[H_PART], ratio, water - 10.0 * ratio), 0.1)
        return p[HEAT_AUX] * load, load / efficiency, pumps
    two = c[H_SPLIT, 10] > c[H_SPLIT, 9]
    x = water if p[HEAT_KIND] == HEATING_PUMP else room
    y = wet_bulb if two else out
    if p[SINK] == GROUND:
        y = p[GROUND_MEAN] - p[GROUND_SWING] * ratio
        pumps += p[PUMP_SOURCE]
    more, worse = _two_pieces(c, H_SPLIT, H_CAPACITY, H_EIR, H_CAPACITY_LOW, x, y)
    kind = HEAT_PUMP if p[HEAT_KIND] == HEATING_PUMP else (CHILLER if two else ROOM_UNIT)
    can = p[HEAT_CAPACITY] * more
    return _input(kind, load, can, worse, p[HEAT_COP], c[H_PART], p[HEAT_MIN], p[HEAT_MIN]), 0.0, pumps


_SIGNATURE = (
    "void(float32[:,:,::1], float64[:,::1], float64[:,:,::1], float64[:,::1], float64[::1], float64[::1],"
    " float64[:,::1], float32[:,:,::1])"
)


@numba.njit(_SIGNATURE, cache=True, nogil=True, error_model="numpy")
def run_plant(
    demand: np.ndarray,
    plant: np.ndarray,
    curves: np.ndarray,
    factor: np.ndarray,
    dry_bulb: np.ndarray,
    wet_bulb: np.ndarray,
    indoor: np.ndarray,
    use: np.ndarray,
) -> None:
    """Turn hourly coil heat into hourly electricity and gas by end use.

    Parameters
    ----------
    demand : ndarray (case, 3, hour)
        Sensible cooling, heating, latent cooling [W].
    plant : ndarray (case, PLANT_ROWS)
        Sizes [kW], efficiencies and set points of the source system.
    curves : ndarray (case, CURVE_ROWS, CURVE_SIZE)
        Performance curves.
    factor : ndarray (case, 24)
        Correction of the cooling (first 12) and heating (last 12) heat of each month.
    dry_bulb, wet_bulb : ndarray (hour,)
        Outdoor air [degC].
    indoor : ndarray (case, 2)
        Room wet bulb when cooling and room dry bulb when heating [degC].
    use : ndarray (case, USE_ROWS, hour), written
        Electricity and gas [kW].
    """
    ends = np.array([31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]) * 24
    for case in range(demand.shape[0]):
        p, c = plant[case], curves[case]
        use[case] = 0.0
        month = 0
        for h in range(demand.shape[2]):
            if h >= ends[month]:
                month += 1
            cooled, heated = factor[case, month] * 1e-3, factor[case, 12 + month] * 1e-3
            sensible = demand[case, 0, h] * cooled
            cold, hot = sensible + demand[case, 2, h] * cooled, demand[case, 1, h] * heated
            if cold > LEAST_HEAT:
                power, gas, pumps, tower = _cool(p, c, cold, dry_bulb[h], wet_bulb[h], indoor[case, 0])
                use[case, COOLING, h], use[case, COOLING_GAS, h] = power, gas
                use[case, PUMPS, h], use[case, REJECTION, h] = pumps, tower
                use[case, FANS, h] = p[FAN_COLD] * sensible
            if hot > LEAST_HEAT:
                power, gas, pumps = _heat(p, c, hot, dry_bulb[h], wet_bulb[h], indoor[case, 1])
                use[case, HEATING, h], use[case, HEATING_GAS, h] = power, gas
                use[case, PUMPS, h] += pumps
                use[case, FANS, h] += p[FAN_HOT] * hot
