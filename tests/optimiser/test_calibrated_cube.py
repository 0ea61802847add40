"""What bills leave unknown, in the cube: added to the surrogate's error, carried from some packages to all."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import Package
from optimiser.calibrated import baseline_words, doubt_of_all, smallest, spread_packages, with_building_doubt
from vocabulary import attributes, check

MEASURES = ("led", "room_control", "source_vrf", "window_replacement")
ALL = [Package(tuple(m for m, on in zip(MEASURES, bits, strict=True) if on))
       for bits in np.ndindex(2, 2, 2, 2) if any(bits)]


def cube():
    std = np.array([[0.0, 3.0, 0.0], [0.0, 1.0, 2.0]])
    return xr.Dataset(
        {"energy_saving_std": (("building", "package"), std, attributes("energy_saving_std"))},
        coords={"building": ["A", "B"], "package": ["none", "led", "source_vrf"]},
    )


def test_both_parts_add_as_squares_and_the_buildings_part_outlives_the_engine_run():
    found = with_building_doubt(cube(), {"A": {"led": 4.0, "source_vrf": 2.0, "gone": 9.0}}, {"A": "calibrated"})
    assert found["energy_saving_std"].values.tolist() == [[0.0, 5.0, 2.0], [0.0, 1.0, 2.0]]
    assert found["energy_saving_std_building"].values.tolist() == [[0.0, 4.0, 2.0], [0.0, 0.0, 0.0]]
    assert found["baseline"].values.tolist() == ["calibrated", "simulated"]
    for name in ("energy_saving_std", "energy_saving_std_building", "baseline"):
        check(found[name], name)


def test_words_start_with_calibrated_only_where_a_building_is():
    assert baseline_words(with_building_doubt(cube(), {}, {})).startswith("simulated")
    assert baseline_words(cube()).startswith("simulated")
    one = with_building_doubt(cube(), {}, {"A": "calibrated"})
    assert baseline_words(one).startswith("calibrated on bills for 1 of 2")


@given(st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_additive_savings_are_carried_to_every_package_exactly(seed):
    rng = np.random.default_rng(seed)
    parts = rng.normal(100.0, 10.0, (12, len(MEASURES)))
    whole = np.array([[sum(row[MEASURES.index(m)] for m in p.measures) for p in ALL] for row in parts])
    asked = smallest(ALL)
    at = [ALL.index(p) for p in asked]
    found = doubt_of_all(whole[:, at], asked, ALL)
    assert np.allclose(found, whole.std(axis=0, ddof=1), rtol=1e-6)


def test_what_measures_do_not_explain_is_added():
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 5.0, (200, len(ALL)))
    found = doubt_of_all(noise[:, :-1], ALL[:-1], ALL)
    assert np.allclose(found[:-1], noise[:, :-1].std(axis=0, ddof=1))
    assert found[-1] > 3.0


def test_few_packages_are_all_asked_many_are_drawn_with_every_measure():
    assert spread_packages(ALL, 48, 1) == ALL
    drawn = spread_packages(ALL, 10, 1)
    assert len(drawn) == len(set(drawn)) == 10
    assert {m for p in drawn for m in p.measures} == set(MEASURES)
    assert drawn == spread_packages(ALL, 10, 1)


def test_smallest_packages_hold_each_measure_once_at_least():
    assert {p.label for p in smallest(ALL)} == set(MEASURES)


def test_an_unknown_building_is_refused():
    with pytest.raises(KeyError):
        with_building_doubt(cube(), {"C": {"led": 1.0}}, {})
