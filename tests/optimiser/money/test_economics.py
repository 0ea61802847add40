"""Money over time against sums written out year by year."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.money import economics
from vocabulary import InputError

RATES = st.floats(0.0, 0.15)
LIVES = st.integers(1, 30)


@given(rate=RATES, years=st.integers(1, 40), growth=st.floats(-0.05, 0.1))
def test_annuity_equals_the_sum_of_its_years(rate, years, growth):
    by_hand = sum((1 + growth) ** (t - 1) / (1 + rate) ** t for t in range(1, years + 1))
    assert economics.annuity_factor(rate, years, growth) == pytest.approx(by_hand, rel=1e-6)


def test_annuity_where_rate_equals_growth():
    assert economics.annuity_factor(0.03, 10, 0.03) == pytest.approx(10 / 1.03)


@given(life=LIVES, rate=RATES, horizon=st.integers(1, 40))
def test_lifetime_cost_by_an_independent_ledger(life, rate, horizon):
    worth, age = 0.0, life
    for year in range(horizon):
        if age == life:
            worth, age = worth + 1 / (1 + rate) ** year, 0
        age += 1
    residual = (life - age) / life
    assert economics.lifetime_cost_factor(life, rate, horizon) == pytest.approx(
        worth - residual / (1 + rate) ** horizon
    )


def test_life_equal_to_the_horizon_costs_exactly_once():
    assert economics.lifetime_cost_factor(20.0) == pytest.approx(1.0)


def test_longer_life_never_costs_more_without_interest():
    factor = economics.lifetime_cost_factor(np.arange(1.0, 60.0), rate=0.0)
    assert factor == pytest.approx(20.0 / np.arange(1.0, 60.0))


@given(capital=st.floats(0, 1e7), saving=st.floats(-1e6, 1e6), life=LIVES, rate=RATES)
def test_npv_equals_the_present_value_of_its_yearly_flow(capital, saving, life, rate):
    flow = np.full(21, saving)
    flow[0] = -capital
    flow -= economics.replacement_flow_cny(capital, life, 20)
    age = 20 % life or life
    flow[20] += capital * (life - age) / life
    npv = economics.net_present_value_cny(capital, saving, life, rate=rate)
    assert npv == pytest.approx(float(economics.present_value(flow, rate)), rel=1e-6, abs=1e-2)


@given(a=st.floats(0, 1e6), b=st.floats(0, 1e6), share=st.floats(0, 1))
def test_npv_is_linear_in_money(a, b, share):
    def npv(capital, saving):
        return float(economics.net_present_value_cny(capital, saving, 12.0, 0.02 * capital))

    mixed = npv(share * a + (1 - share) * b, share * b + (1 - share) * a)
    assert mixed == pytest.approx(share * npv(a, b) + (1 - share) * npv(b, a), rel=1e-6, abs=1e-3)


def test_arrays_work_as_single_numbers_do():
    capital, life = np.array([1e5, 2e5]), np.array([10.0, 25.0])
    together = economics.net_present_value_cny(capital, 3e4, life)
    assert together == pytest.approx(
        [economics.net_present_value_cny(c, 3e4, n) for c, n in zip(capital, life, strict=True)]
    )


def test_replacement_falls_in_the_year_that_needs_it_and_not_on_the_last_day():
    assert economics.replacement_flow_cny(100.0, 8.5, 20).nonzero()[0].tolist() == [9, 17]
    assert economics.replacement_flow_cny(100.0, 10.0, 20).nonzero()[0].tolist() == [10]
    assert economics.replacement_flow_cny(100.0, 0.5, 2).tolist() == [0.0, 200.0, 0.0]


def test_payback_of_nothing_paid_and_nothing_saved():
    assert economics.payback_years([0.0, 10.0, 10.0], [5.0, 0.0, 4.0]).tolist() == [0.0, np.inf, 2.5]


@pytest.mark.parametrize("life", [0.0, -3.0, float("nan")])
def test_impossible_lives_are_refused(life):
    with pytest.raises(InputError, match="life_years"):
        economics.lifetime_cost_factor(life)
    with pytest.raises(InputError, match="life_years"):
        economics.replacement_flow_cny(1.0, life, 3)
