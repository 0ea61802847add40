"""One validated door to the data files of `sim/data/`."""

from __future__ import annotations

from importlib.resources import files
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from vocabulary import Fault, InputError


class Record(BaseModel):
    """A block of a data file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(Record):
    """One number with where it comes from and how sure it is (A official to D judgement)."""

    value: float
    source: str
    confidence: str


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
    text = files("sim").joinpath("data", name).read_text(encoding="utf-8")
    try:
        return shape.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        raise InputError([Fault(f"sim/data/{name}", ".".join(map(str, e["loc"])), repr(e["input"])[:80], e["msg"])
                          for e in error.errors()]) from error
