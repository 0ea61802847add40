"""What the surrogate says beside what the engine says: the table of `validation.nc` and its errors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from optimiser.money.factors import basis_attributes, basis_of, energy_in_basis_kwh
from sim.surrogate.validation import cv_rmse, median_known, savings_errors, wmape
from vocabulary import CARRIERS, NO_PACKAGE, Fault, InputError, attributes

Array = NDArray[np.float64]
LABELS = ("building_id", "package_id", "weather_id", "role", "case_key", "run_key")


def basis_weights(basis: str) -> tuple[float, float]:
    """Return kWh of the basis per kWh of electricity and of natural gas (LHV).

    Raises
    ------
    InputError
        If the basis is unknown.

    Examples
    --------
    >>> [round(weight, 4) for weight in basis_weights("calorific")]
    [1.0, 0.9995]
    """
    basis_of(basis)
    return float(energy_in_basis_kwh(1.0, 0.0, basis)), float(energy_in_basis_kwh(0.0, 1.0, basis))


def validation_table(fresh: xr.Dataset, baselines: xr.Dataset, predicted: xr.Dataset, basis: str) -> xr.Dataset:
    """Put simulated and predicted energy and savings of fresh cases side by side.

    Parameters
    ----------
    fresh : xr.Dataset
        Runs of cases with a package that no fit has seen, all finished.
    baselines : xr.Dataset
        Finished runs of the same buildings as they are.
    predicted : xr.Dataset
        The surrogate's answer for `fresh`, in the same order.
    basis : str
        Energy basis of the savings.

    Returns
    -------
    xr.Dataset
        The rows of `validation.nc`: simulated and predicted energy and savings, and the parameters of the cases.

    Raises
    ------
    InputError
        If a building of `fresh` has no baseline, or no case is left.
    """
    if not fresh.sizes["case"]:
        raise InputError([Fault("validation", "cases", "none finished", "at least one finished case")])
    weights = np.array(basis_weights(basis))
    simulated = _monthly(fresh["energy_use"])
    said = _monthly(predicted["energy_use"])
    variance = (predicted["energy_use_std"] ** 2).sum("end_use").transpose("case", "carrier", "month")
    deviation = np.sqrt(variance.values)
    before = _baseline_kwh(fresh, baselines, weights)
    columns = {
        "energy_use_simulated": (("case", "carrier", "month"), simulated),
        "energy_use_predicted": (("case", "carrier", "month"), said),
        "energy_use_predicted_std": (("case", "carrier", "month"), deviation),
        "saving_simulated": ("case", before - simulated.sum(2) @ weights),
        "saving_predicted": ("case", before - said.sum(2) @ weights),
        "saving_predicted_std": ("case", predicted["basis_energy_std"].values),
    }
    columns["saving_fraction_simulated"] = ("case", columns["saving_simulated"][1] / before)
    columns["saving_fraction_predicted"] = ("case", columns["saving_predicted"][1] / before)
    table = xr.Dataset(
        {name: (dims, values, attributes(name)) for name, (dims, values) in columns.items()},
        coords={"carrier": list(CARRIERS), "month": fresh["month"]},
        attrs=basis_attributes(basis),
    )
    labels = {name: fresh[name].variable for name in fresh.data_vars if fresh[name].dims == ("case",)}
    return table.assign({name: value for name, value in labels.items() if name not in table})


def _monthly(energy_use: xr.DataArray) -> Array:
    return energy_use.sum("end_use").sel(carrier=list(CARRIERS)).transpose("case", "carrier", "month").values


def _baseline_kwh(fresh: xr.Dataset, baselines: xr.Dataset, weights: Array) -> Array:
    yearly = _monthly(baselines["energy_use"]).sum(2) @ weights
    names = baselines["building_id"].values.astype(str)
    bare = baselines["package_id"].values.astype(str) == NO_PACKAGE
    known = {name: energy for name, energy, is_bare in zip(names, yearly, bare, strict=True) if is_bare}
    wanted = fresh["building_id"].values.astype(str)
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise InputError([Fault("validation", "baseline", f"none of {n}", "a finished baseline") for n in missing])
    return np.array([known[name] for name in wanted])


def errors_of(
    table: xr.Dataset, *, floor: float, families: Mapping[str, NDArray[np.bool_]] | None = None
) -> dict[str, float]:
    """Return the errors of a validation table on consumption and on savings, as fractions.

    Parameters
    ----------
    table : xr.Dataset
        From `validation_table`.
    floor : float
        Smallest saving as a fraction of the baseline, for the verdicts.
    families : mapping of family to ndarray of bool (case,), optional
        Which cases hold a measure of it; adds the error of each family and of the worst.

    Returns
    -------
    dict
        `consumption_wmape_<carrier>` and, of both in the energy basis, `consumption_wmape_basis`; the median case's
        monthly `consumption_cv_rmse_<carrier>`; then what `sim.surrogate.validation.savings_errors` tells, `savings_`
        before it, and `savings_worst_family`.
    """
    simulated, predicted = table["energy_use_simulated"], table["energy_use_predicted"]
    by_carrier = {
        f"consumption_wmape_{carrier}": wmape(
            simulated.sel(carrier=carrier).sum("month").values, predicted.sel(carrier=carrier).sum("month").values
        )
        for carrier in CARRIERS
    }
    baseline = table["saving_simulated"].values / table["saving_fraction_simulated"].values
    basis = [baseline - table[name].values for name in ("saving_simulated", "saving_predicted")]
    monthly = {f"consumption_cv_rmse_{carrier}": median_known(cv_rmse(
        simulated.sel(carrier=carrier).transpose("case", "month").values,
        predicted.sel(carrier=carrier).transpose("case", "month").values)) for carrier in CARRIERS}
    found = savings_errors(
        table["saving_simulated"].values, table["saving_predicted"].values, table["saving_predicted_std"].values,
        baseline, floor=floor, families=families,
    )
    plain = {name: value for name, value in found.as_attributes().items() if isinstance(value, int | float)}
    worst = {"savings_worst_family": max(found.by_family.values())} if found.by_family else {}
    return by_carrier | {"consumption_wmape_basis": wmape(*basis)} | monthly | worst | {
        f"savings_{name}": float(value) for name, value in plain.items()}
