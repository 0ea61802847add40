"""The catalogue: what may be done to a building, where, at what cost, and what it must move in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from pydantic import Field, model_validator

from buildings.datafile import DATA_DIR
from buildings.design import Design, Equipment, SourceSystem
from datafile import Confidence, Frozen, load_yaml
from vocabulary import CARRIERS, END_USES

Slot = Literal[
    "source", "lamps", "lighting_control", "glazing", "shading", "roof", "wall", "ventilation", "terminal_fans",
    "plant_control", "room_control", "plug_load",
]
Quantity = Literal[
    "floor_area", "conditioned_area", "cooling_capacity", "heating_capacity", "pump_motor_power", "tower_fan_power",
    "terminal_count", "ventilation_flow", "window_area", "wall_area", "roof_area",
]
Level = Literal["low", "mid", "high"]
FieldValue: TypeAlias = float | str | bool
QUANTITIES: tuple[str, ...] = get_args(Quantity)
SLOTS: tuple[str, ...] = get_args(Slot)
QUANTITY_UNITS: dict[str, str] = {
    "floor_area": "m2", "conditioned_area": "m2", "cooling_capacity": "kW", "heating_capacity": "kW",
    "pump_motor_power": "kW", "tower_fan_power": "kW", "terminal_count": "1", "ventilation_flow": "m3 h-1",
    "window_area": "m2", "wall_area": "m2", "roof_area": "m2",
}


class CostRange(Frozen):
    """Low, mid and high price of one unit [CNY], with source and confidence."""

    low: float = Field(ge=0)
    mid: float = Field(ge=0)
    high: float = Field(ge=0)
    price_year: int
    source: str
    confidence: Confidence

    @model_validator(mode="after")
    def _ordered(self) -> CostRange:
        if not self.low <= self.mid <= self.high:
            raise ValueError(f"low {self.low}, mid {self.mid}, high {self.high} must ascend")
        return self

    def at(self, level: Level) -> float:
        """Return the price of one unit [CNY] at a level."""
        return {"low": self.low, "mid": self.mid, "high": self.high}[level]


class UnitCost(CostRange):
    """Price per unit of a quantity of the retrofitted building."""

    quantity: Quantity

    @property
    def unit(self) -> str:
        """UDUNITS string of the quantity that the price is for."""
        return QUANTITY_UNITS[self.quantity]


class Change(Frozen):
    """One change of one field of a design: exactly one of `set`, `factor`, `offset`."""

    field: str
    set: FieldValue | None = None
    factor: float | None = Field(default=None, ge=0)
    offset: float | None = None
    only: Literal["lower", "raise", "any"] = "any"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Change:
        if sum(part is not None for part in (self.set, self.factor, self.offset)) != 1:
            raise ValueError("give exactly one of set, factor, offset")
        if self.field not in Design.model_fields or self.field in ("sizing", "replaced_equipment"):
            raise ValueError(f"{self.field!r} is not a field that a measure may change")
        return self

    def apply(self, value: FieldValue) -> FieldValue:
        """Return the field's value after the change.

        Parameters
        ----------
        value : float, str or bool
            Before, in the unit of the field.

        Returns
        -------
        float, str or bool
            After; unchanged where `only` forbids the direction.

        Examples
        --------
        >>> Change(field="infiltration_ach", offset=-0.3, low=0.3, only="lower").apply(0.5)
        0.3
        """
        if isinstance(value, str | bool) or isinstance(self.set, str | bool):
            return value if self.set is None else self.set
        after = self._number(value)
        if (self.only == "lower" and after > value) or (self.only == "raise" and after < value):
            return value
        return after

    def _number(self, value: float) -> float:
        if self.set is not None:
            return float(self.set)
        after = value * self.factor if self.factor is not None else value + (self.offset or 0.0)
        after = after if self.low is None else max(after, min(self.low, value))
        return after if self.high is None else min(after, max(self.high, value))


class FieldRange(Frozen):
    """Condition on one numeric field of the design as it is."""

    field: str
    low: float | None = None
    high: float | None = None

    def holds(self, design: Design) -> bool:
        """Return whether the field lies in the range, ends included."""
        value = float(getattr(design, self.field))
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


class Needs(Frozen):
    """Where a measure makes sense: source system before and after the package, other measures, field ranges."""

    systems_before: tuple[SourceSystem, ...] = ()
    systems_after: tuple[SourceSystem, ...] = ()
    measures: tuple[str, ...] = ()
    fields: tuple[FieldRange, ...] = ()


class Gain(Frozen):
    """Least improvement of a field (as a fraction) where the source system stays the same."""

    field: str
    fraction: float = Field(ge=0)


class Measure(Frozen):
    """One change to a building, with all that choosing it takes."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    slot: Slot
    family: str
    label_en: str
    label_zh: str
    changes: tuple[Change, ...] = Field(min_length=1)
    needs: Needs = Needs()
    excludes: tuple[str, ...] = ()
    replaces: frozenset[Equipment] = frozenset()
    cost: UnitCost
    further_costs: tuple[UnitCost, ...] = ()
    life_years: float = Field(gt=0, le=60)
    upkeep_fraction_per_year: float = Field(ge=0, le=0.3)
    minimum_gain: Gain | None = None
    aims_at: str
    aims_direction: Literal["decrease", "increase"] = "decrease"
    aims_carrier: str = ""
    source: str
    confidence: Confidence
    note: str = ""

    @property
    def unit_costs(self) -> tuple[UnitCost, ...]:
        """Every unit price that makes up the measure's cost."""
        return (self.cost, *self.further_costs)

    @property
    def fields(self) -> frozenset[str]:
        """Fields of the design that the measure may change."""
        return frozenset(change.field for change in self.changes)

    def apply(self, design: Design) -> Design:
        """Return the design with this measure's changes (sizes and replaced equipment untouched).

        Examples
        --------
        >>> from buildings.registry import read_registry
        >>> design = read_registry(DATA_DIR / "jiading_sample.csv")[0].design
        >>> load_catalogue().measures["led"].apply(design).lighting_power_density_w_per_m2
        6.0
        """
        after = {change.field: change.apply(getattr(design, change.field)) for change in self.changes}
        return design.model_copy(update=after)


class PhotovoltaicCost(Frozen):
    """Rooftop PV: price per kW, upkeep, life and the roof it takes."""

    cost: CostRange
    upkeep_cny_per_kw_year: float = Field(ge=0)
    life_years: float = Field(gt=0)
    roof_area_m2_per_kw: float = Field(gt=0)
    degradation_per_year: float = Field(ge=0, lt=0.1)
    source: str
    confidence: Confidence


class Family(Frozen):
    """A family of measures, for tables and the page."""

    label_en: str
    label_zh: str


class Catalogue(Frozen):
    """All measures, their families, slots and the PV figures."""

    price_year: int
    negligible_change: float = Field(gt=0, lt=0.5)
    sources: dict[str, str]
    families: dict[str, Family]
    slots: tuple[Slot, ...]
    measures: dict[str, Measure]
    pv: PhotovoltaicCost

    @model_validator(mode="before")
    @classmethod
    def _hand_down(cls, content: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever the file holds
        """Give each measure its key as id, and each price the file's price year unless it names its own."""
        if not isinstance(content, Mapping) or not isinstance(content.get("measures"), Mapping):
            return content
        year = content.get("price_year")
        measures = {
            key: _with_price_year({"id": key, **entry}, year) if isinstance(entry, Mapping) else entry
            for key, entry in content["measures"].items()
        }
        pv = content.get("pv")
        pv = _with_price_year(pv, year) if isinstance(pv, Mapping) else pv
        return {**content, "measures": measures, "pv": pv}

    @model_validator(mode="after")
    def _consistent(self) -> Catalogue:
        faults = [fault for measure in self.measures.values() for fault in self._faults(measure)]
        faults += self._shared_fields()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self, measure: Measure) -> list[str]:
        known: dict[str, tuple[list[str], Any]] = {
            "family": ([measure.family], self.families),
            "slot": ([measure.slot], self.slots),
            "end use": ([measure.aims_at], END_USES),
            "carrier": ([measure.aims_carrier] if measure.aims_carrier else [], CARRIERS),
            "measure": ([*measure.excludes, *measure.needs.measures], self.measures),
            "source": ([measure.source, *(cost.source for cost in measure.unit_costs)], self.sources),
            "field": ([item.field for item in measure.needs.fields], Design.model_fields),
        }
        return [
            f"{measure.id}: unknown {what} {word!r}"
            for what, (words, allowed) in known.items() for word in words if word not in allowed
        ]

    def _shared_fields(self) -> list[str]:
        """Name fields that measures of two slots change: then the order of measures would matter."""
        owner: dict[str, str] = {}
        faults = []
        for measure in self.measures.values():
            for field in measure.fields if measure.slot != "source" else ():
                if owner.setdefault(field, measure.slot) != measure.slot:
                    faults.append(f"{measure.id}: {field} is also changed by slot {owner[field]}")
        return faults


def _with_price_year(entry: Mapping[str, Any], year: object) -> dict[str, Any]:
    def filled(cost: Any) -> Any:  # noqa: ANN401  # unvalidated content of the file
        return {"price_year": year, **cost} if isinstance(cost, Mapping) else cost

    further = entry.get("further_costs")
    extra = {"further_costs": [filled(cost) for cost in further]} if isinstance(further, list) else {}
    return {**entry, "cost": filled(entry.get("cost")), **extra}


@lru_cache(maxsize=8)
def load_catalogue(path: str | Path | None = None) -> Catalogue:
    """Read the catalogue of measures.

    Parameters
    ----------
    path : str or Path, optional
        YAML file; the project's own without it.

    Returns
    -------
    Catalogue
        Validated: known slots, families, fields and sources; no field shared by two slots.

    Raises
    ------
    InputError
        All faults of the file in one message.

    Examples
    --------
    >>> load_catalogue().measures["led"].cost.mid
    40.0
    """
    return load_yaml(path or DATA_DIR / "measures.yaml", Catalogue)
