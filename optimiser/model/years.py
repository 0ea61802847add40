"""Plan years: columns by year with their prices, the end of life first.

And the earliest year that budgets allow (21).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from optimiser.cube import Cube
from optimiser.model.contracts import SERVICE_LANES, Further
from optimiser.model.instance import Columns, Floats, Ints, Row, Segments
from optimiser.rules import Economics, Rules, years

_PRICED = ("capital", "package_capital", "package_upkeep", "outlay")


def year_decides(rules: Rules) -> bool:
    """Tell whether columns must be told apart by year.

    With carry-over and nothing else that depends on the year (subsidies and service companies' values do), a plan is
    possible exactly if its whole cost is at most the whole budget: everything could be done in the last year. The years
    are then set afterwards by `earliest`.
    """
    if years(rules) == 1:
        return False
    return not rules.carry_over or rules.end_of_life_first or values_change(rules)


def values_change(rules: Rules) -> bool:
    """Tell whether the year of the works changes what the objective, a bound, a price, a subsidy or a contract counts.

    Examples
    --------
    >>> values_change(Rules(yearly_budget_cny=(1.0, 1.0)))
    False
    """
    money = "net_present_value" in (rules.objective, *rules.at_least)
    contracts = bool(rules.subsidies) or bool(set(rules.lanes) & set(SERVICE_LANES))
    return years(rules) > 1 and (money or contracts or rules.economics.cost_growth_per_year != 0.0)


def in_year(economics: Economics, amounts: Mapping[str, Floats], year: Ints) -> dict[str, Floats]:
    """Return amounts in the prices of the year of the works (0 for the first).

    Net present value at the plan's start.
    """
    dearer = (1.0 + economics.cost_growth_per_year) ** year
    moved = {name: values * dearer if name in _PRICED else values for name, values in amounts.items()}
    if "income" in moved:
        today = (1.0 + economics.discount_rate) ** -year.astype(float)
        growth = (1.0 + economics.price_growth_per_year) ** year
        moved["net_present_value"] = today * (growth * moved["income"] - moved["outlay"])
    return moved


def by_year(columns: Columns, segments: Segments, rules: Rules) -> tuple[Columns, Segments]:
    """Return columns and segments once per plan year, sorted by building."""
    count = years(rules)
    n, s = len(columns), len(segments)
    at = np.repeat(np.arange(n), count)
    year = np.tile(np.arange(count), n)
    groups = int(columns.group.max(initial=-1)) + 1
    group = np.where(columns.group[at] >= 0, columns.group[at] + year * groups, -1)
    again = columns.take(at)
    expanded = Columns(
        again.building,
        again.package,
        again.lane,
        year,
        again.place,
        again.pv_base,
        group,
        in_year(rules.economics, again.amounts, year),
    )
    piece, piece_year = np.tile(np.arange(s), count), np.repeat(np.arange(count), s)
    pieces = segments.take(piece)
    return expanded, Segments(
        pieces.group + piece_year * groups,
        pieces.column * count + piece_year,
        pieces.width,
        in_year(rules.economics, pieces.amounts, piece_year),
    )


def end_of_life_rows(columns: Columns, cube: Cube, rules: Rules, further: Further) -> list[Row]:
    """Write equation (21): between two classes of end of life a gate per year.

    Earlier classes are not treated after later ones.
    """
    if not rules.end_of_life_first or cube.end_of_life is None:
        return []
    life = cube.end_of_life[columns.building]
    rows: list[Row] = []
    for boundary in np.unique(life)[:-1]:
        for year in range(years(rules) - 1):
            gate = further.add(f"gate_{boundary}_{year + 1}", 1.0, integer=True)
            late = np.flatnonzero((life <= boundary) & (columns.year > year))
            early = np.flatnonzero((life > boundary) & (columns.year <= year))
            rows += _gated(columns, late, gate, 1.0, f"late_{boundary}_{year + 1}")
            rows += _gated(columns, early, gate, -1.0, f"early_{boundary}_{year + 1}")
    return rows


def _gated(columns: Columns, members: Ints, gate: int, sign: float, label: str) -> list[Row]:
    """Return `sum x + g <= 1` (sign 1) or `sum x - g <= 0` (sign -1) for each building among the members."""
    rows = []
    for building in np.unique(columns.building[members]):
        own = members[columns.building[members] == building]
        index = np.concatenate([own, [gate]]).astype(np.intp)
        rows.append(
            Row(
                "end_of_life", f"{label}_{building}", index, np.concatenate([np.ones(len(own)), [sign]]), max(sign, 0.0)
            )
        )
    return rows


def earliest(cost_cny: Floats, order: Ints, rules: Rules) -> Ints | None:
    """Return the first plan year (from 1) in which each building's cost fits, taken in an order.

    None if one never fits.

    Parameters
    ----------
    cost_cny : ndarray, shape (building,)
        What the owner pays; all in prices that do not change over the years.
    order : ndarray of int
        Buildings to be placed, most urgent first. With carry-over the last year always fits.

    Examples
    --------
    >>> earliest(np.array([3.0, 2.0]), np.array([0, 1]), Rules(yearly_budget_cny=(2.0, 4.0))).tolist()
    [2, 1]
    """
    given = np.array(rules.yearly_budget_cny)
    room = np.cumsum(given) if rules.carry_over else given.copy()
    slack = 1e-9 * float(given.sum())
    year_of = np.zeros(len(cost_cny), dtype=np.intp)
    for building in order:
        fits = room + slack >= cost_cny[building]
        if rules.carry_over:
            fits = np.logical_and.accumulate(fits[::-1])[::-1]
        if not fits.any():
            return None
        year = int(fits.argmax())
        room[year:] -= cost_cny[building] if rules.carry_over else 0.0
        room[year] -= 0.0 if rules.carry_over else cost_cny[building]
        year_of[building] = year + 1
    return year_of


def into_years(cost_cny: Floats, order: Ints, rules: Rules) -> Ints:
    """Return a plan year (from 1) for each building taken in an order, each into the year with most money left.

    0 where none fits.

    Examples
    --------
    >>> rules = Rules(yearly_budget_cny=(2.0, 4.0), carry_over=False)
    >>> into_years(np.array([3.0, 2.0, 2.0]), np.array([0, 1, 2]), rules).tolist()
    [2, 1, 0]
    """
    room = np.array(rules.yearly_budget_cny)
    year_of = np.zeros(len(cost_cny), dtype=np.intp)
    for building in order:
        year = int(room.argmax())
        if room[year] >= cost_cny[building]:
            room[year] -= cost_cny[building]
            year_of[building] = year + 1
    return year_of
