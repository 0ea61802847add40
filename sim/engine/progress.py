"""Progress for people and for machines; never on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

ProgressStyle = Literal["rich", "quiet", "json"]

_SECONDS_BETWEEN_LINES = 1.0


@dataclass
class Tally:
    """How far a call of `simulate` has come."""

    total: int
    done: int = 0
    skipped: int = 0
    running: int = 0
    waiting: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    found_failed: int = 0
    dashboard: str = ""
    started: float = field(default_factory=time.monotonic)

    @property
    def finished(self) -> int:
        """Cases with a verdict, found, run or failed."""
        return self.done + self.skipped + self.failed.total()

    def seconds_left(self) -> float | None:
        """Return the estimated time left from the cases that were run in this call, or None before the first."""
        run = self.finished - self.skipped - self.found_failed
        if not run:
            return None
        return (time.monotonic() - self.started) / run * (self.total - self.finished)

    def as_dict(self) -> dict[str, object]:
        """Return the tally as plain values."""
        left = self.seconds_left()
        return {"total": self.total, "done": self.done, "skipped": self.skipped, "running": self.running,
                "waiting": self.waiting, "failed": dict(self.failed), "dashboard": self.dashboard,
                "seconds_left": None if left is None else round(left, 1)}

    def in_words(self) -> str:
        """Return failures, time left and the dashboard's address in one line."""
        left = self.seconds_left()
        failed = ", ".join(f"{kind} {count}" for kind, count in sorted(self.failed.items())) or "none"
        words = [f"running {self.running}", f"failed: {failed}"]
        if self.skipped:
            words.insert(0, f"found in the store {self.skipped}")
        if self.waiting:
            words.append(f"being run by others {self.waiting}")
        if left is not None:
            words.append(f"{_clock(left)} left")
        return " · ".join([*words, self.dashboard] if self.dashboard else words)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class Reporter(Protocol):
    """Shows a tally while work goes on."""

    def __enter__(self) -> Self:
        """Start showing."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stop showing."""

    def show(self, tally: Tally) -> None:
        """Show how far the work is."""


class QuietReporter:
    """Shows nothing."""

    def __enter__(self) -> Self:
        """Start."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Stop."""

    def show(self, tally: Tally) -> None:
        """Show nothing."""


class JsonReporter(QuietReporter):
    """One JSON object per line on standard error, at most one a second, and one at the end."""

    def __init__(self) -> None:
        self._last = 0.0

    def show(self, tally: Tally) -> None:
        """Write the tally if the last line is old enough or everything is finished."""
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_LINES or tally.finished == tally.total:
            self._last = now
            sys.stderr.write(json.dumps({"progress": tally.as_dict()}) + "\n")
            sys.stderr.flush()


class RichReporter(QuietReporter):
    """A bar on standard error, with failures by class, time left and the dashboard's address."""

    def __init__(self) -> None:
        self._bar = Progress(TextColumn("engine runs"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(),
                             TimeElapsedColumn(), TextColumn("{task.fields[words]}"),
                             console=Console(stderr=True))
        self._task = self._bar.add_task("", total=None, words="")

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Leave the bar as it is."""
        self._bar.stop()

    def show(self, tally: Tally) -> None:
        """Move the bar."""
        self._bar.update(self._task, total=tally.total, completed=tally.finished, words=tally.in_words())


_REPORTERS: dict[str, type[QuietReporter]] = {"rich": RichReporter, "quiet": QuietReporter, "json": JsonReporter}


def reporter(style: ProgressStyle) -> Reporter:
    """Return a reporter of a style: `rich`, `quiet` or `json`.

    Raises
    ------
    KeyError
        If there is no such style.
    """
    return _REPORTERS[style]()
