"""Tables for people: CSV and XLSX that open in a spreadsheet without running anything."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel

from vocabulary import Fault, InputError

Cell = str | float | int | bool | None
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "=", "+", "-", "@")


def neutral(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula.

    Parameters
    ----------
    cell : str, float, int, bool or None
        What is to be shown.

    Returns
    -------
    str, float, int, bool or None
        Text that begins with a sign of a formula gets an apostrophe before it; numbers stay.

    Examples
    --------
    >>> neutral("=HYPERLINK(1)"), neutral(-2.0)
    ("'=HYPERLINK(1)", -2.0)
    """
    if isinstance(cell, str) and cell.lstrip(" ").startswith(ACTIVE):
        return f"'{cell}"
    return cell


def write_table(path: str | Path, header: Sequence[str], rows: Sequence[Sequence[Cell]], sheet: str = "table") -> None:
    """Write one table as CSV (UTF-8 with BOM, which spreadsheets read right) or XLSX, by the ending of the path.

    Parameters
    ----------
    path : str or Path
        Ends in .csv or .xlsx; replaced only when the new file is complete.
    header : sequence of str
        Column titles.
    rows : sequence of sequences
        Cells; None is empty, floats are written with six significant digits at most in CSV.
    sheet : str
        Name of the XLSX sheet.

    Raises
    ------
    InputError
        If the ending is another one or the file cannot be written.
    """
    file = Path(path)
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx}
    if file.suffix.lower() not in writers:
        raise InputError([Fault(file.name, "--out", repr(file.suffix), "a file ending in .csv or .xlsx")])
    clean = [[neutral(cell) for cell in row] for row in [header, *rows]]
    part = file.with_name(f".{file.name}.{os.getpid()}{file.suffix}")
    try:
        writers[file.suffix.lower()](part, clean, sheet)
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError([Fault(file.name, "--out", error.strerror or str(error), "a writable file")]) from error


def _write_csv(path: Path, rows: list[list[Cell]], sheet: str) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)


def _write_xlsx(path: Path, rows: list[list[Cell]], sheet: str) -> None:
    import openpyxl
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = sheet[:31]
    for row in rows:
        page.append(row)
        for cell in page[page.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    for cell in page[1]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for index, title in enumerate(rows[0], 1):
        page.column_dimensions[get_column_letter(index)].width = max(12, min(28, len(str(title)) + 2))
    page.freeze_panes = "C2"
    book.save(path)


def record_table(records: Sequence[BaseModel]) -> tuple[tuple[str, ...], list[list[Cell]]]:
    """Return header and cells of a table of records: field names, dates and tuples as text.

    Parameters
    ----------
    records : sequence of pydantic models
        All of one kind.

    Returns
    -------
    tuple of header and rows
        Empty header where there is no record.

    Examples
    --------
    >>> class Point(BaseModel):
    ...     x_m: float
    >>> record_table([Point(x_m=2.0)])
    (('x_m',), [[2.0]])
    """
    if not records:
        return (), []
    header = tuple(type(records[0]).model_fields)
    return header, [[_plain(getattr(record, name)) for name in header] for record in records]


def _plain(value: object) -> Cell:
    if value is None or isinstance(value, str | float | int | bool):
        return value
    if isinstance(value, tuple | list | frozenset):
        return "; ".join(str(part) for part in value)
    return str(value)
