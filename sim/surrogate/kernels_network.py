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
    n_zone = zones.shape[2]
    n_hour = sky.shape[1]
    air_t = np.empty(n_zone)
    mass_t = np.empty(n_zone)
    deep_t = np.empty(n_zone)
    mass_own = np.empty(n_zone)
    mass_gain = np.empty(n_zone)
    surf_own = np.empty(n_zone)
    deep_k = np.empty(n_zone)
    outer = np.empty(n_zone)
    near = np.empty(n_zone)
    near_k = np.empty(n_zone)
    wall_t = np.empty(4)
    beam = np.empty(4)
    for case in range(zones.shape[0]):
        p = zones[case]
        used = zone_count[case]
        sched = schedules[case]
        for z in range(used):
            air_t[z] = 20.0
            mass_t[z] = 20.0
            deep_t[z] = 20.0
            # deep node: D (T - T0) = MD (M - T)  ->  T = (D T0 + MD M) / (D + MD)
            deep_k[z] = p[MASS_DEEP, z] * p[DEEP_CAPACITY, z] / (p[MASS_DEEP, z] + p[DEEP_CAPACITY, z])
            near_k[z] = 0.0
        for z in range(used):
            if links[case, z] >= 0:
                near_k[z] += p[PARTITION, z]
                near_k[links[case, z]] += p[PARTITION, z]
        for z in range(used):
            outer[z] = (
                p[WALL, z] + p[WALL + 1, z] + p[WALL + 2, z] + p[WALL + 3, z] + p[ROOF, z] + p[GROUND, z] + near_k[z]
            )
            mass_own[z] = 1.0 / (p[MASS_CAPACITY, z] + p[MASS_SURFACE, z] + deep_k[z] + outer[z])
            mass_gain[z] = p[MASS_SURFACE, z] * mass_own[z]
            surf_own[z] = 1.0 / (
                p[AIR_SURFACE, z] + p[WINDOW, z] + p[MASS_SURFACE, z] - p[MASS_SURFACE, z] * mass_gain[z]
            )
        for f in range(4):
            wall_t[f] = 10.0
        roof_t = 10.0
        humidity = 0.006
        balance = 0.0
        turned = 0.0
        lag = 1.0 / (1.0 + site[LAG_H])
        for step in range(-_SPIN_UP_HOURS, n_hour):
            h = step if step >= 0 else step + n_hour
            slot = h % 24
            day = day_type[h // 24]
            before = h - 1 if h > 0 else n_hour - 1
            out_t = 0.375 * sky[DRY_BULB, before] + 0.625 * sky[DRY_BULB, h]
            out_w = 0.375 * sky[HUMIDITY, before] + 0.625 * sky[HUMIDITY, h]
            for f in range(4):
                sol_air = out_t + (site[ABSORPTANCE] * facade_wall[case, f, h] - 0.5 * sky[SKY, h] * site[SKY_LOSS]) / (
                    site[OUTSIDE_FILM]
                )
                wall_t[f] += lag * (sol_air - wall_t[f])
                beam[f] = facade_window[case, f, h]
            roof_air = out_t + (site[ABSORPTANCE] * sky[ROOF_SOLAR, h] - sky[SKY, h] * site[SKY_LOSS]) / site[OUTSIDE_FILM]
            roof_t += lag * (roof_air - roof_t)
            people = sched[S_PEOPLE, day, slot]
            lights = sched[S_LIGHTS, day, slot]
            plugs = sched[S_EQUIPMENT, day, slot]
            fresh = sched[S_AIR, day, slot]
            leak = sched[S_INFILTRATION, day, slot] * (site[WIND_A] + site[WIND_B] * sky[WIND, h])
            cool = sched[S_COOL, day, slot]
            heat = sched[S_HEAT, day, slot]
            plant = sched[S_PLANT, day, slot]
            ground_t = sky[GROUND_T, h]
            for z in range(used):
                near[z] = 0.0
            for z in range(used):
                if links[case, z] >= 0:
                    near[z] += p[PARTITION, z] * mass_t[links[case, z]]
                    near[links[case, z]] += p[PARTITION, z] * mass_t[z]
            radiant = site[RADIANT]
            to_air = site[SOLAR_TO_AIR]
            sum_c = 0.0
            sum_h = 0.0
            err = 0.0
            for z in range(used):
                gains = people * p[PEOPLE, z] + lights * p[LIGHTS, z] + plugs * p[EQUIPMENT, z]
                solar = (
                    beam[0] * p[APERTURE, z] + beam[1] * p[APERTURE + 1, z]
                    + beam[2] * p[APERTURE + 2, z] + beam[3] * p[APERTURE + 3, z]
                )
                q_air = (1.0 - radiant) * gains + to_air * solar
                q_rest = radiant * gains + (1.0 - to_air) * solar
                through = (
                    wall_t[0] * p[WALL, z] + wall_t[1] * p[WALL + 1, z] + wall_t[2] * p[WALL + 2, z]
                    + wall_t[3] * p[WALL + 3, z] + roof_t * p[ROOF, z] + ground_t * p[GROUND, z]
                    + near[z]
                )
                # half of the radiant heat falls on the mass, half on the light surfaces
                m_known = (
                    p[MASS_CAPACITY, z] * mass_t[z] + deep_k[z] * deep_t[z] + through + 0.5 * q_rest
                ) * mass_own[z]
                s_known = (p[WINDOW, z] * out_t + p[MASS_SURFACE, z] * m_known + 0.5 * q_rest) * surf_own[z]
                s_air = p[AIR_SURFACE, z] * surf_own[z]
                exchange = fresh * p[VENTILATION, z] + leak * p[INFILTRATION, z]
                own = p[AIR_CAPACITY, z] + exchange + p[AIR_SURFACE, z] * (1.0 - s_air)
                known = p[AIR_CAPACITY, z] * air_t[z] + exchange * out_t + q_air + p[AIR_SURFACE, z] * s_known
                free = known / own
                held = free + plant * p[CONDITIONED, z] * (min(max(free, heat), cool) - free)
                coil = own * held - known
                surf = s_known + s_air * held
                mass = m_known + mass_gain[z] * surf
                deep = (p[DEEP_CAPACITY, z] * deep_t[z] + p[MASS_DEEP, z] * mass) / (
                    p[DEEP_CAPACITY, z] + p[MASS_DEEP, z]
                )
                stored = (
                    p[AIR_CAPACITY, z] * (held - air_t[z])
                    + p[MASS_CAPACITY, z] * (mass - mass_t[z])
                    + p[DEEP_CAPACITY, z] * (deep - deep_t[z])
                )
                inflow = coil + gains + solar + exchange * (out_t - held) + p[WINDOW, z] * (out_t - surf)
                err += p[COUNT, z] * (inflow + through - outer[z] * mass - stored)
                air_t[z] = held
                mass_t[z] = mass
                deep_t[z] = deep
                # a millionth of a watt is rounding, not a call for heat
                sum_c += p[COUNT, z] * max(-coil - 1e-6, 0.0)
                sum_h += p[COUNT, z] * max(coil - 1e-6, 0.0)
            # moisture: M dw/dt = oa (wo - w) + people - coil (w - w_coil)
            oa = fresh * air[case, AIR_VENTILATION] + leak * air[case, AIR_INFILTRATION]
            kilograms = air[case, AIR_MASS] * site[HUMID_MASS]
            gain = people * air[case, AIR_PEOPLE] * site[PEOPLE_KG]
            drying = sum_c * 3600.0 / (_J_PER_KG_K * max(cool - site[COIL_C], 1.0))
            wet = (kilograms * humidity + oa * out_w + gain + drying * site[COIL_W]) / (kilograms + oa + drying)
            dry = (kilograms * humidity + oa * out_w + gain) / (kilograms + oa)
            latent = 0.0
            if wet > site[COIL_W]:
                humidity = wet
                latent = drying * (wet - site[COIL_W]) * _J_PER_KG_WATER / 3600.0
            else:
                humidity = dry
            if step >= 0:
                demand[case, COOLING, h] = sum_c
                demand[case, HEATING, h] = sum_h
                demand[case, LATENT, h] = latent
                balance += err
                turned += sum_c + sum_h
        summary[case, 0] = balance
        summary[case, 1] = turned


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
