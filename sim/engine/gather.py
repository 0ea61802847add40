"""Rows of `simulations.nc` from records, chunk by chunk, in the order of the case list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import vocabulary
from buildings.measures import QUANTITIES
from sim.case import Case, design_table
from sim.engine.findings import Findings, findings
from sim.engine.record import Record
from vocabulary import CARRIERS, END_USES, MONTHS

_SIZES = {"carrier": len(CARRIERS), "end_use": len(END_USES), "month": len(MONTHS)}
MEASURED = ("energy_use", "peak_demand", "cooling_delivered", "heating_delivered", "unmet_fraction")
LABELS = {
    "building_id": "building", "package_id": "package of measures", "weather_id": "weather year",
    "role": "what the case is for",
}
KEYS = {
    "case_key": "digest of everything the case is made from", "run_key": "digest of expanded model, weather, engine "
    "version and outputs", "status": "ok or failed", "failure_class": "class of the failure, empty where ok",
    "failure_message": "what the failure says, empty where ok",
    "severe_message": "first severe message not known to be harmless",
}
FLAGS = {
    "finding_severe": "the engine gave a severe message that is not known to be harmless",
    "finding_unmet": "more unmet hours than the limit",
    "finding_implausible": "annual energy per floor area outside the plausible bounds",
}
PLACE = ("latitude_deg", "longitude_deg", "elevation_m", "time_zone_h")
LONGEST_TEXT = 400


class Chunk:
    """Results of consecutive cases, filled in any order.

    Parameters
    ----------
    start : int
        Position of the first case in the case list.
    cases : sequence of Case
        The cases of the chunk.
    """

    def __init__(self, start: int, cases: Sequence[Case]) -> None:
        self.start = start
        self.cases = cases
        self._left = len(cases)
        self._numbers = {name: _empty(name, len(cases)) for name in (*MEASURED, "run_seconds", *QUANTITIES)}
        self._texts = {name: [""] * len(cases) for name in KEYS}
        self._flags = {name: np.zeros(len(cases), dtype=bool) for name in FLAGS}

    @property
    def is_complete(self) -> bool:
        """Whether every case has its row."""
        return self._left == 0

    @property
    def run_keys(self) -> list[str]:
        """Run keys of the rows; empty where no model could be written."""
        return self._texts["run_key"]

    def put(self, index: int, case_key: str, run_key: str, record: Record) -> None:
        """Fill the row of one case.

        Parameters
        ----------
        index : int
            Position in the case list.
        case_key, run_key : str
            Its keys.
        record : Record
            Of its run, ok or failed.
        """
        row = index - self.start
        self._left -= 1
        found = findings(record, self.cases[row].design.floor_area_m2)
        texts = (case_key, run_key, "ok" if record.ok else "failed", record.failure_class, record.failure_message,
                 found.severe_message)
        for name, text in zip(KEYS, texts, strict=True):
            self._texts[name][row] = text.replace("\0", " ")[:LONGEST_TEXT]
        self._put_flags(row, found)
        self._numbers["run_seconds"][row] = record.run_seconds
        if record.ok:
            self._put_results(row, record.results)

    def _put_flags(self, row: int, found: Findings) -> None:
        for name, value in zip(FLAGS, (found.severe, found.unmet, found.implausible), strict=True):
            self._flags[name][row] = value

    def _put_results(self, row: int, results: dict[str, Any]) -> None:
        for name in MEASURED:
            if results.get(name) is not None:
                self._numbers[name][row] = results[name]
        for name in QUANTITIES:
            self._numbers[name][row] = results.get("quantities", {}).get(name, np.nan)

    def dataset(self) -> xr.Dataset:
        """Return the rows as a dataset over `case`, parameters of the designs included."""
        numbers = {name: xr.Variable(_dims(name), values, _attributes(name)) for name, values in self._numbers.items()}
        labels = {name: xr.Variable("case", np.array([getattr(case, name) for case in self.cases], dtype=np.str_),
                                    {"long_name": text}) for name, text in LABELS.items()}
        keys = {name: xr.Variable("case", np.array(self._texts[name], dtype=np.str_), {"long_name": text})
                for name, text in KEYS.items()}
        flags = {name: xr.Variable("case", self._flags[name], {"long_name": text}) for name, text in FLAGS.items()}
        pv = np.array([case.pv_capacity_kw for case in self.cases], dtype=np.float64)
        sizes = {"pv_capacity_kw": xr.Variable("case", pv, {"units": "kW", "long_name": "PV in the model"})}
        table = design_table([case.design for case in self.cases])
        return xr.Dataset({**labels, **keys, **numbers, **flags, **sizes, **table.data_vars})


def static(hourly_weather: xr.Dataset, workdays: NDArray[np.bool_]) -> xr.Dataset:
    """Return what all rows share: labels of the dimensions, and weather and working days hour by hour.

    Parameters
    ----------
    hourly_weather : xr.Dataset
        Over `hour`; its numeric variables are taken.
    workdays : ndarray of bool
        Shape (365,).
    """
    taken = {str(name): xr.Variable("hour", array.values, dict(array.attrs))
             for name, array in hourly_weather.data_vars.items()
             if array.dims == ("hour",) and array.dtype.kind == "f"}
    # The surrogate needs the place for the sun; attributes of a variable survive every way of writing the rows.
    taken["dry_bulb_temperature"].attrs |= {key: hourly_weather.attrs[key] for key in PLACE
                                            if key in hourly_weather.attrs}
    taken["is_workday"] = xr.Variable("hour", np.repeat(workdays, 24), {"long_name": "hour of a working day"})
    return xr.Dataset(taken, coords={
        "carrier": xr.Variable("carrier", list(CARRIERS), {"long_name": "energy carrier"}),
        "end_use": xr.Variable("end_use", list(END_USES), {"long_name": "end use"}),
        "month": xr.Variable("month", np.array(MONTHS), {"units": "1", "long_name": "month of the year"}),
        "hour": xr.Variable("hour", np.arange(vocabulary.HOURS_PER_YEAR),
                            {"units": "1", "long_name": "hour of the year, 0 ends at 1 o'clock"}),
    })


def profiles(start: int, records: Sequence[Record | None]) -> xr.Dataset:
    """Return hourly electricity and gas of consecutive cases, NaN where a run failed.

    Parameters
    ----------
    start : int
        Position of the first case in the case list.
    records : sequence of Record
        Read with their hourly part.
    """
    names = ("electricity_hourly", "natural_gas_hourly")
    values = np.full((2, len(records), vocabulary.HOURS_PER_YEAR), np.nan, dtype=np.float32)
    for row, record in enumerate(records):
        if record is not None and record.ok and record.hourly is not None:
            for position, name in enumerate(names):
                values[position, row] = record.hourly[record.hourly_names.index(name)]
    return xr.Dataset({name: xr.Variable(("case", "hour"), values[position], vocabulary.attributes(name))
                       for position, name in enumerate(names)})


def _dims(name: str) -> tuple[str, ...]:
    return vocabulary.VARIABLES[name].dims


def _attributes(name: str) -> dict[str, str]:
    return vocabulary.attributes(name)


def _empty(name: str, rows: int) -> NDArray[np.float64]:
    return np.full((rows, *(_SIZES[dim] for dim in _dims(name)[1:])), np.nan)
