"""Subsidies: thresholds, caps, pooled against single, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimiser.money.subsidies import is_eligible, load_subsidies, scheme_of, subsidy_cny
from vocabulary import InputError

FUND, DEMONSTRATION = scheme_of("shanghai_epc_fund"), scheme_of("shanghai_building_demonstration")


def pays(scheme, lane, coal=0.0, area=0.0, fraction=0.0, capital=1e9):
    return np.asarray(
        subsidy_cny(scheme, lane, coal_t=coal, floor_area_m2=area, saving_fraction=fraction, capital_cost_cny=capital)
    )


@pytest.mark.parametrize(
    ("lane", "coal", "capital", "expected"),
    [
        ("shared_savings", 100.0, 1e9, 80_000),
        ("guaranteed", 100.0, 1e9, 60_000),
        ("own_funds", 100.0, 1e9, 0),
        ("trusteeship", 100.0, 1e9, 0),
        ("shared_savings", 49.99, 1e9, 0),
        ("shared_savings", 50.0, 1e9, 40_000),
        ("shared_savings", 10_000.0, 1e9, 5_000_000),
        ("shared_savings", 100.0, 100_000.0, 30_000),
    ],
)
def test_fund_of_2017(lane, coal, capital, expected):
    assert pays(FUND, lane, coal=coal, capital=capital) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("area", "fraction", "expected"),
    [
        (20_000, 0.20, 500_000),
        (20_000, 0.15, 300_000),
        (20_000, 0.1499, 0),
        (19_999, 0.5, 0),
        (20_000, 0.1999, 300_000),
    ],
)
def test_building_demonstration_by_saving_class(area, fraction, expected):
    assert pays(DEMONSTRATION, "own_funds", area=area, fraction=fraction) == pytest.approx(expected)


def test_pooled_sites_pass_a_threshold_that_none_passes_alone():
    # 26 projects of 27 t each: nothing singly, 702 t together
    assert pays(FUND, "shared_savings", coal=np.full(26, 27.0)).sum() == 0
    assert pays(FUND, "shared_savings", coal=26 * 27.0) == pytest.approx(702 * 800)
    assert load_subsidies().pooled_sites_count_as_one.assumption


@given(coal=st.floats(0, 1e4), more=st.floats(0, 1e3), capital=st.floats(0, 1e8))
def test_more_saving_or_investment_never_pays_less(coal, more, capital):
    base = pays(FUND, "shared_savings", coal=coal, capital=capital)
    assert pays(FUND, "shared_savings", coal=coal + more, capital=capital) >= base
    assert base <= 0.30 * capital + 1e-6
    assert base <= 5e6


def test_eligibility_is_elementwise():
    assert is_eligible(DEMONSTRATION, 0.0, [2e4, 1e4], [0.3, 0.3]).tolist() == [True, False]


def test_every_scheme_names_source_and_confidence():
    for scheme in load_subsidies().schemes.values():
        assert scheme.source
        assert scheme.confidence in "ABCD"


def test_misspelt_scheme_gets_a_hint():
    with pytest.raises(InputError, match="shanghai_epc_fund"):
        scheme_of("shanghai_epc_fnd")
