"""Stage `report`: write `report.html` and `tables/`, and say in words what was found."""

from __future__ import annotations

from typing import Any

import xarray as xr

from optimiser.report import write_report, write_tables
from optimiser.report.page import illustrative_words
from optimiser.report.words import LANGUAGES, Language, load_words
from optimiser.summary import summary_lines
from scripts import validate, verify
from scripts.context import Context
from scripts.study import published_text
from sim.engine.store import Store


def extras(context: Context) -> dict[str, Any]:
    """Return what the report shows beside the portfolio, as far as it is there."""
    measures = context.catalogue.measures
    return {
        "validation": validate.validation(context),
        "simulations": verify.all_runs(context),
        "frontier": verify.group(context, "frontier"),
        "calibration": verify.group(context, "calibration"),
        "hourly": Store(context.store).hourly,
        "published": context.study.report.published,
        "title": context.study.name,
        "study_text": published_text(context.study),
        "measure_labels": {name: (measure.label_en, measure.label_zh) for name, measure in measures.items()},
    }


def stage(context: Context) -> None:
    """Write the page and the tables of `portfolio.nc`."""
    portfolio, cube, proof = verify.verified(context)
    parts = extras(context)
    page = context.workspace.path("report.html")
    write_report(page, portfolio, inputs=cube, verification=proof, languages=context.study.report.languages, **parts)
    write_tables(context.workspace.path("tables"), portfolio, inputs=cube, verification=proof, **parts)
    for language in context.study.report.languages:
        tell(context, portfolio, cube, language)


def tell(context: Context, portfolio: xr.Dataset, cube: xr.Dataset, language: Language) -> None:
    """Say in one language what each scenario buys, what is illustrative and where the page is."""
    at = LANGUAGES.index(language)
    for line in summary_lines(portfolio, cube, language):
        context.say(line)
    noted = illustrative_words(context.illustrative)
    if noted:
        context.say(load_words()["say_note"][at].format(what=noted[at]))
    context.say(load_words()["say_report"][at].format(path=context.workspace.path("report.html")))
