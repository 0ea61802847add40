"""What a measure moved in the engine: the end use that it aims at, and the share that it is usually said to save."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import xarray as xr
from pydantic import Field, model_validator

from buildings.datafile import DATA_DIR, unsourced
from buildings.measures import Measure
from datafile import Confidence, Frozen, load_yaml
from vocabulary import END_USES


class TypicalSaving(Frozen):
    """Share of some end uses that a measure is usually said to save [1]."""

    end_uses: tuple[str, ...] = Field(min_length=1)
    carrier: Literal["", "electricity", "natural_gas"] = ""
    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    source: str
    confidence: Confidence

    @model_validator(mode="after")
    def _possible(self) -> TypicalSaving:
        unknown = [name for name in self.end_uses if name not in END_USES]
        if unknown or self.low > self.high:
            raise ValueError(f"end uses {unknown} unknown" if unknown else f"low {self.low} is above high {self.high}")
        return self


class TypicalSavings(Frozen):
    """The whole file of typical savings."""

    sources: dict[str, str]
    savings: dict[str, TypicalSaving]

    @model_validator(mode="after")
    def _sourced(self) -> TypicalSavings:
        if faults := unsourced(self.savings, self.sources):
            raise ValueError("; ".join(faults))
        return self


@lru_cache(maxsize=1)
def load_typical_savings() -> dict[str, TypicalSaving]:
    """Read what measures are usually said to save, by measure id.

    Raises
    ------
    InputError
        If the data file is broken.

    Examples
    --------
    >>> load_typical_savings()["led"].high
    0.55
    """
    return load_yaml(DATA_DIR / "typical_savings.yaml", TypicalSavings).savings


def used_kwh(energy_use: xr.DataArray, end_uses: tuple[str, ...], carrier: str = "") -> float:
    """Return the energy of some end uses [kWh].

    Parameters
    ----------
    energy_use : xr.DataArray
        One case, over carrier and end_use and any time [kW h].
    end_uses : tuple of str
        Which.
    carrier : str
        Only this one; both without it.

    Returns
    -------
    float
        Sum.

    Raises
    ------
    KeyError
        If the array lacks an end use or the carrier.

    Examples
    --------
    >>> used_kwh(xr.DataArray([[2.0], [3.0]], {"carrier": ["electricity", "natural_gas"], "end_use": ["heating"]},
    ...                       ("carrier", "end_use")), ("heating",))
    5.0
    """
    part = energy_use.sel(end_use=list(end_uses))
    return float((part.sel(carrier=carrier) if carrier else part).sum())


def share_saved(before: xr.DataArray, after: xr.DataArray, end_uses: tuple[str, ...], carrier: str = "") -> float:
    """Return the share of some end uses that is gone after a measure [1].

    Parameters
    ----------
    before, after : xr.DataArray
        Energy of one building, over carrier and end_use and any time [kW h].
    end_uses : tuple of str
        Which.
    carrier : str
        Only this one; both without it.

    Returns
    -------
    float
        Positive when use fell; NaN where there was none.

    Examples
    --------
    >>> one = xr.DataArray([[4.0]], {"carrier": ["electricity"], "end_use": ["fans"]}, ("carrier", "end_use"))
    >>> share_saved(one, one / 4, ("fans",))
    0.75
    """
    used = used_kwh(before, end_uses, carrier)
    return 1 - used_kwh(after, end_uses, carrier) / used if used > 0 else float("nan")


def aimed_saving(measure: Measure, before: xr.DataArray, after: xr.DataArray) -> float:
    """Return how far a measure moved the end use that it aims at, the expected way [1 of that use before].

    The guard of the catalogue: a measure whose aimed saving is not positive does nothing, or the wrong thing.

    Parameters
    ----------
    measure : Measure
        Gives `aims_at`, `aims_carrier` and `aims_direction`.
    before, after : xr.DataArray
        Energy of one building, over carrier and end_use and any time [kW h].

    Returns
    -------
    float
        Positive when the end use moved as it should; NaN where there was none.

    Examples
    --------
    >>> from buildings.measures import load_catalogue
    >>> one = xr.DataArray([[4.0]], {"carrier": ["electricity"], "end_use": ["interior_lighting"]},
    ...                    ("carrier", "end_use"))
    >>> aimed_saving(load_catalogue().measures["led"], one, 0.5 * one)
    0.5
    """
    saved = share_saved(before, after, (measure.aims_at,), measure.aims_carrier)
    return saved if measure.aims_direction == "decrease" else -saved
