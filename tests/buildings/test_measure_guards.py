"""Each measure of the catalogue really moves the end use that it aims at, in the engine, on old and new buildings."""

import numpy as np
import pytest

from buildings import Package, apply_package, load_catalogue, offered_measures, read_registry
from buildings.datafile import DATA_DIR
from buildings.effects import aimed_saving

pytestmark = [pytest.mark.engine, pytest.mark.long, pytest.mark.timeout(3600)]
CATALOGUE = load_catalogue()
WEEKS = {"january": (1, 13, 1, 17), "july": (7, 14, 7, 18)}
NOTICEABLE = 0.001  # of the baseline's end use


def buildings():
    """One building each with chiller and boiler, split units, VRF; every measure is offered to one of them."""
    known = {building.building_id: building for building in read_registry(DATA_DIR / "jiading_sample.csv")}
    return [known[name] for name in ("JS02", "JS08", "JS05")]


def offers():
    """Each building with the measures that no building before it was offered, and its baseline."""
    seen = set()
    for building in buildings():
        for measure in offered_measures(building, CATALOGUE):
            if measure.id not in seen:
                seen.add(measure.id)
                yield building, measure


@pytest.fixture(scope="module")
def weeks(request, tmp_path_factory):
    """Energy use of both weeks by building and package, of the measures that this session selected."""
    from sim.case import Case
    from sim.engine.simulate import simulate
    from sim.models.site import default_settings
    from weather import make_typical_year

    def case(building, package):
        return Case(building_id=building.building_id, package_id=package.label, weather_id="made", role="training",
                    design=apply_package(building.design, package, CATALOGUE))

    wanted = {item.callspec.params["measure"].id for item in request.session.items if item.fixturenames
              and "weeks" in item.fixturenames}
    chosen = [(building, measure) for building, measure in offers() if measure.id in wanted]
    baselines = {building.building_id: building for building, _ in chosen}
    cases = [case(building, Package()) for building in baselines.values()]
    cases += [case(building, Package((measure.id,))) for building, measure in chosen]
    year, store = make_typical_year("shanghai", 0), tmp_path_factory.mktemp("store")
    found = {}
    for name, period in WEEKS.items():
        runs = simulate(cases, weather=year, store=store, settings=default_settings(run_period=period), workers=1,
                        progress="quiet")
        for row in range(runs.sizes["case"]):
            assert str(runs["status"].values[row]) == "ok"
            key = (str(runs["building_id"].values[row]), str(runs["package_id"].values[row]), name)
            found[key] = runs[["energy_use", "run_key"]].isel(case=row)
    return found


def test_every_measure_is_offered_somewhere():
    assert {measure.id for _, measure in offers()} == set(CATALOGUE.measures)


@pytest.mark.parametrize(("building", "measure"), [pytest.param(b, m, id=m.id) for b, m in offers()])
def test_measure_changes_the_model_and_moves_what_it_aims_at(weeks, building, measure):
    pairs = [(weeks[building.building_id, "none", name], weeks[building.building_id, measure.id, name])
             for name in WEEKS]
    assert all(before["run_key"].item() != after["run_key"].item() for before, after in pairs)
    moved = [aimed_saving(measure, before["energy_use"], after["energy_use"]) for before, after in pairs]
    assert np.nanmax(moved) > NOTICEABLE, moved
