"""What more or less money brings: the frontier of saving over budget, what binds, prices of rules, the robust core."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import xarray as xr

from optimiser.cube import Cube, read_cube
from optimiser.rules import InfeasibleError, Rules, RulesError
from optimiser.scenario import WarmStart, solve_scenario

STEP_CNY = 10_000.0
ROBUST_SHARE = 0.90


def frontier(cube: xr.Dataset, rules: Rules, budgets_cny: Sequence[float]) -> xr.Dataset:
    """Return the best objective over budgets, each solved exactly, each starting from the plan of the budget before.

    Parameters
    ----------
    cube : xr.Dataset
    rules : Rules
        Its own budget is replaced.
    budgets_cny : sequence of float
        Any order; the result is sorted.

    Returns
    -------
    xr.Dataset
        Over `budget`: `objective_value`, `objective_bound`, `mip_gap`, `energy_saving`, `capital_cost`,
        `touched_buildings` and
        `marginal_saving` (objective per further 10 000 CNY, to the next budget; NaN at the last).

    Raises
    ------
    RulesError
        If a budget stands twice or rules hold yearly budgets.
    """
    budgets = sorted(float(b) for b in budgets_cny)
    if len(set(budgets)) < len(budgets) or rules.yearly_budget_cny is not None:
        raise RulesError("frontier: needs different budgets, and rules without yearly budgets")
    arrays = read_cube(cube, rules)
    warm = WarmStart()
    rows = []
    for budget in budgets:
        one = solve_scenario(arrays, rules.model_copy(update={"budget_cny": budget}), warm)
        rows.append(
            (
                one.objective,
                one.bound,
                one.gap,
                one.amounts["energy_saving"].sum(),
                one.amounts["capital_cost"].sum(),
                one.plan.touched.sum(),
            )
        )
    return _frontier_dataset(np.array(budgets), np.array(rows, dtype=float), rules)


_COLUMNS = {
    "objective_value": "objective",
    "objective_bound": "proven bound on the objective",
    "mip_gap": "relative distance of bound and objective",
    "energy_saving": "energy saved per year",
    "capital_cost": "investment",
    "touched_buildings": "buildings with a package or PV",
}


def _frontier_dataset(budgets: np.ndarray, rows: np.ndarray, rules: Rules) -> xr.Dataset:
    data = {name: ("budget", rows[:, at], {"long_name": text}) for at, (name, text) in enumerate(_COLUMNS.items())}
    dataset = xr.Dataset(
        data, coords={"budget": ("budget", budgets, {"units": "1", "currency": "CNY", "long_name": "budget"})}
    )
    slope = np.full(len(budgets), np.nan)
    slope[:-1] = np.diff(rows[:, 0]) / np.diff(budgets) * STEP_CNY
    units = {"saving": "kW h", "excess_saving": "kW h", "carbon": "t"}.get(rules.objective, "1")
    dataset["marginal_saving"] = ("budget", slope, {"long_name": "objective per further 10 000 CNY"})
    for name in ("objective_value", "objective_bound", "marginal_saving"):
        dataset[name].attrs["units"] = units
    for name, unit in (("mip_gap", "1"), ("energy_saving", "kW h"), ("capital_cost", "1"), ("touched_buildings", "1")):
        dataset[name].attrs["units"] = unit
    dataset["capital_cost"].attrs["currency"] = "CNY"
    return dataset


def rule_prices(cube: xr.Dataset, rules: Rules) -> xr.Dataset:
    """Return what each rule costs: the optimum without it, and whether it binds.

    Parameters
    ----------
    cube, rules
        As for `optimise`, with a single budget.

    Returns
    -------
    xr.Dataset
        Over `rule`: `objective_without`, `price` (objective lost to the rule) and `binds` (price above the gap); NaN
        where the rules that are left contradict each other or a time limit came first.
    """
    arrays = read_cube(cube, rules)
    with_all = _closed_objective(arrays, rules)
    asked = dict(_each_rule(rules))
    names = list(asked)
    values = [_closed_objective(arrays, without) if math.isfinite(with_all) else math.nan for without in asked.values()]
    price = np.array(values) - with_all
    threshold = max(rules.mip_gap, 1e-9) * abs(with_all)
    units = {"saving": "kW h", "excess_saving": "kW h", "carbon": "t"}.get(rules.objective, "1")
    return xr.Dataset(
        {
            "objective_without": ("rule", np.array(values), {"units": units, "long_name": "optimum without the rule"}),
            "price": ("rule", price, {"units": units, "long_name": "objective lost to the rule"}),
            "binds": ("rule", price > threshold, {"units": "1", "long_name": "price above the gap of the solve"}),
        },
        coords={"rule": names},
    )


NEUTRAL: dict[str, dict[str, object]] = {
    "budget_cny": {"budget_cny": None, "budget_parts": ()},
    "yearly_budget_cny": {"yearly_budget_cny": None, "budget_parts": (), "end_of_life_first": False},
    "budget_parts": {"budget_parts": ()},
    "esco_capital_cny": {"esco_capital_cny": None},
    "end_of_life_first": {"end_of_life_first": False},
    "minimum_saving_fraction": {"minimum_saving_fraction": 0.0},
    "floor_confidence": {"floor_confidence": 0.5},
    "allow_pv_only": {"allow_pv_only": True},
    "prerequisites": {"prerequisites": {}},
    "exclusions": {"exclusions": ()},
    "contract_lane": {"contract_lane": {}},
}  # each rule, and what the rules are without it


def _closed_objective(cube: Cube, rules: Rules) -> float:
    """Return the optimum, NaN where the rules contradict each other or time ran out before the gap was closed."""
    try:
        outcome = solve_scenario(cube, rules)
    except InfeasibleError:
        return math.nan
    return outcome.objective if outcome.termination == "optimal" else math.nan


def _each_rule(rules: Rules) -> Iterator[tuple[str, Rules]]:
    """Yield each rule that may bind, with the rules that are left when it is taken away."""
    idle = set() if rules.minimum_saving_fraction else {"floor_confidence"}
    for name, without in NEUTRAL.items():
        if name not in idle and getattr(rules, name) != without[name]:
            yield name, rules.model_copy(update=without)
    for field in ("require", "forbid"):
        given = getattr(rules, field)
        for pair in given:
            left = tuple(other for other in given if other != pair)
            yield f"{field} {pair[0]}: {pair[1]}", rules.model_copy(update={field: left})
    for name in rules.at_least:
        yield (
            f"at_least {name}",
            rules.model_copy(update={"at_least": {k: v for k, v in rules.at_least.items() if k != name}}),
        )


def robust_core(portfolios: Iterable[xr.Dataset], share: float = ROBUST_SHARE) -> xr.DataArray:
    """Return the share of scenarios, over all portfolios, that touch each building.

    Attrs name those in the robust core.

    Parameters
    ----------
    portfolios : iterable of xr.Dataset
        Results of `optimise` on the same buildings.
    share : float
        A building belongs to the core if it is touched in at least this share of scenarios.

    Examples
    --------
    >>> p = xr.Dataset({"touched": (("scenario", "building"), [[True, False], [True, True]])}, {"building": ["a", "b"]})
    >>> robust_core([p]).attrs["robust_core"]
    'a'
    """
    touched = xr.concat([p["touched"].astype(float) for p in portfolios], dim="scenario", join="exact")
    found = touched.mean("scenario").rename("share_of_scenarios")
    core = [str(b) for b in found["building"].values[found.values >= share - 1e-12]]
    found.attrs = {
        "units": "1",
        "long_name": "share of scenarios that touch the building",
        "robust_core": ", ".join(core),
    }
    return found
