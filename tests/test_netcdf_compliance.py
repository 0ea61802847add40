"""Every kind of file passes the CF checker (cf:1.11, strict): no finding, exit code 0, no network.

The checker ships the standard-name table inside its package and fetches another one only for files that carry the
attribute `standard_name_vocabulary`; ours do not, and sockets are closed while the tests run.

One check of the checker cannot run on files with two groups at the top (every release that knows cf:1.11, 5.4.0 to
6.1.0; ioos/compliance-checker issue 1215): `check_invalid_same_named_dimension_across_groups` asks each group for a
dimension `time` and wants all of them to be one Python object, which netCDF4 never gives. So our files have at most one
group at the top, but for `portfolio.nc` after its verification (groups `inputs`, `verification`): there that check is
skipped by name, as the checker's option `--skip-checks` does, and nothing else is.

The checker does not look inside groups at all, so each group is also checked as a file of its own.
"""

import socket

import netCDF4
import numpy as np
import pytest
import xarray as xr

import netcdf
from buildings.design import Design
from vocabulary import CARRIERS, END_USES, VARIABLES, attributes

CANNOT_RUN = "check_invalid_same_named_dimension_across_groups"
SIZES = {"case": 3, "building": 3, "package": 2, "scenario": 2, "trial": 2, "pv_node": 3, "hour": 24, "month": 12}


def filled(name, dims=None):
    """An array of the vocabulary with invented values."""
    row = VARIABLES[name]
    dims = dims or row.dims
    labels = {"carrier": CARRIERS, "end_use": END_USES}
    shape = tuple(len(labels[d]) if d in labels else SIZES[d] for d in dims)
    attrs = {**attributes(name), **({"price_year": 2025} if row.currency else {})}
    if row.units:
        low = 1 if name == "month" else 0
        values = np.arange(low, low + int(np.prod(shape)), dtype=float).reshape(shape) / (1 if dims == (name,) else 100)
        values = values.astype(int) if dims == (name,) else values
    elif row.valid_max == 1:
        values = np.zeros(shape, dtype=bool)
    else:
        values = np.array([f"{name} {i} 嘉定" for i in range(int(np.prod(shape)))]).reshape(shape)
    return xr.DataArray(values, dims=dims, attrs=attrs)


def of(names, coords, **dims):
    data = {name: filled(name, dims.get(name)) for name in names}
    labels = {"carrier": CARRIERS, "end_use": END_USES}
    indices = {
        c: xr.DataArray(list(labels[c]), dims=c, attrs=attributes(c)) if c in labels else filled(c) for c in coords
    }
    return xr.Dataset(data, indices)


def by_dims(*wanted):
    """Names of the vocabulary whose (possibly second) dims are one of these."""
    return [n for n, v in VARIABLES.items() for dims in (v.dims, *v.other_dims) if dims in wanted and (n,) != dims]


def simulations():
    names = by_dims(("case",), ("case", "month"), ("case", "carrier", "end_use", "month"), ("case", "hour"))
    dataset = of(
        names,
        ["case", "carrier", "end_use", "month", "hour"],
        **{n: ("case",) for n in ("source_system", "saving_fraction_simulated")},
    )
    for field, info in Design.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict):
            dataset[field] = ("case", np.ones(3), {"units": extra["units"], "long_name": info.description})
    dataset["dry_bulb_temperature"] = ("hour", np.zeros(24), {"units": "degC", "long_name": "dry-bulb temperature"})
    return dataset, {}


def validation():
    names = [
        "building_id",
        "package_id",
        "case_key",
        "run_key",
        "status",
        "role",
        "saving_simulated",
        "saving_predicted",
        "saving_predicted_std",
        "saving_fraction_simulated",
        "saving_fraction_predicted",
        "energy_use_simulated",
        "energy_use_predicted",
        "energy_use_predicted_std",
    ]
    dataset = of(names, ["case", "carrier", "month"], saving_fraction_simulated=("case",))
    return dataset.assign_attrs(failed_cases=2, energy_basis="calorific"), {}


def surrogate():
    weights = xr.DataArray(np.ones((4, 3)), dims=("component", "case"), attrs={"units": "1", "long_name": "weights"})
    return xr.Dataset({"weights": weights}), {"parts/loads": validation()[0], "parts/climate": validation()[0]}


def cube():
    names = by_dims(
        ("building",),
        ("building", "package"),
        ("building", "carrier"),
        ("building", "pv_node"),
        ("building", "package", "carrier"),
        ("building", "package", "pv_node"),
    )
    return of(names, ["building", "package", "carrier", "pv_node"])


def portfolio():
    names = by_dims(("scenario", "building"), ("scenario",))
    data = of(
        [n for n in names if n not in ("energy_saving_predicted", "energy_saving_simulated")],
        ["scenario", "building", "package"],
        **{n: ("scenario", "building") for n in names if VARIABLES[n].other_dims},
    )
    return data, {"inputs": cube()}


def verification():
    names = [
        "energy_saving_predicted",
        "energy_saving_simulated",
        "saving_fraction_simulated",
        "floor_met",
        "simulated_in_round",
        *by_dims(("trial",)),
    ]
    return of(names, ["scenario", "building", "trial"], saving_fraction_simulated=("scenario", "building"))


def verified():
    dataset, groups = portfolio()
    return dataset, {**groups, "verification": verification()}


KINDS = {
    "simulations": simulations, "validation": validation, "surrogate": surrogate, "portfolio": portfolio,
    "verified": verified,
}
GROUPS = {"inputs": cube, "verification": verification}


@pytest.fixture
def offline(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the checker wanted the network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def write(path, made):
    dataset, groups = made
    netcdf.write_dataset(
        path,
        dataset,
        title="Synthetic 合成",
        groups=groups,
        study_text="name: 嘉定\nseed: 1\n",
        source="EnergyPlus 25.2.0",
        input_digests={"registry": "sha256:00"},
        references="GB/T 2589-2020",
        illustrative=["all figures"],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_file_ends_without_a_finding(tmp_path, offline, cf_findings, kind):
    write(tmp_path / f"{kind}.nc", KINDS[kind]())
    assert cf_findings(tmp_path / f"{kind}.nc", [CANNOT_RUN] if kind == "verified" else []) == ([], [], 0)


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_passes_as_a_file_of_its_own_with_nothing_skipped(tmp_path, offline, cf_findings, group):
    write(tmp_path / f"{group}.nc", (GROUPS[group](), {}))
    assert cf_findings(tmp_path / f"{group}.nc", []) == ([], [], 0)


@pytest.mark.parametrize("dims", [(), ("time",)])
def test_the_checker_cannot_pass_any_two_groups(tmp_path, offline, cf_findings, dims):
    """Two groups that hold nothing, or nothing but a dimension `time`. Passes a release? Then skip nothing any more."""
    with netCDF4.Dataset(tmp_path / "two.nc", "w") as file:
        file.setncatts({"Conventions": "CF-1.11", "title": "t", "history": "h", "institution": "i", "source": "s",
                        "references": "r", "comment": "c"})
        for name in ("inputs", "verification"):
            group = file.createGroup(name)
            for dim in dims:
                group.createDimension(dim, 1)
    failed, crashed, code = cf_findings(tmp_path / "two.nc", [])
    assert (bool(failed), crashed) == (True, []) if dims else (failed, crashed) == ([], [CANNOT_RUN])
    assert code != 0
    assert cf_findings(tmp_path / "two.nc") == ([], [], 0)


def test_the_checker_does_see_faults(tmp_path, offline, cf_findings):
    dataset = xr.Dataset({"saving": ("building", [1.0], {"units": "kWh of coal", "long_name": "saving"})})
    netcdf.write_dataset(tmp_path / "bad.nc", dataset, title="Bad units")
    failed, _, code = cf_findings(tmp_path / "bad.nc")
    assert failed
    assert code == 1


def test_groups_read_back_complete(tmp_path):
    write(tmp_path / "portfolio.nc", verified())
    xr.testing.assert_equal(netcdf.read_dataset(tmp_path / "portfolio.nc", "inputs"), cube())
    found = netcdf.read_dataset(tmp_path / "portfolio.nc", "verification")
    xr.testing.assert_equal(found, verification())
