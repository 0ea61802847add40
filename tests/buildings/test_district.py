import csv
from pathlib import Path

import numpy as np
import pytest
import yaml

from buildings.datafile import DATA_DIR
from buildings.plausibility import check_files
from scripts.illustrative_bills import month_rows, read_months, used_designs
from scripts.make_illustrative_district import MONTHS, load_parameters, main
from sim.surrogate.calibration_priors import prior_of

REGISTRY = DATA_DIR / "jiading_illustrative.csv"
BILLS = DATA_DIR / "jiading_illustrative_bills.csv"


def billed_intensity(building):
    """Mean yearly electricity [kWh/m2] straight from the bills."""
    known = [bill.electricity_kwh for bill in building.bills]
    return 12 * np.mean(known) / building.floor_area_m2


def test_the_script_makes_the_files_that_are_kept(tmp_path):
    main(out=tmp_path)
    for kept in (REGISTRY, BILLS):
        assert (tmp_path / kept.name).read_bytes() == kept.read_bytes()


def test_registry_has_no_fault_and_nothing_strange():
    assert check_files(REGISTRY) == ([], [])


def test_levels_are_those_of_the_brief(district):
    area = np.array([building.floor_area_m2 for building in district])
    intensity = np.array([billed_intensity(building) for building in district])
    assert len(district) == 115
    assert 85 <= np.average(intensity, weights=area) <= 100
    assert 65 <= np.median(intensity) <= 85


def test_monthly_shape_is_the_published_one(district):
    """Area-weighted monthly share within 10 % of the published series, from the bills alone."""
    parameters = yaml.safe_load((DATA_DIR / "illustrative_district.yaml").read_text(encoding="utf-8"))
    published = np.array(parameters["published_electricity_kwh_per_m2"])
    full = [building for building in district if len(building.bills) == 36]
    monthly = np.sum([[bill.electricity_kwh for bill in building.bills] for building in full], axis=0)
    monthly = monthly.reshape(3, 12).mean(axis=0)
    np.testing.assert_allclose(monthly / monthly.sum(), published / published.sum(), rtol=0.10)


def test_every_row_is_labelled_illustrative(district):
    assert all(building.illustrative for building in district)
    with BILLS.open(encoding="utf-8") as file:
        assert {row["illustrative"] for row in csv.DictReader(file)} == {"yes"}


def test_district_is_varied(district):
    assert len({building.vintage for building in district}) == 4
    assert len({building.source_system for building in district}) >= 5
    assert len({building.plan_shape for building in district}) == 4
    compounds = [building.compound_id for building in district]
    assert len(set(compounds)) < len(compounds)
    assert all(31.2 < b.latitude_deg < 31.5 and 121.1 < b.longitude_deg < 121.4 for b in district)


def test_gas_only_where_something_burns_it(district):
    burning = {"chiller_boiler", "absorption", "high_efficiency_plant"}
    for building in district:
        gas = sum(bill.gas_m3 for bill in building.bills)
        if building.source_system in burning:
            assert gas > 0
        elif building.occupants < 150:
            assert gas == 0


def test_files_sit_beside_each_other():
    assert Path(REGISTRY).exists()
    assert Path(BILLS).exists()


def test_gas_for_heat_follows_the_cold(district):
    """A boiler's gas: most in January, little in November, in summer only the canteen's."""
    chosen = [b for b in district if b.source_system == "chiller_boiler" and len(b.bills) == 36]
    assert chosen
    for building in chosen:
        monthly = np.array([bill.gas_m3 for bill in building.bills]).reshape(3, 12).mean(axis=0)
        assert monthly.argmax() == 0
        monthly -= monthly[3:10].mean()
        assert abs(monthly[3:10]).max() < 0.1 * monthly[0]
        assert monthly[10] < monthly[2] < monthly[1] < monthly[0]


def test_every_institution_is_used_inside_the_ranges_of_calibration(district):
    for building, design in zip(district, used_designs(district, load_parameters()), strict=True):
        prior = prior_of(building)
        values = np.array([getattr(design, name) for name in prior.names])
        assert (prior.low <= values).all()
        assert (values <= prior.high).all()
        as_registered = {name: getattr(building.design, name) for name in prior.names}
        assert design.model_copy(update=as_registered) == building.design


@pytest.mark.long
@pytest.mark.engine
def test_kept_months_are_those_of_the_engine(district, tmp_path):
    """The bills' physics was not typed in: three institutions, run again, give the file's numbers."""
    parameters, kept = load_parameters(), read_months(DATA_DIR / MONTHS)
    designs = used_designs(district, parameters)
    chosen = sorted(range(len(district)), key=lambda i: district[i].floor_area_m2)[:40:15]
    for row in month_rows([district[i] for i in chosen], [designs[i] for i in chosen], tmp_path):
        for place, column in enumerate(c for c in row if c.endswith("_kwh")):
            assert row[column] == pytest.approx(kept[row["building_id"]][place, row["month"] - 1], rel=1e-6, abs=0.11)
