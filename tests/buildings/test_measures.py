import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from buildings import Package, apply_package, capital_cost_cny, enumerate_packages, load_catalogue
from buildings.datafile import DATA_DIR
from buildings.design import Design
from buildings.effects import aimed_saving
from buildings.measures import Change
from vocabulary import InputError


def file_content():
    return yaml.safe_load((DATA_DIR / "measures.yaml").read_text(encoding="utf-8"))


def write(tmp_path, content):
    path = tmp_path / "measures.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def with_cool_roof(tmp_path):
    """The catalogue with one measure more, added in a copy of the data file and nowhere else."""
    content = file_content()
    content["measures"]["cool_roof"] = {
        "slot": "roof", "family": "insulation", "label_en": "double roof", "label_zh": "双层屋面",
        "changes": [{"field": "roof_u_value_w_per_m2k", "factor": 0.5, "low": 0.3}],
        "needs": {"fields": [{"field": "roof_u_value_w_per_m2k", "low": 1.0}]},
        "cost": {"quantity": "roof_area", "low": 50, "mid": 70, "high": 90, "source": "estimate", "confidence": "D"},
        "life_years": 15, "upkeep_fraction_per_year": 0.01, "aims_at": "cooling", "source": "estimate",
        "confidence": "D",
    }
    return load_catalogue(write(tmp_path, content))


def test_a_measure_is_added_by_data_alone(with_cool_roof, sample):
    catalogue = with_cool_roof
    old = next(building for building in sample if building.vintage == "before_2005")
    new = next(building for building in sample if building.vintage == "gb50189_2015")
    labels = [package.label for package in enumerate_packages(old, catalogue, ["cool_roof", "led"])]
    assert labels == ["none", "cool_roof", "led", "cool_roof+led"]
    assert "cool_roof" not in [p.label for p in enumerate_packages(new, catalogue, ["cool_roof"])]
    assert apply_package(old.design, "cool_roof", catalogue).roof_u_value_w_per_m2k == 0.75
    assert capital_cost_cny("cool_roof", {"roof_area": 100.0}, catalogue) == 7000.0


@pytest.mark.engine
def test_a_measure_added_by_data_alone_saves_in_the_engine(with_cool_roof, sample, tmp_path):
    """From the temporary file to the engine's answer: offered, applied, modelled, simulated, judged by its guard."""
    from sim import simulate
    from sim.models import default_settings
    from sim.plan import baseline_cases, package_cases
    from weather import make_typical_year

    building = next(building for building in sample if building.source_system == "split")
    pairs = [(building.building_id, Package(("cool_roof",)))]
    cases = baseline_cases([building], "made") + package_cases(pairs, [building], with_cool_roof, "made", "training")
    runs = simulate(cases, weather=make_typical_year("shanghai", 0), store=tmp_path / "runs", workers=1,
                    settings=default_settings(run_period=(7, 14, 7, 18)), progress="quiet")
    assert list(runs["status"].values.astype(str)) == ["ok", "ok"]
    before, after = (runs["energy_use"].isel(case=case) for case in range(2))
    assert 0.001 < aimed_saving(with_cool_roof.measures["cool_roof"], before, after) < 0.2
    changed = after.sum("month") - before.sum("month")
    assert (changed.sel(end_use=["interior_lighting", "interior_equipment"]) == 0).all()


def test_excludes_and_needed_measures_rule_packages(tmp_path, sample):
    content = file_content()
    content["measures"]["led"]["excludes"] = ["room_control"]
    content["measures"]["lighting_control"]["needs"]["measures"] = ["led"]
    catalogue = load_catalogue(write(tmp_path, content))
    old = next(building for building in sample if building.vintage == "before_2005")
    labels = {package.label for package in
              enumerate_packages(old, catalogue, ["led", "lighting_control", "room_control", "roof_insulation"])}
    assert labels == {
        "none", "led", "room_control", "roof_insulation", "led+lighting_control", "led+roof_insulation",
        "roof_insulation+room_control", "led+lighting_control+roof_insulation",
    }
    with pytest.raises(InputError, match="exclude"):
        apply_package(old.design, "led+room_control", catalogue)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda m: m["led"].update(slot="lamp"), "lamps"),
        (lambda m: m["led"].update(family="lightning"), "unknown family 'lightning'"),
        (lambda m: m["led"].update(aims_at="lights"), "unknown end use 'lights'"),
        (lambda m: m["led"].update(excludes=["ledd"]), "unknown measure 'ledd'"),
        (lambda m: m["led"]["cost"].update(low=50), "ascend"),
        (lambda m: m["led"]["cost"].update(quantity="area"), "floor_area"),
        (lambda m: m["led"]["cost"].pop("source"), "measures.led.cost.source"),
        (lambda m: m["led"]["cost"].update(mid=-1), "greater than or equal to 0"),
        (lambda m: m["led"].update(life_years=0), "greater than 0"),
        (lambda m: m["led"].update(lifeyears="10"), "life_years"),
        (lambda m: m["led"].update(changes=[]), "at least 1"),
        (lambda m: m["led"].update(changes=[{"field": "lpd", "set": 5}]), "'lpd'"),
        (lambda m: m["led"].update(changes=[{"field": "infiltration_ach", "set": 5, "factor": 2}]), "exactly one"),
        (lambda m: m["led"].update(changes=[{"field": "sizing", "set": 5}]), "sizing"),
        (lambda m: m["led"].update(changes=[{"field": "roof_u_value_w_per_m2k", "set": 0.4}]), "also changed by slot"),
    ],
)
def test_broken_catalogue_is_refused(tmp_path, spoil, word):
    content = file_content()
    spoil(content["measures"])
    with pytest.raises(InputError, match=word):
        load_catalogue(write(tmp_path, content))


def test_two_broken_measures_are_two_faults(tmp_path):
    content = file_content()
    content["measures"]["led"]["cost"]["quantity"] = "florr_area"
    content["measures"]["room_control"]["slot"] = "room_controls"
    with pytest.raises(InputError) as error:
        load_catalogue(write(tmp_path, content))
    assert {fault.nearest for fault in error.value.faults} == {"floor_area", "room_control"}


def test_records_are_frozen(catalogue):
    with pytest.raises(ValueError, match="frozen"):
        catalogue.measures["led"].slot = "roof"


def test_each_measure_moves_every_numeric_field_towards_less_energy(catalogue, sample):
    """Sources apart: what a measure changes must save, judged field by field from physics."""
    saves_when_lower = {
        "lighting_power_density_w_per_m2", "lighting_use_fraction", "window_u_value_w_per_m2k", "window_shgc",
        "infiltration_ach", "roof_u_value_w_per_m2k", "wall_u_value_w_per_m2k", "outdoor_air_m3_per_h_person",
        "terminal_fan_power_w_per_m3_h", "heating_setpoint_c", "equipment_standby_fraction",
        "equipment_power_density_w_per_m2",
    }
    saves_when_higher = {"shading_projection_factor", "heat_recovery_effectiveness", "cooling_setpoint_c",
                         "variable_flow", "tower_variable_speed", "supply_temperature_reset"}
    for measure in catalogue.measures.values():
        if measure.slot == "source":
            continue
        assert measure.fields <= saves_when_lower | saves_when_higher
        for building in sample:
            after = measure.apply(building.design)
            for field in measure.fields:
                change = float(getattr(after, field)) - float(getattr(building.design, field))
                assert change <= 0 if field in saves_when_lower else change >= 0, (measure.id, field)


@given(st.floats(0.01, 30), st.floats(0, 3), st.floats(0.1, 5), st.floats(5, 20))
def test_bounds_hold_but_never_turn_a_change_round(value, factor, low, high):
    after = Change(field="infiltration_ach", factor=factor, low=low, high=high).apply(value)
    plain = value * factor
    assert min(value, plain) <= after <= max(value, plain) or low <= after <= high
    if factor <= 1:
        assert after <= value or after <= low
    assert (after - value) * (plain - value) >= 0


@given(st.floats(0.5, 3), st.floats(0.5, 3))
def test_only_lower_never_raises(value, target):
    after = Change(field="roof_u_value_w_per_m2k", set=target, only="lower").apply(value)
    assert after == min(value, target)
    assert Change(field="roof_u_value_w_per_m2k", set=target, only="raise").apply(value) == max(value, target)


def test_every_value_a_measure_sets_is_a_possible_design(catalogue, sample):
    for measure in catalogue.measures.values():
        for building in sample:
            Design.model_validate(apply_package(building.design, measure.id, catalogue).model_dump())
