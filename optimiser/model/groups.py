"""From kinds of contracts to contracts: the members of a kind dealt out so that each contract meets its rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimiser.cube import Cube
from optimiser.model.columns import quantile
from optimiser.model.contracts import SERVICE_LANES
from optimiser.model.instance import Columns, Floats, Ints, Segments
from optimiser.model.kinds import Kind
from optimiser.model.subsidies import Writer
from optimiser.rules import LANES, Rules

_MOVES = 400
_BROKEN = 1e3
"""Weight of a rule that a contract breaks, in subsidies of the kind; it only guides the dealing, never a proof."""
_WIDE = 60_000
"""Exchanges looked at in one step."""


@dataclass(frozen=True)
class _Needs:
    """What one contract of a kind must meet, as limits on sums over its members (rows of `_amounts`)."""

    smallest: int
    largest: int
    coal_t: float
    area_m2: float
    cap_cny: float
    share: float
    quantile: float
    is_served: bool
    pooled_floor: bool


def dealt(columns: Columns, chosen: Ints, kind: Kind, contracts: int, cube: Cube, rules: Rules) -> Ints:
    """Return the contract (0, 1, ...) of each member of a kind, so that as few rules as possible are broken.

    Moves and exchanges of members, best first, from a deal in order of size. A plan in hand, no proof.

    Parameters
    ----------
    chosen : ndarray of int, shape (member,)
        The members' columns.
    contracts : int
        How many contracts of the kind there are, at least 1.
    """
    amounts = _amounts(columns.take(chosen), kind, cube, rules)
    needs = _needs(kind, cube, rules)
    order = np.argsort(-amounts[:, 5], kind="stable")
    turn = np.arange(len(chosen))
    snake = np.where(turn // contracts % 2 == 0, turn % contracts, contracts - 1 - turn % contracts)
    group = np.empty(len(chosen), dtype=np.intp)
    group[order] = snake
    for _ in range(_MOVES if contracts > 1 else 0):
        if not _step(amounts, needs, group, contracts):
            break
    return group


def _amounts(members: Columns, kind: Kind, cube: Cube, rules: Rules) -> Floats:
    """Return what adds up over the members of a contract.

    Count, coal, area, lack of saving fraction, subsidy by rate, investment, service company's value and payback lack,
    lack of the contract's floor, squared error.
    """
    n = len(members)
    zero, a = np.zeros(n), members.amounts
    coal = area = lack = rate = zero
    if kind.offer is not None:
        write = Writer(members, _no_segments(), cube, np.ones(n, dtype=bool), "")
        coal, area = write.coal_t(kind.offer)[0], write.area_m2()
        lack = kind.offer.minimum_fraction * a["baseline"] - a["saving"]
        rate = kind.offer.rate_cny_per_tce * coal + kind.offer.rate_cny_per_m2 * area
    floor = rules.minimum_saving_fraction * a["baseline"] - a["counted"] + quantile(rules) * a["std_common"]
    value, payback = a.get("service_value", zero), a.get("payback_lack", zero)
    return np.column_stack(
        [np.ones(n), coal, area, lack, rate, a["capital"], value, payback, floor, a["std_squared"]]
    )


def _no_segments() -> Segments:
    return Segments(*(np.zeros(0, dtype=np.intp),) * 2, np.zeros(0), {})


def _needs(kind: Kind, cube: Cube, rules: Rules) -> _Needs:
    scheme = None if kind.offer is None else kind.offer.scheme
    share = None if scheme is None else scheme.maximum_share_of_investment
    cap = None if scheme is None else scheme.cap_cny
    return _Needs(
        smallest=rules.contract_size_min,
        largest=rules.contract_size_max or len(cube.buildings),
        coal_t=0.0 if scheme is None else scheme.minimum_coal_t_per_year,
        area_m2=0.0 if scheme is None else scheme.minimum_floor_area_m2,
        cap_cny=np.inf if cap is None else cap,
        share=np.inf if share is None else share,
        quantile=quantile(rules),
        is_served=LANES[kind.lane] in SERVICE_LANES,
        pooled_floor=rules.floor_scope == "contract",
    )


def _cost(sums: Floats, needs: _Needs) -> Floats:
    """Return how far contracts with given sums (..., amount) are from their rules, less the subsidy that they get."""
    count, coal, area, lack, rate, capital, value, payback, floor, squared = np.moveaxis(sums, -1, 0)
    paid = np.minimum(rate, needs.cap_cny)
    if np.isfinite(needs.share):  # no share of an empty contract's capital: infinity times 0 says nothing
        paid = np.minimum(paid, needs.share * capital)
    money = np.maximum(capital, 1.0)
    broken = np.maximum(needs.smallest - count, 0.0) + np.maximum(count - needs.largest, 0.0)
    broken = broken + np.maximum(1.0 - coal / needs.coal_t, 0.0) if needs.coal_t > 0 else broken
    broken = broken + np.maximum(1.0 - area / needs.area_m2, 0.0) if needs.area_m2 > 0 else broken
    broken = broken + np.maximum(lack, 0.0) / np.maximum(np.abs(lack), 1.0)
    if needs.is_served:
        broken = broken + (np.maximum(-value - paid, 0.0) + np.maximum(payback - paid, 0.0)) / money
    if needs.pooled_floor:
        short = floor + needs.quantile * np.sqrt(np.maximum(squared, 0.0))
        broken = broken + np.maximum(short, 0.0) / np.maximum(np.abs(floor), 1.0)
    return _BROKEN * broken - paid / 1e6


def _step(amounts: Floats, needs: _Needs, group: Ints, contracts: int) -> bool:
    """Make the best move or exchange in place; False where none helps."""
    sums = np.zeros((contracts, amounts.shape[1]))
    np.add.at(sums, group, amounts)
    now = _cost(sums, needs)
    without = _cost(sums[group] - amounts, needs) - now[group]
    into = _cost(sums[None] + amounts[:, None], needs) - now[None]
    move = without[:, None] + into
    move[np.arange(len(group)), group] = 0.0
    looked = _looked_at(group, now, len(group))
    change = amounts[None, :] - amounts[looked, None]
    swap = _cost(sums[group[looked], None] + change, needs) - now[group[looked], None]
    swap = swap + _cost(sums[group][None] - change, needs) - now[group][None]
    swap[group[looked][:, None] == group[None]] = 0.0
    best_move, best_swap = float(move.min()), float(swap.min(initial=0.0))
    if min(best_move, best_swap) > -1e-9:
        return False
    if best_move <= best_swap:
        i, h = np.unravel_index(int(move.argmin()), move.shape)
        group[i] = h
    else:
        i, j = np.unravel_index(int(swap.argmin()), swap.shape)
        group[looked[i]], group[j] = group[j], group[looked[i]]
    return True


def _looked_at(group: Ints, now: Floats, members: int) -> Ints:
    """Return the members whose exchanges are looked at: those of the worst contracts, as many as are quick."""
    worst_first = np.argsort(-now[group], kind="stable")
    return worst_first[: max(_WIDE // max(members, 1), 1)]
