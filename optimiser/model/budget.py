"""Budgets: one, by year with or without carry-over, and parts bound to a purpose (equations 5 to 7)."""

from __future__ import annotations

import math
from itertools import chain, combinations

import numpy as np

from optimiser.cube import Cube
from optimiser.model.instance import Columns, Flags, Floats, Row, Segments, row
from optimiser.model.years import year_decides
from optimiser.rules import LANES, OWNER_LANES, BudgetPart, Rules, total_budget_cny

_OWNED = tuple(LANES.index(lane) for lane in OWNER_LANES)


def owned(columns: Columns) -> Flags:
    """Return which columns the owner's budget pays for."""
    return np.isin(columns.lane, _OWNED)


def budget_rows(columns: Columns, segments: Segments, rules: Rules) -> list[Row]:
    """Write equation (5): what the owner pays is at most the budget, or equation (6) where budgets are yearly."""
    paid = np.where(owned(columns), columns.amounts["capital"], 0.0)
    pv = np.where(owned(columns)[segments.column], segments.amounts["capital"], 0.0) if len(segments) else np.zeros(0)
    if not year_decides(rules):
        total = total_budget_cny(rules)
        return [] if math.isinf(total) else [row("budget", "budget", paid, pv, total)]
    return _yearly_rows(columns, segments, rules, paid, pv)


def _yearly_rows(columns: Columns, segments: Segments, rules: Rules, paid: Floats, pv: Floats) -> list[Row]:
    """Write equation (6): spent up to a year (carry-over), or in it, is at most what is given."""
    given = np.array(rules.yearly_budget_cny)
    limits = np.cumsum(given) if rules.carry_over else given
    pv_year = columns.year[segments.column] if len(segments) else np.zeros(0)
    rows = []
    for year, limit in enumerate(limits):
        in_it, pv_in_it = (
            (columns.year <= year, pv_year <= year) if rules.carry_over else (columns.year == year, pv_year == year)
        )
        rows.append(row("yearly_budget", f"budget_year_{year + 1}", paid * in_it, pv * pv_in_it, float(limit)))
    return rows


def budget_part_rows(columns: Columns, segments: Segments, cube: Cube, rules: Rules) -> list[Row]:
    """Write equation (7): money bound to a purpose is spent on it or not at all; one row per set of purposes."""
    if not rules.budget_parts:
        return []
    purpose, pv_purpose = purposes(cube, rules, columns, segments)
    free = total_budget_cny(rules) - sum(part.amount_cny for part in rules.budget_parts)
    pay, pv_pay = owned(columns), owned(columns)[segments.column] if len(segments) else np.zeros(0, dtype=bool)
    package = np.where(pay, columns.amounts["package_capital"], 0.0)
    pv_base = np.where(pay, columns.amounts["capital"] - columns.amounts["package_capital"], 0.0)
    base_purpose = pv_purpose_of(cube, rules, columns)
    rows: list[Row] = []
    parts = range(len(rules.budget_parts))
    for chosen in chain.from_iterable(combinations(parts, size) for size in range(len(parts) + 1)):
        counts = np.array([-1, *chosen])
        spent = package * np.isin(purpose, counts) + pv_base * np.isin(base_purpose, counts)
        pv = (
            np.where(pv_pay & np.isin(pv_purpose, counts), segments.amounts["capital"], 0.0)
            if len(segments)
            else np.zeros(0)
        )
        limit = free + sum(rules.budget_parts[r].amount_cny for r in chosen)
        rows.append(row("budget_part", f"budget_part_{len(rows)}", spent, pv, float(limit)))
    return rows


def purposes(cube: Cube, rules: Rules, columns: Columns, segments: Segments) -> tuple[Floats, Floats]:
    """Return the purpose (place in `budget_parts`, -1 for none) of each column's package and of each PV segment."""
    package = np.full(len(columns), -1)
    for place, part in reversed(list(enumerate(rules.budget_parts))):
        package[serves(cube, part)[columns.building, columns.package]] = place
    pv = pv_purpose_of(cube, rules, columns)
    return package, pv[segments.column] if len(segments) else np.zeros(0)


def pv_purpose_of(cube: Cube, rules: Rules, columns: Columns) -> Floats:
    """Return the purpose that PV beside each column belongs to, -1 for none."""
    found = np.full(len(columns), -1)
    for place, part in reversed(list(enumerate(rules.budget_parts))):
        if part.pv:
            found[_of_buildings(cube, part)[columns.building]] = place
    return found


def _of_buildings(cube: Cube, part: BudgetPart) -> Flags:
    return np.array([not part.buildings or b in part.buildings for b in cube.buildings])


def serves(cube: Cube, part: BudgetPart) -> Flags:
    """Return, over (building, package), whether a package serves the purpose of a budget part.

    A part that names neither packages nor measures, but PV, is for PV only.
    """
    only_pv = part.pv and not (part.packages or part.measures)
    fits = np.array([not only_pv and _package_fits(label, part) for label in cube.packages])
    return _of_buildings(cube, part)[:, None] & fits[None, :]


def _package_fits(label: str, part: BudgetPart) -> bool:
    listed = not part.packages or label in part.packages
    return listed and (not part.measures or bool(set(label.split("+")) & set(part.measures)))
