"""Many cases through dask: few futures at a time, in any order of completion."""

from __future__ import annotations

import logging
import queue
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sim.engine.cluster import ClusterError, ClusterSettings, keep_jobs
from sim.engine.progress import Reporter, Tally
from sim.engine.record import Record
from sim.engine.task import TASK_S, Answer, Job, Outcome, Workshop, find, perform_all

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
_MOST_CASES_PER_TASK = 64

Connect = Callable[[], "AbstractContextManager[Client]"]
Take = Callable[[Outcome], None]


@contextmanager
def _scheduler_may_go() -> Iterator[None]:
    """Say in words that the scheduler has gone: dask cancels all futures then, or calls the connection closed."""
    from distributed import CancelledError
    from distributed.comm import CommClosedError

    try:
        yield
    except (CancelledError, CommClosedError) as error:
        message = "the dask scheduler is gone; finished runs are in the store, run again to go on"
        raise ClusterError(message) from error


@dataclass
class Pace:
    """How many cases go into one task: one where runs take long, many where dask's own work would count.

    Examples
    --------
    >>> pace = Pace(8)
    >>> pace.learn(cases=8, seconds=0.1)
    >>> pace.cases_per_task
    16
    """

    cases_per_task: int = 1

    def learn(self, cases: int, seconds: float) -> None:
        """Follow the time that finished cases took, at most doubling."""
        wanted = TASK_S * cases / max(seconds, 1e-6)
        self.cases_per_task = int(max(1, min(wanted, 2 * self.cases_per_task, _MOST_CASES_PER_TASK)))


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
    _flying: dict[Any, Sequence[Job]] = field(default_factory=dict)
    _waiting: deque[tuple[float, Job]] = field(default_factory=deque)
    _left: deque[Job] = field(default_factory=deque)
    _suspects: deque[Job] = field(default_factory=deque)
    _on_trial: Job | None = None
    _pace: Pace = field(default_factory=Pace)
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
            If no worker is there for `start_timeout_s`, or the scheduler goes away.
        """
        todo = self._not_found(jobs)
        first = next(todo, None)
        if first is None:
            self.reporter.show(self.tally)
            return
        self._left.append(first)
        with connect() as client:
            self.tally.dashboard = client.dashboard_link or ""
            self._workers_seen = time.monotonic()
            with _scheduler_may_go():
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
        self._fill(client, todo)
        while self._flying or self._waiting:
            self._collect(client)
            self._fill(client, todo)

    def _fill(self, client: Client, todo: Iterator[Job]) -> None:
        for _ in range(self._room(client) - len(self._flying)):
            jobs = self._next(todo)
            if not jobs:
                break
            self._submit(client, jobs)
        if self._suspects and not (self._flying or self._waiting):
            self._on_trial = self._suspects.popleft()
            self._submit(client, [self._on_trial])

    def _next(self, todo: Iterator[Job]) -> list[Job]:
        jobs: list[Job] = []
        while len(jobs) < self._pace.cases_per_task:
            job = self._left.popleft() if self._left else self._due() or next(todo, None)
            if job is None:
                break
            jobs.append(job)
        return jobs

    def _due(self) -> Job | None:
        if self._waiting and self._waiting[0][0] <= time.monotonic():
            return self._waiting.popleft()[1]
        return None

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

    def _submit(self, client: Client, jobs: Sequence[Job]) -> None:
        key = f"cases-{jobs[0].index}-{time.monotonic_ns()}"
        future = client.submit(perform_all, self.workshop, jobs, pure=False, key=key)
        self._flying[future] = jobs
        future.add_done_callback(self._answers.put)

    def _collect(self, client: Client) -> None:
        try:
            future = self._answers.get(timeout=_SECONDS_BETWEEN_LOOKS)
        except queue.Empty:
            self._look_at_workers(client)
        else:
            self._receive(future, self._flying.pop(future))
        self.tally.running = min(len(self._flying), self._cores)
        self.tally.waiting = len(self._waiting)
        self.reporter.show(self.tally)

    def _receive(self, future: Future, jobs: Sequence[Job]) -> None:
        answer = self._answer(future, jobs)
        for job, outcome in zip(jobs, answer.outcomes, strict=False):
            if outcome.record is None:
                self._waiting.append((time.monotonic() + _SECONDS_BETWEEN_LOOKS, job))
            else:
                self._settle(outcome)
        if answer.seconds:
            self._pace.learn(len(answer.outcomes), answer.seconds)
            self._left.extend(jobs[len(answer.outcomes):])

    def _answer(self, future: Future, jobs: Sequence[Job]) -> Answer:
        from distributed import KilledWorker

        try:
            answer: Answer = future.result()
            return answer
        except KilledWorker as error:
            if jobs[0] is not self._on_trial:  # dask blames all cases of a worker: each is tried alone, at the end
                self._suspects.extend(jobs)
                return Answer((), 0.0)
            lost = Record("", self.workshop.engine_version, failure_class="lost",
                          failure_message=f"workers died with it, again and again: {error}")
            return Answer((Outcome(jobs[0].index, "", lost),), 0.0)
        finally:
            future.release()

    def _settle(self, outcome: Outcome) -> None:
        record = outcome.record
        if record is None:
            return
        if not record.ok:
            self.tally.failed[record.failure_class] += 1
            self.tally.found_failed += outcome.found
            log.warning("case %d, run %s: failed, %s: %s", outcome.index, outcome.run_key or "-",
                        record.failure_class, record.failure_message)
        elif outcome.found:
            self.tally.skipped += 1
        else:
            self.tally.done += 1
            log.info("case %d, run %s: ok in %.1f s", outcome.index, outcome.run_key, record.run_seconds)
        self.take(outcome)
