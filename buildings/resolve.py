"""From one row of the registry to a building: what is given, what the archetype says, what follows from both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from buildings.archetypes import Archetypes, VintageName
from buildings.building import Building, MonthlyBill, Provenance
from buildings.design import Design
from buildings.measures import Catalogue
from buildings.spreadsheet import Value
from datafile import expected
from vocabulary import Fault, InputError

Values = Mapping[str, Value]
FACADES = ("north", "east", "south", "west")


def resolve(
    given: Values, archetypes: Archetypes, catalogue: Catalogue, *, file: str = "registry", place: str = "row",
    bills: tuple[MonthlyBill, ...] = (),
) -> Building:
    """Resolve one registry row to a building with its baseline design.

    Given values stand above past retrofits, these above the archetype of vintage, use and plant.

    Parameters
    ----------
    given : mapping
        Parsed values by registry column; absent = not given.
    archetypes, catalogue : Archetypes, Catalogue
        Data files.
    file, place : str
        Where the row stands, for messages.
    bills : tuple of MonthlyBill
        The building's bills.

    Returns
    -------
    Building
        Frozen, with the provenance of every value.

    Raises
    ------
    InputError
        If the resolved values do not make a possible design; place names row and column.

    Examples
    --------
    >>> from buildings.archetypes import load_archetypes
    >>> from buildings.measures import load_catalogue
    >>> row = {"building_id": "a", "floor_area_m2": 6000.0, "storeys": 6, "year_built": 1998,
    ...        "source_system": "split"}
    >>> building = resolve(row, load_archetypes(), load_catalogue())
    >>> building.vintage, building.design.wall_u_value_w_per_m2k, building.provenance["wall_u_value_w_per_m2k"]
    ('before_2005', 2.0, 'archetype')
    """
    found = _Resolution(given, archetypes, catalogue)
    faults: list[Fault] = []
    try:
        design = Design(**found.design_values())
    except ValidationError as error:
        for item in error.errors(include_url=False):
            field = str(item["loc"][0])
            faults.append(Fault(file, f"{place}, column {_column_of(field)}", f"{field} {item['input']:g}",
                                expected(item["msg"])))
        raise InputError(faults) from error
    return Building(**found.building_values(design), design=design, bills=bills)


def _column_of(field: str) -> str:
    """Return the registry column that a field of the design follows from."""
    return {"occupant_density_m2_per_person": "occupants", "aspect_ratio": "storeys"}.get(field, field)


class _Resolution:
    """Values of one building as they are found, and where each came from."""

    def __init__(self, given: Values, archetypes: Archetypes, catalogue: Catalogue) -> None:
        self.given = {key: value for key, value in given.items() if value is not None}
        self.catalogue = catalogue
        self.use = archetypes.use_names()[str(self.given.get("use", "government_office"))]
        self.year_built = int(cast(int, self.given["year_built"]))
        self.source_year = int(cast(int, self.given.get("source_year", self.year_built)))
        self.vintage: VintageName = archetypes.vintage_of(self.year_built)
        self.source_vintage: VintageName = archetypes.vintage_of(self.source_year)
        self.figures = archetypes.figures(
            self.vintage, self.use, cast(Any, self.given["source_system"]), self.source_vintage
        )
        self.area_m2 = float(cast(float, self.given["floor_area_m2"]))
        self.storeys = int(cast(int, self.given["storeys"]))
        self.past = tuple(part for part in str(self.given.get("past_retrofits", "")).split(";") if part)
        self.provenance: dict[str, Provenance] = {}

    def _figure(self, name: str, **deciding: float) -> float | str | bool:
        return self.figures[name].at(floor_area_m2=self.area_m2, **deciding)

    def design_values(self) -> dict[str, Any]:
        """Return every field of the baseline design and note its provenance."""
        values: dict[str, Any] = {}
        for field in Design.model_fields:
            if field in self.given:
                values[field] = self.given[field]
                self.provenance[field] = "given"
        for name, value in self._derived(values).items():
            values[name] = value
            self.provenance[name] = "derived"
        self._from_archetype(values)
        self._from_past_retrofits(values)
        return values

    def _derived(self, values: Mapping[str, Any]) -> dict[str, Any]:
        derived: dict[str, Any] = {}
        shape = values.get("plan_shape", self._figure("plan_shape"))
        if shape == "rectangle":
            footprint_m2 = self.area_m2 / self.storeys
            ratio = footprint_m2 / float(self._figure("plan_depth_m")) ** 2
            derived["aspect_ratio"] = round(min(max(ratio, 1.0), float(self._figure("aspect_ratio_limit"))), 3)
        if "occupants" in self.given:
            derived["occupant_density_m2_per_person"] = self.area_m2 / float(cast(float, self.given["occupants"]))
        return derived

    def _from_archetype(self, values: dict[str, Any]) -> None:
        values.setdefault("aspect_ratio", self._figure("wings_aspect_ratio"))
        self.provenance.setdefault("aspect_ratio", "archetype")
        facades = [f"window_to_wall_ratio_{facade}" for facade in FACADES]
        for field in facades:
            values.setdefault(field, self._figure(field))
        long_share = values["aspect_ratio"] / (1 + values["aspect_ratio"])
        north, east, south, west = (values[field] for field in facades)
        mean_ratio = long_share * (north + south) / 2 + (1 - long_share) * (east + west) / 2
        for field in self.figures:
            if field in Design.model_fields and field not in values:
                values[field] = self._figure(field, window_to_wall_ratio=mean_ratio)
        for field, info in Design.model_fields.items():
            if field not in values and field not in ("sizing", "replaced_equipment"):
                values[field] = info.default
        for field in values:
            self.provenance.setdefault(field, "archetype")

    def _from_past_retrofits(self, values: dict[str, Any]) -> None:
        for measure_id in self.past:
            for change in self.catalogue.measures[measure_id].changes:
                if self.provenance.get(change.field) == "given":
                    continue
                values[change.field] = change.apply(values[change.field])
                self.provenance[change.field] = "derived"

    def building_values(self, design: Design) -> dict[str, Any]:
        """Return the registry's side of the building and note its provenance."""
        same = {name: getattr(design, name) for name in Building.model_fields if name in Design.model_fields}
        roof_m2 = float(self._figure("usable_roof_fraction")) * self.area_m2 / self.storeys
        derived: dict[str, Any] = {
            "name": self.given["building_id"], "town": "", "latitude_deg": None, "longitude_deg": None,
            "compound_id": self.given["building_id"], "source_year": self.source_year,
            "occupants": self.area_m2 / design.occupant_density_m2_per_person,
            "usable_roof_area_m2": roof_m2, "last_audit_date": None, "model": None, "illustrative": False,
            "retrofit_month": None, "promised_saving_kwh": None,
        }
        registry = {name: self.given.get(name, value) for name, value in derived.items()}
        for name, value in registry.items():
            if value is not None:
                self.provenance[name] = "given" if name in self.given else "derived"
        for name in ("building_id", "year_built", "source_system"):
            self.provenance[name] = "given"
        self.provenance["use"] = "given" if "use" in self.given else "archetype"
        if registry["model"] is not None:
            registry["model"] = str(Path(registry["model"]))
        return {
            **same, **registry, "building_id": self.given["building_id"], "year_built": self.year_built,
            "use": self.use, "vintage": self.vintage, "source_vintage": self.source_vintage,
            "past_retrofits": self.past, "provenance": self.provenance,
        }
