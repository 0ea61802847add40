"""The building: one row of the registry, resolved, with where each value came from."""

from __future__ import annotations

import datetime
from typing import Literal

from pydantic import Field

from buildings.archetypes import VintageName
from buildings.design import Design, PlanShape, SourceSystem
from datafile import Frozen

Provenance = Literal["given", "archetype", "derived"]


class MonthlyBill(Frozen):
    """What one building bought in one month; None where it was not reported."""

    month: str = Field(pattern=r"^\d{4}-\d{2}$", description="YYYY-MM")
    electricity_kwh: float | None = Field(default=None, ge=0)
    gas_m3: float | None = Field(default=None, ge=0)
    water_m3: float | None = Field(default=None, ge=0)
    cost_cny: float | None = Field(default=None, ge=0)
    reading: Literal["metered", "estimated"] = "metered"
    illustrative: bool = False

    @property
    def year(self) -> int:
        """Calendar year of the month."""
        return int(self.month[:4])

    @property
    def month_of_year(self) -> int:
        """Month of the year, 1 to 12."""
        return int(self.month[5:])


class Building(Frozen):
    """One building of a registry with every value resolved (frozen).

    `provenance` tells for each registry column and each field of `design` whether it was given in the registry,
    taken from the archetype, or derived from other values.
    """

    building_id: str
    name: str
    town: str
    latitude_deg: float | None
    longitude_deg: float | None
    compound_id: str
    use: str
    floor_area_m2: float
    conditioned_fraction: float
    storeys: int
    plan_shape: PlanShape
    orientation_deg: float
    window_to_wall_ratio_north: float
    window_to_wall_ratio_east: float
    window_to_wall_ratio_south: float
    window_to_wall_ratio_west: float
    year_built: int
    source_system: SourceSystem
    source_year: int
    lighting_power_density_w_per_m2: float
    occupants: float
    workday_start_h: float
    workday_end_h: float
    usable_roof_area_m2: float
    last_audit_date: datetime.date | None
    model: str | None
    past_retrofits: tuple[str, ...]
    retrofit_month: str | None = None
    promised_saving_kwh: float | None = None
    illustrative: bool
    vintage: VintageName
    source_vintage: VintageName
    provenance: dict[str, Provenance]
    design: Design
    bills: tuple[MonthlyBill, ...] = ()
