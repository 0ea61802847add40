import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from optimiser.self_use import self_use_curves, self_used_kwh

HOURS = 24
demands = arrays(float, (3, HOURS), elements=st.floats(0, 500))
yields = arrays(float, HOURS, elements=st.floats(0, 1.1))
sizes = arrays(float, 4, elements=st.floats(0, 800))


@settings(max_examples=200, deadline=None)
@given(demands, yields, sizes)
def test_equals_the_sum_over_hours(demand, production, size):
    expected = np.minimum(demand[:, None, :], size[:, None] * production).sum(axis=2)
    np.testing.assert_allclose(self_used_kwh(demand, production, size), expected, rtol=1e-9, atol=1e-4)


@settings(max_examples=100, deadline=None)
@given(demands, yields)
def test_is_concave_and_never_above_generation_or_demand(demand, production):
    size = np.linspace(0, 600, 13)
    used = self_used_kwh(demand, production, size)
    assert (np.diff(used, 2, axis=1) <= 1e-6).all()
    assert (used <= size * production.sum() + 1e-6).all()
    assert (used <= demand.sum(axis=1, keepdims=True) + 1e-6).all()


def test_each_case_may_have_sizes_of_its_own():
    demand, production = np.array([[1.0, 4.0], [2.0, 2.0]]), np.array([1.0, 1.0])
    assert self_used_kwh(demand, production, np.array([[2.0], [3.0]])).tolist() == [[3.0], [4.0]]


def test_error_falls_with_the_square_of_the_nodes_and_is_found():
    rng = np.random.default_rng(1)
    hour = np.arange(8760) % 24
    production = np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * rng.uniform(0.1, 1, 8760)
    demand = 40 + 160 * ((hour > 7) & (hour < 18)) * rng.uniform(0.5, 1, (4, 8760))
    few, many = (self_use_curves(demand, production, 400.0, nodes) for nodes in (5, 17))
    assert many.error_kwh < few.error_kwh / 4
    between = np.linspace(0, 400, 57)
    exact = self_used_kwh(demand, production, between)
    read = np.array([np.interp(between, many.capacity_kw, row) for row in many.used_kwh])
    assert (exact - read).max() <= many.error_kwh * 1.5
    assert (exact >= read - 1e-6).all()


def test_no_room_for_pv_gives_zero():
    assert self_used_kwh(np.ones((1, 3)), np.ones(3), np.zeros(3)).tolist() == [[0, 0, 0]]
    assert self_use_curves(np.ones((1, 3)), np.ones(3), 0.0, 3).error_kwh == pytest.approx(0)
