"""How sure: the surrogate's error on cases it never saw, and what each rule costs, as rows and words."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import xarray as xr
from markupsafe import Markup

from optimiser.report.material import DEFAULT_FLOOR, Material
from optimiser.report.words import number, percent, sentence

SHOWN_COVERAGE = 0.90


def cases(validation: xr.Dataset) -> pd.DataFrame:
    """Return simulated and predicted savings of the validation cases, one row each, kWh per year."""
    count = validation.sizes["case"]
    text = {
        short: validation[long].values.astype(str) if long in validation else np.full(count, "")
        for short, long in (("building", "building_id"), ("package", "package_id"))
    }
    return pd.DataFrame(
        {
            **text,
            "saving_predicted": validation["saving_predicted"].values,
            "saving_simulated": validation["saving_simulated"].values,
        }
    )


def measures_of_error(validation: xr.Dataset, floor: float = DEFAULT_FLOOR) -> dict[str, float]:
    """Return errors on the saving: weighted mean absolute, of the total, wrong verdicts at the floor, coverage of 90 %.

    Examples
    --------
    >>> made = xr.Dataset({"saving_simulated": ("case", [100.0, 300.0]), "saving_predicted": ("case", [120.0, 300.0])})
    >>> measures_of_error(made)["wmape"], measures_of_error(made)["bias"]
    (0.05, 0.05)
    """
    simulated = np.asarray(validation["saving_simulated"].values, dtype=float)
    error = np.asarray(validation["saving_predicted"].values, dtype=float) - simulated
    total = np.abs(simulated).sum()
    found = {
        "cases": float(len(simulated)),
        "wmape": float(np.abs(error).sum() / total) if total else float("nan"),
        "bias": float(error.sum() / simulated.sum()) if simulated.sum() else float("nan"),
        "wrong": float("nan"),
        "coverage": float("nan"),
    }
    if {"saving_fraction_simulated", "saving_fraction_predicted"} <= set(validation):
        verdicts = [validation[f"saving_fraction_{kind}"].values >= floor for kind in ("simulated", "predicted")]
        found["wrong"] = float(np.mean(verdicts[0] != verdicts[1]))
    if "saving_predicted_std" in validation:
        reach = NormalDist().inv_cdf(0.5 + SHOWN_COVERAGE / 2) * validation["saving_predicted_std"].values
        found["coverage"] = float(np.mean(np.abs(error) <= reach))
    return found


def in_words(material: Material) -> Markup:
    """Return the surrogate's errors as one sentence in both languages; empty without validation."""
    if material.validation is None or not material.validation.sizes.get("case"):
        return Markup("")
    found = measures_of_error(material.validation, material.floor(material.scenarios[0]))
    return sentence(
        "validation_help",
        cases=number(found["cases"]),
        **{name: percent(found[name]) for name in ("wmape", "bias", "wrong", "coverage")},
    )


def rule_prices(material: Material) -> list[dict[str, str]]:
    """Return rows scenario, rule, price in words; empty where no prices were asked for."""
    prices = material.price_rules
    if prices is None or "rule_price" not in prices:
        return []
    units = (
        "MWh" if prices["rule_price"].attrs.get("units") == "kW h" else str(prices["rule_price"].attrs.get("units", ""))
    )
    scale = 1e3 if units == "MWh" else 1.0
    table = prices["rule_price"].to_dataframe().reset_index().dropna(subset=["rule_price"])
    return [
        {
            "scenario": str(r["scenario"]),
            "rule": str(r["rule"]),
            "price": f"{number(r['rule_price'], 1, scale)} {units}",
        }
        for r in table.to_dict("records")
    ]
