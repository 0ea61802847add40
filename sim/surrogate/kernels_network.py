"""The hourly thermal network of a building's zones, compiled.

Import this module lazily: its kernels are compiled on import (or read from numba's cache). Each has one explicit
signature, so that processes which fill an empty cache at the same time all write the same code.

`LANES` cases with the same zones step side by side: every array of a block has the lane as its last index, in one flat
array, so that the compiler turns each loop over lanes into vector instructions. A lane's arithmetic does not depend on
its neighbours: a case has the same answer, to the last bit, in any company.
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

LANES = 16
"""Cases that step side by side."""

# a zone of a block, rows of LANES numbers: constants, then temperatures and the heat from neighbours
(_C_AIR, _C_MASS, _C_DEEP, _K_AIR, _K_MASS, _K_WINDOW, _K_DEEP, _DEEP_OWN, _MASS_OWN, _MASS_GAIN, _SURFACE_OWN,
 _SURFACE_AIR, _OWN, _FIXED_DEEP, _K_ROOF, _K_GROUND, _K_INFILTRATION, _K_VENTILATION, _PEOPLE, _LIGHTS, _PLUGS,
 _COUNT, _CONDITIONED, _PARTITION) = range(24)
_APERTURE, _WALL = 24, 28
_AIR_T, _MASS_T, _DEEP_T, _NEAR = 32, 33, 34, 35
_BLOCK_ROWS = 36
# one hour of a block: schedules (in the order of the rows of `schedules`), sun on the windows, outer faces, answers
_N_SUN, _N_FACE, _N_COLD, _N_HOT, _N_HUMIDITY, _N_LATENT = 8, 12, 17, 18, 19, 20
_HOUR_ROWS = 21


@numba.njit(fastmath=True, error_model="numpy")
def _fill_zone(w, c, p, z, near):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Write the constants of zone `z` of one case into lane `c`; `near` is what its partitions conduct."""
    n = LANES
    deep = p[MASS_DEEP, z] * p[DEEP_CAPACITY, z] / (p[MASS_DEEP, z] + p[DEEP_CAPACITY, z])
    outer = p[WALL, z] + p[WALL + 1, z] + p[WALL + 2, z] + p[WALL + 3, z] + p[ROOF, z] + p[GROUND, z] + near
    mass_own = 1.0 / (p[MASS_CAPACITY, z] + p[MASS_SURFACE, z] + deep + outer)
    gain = p[MASS_SURFACE, z] * mass_own
    surface_own = 1.0 / (p[AIR_SURFACE, z] + p[WINDOW, z] + p[MASS_SURFACE, z] - p[MASS_SURFACE, z] * gain)
    w[_C_AIR * n + c], w[_C_MASS * n + c], w[_C_DEEP * n + c] = p[AIR_CAPACITY, z], p[MASS_CAPACITY, z], (
        p[DEEP_CAPACITY, z])
    w[_K_AIR * n + c], w[_K_MASS * n + c], w[_K_DEEP * n + c] = p[AIR_SURFACE, z], p[MASS_SURFACE, z], p[MASS_DEEP, z]
    w[_K_WINDOW * n + c], w[_K_ROOF * n + c], w[_K_GROUND * n + c] = p[WINDOW, z], p[ROOF, z], p[GROUND, z]
    w[_DEEP_OWN * n + c] = 1.0 / (p[DEEP_CAPACITY, z] + p[MASS_DEEP, z])
    w[_FIXED_DEEP * n + c], w[_MASS_OWN * n + c], w[_MASS_GAIN * n + c] = deep, mass_own, gain
    w[_SURFACE_OWN * n + c], w[_SURFACE_AIR * n + c] = surface_own, p[AIR_SURFACE, z] * surface_own
    w[_OWN * n + c] = p[AIR_CAPACITY, z] + p[AIR_SURFACE, z] * (1.0 - p[AIR_SURFACE, z] * surface_own)
    w[_K_INFILTRATION * n + c], w[_K_VENTILATION * n + c] = p[INFILTRATION, z], p[VENTILATION, z]
    w[_PEOPLE * n + c], w[_LIGHTS * n + c], w[_PLUGS * n + c] = p[PEOPLE, z], p[LIGHTS, z], p[EQUIPMENT, z]
    w[_COUNT * n + c], w[_CONDITIONED * n + c], w[_PARTITION * n + c] = p[COUNT, z], p[CONDITIONED, z], p[PARTITION, z]
    for f in range(4):
        w[(_APERTURE + f) * n + c], w[(_WALL + f) * n + c] = p[APERTURE + f, z], p[WALL + f, z]
    w[_AIR_T * n + c] = w[_MASS_T * n + c] = w[_DEEP_T * n + c] = 20.0


@numba.njit(fastmath=True, error_model="numpy")
def _zone(w, now, out_t, ground_t, radiant, to_air):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Step one zone of all lanes by an hour and add its coil heat to the building's."""
    n = LANES
    for c in range(LANES):
        gains = now[S_PEOPLE * n + c] * w[_PEOPLE * n + c] + now[S_LIGHTS * n + c] * w[_LIGHTS * n + c] + (
            now[S_EQUIPMENT * n + c] * w[_PLUGS * n + c])
        solar = now[_N_SUN * n + c] * w[_APERTURE * n + c] + now[(_N_SUN + 1) * n + c] * w[(_APERTURE + 1) * n + c] + (
            now[(_N_SUN + 2) * n + c] * w[(_APERTURE + 2) * n + c]
            + now[(_N_SUN + 3) * n + c] * w[(_APERTURE + 3) * n + c])
        q_air = (1.0 - radiant) * gains + to_air * solar
        # half of the radiant heat falls on the mass, half on the light surfaces
        half = 0.5 * (radiant * gains + (1.0 - to_air) * solar)
        through = now[_N_FACE * n + c] * w[_WALL * n + c] + now[(_N_FACE + 1) * n + c] * w[(_WALL + 1) * n + c] + (
            now[(_N_FACE + 2) * n + c] * w[(_WALL + 2) * n + c] + now[(_N_FACE + 3) * n + c] * w[(_WALL + 3) * n + c]
            + now[(_N_FACE + 4) * n + c] * w[_K_ROOF * n + c] + ground_t * w[_K_GROUND * n + c] + w[_NEAR * n + c])
        m_known = (w[_C_MASS * n + c] * w[_MASS_T * n + c] + w[_FIXED_DEEP * n + c] * w[_DEEP_T * n + c] + through
                   + half) * w[_MASS_OWN * n + c]
        s_known = (w[_K_WINDOW * n + c] * out_t + w[_K_MASS * n + c] * m_known + half) * w[_SURFACE_OWN * n + c]
        exchange = now[S_AIR * n + c] * w[_K_VENTILATION * n + c] + (
            now[S_INFILTRATION * n + c] * w[_K_INFILTRATION * n + c])
        own = w[_OWN * n + c] + exchange
        free = (w[_C_AIR * n + c] * w[_AIR_T * n + c] + exchange * out_t + q_air + w[_K_AIR * n + c] * s_known) / own
        wish = min(max(free, now[S_HEAT * n + c]), now[S_COOL * n + c])
        lift = now[S_PLANT * n + c] * w[_CONDITIONED * n + c] * (wish - free)
        held, coil = free + lift, own * lift
        mass = m_known + w[_MASS_GAIN * n + c] * (s_known + w[_SURFACE_AIR * n + c] * held)
        w[_DEEP_T * n + c] = (w[_C_DEEP * n + c] * w[_DEEP_T * n + c] + w[_K_DEEP * n + c] * mass) * (
            w[_DEEP_OWN * n + c])
        w[_AIR_T * n + c] = held
        w[_MASS_T * n + c] = mass
        # a millionth of a watt is rounding, not a call for heat
        now[_N_COLD * n + c] += w[_COUNT * n + c] * max(-coil - 1e-6, 0.0)
        now[_N_HOT * n + c] += w[_COUNT * n + c] * max(coil - 1e-6, 0.0)


@numba.njit(fastmath=True, error_model="numpy")
def _near(w, other):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Add the heat through a zone's partition, by last hour's masses, to zone and neighbour."""
    n = LANES
    for c in range(LANES):
        w[_NEAR * n + c] += w[_PARTITION * n + c] * other[_MASS_T * n + c]
    for c in range(LANES):
        other[_NEAR * n + c] += w[_PARTITION * n + c] * w[_MASS_T * n + c]


@numba.njit(fastmath=True, error_model="numpy")
def _zones(block, links, used, now, out_t, ground_t, site):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    size = _BLOCK_ROWS * LANES
    for z in range(used):
        w = block[z * size : (z + 1) * size]
        w[_NEAR * LANES : (_NEAR + 1) * LANES] = 0.0
    for z in range(used):
        if links[z] >= 0:
            _near(block[z * size : (z + 1) * size], block[links[z] * size : (links[z] + 1) * size])
    now[_N_COLD * LANES : (_N_HOT + 1) * LANES] = 0.0
    for z in range(used):
        _zone(block[z * size : (z + 1) * size], now, out_t, ground_t, site[RADIANT], site[SOLAR_TO_AIR])


@numba.njit(fastmath=True, error_model="numpy")
def _face(face, sun, cold_sky, out_t, site):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move the lagged outer temperature of one face of all lanes."""
    lag = 1.0 / (1.0 + site[LAG_H])
    per_film = 1.0 / site[OUTSIDE_FILM]
    for c in range(LANES):
        gain = site[ABSORPTANCE] * sun[c] - cold_sky
        face[c] += lag * (out_t + gain * per_film - face[c])


@numba.njit(fastmath=True, error_model="numpy")
def _dry(now, air, out_w, site):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Move the humidity and find the latent heat of the coil: M dw/dt = air (wo - w) + people - coil (w - wc)."""
    n = LANES
    for c in range(LANES):
        fresh = now[S_AIR * n + c] * air[AIR_VENTILATION * n + c] + (
            now[S_INFILTRATION * n + c] * air[AIR_INFILTRATION * n + c])
        kilograms = air[AIR_MASS * n + c] * site[HUMID_MASS]
        known = kilograms * now[_N_HUMIDITY * n + c] + fresh * out_w + (
            now[S_PEOPLE * n + c] * air[AIR_PEOPLE * n + c] * site[PEOPLE_KG])
        flow = now[_N_COLD * n + c] * 3600.0 / (_J_PER_KG_K * max(now[S_COOL * n + c] - site[COIL_C], 1.0))
        wet = (known + flow * site[COIL_W]) / (kilograms + fresh + flow)
        dries = wet > site[COIL_W]
        now[_N_HUMIDITY * n + c] = wet if dries else known / (kilograms + fresh)
        now[_N_LATENT * n + c] = flow * (wet - site[COIL_W]) * _J_PER_KG_WATER / 3600.0 if dries else 0.0


@numba.njit(fastmath=True, error_model="numpy")
def _fill_block(members, zones, links, used, air, schedules, block, mass, plan):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put the cases of a block side by side."""
    size = _BLOCK_ROWS * LANES
    near = np.empty(zones.shape[2])
    for c in range(LANES):
        p = zones[members[c]]
        near[:] = 0.0
        for z in range(used):
            if links[z] >= 0:
                near[z] += p[PARTITION, z]
                near[links[z]] += p[PARTITION, z]
        for z in range(used):
            _fill_zone(block[z * size : (z + 1) * size], c, p, z, near[z])
        for row in range(AIR_ROWS):
            mass[row * LANES + c] = air[members[c], row]
        for row in range(SCHEDULE_ROWS):
            plan[:, :, row * LANES + c] = schedules[members[c], row]


@numba.njit(fastmath=True, error_model="numpy")
def _see(members, sun_row, window, wall, h, now, sun):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
    """Read the sun on windows and walls of all lanes."""
    for c in range(LANES):
        row = sun_row[members[c]]
        for f in range(4):
            now[(_N_SUN + f) * LANES + c] = window[row, f, h]
            sun[f * LANES + c] = wall[row, f, h]


_SIGNATURE = (
    "void(int64[:,::1], int64[::1], float64[:,:,::1], int64[:,::1], int64[::1], float64[:,::1], float64[:,:,:,::1],"
    " int64[::1], float64[:,::1], int64[::1], float32[:,:,::1], float32[:,:,::1], float64[::1], float32[:,:,::1])"
)


@numba.njit(_SIGNATURE, cache=True, nogil=True, fastmath=True, error_model="numpy")
def run_network(
    members: np.ndarray,
    count: np.ndarray,
    zones: np.ndarray,
    links: np.ndarray,
    zone_count: np.ndarray,
    air: np.ndarray,
    schedules: np.ndarray,
    day_type: np.ndarray,
    sky: np.ndarray,
    sun_row: np.ndarray,
    facade_window: np.ndarray,
    facade_wall: np.ndarray,
    site: np.ndarray,
    demand: np.ndarray,
) -> None:
    """Step every case through the year and write its hourly coil heat.

    Four nodes per zone (air, surface without capacity, mass, deep mass), implicit Euler with one-hour steps; the
    surface and mass nodes are eliminated, so that one hour of one zone is some fifty multiplications. One moisture
    node per building; the coil dries in proportion to the sensible cooling.

    Parameters
    ----------
    members : ndarray (block, LANES)
        Cases that step side by side; they agree in `links` and `zone_count`. A lane without a case repeats another.
    count : ndarray (block,)
        Lanes of each block that are written.
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
    sun_row : ndarray (case,)
        Row of the next two that each case sees.
    facade_window : ndarray (row, 4, hour)
        Solar heat through one m2 of glass of SHGC 1 [W m-2].
    facade_wall : ndarray (row, 4, hour)
        Irradiance on the wall [W m-2].
    site : ndarray (SITE_ROWS,)
        Global coefficients.
    demand : ndarray (case, DEMAND_ROWS, hour), written
        Sensible cooling, heating, latent cooling [W].
    """
    hours, n = sky.shape[1], LANES
    block, now = np.empty(zones.shape[2] * _BLOCK_ROWS * n), np.empty(_HOUR_ROWS * n)
    mass, sun = np.empty(AIR_ROWS * n), np.empty(5 * n)
    plan = np.empty((schedules.shape[2], 24, SCHEDULE_ROWS * n))
    for b in range(members.shape[0]):
        used, own = zone_count[members[b, 0]], links[members[b, 0]]
        _fill_block(members[b], zones, own, used, air, schedules, block, mass, plan)
        now[:] = 10.0
        now[_N_HUMIDITY * n : (_N_HUMIDITY + 1) * n] = 0.006
        for step in range(-_SPIN_UP_HOURS, hours):
            h = step if step >= 0 else step + hours
            before = h - 1 if h > 0 else hours - 1
            # the engine goes in a straight line between the hours' values: the mean of its four steps
            out_t = 0.375 * sky[DRY_BULB, before] + 0.625 * sky[DRY_BULB, h]
            out_w = 0.375 * sky[HUMIDITY, before] + 0.625 * sky[HUMIDITY, h]
            now[: SCHEDULE_ROWS * n] = plan[day_type[h // 24], h % 24]
            now[S_INFILTRATION * n : (S_INFILTRATION + 1) * n] *= site[WIND_A] + site[WIND_B] * sky[WIND, h]
            _see(members[b], sun_row, facade_window, facade_wall, h, now, sun)
            sun[4 * n :] = sky[ROOF_SOLAR, h]
            for f in range(5):
                cold_sky = (0.5 if f < 4 else 1.0) * sky[SKY, h] * site[SKY_LOSS]
                _face(now[(_N_FACE + f) * n : (_N_FACE + f + 1) * n], sun[f * n : (f + 1) * n], cold_sky, out_t, site)
            _zones(block, own, used, now, out_t, sky[GROUND_T, h], site)
            _dry(now, mass, out_w, site)
            if step >= 0:
                for c in range(count[b]):
                    demand[members[b, c], COOLING, h] = now[_N_COLD * n + c]
                    demand[members[b, c], HEATING, h] = now[_N_HOT * n + c]
                    demand[members[b, c], LATENT, h] = now[_N_LATENT * n + c]


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
