"""Which combinations a directly simulated building runs, against brute force."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings.package_grid import PackageGrid
from optimiser.direct import Single, combinations_to_run, fronts

points = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40)


@settings(max_examples=200, deadline=None)
@given(points)
def test_ranks_are_the_peeled_fronts(found):
    saving, cost = (np.array([p[i] for p in found], dtype=float) for i in (0, 1))
    rank = fronts(saving, cost)
    for i in range(len(found)):
        better = (cost <= cost[i]) & (saving >= saving[i]) & ((cost < cost[i]) | (saving > saving[i]))
        expected = 0 if not better.any() else None
        if expected == 0:
            same = (cost == cost[i]) & (saving == saving[i])
            assert rank[np.flatnonzero(same)[0]] == 0
        else:
            assert rank[i] > rank[better].min()


def grid():
    """Three slots, two measures in the first: 3 x 2 x 2 packages."""
    measures = tuple(SimpleNamespace(id=name) for name in ("a", "b", "c", "d"))
    choice = [[first, second, third] for first in (-1, 0, 1) for second in (-1, 2) for third in (-1, 3)]
    return PackageGrid(measures, np.array(choice, dtype=np.int16))


SINGLES = {"a": Single(10.0, 5.0), "b": Single(12.0, 30.0), "c": Single(4.0, 1.0), "d": Single(-1.0, 2.0)}


def test_only_packages_of_several_known_measures():
    known = {name: SINGLES[name] for name in ("a", "c")}
    assert [p.label for p in combinations_to_run(grid(), known, 9)] == ["a+c"]


def test_the_most_hopeful_come_first_and_the_count_holds():
    labels = [p.label for p in combinations_to_run(grid(), SINGLES, 3)]
    # a+c: 14 for 6; b+c: 16 for 31; c+d: 3 for 3 is the third of the first front
    assert sorted(labels) == ["a+c", "b+c", "c+d"]
    assert len(combinations_to_run(grid(), SINGLES, 100)) == len(set(labels)) + 4


@pytest.mark.parametrize("count", [0, -3])
def test_no_runs_left(count):
    assert combinations_to_run(grid(), SINGLES, count) == []
