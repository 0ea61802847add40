"""The figures buildings are held against: benchmark limits, coal factors, water quotas, audit triggers."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from buildings.datafile import DATA_DIR, unsourced
from datafile import Confidence, Frozen, load_yaml


class Limits(Frozen):
    """Constraint and guide value [kWh m-2 per year]."""

    constraint: float = Field(gt=0)
    guide: float = Field(gt=0)


class Classes(Frozen):
    """Limits of class a (windows opened) and class b (mechanical ventilation)."""

    a: Limits
    b: Limits


class Gb51161(Frozen):
    """GB/T 51161-2016: limits by kind of office, and the corrections for hours and people."""

    government: Classes
    commercial: Classes
    class_b_from_floor_area_m2: float
    reference_hours_per_year: float
    hours_correction: tuple[float, float]
    reference_area_m2_per_person: float
    occupancy_correction: tuple[float, float]
    gas_kwh_per_m3: float
    workdays_per_year: float
    source: str
    confidence: Confidence


class Peers(Frozen):
    """How peers are grouped by size, and from how many a group speaks."""

    upper_floor_areas_m2: tuple[float, ...]
    least_group: int
    source: str
    confidence: Confidence


class Coal(Frozen):
    """Standard coal per unit of energy (calorific)."""

    electricity_kgce_per_kwh: float
    gas_kgce_per_m3: float
    source: str
    confidence: Confidence


class National(Frozen):
    """National means of public institutions in 2020."""

    energy_kgce_per_m2: float
    energy_kgce_per_person: float
    water_m3_per_person: float
    source: str
    confidence: Confidence


class WaterQuota(Frozen):
    """Water quota of organs in the south."""

    advanced_m3_per_person_year: float
    general_m3_per_person_year: float
    source: str
    confidence: Confidence


class AuditRule(Frozen):
    """When an energy audit is due."""

    scale_tce: float
    scale_electricity_kwh: float
    scale_floor_area_m2: float
    interval_years: float
    strong_change_fraction: float
    source: str
    confidence: Confidence


class DegreeDayBases(Frozen):
    """Balance points of degree days that the program makes itself [degC]."""

    heating_base_c: float
    cooling_base_c: float
    source: str
    confidence: Confidence


class SavingsRule(Frozen):
    """What bills must hold before and after a retrofit for a statement on its saving."""

    least_months_before: int
    least_months_after: int
    interval: float = Field(gt=0, lt=1)
    cv_rmse_limit: float
    source: str
    confidence: Confidence


class PeriodRules(Frozen):
    """When a month cannot be one month's reading, against the expected shape at the level of the bills."""

    doubled_above: float = Field(gt=1)
    empty_below: float = Field(gt=0, lt=1)
    pair_tolerance: float = Field(gt=0, lt=1)
    source: str
    confidence: Confidence


class Yardsticks(Frozen):
    """The whole file of benchmarks."""

    sources: dict[str, str]
    gb51161: Gb51161
    peers: Peers
    coal: Coal
    national_2020: National
    water_quota_south: WaterQuota
    audit: AuditRule
    degree_days: DegreeDayBases
    savings: SavingsRule
    bill_periods: PeriodRules

    @model_validator(mode="after")
    def _sourced(self) -> Yardsticks:
        parts = {name: getattr(self, name) for name in type(self).model_fields if name != "sources"}
        if faults := unsourced(parts, self.sources):
            raise ValueError("; ".join(faults))
        return self


Kind = Literal["government", "commercial"]


@lru_cache(maxsize=1)
def load_yardsticks() -> Yardsticks:
    """Read the benchmarks.

    Returns
    -------
    Yardsticks
        Validated figures, each block with source and confidence.

    Raises
    ------
    InputError
        If the data file is broken.

    Examples
    --------
    >>> load_yardsticks().gb51161.government.a.constraint
    70.0
    """
    return load_yaml(DATA_DIR / "benchmarks.yaml", Yardsticks)
