"""Run the thermal networks of a table of designs: hourly sensible cooling, heating and latent cooling."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from sim.models.envelope import construction_data
from sim.surrogate.climate import AZIMUTH_STEP_DEG, Climate
from sim.surrogate.inputs import Table
from sim.surrogate.zones import day_types, networks_of

Array = NDArray[np.float64]
CHUNK = 32
"""Cases stepped at once by one thread: their hourly arrays (some 15 MB) stay near the processor."""


def threads() -> int:
    """Return how many threads the kernels may use: all cores in the client, one inside a worker process."""
    if multiprocessing.parent_process() is not None:
        return 1
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1))


def in_chunks(size: int, work: Callable[[NDArray[np.int64]], None], chunk: int = CHUNK) -> None:
    """Call `work` on the rows of each chunk, in as many threads as allowed; the order does not matter."""
    parts = [np.arange(first, min(first + chunk, size)) for first in range(0, size, chunk)]
    count = min(threads(), len(parts))
    if count <= 1:
        for part in parts:
            work(part)
        return
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, parts))


def demand(table: Table, climate: Climate, coefficients: Mapping[str, float]) -> tuple[NDArray[np.float32], Array]:
    """Return the hourly coil heat of every case of a table.

    Parameters
    ----------
    table : Table
        Checked designs; a chunk of some tens, or all if memory allows (105 kB each).
    climate : Climate
        Weather and calendar.
    coefficients : mapping
        Values of `sim/data/surrogate.yaml`.

    Returns
    -------
    demand : ndarray (case, 3, hour), float32
        Sensible cooling, heating, latent cooling [W].
    balance : ndarray (case,)
        Residual of the zones' energy balance over the year, as a share of the heat turned over [1].
    """
    from sim.surrogate import kernels_network as k

    networks = networks_of(table, coefficients)
    window, wall = facade_solar(table, climate)
    out = np.empty((table.size, k.DEMAND_ROWS, climate.sky.shape[1]), dtype=np.float32)
    summary = np.empty((table.size, 2))
    k.run_network(
        networks.zones, networks.links, networks.zone_count, networks.air, networks.schedules,
        day_types(climate.workdays), climate.sky, window, wall, _site(coefficients), out, summary,
    )
    return out, summary[:, 0] / np.maximum(summary[:, 1], 1.0)


def facade_solar(table: Table, climate: Climate) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return heat through glass of SHGC 1 and wall irradiance, each (case, facade, hour) [W m-2].

    Facades are north, east, south, west of the plan before it is turned by `orientation_deg` (clockwise).
    """
    from sim.surrogate import kernels_network as k

    azimuth = (np.arange(4) * 90.0 + table["orientation_deg"][:, None]) % 360.0
    place = azimuth / AZIMUTH_STEP_DEG
    low = np.floor(place).astype(np.int64) % climate.facades.shape[1]
    shape = (table.size, 4, climate.facades.shape[2])
    window, wall = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    k.facade_solar(climate.facades, low, np.ascontiguousarray(place - np.floor(place)),
                   table["shading_projection_factor"], window, wall)
    return window, wall


def _site(c: Mapping[str, float]) -> Array:
    from sim.surrogate import kernels_network as k

    site = np.zeros(k.SITE_ROWS)
    site[k.RADIANT], site[k.SOLAR_TO_AIR] = c["radiant_fraction"], c["solar_to_air_fraction"]
    site[k.LAG_H], site[k.OUTSIDE_FILM] = c["wall_lag_h"], c["outside_film_w_per_m2k"]
    site[k.ABSORPTANCE] = construction_data().solar_absorptance["wall"]
    site[k.SKY_LOSS] = c["sky_loss_multiplier"]
    site[k.COIL_C], site[k.COIL_W] = c["coil_temperature_c"], c["coil_humidity_kg_per_kg"]
    site[k.PEOPLE_KG], site[k.HUMID_MASS] = c["people_moisture_kg_per_h"], c["moisture_multiplier"]
    site[k.WIND_A] = 1.0
    return site
