"""The result of an optimisation as a Dataset: who gets what, what it saves and costs, and what was proven."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from optimiser.basis import coal_t_per_kwh
from optimiser.cube import Cube
from optimiser.money.factors import basis_attributes
from optimiser.plan import Floats, Plan
from optimiser.rules import LANES, Rules, total_budget_cny
from vocabulary import NO_PACKAGE

_ROWS: dict[str, tuple[str, str]] = {
    "energy_saving": ("kW h", "energy saved per year, PV that the building itself uses included"),
    "energy_saving_without_pv": ("kW h", "energy saved per year by the package alone"),
    "saving_fraction": ("1", "saving over baseline as the floor counts it, without error margin"),
    "capital_cost": ("1", "investment in package and PV"),
    "annual_cost_saving": ("1", "cost saved per year"),
    "carbon_saving": ("t", "CO2 saved per year"),
    "coal_saving": ("t", "standard coal saved per year"),
    "net_present_value": ("1", "net present value of package and PV"),
    "pv_capacity": ("kW", "size of PV on the roof"),
    "pv_self_used": ("kW h", "PV generation used by the building itself per year"),
    "chosen_year": ("1", "plan year of the works, 0 where untouched"),
    "touched": ("1", "building has a package or PV"),
    "budget": ("1", "money that the owner may spend over the plan"),
    "objective_value": ("1", "objective of the plan"),
    "objective_bound": ("1", "proven bound on the objective"),
    "mip_gap": ("1", "relative distance of bound and objective"),
    "certified": ("1", "ended within the asked gap and passed the independent check"),
    "empty": ("1", "touches nothing"),
    "solve_seconds": ("s", "wall time from rules to checked plan"),
    "packages_offered": ("1", "pairs of building and package offered"),
    "packages_allowed": ("1", "of these, allowed by rules and floor"),
    "packages_kept": ("1", "of these, not dominated by another"),
    "columns_solved": ("1", "columns that HiGHS was given in the end"),
    "objective_lost_to_cap": ("1", "proven bound on what columns_per_building costs"),
    "cheapest_capital_cost": ("1", "cost of the cheapest package that would meet the floor"),
    "cheapest_pv_capacity": ("kW", "PV that this package needs to meet the floor"),
    "money_missing": ("1", "what the budget lacks for it"),
    "subsidy": ("1", "subsidy of the building's contract, by share of investment"),
    "guarantee_payment": ("1", "expected payment for a missed guarantee per year of the term, by share of saving"),
    "public_money_saved": ("1", "owner's cost without minus with the contract, over its term, undiscounted"),
    "owner_cost_saving": ("1", "owner's cost without minus with the plan in the year"),
    "owner_cost_without": ("1", "owner's energy cost in the year without the plan, all buildings"),
    "owner_cost": ("1", "owner's cost in the year with the plan, all buildings"),
    "owner_flow": ("1", "what the owner receives or does not spend in the year, against no plan"),
    "service_company_flow": ("1", "what the service company receives or does not spend in the year"),
}
_MONEY = {
    "capital_cost",
    "annual_cost_saving",
    "net_present_value",
    "budget",
    "cheapest_capital_cost",
    "money_missing",
    "subsidy",
    "guarantee_payment",
    "public_money_saved",
    "owner_cost_saving",
    "owner_cost_without",
    "owner_cost",
    "owner_flow",
    "service_company_flow",
}
_IN_BASIS = {"energy_saving", "energy_saving_without_pv", "saving_fraction", "coal_saving"}
_OBJECTIVE_UNITS = {"saving": "kW h", "excess_saving": "kW h", "net_present_value": "1", "carbon": "t"}


@dataclass(frozen=True)
class Cheapest:
    """The cheapest package that meets the floor somewhere, for plans that touch nothing."""

    building: str
    package: str
    pv_kw: float
    capital_cny: float
    missing_cny: float


NO_CHEAPEST = Cheapest("", "", math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Outcome:
    """One scenario solved: plan, amounts per building, what was proven."""

    rules: Rules
    plan: Plan
    amounts: Mapping[str, Floats]
    contracts: Sequence[str]
    objective: float
    bound: float
    gap: float
    termination: str
    certified: bool
    broken: tuple[str, ...]
    cheapest: Cheapest
    seconds: float
    counts: Mapping[str, float]
    yearly: Mapping[str, Floats] = field(default_factory=dict)


def to_dataset(cube: Cube, outcomes: Mapping[str, Outcome]) -> xr.Dataset:
    """Return the result Dataset over `scenario` and `building`.

    Parameters
    ----------
    cube : Cube
        The cube that all scenarios were solved on.
    outcomes : mapping of scenario label to Outcome
    """
    results = list(outcomes.values())
    data = _building_variables(cube, results) | _scenario_variables(results) | _yearly_variables(results)
    coords = {"scenario": list(outcomes), "building": list(cube.buildings)}
    dataset = xr.Dataset(data, coords)
    if "cash_year" in dataset.dims:
        years = np.arange(dataset.sizes["cash_year"])
        attrs = {"units": "1", "long_name": "year of the plan, 0 its start"}
        dataset = dataset.assign_coords(cash_year=("cash_year", years, attrs))
    basis = results[0].rules.energy_basis
    for name, array in dataset.data_vars.items():
        array.attrs.update(_attributes(str(name), basis, results))
    dataset.attrs.update(basis_attributes(basis))
    dataset.attrs["rules"] = "\n".join(f"{label}: {o.rules.model_dump_json()}" for label, o in outcomes.items())
    dataset.attrs["broken_rules"] = "\n".join(f"{label}: {b}" for label, o in outcomes.items() for b in o.broken)
    return dataset


def _building_variables(cube: Cube, results: Sequence[Outcome]) -> dict[str, tuple[tuple[str, str], object]]:
    dims = ("scenario", "building")
    packages = np.array(cube.packages)
    data: dict[str, tuple[tuple[str, str], object]] = {
        "chosen_package": (dims, np.array([packages[o.plan.package] for o in results])),
        "chosen_contract": (dims, np.array([list(o.contracts) for o in results])),
        "chosen_lane": (
            dims,
            np.array([np.where(o.plan.touched, np.array(LANES)[o.plan.lane], NO_PACKAGE) for o in results]),
        ),
        "chosen_year": (dims, np.array([o.plan.year for o in results])),
        "touched": (dims, np.array([o.plan.touched for o in results])),
    }
    for name in results[0].amounts:
        data[name] = (dims, np.array([o.amounts[name] for o in results]))
    return data


def _scenario_variables(results: Sequence[Outcome]) -> dict[str, tuple[str, object]]:
    data: dict[str, tuple[str, object]] = {
        "budget": ("scenario", np.array([total_budget_cny(o.rules) for o in results])),
        "objective_value": ("scenario", np.array([o.objective for o in results])),
        "objective_bound": ("scenario", np.array([o.bound for o in results])),
        "mip_gap": ("scenario", np.array([o.gap for o in results])),
        "termination": ("scenario", np.array([o.termination for o in results])),
        "certified": ("scenario", np.array([o.certified for o in results])),
        "empty": ("scenario", np.array([not o.plan.touched.any() for o in results])),
        "solve_seconds": ("scenario", np.array([o.seconds for o in results])),
        "cheapest_building": ("scenario", np.array([o.cheapest.building for o in results])),
        "cheapest_package": ("scenario", np.array([o.cheapest.package for o in results])),
        "cheapest_pv_capacity": ("scenario", np.array([o.cheapest.pv_kw for o in results])),
        "cheapest_capital_cost": ("scenario", np.array([o.cheapest.capital_cny for o in results])),
        "money_missing": ("scenario", np.array([o.cheapest.missing_cny for o in results])),
    }
    for name in results[0].counts:
        data[name] = ("scenario", np.array([o.counts[name] for o in results]))
    return data


def _yearly_variables(results: Sequence[Outcome]) -> dict[str, tuple[tuple[str, ...], object]]:
    """Return amounts over (scenario, [building,] cash_year); a scenario with a shorter horizon ends in NaN."""
    last = max((values.shape[-1] for o in results for values in o.yearly.values()), default=0)
    data: dict[str, tuple[tuple[str, ...], object]] = {}
    for name in results[0].yearly:
        rows = [_ending_in_nan(o.yearly[name], last) for o in results]
        over = ("building",) if rows[0].ndim == 2 else ()
        data[name] = (("scenario", *over, "cash_year"), np.array(rows))
    return data


def _ending_in_nan(values: Floats, length: int) -> Floats:
    return np.concatenate([values, np.full((*values.shape[:-1], length - values.shape[-1]), np.nan)], axis=-1)


def _attributes(name: str, basis: str, results: Sequence[Outcome]) -> dict[str, str | float]:
    if name not in _ROWS:
        return {"long_name": name.replace("_", " ")}
    units, long_name = _ROWS[name]
    found: dict[str, str | float] = {"units": units, "long_name": long_name}
    if name in _MONEY:
        found["currency"] = "CNY"
    if name in _IN_BASIS:
        found.update(basis_attributes(basis))
    if name.startswith("objective_"):
        kinds = {o.rules.objective for o in results}
        units_found = {_OBJECTIVE_UNITS[kind] for kind in kinds}
        found.update(units=units_found.pop() if len(units_found) == 1 else "1", objective=", ".join(sorted(kinds)))
        if "net_present_value" in kinds:
            found["currency"] = "CNY"
    return found


def coal_saving_t(saving_kwh: Floats, basis: str) -> Floats | None:
    """Return t of standard coal for savings in a coal basis, None in a carbon basis.

    Examples
    --------
    >>> coal_saving_t(np.array([1000.0]), "calorific").round(4).tolist()
    [0.1229]
    """
    factor = coal_t_per_kwh(basis)
    return None if factor is None else saving_kwh * factor
