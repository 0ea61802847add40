"""The cube: buildings x packages with savings and costs, checked label by label, in the energy basis of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from optimiser import basis
from optimiser.pv_curves import pv_faults
from optimiser.rules import Rules, RulesError
from vocabulary import CARRIERS, NO_PACKAGE, Fault, InputError, nearest

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Flags = NDArray[np.bool_]

_UNITS = {
    "kWh": "kW h",
    "kW.h": "kW h",
    "kW*h": "kW h",
    "CNY": "1",
    "CNY/kW": "kW-1",
    "CNY kW-1": "kW-1",
    "m^2": "m2",
    "m**2": "m2",
    "kWh/kW": "kW h kW-1",
    "kWh kW-1": "kW h kW-1",
    "a": "year",
    "years": "year",
    "": "1",
}  # spellings accepted on input, never written
_BP = ("building", "package")
_ENERGY, _MONEY, _NUMBER, _TEXT = "kW h", "1", "1", ""
_TABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "baseline_energy": (("building",), _ENERGY),
    "energy_saving": (_BP, _ENERGY),
    "capital_cost": (_BP, _MONEY),
    "available": (_BP, _NUMBER),
    "simulated": (_BP, _NUMBER),
    "annual_cost_saving": (_BP, _MONEY),
    "carbon_saving": (_BP, "t"),
    "energy_saving_std": (_BP, _ENERGY),
    "energy_saving_std_common": (_BP, _ENERGY),
    "baseline_carrier_energy": (("building", "carrier"), _ENERGY),
    "carrier_energy_saving": ((*_BP, "carrier"), _ENERGY),
    "contract_id": (("building",), _TEXT),
    "floor_area": (("building",), "m2"),
    "pv_capacity_max": (("building",), "kW"),
    "pv_specific_yield": (("building",), "kW h kW-1"),
    "pv_cost_per_kw": (("building",), "kW-1"),
    "pv_capacity_node": (("building", "pv_node"), "kW"),
    "pv_self_used_node": ((*_BP, "pv_node"), _ENERGY),
    "pv_annual_cost_saving_node": ((*_BP, "pv_node"), _MONEY),
    "annual_cost_baseline": (("building",), _MONEY),
    "package_life": (_BP, "year"),
    "annual_upkeep_cost": (_BP, _MONEY),
    "obligatory_works_cost": (("building",), _MONEY),
    "end_of_life_year": (("building",), _NUMBER),
}
_REQUIRED = ("baseline_energy", "energy_saving", "capital_cost")
_NOT_NEGATIVE = {
    "capital_cost",
    "energy_saving_std",
    "energy_saving_std_common",
    "floor_area",
    "pv_capacity_max",
    "pv_specific_yield",
    "pv_cost_per_kw",
    "pv_capacity_node",
    "pv_self_used_node",
    "annual_cost_baseline",
    "annual_upkeep_cost",
    "baseline_carrier_energy",
    "obligatory_works_cost",
}
_FLAGS = ("available", "simulated")
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Cube:
    """The checked cube as plain arrays; energy in kWh per year in `basis`, money in CNY, PV in kW.

    `saving`, `cost`, `available`, `std`, `std_common` have shape (building, package); `pv_node` (building, node) and
    `pv_used`
    (building, package, node). Optional arrays are None where the Dataset has none.
    """

    buildings: tuple[str, ...]
    packages: tuple[str, ...]
    basis: str
    baseline: Floats
    saving: Floats
    cost: Floats
    available: Flags
    std: Floats
    std_common: Floats
    cost_saving: Floats | None
    carbon_saving: Floats | None
    carrier_saving: Floats | None
    simulated: Flags | None
    contract: Ints | None
    contracts: tuple[str, ...]
    floor_area: Floats | None
    pv_max: Floats | None
    pv_yield: Floats | None
    pv_cost: Floats | None
    pv_node: Floats | None
    pv_used: Floats | None
    pv_cost_saving: Floats | None
    cost_baseline: Floats | None
    obligatory_works: Floats | None
    end_of_life: Ints | None
    life: Floats | None = None
    upkeep: Floats | None = None


def read_cube(dataset: xr.Dataset, rules: Rules) -> Cube:
    """Check a cube Dataset and return its arrays in the energy basis of the rules.

    Parameters
    ----------
    dataset : xr.Dataset
        Dims `building`, `package`; variables as `optimiser/README.md` lists them ("The cube").
    rules : Rules
        `energy_basis` decides the basis; other rules name optional inputs that they need.

    Raises
    ------
    InputError
        All faults of the Dataset in one message.
    RulesError
        If a rule needs an input that the Dataset does not hold, or another basis without carrier variables.
    """
    faults = list(_label_faults(dataset))
    if not faults:
        faults = [fault for name in _TABLE if name in dataset for fault in _array_faults(dataset, name)]
    faults += [Fault("cube", name, "nothing", "this variable") for name in _REQUIRED if name not in dataset]
    if not faults:
        faults = [*_value_faults(dataset), *pv_faults(dataset, _offered(dataset), _values, _first)]
    if faults:
        raise InputError(faults)
    _check_needs(dataset, rules)
    return _arrays(dataset, rules)


def _label_faults(dataset: xr.Dataset) -> Iterator[Fault]:
    for dim in _BP:
        if dim not in dataset.coords:
            yield Fault(
                "cube", dim, "no labels", "a coordinate with one label each", nearest(dim, map(str, dataset.dims))
            )
            continue
        labels = _text(dataset[dim])
        for label in sorted({x for x in labels if labels.count(x) > 1}):
            yield Fault("cube", dim, f"{label!r} {labels.count(label)} times", "every label once")
        if not labels:
            yield Fault("cube", dim, "no labels", "at least one")
        elif dim == "package" and labels[0] != NO_PACKAGE:
            yield Fault("cube", "package", repr(labels[0]), f"{NO_PACKAGE!r} as the first package")
    if "carrier" in dataset.dims and set(_text(dataset["carrier"])) != set(CARRIERS):
        yield Fault("cube", "carrier", str(_text(dataset["carrier"])), str(CARRIERS))


def _text(array: xr.DataArray) -> list[str]:
    """Return labels as str, bytes decoded."""
    return [x.decode() if isinstance(x, bytes) else str(x) for x in array.values.tolist()]


def _array_faults(dataset: xr.Dataset, name: str) -> Iterator[Fault]:
    dims, units = _TABLE[name]
    array = dataset[name]
    if set(array.dims) != set(dims):
        yield Fault("cube", f"{name}: dims", str(array.dims), str(dims))
    if units == _TEXT:
        return
    given = array.attrs.get("units", "1" if name in _FLAGS else None)
    if not (isinstance(given, str) and _UNITS.get(given, given) == units):
        yield Fault("cube", f"{name}: units", repr(given), repr(units))
    currency = array.attrs.get("currency", "CNY")
    if currency != "CNY":
        yield Fault("cube", f"{name}: currency", repr(currency), "'CNY'")
    if array.dtype.kind not in "fiub":
        yield Fault("cube", f"{name}: values", f"{array.dtype}", "numbers")


def _values(dataset: xr.Dataset, name: str) -> Floats:
    """Return one variable as a fresh float array in the order of dims of the table.

    NaN where a package is not available.
    """
    array = dataset[name].transpose(*_TABLE[name][0]).values
    return np.array(array, dtype=float)


def _offered(dataset: xr.Dataset) -> Flags:
    if "available" not in dataset:
        return np.ones((dataset.sizes["building"], dataset.sizes["package"]), dtype=bool)
    offered: Flags = _values(dataset, "available") > 0.5
    offered[:, 0] = True
    return offered


def _value_faults(dataset: xr.Dataset) -> Iterator[Fault]:
    offered = _offered(dataset)
    for name, (dims, units) in _TABLE.items():
        if name not in dataset or units == _TEXT:
            continue
        values = _values(dataset, name)
        if dims[:2] == _BP and name not in _FLAGS:
            values[~offered] = 0.0
        yield from _first(dataset, name, ~np.isfinite(values), values, "a finite number")
        if name in _NOT_NEGATIVE:
            yield from _first(dataset, name, values < 0.0, values, "0 or more")
        if name in _FLAGS:
            yield from _first(dataset, name, ~np.isin(values, (0.0, 1.0)), values, "0 or 1")
    yield from _saving_faults(dataset, offered)


def _saving_faults(dataset: xr.Dataset, offered: Flags) -> Iterator[Fault]:
    baseline, saving = _values(dataset, "baseline_energy"), _values(dataset, "energy_saving")
    yield from _first(dataset, "baseline_energy", baseline <= 0.0, baseline, "more than 0")
    over = offered & (saving > baseline[:, None] * (1 + _TOLERANCE))
    yield from _first(dataset, "energy_saving", over, saving, "at most the baseline energy")
    for name in ("energy_saving", "capital_cost"):
        none = _values(dataset, name)[:, :1]
        yield from _first(dataset, name, np.abs(none) > 0.0, none, f"0 for the package {NO_PACKAGE!r}")
    if "package_life" in dataset:
        life = _values(dataset, "package_life")
        offered = offered.copy()
        offered[:, 0] = False
        yield from _first(dataset, "package_life", offered & (life <= 0.0), life, "more than 0")
    if "end_of_life_year" in dataset:
        year = _values(dataset, "end_of_life_year")
        yield from _first(
            dataset,
            "end_of_life_year",
            (year != np.round(year)) | (year < 1) | (year > 200),
            year,
            "a plan year from 1 on",
        )


def _first(dataset: xr.Dataset, name: str, wrong: Flags, values: Floats, expected: str) -> Iterator[Fault]:
    """Yield one fault with the first place and the number of places where an array is wrong."""
    if not wrong.any():
        return
    at = np.argwhere(wrong)[0]
    labels = [
        _text(dataset[dim])[i] if dim in dataset.coords else str(i) for dim, i in zip(_TABLE[name][0], at, strict=True)
    ]
    more = f" and {int(wrong.sum()) - 1} more" if wrong.sum() > 1 else ""
    yield Fault("cube", f"{name}[{', '.join(labels)}]{more}", f"{values[tuple(at)]:g}", expected)


def _check_needs(dataset: xr.Dataset, rules: Rules) -> None:
    needs = {
        "carbon": ("objective='carbon'", ("carbon_saving", "carrier_energy_saving")),
        "net_present_value": ("objective='net_present_value'", ("annual_cost_saving",)),
    }
    for name in {rules.objective, *rules.at_least}:
        rule, any_of = needs.get(name, ("", ()))
        if any_of and not any(v in dataset for v in any_of):
            raise RulesError(f"{rule} needs the cube variable {' or '.join(any_of)}")
    if rules.floor_scope == "contract" and rules.grouping == "given" and "contract_id" not in dataset:
        raise RulesError("floor_scope='contract' needs the cube variable contract_id")
    if rules.end_of_life_first and "end_of_life_year" not in dataset:
        raise RulesError("end_of_life_first needs the cube variable end_of_life_year")
    contracts = dataset["contract_id" if "contract_id" in dataset else "building"]
    unknown = sorted(set(rules.contract_lane) - set(_text(contracts)))
    if unknown:
        raise RulesError(f"contract_lane: no contract {', '.join(unknown)}")
    has_pv = "pv_cost_per_kw" in dataset
    if has_pv and rules.pv_in_floor == "all" and "pv_specific_yield" not in dataset:
        raise RulesError("pv_in_floor='all' needs the cube variable pv_specific_yield")
    if set(rules.lanes) & {"shared_savings", "trusteeship"} and "annual_cost_saving" not in dataset:
        raise RulesError(f"lanes={rules.lanes} needs the cube variable annual_cost_saving")
    if "trusteeship" in rules.lanes and "annual_cost_baseline" not in dataset:
        raise RulesError("lanes with 'trusteeship' needs the cube variable annual_cost_baseline")


def _arrays(dataset: xr.Dataset, rules: Rules) -> Cube:
    offered = _offered(dataset)

    def maybe(name: str) -> Floats | None:
        if name not in dataset:
            return None
        values = _values(dataset, name)
        if _TABLE[name][0][:2] == _BP:
            values[~offered] = 0.0
        return values

    def zeros(name: str) -> Floats:
        values = maybe(name)
        return np.zeros(offered.shape) if values is None else values

    baseline, saving, error_scale = _in_basis(dataset, rules, offered)
    simulated = maybe("simulated")
    contract, contracts = _contracts(dataset)
    node, used = _pv_curve(maybe, offered)
    life = maybe("end_of_life_year")
    return Cube(
        buildings=tuple(_text(dataset["building"])),
        packages=tuple(_text(dataset["package"])),
        basis=rules.energy_basis,
        baseline=baseline,
        saving=saving,
        cost=zeros("capital_cost"),
        available=offered,
        std=zeros("energy_saving_std") * error_scale,
        std_common=zeros("energy_saving_std_common") * error_scale,
        cost_saving=maybe("annual_cost_saving"),
        carbon_saving=_carbon(dataset, rules, offered),
        carrier_saving=_carriers(dataset, offered),
        simulated=None if simulated is None else simulated > 0.5,
        contract=contract,
        contracts=contracts,
        floor_area=maybe("floor_area"),
        pv_max=None if node is None else node[:, -1],
        pv_yield=maybe("pv_specific_yield"),
        pv_cost=maybe("pv_cost_per_kw") if node is not None else None,
        pv_node=node,
        pv_used=used,
        pv_cost_saving=maybe("pv_annual_cost_saving_node") if "pv_capacity_node" in dataset else None,
        cost_baseline=maybe("annual_cost_baseline"),
        obligatory_works=maybe("obligatory_works_cost"),
        end_of_life=None if life is None else life.astype(np.intp),
        life=maybe("package_life"),
        upkeep=maybe("annual_upkeep_cost"),
    )


def _contracts(dataset: xr.Dataset) -> tuple[Ints | None, tuple[str, ...]]:
    if "contract_id" not in dataset:
        return None, ()
    labels, index = np.unique(np.array(_text(dataset["contract_id"])), return_inverse=True)
    return index.astype(np.intp), tuple(str(label) for label in labels)


def _carriers(dataset: xr.Dataset, offered: Flags) -> Floats | None:
    """Return savings by carrier, last dim in the order of `vocabulary.CARRIERS`."""
    if "carrier_energy_saving" not in dataset or "baseline_carrier_energy" not in dataset:
        return None
    values = _values(dataset.sel(carrier=list(CARRIERS)), "carrier_energy_saving")
    values[~offered] = 0.0
    return values


def _in_basis(dataset: xr.Dataset, rules: Rules, offered: Flags) -> tuple[Floats, Floats, float]:
    """Return baseline, saving and the factor on standard errors in the basis of the rules.

    Errors have no carriers; the factor keeps them on the safe side (`basis.error_scale`).
    """
    given = str(dataset.attrs.get("energy_basis", "calorific"))
    if given == rules.energy_basis:
        saving = _values(dataset, "energy_saving")
        saving[~offered] = 0.0
        return _values(dataset, "baseline_energy"), saving, 1.0
    by_carrier = _carriers(dataset, offered)
    if by_carrier is None:
        raise RulesError(
            f"energy_basis={rules.energy_basis!r}: the cube is in {given!r} and lacks "
            "baseline_carrier_energy and carrier_energy_saving"
        )
    before = _values(dataset.sel(carrier=list(CARRIERS)), "baseline_carrier_energy")
    weight = basis.carrier_weights(rules.energy_basis)
    return before @ weight, by_carrier @ weight, basis.error_scale(given, rules.energy_basis)


def _carbon(dataset: xr.Dataset, rules: Rules, offered: Flags) -> Floats | None:
    if "carbon_saving" in dataset:
        values = _values(dataset, "carbon_saving")
        values[~offered] = 0.0
        return values
    by_carrier = _carriers(dataset, offered)
    return None if by_carrier is None else by_carrier @ basis.carbon_t_per_kwh(rules.carbon_basis)


def _pv_curve(maybe: Callable[[str], Floats | None], offered: Flags) -> tuple[Floats | None, Floats | None]:
    """Return PV sizes (building, node) and self-used energy (building, package, node).

    Without nodes all is self-used.
    """
    node, used = maybe("pv_capacity_node"), maybe("pv_self_used_node")
    if node is not None and used is not None:
        return node, used
    largest, per_kw = maybe("pv_capacity_max"), maybe("pv_specific_yield")
    if largest is None or per_kw is None:
        return None, None
    node = np.stack([np.zeros(len(largest)), largest], axis=1)
    return node, np.broadcast_to((node * per_kw[:, None])[:, None, :], (*offered.shape, 2)).copy()
