"""Ctrl-C and SIGTERM end a study politely: as exceptions that carry the exit code."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from vocabulary import RetrofolioError


class StudyInterruptedError(RetrofolioError):
    """Ctrl-C; what is finished is in the store."""

    exit_code = 130


class StudyTerminatedError(RetrofolioError):
    """SIGTERM; what is finished is in the store."""

    exit_code = 143


@contextmanager
def polite_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into exceptions while the block runs; clean-up is not disturbed by a second one.

    Raises
    ------
    StudyInterruptedError
        On SIGINT (exit code 130).
    StudyTerminatedError
        On SIGTERM (exit code 143).
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers; the caller's own stay in force
        return
    heard: list[int] = []

    def _hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            raise _error_of(number)

    before = {number: signal.signal(number, _hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _error_of(number: int) -> RetrofolioError:
    if number == signal.SIGINT:
        return StudyInterruptedError("interrupted; run again to go on")
    return StudyTerminatedError("terminated; run again to go on")
