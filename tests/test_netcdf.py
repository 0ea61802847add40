"""The netCDF door: nothing is lost, nothing unlabelled passes, nothing half-written stays."""

import json
import os

import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import netcdf
from vocabulary import InputError

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
NUMBERS = st.sampled_from(["f8", "f4", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"])


def labelled(dims, values, units=None, **attrs):
    given_units = {"units": units} if units else {}
    return xr.DataArray(values, dims=dims, attrs={"long_name": "invented for this test", **given_units, **attrs})


@st.composite
def arrays(draw, dims, shape):
    if draw(st.booleans()):
        return labelled(dims, draw(hnp.arrays(object, shape, elements=TEXT)).astype(str))
    dtype = draw(NUMBERS)
    values = draw(hnp.arrays(dtype, shape, elements={"allow_nan": True} if dtype[0] == "f" else None))
    attrs = draw(st.dictionaries(st.sampled_from(["comment", "currency", "source"]), TEXT.filter(bool)))
    number = draw(st.floats(allow_nan=False, allow_infinity=False))
    return labelled(dims, values, None if dtype == "?" else "kW h", electricity_factor=number, **attrs)


@st.composite
def datasets(draw):
    sizes = draw(st.dictionaries(NAMES, st.integers(0, 4), min_size=1, max_size=3))
    names = draw(st.lists(NAMES.filter(lambda n: n not in sizes), unique=True, max_size=5))
    variables, coords = {}, {}
    for name in names:
        dims = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True, max_size=len(sizes)))
        target = coords if draw(st.booleans()) else variables
        target[name] = draw(arrays(dims, tuple(sizes[d] for d in dims)))
    for dim in draw(st.sets(st.sampled_from(sorted(sizes)))):
        labels = [f"{i} 标签" for i in range(sizes[dim])]
        coords[dim] = labelled(dim, np.array(labels, dtype=str) if draw(st.booleans()) else np.arange(sizes[dim]), "1")
    return xr.Dataset(variables, coords, attrs={"note": draw(TEXT.filter(bool))})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dataset=datasets(), group=datasets())
def test_round_trip_loses_nothing(tmp_path, dataset, group):
    path = tmp_path / "round.nc"
    netcdf.write_dataset(path, dataset, title="Round trip", groups={"inputs": group, "inputs_b/c": dataset})
    for name, expected in [(None, dataset), ("inputs", group), ("inputs_b/c", dataset)]:
        found = netcdf.read_dataset(path, name)
        assert set(found.coords) == set(expected.coords)
        xr.testing.assert_equal(found, expected)
        for variable in expected.variables:
            assert found[variable].attrs == expected[variable].attrs, variable
            if expected[variable].dtype.kind != "U":
                assert found[variable].dtype == expected[variable].dtype
        assert found.attrs["note"] == expected.attrs["note"]


def test_plain_xarray_reads_text_flags_and_tables(tmp_path):
    path = tmp_path / "plain.nc"
    dataset = xr.Dataset(
        {
            "touched": labelled("building", np.array([True, False])),
            "saving": labelled("building", [1.0, np.nan], "kW h"),
        },
        {"building": labelled("building", ["嘉定-01", "b"]), "town": labelled("building", ["x", "yy"])},
    )
    netcdf.write_dataset(path, dataset, title="Plain")
    with xr.open_dataset(path) as file:
        assert list(file["building"].values) == ["嘉定-01", "b"]
        assert file["touched"].dtype == np.int8
        assert file["touched"].attrs["flag_meanings"] == "false true"
        table = file.to_dataframe()
    assert table.loc["嘉定-01", "town"] == "x"
    with netCDF4.Dataset(path) as raw:
        raw.set_auto_chartostring(False)
        assert raw["building"].dtype == "S1"


def test_file_says_where_it_comes_from(tmp_path):
    path = tmp_path / "told.nc"
    dataset = labelled((), 1.0, "1").to_dataset(name="x").assign_attrs(failed_cases=3, rules={"budget_cny": 1})
    netcdf.write_dataset(
        path,
        dataset,
        title="Told",
        study_text="name: 嘉定\n",
        input_digests={"registry": "sha256:ab"},
        references="GB/T 2589-2020",
        institution="District office",
        illustrative=["buildings", "costs"],
    )
    attrs = netcdf.read_attributes(path)
    assert attrs["Conventions"] == "CF-1.11"
    assert attrs["study_text"] == "name: 嘉定\n"
    assert json.loads(attrs["input_digests"]) == {"registry": "sha256:ab"}
    assert json.loads(attrs["rules"]) == {"budget_cny": 1}
    assert attrs["illustrative"] == "buildings; costs"
    assert attrs["failed_cases"] == 3
    for needed in ("title", "history", "source", "references", "institution", "date_created", "software_versions"):
        assert attrs[needed]
    assert "pyenergyplus-lbnl" in attrs["software_versions"]


def test_header_shows_groups_and_units_but_no_numbers(tmp_path):
    path = tmp_path / "head.nc"
    dataset = labelled("building", [12345.678], "kW h").to_dataset(name="saving")
    netcdf.write_dataset(path, dataset, title="Head", groups={"inputs": dataset})
    text = netcdf.header(path)
    assert "group: inputs" in text
    assert "saving:units = kW h" in text
    assert "12345" not in text


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        (xr.DataArray([1.0], dims="building", attrs={"long_name": "x"}), "units"),
        (xr.DataArray([1.0], dims="building", attrs={"units": "kW h"}), "long_name"),
        (labelled("building", np.array(["2025-01-01"], dtype="datetime64[ns]")), "dates as ISO text"),
        (labelled("building", np.array([1 + 2j]), "kW"), "numbers"),
        (labelled("building", np.array(["a", None], dtype=object)), "text only"),
        (labelled("building", ["a\0b"]), "NUL"),
        (labelled("building-name", [1.0], "kW"), "letters"),
    ],
)
def test_what_cf_has_no_place_for_is_refused(tmp_path, variable, expected):
    with pytest.raises(InputError, match=expected):
        netcdf.write_dataset(tmp_path / "x.nc", variable.to_dataset(name="saving"), title="Refused")
    assert list(tmp_path.iterdir()) == []


def test_all_faults_come_in_one_message(tmp_path):
    dataset = xr.Dataset({"a": ("x", [1.0]), "b-c": ("x", [1.0])})
    with pytest.raises(InputError) as caught:
        netcdf.write_dataset(tmp_path / "x.txt", dataset, title="Bad", groups={"inputs": dataset})
    assert len(caught.value.faults) == 11


def test_vocabulary_fills_the_long_name_but_never_the_units(tmp_path):
    path = tmp_path / "filled.nc"
    netcdf.write_dataset(path, xr.Dataset({"peak_demand": ((), 1.0, {"units": "kW"})}), title="Filled")
    assert netcdf.read_dataset(path)["peak_demand"].attrs["long_name"].startswith("highest hourly")
    with pytest.raises(InputError, match="units"):
        netcdf.write_dataset(path, xr.Dataset({"peak_demand": ((), 1.0)}), title="Filled")


def test_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "kept.nc"
    dataset = labelled("building", [1.0, 2.0], "kW h").to_dataset(name="saving")
    netcdf.write_dataset(path, dataset, title="Old")

    def break_off(*args):
        raise RuntimeError("power cut")

    monkeypatch.setattr(netcdf, "_settle", break_off)
    with pytest.raises(RuntimeError):
        netcdf.write_dataset(path, dataset * 2, title="New")
    assert [p.name for p in tmp_path.iterdir()] == ["kept.nc"]
    xr.testing.assert_equal(netcdf.read_dataset(path), dataset)


def test_missing_folder_is_named(tmp_path):
    dataset = labelled("building", [1.0], "kW h").to_dataset(name="saving")
    with pytest.raises(InputError, match="absent"):
        netcdf.write_dataset(tmp_path / "absent" / "x.nc", dataset, title="Nowhere")


def test_new_file_has_the_usual_permissions(tmp_path):
    netcdf.write_dataset(tmp_path / "x.nc", labelled((), 1.0, "1").to_dataset(name="x"), title="Readable")
    (tmp_path / "y").touch()
    assert os.stat(tmp_path / "x.nc").st_mode == os.stat(tmp_path / "y").st_mode


def test_newer_foreign_and_broken_files_are_told_apart(tmp_path):
    dataset = labelled("building", [1.0], "kW h").to_dataset(name="saving")
    newer, foreign, broken = (tmp_path / f"{name}.nc" for name in ("newer", "foreign", "broken"))
    netcdf.write_dataset(newer, dataset, title="Newer")
    with netCDF4.Dataset(newer, "a") as file:
        file.retrofolio_format_version = netcdf.FORMAT_VERSION + 1
    dataset.to_netcdf(foreign)
    broken.write_bytes(newer.read_bytes()[:2000])
    for path, message in [
        (newer, "newer retrofolio"),
        (foreign, "written by retrofolio"),
        (broken, "unreadable"),
        (tmp_path / "none.nc", "no such file"),
    ]:
        with pytest.raises(InputError, match=message):
            netcdf.read_dataset(path)


def test_misspelt_group_gets_a_hint(tmp_path):
    dataset = labelled("building", [1.0], "kW h").to_dataset(name="saving")
    netcdf.write_dataset(tmp_path / "g.nc", dataset, title="Groups", groups={"verification": dataset})
    with pytest.raises(InputError, match="did you mean 'verification'"):
        netcdf.read_dataset(tmp_path / "g.nc", "verifcation")


def test_large_arrays_are_chunked_and_compressed(tmp_path):
    path = tmp_path / "large.nc"
    values = np.zeros((300, 8760), dtype="float32")
    netcdf.write_dataset(path, labelled(("case", "hour"), values, "kW").to_dataset(name="load"), title="Large")
    assert path.stat().st_size < values.nbytes / 50
    with netCDF4.Dataset(path) as file:
        rows, hours = file["load"].chunking()
        assert hours == 8760
        assert 0.5 < rows * hours * 4 / netcdf.CHUNK_BYTES <= 1.0
