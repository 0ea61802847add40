import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import Package, apply_package, enumerate_packages, load_catalogue, offered_measures, read_registry
from buildings.datafile import DATA_DIR
from buildings.design import Design
from buildings.packages import does_something, measures_of
from vocabulary import InputError

CATALOGUE = load_catalogue()
SAMPLE = read_registry(DATA_DIR / "jiading_sample.csv")
WATER = {"chiller_boiler", "absorption", "air_source_heat_pump", "high_efficiency_plant", "ground_source_heat_pump"}
SUBSET = ["source_vrf", "source_high_efficiency_plant", "source_condensing_boiler", "led", "led_high_efficacy",
          "window_replacement", "window_film", "pump_vfd", "plant_optimisation", "ec_fan_coils", "room_control"]


@st.composite
def building_and_package(draw):
    building = draw(st.sampled_from(SAMPLE))
    chosen = []
    for slot in CATALOGUE.slots:
        members = [m.id for m in CATALOGUE.measures.values() if m.slot == slot]
        picked = draw(st.sampled_from([None, *members]))
        chosen += [picked] if picked else []
    return building, Package(tuple(draw(st.permutations(chosen))))


def test_catalogue_is_broad_enough():
    assert len(CATALOGUE.measures) >= 16
    assert len({measure.family for measure in CATALOGUE.measures.values()}) >= 7
    assert {measure.slot for measure in CATALOGUE.measures.values()} == set(CATALOGUE.slots)


@settings(max_examples=200, deadline=None)
@given(building_and_package())
def test_apply_is_idempotent_order_free_and_keeps_the_baseline(drawn):
    building, package = drawn
    once = apply_package(building.design, package, CATALOGUE)
    assert apply_package(once, package, CATALOGUE) == once
    assert apply_package(building.design, Package(tuple(reversed(package.measures))), CATALOGUE) == once
    assert apply_package(building.design, package.label, CATALOGUE) == once
    assert apply_package(once, Package(), CATALOGUE) == building.design
    if package.measures:
        assert once.sizing == building.design
        replaced = set().union(*(CATALOGUE.measures[name].replaces for name in package.measures))
        assert once.replaced_equipment == replaced


@settings(max_examples=200, deadline=None)
@given(building_and_package())
def test_outside_the_source_slot_measures_commute(drawn):
    building, package = drawn
    others = [CATALOGUE.measures[name] for name in package.measures if CATALOGUE.measures[name].slot != "source"]
    forward = backward = building.design
    for measure in others:
        forward = measure.apply(forward)
    for measure in reversed(others):
        backward = measure.apply(backward)
    assert forward == backward


@settings(max_examples=200, deadline=None)
@given(building_and_package())
def test_untouched_fields_stay(drawn):
    building, package = drawn
    after = apply_package(building.design, package, CATALOGUE)
    touched = set().union(*(CATALOGUE.measures[name].fields for name in package.measures))
    for field in set(Design.model_fields) - touched - {"sizing", "replaced_equipment"}:
        assert getattr(after, field) == getattr(building.design, field)


@given(st.lists(st.sampled_from(sorted(CATALOGUE.measures)), unique=True, max_size=6))
def test_label_is_sorted_and_reads_back(names):
    package = Package(tuple(names))
    assert package.label == ("+".join(sorted(names)) or "none")
    assert Package.from_label(package.label) == package


def brute_force(building, names):
    """Every subset of the measures, checked by the words of the rule rather than by the program's own steps."""
    found = set()
    for size in range(len(names) + 1):
        for subset in itertools.combinations(sorted(names), size):
            measures = [CATALOGUE.measures[name] for name in subset]
            if len({m.slot for m in measures}) < len(measures):
                continue
            state, good = building.design, True
            for m in sorted(measures, key=lambda m: CATALOGUE.slots.index(m.slot)):
                needs = m.needs
                before_ok = not needs.systems_before or building.source_system in needs.systems_before
                source = next((x for x in measures if x.slot == "source"), None)
                system = source.apply(building.design).source_system if source else building.source_system
                after_ok = not needs.systems_after or system in needs.systems_after
                fields = all(r.holds(state) for r in needs.fields)
                gain = m.minimum_gain
                after = m.apply(state)
                gains = gain is None or after.source_system != state.source_system or (
                    getattr(after, gain.field) >= getattr(state, gain.field) * (1 + gain.fraction))
                good &= before_ok and after_ok and fields and gains and after != state
                state = after
            if good:
                found.add("+".join(subset) or "none")
    return found


@pytest.mark.parametrize("index", range(len(SAMPLE)))
def test_enumeration_equals_brute_force(index):
    building = SAMPLE[index]
    packages = enumerate_packages(building, CATALOGUE, SUBSET)
    labels = [package.label for package in packages]
    assert labels[0] == "none"
    assert len(labels) == len(set(labels))
    assert set(labels) == brute_force(building, SUBSET)


@pytest.mark.parametrize("index", range(len(SAMPLE)))
def test_no_offered_measure_does_nothing_in_its_package(index):
    building = SAMPLE[index]
    for package in enumerate_packages(building, CATALOGUE, SUBSET):
        whole = apply_package(building.design, package, CATALOGUE)
        for name in package.measures:
            rest = Package(tuple(other for other in package.measures if other != name))
            less = apply_package(building.design, rest, CATALOGUE)
            assert whole.model_dump(exclude={"sizing", "replaced_equipment"}) != less.model_dump(
                exclude={"sizing", "replaced_equipment"})


def test_led_is_not_offered_where_led_is():
    (building,) = [b for b in SAMPLE if "led" in b.past_retrofits]
    assert not {"led"} & {m.id for m in offered_measures(building, CATALOGUE)}
    assert not does_something(CATALOGUE.measures["led"], building.design, CATALOGUE)


def test_water_measures_only_with_water_systems():
    wet = {"pump_vfd", "pump_tower_vfd", "plant_optimisation", "ec_fan_coils"}
    for building in SAMPLE:
        for package in enumerate_packages(building, CATALOGUE, [*wet, "source_vrf", "source_split_renewal"]):
            after = apply_package(building.design, package, CATALOGUE)
            if wet & set(package.measures):
                assert after.source_system in WATER


def test_source_swaps_leave_the_whole_envelope(sample):
    for measure in CATALOGUE.measures.values():
        if measure.slot == "source":
            assert not {field for field in measure.fields if "window" in field or "_u_value" in field}
            assert measure.replaces


def test_impossible_packages_are_refused_with_all_reasons():
    with pytest.raises(InputError, match="slot lamps"):
        measures_of("led+led_high_efficacy", CATALOGUE)
    with pytest.raises(InputError, match="led") as error:
        measures_of("lad+source_vfr", CATALOGUE)
    assert [fault.nearest for fault in error.value.faults] == ["led", "source_vrf"]
    with pytest.raises(InputError, match="led"):
        enumerate_packages(SAMPLE[0], CATALOGUE, ["lad"])
