"""Stage `report`: write `report.html` and `tables/`, and say in words what was found."""

from __future__ import annotations

from typing import Any

from optimiser.report import write_report, write_tables
from optimiser.summary import summary_lines
from scripts import validate, verify
from scripts.context import Context
from scripts.simulate import check as check  # the same inputs
from scripts.study import study_text
from sim.engine.store import Store


def extras(context: Context) -> dict[str, Any]:
    """Return what the report shows beside the portfolio, as far as it is there."""
    measures = context.catalogue.measures
    return {
        "validation": validate.validation(context),
        "simulations": verify.all_runs(context),
        "frontier": verify.group(context, "frontier"),
        "hourly": Store(context.store).hourly,
        "title": context.study.name,
        "study_text": study_text(context.study),
        "measure_labels": {name: (measure.label_en, measure.label_zh) for name, measure in measures.items()},
    }


def stage(context: Context) -> None:
    """Write the page and the tables of `portfolio.nc`."""
    portfolio, cube, proof = verify.verified(context)
    parts = extras(context)
    page = context.workspace.path("report.html")
    write_report(page, portfolio, inputs=cube, verification=proof, languages=context.study.report.languages, **parts)
    write_tables(context.workspace.path("tables"), portfolio, inputs=cube, verification=proof, **parts)
    for line in summary_lines(portfolio, cube):
        context.say(line)
    for line in context.illustrative:
        context.say(f"Note: {line}.")
    context.say(f"Report: {page}")
