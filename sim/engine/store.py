"""The store of runs: a folder that several studies, clients and machines may share.

    cases/ab/<case key>            one line: the run key of that case
    runs/ab/<run key>              the record of one run, its verdict included
    runs/ab/<run key>.lease.N      who is running it now
    kept/<run key>/                model and raw output, where asked for or failed
    weather/<digest>.epw           weather files made from datasets
    tmp/                           files on their way to a rename

Everything is written beside its place and renamed into it, so that a reader finds a whole file or none. What does
not match its own digest counts as absent and is made again.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

import numpy as np
import xarray as xr

import vocabulary
from sim.engine import lease as leases
from sim.engine.lease import Holder, Lease, LeaseSettings, Watch
from sim.engine.record import (
    STORED_FAILURES,
    CorruptRecordError,
    ForeignRecordError,
    Record,
    decode,
    encode,
)

log = logging.getLogger(__name__)

_KEY = re.compile(r"[0-9a-f]{40}")
_DAY_S = 86_400.0


class StoreError(vocabulary.RetrofolioError):
    """The store's folder cannot be used."""


class NotInStoreError(vocabulary.RetrofolioError):
    """The store has no such run, or none that is ok."""


def digest(*parts: str | bytes) -> str:
    """Return the key of some texts: 40 hexadecimal digits, boundaries between the parts included.

    Examples
    --------
    >>> digest("a", "bc") == digest("ab", "c")
    False
    """
    total = hashlib.blake2b(digest_size=20)
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        total.update(f"{len(content)}:".encode())
        total.update(content)
    return total.hexdigest()


def _reason(error: OSError) -> str:
    return "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))


class Store:
    """A folder of runs.

    Parameters
    ----------
    path : pathlib.Path or str
        Made on first writing.
    settings : LeaseSettings, optional
        How leases live.
    """

    def __init__(self, path: Path | str, settings: LeaseSettings | None = None) -> None:
        self.path = Path(path).resolve()
        self.settings = settings or LeaseSettings()

    # cases

    def find_run_key(self, case_key: str) -> str | None:
        """Return the run key that a case was found to have, or None."""
        try:
            text = self._place("cases", case_key).read_text(encoding="ascii", errors="replace").strip()
        except OSError as error:
            if error.errno not in leases.GONE:
                raise
            return None
        return text if _KEY.fullmatch(text) else None

    def map_case(self, case_key: str, run_key: str) -> None:
        """Remember the run key of a case.

        Raises
        ------
        OSError
            If the disk is full or the folder may not be written.
        """
        if self.find_run_key(case_key) != run_key:
            self._write(self._place("cases", case_key), f"{run_key}\n".encode())

    # runs

    def read(self, run_key: str, *, hourly: bool = False) -> Record | None:
        """Return the record of a run, or None where there is none that can be trusted.

        Parameters
        ----------
        run_key : str
            Digest of the run.
        hourly : bool
            Decompress the hourly part too.
        """
        path = self._place("runs", run_key)
        try:
            record = decode(path.read_bytes(), hourly=hourly)
        except OSError as error:
            if error.errno not in leases.GONE:
                raise
            return None
        except (CorruptRecordError, ForeignRecordError) as error:
            log.warning("%s: %s; the run counts as not done", path, error)
            return None
        return record if record.run_key == run_key else None

    def write(self, record: Record) -> None:
        """Write the verdict of a run, whole, by rename.

        Raises
        ------
        StoreError
            If the record tells of a machine rather than of a model.
        OSError
            If the disk is full or the folder may not be written.
        """
        if not record.ok and record.failure_class not in STORED_FAILURES:
            raise StoreError(f"a failure of class {record.failure_class!r} is not a verdict about a model")
        self._write(self._place("runs", record.run_key), encode(record))

    def hourly(self, run_key: str) -> xr.Dataset:
        """Return `electricity_hourly` and `natural_gas_hourly` (LHV) of a finished run [kW], float32, over `hour`.

        Raises
        ------
        NotInStoreError
            If the run is not in the store, failed, or has no hourly part.
        """
        record = self.read(run_key, hourly=True)
        if record is None or not record.ok or record.hourly is None:
            raise NotInStoreError(f"{self.path}: no hourly results of run {run_key}")
        arrays = {name: ("hour", values, vocabulary.attributes(name))
                  for name, values in zip(record.hourly_names, record.hourly, strict=True)}
        return xr.Dataset(arrays, coords={"hour": np.arange(record.hourly.shape[1])})

    # leases

    def holder(self, run_key: str) -> Holder | None:
        """Return who is running a run now, or None."""
        return leases.current_holder(self._place("runs", run_key))

    def acquire(self, run_key: str, watch: Watch) -> Lease | None:
        """Return a lease of the run, or None while somebody alive holds it.

        Parameters
        ----------
        run_key : str
            Digest of the run.
        watch : Watch
            This process's memory of the leases it has seen.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        base = self._place("runs", run_key)
        base.parent.mkdir(parents=True, exist_ok=True)
        holder = leases.current_holder(base)
        if holder is not None and not watch.is_stale(holder):
            return None
        return leases.acquire(base, self.settings, after=holder)

    def watch(self) -> Watch:
        """Return a fresh memory of leases."""
        return Watch(self.settings.silence_s)

    # raw files

    def keep(self, run_key: str, run_dir: Path) -> Path:
        """Copy model and raw output of a run into the store and return where they are.

        Raises
        ------
        OSError
            If the disk is full.
        """
        target = self.path / "kept" / run_key
        aside = self.path / "tmp" / uuid.uuid4().hex
        try:
            shutil.copytree(run_dir, aside)
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.rename(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return target

    def weather_file(self, content: bytes) -> Path:
        """Return the path of a weather file in the store, named by its own digest; written if not there yet.

        A file that does not match its name counts as absent and is written again.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        target = self.path / "weather" / f"{digest(content)}.epw"
        try:
            if not target.exists() or target.read_bytes() != content:
                self._write(target, content)
        except OSError as error:
            raise StoreError(f"{target}: cannot be written: {_reason(error)}") from error
        return target

    def prepare(self) -> None:
        """Make the folder, try to write in it, and remove what killed clients left in `tmp`.

        Raises
        ------
        StoreError
            If the folder cannot be made or written.
        """
        try:
            probe = self._aside()
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StoreError(f"{self.path}: the store cannot be written: {_reason(error)}") from error
        for left in (self.path / "tmp").iterdir():
            with suppress(FileNotFoundError):  # another client has just renamed it into its place
                if time.time() - left.stat().st_mtime > _DAY_S:
                    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)

    def _place(self, kind: str, key: str) -> Path:
        return self.path / kind / key[:2] / key

    def _aside(self) -> Path:
        folder = self.path / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / uuid.uuid4().hex

    def _write(self, path: Path, content: bytes) -> None:
        aside = self._aside()
        try:
            aside.write_bytes(content)
            path.parent.mkdir(exist_ok=True, parents=True)
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)
