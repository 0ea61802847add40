"""How a building compares: GB/T 51161-2016 with its use corrections, peers of like size, and a normal weather."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from buildings.archetypes import load_archetypes
from buildings.bills import annual, full_years, known_of_year, monthly_array, reports
from buildings.building import Building
from buildings.degree_days import DegreeDays, fit_degree_days
from buildings.yardsticks import Gb51161, Limits, Yardsticks, load_yardsticks
from datafile import Frozen

Verdict = Literal["at or below guide", "between guide and constraint", "above constraint"]
WATER_SYSTEMS = frozenset(
    {"chiller_boiler", "absorption", "air_source_heat_pump", "high_efficiency_plant", "ground_source_heat_pump"}
)


class Benchmark(Frozen):
    """One building held against the standard and its peers; intensities in kWh m-2 per year."""

    building_id: str
    name: str
    illustrative: bool
    use: str
    building_class: Literal["a", "b"]
    year: int
    electricity_kwh_per_m2: float
    gas_m3_per_m2: float
    energy_kwh_per_m2: float
    normalised_kwh_per_m2: float | None
    normalisation_cv_rmse: float | None
    hours_correction: float
    occupancy_correction: float
    corrected_kwh_per_m2: float
    guide_kwh_per_m2: float
    constraint_kwh_per_m2: float
    verdict: Verdict
    verdict_uncorrected: Verdict
    peers: int
    peer_percentile: float | None
    note: str


def hours_correction(hours_per_year: float, rule: Gb51161) -> float:
    """Return the factor that brings an intensity to the reference hours of use.

    0.3 + 0.7 x 2 500 / hours (GB/T 51161-2016 clause 5.3, confidence C).

    Parameters
    ----------
    hours_per_year : float
        Hours of use [h], above 0.
    rule : Gb51161
        Figures of the standard.

    Returns
    -------
    float
        Factor [1]; 1 at the reference.

    Raises
    ------
    ZeroDivisionError
        If the hours are 0.

    Examples
    --------
    >>> round(hours_correction(2000.0, load_yardsticks().gb51161), 3)
    1.175
    """
    fixed, share = rule.hours_correction
    return fixed + share * rule.reference_hours_per_year / hours_per_year


def occupancy_correction(area_m2_per_person: float, rule: Gb51161) -> float:
    """Return the factor that brings an intensity to the reference area per person.

    0.7 + 0.3 x area per person / 10 m2 (GB/T 51161-2016 clause 5.3, confidence C).

    Parameters
    ----------
    area_m2_per_person : float
        Gross floor area per person [m2].
    rule : Gb51161
        Figures of the standard.

    Returns
    -------
    float
        Factor [1]; 1 at the reference.

    Examples
    --------
    >>> round(occupancy_correction(20.0, load_yardsticks().gb51161), 3)
    1.3
    """
    fixed, share = rule.occupancy_correction
    return fixed + share * area_m2_per_person / rule.reference_area_m2_per_person


def benchmark(buildings: Sequence[Building], degree_days: DegreeDays | None = None) -> tuple[Benchmark, ...]:
    """Hold every building with a full year of electricity bills against the standard and its peers.

    The latest full calendar year counts. Gas becomes electricity equivalent by the standard's factor; a building
    that never reports gas has none, gas months that are not reported are noted. Peers are buildings of the same
    benchmark group and size class, or all where the class is too small.

    Parameters
    ----------
    buildings : sequence of Building
        With bills; buildings without a full year are left out.
    degree_days : DegreeDays, optional
        Degree days of the billed months and of a normal year; with them the intensity of a normal year is given.

    Returns
    -------
    tuple of Benchmark
        In the order of the buildings.

    Raises
    ------
    InputError
        If the data file of the benchmarks is broken.
    """
    yardsticks = load_yardsticks()
    measured = [building for building in buildings if full_years(building.bills)]
    used = {building.building_id: _use(building, yardsticks.gb51161) for building in measured}
    return tuple(_row(building, measured, used, yardsticks, degree_days) for building in measured)


@dataclass(frozen=True)
class _Use:
    """Energy per floor area of a building's latest full year, and what its bills leave open."""

    year: int
    electricity_kwh_per_m2: float
    gas_m3_per_m2: float
    energy_kwh_per_m2: float
    note: str


def _use(building: Building, rule: Gb51161) -> _Use:
    year = full_years(building.bills)[-1]
    electricity = (annual(building.bills, "electricity_kwh", year) or 0.0) / building.floor_area_m2
    gas_m3, months = known_of_year(building.bills, "gas_m3", year)
    open_months = 12 - months if reports(building.bills, "gas_m3") else 0
    gas = gas_m3 / building.floor_area_m2
    note = f"gas of {open_months} months not reported, counted as none" if open_months else ""
    return _Use(year, electricity, gas, electricity + gas * rule.gas_kwh_per_m3, note)


def _row(
    building: Building, measured: Sequence[Building], used: Mapping[str, _Use], yardsticks: Yardsticks,
    degree_days: DegreeDays | None,
) -> Benchmark:
    rule = yardsticks.gb51161
    own = used[building.building_id]
    hours = (building.workday_end_h - building.workday_start_h) * rule.workdays_per_year
    hours_factor = hours_correction(hours, rule)
    people_factor = occupancy_correction(building.floor_area_m2 / building.occupants, rule)
    corrected = own.energy_kwh_per_m2 * hours_factor * people_factor
    name, limits = limits_of(building, rule)
    group = np.array([used[peer.building_id].energy_kwh_per_m2 for peer in _peers(building, measured, yardsticks)])
    percentile = 100 * float(np.mean(group <= own.energy_kwh_per_m2)) if len(group) > 1 else None
    normalised, cv_rmse = _normalised(building, degree_days, rule)
    return Benchmark(
        building_id=building.building_id, name=building.name, illustrative=building.illustrative, use=building.use,
        building_class=name, year=own.year, electricity_kwh_per_m2=own.electricity_kwh_per_m2,
        gas_m3_per_m2=own.gas_m3_per_m2, energy_kwh_per_m2=own.energy_kwh_per_m2, normalised_kwh_per_m2=normalised,
        normalisation_cv_rmse=cv_rmse, hours_correction=hours_factor, occupancy_correction=people_factor,
        corrected_kwh_per_m2=corrected, guide_kwh_per_m2=limits.guide, constraint_kwh_per_m2=limits.constraint,
        verdict=verdict(corrected, limits), verdict_uncorrected=verdict(own.energy_kwh_per_m2, limits),
        peers=len(group), peer_percentile=percentile, note=own.note,
    )


def verdict(corrected_kwh_per_m2: float, limits: Limits) -> Verdict:
    """Return what an intensity [kWh m-2 per year] means against guide and constraint.

    Examples
    --------
    >>> verdict(60.0, Limits(constraint=70, guide=55))
    'between guide and constraint'
    """
    if corrected_kwh_per_m2 <= limits.guide:
        return "at or below guide"
    return "between guide and constraint" if corrected_kwh_per_m2 <= limits.constraint else "above constraint"


def limits_of(building: Building, rule: Gb51161) -> tuple[Literal["a", "b"], Limits]:
    """Return the class of a building and the limits that hold for it.

    Parameters
    ----------
    building : Building
        Its use gives government or commercial, its size and source system the class.
    rule : Gb51161
        Figures of the standard.

    Returns
    -------
    tuple of str and Limits
        Class `b` for large buildings with a central water system, else `a`: the registry does not say which
        windows open.
    """
    kind = load_archetypes().uses[building.use].benchmark
    classes = rule.government if kind == "government" else rule.commercial
    large = building.floor_area_m2 >= rule.class_b_from_floor_area_m2
    if large and building.source_system in WATER_SYSTEMS:
        return "b", classes.b
    return "a", classes.a


def _peers(building: Building, measured: Sequence[Building], yardsticks: Yardsticks) -> list[Building]:
    uses = load_archetypes().uses

    def size(other: Building) -> int:
        return sum(other.floor_area_m2 > upper for upper in yardsticks.peers.upper_floor_areas_m2)

    kind = uses[building.use].benchmark
    alike = [peer for peer in measured if uses[peer.use].benchmark == kind]
    close = [peer for peer in alike if size(peer) == size(building)]
    return close if len(close) >= yardsticks.peers.least_group else alike


def _normalised(
    building: Building, degree_days: DegreeDays | None, rule: Gb51161
) -> tuple[float | None, float | None]:
    """Return the intensity of a normal year and the fit's CV(RMSE), None where the bills do not carry a fit.

    Months whose gas is not reported are left out where the building buys gas.
    """
    if degree_days is None:
        return None, None
    energy = monthly_array(building.bills, "electricity_kwh", degree_days.months)
    if reports(building.bills, "gas_m3"):
        energy = energy + monthly_array(building.bills, "gas_m3", degree_days.months) * rule.gas_kwh_per_m3
    if np.isfinite(energy).sum() < 12:
        return None, None
    fit = fit_degree_days(energy, degree_days.days, degree_days.heating, degree_days.cooling)
    normal = fit.predict(degree_days.normal_days, degree_days.normal_heating, degree_days.normal_cooling)
    return float(normal.sum()) / building.floor_area_m2, fit.cv_rmse
