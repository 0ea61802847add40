"""Names, units and dimensions of everything that crosses a folder, and the errors that all folders share."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xarray as xr


class RetrofolioError(Exception):
    """Base of every error that this project raises on purpose."""

    exit_code = 2


@dataclass(frozen=True)
class Fault:
    """One thing wrong in what a user gave: where, what was found, what was expected."""

    file: str
    place: str
    found: str
    expected: str
    nearest: str = ""

    def __str__(self) -> str:
        """Return the fault as one line for people."""
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{self.file}: {self.place}: found {self.found}, expected {self.expected}{hint}"


class InputError(RetrofolioError):
    """All faults of one input in one message.

    Parameters
    ----------
    faults : sequence of Fault
        At least one fault.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"- {fault}" for fault in self.faults))


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed spelling closest to `word`, or an empty string.

    Examples
    --------
    >>> nearest("florr_area_m2", ["floor_area_m2", "storeys"])
    'floor_area_m2'
    """
    found = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.6)
    return found[0] if found else ""


MONTHS = tuple(range(1, 13))
CARRIERS = ("electricity", "natural_gas")
END_USES = (
    "heating",
    "cooling",
    "fans",
    "pumps",
    "heat_rejection",
    "interior_lighting",
    "exterior_lighting",
    "interior_equipment",
    "water_systems",
    "other",
)
SOURCE_SYSTEMS = (
    "chiller_boiler",
    "absorption",
    "vrf",
    "split",
    "air_source_heat_pump",
    "high_efficiency_plant",
    "ground_source_heat_pump",
)
ROLES = ("baseline", "training", "holdout", "validation", "verification")
NO_PACKAGE = "none"
HOURS_PER_YEAR = 8760

GAS_LHV_MJ_PER_M3 = 35.588
"""Lower heating value of natural gas; GB/T 2589-2020 gives 1.2143 kgce/m3 x 29.3076 MJ/kgce."""
GAS_LHV_OVER_HHV = 0.901
"""kWh(LHV) = 0.901 x the engine's figure, which is on the higher heating value."""

PEOPLE_UNITS = {"kW h": "kWh", "kW h m-2": "kWh/m²", "t": "t", "kW": "kW", "m2": "m²", "1": ""}


@dataclass(frozen=True)
class Variable:
    """One row of the vocabulary: what an array of this name means and may hold."""

    name: str
    units: str
    dims: tuple[str, ...]
    long_name: str
    valid_min: float | None = None
    valid_max: float | None = None
    cell_methods: str = ""
    currency: str = ""


def _variable(
    name: str, units: str, dims: str, long_name: str, low: float | None = None, high: float | None = None,
    *, cell_methods: str = "", currency: str = "",
) -> tuple[str, Variable]:
    return name, Variable(name, units, tuple(dims.split()), long_name, low, high, cell_methods, currency)


VARIABLES: dict[str, Variable] = dict(
    [
        # simulations.nc
        _variable("energy_use", "kW h", "case carrier end_use month", "energy used in the month", 0.0,
                  cell_methods="month: sum"),
        _variable("peak_demand", "kW", "case month", "highest hourly mean electric power of the month", 0.0,
                  cell_methods="month: maximum"),
        _variable("cooling_delivered", "kW h", "case month", "heat taken from the zones by cooling coils", 0.0,
                  cell_methods="month: sum"),
        _variable("heating_delivered", "kW h", "case month", "heat given to the zones by heating coils", 0.0,
                  cell_methods="month: sum"),
        _variable("unmet_fraction", "1", "case",
                  "share of occupied hours with a conditioned zone more than 1.0 K off its setpoint", 0.0, 1.0),
        _variable("run_seconds", "s", "case", "wall time of the engine run", 0.0),
        _variable("cooling_capacity", "kW", "case", "rated cooling capacity of the source", 0.0),
        _variable("heating_capacity", "kW", "case", "rated heating capacity of the source", 0.0),
        _variable("pump_motor_power", "kW", "case", "rated electric power of all pumps of the source system", 0.0),
        _variable("tower_fan_power", "kW", "case", "rated electric power of the cooling-tower fans", 0.0),
        _variable("terminal_count", "1", "case", "number of fan-coil or indoor units", 0.0),
        _variable("ventilation_flow", "m3 h-1", "case", "design outdoor-air flow", 0.0),
        _variable("window_area", "m2", "case", "window area of the whole building", 0.0),
        _variable("wall_area", "m2", "case", "opaque outside wall area", 0.0),
        _variable("roof_area", "m2", "case", "roof area", 0.0),
        _variable("conditioned_area", "m2", "case", "conditioned floor area", 0.0),
        _variable("electricity_hourly", "kW", "case hour", "mean electric power of the hour", 0.0,
                  cell_methods="hour: mean"),
        _variable("natural_gas_hourly", "kW", "case hour", "mean natural-gas power (LHV) of the hour", 0.0,
                  cell_methods="hour: mean"),
        # cube
        _variable("baseline_energy", "kW h", "building", "energy bought per year in the basis, before", 0.0),
        _variable("energy_saving", "kW h", "building package", "energy saved per year, in the energy basis"),
        _variable("capital_cost", "1", "building package", "investment", 0.0, currency="CNY"),
        _variable("available", "1", "building package", "package may be chosen for the building", 0, 1),
        _variable("simulated", "1", "building package", "saving comes from engine runs", 0, 1),
        _variable("annual_cost_saving", "1", "building package", "cost saved per year", currency="CNY"),
        _variable("carbon_saving", "t", "building package", "CO2 saved per year"),
        _variable("coal_saving", "t", "building package", "standard coal saved per year"),
        _variable("energy_saving_std", "kW h", "building package", "standard error of energy_saving", 0.0),
        _variable("energy_saving_std_common", "kW h", "building package",
                  "part of the error that all buildings share", 0.0),
        _variable("baseline_carrier_energy", "kW h", "building carrier", "energy used per year, before", 0.0),
        _variable("carrier_energy_saving", "kW h", "building package carrier", "energy saved per year by carrier"),
        _variable("floor_area", "m2", "building", "gross floor area", 0.0),
        _variable("pv_capacity_max", "kW", "building", "largest PV size the roof holds", 0.0),
        _variable("pv_specific_yield", "kW h kW-1", "building", "PV generation per kW and year", 0.0),
        _variable("pv_cost_per_kw", "kW-1", "building", "investment per kW of PV", 0.0, currency="CNY"),
        _variable("pv_capacity_node", "kW", "building pv_node", "PV sizes of the self-use curve", 0.0),
        _variable("pv_self_used_node", "kW h", "building package pv_node",
                  "PV generation used by the building itself per year", 0.0),
    ]
)


def check(array: xr.DataArray, name: str) -> None:
    """Check one array against its row of the vocabulary.

    Parameters
    ----------
    array : xr.DataArray
        The array as it crosses a folder.
    name : str
        Its name in `VARIABLES`.

    Raises
    ------
    InputError
        If the dimensions, the units or the range differ from the vocabulary, all faults in one message.
    """
    row = VARIABLES[name]
    faults = []
    if set(array.dims) != set(row.dims):
        faults.append(Fault(name, "dims", f"{array.dims}", f"{row.dims}"))
    if array.attrs.get("units") != row.units:
        faults.append(Fault(name, "units", repr(array.attrs.get("units")), repr(row.units)))
    if row.valid_min is not None and bool((array < row.valid_min).any()):
        faults.append(Fault(name, "smallest value", f"{float(array.min())}", f"at least {row.valid_min}"))
    if row.valid_max is not None and bool((array > row.valid_max).any()):
        faults.append(Fault(name, "largest value", f"{float(array.max())}", f"at most {row.valid_max}"))
    if faults:
        raise InputError(faults)


def attributes(name: str) -> dict[str, str]:
    """Return the netCDF attributes of a variable of the vocabulary.

    Raises
    ------
    KeyError
        If the vocabulary has no such variable.

    Examples
    --------
    >>> attributes("peak_demand")["units"]
    'kW'
    """
    row = VARIABLES[name]
    given = {"units": row.units, "long_name": row.long_name, "cell_methods": row.cell_methods}
    if row.currency:
        given["currency"] = row.currency
    return {key: value for key, value in given.items() if value}
