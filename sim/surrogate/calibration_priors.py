"""What a building's bills may tune and how far: ranges from archetype and registry, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.stats import norm

from buildings import Building, load_archetypes
from buildings.design import Design
from datafile import Confidence, Frozen, load_yaml
from vocabulary import Fault, InputError

Array = NDArray[np.float64]


class Sourced(Frozen):
    """A number with its source (frozen)."""

    value: float
    source: str
    confidence: Confidence


class Parameter(Frozen):
    """A field of `Design` that bills may tune (frozen): limits, and what a given value may be off."""

    low: float
    high: float
    given_factor: float | None = Field(default=None, gt=1)
    given_offset_low: float = Field(default=0.0, le=0)
    given_offset_high: float = Field(default=0.0, ge=0)
    systems: tuple[str, ...] = ()
    season: Literal["winter", "summer", "mild"]
    source: str
    confidence: Confidence
    measure_en: str
    measure_zh: str


class Advice(Frozen):
    """What to look at, in words (frozen)."""

    measure_en: str
    measure_zh: str


class Spread(Frozen):
    """A relative standard deviation that is itself uncertain: lognormal (frozen)."""

    median: float = Field(gt=0)
    log_sd: float = Field(gt=0)
    source: str
    confidence: Confidence


class Errors(Frozen):
    """Relative errors of bills and of models (frozen)."""

    bill: Spread
    model: Spread
    estimated_reading: Sourced
    small_month: Sourced


class Range(Frozen):
    """A range with its source (frozen)."""

    low: float
    high: float
    source: str
    confidence: Confidence


class Gate(Frozen):
    """Limits of ASHRAE Guideline 14 on monthly data (frozen)."""

    nmbe: Sourced
    cv_rmse: Sourced
    carrier_share: Sourced


class CalibrationData(Frozen):
    """The data file `sim/surrogate/data/calibration.yaml` (frozen, unknown keys refused)."""

    parameters: dict[str, Parameter]
    canteen_gas_m3_per_person_year: Range
    errors: Errors
    degree_day_error: Sourced
    month_temperature_sd_k: Sourced
    least_months: Sourced
    least_calendar_months: Sourced
    least_readings: Sourced
    gate: Gate
    metered_scope: Advice
    interval: Sourced
    response_points: int = Field(ge=50)
    draws: int = Field(ge=4)
    packages_per_draw: int = Field(ge=10)


@cache
def calibration_data() -> CalibrationData:
    """Return the validated data file.

    Raises
    ------
    InputError
        If the file breaks a rule, or names a parameter that no `Design` has; all faults in one message.
    """
    found = load_yaml(Path(str(files("sim").joinpath("surrogate/data/calibration.yaml"))), CalibrationData)
    unknown = sorted(set(found.parameters) - set(Design.model_fields))
    if unknown:
        raise InputError([Fault("calibration.yaml", name, "no such field", "a field of Design") for name in unknown])
    return found


@dataclass(frozen=True)
class Prior:
    """The tuned parameters of one building and their ranges; equally likely everywhere within.

    Attributes
    ----------
    names : tuple of str
        Fields of `Design`.
    low, high : ndarray (parameter,)
        Range, in the unit of the field.
    """

    names: tuple[str, ...]
    low: Array
    high: Array

    def values(self, normal: Array) -> Array:
        """Return parameters from standard normal numbers of the same shape (last axis: parameter).

        Examples
        --------
        >>> float(Prior(("infiltration_ach",), np.array([0.8]), np.array([1.5])).values(np.array([0.0]))[0])
        1.15
        """
        return np.asarray(self.low + (self.high - self.low) * norm.cdf(normal))

    def scaled(self, values: Array) -> Array:
        """Return parameters on the scale -1 (low) to 1 (high)."""
        return np.asarray(2.0 * (values - self.low) / (self.high - self.low) - 1.0)

    def design(self, base: Design, values: Array) -> Design:
        """Return a design with its parameters set, checked."""
        changes = {name: float(value) for name, value in zip(self.names, values, strict=True)}
        return Design.model_validate({**dict(base), **changes})


def prior_of(building: Building) -> Prior:
    """Return what may be tuned in a building and how far.

    Parameters
    ----------
    building : Building
        Its design is the start; its provenance tells which values the registry gave.

    Returns
    -------
    Prior
        The archetype's range where nothing was given, else the registry's value and what it may be off.

    Examples
    --------
    An office of before 2005 whose airtightness nobody stated may have 0.8 to 1.5 air changes.
    """
    figures = load_archetypes().figures(building.vintage, building.use, building.source_system,
                                        building.source_vintage)
    found: dict[str, tuple[float, float]] = {}
    for name, parameter in calibration_data().parameters.items():
        if parameter.systems and building.design.source_system not in parameter.systems:
            continue
        low, high = _range(name, parameter, building, figures)
        if high > low:
            found[name] = (low, high)
    limits = np.array(list(found.values()), dtype=float).reshape(-1, 2)
    return Prior(tuple(found), limits[:, 0].copy(), limits[:, 1].copy())


def _range(name: str, parameter: Parameter, building: Building, figures: Mapping[str, object]) -> tuple[float, float]:
    value = float(getattr(building.design, name))
    figure = figures.get(name)
    low, high = (getattr(figure, side, None) for side in ("low", "high"))
    factor, offsets = parameter.given_factor, (parameter.given_offset_low, parameter.given_offset_high)
    if building.provenance.get(name) != "archetype" and (factor is not None or any(offsets)):
        low = value / factor if factor else value + offsets[0]
        high = value * factor if factor else value + offsets[1]
    low, high = (value if side is None else float(side) for side in (low, high))
    # A given value may lie outside the archetype's range: then the range reaches it.
    return max(min(low, value), min(parameter.low, value)), min(max(high, value), max(parameter.high, value))


def within(prior: Prior, ranges: Mapping[str, tuple[float, float]]) -> Prior:
    """Return a prior whose ranges lie within what the surrogate was trained on; what has no room is not tuned.

    Examples
    --------
    >>> prior = Prior(("infiltration_ach",), np.array([0.2]), np.array([1.5]))
    >>> float(within(prior, {"infiltration_ach": (0.3, 1.0)}).high[0])
    1.0
    """
    rows = []
    for j, name in enumerate(prior.names):
        least, most = ranges.get(name, (-np.inf, np.inf))
        low, high = max(prior.low[j], least), min(prior.high[j], most)
        if high > low:
            rows.append((j, low, high))
    return Prior(tuple(prior.names[j] for j, _, _ in rows), np.array([low for _, low, _ in rows]),
                 np.array([high for _, _, high in rows]))
