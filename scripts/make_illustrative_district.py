"""Make the illustrative district: 115 invented institutions of Jiading and their bills, from one seed.

Nothing in the two files describes a real institution; every row says so in the column `illustrative`. Parameters with
their sources: `buildings/data/illustrative_district.yaml`. Run `python -m scripts.make_illustrative_district`.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
import yaml

from buildings.archetypes import load_archetypes
from buildings.datafile import DATA_DIR
from vocabulary import SOURCE_SYSTEMS

Row = dict[str, Any]
Parameters = Mapping[str, Any]
Array = npt.NDArray[np.float64]
COLUMNS = (
    "building_id", "name", "town", "latitude_deg", "longitude_deg", "compound_id", "use", "floor_area_m2",
    "conditioned_fraction", "storeys", "plan_shape", "orientation_deg", "window_to_wall_ratio_north",
    "window_to_wall_ratio_east", "window_to_wall_ratio_south", "window_to_wall_ratio_west", "year_built",
    "source_system", "source_year", "lighting_power_density_w_per_m2", "occupants", "workday_start_h", "workday_end_h",
    "usable_roof_area_m2", "last_audit_date", "model", "past_retrofits", "illustrative",
)
BILL_COLUMNS = ("building_id", "month", "electricity_kwh", "gas_m3", "water_m3", "cost_cny", "reading", "illustrative")


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


def _parts(parameters: Parameters) -> tuple[Array, Array, Array]:
    """Split the published monthly series into base, winter and summer part [kWh/m2 per month]."""
    published = np.array(parameters["published_electricity_kwh_per_m2"])
    months = np.arange(1, 13)
    rest = ~np.isin(months, parameters["winter_months"] + parameters["summer_months"])
    base = np.where(rest, published, published.min())
    winter = np.where(np.isin(months, parameters["winter_months"]), published - base, 0.0)
    summer = np.where(np.isin(months, parameters["summer_months"]), published - base, 0.0)
    return base, winter, summer


def electricity_kwh(rows: Sequence[Row], parameters: Parameters) -> Array:
    """Return monthly electricity of every institution and year.

    Level of a building = (area / median)^size exponent x vintage x LED x lognormal noise; month = level x (base +
    winter part x share + summer part x share), shares by source system. Base, winter and summer are scaled so that
    the area-weighted mean over the district and the years has the published shape and the stated annual level.

    Parameters
    ----------
    rows : sequence of dict
        Registry rows.
    parameters : mapping
        Content of `illustrative_district.yaml`.

    Returns
    -------
    ndarray
        Shape (institution, year, month) [kWh].
    """
    rng = np.random.default_rng(parameters["seed"] + 1)
    model = parameters["intensity"]
    area = np.array([row["floor_area_m2"] for row in rows], dtype=float)
    archetypes = load_archetypes()
    vintage = np.array([model["vintage_factor"][archetypes.vintage_of(row["year_built"])] for row in rows])
    led = np.array([model["led_factor"] if row["past_retrofits"] else 1.0 for row in rows])
    noise = np.exp(model["noise_log_sd"] * rng.standard_normal(len(rows)))
    level = (area / parameters["floor_area"]["median_m2"]) ** model["size_exponent"] * vintage * led * noise
    shares = [np.array([model[f"{season}_electric_share"][row["source_system"]] for row in rows])
              for season in ("winter", "summer")]
    years = [model["weather_factor"][year] for year in parameters["years"]]
    factors = [np.array([year[season] for year in years]) for season in ("winter", "summer")]
    base, *seasons = _parts(parameters)
    weight = area * level
    scale = model["area_weighted_mean_kwh_per_m2"] / sum(parameters["published_electricity_kwh_per_m2"])
    total = (weight / weight.sum() * area.sum())[:, None, None] * base[None, None, :]
    for part, share, factor in zip(seasons, shares, factors, strict=True):
        own = weight * share
        total = total + (own / own.sum() * area.sum())[:, None, None] * (factor / factor.mean())[None, :, None] * part
    return total * scale * (1 + model["month_noise"] * rng.standard_normal(total.shape))


def _gas_m3(row: Row, month: int, weather: Mapping[str, float], parameters: Parameters) -> float:
    gas = parameters["gas"]
    use = 0.0
    for season in ("winter", "summer"):
        per_m2 = gas[f"{season}_m3_per_m2"].get(row["source_system"], 0.0)
        use += per_m2 * row["floor_area_m2"] * gas[f"{season}_month_shares"].get(month, 0.0) * weather[season]
    if row["occupants"] >= gas["canteen_from_occupants"]:
        use += gas["canteen_m3_per_person_year"] * row["occupants"] / 12
    return use


def bill_rows(rows: Sequence[Row], parameters: Parameters) -> list[Row]:
    """Return the bills of the district.

    Parameters
    ----------
    rows : sequence of dict
        Registry rows.
    parameters : mapping
        Content of `illustrative_district.yaml`.

    Returns
    -------
    list of dict
        One row per institution and month.
    """
    electricity = electricity_kwh(rows, parameters)
    rng = np.random.default_rng(parameters["seed"] + 2)
    water, prices, reports = parameters["water"], parameters["prices"], parameters["reports"]
    bills = []
    for row, series in zip(rows, electricity, strict=True):
        per_person = water["median_m3_per_person_year"] * np.exp(water["log_sd"] * rng.standard_normal())
        reported = int(_pick(rng, {str(months): share for months, share in reports["months"].items()}))
        everything = [(year, month) for year in parameters["years"] for month in range(1, 13)]
        for year, month in everything[-reported:]:
            power = float(series[parameters["years"].index(year), month - 1])
            weather = parameters["intensity"]["weather_factor"][year]
            gas = _gas_m3(row, month, weather, parameters) * (1 + 0.04 * rng.standard_normal())
            summer = 1 + (water["summer_extra"] if month in parameters["summer_months"] else 0.0)
            tap = per_person / 12 * row["occupants"] * summer * (1 + 0.05 * rng.standard_normal())
            cost = (power * prices["electricity_cny_per_kwh"] + gas * prices["gas_cny_per_m3"]
                    + tap * prices["water_cny_per_m3"])
            reading = "estimated" if rng.random() < reports["estimated_share"] else "metered"
            bills.append({"building_id": row["building_id"], "month": f"{year}-{month:02d}",
                          "electricity_kwh": round(power), "gas_m3": round(gas, 1), "water_m3": round(tap),
                          "cost_cny": round(cost), "reading": reading, "illustrative": "yes"})
    return bills


def _write(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(out: Annotated[Path, typer.Option(help="folder for the two files")] = DATA_DIR) -> None:
    """Write jiading_illustrative.csv and jiading_illustrative_bills.csv.

    Example: python -m scripts.make_illustrative_district --out buildings/data
    """
    parameters = load_parameters()
    rows = registry_rows(parameters)
    bills = bill_rows(rows, parameters)
    _write(out / "jiading_illustrative.csv", COLUMNS, rows)
    _write(out / "jiading_illustrative_bills.csv", BILL_COLUMNS, bills)
    area = np.array([row["floor_area_m2"] for row in rows])
    intensity = electricity_kwh(rows, parameters).mean(axis=1).sum(axis=1) / area
    typer.echo(f"{len(rows)} illustrative institutions, {area.sum():,.0f} m2, {len(bills)} bills")
    typer.echo(f"electricity: area-weighted mean {np.average(intensity, weights=area):.1f}, "
               f"median building {np.median(intensity):.1f} kWh/m2")


if __name__ == "__main__":
    typer.run(main)
