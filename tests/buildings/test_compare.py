"""Benchmarks, disclosure and audits."""

import csv
import datetime
import math

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings import MonthlyBill
from buildings.audits import audits_due, coverage_above_scale
from buildings.benchmarks import benchmark, hours_correction, occupancy_correction
from buildings.degree_days import DegreeDays
from buildings.disclosure import HEADERS, disclose, disclosure_table
from buildings.export import neutral, record_table, write_table
from buildings.yardsticks import load_yardsticks
from vocabulary import InputError

YEAR = [f"2024-{month:02d}" for month in range(1, 13)]
RULE = load_yardsticks().gb51161


def with_bills(building, electricity_kwh, gas_m3=0.0, water_m3=100.0, years=(2024,), **changes):
    bills = tuple(MonthlyBill(month=f"{year}-{month:02d}", electricity_kwh=electricity_kwh, gas_m3=gas_m3,
                              water_m3=water_m3) for year in years for month in range(1, 13))
    return building.model_copy(update={"bills": bills, **changes})


def test_corrections_by_hand():
    assert hours_correction(2500, RULE) == pytest.approx(1.0)
    assert hours_correction(2232, RULE) == pytest.approx(0.3 + 0.7 * 2500 / 2232)
    assert occupancy_correction(10, RULE) == pytest.approx(1.0)
    assert occupancy_correction(22, RULE) == pytest.approx(0.7 + 0.66)


def test_benchmark_by_hand(sample):
    """JS02: 9 400 m2, 430 people, 9 h x 248 days; 60 000 kWh and 1 000 m3 a month."""
    (row,) = benchmark([with_bills(sample[1], 60_000.0, 1000.0)])
    assert row.electricity_kwh_per_m2 == pytest.approx(720_000 / 9400)
    energy = (720_000 + 12_000 * 7.131) / 9400
    assert row.energy_kwh_per_m2 == pytest.approx(energy)
    people = 0.7 + 0.3 * (9400 / 430) / 10
    assert row.corrected_kwh_per_m2 == pytest.approx(energy * (0.3 + 0.7 * 2500 / 2232) * people)
    assert (row.building_class, row.guide_kwh_per_m2, row.constraint_kwh_per_m2) == ("a", 55, 70)
    assert row.verdict == "above constraint"
    assert row.peer_percentile is None


def test_class_b_needs_size_and_water_system(sample):
    large = next(b for b in sample if b.floor_area_m2 >= 20_000 and b.source_system == "chiller_boiler")
    (row,) = benchmark([with_bills(large, 100_000.0)])
    assert (row.building_class, row.constraint_kwh_per_m2) == ("b", 90)


def test_percentiles_rank_peers(sample):
    rows = benchmark([with_bills(b, b.floor_area_m2 * (5 + n)) for n, b in enumerate(sample)])
    assert [row.peer_percentile for row in rows] == pytest.approx([100 * (n + 1) / 12 for n in range(12)])


def test_buildings_without_a_full_year_are_left_out(sample):
    assert benchmark([sample[0], with_bills(sample[1], 1.0).model_copy(update={"bills": ()})]) == ()


def test_gas_that_is_not_reported_is_told_not_swallowed(sample):
    full = with_bills(sample[1], 60_000.0, 1000.0)
    bills = tuple(bill if bill.month_of_year > 3 else bill.model_copy(update={"gas_m3": None}) for bill in full.bills)
    (row,) = benchmark([full.model_copy(update={"bills": bills})])
    assert row.gas_m3_per_m2 == pytest.approx(9000 / 9400)
    assert row.note == "gas of 3 months not reported, counted as none"
    never = tuple(bill.model_copy(update={"gas_m3": None}) for bill in full.bills)
    assert benchmark([full.model_copy(update={"bills": never})])[0].note == ""
    later = with_bills(sample[1], 60_000.0, 1000.0, years=(2025,)).bills
    missing = full.model_copy(update={"bills": bills + later, "last_audit_date": datetime.date(2023, 5, 1)})
    assert audits_due([missing], TODAY)[0].reasons == ()


def test_normal_weather_is_what_the_model_says(sample):
    rng = np.random.default_rng(1)
    heating, cooling = rng.uniform(0, 300, 12), rng.uniform(0, 200, 12)
    days = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31.0])
    energy = 1500 * days + 40 * heating + 90 * cooling
    bills = tuple(MonthlyBill(month=m, electricity_kwh=e) for m, e in zip(YEAR, energy, strict=True))
    normal_heating, normal_cooling = heating[::-1].copy(), cooling[::-1].copy()
    degree_days = DegreeDays(tuple(YEAR), heating, cooling, normal_heating, normal_cooling)
    (row,) = benchmark([sample[1].model_copy(update={"bills": bills})], degree_days)
    expected = 1500 * 365 + 40 * normal_heating.sum() + 90 * normal_cooling.sum()
    assert row.normalised_kwh_per_m2 == pytest.approx(expected / sample[1].floor_area_m2)
    assert row.normalisation_cv_rmse < 1e-6


def test_disclosure_by_hand_with_compound_and_change(sample):
    """JS01 and JS02 share a compound: 38 000 m2, 1 670 people."""
    before = with_bills(sample[0], 100_000.0, 500.0, 1000.0, years=(2023,)).bills
    after = with_bills(sample[0], 90_000.0, 500.0, 900.0, years=(2024,)).bills
    one = sample[0].model_copy(update={"bills": before + after})
    two = with_bills(sample[1], 50_000.0, 0.0, 400.0, years=(2023, 2024))
    (row,) = disclose([one, two])
    assert (row.unit, row.buildings, row.floor_area_m2, row.people, row.year) == ("JSC1", 2, 38_000, 1670, 2024)
    coal = 12 * (140_000 * 0.1229 + 500 * 1.2143)
    old = 12 * (150_000 * 0.1229 + 500 * 1.2143)
    assert row.energy_kgce_per_m2 == pytest.approx(coal / 38_000)
    assert row.energy_kgce_per_person == pytest.approx(coal / 1670)
    assert row.water_m3_per_person == pytest.approx(12 * 1300 / 1670)
    assert row.energy_per_m2_change == pytest.approx(coal / old - 1)


def test_incomplete_year_says_so_and_invents_nothing(sample):
    one = with_bills(sample[3], 1000.0)
    two = with_bills(sample[4], 1000.0)
    two = two.model_copy(update={"bills": two.bills[:-1]})
    rows = disclose([one, two])
    assert rows[1].energy_kgce is None
    assert rows[1].energy_per_m2_change is None
    _, cells = disclosure_table(rows, "zh")
    assert "不完整" in cells[1][-1]
    assert "示例" in cells[1][-1]


def test_tables_in_both_languages_have_the_same_columns(sample):
    rows = disclose([with_bills(sample[0], 1.0)])
    for language in ("en", "zh"):
        header, cells = disclosure_table(rows, language)
        assert len(header) == len(cells[0]) == len(HEADERS["en"])


EVIL = ['=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "=1", " =1+1"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_formulas_are_neutralised(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    write_table(path, ["=a", "名称"], [[text, -1.5] for text in EVIL])
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = list(csv.reader(file))
    else:
        page = openpyxl.load_workbook(path).worksheets[0]
        assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n"}
        cells = [[cell.value for cell in row] for row in page.iter_rows()]
    assert cells[0][1] == "名称"
    assert all(row[0].startswith("'") for row in cells)
    assert [float(row[1]) for row in cells[1:]] == [-1.5] * len(EVIL)


@given(st.text())
def test_neutral_text_never_starts_a_formula(text):
    assert not neutral(text).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert neutral(text).endswith(text)


def test_table_needs_a_known_ending_and_a_folder(tmp_path):
    with pytest.raises(InputError, match="csv or"):
        write_table(tmp_path / "t.pdf", ["a"], [])
    with pytest.raises(InputError, match="No such file"):
        write_table(tmp_path / "none" / "t.csv", ["a"], [])
    assert list(tmp_path.iterdir()) == []


TODAY = datetime.date(2026, 1, 1)


def test_audit_reasons(sample):
    small = sample[8].model_copy(update={"last_audit_date": None})
    old = sample[3].model_copy(update={"last_audit_date": datetime.date(2020, 12, 31)})
    fresh = sample[4].model_copy(update={"last_audit_date": datetime.date(2021, 1, 1)})
    never = sample[9].model_copy(update={"last_audit_date": None})
    hungry = with_bills(small, 200_000.0)
    reasons = [row.reasons for row in audits_due([small, old, fresh, never, hungry], TODAY)]
    assert reasons == [(), ("last audit over 5 years ago",), (), ("above scale and never audited",),
                       ("above scale and never audited",)]


def test_audit_after_strong_change(sample):
    now = sample[4].model_copy(update={"last_audit_date": datetime.date(2023, 5, 1)})
    before = now.model_copy(update={"floor_area_m2": now.floor_area_m2 / 1.3, "use": "court"})
    (row,) = audits_due([now], TODAY, [before])
    assert row.reasons == ("floor area changed by +30%", "use changed from court to government_office")
    grown = now.model_copy(update={"bills": with_bills(now, 50_000.0, years=(2023,)).bills
                                   + with_bills(now, 65_000.0, years=(2024,)).bills})
    (row,) = audits_due([grown], TODAY)
    assert row.reasons == ("energy changed by +30% from 2023 to 2024",)


def test_coverage_counts_only_above_scale(sample):
    rows = audits_due(sample, TODAY)
    above = [b for b in sample if b.floor_area_m2 >= 10_000]
    valid = [b for b in above if b.last_audit_date and b.last_audit_date >= datetime.date(2021, 1, 1)]
    assert coverage_above_scale(rows) == pytest.approx(len(valid) / len(above))
    assert math.isnan(coverage_above_scale([]))
    header, cells = record_table(rows)
    assert len(header) == len(cells[0])
