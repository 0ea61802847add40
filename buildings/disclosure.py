"""The disclosure table of a district: energy per floor area, per head, water per head, and the change of a year."""

from __future__ import annotations

from collections.abc import Sequence

from buildings.bills import annual, full_years, reports
from buildings.building import Building
from buildings.export import Cell
from buildings.yardsticks import load_yardsticks
from datafile import Frozen

HEADERS: dict[str, tuple[str, ...]] = {
    "en": (
        "unit", "name", "town", "buildings", "floor area [m2]", "people", "year", "electricity [kWh]", "gas [m3]",
        "water [m3]", "energy [tce]", "energy per floor area [kgce/m2]", "energy per head [kgce/person]",
        "water per head [m3/person]", "energy per floor area, change on the year [%]",
        "energy per head, change on the year [%]", "water per head, change on the year [%]", "note",
    ),
    "zh": (
        "单位编号", "名称", "街镇", "建筑数", "建筑面积 [m2]", "用能人数", "年份", "用电量 [kWh]", "天然气 [m3]",
        "用水量 [m3]",
        "综合能耗 [吨标准煤]", "单位建筑面积能耗 [kgce/m2]", "人均综合能耗 [kgce/人]", "人均用水量 [m3/人]",
        "单位建筑面积能耗同比 [%]", "人均综合能耗同比 [%]", "人均用水量同比 [%]", "备注",
    ),
}
NOTES: dict[str, dict[str, str]] = {
    "en": {"incomplete": "bills of the year incomplete", "illustrative": "illustrative", "": ""},
    "zh": {"incomplete": "当年账单不完整", "illustrative": "示例数据", "": ""},
}


class Disclosure(Frozen):
    """One unit and year of the disclosure table; None where bills are missing. Changes are fractions."""

    unit: str
    name: str
    town: str
    buildings: int
    floor_area_m2: float
    people: float
    year: int
    electricity_kwh: float | None
    gas_m3: float | None
    water_m3: float | None
    energy_kgce: float | None
    energy_kgce_per_m2: float | None
    energy_kgce_per_person: float | None
    water_m3_per_person: float | None
    energy_per_m2_change: float | None = None
    energy_per_person_change: float | None = None
    water_per_person_change: float | None = None
    illustrative: bool


def disclose(buildings: Sequence[Building], year: int | None = None) -> tuple[Disclosure, ...]:
    """Return the disclosure table, one row per unit; buildings of one compound are one unit.

    Coal equivalent is calorific (`data/benchmarks.yaml`). A year counts when all twelve months of electricity are
    known for every building of the unit; floor area and people are those of the registry in both years.

    Parameters
    ----------
    buildings : sequence of Building
        With bills.
    year : int, optional
        Calendar year to disclose; the latest one of which any building has all twelve months without it.

    Returns
    -------
    tuple of Disclosure
        In the order of the registry; units without a full year have None.

    Raises
    ------
    InputError
        If the data file of the coal factors is broken.
    """
    years = [full for building in buildings for full in full_years(building.bills)]
    if year is None:
        year = max(years, default=0)
    units: dict[str, list[Building]] = {}
    for building in buildings:
        units.setdefault(building.compound_id, []).append(building)
    return tuple(_with_changes(_unit(name, members, year), _unit(name, members, year - 1))
                 for name, members in units.items())


def _unit(name: str, members: Sequence[Building], year: int) -> Disclosure:
    coal = load_yardsticks().coal
    area = sum(building.floor_area_m2 for building in members)
    people = sum(building.occupants for building in members)
    electricity = _total(members, "electricity_kwh", year)
    gas = _total([b for b in members if reports(b.bills, "gas_m3")], "gas_m3", year)
    water = _total(members, "water_m3", year)
    energy = None
    if electricity is not None and gas is not None:
        energy = electricity * coal.electricity_kgce_per_kwh + gas * coal.gas_kgce_per_m3
    return Disclosure(
        unit=name, name=members[0].name if len(members) == 1 else name, town=members[0].town, buildings=len(members),
        floor_area_m2=area, people=people, year=year, electricity_kwh=electricity, gas_m3=gas, water_m3=water,
        energy_kgce=energy, energy_kgce_per_m2=_over(energy, area), energy_kgce_per_person=_over(energy, people),
        water_m3_per_person=_over(water, people), illustrative=any(building.illustrative for building in members),
    )


def _total(members: Sequence[Building], column: str, year: int) -> float | None:
    values = [annual(building.bills, column, year) for building in members]
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _over(amount: float | None, base: float) -> float | None:
    return None if amount is None else amount / base


def _with_changes(now: Disclosure, before: Disclosure) -> Disclosure:
    def change(field: str) -> float | None:
        new, old = getattr(now, field), getattr(before, field)
        return None if new is None or not old else new / old - 1

    return now.model_copy(update={
        "energy_per_m2_change": change("energy_kgce_per_m2"),
        "energy_per_person_change": change("energy_kgce_per_person"),
        "water_per_person_change": change("water_m3_per_person"),
    })


def disclosure_table(rows: Sequence[Disclosure], language: str = "en") -> tuple[tuple[str, ...], list[list[Cell]]]:
    """Return header and cells of the disclosure table in a language.

    Parameters
    ----------
    rows : sequence of Disclosure
        Units.
    language : {'en', 'zh'}
        Language of header and notes.

    Returns
    -------
    tuple of header and rows
        Changes in per cent, coal equivalent of the unit in t.

    Raises
    ------
    KeyError
        If the language is another one.
    """
    notes = NOTES[language]
    return HEADERS[language], [_cells(row, notes) for row in rows]


def _cells(row: Disclosure, notes: dict[str, str]) -> list[Cell]:
    told = [notes["illustrative"] if row.illustrative else "", notes["incomplete"] if row.energy_kgce is None else ""]
    return [
        row.unit, row.name, row.town, row.buildings, row.floor_area_m2, row.people, row.year, row.electricity_kwh,
        row.gas_m3, row.water_m3, _scaled(row.energy_kgce, 0.001), row.energy_kgce_per_m2, row.energy_kgce_per_person,
        row.water_m3_per_person, _scaled(row.energy_per_m2_change, 100), _scaled(row.energy_per_person_change, 100),
        _scaled(row.water_per_person_change, 100), "; ".join(note for note in told if note),
    ]


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
