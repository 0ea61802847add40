import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import MonthlyBill
from buildings.degree_days import DegreeDays, fit_degree_days, month_days, read_degree_days
from buildings.savings import UseFactor, avoided_energy, read_use_factors, savings_table
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


def by_calendar_month(energy):
    """Sum over the calendar months of the mean of each, from months after 2024-01."""
    after = np.array([month > "2024-01" for month in MONTHS])
    calendar = np.arange(48) % 12
    return sum(energy[after & (calendar == m)].mean() for m in range(12))


def plain_energy(degree_days):
    return 1200 * degree_days.days + 30 * degree_days.heating + 70 * degree_days.cooling


def billed(building, electricity, gas=None, months=MONTHS, reading=None):
    gas = [None] * len(months) if gas is None else gas
    bills = tuple(
        MonthlyBill(month=m, electricity_kwh=None if e is None or np.isnan(e) else e,
                    gas_m3=None if g is None or np.isnan(g) else g, reading=(reading or {}).get(m, "metered"))
        for m, e, g in zip(months, electricity, gas, strict=True))
    return building.model_copy(update={"bills": bills, "retrofit_month": "2024-01"})


AFTER = np.array([month > "2024-01" for month in MONTHS])
TROUBLES = {
    "one month in the next, before": [(18, "next")], "one month in the next, after": [(30, "next")],
    "one month in the one before": [(40, "previous")], "two months twice, after": [(29, "twice"), (40, "twice")],
    "a month in part, before": [(12, "part")], "the last month twice": [(47, "twice")],
}


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
    assert row.avoided_kwh_per_year == pytest.approx(0.25 * by_calendar_month(plain_energy(degree_days)))
    assert row.avoided_kwh == pytest.approx(0.25 * plain_energy(degree_days)[AFTER].sum())
    assert row.kept_fraction == pytest.approx(row.avoided_kwh_per_year / 150_000)
    assert (row.months_before, row.months_after) == (24, 23)


def test_more_use_is_adjusted_for(sample):
    degree_days = weather()
    building = retrofitted(sample[4], degree_days)
    plain = avoided_energy(building, degree_days)
    grown = avoided_energy(building, degree_days, UseFactor(1.1))
    assert grown.avoided_kwh_per_year - plain.avoided_kwh_per_year == pytest.approx(
        0.1 * by_calendar_month(1200 * degree_days.days))


def test_intervals_cover_as_often_as_they_say(sample):
    """90 % intervals over 300 invented buildings with 4 % noise: 270 expected, standard deviation 5.2."""
    inside = 0
    for seed in range(300):
        degree_days = weather(seed)
        building = retrofitted(sample[4], degree_days, noise=0.04, seed=1000 + seed)
        row = avoided_energy(building, degree_days)
        truth = 0.25 * by_calendar_month(plain_energy(degree_days))
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


@pytest.mark.parametrize("trouble", TROUBLES)
def test_merged_doubled_and_partial_months_change_little(sample, trouble):
    degree_days = weather(7)
    energy = plain_energy(degree_days) * (1 + 0.02 * np.random.default_rng(4).standard_normal(48))
    energy = np.where(AFTER, 0.8 * energy, energy)
    clean = avoided_energy(billed(sample[4], energy), degree_days)
    for month, what in TROUBLES[trouble]:
        beside = month + 1 if what == "next" else month - 1
        if what in ("next", "previous"):
            energy[beside] += energy[month]
            energy[month] = np.nan
        else:
            energy[month] *= 2.0 if what == "twice" else 0.05
    found = avoided_energy(billed(sample[4], energy), degree_days)
    assert found.avoided_fraction == pytest.approx(clean.avoided_fraction, abs=0.015)
    assert found.avoided_kwh_per_year == pytest.approx(clean.avoided_kwh_per_year, rel=0.05)
    assert "electricity:" in found.note
    assert "electricity:" not in clean.note


@pytest.mark.parametrize("change", [12, 36])
def test_a_meter_change_on_one_side_is_refused(sample, change):
    degree_days = weather(2)
    energy = plain_energy(degree_days)
    energy[AFTER] *= 0.8
    energy[change:] *= 0.5
    building = billed(sample[4], energy)
    rows, faults = savings_table([building], degree_days)
    assert rows == ()
    assert MONTHS[change] in faults[0].found
    assert "meter" in faults[0].found


@pytest.mark.parametrize("months", [6, 11, 12, 18, 23])
def test_a_year_is_a_year_whatever_months_are_billed(sample, months):
    """A saving in summer only: 18 months hold two summers, 6 hold one; neither may pass for the year's share."""
    degree_days = weather(3)
    saved = 20 * degree_days.cooling
    energy = plain_energy(degree_days) - saved * AFTER
    last = 25 + months
    found = avoided_energy(billed(sample[4], energy[:last], months=MONTHS[:last]), degree_days)
    assert found.avoided_kwh == pytest.approx(saved[25:last].sum())
    if months < 12:
        assert found.avoided_kwh_per_year is None
        assert "no year stated" in found.note
    else:
        calendar = np.arange(48) % 12
        truth = sum(saved[25:last][calendar[25:last] == m].mean() for m in range(12))
        assert found.avoided_kwh_per_year == pytest.approx(truth)


def test_blank_gas_takes_no_electricity_away(sample):
    """Gas bought from November to March, blank otherwise; what is saved is electricity of summer."""
    degree_days = weather(5)
    saved = 30 * degree_days.cooling
    electricity = plain_energy(degree_days) - saved * AFTER
    winter = np.isin(np.arange(48) % 12, (0, 1, 2, 10, 11))
    gas = 5.0 * degree_days.heating
    typed = avoided_energy(billed(sample[4], electricity, np.where(winter, gas, 0.0)), degree_days)
    blank = avoided_energy(billed(sample[4], electricity, np.where(winter, gas, np.nan)), degree_days)
    assert blank.avoided_kwh == pytest.approx(typed.avoided_kwh)
    assert blank.avoided_kwh_per_year == pytest.approx(typed.avoided_kwh_per_year)
    assert blank.avoided_kwh > 0.9 * saved[AFTER].sum()
    assert "taken as 0" in blank.note


def test_a_boiler_that_is_gone_saves_its_gas(sample):
    degree_days = weather(6)
    gas = np.where(AFTER, np.nan, 400 + 25.0 * degree_days.heating)
    found = avoided_energy(billed(sample[4], plain_energy(degree_days) * 1.0, gas), degree_days)
    expected = (400 + 25.0 * degree_days.heating) * 35.544 / 3.6
    assert found.avoided_kwh_per_year == pytest.approx(by_calendar_month(expected), rel=0.02)
    assert "no bills since the retrofit" in found.note


def test_gas_that_comes_new_counts_against_the_saving(sample):
    degree_days = weather(6)
    gas = np.where(AFTER, 400.0, np.nan)
    found = avoided_energy(billed(sample[4], plain_energy(degree_days), gas), degree_days)
    assert found.avoided_kwh_per_year == pytest.approx(-400 * 12 * 35.544 / 3.6, rel=0.01)


def test_no_bills_above_zero_is_a_message_and_the_others_are_stated(sample):
    degree_days = weather()
    empty = billed(sample[4], np.where(AFTER, 5000.0, 0.0))
    rows, faults = savings_table([empty, retrofitted(sample[5], degree_days)], degree_days)
    assert [row.building_id for row in rows] == [sample[5].building_id]
    assert "no energy before" in faults[0].found


def test_use_factors_file(tmp_path, sample):
    path = tmp_path / "use.csv"
    path.write_text("building_id,use_factor,use_factor_std\nA,1.1,0.05\nB,0.9,\n")
    read = read_use_factors(path, ["A", "B"])
    assert (read["A"], read["B"]) == (UseFactor(1.1, 0.05), UseFactor(0.9))
    path.write_text("building_id,use_factor\nA,1.1\nA,1.2\nC,1\nB,-1\n")
    with pytest.raises(InputError) as error:
        read_use_factors(path, ["A", "B"])
    assert len(error.value.faults) == 3
    degree_days = weather()
    building = retrofitted(sample[4], degree_days, noise=0.03)
    sure, unsure = (avoided_energy(building, degree_days, UseFactor(1.1, std)) for std in (0.0, 0.1))
    assert sure.avoided_kwh == unsure.avoided_kwh
    assert unsure.avoided_high_kwh - unsure.avoided_low_kwh > 1.2 * (sure.avoided_high_kwh - sure.avoided_low_kwh)
