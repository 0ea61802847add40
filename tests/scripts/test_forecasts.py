"""What a round of verification predicts anew, and which runs a surrogate may learn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from buildings.package_grid import PackageGrid
from scripts import calibrate, optimise, simulate


class Learner:
    """Stands for a surrogate: remembers which runs it was shown."""

    def __init__(self, seen=()):
        self.seen = tuple(seen)

    def with_runs(self, runs):
        return Learner((*self.seen, *runs["building_id"].values.tolist()))


def runs_of(*rows):
    names, roles, status = zip(*rows, strict=True)
    severe = np.zeros(len(rows), dtype=np.int8)
    return xr.Dataset({"building_id": ("case", list(names)), "role": ("case", list(roles)),
                       "status": ("case", list(status)), "finding_severe": ("case", severe)})


@pytest.fixture
def context():
    study = SimpleNamespace(surrogate=SimpleNamespace(barred_findings=("severe",)))
    return SimpleNamespace(direct={"foreign": "another model"}, study=study)


@pytest.fixture
def asked(monkeypatch):
    calls = []
    monkeypatch.setattr(optimise, "question", lambda context: None)
    monkeypatch.setattr(optimise, "forecast", lambda surrogate, building, *_: calls.append(
        (building.building_id, surrogate.seen)) or building.building_id)
    return calls


def test_only_buildings_of_new_runs_are_predicted_again(context, asked):
    """Would catch: a round that predicts everything again, or one whose new runs change no prediction."""
    grid, sizes = SimpleNamespace(choice=np.zeros(3)), np.zeros(2)
    known = optimise.Forecasts(context, Learner())
    buildings = [SimpleNamespace(building_id=name) for name in ("a", "b")]
    for building in (*buildings, *buildings):
        known(building, grid, sizes)
    assert asked == [("a", ()), ("b", ())]
    later = known.learnt(runs_of(("b", "verification", "ok")))
    for building in buildings:
        later(building, grid, sizes)
    assert asked[2:] == [("b", ("b",))]


def test_what_bills_leave_unknown_stays_as_it_was_first_said(context, asked):
    """Would catch: a round of verification without the building's doubt."""
    known = optimise.Forecasts(context, Learner(), doubt=lambda building, grid: np.ones(3))
    assert known.learnt(runs_of(("b", "verification", "ok"))).doubt is known.doubt


def test_doubt_is_worked_out_once_for_each_calibrated_building(context, monkeypatch):
    """Would catch: draws of another building, an array that changes between rounds, doubt without any bills."""
    calls, tables = [], []
    draws = {"a": ("mean", ("a1", "a2")), "b": ("mean", ("b1", "b2")), "c": None}
    monkeypatch.setattr(calibrate, "calibration", lambda context: tables.append(1) or "table")
    monkeypatch.setattr(calibrate, "calibrated_designs", lambda table, building: draws[building.building_id])
    monkeypatch.setattr(calibrate, "saving_doubt_kwh", lambda surrogate, designs, grid, question, **_: calls.append(
        designs) or np.full(len(grid), 7.0))
    context.study.seed = 1
    doubts = calibrate.Doubts(context, Learner(), None)
    grid = PackageGrid((), np.full((3, 2), -1, dtype=np.int16))
    buildings = [SimpleNamespace(building_id=name) for name in "abc"]
    first = [doubts(building, grid) for building in buildings]
    assert [doubt.tolist() for doubt in first] == [[7.0] * 3, [7.0] * 3, [0.0] * 3]
    assert all(doubts(building, grid) is doubt for building, doubt in zip(buildings, first, strict=True))
    assert calls == [("a1", "a2"), ("b1", "b2")]
    assert len(tables) == 1
    assert len(doubts(buildings[0], grid.take(np.arange(2)))) == 2


def test_the_cube_of_a_study_with_bills_is_reduced_with_the_doubt(context, monkeypatch):
    """Would catch: all packages of all buildings held because of bills, or packages left out without the doubt."""
    given = {}
    cube = xr.Dataset(coords={"building": ["a", "foreign"]})
    monkeypatch.setattr(optimise, "assemble_cube", lambda *_, **options: given.update(options) or cube)
    monkeypatch.setattr(optimise, "question", lambda context: None)
    monkeypatch.setattr(optimise, "scenario_rules", lambda context: {"one": "rules"})
    monkeypatch.setattr(calibrate, "final_buildings", lambda context: ())
    monkeypatch.setattr(calibrate, "baselines", lambda context: {"a": "calibrated"})
    context.options = SimpleNamespace(quiet=True, as_json=False)
    context.study.buildings = SimpleNamespace(obligatory_works={})
    known = optimise.Forecasts(context, Learner(), doubt=lambda building, grid: np.ones(3))
    found = optimise.cube_of(context, None, known)
    assert (given["scenarios"], given["doubt"]) == (["rules"], known.doubt)
    assert found["baseline"].values.tolist() == ["calibrated", "simulated"]


def test_held_out_failed_and_foreign_runs_are_not_learnt(context):
    rows = [("a", "baseline", "ok"), ("b", "holdout", "ok"), ("c", "validation", "ok"), ("d", "verification", "failed"),
            ("foreign", "verification", "ok"), ("e", "verification", "ok")]
    found = optimise.to_learn_from(context, runs_of(*rows))
    assert found["building_id"].values.tolist() == ["a", "e"]


def test_buildings_without_a_baseline_are_named_with_the_reason():
    rows = [("a", "baseline", "ok", "", ""), ("b", "baseline", "failed", "timeout", "stopped after 600 s"),
            ("a", "training", "failed", "fatal", "no such curve"),
            ("drawn7", "baseline", "failed", "crash", "signal 11")]
    names = ("building_id", "role", "status", "failure_class", "failure_message")
    found = xr.Dataset({name: ("case", [row[place] for row in rows]) for place, name in enumerate(names)})
    context = SimpleNamespace(buildings=[SimpleNamespace(building_id=name) for name in ("a", "b")])
    assert simulate.failed_baselines(context, found) == ["  b: timeout, stopped after 600 s"]
