"""Read the engine's error file: did it complete, what was fatal, what was severe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_MARK = re.compile(r"^[ *]*\*\* *(Warning|Severe|Fatal|~~~) *\*\* ?(.*)$")
_VERSION = re.compile(r"EnergyPlus, Version (\d+\.\d+\.\d+-[0-9a-f]+)")
_LONGEST_MESSAGE = 400


@dataclass(frozen=True)
class ErrorReport:
    """What an `eplusout.err` says.

    Parameters
    ----------
    version : str
        Version and build of the engine that wrote it; empty if the file does not say.
    completed : bool
        The last line says that the run completed successfully.
    fatal : str
        First fatal message in one line, else empty.
    severe : tuple of str
        Every severe message in the order of appearance, each in one line, each once.
    warning_count : int
        Number of warnings.
    """

    version: str
    completed: bool
    fatal: str
    severe: tuple[str, ...]
    warning_count: int


def parse(text: str) -> ErrorReport:
    """Read the text of an `eplusout.err`.

    Parameters
    ----------
    text : str
        The file as it is; a truncated one is read as far as it goes.

    Returns
    -------
    ErrorReport
        An empty text gives a report that is neither completed nor fatal.

    Examples
    --------
    >>> parse("   **  Fatal  ** Errors occurred on processing input file.").fatal
    'Errors occurred on processing input file.'
    """
    messages = _messages(text)
    version = _VERSION.search(text)
    of_kind = {kind: [message for found, message in messages if found == kind] for kind in ("Severe", "Fatal")}
    return ErrorReport(
        version=version.group(1) if version else "",
        completed="EnergyPlus Completed Successfully" in text,
        fatal=of_kind["Fatal"][0] if of_kind["Fatal"] else "",
        severe=tuple(dict.fromkeys(of_kind["Severe"])),
        warning_count=sum(kind == "Warning" for kind, _ in messages),
    )


def read(folder: Path) -> ErrorReport:
    """Read the error file of a run folder; a missing one gives an empty report."""
    try:
        return parse((folder / "eplusout.err").read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return parse("")


def _messages(text: str) -> list[tuple[str, str]]:
    """Return kind and text of every message, continuation lines joined to the line they continue."""
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = _MARK.match(line)
        if match is None:
            continue
        kind, words = match.group(1), match.group(2).strip()
        if kind != "~~~":
            found.append((kind, words))
        elif found and len(found[-1][1]) < _LONGEST_MESSAGE:
            found[-1] = (found[-1][0], f"{found[-1][1]} {words}"[:_LONGEST_MESSAGE])
    return found
