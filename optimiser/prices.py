"""What each rule of each scenario costs, on the cube that all of them were chosen from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from optimiser.frontier import rule_prices
from optimiser.rules import Rules

SECONDS_EACH = 20.0  # a price is worth less than the plan: what takes longer to solve gets none
UNITS = {"saving": "kW h", "excess_saving": "kW h", "carbon": "t", "net_present_value": "1"}


def scenario_prices(cube: xr.Dataset, rules: Mapping[str, Rules]) -> xr.Dataset:
    """Return what each rule of each scenario costs.

    Parameters
    ----------
    cube : xr.Dataset
        Buildings x packages.
    rules : mapping of scenario label to Rules
        Each with a single budget. Where the optimiser decides the grouping of contracts no price is asked for: each
        takes as long as the plan itself.

    Returns
    -------
    xr.Dataset
        Over `scenario` and `rule`: `rule_price`, the objective lost to the rule (NaN where the scenario has no such
        rule, where the rules without it contradict each other, or where the solve takes too long), and `rule_binds`.

    Raises
    ------
    InputError, RulesError
        As `optimise` raises them.

    Examples
    --------
    One building, 250 kWh for 500 CNY, and 600 CNY at hand: the budget costs nothing, without it nothing more is saved.
    """
    found = {
        name: rule_prices(cube, _in_time(one))[["price", "binds"]].expand_dims(scenario=[name])
        for name, one in rules.items() if one.grouping == "given"
    }
    asked = [one.objective for name, one in rules.items() if name in found]
    units = {UNITS[objective] for objective in asked}
    labels = list(dict.fromkeys(str(rule) for part in found.values() for rule in part["rule"].values))
    shape = (len(rules), len(labels))
    price, binds = np.full(shape, np.nan), np.zeros(shape, dtype=bool)
    for row, name in enumerate(rules):
        for rule in found[name]["rule"].values if name in found else ():
            one, column = found[name].sel(scenario=name, rule=rule), labels.index(str(rule))
            price[row, column], binds[row, column] = float(one["price"]), bool(one["binds"])
    dims = ("scenario", "rule")
    unit = units.pop() if len(units) == 1 else "1"
    said = "objective lost to the rule" if len(set(asked)) <= 1 else "objective of the scenario lost to the rule"
    return xr.Dataset(
        {
            "rule_price": (dims, price, {"units": unit, "long_name": said}),
            "rule_binds": (dims, binds, {"long_name": "the rule costs more than the gap of the solve"}),
        },
        coords={
            "scenario": ("scenario", list(rules), {"long_name": "scenario: one optimisation"}),
            "rule": ("rule", labels, {"long_name": "rule: a field of the rules"}),
        },
    )


def _in_time(rules: Rules) -> Rules:
    limit = SECONDS_EACH if rules.time_limit_s is None else min(SECONDS_EACH, rules.time_limit_s)
    return rules.model_copy(update={"time_limit_s": limit})


def without_pairs(cube: xr.Dataset, forbidden: Iterable[tuple[str, str]]) -> xr.Dataset:
    """Return a cube in which these building-package pairs are not available, such as those that verification ruled out.

    Examples
    --------
    >>> cube = xr.Dataset({"available": (("building", "package"), [[True, True]])}, {"building": ["a"],
    ...                   "package": ["none", "led"]})
    >>> without_pairs(cube, [("a", "led")])["available"].values.tolist()
    [[True, False]]
    """
    pairs = list(forbidden)
    if not pairs:
        return cube
    place = [{str(label): at for at, label in enumerate(cube[dim].values)} for dim in ("building", "package")]
    available = (
        cube["available"].values.astype(bool).copy() if "available" in cube
        else np.ones((len(place[0]), len(place[1])), dtype=bool)
    )
    for building, package in pairs:
        available[place[0][building], place[1][package]] = False
    return cube.assign(available=(("building", "package"), available, {"long_name": "package may be chosen"}))
