"""The registry: CSV or XLSX of a district to buildings, with every fault of the file in one message."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from buildings.archetypes import load_archetypes
from buildings.bills import read_bills
from buildings.building import Building, MonthlyBill
from buildings.measures import load_catalogue
from buildings.resolve import resolve
from buildings.spreadsheet import Row, Sheet, Value, header_faults, load_columns, parse_row, read_sheet
from vocabulary import Fault, InputError, nearest

Values = dict[str, Value]


@dataclass(frozen=True)
class Examined:
    """What a registry and its bills hold: the rows, the buildings that are in order, and every fault.

    `rows` are those of the file; `buildings` has the row number of each building that could be resolved.
    """

    sheet: Sheet | None
    buildings: dict[int, Building]
    faults: tuple[Fault, ...]


def read_registry(path: str | Path, bills: str | Path | None = None) -> list[Building]:
    """Read the buildings of a district.

    Parameters
    ----------
    path : str or Path
        CSV (UTF-8 with or without BOM, GB18030) or XLSX with the columns of `data/columns.yaml`; required are
        building_id, floor_area_m2, storeys, year_built and source_system.
    bills : str or Path, optional
        Monthly bills of these buildings.

    Returns
    -------
    list of Building
        In the order of the file.

    Raises
    ------
    InputError
        All faults of both files in one message: file, row and column, found, expected, nearest spelling.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> len(read_registry(DATA_DIR / "jiading_sample.csv"))
    12
    """
    examined = examine_registry(path, bills)
    if examined.faults:
        raise InputError(examined.faults)
    return list(examined.buildings.values())


def examine_registry(path: str | Path, bills: str | Path | None = None) -> Examined:
    """Read a registry as far as it can be read, and collect every fault instead of raising.

    Parameters
    ----------
    path, bills : str or Path
        As in `read_registry`.

    Returns
    -------
    Examined
        Buildings of the rows that are in order, whatever the other rows hold.

    Examples
    --------
    >>> from buildings.datafile import DATA_DIR
    >>> examine_registry(DATA_DIR / "jiading_sample.csv").faults
    ()
    """
    faults: list[Fault] = []
    read: dict[str, tuple[MonthlyBill, ...]] = {}
    rows: list[tuple[Row, Values]] = []
    sheet = None
    try:
        sheet = read_sheet(path)
        rows = _checked_rows(sheet, Path(path).parent, faults)
    except InputError as error:
        faults += error.faults
    if bills is not None:
        try:
            read = read_bills(bills, _floor_areas(rows) if sheet is not None else None)
        except InputError as error:
            faults += error.faults
    buildings = _resolved(sheet, rows, read, faults) if sheet is not None else {}
    return Examined(sheet, buildings, tuple(faults))


def _checked_rows(sheet: Sheet, folder: Path, faults: list[Fault]) -> list[tuple[Row, Values]]:
    columns = load_columns().registry
    faults += [*header_faults(sheet, columns), *sheet.faults]
    if not sheet.rows:
        faults.append(Fault(sheet.file, "file", "no rows", "at least one building"))
    rows = []
    for row in sheet.rows:
        values, found = parse_row(sheet, row, columns)
        swapped = _swapped(sheet.file, f"row {row.number}", row)
        if swapped:
            found = [fault for fault in found if not fault.place.endswith(("latitude_deg", "longitude_deg"))]
        faults += [*swapped, *(_explained(fault, row) for fault in found)]
        faults += _row_faults(sheet.file, row, values, folder)
        rows.append((row, values))
    faults += _repeated(sheet.file, rows)
    return rows


def _explained(fault: Fault, row: Row) -> Fault:
    """Say what a refused area plainly is: one in 10^4 m2."""
    if not fault.place.endswith("column floor_area_m2"):
        return fault
    try:
        area = float(row.cells["floor_area_m2"])
    except (KeyError, ValueError):
        return fault
    if 0 < area < load_columns().traps.area_in_ten_thousands_below_m2:
        expected = "m2 (this looks like an area in 10^4 m2)"
        return Fault(fault.file, fault.place, fault.found, expected, f"{area * 1e4:.0f}")
    return fault


def _row_faults(file: str, row: Row, values: Values, folder: Path) -> list[Fault]:
    place = f"row {row.number}"
    faults = _identifier_faults(file, place, values)
    uses = load_archetypes().use_names()
    use = values.get("use")
    if use is not None and str(use) not in uses:
        faults.append(Fault(file, f"{place}, column use", repr(use), "one of " + ", ".join(load_archetypes().uses),
                            nearest(str(use).lower(), uses)))
        del values["use"]
    faults += _year_and_hour_faults(file, place, values)
    faults += _past_retrofit_faults(file, place, values)
    return faults + _model_faults(file, place, values, folder)


def _swapped(file: str, place: str, row: Row) -> list[Fault]:
    try:
        latitude = float(row.cells["latitude_deg"])
        longitude = float(row.cells["longitude_deg"])
    except (KeyError, ValueError):
        return []
    columns = load_columns().registry
    if _plausible("latitude_deg", latitude) or not _plausible("latitude_deg", longitude):
        return []
    if not _plausible("longitude_deg", latitude):
        return []
    expected = f"latitude first (this looks swapped), {columns['latitude_deg'].low:g} to 90"
    return [Fault(file, f"{place}, column latitude_deg", f"latitude {latitude:g}, longitude {longitude:g}", expected,
                  f"{longitude:g}, {latitude:g}")]


def _plausible(name: str, value: float) -> bool:
    column = load_columns().registry[name]
    low = column.low if column.plausible_low is None else column.plausible_low
    high = column.high if column.plausible_high is None else column.plausible_high
    return low <= value <= high


def _identifier_faults(file: str, place: str, values: Values) -> list[Fault]:
    name = str(values.get("building_id", "x"))
    if len(name) > 64 or any(sign in name for sign in "/\\\n\r\t\0") or name in (".", ".."):
        return [Fault(file, f"{place}, column building_id", repr(name), "at most 64 characters without / and \\")]
    return []


def _year_and_hour_faults(file: str, place: str, values: Values) -> list[Fault]:
    faults = []
    built, source = values.get("year_built"), values.get("source_year")
    if isinstance(built, int) and isinstance(source, int) and source < built:
        faults.append(Fault(file, f"{place}, column source_year", str(source), f"year_built {built} or later"))
    return faults


def _past_retrofit_faults(file: str, place: str, values: Values) -> list[Fault]:
    text = str(values.get("past_retrofits", ""))
    known = [name for name, measure in load_catalogue().measures.items() if measure.slot != "source"]
    parts = [part.strip() for part in text.replace("+", ";").split(";") if part.strip()]
    values["past_retrofits"] = ";".join(part for part in parts if part in known)
    return [
        Fault(file, f"{place}, column past_retrofits", repr(part),
              "measure ids joined by ; (a new source goes to source_system and source_year)", nearest(part, known))
        for part in parts if part not in known
    ]


def _model_faults(file: str, place: str, values: Values, folder: Path) -> list[Fault]:
    if values.get("model") is None:
        return []
    model = folder / str(values["model"])
    if model.suffix.lower() not in (".idf", ".epjson"):
        return [Fault(file, f"{place}, column model", repr(values["model"]), "a file ending in .idf or .epJSON")]
    if not model.is_file():
        return [Fault(file, f"{place}, column model", f"no file {values['model']!r}", "an existing file")]
    values["model"] = str(model)
    return []


def _repeated(file: str, rows: list[tuple[Row, Values]]) -> list[Fault]:
    first: dict[str, int] = {}
    faults = []
    for row, values in rows:
        name = values.get("building_id")
        if name is None:
            continue
        if name in first:
            faults.append(Fault(file, f"row {row.number}, column building_id",
                                f"{name!r} as in row {first[str(name)]}", "each building once"))
        first.setdefault(str(name), row.number)
    return faults


def _floor_areas(rows: list[tuple[Row, Values]]) -> dict[str, float]:
    """Return the floor areas by building, NaN where the registry's own is at fault."""
    areas = {str(values["building_id"]): values.get("floor_area_m2") for _, values in rows if "building_id" in values}
    return {name: float(area) if isinstance(area, float) else math.nan for name, area in areas.items()}


def _resolved(
    sheet: Sheet, rows: list[tuple[Row, Values]], bills: dict[str, tuple[MonthlyBill, ...]], faults: list[Fault]
) -> dict[int, Building]:
    """Return the buildings that can be resolved by row number, and add the faults of the others."""
    required = [name for name, column in load_columns().registry.items() if column.required]
    archetypes, catalogue = load_archetypes(), load_catalogue()
    buildings = {}
    for row, values in rows:
        if any(values.get(name) is None for name in required):
            continue
        try:
            buildings[row.number] = resolve(values, archetypes, catalogue, file=sheet.file, place=f"row {row.number}",
                                            bills=bills.get(str(cast(str, values["building_id"])), ()))
        except InputError as error:
            faults += error.faults
    return buildings
