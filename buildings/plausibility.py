"""What is possible but strange in a registry and its bills, with row and column; nothing is refused here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from buildings.bills import bill_rows
from buildings.building import Building
from buildings.odd_bills import strange_bills
from buildings.registry import examine_registry
from buildings.spreadsheet import Row, Sheet, load_columns
from vocabulary import Fault, InputError


def check_files(registry: str | Path, bills: str | Path | None = None) -> tuple[list[Fault], list[Fault]]:
    """Find every fault and every implausible value of a registry and its bills.

    Faults do not hide implausible values: each row, cell and bill that can be read is looked at.

    Parameters
    ----------
    registry : str or Path
        Registry file.
    bills : str or Path, optional
        Bills file.

    Returns
    -------
    tuple of two lists of Fault
        What is refused, and what is accepted but strange.
    """
    examined = examine_registry(registry, bills)
    strange = [] if examined.sheet is None else _strange_rows(examined.sheet, examined.buildings)
    if bills is not None:
        try:
            rows, _, file = bill_rows(bills)
        except InputError:  # the file cannot be read at all: among the faults already
            return list(examined.faults), strange
        strange += strange_bills(rows, list(examined.buildings.values()), file)
    return list(examined.faults), strange


def _strange_rows(sheet: Sheet, buildings: Mapping[int, Building]) -> list[Fault]:
    strange = []
    places: dict[tuple[float | None, float | None], int] = {}
    names: dict[str, int] = {}
    for row in sheet.rows:
        strange += _outside_plausible(sheet.file, row)
        if row.number in buildings:
            building = buildings[row.number]
            strange += _strange_shape(sheet.file, row, building)
            strange += _repeated(sheet.file, row, building, names, places)
    return strange


def _outside_plausible(file: str, row: Row) -> list[Fault]:
    """Find numbers that are accepted but unusual; cells that are refused are among the faults already."""
    columns = load_columns().registry
    strange = []
    for name, text in row.cells.items():
        column = columns.get(name)
        if column is None or column.plausible_low is None or column.plausible_high is None:
            continue
        value, low, high = _number(text), column.plausible_low, column.plausible_high
        if column.low <= value <= column.high and not low <= value <= high:
            strange.append(Fault(file, f"row {row.number}, column {name}", text, f"usually {low:g} to {high:g}"))
    return strange


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _strange_shape(file: str, row: Row, building: Building) -> list[Fault]:
    footprint_m2 = building.floor_area_m2 / building.storeys
    strange = []
    if not 100 <= footprint_m2 <= 10_000:
        strange.append(Fault(file, f"row {row.number}, column storeys", f"{footprint_m2:.0f} m2 per storey",
                             "usually 100 to 10000 m2 per storey"))
    if building.usable_roof_area_m2 > footprint_m2:
        strange.append(Fault(file, f"row {row.number}, column usable_roof_area_m2",
                             f"{building.usable_roof_area_m2:.0f} m2", f"at most one storey, {footprint_m2:.0f} m2"))
    if building.workday_end_h - building.workday_start_h < 6:
        strange.append(Fault(file, f"row {row.number}, column workday_end_h", f"{building.workday_end_h:g}",
                             "a working day of 6 h or more"))
    return strange


def _repeated(
    file: str, row: Row, building: Building, names: dict[str, int],
    places: dict[tuple[float | None, float | None], int],
) -> list[Fault]:
    strange = []
    if building.name != building.building_id and building.name in names:
        strange.append(Fault(file, f"row {row.number}, column name", f"{building.name!r} as in row "
                             f"{names[building.name]}", "another name for another building"))
    names.setdefault(building.name, row.number)
    place = (building.latitude_deg, building.longitude_deg)
    if None not in place and place in places:
        strange.append(Fault(file, f"row {row.number}, column latitude_deg", f"the place of row {places[place]}",
                             "another place for another building"))
    places.setdefault(place, row.number)
    return strange
