"""The study that trains the shipped surrogate: what it draws, and what its file is tied to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import scripts.validate as validating
from buildings.design import Design
from scripts import sequential, simulate, ties
from scripts.context import Context, Options
from scripts.outcome import Outcome
from scripts.study import read_study
from scripts.workspace import Workspace
from sim.engine.probe import run_keys
from sim.models import default_settings, site_of
from sim.surrogate import Surrogate
from sim.surrogate.climate import climate_of
from sim.surrogate.coefficients import start_values
from sim.surrogate.inputs import numbers
from sim.surrogate.pipeline import Learned
from vocabulary import SOURCE_SYSTEMS, InputError

TIES = """
import json, pathlib, sys
from scripts import ties
from scripts.context import Context, Options
from scripts.outcome import Outcome
from scripts.study import read_study
from scripts.workspace import Workspace
study = read_study(pathlib.Path(sys.argv[1]))
print(json.dumps(ties.ties(Context(study, Workspace(pathlib.Path(".")), Options(), Outcome()))))
"""
STUDY = Path(simulate.__file__).parent / "studies" / "shanghai_surrogate.yaml"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = Workspace(tmp_path_factory.mktemp("surrogate"))
    return Context(read_study(STUDY), folder, Options(trains=True), Outcome())


@pytest.fixture(scope="module")
def surrogate(context):
    year = context.weather.assign(is_workday=("hour", np.repeat(context.calendar.workdays, 24)))
    learned = Learned(start_values(), {}, {}, {}, None, np.ones(3))
    return Surrogate(climate_of(year), learned, {n: (-1e9, 1e9) for n in numbers()}, SOURCE_SYSTEMS, {}, {})


def test_training_draws_all_systems_and_vintages_beside_the_registry_as_it_is(context):
    planned = simulate.planned_cases(context)
    assert len(planned) + context.study.simulation.sequential_runs <= 600
    assert [case.building_id for case in planned if case.role == "baseline"] == [
        b.building_id for b in context.buildings]
    cases = [case for case in planned if case.role == "training"]
    assert len(cases) + len(context.buildings) == len(planned)
    assert {case.design.source_system for case in cases} == set(SOURCE_SYSTEMS)
    assert not {case.building_id for case in cases} & {b.building_id for b in context.buildings}
    assert len({case.building_id for case in cases}) == len(cases)
    measures = {m for case in cases for m in case.package_id.split("+")} - {"none"}
    assert measures == set(context.catalogue.measures)
    walls = [case.design.wall_u_value_w_per_m2k for case in cases]
    assert min(walls) < 0.8
    assert max(walls) > 1.8


def test_the_next_runs_go_where_the_verdict_is_least_certain(context, surrogate, monkeypatch):
    """Would catch: draws that repeat the first runs, cases without a package, verdicts that are clear chosen first."""
    block = context.study.simulation.model_copy(update={"training_runs": 16, "sequential_runs": 6})
    small = replace(context, study=context.study.model_copy(update={"simulation": block}))

    def told(_surrogate, table):
        size, lit = table["floor_area_m2"], table["lighting_power_density_w_per_m2"]
        return size * (1.0 + lit / 100.0), 0.01 * size

    monkeypatch.setattr(sequential.Surrogate, "fit", lambda found: surrogate)
    monkeypatch.setattr(sequential, "_basis_kwh", told)
    cases = sequential.further_cases(small, None)
    first = {case.building_id for case in simulate.planned_cases(small)}
    assert len(cases) == len({case.building_id for case in cases}) == 6
    assert not {case.building_id for case in cases} & first
    assert {case.role for case in cases} == {"training"}
    assert all(case.package_id != "none" for case in cases)
    drawn, bases = sequential._candidates(small, 8 * 6)

    def off(case, base):
        before, after = (1.0 + c.design.lighting_power_density_w_per_m2 / 100.0 for c in (base, case))
        return abs((before - after) - 0.2 * before)

    every = sorted(off(case, base) for case, base in zip(drawn, bases, strict=True))
    chosen = {case.building_id for case in cases}
    own = [off(case, base) for case, base in zip(drawn, bases, strict=True) if case.building_id in chosen]
    assert max(own) <= every[5] + 1e-12


def test_a_study_that_names_a_surrogate_needs_its_baselines_only(context, tmp_path):
    named = context.study.model_copy(update={"surrogate": context.study.surrogate.model_copy(
        update={"file": tmp_path / "some.nc"})})
    planner = Context(named, context.workspace, Options(), context.outcome)
    cases = simulate.planned_cases(planner)
    assert [case.building_id for case in cases] == [b.building_id for b in context.buildings]
    assert {case.role for case in cases} == {"baseline"}
    trainer = Context(named, context.workspace, Options(trains=True), context.outcome)
    assert {case.role for case in simulate.planned_cases(trainer)} == {"baseline", "training"}


def test_validation_draws_drawn_buildings_with_packages_many_near_the_floor(context, surrogate):
    pairs = validating._of_ranges(context, 60, 3)
    chosen = validating._near_and_far(surrogate, pairs, 30)
    assert len(chosen) == 30
    assert all(case.package_id != "none" and base.package_id == "none" for case, base in chosen)
    assert all(case.building_id == base.building_id for case, base in chosen)
    trained = {case.design for case in simulate.planned_cases(context) if case.role == "training"}
    assert not trained & {case.design for case, _ in chosen}
    after, before = (
        validating._basis_kwh(surrogate, validating.read_table(validating.design_table([p[i].design for p in chosen])))
        for i in (0, 1)
    )
    saved = (before - after) / before
    assert ((saved > 0.10) & (saved < 0.30)).mean() >= 0.4


def test_a_surrogate_of_other_models_or_weather_is_refused_by_what_differs(context, surrogate, tmp_path, monkeypatch):
    monkeypatch.setattr(ties, "PROBES_PER_SYSTEM", 0)
    path = tmp_path / "surrogate.nc"
    surrogate.save(path, attributes=ties.attributes(context))
    assert ties.loaded(context, path).systems == SOURCE_SYSTEMS
    other = Context(
        context.study.model_copy(update={"weather": context.study.weather.model_copy(update={"seed": 5})}),
        context.workspace, context.options, context.outcome,
    )
    with pytest.raises(InputError) as caught:
        ties.loaded(other, path)
    assert [fault.place for fault in caught.value.faults] == ["made for another weather"]
    monkeypatch.setattr(ties, "run_keys", lambda *_: ["another"])
    with pytest.raises(InputError, match="another models"):
        ties.loaded(context, path)
    surrogate.save(path)
    with pytest.raises(InputError, match="not told"):
        ties.loaded(context, path)


def test_a_probe_has_another_key_when_its_model_says_something_else(context):
    site, settings = site_of(context.weather, context.calendar), default_settings()
    design = context.buildings[0].design
    changed = Design.model_validate({**dict(design), "window_u_value_w_per_m2k": 1.9})
    one, again, other = run_keys([design, design, changed], site, settings)
    assert one == again != other
    finer = settings.model_copy(update={"timesteps_per_hour": 12})
    warmer = replace(site, ground_temperatures_c=tuple(t + 1.0 for t in site.ground_temperatures_c))
    assert run_keys([design], site, finer) != [one]
    assert run_keys([design], warmer, settings) != [one]


def test_the_shipped_file_is_of_todays_models_and_speaks_for_the_whole_district():
    """A change of models, catalogue, weather or engine makes this fail until the file is made anew."""
    study = read_study(STUDY.with_name("jiading.yaml"))
    district = Context(study, Workspace(STUDY.parent), Options(), Outcome())
    assert set(ties.loaded(district, study.surrogate.file).systems) == set(SOURCE_SYSTEMS)
    assert district.direct == {}


def test_ties_are_the_same_in_every_process():
    """Sets come in another order in every process: once that alone made a surrogate refused."""
    told = [
        subprocess.run([sys.executable, "-c", TIES, str(STUDY)], env=os.environ | {"PYTHONHASHSEED": seed},
                       capture_output=True, text=True, check=True, cwd=STUDY.parents[2]).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert json.loads(told[0]).keys() == {"engine version", "weather", "calendar", "settings", "catalogue", "models"}
