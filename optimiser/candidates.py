"""From predictions and runs to the cube: what every allowed package of every building saves and costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Building, Catalogue, Package, capital_cost_cny
from buildings.costs import pv_capacity_max_kw, pv_cost_cny_per_kw
from buildings.measures import QUANTITIES, Level
from buildings.package_grid import PackageGrid
from optimiser.money.factors import basis_attributes, carbon_t, energy_in_basis_kwh
from optimiser.money.tariffs import Tariff, electricity_cost_cny, gas_cost_cny, load_prices, split_pv_kw, tariff_of
from optimiser.reduction import Offer, needed
from optimiser.rules import Rules
from optimiser.self_use import above_chords_kwh, finer_sizes_kw, self_use_curves
from optimiser.simulated_rows import annual_kwh, baseline_rows
from vocabulary import CARRIERS, NO_PACKAGE, attributes

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
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
class Forecast:
    """What the packages of one building use and cost to run, over package; PV sizes over node.

    Attributes
    ----------
    annual_kwh : ndarray (package, carrier)
        Energy used.
    std_kwh : ndarray (package,)
        Standard error of the energy in the basis.
    electricity_cost_cny : ndarray (package,)
        Electricity bill without PV.
    pv_used_kwh, pv_avoided_cny : ndarray (package, node)
        PV used at once, and what of the electricity bill PV takes away.
    quantities : mapping of str to ndarray (package,)
        What costs are computed from.
    """

    annual_kwh: Array
    std_kwh: Array
    electricity_cost_cny: Array
    pv_used_kwh: Array
    pv_avoided_cny: Array
    quantities: Mapping[str, Array]

    def with_rows(self, rows: NDArray[np.int64], other: Forecast) -> Forecast:
        """Return the forecast with `other` in place of some rows."""

        def put(values: Array, new: Array) -> Array:
            result = np.array(values, dtype=float)
            result[rows] = new
            return result

        changed = {n: put(getattr(self, n), getattr(other, n)) for n in _OVER_PACKAGES}
        quantities = {n: put(v, other.quantities[n]) if n in other.quantities else v
                      for n, v in self.quantities.items()}
        return replace(self, **changed, quantities=quantities)


_OVER_PACKAGES = ("annual_kwh", "std_kwh", "electricity_cost_cny", "pv_used_kwh", "pv_avoided_cny")
Predict = Callable[[Building, PackageGrid, Array], Forecast]
"""Building, packages, PV sizes [kW] to what the packages will use."""
Doubt = Callable[[Building, PackageGrid], Array]
"""Building, packages to what bills leave unknown of each saving: standard deviation [kW h], `none` 0."""


def _of_runs(runs: xr.Dataset, sizes_kw: Array, question: Question) -> Forecast:
    """Return what engine runs say, as a forecast without error."""
    load = runs["electricity_hourly"].values.astype(float)
    used = [split_pv_kw(load, size * question.pv_yield_kwh_per_kw)[0] for size in sizes_kw]
    bill = electricity_cost_cny(load, question.tariff)
    return Forecast(
        annual_kwh(runs["energy_use"]), np.zeros(len(load)), bill, np.stack([u.sum(1) for u in used], axis=1),
        np.stack([bill - electricity_cost_cny(load - u, question.tariff) for u in used], axis=1),
        {name: runs[name].values.astype(float) for name in QUANTITIES},
    )


def _simulated_rows(building: Building, grid: PackageGrid, simulated: xr.Dataset) -> tuple[Rows, Rows, Flags]:
    """Return packages that have been simulated, their runs, and all packages that a run was tried of."""
    names, labels = (simulated[n].values.astype(str) for n in ("building_id", "package_id"))
    ok = simulated["status"].values.astype(str) == "ok"
    own = np.flatnonzero((names == building.building_id) & (labels != NO_PACKAGE))
    tried, packages, runs = np.zeros(len(grid), dtype=bool), [], []
    for run in own.tolist():
        at = np.flatnonzero(grid.labelled(labels[run]))
        tried[at] = True
        if ok[run] and len(at):
            packages.append(int(at[0]))
            runs.append(run)
    return np.array(packages, dtype=np.int64), np.array(runs, dtype=np.int64), tried


def _money(grid: PackageGrid, quantities: Mapping[str, Array], question: Question) -> dict[str, Array]:
    """Return investment, yearly upkeep and life of every package: its measures' sums, and lives by what they cost."""
    cost, upkeep, cost_years, lives = (np.zeros(len(grid)) for _ in range(4))
    for measure in grid.measures:
        rows = np.flatnonzero(grid.holds(measure.id))
        own = {name: values[rows] for name, values in quantities.items()}
        one = capital_cost_cny(Package((measure.id,)), own, question.catalogue, question.level)
        cost[rows] += one
        upkeep[rows] += one * measure.upkeep_fraction_per_year
        cost_years[rows] += one * measure.life_years
        lives[rows] += measure.life_years
    life = np.where(cost > 0, cost_years / np.where(cost > 0, cost, 1.0), lives / np.maximum(grid.sizes(), 1))
    return {"capital_cost": cost, "annual_upkeep_cost": upkeep, "package_life": life}


def _block(grid: PackageGrid, forecast: Forecast, doubt_kwh: Array, sizes_kw: Array, question: Question
           ) -> dict[str, Array]:
    """Return the cube's variables of one building over its packages; the first is the simulated baseline.

    A run takes away the surrogate's part of the standard error, never what bills leave unknown of the building.
    """
    saving = forecast.annual_kwh[0] - forecast.annual_kwh
    money = forecast.electricity_cost_cny + gas_cost_cny(forecast.annual_kwh[:, 1])
    exported = sizes_kw * question.pv_yield_kwh_per_kw.sum() - forecast.pv_used_kwh
    return {
        "energy_saving": np.asarray(energy_in_basis_kwh(saving[:, 0], saving[:, 1], question.basis)),
        "carrier_energy_saving": saving,
        "annual_cost_saving": money[0] - money,
        "carbon_saving": np.asarray(carbon_t(saving[:, 0], saving[:, 1])),
        "energy_saving_std": np.hypot(forecast.std_kwh, doubt_kwh),
        "energy_saving_std_building": doubt_kwh,
        "pv_self_used_node": forecast.pv_used_kwh,
        "pv_annual_cost_saving_node": forecast.pv_avoided_cny + exported * load_prices().pv_export.price_cny_per_kwh,
        "annual_cost_baseline": money[:1],
    } | _money(grid, forecast.quantities, question)


@dataclass(frozen=True)
class _Kept:
    """What the cube keeps of one building: packages, their variables, which are simulated, how many were offered."""

    labels: list[str]
    block: dict[str, Array]
    simulated: Flags
    baseline_kwh: Array
    sizes_kw: Array
    offered: int
    self_use_error: float


Memory = dict[str, tuple[Forecast, Array | None, tuple[int, ...], _Kept]]
"""By building: the forecast, the doubt and the runs that its part of a cube was made from, and that part."""


@dataclass(frozen=True)
class _Sources:
    """What the parts of all buildings are made from."""

    simulated: xr.Dataset
    predict: Predict
    doubt: Doubt | None
    question: Question
    scenarios: Sequence[Rules] | None
    memory: Memory


def _kept_of(building: Building, grid: PackageGrid, baseline_row: int, nodes: int, given: _Sources) -> _Kept:
    question, simulated = given.question, given.simulated
    capacity = pv_capacity_max_kw(building.usable_roof_area_m2, question.catalogue)
    sizes = np.linspace(0.0, capacity, nodes)
    packages, runs, tried = _simulated_rows(building, grid, simulated)
    every, own = np.append(0, packages), np.append(baseline_row, runs)
    raw = given.predict(building, grid, sizes)
    doubt = given.doubt(building, grid) if given.doubt else None
    seen = (*every.tolist(), int(tried.sum()), int(given.scenarios is None))
    known = given.memory.get(building.building_id)
    if known is not None and known[0] is raw and known[1] is doubt and known[2] == seen:
        return known[3]
    forecast = raw.with_rows(every, _of_runs(simulated.isel(case=own), sizes, question))
    block = _block(grid, forecast, np.zeros(len(grid)) if doubt is None else doubt, sizes, question)
    keep = np.ones(len(grid), dtype=bool)
    if given.scenarios is not None:
        offer = Offer(building.building_id, grid, *(block[name] for name in (
            "capital_cost", "annual_upkeep_cost", "package_life", "energy_saving", "energy_saving_std",
            "annual_cost_saving", "carbon_saving", "pv_self_used_node", "pv_annual_cost_saving_node")))
        keep = needed(offer, given.scenarios, tried | (np.arange(len(grid)) == 0))
    at = np.flatnonzero(keep)
    error = _self_use_error(building, grid.take(at), sizes, own, given)
    kept = _Kept(
        [grid.package(row).label for row in at.tolist()],
        {name: values[at] if len(values) == len(grid) else values for name, values in block.items()},
        np.isin(at, every), forecast.annual_kwh[0], sizes, len(grid) - 1,
        error / max(capacity * question.pv_yield_kwh_per_kw.sum(), 1e-9),
    )
    given.memory[building.building_id] = (raw, doubt, seen, kept)
    return kept


def _self_use_error(building: Building, grid: PackageGrid, sizes: Array, runs: Rows, given: _Sources) -> float:
    """Return the largest gap between self-use and the line between two nodes, read at three points of each interval."""
    fine = finer_sizes_kw(sizes[-1], len(sizes))
    said = _of_runs(given.simulated.isel(case=runs), fine, given.question)
    return above_chords_kwh(np.concatenate([given.predict(building, grid, fine).pv_used_kwh, said.pv_used_kwh]))


def _nodes_for(buildings: Sequence[Building], simulated: xr.Dataset, rows: Mapping[str, int], question: Question,
               nodes: int) -> int:
    """Return how many PV sizes keep the error well below its limit on baselines: asking all packages twice is dear."""
    for building in buildings:
        capacity = pv_capacity_max_kw(building.usable_roof_area_m2, question.catalogue)
        load = simulated["electricity_hourly"].isel(case=[rows[building.building_id]]).values.astype(float)
        limit = 0.7 * SELF_USE_ERROR_FRACTION * capacity * question.pv_yield_kwh_per_kw.sum()
        while nodes < MOST_NODES and self_use_curves(
                load, question.pv_yield_kwh_per_kw, capacity, nodes).error_kwh > limit:
            nodes = 2 * nodes - 1
    return nodes


_OVER_PACKAGE = {
    "energy_saving": (), "carrier_energy_saving": ("carrier",), "capital_cost": (), "annual_cost_saving": (),
    "annual_upkeep_cost": (), "package_life": (),
    "carbon_saving": (), "energy_saving_std": (), "energy_saving_std_building": (), "pv_self_used_node": ("pv_node",),
    "pv_annual_cost_saving_node": ("pv_node",),
}


def _joined(kept: Mapping[str, _Kept], labels: Sequence[str]) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Put the buildings' packages into arrays over all labels; what a building lacks is unavailable zeros."""
    place = {label: i for i, label in enumerate(labels)}
    at = [np.array([place[label] for label in k.labels]) for k in kept.values()]
    shape = (len(kept), len(labels))
    arrays: dict[str, tuple[tuple[str, ...], Array]] = {}
    for name, further in _OVER_PACKAGE.items():
        parts = [k.block[name] for k in kept.values()]
        full = np.zeros((*shape, *parts[0].shape[1:]))
        for building, (columns, part) in enumerate(zip(at, parts, strict=True)):
            full[building, columns] = part
        arrays[name] = (("building", "package", *further), full)
    available, simulated = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for building, (columns, k) in enumerate(zip(at, kept.values(), strict=True)):
        available[building, columns], simulated[building, columns] = True, k.simulated
    over = ("building", "package")
    return arrays | {"available": (over, available), "simulated": (over, simulated)}


def _of_buildings(
    buildings: Sequence[Building], kept: Mapping[str, _Kept], question: Question
) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Return the cube's variables without packages."""
    before = np.stack([k.baseline_kwh for k in kept.values()])
    sizes = np.stack([k.sizes_kw for k in kept.values()])
    ones = np.ones(len(buildings))
    price = pv_cost_cny_per_kw(question.level, question.catalogue)
    over = {
        "baseline_energy": np.asarray(energy_in_basis_kwh(before[:, 0], before[:, 1], question.basis)),
        "annual_cost_baseline": np.concatenate([k.block["annual_cost_baseline"] for k in kept.values()]),
        "floor_area": np.array([b.floor_area_m2 for b in buildings]), "pv_capacity_max": sizes[:, -1],
        "pv_specific_yield": ones * question.pv_yield_kwh_per_kw.sum(), "pv_cost_per_kw": ones * price,
    }
    arrays: dict[str, tuple[tuple[str, ...], Array]] = {name: (("building",), values) for name, values in over.items()}
    return arrays | {"baseline_carrier_energy": (("building", "carrier"), before),
                     "pv_capacity_node": (("building", "pv_node"), sizes)}


def assemble_cube(
    buildings: Sequence[Building],
    offers: Callable[[Building], PackageGrid],
    simulated: xr.Dataset,
    predict: Predict,
    question: Question,
    *,
    doubt: Doubt | None = None,
    scenarios: Sequence[Rules] | None = None,
    nodes: int = 9,
    memory: Memory | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> xr.Dataset:
    """Return the cube of all allowed packages of all buildings that some scenario may need.

    Building by building all packages are predicted and what no scenario can need is left out (`reduction`), so that
    never more than one building's packages are held.

    Parameters
    ----------
    buildings : sequence of Building
        Buildings; those without a finished baseline are left out and named in the attribute `left_out_buildings`.
    offers : callable
        Returns the packages of a building, `none` first.
    simulated : xr.Dataset
        Runs with hourly electricity; they replace predictions, without surrogate error.
    predict : callable
        Returns the forecast of a building's packages at PV sizes.
    question : Question
        Prices, basis, tariff, PV yield.
    doubt : callable, optional
        Returns what bills leave unknown of each saving of a building [kW h], as the same array when asked again; it
        is in every standard error before anything is left out. Without it nothing is unknown.
    scenarios : sequence of Rules, optional
        Scenarios that will be solved on the cube; without them all packages stay.
    nodes : int
        PV sizes of the self-use curve at first; doubled until the line between them errs by less than 0.5 % of the
        annual yield.
    memory : dict, optional
        Filled with what each building's part was made from; given again, the parts of buildings with the same forecast,
        doubt and runs are taken from it.
    progress : callable
        Told how many buildings are done, of how many.

    Returns
    -------
    xr.Dataset
        The cube (`optimiser/README.md` lists its variables); attributes `packages_predicted` and `packages_left_out`.

    Raises
    ------
    InputError
        If no building has a finished baseline.
    """
    at = baseline_rows(buildings, simulated)
    present = [b for b in buildings if b.building_id in at]
    kept: dict[str, _Kept] = {}
    nodes, memory = _nodes_for(present, simulated, at, question, nodes), {} if memory is None else memory
    given = _Sources(simulated, predict, doubt, question, scenarios, memory)
    for done, b in enumerate(present):
        progress(done, len(present))
        kept[b.building_id] = _kept_of(b, offers(b), at[b.building_id], nodes, given)
        if kept[b.building_id].self_use_error > SELF_USE_ERROR_FRACTION and nodes < MOST_NODES:
            return assemble_cube(buildings, offers, simulated, predict, question, doubt=doubt, scenarios=scenarios,
                                 nodes=2 * nodes - 1, memory=memory, progress=progress)
    progress(len(present), len(present))
    labels = [NO_PACKAGE, *sorted({label for k in kept.values() for label in k.labels} - {NO_PACKAGE})]
    arrays = _joined(kept, labels) | _of_buildings(present, kept, question)
    cube = xr.Dataset(
        {name: (dims, values, attributes(name)) for name, (dims, values) in arrays.items()},
        coords={"building": list(kept), "package": labels, "carrier": list(CARRIERS)},
        attrs=basis_attributes(question.basis) | {
            "cost_level": question.level, "tariff": question.tariff_name,
            "pv_self_use_error_fraction": max(k.self_use_error for k in kept.values()),
            "left_out_buildings": ", ".join(b.building_id for b in buildings if b.building_id not in at),
            "packages_predicted": sum(k.offered for k in kept.values()),
            "packages_left_out": sum(k.offered + 1 - len(k.labels) for k in kept.values()),
        },
    )
    contracts = [b.compound_id or b.building_id for b in present]
    return cube.assign(contract_id=("building", contracts, {"long_name": "compound, the unit that is contracted"}))
