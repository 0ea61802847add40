"""What packages and PV cost: the one cost function of constraint, objective, report and file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from buildings.measures import Catalogue, Level, Measure, load_catalogue
from buildings.packages import Package, measures_of
from vocabulary import Fault, InputError

Amount: TypeAlias = float | npt.NDArray[np.float64]
Quantities: TypeAlias = Mapping[str, Amount]


def capital_cost_cny(
    package: Package | str, quantities: Quantities, catalogue: Catalogue, level: Level = "mid"
) -> Amount:
    """Return the investment of a package [CNY of the catalogue's price year], PV apart.

    The sum over measures of unit price times quantity; prices are installed, without subsidy.

    Parameters
    ----------
    package : Package or str
        Package or its label.
    quantities : mapping of str to float or ndarray
        Quantities of the retrofitted building: floor_area, conditioned_area, window_area, wall_area, roof_area
        [m2], cooling_capacity, heating_capacity, pump_motor_power, tower_fan_power [kW], ventilation_flow
        [m3 h-1], terminal_count [1]. Arrays broadcast against each other. NaN stays NaN.
    catalogue : Catalogue
        Where the prices are.
    level : {'low', 'mid', 'high'}
        Price level.

    Returns
    -------
    float or ndarray
        Investment; 0 for `none`.

    Raises
    ------
    InputError
        If a quantity that a price needs is missing or negative, or the package is impossible.

    Examples
    --------
    >>> capital_cost_cny("led", {"floor_area": 10_000.0}, load_catalogue())
    400000.0
    """
    total: Amount = 0.0
    for cost in measure_costs_cny(package, quantities, catalogue, level).values():
        total = total + cost
    return total


def measure_costs_cny(
    package: Package | str, quantities: Quantities, catalogue: Catalogue, level: Level = "mid"
) -> dict[str, Amount]:
    """Return the investment of each measure of a package [CNY]; `capital_cost_cny` is their sum.

    Parameters
    ----------
    package, quantities, catalogue, level
        As in `capital_cost_cny`.

    Returns
    -------
    dict of str to float or ndarray
        By measure id.

    Raises
    ------
    InputError
        As in `capital_cost_cny`.

    Examples
    --------
    >>> measure_costs_cny("led+room_control", {"floor_area": 1000.0}, load_catalogue(), "low")
    {'led': 25000.0, 'room_control': 8000.0}
    """
    chosen = measures_of(package, catalogue)
    _check_quantities(chosen, quantities)
    return {measure.id: _measure_cost(measure, quantities, level) for measure in chosen}


def _measure_cost(measure: Measure, quantities: Quantities, level: Level) -> Amount:
    total: Amount = 0.0
    for cost in measure.unit_costs:
        total = total + cost.at(level) * quantities[cost.quantity]
    return total


def _check_quantities(measures: tuple[Measure, ...], quantities: Quantities) -> None:
    faults = []
    for measure in measures:
        for cost in measure.unit_costs:
            place = f"cost of {measure.id}"
            if cost.quantity not in quantities:
                faults.append(Fault("quantities", place, "nothing", f"{cost.quantity} [{cost.unit}]"))
            elif np.any(np.asarray(quantities[cost.quantity]) < 0):
                faults.append(Fault("quantities", place, f"{cost.quantity} below 0", "0 or more"))
    if faults:
        raise InputError(faults)


def upkeep_cny_per_year(
    package: Package | str, quantities: Quantities, catalogue: Catalogue, level: Level = "mid"
) -> Amount:
    """Return the yearly upkeep that a package adds [CNY/year], PV apart.

    Parameters
    ----------
    package, quantities, catalogue, level
        As in `capital_cost_cny`.

    Returns
    -------
    float or ndarray
        Sum over measures of investment times yearly upkeep fraction.

    Raises
    ------
    InputError
        As in `capital_cost_cny`.

    Examples
    --------
    >>> upkeep_cny_per_year("led", {"floor_area": 10_000.0}, load_catalogue())
    4000.0
    """
    total: Amount = 0.0
    for name, cost in measure_costs_cny(package, quantities, catalogue, level).items():
        total = total + cost * catalogue.measures[name].upkeep_fraction_per_year
    return total


def lives_years(package: Package | str, catalogue: Catalogue) -> dict[str, float]:
    """Return the life of each measure of a package [year].

    Parameters
    ----------
    package : Package or str
        Package or its label.
    catalogue : Catalogue
        Where the lives are.

    Returns
    -------
    dict of str to float
        By measure id.

    Raises
    ------
    InputError
        If the package is impossible.

    Examples
    --------
    >>> lives_years("led+window_replacement", load_catalogue())
    {'led': 10.0, 'window_replacement': 25.0}
    """
    return {measure.id: measure.life_years for measure in measures_of(package, catalogue)}


def life_years(
    package: Package | str, quantities: Quantities, catalogue: Catalogue, level: Level = "mid"
) -> Amount:
    """Return the life of a package [year], its measures weighted by what they cost.

    Parameters
    ----------
    package, quantities, catalogue, level
        As in `capital_cost_cny`.

    Returns
    -------
    float or ndarray
        Cost-weighted mean life; the plain mean where nothing costs; 0 for `none`.

    Raises
    ------
    InputError
        As in `capital_cost_cny`.

    Examples
    --------
    >>> round(float(life_years("led+roof_insulation", {"floor_area": 4000.0, "roof_area": 1000.0},
    ...                        load_catalogue())), 6)
    15.0
    """
    lives = lives_years(package, catalogue)
    if not lives:
        return 0.0
    costs = measure_costs_cny(package, quantities, catalogue, level)
    total = np.asarray(sum(costs.values()), dtype=float)
    weighted = np.asarray(sum(costs[name] * lives[name] for name in lives), dtype=float)
    plain = sum(lives.values()) / len(lives)
    safe = np.where(total > 0, total, 1.0)
    mean = np.where(total > 0, weighted / safe, plain)
    return float(mean) if mean.ndim == 0 else mean


def pv_cost_cny_per_kw(level: Level = "mid", catalogue: Catalogue | None = None) -> float:
    """Return the investment of rooftop PV [CNY/kW of DC peak power].

    Parameters
    ----------
    level : {'low', 'mid', 'high'}
        Price level.
    catalogue : Catalogue, optional
        The project's own without it.

    Returns
    -------
    float
        Installed price.

    Raises
    ------
    InputError
        If the project's catalogue is broken.

    Examples
    --------
    >>> pv_cost_cny_per_kw()
    3400.0
    """
    return (catalogue or load_catalogue()).pv.cost.at(level)


def pv_capacity_max_kw(usable_roof_area_m2: float, catalogue: Catalogue | None = None) -> float:
    """Return the largest PV size that a roof holds [kW].

    Parameters
    ----------
    usable_roof_area_m2 : float
        Roof area free for modules [m2].
    catalogue : Catalogue, optional
        Gives the roof area per kW; the project's own without it.

    Returns
    -------
    float
        Size.

    Raises
    ------
    InputError
        If the area is negative.

    Examples
    --------
    >>> pv_capacity_max_kw(550.0)
    100.0
    """
    if usable_roof_area_m2 < 0:
        raise InputError([Fault("roof", "usable_roof_area_m2", f"{usable_roof_area_m2:g}", "0 or more")])
    return usable_roof_area_m2 / (catalogue or load_catalogue()).pv.roof_area_m2_per_kw
