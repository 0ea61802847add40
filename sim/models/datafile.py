"""The data files of `sim/data/`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from datafile import Confidence, Frozen, load_yaml


class Figure(Frozen):
    """One number with where it comes from and how sure it is (A official to D judgement)."""

    value: float
    source: str
    confidence: Confidence


Block = TypeVar("Block", bound=BaseModel)


def load(name: str, shape: type[Block]) -> Block:
    """Read a YAML file of `sim/data/` into a record.

    Parameters
    ----------
    name : str
        File name.
    shape : type
        The pydantic record that the file must fit.

    Raises
    ------
    InputError
        If the file does not fit; all faults in one message.

    Examples
    --------
    `load("zoning.yaml", ZoningData).perimeter_depth_m` is 4.57.
    """
    return load_yaml(Path(str(files("sim").joinpath("data", name))), shape)
