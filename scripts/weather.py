"""`retrofolio weather`: make a year, check a file, fetch a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vocabulary import Fault, InputError

app = typer.Typer(no_args_is_help=True, help="Weather files: make, check and fetch.\n\n"
                  "Example: retrofolio weather check year.epw")


@app.command()
def make(
    city: Annotated[str, typer.Option(help="name of a file in weather/data")],
    out: Annotated[Path, typer.Option(help="EPW file to write")],
    seed: Annotated[int, typer.Option(help="another seed is another plausible year")] = 0,
) -> None:
    """Make a typical year from monthly normals.

    Example: retrofolio weather make --city shanghai --seed 0 --out shanghai.epw
    """
    from weather import make_typical_year, write_epw

    write_epw(make_typical_year(city, seed), out)
    typer.echo(f"{out}: typical year of {city}, seed {seed}")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="EPW file")],
    repair: Annotated[Path | None, typer.Option(help="write a repaired copy, every repaired value flagged")] = None,
    near: Annotated[str | None, typer.Option(help="LAT,LON of the buildings: is the station near?")] = None,
) -> None:
    """Say what is wrong with an EPW file, one line per kind of fault; exit code 2 if anything is.

    Rows are hours of the year from 1 to 8760; row 1 is line 9 of the file.

    Example: retrofolio weather check year.epw --repair repaired.epw
    """
    from weather.epw import write_epw
    from weather.quality import check_file
    from weather.repair import repair as mend

    _check_copy(repair, file)
    year, findings = check_file(file, None if near is None else _place(near))
    for finding in findings:
        typer.echo(str(finding))
    if repair is not None:
        mended, repairs = mend(year)
        write_epw(mended, repair)
        typer.echo(f"{repair}: {len(repairs)} kinds of repair")
        for done in repairs:
            typer.echo(f"  {done}")
    if findings:
        raise typer.Exit(2)
    typer.echo(f"{file}: no faults found")


@app.command()
def fetch(
    near: Annotated[str, typer.Option(help="LAT,LON of the buildings, degrees")],
    cache: Annotated[Path | None, typer.Option(help="folder of the cache")] = None,
) -> None:
    """Download the EPW file of the nearest station into a local cache.

    Example: retrofolio weather fetch --near 31.38,121.25
    """
    from weather.stations import fetch as download

    got = download(*_place(near), cache=cache)
    typer.echo(f"{got.path}: {got.station}, {got.distance_km:.0f} km away, SHA-256 of the archive {got.sha256}")


def _check_copy(repair: Path | None, file: Path) -> None:
    if repair is not None and repair.exists() and file.exists() and repair.samefile(file):
        raise InputError([Fault(str(repair), "--repair", "the checked file itself", "another file for the copy")])


def _place(near: str) -> tuple[float, float]:
    try:
        latitude_deg, longitude_deg = (float(part) for part in near.split(","))
    except ValueError as error:
        raise InputError([Fault("weather", "--near", repr(near), "LAT,LON in degrees, as 31.38,121.25")]) from error
    if not (abs(latitude_deg) <= 90 and abs(longitude_deg) <= 180):
        raise InputError([Fault("weather", "--near", near, "latitude -90..90 and longitude -180..180")])
    return latitude_deg, longitude_deg
