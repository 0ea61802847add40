"""Which months a bill stands for: ordinary months stay alone, each trouble is told, no energy is invented or lost."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from buildings.bill_periods import Bills, periods_of
from buildings.yardsticks import load_yardsticks
from vocabulary import InputError

SHAPE = np.array([9.1, 8.2, 7.3, 5.8, 6.2, 7.2, 10.8, 11.1, 9.4, 6.2, 6.2, 8.3] * 2)


def handled(bills, estimated=(), shape=SHAPE):
    flags = np.zeros(len(bills), dtype=bool)
    flags[list(estimated)] = True
    return periods_of(np.asarray(bills, dtype=float), flags, shape[: len(bills)], load_yardsticks().bill_periods)


def noisy(seed, level=1000.0):
    return level * SHAPE * (1 + 0.05 * np.random.default_rng(seed).standard_normal(len(SHAPE)))


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_ordinary_bills_stay_one_reading_a_month(seed):
    found = handled(noisy(seed))
    assert found.groups == tuple((i,) for i in range(24))
    assert not any((found.missing, found.merged, found.doubled, found.left_out, found.joined_estimates))


@given(st.integers(0, 10_000), st.integers(1, 22))
@example(1, 18)  # June in July's bill, 1.6 times July: once taken for a missing June and a costly July
@settings(max_examples=60, deadline=None)
def test_each_trouble_is_told_and_no_energy_is_invented(seed, month):
    bills = noisy(seed)
    merged = bills.copy()
    merged[month], merged[month - 1] = bills[month] + bills[month - 1], np.nan
    found = handled(merged)
    assert found.merged == (month - 1,)
    assert (month - 1, month) in found.groups
    assert found.missing == ()

    gone = bills.copy()
    gone[month] = np.nan
    found = handled(gone)
    assert found.missing == (month,)
    assert all(month not in group for group in found.groups)

    pair = bills.copy()
    pair[month], pair[month - 1] = bills[month] + bills[month - 1], 0.0
    found = handled(pair)
    assert found.doubled == (month - 1, month)
    assert (month - 1, month) in found.groups

    guessed = handled(bills, [month])
    assert guessed.joined_estimates == (month,)
    assert (month, month + 1) in guessed.groups

    for case, answer in ((merged, handled(merged)), (gone, handled(gone)), (pair, handled(pair))):
        read = sorted(i for group in answer.groups for i in group)
        assert len(read) == len(set(read))
        assert np.nansum(case[read]) == pytest.approx(np.nansum(case))


def test_a_month_counted_twice_is_left_out():
    bills = noisy(3)
    bills[9] *= 2
    found = handled(bills)
    assert found.left_out == (9,)
    assert all(9 not in group for group in found.groups)


@pytest.mark.parametrize("month", [0, 9, 23])
@pytest.mark.parametrize("times", [2.0, 0.001])
def test_a_month_counted_twice_or_in_part_is_left_out_at_the_ends_too(month, times):
    bills = noisy(3)
    bills[month] *= times
    found = handled(bills)
    assert found.left_out == (month,)
    assert all(month not in group for group in found.groups)


@given(st.integers(0, 10_000), st.integers(1, 23))
@settings(max_examples=60, deadline=None)
def test_use_on_the_bill_before_is_joined_with_it(seed, month):
    bills = noisy(seed)
    total = bills.sum()
    bills[month - 1], bills[month] = bills[month - 1] + bills[month], np.nan
    found = handled(bills)
    assert (month - 1, month) in found.groups
    assert found.merged == (month,)
    assert sum(np.nansum(bills[list(group)]) for group in found.groups) == pytest.approx(total)
    estimated = handled(bills, [month - 1])
    assert estimated.joined_estimates == ()


def test_an_estimate_that_nothing_follows_keeps_its_doubt():
    found = handled(noisy(1), [23])
    assert found.groups[-1] == (23,)
    assert found.estimated[-1]
    assert found.joined_estimates == ()


def test_two_estimates_in_a_row_join_the_metered_month():
    assert (4, 5, 6) in handled(noisy(1), [4, 5]).groups


def test_bills_must_be_in_order_without_gaps():
    two = np.ones((2, 2))
    with pytest.raises(InputError, match="gaps"):
        Bills(("2024-01", "2024-03"), two, np.zeros(2, bool))
    assert Bills(("2024-01", "2024-02"), two, np.zeros(2, bool)).days_factor[1] == pytest.approx(29 / 28)
