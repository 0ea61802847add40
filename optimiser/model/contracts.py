"""Lanes and contracts: who pays, when a service company signs, sizes of contracts (equations 12 to 17)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from optimiser.cube import Cube
from optimiser.model.instance import Columns, Extra, Flags, Floats, Ints, Row, Segments, row
from optimiser.money.contracts import Lane, Retrofit, cash_flows
from optimiser.money.economics import present_value
from optimiser.rules import LANES, Rules

SERVICE_LANES: tuple[Lane, ...] = ("shared_savings", "trusteeship")


@dataclass
class Further:
    """Further variables under construction; `first` is the number of columns and segments before them."""

    first: int
    extras: list[Extra] = field(default_factory=list)

    def add(self, name: str, upper: float, *, integer: bool, value: float = 0.0) -> int:
        """Add a variable and return its place among all variables."""
        self.extras.append(Extra(name, upper, integer, value))
        return self.first + len(self.extras) - 1


def by_lane_and_place(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, places: Flags | None = None
) -> tuple[Columns, Segments]:
    """Return columns and segments once per lane and, when the grouping is decided, per place (equation 17).

    Parameters
    ----------
    columns, segments, cube, rules
        One column for each building, package and year so far.
    places : ndarray of bool, shape (building, place), optional
        The places that each building may use; without it any place that equation (17) allows.
    """
    lanes = [LANES.index(lane) for lane in rules.lanes]
    count = rules.maximum_contracts if rules.grouping == "decided" else 1
    if lanes == [0] and count == 1 and places is None:
        return columns, segments
    kinds = np.array([(lane, place) for lane in lanes for place in range(count)], dtype=np.intp)
    place = kinds[None, :, 1]
    of = columns.building[:, None]
    allowed = place <= of if places is None else places[of, place]
    if rules.contract_lane:
        wanted = given_lane(cube, rules)[of]
        allowed = allowed & ((wanted < 0) | (wanted == kinds[None, :, 0]))
    return multiplied(columns, segments, cube, rules, kinds, allowed)


def given_lane(cube: Cube, rules: Rules) -> Ints:
    """Return the lane that the rules give to the contract of each building, -1 where it is open."""
    labels = cube.buildings if cube.contract is None else [cube.contracts[at] for at in cube.contract]
    wanted = [rules.contract_lane.get(label) for label in labels]
    return np.array([-1 if lane is None else LANES.index(lane) for lane in wanted], dtype=np.intp)


def multiplied(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, kinds: Ints, allowed: Flags
) -> tuple[Columns, Segments]:
    """Return columns and segments once per (lane, place) of `kinds`, with the service company's money.

    Parameters
    ----------
    kinds : ndarray of int, shape (kind, 2)
    allowed : ndarray of bool, shape (column, kind)
    """
    s, count = len(segments), len(kinds)
    at, kind = np.nonzero(allowed)
    groups = int(columns.group.max(initial=-1)) + 1
    again = columns.take(at)
    group = np.where(again.group >= 0, again.group + kind * groups, -1)
    lane = kinds[kind, 0]
    amounts = {**again.amounts, **_service_amounts(again.amounts, lane, again.year, cube, rules, again.building)}
    expanded = Columns(again.building, again.package, lane, again.year, kinds[kind, 1], again.pv_base, group, amounts)
    piece, piece_kind = np.tile(np.arange(s), count), np.repeat(np.arange(count), s)
    pieces = segments.take(piece)
    own_group = pieces.group + piece_kind * groups
    first_of = np.full(groups * count + 1, -1, dtype=np.intp)
    first_of[group[::-1]] = np.arange(len(group))[::-1]
    real = first_of[own_group] >= 0 if s else np.zeros(0, dtype=bool)
    pieces, own_group, piece_kind = pieces.take(real), own_group[real], piece_kind[real]
    year = expanded.year[first_of[own_group]]
    service = _service_amounts(pieces.amounts, kinds[piece_kind, 0], year, cube, rules, None)
    return expanded, Segments(own_group, first_of[own_group], pieces.width, {**pieces.amounts, **service})


def _service_amounts(
    amounts: Mapping[str, Floats], lane: Ints, year: Ints, cube: Cube, rules: Rules, building: Ints | None
) -> dict[str, Floats]:
    """Return the service company's outlay, value over the term and payback lack.

    Zeros in lanes that the owner pays for.
    """
    out = {name: np.zeros(len(lane)) for name in ("service_capital", "service_value", "payback_lack")}
    for name in SERVICE_LANES:
        own = lane == LANES.index(name)
        if not own.any() or "annual_cost_saving" not in amounts:
            continue
        of = None if building is None else building[own]
        flow = _service_flow_cny(name, amounts, own, cube, rules, of, year[own])
        limit = rules.contract_terms.payback_share_of_term * rules.contract_terms.term_years
        start = (1.0 + rules.contract_terms.hurdle_rate) ** -year[own].astype(float)
        out["service_capital"][own] = -flow[..., 0]
        out["service_value"][own] = start * present_value(flow, rules.contract_terms.hurdle_rate)
        out["payback_lack"][own] = -flow[..., 0] - limit * flow[..., 1:].mean(axis=-1)
    return out


def _service_flow_cny(
    lane: Lane,
    amounts: Mapping[str, Floats],
    own: Flags,
    cube: Cube,
    rules: Rules,
    building: Ints | None,
    year: Ints,
) -> Floats:
    """Return the service company's money in the years of the term, from the works on, shape (column, year).

    Columns carry the owner's baseline cost and, under trusteeship, obligatory works; PV segments do not. PV has a life
    and an upkeep of its own. Energy prices are those of the plan year of the works.
    """
    e, terms = rules.economics, rules.contract_terms
    prices = (1.0 + e.price_growth_per_year) ** year
    capital = amounts["capital"][own]
    zero = np.zeros(len(capital))
    package, life, upkeep = (
        amounts[name][own] if name in amounts else zero + rest
        for name, rest in (("package_capital", 0.0), ("life_years", e.package_life_years), ("package_upkeep", 0.0))
    )
    baseline = works = zero
    if building is not None and cube.cost_baseline is not None:
        baseline = prices * cube.cost_baseline[building]
    if building is not None and cube.obligatory_works is not None and lane == "trusteeship":
        works = cube.obligatory_works[building]
    saving = prices * amounts["annual_cost_saving"][own]
    pv = capital - package
    parts = (
        Retrofit(package, saving, upkeep, life, baseline, obligatory_works_cny=works),
        Retrofit(pv, zero, e.pv_upkeep_fraction_per_year * pv, e.pv_life_years),
    )
    flows = [cash_flows(lane, part, terms, years=terms.term_years).service_company for part in parts]
    return flows[0] + flows[1]


def members(columns: Columns, cube: Cube, rules: Rules) -> Iterator[tuple[str, Flags]]:
    """Yield contracts with their columns: decided places, given pools, or each building alone."""
    if rules.grouping == "decided":
        for place in range(rules.maximum_contracts):
            yield f"contract_{place + 1}", columns.place == place
    elif cube.contract is not None:
        for at, label in enumerate(cube.contracts):
            yield label, cube.contract[columns.building] == at
    else:
        for at in np.unique(columns.building):
            yield cube.buildings[at], columns.building == at


def contract_rows(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, further: Further
) -> tuple[list[Row], dict[str, dict[int, int]]]:
    """Write equations (12) to (17); returns rows and, by contract.

    The place of its lane variables (if lanes are to choose).

    Subsidies join the rows of equations (13) and (14) later (`subsidies.subsidy_rows`).
    """
    rows = capital_rows(columns, segments, rules)
    lanes: dict[str, dict[int, int]] = {}
    service = [LANES.index(lane) for lane in rules.lanes if lane in SERVICE_LANES]
    for label, inside in members(columns, cube, rules):
        for lane in service:
            rows += service_rows(label, lane, inside & (columns.lane == lane), columns, segments)
        if len(rules.lanes) > 1 and (rules.grouping == "decided" or cube.contract is not None):
            lanes[label] = {
                LANES.index(lane): further.add(f"lane_{label}_{lane}", 1.0, integer=True) for lane in rules.lanes
            }
            rows += _lane_rows(label, lanes[label], inside, columns)
    if rules.grouping == "decided":
        rows += _size_rows(columns, rules, further)
    return rows, lanes


def capital_rows(columns: Columns, segments: Segments, rules: Rules) -> list[Row]:
    """Write equation (12): what service companies invest is at most their capital."""
    if rules.esco_capital_cny is None or not set(rules.lanes) & set(SERVICE_LANES):
        return []
    pv = segments.amounts.get("service_capital", np.zeros(len(segments)))
    paid = columns.amounts["service_capital"]
    return [row("service_capital", "service_capital", paid, pv, rules.esco_capital_cny)]


def service_rows(label: str, lane: int, inside: Flags, columns: Columns, segments: Segments) -> list[Row]:
    """Write equations (13), value over the term not negative, and (14), payback within its share of the term."""
    of_segments = inside[segments.column] if len(segments) else np.zeros(0, dtype=bool)
    rows = []
    for family, amount, sign in (("service_value", "service_value", -1.0), ("service_payback", "payback_lack", 1.0)):
        pv = sign * np.where(of_segments, segments.amounts[amount], 0.0) if len(segments) else np.zeros(0)
        of_columns = sign * np.where(inside, columns.amounts[amount], 0.0)
        rows.append(row(family, f"{family}_{label}_{LANES[lane]}", of_columns, pv, 0.0))
    return rows


def _lane_rows(label: str, lanes: dict[int, int], inside: Flags, columns: Columns) -> list[Row]:
    """Write equation (15): a building's columns of a lane need the contract to be in that lane.

    One lane per contract.
    """
    one = Row(
        "contract_lane", f"one_lane_{label}", np.array(list(lanes.values()), dtype=np.intp), np.ones(len(lanes)), 1.0
    )
    rows = [one]
    for lane, variable in lanes.items():
        own = np.flatnonzero(inside & (columns.lane == lane))
        for building in np.unique(columns.building[own]):
            at = own[columns.building[own] == building]
            index, coef = np.append(at, variable), np.append(np.ones(len(at)), -1.0)
            rows.append(
                Row("contract_lane", f"lane_{label}_{LANES[lane]}_{building}", index.astype(np.intp), coef, 0.0)
            )
    return rows


def _size_rows(columns: Columns, rules: Rules, further: Further) -> list[Row]:
    """Write equations (16), sizes of open contracts, and (17), a place is open only if the one before is."""
    rows = []
    largest = rules.contract_size_max or int(columns.building.max(initial=0)) + 1
    opened = [further.add(f"open_{k + 1}", 1.0, integer=True) for k in range(rules.maximum_contracts)]
    for place, variable in enumerate(opened):
        inside = np.flatnonzero(columns.place == place)
        index, ones = np.append(inside, variable).astype(np.intp), np.ones(len(inside))
        rows.append(Row("contract_size", f"at_most_{place + 1}", index, np.append(ones, -float(largest)), 0.0))
        rows.append(
            Row("contract_size", f"at_least_{place + 1}", index, np.append(-ones, float(rules.contract_size_min)), 0.0)
        )
        if place:
            order = np.array([variable, opened[place - 1]], dtype=np.intp)
            rows.append(Row("contract_size", f"in_order_{place + 1}", order, np.array([1.0, -1.0]), 0.0))
    return rows
