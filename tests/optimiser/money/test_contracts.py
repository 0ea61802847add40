"""Contracts: what one side loses the other gains, guarantees by integration, hand-computed terms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from optimiser.money import contracts
from optimiser.money.contracts import Retrofit, Terms, cash_flows
from vocabulary import InputError

LANES = ["own_funds", "guaranteed", "shared_savings", "trusteeship"]
MONEY = st.floats(0, 1e6)


@st.composite
def retrofits(draw):
    return Retrofit(
        capital_cost_cny=draw(MONEY),
        annual_cost_saving_cny=draw(MONEY),
        annual_upkeep_cny=draw(st.floats(0, 1e4)),
        life_years=draw(st.integers(2, 30)),
        baseline_cost_cny=draw(MONEY),
        annual_cost_saving_std_cny=draw(st.floats(0, 1e5)),
        obligatory_works_cny=draw(st.floats(0, 1e5)),
        subsidy_cny=draw(st.floats(0, 1e5)),
    )


@pytest.mark.parametrize("lane", LANES)
@given(retrofit=retrofits(), term=st.integers(1, 20), share=st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_owner_and_company_share_exactly_what_the_project_earns(lane, retrofit, term, share):
    flows = cash_flows(lane, retrofit, Terms(term_years=term, service_share=tuple(share)), years=20)
    project = contracts.project_flow_cny(retrofit, 20)
    assert flows.owner + flows.service_company == pytest.approx(project, abs=1e-6)


@pytest.mark.parametrize("lane", LANES)
@given(retrofit=retrofits(), term=st.integers(1, 19))
def test_after_the_term_everything_is_the_owners(lane, retrofit, term):
    flows = cash_flows(lane, retrofit, Terms(term_years=term), years=20)
    assert flows.service_company[term + 1 :] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("lane", ["shared_savings", "trusteeship"])
@given(retrofit=retrofits())
def test_the_owner_pays_nothing_in_a_lane_that_the_company_funds(lane, retrofit):
    assert cash_flows(lane, retrofit).owner[:8].min() >= 0


@given(retrofit=retrofits(), scale=st.floats(0, 10))
def test_company_value_is_linear_in_money(retrofit, scale):
    names = (
        "capital_cost_cny",
        "annual_cost_saving_cny",
        "annual_upkeep_cny",
        "baseline_cost_cny",
        "subsidy_cny",
        "obligatory_works_cny",
        "annual_cost_saving_std_cny",
    )
    scaled = Retrofit(**{n: scale * getattr(retrofit, n) for n in names}, life_years=retrofit.life_years)
    for lane in LANES:
        one, many = (float(contracts.service_npv_cny(lane, r)) for r in (retrofit, scaled))
        assert many == pytest.approx(scale * one, rel=1e-6, abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(mean=st.floats(0, 1e3), error=st.floats(0.1, 1e3), level=st.floats(0, 2e3))
def test_expected_shortfall_equals_its_integral(mean, error, level):
    low, high = mean - 12 * error, min(level, mean + 12 * error)
    by_hand = 0.0
    if high > low:
        by_hand, _ = integrate.quad(
            lambda x: (level - x) * stats.norm.pdf(x, mean, error),
            low,
            high,
            limit=200,
            points=[mean] if low < mean < high else None,
        )
    found = float(contracts.expected_shortfall(mean, error, level))
    assert found == pytest.approx(by_hand, rel=1e-5, abs=1e-6 * (error + abs(level)))


@given(mean=MONEY, level=MONEY, error=st.floats(0, 1e5))
def test_shortfall_is_at_least_the_certain_one_and_grows_with_error(mean, level, error):
    certain = max(0.0, level - mean)
    found = float(contracts.expected_shortfall(mean, error, level))
    assert found >= certain - 1e-6
    assert float(contracts.expected_shortfall(mean, 2 * error, level)) >= found - 1e-6


def test_shortfall_far_above_the_guarantee_is_nothing():
    assert contracts.expected_shortfall(100.0, 1.0, 50.0) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(InputError, match="standard error"):
        contracts.expected_shortfall(1.0, -1.0, 1.0)


def test_trusteeship_by_hand():
    # baseline 100 a year, saving 30, discount 5 %: the company earns 25 a year for 8 years and paid 120 + 20 works.
    retrofit = Retrofit(120.0, 30.0, baseline_cost_cny=100.0, obligatory_works_cny=20.0)
    flows = cash_flows("trusteeship", retrofit, years=10)
    assert flows.service_company.tolist() == pytest.approx([-140.0, *[25.0] * 8, 0.0, 0.0])
    assert flows.owner.tolist() == pytest.approx([0.0, *[5.0] * 8, 30.0, 30.0])
    assert float(contracts.public_money_saved_cny(flows, 8)) == pytest.approx(40.0)


def test_step_shares_by_hand():
    terms = Terms(term_years=4, service_share=(0.9, 0.8, 0.7))
    flows = cash_flows("shared_savings", Retrofit(100.0, 50.0), terms, years=5)
    assert flows.service_company.tolist() == pytest.approx([-100.0, 45.0, 40.0, 35.0, 35.0, 0.0])


def test_guaranteed_owner_is_never_worse_off_than_with_own_funds():
    retrofit = Retrofit(100.0, 50.0, annual_cost_saving_std_cny=20.0)
    own, sure = (cash_flows(lane, retrofit).owner for lane in ("own_funds", "guaranteed"))
    assert (sure >= own).all()
    assert sure[1] > own[1]


def test_renewal_inside_the_term_is_the_companys_and_on_its_last_day_the_owners():
    inside = cash_flows("shared_savings", Retrofit(100.0, 50.0, life_years=5.0), years=8)
    assert inside.service_company[5] == pytest.approx(40.0 - 100.0)
    at_end = cash_flows("shared_savings", Retrofit(100.0, 50.0, life_years=8.0), years=9)
    assert at_end.service_company[8] == pytest.approx(40.0)
    assert at_end.owner[8] == pytest.approx(10.0 - 100.0)


def test_feasible_needs_both_value_and_payback():
    assert contracts.is_feasible("shared_savings", Retrofit([100.0, 130.0, 200.0], 31.25)).tolist() == [
        True,
        False,
        False,
    ]
    # 130 / 25 = 5.2 years is later than 60 % of 8 years although the value is positive
    assert contracts.service_npv_cny("shared_savings", Retrofit(130.0, 31.25)) > 0
    assert contracts.is_feasible("own_funds", Retrofit(1e9, 1.0))


@given(capital=st.floats(1.0, 1e6), saving=st.floats(1.0, 1e6))
def test_level_share_is_where_the_company_breaks_even(capital, saving):
    share = float(contracts.level_service_share(Retrofit(capital, saving)))
    if 0 <= share <= 1:
        npv = contracts.service_npv_cny("shared_savings", Retrofit(capital, saving), Terms(service_share=(share,)))
        assert float(npv) == pytest.approx(0.0, abs=1e-6 * capital)


def test_arrays_give_what_single_buildings_give():
    capital, saving = np.array([100.0, 250.0, 10.0]), np.array([30.0, 40.0, 9.0])
    together = cash_flows("shared_savings", Retrofit(capital, saving)).owner
    single = [cash_flows("shared_savings", Retrofit(c, s)).owner for c, s in zip(capital, saving, strict=True)]
    assert together == pytest.approx(np.array(single))


def test_unknown_lane_and_short_flow_are_refused():
    with pytest.raises(InputError, match="lane"):
        cash_flows("leasing", Retrofit(1.0, 1.0))
    with pytest.raises(InputError, match="term"):
        contracts.public_money_saved_cny(cash_flows("own_funds", Retrofit(1.0, 1.0), years=5), 8)
