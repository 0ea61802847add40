"""Savings already made: avoided energy after a retrofit, IPMVP option C, beside what was promised.

The bills before the retrofit are fitted to days and degree days; the fit tells what the building would have used in
the weather after it; the difference to the bills is the avoided energy, with its standard error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from buildings.bills import monthly_array, reports
from buildings.building import Building
from buildings.degree_days import DegreeDayModel, DegreeDays, fit_degree_days
from buildings.yardsticks import SavingsRule, load_yardsticks
from datafile import Frozen
from vocabulary import GAS_LHV_MJ_PER_M3, Fault, InputError

Array = npt.NDArray[np.float64]


class Avoided(Frozen):
    """Avoided energy of one building; energies in kWh (gas on the lower heating value), per year of 365 days."""

    building_id: str
    name: str
    illustrative: bool
    retrofit_month: str
    months_before: int
    months_after: int
    cv_rmse: float
    baseline_kwh_per_year: float
    avoided_kwh_per_year: float
    avoided_low_kwh_per_year: float
    avoided_high_kwh_per_year: float
    avoided_fraction: float
    promised_kwh_per_year: float | None
    kept_fraction: float | None
    note: str


def avoided_energy(
    building: Building, degree_days: DegreeDays, use_factor: float = 1.0
) -> Avoided:
    """Return what a retrofit has saved, from bills before and after `retrofit_month` (that month left out).

    Parameters
    ----------
    building : Building
        With `retrofit_month` and bills of both sides.
    degree_days : DegreeDays
        Of all billed months.
    use_factor : float
        How much the use of the building grew since (hours, people): multiplies the weather-free base of the
        adjusted baseline. 1 = unchanged.

    Returns
    -------
    Avoided
        Avoided energy per year with its two-sided interval (`data/benchmarks.yaml`), positive when use fell.

    Raises
    ------
    InputError
        If the building has no retrofit month, too few months on a side, or months without degree days.
    """
    rule = load_yardsticks().savings
    if building.retrofit_month is None:
        raise InputError([Fault("registry", f"building {building.building_id}", "no retrofit_month", "YYYY-MM")])
    months, energy = _billed(building, degree_days)
    before = np.array([month < building.retrofit_month for month in months], dtype=bool)
    after = np.array([month > building.retrofit_month for month in months], dtype=bool)
    _check_lengths(building, int(before.sum()), int(after.sum()), rule)
    weather = _weather(months, degree_days)
    fit = fit_degree_days(energy[before], *(column[before] for column in weather))
    inside = [column[after] for column in weather]
    adjusted = fit.predict(*inside) + (use_factor - 1.0) * fit.coefficients[0] * inside[0]
    return _statement(building, fit, adjusted, energy[after], inside, int(before.sum()), rule)


def _billed(building: Building, degree_days: DegreeDays) -> tuple[list[str], Array]:
    """Return the months with electricity bills and their energy [kWh], gas included where the building has any."""
    months = [bill.month for bill in building.bills if bill.electricity_kwh is not None]
    missing = sorted(set(months) - set(degree_days.months))
    if missing:
        raise InputError([Fault("degree days", f"building {building.building_id}", f"no {', '.join(missing[:6])}",
                                "degree days of every billed month")])
    gas = monthly_array(building.bills, "gas_m3", months)
    if reports(building.bills, "gas_m3"):
        known = [month for month, value in zip(months, gas, strict=True) if np.isfinite(value)]
        gas = monthly_array(building.bills, "gas_m3", known)
        months = known
    else:
        gas = np.zeros(len(months))
    return months, monthly_array(building.bills, "electricity_kwh", months) + gas * GAS_LHV_MJ_PER_M3 / 3.6


def _weather(months: Sequence[str], degree_days: DegreeDays) -> tuple[Array, Array, Array]:
    rows = [degree_days.months.index(month) for month in months]
    return degree_days.days[rows], degree_days.heating[rows], degree_days.cooling[rows]


def _check_lengths(building: Building, before: int, after: int, rule: SavingsRule) -> None:
    place = f"building {building.building_id}"
    faults = []
    if before < rule.least_months_before:
        faults.append(Fault("bills", place, f"{before} months before {building.retrofit_month}",
                            f"at least {rule.least_months_before}"))
    if after < rule.least_months_after:
        faults.append(Fault("bills", place, f"{after} months after {building.retrofit_month}",
                            f"at least {rule.least_months_after}"))
    if faults:
        raise InputError(faults)


def _statement(
    building: Building, fit: DegreeDayModel, adjusted: Array, used: Array, inside: Sequence[Array], before: int,
    rule: SavingsRule,
) -> Avoided:
    per_year = 365.0 / float(inside[0].sum())
    avoided = float((adjusted - used).sum()) * per_year
    quantile = float(student.ppf(0.5 + rule.interval / 2, max(fit.months - 3, 1)))
    margin = quantile * fit.sum_std(*inside) * per_year
    promised = building.promised_saving_kwh
    notes = [
        f"baseline model CV(RMSE) above {rule.cv_rmse_limit:.0%}" if fit.cv_rmse > rule.cv_rmse_limit else "",
        "less than a year after the retrofit" if len(used) < 12 else "",
        "saving not told from noise" if abs(avoided) < margin else "",
    ]
    return Avoided(
        building_id=building.building_id, name=building.name, illustrative=building.illustrative,
        retrofit_month=str(building.retrofit_month), months_before=before, months_after=len(used), cv_rmse=fit.cv_rmse,
        baseline_kwh_per_year=float(adjusted.sum()) * per_year, avoided_kwh_per_year=avoided,
        avoided_low_kwh_per_year=avoided - margin, avoided_high_kwh_per_year=avoided + margin,
        avoided_fraction=avoided / (float(adjusted.sum()) * per_year), promised_kwh_per_year=promised,
        kept_fraction=avoided / promised if promised else None, note="; ".join(note for note in notes if note),
    )


def savings_table(
    buildings: Sequence[Building], degree_days: DegreeDays, use_factors: Mapping[str, float] | None = None
) -> tuple[tuple[Avoided, ...], tuple[Fault, ...]]:
    """Return the avoided energy of every building with a retrofit month.

    Parameters
    ----------
    buildings : sequence of Building
        Those without a retrofit month are passed over.
    degree_days : DegreeDays
        Of all billed months.
    use_factors : mapping of str to float, optional
        By building, see `avoided_energy`.

    Returns
    -------
    tuple of tuple of Avoided and tuple of Fault
        Statements, and why there is none for the others.
    """
    rows: list[Avoided] = []
    faults: list[Fault] = []
    for building in buildings:
        if building.retrofit_month is None:
            continue
        try:
            factor = (use_factors or {}).get(building.building_id, 1.0)
            rows.append(avoided_energy(building, degree_days, factor))
        except InputError as error:
            faults += error.faults
    return tuple(rows), tuple(faults)
