"""Small random cubes of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr

BP = ("building", "package")
Variables = dict[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Draw:
    """What all variables of a random cube are drawn from."""

    rng: np.random.Generator
    baseline: np.ndarray
    saving: np.ndarray
    cost: np.ndarray


def with_errors(draw: Draw, _: object) -> Variables:
    rng, (n, p) = draw.rng, draw.saving.shape
    none = np.arange(p)[None, :] > 0
    own, common = (draw.baseline[:, None] * rng.uniform(0, most, (n, p)) * none for most in (0.06, 0.02))
    return {
        "energy_saving_std": (BP, own, {"units": "kW h"}),
        "energy_saving_std_common": (BP, common, {"units": "kW h"}),
    }


def with_money(draw: Draw, _: object) -> Variables:
    rng, (n, p) = draw.rng, draw.saving.shape
    return {
        "annual_cost_saving": (BP, draw.saving * rng.uniform(0.6, 1.0, (n, 1)), {"units": "1"}),
        "carbon_saving": (BP, draw.saving * rng.uniform(2e-4, 5e-4, (n, p)), {"units": "t"}),
        "annual_cost_baseline": ("building", draw.baseline * 0.8, {"units": "1"}),
        "floor_area": ("building", np.round(draw.baseline / rng.uniform(25, 150, n)), {"units": "m2"}),
    }


def with_pv(draw: Draw, _: object) -> Variables:
    rng, (n, p) = draw.rng, draw.saving.shape
    largest = rng.integers(0, 40, n).astype(float)
    node = largest[:, None] * np.array([0.0, 0.3, 0.6, 1.0])
    slopes = np.sort(rng.uniform(100, 1000, (n, p, 3)), axis=2)[:, :, ::-1]
    rise = np.cumsum(slopes * np.diff(node, axis=1)[:, None, :], axis=2)
    return {
        "pv_capacity_max": ("building", largest, {"units": "kW"}),
        "pv_specific_yield": ("building", np.full(n, 1000.0), {"units": "kW h kW-1"}),
        "pv_cost_per_kw": ("building", rng.integers(20, 50, n) * 100.0, {"units": "kW-1", "currency": "CNY"}),
        "pv_capacity_node": (("building", "pv_node"), node, {"units": "kW"}),
        "pv_self_used_node": ((*BP, "pv_node"), np.pad(rise, ((0, 0), (0, 0), (1, 0))), {"units": "kW h"}),
    }


def with_pools(draw: Draw, count: Any) -> Variables:
    return {"contract_id": ("building", [f"pool_{k}" for k in draw.rng.integers(0, count, len(draw.baseline))])}


def with_end_of_life(draw: Draw, _: object) -> Variables:
    return {"end_of_life_year": ("building", draw.rng.integers(1, 4, len(draw.baseline)), {"units": "1"})}


def with_works(draw: Draw, _: object) -> Variables:
    cost = draw.rng.integers(0, 20, len(draw.baseline)) * 500.0
    return {"obligatory_works_cost": ("building", cost, {"units": "1"})}


def with_lives(draw: Draw, _: object) -> Variables:
    shape = draw.cost.shape
    return {
        "package_life": (BP, draw.rng.integers(3, 31, shape).astype(float), {"units": "year"}),
        "annual_upkeep_cost": (BP, np.round(0.02 * draw.cost * draw.rng.random(shape)), {"units": "1"}),
    }


def with_carriers(draw: Draw, _: object) -> Variables:
    part = draw.rng.uniform(0.2, 1.0, (*draw.saving.shape, 1))
    split = draw.saving[:, :, None] * np.concatenate([part, 1.0 - part], axis=2)
    before = draw.baseline[:, None] * np.array([0.7, 0.3])
    return {
        "carrier_energy_saving": ((*BP, "carrier"), split, {"units": "kW h"}),
        "baseline_carrier_energy": (("building", "carrier"), before, {"units": "kW h"}),
    }


KINDS: dict[str, Callable[[Draw, Any], Variables]] = {
    "std": with_errors,
    "money": with_money,
    "pv": with_pv,
    "pools": with_pools,
    "life": with_end_of_life,
    "works": with_works,
    "lives": with_lives,
    "carriers": with_carriers,
}


def small_cube(
    seed: int,
    buildings: int = 3,
    packages: int = 4,
    *,
    scale: float = 1.0,
    labels: Sequence[str] = (),
    **kinds: object,
) -> xr.Dataset:
    """Return a cube of round figures, so that ties and exact fits happen; `kinds` as in `KINDS`.

    `scale` 60 brings savings near the thresholds of subsidies (50 tce a year, 20 000 m2).
    """
    rng = np.random.default_rng(seed)
    n, p = buildings, packages
    baseline = rng.integers(50, 400, n).astype(float) * 100 * scale
    saving = np.round(baseline[:, None] * rng.uniform(-0.02, 0.6, (n, p)), -1)
    cost = rng.integers(5, 200, (n, p)).astype(float) * 500 * scale
    saving[:, 0] = cost[:, 0] = 0.0
    data: Variables = {
        "baseline_energy": ("building", baseline, {"units": "kW h"}),
        "energy_saving": (BP, saving, {"units": "kW h"}),
        "capital_cost": (BP, cost, {"units": "1", "currency": "CNY"}),
        "available": (BP, rng.random((n, p)) > 0.1, {"units": "1"}),
    }
    for name, add in KINDS.items():
        if kinds.get(name):
            data |= add(Draw(rng, baseline, saving, cost), kinds[name])
    coords = {"building": [f"b{i}" for i in range(n)], "package": ["none", *(labels or (f"p{i}" for i in range(1, p)))]}
    if kinds.get("carriers"):
        coords["carrier"] = ["electricity", "natural_gas"]
    return xr.Dataset(data, coords)


@pytest.fixture(scope="session")
def make_cube() -> Callable[..., xr.Dataset]:
    return small_cube
