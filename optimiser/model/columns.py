"""From cube and rules to columns and PV segments: the floor per building, forbidden pairs.

And all amounts (equations 4, 8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from optimiser.basis import carbon_t_per_kwh
from optimiser.cube import Cube
from optimiser.model import worth
from optimiser.model.instance import Columns, Flags, Floats, Ints, Segments
from optimiser.rules import ANY_PACKAGE, Rules, RulesError
from vocabulary import NO_PACKAGE, nearest

FLOOR_SLACK = 1e-9
"""Part of the baseline by which a saving may miss the floor: rounding of numbers.

Far below the 1e-6 that the check allows.
"""


@dataclass(frozen=True)
class Pairs:
    """Allowed pairs (building, package) with the sizes at which their PV curve bends.

    `size_kw`, `used_kwh` and `pv_cost_saving_cny` have shape (pair, node) from q0 on; `offered` counts the pairs
    before any rule.
    """

    building: Ints
    package: Ints
    size_kw: Floats
    used_kwh: Floats
    pv_cost_saving_cny: Floats
    offered: int


def quantile(rules: Rules) -> float:
    """Return z, the one-sided normal quantile of `floor_confidence`.

    Examples
    --------
    >>> round(quantile(Rules()), 4)
    1.2816
    """
    return NormalDist().inv_cdf(rules.floor_confidence)


def pairs(cube: Cube, rules: Rules) -> tuple[Pairs, Flags]:
    """Return the pairs that rules and floor allow, and which buildings must be touched (equations 4 and 8).

    Raises
    ------
    RulesError
        If `require` or `forbid` name a building or package that the cube does not have.
    """
    allowed, mandatory = _allowed(cube, rules)
    offered = int(cube.available[:, 1:].sum())
    building, package = np.nonzero(allowed)
    if cube.pv_node is None or cube.pv_used is None:
        size = used = np.zeros((len(building), 1))
    else:
        size, used = cube.pv_node[building], cube.pv_used[building, package]
    smallest, possible = _smallest_pv_kw(cube, rules, building, package, size, used)
    building, package, size, used = building[possible], package[possible], size[possible], used[possible]
    bends = np.maximum(size, smallest[possible, None])
    used_at = _interpolate(bends, size, used)
    money = pv_cost_saving(cube, rules, building, package, bends, used_at, size)
    return Pairs(building, package, bends, used_at, money, offered), mandatory


def _allowed(cube: Cube, rules: Rules) -> tuple[Flags, Flags]:
    allowed = cube.available.copy()
    has_pv = np.zeros(len(cube.buildings), dtype=bool) if cube.pv_max is None else cube.pv_max > 0
    allowed[:, 0] = has_pv & rules.allow_pv_only
    for b, p in _named(cube, rules.forbid, "forbid"):
        allowed[b, p] = False
    allowed &= ~_excluded(cube, rules)[None, :]
    mandatory = np.zeros(len(cube.buildings), dtype=bool)
    for b, p in _named(cube, rules.require, "require"):
        mandatory[b] = True
        if isinstance(p, int):
            allowed[b] &= np.arange(allowed.shape[1]) == p
    return allowed, mandatory


def _named(cube: Cube, given: tuple[tuple[str, str], ...], rule: str) -> Iterator[tuple[int | slice, int | slice]]:
    for building, package in given:
        yield _place(cube.buildings, building, f"{rule}: building"), _place(cube.packages, package, f"{rule}: package")


def _place(labels: tuple[str, ...], label: str, what: str) -> int | slice:
    if label == ANY_PACKAGE:
        return slice(None)
    if label not in labels:
        hint = nearest(label, labels)
        raise RulesError(f"{what} {label!r} is not in the cube" + (f" (did you mean {hint!r}?)" if hint else ""))
    return labels.index(label)


def _excluded(cube: Cube, rules: Rules) -> Flags:
    """Return packages that break a prerequisite or an exclusion between measures."""
    wrong = np.zeros(len(cube.packages), dtype=bool)
    for at, label in enumerate(cube.packages):
        measures = set() if label == NO_PACKAGE else set(label.split("+"))
        missing = any(m in measures and not set(needed) <= measures for m, needed in rules.prerequisites.items())
        wrong[at] = missing or any(len(measures & set(group)) > 1 for group in rules.exclusions)
    return wrong


def counted_kwh(cube: Cube, rules: Rules, building: Ints, size_kw: Floats, used_kwh: Floats) -> Floats:
    """Return PV energy as `pv_in_floor` counts it, shape of `size_kw`."""
    if rules.pv_in_floor == "none" or cube.pv_node is None:
        return np.zeros_like(used_kwh)
    if rules.pv_in_floor == "self_used" or cube.pv_yield is None:
        return used_kwh
    return size_kw * cube.pv_yield[building].reshape((-1,) + (1,) * (size_kw.ndim - 1))


def _smallest_pv_kw(
    cube: Cube, rules: Rules, building: Ints, package: Ints, size: Floats, used: Floats
) -> tuple[Floats, Flags]:
    """Return q0 of equation (8) for each pair, and whether the pair can meet the floor of its building at all."""
    if rules.floor_scope != "building":
        return np.zeros(len(building)), np.ones(len(building), dtype=bool)
    at = building, package
    baseline = cube.baseline[building]
    sure = cube.saving[at] - quantile(rules) * (cube.std_common[at] + cube.std[at])
    need = rules.minimum_saving_fraction * baseline - sure
    counted = counted_kwh(cube, rules, building, size, used)
    slack = FLOOR_SLACK * baseline
    possible = (counted.max(axis=1, initial=0.0) >= need - slack) | (need <= slack)
    smallest = np.where(need > slack, _inverse(size, counted, need), 0.0)
    return np.where(possible, smallest, 0.0), possible


def _inverse(size: Floats, curve: Floats, level: Floats) -> Floats:
    """Return the smallest size at which each rising curve reaches its level (the last size where it never does)."""
    reached = curve >= level[:, None]
    after = np.where(reached.any(axis=1), reached.argmax(axis=1), curve.shape[1] - 1)
    before = np.maximum(after - 1, 0)
    rows = np.arange(len(level))
    rise = curve[rows, after] - curve[rows, before]
    share = np.where(rise > 0, (level - curve[rows, before]) / np.where(rise > 0, rise, 1.0), 1.0)
    return size[rows, before] + np.clip(share, 0.0, 1.0) * (size[rows, after] - size[rows, before])


def _interpolate(at: Floats, size: Floats, curve: Floats) -> Floats:
    """Return the curve at sizes `max(node, q0)`: its own values from q0 on, one interpolated value below."""
    start = at[:, :1]
    rows = np.arange(len(at))
    after = np.clip((size < start).sum(axis=1), 0, size.shape[1] - 1)
    before = np.maximum(after - 1, 0)
    width = size[rows, after] - size[rows, before]
    share = np.where(width > 0, (start[:, 0] - size[rows, before]) / np.where(width > 0, width, 1.0), 0.0)
    first = curve[rows, before] + share * (curve[rows, after] - curve[rows, before])
    return np.where(size >= start, curve, first[:, None])


def pv_cost_saving(
    cube: Cube, rules: Rules, building: Ints, package: Ints, bends: Floats, used: Floats, size: Floats
) -> Floats:
    """Return money saved per year by PV at each bend, from the cube or from flat prices."""
    if cube.pv_cost_saving is not None and cube.pv_node is not None:
        return _interpolate(bends, size, cube.pv_cost_saving[building, package])
    generated = used if cube.pv_yield is None else bends * cube.pv_yield[building, None]
    return worth.pv_cost_saving_cny(rules.economics, used, np.maximum(generated - used, 0.0))


def columns_of(cube: Cube, rules: Rules, found: Pairs) -> tuple[Columns, Segments]:
    """Return columns of one year and lane with all amounts, and the segments of their PV groups (equations 3 and 8)."""
    b, p = found.building, found.package
    amounts = _package_amounts(cube, rules, b, p)
    pv = pv_amounts(cube, rules, b, found.size_kw, found.used_kwh, found.pv_cost_saving_cny)
    for name, values in pv.items():
        amounts[name] = amounts.get(name, np.zeros(len(b))) + values[:, 0]
    group, first = _groups(found, pv)
    zeros = np.zeros(len(b), dtype=np.intp)
    columns = Columns(b, p, zeros, zeros, zeros, found.size_kw[:, 0], group, amounts)
    return columns, _segments(found, pv, first)


def _package_amounts(cube: Cube, rules: Rules, b: Ints, p: Ints) -> dict[str, Floats]:
    saving, cost = cube.saving[b, p], cube.cost[b, p]
    amounts = {
        "saving": saving,
        "counted": saving,
        "capital": cost,
        "package_capital": cost,
        "baseline": cube.baseline[b],
        "std_common": cube.std_common[b, p],
        "std_squared": cube.std[b, p] ** 2,
    }
    if cube.cost_saving is not None:
        amounts["annual_cost_saving"] = cube.cost_saving[b, p]
        life = package_life_years(cube, rules, b, p)
        upkeep = np.zeros(len(b)) if cube.upkeep is None else cube.upkeep[b, p]
        amounts["life_years"], amounts["package_upkeep"] = life, upkeep
        amounts["income"], amounts["outlay"] = worth.package_parts_cny(
            rules.economics, cube.cost_saving[b, p], cost, life, upkeep
        )
        amounts["net_present_value"] = amounts["income"] - amounts["outlay"]
    if cube.carbon_saving is not None:
        amounts["carbon"] = cube.carbon_saving[b, p]
    return amounts


def package_life_years(cube: Cube, rules: Rules, building: Ints, package: Ints) -> Floats:
    """Return the life of packages: the cube's, or `package_life_years` of the study where it has none."""
    if cube.life is None:
        return np.full(len(building), rules.economics.package_life_years)
    return np.where(package > 0, cube.life[building, package], rules.economics.package_life_years)


def pv_amounts(
    cube: Cube, rules: Rules, building: Ints, size_kw: Floats, used_kwh: Floats, cost_saving_cny: Floats
) -> dict[str, Floats]:
    """Return every amount of PV at given sizes; arrays of shape (pair, node)."""
    if cube.pv_node is None or cube.pv_cost is None:
        return {}
    capital = size_kw * cube.pv_cost[building, None]
    amounts = {
        "saving": used_kwh,
        "counted": counted_kwh(cube, rules, building, size_kw, used_kwh),
        "capital": capital,
    }
    if cube.cost_saving is not None:
        amounts["annual_cost_saving"] = cost_saving_cny
        amounts["income"], amounts["outlay"] = worth.pv_parts_cny(rules.economics, cost_saving_cny, capital)
        amounts["net_present_value"] = amounts["income"] - amounts["outlay"]
    if cube.carbon_saving is not None:
        amounts["carbon"] = used_kwh * carbon_t_per_kwh(rules.carbon_basis)[0]
    return amounts


def _groups(found: Pairs, pv: Mapping[str, Floats]) -> tuple[Ints, Ints]:
    """Return the PV group of each column (same building, sizes and amounts) and the first column of each group."""
    if not pv or not len(found.building):
        return np.full(len(found.building), -1, dtype=np.intp), np.zeros(0, dtype=np.intp)
    key = np.column_stack([found.building.astype(float), found.size_kw, found.used_kwh, found.pv_cost_saving_cny])
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return group.reshape(-1).astype(np.intp), first.astype(np.intp)


def _segments(found: Pairs, pv: Mapping[str, Floats], first: Ints) -> Segments:
    width = np.diff(found.size_kw[first], axis=1)
    group, piece = np.nonzero(width > 1e-9)
    column = first[group] if len(first) else group
    amounts = {name: np.diff(values, axis=1)[column, piece] for name, values in pv.items()}
    return Segments(group.astype(np.intp), column.astype(np.intp), width[group, piece], amounts)
