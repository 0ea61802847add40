"""Tariffs: Shanghai's hours and ratios one by one, bills by hand, PV split hour by hour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.money import tariffs
from optimiser.money.tariffs import Season, Tariff, tariff_of
from vocabulary import InputError

FLAT, OTHER = 0.5675, 0.0825


def ratio(month, hour):
    table = tariffs.price_table(tariff_of("shanghai_two_part_tou"))
    return round(float((table[month - 1, hour] - OTHER) / FLAT), 6)


@pytest.mark.parametrize(
    ("month", "hours", "expected"),
    [
        (7, [12, 13], 2.25),
        (8, [12, 13], 2.25),
        (9, [12, 13], 1.80),
        (7, [8, 11, 14, 18, 20], 1.80),
        (7, [6, 7, 15, 17, 21], 1.00),
        (7, [22, 23, 0, 5], 0.40),
        (9, [22, 5], 0.40),
        (1, [19, 20], 2.25),
        (12, [19, 20], 2.25),
        (1, [8, 10, 18], 1.80),
        (12, [11, 17, 21], 1.00),
        (1, [22, 5], 0.40),
        (4, [8, 10, 18, 20], 1.60),
        (4, [6, 11, 17, 21], 1.00),
        (4, [22, 5], 0.50),
        (2, [19], 1.60),
        (11, [12], 1.00),
    ],
)
def test_two_part_hours_of_notice_50_of_2022(month, hours, expected):
    assert {ratio(month, hour) for hour in hours} == {expected}


def test_single_part_prices_meet_the_printed_ones():
    table = tariffs.price_table(tariff_of("shanghai_single_part_tou"))
    assert table[6, 10] == pytest.approx(0.943, abs=5e-4)
    assert table[6, 23] == pytest.approx(0.4769, abs=5e-5)
    assert table[3, 10] == pytest.approx(0.922, abs=1e-3)
    assert tariffs.price_table(tariff_of("shanghai_flat")).max() == pytest.approx(0.7996)


def test_hourly_prices_follow_months_and_hours():
    price = tariffs.hourly_price(tariff_of("shanghai_two_part_tou"))
    assert price.shape == (8760,)
    first_of_july = 181 * 24
    assert price[first_of_july + 12] == pytest.approx(OTHER + 2.25 * FLAT)
    assert price[first_of_july - 24 + 12] == pytest.approx(OTHER + FLAT)


def test_demand_charge_by_hand():
    profile = np.ones(8760)
    profile[100] = 50.0  # one hour of January
    tariff = tariff_of("shanghai_two_part_tou")
    more = tariffs.electricity_cost_cny(profile, tariff) - tariffs.electricity_cost_cny(np.ones(8760), tariff)
    energy = 49 * tariffs.hourly_price(tariff)[100]
    assert more == pytest.approx(49 * 40.8 + energy)


def test_bill_equals_the_sum_hour_by_hour():
    rng = np.random.default_rng(0)
    profile, tariff = rng.uniform(0, 100, 8760), tariff_of("shanghai_two_part_tou")
    price, total, peaks, hour = tariffs.price_table(tariff), 0.0, [0.0] * 12, 0
    for month, days in enumerate(tariffs.DAYS_PER_MONTH):
        for _ in range(days):
            for of_day in range(24):
                total += profile[hour] * price[month, of_day]
                peaks[month] = max(peaks[month], profile[hour])
                hour += 1
    assert tariffs.electricity_cost_cny(profile, tariff) == pytest.approx(total + 40.8 * sum(peaks))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.floats(0, 5))
def test_pv_is_conserved_and_never_used_beyond_the_load(seed, size):
    rng = np.random.default_rng(seed)
    load, pv = rng.uniform(0, 2, (3, 8760)), size * rng.uniform(0, 1, 8760)
    used, exported = tariffs.split_pv_kw(load, pv)
    assert np.allclose(used + exported, pv)
    assert (used <= load + 1e-12).all()
    assert (exported >= 0).all()


def test_pv_worth_grows_with_size_but_ever_more_slowly():
    hour = np.arange(8760) % 24
    sun = np.where((hour > 6) & (hour < 18), 1.0, 0.0)
    load = np.where((hour > 8) & (hour < 17), 3.0, 0.5)
    worth = [float(tariffs.pv_value_cny(load, kw * sun, tariff_of("shanghai_flat"))) for kw in range(8)]
    steps = np.diff(worth)
    assert (steps > 0).all()
    assert (np.diff(steps) <= 1e-6).all()


def test_whole_bill_adds_gas():
    use = {"electricity": np.zeros(8760), "natural_gas": np.full(8760, 9.8856 / 8760)}
    assert tariffs.energy_cost_cny(use, tariff_of("shanghai_flat")) == pytest.approx(4.21, rel=1e-4)


def test_every_price_names_source_and_confidence_and_weak_ones_are_assumptions():
    prices = tariffs.load_prices()
    for entry in (*prices.electricity.values(), prices.natural_gas, prices.pv_export):
        assert entry.source
        assert entry.confidence in "ABCD"
    assert prices.electricity["suburban_office"].assumption
    assert prices.electricity["shanghai_two_part_tou"].assumption


def test_wrong_lengths_and_names_are_refused():
    with pytest.raises(InputError, match="8760"):
        tariffs.electricity_cost_cny(np.ones(8784), tariff_of("shanghai_flat"))
    with pytest.raises(InputError, match="did you mean 'shanghai_flat'"):
        tariff_of("shanghai_flatt")


def test_a_tariff_must_cover_the_year_and_price_every_period():
    good = tariff_of("shanghai_two_part_tou").model_dump()
    with pytest.raises(ValueError, match="every month once"):
        Tariff(**{**good, "seasons": good["seasons"][1:]})
    with pytest.raises(ValueError, match="no multiplier"):
        Season(months=(1,), multipliers={"flat": 1.0}, periods=({"period": "peak", "hours": ((8, 9),)},))
    with pytest.raises(ValueError, match="within 0 and 24"):
        Season(months=(1,), multipliers={"flat": 1.0, "peak": 2.0}, periods=({"period": "peak", "hours": ((20, 25),)},))
