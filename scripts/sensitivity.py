"""Verb `sensitivity`: what to measure on site next, because a building's saving and cost hang on it."""

from __future__ import annotations

import html

import numpy as np
import plotly.graph_objects as go
import xarray as xr

from buildings import Building, Package
from buildings.export import Cell, write_table
from scripts import fit, verify
from scripts.context import Context
from sim.surrogate.calibration_priors import calibration_data
from sim.surrogate.sensitivity import AMOUNTS, sensitivity
from vocabulary import NO_PACKAGE, Fault, InputError, nearest

TABLE, PAGE = "tables/sensitivity_{building}.csv", "sensitivity_{building}.html"
COLUMNS = ("parameter", "low", "high", "units", "saving_first_order", "saving_total_order", "cost_first_order",
           "cost_total_order", "how_to_measure", "如何测量")


def _building(context: Context) -> Building:
    asked = context.options.building
    known = {b.building_id: b for b in context.buildings}
    if asked not in known:
        raise InputError([Fault("--building", "building", repr(asked), "a building_id of the registry",
                                nearest(str(asked), known))])
    return known[asked]


def _package(context: Context, building: Building) -> Package:
    """Return the package asked for, or what the first scenario chose for the building."""
    asked = context.options.package
    if asked is None:
        portfolio, _, _ = verify.verified(context)
        asked = str(portfolio["chosen_package"].isel(scenario=0).sel(building=building.building_id).values)
        if asked == NO_PACKAGE:
            raise InputError([Fault("--package", building.building_id, "nothing chosen", "--package MEASURE+...")])
    return Package(tuple(sorted(asked.split("+"))))


def rows_of(found: xr.Dataset) -> list[list[Cell]]:
    """Return one row per parameter, the one that explains most of the saving's variance first."""
    parameters = calibration_data().parameters
    rows: list[list[Cell]] = []
    for place in np.argsort(-found["first_order"].sel(amount=AMOUNTS[0]).values):
        one = found.isel(parameter=int(place))
        name = str(one["parameter"].values)
        shares = [round(float(one[order].sel(amount=amount)), 3) for amount in AMOUNTS
                  for order in ("first_order", "total_order")]
        rows.append([name, float(one["low"]), float(one["high"]), str(one["parameter_units"].values), *shares,
                     parameters[name].measure_en, parameters[name].measure_zh])
    return rows


def picture(found: xr.Dataset, title: str) -> go.Figure:
    """Return bars of the first-order indices of saving and cost, longest at the top."""
    ordered = found.isel(parameter=np.argsort(found["first_order"].sel(amount=AMOUNTS[0]).values))
    labels = ("saving 节能量", "cost 投资")
    bars = [go.Bar(y=ordered["parameter"].values.tolist(), x=ordered["first_order"].sel(amount=amount).values.tolist(),
                   orientation="h", name=label) for amount, label in zip(AMOUNTS, labels, strict=True)]
    layout = {"title_text": title, "xaxis_title_text": "share of the variance explained 方差贡献率", "barmode": "group"}
    return go.Figure(bars).update_layout(layout)


def stage(context: Context) -> None:
    """Write the table and the picture, and say what to measure first."""
    building = _building(context)
    package = _package(context, building)
    level = context.study.packages.costs
    found = sensitivity(fit.surrogate(context), building, package, context.catalogue, level=level)
    rows, name = rows_of(found), building.building_id
    table, page = (context.workspace.path(path.format(building=name)) for path in (TABLE, PAGE))
    table.parent.mkdir(exist_ok=True)
    write_table(table, COLUMNS, rows)
    picture(found, html.escape(f"{name}: {package.label}")).write_html(page, include_plotlyjs=True, full_html=True)
    context.say(f"{package.label} on {name}: {_in_words(found, rows[0])} Table: {table}; picture: {page}")


def _in_words(found: xr.Dataset, row: list[Cell]) -> str:
    mean, spread = (float(found[key].sel(amount=AMOUNTS[0])) for key in ("mean", "standard_deviation"))
    first = dict(zip(COLUMNS, row, strict=True))
    return (f"saves {mean:,.0f} kWh a year, standard deviation {spread:,.0f} over what is not known. Most hangs on "
            f"{first['parameter']} ({first['saving_first_order']:.0%} of the variance): {first['how_to_measure']}.")
