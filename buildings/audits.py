"""Energy audits: which institutions are due, why, and how many above scale are covered."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from buildings.bills import annual, full_years, known_of_year, reports
from buildings.building import Building
from buildings.yardsticks import AuditRule, load_yardsticks
from datafile import Frozen


class AuditDue(Frozen):
    """One building: above scale or not, last audit, and the reasons why an audit is due (none: not due)."""

    building_id: str
    name: str
    illustrative: bool
    floor_area_m2: float
    energy_tce: float | None
    electricity_kwh: float | None
    above_scale: bool
    last_audit_date: datetime.date | None
    covered: bool
    reasons: tuple[str, ...]

    @property
    def due(self) -> bool:
        """Whether an audit is due."""
        return bool(self.reasons)


def audits_due(
    buildings: Sequence[Building], today: datetime.date, previous: Sequence[Building] = ()
) -> tuple[AuditDue, ...]:
    """Tell which buildings are due for an audit and why.

    Above scale: yearly energy, electricity or floor area reaches the threshold (order 32 of 2016; figures in
    `data/benchmarks.yaml`). Due: audited more than five years ago; above scale and never audited; floor area, use or
    yearly energy strongly changed since the last audit (against the earlier registry, and between the full years of
    bills since then).

    Parameters
    ----------
    buildings : sequence of Building
        As they are now, with bills where there are any.
    today : date
        Day of the answer.
    previous : sequence of Building, optional
        The registry as it was at the last audits.

    Returns
    -------
    tuple of AuditDue
        In the order of the buildings.

    Raises
    ------
    InputError
        If the data file of the triggers is broken.
    """
    rule = load_yardsticks().audit
    before = {building.building_id: building for building in previous}
    return tuple(_audit(building, today, before, rule) for building in buildings)


def _audit(
    building: Building, today: datetime.date, before: Mapping[str, Building], rule: AuditRule
) -> AuditDue:
    electricity, energy = _latest_year(building)
    above = (
        building.floor_area_m2 >= rule.scale_floor_area_m2
        or (electricity or 0.0) >= rule.scale_electricity_kwh
        or (energy or 0.0) >= rule.scale_tce
    )
    last = building.last_audit_date
    recent = last is not None and not _older(last, today, rule.interval_years)
    reasons = []
    if last is not None and not recent:
        reasons.append(f"last audit over {rule.interval_years:g} years ago")
    if last is None and above:
        reasons.append("above scale and never audited")
    if building.building_id in before:
        reasons += _changes(building, before[building.building_id], rule)
    reasons += _energy_change(building, rule)
    return AuditDue(
        building_id=building.building_id, name=building.name, illustrative=building.illustrative,
        floor_area_m2=building.floor_area_m2, energy_tce=energy, electricity_kwh=electricity, above_scale=above,
        last_audit_date=last, covered=recent, reasons=tuple(reasons),
    )


def _older(last: datetime.date, today: datetime.date, years: float) -> bool:
    """Return whether more than `years` calendar years have passed (29 February counts as 1 March)."""
    whole = int(years)
    try:
        limit = last.replace(year=last.year + whole)
    except ValueError:
        limit = datetime.date(last.year + whole, 3, 1)
    return today > limit + datetime.timedelta(days=round(365.25 * (years - whole)))


def _latest_year(building: Building) -> tuple[float | None, float | None]:
    """Return electricity [kWh] and energy [t of standard coal] of the latest full year."""
    years = full_years(building.bills)
    return (None, None) if not years else _year(building, years[-1])


def _year(building: Building, year: int) -> tuple[float | None, float | None]:
    coal = load_yardsticks().coal
    electricity = annual(building.bills, "electricity_kwh", year)
    if electricity is None:
        return None, None
    gas, _ = known_of_year(building.bills, "gas_m3", year)
    energy = electricity * coal.electricity_kgce_per_kwh + gas * coal.gas_kgce_per_m3
    return electricity, energy / 1000


def _changes(now: Building, before: Building, rule: AuditRule) -> list[str]:
    reasons = []
    change = now.floor_area_m2 / before.floor_area_m2 - 1
    if abs(change) >= rule.strong_change_fraction:
        reasons.append(f"floor area changed by {change:+.0%}")
    if now.use != before.use:
        reasons.append(f"use changed from {before.use} to {now.use}")
    return reasons


def _energy_change(building: Building, rule: AuditRule) -> list[str]:
    """Compare the latest full year with the first one after the last audit (or the first at all)."""
    years = full_years(building.bills)
    if reports(building.bills, "gas_m3"):
        years = tuple(year for year in years if annual(building.bills, "gas_m3", year) is not None)
    if building.last_audit_date is not None:
        years = tuple(year for year in years if year >= building.last_audit_date.year)
    if len(years) < 2:
        return []
    first, last = _year(building, years[0])[1], _year(building, years[-1])[1]
    if not first or last is None:
        return []
    change = last / first - 1
    return [f"energy changed by {change:+.0%} from {years[0]} to {years[-1]}"] if (
        abs(change) >= rule.strong_change_fraction) else []


def coverage_above_scale(rows: Sequence[AuditDue]) -> float:
    """Return the share of buildings above scale with a valid audit [1]; NaN where none is above scale.

    Parameters
    ----------
    rows : sequence of AuditDue
        The answer of `audits_due`.

    Returns
    -------
    float
        Between 0 and 1, or NaN.

    Examples
    --------
    >>> coverage_above_scale([])
    nan
    """
    above = [row.covered for row in rows if row.above_scale]
    return sum(above) / len(above) if above else float("nan")
