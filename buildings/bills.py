"""Monthly bills: reading them, and finding what cannot be a bill."""

from __future__ import annotations

from pathlib import Path

from buildings.building import MonthlyBill
from buildings.spreadsheet import header_faults, load_columns, parse_row, read_sheet
from vocabulary import Fault, InputError

CARRIER_COLUMNS = ("electricity_kwh", "gas_m3", "water_m3", "cost_cny")


def read_bills(path: str | Path) -> dict[str, tuple[MonthlyBill, ...]]:
    """Read monthly bills of a district.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX with the columns `building_id, month, electricity_kwh, gas_m3, water_m3, cost_cny`.

    Returns
    -------
    dict of str to tuple of MonthlyBill
        By building, months ascending.

    Raises
    ------
    InputError
        All faults in one message: columns, numbers, months, a month of a building twice.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> bills = read_bills(DATA_DIR / "jiading_illustrative_bills.csv")
    >>> len(bills)
    115
    """
    sheet = read_sheet(path)
    columns = load_columns().bills
    faults = [*header_faults(sheet, columns), *sheet.faults]
    if not sheet.rows:
        faults.append(Fault(sheet.file, "file", "no rows", "at least one month of one building"))
    bills: dict[str, dict[str, MonthlyBill]] = {}
    first: dict[tuple[str, str], int] = {}
    for row in sheet.rows:
        values, found = parse_row(sheet, row, columns)
        faults += found
        if found or "building_id" not in values or "month" not in values:
            continue
        key = (str(values.pop("building_id")), str(values["month"]))
        if key in first:
            faults.append(Fault(sheet.file, f"row {row.number}, column month",
                                f"{key[1]} of {key[0]} as in row {first[key]}", "each month of a building once"))
            continue
        first[key] = row.number
        bills.setdefault(key[0], {})[key[1]] = MonthlyBill.model_validate(values)
    if faults:
        raise InputError(faults)
    return {name: tuple(months[month] for month in sorted(months)) for name, months in bills.items()}
