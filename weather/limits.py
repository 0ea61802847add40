"""The limits that the checks of a weather file apply, read from one data file."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field

from datafile import Frozen, load_values

_FILE = Path(__file__).parent / "data" / "limits.yaml"


class Limits(Frozen):
    """Limits of `data/limits.yaml` (frozen, unknown keys refused); the file gives source and reason of each."""

    largest_file_bytes: int = Field(gt=0)
    direct_normal_maximum_w_per_m2: float = Field(gt=0)
    cos_zenith_minimum: float = Field(gt=0, lt=1)
    night_radiation_w_per_m2: float = Field(ge=0)
    closure_absolute_w_per_m2: float = Field(ge=0)
    closure_fraction: float = Field(ge=0, lt=1)
    shift_tolerance_h: float = Field(gt=0)
    dew_point_tolerance_k: float = Field(ge=0)
    humidity_tolerance_percent: float = Field(ge=0)
    temperature_step_k: float = Field(gt=0)
    station_distance_km: float = Field(gt=0)
    longest_gap_filled_h: int = Field(ge=1)
    longest_year_span: int = Field(ge=1)
    centre_tolerance_h: float = Field(gt=0)
    frozen_pressure_range_pa: float = Field(gt=0)


@cache
def limits() -> Limits:
    """Return the limits of the checks.

    Examples
    --------
    >>> limits().direct_normal_maximum_w_per_m2
    1000.0
    """
    return load_values(_FILE, Limits)
