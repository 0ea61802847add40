"""Source systems at part load: hourly energy from hourly coil heat, compiled.

Import this module lazily: its one kernel is compiled on import (or read from numba's cache), with one signature.

A case is worked through month by month over the hours that have a load. Every step is a plain loop over those hours
with nothing but arithmetic inside, so that the compiler makes vector instructions of it; what depends on the plant only
is decided outside of the loops. Nothing of 8 760 hours leaves the kernel unless asked for.
"""

from __future__ import annotations

import numba
import numpy as np

from sim.surrogate.kernels_machines import (
    COOL_FANS,
    COOL_GAS_POWER,
    COOL_POWER,
    COOL_PUMPS,
    HEAT_FANS,
    HEAT_GAS_POWER,
    HEAT_POWER,
    HEAT_PUMPS,
    LIVE,
    LONGEST_MONTH,
    PROFILE_ROWS,
    SCRATCH_ROWS,
    TOWER_POWER,
    cool,
    heat,
)

MACHINES = "7f3acd52c555"
"""Digest of the source of `kernels_machines`."""

# rows of the hourly answer (kW)
(COOLING, COOLING_GAS, HEATING, HEATING_GAS, FANS, PUMPS, REJECTION) = range(7)
USE_ROWS = 7

LEAST_HEAT = 1e-3
"""kW below which the plant stands."""

@numba.njit(fastmath=True, error_model="numpy")
def _total(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    total = 0.0
    for i in range(values.shape[0]):
        total += values[i]
    return total


@numba.njit(fastmath=True, error_model="numpy")
def _gather(values, place, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for i in range(place.shape[0]):
        out[i] = values[place[i]]


@numba.njit(error_model="numpy")
def _hours_with(first, second, place, edge, ends):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the hours in which either load is above zero, and where each month begins among them."""
    count = month = 0
    edge[0] = 0
    for h in range(first.shape[0]):
        if h >= ends[month]:
            month += 1
            edge[month] = count
        if first[h] > 0.0 or second[h] > 0.0:
            place[count] = h
            count += 1
    edge[12] = count
    return count


@numba.njit(error_model="numpy")
def _sums(out, cool, heat, model, month):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Add up a month by end use; `cool` and `heat` are its first and last hour in the profiles."""
    a, b, d, e = cool[0], cool[1], heat[0], heat[1]
    model[COOLING, month] = _total(out[COOL_POWER, a:b])
    model[COOLING_GAS, month] = _total(out[COOL_GAS_POWER, a:b])
    model[REJECTION, month] = _total(out[TOWER_POWER, a:b])
    model[HEATING, month] = _total(out[HEAT_POWER, d:e])
    model[HEATING_GAS, month] = _total(out[HEAT_GAS_POWER, d:e])
    model[FANS, month] = _total(out[COOL_FANS, a:b]) + _total(out[HEAT_FANS, d:e])
    model[PUMPS, month] = _total(out[COOL_PUMPS, a:b]) + _total(out[HEAT_PUMPS, d:e])


@numba.njit(error_model="numpy")
def _correct(model, share, least, use, ratio):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Add the learnt share of the year's use to each month; nothing turns negative, nor wakes a plant that is off."""
    for u in range(model.shape[0]):
        year = model[u].sum()
        for m in range(12):
            use[u, m], ratio[u, m] = model[u, m], 1.0
            if year > least and model[u, m] > 0.0:
                use[u, m] = max(model[u, m] + share[u, m] * year, 0.1 * model[u, m])
                ratio[u, m] = use[u, m] / model[u, m]


@numba.njit(fastmath=True, error_model="numpy")
def _mix(first, second, third, fourth, factor, mixed):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the sum of four profiles, each times its factor."""
    f, g, h, k = factor[0], factor[1], factor[2], factor[3]
    for i in range(mixed.shape[0]):
        mixed[i] = f * first[i] + g * second[i] + h * third[i] + k * fourth[i]


@numba.njit(error_model="numpy")
def _add(mixed, place, power):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for i in range(place.shape[0]):
        power[place[i]] += mixed[i]


@numba.njit(error_model="numpy")
def _assemble(out, at, edge, ratio, known, day_type, mixed, power, gas):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write hourly electricity and gas, known uses included, each end use scaled to its corrected month.

    Gas is left out where its array has no hours.
    """
    for d in range(day_type.shape[0]):
        power[24 * d : 24 * d + 24] = known[day_type[d]]
    gas[:] = 0.0
    burns = gas.shape[0] > 0
    for m in range(12):
        a, b = edge[0, m], edge[0, m + 1]
        _mix(out[COOL_POWER, a:b], out[COOL_FANS, a:b], out[COOL_PUMPS, a:b], out[TOWER_POWER, a:b],
             (ratio[COOLING, m], ratio[FANS, m], ratio[PUMPS, m], ratio[REJECTION, m]), mixed[: b - a])
        _add(mixed, at[0, a:b], power)
        d, e = edge[1, m], edge[1, m + 1]
        _mix(out[HEAT_POWER, d:e], out[HEAT_FANS, d:e], out[HEAT_PUMPS, d:e], out[HEAT_POWER, d:e],
             (ratio[HEATING, m], ratio[FANS, m], ratio[PUMPS, m], 0.0), mixed[: e - d])
        _add(mixed, at[1, d:e], power)
        if burns:
            _add(out[COOL_GAS_POWER, a:b] * ratio[COOLING_GAS, m], at[0, a:b], gas)
            _add(out[HEAT_GAS_POWER, d:e] * ratio[HEATING_GAS, m], at[1, d:e], gas)


@numba.njit(fastmath=True, error_model="numpy")
def _weigh(power, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    total = 0.0
    for h in range(power.shape[0]):
        total += power[h] * weight[h]
    return total


@numba.njit(fastmath=True, error_model="numpy")
def _highest(power, yields, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the highest power that is left of a month behind PV."""
    high = 0.0
    for h in range(power.shape[0]):
        high = max(high, power[h] - min(power[h], size * yields[h]))
    return high


@numba.njit(fastmath=True, error_model="numpy")
def _used(power, yields, size, weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the weighted PV generation that is used at once."""
    total = 0.0
    for h in range(power.shape[0]):
        total += weight[h] * min(power[h], size * yields[h])
    return total


@numba.njit(error_model="numpy")
def _gather_hours(coil, dry_bulb, wet_bulb, at, edge, ends, raw, air):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put the hours with a load of one set of loads side by side, with the weather of those hours."""
    cools = _hours_with(coil[0], coil[2], at[0], edge[0], ends)
    heats = _hours_with(coil[1], coil[1], at[1], edge[1], ends)
    _gather(coil[0], at[0, :cools], raw[0])
    _gather(coil[2], at[0, :cools], raw[1])
    _gather(coil[1], at[1, :heats], raw[2])
    _gather(dry_bulb, at[0, :cools], air[0])
    _gather(dry_bulb, at[1, :heats], air[1])
    _gather(wet_bulb, at[0, :cools], air[2])
    _gather(wet_bulb, at[1, :heats], air[3])


@numba.njit(fastmath=True, error_model="numpy")
def _scale(first, second, factor, part, whole, live):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the first load and the sum of both in kW, and in which hours the plant runs at all."""
    for i in range(part.shape[0]):
        part[i] = first[i] * factor
        whole[i] = part[i] + second[i] * factor
    for i in range(part.shape[0]):
        live[i] = 1.0 if whole[i] > LEAST_HEAT else 0.0


@numba.njit(error_model="numpy")
def _peaks(power, ends, peaks):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for m in range(12):
        peaks[m] = power[(ends[m - 1] if m else 0) : ends[m]].max()


@numba.njit(error_model="numpy")
def _behind_pv(power, yields, sun, sizes, with_peaks, ends, used, peak):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write what of PV of each size is used at once, plain and weighed, and the sum of the monthly peaks behind it."""
    for node in range(sizes.shape[0]):
        for w in range(used.shape[0]):
            used[w, node] = _used(sun[1], sun[0], sizes[node], sun[2 + w])
        peak[node] = 0.0
        for m in range(12 if with_peaks else 0):
            first = ends[m - 1] if m else 0
            peak[node] += _highest(power[first : ends[m]], yields[first : ends[m]], sizes[node])


_SIGNATURE = (
    "void(float32[:,:,::1], int64[::1], float64[:,::1], float64[:,:,::1], int64[::1], float64[:,::1], float64[:,::1],"
    " float64[::1], float64[::1], float64[:,::1], float64[:,:,::1], float64[::1], float64[:,:,::1], int64[::1],"
    " float64[:,::1], float64[::1], float64[:,::1], boolean,"
    " float64[:,:,::1], float64[:,:,::1], float64[:,::1], float64[:,::1], float64[:,:,::1], float64[:,::1],"
    " float32[:,::1], float32[:,::1])"
)


@numba.njit(_SIGNATURE, cache=True, nogil=True, error_model="numpy")
def run_plant(
    demand: np.ndarray,
    loads: np.ndarray,
    plant: np.ndarray,
    curves: np.ndarray,
    curve_row: np.ndarray,
    factor: np.ndarray,
    ground: np.ndarray,
    dry_bulb: np.ndarray,
    wet_bulb: np.ndarray,
    indoor: np.ndarray,
    share: np.ndarray,
    least: np.ndarray,
    known: np.ndarray,
    day_type: np.ndarray,
    weights: np.ndarray,
    pv_yield: np.ndarray,
    pv_size: np.ndarray,
    pv_peaks: bool,
    model: np.ndarray,
    use: np.ndarray,
    peaks: np.ndarray,
    weighted: np.ndarray,
    pv_used: np.ndarray,
    pv_peak: np.ndarray,
    electricity: np.ndarray,
    gas: np.ndarray,
) -> None:
    """Turn hourly coil heat into energy by end use and month, corrected, and into what else the hours decide.

    Parameters
    ----------
    demand : ndarray (load, 3, hour)
        Sensible cooling, heating, latent cooling [W].
    loads : ndarray (case,)
        Row of `demand` of each case; cases of one row one after the other share work.
    plant : ndarray (case, PLANT_ROWS)
        Sizes [kW], efficiencies and set points of the source system.
    curves : ndarray (row, CURVE_ROWS, CURVE_SIZE)
        Performance curves.
    curve_row : ndarray (case,)
        Row of `curves` of each case.
    factor : ndarray (case, 24)
        Correction of the cooling (first 12) and heating (last 12) heat of each month.
    ground : ndarray (case, 12)
        Temperature of the ground loop at no load in each month [degC].
    dry_bulb, wet_bulb : ndarray (hour,)
        Outdoor air [degC].
    indoor : ndarray (case, 2)
        Room wet bulb when cooling and room dry bulb when heating [degC].
    share : ndarray (case, USE_ROWS, 12)
        Correction of each month's use as a share of the year's.
    least : ndarray (case,)
        Yearly use below which nothing is corrected [kW h].
    known : ndarray (case, day type, 24)
        Electric power of lights, plugs, service and recovery fans [kW].
    day_type : ndarray (day,)
        Which of the day types each day is.
    weights : ndarray (weight, hour)
        By which hours of electricity are weighed, a price for instance.
    pv_yield : ndarray (hour,)
        Generation of 1 kW of PV [kW].
    pv_size : ndarray (case, node)
        PV sizes [kW].
    pv_peaks : bool
        Whether monthly peaks behind PV are wanted.
    model, use : ndarray (case, USE_ROWS, 12), written
        Energy by end use and month before and after correction [kW h].
    peaks : ndarray (case, 12), written
        Highest hourly electricity of each month [kW].
    weighted : ndarray (case, weight), written
        Sum over the year of weight times electricity.
    pv_used : ndarray (case, 1 + weight, node), written
        PV used at once, plain and weighed.
    pv_peak : ndarray (case, node), written
        Sum over months of the highest electricity behind PV [kW].
    electricity, gas : ndarray (case, hour), written
        Hourly power [kW]; without rows where it is not wanted.
    """
    ends = np.array([31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]) * 24
    hours = demand.shape[2]
    t, coil = np.zeros((SCRATCH_ROWS, LONGEST_MONTH)), np.empty((2, LONGEST_MONTH))
    at, edge = np.empty((2, hours), np.int64), np.zeros((2, 13), np.int64)
    raw, air = np.empty((3, hours)), np.empty((4, hours))
    out, ratio = np.empty((PROFILE_ROWS, hours)), np.empty((USE_ROWS, 12))
    power, fuel = np.empty(hours), np.empty(hours if electricity.shape[0] > 0 else 0)
    sunny = np.flatnonzero(pv_yield > 1e-9)
    sun = np.ones((3 + weights.shape[0], len(sunny)))
    sun[0] = pv_yield[sunny]
    for w in range(weights.shape[0]):
        sun[3 + w] = weights[w][sunny]
    profiled = weights.shape[0] + pv_size.shape[1] + electricity.shape[0] + peaks.shape[0] > 0
    last = -1
    for case in range(loads.shape[0]):
        p, c = plant[case], curves[curve_row[case]]
        if loads[case] != last:
            last = loads[case]
            _gather_hours(demand[last], dry_bulb, wet_bulb, at, edge, ends, raw, air)
        for m in range(12):
            a, b, d, e = edge[0, m], edge[0, m + 1], edge[1, m], edge[1, m + 1]
            _scale(raw[0, a:b], raw[1, a:b], factor[case, m] * 1e-3, coil[0, : b - a], coil[1, : b - a], t[LIVE])
            cool(p, c, ground[case, m], coil[0, : b - a], coil[1, : b - a], air[0, a:b], air[2, a:b], indoor[case, 0],
                 t[:, : b - a], out[:, a:b])
            _scale(raw[2, d:e], raw[2, d:e], factor[case, 12 + m] * 0.5e-3, coil[0, : e - d], coil[1, : e - d], t[LIVE])
            heat(p, c, ground[case, m], coil[1, : e - d], air[1, d:e], air[3, d:e], indoor[case, 1], t[:, : e - d],
                 out[:, d:e])
            _sums(out, (a, b), (d, e), model[case], m)
        _correct(model[case], share[case], least[case], use[case], ratio)
        if not profiled:
            continue
        _assemble(out, at, edge, ratio, known[case], day_type, coil[0], power, fuel)
        if electricity.shape[0] > 0:
            electricity[case] = power.astype(np.float32)
            gas[case] = fuel.astype(np.float32)
        if peaks.shape[0] > 0:
            _peaks(power, ends, peaks[case])
        for w in range(weights.shape[0]):
            weighted[case, w] = _weigh(power, weights[w])
        if pv_size.shape[1] > 0:
            _gather(power, sunny, sun[1])
            _behind_pv(power, pv_yield, sun, pv_size[case], pv_peaks, ends, pv_used[case], pv_peak[case])
