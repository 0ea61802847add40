"""The grouping decided, as a bound: contracts of one kind added up instead of told apart (equations 24 to 28)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from optimiser.cube import Cube
from optimiser.model.contracts import SERVICE_LANES, Further, multiplied, service_rows
from optimiser.model.instance import Columns, Flags, Row, Segments
from optimiser.model.subsidies import Offer, Subsidy, Writer, offers
from optimiser.rules import LANES, Rules


@dataclass(frozen=True)
class Kind:
    """Contracts that are alike: their lane (a place in `rules.LANES`) and the offer that they take, None for none."""

    lane: int
    offer: Offer | None


def kinds(rules: Rules) -> tuple[Kind, ...]:
    """Return every kind of contract that the rules allow.

    Examples
    --------
    >>> [kind.offer is None for kind in kinds(Rules(lanes=("guaranteed",), subsidies=("shanghai_epc_fund",)))]
    [True, False]
    """
    offered = list(offers(rules))
    lanes = [LANES.index(lane) for lane in rules.lanes]
    return tuple(Kind(lane, offer) for lane in lanes for offer in (None, *(o for o in offered if o.lane == lane)))


def by_kind(columns: Columns, segments: Segments, cube: Cube, rules: Rules) -> tuple[Columns, Segments]:
    """Return columns and segments once per kind of contract; `place` holds the kind (equation 24)."""
    pairs = np.array([(kind.lane, at) for at, kind in enumerate(kinds(rules))], dtype=np.intp)
    everywhere = np.ones((len(columns), len(pairs)), dtype=bool)
    return multiplied(columns, segments, cube, rules, pairs, everywhere)


def kind_rows(
    columns: Columns, segments: Segments, cube: Cube, rules: Rules, further: Further
) -> tuple[list[Row], list[Subsidy]]:
    """Write equations (24) to (28): counts and sizes, and the sums of what each contract of a kind must meet."""
    rows: list[Row] = []
    subsidies: list[Subsidy] = []
    counts = []
    for at, kind in enumerate(kinds(rules)):
        inside = columns.place == at
        count = further.add(f"contracts_{at + 1}", float(rules.maximum_contracts), integer=True)
        counts.append(count)
        rows += _sizes(inside, count, rules, len(cube.buildings), at)
        if LANES[kind.lane] in SERVICE_LANES:
            rows += service_rows(f"kind_{at + 1}", kind.lane, inside, columns, segments)
        if kind.offer is not None:
            write = Writer(columns, segments, cube, inside, f"kind_{at + 1}")
            rows += write.thresholds(kind.offer, count, always=True)
            found, paid = write.paid(kind.offer, count, rules, further, f"kind_{at + 1}", rules.maximum_contracts)
            rows += paid
            subsidies += found
    index = np.array(counts, dtype=np.intp)
    rows.append(Row("kind_count", "all_contracts", index, np.ones(len(counts)), float(rules.maximum_contracts)))
    return rows, subsidies


def _sizes(inside: Flags, count: int, rules: Rules, buildings: int, at: int) -> Iterator[Row]:
    """Write equation (25): between the smallest and the largest size, times the number of contracts."""
    members = np.flatnonzero(inside)
    index, ones = np.append(members, count).astype(np.intp), np.ones(len(members))
    largest = float(rules.contract_size_max or buildings)
    yield Row("kind_size", f"at_most_{at + 1}", index, np.append(ones, -largest), 0.0)
    yield Row("kind_size", f"at_least_{at + 1}", index, np.append(-ones, float(rules.contract_size_min)), 0.0)


def counted(values: np.ndarray, first: int, extras: Sequence[str], number: int) -> list[int]:
    """Return how many contracts of each kind a plan of the bound has.

    Parameters
    ----------
    values : ndarray
        Over all variables, further ones from `first` on with names `extras`.
    number : int
        Number of kinds.
    """
    at = {name: first + place for place, name in enumerate(extras)}
    return [round(float(values[at[f"contracts_{kind + 1}"]])) for kind in range(number)]
