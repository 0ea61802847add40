"""Prices of the linear relaxation: from a growing part of the columns beside the whole, printed.

Run: python -m pytest -m benchmark -s tests/benchmarks/test_relaxation_speed.py
"""

import time

import pytest

from optimiser import Rules
from optimiser.cube import read_cube
from optimiser.model.assemble import assemble
from optimiser.model.bound import Relaxation
from tests.optimiser.conftest import small_cube

pytestmark = [pytest.mark.benchmark, pytest.mark.long]
LEAST_RATIO = 3.0


def test_growing_parts_beside_the_whole():
    """A district: 115 buildings, 3 000 packages each, PV, own money or a service company's, two yearly budgets."""
    rules = Rules(lanes=("own_funds", "shared_savings"), yearly_budget_cny=(1.5e6, 1.5e6), esco_capital_cny=2e6)
    cube = read_cube(small_cube(1, 115, 3000, money=True, pv=True, pools=3), rules)
    relaxation = Relaxation(assemble(cube, rules).instance)
    seconds, totals = [], []
    for prices in (relaxation.multipliers, relaxation._prices_of_linear_relaxation):
        start = time.perf_counter()
        found = prices()
        seconds.append(time.perf_counter() - start)
        totals.append(relaxation.evaluate(found).total)
    print(f"\n{relaxation.n_columns} columns, {relaxation.n_segments} segments, {len(relaxation.upper)} rows: "
          f"{seconds[0]:.2f} s in parts, {seconds[1]:.2f} s whole, ratio {seconds[1] / seconds[0]:.1f}")
    assert totals[0] == pytest.approx(totals[1], rel=2e-6)
    assert seconds[1] >= LEAST_RATIO * seconds[0]
