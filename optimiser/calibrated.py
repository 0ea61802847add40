"""A cube whose baselines come from bills: which do, and what is unknown about each building in every saving."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from vocabulary import attributes


def with_building_doubt(
    cube: xr.Dataset, doubt_kwh: Mapping[str, Mapping[str, float]], baselines: Mapping[str, str]
) -> xr.Dataset:
    """Return the cube with what is unknown about calibrated buildings in the standard error of every saving.

    Parameters
    ----------
    cube : xr.Dataset
        With `energy_saving_std(building, package)`: the surrogate's error, 0 where simulated [kW h].
    doubt_kwh : mapping of building to mapping of package to float
        Standard deviation of the saving over draws of the building's posterior [kW h].
    baselines : mapping of building to str
        `calibrated` or `simulated`; a building that is not named is `simulated`.

    Returns
    -------
    xr.Dataset
        `energy_saving_std` is the root of the sum of both squares: engine runs take away the surrogate's part, never
        the building's, which stands beside it as `energy_saving_std_building`.

    Examples
    --------
    3 kWh of the surrogate and 4 kWh of the building make a standard error of 5 kWh.
    """
    doubt = xr.zeros_like(cube["energy_saving_std"])
    for building, packages in doubt_kwh.items():
        known = [label for label in packages if label in cube["package"].values]
        doubt.loc[{"building": building, "package": known}] = [packages[label] for label in known]
    total = xr.apply_ufunc(np.hypot, cube["energy_saving_std"], doubt)
    source = [baselines.get(str(name), "simulated") for name in cube["building"].values]
    return cube.assign(
        energy_saving_std=total.assign_attrs(cube["energy_saving_std"].attrs),
        energy_saving_std_building=doubt.assign_attrs(attributes("energy_saving_std_building")),
        baseline=("building", np.array(source, dtype=np.str_), attributes("baseline")),
    )


def baseline_words(cube: xr.Dataset) -> str:
    """Return in one sentence which baselines savings are counted from.

    Examples
    --------
    'calibrated on bills for 9 of 12 buildings (ASHRAE Guideline 14 gate passed), simulated for the others'
    """
    count = int((cube["baseline"].values.astype(str) == "calibrated").sum()) if "baseline" in cube else 0
    if not count:
        return "simulated: savings are of the simulated baseline, bills have not been used"
    total = cube.sizes["building"]
    rest = ", simulated for the others" if count < total else ""
    return f"calibrated on bills for {count} of {total} buildings (ASHRAE Guideline 14 gate passed){rest}"
