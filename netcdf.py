"""Write and read one labelled dataset as a CF-1.11 netCDF file that explains itself.

Everything that a stage of a study leaves behind passes through here: names, units and long names are checked, text
becomes character arrays, booleans become flags, and the file says when, by what and from what it was made.
A written file opens with plain xarray; ``xr.open_dataset(path).to_dataframe()`` turns it into a pandas table.
"""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import io
import json
import os
import platform
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr

from vocabulary import VARIABLES, Fault, InputError, nearest

CONVENTIONS = "CF-1.11"
FORMAT_VERSION = 1  # raised by one when a file's meaning changes so that older programs would misread it
PACKAGES_TO_NAME = (
    "retrofolio", "pyenergyplus-lbnl", "eppy", "idfkit", "pvlib", "numba", "pyomo", "highspy", "numpy", "xarray",
    "netcdf4",
)
CHUNK_BYTES = 1_048_576
FALSE_TRUE = np.array([0, 1], dtype="int8")
STANDARD_NAMES = {"north": "latitude", "east": "longitude"}
RESERVED = ("coordinates", "_FillValue", "_Encoding", "missing_value", "scale_factor", "add_offset")


def write_dataset(
    path: str | Path,
    dataset: xr.Dataset,
    *,
    title: str,
    groups: Mapping[str, xr.Dataset] | None = None,
    study_text: str = "",
    input_digests: Mapping[str, str] | None = None,
    source: str | None = None,
    references: str | None = None,
    institution: str | None = None,
    illustrative: Sequence[str] = (),
) -> None:
    """Write a dataset, and named groups beside it, in one atomic step.

    Parameters
    ----------
    path : path
        Target, ending in ``.nc``. A file of that name is replaced only once the new one is complete.
    dataset : xr.Dataset
        Root variables. Every numeric array needs ``units`` (UDUNITS) and every variable a ``long_name``; the long
        name of a variable of the vocabulary is filled in from there.
    title : str
        One line saying what the file holds.
    groups : mapping of str to xr.Dataset, optional
        Each complete in itself (own coordinates); ``"inputs/weather"`` nests.
    study_text : str
        The study file as resolved.
    input_digests : mapping, optional
        Name of each input to its SHA-256.
    source, references, institution : str, optional
        The CF attributes of these names.
    illustrative : sequence of str
        What in the file is illustrative and not measured or official.

    Raises
    ------
    InputError
        If a variable lacks units or long name, has a name, type or attribute that CF-1.11 has no place for, or the
        folder cannot be written; all faults in one message.

    Examples
    --------
    >>> array = xr.DataArray([1.5], dims="building", attrs={"units": "kW h", "long_name": "saving"})
    >>> write_dataset("saving.nc", array.to_dataset(name="saving"), title="One saving")  # doctest: +SKIP
    """
    path, groups = Path(path), dict(groups or {})
    faults = faults_of(dataset, str(path))
    for name, group in groups.items():
        faults += faults_of(group, f"{path} group {name}")
    if path.suffix != ".nc":
        faults.append(Fault(str(path), "file name", path.name, "a name ending in .nc"))
    if faults:
        raise InputError(faults)
    labels = {"title": title, "source": source, "references": references, "institution": institution,
              "study_text": study_text, "illustrative": "; ".join(illustrative)}
    attrs = {**dataset.attrs, **provenance(labels, input_digests or {})}
    _replace_atomically(path, dataset.assign_attrs(attrs), groups)


def provenance(labels: Mapping[str, str | None], input_digests: Mapping[str, str]) -> dict[str, str | int]:
    """Return the global attributes that say what a file is and where it comes from; empty labels are left out.

    Examples
    --------
    >>> provenance({"title": "A test"}, {})["Conventions"]
    'CF-1.11'
    """
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    versions = package_versions()
    program = f"retrofolio {versions.get('retrofolio', 'of unknown version')}"
    digests = json.dumps(dict(input_digests), ensure_ascii=False, sort_keys=True)
    given = {
        "Conventions": CONVENTIONS,
        **labels,
        "source": labels.get("source") or f"{program}: computed from the inputs listed in input_digests",
        "history": f"{now}: written by {program}",
        "date_created": now,
        "software_versions": "; ".join(f"{name} {version}" for name, version in versions.items()),
        "input_digests": digests if input_digests else "",
    }
    return {"retrofolio_format_version": FORMAT_VERSION, **{key: text for key, text in given.items() if text}}


def package_versions() -> dict[str, str]:
    """Return versions of Python and of the installed packages that results depend on.

    Examples
    --------
    >>> sorted(package_versions())[:2]
    ['eppy', 'highspy']
    """
    versions = {"python": platform.python_version()}
    for name in PACKAGES_TO_NAME:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def faults_of(dataset: xr.Dataset, place: str = "dataset") -> list[Fault]:
    """Return everything that keeps a dataset from being written, without writing.

    >>> bare = xr.Dataset({"saving": ("building", [1.0])})
    >>> [fault.expected for fault in faults_of(bare)]
    ['an attribute long_name', 'an attribute units (UDUNITS)']
    """
    faults = [fault for name in dataset.variables for fault in _variable_faults(str(name), dataset[name], place)]
    faults += [
        Fault(place, f"attribute {key}", repr(key), "a name of letters, digits and underscores")
        for key in dataset.attrs if not _is_name(str(key))
    ]
    return faults


def _variable_faults(name: str, array: xr.DataArray, place: str) -> list[Fault]:
    where = f"variable {name}"
    faults = []
    for word in (name, *map(str, array.dims), *map(str, array.attrs)):
        if not _is_name(word):
            faults.append(Fault(place, where, repr(word), "a name of letters, digits and underscores"))
    if not _long_name(name, array):
        faults.append(Fault(place, where, "none", "an attribute long_name"))
    if _is_text(array):
        faults += _text_faults(array, place, where)
    elif array.dtype.kind not in "biuf" or array.dtype == np.float16 or array.dtype.itemsize > 8:
        faults.append(Fault(place, where, f"type {array.dtype}", "numbers, booleans or text (dates as ISO text)"))
    elif array.dtype.kind != "b" and not {"units", "flag_values", "flag_masks"} & set(array.attrs):
        faults.append(Fault(place, where, "none", "an attribute units (UDUNITS)"))
    return faults


def _text_faults(array: xr.DataArray, place: str, where: str) -> list[Fault]:
    for item in array.values.ravel():
        if not isinstance(item, str):
            return [Fault(place, where, f"{item!r} among text", "text only")]
        if "\0" in item:
            return [Fault(place, where, repr(item), "text without the character NUL")]
    return []


def _is_name(word: str) -> bool:
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word) is not None


def _is_text(array: xr.DataArray | xr.Variable) -> bool:
    return array.dtype.kind in "UO" or type(array.dtype).__name__ == "StringDType"


def _long_name(name: str, array: xr.DataArray) -> str:
    row = VARIABLES.get(name)
    return str(array.attrs.get("long_name", "")) or (row.long_name if row else "")


def _replace_atomically(path: Path, dataset: xr.Dataset, groups: Mapping[str, xr.Dataset]) -> None:
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".partial.nc", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise InputError([Fault(str(path), "folder", str(error), "a folder that exists and may be written")]) from error
    try:
        with netCDF4.Dataset(partial, "w", format="NETCDF4") as file:
            _write_group(file, dataset)
            for name, group in groups.items():
                _write_group(file.createGroup(name), group)
        _settle(Path(partial))
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _settle(path: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(0o666 & ~umask)  # mkstemp makes files that only the owner can read
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _write_group(target: netCDF4.Dataset, dataset: xr.Dataset) -> None:
    for key, value in dataset.attrs.items():
        if key != "coordinates":
            target.setncattr(str(key), _plain(value))
    for dim, size in dataset.sizes.items():
        target.createDimension(str(dim), size)
    _write_orphan_coordinates(target, dataset)
    for name in (*dataset.coords, *dataset.data_vars):
        _write_variable(target, str(name), dataset)


def _write_orphan_coordinates(target: netCDF4.Dataset, dataset: xr.Dataset) -> None:
    """Name in a global attribute, as xarray does, the coordinates that no data variable can point to."""
    listed = {coord for name in dataset.data_vars for coord in _coordinates_of(dataset, name)}
    orphans = [str(name) for name in dataset.coords if name not in dataset.dims and str(name) not in listed]
    if orphans:
        target.setncattr("coordinates", " ".join(orphans))


def _coordinates_of(dataset: xr.Dataset, name: object) -> list[str]:
    dims = set(dataset[name].dims)
    return [
        str(coord) for coord in dataset.coords
        if coord not in dataset.dims and set(dataset[coord].dims) <= dims
    ]


def _write_variable(target: netCDF4.Dataset, name: str, dataset: xr.Dataset) -> None:
    array = dataset[name]
    values, dims = _encoded(target, array)
    is_coordinate = name in dataset.coords
    chunked = values.ndim > 0 and values.size > 0
    variable = target.createVariable(
        name, values.dtype, dims, compression="zlib" if chunked else None, complevel=4, shuffle=True,
        chunksizes=_chunks(values) if chunked else None,
        fill_value=np.nan if values.dtype.kind == "f" and not is_coordinate else None,
    )
    variable.set_auto_maskandscale(False)
    variable.set_auto_chartostring(False)
    attrs = {"long_name": _long_name(name, array), **_implied_attributes(array), **array.attrs}
    for key, value in attrs.items():
        if key not in RESERVED:
            variable.setncattr(str(key), _plain(value, like=values if key.startswith(("flag_", "valid_")) else None))
    if _is_text(array):
        variable.setncattr("_Encoding", "utf-8")
    if not is_coordinate and (coordinates := _coordinates_of(dataset, name)):
        variable.setncattr("coordinates", " ".join(coordinates))
    variable[...] = values


def _implied_attributes(array: xr.DataArray) -> dict[str, object]:
    if array.dtype.kind == "b":
        return {"flag_values": FALSE_TRUE, "flag_meanings": "false true"}
    standard_name = STANDARD_NAMES.get(re.sub("^degrees?_", "", str(array.attrs.get("units", ""))))
    return {"standard_name": standard_name} if standard_name else {}


def _encoded(target: netCDF4.Dataset, array: xr.DataArray) -> tuple[np.ndarray, tuple[str, ...]]:
    dims = tuple(map(str, array.dims))
    if array.dtype.kind == "b":
        return array.values.astype("int8"), dims
    if not _is_text(array):
        return np.asarray(array.values), dims
    coded = [item.encode() for item in array.values.ravel()]
    width = max([1, *map(len, coded)])
    dim = f"text_{width}"
    if dim not in target.dimensions:
        target.createDimension(dim, width)
    return np.array(coded, dtype=f"S{width}").view("S1").reshape((*array.shape, width)), (*dims, dim)


def _chunks(values: np.ndarray) -> tuple[int, ...]:
    """Return a chunk of whole rows, as many as fill about one mebibyte."""
    rows = CHUNK_BYTES * values.shape[0] // values.nbytes
    return (min(values.shape[0], max(1, rows)), *values.shape[1:])


def _plain(value: object, like: np.ndarray | None = None) -> object:
    """Return an attribute as netCDF holds it; mappings, lists of text, booleans and None as JSON text."""
    if like is not None and not isinstance(value, str):
        return np.asarray(value, dtype=like.dtype)
    if isinstance(value, str | np.number | int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, np.ndarray | list | tuple) and np.asarray(value).dtype.kind in "iuf":
        return np.asarray(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def read_dataset(path: str | Path, group: str | None = None) -> xr.Dataset:
    """Read a file written by `write_dataset` into memory and close it.

    Parameters
    ----------
    path : path
        The file.
    group : str, optional
        Name of a group instead of the root.

    Returns
    -------
    xr.Dataset
        Text as ``str``, two-valued flags as ``bool``, missing floats as NaN.

    Raises
    ------
    InputError
        If there is no such file or group, it is no netCDF, another program wrote it, or a newer version of this one.
    """
    _check_origin(Path(path), group)
    with xr.open_dataset(path, group=group, engine="netcdf4", decode_times=False, cache=False) as file:
        dataset = file.load()
    for name in list(dataset.variables):
        dataset[name] = _decoded(dataset[name])
    dataset.encoding = {}
    return dataset


def read_attributes(path: str | Path) -> dict[str, object]:
    """Return the global attributes of a file that this program wrote; raises as `read_dataset` does."""
    _check_origin(Path(path), None)
    with netCDF4.Dataset(path) as file:
        return {key: file.getncattr(key) for key in file.ncattrs()}


def _check_origin(path: Path, group: str | None) -> None:
    if not path.is_file():
        raise InputError([Fault(str(path), "file", "no such file", "a netCDF file written by retrofolio")])
    try:
        with netCDF4.Dataset(path) as file:
            version = getattr(file, "retrofolio_format_version", None)
            names = list(_group_paths(file))
    except OSError as error:
        raise InputError([Fault(str(path), "file", f"unreadable ({error})", "a netCDF-4 file")]) from error
    if version is None:
        raise InputError([Fault(str(path), "attribute retrofolio_format_version", "none",
                                "a file written by retrofolio; open others with xarray and hand over the dataset")])
    if int(version) > FORMAT_VERSION:
        raise InputError([Fault(str(path), "attribute retrofolio_format_version", str(version),
                                f"at most {FORMAT_VERSION}: written by a newer retrofolio, update this one")])
    if group is not None and group.strip("/") not in names:
        raise InputError([Fault(str(path), "group", repr(group), f"one of {names}", nearest(group, names))])


def _group_paths(parent: netCDF4.Dataset, prefix: str = "") -> Iterable[str]:
    for name, child in parent.groups.items():
        yield prefix + name
        yield from _group_paths(child, f"{prefix}{name}/")


def _decoded(array: xr.DataArray) -> xr.DataArray:
    attrs = dict(array.attrs)
    if array.dtype == object:
        array = array.copy(data=array.values.astype(str))
    elif array.dtype.kind == "S":  # a size of zero leaves bytes
        array = array.copy(data=np.char.decode(array.values, "utf-8"))
    elif array.dtype == np.int8 and np.array_equal(np.atleast_1d(attrs.get("flag_values", ())), FALSE_TRUE):
        array = array.astype(bool)
        attrs.pop("flag_values")
        if attrs.get("flag_meanings") == "false true":
            attrs.pop("flag_meanings")
    array = array.copy(deep=False)
    array.attrs, array.encoding = attrs, {}
    return array


def header(path: str | Path) -> str:
    """Return what a file holds, in words and without its numbers, group by group (as ``ncdump -h`` would).

    Raises
    ------
    InputError
        As `read_dataset` does.
    """
    text = io.StringIO()
    _check_origin(Path(path), None)
    with netCDF4.Dataset(path) as file:
        names = [None, *_group_paths(file)]
    for name in names:
        text.write(f"group: {name or '/'}\n")
        read_dataset(path, name).info(text)
        text.write("\n")
    return text.getvalue()
