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
from optimiser.rules import LANES, Rules, years


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
    """A subsidy variable: contract, offer, the place of the amount among all variables, plan year (0 for the first)."""

    contract: str
    offer: Offer
    amount: int
    year: int = 0


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
            take = further.add(f"takes_{label}_{place}", 1.0, integer=True)
            rows += write.thresholds(offer, take)
            paid, of_amounts = write.paid(offer, take, rules, further, label, 1)
            rows += of_amounts
            found += paid
            if label in lanes:
                index = np.array([take, lanes[label][offer.lane]], dtype=np.intp)
                rows.append(Row("subsidy_choice", f"lane_of_{label}_{place}", index, np.array([1.0, -1.0]), 0.0))
            takes.append(take)
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

    def coal_t(self, offer: Offer) -> tuple[Floats, Floats]:
        """Return t of standard coal saved per year by columns and segments, in the scheme's basis."""
        factor = coal_t_per_kwh(offer.scheme.coal_basis) or 0.0
        none = np.zeros(len(self.segments))
        return self.columns.amounts["saving"] * factor, self.segments.amounts.get("saving", none) * factor

    def area_m2(self) -> Floats:
        """Return the floor area of each column's building, 0 where the cube has none."""
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
        coal, pv = self.coal_t(offer)
        by_rate = offer.rate_cny_per_tce * (self._most(coal) + float(pv[self.of_segments].sum()))
        by_rate += offer.rate_cny_per_m2 * self._most(self.area_m2())
        return by_rate if offer.scheme.cap_cny is None else min(by_rate, offer.scheme.cap_cny)

    def thresholds(self, offer: Offer, take: int, *, always: bool = False) -> list[Row]:
        """Write equation (19): coal, floor area and saving fraction of the whole contract, where the offer is taken.

        With `always`, `take` counts contracts that have all taken the offer (equation 26).
        """
        none = np.zeros(len(self.segments))
        coal, pv = self.coal_t(offer)
        rows = []
        if offer.scheme.minimum_coal_t_per_year > 0:
            rows.append(
                self._row("subsidy_threshold", "coal", -coal, -pv, {take: offer.scheme.minimum_coal_t_per_year}, 0.0)
            )
        if offer.scheme.minimum_floor_area_m2 > 0:
            rows.append(
                self._row(
                    "subsidy_threshold", "area", -self.area_m2(), none, {take: offer.scheme.minimum_floor_area_m2}, 0.0
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

    def paid(
        self, offer: Offer, take: int, rules: Rules, further: Further, contract: str, most: int
    ) -> tuple[list[Subsidy], list[Row]]:
        """Write equation (20): what is paid in each plan year, on the works of that year, and the cap of all years.

        Parameters
        ----------
        take : int
            Place of the variable that says whether, or how often (at most `most` times), the offer is taken.
        """
        largest = self.largest_amount(offer)
        found: list[Subsidy] = []
        rows: list[Row] = []
        for year in range(years(rules)):
            worth = (1.0 + rules.economics.discount_rate) ** -year if rules.objective == "net_present_value" else 0.0
            name = f"subsidy_{self.label}" + (f"_year_{year + 1}" if years(rules) > 1 else "")
            amount = further.add(name, max(largest * most, 1.0), integer=False, value=worth)
            found.append(Subsidy(contract, offer, amount, year))
            rows += self._of_year(offer, amount, year, "" if years(rules) == 1 else f"_{year + 1}")
        index = np.array([*(one.amount for one in found), take], dtype=np.intp)
        coef = np.append(np.ones(len(found)), -largest)
        return found, [*rows, Row("subsidy_amount", f"cap_{self.label}", index, coef, 0.0)]

    def _of_year(self, offer: Offer, amount: int, year: int, suffix: str) -> Iterator[Row]:
        """Yield the rows of equation (20) for one year: the rate, and the share of the investment."""
        now = self.columns.year == year
        pv_now = now[self.segments.column] if len(self.segments) else np.zeros(0)
        coal, pv = self.coal_t(offer)
        by_rate = offer.rate_cny_per_tce * coal + offer.rate_cny_per_m2 * self.area_m2()
        of_pv = -offer.rate_cny_per_tce * pv * pv_now
        yield self._row("subsidy_amount", f"rate{suffix}", -by_rate * now, of_pv, {amount: 1.0}, 0.0)
        share = offer.scheme.maximum_share_of_investment
        if share is not None:
            capital = share * self.columns.amounts["capital"] * now
            pv_capital = share * self.segments.amounts.get("capital", np.zeros(len(self.segments))) * pv_now
            yield self._row("subsidy_amount", f"share{suffix}", -capital, -pv_capital, {amount: 1.0}, 0.0)


def with_subsidies(rows: list[Row], found: list[Subsidy], rules: Rules) -> list[Row]:
    """Return budget rows and the service company's rows with the subsidies in them (equations 5, 6, 13, 14).

    A subsidy goes to who invests: it lowers what the owner's budget pays, or the service company's outlay.
    """
    return [_with(one, found, rules) for one in rows]


def _with(one: Row, found: list[Subsidy], rules: Rules) -> Row:
    weights = {s.amount: _weight(one, s, rules) for s in found}
    joined = {amount: weight for amount, weight in weights.items() if weight}
    if not joined:
        return one
    index = np.concatenate([one.index, list(joined)]).astype(np.intp)
    return replace(one, index=index, coef=np.concatenate([one.coef, -np.array(list(joined.values()))]))


def _weight(one: Row, subsidy: Subsidy, rules: Rules) -> float:
    """Return by how much 1 CNY of a subsidy lowers the left side of a row."""
    lane = LANES[subsidy.offer.lane]
    if one.family in ("budget", "yearly_budget"):
        year = 0 if one.family == "budget" else int(one.label.removeprefix("budget_year_")) - 1
        in_time = subsidy.year <= year if rules.carry_over else subsidy.year == year
        return float(lane not in SERVICE_LANES and (in_time or one.family == "budget"))
    if one.label == f"service_value_{subsidy.contract}_{lane}":
        return float((1.0 + rules.contract_terms.hurdle_rate) ** -subsidy.year)
    return float(one.label == f"service_payback_{subsidy.contract}_{lane}")
