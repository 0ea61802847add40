import datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings import load_archetypes, load_catalogue, read_registry
from buildings.design import Design
from buildings.resolve import resolve
from buildings.spreadsheet import load_columns
from vocabulary import SOURCE_SYSTEMS, InputError


def fault_of(path, **keys):
    with pytest.raises(InputError) as error:
        read_registry(path)
    return error.value.faults


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_read_alike(write_registry, encoding):
    (building,) = read_registry(write_registry({"name": "嘉定区政府办公楼"}, encoding=encoding))
    assert building.name == "嘉定区政府办公楼"


def test_xlsx_reads_like_csv(write_registry, tmp_path):
    csv_path = write_registry({"last_audit_date": "2020-05-04"}, {"building_id": "101", "storeys": "4"})
    book = openpyxl.Workbook()
    rows = [line.split(",") for line in csv_path.read_text().splitlines()]
    book.active.append(rows[0])
    for row in rows[1:]:
        typed = [float(cell) if cell.replace(".", "").isdigit() else cell or None for cell in row]
        if row[-1]:
            typed[-1] = datetime.datetime.fromisoformat(row[-1])
        book.active.append(typed)
    book.active.append([None] * len(rows[0]))
    book.save(tmp_path / "registry.xlsx")
    assert read_registry(tmp_path / "registry.xlsx") == read_registry(csv_path)


def test_semicolons_and_comment_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("# illustrative\nbuilding_id;floor_area_m2;storeys;year_built;source_system\nx;900;2;2001;split\n")
    assert read_registry(path)[0].floor_area_m2 == 900


@pytest.mark.parametrize(
    ("change", "column", "nearest"),
    [
        ({"floor_area_m2": "-600"}, "floor_area_m2", ""),
        ({"floor_area_m2": "0.6"}, "floor_area_m2", "6000"),
        ({"floor_area_m2": "2.86"}, "floor_area_m2", "28600"),
        ({"floor_area_m2": "6,000"}, "floor_area_m2", "6000"),
        ({"floor_area_m2": "nan"}, "floor_area_m2", ""),
        ({"floor_area_m2": "inf"}, "floor_area_m2", ""),
        ({"floor_area_m2": ""}, "floor_area_m2", ""),
        ({"storeys": "2.5"}, "storeys", "2"),
        ({"storeys": "0"}, "storeys", ""),
        ({"year_built": "98"}, "year_built", ""),
        ({"year_built": "2999"}, "year_built", ""),
        ({"source_year": "1990"}, "source_year", ""),
        ({"source_system": "chiler_boiler"}, "source_system", "chiller_boiler"),
        ({"latitude_deg": "121.25", "longitude_deg": "31.38"}, "latitude_deg", "31.38, 121.25"),
        ({"use": "goverment_office"}, "use", "government_office"),
        ({"window_to_wall_ratio_south": "35"}, "window_to_wall_ratio_south", "0.35"),
        ({"conditioned_fraction": "70%"}, "conditioned_fraction", "0.7"),
        ({"workday_start_h": "8:30"}, "workday_start_h", "8.5"),
        ({"last_audit_date": "2020-13-01"}, "last_audit_date", ""),
        ({"occupants": "10"}, "occupants", ""),
        ({"plan_shape": "L"}, "plan_shape", "l"),
        ({"model": "no.idf"}, "model", ""),
        ({"model": "run.sh"}, "model", ""),
        ({"past_retrofits": "LED"}, "past_retrofits", ""),
        ({"past_retrofits": "led;roof_insulaton"}, "past_retrofits", "roof_insulation"),
        ({"building_id": "../../etc"}, "building_id", ""),
        ({"illustrative": "maybe"}, "illustrative", ""),
    ],
)
def test_each_fault_is_placed(write_registry, change, column, nearest):
    (fault,) = fault_of(write_registry(change))
    assert fault.file == "registry.csv"
    assert fault.place == f"row 2, column {column}"
    assert fault.nearest == nearest


def test_all_faults_come_in_one_message(write_registry):
    path = write_registry(
        {"floor_area_m2": "-1", "source_system": "vfr"}, {"building_id": "B", "storeys": "many"}, {"building_id": "B"},
        {"building_id": "C", "latitude_deg": "121", "longitude_deg": "31"},
    )
    path.write_text(path.read_text().replace("year_built", "year_bilt"))
    faults = fault_of(path)
    places = {fault.place for fault in faults}
    assert places == {
        "header", "row 2, column floor_area_m2", "row 2, column source_system", "row 3, column storeys",
        "row 4, column building_id", "row 5, column latitude_deg",
    }
    assert next(fault for fault in faults if fault.place == "header").nearest == "year_built"
    assert all(fault.place in str(InputError(faults)) for fault in faults)


def test_missing_column_and_unknown_column(write_registry):
    columns = ["building_id", "floor_area_m2", "storeys", "year_built", "colour"]
    path = write_registry({"colour": "red"}, columns=columns)
    found = {(fault.found, fault.expected) for fault in fault_of(path)}
    assert ("no such column", "required column source_system") in found
    assert ("unknown column 'colour'", "a known column") in found


@pytest.mark.parametrize("text", ["", "\n\n", "building_id,floor_area_m2,storeys,year_built,source_system\n"])
def test_empty_registry(tmp_path, text):
    path = tmp_path / "empty.csv"
    path.write_text(text)
    assert "empty.csv" in str(fault_of(path)[0])


def test_binary_and_absent_files(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x00\xff\x00\xff\x01")
    (tmp_path / "a.xlsx").write_bytes(b"no workbook")
    for name in ("a.csv", "a.xlsx", "none.csv"):
        assert fault_of(tmp_path / name)[0].file == name


def test_row_longer_than_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("building_id,floor_area_m2,storeys,year_built,source_system\nx,900,2,2001,split,9,9\n")
    assert fault_of(path)[0].place == "row 2"


def test_bills_of_unknown_building(write_registry, tmp_path):
    bills = tmp_path / "bills.csv"
    bills.write_text("building_id,month,electricity_kwh\nA1,2024-01,30000\nA11,2024-01,30000\n")
    with pytest.raises(InputError) as error:
        read_registry(write_registry({}), bills)
    assert [fault.nearest for fault in error.value.faults] == ["A1"]


def test_sample_is_what_the_demo_promises(sample):
    assert len(sample) == 12
    assert len({building.vintage for building in sample}) >= 3
    assert len({building.source_system for building in sample}) >= 2
    assert all(1500 <= building.floor_area_m2 <= 30_000 for building in sample)
    assert all(building.illustrative for building in sample)


def test_provenance_covers_every_design_field(sample):
    own = set(Design.model_fields) - {"sizing", "replaced_equipment"}
    for building in sample:
        assert own <= set(building.provenance)
        assert set(building.provenance.values()) <= {"given", "archetype", "derived"}


def test_given_beats_past_retrofit_beats_archetype(write_registry):
    path = write_registry(
        {"building_id": "A"}, {"building_id": "B", "past_retrofits": "led+window_replacement"},
        {"building_id": "C", "past_retrofits": "led", "lighting_power_density_w_per_m2": "9"},
    )
    plain, past, both = read_registry(path)
    assert plain.design.lighting_power_density_w_per_m2 == 10
    assert past.design.lighting_power_density_w_per_m2 == 6
    assert past.design.window_u_value_w_per_m2k == 2.4
    assert past.provenance["window_u_value_w_per_m2k"] == "derived"
    assert past.design.sizing is None
    assert both.design.lighting_power_density_w_per_m2 == 9


def test_plant_follows_the_year_of_the_plant(write_registry):
    old, renewed = read_registry(write_registry({"building_id": "A"}, {"building_id": "B", "source_year": "2016"}))
    assert old.design.cooling_cop == 3.6
    assert renewed.design.cooling_cop == 5.2
    assert old.design.wall_u_value_w_per_m2k == renewed.design.wall_u_value_w_per_m2k


ROWS = st.fixed_dictionaries(
    {
        "building_id": st.just("x"),
        "floor_area_m2": st.floats(500, 120_000),
        "storeys": st.integers(1, 25),
        "year_built": st.integers(1950, 2026),
        "source_system": st.sampled_from(SOURCE_SYSTEMS),
    },
    optional={
        "use": st.sampled_from(sorted(load_archetypes().use_names())),
        "plan_shape": st.sampled_from(["rectangle", "l", "u", "courtyard"]),
        "window_to_wall_ratio_south": st.floats(0, 0.95),
        "workday_end_h": st.floats(13, 23),
    },
)


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_any_plausible_row_resolves_and_keeps_what_was_given(row):
    building = resolve(row, load_archetypes(), load_catalogue())
    for name, value in row.items():
        if name != "use":
            assert getattr(building, name) == value
            assert building.provenance[name] == "given"
    assert building.occupants * building.design.occupant_density_m2_per_person == pytest.approx(row["floor_area_m2"])
    for name, figure in load_archetypes().figures(
        building.vintage, building.use, building.source_system, building.source_vintage
    ).items():
        if building.provenance.get(name) == "archetype" and figure.low is not None and figure.high is not None:
            assert figure.low <= getattr(building.design, name) <= figure.high


def test_column_ranges_agree_with_the_design():
    for name, column in load_columns().registry.items():
        if name not in Design.model_fields or column.kind not in ("number", "integer"):
            continue
        bounds = {}
        for part in Design.model_fields[name].metadata:
            bounds |= {key: getattr(part, key) for key in ("ge", "le") if hasattr(part, key)}
        assert (column.low, column.high) == (bounds["ge"], bounds["le"]), name
