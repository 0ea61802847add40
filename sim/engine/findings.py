"""Findings: flags on a result that is kept, with what to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from sim.engine.record import Record
from sim.models.datafile import Figure, load

Finding = Literal["severe", "unmet", "implausible"]
"""Names of the flags `finding_severe`, `finding_unmet`, `finding_implausible`."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HarmlessMessage(_Frozen):
    """A severe message that is known to be harmless: a regular expression, why, and how that is known."""

    pattern: str
    reason: str
    source: str


class HarmlessMessages(_Frozen):
    """The list in `sim/data/harmless_messages.yaml`."""

    messages: tuple[HarmlessMessage, ...]


class Bounds(_Frozen):
    """Lowest and highest plausible value."""

    lowest: Figure
    highest: Figure


class Limits(_Frozen):
    """The limits in `sim/data/findings.yaml`."""

    plausible_intensity_kwh_per_m2: Bounds
    largest_unmet_fraction: Figure


@dataclass(frozen=True)
class Findings:
    """What there is to say about one result; all False and empty where it failed."""

    severe: bool = False
    unmet: bool = False
    implausible: bool = False
    severe_message: str = ""


@cache
def limits() -> Limits:
    """Return the limits beyond which a result is marked."""
    return load("findings.yaml", Limits)


@cache
def harmless() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of severe messages known to be harmless."""
    return tuple(re.compile(message.pattern) for message in load("harmless_messages.yaml", HarmlessMessages).messages)


def findings(record: Record, floor_area_m2: float) -> Findings:
    """Return the findings of one record.

    Parameters
    ----------
    record : Record
        Of a run that is ok or failed.
    floor_area_m2 : float
        Gross floor area of the building.

    Returns
    -------
    Findings
        `severe`: a severe message that is not in the harmless list; `unmet`: more unmet hours than the limit;
        `implausible`: annual electricity and gas per floor area outside the bounds (whole-year runs only).
    """
    if not record.ok:
        return Findings()
    serious = [message for message in record.severe if not any(known.search(message) for known in harmless())]
    unmet = record.results.get("unmet_fraction")
    return Findings(
        severe=bool(serious),
        unmet=unmet is not None and unmet > limits().largest_unmet_fraction.value,
        implausible=_is_implausible(record, floor_area_m2),
        severe_message=serious[0] if serious else "",
    )


def barred_from_fitting(simulations: xr.Dataset, barred: Iterable[Finding]) -> NDArray[np.bool_]:
    """Return which runs must not be learnt from: failed ones, and those with a finding that a study bars.

    Parameters
    ----------
    simulations : xr.Dataset
        From `sim.simulate`.
    barred : iterable of str
        Findings that bar a run; the run keeps its row.

    Returns
    -------
    ndarray of bool
        Shape (case,).

    Examples
    --------
    With `barred=("severe",)` a run with only `finding_unmet` is learnt from.
    """
    flags = [simulations[f"finding_{name}"].values.astype(bool) for name in barred]
    failed: NDArray[np.bool_] = simulations["status"].values.astype(str) != "ok"
    return np.any([failed, *flags], axis=0)


def _is_implausible(record: Record, floor_area_m2: float) -> bool:
    intensity = float(np.sum(record.results.get("energy_use", np.nan))) / floor_area_m2
    bounds = limits().plausible_intensity_kwh_per_m2
    return bool(np.isfinite(intensity)) and not bounds.lowest.value <= intensity <= bounds.highest.value
