"""Subsidies of contracts: one scheme each, thresholds that pools may reach, caps (equations 18 to 20)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from optimiser.basis import coal_t_per_kwh
from optimiser.cube import Cube
from optimiser.model.contracts import SERVICE_LANES, Further, members
from optimiser.model.instance import Columns, Flags, Floats, Row, Segments
from optimiser.money.subsidies import Scheme, scheme_of
from optimiser.rules import LANES, Rules


@dataclass(frozen=True)
class Offer:
    """One way in which a contract may be subsidised: scheme, lane.

    And the saving class that sets rate and threshold.
    """

    name: str
    scheme: Scheme
    lane: int
    rate_cny_per_tce: float
    rate_cny_per_m2: float
    minimum_fraction: float


def offers(rules: Rules) -> Iterator[Offer]:
    """Yield every scheme, lane and saving class that the rules allow."""
    for name in rules.subsidies:
        scheme = scheme_of(name)
        for lane in (lane for lane in rules.lanes if lane in scheme.lanes):
            per_tce = scheme.rate_cny_per_tce.get(lane, 0.0)
            classes = [
                (step.rate, max(step.minimum_saving_fraction, scheme.minimum_saving_fraction))
                for step in scheme.rate_cny_per_m2
            ]
            for per_m2, fraction in classes or [(0.0, scheme.minimum_saving_fraction)]:
                yield Offer(name, scheme, LANES.index(lane), per_tce, per_m2, fraction)


@dataclass(frozen=True)
class Subsidy:
    """A subsidy variable: contract, offer and the place of the amount among all variables."""

    contract: str
    offer: Offer
    amount: int


def subsidy_rows(
    columns: Columns,
    segments: Segments,
    cube: Cube,
    rules: Rules,
    further: Further,
    lanes: Mapping[str, Mapping[int, int]],
) -> tuple[list[Row], list[Subsidy]]:
    """Write equations (18) to (20) for each contract and offer."""
    rows: list[Row] = []
    found: list[Subsidy] = []
    for label, inside in members(columns, cube, rules) if rules.subsidies else ():
        takes = []
        for place, offer in enumerate(offers(rules)):
            own = inside & (columns.lane == offer.lane)
            if not own.any():
                continue
            write = Writer(columns, segments, cube, own, f"{label}_{place}")
            largest = write.largest_amount(offer)
            take = further.add(f"takes_{label}_{place}", 1.0, integer=True)
            value = 1.0 if rules.objective == "net_present_value" else 0.0
            amount = further.add(f"subsidy_{label}_{place}", max(largest, 1.0), integer=False, value=value)
            rows += write.thresholds(offer, take) + write.amounts(offer, take, amount, largest)
            if label in lanes:
                index = np.array([take, lanes[label][offer.lane]], dtype=np.intp)
                rows.append(Row("subsidy_choice", f"lane_of_{label}_{place}", index, np.array([1.0, -1.0]), 0.0))
            takes.append(take)
            found.append(Subsidy(label, offer, amount))
        if takes:
            rows.append(
                Row("subsidy_choice", f"one_subsidy_{label}", np.array(takes, dtype=np.intp), np.ones(len(takes)), 1.0)
            )
    return rows, found


class Writer:
    """Writes rows of one contract (or kind of contracts) and offer over its own columns and segments."""

    def __init__(self, columns: Columns, segments: Segments, cube: Cube, own: Flags, label: str) -> None:
        self.columns, self.segments, self.cube, self.own, self.label = columns, segments, cube, own, label
        self.of_segments = own[segments.column] if len(segments) else np.zeros(0, dtype=bool)

    def _row(
        self, family: str, name: str, of_columns: Floats, of_segments: Floats, tail: Mapping[int, float], upper: float
    ) -> Row:
        dense = np.concatenate([np.where(self.own, of_columns, 0.0), np.where(self.of_segments, of_segments, 0.0)])
        index = np.flatnonzero(dense)
        extra = np.array(list(tail), dtype=np.intp)
        return Row(
            family,
            f"{name}_{self.label}",
            np.concatenate([index, extra]).astype(np.intp),
            np.concatenate([dense[index], np.array(list(tail.values()))]),
            upper,
        )

    def _coal(self, offer: Offer) -> tuple[Floats, Floats]:
        factor = coal_t_per_kwh(offer.scheme.coal_basis) or 0.0
        none = np.zeros(len(self.segments))
        return self.columns.amounts["saving"] * factor, self.segments.amounts.get("saving", none) * factor

    def _area(self) -> Floats:
        return (
            np.zeros(len(self.columns)) if self.cube.floor_area is None else self.cube.floor_area[self.columns.building]
        )

    def _most(self, values: Floats) -> float:
        """Return the largest sum of one column per building."""
        best = np.zeros(int(self.columns.building.max(initial=0)) + 1)
        np.maximum.at(best, self.columns.building[self.own], values[self.own])
        return float(best.sum())

    def largest_amount(self, offer: Offer) -> float:
        """Return an amount that no plan exceeds."""
        coal, pv = self._coal(offer)
        by_rate = offer.rate_cny_per_tce * (self._most(coal) + float(pv[self.of_segments].sum()))
        by_rate += offer.rate_cny_per_m2 * self._most(self._area())
        return by_rate if offer.scheme.cap_cny is None else min(by_rate, offer.scheme.cap_cny)

    def thresholds(self, offer: Offer, take: int, *, always: bool = False) -> list[Row]:
        """Write equation (19): coal, floor area and saving fraction of the whole contract, where the offer is taken.

        With `always`, `take` counts contracts that have all taken the offer (equation 26).
        """
        none = np.zeros(len(self.segments))
        coal, pv = self._coal(offer)
        rows = []
        if offer.scheme.minimum_coal_t_per_year > 0:
            rows.append(
                self._row("subsidy_threshold", "coal", -coal, -pv, {take: offer.scheme.minimum_coal_t_per_year}, 0.0)
            )
        if offer.scheme.minimum_floor_area_m2 > 0:
            rows.append(
                self._row(
                    "subsidy_threshold", "area", -self._area(), none, {take: offer.scheme.minimum_floor_area_m2}, 0.0
                )
            )
        return rows + self._fraction(offer, None if always else take)

    def _fraction(self, offer: Offer, take: int | None) -> list[Row]:
        """Write the saving fraction of equation (19): with `take` only where it is 1, without in any case."""
        lack = offer.minimum_fraction * self.columns.amounts["baseline"] - self.columns.amounts["saving"]
        slack = self._most(np.maximum(lack, 0.0))
        if offer.minimum_fraction <= 0 or slack <= 0:
            return []
        saving = self.segments.amounts.get("saving", np.zeros(len(self.segments)))
        tail, upper = ({}, 0.0) if take is None else ({take: slack}, slack)
        return [self._row("subsidy_threshold", "fraction", lack, -saving, tail, upper)]

    def amounts(self, offer: Offer, take: int, amount: int, largest: float) -> list[Row]:
        """Write equation (20): at most the rate times what is saved or covered, the cap.

        The share of the investment.
        """
        coal, pv = self._coal(offer)
        by_rate = offer.rate_cny_per_tce * coal + offer.rate_cny_per_m2 * self._area()
        rows = [
            self._row("subsidy_amount", "rate", -by_rate, -offer.rate_cny_per_tce * pv, {amount: 1.0}, 0.0),
            Row(
                "subsidy_amount",
                f"cap_{self.label}",
                np.array([amount, take], dtype=np.intp),
                np.array([1.0, -largest]),
                0.0,
            ),
        ]
        share = offer.scheme.maximum_share_of_investment
        if share is not None:
            capital = self.columns.amounts["capital"]
            pv_capital = self.segments.amounts.get("capital", np.zeros(len(self.segments)))
            rows.append(self._row("subsidy_amount", "share", -share * capital, -share * pv_capital, {amount: 1.0}, 0.0))
        return rows


def with_subsidies(rows: list[Row], found: list[Subsidy]) -> list[Row]:
    """Return budget rows and the service company's rows with the subsidies in them (equations 5, 13, 14).

    A subsidy goes to who invests: it lowers what the owner's budget pays, or the service company's outlay.
    """
    return [_with(one, found) for one in rows]


def _with(one: Row, found: list[Subsidy]) -> Row:
    if one.family == "budget":
        joined = [s.amount for s in found if LANES[s.offer.lane] not in SERVICE_LANES]
    elif one.family in ("service_value", "service_payback"):
        joined = [s.amount for s in found if one.label == f"{one.family}_{s.contract}_{LANES[s.offer.lane]}"]
    else:
        joined = []
    if not joined:
        return one
    index = np.concatenate([one.index, joined]).astype(np.intp)
    return replace(one, index=index, coef=np.concatenate([one.coef, -np.ones(len(joined))]))
