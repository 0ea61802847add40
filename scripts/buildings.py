"""`retrofolio buildings`: check a registry, benchmark, disclose, find due audits, state savings already made."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vocabulary import Fault, InputError

if TYPE_CHECKING:
    from buildings import Building
    from buildings.degree_days import DegreeDays
    from buildings.export import Cell
    from buildings.savings import Avoided

app = typer.Typer(
    no_args_is_help=True,
    help="Registry and bills: check, benchmark, disclose, audit, savings.\n\n"
    "Example: retrofolio buildings check registry.csv --bills bills.csv",
)
Registry = Annotated[Path, typer.Argument(help="registry, CSV or XLSX", show_default=False)]
Bills = Annotated[Path | None, typer.Option("--bills", help="monthly bills, CSV or XLSX")]
Out = Annotated[Path | None, typer.Option("--out", help="table to write, .csv or .xlsx")]
DegreeDayFile = Annotated[
    Path | None, typer.Option("--degree-days", help="month, heating_degree_days, cooling_degree_days, CSV or XLSX")
]
UseFactorFile = Annotated[
    Path | None, typer.Option("--use-factors", help="building_id, use_factor, use_factor_std, CSV or XLSX")
]
City = Annotated[str, typer.Option("--city", help="city of the normal year, as in `weather make`")]


@app.command()
def check(registry: Registry, bills: Bills = None, out: Out = None) -> None:
    """Name every fault and every implausible value with row and column; exit code 2 if there is any.

    Example: retrofolio buildings check buildings/data/jiading_illustrative.csv
    """
    from buildings.plausibility import check_files

    faults, strange = check_files(registry, bills)
    header = ("kind", "file", "place", "found", "expected", "nearest")
    rows: list[Sequence[Cell]] = [
        (kind, item.file, item.place, item.found, item.expected, item.nearest)
        for kind, items in (("fault", faults), ("implausible", strange)) for item in items
    ]
    _write(out, header, rows)
    for fault in faults:
        typer.echo(f"fault: {fault}")
    for item in strange:
        typer.echo(f"implausible: {item}")
    typer.echo(f"{registry.name}: {len(faults)} faults, {len(strange)} implausible values")
    _exit(2 if rows else 0)


@app.command()
def benchmark(
    registry: Registry, bills: Bills = None, out: Out = None, degree_days: DegreeDayFile = None, city: City = "shanghai"
) -> None:
    """Hold each building against GB/T 51161-2016, its peers and, with degree days, a normal weather.

    Example: retrofolio buildings benchmark buildings/data/jiading_illustrative.csv
    --bills buildings/data/jiading_illustrative_bills.csv --out out/benchmark.xlsx
    """
    from buildings import read_registry
    from buildings.benchmarks import benchmark as hold_against
    from buildings.export import record_table

    buildings = read_registry(registry, _needed(bills, "benchmark"))
    rows = hold_against(buildings, None if degree_days is None else _degree_days(degree_days, city))
    _write(out, *record_table(rows))
    for row in rows:
        typer.echo(f"{row.building_id:12} {row.year} {row.energy_kwh_per_m2:7.1f} kWh/m2: {row.verdict_uncorrected}; "
                   f"corrected for use {row.corrected_kwh_per_m2:7.1f}: {row.verdict} "
                   f"({row.guide_kwh_per_m2:g} / {row.constraint_kwh_per_m2:g}) {row.note}".rstrip())
    typer.echo(_illustrative(any(row.illustrative for row in rows)) +
               f"{len(rows)} of {len(buildings)} buildings have a full year of bills")


@app.command()
def disclose(
    registry: Registry, bills: Bills = None, out: Out = None,
    year: Annotated[int | None, typer.Option(help="calendar year; the latest full one without it")] = None,
    language: Annotated[str, typer.Option(help="en or zh")] = "en",
) -> None:
    """Write the disclosure table: energy per floor area and head, water per head, change on the year.

    Example: retrofolio buildings disclose buildings/data/jiading_illustrative.csv
    --bills buildings/data/jiading_illustrative_bills.csv --language zh --out out/disclosure.xlsx
    """
    from buildings import read_registry
    from buildings.disclosure import disclose as table_of
    from buildings.disclosure import disclosure_table

    _check_language(language)
    rows = table_of(read_registry(registry, _needed(bills, "disclose")), year)
    header, cells = disclosure_table(rows, language)
    _write(out, header, cells)
    for row in rows:
        intensity = "incomplete" if row.energy_kgce_per_m2 is None else f"{row.energy_kgce_per_m2:.2f} kgce/m2"
        typer.echo(f"{row.unit:12} {row.year} {intensity}")
    typer.echo(_illustrative(any(row.illustrative for row in rows)) + f"{len(rows)} units")


@app.command()
def audit(
    registry: Registry, bills: Bills = None, out: Out = None,
    previous: Annotated[Path | None, typer.Option(help="the registry as it was at the last audits")] = None,
    today: Annotated[datetime.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="day of the answer")] = None,
) -> None:
    """Tell which institutions are due for an energy audit, why, and the coverage above scale.

    Example: retrofolio buildings audit buildings/data/jiading_illustrative.csv --today 2026-01-01
    """
    from buildings import read_registry
    from buildings.audits import audits_due, coverage_above_scale
    from buildings.export import record_table

    day = datetime.date.today() if today is None else today.date()
    before = () if previous is None else tuple(read_registry(previous))
    rows = audits_due(read_registry(registry, bills), day, before)
    _write(out, *record_table(rows))
    due = [row for row in rows if row.due]
    for row in due:
        typer.echo(f"{row.building_id:12} {row.name}: {'; '.join(row.reasons)}")
    above = sum(row.above_scale for row in rows)
    typer.echo(_illustrative(any(row.illustrative for row in rows)) + f"{len(due)} of {len(rows)} due; coverage above "
               f"scale {coverage_above_scale(rows):.0%} of {above}")


@app.command()
def savings(
    registry: Registry, bills: Bills = None, out: Out = None, degree_days: DegreeDayFile = None,
    use_factors: UseFactorFile = None, city: City = "shanghai",
) -> None:
    """State the avoided energy after each `retrofit_month` (IPMVP option C) beside what was promised.

    Without --degree-days a normal year stands for every year: then weather is not adjusted for. Without --use-factors
    hours and people are taken as unchanged. All columns: buildings/data/columns.yaml.

    Example: retrofolio buildings savings registry.csv --bills bills.csv --degree-days degree_days.csv
    """
    from buildings import read_registry
    from buildings.export import record_table
    from buildings.savings import read_use_factors, savings_table

    buildings = read_registry(registry, _needed(bills, "savings"))
    weather = _normal_degree_days(buildings, city) if degree_days is None else _degree_days(degree_days, city)
    use = read_use_factors(use_factors, [building.building_id for building in buildings]) if use_factors else {}
    rows, faults = savings_table(buildings, weather, use)
    _write(out, *record_table(rows))
    for row in rows:
        typer.echo(_told_saving(row))
    for fault in faults:
        typer.echo(f"no statement: {fault}")
    told = "" if degree_days else "; a normal year stood for every year: not adjusted for the actual weather"
    told += "" if use_factors else "; use taken as unchanged"
    typer.echo(_illustrative(any(row.illustrative for row in rows)) + f"{len(rows)} retrofits{told}")


def _told_saving(row: Avoided) -> str:
    """Return a statement in one line: of a year where one can be stated, else of the months since."""
    year = row.avoided_kwh_per_year is not None
    low, high = ((row.avoided_low_kwh_per_year, row.avoided_high_kwh_per_year) if year
                 else (row.avoided_low_kwh, row.avoided_high_kwh))
    avoided, time = (row.avoided_kwh_per_year, "a year") if year else (row.avoided_kwh, f"in {row.months_after} months")
    promised = "" if row.promised_kwh_per_year is None else f", promised {row.promised_kwh_per_year:,.0f} a year"
    note = f"; {row.note}" if row.note else ""
    return (f"{row.building_id:12} avoided {avoided:,.0f} kWh {time} ({row.avoided_fraction:.1%}; "
            f"{low:,.0f} to {high:,.0f}){promised}{note}")


def _needed(bills: Path | None, verb: str) -> Path:
    if bills is None:
        raise InputError([Fault(f"buildings {verb}", "--bills", "nothing", "a file of monthly bills")])
    return bills


def _check_language(language: str) -> None:
    if language not in ("en", "zh"):
        raise InputError([Fault("buildings disclose", "--language", repr(language), "en or zh")])


def _exit(code: int) -> None:
    raise typer.Exit(code)


def _illustrative(flag: bool) -> str:
    return "illustrative data: " if flag else ""


def _write(out: Path | None, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from buildings.export import write_table

    if out is not None:
        write_table(out, header, rows)
        typer.echo(f"{out}: {len(rows)} rows", err=True)


def _normal_year(city: str) -> tuple[list[float], list[float]]:
    """Return monthly heating and cooling degree days of a city's typical year on the bases of `benchmarks.yaml`."""
    import numpy as np

    from buildings.yardsticks import load_yardsticks
    from weather import make_typical_year

    year = make_typical_year(city)
    bases = load_yardsticks().degree_days
    daily = year["dry_bulb_temperature"].values.reshape(365, 24).mean(axis=1)
    month = year["month"].values.reshape(365, 24)[:, 0]
    heating, cooling = np.maximum(bases.heating_base_c - daily, 0), np.maximum(daily - bases.cooling_base_c, 0)
    return ([float(heating[month == m].sum()) for m in range(1, 13)],
            [float(cooling[month == m].sum()) for m in range(1, 13)])


def _degree_days(path: Path, city: str) -> DegreeDays:
    import numpy as np

    from buildings.degree_days import read_degree_days

    heating, cooling = _normal_year(city)
    return read_degree_days(path, np.array(heating), np.array(cooling))


def _normal_degree_days(buildings: Sequence[Building], city: str) -> DegreeDays:
    import numpy as np

    from buildings.degree_days import DegreeDays

    heating, cooling = (np.array(part) for part in _normal_year(city))
    months = tuple(sorted({bill.month for building in buildings for bill in building.bills}))
    which = [int(month[5:]) - 1 for month in months]
    return DegreeDays(months, heating[which], cooling[which], heating, cooling)
