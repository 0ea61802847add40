"""What a round of verification predicts anew, and which runs a surrogate may learn."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from scripts import optimise, simulate


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
