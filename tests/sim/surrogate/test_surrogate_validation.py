"""Errors on savings and verdicts, checked on small tables whose answer is visible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.surrogate.sampling import most_doubtful
from sim.surrogate.validation import binomial_range, consumption_errors, cv_rmse, savings_errors, wmape


def test_verdicts_of_four_cases():
    baseline = np.full(4, 100.0)
    truth = np.array([25.0, 15.0, 25.0, 19.0])
    said = np.array([26.0, 14.0, 12.0, 21.0])  # right, right, wrong and far, wrong but doubtful
    found = savings_errors(truth, said, np.full(4, 2.0), baseline)
    assert found.wrong_verdicts == 0.5
    assert found.wrong_outside_interval == 0.25
    assert found.wrong_far == 0.25
    assert found.uncertain == 0.25
    assert found.coverage == 0.75
    assert found.wmape == pytest.approx((1 + 1 + 13 + 2) / 84)
    assert found.worst_fraction_error == pytest.approx(0.13)


def test_families_and_attributes():
    families = {"led": [True, True, False], "source": [False, True, True]}  # one package may hold measures of several
    found = savings_errors([10, 20, 30], [11, 20, 33], [1, 1, 1], [100, 100, 100], families=families)
    assert found.by_family == {"led": pytest.approx(1 / 30), "source": pytest.approx(3 / 50)}
    assert found.as_attributes()["wmape_led"] == pytest.approx(1 / 30)


@pytest.mark.parametrize("bad", [([1.0, np.nan], [1.0, 1.0]), ([], []), ([1.0, 2.0], [1.0])])
def test_refuses_what_cannot_be_compared(bad):
    with pytest.raises(ValueError, match=r"NaN|equally long"):
        savings_errors(bad[0], bad[1], np.ones(len(bad[0])), np.ones(len(bad[0])))


@given(st.integers(1, 200), st.data())
def test_binomial_range_holds_the_share(cases, data):
    hits = data.draw(st.integers(0, cases))
    low, high = binomial_range(hits, cases)
    assert 0 <= low <= hits / cases <= high <= 1


def test_errors_fall_with_the_sample_as_chance_says():
    rng = np.random.default_rng(0)

    def width(n):
        truth = rng.uniform(10, 40, n)
        low, high = savings_errors(truth, truth + rng.normal(0, 2, n), np.full(n, 2.0), np.full(n, 100.0)).wmape_range
        return high - low

    assert width(400) < 0.5 * width(20)


def test_true_normal_errors_are_covered():
    rng = np.random.default_rng(1)
    truth = rng.uniform(5, 40, 4000)
    found = savings_errors(truth, truth + rng.normal(0, 2, 4000), np.full(4000, 2.0), np.full(4000, 100.0))
    assert 0.89 < found.coverage < 0.91
    assert found.wrong_outside_interval < 0.05


def test_consumption():
    months = np.ones((2, 12))
    found = consumption_errors({"electricity": months, "natural_gas": 0 * months},
                               {"electricity": 1.1 * months, "natural_gas": 0 * months})
    assert found.annual_wmape["electricity"] == pytest.approx(0.1)
    assert np.isnan(found.annual_wmape["natural_gas"])
    assert found.monthly_cv_rmse["electricity"] == pytest.approx(0.1)
    assert np.isnan(cv_rmse([0.0, 0.0], [1.0, 1.0]))
    assert np.isnan(wmape([0.0], [1.0]))


def test_doubtful_cases_are_spread_over_buildings():
    picked = most_doubtful(np.array([20.0, 20.1, 19.0, 40.0]), np.ones(4), np.full(4, 100.0), list("aabb"), 3)
    assert picked.tolist() == [0, 2, 1]
