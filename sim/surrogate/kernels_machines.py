"""Machines, pumps and towers at part load over the hours of one month, compiled: the inside of `kernels_plant`.

numba's cache looks at the file of the kernel only: whoever changes this file puts its new digest into
`kernels_plant.MACHINES`, as `test_kernel_cache.py` asks.
"""

from __future__ import annotations

import numba

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
 TOWER_FAN, TOWER_SPEED, FAN_COLD, FAN_HOT, COOL_GAS, COOL_AUX, HEAT_AUX, GROUND_WARMER, PUMP_SOURCE,
 COOL_UNLOAD, GROUND_COLDER,) = range(37)
PLANT_ROWS = 37

# rows of `curves`, per case: a, b x, c x2, d y, e y2, f x y, g y3, limits of x and of y, h x3
C_CAPACITY, C_EIR, C_PART, C_CAPACITY_LOW, C_EIR_LOW, C_SPLIT, H_CAPACITY, H_EIR, H_PART = range(9)
# the energy curve of a low piece stands right after its capacity curve
H_CAPACITY_LOW, H_EIR_LOW, H_SPLIT = 9, 10, 11
CURVE_ROWS = 12
CURVE_SIZE = 12

LONGEST_MONTH = 744
# scratch of one month, rows of LONGEST_MONTH
_LOAD, _X, _Y, _MORE, _WORSE, _LOW, _RATIO, _PART, _ENERGY, LIVE = range(10)
SCRATCH_ROWS = 10
# profiles of one case, rows over the hours that have a load
(COOL_POWER, COOL_GAS_POWER, COOL_FANS, COOL_PUMPS, TOWER_POWER, HEAT_POWER, HEAT_GAS_POWER, HEAT_FANS,
 HEAT_PUMPS) = range(9)
PROFILE_ROWS = 9


@numba.njit(fastmath=True, error_model="numpy")
def _curve(c, x, y, least, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write a curve's values, at least `least`."""
    a, b, bb, d, dd, bd, ddd, bbb = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[11]
    x_low, x_high, y_low, y_high = c[7], c[8], c[9], c[10]
    for i in range(out.shape[0]):
        u = min(max(x[i], x_low), x_high)
        v = min(max(y[i], y_low), y_high)
        out[i] = max(a + u * (b + u * (bb + u * bbb)) + v * (d + bd * u + v * (dd + v * ddd)), least)


@numba.njit(fastmath=True, error_model="numpy")
def _flow(heat, capacity, least, pump, sign, floor, load):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the load of the machine: the heat and what the pump adds to it or spares it."""
    least = least if least > 0.0 else 1.0  # all of the flow where it does not vary
    per = 1.0 / max(capacity, 1e-6)
    for i in range(load.shape[0]):
        flow = min(max(heat[i] * per, least), 1.0)
        load[i] = max(heat[i] + sign * 0.9 * pump * flow, floor * heat[i])


@numba.njit(fastmath=True, error_model="numpy")
def _reset(outdoor, low, high, low_out, high_out, x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the supply temperature, reset by the outdoor air."""
    per = 1.0 / (high_out - low_out) if high_out > low_out else 0.0
    for i in range(x.shape[0]):
        x[i] = low + min(max((outdoor[i] - low_out) * per, 0.0), 1.0) * (high - low)


@numba.njit(fastmath=True, error_model="numpy")
def _two_pieces(c, split, capacity, low, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the modifiers of capacity and of energy per heat; room units have a second piece for mild weather."""
    x, y, more, worse, bound, other = t[_X], t[_Y], t[_MORE], t[_WORSE], t[_LOW], t[_PART]
    _curve(c[capacity], x, y, 0.05, more)
    _curve(c[capacity + 1], x, y, 0.05, worse)
    if c[split, 10] > c[split, 9]:
        other[:] = 0.0
        _curve(c[split], x, other, -1e300, bound)
        _curve(c[low], x, y, 0.05, other)
        for i in range(x.shape[0]):
            more[i] = other[i] if y[i] < bound[i] else more[i]
        _curve(c[low + 1], x, y, 0.05, other)
        for i in range(x.shape[0]):
            worse[i] = other[i] if y[i] < bound[i] else worse[i]


@numba.njit(fastmath=True, error_model="numpy")
def _machine(kind, capacity, cop, part_curve, least, unload, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the energy that a machine takes for its loads.

    CHILLER: the part-load curve is a share of full power, below the least part load it cycles. HEAT_PUMP: the curve
    multiplies the energy per heat. ROOM_UNIT: cycling with a degradation of 0.15.
    """
    load, more, worse, ratio, part, energy = t[_LOAD], t[_MORE], t[_WORSE], t[_RATIO], t[_PART], t[_ENERGY]
    floor = unload if kind == CHILLER else least
    for i in range(load.shape[0]):
        more[i] *= capacity
        ratio[i] = min(load[i] / more[i], 1.0)
    for i in range(load.shape[0]):
        t[_LOW][i] = max(ratio[i], floor)
        energy[i] = 0.0
    if kind == ROOM_UNIT:
        for i in range(load.shape[0]):
            energy[i] = min(load[i], more[i]) * worse[i] / cop / (0.85 + 0.15 * ratio[i])
        return
    _curve(part_curve, t[_LOW], energy, -1e300, part)
    if kind == CHILLER:
        per = 1.0 / least if least > 0.0 else 1e300
        for i in range(load.shape[0]):
            run = min(ratio[i] * per, 1.0) if per < 1e299 else 1.0
            energy[i] = more[i] * worse[i] / cop * part[i] * run
    else:
        for i in range(load.shape[0]):
            energy[i] = min(load[i], more[i]) * worse[i] / cop * part[i]


@numba.njit(fastmath=True, error_model="numpy")
def _sink(p, ground_c, outdoor, wet_bulb, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the temperature that the cooling source gives its heat to."""
    load, y = t[_LOAD], t[_Y]
    per = 1.0 / max(p[COOL_CAPACITY], 1e-6)
    if p[SINK] == TOWER:
        fixed, approach, low, high = p[SINK_SET], p[SINK_APPROACH], p[SINK_LOW], p[SINK_HIGH]
        if fixed > 0.0:
            low = high = fixed
        for i in range(load.shape[0]):
            wish = min(max(wet_bulb[i] + approach, low), high)
            y[i] = max(wish, wet_bulb[i] + approach * min(load[i] * per, 1.0))
    elif p[SINK] == GROUND:
        for i in range(load.shape[0]):
            y[i] = ground_c + p[GROUND_WARMER] * min(load[i] * per, 1.0)
    else:
        y[:] = outdoor


@numba.njit(fastmath=True, error_model="numpy")
def _tower(p, wet_bulb, t, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the power of the tower's fans."""
    load, energy = t[_LOAD], t[_ENERGY]
    design, fan, speed = p[COOL_CAPACITY] * (1.0 + 1.0 / p[COOL_COP]), p[TOWER_FAN], p[TOWER_SPEED]
    if p[SINK] != TOWER:
        out[:] = 0.0
    elif speed > 0.0:
        for i in range(load.shape[0]):
            air = min(max((load[i] + energy[i]) / design, speed), 1.0)
            out[i] = fan * air * air * air
    else:
        for i in range(load.shape[0]):
            out[i] = fan * min((load[i] + energy[i]) / (design * max((35.0 - wet_bulb[i]) / 7.0, 0.3)), 1.0)


@numba.njit(fastmath=True, error_model="numpy")
def cool(p, c, ground_c, sensible, cold, outdoor, wet_bulb, room, t, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write electricity, gas, fans, pumps and tower of the cooling source over the hours of a month."""
    load, energy, live = t[_LOAD], t[_ENERGY], t[LIVE]
    capacity, pump = p[COOL_CAPACITY], p[PUMP_COLD]
    _flow(cold, capacity, p[FLOW_COLD], pump, 1.0, 0.0, load)
    if pump > 0.0:
        _reset(outdoor, p[WATER_LOW], p[WATER_HIGH], p[WATER_LOW_OUT], p[WATER_HIGH_OUT], t[_X])
    else:
        t[_X][:] = room
    _sink(p, ground_c, outdoor, wet_bulb, t)
    _two_pieces(c, C_SPLIT, C_CAPACITY, C_CAPACITY_LOW, t)
    _machine(p[COOL_KIND], capacity, p[COOL_COP], c[C_PART], p[COOL_MIN], p[COOL_UNLOAD], t)
    _tower(p, wet_bulb, t, out[TOWER_POWER])
    burns, aux = p[COOL_GAS], p[COOL_AUX] * capacity
    power, gas, fans, pumps, tower = (out[COOL_POWER], out[COOL_GAS_POWER], out[COOL_FANS], out[COOL_PUMPS],
                                      out[TOWER_POWER])
    for i in range(cold.shape[0]):
        power[i] = live[i] * (burns * aux * max(t[_RATIO][i], p[COOL_MIN]) + (1.0 - burns) * energy[i])
    for i in range(cold.shape[0]):
        gas[i] = live[i] * burns * energy[i]
    least = p[FLOW_COLD] if p[FLOW_COLD] > 0.0 else 1.0
    per = 1.0 / max(capacity, 1e-6)
    for i in range(cold.shape[0]):
        pumps[i] = live[i] * (pump * min(max(cold[i] * per, least), 1.0) + p[PUMP_SINK])
    for i in range(cold.shape[0]):
        fans[i] = live[i] * p[FAN_COLD] * sensible[i]
    for i in range(cold.shape[0]):
        tower[i] *= live[i]


@numba.njit(fastmath=True, error_model="numpy")
def _boiler(p, c, water, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write a boiler's gas."""
    load, ratio, energy = t[_LOAD], t[_RATIO], t[_ENERGY]
    per = 1.0 / max(p[HEAT_CAPACITY], 1e-6)
    for i in range(load.shape[0]):
        ratio[i] = min(load[i] * per, 1.0)
    for i in range(load.shape[0]):
        t[_Y][i] = water[i] - 10.0 * ratio[i]
    _curve(c, ratio, t[_Y], 0.1, t[_PART])
    for i in range(load.shape[0]):
        energy[i] = load[i] / (p[HEAT_COP] * t[_PART][i])


@numba.njit(fastmath=True, error_model="numpy")
def _heater(p, c, ground_c, outdoor, wet_bulb, room, t):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the electricity of a heat pump or room heater; the supply water stands in the scratch."""
    load, y = t[_LOAD], t[_Y]
    two = c[H_SPLIT, 10] > c[H_SPLIT, 9]
    if p[HEAT_KIND] != HEATING_PUMP:
        t[_X][:] = room
    y[:] = wet_bulb if two else outdoor
    if p[SINK] == GROUND:
        per = 1.0 / max(p[HEAT_CAPACITY], 1e-6)
        for i in range(load.shape[0]):
            y[i] = ground_c - p[GROUND_COLDER] * min(load[i] * per, 1.0)
    _two_pieces(c, H_SPLIT, H_CAPACITY, H_CAPACITY_LOW, t)
    kind = HEAT_PUMP if p[HEAT_KIND] == HEATING_PUMP else (CHILLER if two else ROOM_UNIT)
    _machine(kind, p[HEAT_CAPACITY], p[HEAT_COP], c[H_PART], p[HEAT_MIN], p[HEAT_MIN], t)


@numba.njit(fastmath=True, error_model="numpy")
def heat(p, c, ground_c, hot, outdoor, wet_bulb, room, t, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Write electricity, gas, fans and pumps of the heating source over the hours of a month."""
    load, energy, live = t[_LOAD], t[_ENERGY], t[LIVE]
    capacity, pump = p[HEAT_CAPACITY], p[PUMP_HOT]
    _flow(hot, capacity, p[FLOW_HOT], pump, -1.0, 0.05, load)
    _reset(outdoor, p[HOT_LOW], p[HOT_HIGH], p[HOT_LOW_OUT], p[HOT_HIGH_OUT], t[_X])
    burns = 1.0 if p[HEAT_KIND] == BOILER else 0.0
    if p[HEAT_KIND] == BOILER:
        _boiler(p, c[H_PART], t[_X], t)
    else:
        _heater(p, c, ground_c, outdoor, wet_bulb, room, t)
    power, gas, fans, pumps = out[HEAT_POWER], out[HEAT_GAS_POWER], out[HEAT_FANS], out[HEAT_PUMPS]
    for i in range(hot.shape[0]):
        power[i] = live[i] * (burns * p[HEAT_AUX] * load[i] + (1.0 - burns) * energy[i])
    for i in range(hot.shape[0]):
        gas[i] = live[i] * burns * energy[i]
    source = p[PUMP_SOURCE] if p[SINK] == GROUND else 0.0
    least = p[FLOW_HOT] if p[FLOW_HOT] > 0.0 else 1.0
    per = 1.0 / max(capacity, 1e-6)
    for i in range(hot.shape[0]):
        pumps[i] = live[i] * (pump * min(max(hot[i] * per, least), 1.0) + source)
    for i in range(hot.shape[0]):
        fans[i] = live[i] * p[FAN_HOT] * hot[i]
