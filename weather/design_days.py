"""Design days: from the design conditions in a year's header, or from its own hours."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import xarray as xr
from pydantic import BaseModel, ConfigDict, Field

from vocabulary import Fault, InputError
from weather.city import DesignConditions
from weather.days import MONTH_OF_HOUR

_HEATING, _COOLING = "Heating", "Cooling"
_DESIGN_DAY_OF_MONTH = 21


class DesignDay(BaseModel):
    """One sizing day (frozen). `taub` and `taud` are ASHRAE clear-sky depths; where absent, `sky_clearness` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Literal["heating", "cooling"]
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    dry_bulb_c: float = Field(ge=-70, le=60)
    daily_range_k: float = Field(ge=0, le=40)
    wet_bulb_c: float = Field(ge=-70, le=45)
    pressure_pa: float = Field(ge=30_000, le=110_000)
    wind_speed_m_per_s: float = Field(ge=0, le=40)
    wind_direction_deg: float = Field(ge=0, le=360)
    sky_clearness: float = Field(ge=0, le=1.2)
    taub: float | None = None
    taud: float | None = None


def standard_pressure_pa(elevation_m: float) -> float:
    """Return the pressure of the standard atmosphere, ASHRAE HOF chapter 1 equation 3.

    Examples
    --------
    >>> round(standard_pressure_pa(1000.0))
    89875
    """
    return float(101325 * (1 - 2.25577e-5 * elevation_m) ** 5.2559)


def header_record(conditions: DesignConditions) -> str:
    """Return the DESIGN CONDITIONS record of an EPW header (after its keyword); what is not known stays empty."""
    heat, cool, far = conditions.heating, conditions.cooling, conditions.extremes
    heating = [
        _HEATING, heat.coldest_month, heat.dry_bulb_996_c, heat.dry_bulb_990_c, heat.humidification_dew_point_c,
        heat.humidification_ratio_g_per_kg, heat.humidification_dry_bulb_c, *[""] * 7,
        heat.wind_speed_m_per_s, heat.wind_direction_deg, "",
    ]
    pairs = [*zip(cool.dry_bulb_c, cool.coincident_wet_bulb_c, strict=True),
             *zip(cool.wet_bulb_c, cool.coincident_dry_bulb_c, strict=True)]
    cooling = [
        _COOLING, cool.hottest_month, cool.daily_range_k, *[value for pair in pairs for value in pair],
        cool.wind_speed_m_per_s, cool.wind_direction_deg, cool.dehumidification_dew_point_c,
        cool.dehumidification_ratio_g_per_kg, cool.dehumidification_dry_bulb_c, *[""] * 13,
    ]
    extremes = ["Extremes", "", "", "", far.minimum_c, far.maximum_c, far.minimum_sd_k, far.maximum_sd_k, *[""] * 8]
    fields = [1, conditions.source.replace(",", ";"), "", *heating, *cooling, *extremes]
    return ",".join(f"{value:g}" if isinstance(value, float) else str(value) for value in fields)


def design_days(dataset: xr.Dataset) -> tuple[DesignDay, ...]:
    """Return one heating day and two cooling days for sizing.

    The header's ASHRAE conditions are used (99.6 % heating; 0.4 % dry bulb with its wet bulb; 0.4 % wet bulb with its
    dry bulb). A year without them is sized on its own hours at the same percentiles; the names then say "of this year".

    Parameters
    ----------
    dataset : xr.Dataset
        A year as `read_epw` or `make_typical_year` returns it.

    Raises
    ------
    InputError
        If the header's design conditions cannot be read as numbers.

    Examples
    --------
    >>> import weather
    >>> [(day.kind, day.dry_bulb_c) for day in design_days(weather.make_typical_year("shanghai"))]
    [('heating', -2.3), ('cooling', 35.8), ('cooling', 32.6)]
    """
    fields = [field.strip() for field in str(dataset.attrs.get("design_conditions", "")).split(",")]
    if _HEATING not in fields or _COOLING not in fields:
        return _of_this_year(dataset)
    heat, cool = (fields[fields.index(word) + 1 :] for word in (_HEATING, _COOLING))
    try:
        return _from_header(dataset, heat, cool)
    except (ValueError, IndexError) as error:
        fault = Fault("weather header", "DESIGN CONDITIONS", str(error), "ASHRAE design conditions")
        raise InputError([fault]) from error


def _from_header(dataset: xr.Dataset, heat: list[str], cool: list[str]) -> tuple[DesignDay, ...]:
    numbers = [float(value) for value in (heat[0], heat[1])]
    heat_wind = _wind(heat[13], heat[14])
    month, spread = int(cool[0]), float(cool[1])
    cool_wind = _wind(cool[14], cool[15])
    return (
        _day(dataset, "Heating 99.6%", "heating", int(numbers[0]), numbers[1], 0.0, numbers[1], heat_wind),
        _day(dataset, "Cooling 0.4% dry bulb", "cooling", month, float(cool[2]), spread, float(cool[3]), cool_wind),
        _day(dataset, "Cooling 0.4% wet bulb", "cooling", month, float(cool[9]), spread, float(cool[8]), cool_wind),
    )


def _wind(speed: str, direction: str) -> tuple[float, float]:
    return float(speed), float(direction) % 360


def _day(dataset: xr.Dataset, name: str, kind: Literal["heating", "cooling"], month: int, dry_bulb_c: float,
         daily_range_k: float, wet_bulb_c: float, wind: tuple[float, float]) -> DesignDay:
    taub, taud = (_clear_sky(dataset, word, month) if kind == "cooling" else None for word in ("taub", "taud"))
    return DesignDay(
        name=name, kind=kind, month=month, day=_DESIGN_DAY_OF_MONTH, dry_bulb_c=dry_bulb_c,
        daily_range_k=daily_range_k, wet_bulb_c=min(wet_bulb_c, dry_bulb_c),
        pressure_pa=standard_pressure_pa(float(dataset.attrs["elevation_m"])), wind_speed_m_per_s=wind[0],
        wind_direction_deg=wind[1], sky_clearness=1.0 if kind == "cooling" else 0.0, taub=taub, taud=taud,
    )


def _clear_sky(dataset: xr.Dataset, word: str, month: int) -> float | None:
    found = re.search(rf"{word} ((?:[\d.]+ ){{11}}[\d.]+)", str(dataset.attrs.get("comments_2", "")))
    return float(found.group(1).split()[month - 1]) if found else None


def _of_this_year(dataset: xr.Dataset) -> tuple[DesignDay, ...]:
    dry = dataset["dry_bulb_temperature"].values
    wet = wet_bulb_c(dry, dataset["relative_humidity"].values)
    monthly = [float(np.nanmean(dry[month == MONTH_OF_HOUR])) for month in range(12)]
    cold, hot = int(np.argmin(monthly)) + 1, int(np.argmax(monthly)) + 1
    by_day = dry[hot - 1 == MONTH_OF_HOUR].reshape(-1, 24)
    spread = float(np.nanmean(np.ptp(by_day, axis=1)))
    low, high, high_wet = np.nanpercentile(dry, 0.4), np.nanpercentile(dry, 99.6), np.nanpercentile(wet, 99.6)
    beside = {name: float(np.nanmean(values[near])) for name, values, near in (
        ("wet", wet, np.abs(dry - high) < 0.5), ("dry", dry, np.abs(wet - high_wet) < 0.5))}
    calm = (float(np.nanmean(dataset["wind_speed"].values)), 0.0)
    return (
        _day(dataset, "Heating 99.6% of this year", "heating", cold, float(low), 0.0, float(low), calm),
        _day(dataset, "Cooling 0.4% dry bulb of this year", "cooling", hot, float(high), spread, beside["wet"], calm),
        _day(dataset, "Cooling 0.4% wet bulb of this year", "cooling", hot, beside["dry"], spread, float(high_wet),
             calm),
    )


def wet_bulb_c(dry_bulb_c: np.ndarray, relative_humidity_percent: np.ndarray) -> np.ndarray:
    """Return the wet-bulb temperature [degC] from dry bulb [degC] and relative humidity [percent].

    Stull 2011 (doi:10.1175/JAMC-D-11-0143.1), within 1 K at sea-level pressure for 5-99 % and -20 to 50 degC.

    Examples
    --------
    >>> round(float(wet_bulb_c(np.array([20.0]), np.array([50.0]))[0]), 1)
    13.7
    """
    humidity = np.clip(relative_humidity_percent, 5.0, 99.0)
    found = (
        dry_bulb_c * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(dry_bulb_c + humidity) - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity) - 4.686035
    )
    return np.minimum(found, dry_bulb_c)
