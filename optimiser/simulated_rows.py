"""Engine runs as the cube reads them: which row is whose, and what a year used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Building
from vocabulary import CARRIERS, NO_PACKAGE, Fault, InputError

Array = NDArray[np.float64]


def annual_kwh(energy_use: xr.DataArray) -> Array:
    """Return energy per year by carrier from monthly end uses.

    Parameters
    ----------
    energy_use : xr.DataArray, over case, carrier, end_use, month
        kW h.

    Returns
    -------
    ndarray, shape (case, carrier)
        Carriers in the order of the vocabulary.

    Examples
    --------
    A case with 1 kWh in each of 10 end uses and 12 months has 120 kWh.
    """
    return energy_use.sum(["end_use", "month"]).sel(carrier=list(CARRIERS)).transpose("case", "carrier").values


def _index(simulated: xr.Dataset) -> dict[tuple[str, str], int]:
    """Return the row of every finished building-package pair."""
    names, labels = simulated["building_id"].values.astype(str), simulated["package_id"].values.astype(str)
    good = simulated["status"].values.astype(str) == "ok"
    return {(str(names[row]), str(labels[row])): int(row) for row in np.flatnonzero(good)}


def baseline_rows(buildings: Sequence[Building], simulated: xr.Dataset) -> dict[str, int]:
    """Return the row of the simulated baseline of every building that has one.

    Parameters
    ----------
    buildings : sequence of Building
        All buildings of the study.
    simulated : xr.Dataset
        Runs, as `sim.simulate` returns them.

    Returns
    -------
    dict
        building_id to row; a building whose baseline failed is absent.

    Raises
    ------
    InputError
        If no building has a finished baseline.
    """
    rows = _index(simulated)
    found = {b.building_id: rows[b.building_id, NO_PACKAGE] for b in buildings if (b.building_id, NO_PACKAGE) in rows}
    if not found:
        raise InputError([Fault("simulations.nc", "status", "no finished baseline", "at least one")])
    return found
