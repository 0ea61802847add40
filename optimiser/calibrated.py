"""A cube whose baselines come from bills: which do, and what is unknown about each building in every saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Package
from vocabulary import attributes

Array = NDArray[np.float64]


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
    offered = set(cube["package"].values.astype(str).tolist())
    for building, packages in doubt_kwh.items():
        known = [label for label in packages if label in offered]
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


def smallest(packages: Sequence[Package]) -> list[Package]:
    """Return `none` and for every measure the smallest package that holds it.

    Examples
    --------
    >>> [p.label for p in smallest([Package(("led", "vrf")), Package(("led",)), Package()])]
    ['none', 'led', 'led+vrf']
    """
    found: dict[str, Package] = {}
    for package in sorted(packages, key=lambda p: len(p.measures)):
        for measure in package.measures or ("",):
            found.setdefault(measure, package)
    return list(dict.fromkeys(found.values()))


def spread_packages(packages: Sequence[Package], most: int, seed: int) -> list[Package]:
    """Return all packages, or where there are too many: the smallest with each measure, then some drawn evenly."""
    if len(packages) <= most:
        return list(packages)
    chosen = smallest(packages)
    taken = set(chosen)
    rest = [p for p in packages if p not in taken]
    drawn = np.random.default_rng(seed).choice(len(rest), max(most - len(chosen), len(chosen)), replace=False)
    return chosen + [rest[i] for i in sorted(drawn)]


def doubt_of_all(
    savings_kwh: Array, asked: Sequence[Package], packages: Sequence[Package]
) -> Array:
    """Return the standard deviation over draws of every package's saving from the savings of some.

    Parameters
    ----------
    savings_kwh : ndarray (draw, asked package)
        Savings at each draw [kW h].
    asked, packages : sequence of Package
        Packages that were predicted, and all.

    Returns
    -------
    ndarray (package,)
        For a package that was not asked: each draw's deviation from the mean as a sum over its measures (least
        squares), and what that leaves unexplained [kW h].

    Examples
    --------
    >>> led, vrf, both = Package(("led",)), Package(("vrf",)), Package(("led", "vrf"))
    >>> savings = np.array([[9.0, 20.0], [11.0, 20.0]])
    >>> doubt_of_all(savings, [led, vrf], [both]).round(3).tolist()
    [1.414]
    """
    off = savings_kwh - savings_kwh.mean(axis=0)
    count = len(off) - 1
    direct = dict(zip([p.label for p in asked], np.sqrt((off**2).sum(0) / count), strict=True))
    measures = sorted({m for p in packages for m in p.measures})

    def holds(some: Sequence[Package]) -> Array:
        return np.array([[float(m in p.measures) for m in measures] for p in some]).reshape(len(some), -1)

    # A package that was asked keeps its own; for the others every measure moves the saving by its own share.
    weights = np.linalg.lstsq(holds(asked), off.T, rcond=None)[0]
    left = float(((off.T - holds(asked) @ weights) ** 2).sum() / (count * len(asked)))
    summed = np.sqrt(((holds(packages) @ weights) ** 2).sum(1) / count + left)
    return np.array([direct.get(p.label, value) for p, value in zip(packages, summed, strict=True)])
