"""What the bills say: agreement of model and bills for each building, tuned parameters, what to measure next."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from optimiser.report.material import Material
from optimiser.report.words import number, percent

CARRIERS = ("electricity", "natural_gas")
STAGES = ("before", "after", "engine")
HANDLED = ("missing", "joined_estimates", "merged", "doubled", "left_out")
_ENDINGS = ("_registry", "_prior_low", "_prior_high", "_low", "_high", "_draw")


def parameters(calibration: xr.Dataset) -> tuple[str, ...]:
    """Return the names of the tuned parameters: those that have draws."""
    return tuple(str(name).removesuffix("_draw") for name in calibration.data_vars if str(name).endswith("_draw"))


def agreement_table(material: Material) -> pd.DataFrame:
    """Return one row per building: baseline, NMBE and CV(RMSE) by carrier and stage, months handled, reason, advice."""
    found = material.calibration
    if found is None:
        return pd.DataFrame({"building": []})
    columns: dict[str, Any] = {"building": found["building"].values.astype(str),
                               "baseline": found["baseline"].values.astype(str)}
    for carrier in CARRIERS:
        own = found.sel(carrier=carrier)
        for stage in STAGES:
            for measure in ("nmbe", "cv_rmse"):
                columns[f"{carrier}_{measure}_{stage}"] = own[f"{measure}_{stage}"].values
        columns[f"{carrier}_readings"] = own["readings"].values
        for name in HANDLED:
            columns[f"{carrier}_months_{name}"] = own[f"months_{name}"].values
    for name in ("reason", "measure_next", "measure_next_en", "measure_next_zh"):
        columns[name] = found[name].values.astype(str)
    return pd.DataFrame(columns)


def parameter_table(material: Material) -> pd.DataFrame:
    """Return one row per building and tuned parameter: registry's value, sourced range, posterior mean and interval."""
    found = material.calibration
    if found is None:
        return pd.DataFrame({"building": []})
    rows = []
    for name in parameters(found):
        for at, building in enumerate(found["building"].values.astype(str)):
            values = {ending or "_mean": float(found[name + ending].values[at]) for ending in ("", *_ENDINGS[:-1])}
            if np.isfinite(values["_mean"]):
                rows.append({"building": building, "parameter": name, "units": found[name].attrs.get("units", ""),
                             **{key[1:]: value for key, value in values.items()}})
    return pd.DataFrame(rows)


def summary(material: Material) -> dict[str, Any] | None:
    """Return what the page's section shows; None where bills were not used."""
    found = material.calibration
    if found is None:
        return None
    table, tuned = agreement_table(material), parameter_table(material)
    passed = table["baseline"] == "calibrated"
    return {
        "passed": number(float(passed.sum())), "total": number(float(len(table))),
        "nmbe": percent(float(found.attrs.get("gate_nmbe", np.nan)), 0),
        "cv_rmse": percent(float(found.attrs.get("gate_cv_rmse", np.nan)), 0),
        "interval": percent(float(found.attrs.get("interval", np.nan)), 0),
        "rows": [_row(row, tuned[tuned["building"] == row["building"]]) for row in table.to_dict("records")],
    }


def _row(row: dict[Any, Any], tuned: pd.DataFrame) -> dict[str, Any]:
    """Return one building as text for the page; the engine's answer stands where there is one."""
    cells = []
    for carrier in CARRIERS:
        for measure in ("nmbe", "cv_rmse"):
            by_engine = np.isfinite(row[f"{carrier}_{measure}_engine"])
            cells += [percent(row[f"{carrier}_{measure}_before"]),
                      percent(row[f"{carrier}_{measure}_{'engine' if by_engine else 'after'}"])]
    handled = sum(int(np.nan_to_num(row[f"{carrier}_months_{name}"])) for carrier in CARRIERS for name in HANDLED)
    return {
        "building": row["building"], "calibrated": row["baseline"] == "calibrated", "cells": cells, "handled": handled,
        "reason": row["reason"], "measure": (row["measure_next_en"], row["measure_next_zh"]),
        "parameters": [
            {"name": f"parameter_{p['parameter']}", "units": "" if p["units"] == "1" else p["units"],
             "registry": number(p["registry"], 2), "mean": number(p["mean"], 2),
             "interval": f"{number(p['low'], 2)} … {number(p['high'], 2)}",
             "range": f"{number(p['prior_low'], 2)} … {number(p['prior_high'], 2)}"}
            for p in tuned.to_dict("records")
        ],
    }
