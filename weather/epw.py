"""EPW text to a labelled Dataset and back, without loss.

The table is parsed by idfkit. Row `hour` of the Dataset is row `hour` of the file: it covers the 60 minutes that end at
`hour_of_day`, in the station's standard time all year round (no daylight saving).
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from vocabulary import Fault, InputError
from weather.columns import DATE_COLUMNS, HOURS, TEXT_COLUMNS, WHOLE_COLUMNS, columns, data_columns
from weather.limits import limits

HEADER_RECORDS = {
    "design_conditions": "DESIGN CONDITIONS",
    "typical_extreme_periods": "TYPICAL/EXTREME PERIODS",
    "ground_temperatures": "GROUND TEMPERATURES",
    "holidays_daylight_savings": "HOLIDAYS/DAYLIGHT SAVINGS",
    "comments_1": "COMMENTS 1",
    "comments_2": "COMMENTS 2",
    "data_periods": "DATA PERIODS",
}
"""Attributes of the Dataset that hold header records 2 to 8 as text, and the keyword of each."""
LOCATION_TEXTS = ("city", "state", "country", "source", "wmo")
LOCATION_NUMBERS = ("latitude_deg", "longitude_deg", "time_zone_h", "elevation_m")
_HEADER_LINES = 1 + len(HEADER_RECORDS)


def read_epw(path: str | Path) -> xr.Dataset:
    """Read one EPW year.

    Parameters
    ----------
    path : str or Path
        An hourly EPW file of 8 760 rows.

    Returns
    -------
    xr.Dataset
        Dim `hour` (8760); coordinates `month`, `day`, `hour_of_day`; one variable per further EPW column with
        `units` and `long_name`; missing-value codes are NaN. Attributes: the LOCATION record by field and the other
        header records as text.

    Raises
    ------
    InputError
        If the file cannot be read, is no EPW, or is not one hourly year of 8 760 rows.

    Examples
    --------
    >>> from pyenergyplus.dataset import weather_files
    >>> float(read_epw(weather_files["usa_co_golden"])["dry_bulb_temperature"][0])
    -3.0
    """
    return parse_epw(read_text(path), str(path))


def read_text(path: str | Path) -> str:
    """Return the text of a file that may be an EPW: UTF-8, else Latin-1, line ends as newlines.

    Raises
    ------
    InputError
        If the file is absent, no regular file, unreadable, empty, too large or binary.
    """
    name = str(path)
    try:
        if not Path(path).is_file():
            found = "no regular file" if Path(path).exists() else "no such file"
            raise InputError([Fault(name, "file", found, "an EPW file")])
        size = Path(path).stat().st_size
        if size > limits().largest_file_bytes:
            raise InputError([Fault(name, "file", f"{size} bytes", f"at most {limits().largest_file_bytes}")])
        content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise InputError([Fault(name, "file", str(error), "a readable EPW file")]) from error
    if not content.strip():
        raise InputError([Fault(name, "file", "nothing", "an EPW file")])
    if b"\0" in content:
        raise InputError([Fault(name, "file", "binary data", "an EPW file, which is text")])
    return _decode(content).replace("\r\n", "\n").replace("\r", "\n")


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def parse_epw(text: str, name: str = "EPW text") -> xr.Dataset:
    """Return the Dataset of an EPW text; `name` is the file named in messages.

    Raises
    ------
    InputError
        As `read_epw`.
    """
    from idfkit.weather import parse_epw as parse

    _check_form(text, name)
    try:
        parsed = parse(text)
    except (ValueError, OverflowError) as error:
        raise InputError([Fault(name, "text", str(error), "an hourly EPW year")]) from error
    dataset = _dataset(parsed.hours, name)
    dataset.attrs.update(_location(parsed.location, text.partition("\n")[0]))
    header = text.split("\n")[1:_HEADER_LINES]
    dataset.attrs.update(
        {key: line.partition(",")[2] for key, line in zip(HEADER_RECORDS, header, strict=True)}
    )
    _check_location(dataset, name)
    return dataset


def _check_form(text: str, name: str) -> None:
    first = text.lstrip().partition("\n")[0]
    if not first.upper().startswith("LOCATION"):
        raise InputError([Fault(name, "line 1", repr(first[:40]), "the LOCATION record of an EPW file")])
    if first[8:9] != ",":
        raise InputError([Fault(name, "line 1", f"delimiter {first[8:9]!r}", "fields separated by commas")])
    lines = text.rstrip().split("\n")
    if len(lines) <= _HEADER_LINES:
        raise InputError([Fault(name, "file", f"{len(lines)} lines (truncated)", "8 header records and 8760 rows")])
    per_hour = _records_per_hour(lines[_HEADER_LINES - 1])
    if per_hour not in ("", "1"):
        raise InputError([Fault(name, "line 8", f"{per_hour} records per hour (sub-hourly)", "1 record per hour")])
    rows = len(lines) - _HEADER_LINES
    if rows != HOURS:
        raise InputError([Fault(name, "rows", f"{rows} hours{_row_hint(rows)}", f"{HOURS} hours")])


def _records_per_hour(line: str) -> str:
    return [*line.split(","), "", ""][2].strip()


def _row_hint(rows: int) -> str:
    if rows == HOURS + 24:
        return " (a leap year; leave out 29 February)"
    if rows > HOURS and rows % HOURS == 0:
        return " (sub-hourly, or several years)"
    return " (truncated)" if rows < HOURS else ""


def _dataset(table: Any, name: str) -> xr.Dataset:  # noqa: ANN401 - idfkit's table type is not exported
    fields = [key for key in type(table).__dataclass_fields__ if key not in ("row_count", "present_count")]
    named = zip(columns(), fields, strict=True)
    values = {column.name: _values(column.name, getattr(table, field)) for column, field in named}
    _check_numbers(values, name)
    return assemble(values)


def _values(name: str, raw: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - packed doubles or a tuple of texts
    if name in TEXT_COLUMNS:
        return np.asarray(raw, dtype=object)
    return np.asarray(raw, dtype=np.float64)


def _check_numbers(values: dict[str, npt.NDArray[Any]], name: str) -> None:
    faults = []
    for key, array in values.items():
        if key in TEXT_COLUMNS:
            continue
        wrong = np.isinf(array)
        if key in WHOLE_COLUMNS:
            wrong |= (array != np.rint(array)) | (np.abs(array) > 9999)
        if wrong.any():
            row = int(np.argmax(wrong))
            expected = "a whole number of at most four digits" if key in WHOLE_COLUMNS else "a finite number"
            faults.append(Fault(name, f"row {row + 1}, {key}", str(array[row]), expected))
    if faults:
        raise InputError(faults)


def assemble(values: dict[str, npt.NDArray[Any]]) -> xr.Dataset:
    """Return the Dataset of a year from the 35 columns by name (arrays of 8 760 values), labelled with units.

    Examples
    --------
    >>> import weather
    >>> year = weather.make_typical_year("shanghai")
    >>> year["wind_speed"].attrs["units"]
    'm s-1'
    """
    dataset = xr.Dataset(coords={"hour": ("hour", np.arange(HOURS), {"long_name": "row of the year", "units": "1"})})
    for column in columns():
        array = values[column.name]
        if column.name in WHOLE_COLUMNS:
            array = array.astype(np.int64)
        attrs = {"long_name": column.long_name, "units": column.units}
        dataset[column.name] = ("hour", array, attrs)
    return dataset.set_coords(list(DATE_COLUMNS))


def _location(location: Any, line: str) -> dict[str, str | float]:  # noqa: ANN401 - idfkit's record, not exported
    extra = ",".join(line.split(",")[10:])
    given: dict[str, str | float] = {
        "city": location.city, "state": location.state_province_region, "country": location.country,
        "source": location.data_source, "wmo": location.wmo_number, "latitude_deg": location.latitude,
        "longitude_deg": location.longitude, "time_zone_h": location.time_zone, "elevation_m": location.elevation,
    }
    return given | ({"location_extra": extra} if extra else {})


def _check_location(dataset: xr.Dataset, name: str) -> None:
    bounds = {"latitude_deg": 90, "longitude_deg": 180, "time_zone_h": 14, "elevation_m": 9000}
    faults = [
        Fault(name, f"line 1, {key}", str(dataset.attrs[key]), f"a number between -{bound} and {bound}")
        for key, bound in bounds.items()
        if not abs(dataset.attrs[key]) <= bound
    ]
    if faults:
        raise InputError(faults)


def write_epw(dataset: xr.Dataset, path: str | Path) -> None:
    """Write one year as EPW: reading the file again gives an equal Dataset.

    Parameters
    ----------
    dataset : xr.Dataset
        A year as `read_epw` or `make_typical_year` returns it; NaN is written as the column's missing-value code.
    path : str or Path
        The file to make; it appears complete or not at all.

    Raises
    ------
    InputError
        If columns, header attributes or hours are missing, or the file cannot be written.
    """
    text = epw_text(dataset)
    target = Path(path)
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, suffix=".part", delete=False, encoding="utf-8", newline="\n"
        ) as handle:
            temporary = handle.name
            handle.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except (OSError, UnicodeEncodeError) as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise InputError([Fault(str(path), "file", str(error), "a place that can be written")]) from error


def epw_text(dataset: xr.Dataset) -> str:
    """Return the EPW text of a year.

    Raises
    ------
    InputError
        If columns, header attributes or hours are missing.
    """
    _check_writable(dataset)
    attrs = dataset.attrs
    location = [str(attrs[key]) for key in LOCATION_TEXTS] + [_plain(attrs[key]) for key in LOCATION_NUMBERS]
    extra = [attrs["location_extra"]] if "location_extra" in attrs else []
    lines = [",".join(["LOCATION", *location, *extra])]
    lines += [f"{keyword},{attrs[key]}" for key, keyword in HEADER_RECORDS.items()]
    table = [_texts(column.name, column.missing, dataset[column.name].values) for column in columns()]
    lines += [",".join(row) for row in zip(*table, strict=True)]
    return "\n".join(lines) + "\n"


def _check_writable(dataset: xr.Dataset) -> None:
    faults = []
    if dataset.sizes.get("hour") != HOURS:
        faults.append(Fault("weather dataset", "dim hour", str(dict(dataset.sizes)), f"{HOURS} hours"))
    needed = [row.name for row in data_columns()] + list(DATE_COLUMNS)
    faults += [Fault("weather dataset", name, "nothing", "an EPW column") for name in needed if name not in dataset]
    keys = (*LOCATION_TEXTS, *LOCATION_NUMBERS, *HEADER_RECORDS)
    faults += [
        Fault("weather dataset", f"attribute {key}", "nothing", "a header field of the EPW")
        for key in keys if key not in dataset.attrs
    ]
    texts = [(key, str(dataset.attrs.get(key, ""))) for key in (*LOCATION_TEXTS, *HEADER_RECORDS)]
    faults += [
        Fault("weather dataset", f"attribute {key}", repr(text[:40]), "text without line breaks"
              + (" and commas" if key in LOCATION_TEXTS else ""))
        for key, text in texts if "\n" in text or "\r" in text or (key in LOCATION_TEXTS and "," in text)
    ]
    if faults:
        raise InputError(faults)


def _plain(value: float) -> str:
    """Return the shortest text that reads back as the same number."""
    return str(int(value)) if value == math.floor(value) and abs(value) < 1e15 else repr(float(value))


def _texts(name: str, missing: float | None, values: npt.NDArray[Any]) -> list[str]:
    if name in TEXT_COLUMNS:
        return [str(value) for value in values]
    if name in WHOLE_COLUMNS:
        return [str(int(value)) for value in values]
    code = "" if missing is None else _plain(missing)
    return [code if math.isnan(value) else _plain(value) for value in values.tolist()]
