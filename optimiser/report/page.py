"""The page planners compare on: one self-contained HTML file, no network, two languages."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

import netcdf
from optimiser.report import before_after, bills, figures, flows, rows, sheets, validity
from optimiser.report.beside import comparable_lines
from optimiser.report.material import Material
from optimiser.report.summary import scenario_summary
from optimiser.report.words import LANGUAGES, Language, load_words, measure_labels, number, percent, sentence
from vocabulary import Fault, InputError

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS = (
    ("budget", "q_budget"),
    ("who", "q_who"),
    ("where", "q_where"),
    ("energy", "q_energy"),
    ("money", "q_money"),
    ("bills", "q_bills"),
    ("sure", "q_sure"),
    ("about", "q_about"),
)
TOTAL_COLUMNS = (
    ("budget", "wan_cny"),
    ("capital_cost", "wan_cny"),
    ("buildings", ""),
    ("energy_saving", "per_year_mwh"),
    ("energy_saving_without_pv", "per_year_mwh"),
    ("fraction_touched", "percent"),
    ("fraction_touched_without_pv", "percent"),
    ("coal_saving", "tonnes_year"),
    ("carbon_saving", "tonnes_year"),
    ("annual_cost_saving", "wan_cny_year"),
    ("payback", "years_unit"),
    ("certified", ""),
    ("gap", "percent"),
)
CONTRACT_COLUMNS = (
    ("buildings", ""),
    ("capital_cost", "wan_cny"),
    ("subsidy", "wan_cny"),
    ("annual_cost_saving", "wan_cny_year"),
    ("term_years", "years_unit"),
    ("public_money_saved", "wan_cny"),
    ("guarantee_payment", "wan_cny_year"),
    ("service_npv", "wan_cny"),
    ("service_payback", "years_unit"),
    ("feasible", ""),
)
FIXED_COLUMNS = ("building", "name", "town", "source_system", "floor_area", "baseline_energy")


def _column(key: str, kind: str = "number", **more: object) -> dict[str, object]:
    return {
        "key": key,
        "kind": kind,
        "unit": "",
        "scale": 1,
        "decimals": 0,
        "shown": True,
        "sum": False,
        "prefix": "",
        "quiet": False,
        **more,
    }


TABLE_COLUMNS: tuple[dict[str, object], ...] = (
    _column("building", "text"),
    _column("name", "text", shown=False),
    _column("town", "text", shown=False),
    _column("source_system", "word", shown=False),
    _column("floor_area", shown=False),
    _column("baseline_energy", shown=False),
    _column("package", "measures"),
    _column("lane", "word", prefix="lane_"),
    _column("contract", "text"),
    _column("chosen_year", quiet=True),
    _column("capital_cost", unit="wan_cny", scale=1e4, decimals=1, sum=True),
    _column("energy_saving", unit="per_year_mwh", scale=1e3, decimals=1, sum=True),
    _column("energy_saving_without_pv", unit="per_year_mwh", scale=1e3, decimals=1, sum=True),
    _column("saving_fraction"),
    _column("fraction_low", shown=False),
    _column("fraction_high", shown=False),
    _column("fraction_without_pv", unit="percent", scale=0.01, decimals=1),
    _column("coal_saving", unit="tonnes_year", decimals=1, sum=True),
    _column("carbon_saving", unit="tonnes_year", decimals=1, sum=True),
    _column("annual_cost_saving", unit="wan_cny_year", scale=1e4, decimals=1, sum=True),
    _column("payback", unit="years_unit", decimals=1),
    _column("pv_capacity", unit="kilowatt", sum=True, quiet=True),
    _column("scenarios_with"),
    _column("saving_predicted", unit="per_year_mwh", scale=1e3, decimals=1, sum=True),
    _column("saving_simulated", unit="per_year_mwh", scale=1e3, decimals=1, sum=True),
    _column("touched", "flag", shown=False),
)


def write_report(
    path: str | Path,
    portfolio: xr.Dataset,
    *,
    inputs: xr.Dataset,
    verification: xr.Dataset | None = None,
    languages: Sequence[Language] = LANGUAGES,
    **extras: Any,  # noqa: ANN401 - passed on to `Material`, which names and checks them
) -> None:
    """Write the report of one study as one HTML file that opens from disk.

    Parameters
    ----------
    path : path
        Target, ending in ``.html``; replaced in one step.
    portfolio, inputs, verification : xr.Dataset
        As in `portfolio.nc`: root, group `inputs`, group `verification`.
    languages : sequence of {'en', 'zh'}
        Languages of the page, the first one shown first.
    **extras
        Further fields of `optimiser.report.Material`: `validation, simulations, frontier, hourly, published, title,
        study_text`. A section whose data are absent says so.

    Raises
    ------
    InputError
        If parts do not fit together or the file cannot be written.

    Examples
    --------
    >>> write_report("report.html", portfolio, inputs=cube)  # doctest: +SKIP
    """
    material = Material(portfolio, inputs, verification, **extras)
    replace_file(path, render("report.html.j2", report_context(material), languages))


def render(template: str, context: Mapping[str, Any], languages: Sequence[Language]) -> str:
    """Return a page: the template filled, scripts and style inlined, everything from users escaped.

    Raises
    ------
    InputError
        If a language is unknown or none is given.
    """
    if not languages or set(languages) - set(LANGUAGES):
        raise InputError([Fault("report", "languages", f"{list(languages)}", f"some of {list(LANGUAGES)}")])
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    environment.globals["w"] = sentence
    plotly, script = _plotly(), (TEMPLATES / "page.js").read_text(encoding="utf-8")
    data = {**context["data"], "languages": list(languages), "words": load_words()}
    return environment.get_template(template).render(
        **{**context, "data": json_text(data)},
        plotly=_packed(plotly),
        script=script,
        languages=list(languages),
        css=(TEMPLATES / "page.css").read_text(encoding="utf-8"),
        script_hashes=" ".join(_hash_source(text) for text in (plotly, script)),
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs  # plotly is slow to import and only pages need it

    return str(get_plotlyjs())


def _packed(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()


def _hash_source(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def json_text(value: object) -> str:
    r"""Return JSON that may stand inside a script element: no character that could end it.

    Examples
    --------
    >>> json_text({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def replace_file(path: str | Path, text: str) -> None:
    """Write a text file in one step: readers find the old one or the whole new one.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    path = Path(path)
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".partial", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(partial).chmod(0o644)
        Path(partial).replace(path)
    except OSError as error:
        raise InputError([Fault(str(path), "file", str(error), "a folder that exists and may be written")]) from error


def report_context(material: Material) -> dict[str, Any]:
    """Return everything that the report's template and script need."""
    totals = rows.totals_table(material)
    tables = {scenario: rows.building_table(material, scenario) for scenario in material.scenarios}
    trials = rows.trial_table(material)
    drawn = _figures(material, totals, tables, trials)
    return {
        "title": material.title,
        "core": validity.core_in_words(material),
        "comparable": comparable_lines(material),
        "bills": bills.summary(material),
        "sections": [section for section in SECTIONS if section[0] != "bills" or material.calibration is not None],
        "total_columns": TOTAL_COLUMNS,
        "contract_columns": CONTRACT_COLUMNS,
        "basis": basis_words(material),
        "from_bills": material.from_bills,
        "illustrative": illustrative_words(material.illustrative),
        "scenarios": [scenario_summary(material, row) for row in totals.to_dict("records")],
        "csv": sheets.links(material),
        "has_practice": material.frontier is not None and "practice" in material.frontier.dims,
        "has_prices": len(validity.price_table(material)) > 0,
        "has_profiles": "profiles" in drawn,
        "has_validation": material.validation is not None,
        "fractions_help": _fractions_help(material, tables),
        "promised_help": _promised_help(material, trials),
        "validation_help": validity.in_words(material),
        "rules_text": str(material.portfolio.attrs.get("rules", "")),
        "study_text": material.study_text,
        "versions": "; ".join(f"{name} {version}" for name, version in netcdf.package_versions().items()),
        "data": {
            "scenarios": list(material.scenarios),
            "pick": _best_scenario(totals),
            "sort": "energy_saving",
            "floors": {scenario: material.floor(scenario) for scenario in material.scenarios},
            "columns": _columns(tables),
            "cash": {scenario: _flows(material, scenario) for scenario in material.scenarios},
            "fixed": _fixed(tables[material.scenarios[0]]),
            "rows": {scenario: _own(table) for scenario, table in tables.items()},
            "figures": drawn,
            "measures": {**measure_labels(), **material.measure_labels},
        },
    }


def basis_words(material: Material) -> dict[str, object]:
    """Return the energy basis of a study as the words of the sentence that names it."""
    basis = material.basis
    amount = ("kg of standard coal", "kg 标准煤") if "coal" in basis.amount else ("kg of CO2", "kg CO2")
    return {
        "label": (basis.label_en, basis.label_zh),
        "amount": amount,
        "electricity": basis.electricity_per_kwh,
        "gas": basis.natural_gas_per_m3,
        "source": f"{basis.source}; {basis.confidence}",
    }


def illustrative_words(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return in both languages what is illustrative, None where nothing is; unknown texts stay as they are.

    Examples
    --------
    >>> illustrative_words(["3 of 12 buildings are illustrative, not real"])[1]
    '12 栋建筑中 3 栋为示例，并非真实建筑'
    """
    if not texts:
        return None
    english, other = load_words()["illustrative_buildings"]
    pattern = re.escape(english).replace(r"\{some\}", r"(?P<some>\d+)").replace(r"\{all\}", r"(?P<all>\d+)")
    found = [(text, re.fullmatch(pattern, text)) for text in texts]
    return "; ".join(texts), "；".join(other.format(**m.groupdict()) if m else text for text, m in found)


def _columns(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Return the columns of the table of buildings; what no scenario has anything to say of is not shown."""
    every = pd.concat(tables.values())
    silent = {str(c["key"]) for c in TABLE_COLUMNS if _is_silent(every[str(c["key"])])}
    silent |= {"scenarios_with"} if len(tables) < validity.FEWEST_SCENARIOS else set()
    return [{**column, "shown": column["shown"] and column["key"] not in silent} for column in TABLE_COLUMNS]


def _is_silent(values: pd.Series) -> bool:
    return bool(values.isna().all()) or set(values.unique()) <= {"none", ""} or set(values.unique()) <= {0.0, 1.0}


def _flows(material: Material, scenario: str) -> list[list[object]]:
    """Return contract, lane, and in units of 10 000 CNY the owner's and the company's flow of each contract."""
    table = flows.flow_table(material, scenario)
    return [
        [str(name), str(lane), figures.numbers(own["owner"], figures.CNY_PER_WAN, 4),
         figures.numbers(own["service_company"], figures.CNY_PER_WAN, 4)]
        for (name, lane), own in table.groupby(["contract", "lane"], sort=True)
    ]


def _best_scenario(totals: pd.DataFrame) -> str:
    """Return the scenario in the middle of those that touch something: neither the least nor the most money."""
    full = totals[totals["buildings"] > 0].sort_values("capital_cost")
    return str((full if len(full) else totals).iloc[max(0, len(full) // 2 - (len(full) % 2 == 0))]["scenario"])


def _figures(
    material: Material, totals: pd.DataFrame, tables: Mapping[str, pd.DataFrame], trials: pd.DataFrame
) -> dict[str, Any]:
    measures = rows.measure_table(material)
    each: dict[str, dict[str, Any]] = {
        name: {} for name in ("fractions", "measures", "map", "end_uses", "months", "profiles", "cash", "promised")
    }
    for scenario, table in tables.items():
        ends, months = before_after.end_use_table(material, scenario), before_after.month_table(material, scenario)
        hours, cash = before_after.profile_table(material, scenario), flows.flow_table(material, scenario)
        own, tried = measures[measures["scenario"] == scenario], trials[trials["scenario"] == scenario]
        each["map"][scenario] = figures.place_map(material, table)
        each["fractions"][scenario] = (
            figures.fractions(table, material.floor(scenario)) if table["touched"].any() else None
        )
        each["measures"][scenario] = figures.measure_bars(own) if len(own) else None
        each["end_uses"][scenario] = figures.end_use_bars(ends) if len(ends) else None
        each["months"][scenario] = figures.month_bars(months) if len(months) else None
        each["profiles"][scenario] = figures.profiles(hours) if len(hours) else None
        each["cash"][scenario] = figures.cash_bars(cash) if len(cash) else None
        each["promised"][scenario] = figures.promised(tried) if len(tried) else None
    made: dict[str, Any] = {name: found for name, found in each.items() if any(found.values())}
    made["frontier"] = figures.frontier(material, totals)
    if material.validation is not None:
        made["validation"] = figures.promised(validity.cases(material.validation))
    return made


def _fixed(table: pd.DataFrame) -> list[list[object]]:
    return [[_cell(value) for value in row] for row in table[list(FIXED_COLUMNS)].itertuples(index=False)]


def _own(table: pd.DataFrame) -> list[list[object]]:
    names = [str(column["key"]) for column in TABLE_COLUMNS if column["key"] not in FIXED_COLUMNS]
    return [[_cell(value) for value in row] for row in table[names].itertuples(index=False)]


def _cell(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, int | float | np.number):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return str(value)


def _fractions_help(material: Material, tables: Mapping[str, pd.DataFrame]) -> Markup:
    if not any(table["fraction_low"].notna().any() for table in tables.values()):
        return sentence("fractions_help_plain")
    confidence = rows.interval_confidence(material, material.scenarios[0])
    return sentence("fractions_help", confidence=percent(confidence, 0))


def _promised_help(material: Material, trials: pd.DataFrame) -> Markup:
    if not len(trials):
        return sentence("certificate_unverified")
    return sentence("promised_help", error=f"{number(rows.promise_error(material) * 100, 2)} %")
