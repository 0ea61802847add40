"""A plan beside published results: the same questions asked of both, and what may be compared."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from markupsafe import Markup

from optimiser.money.factors import basis_of
from optimiser.report.flows import contract_table
from optimiser.report.material import Material
from optimiser.report.rows import building_table
from optimiser.report.words import number, percent, sentence

COLUMNS = ("scenario", "what", "published", "this_plan")


def beside_table(material: Material) -> pd.DataFrame:
    """Return one row per scenario and published figure: `published` and `this_plan`; empty where nothing is published.

    Money in CNY, coal in t, the rest counts and shares of touched buildings.
    """
    if material.published is None:
        return pd.DataFrame({name: [] for name in COLUMNS})
    rows = [(s, what, theirs, ours) for s in material.scenarios for what, theirs, ours in _pairs(material, s)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _pairs(material: Material, scenario: str) -> Iterator[tuple[str, float, float]]:
    given = material.published
    if given is None:
        return
    table, contracts = building_table(material, scenario), contract_table(material, scenario)
    on = table[table["touched"]]
    if given.projects is not None:
        yield "beside_projects", given.projects, len(contracts)
        yield "beside_buildings", float("nan"), len(on)
    if given.batches is not None:
        yield "beside_batches", given.batches, int(on.loc[on["chosen_year"] > 0, "chosen_year"].nunique())
    if given.coal_t_per_year is not None:
        yield "beside_coal", given.coal_t_per_year, float(on["coal_saving"].sum())
        if given.projects:
            mean = float(on["coal_saving"].sum() / len(contracts)) if len(contracts) else float("nan")
            yield "beside_coal_each", given.coal_t_per_year / given.projects, mean
    if given.public_money_cny is not None:
        yield "beside_money", given.public_money_cny, float(contracts["public_money_saved"].sum())
    if given.minimum_saving_fraction is not None:
        met = on["saving_fraction"] >= given.minimum_saving_fraction * (1 - 1e-6)
        yield "beside_above", 1.0, float(met.mean()) if len(on) else float("nan")
        yield "beside_above_all", float("nan"), float(met.sum() / len(table))


SHOWN = {"beside_money": (0, 1e4), "beside_coal": (0, 1.0), "beside_coal_each": (1, 1.0)}
SHARES = ("beside_above", "beside_above_all")


def beside_rows(material: Material, scenario: str) -> list[dict[str, Markup | str]]:
    """Return the rows of one scenario ready for people."""
    table = beside_table(material)
    own = table[table["scenario"] == scenario]
    return [
        {"what": _label(material, str(what)), "published": _cell(str(what), theirs), "ours": _cell(str(what), ours)}
        for what, theirs, ours in zip(own["what"], own["published"], own["this_plan"], strict=True)
    ]


def _label(material: Material, what: str) -> Markup:
    least = material.published.minimum_saving_fraction if material.published else None
    return sentence(what, floor=percent(least, 0)) if what in SHARES else sentence(what)


def _cell(what: str, value: float) -> str:
    decimals, scale = SHOWN.get(what, (0, 1.0))
    return percent(value, 0) if what in SHARES else number(value, decimals, scale)


def comparable_lines(material: Material) -> list[Markup]:
    """Return what may be compared and what not, as sentences in both languages."""
    if material.published is None:
        return []
    lines = [sentence("beside_source", source=material.published.source, confidence=material.published.confidence)]
    lines.append(sentence("beside_comparable"))
    lines += [sentence("beside_illustrative")] if material.illustrative else []
    lines += [sentence("beside_simulated"), sentence("beside_terms")]
    coal_kg = 1e3 * (material.published.coal_t_per_year or 0.0)
    if coal_kg:
        site, primary = (coal_kg / basis_of(name).electricity_per_kwh for name in ("calorific", "shanghai_primary"))
        lines.append(sentence("beside_factor", coal=number(coal_kg, 0, 1e3), site=number(site, 2, 1e6),
                              primary=number(primary, 2, 1e6)))
    return lines
