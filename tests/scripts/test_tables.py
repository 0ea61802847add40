"""The scripts behind the tables of buildings/README.md, on made-up runs."""

import numpy as np
import pytest
import xarray as xr

from buildings import load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from buildings.effects import load_typical_savings
from buildings.measures import QUANTITIES
from scripts.level_and_shape import billed, compare, shape
from scripts.make_illustrative_district import load_parameters
from scripts.measure_table import cases_of, effects, table
from scripts.source_system_table import offices, row_of
from vocabulary import CARRIERS, END_USES, SOURCE_SYSTEMS

CATALOGUE = load_catalogue()
SAMPLE = read_registry(DATA_DIR / "jiading_sample.csv")


def use(**kwh):
    """Energy by carrier, end use and month; `gas_heating=12` puts 1 kWh in each month."""
    data = np.zeros((2, len(END_USES), 12))
    for name, amount in kwh.items():
        carrier, _, end_use = name.partition("_")
        data[["electricity", "gas"].index(carrier), END_USES.index(end_use)] = np.asarray(amount) / 12
    return data


def runs_of(rows):
    """A Dataset as `simulate` gives it: rows of building id, package id, energy and, if wanted, delivered heat."""
    size = len(rows)
    found = xr.Dataset(
        {"energy_use": (("case", "carrier", "end_use", "month"), np.stack([row[2] for row in rows])),
         "building_id": ("case", [row[0] for row in rows]), "package_id": ("case", [row[1] for row in rows]),
         "unmet_fraction": ("case", np.full(size, 0.02))},
        coords={"carrier": list(CARRIERS), "end_use": list(END_USES)},
    )
    for name, heat in (("cooling_delivered", 36.0), ("heating_delivered", 18.0)):
        months = np.zeros(12)
        months[6 if name.startswith("cooling") else 0] = heat
        found[name] = (("case", "month"), np.tile(months, (size, 1)))
    areas = {building.building_id: building.floor_area_m2 for building in SAMPLE}
    for name in QUANTITIES:
        found[name] = ("case", np.full(size, 100.0))
    found["floor_area"] = ("case", [areas.get(row[0], 8000.0) for row in rows])
    return found


def test_published_shape_is_one():
    published = np.array(load_parameters()["published_electricity_kwh_per_m2"])
    np.testing.assert_allclose(shape(3 * published), 1.0)


def test_level_by_hand():
    """Two buildings of 28 600 and 9 400 m2 at 100 and 50 kWh/m2: 87.6 by area, median 75."""
    areas = [building.floor_area_m2 for building in SAMPLE[:2]]
    runs = runs_of([(SAMPLE[n].building_id, "none", use(electricity_fans=area * level))
                    for n, (area, level) in enumerate(zip(areas, (100, 50), strict=True))])
    lines = compare(runs, SAMPLE)
    everything = next(line for line in lines if line.startswith("all:"))
    assert "2 buildings, electricity 87.6 kWh/m2, median building 75.0, range 50.0 to 100.0" in everything
    assert any(line.startswith("heated with gas: 2 buildings") for line in lines)
    assert billed(runs, SAMPLE) == []


def test_effect_by_hand():
    """LED in JS04 (7 600 m2): lighting falls from 76 to 38 MWh, heating rises by 7.6: saving 30.4 MWh = 4 kWh/m2."""
    building = SAMPLE[3]
    before = use(electricity_interior_lighting=76_000, electricity_heating=7_600)
    after = use(electricity_interior_lighting=38_000, electricity_heating=15_200)
    runs = runs_of([(building.building_id, "none", before), (building.building_id, "led", after)])
    (row,) = table(effects(runs, [building], CATALOGUE), CATALOGUE)
    assert row["aimed_saving_low"] == row["aimed_saving_high"] == pytest.approx(0.5)
    assert row["saving_low_kwh_per_m2"] == pytest.approx(4.0)
    assert row["saving_low"] == pytest.approx(30.4 / 83.6)
    assert row["cost_mid_cny_per_m2"] == pytest.approx(40.0)
    assert row["cost_mid_low_cny_per_kwh_year"] == pytest.approx(10.0)
    assert (row["simulated_share_low"], row["usual_share_high"]) == (pytest.approx(0.5), 0.55)


def test_every_offered_measure_is_a_case_and_each_is_offered_somewhere():
    types = read_registry(DATA_DIR / "building_types.csv")
    cases = cases_of(types, CATALOGUE)
    assert {case.package_id for case in cases} == {"none", *CATALOGUE.measures}
    assert len({(case.building_id, case.package_id) for case in cases}) == len(cases)
    assert set(load_typical_savings()) <= set(CATALOGUE.measures)


def test_seasonal_efficiency_by_hand():
    """36 kWh of cold for 6 kWh at the source and 1.5 at pumps and tower in the cold's months; 18 of heat for 6."""
    building = next(b for b in offices(8000.0, 6) if b.source_system == "vrf")
    runs = runs_of([(building.building_id, "none", use(electricity_cooling=6, electricity_heating=6,
                                                       electricity_pumps=12, electricity_heat_rejection=6))])
    row = row_of(building, runs.isel(case=0))
    assert row["cooling_seasonal_efficiency"] == pytest.approx(6.0)
    assert row["heating_seasonal_efficiency"] == pytest.approx(3.0)
    assert row["cooling_plant_efficiency"] == pytest.approx(36 / (6 + 1.5))
    assert row["unmet_fraction"] == pytest.approx(0.02)


def test_offices_are_every_system_in_every_vintage():
    found = {(building.source_system, building.vintage, building.source_vintage) for building in offices(8000.0, 6)}
    assert len(found) == 4 * len(SOURCE_SYSTEMS)
    assert all(vintage == source for _, vintage, source in found)
