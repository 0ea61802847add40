"""Bills that are possible but strange: gaps, estimates, merged or doubled months, meter changes, odd costs."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Mapping, Sequence

from buildings.bills import BillRow
from buildings.building import Building, MonthlyBill
from buildings.spreadsheet import Traps, load_columns
from vocabulary import Fault

Months = Mapping[int, float]
"""Amounts by running month (year x 12 + month - 1), all above 0."""
LEAST_PAIRS = 3
SERIES = ("electricity_kwh", "gas_m3", "water_m3")


def strange_bills(rows: Sequence[BillRow], buildings: Sequence[Building], file: str) -> list[Fault]:
    """Find strange bills of every building.

    Gaps; estimated readings; months that look merged, doubled or far off the same month of other years; a level that
    changes for good (a meter change, unless a retrofit is on record for that month); intensities and costs that no
    office has.

    Parameters
    ----------
    rows : sequence of BillRow
        Bills with their rows.
    buildings : sequence of Building
        The registry.
    file : str
        File name for messages.

    Returns
    -------
    list of Fault
        One line per finding, with row and column.
    """
    own: dict[str, list[BillRow]] = {}
    for row in rows:
        own.setdefault(row.building_id, []).append(row)
    strange = []
    for building in buildings:
        months = sorted(own.get(building.building_id, []), key=_running)
        if months:
            strange += _of_building(months, building, file)
    return strange


def _of_building(rows: Sequence[BillRow], building: Building, file: str) -> list[Fault]:
    strange = _gaps(rows, file)
    strange += [
        Fault(file, f"row {row.number}, column reading", "an estimated reading", "a metered reading")
        for row in rows if row.bill.reading == "estimated"
    ]
    for column in SERIES:
        strange += _odd_series(rows, column, building.retrofit_month, file)
    return strange + _odd_intensity(rows, building, file) + _odd_costs(rows, file)


def _running(row: BillRow) -> int:
    return row.bill.year * 12 + row.bill.month_of_year - 1


def _word(month: int) -> str:
    return f"{month // 12}-{month % 12 + 1:02d}"


def _amount(row: BillRow, column: str) -> float | None:
    value = getattr(row.bill, column)
    return None if value is None else float(value)


def _gaps(rows: Sequence[BillRow], file: str) -> list[Fault]:
    known = {_running(row) for row in rows}
    missing = sorted(set(range(min(known), max(known) + 1)) - known)
    if not missing:
        return []
    after = next(row for row in rows if _running(row) > missing[0])
    words = ", ".join(map(_word, missing[:6])) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
    return [Fault(file, f"row {after.number}, column month", f"{rows[0].building_id} has no bill of {words}",
                  "every month")]


def level_shift(amounts: Months, traps: Traps) -> tuple[int, float] | None:
    """Find the month from which a series stays at another level, as after a change of meter.

    Months of the year are compared with themselves before and after each possible break, so seasons do not count; the
    break that leaves the least scatter is taken.

    Parameters
    ----------
    amounts : mapping of int to float
        By running month, above 0.
    traps : Traps
        `level_shift_factor`, and `scatter_multiple`: how far a shift must stand above the scatter that it leaves.

    Returns
    -------
    tuple of int and float, or None
        Running month and factor; None where there is no shift, or fewer than three months of the year on both sides.

    Examples
    --------
    >>> start, factor = level_shift({m: 100.0 if m < 17 else 50.0 for m in range(36)}, load_columns().traps)
    >>> start, round(factor, 6)
    (17, 0.5)
    """
    logs = {month: math.log(amount) for month, amount in amounts.items()}
    plain = _scatter(logs, None)
    best: tuple[float, int, float] | None = None
    for start in sorted(logs)[LEAST_PAIRS:len(logs) - LEAST_PAIRS + 1]:
        shift = _shift(logs, start)
        if shift is not None:
            scatter = _scatter({m: log - shift * (m >= start) for m, log in logs.items()}, start)
            best = min(best or (math.inf, 0, 0.0), (scatter, start, shift))
    if best is None:
        return None
    scatter, start, shift = best
    clear = abs(shift) > max(math.log(traps.level_shift_factor), traps.scatter_multiple * scatter)
    return (start, math.exp(shift)) if clear and scatter < plain else None


def lasting_change(bills: Sequence[MonthlyBill]) -> str:
    """Return in words whether electricity or gas stays at another level from some month on; empty where neither does.

    Examples
    --------
    >>> years = [MonthlyBill(month=f"{y}-{m:02d}", electricity_kwh=9e3 if y < 2024 else 6e3)
    ...          for y in (2023, 2024) for m in range(1, 13)]
    >>> lasting_change(years)
    'electricity_kwh: 0.67 times the level of the months before, from 2024-01 on (a change of meter or of its factor?)'
    """
    for column in SERIES[:2]:
        given = {bill.year * 12 + bill.month_of_year - 1: float(value) for bill in bills
                 if (value := getattr(bill, column)) is not None}
        shift = level_shift(_in_season(given, column), load_columns().traps)
        if shift is not None:
            return (f"{column}: {shift[1]:.2g} times the level of the months before, from {_word(shift[0])} on "
                    "(a change of meter or of its factor?)")
    return ""


def _in_season(given: Months, column: str) -> dict[int, float]:
    """Return the months that can be held against others: not those as good as empty, and of gas the season's only."""
    if not any(value > 0 for value in given.values()):
        return {}
    traps = load_columns().traps
    least = traps.empty_month_fraction * statistics.median(value for value in given.values() if value > 0)
    if column == "gas_m3":
        seasons: dict[int, list[float]] = {}
        for month, value in given.items():
            seasons.setdefault(month % 12, []).append(value)
        usual = {season: statistics.median(values) for season, values in seasons.items()}
        cold = {season for season, value in usual.items() if value >= traps.season_month_fraction * max(usual.values())}
        return {month: value for month, value in given.items() if month % 12 in cold and value > least}
    return {month: value for month, value in given.items() if value > least}


def _shift(logs: Mapping[int, float], start: int) -> float | None:
    """Return the median change of the months of the year that are known before and after a break."""
    changes = []
    for season in range(12):
        before = [log for month, log in logs.items() if month % 12 == season and month < start]
        after = [log for month, log in logs.items() if month % 12 == season and month >= start]
        if before and after:
            changes.append(statistics.median(after) - statistics.median(before))
    return statistics.median(changes) if len(changes) >= LEAST_PAIRS else None


def _scatter(logs: Mapping[int, float], start: int | None) -> float:
    """Return the mean distance of months from the median of their month of the year."""
    seasons: dict[int, list[float]] = {}
    for month, log in logs.items():
        seasons.setdefault(month % 12, []).append(log)
    off = [abs(log - statistics.median(own)) for own in seasons.values() if len(own) > 1 for log in own]
    return statistics.fmean(off) if off else 0.0


def _odd_series(rows: Sequence[BillRow], column: str, retrofit_month: str | None, file: str) -> list[Fault]:
    """Find a change of level, and months far off what the others lead to expect."""
    traps = load_columns().traps
    given = {_running(row): (row, value) for row in rows if (value := _amount(row, column)) is not None}
    amounts = _in_season({month: value for month, (_, value) in given.items()}, column)
    if len(amounts) < 6:
        return []
    strange = []
    seasons = {month % 12 for month in amounts} if column == "gas_m3" else range(12)
    shift = level_shift(amounts, traps)
    if shift is not None:
        start, factor = shift
        if not _is_retrofit(start, retrofit_month):
            strange.append(Fault(file, f"row {given[start][0].number}, column {column}",
                                 f"{factor:.2g} times the level of the months before, from {_word(start)} on",
                                 "one level (a change of meter or of its factor?)"))
        amounts = {month: value / (factor if month >= start else 1) for month, value in amounts.items()}
    for month, (row, value) in given.items():
        if column == "gas_m3" and month not in amounts:  # summer's gas is a canteen's, and small enough to vary
            continue
        level = shift[1] if shift is not None and month >= shift[0] else 1.0
        found = _odd_month(month, value / level, amounts, traps, seasons)
        if found:
            usual, why = found
            strange.append(Fault(file, f"row {row.number}, column {column}", f"{value:g}",
                                 f"near {usual * level:.4g} ({why})"))
    return strange


def _is_retrofit(start: int, retrofit_month: str | None) -> bool:
    if retrofit_month is None:
        return False
    return abs(start - (int(retrofit_month[:4]) * 12 + int(retrofit_month[5:]) - 1)) <= 2


def _odd_month(
    month: int, value: float, amounts: Months, traps: Traps, seasons: Collection[int]
) -> tuple[float, str] | None:
    """Return what a month should be near and what may have happened, None where it is in order.

    Only a month of the seasons (0 to 11) in which there should be use can have left its own to another.
    """
    usual, limit = _usual(month, amounts, traps)
    beside = [other for other in (month - 1, month + 1)
              if min(amounts) <= other <= max(amounts) and other % 12 in seasons]
    empty = traps.empty_month_fraction * statistics.median(amounts.values())
    if any(amounts.get(other, 0.0) < empty for other in beside) and value > traps.merged_month_factor * usual:
        return usual, "two months in one bill?"
    if usual / limit <= value <= usual * limit:
        return None
    if value < usual and _in_a_valley(month, value, amounts, limit):
        return None
    if value < usual:
        return usual, "a part of a month, or billed with the next?"
    return usual, "a month counted twice, or a wrong unit?"


def _in_a_valley(month: int, value: float, amounts: Months, limit: float) -> bool:
    """Whether a low month, of which at most one other year is known, is near that one or a month beside it."""
    same = [amount for other, amount in amounts.items() if other != month and (other - month) % 12 == 0]
    beside = [amounts[other] for other in (month - 1, month + 1) if other in amounts]
    return len(same) < 2 and any(near / limit <= value <= near * limit for near in same + beside)


def _usual(month: int, amounts: Months, traps: Traps) -> tuple[float, float]:
    """Return what a month should be near, from other years and the months around it, and by what factor it may be off.

    Medians throughout, so that one odd month does not make its neighbours look odd.
    """
    same = [amount for other, amount in amounts.items() if other != month and (other - month) % 12 == 0]
    around = [amounts[other] for other in range(month - 2, month + 3) if other != month and other in amounts]
    if same:
        return statistics.median([*same, statistics.median(around)] if around else same), traps.usual_month_factor
    if len(around) >= LEAST_PAIRS:
        return statistics.median(around), traps.usual_month_factor
    return statistics.median(amounts.values()), traps.month_jump_factor


def _odd_intensity(rows: Sequence[BillRow], building: Building, file: str) -> list[Fault]:
    traps = load_columns().traps
    bases = {
        "electricity_kwh": (building.floor_area_m2, traps.electricity_plausible_kwh_per_m2_year, "kWh/m2 a year"),
        "gas_m3": (building.floor_area_m2, traps.gas_plausible_m3_per_m2_year, "m3/m2 a year"),
        "water_m3": (building.occupants, traps.water_plausible_m3_per_person_year, "m3/person a year"),
    }
    strange = []
    for column, (base, (low, high), unit) in bases.items():
        given = [value for row in rows if (value := _amount(row, column)) is not None]
        intensity = 12 * sum(given) / len(given) / base if given else low
        if not low <= intensity <= high:
            strange.append(Fault(file, f"row {rows[0].number} and {len(rows) - 1} more of {building.building_id}, "
                                 f"column {column}", f"{intensity:.3g} {unit}", f"usually {low:g} to {high:g}"))
    return strange


def _odd_costs(rows: Sequence[BillRow], file: str) -> list[Fault]:
    """Find buildings whose costs do not fit the amounts: a carrier in another unit, or a cost in 10^4 CNY."""
    traps = load_columns().traps
    prices = {"electricity_kwh": traps.price_electricity_cny_per_kwh, "gas_m3": traps.price_gas_cny_per_m3,
              "water_m3": traps.price_water_cny_per_m3}
    pairs = [(sum((_amount(row, column) or 0.0) * price for column, price in prices.items()), row.bill.cost_cny)
             for row in rows]
    worth = sum(amount for amount, cost in pairs if cost is not None)
    paid = sum(cost for _, cost in pairs if cost is not None)
    low, high = traps.cost_plausible_fraction
    if worth <= 0 or low <= paid / worth <= high:
        return []
    return [Fault(file, f"row {rows[0].number} and {len(rows) - 1} more of {rows[0].building_id}, column cost_cny",
                  f"{paid:,.0f} CNY for energy and water worth about {worth:,.0f}",
                  "costs that fit the amounts (another unit in a column?)")]
