"""Drawn designs: reproducible, spread over systems, sizes and packages, and always possible."""

import numpy as np
import pytest

from sim.surrogate.sampling import training_designs, training_space

SYSTEMS = ("chiller_boiler", "vrf", "split", "air_source_heat_pump", "high_efficiency_plant")


@pytest.fixture(scope="module")
def drawn():
    return training_designs(120, seed=5, systems=SYSTEMS)


def test_the_first_of_a_longer_draw_are_a_draw(drawn):
    again = training_designs(40, seed=5, systems=SYSTEMS)
    assert [case.design for case in again] == [case.design for case in drawn[:40]]
    assert training_designs(3, seed=6, systems=SYSTEMS)[0].design != drawn[0].design


def test_every_system_and_vintage_is_there(drawn):
    systems = [case.building.source_system for case in drawn]
    for system in SYSTEMS:
        assert 14 <= systems.count(system) <= 34
    assert len({case.building.vintage for case in drawn}) == 4
    assert {case.design.plan_shape for case in drawn} == {"rectangle", "l", "u", "courtyard"}


def test_sizes_fill_their_range_evenly(drawn):
    space = training_space().floor_area_m2
    place = np.log([case.design.floor_area_m2 / space.low for case in drawn]) / np.log(space.high / space.low)
    counts = np.histogram(place, 4, (0, 1))[0]
    assert counts.min() >= 0.7 * len(drawn) / 4


def test_packages_change_the_design_and_keep_the_baseline_for_sizing(drawn):
    changed = [case for case in drawn if case.package.measures]
    assert 0.6 * len(drawn) < len(changed) < len(drawn)
    for case in changed:
        assert case.design != case.building.design
        assert case.design.sizing == case.building.design
    measures = [measure for case in changed for measure in case.package.measures]
    assert len(set(measures)) >= 15


def test_targets_are_kept():
    only = training_designs(30, seed=1, systems=("vrf",), targets=("vrf",), always_package=True)
    assert {case.design.source_system for case in only} == {"vrf"}
    assert all(case.package.measures for case in only)
