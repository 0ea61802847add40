"""The surrogate as a labelled file, and its answers as a labelled dataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import netcdf
import vocabulary
from sim.surrogate.climate import Climate
from sim.surrogate.emulator import USES, Stage
from sim.surrogate.gaussian import Gaussian
from sim.surrogate.inputs import Table
from sim.surrogate.pipeline import CARRIER_OF_USE, Answer, Learned
from vocabulary import CARRIERS, END_USES, MONTHS, Fault, InputError

Array = NDArray[np.float64]
KIND = "retrofolio surrogate"
PARTS = "parts"  # one group holds all others: the CF checker stops at files with two groups side by side
VERSION = 4
_PLACE_OF_USE = [END_USES.index(use.removesuffix("_gas")) for use in USES]
_KNOWN = ("interior_lighting", "interior_equipment", "other", "fans")
_DIMS = {
    "points": ("run", "feature"), "groups": ("run",), "centre": ("feature",), "scale": ("feature",),
    "mean": ("output",), "theta": ("hyperparameter",), "factor": ("run", "run_of_factor"),
    "weights": ("run", "output"), "between": ("output", "output_of_between"), "residual": ("run", "output"),
    "own_variance": ("run",),
}
_LABELS = ("engine_version", "weather_digest", "calendar", "settings", "catalogue_digest", "city")


def labels_of(simulations: xr.Dataset, chosen: xr.Dataset) -> dict[str, str]:
    """Return what ties a surrogate to its runs: their keys and the attributes of `simulations.nc`."""
    labels = {str(key): str(value) for key, value in simulations.attrs.items()
              if isinstance(value, str | int | float) and str(key) not in ("history", "date_created")}
    if "run_key" in chosen:
        labels["run_keys"] = json.dumps(sorted(str(key) for key in chosen["run_key"].values.tolist()))
    return labels


def labelled(designs: xr.Dataset, table: Table, answer: Answer, weights: Array, labels: Mapping[str, str],
             errors: bool) -> xr.Dataset:
    """Return an answer as a dataset with dims, units and long names."""
    size = table.size
    energy, deviation = (np.zeros((size, len(CARRIERS), len(END_USES), 12)) for _ in range(2))
    for i, place in enumerate(_PLACE_OF_USE):
        energy[:, CARRIER_OF_USE[i], place] += answer.uses[:, i]
        deviation[:, CARRIER_OF_USE[i], place] = answer.uses_std[:, i]
    for i, name in enumerate(_KNOWN):
        energy[:, 0, END_USES.index(name)] += answer.known[:, i]
    yearly = energy.sum((2, 3))
    month = ("case", "month")
    columns: dict[str, tuple[tuple[str, ...], NDArray[np.floating]]] = {
        "energy_use": (("case", "carrier", "end_use", "month"), energy),
        "annual_energy_use": (("case", "carrier"), yearly),
        "basis_energy": (("case",), yearly @ weights),
        "cooling_delivered": (month, answer.loads[:, :12]), "heating_delivered": (month, answer.loads[:, 12:]),
        "peak_demand": (month, answer.peaks),
        **{name: (("case",), value) for name, value in answer.sizes.items()},
        **{name: (("case",), value) for name, value in answer.quantities(table).items() if name not in answer.sizes},
    }
    if errors:
        columns |= {
            "energy_use_std": (("case", "carrier", "end_use", "month"), deviation),
            "annual_energy_use_std": (("case", "carrier"), answer.annual_std),
            "basis_energy_std": (("case",), answer.basis_std),
            "peak_demand_std": (month, answer.peaks_std),
            **{f"{name}_std": (("case",), value) for name, value in answer.sizes_std.items()},
        }
    if len(answer.electricity):
        columns |= {"electricity_hourly": (("case", "hour"), answer.electricity),
                    "natural_gas_hourly": (("case", "hour"), answer.gas)}
    coords: dict[str, Any] = {"carrier": list(CARRIERS), "end_use": list(END_USES), "month": list(MONTHS)}
    if "case" in designs.coords:
        coords["case"] = designs["case"]
    if "electricity_hourly" in columns:
        coords["hour"] = np.arange(vocabulary.HOURS_PER_YEAR)
    found = xr.Dataset({name: (dims, values, _attributes(name)) for name, (dims, values) in columns.items()}, coords)
    return found.assign_attrs(basis_weight_electricity=float(weights[0]), basis_weight_natural_gas=float(weights[1]),
                              **{key: labels[key] for key in _LABELS if key in labels})


_OWN_ATTRIBUTES = {
    "annual_energy_use": {"units": "kW h", "long_name": "energy used in the year, by carrier"},
    "basis_energy": {"units": "kW h", "long_name": "energy used in the year, in the energy basis"},
    "floor_area": {"units": "m2", "long_name": "gross floor area"},
}


def _attributes(name: str) -> dict[str, str]:
    plain = name.removesuffix("_std")
    found = dict(_OWN_ATTRIBUTES.get(plain) or vocabulary.attributes(plain))
    if plain == name:
        return found
    found.pop("cell_methods", None)
    return {**found, "long_name": f"standard error of: {found['long_name']}"}


def write(path: str | Path, climate: Climate, learned: Learned, ranges: Mapping[str, tuple[float, float]],
          systems: tuple[str, ...], errors: Mapping[str, float], labels: Mapping[str, str],
          attributes: Mapping[str, str] | None = None) -> None:
    """Write a surrogate; see `Surrogate.save`."""
    stages: dict[str, Stage] = {
        **{f"loads_{k}": v for k, v in learned.loads.items()}, **{f"uses_{k}": v for k, v in learned.uses.items()},
        **{f"sizes_{k}": v for k, v in learned.sizes.items()},
    }
    if learned.peaks is not None:
        stages["peaks"] = learned.peaks
    groups = {f"{PARTS}/{name}": _stage_dataset(stage) for name, stage in stages.items()}
    groups[f"{PARTS}/climate"] = climate.to_dataset()
    attrs = {
        **(attributes or {}),
        "surrogate_kind": KIND, "surrogate_version": VERSION, "stages": json.dumps(sorted(stages)),
        "coefficients": json.dumps(learned.coefficients), "ranges": json.dumps(ranges),
        "systems": json.dumps(systems), "errors": json.dumps(errors), "labels": json.dumps(dict(labels)),
    }
    scale = xr.DataArray(learned.scale, dims="carrier_or_basis", attrs={
        "units": "1", "long_name": "what standard errors are multiplied by (electricity, gas, basis)"})
    netcdf.write_dataset(path, xr.Dataset({"error_scale": scale}, attrs=attrs), title="Surrogate of EnergyPlus",
                         groups=groups)


def _stage_dataset(stage: Stage) -> xr.Dataset:
    arrays = {**stage.process.arrays(), "rows": stage.rows}
    dims = {**_DIMS, "rows": ("run",)}
    return xr.Dataset({
        name: (dims[name], value, {"units": "1", "long_name": f"{name.replace('_', ' ')} of the Gaussian process"})
        for name, value in arrays.items()
    })


def check_kind(path: str | Path, attributes: Mapping[Any, object]) -> None:
    """Check by the global attributes of a file that it is a surrogate that this program reads.

    Raises
    ------
    InputError
        If the file is no surrogate or one of another version.
    """
    version = str(attributes.get("surrogate_version", "none"))
    if attributes.get("surrogate_kind") != KIND or version != str(VERSION):
        expected = f"a surrogate of version {VERSION}: fit it again"
        raise InputError([Fault(str(path), "surrogate_version", version, expected)])


def read(path: str | Path) -> tuple[Climate, Learned, dict[str, tuple[float, float]], tuple[str, ...],
                                    dict[str, float], dict[str, str]]:
    """Read what `write` wrote; see `Surrogate.load`.

    Raises
    ------
    InputError
        If the file is no surrogate or one of another version.
    """
    root = netcdf.read_dataset(path)
    attrs = root.attrs
    check_kind(path, attrs)
    stages = {name: _stage_of(netcdf.read_dataset(path, f"{PARTS}/{name}")) for name in json.loads(attrs["stages"])}

    def part(prefix: str) -> dict[str, Stage]:
        return {name.removeprefix(prefix): stage for name, stage in stages.items() if name.startswith(prefix)}

    learned = Learned(json.loads(attrs["coefficients"]), part("loads_"), part("uses_"), part("sizes_"),
                      stages.get("peaks"), np.asarray(root["error_scale"].values, dtype=float))
    ranges = {name: (float(low), float(high)) for name, (low, high) in json.loads(attrs["ranges"]).items()}
    climate = Climate.from_dataset(netcdf.read_dataset(path, f"{PARTS}/climate"))
    return (climate, learned, ranges, tuple(json.loads(attrs["systems"])), json.loads(attrs["errors"]),
            json.loads(attrs["labels"]))


def _stage_of(dataset: xr.Dataset) -> Stage:
    arrays = {name: np.ascontiguousarray(dataset[name].values) for name in _DIMS}
    arrays = {name: value.astype(np.int64) if name == "groups" else value.astype(np.float64)
              for name, value in arrays.items()}
    return Stage(Gaussian(**arrays), dataset["rows"].values.astype(np.int64))
