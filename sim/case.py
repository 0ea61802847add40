"""The case: one building with one package under one weather, and its role in a study."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from buildings.design import Design

Role = Literal["baseline", "training", "holdout", "validation", "verification"]


class Case(BaseModel):
    """One building x package x weather (frozen)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    building_id: str
    package_id: str
    weather_id: str
    role: Role
    design: Design
    pv_capacity_kw: float = 0.0
    model_path: str | None = None
