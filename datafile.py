"""The one door for YAML: data files and studies to frozen pydantic records, all faults in one message."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from vocabulary import Fault, InputError, nearest

Confidence = Literal["A", "B", "C", "D"]
Record = TypeVar("Record", bound=BaseModel)


class Frozen(BaseModel):
    """Base of every record that is read: frozen, unknown keys refused, no NaN or infinity."""

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
    >>> len(load_yaml("buildings/data/measures.yaml", Catalogue).measures)
    26
    """
    file = Path(path)
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=UniqueKeyLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError([Fault(file.name, "file", " ".join(str(error).split()), "readable YAML")]) from error
    if not isinstance(content, Mapping) and not issubclass(schema, RootModel):
        raise InputError([Fault(file.name, "file", type(content).__name__, "a mapping at the top")])
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        raise InputError(faults_of(error, file.name, schema)) from error


class _Values(RootModel[dict[str, dict[str, Any]]]):
    """Entries `key: {value: ..., source: ..., confidence: ...}`."""


def load_values(path: str | Path, schema: type[Record]) -> Record:
    """Read a YAML file of entries `key: {value, ...}` into a record of the values; why and source stay in the file.

    Parameters
    ----------
    path : str or Path
        File in UTF-8.
    schema : type of Record
        Frozen pydantic model of the values.

    Returns
    -------
    Record
        The validated record.

    Raises
    ------
    InputError
        As `load_yaml`; or if an entry has no value.

    Examples
    --------
    >>> from weather.limits import Limits
    >>> load_values("weather/data/limits.yaml", Limits).cos_zenith_minimum
    0.05
    """
    entries, file = load_yaml(path, _Values).root, Path(path).name
    empty = [Fault(file, key, "no value", "value: ...") for key, entry in entries.items() if "value" not in entry]
    if empty:
        raise InputError(empty)
    try:
        return schema.model_validate({key: entry["value"] for key, entry in entries.items()})
    except ValidationError as error:
        raise InputError(faults_of(error, file, schema)) from error


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


def expected(message: str) -> str:
    """Return what pydantic expected, without its own way of saying so.

    Examples
    --------
    >>> expected("Input should be less than or equal to 0.5"), expected("Value error, the whole year")
    ('less than or equal to 0.5', 'the whole year')
    """
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ").removeprefix("Input should be ")


def _fault(item: Mapping[str, Any], file: str, schema: type[BaseModel]) -> Fault:
    path = tuple(item["loc"])
    place = ".".join(str(part) for part in path) or "file"
    if item["type"] == "extra_forbidden":
        return Fault(file, place, "unknown key", "a known key", nearest(str(path[-1]), _known_keys(schema)))
    found = "nothing" if item["type"] == "missing" else repr(item["input"])[:80]
    allowed = item.get("ctx", {}).get("expected", "")
    words = str(allowed).replace("'", "").replace(" or ", ", ").split(", ") if allowed else []
    return Fault(file, place, found, expected(item["msg"]), nearest(str(item["input"]), words))


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
