import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import MonthlyBill
from buildings.degree_days import DegreeDays, fit_degree_days, month_days, read_degree_days
from buildings.savings import avoided_energy, savings_table
from vocabulary import InputError

MONTHS = tuple(f"{year}-{month:02d}" for year in (2022, 2023, 2024, 2025) for month in range(1, 13))
NORMAL_HEATING = np.array([340, 270, 170, 45, 1, 0, 0, 0, 0, 8, 85, 275.0])
NORMAL_COOLING = np.array([0, 0, 0, 4, 40, 95, 226, 217, 100, 18, 1, 0.0])


def weather(seed=0):
    rng = np.random.default_rng(seed)
    heating = np.tile(NORMAL_HEATING, 4) * rng.uniform(0.85, 1.15, 48)
    cooling = np.tile(NORMAL_COOLING, 4) * rng.uniform(0.85, 1.15, 48)
    return DegreeDays(MONTHS, heating, cooling, NORMAL_HEATING, NORMAL_COOLING)


def retrofitted(building, degree_days, share=0.25, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    energy = 1200 * degree_days.days + 30 * degree_days.heating + 70 * degree_days.cooling
    energy = energy * (1 + noise * rng.standard_normal(48))
    after = np.array([month > "2024-01" for month in MONTHS])
    energy = np.where(after, energy * (1 - share), energy)
    bills = tuple(MonthlyBill(month=m, electricity_kwh=e) for m, e in zip(MONTHS, energy, strict=True))
    return building.model_copy(update={"bills": bills, "retrofit_month": "2024-01", "promised_saving_kwh": 150_000.0})


@settings(deadline=None)
@given(st.tuples(*[st.floats(0, 500)] * 3), st.integers(0, 100))
def test_fit_finds_the_coefficients_it_was_made_from(coefficients, seed):
    degree_days = weather(seed)
    matrix = np.column_stack([degree_days.days, degree_days.heating, degree_days.cooling])
    fit = fit_degree_days(matrix @ np.array(coefficients), *matrix.T)
    np.testing.assert_allclose(fit.coefficients, coefficients, atol=1e-6 * max(1.0, *coefficients))


def test_fit_agrees_with_ordinary_least_squares():
    """Independent computation: normal equations and their covariance with numpy alone."""
    degree_days = weather(3)
    matrix = np.column_stack([degree_days.days, degree_days.heating, degree_days.cooling])
    energy = matrix @ [900.0, 20.0, 50.0] + np.random.default_rng(5).normal(0, 800, 48)
    fit = fit_degree_days(energy, *matrix.T)
    expected, residual, *_ = np.linalg.lstsq(matrix, energy, rcond=None)
    np.testing.assert_allclose(fit.coefficients, expected, rtol=1e-8)
    variance = residual[0] / 45
    np.testing.assert_allclose(fit.covariance, variance * np.linalg.inv(matrix.T @ matrix), rtol=1e-6)
    assert fit.residual_std == pytest.approx(np.sqrt(variance))


def test_missing_months_are_left_out_and_too_few_are_refused():
    degree_days = weather(1)
    matrix = np.column_stack([degree_days.days, degree_days.heating, degree_days.cooling])
    energy = matrix @ [900.0, 20.0, 50.0]
    energy[::3] = np.nan
    np.testing.assert_allclose(fit_degree_days(energy, *matrix.T).coefficients, [900, 20, 50])
    energy[8:] = np.nan
    with pytest.raises(InputError, match="at least 9"):
        fit_degree_days(energy, *matrix.T)


def test_exact_saving_is_recovered(sample):
    degree_days = weather()
    row = avoided_energy(retrofitted(sample[4], degree_days), degree_days)
    assert row.avoided_fraction == pytest.approx(0.25, abs=1e-9)
    after = np.array([month > "2024-01" for month in MONTHS])
    energy = (1200 * degree_days.days + 30 * degree_days.heating + 70 * degree_days.cooling)[after]
    assert row.avoided_kwh_per_year == pytest.approx(0.25 * energy.sum() * 365 / degree_days.days[after].sum())
    assert row.kept_fraction == pytest.approx(row.avoided_kwh_per_year / 150_000)
    assert (row.months_before, row.months_after) == (24, 23)


def test_more_use_is_adjusted_for(sample):
    degree_days = weather()
    building = retrofitted(sample[4], degree_days)
    plain = avoided_energy(building, degree_days)
    grown = avoided_energy(building, degree_days, use_factor=1.1)
    assert grown.avoided_kwh_per_year - plain.avoided_kwh_per_year == pytest.approx(0.1 * 1200 * 365)


def test_intervals_cover_as_often_as_they_say(sample):
    """90 % intervals over 300 invented buildings with 4 % noise: 270 expected, standard deviation 5.2."""
    inside = 0
    for seed in range(300):
        degree_days = weather(seed)
        building = retrofitted(sample[4], degree_days, noise=0.04, seed=1000 + seed)
        row = avoided_energy(building, degree_days)
        after = np.array([month > "2024-01" for month in MONTHS])
        truth = 0.25 * (1200 * degree_days.days + 30 * degree_days.heating + 70 * degree_days.cooling)[after].sum()
        truth *= 365 / degree_days.days[after].sum()
        inside += row.avoided_low_kwh_per_year <= truth <= row.avoided_high_kwh_per_year
    assert 254 <= inside <= 297


def test_what_cannot_be_said_is_said(sample):
    degree_days = weather()
    building = retrofitted(sample[4], degree_days)
    short = building.model_copy(update={"bills": building.bills[18:]})
    rows, faults = savings_table([sample[0], building, short], degree_days)
    assert [row.building_id for row in rows] == [building.building_id]
    assert "6 months before" in faults[0].found
    strangers = DegreeDays(MONTHS[:12], degree_days.heating[:12], degree_days.cooling[:12], NORMAL_HEATING,
                           NORMAL_COOLING)
    with pytest.raises(InputError, match="every billed month"):
        avoided_energy(building, strangers)


def test_degree_day_file(tmp_path):
    path = tmp_path / "dd.csv"
    path.write_text("month,heating_degree_days,cooling_degree_days\n2024-02,200,0\n2024-01,300,1\n")
    read = read_degree_days(path, NORMAL_HEATING, NORMAL_COOLING)
    assert read.months == ("2024-01", "2024-02")
    np.testing.assert_array_equal(read.heating, [300, 200])
    np.testing.assert_array_equal(read.days, [31, 29])
    path.write_text("month,heating_degree_days,cooling_degree_day\n2024-02,x,0\n")
    with pytest.raises(InputError) as error:
        read_degree_days(path, NORMAL_HEATING, NORMAL_COOLING)
    assert len(error.value.faults) == 2


def test_month_days_knows_leap_years():
    np.testing.assert_array_equal(month_days(["2024-02", "2025-02", "2025-12"]), [29, 28, 31])
