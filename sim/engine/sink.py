"""Where gathered rows go: into memory, or chunk by chunk into a file that is renamed into place when whole."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import netCDF4
import numpy as np
import xarray as xr

from sim.engine.gather import LABELS, LONGEST_TEXT
from vocabulary import Fault, InputError

_FLAG_VALUES = np.array([0, 1], dtype=np.int8)
_CHUNK_BYTES = 1_000_000
ROWS_PER_CHUNK = 512
"""Rows gathered before they are written, and rows of one compressed piece of the file: each is written once, whole."""
_LONG_TEXTS = {*LABELS, "failure_message", "severe_message"}
_SHORT_TEXT = 64


class Sink(Protocol):
    """Takes rows and gives them back as one dataset."""

    def put(self, start: int, rows: xr.Dataset) -> None:
        """Take the rows from `start` on."""

    def finish(self, static: xr.Dataset) -> xr.Dataset:
        """Return all rows with what they share."""


class MemorySink:
    """Keeps rows in memory."""

    def __init__(self) -> None:
        self._parts: dict[int, xr.Dataset] = {}

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """End; there is nothing to clean up."""

    def put(self, start: int, rows: xr.Dataset) -> None:
        """Take the rows from `start` on."""
        self._parts[start] = rows

    def finish(self, static: xr.Dataset) -> xr.Dataset:
        """Return all rows, in order, with what they share."""
        ordered = [self._parts[start] for start in sorted(self._parts)]
        rows = xr.concat(ordered, dim="case", combine_attrs="override", data_vars="all")
        return static.merge(rows.assign_coords(case=_case_numbers(rows.sizes["case"])))


class FileSink:
    """Writes rows into a netCDF file as they come, so memory does not grow with the number of cases.

    Parameters
    ----------
    path : pathlib.Path
        Target, replaced only when the new file is whole.
    case_count : int
        Number of rows.
    attributes : mapping
        Global attributes.
    """

    def __init__(self, path: Path, case_count: int, attributes: Mapping[str, str | int]) -> None:
        self.path = path
        self._aside = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.partial.nc")
        self._count = case_count
        self._attributes = attributes
        self._file: Any = None

    def __enter__(self) -> Self:
        """Open the file beside its place."""
        self._file = netCDF4.Dataset(self._aside, "w", format="NETCDF4")
        self._file.setncatts(dict(self._attributes))
        self._file.createDimension("case", self._count)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Close and remove a file that was not finished."""
        if self._file.isopen():
            self._file.close()
        self._aside.unlink(missing_ok=True)

    def put(self, start: int, rows: xr.Dataset) -> None:
        """Write the rows from `start` on.

        Raises
        ------
        InputError
            If a label is too long for its column: a label cut off would be another one.
        """
        faults = [Fault(str(self.path), label, str(text), f"at most {LONGEST_TEXT} bytes")
                  for label in LABELS if label in rows for text in rows[label].values
                  if len(str(text).encode()) > LONGEST_TEXT]
        if faults:
            raise InputError(faults)
        for name, variable in rows.variables.items():
            self._write(str(name), variable, slice(start, start + rows.sizes["case"]))

    def finish(self, static: xr.Dataset) -> xr.Dataset:
        """Write what all rows share, rename the file into place, and open it; values are read when asked for."""
        numbers = _case_numbers(self._count)
        for name, variable in {**static.variables, "case": numbers}.items():
            self._write(str(name), variable, slice(None))
        self._file.close()
        with self._aside.open("rb") as written:
            os.fsync(written.fileno())
        self._aside.replace(self.path)
        return xr.open_dataset(self.path, decode_times=False, cache=False, engine="netcdf4")

    def _write(self, name: str, variable: xr.Variable, where: slice) -> None:
        values, dims = self._encoded(name, variable)
        if name not in self._file.variables:
            self._create(name, variable, values, dims)
        if variable.dims[:1] == ("case",):
            self._file[name][where] = values
        else:
            self._file[name][...] = values

    def _encoded(self, name: str, variable: xr.Variable) -> tuple[np.ndarray[Any, Any], tuple[str, ...]]:
        dims = tuple(map(str, variable.dims))
        for dim, size in zip(dims, variable.shape, strict=True):
            if dim not in self._file.dimensions:
                self._file.createDimension(dim, size)
        if variable.dtype.kind == "b":
            return variable.values.astype(np.int8), dims
        if variable.dtype.kind != "U":
            return variable.values, dims
        width = LONGEST_TEXT if name in _LONG_TEXTS else _SHORT_TEXT
        if f"text_{width}" not in self._file.dimensions:
            self._file.createDimension(f"text_{width}", width)
        coded = [_cut(str(item), width) for item in variable.values.ravel()]
        joined = np.array(coded, dtype=f"S{width}").reshape(variable.shape)
        return joined.view("S1").reshape((*variable.shape, width)), (*dims, f"text_{width}")

    def _create(self, name: str, variable: xr.Variable, values: np.ndarray[Any, Any], dims: tuple[str, ...]) -> None:
        sizes = [len(self._file.dimensions[dim]) for dim in dims]
        row_bytes = max(1, int(np.prod(sizes[1:])) * values.dtype.itemsize)
        rows = ROWS_PER_CHUNK if dims[:1] == ("case",) else sizes[0]
        chunks = (min(sizes[0], rows, max(1, _CHUNK_BYTES // row_bytes)), *sizes[1:])
        fill = np.nan if values.dtype.kind == "f" and name not in dims else None
        made = self._file.createVariable(name, values.dtype, dims, compression="zlib", complevel=4, shuffle=True,
                                         chunksizes=chunks, fill_value=fill)
        made.set_var_chunk_cache(size=chunks[0] * row_bytes, preemption=1.0)  # what is written is not read again
        made.set_auto_maskandscale(False)
        made.set_auto_chartostring(False)
        made.setncatts(variable.attrs)
        if variable.dtype.kind == "U":
            made.setncattr("_Encoding", "utf-8")
        if variable.dtype.kind == "b":
            made.setncatts({"flag_values": _FLAG_VALUES, "flag_meanings": "false true"})


def _cut(text: str, width: int) -> bytes:
    coded = text.encode()
    return coded if len(coded) <= width else coded[:width].decode(errors="ignore").encode()


def _case_numbers(count: int) -> xr.Variable:
    return xr.Variable("case", np.arange(count), {"units": "1", "long_name": "number of the case in the case list"})
