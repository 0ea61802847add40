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
H_CAPACITY_LOW, H_EIR_LOW, H_SPLIT = 9, 10, 11
CURVE_ROWS = 12
CURVE_SIZE = 12

# rows of the hourly answer (kW)
(COOLING, COOLING_GAS, HEATING, HEATING_GAS, FANS, PUMPS, REJECTION) = range(7)
USE_ROWS = 7


@numba.njit(cache=True, inline="always")
def _curve(c, x, y):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    x = min(max(x, c[7]), c[8])
    y = min(max(y, c[9]), c[10])
    return c[0] + c[1] * x + c[2] * x * x + c[3] * y + c[4] * y * y + c[5] * x * y + c[6] * y * y * y + c[11] * x * x * x


@numba.njit(cache=True, inline="always")
def _reset(out, low, high, low_out, high_out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    if high_out <= low_out:
        return low
    share = min(max((out - low_out) / (high_out - low_out), 0.0), 1.0)
    return low + share * (high - low)


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
    hours = demand.shape[2]
    ends = np.array([31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]) * 24
    for case in range(demand.shape[0]):
        p = plant[case]
        c = curves[case]
        month = 0
        for h in range(hours):
            while month < 11 and h >= ends[month]:
                month += 1
            sensible = demand[case, 0, h] * factor[case, month] * 1e-3
            cold = (demand[case, 0, h] + demand[case, 2, h]) * factor[case, month] * 1e-3
            hot = demand[case, 1, h] * factor[case, 12 + month] * 1e-3
            out = dry_bulb[h]
            cooling = cooling_gas = heating = heating_gas = fans = pumps = rejection = 0.0
            if cold > 1e-3:
                water = _reset(out, p[WATER_LOW], p[WATER_HIGH], p[WATER_LOW_OUT], p[WATER_HIGH_OUT])
                flow = 1.0
                if p[FLOW_COLD] > 0.0:
                    flow = min(max(cold / max(p[COOL_CAPACITY], 1e-6), p[FLOW_COLD]), 1.0)
                load = cold + 0.9 * p[PUMP_COLD] * flow
                part = min(load / max(p[COOL_CAPACITY], 1e-6), 1.0)
                x = water
                y = out
                if p[COOL_KIND] == ROOM_UNIT or p[PUMP_COLD] == 0.0:
                    x = indoor[case, 0]
                if p[SINK] == TOWER:
                    wish = p[SINK_SET] if p[SINK_SET] > 0.0 else min(
                        max(wet_bulb[h] + p[SINK_APPROACH], p[SINK_LOW]), p[SINK_HIGH])
                    y = max(wish, wet_bulb[h] + p[SINK_APPROACH] * part)
                elif p[SINK] == GROUND:
                    y = p[GROUND_MEAN] + p[GROUND_SWING] * part
                low = c[C_SPLIT, 10] > c[C_SPLIT, 9] and y < _curve(c[C_SPLIT], x, 0.0)
                cap_row = C_CAPACITY_LOW if low else C_CAPACITY
                eir_row = C_EIR_LOW if low else C_EIR
                can = p[COOL_CAPACITY] * max(_curve(c[cap_row], x, y), 0.05)
                worse = max(_curve(c[eir_row], x, y), 0.05)
                ratio = min(load / can, 1.0)
                if p[COOL_KIND] == CHILLER:
                    least = p[COOL_MIN]
                    run = min(ratio / least, 1.0) if least > 0.0 else 1.0
                    energy = can * worse / p[COOL_COP] * _curve(
                        c[C_PART], max(ratio, p[COOL_UNLOAD]), 0.0) * run
                elif p[COOL_KIND] == HEAT_PUMP:
                    energy = min(load, can) * worse / p[COOL_COP] * _curve(c[C_PART], max(ratio, p[COOL_MIN]), 0.0)
                else:
                    energy = min(load, can) * worse / p[COOL_COP] / (0.85 + 0.15 * ratio)
                if p[COOL_GAS] > 0.0:
                    cooling_gas = energy
                    cooling = p[COOL_AUX] * p[COOL_CAPACITY] * max(ratio, p[COOL_MIN])
                else:
                    cooling = energy
                pumps += p[PUMP_COLD] * flow + p[PUMP_SINK]
                if p[SINK] == TOWER:
                    heat = load + energy
                    design = p[COOL_CAPACITY] * (1.0 + 1.0 / p[COOL_COP])
                    if p[TOWER_SPEED] > 0.0:
                        air = min(max(heat / design, p[TOWER_SPEED]), 1.0)
                        rejection = p[TOWER_FAN] * air * air * air
                    else:
                        room = max((35.0 - wet_bulb[h]) / 7.0, 0.3)
                        rejection = p[TOWER_FAN] * min(heat / (design * room), 1.0)
                fans += p[FAN_COLD] * sensible
            if hot > 1e-3:
                flow = 1.0
                if p[FLOW_HOT] > 0.0:
                    flow = min(max(hot / max(p[HEAT_CAPACITY], 1e-6), p[FLOW_HOT]), 1.0)
                load = max(hot - 0.9 * p[PUMP_HOT] * flow, 0.05 * hot)
                water = _reset(out, p[HOT_LOW], p[HOT_HIGH], p[HOT_LOW_OUT], p[HOT_HIGH_OUT])
                ratio = min(load / max(p[HEAT_CAPACITY], 1e-6), 1.0)
                if p[HEAT_KIND] == BOILER:
                    back = water - 10.0 * min(ratio, 1.0)
                    heating_gas = load / (p[HEAT_COP] * max(_curve(c[H_PART], ratio, back), 0.1))
                    heating = p[HEAT_AUX] * load
                else:
                    x = water if p[HEAT_KIND] == HEATING_PUMP else indoor[case, 1]
                    y = p[GROUND_MEAN] - p[GROUND_SWING] * ratio if p[SINK] == GROUND else out
                    if c[H_SPLIT, 10] > c[H_SPLIT, 9]:
                        y = wet_bulb[h]
                    low = c[H_SPLIT, 10] > c[H_SPLIT, 9] and y < _curve(c[H_SPLIT], x, 0.0)
                    can = p[HEAT_CAPACITY] * max(_curve(c[H_CAPACITY_LOW if low else H_CAPACITY], x, y), 0.05)
                    worse = max(_curve(c[H_EIR_LOW if low else H_EIR], x, y), 0.05)
                    ratio = min(load / can, 1.0)
                    if p[HEAT_KIND] == HEATING_PUMP:
                        heating = min(load, can) * worse / p[HEAT_COP] * _curve(c[H_PART], max(ratio, p[HEAT_MIN]), 0.0)
                    elif c[H_SPLIT, 10] > c[H_SPLIT, 9]:
                        run = min(ratio / p[HEAT_MIN], 1.0) if p[HEAT_MIN] > 0.0 else 1.0
                        heating = can * worse / p[HEAT_COP] * _curve(c[H_PART], max(ratio, p[HEAT_MIN]), 0.0) * run
                    else:
                        heating = min(load, can) * worse / p[HEAT_COP] / (0.85 + 0.15 * ratio)
                pumps += p[PUMP_HOT] * flow + (p[PUMP_SOURCE] if p[SINK] == GROUND else 0.0)
                fans += p[FAN_HOT] * hot
            use[case, COOLING, h] = cooling
            use[case, COOLING_GAS, h] = cooling_gas
            use[case, HEATING, h] = heating
            use[case, HEATING_GAS, h] = heating_gas
            use[case, FANS, h] = fans
            use[case, PUMPS, h] = pumps
            use[case, REJECTION, h] = rejection
