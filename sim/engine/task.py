"""What a worker does with one case: key, model, lease, run, verdict.

Everything here runs in a worker process; the client only sends jobs and reads outcomes.
"""

from __future__ import annotations

import errno
import logging
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sim.case import Case, source_digest
from sim.engine import building, energyplus, errfile, results
from sim.engine.energyplus import EngineResult
from sim.engine.lease import LeaseSettings, Watch
from sim.engine.record import STORED_FAILURES, FailureClass, Record
from sim.engine.results import Reading
from sim.engine.scratch import run_folder, sweep_once
from sim.engine.store import Store
from vocabulary import RetrofolioError

if TYPE_CHECKING:
    from sim.models import ModelSettings, Site

log = logging.getLogger(__name__)

Engine = Callable[[str, Path, Path, float], EngineResult]
Read = Callable[[Path], Reading]
Prepare = Callable[["Workshop", Case, building.Settle], building.Prepared | Record | None]

TASK_S = 0.5
"""Seconds after which a task begins no further case."""
_ATTEMPTS = 3
_OUTSIDE_SIGNALS = {getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT")
                    if hasattr(signal, name)}
_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_WHILE_RUNNING = "the disk was full while the engine wrote"


class WorkerMismatchError(RetrofolioError):
    """A worker has another engine or other sources than the client."""

    exit_code = 1


@dataclass(frozen=True)
class Workshop:
    """What all cases of a call share; sent with every job, so it stays small.

    Parameters
    ----------
    store_path, epw_path : pathlib.Path
        On a file system that all workers see.
    weather_key : str
        Digest of the weather file's bytes.
    site, settings : Site, ModelSettings
        What models are made with.
    engine_version, sources : str
        The client's; a worker that differs refuses to work.
    shared : str
        Digest of all of the above, the common part of every case key.
    timeout_s : float
        Wall time granted to one engine process.
    retry_failed : bool
        Run again what has failed before.
    keep_raw : bool
        Keep model and raw output of every run, not only of failed ones.
    scratch : pathlib.Path, optional
        Folder for the engine's files while it runs; None: the machine's own.
    lease : LeaseSettings
        How leases live.
    engine : callable
        Starts one run: text, weather, folder, seconds -> `EngineResult`.
    prepare : callable
        Writes the model of a case.
    """

    store_path: Path
    epw_path: Path
    weather_key: str
    site: Site
    settings: ModelSettings
    engine_version: str
    sources: str
    shared: str
    timeout_s: float = 600.0
    retry_failed: bool = False
    keep_raw: bool = False
    scratch: Path | None = None
    lease: LeaseSettings = field(default_factory=LeaseSettings)
    engine: Engine = energyplus.run
    prepare: Prepare = building.prepare

    @property
    def store(self) -> Store:
        """The store, as this process sees it."""
        return Store(self.store_path, self.lease)


@dataclass(frozen=True)
class Job:
    """One case on its way to a worker."""

    index: int
    case_key: str
    case: Case


@dataclass(frozen=True)
class Outcome:
    """What came back: the record, or None while another client is running it."""

    index: int
    run_key: str
    record: Record | None
    found: bool = False


@dataclass(frozen=True)
class Answer:
    """What one task brought: outcomes of its first cases, those it had time for, and the seconds they took."""

    outcomes: tuple[Outcome, ...]
    seconds: float


def usable(record: Record | None, workshop: Workshop) -> bool:
    """Whether a stored record answers the question now asked.

    Parameters
    ----------
    record : Record or None
        From the store.
    workshop : Workshop
        What is asked: retries, time limit, engine.
    """
    if record is None or record.engine_version != workshop.engine_version:
        return False
    if record.failure_class == "timeout" and record.timeout_s < workshop.timeout_s:
        return False
    return record.ok or not workshop.retry_failed


def find(store: Store, workshop: Workshop, case_key: str) -> Outcome | None:
    """Return the outcome of a case that is finished, without building its model, or None."""
    run_key = store.find_run_key(case_key)
    record = store.read(run_key) if run_key else None
    return Outcome(-1, run_key, record, found=True) if run_key and usable(record, workshop) else None


def perform_all(workshop: Workshop, jobs: Sequence[Job]) -> Answer:
    """Bring cases to their verdicts, one after another, for `TASK_S` seconds; the first is always finished.

    Parameters
    ----------
    workshop : Workshop
        What all cases share.
    jobs : sequence of Job
        The cases; those not reached are missing in the answer.

    Raises
    ------
    WorkerMismatchError
        If this worker has another engine or other sources than the client.
    """
    begun = time.perf_counter()
    outcomes: list[Outcome] = []
    for job in jobs:
        outcomes.append(perform(workshop, job))
        if time.perf_counter() - begun > TASK_S:
            break
    return Answer(tuple(outcomes), time.perf_counter() - begun)


def perform(workshop: Workshop, job: Job) -> Outcome:
    """Bring one case to its verdict.

    Parameters
    ----------
    workshop : Workshop
        What all cases share.
    job : Job
        The case.

    Returns
    -------
    Outcome
        With no record while another client is running the same model.

    Raises
    ------
    WorkerMismatchError
        If this worker has another engine or other sources than the client.
    """
    _check_worker(workshop)
    sweep_once(workshop.scratch)
    try:
        return _find_or_settle(workshop.store, workshop, job)
    except OSError as error:
        return Outcome(job.index, "", _trouble(workshop, error))
    except (RetrofolioError, ValidationError) as error:
        if isinstance(error, WorkerMismatchError):
            raise
        message = " ".join(str(error).split())
        return Outcome(job.index, "", _failed(workshop, "", "model", f"the model could not be written: {message}"))


def _find_or_settle(store: Store, workshop: Workshop, job: Job) -> Outcome:
    known = find(store, workshop, job.case_key)
    if known is not None:
        return replace(known, index=job.index)
    if _held_elsewhere(store, workshop, store.find_run_key(job.case_key)):
        return Outcome(job.index, "", None)
    return _build_and_settle(store, workshop, job)


def _trouble(workshop: Workshop, error: OSError) -> Record:
    """Return the row of a case that its machine could not run: it says nothing of the model and is not stored."""
    # Copying a folder tells of all its files in one error, without a number of its own.
    full = error.errno in _DISK_FULL or (isinstance(error, shutil.Error) and _is_full(workshop.store_path))
    if full:
        return _failed(workshop, "", "disk_full", f"the disk is full: {error.filename or workshop.store_path}")
    return _failed(workshop, "", "lost", f"the machine could not run it: {' '.join(str(error).split())}")


def _check_worker(workshop: Workshop) -> None:
    if source_digest() != workshop.sources or energyplus.engine_version() != workshop.engine_version:
        raise WorkerMismatchError("a worker has another engine or other sources than the client: install the same")


def _held_elsewhere(store: Store, workshop: Workshop, run_key: str | None) -> bool:
    holder = store.holder(run_key) if run_key else None
    return holder is not None and not _watch(workshop.lease).is_stale(holder)


@cache
def _watch(settings: LeaseSettings) -> Watch:
    """Return this process's memory of leases: it must outlive a task to notice silence."""
    return Watch(settings.silence_s)


def _build_and_settle(store: Store, workshop: Workshop, job: Job) -> Outcome:
    prepared = workshop.prepare(workshop, job.case, settle)
    if isinstance(prepared, Record):
        return Outcome(job.index, prepared.run_key, prepared)
    if prepared is None:
        return Outcome(job.index, "", None)
    store.map_case(job.case_key, prepared.run_key)
    record, found = settle(store, workshop, prepared.run_key, prepared.text, prepared.read)
    return Outcome(job.index, prepared.run_key, record, found)


def settle(
    store: Store, workshop: Workshop, run_key: str, text: str, read: Read
) -> tuple[Record | None, bool]:
    """Return the record of a run, from the store or by running it, and whether it was there.

    Parameters
    ----------
    store, workshop
        Where, and with what.
    run_key : str
        Digest of the run.
    text : str
        Expanded model.
    read : callable
        Run folder -> results.

    Returns
    -------
    tuple
        Record and True if found; (None, False) while somebody else is running it.
    """
    record = store.read(run_key)
    if usable(record, workshop):
        return record, True
    lease = store.acquire(run_key, _watch(workshop.lease))
    if lease is None:
        return None, False
    try:
        record = store.read(run_key)  # the last holder may have finished between the look and the lease
        if usable(record, workshop):
            return record, True
        record = _run(store, workshop, run_key, text, read)
        if record.ok or record.failure_class in STORED_FAILURES:
            store.write(record)
        return replace(record, hourly=None), False  # the hours stay in the store; they would burden the client
    finally:
        lease.release()


def _run(store: Store, workshop: Workshop, run_key: str, text: str, read: Read) -> Record:
    for attempt in range(_ATTEMPTS):
        with run_folder(workshop.scratch) as folder:
            ended = workshop.engine(text, workshop.epw_path, folder, workshop.timeout_s)
            if ended.ending == "signal" and ended.signal_number in _OUTSIDE_SIGNALS:
                log.warning("%s: engine killed from outside, attempt %d", run_key, attempt + 1)
                continue
            record = judge(workshop, run_key, ended, read)
            if workshop.keep_raw or record.failure_class in STORED_FAILURES:
                store.keep(run_key, folder)
            return record
    message = f"the engine was killed from outside {_ATTEMPTS} times, last by signal {ended.signal_number}"
    return _failed(workshop, run_key, "lost", message)


def judge(workshop: Workshop, run_key: str, ended: EngineResult, read: Read) -> Record:
    """Return the verdict on a finished engine process.

    Parameters
    ----------
    workshop : Workshop
        Limits and version.
    run_key : str
        Digest of the run.
    ended : EngineResult
        How the process ended.
    read : callable
        Run folder -> results.

    Raises
    ------
    WorkerMismatchError
        If another engine wrote the error file.
    """
    if ended.ending == "timeout":
        message = f"stopped after {workshop.timeout_s:g} s"
        return replace(_failed(workshop, run_key, "timeout", message), run_seconds=ended.wall_s)
    if ended.ending == "signal" and _is_full(ended.run_dir):
        return _failed(workshop, run_key, "disk_full", _FULL_WHILE_RUNNING)
    if ended.ending == "signal":
        message = f"crashed by signal {ended.signal_number} ({signal.strsignal(ended.signal_number)})"
        return replace(_failed(workshop, run_key, "crash", message), run_seconds=ended.wall_s)
    report = errfile.read(ended.run_dir)
    if report.version and report.version != workshop.engine_version:
        raise WorkerMismatchError(f"the engine says it is {report.version}, expected {workshop.engine_version}")
    record = Record(run_key, workshop.engine_version, run_seconds=ended.wall_s, timeout_s=workshop.timeout_s,
                    severe=report.severe[:results.MOST_MESSAGES], warning_count=report.warning_count)
    return _with_results(record, ended, report, read)


def _with_results(record: Record, ended: EngineResult, report: errfile.ErrorReport, read: Read) -> Record:
    refusal = _refusal(ended, report)
    if refusal is not None:
        return replace(record, failure_class=refusal[0], failure_message=refusal[1])
    try:
        reading = read(ended.run_dir)
    except results.UnreadableError as error:
        kind: FailureClass = "disk_full" if _is_full(ended.run_dir) else "fatal"
        return replace(record, failure_class=kind, failure_message=str(error))
    if missing := reading.not_finite():
        return replace(record, failure_class="non_finite", failure_message=f"not finite: {', '.join(missing)}")
    return replace(record, results=reading.results, hourly_names=reading.hourly_names, hourly=reading.hourly)


def _refusal(ended: EngineResult, report: errfile.ErrorReport) -> tuple[FailureClass, str] | None:
    if report.completed and ended.exit_code == 0 and not report.fatal:
        return None
    if _is_full(ended.run_dir):  # whatever the engine said then, it may have said it for want of room
        return "disk_full", _FULL_WHILE_RUNNING
    if report.fatal:
        first_severe = f" ({report.severe[0]})" if report.severe else ""
        return "fatal", f"{report.fatal}{first_severe}"
    return "fatal", f"ended with exit code {ended.exit_code} and no fatal message"


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < results.LEAST_FREE_BYTES


def _failed(workshop: Workshop, run_key: str, kind: FailureClass, message: str) -> Record:
    return Record(run_key, workshop.engine_version, failure_class=kind, failure_message=message,
                  timeout_s=workshop.timeout_s)
