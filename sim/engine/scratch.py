"""Folders that the engine writes in while it runs: on the machine's own disk, gone afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types

from sim.engine.lease import this_machine

_PREFIX = "retrofolio"


@contextmanager
def run_folder(parent: Path | None) -> Iterator[Path]:
    """Give an empty folder for one run and remove it afterwards.

    Parameters
    ----------
    parent : pathlib.Path, optional
        Where; None: the machine's folder for temporary files.

    Raises
    ------
    OSError
        If the folder cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{_machine()}-{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path | None) -> int:
    """Remove the folders that killed processes of this machine left behind and return how many there were."""
    left = [path for path in Path(parent or tempfile.gettempdir()).glob(f"{_PREFIX}-{_machine()}-*")
            if not psutil.pid_exists(int(path.name.split("-")[2]))]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


@cache
def sweep_once(parent: Path | None) -> int:
    """Sweep at the first call of this process only: for workers, whose machines the client cannot reach."""
    return sweep(parent)


def _machine() -> str:
    return hashlib.blake2b(this_machine().encode(), digest_size=4).hexdigest()
