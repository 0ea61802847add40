"""`simulate`: a list of cases in, `simulations.nc` out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

import netcdf
from sim.case import Case, case_key, source_digest
from sim.engine import building, energyplus, gather
from sim.engine.batch import Batch, Connect
from sim.engine.cluster import ClusterSettings, connect, warm_up
from sim.engine.gather import Chunk
from sim.engine.interrupt import polite_signals
from sim.engine.lease import LeaseSettings
from sim.engine.progress import ProgressStyle, Tally, reporter
from sim.engine.scratch import sweep
from sim.engine.sink import ROWS_PER_CHUNK, FileSink, MemorySink
from sim.engine.store import Store, digest
from sim.engine.task import Engine, Job, Outcome, Prepare, Workshop
from vocabulary import Fault, InputError, RetrofolioError

if TYPE_CHECKING:
    from sim.calendar import Calendar
    from sim.models import ModelSettings

log = logging.getLogger(__name__)

_PROFILES_AT_ONCE = 64


class TooManyFailedError(RetrofolioError):
    """More runs failed than a study can bear; what succeeded is kept."""

    exit_code = 3


def simulate(
    cases: Sequence[Case],
    *,
    weather: str | Path | xr.Dataset,
    calendar: Calendar | None = None,
    settings: ModelSettings | None = None,
    store: str | Path | Store,
    workers: int = 2,
    scheduler: str | None = None,
    cluster: ClusterSettings | str | None = None,
    timeout_s: float = 600.0,
    retry_failed: bool = False,
    keep_raw: bool = False,
    out: str | Path | None = None,
    profiles: bool | str | Path = False,
    attributes: Mapping[str, str | int] | None = None,
    progress: ProgressStyle = "rich",
    lease: LeaseSettings | None = None,
    engine: Engine = energyplus.run,
    prepare: Prepare = building.prepare,
) -> xr.Dataset:
    """Bring every case to its verdict and return the results, in the order of the cases.

    Parameters
    ----------
    cases : sequence of Case
        May be made as they are asked for; only a few are held at a time.
    weather : path or xr.Dataset
        EPW file, or a weather year, which is written to the store.
    calendar : Calendar, optional
        None: the default calendar.
    settings : ModelSettings, optional
        None: the default settings.
    store : path or Store
        Folder of runs, shared with others if wished.
    workers : int
        Runs at once on this machine; not used with `scheduler` or `cluster`.
    scheduler : str, optional
        Address of a running dask scheduler.
    cluster : ClusterSettings or "slurm", optional
        Start jobs of a cluster; "slurm" takes the default settings.
    timeout_s : float
        Wall time granted to one run.
    retry_failed : bool
        Run again what has failed before.
    keep_raw : bool
        Keep model and raw output of every run; those of failed ones are always kept.
    out : path, optional
        Write the rows to this netCDF file as they come; the answer is then opened from it and memory stays flat.
    profiles : bool or path
        Hourly electricity and gas: True as variables of the answer, a path as a chunked file of their own.
    attributes : mapping, optional
        Global attributes of `out`, beside those that say what the file is.
    progress : str
        `rich`, `quiet` or `json` (both shown ones on standard error).
    lease : LeaseSettings, optional
        How clients that share a store notice each other.
    engine, prepare : callable
        Start one run, and write one model; others than EnergyPlus and eppy for measuring what this program costs.

    Returns
    -------
    xr.Dataset
        The rows of `simulations.nc` (names and units: `vocabulary.py`), one per case, failed ones with their reason.

    Raises
    ------
    InputError
        If there is no case, the weather file cannot be read, or a number of workers or seconds is not positive.
    StoreError
        If the store cannot be written.
    ClusterError
        If no worker can be had.
    StudyInterruptedError, StudyTerminatedError
        On Ctrl-C and SIGTERM; finished runs are in the store.

    Examples
    --------
    Two cases give a Dataset with `energy_use` of shape (2, 2, 10, 12).
    """
    _check(cases, workers, timeout_s)
    asked = _cluster(cluster)
    place = store if isinstance(store, Store) else Store(store, lease)
    place.prepare()
    if scheduler is None and asked is None:
        warm_up()
    sweep(None)
    year, epw_path = _weather(weather, place)
    workshop = _workshop(place, year, epw_path, calendar, settings, timeout_s=timeout_s, retry_failed=retry_failed,
                         keep_raw=keep_raw, engine=engine, prepare=prepare)
    if asked is not None and asked.scratch is not None:
        workshop = replace(workshop, scratch=Path(asked.scratch))
    shared = gather.static(year, workshop.site.calendar.workdays)
    with ExitStack() as stack:
        stack.enter_context(polite_signals())
        rows = Rows(cases, workshop.store, *_sinks(stack, len(cases), out, profiles, attributes or {}))
        tally = _run(workshop, rows, partial(connect, workers, scheduler, asked, place.path), asked, progress)
        counts = {"runs_done": tally.done, "runs_skipped": tally.skipped, "runs_failed": sum(tally.failed.values())}
        return rows.finish(shared).assign_attrs(counts)


def check_failures(simulations: xr.Dataset, role: str = "training", largest_fraction: float = 0.10) -> None:
    """Refuse to go on where too many runs of a role failed.

    Parameters
    ----------
    simulations : xr.Dataset
        From `simulate`.
    role : str
        Whose failures count.
    largest_fraction : float
        What a study can bear.

    Raises
    ------
    TooManyFailedError
        If more than that share of the role's cases failed (exit code 3).

    Examples
    --------
    2 failed of 20 pass, 3 of 20 do not.
    """
    status, roles, kinds = (simulations[name].values.astype(str) for name in ("status", "role", "failure_class"))
    of_role = status[roles == role]
    failed = int((of_role != "ok").sum())
    if failed > largest_fraction * len(of_role):
        named = ", ".join(sorted(set(kinds[status != "ok"])))
        raise TooManyFailedError(f"{failed} of {len(of_role)} {role} runs failed ({named}); at most "
                                 f"{largest_fraction:.0%} may. What succeeded is kept; the store has models and "
                                 "error files of the failed runs under kept/")


def _check(cases: Sequence[Case], workers: int, timeout_s: float) -> None:
    faults = []
    if not len(cases):
        faults.append(Fault("cases", "length", "0", "at least one case"))
    if workers < 1:
        faults.append(Fault("workers", "number", str(workers), "at least 1"))
    if not timeout_s > 0:
        faults.append(Fault("timeout_s", "number", str(timeout_s), "above 0"))
    if faults:
        raise InputError(faults)


def _cluster(cluster: ClusterSettings | str | None) -> ClusterSettings | None:
    if not isinstance(cluster, str):
        return cluster
    if cluster != "slurm":
        raise InputError([Fault("cluster", "kind", repr(cluster), "'slurm' or ClusterSettings")])
    return ClusterSettings()


def _weather(weather: str | Path | xr.Dataset, store: Store) -> tuple[xr.Dataset, Path]:
    from weather import read_epw
    from weather.epw import epw_text

    if isinstance(weather, xr.Dataset):
        return weather, store.weather_file(epw_text(weather).encode())
    path = Path(weather).resolve()
    return read_epw(path), store.weather_file(path.read_bytes())


def _workshop(
    store: Store, year: xr.Dataset, epw_path: Path, calendar: Calendar | None, settings: ModelSettings | None,
    *, timeout_s: float, retry_failed: bool, keep_raw: bool, engine: Engine, prepare: Prepare,
) -> Workshop:
    from sim import models

    chosen = settings or models.default_settings()
    site = models.site_of(year, calendar)
    weather_key = digest(epw_path.read_bytes())
    version, sources = energyplus.engine_version(), source_digest()
    shared = digest(weather_key, site.calendar.model_dump_json(), chosen.model_dump_json(), version, sources)
    return Workshop(store.path, epw_path, weather_key, site, chosen, version, sources, shared, timeout_s=timeout_s,
                    retry_failed=retry_failed, keep_raw=keep_raw, lease=store.settings, engine=engine, prepare=prepare)


def _sinks(
    stack: ExitStack, case_count: int, out: str | Path | None, profiles: bool | str | Path,
    attributes: Mapping[str, str | int],
) -> tuple[FileSink | MemorySink, FileSink | MemorySink | None]:
    def sink(path: Path | None, title: str) -> FileSink | MemorySink:
        if path is None:
            return stack.enter_context(MemorySink())
        labels = {**netcdf.provenance({"title": title}, {}), **attributes}
        return stack.enter_context(FileSink(path, case_count, labels))

    rows = sink(None if out is None else Path(out), "Simulated cases")
    if profiles is False:
        return rows, None
    return rows, sink(None if profiles is True else Path(profiles), "Hourly profiles of the simulated cases")


@dataclass
class Rows:
    """Collects outcomes into chunks of rows and hands on the chunks that are whole."""

    cases: Sequence[Case]
    store: Store
    sink: FileSink | MemorySink
    profile_sink: FileSink | MemorySink | None
    keys: dict[int, str] = field(default_factory=dict)
    _open: dict[int, Chunk] = field(default_factory=dict)

    def jobs(self, shared: str) -> Iterator[Job]:
        """Yield the cases with their keys."""
        for index in range(len(self.cases)):
            case = self.cases[index]
            self.keys[index] = case_key(case, shared)
            yield Job(index, self.keys[index], case)

    def take(self, outcome: Outcome) -> None:
        """Put one outcome into its row."""
        start = outcome.index - outcome.index % ROWS_PER_CHUNK
        chunk = self._open.get(start)
        if chunk is None:
            stop = min(start + ROWS_PER_CHUNK, len(self.cases))
            chunk = self._open[start] = Chunk(start, [self.cases[index] for index in range(start, stop)])
        if outcome.record is not None:
            chunk.put(outcome.index, self.keys.pop(outcome.index), outcome.run_key, outcome.record)
        if chunk.is_complete:
            self._hand_on(self._open.pop(start))

    def _hand_on(self, chunk: Chunk) -> None:
        self.sink.put(chunk.start, chunk.dataset())
        if self.profile_sink is not None:
            for first in range(0, len(chunk.run_keys), _PROFILES_AT_ONCE):
                keys = chunk.run_keys[first:first + _PROFILES_AT_ONCE]
                records = [self.store.read(key, hourly=True) if key else None for key in keys]
                self.profile_sink.put(chunk.start + first, gather.profiles(chunk.start + first, records))

    def finish(self, shared: xr.Dataset) -> xr.Dataset:
        """Return all rows with what they share."""
        answer = self.sink.finish(shared)
        if self.profile_sink is None:
            return answer
        profiles = self.profile_sink.finish(xr.Dataset(coords={"hour": shared["hour"]}))
        return answer.merge(profiles) if isinstance(self.profile_sink, MemorySink) else answer


def _run(
    workshop: Workshop, rows: Rows, open_client: Connect, cluster: ClusterSettings | None,
    progress: ProgressStyle,
) -> Tally:
    tally = Tally(total=len(rows.cases))
    with reporter(progress) as shown:
        batch = Batch(workshop, rows.take, tally, shown, cluster)
        batch.run(rows.jobs(workshop.shared), open_client)
    log.info("simulated: %s", tally.as_dict())
    return tally
