"""CSV and XLSX to rows of text, and text to values: what a district office sends, with every fault placed."""

from __future__ import annotations

import csv
import datetime
import io
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from buildings.datafile import DATA_DIR
from datafile import Frozen, load_yaml
from vocabulary import Fault, InputError, nearest

Value = str | float | int | bool | datetime.date | None
MONTH = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.]\d{1,2})?")
FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "是": True, "否": False}


class Column(Frozen):
    """What one column may hold."""

    kind: Literal["text", "number", "integer", "choice", "use", "date", "month", "flag"]
    text: str
    required: bool = False
    units: str = ""
    low: float = -math.inf
    high: float = math.inf
    plausible_low: float | None = None
    plausible_high: float | None = None
    choices: tuple[str, ...] = ()

    model_config = Frozen.model_config | {"allow_inf_nan": True}


class Traps(Frozen):
    """Limits that tell a wrong unit from a strange value; see the file for what each means."""

    area_in_ten_thousands_below_m2: float
    electricity_floor_kwh_per_m2_month: float
    electricity_plausible_kwh_per_m2_year: tuple[float, float]
    gas_plausible_m3_per_m2_year: tuple[float, float]
    gas_in_mj_above_m3_per_m2_month: float
    gas_in_mj_above_m3_per_m2_year: float
    water_plausible_m3_per_person_year: tuple[float, float]
    month_jump_factor: float
    usual_month_factor: float
    merged_month_factor: float
    empty_month_fraction: float
    season_month_fraction: float
    level_shift_factor: float
    scatter_multiple: float
    price_electricity_cny_per_kwh: float
    price_gas_cny_per_m3: float
    price_water_cny_per_m3: float
    cost_plausible_fraction: tuple[float, float]


class ColumnFile(Frozen):
    """The columns of registry, bills, degree days and use factors, and the traps."""

    registry: dict[str, Column]
    bills: dict[str, Column]
    degree_days: dict[str, Column]
    use_factors: dict[str, Column]
    traps: Traps


@lru_cache(maxsize=1)
def load_columns() -> ColumnFile:
    """Read the columns that registry and bills may have.

    Raises
    ------
    InputError
        If the data file is broken.
    """
    return load_yaml(DATA_DIR / "columns.yaml", ColumnFile)


@dataclass(frozen=True)
class Row:
    """One row of a sheet: its number as a spreadsheet shows it, and the text of its non-empty cells."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Sheet:
    """A table of text: file name, header and rows without the empty ones."""

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...] = ()


def read_sheet(path: str | Path) -> Sheet:
    """Read a table of text from CSV (UTF-8 with or without BOM, GB18030) or the first sheet of an XLSX file.

    Lines that begin with `#` above the header are comments. Commas, semicolons or tabs separate a CSV.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Sheet
        Header and rows; cells stripped; rows without any text left out; rows longer than the header as faults.

    Raises
    ------
    InputError
        If the file cannot be opened, has another encoding, or has no header.
    """
    file = Path(path)
    try:
        lines = _xlsx_lines(file) if file.suffix.lower() in (".xlsx", ".xlsm") else _csv_lines(file)
    except OSError as error:
        raise InputError([Fault(file.name, "file", error.strerror or str(error), "a readable file")]) from error
    lines = [(number, cells) for number, cells in lines if any(cells)]
    while lines and lines[0][1][0].startswith("#"):
        del lines[0]
    if not lines:
        raise InputError([Fault(file.name, "file", "no header", "a header line and at least one row")])
    header = tuple(lines[0][1])
    while header and not header[-1]:
        header = header[:-1]
    return _sheet(file.name, header, lines[1:])


def _sheet(file: str, header: tuple[str, ...], lines: list[tuple[int, list[str]]]) -> Sheet:
    rows, faults = [], []
    for number, cells in lines:
        if any(cells[len(header):]):
            faults.append(Fault(file, f"row {number}", f"{len(cells)} cells", f"{len(header)} as in the header"))
        filled = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
        rows.append(Row(number, filled))
    return Sheet(file, header, tuple(rows), tuple(faults))


def _csv_lines(file: Path) -> list[tuple[int, list[str]]]:
    text = _decode(file)
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader if cells]
    except csv.Error as error:
        raise InputError([Fault(file.name, f"row {reader.line_num}", str(error), "CSV")]) from error


def _decode(file: Path) -> str:
    content = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise InputError([Fault(file.name, "file", "bytes that are no text", "UTF-8, GB18030 or XLSX")])


def _xlsx_lines(file: Path) -> list[tuple[int, list[str]]]:
    import zipfile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise InputError([Fault(file.name, "file", str(error), "an XLSX workbook")]) from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        return [(number, [_text(cell) for cell in cells]) for number, cells in enumerate(rows, 1)]
    finally:
        book.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def header_faults(sheet: Sheet, columns: dict[str, Column]) -> list[Fault]:
    """Compare a header with the columns a file may have.

    Parameters
    ----------
    sheet : Sheet
        The file as read.
    columns : dict of str to Column
        Known columns.

    Returns
    -------
    list of Fault
        Unknown, repeated and missing columns. A required column that is only misspelt is one fault, not two.

    Examples
    --------
    >>> sheet = Sheet("a.csv", ("building_id", "florr_area_m2"), ())
    >>> wanted = {n: Column(kind="text", text="", required=True) for n in ("building_id", "floor_area_m2")}
    >>> [fault.nearest for fault in header_faults(sheet, wanted)]
    ['floor_area_m2']
    """
    faults, misspelt = [], set()
    absent = [name for name in columns if name not in sheet.header]
    for index, name in enumerate(sheet.header):
        if name in sheet.header[:index]:
            faults.append(Fault(sheet.file, "header", f"column {name!r} twice", "each column once"))
        elif name not in columns:
            hint = nearest(name.lower(), absent) or nearest(name.lower(), columns)
            misspelt.add(hint)
            faults.append(Fault(sheet.file, "header", f"unknown column {name!r}", "a known column", hint))
    missing = [name for name in absent if columns[name].required and name not in misspelt]
    faults += [Fault(sheet.file, "header", "no such column", f"required column {name}") for name in missing]
    return faults


def parse_row(sheet: Sheet, row: Row, columns: dict[str, Column]) -> tuple[dict[str, Value], list[Fault]]:
    """Turn one row's text into values.

    Parameters
    ----------
    sheet : Sheet
        File of the row, for messages.
    row : Row
        The row.
    columns : dict of str to Column
        Known columns; cells of others are skipped (the header check names them).

    Returns
    -------
    tuple of dict and list of Fault
        Values of the cells that are in order; a fault with row and column for each that is not.
    """
    values: dict[str, Value] = {}
    faults = []
    for name, column in columns.items():
        place = f"row {row.number}, column {name}"
        if name not in row.cells:
            if column.required and name in sheet.header:
                faults.append(Fault(sheet.file, place, "nothing", column.text))
            continue
        try:
            values[name] = parse_cell(row.cells[name], column)
        except CellError as error:
            faults.append(Fault(sheet.file, place, repr(row.cells[name]), error.expected, error.nearest))
    return values, faults


class CellError(ValueError):
    """A cell that does not say what its column expects."""

    def __init__(self, expected: str, nearest: str = "") -> None:
        self.expected = expected
        self.nearest = nearest
        super().__init__(expected)


def parse_cell(text: str, column: Column) -> Value:
    """Turn one cell's text into a value.

    Parameters
    ----------
    text : str
        Not empty.
    column : Column
        What is expected.

    Returns
    -------
    str, float, int, bool or date
        The value; months as `YYYY-MM`.

    Raises
    ------
    CellError
        With what was expected and, where it can be guessed, the nearest valid spelling.

    Examples
    --------
    >>> parse_cell("2024/7", Column(kind="month", text=""))
    '2024-07'
    """
    if column.kind in ("number", "integer"):
        return _number(text, column)
    if column.kind == "choice":
        if text not in column.choices:
            raise CellError("one of " + ", ".join(column.choices), nearest(text.lower(), column.choices))
        return text
    if column.kind == "date":
        return _date(text)
    if column.kind == "month":
        return _month(text)
    if column.kind == "flag":
        if text.lower() not in FLAGS:
            raise CellError("yes or no")
        return FLAGS[text.lower()]
    return text


def _number(text: str, column: Column) -> float | int:
    try:
        value = float(text)
    except ValueError:
        raise CellError(f"a number{_in(column)}", _number_inside(text)) from None
    if not math.isfinite(value):
        raise CellError(f"a number{_in(column)}")
    if column.kind == "integer" and not value.is_integer():
        raise CellError("a whole number", str(round(value)))
    if not column.low <= value <= column.high:
        hint = f"{value / 100:g}" if column.units == "1" and column.high <= 1 < value <= 100 else ""
        raise CellError(f"{column.low:g} to {column.high:g}{_in(column)}", hint)
    return int(value) if column.kind == "integer" else value


def _in(column: Column) -> str:
    return f" in {column.units}" if column.units not in ("", "1") else ""


def _number_inside(text: str) -> str:
    """Return the number a person probably meant: `12,000` is 12000, `8:30` is 8.5, `40%` is 0.4."""
    if clock := re.fullmatch(r"(\d{1,2})[::](\d{2})", text):
        return f"{int(clock[1]) + int(clock[2]) / 60:g}"
    if share := re.fullmatch(r"([\d.]+)\s*[%%]", text):
        return f"{float(share[1]) / 100:g}"
    found = re.match(r"-?[\d]+(?:\.\d+)?", text.replace(",", "").replace(",", ""))
    return found[0] if found else ""


def _date(text: str) -> datetime.date:
    parts = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[ T].*)?", text)
    try:
        return datetime.date(*(int(part) for part in parts.groups())) if parts else _no_date()
    except ValueError as error:
        raise CellError("a date as YYYY-MM-DD") from error


def _no_date() -> datetime.date:
    raise CellError("a date as YYYY-MM-DD")


def _month(text: str) -> str:
    parts = MONTH.fullmatch(text)
    if parts is None or not 1 <= int(parts[2]) <= 12:
        raise CellError("a month as YYYY-MM")
    return f"{parts[1]}-{int(parts[2]):02d}"
