"""Savings already made: avoided energy after a retrofit, IPMVP option C, beside what was promised.

The bills before the retrofit are fitted to days and degree days, each carrier by itself; the fit tells what the
building would have used in the weather after it; the difference to the bills is the avoided energy, with its standard
error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from buildings.avoided import Amounts, CarrierSaving, Series, carrier_saving
from buildings.bill_periods import Bills, bills_of
from buildings.bills import reports
from buildings.building import Building
from buildings.degree_days import DegreeDays
from buildings.odd_bills import lasting_change
from buildings.spreadsheet import header_faults, load_columns, parse_row, read_sheet
from buildings.yardsticks import SavingsRule, load_yardsticks
from datafile import Frozen
from vocabulary import Fault, InputError, nearest

Array = npt.NDArray[np.float64]


class Avoided(Frozen):
    """Avoided energy of one building; energies in kWh (gas on the lower heating value).

    Of the months billed since the retrofit; `_per_year` of a year in which each calendar month is the mean of those
    billed since, None where one of the twelve is not billed yet.
    """

    building_id: str
    name: str
    illustrative: bool
    retrofit_month: str
    months_before: int
    months_after: int
    cv_rmse: float
    baseline_kwh: float
    avoided_kwh: float
    avoided_low_kwh: float
    avoided_high_kwh: float
    avoided_fraction: float
    baseline_kwh_per_year: float | None
    avoided_kwh_per_year: float | None
    avoided_low_kwh_per_year: float | None
    avoided_high_kwh_per_year: float | None
    promised_kwh_per_year: float | None
    kept_fraction: float | None
    note: str


@dataclass(frozen=True)
class UseFactor:
    """How much the use of a building grew since the retrofit (hours, people): 1 = unchanged; and how sure that is."""

    factor: float = 1.0
    std: float = 0.0


UNCHANGED = UseFactor()


def avoided_energy(building: Building, degree_days: DegreeDays, use: UseFactor = UNCHANGED) -> Avoided:
    """Return what a retrofit has saved, from bills before and after `retrofit_month` (that month left out).

    Parameters
    ----------
    building : Building
        With `retrofit_month` and bills of both sides.
    degree_days : DegreeDays
        Of all billed months.
    use : UseFactor
        Multiplies the weather-free base of the adjusted baseline.

    Returns
    -------
    Avoided
        Avoided energy with its two-sided interval (`data/benchmarks.yaml`), positive when use fell.

    Raises
    ------
    InputError
        If the building has no retrofit month, too few months on a side, months without degree days, no energy billed
        before, or a level that changes for good on one side (a change of meter).
    """
    rule, place = load_yardsticks().savings, f"building {building.building_id}"
    month = building.retrofit_month
    if month is None:
        raise InputError([Fault("registry", place, "no retrofit_month", "YYYY-MM")])
    _check_lengths(building, month, rule)
    _check_meters(building, month)
    series, notes = _series(building, month)
    parts = [carrier_saving(each, month, degree_days) for each in series]
    if not sum(part.since.baseline_kwh for part in parts) > 0:
        raise InputError([Fault("bills", place, f"no energy before {month}", "bills above 0")])
    told = [f"{each.place.rsplit(', ', 1)[1]}: {words}" for each, part in zip(series, parts, strict=True)
            for words in part.told]
    return _statement(building, parts, use, [*notes, *told], rule)


def _check_lengths(building: Building, month: str, rule: SavingsRule) -> None:
    place = f"building {building.building_id}"
    billed = [bill.month for bill in building.bills if bill.electricity_kwh is not None]
    sides = (("before", sum(m < month for m in billed), rule.least_months_before),
             ("after", sum(m > month for m in billed), rule.least_months_after))
    faults = [Fault("bills", place, f"{count} months {side} {month} with electricity bills", f"at least {least}")
              for side, count, least in sides if count < least]
    if faults:
        raise InputError(faults)


def _check_meters(building: Building, month: str) -> None:
    sides = (tuple(bill for bill in building.bills if bill.month < month),
             tuple(bill for bill in building.bills if bill.month > month))
    faults = [Fault("bills", f"building {building.building_id}", change, "one level before and one after the retrofit")
              for change in map(lasting_change, sides) if change]
    if faults:
        raise InputError(faults)


def _series(building: Building, month: str) -> tuple[list[Series], list[str]]:
    """Return the carriers that a building buys, and what was assumed of them."""
    bills, place = bills_of(building), f"building {building.building_id}"
    found = [Series(f"{place}, electricity", bills.months, bills.energy_kwh[0], bills.estimated, whole_year=True)]
    if not reports(building.bills, "gas_m3"):
        return found, []
    gas, notes = _gas_without_blanks(bills, month)
    return [*found, Series(f"{place}, gas", bills.months, gas, bills.estimated, whole_year=False)], notes


def _gas_without_blanks(bills: Bills, month: str) -> tuple[Array, list[str]]:
    """Return gas with 0 where blanks mean none: calendar months never billed, and a whole side never billed."""
    electricity, gas = bills.energy_kwh[0], bills.energy_kwh[1].copy()
    blank = np.isnan(gas) & np.isfinite(electricity)
    notes = []
    never = ~np.isin(bills.calendar_months, bills.calendar_months[np.isfinite(gas)])
    if (blank & never).any():
        notes.append("gas: months never billed taken as 0")
    gas[blank & never] = 0.0
    months = np.array(bills.months)
    for side, words in ((months < month, "before"), (months > month, "since")):
        if (blank & side & ~never).any() and not np.isfinite(bills.energy_kwh[1][side]).any():
            gas[blank & side] = 0.0
            notes.append(f"gas: no bills {words} the retrofit, taken as 0")
    return gas, notes


def _statement(
    building: Building, parts: Sequence[CarrierSaving], use: UseFactor, told: Sequence[str], rule: SavingsRule
) -> Avoided:
    freedom = max(min(part.fit.months for part in parts) - 3, 1)
    quantile = float(student.ppf(0.5 + rule.interval / 2, freedom))
    since = _together([part.since for part in parts], use, quantile)
    years = [part.year for part in parts if part.year is not None]
    year = _together(years, use, quantile) if len(years) == len(parts) else None
    cv_rmse = float(np.sqrt(sum(part.fit.residual_std**2 for part in parts)) / sum(part.fit.mean for part in parts))
    promised, avoided = building.promised_saving_kwh, None if year is None else year.avoided
    notes = [
        f"baseline model CV(RMSE) above {rule.cv_rmse_limit:.0%}" if cv_rmse > rule.cv_rmse_limit else "",
        "not every calendar month billed since the retrofit: no year stated" if year is None else "",
        "saving not told from noise" if abs(since.avoided) < since.margin else "", *told,
    ]
    return Avoided(
        building_id=building.building_id, name=building.name, illustrative=building.illustrative,
        retrofit_month=str(building.retrofit_month), months_before=parts[0].months_before,
        months_after=parts[0].months_after, cv_rmse=cv_rmse, baseline_kwh=since.baseline, avoided_kwh=since.avoided,
        avoided_low_kwh=since.avoided - since.margin, avoided_high_kwh=since.avoided + since.margin,
        avoided_fraction=since.avoided / since.baseline, baseline_kwh_per_year=year.baseline if year else None,
        avoided_kwh_per_year=avoided, avoided_low_kwh_per_year=year.avoided - year.margin if year else None,
        avoided_high_kwh_per_year=year.avoided + year.margin if year else None, promised_kwh_per_year=promised,
        kept_fraction=avoided / promised if promised and avoided is not None else None,
        note="; ".join(note for note in notes if note),
    )


@dataclass(frozen=True)
class _Total:
    baseline: float
    avoided: float
    margin: float


def _together(parts: Sequence[Amounts], use: UseFactor, quantile: float) -> _Total:
    """Add carriers, their errors in quadrature, and the change of use with its own."""
    base = sum(part.base_kwh for part in parts)
    grown = (use.factor - 1.0) * base
    std = float(np.sqrt(sum(part.std_kwh**2 for part in parts) + (use.std * base) ** 2))
    return _Total(sum(part.baseline_kwh for part in parts) + grown, sum(part.avoided_kwh for part in parts) + grown,
                  quantile * std)


def read_use_factors(path: str | Path, known: Sequence[str]) -> dict[str, UseFactor]:
    """Read how the use of buildings changed since their retrofits.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX with the columns `building_id, use_factor` and, if wanted, `use_factor_std`.
    known : sequence of str
        Buildings of the registry.

    Raises
    ------
    InputError
        All faults of the file in one message.
    """
    sheet, columns = read_sheet(path), load_columns().use_factors
    faults = [*header_faults(sheet, columns), *sheet.faults]
    found: dict[str, UseFactor] = {}
    for row in sheet.rows:
        values, wrong = parse_row(sheet, row, columns)
        faults += wrong
        name = str(values.get("building_id", ""))
        if name and name not in known:
            faults.append(Fault(sheet.file, f"row {row.number}, column building_id", repr(name),
                                "a building of the registry", nearest(name, known)))
        elif name in found:
            faults.append(Fault(sheet.file, f"row {row.number}, column building_id", name, "each building once"))
        elif not wrong and name:
            found[name] = UseFactor(float(str(values["use_factor"])), float(str(values.get("use_factor_std") or 0.0)))
    if faults:
        raise InputError(faults)
    return found


def savings_table(
    buildings: Sequence[Building], degree_days: DegreeDays, use_factors: Mapping[str, UseFactor] | None = None
) -> tuple[tuple[Avoided, ...], tuple[Fault, ...]]:
    """Return the avoided energy of every building with a retrofit month.

    Parameters
    ----------
    buildings : sequence of Building
        Those without a retrofit month are passed over.
    degree_days : DegreeDays
        Of all billed months.
    use_factors : mapping of str to UseFactor, optional
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
            use = (use_factors or {}).get(building.building_id, UNCHANGED)
            rows.append(avoided_energy(building, degree_days, use))
        except InputError as error:
            faults += error.faults
    return tuple(rows), tuple(faults)
