"""Writing a result file with what it was made from."""

from __future__ import annotations

import json
from collections.abc import Mapping

import xarray as xr

import netcdf
from scripts.context import Context
from scripts.study import study_text


def labels(context: Context, made_from: Mapping[str, str], title: str) -> dict[str, str | int]:
    """Return the global attributes of a file of the output folder that is written piece by piece."""
    told = {
        "title": f"{title}: {context.study.name}", "study_text": study_text(context.study),
        "illustrative": "; ".join(context.illustrative),
    }
    return netcdf.provenance(told, made_from) | {"made_from": json.dumps(dict(made_from))}


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
        study_text=study_text(context.study),
        input_digests=dict(made_from),
        illustrative=context.illustrative,
    )
