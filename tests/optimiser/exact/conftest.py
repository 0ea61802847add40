"""An independent brute force in NumPy: every package, year, lane and contract; PV by linear programme."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.optimize import linprog

from optimiser import Rules
from optimiser.money.subsidies import load_subsidies

LANES = ("own_funds", "guaranteed", "shared_savings", "trusteeship")
SERVICE = (2, 3)
SLACK = 1e-7
GAS = {"calorific": 1.2143 / (35.588 / 3.6) / 0.1229, "shanghai_primary": 1.29971 / (35.588 / 3.6) / 0.28078}


@dataclass
class Line:
    """`fixed + sum of pieces built <= limit` for every combination; `pieces` over (combination, building, segment)."""

    fixed: np.ndarray
    limit: float
    pieces: np.ndarray | None = None


class Enumeration:
    """Every combination of what may be done at each building, arrays of shape (combination, building)."""

    def __init__(self, dataset: xr.Dataset, rules: Rules) -> None:
        self.cube: dict[str, Any] = {str(name): array.values for name, array in dataset.variables.items()}
        self.rules, self.economics = rules, rules.economics
        self.count = len(self.cube["baseline_energy"])
        self.years = len(rules.yearly_budget_cny or (0,))
        self.z = NormalDist().inv_cdf(rules.floor_confidence)
        self.has_pv = "pv_capacity_node" in self.cube
        self._basis()
        options = [np.array(list(self._options(b)), dtype=int).reshape(-1, 4) for b in range(self.count)]
        grid = np.indices([len(o) for o in options]).reshape(self.count, -1)
        chosen = np.stack([o[at] for o, at in zip(options, grid, strict=True)], axis=1)
        self.package, self.year, self.lane, self.place = np.moveaxis(chosen, 2, 0)
        self.touched = self.year > 0
        self.capital = self._take("capital_cost") * self._growth(self.economics.cost_growth_per_year)
        self.saving = self._take("energy_saving")
        self.owned = self.touched & ~np.isin(self.lane, SERVICE)
        self.allowed = self._in_order() & self._contracts()
        self.paid = self._subsidies()
        self.lines = [*self._floors(), *self._at_least(), *self._service()]
        self.value, self.pv_value = self._worth(rules.objective)

    def _basis(self) -> None:
        if "carrier_energy_saving" in self.cube and self.rules.energy_basis != "calorific":
            weight = np.array([1.0, GAS[self.rules.energy_basis]])
            self.cube["energy_saving"] = self.cube["carrier_energy_saving"] @ weight
            self.cube["baseline_energy"] = self.cube["baseline_carrier_energy"] @ weight

    def _options(self, b: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (package, year, lane, place); year 0 is untouched."""
        rules = self.rules
        required = [p for building, p in rules.require if building in (f"b{b}", "*")]
        forbidden = [p for building, p in rules.forbid if building in (f"b{b}", "*")]
        if not required:
            yield 0, 0, 0, 0
        places = range(rules.maximum_contracts) if rules.grouping == "decided" else range(1)
        for p, label in enumerate(map(str, self.cube["package"])):
            measures = set(label.split("+"))
            wrong = any(m in measures and not set(need) <= measures for m, need in rules.prerequisites.items())
            wrong |= any(len(measures & set(group)) > 1 for group in rules.exclusions)
            wrong |= not (self.cube["available"][b, p] if p else rules.allow_pv_only and self.has_pv)
            wrong |= label in forbidden or "*" in forbidden or bool(required and not {label, "*"} & set(required))
            pool = str(self.cube["contract_id"][b]) if rules.contract_lane else ""
            for lane in () if wrong else [x for x in rules.lanes if rules.contract_lane.get(pool, x) == x]:
                yield from ((p, y, LANES.index(lane), k) for y in range(1, self.years + 1) for k in places)

    def _take(self, name: str) -> np.ndarray:
        """Return a cube variable at each choice, 0 where untouched or missing."""
        if name not in self.cube:
            return np.zeros(self.touched.shape)
        values = self.cube[name]
        at = np.arange(self.count)[None]
        return np.where(self.touched, values[at, self.package] if values.ndim > 1 else values[at], 0.0)

    def _growth(self, rate: float) -> np.ndarray:
        return (1.0 + rate) ** np.maximum(self.year - 1, 0)

    def pieces(self, name: str) -> np.ndarray:
        """Return a quantity of PV segments, shape (combination, building, segment)."""
        at = np.arange(self.count)[None]
        width = np.broadcast_to(np.diff(self.cube["pv_capacity_node"], axis=1)[at], (*self.touched.shape, 3))
        used = np.diff(self.cube["pv_self_used_node"], axis=2)[at, self.package]
        cost = width * self.cube["pv_cost_per_kw"][at][:, :, None]
        money = used * 0.80 + (1000.0 * width - used) * 0.4155
        counted = {"none": 0.0 * used, "self_used": used, "all": 1000.0 * width}[self.rules.pv_in_floor]
        table = {"used": used, "counted": counted, "cost": cost, "money": money}
        return table[name] * self.touched[:, :, None]

    def pools(self) -> list[np.ndarray]:
        """Return who is in each contract: given pools, decided places, or each building alone."""
        if self.rules.grouping == "decided":
            return [self.touched & (self.place == k) for k in range(self.rules.maximum_contracts)]
        ids = self.cube["contract_id"] if "contract_id" in self.cube else np.arange(self.count)
        return [self.touched & (ids == k)[None] for k in np.unique(ids)]

    def _in_order(self) -> np.ndarray:
        good = np.ones(len(self.touched), dtype=bool)
        if not self.rules.end_of_life_first:
            return good
        life = self.cube["end_of_life_year"]
        for b in range(self.count):
            for c in range(self.count):
                if life[b] < life[c]:
                    both = self.touched[:, b] & self.touched[:, c]
                    good &= ~(both & (self.year[:, b] > self.year[:, c]))
        return good

    def _contracts(self) -> np.ndarray:
        """Return where each contract has one lane and a size that is allowed."""
        good = np.ones(len(self.touched), dtype=bool)
        for inside in self.pools():
            lowest = np.where(inside, self.lane, 9).min(axis=1)
            good &= (np.where(inside, self.lane, -1).max(axis=1) <= lowest) | ~inside.any(axis=1)
            if self.rules.grouping == "decided":
                size = inside.sum(axis=1)
                large = size > (self.rules.contract_size_max or self.count)
                good &= ~((size > 0) & ((size < self.rules.contract_size_min) | large))
        return good

    def _subsidies(self) -> list[np.ndarray]:
        """Return what the best scheme pays each contract, shape (combination, year)."""
        found = []
        for inside in self.pools():
            best = np.zeros((len(inside), self.years))
            for name in self.rules.subsidies:
                paid = self._scheme(name, inside)
                best = np.where(paid.sum(axis=1, keepdims=True) > best.sum(axis=1, keepdims=True), paid, best)
            found.append(best)
        return found

    def _scheme(self, name: str, inside: np.ndarray) -> np.ndarray:
        scheme = load_subsidies().schemes[name]
        coal, area = self.saving * 0.1229e-3 * inside, self._take("floor_area") * inside
        lane = np.where(inside, self.lane, -1).max(axis=1)
        per_tce = np.array([0.0, *(scheme.rate_cny_per_tce.get(one, 0.0) for one in LANES)])[lane + 1]
        before = (self._take("baseline_energy") * inside).sum(axis=1)
        fraction = (self.saving * inside).sum(axis=1) / np.maximum(before, 1e-9) + 1e-12
        per_m2 = np.zeros(len(inside))
        for step in scheme.rate_cny_per_m2:
            per_m2 = np.where(fraction >= step.minimum_saving_fraction, np.maximum(per_m2, step.rate), per_m2)
        good = (coal.sum(axis=1) >= scheme.minimum_coal_t_per_year) & (fraction >= scheme.minimum_saving_fraction)
        good &= area.sum(axis=1) >= scheme.minimum_floor_area_m2
        good &= np.array([False, *(one in scheme.lanes for one in LANES)])[lane + 1]
        share = np.inf if scheme.maximum_share_of_investment is None else scheme.maximum_share_of_investment
        by_year = []
        for year in range(1, self.years + 1):
            now = inside & (self.year == year)
            rate = per_tce * (coal * now).sum(axis=1) + per_m2 * (area * now).sum(axis=1)
            most = share * (self.capital * now).sum(axis=1) if share < np.inf else np.inf
            by_year.append(np.minimum(rate, most) * good)
        paid = np.stack(by_year, axis=1)
        total = np.maximum(paid.sum(axis=1, keepdims=True), 1e-9)
        return paid * np.minimum(1.0, (scheme.cap_cny or np.inf) / total)

    def _floors(self) -> Iterator[Line]:
        counted = self.pieces("counted") if self.has_pv else None
        short = self.rules.minimum_saving_fraction * self._take("baseline_energy") - self.saving
        short = short + self.z * self._take("energy_saving_std_common")
        own = self._take("energy_saving_std") ** 2
        everyone = {"building": [self.touched & (np.arange(self.count) == b)[None] for b in range(self.count)]}
        everyone |= {"portfolio": [self.touched], "contract": self.pools()}
        for inside in everyone[self.rules.floor_scope]:
            fixed = (short * inside).sum(axis=1) + self.z * np.sqrt((own * inside).sum(axis=1))
            yield Line(fixed, 0.0, None if counted is None else -counted * inside[:, :, None])

    def _at_least(self) -> Iterator[Line]:
        for name, bound in self.rules.at_least.items():
            value, pv = self._worth(name, subsidy=False)
            yield Line(-value, -bound, None if pv is None else -pv)

    def _lifetime(self, life: np.ndarray) -> np.ndarray:
        """Return the cost over 20 years of 1 CNY of equipment, bought again at each end of life."""
        growth, total = 1.0 + self.economics.cost_growth_per_year, np.zeros(life.shape)
        for again in range(20):
            year = again * life
            left = np.clip((year + life - 20.0) / life, 0.0, 1.0)
            total += np.where(year < 20.0, growth**year * (1.04**-year - left * 1.04**-20.0), 0.0)
        return total

    def _worth(self, name: str, *, subsidy: bool = True) -> tuple[np.ndarray, np.ndarray | None]:
        """Return an objective quantity of packages (combination,) and of PV segments."""
        used = self.pieces("used") if self.has_pv else None
        if name == "saving":
            return self.saving.sum(axis=1), used
        if name == "excess_saving":
            above = self.saving - self.rules.minimum_saving_fraction * self._take("baseline_energy")
            return above.sum(axis=1), self.pieces("counted") if self.has_pv else None
        if name == "carbon":
            return self._take("carbon_saving").sum(axis=1), None if used is None else used * 0.00042
        grown = 1.0 + self.economics.price_growth_per_year
        annuity = sum(grown ** (t - 1) * 1.04**-t for t in range(1, 21))
        life = np.where(self._take("package_life") > 0, self._take("package_life"), 20.0)
        today = 1.04 ** -np.maximum(self.year - 1.0, 0.0)
        income = self._growth(self.economics.price_growth_per_year) * self._take("annual_cost_saving")
        upkeep = self._take("annual_upkeep_cost") * self._growth(self.economics.cost_growth_per_year)
        value = (today * (annuity * (income - upkeep) - self.capital * self._lifetime(life))).sum(axis=1)
        if subsidy:
            value = value + sum(paid @ 1.04 ** -np.arange(float(self.years)) for paid in self.paid)
        if not self.has_pv:
            return value, None
        cost = self.pieces("cost")
        return value, annuity * (self.pieces("money") - 0.01 * cost) - cost * (1 - 0.2 * 1.04**-20)

    def _service(self) -> Iterator[Line]:
        """Yield value and payback of the service company of each contract over its term."""
        terms = self.rules.contract_terms
        year = np.arange(terms.term_years + 1.0)
        hurdle, most = 1.0 + terms.hurdle_rate, terms.payback_share_of_term * terms.term_years
        trust = (self.lane == 3)[:, :, None]
        shares = np.array([*terms.service_share, *[terms.service_share[-1]] * terms.term_years])[: terms.term_years]
        part = np.where(trust, 1.0, shares)
        flow = self._flow(year, part, terms.trusteeship_discount)
        start = hurdle ** -np.maximum(self.year - 1.0, 0.0)
        served = np.isin(self.lane, SERVICE) & self.touched
        value, lack = start * (flow @ hurdle**-year), -flow[:, :, 0] - most * flow[:, :, 1:].mean(axis=2)
        if self.rules.esco_capital_cny is not None:
            outlay = (-flow[:, :, 0] * served).sum(axis=1)
            yield Line(outlay, self.rules.esco_capital_cny, self._if_served("cost", served))
        weight = hurdle ** -year[1:]
        for inside, paid in zip(self.pools(), self.paid, strict=True):
            own = inside & served
            got = paid * own.any(axis=1)[:, None]
            today = hurdle ** -np.arange(float(self.years))
            cost, money = self._if_served("cost", own), self._if_served("money", own)
            pv, pv_lack = None, None
            if cost is not None and money is not None:
                pv = cost * (1 + 0.01 * weight.sum()) - (part @ weight)[:, :, None] * money
                pv_lack = cost * (1 + 0.01 * most) - most * part.mean(axis=2)[:, :, None] * money
            yield Line(-(value * own).sum(axis=1) - got @ today, 0.0, pv)
            yield Line((lack * own).sum(axis=1) - got.sum(axis=1), 0.0, pv_lack)

    def _flow(self, year: np.ndarray, part: np.ndarray, discount: float) -> np.ndarray:
        """Return the service company's money, shape (combination, building, year of the term)."""
        trust, last = self.lane == 3, year[-1]
        life = np.where(self._take("package_life") > 0, self._take("package_life"), 20.0)[:, :, None]
        again = sum((year == n * life) & (year > 0) & (year < last) for n in range(1, int(last) + 1))
        prices = self._growth(self.economics.price_growth_per_year)
        saved, baseline = (prices * self._take(name) for name in ("annual_cost_saving", "annual_cost_baseline"))
        upkeep = self._take("annual_upkeep_cost") * self._growth(self.economics.cost_growth_per_year)
        income = part * saved[:, :, None] - (upkeep + np.where(trust, discount * baseline, 0.0))[:, :, None]
        works = np.where(trust, self._take("obligatory_works_cost"), 0.0)
        flow = np.concatenate([-(self.capital + works)[:, :, None], income], axis=2)
        return flow - again * self.capital[:, :, None]

    def _if_served(self, name: str, inside: np.ndarray) -> np.ndarray | None:
        return self.pieces(name) * inside[:, :, None] if self.has_pv else None

    def _budgets(self, rules: Rules) -> Iterator[Line]:
        if rules.yearly_budget_cny is None:
            limits = [] if rules.budget_cny is None else [((1,), float(rules.budget_cny))]  # type: ignore[arg-type]
        elif rules.carry_over:
            given = np.cumsum(rules.yearly_budget_cny)
            limits = [(tuple(range(1, y + 2)), float(limit)) for y, limit in enumerate(given)]
        else:
            limits = [((y + 1,), float(limit)) for y, limit in enumerate(rules.yearly_budget_cny)]
        for members, limit in limits:
            inside = self.owned & np.isin(self.year, members)
            fixed = (self.capital * inside).sum(axis=1)
            for pool, paid in zip(self.pools(), self.paid, strict=True):
                now = [y - 1 for y in members]
                fixed = fixed - paid[:, now].sum(axis=1) * (pool & self.owned).any(axis=1)
            yield Line(fixed, limit, self._if_served("cost", inside))
        yield from self._parts(rules)

    def _parts(self, rules: Rules) -> Iterator[Line]:
        """Yield, for every set of purposes, that what is not theirs fits into the money left for it (no PV)."""
        if not rules.budget_parts:
            return
        total = float(rules.budget_cny)  # type: ignore[arg-type]
        labels = np.array([str(x) for x in self.cube["package"]])
        spent, left = [], self.capital * self.owned
        for part in rules.budget_parts:
            fits = np.array([not part.packages or label in part.packages for label in labels])
            fits &= np.array([not part.measures or bool(set(part.measures) & set(x.split("+"))) for x in labels])
            at = np.array([not part.buildings or f"b{b}" in part.buildings for b in range(self.count)])
            own = fits[self.package] & at[None]
            spent.append((left * own).sum(axis=1))
            left = left * ~own
        over = sum(np.maximum(s - p.amount_cny, 0.0) for s, p in zip(spent, rules.budget_parts, strict=True))
        yield Line(left.sum(axis=1) + over, total - sum(part.amount_cny for part in rules.budget_parts))

    def best(self, rules: Rules) -> float | None:
        """Return the best objective under the budgets of `rules`, None if no combination is allowed."""
        lines = [*self.lines, *self._budgets(rules)]
        good, most = self.allowed.copy(), self.value.copy()
        for line in lines:
            least = line.fixed + (0.0 if line.pieces is None else np.minimum(line.pieces, 0.0).sum(axis=(1, 2)))
            good &= least <= line.limit + SLACK * max(1.0, abs(line.limit))
        if not self.has_pv:
            return float(self.value[good].max()) if good.any() else None
        most = most + np.maximum(self.pv_value, 0.0).sum(axis=(1, 2))
        best: float | None = None
        for at in np.flatnonzero(good)[np.argsort(-most[good], kind="stable")]:
            if best is not None and most[at] <= best:
                break
            found = self._with_pv(int(at), lines)
            best = found if best is None or (found is not None and found > best) else best
        return best

    def _with_pv(self, at: int, lines: Sequence[Line]) -> float | None:
        """Return the best objective of one combination over its PV sizes."""
        rows = [(np.zeros(self.count * 3) if x.pieces is None else x.pieces[at].ravel(), x) for x in lines]
        limits = [x.limit + 1e-9 * max(1.0, abs(x.limit)) - x.fixed[at] for _, x in rows]
        gain = self.pv_value[at].ravel()
        result = linprog(-gain, np.array([coef for coef, _ in rows]), limits, bounds=(0, 1), method="highs")
        return float(self.value[at] - result.fun) if result.status == 0 else None


@pytest.fixture(scope="session")
def enumeration() -> Callable[[xr.Dataset, Rules], Enumeration]:
    return Enumeration
