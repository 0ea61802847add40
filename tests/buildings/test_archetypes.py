import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from buildings import load_archetypes
from buildings.datafile import DATA_DIR
from buildings.design import Design
from vocabulary import InputError

TEXT = (DATA_DIR / "archetypes.yaml").read_text(encoding="utf-8")


def every_figure():
    return [(place, name, figure) for place, figures in load_archetypes()._all_figures().items()
            for name, figure in figures.items()]


def test_values_lie_in_their_own_range_and_the_design_range():
    for place, name, figure in every_figure():
        values = [band.value for band in figure.bands] if figure.bands else [figure.value]
        for value in values:
            if isinstance(value, float) and figure.low is not None:
                assert figure.low <= value <= figure.high, (place, name)


@given(st.integers(1850, 2035), st.integers(1850, 2035))
def test_later_years_never_have_an_older_vintage(one, other):
    archetypes = load_archetypes()
    order = list(archetypes.vintages)
    early, late = sorted((one, other))
    assert order.index(archetypes.vintage_of(early)) <= order.index(archetypes.vintage_of(late))


def test_envelopes_and_plants_improve_with_the_codes():
    archetypes = load_archetypes()
    for field, sign in [("wall_u_value_w_per_m2k", -1), ("roof_u_value_w_per_m2k", -1), ("infiltration_ach", -1),
                        ("lighting_power_density_w_per_m2", -1), ("window_u_value_w_per_m2k", -1)]:
        values = [sign * vintage.figures[field].at(floor_area_m2=6000, window_to_wall_ratio=0.35)
                  for vintage in archetypes.vintages.values()]
        assert values == sorted(values), field
    for name, plant in archetypes.plants.items():
        cops = [plant.figures(vintage)["cooling_cop"].at(floor_area_m2=6000) for vintage in archetypes.vintages]
        assert cops == sorted(cops), name


def test_every_archetype_is_a_complete_design():
    archetypes = load_archetypes()
    needed = {name for name, field in Design.model_fields.items() if field.is_required()}
    found_elsewhere = {"floor_area_m2", "storeys", "aspect_ratio", "source_system"}
    for vintage in archetypes.vintages:
        for system in archetypes.plants:
            figures = archetypes.figures(vintage, "government_office", system, vintage)
            plant_unused = {"heating_cop", "boiler_efficiency", "boiler_type", "chiller_type"}
            assert needed - found_elsewhere - plant_unused <= set(figures), (vintage, system)
            assert {"heating_cop", "boiler_efficiency"} <= set(figures), (vintage, system)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("source: stock, confidence: B", "source: nowhere, confidence: B"), "nowhere"),
        (("wall_u_value_w_per_m2k: {value: 2.0", "wal_u_value: {value: 2.0"), "wal_u_value"),
        (("confidence: A}", "confidence: E}") if "confidence: A}" in TEXT else
         ("confidence: D}", "confidence: E}"), "confidence"),
        (("wall_u_value_w_per_m2k: {value: 2.0, low: 1.7, high: 2.2", "wall_u_value_w_per_m2k: {low: 1.7, high: 2.2"),
         "bands"),
        (("{value: 2.0, low: 1.7, high: 2.2", "{value: 2.0, low: 2.7, high: 2.2"), "above high"),
        (("  before_2005:\n    first_year: 1850", "  before_2005:\n    first_year: 1850\n    first_year: 1"), "twice"),
        (("    first_year: 1850", "    frist_year: 1850"), "first_year"),
    ],
)
def test_broken_file_is_refused_with_the_place(tmp_path, change, word):
    path = tmp_path / "archetypes.yaml"
    assert change[0] in TEXT
    path.write_text(TEXT.replace(*change), encoding="utf-8")
    with pytest.raises(InputError, match=word):
        load_archetypes(path)


def test_file_that_is_no_mapping(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(yaml.safe_dump([1, 2]))
    with pytest.raises(InputError, match="mapping"):
        load_archetypes(path)
