"""What more money buys: the exact choice at every budget, beside the present ways of planning."""

from __future__ import annotations

import numpy as np
import xarray as xr

from optimiser.present_practice import present_practice
from optimiser.rules import Rules

WORDS = {
    "by_consumption": "ranking_by_consumption",
    "by_payback": "ranking_by_payback",
    "single_measures": "single_measures",
}  # how the page calls the ways of planning


def curve_budgets_cny(budgets_cny: list[float], count: int = 12) -> tuple[float, ...]:
    """Return evenly spaced budgets up to the largest of the study, those of its scenarios among them.

    Examples
    --------
    >>> curve_budgets_cny([4e6, 1e6], count=2)
    (1000000.0, 2000000.0, 4000000.0)
    """
    finite = [float(b) for b in budgets_cny if np.isfinite(b) and b > 0]
    if not finite:
        return ()
    even = np.linspace(0.0, max(finite), count + 1)[1:].round(0).tolist()
    return tuple(sorted({*finite, *even}))


def budget_curve(cube: xr.Dataset, rules: Rules, budgets_cny: tuple[float, ...]) -> xr.Dataset:
    """Return the saving of the exact choice and of the present ways of planning over budgets.

    Parameters
    ----------
    cube : xr.Dataset
        Buildings x packages.
    rules : Rules
        Without their own budget.
    budgets_cny : tuple of float
        Ascending, CNY.

    Returns
    -------
    xr.Dataset
        `energy_saving(frontier_budget)` and `practice_saving(practice, frontier_budget)` [kW h],
        `gain_of_exact_choice(practice, frontier_budget)` [1].

    Raises
    ------
    RulesError
        If a rule needs what the cube does not hold.
    """
    found = present_practice(cube, rules.model_copy(update={"budget_cny": budgets_cny}))
    renamed = found.rename(
        scenario="frontier_budget", way="practice", energy_saving="practice_saving",
        energy_saving_exact="energy_saving", capital_cost="practice_cost", touched_buildings="practice_buildings",
    )
    budget = xr.Variable(
        "frontier_budget", np.array(budgets_cny), {"units": "1", "currency": "CNY", "long_name": "budget"}
    )
    practice = ("practice", [WORDS[str(w)] for w in found["way"].values], {"long_name": "present way of planning"})
    return renamed.assign_coords(frontier_budget=budget, practice=practice)
