"""From predictions and runs to the cube: what every allowed package of every building saves and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Building, Catalogue, Package, capital_cost_cny
from buildings.costs import pv_capacity_max_kw, pv_cost_cny_per_kw
from buildings.measures import Level
from optimiser.money.factors import basis_attributes, carbon_t, energy_in_basis_kwh
from optimiser.money.tariffs import Tariff, electricity_cost_cny, gas_cost_cny, pv_value_cny, tariff_of
from optimiser.self_use import SelfUse, self_use_curves
from vocabulary import CARRIERS, NO_PACKAGE, Fault, InputError, attributes

Array = NDArray[np.float64]
Predict = Callable[[Sequence[tuple[str, Package]]], xr.Dataset]
QUANTITIES = (
    "floor_area", "conditioned_area", "cooling_capacity", "heating_capacity", "pump_motor_power", "tower_fan_power",
    "terminal_count", "ventilation_flow", "window_area", "wall_area", "roof_area",
)
SELF_USE_ERROR_FRACTION = 0.005  # of the annual yield, the promise of formulation.md
MOST_NODES = 65


@dataclass(frozen=True)
class Question:
    """What all packages of a cube are judged by.

    Parameters
    ----------
    catalogue : Catalogue
        Measures and prices.
    level : {'low', 'mid', 'high'}
        Price level.
    basis : str
        Energy basis.
    tariff_name : str
        Electricity tariff of `optimiser/money/data/tariffs.yaml`.
    pv_yield_kwh_per_kw : ndarray, shape (hour,)
        Generation of 1 kW of PV in each hour.
    """

    catalogue: Catalogue
    level: Level
    basis: str
    tariff_name: str
    pv_yield_kwh_per_kw: Array

    @property
    def tariff(self) -> Tariff:
        """Return the electricity tariff."""
        return tariff_of(self.tariff_name)


@dataclass(frozen=True)
class _Rows:
    """The packages of one building: annual energy (row, carrier), hourly power (row, hour), quantities, errors."""

    annual_kwh: Array
    electricity_kw: Array
    std_kwh: Array
    simulated: NDArray[np.bool_]
    quantities: Mapping[str, Array]


def annual_kwh(energy_use: xr.DataArray) -> Array:
    """Return energy per year by carrier from monthly end uses.

    Parameters
    ----------
    energy_use : xr.DataArray, over case, carrier, end_use, month
        kW h.

    Returns
    -------
    ndarray, shape (case, carrier)
        Carriers in the order of the vocabulary.

    Examples
    --------
    A case with 1 kWh in each of 10 end uses and 12 months has 120 kWh.
    """
    return energy_use.sum(["end_use", "month"]).sel(carrier=list(CARRIERS)).transpose("case", "carrier").values


def _index(simulated: xr.Dataset) -> dict[tuple[str, str], int]:
    """Return the row of every finished building-package pair."""
    names, labels = simulated["building_id"].values.astype(str), simulated["package_id"].values.astype(str)
    good = simulated["status"].values.astype(str) == "ok"
    return {(str(names[row]), str(labels[row])): int(row) for row in np.flatnonzero(good)}


def baseline_rows(buildings: Sequence[Building], simulated: xr.Dataset) -> dict[str, int]:
    """Return the row of the simulated baseline of every building that has one.

    Parameters
    ----------
    buildings : sequence of Building
        All buildings of the study.
    simulated : xr.Dataset
        Runs, as `sim.simulate` returns them.

    Returns
    -------
    dict
        building_id to row; a building whose baseline failed is absent.

    Raises
    ------
    InputError
        If no building has a finished baseline.
    """
    rows = _index(simulated)
    found = {b.building_id: rows[b.building_id, NO_PACKAGE] for b in buildings if (b.building_id, NO_PACKAGE) in rows}
    if not found:
        raise InputError([Fault("simulations.nc", "status", "no finished baseline", "at least one")])
    return found


def _rows_of(pairs: Sequence[tuple[str, Package]], predicted: xr.Dataset, simulated: xr.Dataset) -> _Rows:
    """Take predictions, and in their place the runs where a pair has been simulated."""
    known = _index(simulated)
    at = np.array([known.get((name, package.label), -1) for name, package in pairs])
    hit = at >= 0
    runs = simulated.isel(case=at[hit])

    def joined(values: Array, simulated_values: Array) -> Array:
        result = np.array(values, dtype=float)
        result[hit] = simulated_values
        return result

    return _Rows(
        joined(predicted["annual_energy_use"].values, annual_kwh(runs["energy_use"])),
        joined(predicted["electricity_hourly"].values, runs["electricity_hourly"].values),
        joined(predicted["basis_energy_std"].values, np.zeros(int(hit.sum()))),
        hit,
        {name: joined(predicted[name].values, runs[name].values) if name in runs else predicted[name].values
         for name in QUANTITIES},
    )


def _costs_cny(pairs: Sequence[tuple[str, Package]], rows: _Rows, question: Question) -> Array:
    return np.array([
        capital_cost_cny(
            package, {k: float(v[i]) for k, v in rows.quantities.items()}, question.catalogue, question.level
        )
        for i, (_, package) in enumerate(pairs)
    ], dtype=float)


def _curves(electricity_kw: Array, capacity_kw: float, question: Question, nodes: int) -> SelfUse:
    return self_use_curves(electricity_kw, question.pv_yield_kwh_per_kw, capacity_kw, nodes)


def _pv_value_cny(electricity_kw: Array, capacity_kw: Array, question: Question) -> Array:
    """Return what PV of each size saves and earns in a year, shape (row, node)."""
    return np.stack([
        pv_value_cny(electricity_kw, size * question.pv_yield_kwh_per_kw, question.tariff) for size in capacity_kw
    ], axis=1)


def _building_block(
    building: Building, offers: Sequence[Package], baseline: xr.Dataset, rows: _Rows, question: Question, nodes: int
) -> dict[str, Array]:
    """Return the cube's variables of one building, packages along the first axis, `none` first."""
    before_kwh = annual_kwh(baseline["energy_use"])
    before_kw = baseline["electricity_hourly"].values.astype(float)
    load_kw = np.concatenate([before_kw, rows.electricity_kw])
    use_kwh = np.concatenate([before_kwh, rows.annual_kwh])
    saving = before_kwh - use_kwh
    money = electricity_cost_cny(load_kw, question.tariff) + gas_cost_cny(use_kwh[:, 1])
    capacity = pv_capacity_max_kw(building.usable_roof_area_m2, question.catalogue)
    curves = _curves(load_kw, capacity, question, nodes)
    pairs = [(building.building_id, package) for package in offers]
    return {
        "energy_saving": energy_in_basis_kwh(saving[:, 0], saving[:, 1], question.basis),
        "carrier_energy_saving": saving,
        "capital_cost": np.concatenate([[0.0], _costs_cny(pairs, rows, question)]),
        "annual_cost_saving": money[0] - money,
        "carbon_saving": np.asarray(carbon_t(saving[:, 0], saving[:, 1])),
        "energy_saving_std": np.concatenate([[0.0], rows.std_kwh]),
        "simulated": np.concatenate([[True], rows.simulated]),
        "available": np.ones(len(load_kw), dtype=bool),
        "pv_self_used_node": curves.used_kwh,
        "pv_annual_cost_saving_node": _pv_value_cny(load_kw, curves.capacity_kw, question),
        "baseline_carrier_energy": before_kwh[0],
        "baseline_energy": np.asarray(energy_in_basis_kwh(before_kwh[0, 0], before_kwh[0, 1], question.basis)),
        "annual_cost_baseline": np.asarray(money[0]),
        "floor_area": np.asarray(building.floor_area_m2),
        "pv_capacity_max": np.asarray(capacity),
        "pv_capacity_node": curves.capacity_kw,
        "pv_specific_yield": np.asarray(question.pv_yield_kwh_per_kw.sum()),
        "pv_cost_per_kw": np.asarray(pv_cost_cny_per_kw(question.level, question.catalogue)),
        "_self_use_error": np.asarray(
            curves.error_kwh / max(capacity * question.pv_yield_kwh_per_kw.sum(), 1e-9)
        ),
    }


_DIMS = {
    "energy_saving": ("building", "package"), "carrier_energy_saving": ("building", "package", "carrier"),
    "capital_cost": ("building", "package"), "annual_cost_saving": ("building", "package"),
    "carbon_saving": ("building", "package"), "energy_saving_std": ("building", "package"),
    "simulated": ("building", "package"), "available": ("building", "package"),
    "pv_self_used_node": ("building", "package", "pv_node"),
    "pv_annual_cost_saving_node": ("building", "package", "pv_node"),
    "baseline_carrier_energy": ("building", "carrier"), "baseline_energy": ("building",),
    "annual_cost_baseline": ("building",), "floor_area": ("building",), "pv_capacity_max": ("building",),
    "pv_capacity_node": ("building", "pv_node"), "pv_specific_yield": ("building",), "pv_cost_per_kw": ("building",),
}


def _joined(
    blocks: Mapping[str, dict[str, Array]], offers: Mapping[str, Sequence[Package]], labels: Sequence[str]
) -> dict[str, Array]:
    """Put the buildings' blocks into arrays over all package labels; what is not offered is unavailable zeros."""
    place = {label: i for i, label in enumerate(labels)}
    arrays: dict[str, Array] = {}
    for name, dims in _DIMS.items():
        parts = []
        for building, block in blocks.items():
            values = block[name]
            if "package" in dims:
                full = np.zeros((len(labels), *values.shape[1:]), dtype=values.dtype)
                full[[0, *(place[p.label] for p in offers[building])]] = values
                values = full
            parts.append(values)
        arrays[name] = np.stack(parts)
    return arrays


def assemble_cube(
    buildings: Sequence[Building],
    offers: Mapping[str, Sequence[Package]],
    simulated: xr.Dataset,
    predict: Predict,
    question: Question,
    *,
    nodes: int = 9,
) -> xr.Dataset:
    """Return the cube of all allowed packages of all buildings.

    Parameters
    ----------
    buildings : sequence of Building
        Buildings; those without a finished baseline are left out and named in the attribute `left_out_buildings`.
    offers : mapping of building_id to packages
        Allowed packages, `none` included or not.
    simulated : xr.Dataset
        Runs with hourly electricity; they replace predictions, without surrogate error.
    predict : callable
        Takes (building_id, Package) pairs and returns the surrogate's Dataset with hourly values.
    question : Question
        Prices, basis, tariff, PV yield.
    nodes : int
        PV sizes of the self-use curve at first; doubled until the line between them errs by less than 0.5 % of the
        annual yield.

    Returns
    -------
    xr.Dataset
        The cube of `INTERFACES.md`, section 5.

    Raises
    ------
    InputError
        If no building has a finished baseline.
    """
    at = baseline_rows(buildings, simulated)
    kept = [b for b in buildings if b.building_id in at]
    real = {b.building_id: [p for p in offers[b.building_id] if p.measures] for b in kept}
    labels = [NO_PACKAGE, *sorted({p.label for packages in real.values() for p in packages})]
    blocks: dict[str, dict[str, Array]] = {}
    for building in kept:
        name = building.building_id
        pairs = [(name, package) for package in real[name]]
        rows = _rows_of(pairs, predict(pairs), simulated)
        blocks[name] = _building_block(building, real[name], simulated.isel(case=[at[name]]), rows, question, nodes)
    error = max(float(block["_self_use_error"]) for block in blocks.values())
    if error > SELF_USE_ERROR_FRACTION and nodes < MOST_NODES:
        return assemble_cube(buildings, offers, simulated, predict, question, nodes=2 * nodes - 1)
    arrays = _joined(blocks, real, labels)
    cube = xr.Dataset(
        {name: (dims, arrays[name], attributes(name)) for name, dims in _DIMS.items()},
        coords={"building": list(blocks), "package": labels, "carrier": list(CARRIERS)},
        attrs=basis_attributes(question.basis) | {
            "cost_level": question.level, "tariff": question.tariff_name, "pv_self_use_error_fraction": error,
            "left_out_buildings": ", ".join(b.building_id for b in buildings if b.building_id not in at),
        },
    )
    contracts = [b.compound_id or b.building_id for b in kept]
    return cube.assign(contract_id=("building", contracts, {"long_name": "compound, the unit that is contracted"}))
