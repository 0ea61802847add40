"""Run the thermal networks of a table of designs: hourly sensible cooling, heating and latent cooling."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from sim.models.envelope import construction_data
from sim.surrogate.climate import AZIMUTH_STEP_DEG, Climate
from sim.surrogate.inputs import Table
from sim.surrogate.zones import day_types, networks_of

Array = NDArray[np.float64]
Found = TypeVar("Found")
CHUNK = 64
"""Distinct loads that one thread works on at once: their hours take 7 MB."""


def threads() -> int:
    """Return how many threads the kernels may use: all cores in the client, one inside a worker process."""
    if multiprocessing.parent_process() is not None:
        return 1
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1))


def in_parts(parts: Sequence[NDArray[np.int64]], work: Callable[[NDArray[np.int64]], Found]) -> list[Found]:
    """Return what `work` makes of each part, in order; as many at once as threads are allowed.

    BLAS keeps to one thread meanwhile: threads that each start threads of BLAS wait for each other.
    """
    count = min(threads(), len(parts))
    if count <= 1:
        return [work(part) for part in parts]
    with one_blas_thread(), ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, parts))


def one_blas_thread() -> AbstractContextManager[object]:
    """Keep BLAS to one thread: its threads wait busily, which on small matrices beside other work takes all the time.

    Sums then also come in one order whatever the number of cores.
    """
    return _blas().limit(limits=1, user_api="blas")


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def demand(table: Table, climate: Climate, coefficients: Mapping[str, float]) -> NDArray[np.float32]:
    """Return the hourly coil heat of every case of a table, shape (case, 3, hour), float32 [W].

    Sensible cooling, heating, latent cooling; 105 kB a case: hand over some hundreds at once.

    Parameters
    ----------
    table : Table
        Checked designs.
    climate : Climate
        Weather and calendar.
    coefficients : mapping
        Values of `sim/data/surrogate.yaml`.
    """
    from sim.surrogate import kernels_network as k

    networks = networks_of(table, coefficients)
    seen, row = np.unique(table.keys(("orientation_deg", "shading_projection_factor")), axis=0, return_inverse=True)
    window, wall = _solar(seen[:, 0], seen[:, 1], climate)
    members, count = _blocks(np.column_stack([networks.links, networks.zone_count]), k.LANES)
    out = np.empty((table.size, k.DEMAND_ROWS, climate.sky.shape[1]), dtype=np.float32)
    k.run_network(
        members, count, networks.zones, networks.links, networks.zone_count, networks.air, networks.schedules,
        day_types(climate.workdays), climate.sky, row.reshape(-1).astype(np.int64), window, wall, _site(coefficients),
        out,
    )
    return out


def _blocks(kinds: NDArray[np.int64], lanes: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the cases of each block (block, lane), all of one kind of zones, and how many lanes each block fills."""
    _, kind = np.unique(kinds, axis=0, return_inverse=True)
    order = np.argsort(kind.reshape(-1), kind="stable")
    members, count = [], []
    for same in np.split(order, np.flatnonzero(np.diff(kind.reshape(-1)[order])) + 1):
        for first in range(0, len(same), lanes):
            part = same[first : first + lanes]
            members.append(np.resize(part, lanes))
            count.append(len(part))
    return np.array(members, dtype=np.int64), np.array(count, dtype=np.int64)


def facade_solar(table: Table, climate: Climate) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return heat through glass of SHGC 1 and wall irradiance, each (case, facade, hour) [W m-2].

    Facades are north, east, south, west of the plan before it is turned by `orientation_deg` (clockwise).
    """
    return _solar(table["orientation_deg"], table["shading_projection_factor"], climate)


def _solar(orientation_deg: Array, projection: Array, climate: Climate
           ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from sim.surrogate import kernels_network as k

    azimuth = (np.arange(4) * 90.0 + orientation_deg[:, None]) % 360.0
    place = azimuth / AZIMUTH_STEP_DEG
    low = np.floor(place).astype(np.int64) % climate.facades.shape[1]
    shape = (len(projection), 4, climate.facades.shape[2])
    window, wall = np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.float32)
    k.facade_solar(climate.facades, low, np.ascontiguousarray(place - np.floor(place)),
                   np.ascontiguousarray(projection), window, wall)
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
