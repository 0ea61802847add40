"""The one door for data files: YAML to frozen pydantic records, all faults in one message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from vocabulary import Fault, InputError, nearest

DATA_DIR = Path(__file__).parent / "data"
Confidence = Literal["A", "B", "C", "D"]
Record = TypeVar("Record", bound=BaseModel)


class Frozen(BaseModel):
    """Base of every record of this room: frozen, unknown keys refused, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class UniqueKeyLoader(yaml.SafeLoader):
    """YAML loader that refuses a key given twice instead of taking the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping after checking that no key repeats.

        Raises
        ------
        yaml.constructor.ConstructorError
            If a key stands twice in one mapping.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                mark = node.value[index][0].start_mark
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} given twice", mark)
        return super().construct_mapping(node, deep=deep)


def load_yaml(path: str | Path, schema: type[Record]) -> Record:
    """Read one YAML file into a record.

    Parameters
    ----------
    path : str or Path
        File in UTF-8.
    schema : type of Record
        Frozen pydantic model that the whole file must satisfy.

    Returns
    -------
    Record
        The validated record.

    Raises
    ------
    InputError
        If the file cannot be read, is not YAML, repeats a key or breaks the schema (all faults at once).

    Examples
    --------
    >>> from buildings.measures import Catalogue
    >>> len(load_yaml(DATA_DIR / "measures.yaml", Catalogue).measures) >= 16
    True
    """
    file = Path(path)
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=UniqueKeyLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError([Fault(file.name, "file", " ".join(str(error).split()), "readable YAML")]) from error
    if not isinstance(content, Mapping):
        raise InputError([Fault(file.name, "file", type(content).__name__, "a mapping at the top")])
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise InputError(faults_of(error, file.name, schema)) from error


def faults_of(error: ValidationError, file: str, schema: type[BaseModel]) -> list[Fault]:
    """Turn pydantic's list of errors into faults with place and nearest spelling.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    file : str
        File name for the message.
    schema : type of BaseModel
        Model that was validated; gives the spellings for unknown keys.

    Returns
    -------
    list of Fault
        One fault per error, `place` a dotted path of keys.
    """
    return [_fault(item, file, schema) for item in error.errors(include_url=False)]


def _fault(item: Mapping[str, Any], file: str, schema: type[BaseModel]) -> Fault:
    path = tuple(item["loc"])
    place = ".".join(str(part) for part in path) or "file"
    if item["type"] == "extra_forbidden":
        return Fault(file, place, "unknown key", "a known key", nearest(str(path[-1]), _known_keys(schema)))
    found = "nothing" if item["type"] == "missing" else repr(item["input"])[:80]
    allowed = item.get("ctx", {}).get("expected", "")
    words = str(allowed).replace("'", "").replace(" or ", ", ").split(", ") if allowed else []
    return Fault(file, place, found, str(item["msg"]), nearest(str(item["input"]), words))


def _known_keys(schema: type[BaseModel]) -> list[str]:
    """Return the field names of a model and of every model nested in it."""
    todo, seen = [schema], [schema]
    while todo:
        model = todo.pop()
        nested = [part for field in model.model_fields.values() for part in _models_in(field.annotation)]
        new = [part for part in dict.fromkeys(nested) if part not in seen]
        todo += new
        seen += new
    return sorted({name for model in seen for name in model.model_fields})


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


class Band(Frozen):
    """One band of a figure that depends on size or window share: value up to and including `up_to`."""

    up_to: float
    value: float | str | bool


class Figure(Frozen):
    """One number (or word) of the data files with its range, source and confidence letter.

    Either `value`, or `by` (the quantity that decides) with ascending `bands`. `low` and `high` bound what
    calibration may choose. Confidence: A official text, B transcription, C from memory, D derived or estimated.
    """

    value: float | str | bool | None = None
    by: Literal["floor_area_m2", "window_to_wall_ratio"] | None = None
    bands: tuple[Band, ...] = ()
    low: float | None = None
    high: float | None = None
    source: str
    confidence: Confidence
    note: str = ""

    def model_post_init(self, context: object, /) -> None:
        """Check that the figure says one thing.

        Raises
        ------
        ValueError
            If both or neither of `value` and `bands` are given, bands do not ascend, or low > high.
        """
        if (self.value is None) == (not self.bands) or bool(self.bands) != (self.by is not None):
            raise ValueError("give either value, or by with bands")
        tops = [band.up_to for band in self.bands]
        if tops != sorted(set(tops)):
            raise ValueError("bands must ascend in up_to")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")

    def at(self, **deciding: float) -> float | str | bool:
        """Return the value, from the band of the deciding quantity where there are bands.

        Parameters
        ----------
        **deciding : float
            `floor_area_m2` [m2], `window_to_wall_ratio` [1].

        Returns
        -------
        float or str or bool
            Above the last band its value stays.

        Raises
        ------
        KeyError
            If the deciding quantity was not passed.

        Examples
        --------
        >>> bands = ({"up_to": 5000, "value": 4.1}, {"up_to": 12000, "value": 4.3})
        >>> Figure(by="floor_area_m2", bands=bands, source="x", confidence="D").at(floor_area_m2=8000)
        4.3
        """
        if self.by is None:
            return self.value  # type: ignore[return-value]  # model_post_init makes sure it is there
        quantity = deciding[self.by]
        inside = [band.value for band in self.bands if quantity <= band.up_to]
        return inside[0] if inside else self.bands[-1].value
