"""What is possible but strange in a registry and its bills, with row and column; nothing is refused here."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from buildings.bills import BillRow, bill_rows
from buildings.building import Building
from buildings.registry import read_registry
from buildings.spreadsheet import Row, load_columns, read_sheet
from vocabulary import Fault, InputError


def check_files(registry: str | Path, bills: str | Path | None = None) -> tuple[list[Fault], list[Fault]]:
    """Find every fault and every implausible value of a registry and its bills.

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
    try:
        buildings = read_registry(registry, bills)
    except InputError as error:
        return list(error.faults), []
    strange = _strange_rows(registry, {building.building_id: building for building in buildings})
    if bills is not None:
        rows, _, file = bill_rows(bills)
        strange += strange_bills(rows, buildings, file)
    return [], strange


def _strange_rows(registry: str | Path, buildings: Mapping[str, Building]) -> list[Fault]:
    sheet = read_sheet(registry)
    strange = []
    places: dict[tuple[float | None, float | None], int] = {}
    names: dict[str, int] = {}
    for row in sheet.rows:
        building = buildings[row.cells["building_id"]]
        strange += _outside_plausible(sheet.file, row)
        strange += _strange_shape(sheet.file, row, building)
        strange += _repeated(sheet.file, row, building, names, places)
    return strange


def _outside_plausible(file: str, row: Row) -> list[Fault]:
    columns = load_columns().registry
    strange = []
    for name, text in row.cells.items():
        column = columns[name]
        low, high = column.plausible_low, column.plausible_high
        if low is not None and high is not None and not low <= float(text) <= high:
            strange.append(Fault(file, f"row {row.number}, column {name}", text, f"usually {low:g} to {high:g}"))
    return strange


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


def strange_bills(rows: Sequence[BillRow], buildings: Sequence[Building], file: str) -> list[Fault]:
    """Find strange bills: gaps, estimates, months far from the same month of other years, odd intensities.

    Parameters
    ----------
    rows : sequence of BillRow
        Bills with their rows.
    buildings : sequence of Building
        The registry.
    file : str
        File name for messages.

    Returns
    -------
    list of Fault
        One line per finding; rows are named where one row is meant.
    """
    own: dict[str, list[BillRow]] = {}
    for row in rows:
        own.setdefault(row.building_id, []).append(row)
    strange = []
    for building in buildings:
        months = own.get(building.building_id, [])
        strange += _gaps(months, file)
        strange += [
            Fault(file, f"row {row.number}, column reading", "an estimated reading", "a metered reading")
            for row in months if row.bill.reading == "estimated"
        ]
        strange += [fault for column in ("electricity_kwh", "water_m3") for fault in _jumps(months, column, file)]
        strange += _odd_intensity(months, building, file)
    return strange


def _gaps(rows: Sequence[BillRow], file: str) -> list[Fault]:
    numbers = sorted(row.bill.year * 12 + row.bill.month_of_year - 1 for row in rows)
    if not numbers:
        return []
    missing = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))
    if not missing:
        return []
    words = ", ".join(f"{number // 12}-{number % 12 + 1:02d}" for number in missing[:6])
    more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
    return [Fault(file, f"building {rows[0].building_id}", f"no bill of {words}{more}", "every month")]


def _jumps(rows: Sequence[BillRow], column: str, file: str) -> list[Fault]:
    """Find months far off the median month: a merged or doubled reading, a meter change, a wrong unit."""
    factor = load_columns().traps.month_jump_factor
    given = [(row, float(getattr(row.bill, column))) for row in rows if getattr(row.bill, column) is not None]
    if len(given) < 6:
        return []
    strange = []
    median = statistics.median(value for _, value in given)
    for row, value in given:
        same = [other for peer, other in given if peer.bill.month_of_year == row.bill.month_of_year and peer is not row]
        usual = statistics.median(same) if same else median
        if all(level > 0 and not level / factor <= value <= level * factor for level in (usual, median)):
            strange.append(Fault(file, f"row {row.number}, column {column}", f"{value:g}",
                                 f"near {usual:g} (merged or doubled months? a meter change?)"))
    return strange


def _odd_intensity(rows: Sequence[BillRow], building: Building, file: str) -> list[Fault]:
    traps = load_columns().traps
    bases = {
        "electricity_kwh": (building.floor_area_m2, traps.electricity_plausible_kwh_per_m2_year, "kWh/m2 a year"),
        "gas_m3": (building.floor_area_m2, traps.gas_plausible_m3_per_m2_year, "m3/m2 a year"),
        "water_m3": (building.occupants, traps.water_plausible_m3_per_person_year, "m3/person a year"),
    }
    strange = []
    for column, (base, (low, high), unit) in bases.items():
        given = [float(getattr(row.bill, column)) for row in rows if getattr(row.bill, column) is not None]
        intensity = 12 * sum(given) / len(given) / base if given else low
        if not low <= intensity <= high:
            strange.append(Fault(file, f"building {building.building_id}, column {column}", f"{intensity:.3g} {unit}",
                                 f"usually {low:g} to {high:g}"))
    return strange
