"""Bills of the illustrative district: what the engine says of its offices as they are used, and what it does not know.

Every institution is used in its own way: people, plugs, hours, setpoints, airtightness and efficiencies are drawn
inside the ranges that calibration knows too. The engine runs it so. Its months, the weather of three years, the habits
that no model has, the odd things of a few houses and some noise are its bills.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from buildings import Building
from buildings.design import Design
from scripts.shipped_runs import WEATHER_ID, shipped_runs
from sim.case import Case
from sim.surrogate.calibration_priors import prior_of
from vocabulary import END_USES, GAS_LHV_MJ_PER_M3, NO_PACKAGE

Row = dict[str, Any]
Parameters = Mapping[str, Any]
Array = npt.NDArray[np.float64]
BILL_COLUMNS = ("building_id", "month", "electricity_kwh", "gas_m3", "water_m3", "cost_cny", "reading", "illustrative")
ENERGY_COLUMNS = ("electricity_base_kwh", "electricity_winter_kwh", "electricity_summer_kwh", "gas_winter_kwh",
                  "gas_summer_kwh")
MONTH_COLUMNS = ("building_id", "month", *ENERGY_COLUMNS, "illustrative")
WINTER, SUMMER = ("heating",), ("cooling", "heat_rejection")


def used_designs(buildings: Sequence[Building], parameters: Parameters) -> list[Design]:
    """Draw how every institution is used.

    Parameters
    ----------
    buildings : sequence of Building
        As the registry has them.
    parameters : mapping
        Content of `illustrative_district.yaml`; `use` holds, for a parameter of calibration, where in its range the
        median building lies and how that moves with the logarithm of floor area, both in standard normal units.

    Returns
    -------
    list of Design
        Inside the ranges of `prior_of`; the same seed gives the same designs.
    """
    rng, use = np.random.default_rng(parameters["seed"] + 3), parameters["use"]
    found = []
    for building in buildings:
        prior, size = prior_of(building), np.log(building.floor_area_m2 / parameters["floor_area"]["median_m2"])
        middle = [use["tilt"].get(name, {}) for name in prior.names]
        place = np.array([m.get("at_median", 0.0) + m.get("per_log_area", 0.0) * size for m in middle])
        values = prior.values(place + use["spread"] * rng.standard_normal(len(prior.names)))
        found.append(prior.design(building.design, values))
    return found


def month_rows(buildings: Sequence[Building], designs: Sequence[Design], store: Path) -> list[Row]:
    """Run the engine for institutions as they are used.

    Parameters
    ----------
    buildings : sequence of Building
        As the registry has them.
    designs : sequence of Design
        Theirs, from `used_designs`.
    store : Path
        Folder of runs; what is there is not run again.

    Returns
    -------
    list of dict
        One row per institution and month [kWh; gas on the lower heating value].
    """
    cases = [
        Case(building_id=building.building_id, package_id=NO_PACKAGE, weather_id=WEATHER_ID, role="baseline",
             design=design)
        for building, design in zip(buildings, designs, strict=True)
    ]
    runs = shipped_runs(cases, store, workers=2)
    use = runs["energy_use"].transpose("case", "carrier", "end_use", "month").values
    winter, summer = (np.isin(END_USES, names) for names in (WINTER, SUMMER))
    parts = np.stack([use[:, 0, ~(winter | summer)].sum(1), use[:, 0, winter].sum(1), use[:, 0, summer].sum(1),
                      use[:, 1, ~summer].sum(1), use[:, 1, summer].sum(1)], axis=1)
    return [
        {"building_id": name, "month": month + 1, "illustrative": "yes"}
        | {column: round(float(own[place, month]), 1) for place, column in enumerate(ENERGY_COLUMNS)}
        for name, own in zip(runs["building_id"].values.astype(str), parts, strict=True) for month in range(12)
    ]


def read_months(path: Path) -> dict[str, Array]:
    """Return simulated months by institution, each (part of `ENERGY_COLUMNS`, month) [kWh]."""
    found: dict[str, Array] = {}
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            own = found.setdefault(row["building_id"], np.zeros((len(ENERGY_COLUMNS), 12)))
            own[:, int(row["month"]) - 1] = [float(row[column]) for column in ENERGY_COLUMNS]
    return found


def _weather(parameters: Parameters) -> Array:
    """Return the factor of each year on base, winter and summer, shape (year, 3)."""
    factors = [parameters["weather_factor"][year] for year in parameters["years"]]
    return np.array([[1.0, year["winter"], year["summer"]] for year in factors])


def _odd(rows: Sequence[Row], rng: np.random.Generator, parameters: Parameters) -> tuple[Array, Array]:
    """Return factor on and power beside what the engine says, of each institution [1, kW]."""
    factor, power_kw = np.ones(len(rows)), np.zeros(len(rows))
    order = rng.permutation(len(rows))
    reached = 0
    for odd in parameters["odd_institutions"]:
        for place in order[reached:reached + odd["institutions"]]:
            factor[place] = odd.get("factor", 1.0)
            power_kw[place] = odd.get("added_w_per_m2", 0.0) * rows[place]["floor_area_m2"] / 1000
        reached += odd["institutions"]
    return factor, power_kw


def electricity_kwh(rows: Sequence[Row], months: Mapping[str, Array], parameters: Parameters) -> Array:
    """Return monthly electricity of every institution and year.

    Simulated base, winter and summer with the weather of each year; then the odd things of a few institutions; then
    the habits of all: the district's months are moved towards the published monthly shape by the stated part of the
    way (`habits`), as factors common to all institutions; then noise.

    Parameters
    ----------
    rows : sequence of dict
        Registry rows.
    months : mapping of str to ndarray
        From `read_months`.
    parameters : mapping
        Content of `illustrative_district.yaml`.

    Returns
    -------
    ndarray
        Shape (institution, year, month) [kWh].
    """
    rng = np.random.default_rng(parameters["seed"] + 1)
    own = np.array([months[row["building_id"]][:3] for row in rows])
    total = np.einsum("bpm,yp->bym", own, _weather(parameters))
    factor, power_kw = _odd(rows, rng, parameters)
    hours = 24 * np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    total = total * factor[:, None, None] + power_kw[:, None, None] * hours
    published = np.array(parameters["published_electricity_kwh_per_m2"])
    ours = total.mean(axis=1).sum(axis=0)
    total = total * ((published / published.sum()) / (ours / ours.sum())) ** parameters["habits"]["part_of_the_way"]
    return np.asarray(total * (1 + parameters["month_noise"] * rng.standard_normal(total.shape)))


def _gas_m3(row: Row, months: Mapping[str, Array], parameters: Parameters) -> Array:
    """Return gas of one institution by year and month, canteen included [m3]."""
    burnt = np.einsum("pm,yp->ym", months[row["building_id"]][3:], _weather(parameters)[:, 1:])
    canteen = parameters["canteen"]
    people = row["occupants"] if row["occupants"] >= canteen["from_occupants"] else 0
    return np.asarray(burnt * 3.6 / GAS_LHV_MJ_PER_M3 + canteen["m3_per_person_year"] * people / 12)


def bill_rows(rows: Sequence[Row], months: Mapping[str, Array], parameters: Parameters) -> list[Row]:
    """Return the bills of the district.

    Parameters
    ----------
    rows : sequence of dict
        Registry rows.
    months : mapping of str to ndarray
        From `read_months`.
    parameters : mapping
        Content of `illustrative_district.yaml`.

    Returns
    -------
    list of dict
        One row per institution and month.
    """
    electricity = electricity_kwh(rows, months, parameters)
    rng = np.random.default_rng(parameters["seed"] + 2)
    bills = []
    for row, power in zip(rows, electricity, strict=True):
        gas = _gas_m3(row, months, parameters)
        bills += _bills_of(row, power, gas * (1 + 0.04 * rng.standard_normal(gas.shape)), rng, parameters)
    return bills


def _bills_of(row: Row, power: Array, gas: Array, rng: np.random.Generator, parameters: Parameters) -> list[Row]:
    water, prices, reports = parameters["water"], parameters["prices"], parameters["reports"]
    per_person = water["median_m3_per_person_year"] * np.exp(water["log_sd"] * rng.standard_normal())
    shares = reports["months"]
    reported = int(rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
    everything = [(i, year, month) for i, year in enumerate(parameters["years"]) for month in range(1, 13)]
    found = []
    for i, year, month in everything[-reported:]:
        summer = 1 + (water["summer_extra"] if month in parameters["summer_months"] else 0.0)
        tap = per_person / 12 * row["occupants"] * summer * (1 + 0.05 * rng.standard_normal())
        bought = float(power[i, month - 1]), float(gas[i, month - 1]), float(tap)
        cost = sum(amount * prices[name] for amount, name in zip(
            bought, ("electricity_cny_per_kwh", "gas_cny_per_m3", "water_cny_per_m3"), strict=True))
        reading = "estimated" if rng.random() < reports["estimated_share"] else "metered"
        found.append({"building_id": row["building_id"], "month": f"{year}-{month:02d}",
                      "electricity_kwh": round(bought[0]), "gas_m3": round(bought[1], 1),
                      "water_m3": round(bought[2]), "cost_cny": round(cost), "reading": reading,
                      "illustrative": "yes"})
    return found
