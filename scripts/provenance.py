"""Writing a result file with what it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping

import xarray as xr

import netcdf
from optimiser.money.factors import basis_of
from scripts.context import Context
from scripts.study import published_text


def labels(context: Context, made_from: Mapping[str, str], title: str) -> dict[str, str | int]:
    """Return the global attributes of a file of the output folder that is written piece by piece."""
    told = {
        "title": f"{title}: {context.study.name}", "study_text": published_text(context.study),
        "illustrative": "; ".join(context.illustrative),
    }
    return netcdf.provenance(told, made_from) | {"made_from": json.dumps(dict(made_from))}


def references(context: Context) -> str:
    """Return the sources of the energy basis and of the weather year, as CF's attribute `references`."""
    first = context.study.optimiser.rules_of(context.study.optimiser.scenarios[0])
    basis = basis_of(first.energy_basis)
    return f"energy basis: {basis.source}; weather: {context.weather.attrs.get('source', context.weather_id)}"


def attributes(context: Context, made_from: Mapping[str, str]) -> dict[str, str]:
    """Return what a file that another room writes has to say of where it comes from."""
    text = json.dumps(dict(made_from), ensure_ascii=False, sort_keys=True)
    said = {"made_from": json.dumps(dict(made_from)), "study_text": published_text(context.study),
            "input_digests": text, "illustrative": "; ".join(context.illustrative), "references": references(context)}
    return {key: value for key, value in said.items() if value}


def write(
    context: Context, name: str, dataset: xr.Dataset, made_from: Mapping[str, str], *, title: str,
    groups: Mapping[str, xr.Dataset] | None = None,
) -> None:
    """Write one file of the output folder, with study text, digests and what is illustrative."""
    kept = {key: value for key, value in dataset.attrs.items() if key != "made_from"}
    netcdf.write_dataset(
        context.workspace.path(name),
        dataset.drop_attrs(deep=False).assign_attrs(kept | {"made_from": json.dumps(dict(made_from))}),
        groups=groups,
        title=f"{title}: {context.study.name}",
        study_text=published_text(context.study),
        input_digests=dict(made_from),
        illustrative=context.illustrative,
        references=references(context),
    )
