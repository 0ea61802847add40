"""The record of one run: one small file that says how it ended and what it found.

First line: format name, format number, digest of all that follows. Second line: JSON. Rest: hourly electricity and
gas as compressed float32. One file is one verdict: it is written whole and renamed into place, and a reader that
finds another format or another digest treats it as absent.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vocabulary import RetrofolioError

FORMAT_NAME = "retrofolio-run"
FORMAT_NUMBER = 1
_COMPRESSION = 4  # 4 % larger than level 6, in a third of its time

FailureClass = Literal["", "model", "fatal", "crash", "timeout", "non_finite", "disk_full", "lost"]
STORED_FAILURES = ("fatal", "crash", "timeout", "non_finite")
"""Verdicts about a model. The others are about a machine and are tried again next time."""


class CorruptRecordError(RetrofolioError):
    """A record whose text does not match its digest."""


class ForeignRecordError(RetrofolioError):
    """A record of another format."""


@dataclass(frozen=True)
class Record:
    """What is kept of one run.

    Parameters
    ----------
    run_key : str
        Digest of expanded model, weather, engine version and outputs.
    engine_version : str
        Version and build of the engine that ran it.
    failure_class : str
        Empty for a run that is ok.
    failure_message : str
        First fatal line, signal, limit: one line for people.
    run_seconds : float
        Wall time of the engine process.
    timeout_s : float
        The limit it had; a `timeout` is tried again under a longer one.
    severe : tuple of str
        Severe messages of the engine.
    warning_count : int
        Number of its warnings.
    results : dict
        JSON-able results, names and units of the vocabulary.
    hourly_names : tuple of str
        Names of the rows of `hourly`.
    hourly : ndarray of float32, optional
        Shape (n, 8760) [kW], natural gas on the lower heating value.
    """

    run_key: str
    engine_version: str
    failure_class: FailureClass = ""
    failure_message: str = ""
    run_seconds: float = float("nan")
    timeout_s: float = 0.0
    severe: tuple[str, ...] = ()
    warning_count: int = 0
    results: dict[str, Any] = field(default_factory=dict)
    hourly_names: tuple[str, ...] = ()
    hourly: NDArray[np.float32] | None = None

    @property
    def ok(self) -> bool:
        """Whether the run may be used as a number."""
        return not self.failure_class


def encode(record: Record) -> bytes:
    """Return the record as the bytes of its file.

    Parameters
    ----------
    record : Record
        Its results hold finite numbers only, or NaN outside the run period.
    """
    head = {name: value for name, value in _plain(record).items() if name != "hourly"}
    blob = b"" if record.hourly is None else zlib.compress(_shuffled(record.hourly), _COMPRESSION)
    body = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" + blob
    return f"{FORMAT_NAME} {FORMAT_NUMBER} {_digest(body)}\n".encode() + body


def decode(content: bytes, *, hourly: bool = False) -> Record:
    """Return the record from the bytes of its file.

    Parameters
    ----------
    content : bytes
        The whole file.
    hourly : bool
        Decompress the hourly part too.

    Raises
    ------
    ForeignRecordError
        If the format is another one.
    CorruptRecordError
        If the content does not match its digest.

    Examples
    --------
    >>> decode(encode(Record("k", "25.2.0", run_seconds=1.5))).run_seconds
    1.5
    """
    first, _, body = content.partition(b"\n")
    words = first.decode("ascii", "replace").split(" ")
    if len(words) != 3 or words[0] != FORMAT_NAME:
        raise CorruptRecordError("not a record of a run")
    if words[1] != str(FORMAT_NUMBER):
        raise ForeignRecordError(f"record format {words[1]}, expected {FORMAT_NUMBER}")
    if words[2] != _digest(body):
        raise CorruptRecordError("content differs from its digest")
    line, _, blob = body.partition(b"\n")
    head = json.loads(line)
    for name in ("severe", "hourly_names"):
        head[name] = tuple(head[name])
    rows = len(head["hourly_names"])
    return Record(**head, hourly=_unshuffled(zlib.decompress(blob), rows) if hourly and blob else None)


def _plain(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _digest(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=20).hexdigest()


def _shuffled(values: NDArray[np.float32]) -> bytes:
    # Bytes of equal weight side by side: exponents repeat and compress, mantissas do not.
    return np.ascontiguousarray(values, dtype="<f4").view(np.uint8).reshape(-1, 4).T.tobytes()


def _unshuffled(content: bytes, rows: int) -> NDArray[np.float32]:
    planes = np.frombuffer(content, dtype=np.uint8).reshape(4, -1).T
    return np.ascontiguousarray(planes).view("<f4").reshape(rows, -1)
