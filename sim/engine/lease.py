"""Who is running a run: leases by exclusive create, with a heartbeat, and no file locks.

Works wherever exclusive create and rename are atomic, network file systems included. A lease is a file
`KEY.lease.N`; its holder touches it. A holder that died is followed by whoever creates generation N + 1 first: the
create is exclusive, so there is one follower. A holder that was only slow ends by renaming the same verdict into
place, so nothing is lost or doubled in the results.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # ships no types
from pydantic import BaseModel, ConfigDict, Field

GONE = {errno.ENOENT, errno.ESTALE}
"""What reading a file says that another machine has just removed: ESTALE on a network file system."""


class LeaseSettings(BaseModel):
    """How leases live (frozen).

    Raises
    ------
    pydantic.ValidationError
        If a time is not positive.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    beat_s: float = Field(default=10.0, gt=0, description="the holder touches its lease this often")
    silence_s: float = Field(default=90.0, gt=0, description="a lease untouched for so long is taken over")


@dataclass(frozen=True)
class Holder:
    """What a lease file says about its holder, and when it was last touched."""

    path: Path
    generation: int
    machine: str
    pid: int
    started: float
    touched_ns: int

    def is_dead(self) -> bool:
        """Whether the holder ran on this machine and is gone; False where nobody can tell."""
        if self.machine != this_boot():
            return False
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) > 1.0
        except psutil.NoSuchProcess:
            return True


@cache
def this_machine() -> str:
    """Return a name for this machine and, in a container, this container's own list of processes."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {os.readlink(space) if space.is_symlink() else ''}".strip()


@cache
def this_boot() -> str:
    """Return a name for this machine since it was started: machines of a network may share their host name."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{this_machine()} {boot.read_text(encoding='ascii').strip() if boot.is_file() else ''}".strip()


class _Heart:
    """One thread of this process that touches all its leases of one beat."""

    def __init__(self, beat_s: float) -> None:
        self._beat_s = beat_s
        self._paths: set[Path] = set()
        threading.Thread(target=self._beat, name="leases", daemon=True).start()

    def add(self, path: Path) -> None:
        self._paths.add(path)

    def remove(self, path: Path) -> None:
        self._paths.discard(path)

    def _beat(self) -> None:
        while True:
            time.sleep(self._beat_s)
            for path in tuple(self._paths):
                try:
                    os.utime(path)
                except FileNotFoundError:  # taken away: the verdict decides, not the lease
                    self._paths.discard(path)
                except OSError:  # a network file system out of breath: a missed beat, not the last one
                    continue


@cache
def _heart(beat_s: float) -> _Heart:
    return _Heart(beat_s)


class Lease:
    """A lease held by this process; release it when the verdict is written.

    Parameters
    ----------
    path : pathlib.Path
        The lease file, just created.
    beat_s : float
        Seconds between two touches.
    """

    def __init__(self, path: Path, beat_s: float) -> None:
        self.path = path
        self._heart = _heart(beat_s)
        self._heart.add(path)

    def release(self) -> None:
        """Stop the heartbeat and remove the lease, and those of the dead holders it followed."""
        self._heart.remove(self.path)
        base, generation = self.path.name.rsplit(".", 1)
        for old in range(int(generation), -1, -1):
            self.path.with_name(f"{base}.{old}").unlink(missing_ok=True)


@dataclass
class Watch:
    """Tells a silent lease from a living one by this process's own clock; clocks of other machines are not asked."""

    silence_s: float
    _seen: dict[Path, tuple[int, float]] = field(default_factory=dict)

    def is_stale(self, holder: Holder) -> bool:
        """Whether the holder is dead, or its lease has been seen untouched for `silence_s`."""
        if holder.is_dead():
            return True
        touched_ns, since = self._seen.get(holder.path, (-1, 0.0))
        if touched_ns != holder.touched_ns:
            self._seen[holder.path] = (holder.touched_ns, time.monotonic())
            return False
        return time.monotonic() - since > self.silence_s


def current_holder(base: Path) -> Holder | None:
    """Return the newest holder of the run whose record is `base`, or None.

    Parameters
    ----------
    base : pathlib.Path
        Path of the record; its leases lie beside it.
    """
    newest = None
    for generation in count():
        found = _holder(base, generation)
        if found is None:
            break
        newest = found
    return newest


def _holder(base: Path, generation: int) -> Holder | None:
    path = _lease_path(base, generation)
    try:
        touched_ns = path.stat().st_mtime_ns
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if error.errno not in GONE:
            raise
        return None
    except ValueError:  # still being written, or cut off: it names nobody, only its age counts
        said = {}
    return Holder(path, generation, said.get("machine", ""), said.get("pid", 0), said.get("started", 0.0), touched_ns)


@cache
def _started(pid: int) -> float:
    return float(psutil.Process(pid).create_time())


def acquire(base: Path, settings: LeaseSettings, after: Holder | None = None) -> Lease | None:
    """Create the lease that follows `after` (None: the first), or return None if somebody else was faster.

    Parameters
    ----------
    base : pathlib.Path
        Path of the record.
    settings : LeaseSettings
        Heartbeat.
    after : Holder, optional
        A holder found to be stale.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    path = _lease_path(base, 0 if after is None else after.generation + 1)
    text = json.dumps({"machine": this_boot(), "pid": os.getpid(), "token": uuid.uuid4().hex,
                       "started": _started(os.getpid())})
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return None
    try:
        os.write(descriptor, text.encode())
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return Lease(path, settings.beat_s)


def _lease_path(base: Path, generation: int) -> Path:
    return base.with_name(f"{base.name}.lease.{generation}")
