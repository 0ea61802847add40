"""The calibration of all buildings as one labelled table: the group `calibration` of `portfolio.nc`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from buildings import Building
from buildings.design import Design
from sim.surrogate.calibration import Fitted
from sim.surrogate.calibration_gate import (
    Agreement,
    agreement,
    gate_faults,
    in_every_season,
    next_parameter,
    worst_season,
)
from sim.surrogate.calibration_priors import Advice, Parameter, calibration_data
from sim.surrogate.inputs import numbers
from vocabulary import CARRIERS, MONTHS, attributes

Array = NDArray[np.float64]
METERED_SCOPE = "metered_scope"
HANDLED = ("missing", "joined_estimates", "merged", "doubled", "left_out")
_HANDLED_WORDS = {
    "missing": "months without a bill", "joined_estimates": "estimated months joined with the metered month after",
    "merged": "months billed together with a later one", "doubled": "months of pairs of which one held both",
    "left_out": "months counted twice and not used",
}


@dataclass(frozen=True)
class Confirmation:
    """The engine's answer at the posterior mean and at draws, beside the surrogate's, in the study's weather.

    Attributes
    ----------
    engine_kwh, surrogate_kwh : ndarray (design, carrier, month)
        Monthly energy; the posterior mean first [kW h].
    """

    engine_kwh: Array
    surrogate_kwh: Array


@dataclass(frozen=True)
class Verdict:
    """Whether a building passes the gate, why not, and what to measure next.

    Attributes
    ----------
    passed : bool
        Both measures of every carrier with a say lie within the gate, by surrogate and by engine.
    reasons : tuple of str
        What lies beyond; empty where it passes.
    measure_next : str
        Parameter whose measurement would tell most; `METERED_SCOPE` where bills miss the model in every season.
    """

    passed: bool
    reasons: tuple[str, ...]
    measure_next: str


def engine_answer_kwh(fitted: Fitted, confirmation: Confirmation) -> dict[str, Array]:
    """Return the engine's answer to the readings at the posterior mean, by carrier [kW h].

    The engine ran in the study's weather. Where a reading has weather of its own, the surrogate's answer in that
    weather is moved by what engine and surrogate differ by in the study's.
    """
    difference = confirmation.engine_kwh[0] - confirmation.surrogate_kwh[0]
    found = {}
    for name, readings in fitted.readings.items():
        years = readings.months.shape[1] // 12
        moved = readings.months @ np.tile(difference[CARRIERS.index(name)], years)
        found[name] = fitted.after_kwh[name] + moved
    return found


def verdict(fitted: Fitted, confirmation: Confirmation | None = None) -> Verdict:
    """Return whether a building passes the gate.

    Parameters
    ----------
    fitted : Fitted
        Its calibration.
    confirmation : Confirmation, optional
        Engine runs; without them the surrogate alone decides.
    """
    data = calibration_data()
    sizes = {name: max(float(readings.energy_kwh.sum()), float(fitted.after_kwh[name].sum()))
             for name, readings in fitted.readings.items()}
    answers = [("", fitted.after_kwh)]
    if confirmation is not None:
        answers.append(("by the engine, ", engine_answer_kwh(fitted, confirmation)))
    reasons = [said + fault for said, answer in answers
               for fault in gate_faults(fitted.agreements(answer), sizes, data.gate)]
    evidence = [*fitted.one_sided, *_too_little(fitted)]
    return Verdict(not reasons and not evidence, (*evidence, *reasons),
                   METERED_SCOPE if evidence else _measure_next(fitted, reasons))


def _too_little(fitted: Fitted) -> list[str]:
    """Return why the readings of electricity cannot carry a verdict: few of them, or of few months of the year."""
    data, readings = calibration_data(), fitted.readings.get("electricity")
    if readings is None:
        return []
    metered = int((~readings.estimated).sum())
    seasons = int((readings.months.reshape(len(readings.months), -1, 12).sum(axis=(0, 1)) > 0).sum())
    least, least_seasons = int(data.least_readings.value), int(data.least_calendar_months.value)
    found = []
    if metered < least:
        found.append(f"electricity: {metered} metered readings, at least {least} needed")
    if seasons < least_seasons:
        found.append(f"electricity: readings of {seasons} of the 12 calendar months, at least {least_seasons} needed")
    return found


def _measure_next(fitted: Fitted, reasons: Sequence[str]) -> str:
    """Return the parameter to measure next, or `METERED_SCOPE` where no parameter is to blame."""
    data = calibration_data()
    if not reasons:
        return next_parameter(fitted.doubt_kwh, data, None)
    worst = reasons[0].removeprefix("by the engine, ").split(":")[0].replace(" ", "_")
    miss = (_mean_months(fitted, worst, fitted.readings[worst].energy_kwh)
            - _mean_months(fitted, worst, fitted.after_kwh[worst]))
    if "NMBE" in reasons[0] and in_every_season(miss):
        return METERED_SCOPE
    return next_parameter(fitted.doubt_kwh, data, worst_season(miss))


def _mean_months(fitted: Fitted, carrier: str, energy_kwh: Array) -> Array:
    """Return the mean of readings of one month each by calendar month (12,), NaN where there is none [kW h]."""
    months = fitted.readings[carrier].months
    single = np.count_nonzero(months, axis=1) == 1
    place = months.argmax(1) % 12
    return np.array([energy_kwh[single & (place == m)].mean() if (single & (place == m)).any() else np.nan
                     for m in range(12)])


def calibration_table(
    fitted: Sequence[Fitted], confirmations: Mapping[str, Confirmation], untouched: Mapping[str, str]
) -> xr.Dataset:
    """Return the calibration of all buildings.

    Parameters
    ----------
    fitted : sequence of Fitted
        Calibrated buildings.
    confirmations : mapping of building_id to Confirmation
        Engine runs, where there are any.
    untouched : mapping of building_id to str
        Buildings that could not be calibrated, and why.

    Returns
    -------
    xr.Dataset
        Over `building`: each tuned parameter by name with `_registry, _prior_low, _prior_high, _low, _high` beside it
        and `_draw` over `draw`; over `carrier` too: NMBE and CV(RMSE) before, after, by the engine, readings and
        handled months; mean bills and models by month; baseline, reasons and what to measure next.

    Examples
    --------
    `calibration_table(found, {}, {})["nmbe_after"].sel(building="JS01", carrier="electricity")`
    """
    verdicts = [verdict(found, confirmations.get(found.building.building_id)) for found in fitted]
    names = [found.building.building_id for found in fitted]
    whole = [*names, *untouched]
    table = xr.Dataset({**_parameters(fitted), **_agreements(fitted, confirmations), **_months(fitted),
                        **_confirmed(fitted, confirmations)},
                       coords={"building": names})
    table = table.reindex(building=whole)
    labels = {"building": whole, "carrier": list(CARRIERS), "month": list(MONTHS)}
    table = table.assign_coords({name: (name, values, attributes(name)) for name, values in labels.items()})
    return table.assign(_words(fitted, verdicts, untouched)).assign_attrs(
        gate_nmbe=calibration_data().gate.nmbe.value, gate_cv_rmse=calibration_data().gate.cv_rmse.value,
        interval=calibration_data().interval.value,
        method="draws of the posterior by emcee, led in from the prior; response of monthly bills: quadratic through "
               "predictions of the surrogate; priors: sim/surrogate/data/calibration.yaml",
    )


def _variable(dims: tuple[str, ...], values: object, units: str, long_name: str) -> tuple[Any, ...]:
    array = np.asarray(values, dtype=float)
    if not array.size:  # no building was calibrated: the other dimensions keep their lengths
        lengths = {"carrier": len(CARRIERS), "month": len(MONTHS)}
        array = np.zeros([lengths.get(dim, 0) for dim in dims])
    return dims, array, {"units": units, "long_name": long_name}


def _parameters(fitted: Sequence[Fitted]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, tuple[Any, ...]] = {}
    one = ("building",)
    for name, parameter in calibration_data().parameters.items():
        at = [f.prior.names.index(name) if name in f.prior.names else -1 for f in fitted]
        if all(place < 0 for place in at):
            continue

        def column(values: Sequence[Array], at: Sequence[int] = at) -> list[float]:
            return [float(v[i]) if i >= 0 else np.nan for v, i in zip(values, at, strict=True)]

        units, said = numbers()[name], name.rsplit("_", 1)[0].replace("_", " ")
        parts = {"": [f.mean for f in fitted], "_low": [f.low for f in fitted], "_high": [f.high for f in fitted],
                 "_prior_low": [f.prior.low for f in fitted], "_prior_high": [f.prior.high for f in fitted]}
        words = {"": "posterior mean", "_low": "lower end of the posterior interval",
                 "_high": "upper end of the posterior interval", "_prior_low": "lower end of the sourced range",
                 "_prior_high": "upper end of the sourced range"}
        for ending, values in parts.items():
            found[name + ending] = _variable(one, column(values), units, f"{said}: {words[ending]}")
        start = [getattr(f.building.design, name) for f in fitted]
        found[f"{name}_registry"] = _variable(one, start, units, f"{said}: as registry or archetype has it")
        draws = [f.draws[:, i] if i >= 0 else np.full(len(f.draws), np.nan) for f, i in zip(fitted, at, strict=True)]
        found[f"{name}_draw"] = _variable(("building", "draw"), draws, units, f"{said}: draws of the posterior")
        found[f"{name}_registry"][2]["comment"] = f"range: {parameter.source}; confidence {parameter.confidence}"
    return found


def _agreements(
    fitted: Sequence[Fitted], confirmations: Mapping[str, Confirmation]
) -> dict[str, tuple[Any, ...]]:
    def engine(f: Fitted) -> dict[str, Agreement]:
        runs = confirmations.get(f.building.building_id)
        return {} if runs is None else f.agreements(engine_answer_kwh(f, runs))

    stages = {"before": [f.agreements(f.before_kwh) for f in fitted],
              "after": [f.agreements(f.after_kwh) for f in fitted], "engine": [engine(f) for f in fitted]}
    none, dims = agreement(np.zeros(0), np.zeros(0)), ("building", "carrier")
    words = {"before": "registry's model", "after": "calibrated model by surrogate",
             "engine": "calibrated model by engine"}
    found: dict[str, tuple[Any, ...]] = {}
    for stage, all_of in stages.items():
        for measure, said in (("nmbe", "NMBE"), ("cv_rmse", "CV(RMSE)")):
            values = [[getattr(each.get(c, none), measure) for c in CARRIERS] for each in all_of]
            found[f"{measure}_{stage}"] = _variable(dims, values, "1", f"{said} of monthly bills, {words[stage]}")
    counts = [[float(len(f.readings[c].energy_kwh)) if c in f.readings else 0.0 for c in CARRIERS] for f in fitted]
    found["readings"] = _variable(dims, counts, "1", "readings used")
    for handled in HANDLED:
        counts = [[float(len(getattr(f.periods[c], handled))) if c in f.periods else 0.0 for c in CARRIERS]
                  for f in fitted]
        found[f"months_{handled}"] = _variable(dims, counts, "1", _HANDLED_WORDS[handled])
    return found


def _months(fitted: Sequence[Fitted]) -> dict[str, tuple[Any, ...]]:
    dims = ("building", "carrier", "month")
    found: dict[str, tuple[Any, ...]] = {}
    parts: dict[str, tuple[str, Callable[[Fitted, str], Array]]] = {
        "bill_energy": ("mean bill of the month", lambda f, c: f.readings[c].energy_kwh),
        "model_energy_before": ("registry's model at the bills' months", lambda f, c: f.before_kwh[c]),
        "model_energy_after": ("calibrated model at the bills' months", lambda f, c: f.after_kwh[c]),
    }
    for name, (said, take) in parts.items():
        values = [[_mean_months(f, c, take(f, c)) if c in f.readings else np.full(12, np.nan) for c in CARRIERS]
                  for f in fitted]
        found[name] = _variable(dims, values, "kW h", said)
    gas = [f.canteen_gas_m3_per_person_year for f in fitted]
    found["canteen_gas"] = _variable(("building",), gas, "m3", "gas per person and year that the model does not burn")
    worth = [f.worth for f in fitted]
    found["sample_worth"] = _variable(("building",), worth, "1", "independent draws that the posterior sample is worth")
    return found


def _confirmed(fitted: Sequence[Fitted], confirmations: Mapping[str, Confirmation]) -> dict[str, tuple[Any, ...]]:
    known = [confirmations.get(f.building.building_id) for f in fitted]
    if not any(known):
        return {}
    shape = next(c.engine_kwh.shape for c in known if c is not None)
    dims = ("building", "confirmation", "carrier", "month")
    parts = {"confirmed_energy": ("energy by the engine at the posterior mean and at draws", "engine_kwh"),
             "confirmed_energy_surrogate": ("the same by the surrogate", "surrogate_kwh")}
    return {
        name: _variable(dims, [np.full(shape, np.nan) if c is None else getattr(c, part) for c in known], "kW h", said)
        for name, (said, part) in parts.items()
    }


def _words(
    fitted: Sequence[Fitted], verdicts: Sequence[Verdict], untouched: Mapping[str, str]
) -> dict[str, tuple[Any, ...]]:
    data, rest = calibration_data(), len(untouched)
    advice: dict[str, Advice | Parameter] = {**data.parameters, METERED_SCOPE: data.metered_scope}
    passed = np.array([v.passed for v in verdicts] + [False] * rest)
    text = {
        "baseline": (["calibrated" if v.passed else "simulated" for v in verdicts] + ["simulated"] * rest,
                     "which baseline savings are counted from"),
        "reason": (["; ".join(v.reasons) for v in verdicts] + list(untouched.values()),
                   "why the building is not calibrated"),
        "measure_next": ([v.measure_next for v in verdicts] + [""] * rest,
                         "parameter to measure next; metered_scope: what the meters serve"),
        "measure_next_en": ([advice[v.measure_next].measure_en for v in verdicts] + [""] * rest,
                            "what to measure next, English"),
        "measure_next_zh": ([advice[v.measure_next].measure_zh for v in verdicts] + [""] * rest,
                            "what to measure next, Chinese"),
    }
    found: dict[str, tuple[Any, ...]] = {
        name: (("building",), np.array(values, dtype=np.str_), {"long_name": said})
        for name, (values, said) in text.items()
    }
    found["gate_passed"] = ("building",), passed, {"long_name": "agrees with its bills (Guideline 14)"}
    return found


def calibrated_designs(table: xr.Dataset, building: Building) -> tuple[Design, tuple[Design, ...]] | None:
    """Return a building's design at the posterior mean and at every draw; None where it is not calibrated.

    Parameters
    ----------
    table : xr.Dataset
        As `calibration_table` returns it.
    building : Building
        As the registry has it.
    """
    row = table.sel(building=building.building_id)
    if str(row["baseline"].values) != "calibrated":
        return None
    names = [name for name in calibration_data().parameters if name in row and np.isfinite(float(row[name]))]

    def design(values: Mapping[str, float]) -> Design:
        return Design.model_validate({**dict(building.design), **values})

    draws = [{name: float(row[f"{name}_draw"].values[d]) for name in names} for d in range(row.sizes["draw"])]
    return design({name: float(row[name]) for name in names}), tuple(map(design, draws))
