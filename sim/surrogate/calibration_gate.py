"""Do bills and model agree: NMBE and CV(RMSE) of ASHRAE Guideline 14, the verdict, and what to measure next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.surrogate.calibration_priors import CalibrationData, Gate
from vocabulary import CARRIERS

Array = NDArray[np.float64]
SEASON_MONTHS = {"winter": (0, 1, 2, 11), "summer": (5, 6, 7, 8), "mild": (3, 4, 9, 10)}


def nmbe(billed_kwh: Array, modelled_kwh: Array) -> float:
    """Return the normalised mean bias error, positive where bills exceed the model.

    Parameters
    ----------
    billed_kwh, modelled_kwh : ndarray (reading,)
        The same readings by meter and by model [kW h].

    Returns
    -------
    float
        Sum of the differences over (n - 1) mean bills (ASHRAE Guideline 14-2014, equation 5-6 with p = 1) [1].

    Examples
    --------
    >>> round(nmbe(np.array([10.0, 12.0, 11.0]), np.array([10.0, 11.0, 10.0])), 4)
    0.0909
    """
    return float((billed_kwh - modelled_kwh).sum() / ((len(billed_kwh) - 1) * billed_kwh.mean()))


def cv_rmse(billed_kwh: Array, modelled_kwh: Array) -> float:
    """Return the coefficient of variation of the root mean square error.

    Parameters
    ----------
    billed_kwh, modelled_kwh : ndarray (reading,)
        The same readings by meter and by model [kW h].

    Returns
    -------
    float
        Root of the squared differences over (n - 1), over mean bills (ASHRAE Guideline 14-2014, p = 1) [1].

    Examples
    --------
    >>> round(cv_rmse(np.array([10.0, 12.0, 11.0]), np.array([10.0, 11.0, 10.0])), 4)
    0.0909
    """
    squares = float(((billed_kwh - modelled_kwh) ** 2).sum())
    return float(np.sqrt(squares / (len(billed_kwh) - 1)) / billed_kwh.mean())


@dataclass(frozen=True)
class Agreement:
    """How well one carrier's bills and the model agree: NMBE, CV(RMSE) and the number of readings."""

    nmbe: float
    cv_rmse: float
    readings: int

    def faults(self, name: str, gate: Gate) -> list[str]:
        """Return in words what lies beyond the gate; too few readings are no agreement."""
        if np.isnan(self.nmbe) or np.isnan(self.cv_rmse):
            return [f"{name}: {self.readings} readings with energy in all, at least two needed"]
        found = []
        if abs(self.nmbe) > gate.nmbe.value:
            found.append(f"{name}: NMBE {self.nmbe:+.1%} beyond {gate.nmbe.value:.0%}")
        if self.cv_rmse > gate.cv_rmse.value:
            found.append(f"{name}: CV(RMSE) {self.cv_rmse:.1%} above {gate.cv_rmse.value:.0%}")
        return found


def agreement(billed_kwh: Array, modelled_kwh: Array) -> Agreement:
    """Return both measures; NaN where a carrier has fewer than two readings or none above zero."""
    if len(billed_kwh) < 2 or billed_kwh.sum() <= 0:
        return Agreement(float("nan"), float("nan"), len(billed_kwh))
    return Agreement(nmbe(billed_kwh, modelled_kwh), cv_rmse(billed_kwh, modelled_kwh), len(billed_kwh))


def gate_faults(agreements: Mapping[str, Agreement], size_kwh: Mapping[str, float], gate: Gate) -> list[str]:
    """Return why a building fails the gate; empty where it passes.

    Parameters
    ----------
    agreements : mapping of carrier to Agreement
        Carriers that are billed and modelled.
    size_kwh : mapping of carrier to float
        Energy of all readings, billed or modelled, whichever is more; a small share has no say [kW h].
    gate : Gate
        Limits.
    """
    total = sum(size_kwh.values())
    found = []
    for carrier in CARRIERS:
        if carrier in agreements and size_kwh[carrier] >= gate.carrier_share.value * total:
            found += agreements[carrier].faults(carrier.replace("_", " "), gate)
    return found


def one_sided(
    billed_kwh: Array, modelled_kwh: Array, unmodelled_kwh: Array, gate: Gate, compared: Collection[str] = ()
) -> list[str]:
    """Return which carriers only the bills or only the model knows; a small share has no say.

    Parameters
    ----------
    billed_kwh, modelled_kwh : ndarray (carrier,)
        Energy a year; NaN where nothing is billed [kW h].
    unmodelled_kwh : ndarray (carrier,)
        What may be billed although the model does not hold it: canteen gas [kW h].
    gate : Gate
        Limits.
    compared : collection of str
        Carriers that have readings to be held against the model.

    Examples
    --------
    >>> from sim.surrogate.calibration_priors import calibration_data
    >>> one_sided(np.array([9e5, 0.0]), np.array([9e5, 4e5]), np.zeros(2), calibration_data().gate)
    ['natural gas: the model uses 400,000 kWh a year, the bills say 0']
    """
    least = gate.carrier_share.value * float(np.fmax(billed_kwh, modelled_kwh).sum())
    found = []
    for carrier, billed, modelled, more in zip(CARRIERS, billed_kwh, modelled_kwh, unmodelled_kwh, strict=True):
        name = carrier.replace("_", " ")
        if carrier in compared:
            continue
        if modelled >= least and modelled > 0:
            said = "nothing" if np.isnan(billed) else f"{billed:,.0f}" + (" in other months" if billed > 0 else "")
            found.append(f"{name}: the model uses {modelled:,.0f} kWh a year, the bills say {said}")
        elif not modelled > 0 and billed >= max(least, more):
            found.append(f"{name}: {billed:,.0f} kWh a year are billed, the model uses none")
    return found


def worst_season(miss_kwh: Array) -> str:
    """Return the season in which bills and model differ most, from the mean difference of each calendar month.

    Examples
    --------
    >>> worst_season(np.array([5.0, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3]))
    'winter'
    """
    total = {season: abs(float(np.nansum(miss_kwh[list(months)]))) for season, months in SEASON_MONTHS.items()}
    return max(total, key=lambda season: total[season])


def in_every_season(miss_kwh: Array) -> bool:
    """Whether bills lie on the same side of the model in winter, in summer and between.

    Examples
    --------
    >>> in_every_season(np.full(12, -2.0)), in_every_season(np.array([5.0, 4, 0, 0, 0, 0, -1, 0, 0, 0, 0, 3]))
    (True, False)
    """
    signs = {float(np.sign(np.nansum(miss_kwh[list(months)]))) for months in SEASON_MONTHS.values()}
    return len(signs) == 1 and 0.0 not in signs


def next_parameter(doubt_kwh: Mapping[str, float], data: CalibrationData, season: str | None) -> str:
    """Return the parameter to measure next.

    Parameters
    ----------
    doubt_kwh : mapping of parameter to float
        How much yearly energy is still open because of each parameter: effect times remaining spread [kW h].
    data : CalibrationData
        Which season a parameter shows in.
    season : str or None
        Where the building fails: the season in which it does; None: any.
    """
    fitting = {name: doubt for name, doubt in doubt_kwh.items() if season in (None, data.parameters[name].season)}
    chosen = fitting or dict(doubt_kwh)
    return max(chosen, key=lambda name: chosen[name])
