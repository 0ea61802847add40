"""The hourly thermal network of a building's zones, compiled.

Import this module lazily: its one kernel is compiled on import (or read from numba's cache). The kernel has one
explicit signature, so that processes which fill an empty cache at the same time all write the same code.
"""

from __future__ import annotations

import numba
import numpy as np

# rows of `zones`: W/K unless said otherwise; heat capacities in Wh/K, which is W/K for steps of one hour
AIR_CAPACITY, MASS_CAPACITY, DEEP_CAPACITY = 0, 1, 2
AIR_SURFACE, MASS_SURFACE, MASS_DEEP = 3, 4, 5
WINDOW, ROOF, GROUND, INFILTRATION, VENTILATION = 6, 7, 8, 9, 10
PEOPLE, LIGHTS, EQUIPMENT = 11, 12, 13  # W of sensible heat at schedule value 1
APERTURE = 14  # four rows, m2 of window area times SHGC, by facade
WALL = 18  # four rows, by facade
COUNT = 22  # how often the zone stands in the building
PARTITION = 23  # to the mass of the zone named in `links`
CONDITIONED = 24  # 1 where the zone has a terminal
ZONE_ROWS = 25

# rows of `schedules`
S_PEOPLE, S_LIGHTS, S_EQUIPMENT, S_AIR, S_INFILTRATION, S_COOL, S_HEAT, S_PLANT = range(8)
SCHEDULE_ROWS = 8

# rows of `sky`, per hour
DRY_BULB, HUMIDITY, WIND, SKY, GROUND_T, ROOF_SOLAR = 0, 1, 2, 3, 4, 5
SKY_ROWS = 6

# entries of `site`: global coefficients that the fit may adjust
RADIANT, SOLAR_TO_AIR, LAG_H, ABSORPTANCE, OUTSIDE_FILM, SKY_LOSS, COIL_C, COIL_W, PEOPLE_KG, WIND_A, WIND_B = range(11)
HUMID_MASS = 11
SITE_ROWS = 12

# rows of `air`, per case
AIR_MASS, AIR_INFILTRATION, AIR_VENTILATION, AIR_PEOPLE = 0, 1, 2, 3
AIR_ROWS = 4

# rows of the hourly answer (W)
COOLING, HEATING, LATENT, DEMAND_ROWS = 0, 1, 2, 3

_J_PER_KG_WATER = 2.5e6
_J_PER_KG_K = 1006.0
_SPIN_UP_HOURS = 504

# rows of `fixed`, per zone: what does not change from hour to hour
_DEEP_K, _OUTER, _MASS_OWN, _MASS_GAIN, _SURFACE_OWN, _NEAR_K = range(6)
# entries of `now`: what is the same for all zones in one hour
_OUT, _PEOPLE, _LIGHTS, _PLUGS, _FRESH, _LEAK, _COOL, _HEAT, _PLANT, _GROUND_T, _OUT_W = range(11)
# state: temperatures of air, mass and deep mass
_AIR_T, _MASS_T, _DEEP_T = 0, 1, 2


@numba.njit(fastmath=True, error_model="numpy")
def _fix(p, links, used, fixed):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    fixed[_NEAR_K, :] = 0.0
    for z in range(used):
        if links[z] >= 0:
            fixed[_NEAR_K, z] += p[PARTITION, z]
            fixed[_NEAR_K, links[z]] += p[PARTITION, z]
    for z in range(used):
        # deep node: D (T - T0) = MD (M - T)  ->  T = (D T0 + MD M) / (D + MD)
        fixed[_DEEP_K, z] = p[MASS_DEEP, z] * p[DEEP_CAPACITY, z] / (p[MASS_DEEP, z] + p[DEEP_CAPACITY, z])
        walls = p[WALL, z] + p[WALL + 1, z] + p[WALL + 2, z] + p[WALL + 3, z]
        fixed[_OUTER, z] = walls + p[ROOF, z] + p[GROUND, z] + fixed[_NEAR_K, z]
        own = 1.0 / (p[MASS_CAPACITY, z] + p[MASS_SURFACE, z] + fixed[_DEEP_K, z] + fixed[_OUTER, z])
        fixed[_MASS_OWN, z] = own
        fixed[_MASS_GAIN, z] = p[MASS_SURFACE, z] * own
        fixed[_SURFACE_OWN, z] = 1.0 / (
            p[AIR_SURFACE, z] + p[WINDOW, z] + p[MASS_SURFACE, z] - p[MASS_SURFACE, z] * fixed[_MASS_GAIN, z]
        )


@numba.njit(fastmath=True, error_model="numpy")
def _weather(sky, h, site, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    # the engine goes in a straight line between the hours' values: the mean of its four steps
    before = h - 1 if h > 0 else sky.shape[1] - 1
    now[_OUT] = 0.375 * sky[DRY_BULB, before] + 0.625 * sky[DRY_BULB, h]
    now[_OUT_W] = 0.375 * sky[HUMIDITY, before] + 0.625 * sky[HUMIDITY, h]
    now[_GROUND_T] = sky[GROUND_T, h]
    return site[WIND_A] + site[WIND_B] * sky[WIND, h]


@numba.njit(fastmath=True, error_model="numpy")
def _operate(schedule, day, slot, draught, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    now[_PEOPLE] = schedule[S_PEOPLE, day, slot]
    now[_LIGHTS] = schedule[S_LIGHTS, day, slot]
    now[_PLUGS] = schedule[S_EQUIPMENT, day, slot]
    now[_FRESH] = schedule[S_AIR, day, slot]
    now[_LEAK] = schedule[S_INFILTRATION, day, slot] * draught
    now[_COOL] = schedule[S_COOL, day, slot]
    now[_HEAT] = schedule[S_HEAT, day, slot]
    now[_PLANT] = schedule[S_PLANT, day, slot]


@numba.njit(fastmath=True, error_model="numpy")
def _faces(sky, wall, h, site, out_t, face):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move the lagged outer temperatures of the four walls and the roof."""
    lag = 1.0 / (1.0 + site[LAG_H])
    for f in range(5):
        sun = wall[f, h] if f < 4 else sky[ROOF_SOLAR, h]
        view = 0.5 if f < 4 else 1.0
        gain = site[ABSORPTANCE] * sun - view * sky[SKY, h] * site[SKY_LOSS]
        face[f] += lag * (out_t + gain / site[OUTSIDE_FILM] - face[f])


@numba.njit(fastmath=True, error_model="numpy")
def _neighbours(p, links, used, mass, near):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    for z in range(used):
        near[z] = 0.0
    for z in range(used):
        if links[z] >= 0:
            near[z] += p[PARTITION, z] * mass[links[z]]
            near[links[z]] += p[PARTITION, z] * mass[z]


@numba.njit(fastmath=True, error_model="numpy")
def _zones(p, used, state, fixed, near, face, sun, site, now, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Step every zone of one building; the loop has no branch, so that the compiler can do several zones at once."""
    radiant, to_air = site[RADIANT], site[SOLAR_TO_AIR]
    out_t = now[_OUT]
    cold = hot = err = 0.0
    for z in range(used):
        gains = now[_PEOPLE] * p[PEOPLE, z] + now[_LIGHTS] * p[LIGHTS, z] + now[_PLUGS] * p[EQUIPMENT, z]
        solar = (
            sun[0] * p[APERTURE, z] + sun[1] * p[APERTURE + 1, z]
            + sun[2] * p[APERTURE + 2, z] + sun[3] * p[APERTURE + 3, z]
        )
        q_air = (1.0 - radiant) * gains + to_air * solar
        q_rest = radiant * gains + (1.0 - to_air) * solar
        through = (
            face[0] * p[WALL, z] + face[1] * p[WALL + 1, z] + face[2] * p[WALL + 2, z] + face[3] * p[WALL + 3, z]
            + face[4] * p[ROOF, z] + now[_GROUND_T] * p[GROUND, z] + near[z]
        )
        # half of the radiant heat falls on the mass, half on the light surfaces
        m_known = (
            p[MASS_CAPACITY, z] * state[_MASS_T, z] + fixed[_DEEP_K, z] * state[_DEEP_T, z] + through + 0.5 * q_rest
        ) * fixed[_MASS_OWN, z]
        s_known = (p[WINDOW, z] * out_t + p[MASS_SURFACE, z] * m_known + 0.5 * q_rest) * fixed[_SURFACE_OWN, z]
        s_air = p[AIR_SURFACE, z] * fixed[_SURFACE_OWN, z]
        exchange = now[_FRESH] * p[VENTILATION, z] + now[_LEAK] * p[INFILTRATION, z]
        own = p[AIR_CAPACITY, z] + exchange + p[AIR_SURFACE, z] * (1.0 - s_air)
        known = p[AIR_CAPACITY, z] * state[_AIR_T, z] + exchange * out_t + q_air + p[AIR_SURFACE, z] * s_known
        free = known / own
        held = free + now[_PLANT] * p[CONDITIONED, z] * (min(max(free, now[_HEAT]), now[_COOL]) - free)
        coil = own * held - known
        surface = s_known + s_air * held
        mass = m_known + fixed[_MASS_GAIN, z] * surface
        deep = (p[DEEP_CAPACITY, z] * state[_DEEP_T, z] + p[MASS_DEEP, z] * mass) / (
            p[DEEP_CAPACITY, z] + p[MASS_DEEP, z]
        )
        stored = (
            p[AIR_CAPACITY, z] * (held - state[_AIR_T, z]) + p[MASS_CAPACITY, z] * (mass - state[_MASS_T, z])
            + p[DEEP_CAPACITY, z] * (deep - state[_DEEP_T, z])
        )
        inflow = coil + gains + solar + exchange * (out_t - held) + p[WINDOW, z] * (out_t - surface)
        err += p[COUNT, z] * (inflow + through - fixed[_OUTER, z] * mass - stored)
        state[_AIR_T, z] = held
        state[_MASS_T, z] = mass
        state[_DEEP_T, z] = deep
        # a millionth of a watt is rounding, not a call for heat
        cold += p[COUNT, z] * max(-coil - 1e-6, 0.0)
        hot += p[COUNT, z] * max(coil - 1e-6, 0.0)
    total[0], total[1], total[2] = cold, hot, err


@numba.njit(fastmath=True, error_model="numpy")
def _dry(air, site, now, humidity, cold):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Return the new humidity and the latent heat of the coil: M dw/dt = air (wo - w) + people - coil (w - wc)."""
    fresh = now[_FRESH] * air[AIR_VENTILATION] + now[_LEAK] * air[AIR_INFILTRATION]
    kilograms = air[AIR_MASS] * site[HUMID_MASS]
    known = kilograms * humidity + fresh * now[_OUT_W] + now[_PEOPLE] * air[AIR_PEOPLE] * site[PEOPLE_KG]
    flow = cold * 3600.0 / (_J_PER_KG_K * max(now[_COOL] - site[COIL_C], 1.0))
    wet = (known + flow * site[COIL_W]) / (kilograms + fresh + flow)
    if wet > site[COIL_W]:
        return wet, flow * (wet - site[COIL_W]) * _J_PER_KG_WATER / 3600.0
    return known / (kilograms + fresh), 0.0


_SIGNATURE = (
    "void(float64[:,:,::1], int64[:,::1], int64[::1], float64[:,::1], float64[:,:,:,::1], int64[::1], float64[:,::1],"
    " float32[:,:,::1], float32[:,:,::1], float64[::1], float32[:,:,::1], float64[:,::1])"
)


@numba.njit(_SIGNATURE, cache=True, nogil=True, fastmath=True, error_model="numpy")
def run_network(
    zones: np.ndarray,
    links: np.ndarray,
    zone_count: np.ndarray,
    air: np.ndarray,
    schedules: np.ndarray,
    day_type: np.ndarray,
    sky: np.ndarray,
    facade_window: np.ndarray,
    facade_wall: np.ndarray,
    site: np.ndarray,
    demand: np.ndarray,
    summary: np.ndarray,
) -> None:
    """Step every case through the year and write its hourly coil heat.

    Four nodes per zone (air, surface without capacity, mass, deep mass), implicit Euler with one-hour steps; the
    surface and mass nodes are eliminated, so that one hour of one zone is some fifty multiplications. One moisture
    node per building; the coil dries in proportion to the sensible cooling.

    Parameters
    ----------
    zones : ndarray (case, ZONE_ROWS, zone)
        Network of each zone, rows as named above.
    links : ndarray (case, zone)
        Index of the zone behind the zone's partition, -1 without one.
    zone_count : ndarray (case,)
        Zones in use.
    air : ndarray (case, AIR_ROWS)
        Air mass [kg], infiltration and ventilation [kg h-1], people [1] of the building.
    schedules : ndarray (case, SCHEDULE_ROWS, day type, 24)
        Fractions; S_COOL and S_HEAT are setpoints [degC], S_PLANT is the share of the hour in which the plant runs.
    day_type : ndarray (day,)
        Which of the day types each day is.
    sky : ndarray (SKY_ROWS, hour)
        Outdoor air [degC], [kg kg-1], wind [m s-1], sky deficit [W m-2], ground [degC], roof irradiance [W m-2].
    facade_window : ndarray (case, 4, hour)
        Solar heat through one m2 of glass of SHGC 1 [W m-2].
    facade_wall : ndarray (case, 4, hour)
        Irradiance on the wall [W m-2].
    site : ndarray (SITE_ROWS,)
        Global coefficients.
    demand : ndarray (case, DEMAND_ROWS, hour), written
        Sensible cooling, heating, latent cooling [W].
    summary : ndarray (case, 2), written
        Residual of the energy balance over the year [W h], heat turned over [W h].
    """
    hours, width = sky.shape[1], zones.shape[2]
    state, fixed, near = np.empty((3, width)), np.empty((6, width)), np.empty(width)
    face, sun, now, total = np.empty(5), np.empty(4), np.empty(11), np.empty(3)
    for case in range(zones.shape[0]):
        p, used = zones[case], zone_count[case]
        _fix(p, links[case], used, fixed)
        state[:], face[:], humidity = 20.0, 10.0, 0.006
        summary[case] = 0.0
        for step in range(-_SPIN_UP_HOURS, hours):
            h = step if step >= 0 else step + hours
            draught = _weather(sky, h, site, now)
            _operate(schedules[case], day_type[h // 24], h % 24, draught, now)
            _faces(sky, facade_wall[case], h, site, now[_OUT], face)
            for f in range(4):
                sun[f] = facade_window[case, f, h]
            _neighbours(p, links[case], used, state[_MASS_T], near)
            _zones(p, used, state, fixed, near, face, sun, site, now, total)
            humidity, latent = _dry(air[case], site, now, humidity, total[0])
            if step >= 0:
                demand[case, COOLING, h], demand[case, HEATING, h] = total[0], total[1]
                demand[case, LATENT, h] = latent
                summary[case, 0] += total[2]
                summary[case, 1] += total[0] + total[1]


_SHADE_SIGNATURE = (
    "void(float32[:,:,::1], int64[:,::1], float64[:,::1], float64[::1], float32[:,:,::1], float32[:,:,::1])"
)


@numba.njit(_SHADE_SIGNATURE, cache=True, nogil=True, error_model="numpy")
def facade_solar(
    table: np.ndarray,
    row: np.ndarray,
    weight: np.ndarray,
    projection: np.ndarray,
    window: np.ndarray,
    wall: np.ndarray,
) -> None:
    """Read the solar tables at each case's four facades and put the overhang's shade on the windows.

    Parameters
    ----------
    table : ndarray (5, azimuth, hour)
        Beam and diffuse heat through glass of SHGC 1, irradiance of the wall [W m-2], tangent of the profile angle,
        share of the diffuse that comes from the sky.
    row, weight : ndarray (case, 4)
        Lower neighbour in the table and the weight of the upper one.
    projection : ndarray (case,)
        Overhang depth over window height; facade 0 (north) has none.
    window, wall : ndarray (case, 4, hour), written
        Heat through one m2 of glass of SHGC 1, irradiance of the wall [W m-2].
    """
    count = table.shape[1]
    for case in range(row.shape[0]):
        for f in range(4):
            low = row[case, f]
            high = (low + 1) % count
            share = np.float32(weight[case, f])
            rest = np.float32(1.0) - share
            depth = np.float32(projection[case]) if f > 0 else np.float32(0.0)
            # view factor of an overhang as wide as the facade, seen from mid-height of the window
            seen = np.float32(1.0) - depth / np.float32(np.sqrt(depth * depth + np.float32(0.25))) * np.float32(0.5)
            for h in range(table.shape[2]):
                beam = rest * table[0, low, h] + share * table[0, high, h]
                diffuse = rest * table[1, low, h] + share * table[1, high, h]
                tangent = table[3, low, h] if share < np.float32(0.5) else table[3, high, h]
                lit = max(np.float32(1.0) - depth * tangent, np.float32(0.0))
                window[case, f, h] = beam * lit + diffuse * (
                    np.float32(1.0) - table[4, low, h] * (np.float32(1.0) - seen)
                )
                wall[case, f, h] = rest * table[2, low, h] + share * table[2, high, h]
