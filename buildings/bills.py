"""Monthly bills: reading them, and naming what cannot be a bill: wrong units, doubled months, other buildings."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from buildings.building import MonthlyBill
from buildings.spreadsheet import Sheet, header_faults, load_columns, parse_row, read_sheet
from vocabulary import GAS_LHV_MJ_PER_M3, Fault, InputError, nearest

CARRIER_COLUMNS = ("electricity_kwh", "gas_m3", "water_m3", "cost_cny")


@dataclass(frozen=True)
class BillRow:
    """One bill and the row of the file that it came from."""

    number: int
    building_id: str
    bill: MonthlyBill


def read_bills(
    path: str | Path, floor_areas_m2: Mapping[str, float] | None = None
) -> dict[str, tuple[MonthlyBill, ...]]:
    """Read monthly bills of a district.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX with the columns `building_id, month, electricity_kwh, gas_m3, water_m3, cost_cny` and, if wanted,
        `reading` (metered, estimated) and `illustrative`.
    floor_areas_m2 : mapping of str to float, optional
        Floor area of every known building [m2]; with it, wrong units and unknown buildings are found too.

    Returns
    -------
    dict of str to tuple of MonthlyBill
        By building, months ascending; months may be missing.

    Raises
    ------
    InputError
        All faults in one message: columns, numbers, months, a month of a building twice, electricity in 10^4 kWh,
        gas in MJ, a building that is not in the registry.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> len(read_bills(DATA_DIR / "jiading_illustrative_bills.csv"))
    115
    """
    rows, faults, file = bill_rows(path)
    if floor_areas_m2 is not None:
        faults += unit_faults(rows, floor_areas_m2, file)
        faults += _strangers(rows, floor_areas_m2, file)
    if faults:
        raise InputError(faults)
    bills: dict[str, list[MonthlyBill]] = {}
    for row in rows:
        bills.setdefault(row.building_id, []).append(row.bill)
    return {name: tuple(sorted(months, key=lambda bill: bill.month)) for name, months in bills.items()}


def bill_rows(path: str | Path) -> tuple[list[BillRow], list[Fault], str]:
    """Read the rows of a bills file that are in order, the faults of the others, and the file's name.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX.

    Returns
    -------
    tuple of list of BillRow, list of Fault and str
        Rows in the order of the file.

    Raises
    ------
    InputError
        If the file cannot be read at all.
    """
    sheet = read_sheet(path)
    columns = load_columns().bills
    faults = [*header_faults(sheet, columns), *sheet.faults]
    if not sheet.rows:
        faults.append(Fault(sheet.file, "file", "no rows", "at least one month of one building"))
    rows: list[BillRow] = []
    first: dict[tuple[str, str], int] = {}
    for row in sheet.rows:
        values, found = parse_row(sheet, row, columns)
        faults += found
        if found or "building_id" not in values or "month" not in values:
            continue
        key = (str(values.pop("building_id")), str(values["month"]))
        if key in first:
            faults.append(_doubled(sheet, row.number, key, first[key]))
            continue
        first[key] = row.number
        rows.append(BillRow(row.number, key[0], MonthlyBill.model_validate(values)))
    return rows, faults, sheet.file


def _doubled(sheet: Sheet, number: int, key: tuple[str, str], first: int) -> Fault:
    return Fault(sheet.file, f"row {number}, column month", f"{key[1]} of {key[0]} as in row {first}",
                 "each month of a building once")


def _strangers(rows: Sequence[BillRow], known: Mapping[str, float], file: str) -> list[Fault]:
    first: dict[str, int] = {}
    for row in rows:
        if row.building_id not in known:
            first.setdefault(row.building_id, row.number)
    return [
        Fault(file, f"row {number}, column building_id", repr(name), "a building of the registry", nearest(name, known))
        for name, number in first.items()
    ]


def unit_faults(rows: Sequence[BillRow], floor_areas_m2: Mapping[str, float], file: str) -> list[Fault]:
    """Find electricity in 10^4 kWh or MWh, and gas in MJ.

    Parameters
    ----------
    rows : sequence of BillRow
        Bills with their rows.
    floor_areas_m2 : mapping of str to float
        By building [m2]; others are skipped.
    file : str
        File name for messages.

    Returns
    -------
    list of Fault
        One per building where every month is off, one per row where single months are.

    Examples
    --------
    >>> bill = MonthlyBill(month="2024-07", electricity_kwh=9.4)
    >>> unit_faults([BillRow(2, "A", bill)], {"A": 10_000.0}, "bills.csv")[0].nearest
    '94000'
    """
    faults = []
    by_building: dict[str, list[BillRow]] = {}
    for row in rows:
        by_building.setdefault(row.building_id, []).append(row)
    for name, own in by_building.items():
        if name in floor_areas_m2:
            faults += _electricity_unit(own, floor_areas_m2[name], file)
            faults += _gas_unit(own, floor_areas_m2[name], file)
    return faults


def _electricity_unit(rows: Sequence[BillRow], floor_area_m2: float, file: str) -> list[Fault]:
    given = [(row.number, row.bill.electricity_kwh) for row in rows if row.bill.electricity_kwh]
    if not given:
        return []
    floor = load_columns().traps.electricity_floor_kwh_per_m2_month * floor_area_m2
    plain = [value for _, value in given if value >= floor]
    if not plain:
        unit, factor = _larger_unit(12 * statistics.median(value for _, value in given) / floor_area_m2)
        return [_whole_building(rows[0].building_id, "electricity_kwh", given, file, f"kWh (this looks like {unit})",
                                factor)]
    usual = statistics.median(plain)
    return [_one_month(number, value, usual, file) for number, value in given
            if value < usual / 100 and 0.2 < value * _factor(value, usual) / usual < 5]


def _factor(value: float, usual: float) -> float:
    """Return 1000 (MWh) or 10 000 (10^4 kWh): which brings a month nearer to a usual one."""
    return min((1e3, 1e4), key=lambda factor: abs(math.log(value * factor / usual)))


def _one_month(number: int, value: float, usual: float, file: str) -> Fault:
    factor = _factor(value, usual)
    unit = "MWh" if factor == 1e3 else "10^4 kWh"
    return Fault(file, f"row {number}, column electricity_kwh", f"{value:g}", f"kWh (this looks like {unit})",
                 f"{value * factor:.0f}")


def _larger_unit(intensity: float) -> tuple[str, float]:
    """Return the unit that makes a yearly intensity [kWh/m2] a plausible one: 10^4 kWh, or else MWh."""
    low, high = load_columns().traps.electricity_plausible_kwh_per_m2_year
    if low <= intensity * 1000 <= high and not low <= intensity * 1e4 <= high:
        return "MWh", 1000.0
    return "10^4 kWh", 1e4


def _whole_building(
    name: str, column: str, given: Sequence[tuple[int, float]], file: str, expected: str, factor: float
) -> Fault:
    number, value = given[0]
    return Fault(file, f"row {number} and {len(given) - 1} more of {name}, column {column}", f"{value:g}", expected,
                 f"{value * factor:.0f}")


def _gas_unit(rows: Sequence[BillRow], floor_area_m2: float, file: str) -> list[Fault]:
    traps, expected = load_columns().traps, "m3 (this looks like MJ)"
    known = [row.bill.gas_m3 for row in rows if row.bill.gas_m3 is not None]
    given = [(row, row.bill.gas_m3) for row in rows if row.bill.gas_m3]
    if not given:
        return []
    if 12 * sum(known) / len(known) > traps.gas_in_mj_above_m3_per_m2_year * floor_area_m2 and _all_alike(given):
        numbered = [(row.number, value) for row, value in given]
        return [_whole_building(rows[0].building_id, "gas_m3", numbered, file, expected, 1 / GAS_LHV_MJ_PER_M3)]
    limit = traps.gas_in_mj_above_m3_per_m2_month * floor_area_m2
    return [
        Fault(file, f"row {row.number}, column gas_m3", f"{value:g}", expected, f"{value / GAS_LHV_MJ_PER_M3:.0f}")
        for row, value in given if value > limit or _is_mj_beside_others(row, value, given)
    ]


def _all_alike(given: Sequence[tuple[BillRow, float]]) -> bool:
    """Return whether no month stands out as the one in another unit."""
    return not any(_is_mj_beside_others(row, value, given) for row, value in given)


def _is_mj_beside_others(row: BillRow, value: float, given: Sequence[tuple[BillRow, float]]) -> bool:
    """Return whether a month is some 36 times the same month of other years, or else both months around it."""
    same = [other for peer, other in given if peer.bill.month_of_year == row.bill.month_of_year and peer is not row]
    if same:
        return 0.5 < value / GAS_LHV_MJ_PER_M3 / statistics.median(same) < 2
    around = [other for peer, other in given if abs(_running(peer) - _running(row)) == 1]
    low, high = min(around, default=0.0), max(around, default=0.0)
    return len(around) == 2 and value > 10 * high and 0.3 * low < value / GAS_LHV_MJ_PER_M3 < 3 * high


def _running(row: BillRow) -> int:
    return row.bill.year * 12 + row.bill.month_of_year


def monthly_array(bills: Sequence[MonthlyBill], column: str, months: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return one column of bills as an array over given months.

    Parameters
    ----------
    bills : sequence of MonthlyBill
        One building's bills.
    column : str
        `electricity_kwh`, `gas_m3`, `water_m3` or `cost_cny`.
    months : sequence of str
        Months wanted, `YYYY-MM`.

    Returns
    -------
    ndarray
        Shape (month,), in the unit of the column; NaN where no bill says it.

    Raises
    ------
    KeyError
        If the column is none of the four.

    Examples
    --------
    >>> monthly_array([MonthlyBill(month="2024-01", gas_m3=5.0)], "gas_m3", ["2024-01", "2024-02"])
    array([ 5., nan])
    """
    if column not in CARRIER_COLUMNS:
        raise KeyError(column)
    by_month = {bill.month: getattr(bill, column) for bill in bills}
    values = [by_month.get(month) for month in months]
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def full_years(bills: Sequence[MonthlyBill], column: str = "electricity_kwh") -> tuple[int, ...]:
    """Return the calendar years of which all twelve months of a column are known.

    Parameters
    ----------
    bills : sequence of MonthlyBill
        One building's bills.
    column : str
        Column that must be known.

    Returns
    -------
    tuple of int
        Ascending.

    Examples
    --------
    >>> full_years([MonthlyBill(month="2024-01", electricity_kwh=5.0)])
    ()
    """
    years = [bill.year for bill in bills if getattr(bill, column) is not None]
    return tuple(year for year in sorted(set(years)) if years.count(year) == 12)


def annual(bills: Sequence[MonthlyBill], column: str, year: int) -> float | None:
    """Return a column's sum over a calendar year, None unless all twelve months are known.

    Parameters
    ----------
    bills : sequence of MonthlyBill
        One building's bills.
    column : str
        `electricity_kwh`, `gas_m3`, `water_m3` or `cost_cny`.
    year : int
        Calendar year.

    Returns
    -------
    float or None
        In the unit of the column. Where a building never reports a column at all (no gas, say): None.

    Examples
    --------
    >>> twelve = [MonthlyBill(month=f"2024-{m:02d}", gas_m3=2.0) for m in range(1, 13)]
    >>> annual(twelve, "gas_m3", 2024)
    24.0
    """
    total, months = known_of_year(bills, column, year)
    return total if months == 12 else None


def reports(bills: Sequence[MonthlyBill], column: str) -> bool:
    """Return whether a building ever buys what a column counts.

    Examples
    --------
    >>> reports([MonthlyBill(month="2024-01", gas_m3=0.0)], "gas_m3")
    False
    """
    return any(getattr(bill, column) for bill in bills)


def known_of_year(bills: Sequence[MonthlyBill], column: str, year: int) -> tuple[float, int]:
    """Return the sum of a column over the known months of a calendar year, and how many months are known.

    Parameters
    ----------
    bills : sequence of MonthlyBill
        One building's bills.
    column : str
        `electricity_kwh`, `gas_m3`, `water_m3` or `cost_cny`.
    year : int
        Calendar year.

    Returns
    -------
    tuple of float and int
        In the unit of the column, and months.

    Examples
    --------
    >>> known_of_year([MonthlyBill(month="2024-01", gas_m3=5.0)], "gas_m3", 2024)
    (5.0, 1)
    """
    values = monthly_array(bills, column, [f"{year}-{month:02d}" for month in range(1, 13)])
    return float(np.nansum(values)), int(np.isfinite(values).sum())
