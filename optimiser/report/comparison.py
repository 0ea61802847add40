"""Two to eight portfolios side by side: totals and their differences, who is in and out, whose package changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from markupsafe import Markup

import netcdf
from optimiser.report import figures, flows, rows, sheets
from optimiser.report.material import Material
from optimiser.report.page import basis_words, illustrative_words, render, replace_file
from optimiser.report.words import LANGUAGES, Language, measure_labels, number, percent
from vocabulary import NO_PACKAGE, Fault, InputError

FEWEST, MOST = 2, 8
NO_COLOUR = figures.GREY
COLOURS = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.PURPLE)
TOTALS = (
    ("budget", "wan_cny", 1e4, 0), ("capital_cost", "wan_cny", 1e4, 0), ("buildings", "", 1.0, 0),
    ("energy_saving", "per_year_mwh", 1e3, 0), ("energy_saving_without_pv", "per_year_mwh", 1e3, 0),
    ("fraction_touched", "percent", 0.01, 1), ("fraction_touched_without_pv", "percent", 0.01, 1),
    ("coal_saving", "tonnes_year", 1.0, 1), ("carbon_saving", "tonnes_year", 1.0, 0),
    ("annual_cost_saving", "wan_cny_year", 1e4, 1), ("net_present_value", "wan_cny", 1e4, 0),
    ("public_money_saved", "wan_cny", 1e4, 0), ("payback", "years_unit", 1.0, 1), ("pv_capacity", "kilowatt", 1.0, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One portfolio of the comparison: one scenario of one study, under the name that people read."""

    name: str
    material: Material
    scenario: str


def write_comparison(
    path: str | Path,
    portfolios: Mapping[str, Material | xr.Dataset],
    *,
    scenarios: Mapping[str, str] | None = None,
    languages: Sequence[Language] = LANGUAGES,
) -> None:
    """Write a page that puts portfolios side by side; differences are from the first one.

    Parameters
    ----------
    path : path
        Target, ending in ``.html``; replaced in one step.
    portfolios : mapping of name to Material or xr.Dataset
        A Dataset is a portfolio alone; a `Material` also knows names and baselines.
    scenarios : mapping of name to scenario, optional
        Which scenario of each; else all scenarios of all, if these are at most eight together, or of each portfolio
        the one that costs most.
    languages : sequence of {'en', 'zh'}
        Languages of the page, the first one shown first.

    Raises
    ------
    InputError
        If there are fewer than two or more than eight, or a scenario is unknown.

    Examples
    --------
    >>> write_comparison("compare.html", {"plan A": first, "plan B": second})  # doctest: +SKIP
    """
    sides = sides_of(portfolios, scenarios)
    replace_file(path, render("comparison.html.j2", comparison_context(sides), languages))


def sides_of(portfolios: Mapping[str, Material | xr.Dataset], scenarios: Mapping[str, str] | None = None) -> list[Side]:
    """Return the portfolios to compare.

    Raises
    ------
    InputError
        If there are fewer than two or more than eight, or a scenario is unknown.
    """
    short = _short_names(portfolios)
    materials = {short[name]: p if isinstance(p, Material) else _alone(p) for name, p in portfolios.items()}
    if scenarios is not None:
        scenarios = {short.get(name, name): scenario for name, scenario in scenarios.items()}
    if scenarios is None:
        every = [
            Side(s if len(materials) == 1 else _label(n, s, m), m, s) for n, m in materials.items() for s in m.scenarios
        ]
        sides = every if len(every) <= MOST else [Side(n, m, _dearest(m)) for n, m in materials.items()]
    else:
        sides = [Side(name, material, _known(name, material, scenarios)) for name, material in materials.items()]
    if not FEWEST <= len(sides) <= MOST:
        raise InputError([Fault("compare", "portfolios", str(len(sides)), f"{FEWEST} to {MOST}")])
    return sides


def _short_names(names: Iterable[str]) -> dict[str, str]:
    """Return the last part of each name where these are folders that it tells apart, else the names themselves."""
    last = {name: Path(name).name or name for name in names}
    return last if len(set(last.values())) == len(last) else {name: name for name in last}


def _alone(portfolio: xr.Dataset) -> Material:
    return Material(portfolio, xr.Dataset(coords={"building": portfolio["building"]}))


def _label(name: str, scenario: str, material: Material) -> str:
    return f"{name}: {scenario}" if len(material.scenarios) > 1 else name


def _dearest(material: Material) -> str:
    totals = rows.totals_table(material)
    return str(totals["scenario"].iloc[int(totals["capital_cost"].argmax())])


def _known(name: str, material: Material, scenarios: Mapping[str, str]) -> str:
    wanted = scenarios.get(name, material.scenarios[0])
    if wanted not in material.scenarios:
        raise InputError([Fault(name, "scenario", repr(wanted), f"one of {list(material.scenarios)}")])
    return wanted


def comparison_context(sides: Sequence[Side]) -> dict[str, Any]:
    """Return everything that the template of the comparison needs."""
    totals = pd.DataFrame([_totals_of(side) for side in sides])
    choices = choice_table(sides)
    touched = choices.filter(like="package:") != NO_PACKAGE
    per_building = touched.sum(axis=1)
    return {
        "names": [side.name for side in sides], "totals": _total_rows(totals), "choices": _choice_rows(sides, choices),
        "bases": [basis_words(m) for m in {side.material.basis_name: side.material for side in sides}.values()],
        "studies": ", ".join(dict.fromkeys(side.material.title for side in sides)),
        "from_bills": all(side.material.from_bills for side in sides), "title": "Retrofolio",
        "illustrative": illustrative_words(
            list(dict.fromkeys(text for side in sides for text in side.material.illustrative))),
        "counts": {"count": int((per_building == len(sides)).sum()), "none": int((per_building == 0).sum()),
                   "some": int(((per_building > 0) & (per_building < len(sides))).sum())},
        "csv": {"totals": sheets.link("totals", sheets.with_units(totals)), "choices": sheets.link("choices", choices)},
        "versions": "; ".join(f"{name} {version}" for name, version in netcdf.package_versions().items()),
        "data": {"scenarios": [side.name for side in sides], "measures": measure_labels(),
                 "figures": {"totals": figures.comparison_bars(totals)}},
    }  # fmt: skip


def _totals_of(side: Side) -> dict[str, object]:
    totals = rows.totals_table(side.material)
    found = totals[totals["scenario"] == side.scenario].iloc[0].copy()
    contracts = flows.contract_table(side.material, side.scenario)
    found["public_money_saved"] = contracts["public_money_saved"].sum(min_count=1)
    return {"portfolio": side.name, **{key: found[key] for key, *_ in TOTALS}, "energy_basis": side.material.basis_name}


def _total_rows(totals: pd.DataFrame) -> list[dict[str, Any]]:
    found = []
    for key, unit, scale, decimals in TOTALS:
        values = totals[key].astype(float)
        if values.isna().all():
            continue
        cells = [{"value": number(v, decimals, scale),
                  "difference": "" if i == 0 else _signed(v - values.iloc[0], decimals, scale)}
                 for i, v in enumerate(values)]  # fmt: skip
        found.append({"key": key, "unit": unit, "cells": cells})
    return found


def _signed(difference: float, decimals: int, scale: float) -> str:
    text = number(abs(difference), decimals, scale)
    return text if text == "–" else ("+" if difference >= 0 else "−") + text


def choice_table(sides: Sequence[Side]) -> pd.DataFrame:
    """Return one row per building of any portfolio: name, and per portfolio package, saving, fraction, PV."""
    parts = []
    for side in sides:
        table = rows.building_table(side.material, side.scenario).set_index("building")
        own = table[["name", "package", "energy_saving", "saving_fraction", "pv_capacity"]]
        parts.append(own.rename(columns={c: f"{c}:{side.name}" for c in own.columns}))
    joined = pd.concat(parts, axis=1, join="outer")
    names = joined.filter(like="name:").replace("", pd.NA).bfill(axis=1).iloc[:, 0].fillna("")
    packages = joined.columns[joined.columns.str.startswith("package:")]
    joined[packages] = joined[packages].fillna(NO_PACKAGE)
    kept = joined[[c for c in joined.columns if not c.startswith("name:")]]
    return kept.reset_index().rename(columns={"index": "building"}).assign(name=names.to_numpy())


def _choice_rows(sides: Sequence[Side], choices: pd.DataFrame) -> list[dict[str, Any]]:
    labels = measure_labels()
    found = []
    for row in choices.to_dict("records"):
        packages = [str(row[f"package:{side.name}"]) for side in sides]
        capacity = [float(row[f"pv_capacity:{side.name}"] or 0.0) for side in sides]
        distinct = list(dict.fromkeys(p for p in packages if p != NO_PACKAGE))
        cells = [
            {"touched": p != NO_PACKAGE or kw > 0, "label": _package_words(p, kw, labels),
             "colour": COLOURS[distinct.index(p) % len(COLOURS)] if p in distinct else NO_COLOUR,
             "saving": number(row[f"energy_saving:{side.name}"], 1, 1e3),
             "fraction": percent(row[f"saving_fraction:{side.name}"])}
            for p, kw, side in zip(packages, capacity, sides, strict=True)
        ]  # fmt: skip
        same = len(set(packages)) == 1 and len({round(kw, 3) for kw in capacity}) == 1
        found.append({"building": row["building"], "name": row["name"], "cells": cells, "same": same})
    return found


def _package_words(package: str, pv_kw: float, labels: Mapping[str, tuple[str, str]]) -> Markup:
    keys = [] if package == NO_PACKAGE else package.split("+")
    texts = []
    for i, language in enumerate(LANGUAGES):
        words = [labels[key][i] if key in labels else key for key in keys]
        words += [f"{labels['rooftop_pv'][i]} {number(pv_kw)} kW"] if pv_kw > 0 else []
        texts.append(Markup('<span lang="{}">{}</span>').format(language, ", ".join(words)))
    return Markup("").join(texts)
