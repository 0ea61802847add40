"""The figures of this room's data files: a value, or bands of it, with range, source and confidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal, Protocol

from datafile import Confidence, Frozen

DATA_DIR = Path(__file__).parent / "data"


class Sourced(Protocol):
    """Whatever names the key of its source."""

    @property
    def source(self) -> str:
        """Key of `sources` of the same file."""


def unsourced(records: Mapping[str, Sourced], sources: Collection[str]) -> list[str]:
    """Name the records of a data file whose source the file does not list.

    Parameters
    ----------
    records : mapping of str to records
        By the name under which they stand in the file.
    sources : collection of str
        Keys of the file's `sources`.

    Returns
    -------
    list of str
        One message per record.

    Examples
    --------
    >>> unsourced({"a": Figure(value=1.0, source="x", confidence="D")}, {"y"})
    ["a: source 'x' is not in `sources`"]
    """
    return [f"{name}: source {record.source!r} is not in `sources`" for name, record in records.items()
            if record.source not in sources]


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
