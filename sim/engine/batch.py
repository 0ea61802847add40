"""Many cases through dask: few futures at a time, in any order of completion."""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sim.engine.cluster import ClusterError, ClusterSettings, keep_jobs
from sim.engine.progress import Reporter, Tally
from sim.engine.record import Record
from sim.engine.task import Job, Outcome, Workshop, find, perform

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from distributed import Client, Future

log = logging.getLogger(__name__)

_FUTURES_PER_CORE = 4
_FEWEST_FUTURES = 8
_SECONDS_BETWEEN_LOOKS = 1.0
_LOOK_AT_WORKERS_S = 5.0
_FOUND_BETWEEN_LOOKS = 128
_SECONDS_BETWEEN_SUBMISSIONS = 10.0

Connect = Callable[[], "AbstractContextManager[Client]"]
Take = Callable[[Outcome], None]


@dataclass
class Batch:
    """One call's cases on their way through the workers.

    Parameters
    ----------
    workshop : Workshop
        What all cases share.
    take : callable
        Receives every outcome that has a record, in order of completion.
    tally : Tally
        Counts; shown by `reporter`.
    reporter : Reporter
        Shows progress.
    cluster : ClusterSettings, optional
        Of the jobs that work, so that lost ones are replaced; also how long to wait for the first.
    """

    workshop: Workshop
    take: Take
    tally: Tally
    reporter: Reporter
    cluster: ClusterSettings | None = None
    _answers: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    _flying: dict[Any, Job] = field(default_factory=dict)
    _waiting: deque[tuple[float, Job]] = field(default_factory=deque)
    _workers_seen: float = field(default_factory=time.monotonic)
    _workers_asked: float = 0.0
    _jobs_asked: float = field(default_factory=time.monotonic)
    _refusal: str = ""

    @property
    def start_timeout_s(self) -> float:
        """Seconds without any worker after which the batch is given up."""
        return (self.cluster or ClusterSettings()).start_timeout_s

    def run(self, jobs: Iterable[Job], connect: Connect) -> None:
        """Bring every job to its outcome; workers are started only if one is not in the store yet.

        Parameters
        ----------
        jobs : iterable of Job
            Read as far as there are workers for, so it may be long.
        connect : callable
            Gives the client's context.

        Raises
        ------
        ClusterError
            If no worker is there for `start_timeout_s`.
        """
        todo = self._not_found(jobs)
        first = next(todo, None)
        if first is None:
            self.reporter.show(self.tally)
            return
        with connect() as client:
            self.tally.dashboard = client.dashboard_link or ""
            self._workers_seen = time.monotonic()
            self._submit(client, first)
            self._drive(client, todo)

    def _not_found(self, jobs: Iterable[Job]) -> Iterator[Job]:
        store = self.workshop.store
        for job in jobs:
            outcome = find(store, self.workshop, job.case_key)
            if outcome is None:
                yield job
            else:
                self._settle(replace(outcome, index=job.index))
                if self.tally.finished % _FOUND_BETWEEN_LOOKS == 0:
                    self.reporter.show(self.tally)

    def _drive(self, client: Client, todo: Iterator[Job]) -> None:
        exhausted = False
        while not exhausted or self._flying or self._waiting:
            room = self._room(client) - len(self._flying)
            while room > 0 and not exhausted:
                job = self._due() or next(todo, None)
                exhausted = job is None
                if job is not None:
                    self._submit(client, job)
                    room -= 1
            if exhausted and (late := self._due()) is not None:
                self._submit(client, late)
            self._collect(client)

    def _room(self, client: Client) -> int:
        if time.monotonic() - self._workers_asked > _LOOK_AT_WORKERS_S:
            self._look_at_workers(client)
        return max(_FEWEST_FUTURES, _FUTURES_PER_CORE * self._cores)

    _cores: int = 1

    def _look_at_workers(self, client: Client) -> None:
        now = self._workers_asked = time.monotonic()
        self._cores = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        if self.cluster is not None and now - self._jobs_asked > _SECONDS_BETWEEN_SUBMISSIONS:
            self._refusal = keep_jobs(client.cluster, self.cluster)
            self._jobs_asked = now
        if self._cores:
            self._workers_seen = now
        elif now - self._workers_seen > self.start_timeout_s:
            raise ClusterError(f"no worker was there for {self.start_timeout_s:g} s: look at the cluster's queue "
                               f"(squeue) and at its job logs; finished runs are in the store. {self._refusal}".strip())

    def _due(self) -> Job | None:
        if self._waiting and self._waiting[0][0] <= time.monotonic():
            return self._waiting.popleft()[1]
        return None

    def _submit(self, client: Client, job: Job) -> None:
        future = client.submit(perform, self.workshop, job, pure=False, key=f"case-{job.index}-{time.monotonic_ns()}")
        self._flying[future] = job
        future.add_done_callback(self._answers.put)

    def _collect(self, client: Client) -> None:
        try:
            future = self._answers.get(timeout=_SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            self._look_at_workers(client)
        else:
            job = self._flying.pop(future)
            self._receive(job, self._outcome(future, job))
        self.tally.running = min(len(self._flying), self._cores)
        self.tally.waiting = len(self._waiting)
        self.reporter.show(self.tally)

    def _outcome(self, future: Future, job: Job) -> Outcome:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            lost = Record("", self.workshop.engine_version, failure_class="lost",
                          failure_message=f"workers died with it, again and again: {error}")
            return Outcome(job.index, "", lost)
        finally:
            future.release()

    def _receive(self, job: Job, outcome: Outcome) -> None:
        if outcome.record is None:
            self._waiting.append((time.monotonic() + _SECONDS_BETWEEN_LOOKS, job))
        else:
            self._settle(outcome)

    def _settle(self, outcome: Outcome) -> None:
        record = outcome.record
        if record is None:
            return
        if not record.ok:
            self.tally.failed[record.failure_class] += 1
            log.warning("case %d, run %s: failed, %s: %s", outcome.index, outcome.run_key or "-",
                        record.failure_class, record.failure_message)
        elif outcome.found:
            self.tally.skipped += 1
        else:
            self.tally.done += 1
            log.info("case %d, run %s: ok in %.1f s", outcome.index, outcome.run_key, record.run_seconds)
        self.take(outcome)
