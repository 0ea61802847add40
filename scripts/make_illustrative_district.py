"""Make the illustrative district: 115 invented institutions of Jiading and their bills, from one seed.

Nothing in the files describes a real institution; every row says so in the column `illustrative`. Parameters with
their sources: `buildings/data/illustrative_district.yaml`. Run `python -m scripts.make_illustrative_district`; with
`--store` the engine runs that the bills are made from (`jiading_illustrative_months.csv`) are made again too.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
import yaml

from buildings import read_registry
from buildings.archetypes import load_archetypes
from buildings.datafile import DATA_DIR
from scripts.illustrative_bills import (
    BILL_COLUMNS,
    MONTH_COLUMNS,
    Parameters,
    Row,
    bill_rows,
    electricity_kwh,
    month_rows,
    read_months,
    used_designs,
)
from vocabulary import SOURCE_SYSTEMS

REGISTRY, BILLS = "jiading_illustrative.csv", "jiading_illustrative_bills.csv"
MONTHS = "jiading_illustrative_months.csv"
COLUMNS = (
    "building_id", "name", "town", "latitude_deg", "longitude_deg", "compound_id", "use", "floor_area_m2",
    "conditioned_fraction", "storeys", "plan_shape", "orientation_deg", "window_to_wall_ratio_north",
    "window_to_wall_ratio_east", "window_to_wall_ratio_south", "window_to_wall_ratio_west", "year_built",
    "source_system", "source_year", "lighting_power_density_w_per_m2", "occupants", "workday_start_h", "workday_end_h",
    "usable_roof_area_m2", "last_audit_date", "model", "past_retrofits", "illustrative",
)


def load_parameters() -> Parameters:
    """Return the content of `illustrative_district.yaml`: what the district and the published series are made of."""
    content: Parameters = yaml.safe_load((DATA_DIR / "illustrative_district.yaml").read_text(encoding="utf-8"))
    return content


def _pick(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return str(rng.choice(np.array(list(shares)), p=weights / weights.sum()))


def _year_built(rng: np.random.Generator, vintage: str) -> int:
    starts = {str(name): entry.first_year for name, entry in load_archetypes().vintages.items()}
    later = [start for start in starts.values() if start > starts[vintage]] or [2025]
    first = max(starts[vintage], 1982)
    return int(rng.integers(first, min(later)))


def _place(rng: np.random.Generator, index: int, parameters: Parameters) -> Row:
    """Return compound, town and coordinates: the first institutions share compounds."""
    reached = 0
    towns = {town["name"]: town for town in parameters["towns"]}
    for compound in parameters["compounds"]:
        reached += compound["institutions"]
        if index < reached:
            town, compound_id, spread = towns[compound["town"]], compound["id"], 0.0008
            break
    else:
        town = towns[_pick(rng, {name: entry["share"] for name, entry in towns.items()})]
        compound_id, spread = "", 0.010
    return {
        "town": town["name"], "compound_id": compound_id,
        "latitude_deg": round(town["latitude_deg"] + spread * rng.uniform(-1, 1), 4),
        "longitude_deg": round(town["longitude_deg"] + spread * rng.uniform(-1, 1), 4),
    }


def _shape(rng: np.random.Generator, parameters: Parameters) -> Row:
    """Return floor area, storeys, plan, orientation and usable roof."""
    area = parameters["floor_area"]
    drawn = area["median_m2"] * np.exp(area["log_sd"] * rng.standard_normal())
    floor_area_m2 = int(round(float(np.clip(drawn, area["low_m2"], area["high_m2"])), -1))
    foot = parameters["footprint"]
    footprint_m2 = np.clip(foot["factor"] * floor_area_m2 ** foot["exponent"] * np.exp(0.2 * rng.standard_normal()),
                           foot["low_m2"], foot["high_m2"])
    storeys = int(np.clip(round(floor_area_m2 / footprint_m2), 1, 20))
    plan = _pick(rng, parameters["plan_shares"])
    if floor_area_m2 / storeys < parameters["plan_least_footprint_m2"][plan]:
        plan = "rectangle"
    return {
        "floor_area_m2": floor_area_m2, "storeys": storeys, "plan_shape": plan,
        "orientation_deg": int(rng.normal(0, 12)) % 360,
        "usable_roof_area_m2": round(floor_area_m2 / storeys * rng.uniform(0.45, 0.60)),
    }


def _source(rng: np.random.Generator, row: Row, vintage: str, parameters: Parameters) -> Row:
    group = "old" if vintage in ("before_2005", "gb50189_2005") else "new"
    band = next(band for band in parameters["source_shares"] if row["floor_area_m2"] <= band["up_to_m2"])
    system = _pick(rng, dict(zip(SOURCE_SYSTEMS, band[group], strict=True)))
    age = 2025 - row["year_built"]
    renewed = age > 15 and rng.random() < (0.75 if system in ("split", "vrf") else 0.35)
    source_year = int(rng.integers(max(row["year_built"] + 8, 2006), 2021)) if renewed else row["year_built"]
    led = rng.random() < parameters["led_share"][group] and vintage != "gb55015_2021"
    return {"source_system": system, "source_year": source_year, "past_retrofits": "led" if led else ""}


def _gains(rng: np.random.Generator, row: Row, vintage: str, use: str) -> Row:
    archetypes = load_archetypes()
    figures = archetypes.figures(archetypes.vintage_of(row["year_built"]), use, row["source_system"],
                                 archetypes.vintage_of(row["source_year"]))
    density = float(figures["occupant_density_m2_per_person"].at(floor_area_m2=row["floor_area_m2"]))
    facades = [name for name in COLUMNS if "wall_ratio" in name]
    ratios = {name: float(figures[name].at()) + 0.04 * rng.standard_normal() for name in facades}
    lighting = float(figures["lighting_power_density_w_per_m2"].at()) * np.exp(0.08 * rng.standard_normal())
    told = rng.random() < 0.6 and not row["past_retrofits"]
    return {
        **{name: round(float(np.clip(ratio, 0.05, 0.7)), 2) for name, ratio in ratios.items()},
        "conditioned_fraction": round(float(np.clip(rng.normal(0.70, 0.04), 0.58, 0.82)), 2),
        "lighting_power_density_w_per_m2": round(float(lighting), 1) if told else "",
        "occupants": max(5, round(row["floor_area_m2"] / (density * float(np.exp(0.18 * rng.standard_normal()))))),
        "workday_start_h": 8.5, "workday_end_h": 18.0 if rng.random() < 0.15 else 17.5,
    }


def _audit_date(rng: np.random.Generator, row: Row, parameters: Parameters) -> str:
    audits = parameters["audits"]
    scale = "above_scale" if row["floor_area_m2"] >= 10_000 else "below_scale"
    year = int(rng.integers(max(audits["first_year"], row["year_built"] + 2), audits["last_year"] + 2))
    day = int(rng.integers(0, 330))
    if rng.random() > audits[scale] or year > audits["last_year"]:
        return ""
    return (datetime.date(year, 1, 10) + datetime.timedelta(days=day)).isoformat()


def registry_rows(parameters: Parameters) -> list[Row]:
    """Draw the institutions of the district.

    Parameters
    ----------
    parameters : mapping
        Content of `illustrative_district.yaml`.

    Returns
    -------
    list of dict
        One row per institution with the registry's columns; the same seed gives the same rows.
    """
    rng = np.random.default_rng(parameters["seed"])
    rows = []
    for index in range(parameters["institutions"]):
        vintage = _pick(rng, parameters["vintage_shares"])
        use = _pick(rng, parameters["use_shares"])
        row = _place(rng, index, parameters) | _shape(rng, parameters) | {"use": use, "model": ""}
        row["year_built"] = _year_built(rng, vintage)
        row |= _source(rng, row, vintage, parameters)
        row |= _gains(rng, row, vintage, use)
        row["last_audit_date"] = _audit_date(rng, row, parameters)
        row |= {"building_id": f"JI{index + 1:03d}", "name": f"示例机构{index + 1:03d}", "illustrative": "yes"}
        rows.append(row)
    return rows


def _write(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(
    out: Annotated[Path, typer.Option(help="folder for the files")] = DATA_DIR,
    store: Annotated[Path | None, typer.Option(help="run the engine again, with this folder of runs")] = None,
) -> None:
    """Write jiading_illustrative.csv and jiading_illustrative_bills.csv; with --store their simulated months too.

    Example: python -m scripts.make_illustrative_district --out buildings/data
    """
    parameters = load_parameters()
    rows = registry_rows(parameters)
    _write(out / REGISTRY, COLUMNS, rows)
    if store is not None:
        buildings = read_registry(out / REGISTRY)
        _write(out / MONTHS, MONTH_COLUMNS, month_rows(buildings, used_designs(buildings, parameters), store))
    kept = out / MONTHS if store is not None else DATA_DIR / MONTHS
    electricity = electricity_kwh(rows, read_months(kept), parameters)
    bills = bill_rows(rows, read_months(kept), parameters)
    _write(out / BILLS, BILL_COLUMNS, bills)
    area = np.array([row["floor_area_m2"] for row in rows])
    intensity = electricity.mean(axis=1).sum(axis=1) / area
    typer.echo(f"{len(rows)} illustrative institutions, {area.sum():,.0f} m2, {len(bills)} bills")
    typer.echo(f"electricity: area-weighted mean {np.average(intensity, weights=area):.1f}, "
               f"median building {np.median(intensity):.1f} kWh/m2")


if __name__ == "__main__":
    typer.run(main)
