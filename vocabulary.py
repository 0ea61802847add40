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
    """One row of the vocabulary: what an array of this name means and may hold; text and flags have no units."""

    name: str
    units: str
    dims: tuple[str, ...]
    long_name: str
    valid_min: float | None = None
    valid_max: float | None = None
    cell_methods: str = ""
    currency: str = ""
    other_dims: tuple[tuple[str, ...], ...] = ()


def _variable(
    name: str, units: str, dims: str, long_name: str, low: float | None = None, high: float | None = None,
    *, cell_methods: str = "", currency: str = "",
) -> tuple[str, Variable]:
    first, *others = (tuple(alternative.split()) for alternative in dims.split("|"))
    return name, Variable(name, units, first, long_name, low, high, cell_methods, currency, tuple(others))


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
        _variable("energy_saving", "kW h", "building package|scenario building", "energy saved per year in the basis"),
        _variable("capital_cost", "1", "building package|scenario building", "investment", 0.0, currency="CNY"),
        _variable("available", "", "building package", "package may be chosen for the building", 0, 1),
        _variable("simulated", "", "building package", "saving comes from engine runs", 0, 1),
        _variable("annual_cost_saving", "1", "building package|scenario building", "cost saved per year",
                  currency="CNY"),
        _variable("package_life", "year", "building package", "years until a package is bought again", 0.0),
        _variable("annual_upkeep_cost", "1", "building package", "upkeep that a package adds per year", 0.0,
                  currency="CNY"),
        _variable("carbon_saving", "t", "building package|scenario building", "CO2 saved per year"),
        _variable("coal_saving", "t", "building package|scenario building", "standard coal saved per year"),
        _variable("energy_saving_std", "kW h", "building package", "standard error of energy_saving", 0.0),
        _variable("energy_saving_std_building", "kW h", "building package",
                  "part of energy_saving_std: what bills leave unknown about the building", 0.0),
        _variable("baseline", "", "building", "where the baseline comes from: calibrated (on bills) or simulated"),
        _variable("energy_saving_std_common", "kW h", "building package",
                  "part of the error that all buildings share", 0.0),
        _variable("baseline_carrier_energy", "kW h", "building carrier", "energy used per year, before", 0.0),
        _variable("carrier_energy_saving", "kW h", "building package carrier", "energy saved per year by carrier"),
        _variable("floor_area", "m2", "case|building", "gross floor area", 0.0),
        _variable("pv_capacity_max", "kW", "building", "largest PV size the roof holds", 0.0),
        _variable("pv_specific_yield", "kW h kW-1", "building", "PV generation per kW and year", 0.0),
        _variable("pv_cost_per_kw", "kW-1", "building", "investment per kW of PV", 0.0, currency="CNY"),
        _variable("annual_cost_baseline", "1", "building", "energy cost per year, before", 0.0, currency="CNY"),
        _variable("pv_annual_cost_saving_node", "1", "building package pv_node",
                  "cost saved and earned by PV of that size per year", currency="CNY"),
        _variable("pv_capacity_node", "kW", "building pv_node", "PV sizes of the self-use curve", 0.0),
        _variable("pv_self_used_node", "kW h", "building package pv_node",
                  "PV generation used by the building itself per year", 0.0),
        # labels: text over the dimension that they name, or beside it
        _variable("building", "", "building", "building identifier"),
        _variable("package", "", "package", "package: identifiers of its measures joined by +"),
        _variable("scenario", "", "scenario", "scenario: one optimisation"),
        _variable("carrier", "", "carrier", "energy carrier"),
        _variable("end_use", "", "end_use", "end use of energy"),
        _variable("case", "1", "case", "number of the case", 0.0),
        _variable("month", "1", "month", "month of the year", 1.0, 12.0),
        _variable("hour", "1", "hour", "hour of the year, 0 is the hour that ends at 01:00 on 1 January", 0.0, 8759.0),
        _variable("pv_node", "1", "pv_node", "number of the PV size", 0.0),
        _variable("trial", "1", "trial", "number of the case that a verification round chose", 0.0),
        _variable("building_id", "", "case", "building identifier"),
        _variable("package_id", "", "case", "package: identifiers of its measures joined by +"),
        _variable("weather_id", "", "case", "weather year"),
        _variable("role", "", "case", "what the case is for: " + ", ".join(ROLES)),
        _variable("case_key", "", "case", "digest of building, package, weather and settings"),
        _variable("run_key", "", "case", "digest of what the engine was given"),
        _variable("status", "", "case", "ok, or why the run failed"),
        _variable("is_workday", "", "hour", "hour of a working day", 0, 1),
        _variable("building_name", "", "building", "name of the building"),
        _variable("town", "", "building", "town or subdistrict"),
        _variable("compound_id", "", "building", "shared compound"),
        _variable("source_system", "", "building|case", "system that heats and cools today"),
        _variable("latitude", "degrees_north", "building", "latitude", -90.0, 90.0),
        _variable("longitude", "degrees_east", "building", "longitude", -180.0, 180.0),
        _variable("contract_id", "", "building", "contract that the building belongs to"),
        # validation.nc
        _variable("energy_use_simulated", "kW h", "case carrier month", "energy used in the month, by the engine", 0.0,
                  cell_methods="month: sum"),
        _variable("energy_use_predicted", "kW h", "case carrier month", "energy used in the month, by the surrogate",
                  cell_methods="month: sum"),
        _variable("energy_use_predicted_std", "kW h", "case carrier month", "standard error of the prediction", 0.0),
        _variable("saving_simulated", "kW h", "case", "energy saved per year without PV, by the engine"),
        _variable("saving_predicted", "kW h", "case", "energy saved per year without PV, by the surrogate"),
        _variable("saving_predicted_std", "kW h", "case", "standard error of the predicted saving", 0.0),
        _variable("saving_fraction_simulated", "1", "case|scenario building", "simulated saving over baseline"),
        _variable("saving_fraction_predicted", "1", "case", "predicted saving over simulated baseline"),
        # portfolio.nc
        _variable("chosen_package", "", "scenario building", "package chosen"),
        _variable("chosen_contract", "", "scenario building", "contract chosen"),
        _variable("chosen_lane", "", "scenario building", "way of contracting: who pays and who gains"),
        _variable("route", "", "scenario building", "where the saving comes from: surrogate or direct (engine)"),
        _variable("chosen_year", "1", "scenario building", "plan year of the works, 0 where untouched", 0.0),
        _variable("touched", "", "scenario building", "building gets a package or PV", 0, 1),
        _variable("energy_saving_without_pv", "kW h", "scenario building", "energy saved per year by the package"),
        _variable("saving_fraction", "1", "scenario building", "saving as the floor counts it, over the baseline"),
        _variable("net_present_value", "1", "building package|scenario building", "net present value", currency="CNY"),
        _variable("pv_capacity", "kW", "scenario building", "size of the PV", 0.0),
        _variable("pv_generation", "kW h", "scenario building", "PV generation per year", 0.0),
        _variable("pv_self_used", "kW h", "scenario building", "PV generation the building uses itself, per year", 0.0),
        _variable("pv_exported", "kW h", "scenario building", "PV generation exported per year", 0.0),
        _variable("budget", "1", "scenario", "budget of the whole plan", 0.0, currency="CNY"),
        _variable("objective_value", "1", "scenario", "value of the objective"),
        _variable("objective_bound", "1", "scenario", "proven bound of the objective"),
        _variable("mip_gap", "1", "scenario", "relative gap between bound and value", 0.0),
        _variable("termination", "", "scenario", "how the solve ended, in words"),
        _variable("certified", "", "scenario", "ended within the asked gap and passed every independent check", 0, 1),
        _variable("empty", "", "scenario", "touching nothing is the best allowed plan", 0, 1),
        # group verification
        _variable("energy_saving_predicted", "kW h", "scenario building",
                  "energy saved per year without PV, as the surrogate said before any run of it existed"),
        _variable("energy_saving_simulated", "kW h", "scenario building", "simulated saving per year without PV"),
        _variable("floor_met", "", "scenario building", "floor met in simulation", 0, 1),
        _variable("simulated_in_round", "1", "scenario building", "verification round of the run", 0.0),
        _variable("trial_scenario", "", "trial", "scenario that chose the case"),
        _variable("trial_building", "", "trial", "building of the case"),
        _variable("trial_package", "", "trial", "package of the case"),
        _variable("trial_round", "1", "trial", "round that chose the case", 0.0),
        _variable("trial_saving_predicted", "kW h", "trial", "energy saved per year without PV, first prediction"),
        _variable("trial_saving_simulated", "kW h", "trial", "simulated saving per year without PV"),
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
    if set(array.dims) not in [set(dims) for dims in (row.dims, *row.other_dims)]:
        faults.append(Fault(name, "dims", f"{array.dims}", " or ".join(map(str, (row.dims, *row.other_dims)))))
    if array.attrs.get("units", "") not in ({row.units} if row.units else {"", "1"}):
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
