"""What calibration reads: bills as arrays, the weather of billed months, and the designs that it may ask for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import buildings.bill_periods
import weather
from buildings import Building
from buildings.bill_periods import Bills
from buildings.degree_days import DegreeDays, read_degree_days
from buildings.odd_bills import lasting_change
from buildings.yardsticks import load_yardsticks
from scripts.context import Context
from sim import Surrogate
from sim.case import design_table
from sim.plan import package_cases
from sim.surrogate.calibration import Weathers
from sim.surrogate.calibration_priors import calibration_data, prior_of
from sim.surrogate.climate import climate_of


def wanted(context: Context) -> bool:
    """Tell whether the study has bills and asks for calibrated baselines."""
    block = context.study.buildings
    return block.baseline == "calibrated" and block.bills is not None


def reason_against(building: Building, systems: Sequence[str]) -> str:
    """Return why a building cannot be calibrated; empty where it can."""
    since = since_retrofit(building)
    billed = sum(bill.electricity_kwh is not None for bill in since.bills)
    least = int(calibration_data().least_months.value)
    if building.model:
        return "has a model of its own, whose parameters calibration does not know"
    if building.design.source_system not in systems:
        return f"the surrogate was not trained on {building.design.source_system}"
    if billed < least:
        after = f" after the retrofit of {building.retrofit_month}" if building.retrofit_month else ""
        return f"{billed} months of electricity bills{after}, at least {least} needed"
    return lasting_change(since.bills)


def since_retrofit(building: Building) -> Building:
    """Return a building with the bills of what it is today: those after its retrofit, where one is on record."""
    month = building.retrofit_month
    return building if month is None else building.model_copy(
        update={"bills": tuple(bill for bill in building.bills if bill.month > month)})


def bills_of(building: Building) -> Bills:
    """Return as arrays the bills that a building is calibrated on."""
    return buildings.bill_periods.bills_of(since_retrofit(building))


def weathers_of(context: Context, surrogate: Surrogate) -> Weathers:
    """Return the surrogate in the study's year and in every year whose EPW was given, and the degree days given."""
    workdays = ("hour", np.repeat(context.calendar.workdays, 24))
    given = context.study.buildings.bill_weather
    own = frozenset(year for year, path in given.items() if path == context.study.weather.epw)
    climates = {
        year: climate_of(weather.read_epw(path).assign(is_workday=workdays))
        for year, path in given.items() if year not in own
    }
    return Weathers(surrogate, climates, _degree_days(context), own)


def _degree_days(context: Context) -> DegreeDays | None:
    path = context.study.buildings.degree_days
    return read_degree_days(path, *normal_degree_days(context.weather)) if path else None


def normal_degree_days(year: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return heating and cooling degree days of a weather year by month, on the bases of `benchmarks.yaml` [K day]."""
    bases = load_yardsticks().degree_days
    daily = year["dry_bulb_temperature"].values.reshape(365, 24).mean(axis=1)
    month = year["month"].values.reshape(365, 24)[:, 0]
    heating, cooling = np.maximum(bases.heating_base_c - daily, 0), np.maximum(daily - bases.cooling_base_c, 0)
    sums = [[part[month == m].sum() for m in range(1, 13)] for part in (heating, cooling)]
    return np.array(sums[0]), np.array(sums[1])


def corner_designs(context: Context) -> xr.Dataset:
    """Return every measure on every building at both ends of all its ranges, so that a fit covers what is between."""
    pairs = [(name, grid.package(row)) for name, grid in context.predicted_packages.items()
             for row in grid.smallest_rows().tolist()]
    cases = []
    for end in ("low", "high"):
        moved = [_at_end(building, end) for building in context.buildings]
        cases += package_cases(pairs, moved, context.catalogue, context.weather_id, "verification")
    return design_table([case.design for case in cases])


def _at_end(building: Building, end: str) -> Building:
    prior = prior_of(building)
    return building.model_copy(update={"design": prior.design(building.design, getattr(prior, end))})
