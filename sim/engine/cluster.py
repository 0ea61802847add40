"""Where runs happen: processes of this machine, a running dask scheduler, or jobs of a SLURM cluster.

Dask executes whatever reaches its ports. Schedulers started here for one machine listen on loopback only; those for
a cluster speak TLS with certificates made for this study alone.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from vocabulary import RetrofolioError

if TYPE_CHECKING:
    from dask_jobqueue import SLURMCluster
    from distributed import Client, LocalCluster

log = logging.getLogger(__name__)

_CLOSING_S = 10
_LOOPBACK = "127.0.0.1"
_MEMORY = r"^\d+(\.\d+)? ?[kKMGT](i|i?B)?$"
_WALLTIME = r"^(\d+-)?\d+(:\d\d){0,2}$"
_TIME = r"^\d+(\.\d+)? ?(s|seconds?|m|minutes?|h|hours?|d|days?)$"
# Dask looks at itself up to a hundred times a second: a twentieth of a core in every process, which engines need.
_SELDOM: dict[str, object] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "5s",
    "distributed.scheduler.work-stealing-interval": "1s",
    "distributed.scheduler.active-memory-manager.start": False,
    # Dask remembers so many messages whole, to be looked at by its developers: a thousand tasks of 64 cases each.
    "distributed.admin.low-level-log-length": 8,
}
_FORKSERVER = "forkserver"
_PRELOADED = ("distributed.nanny", "sim.engine.warm")
# Of workers of this machine: one thread each, and dask's own log, for its developers, only where there is real trouble.
_ENVIRONMENT = {"DASK_LOGGING__DISTRIBUTED": "critical", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1"}


class ClusterError(RetrofolioError):
    """No worker can be had."""


class ClusterSettings(BaseModel):
    """What a SLURM site wants to know (frozen, unknown keys refused); nothing of a site stands in the code.

    Raises
    ------
    pydantic.ValidationError
        If a key is unknown or a value out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["slurm"] = "slurm"
    partition: str | None = Field(default=None, description="None: the site's default")
    account: str | None = None
    jobs: int = Field(default=2, ge=1, description="jobs asked for; one dask worker process each")
    processes_per_job: int = Field(default=1, ge=1, description="runs at once in one job, one core each")
    memory: str = Field(default="2GB", pattern=_MEMORY, description="of one job")
    walltime: str = Field(default="01:00:00", pattern=_WALLTIME, description="of one job, HH:MM:SS")
    lifetime: str | None = Field(default=None, pattern=_TIME,
                                 description="a worker ends by itself after this time, e.g. '50m'")
    lifetime_stagger: str = Field(default="0s", pattern=_TIME, description="random spread of the lifetimes")
    environment: tuple[str, ...] = Field(default=(), description="shell lines before a worker starts")
    directives: tuple[str, ...] = Field(default=(), description="further #SBATCH options, e.g. '--qos=low'")
    interface: str | None = Field(default=None, description="network interface of scheduler and workers")
    scratch: str | None = Field(default=None, description="folder on the node's own disk for running engines")
    start_timeout_s: float = Field(default=600.0, gt=0, description="give up when no worker is there for so long")
    lost_worker_timeout_s: float = Field(default=15.0, gt=0, description="a silent job is replaced after this time")


def warm_up() -> None:
    """Begin to load what workers of this machine need, once for all of them, in a process that they are forked from.

    Where forking from a clean process is not to be had (Windows), every worker loads for itself.
    """
    if _FORKSERVER in multiprocessing.get_all_start_methods():
        multiprocessing.get_context(_FORKSERVER).set_forkserver_preload(list(_PRELOADED))
        with _environment(_ENVIRONMENT):  # whoever is forked later has what the process has that is started here
            forkserver.ensure_running()


@contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def connect(
    workers: int, scheduler: str | None = None, cluster: ClusterSettings | None = None,
    shared_folder: Path | None = None,
) -> Iterator[Client]:
    """Give a client to workers, and take down afterwards what was started for it.

    Parameters
    ----------
    workers : int
        Processes on this machine, where neither `scheduler` nor `cluster` is given.
    scheduler : str, optional
        Address of a running scheduler, which is left running.
    cluster : ClusterSettings, optional
        Start jobs of a cluster.
    shared_folder : pathlib.Path, optional
        A folder that cluster jobs see; certificates and job logs go there.

    Raises
    ------
    ClusterError
        If the scheduler cannot be reached, or jobs cannot be submitted.
    """
    import dask

    _quieten_dask()
    if scheduler is not None:
        with _client_of(scheduler) as client:
            yield client
        return
    lost = f"{cluster.lost_worker_timeout_s:g}s" if cluster else "15s"
    spawned = {**dask.config.get("distributed.nanny.pre-spawn-environ", {}), **_ENVIRONMENT}
    method = _FORKSERVER if _FORKSERVER in multiprocessing.get_all_start_methods() else "spawn"
    with dask.config.set({**_SELDOM, "distributed.deploy.lost-worker-timeout": lost,
                          "distributed.worker.multiprocessing-method": method,
                          "distributed.nanny.pre-spawn-environ": spawned}):
        started = _slurm(cluster, shared_folder or Path.cwd()) if cluster else _local(workers)
        client = None
        try:
            from distributed import Client

            client = Client(started)
            yield client
        finally:
            if client is not None:
                client.close(timeout=_CLOSING_S)
            _close(started)


def _quieten_dask() -> None:
    """Leave dask's own log, which is for its developers, to real trouble; importing it sets its levels first."""
    import distributed

    parts = (f"distributed.{part}" for part in ("scheduler", "nanny", "core", "worker"))
    for name in ("distributed", *parts, "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    logging.getLogger(distributed.__name__).propagate = False


@contextmanager
def _client_of(address: str) -> Iterator[Client]:
    from distributed import Client

    if not address.startswith("tls://") and not any(host in address for host in (_LOOPBACK, "localhost", "inproc")):
        log.warning("%s is not protected by TLS: whoever reaches that port can run code on the workers", address)
    _check_address(address)
    try:
        client = Client(address, timeout="15s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(f"no dask scheduler answers at {address}: {error}") from error
    try:
        yield client
    finally:
        client.close(timeout=_CLOSING_S)


def _check_address(address: str) -> None:
    """Refuse an address that no scheduler can have: dask's client would wait for it for half a minute more."""
    from distributed.comm import parse_address, parse_host_port
    from distributed.comm.registry import backends
    from distributed.security import Security

    protocol, place = parse_address(address)
    if protocol == "inproc":
        return
    try:
        port = parse_host_port(place)[1]
    except ValueError:
        port = 0
    if protocol not in backends or not 0 < port < 65536:
        raise ClusterError(f"{address!r} is no address of a dask scheduler: expected HOST:PORT, as tls://10.0.0.1:8786")
    if protocol == "tls" and Security().get_connection_args("client")["ssl_context"] is None:
        raise ClusterError(f"{address}: TLS needs a certificate: name `ca-file` and, under `client`, `cert` and `key` "
                           "in dask's configuration, distributed.comm.tls")


def _local(workers: int) -> LocalCluster:
    from distributed import LocalCluster

    warm_up()
    return LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, host=_LOOPBACK,
                        dashboard_address=f"{_LOOPBACK}:0", silence_logs=logging.ERROR)


def _slurm(settings: ClusterSettings, shared_folder: Path) -> SLURMCluster:
    try:
        found = _slurm_cluster(settings, shared_folder)
    except (RuntimeError, ValueError, OSError) as error:
        raise ClusterError(f"the cluster could not be set up: {' '.join(str(error).split())}") from error
    refusal = keep_jobs(found, settings)
    if refusal:
        _close(found)
        raise ClusterError(f"no job could be submitted: {refusal}")
    return found


def _slurm_cluster(settings: ClusterSettings, shared_folder: Path) -> SLURMCluster:
    from dask_jobqueue import SLURMCluster
    from distributed.security import Security

    logs, certificates = shared_folder / "jobs", shared_folder / "tls"
    for folder in (logs, certificates):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lifetime = [] if settings.lifetime is None else [
        "--lifetime", settings.lifetime, "--lifetime-stagger", settings.lifetime_stagger]
    return SLURMCluster(
        queue=settings.partition, account=settings.account, cores=settings.processes_per_job,
        processes=settings.processes_per_job, memory=settings.memory, walltime=settings.walltime,
        job_script_prologue=[*map(_exported, _SELDOM.items()), *settings.environment],
        job_extra_directives=list(settings.directives),
        worker_extra_args=["--no-dashboard", *lifetime], interface=settings.interface, log_directory=str(logs),
        local_directory=settings.scratch, death_timeout=settings.start_timeout_s, protocol="tls://",
        security=Security.temporary(), shared_temp_directory=str(certificates),
        scheduler_options={"dashboard_address": f"{_LOOPBACK}:0"}, silence_logs="error",
    )


def _exported(setting: tuple[str, object]) -> str:
    name, value = setting
    return f"export DASK_{name.replace('.', '__').replace('-', '_').upper()}={value}"


def keep_jobs(cluster: SLURMCluster, settings: ClusterSettings) -> str:
    """Ask for as many jobs as wanted, those in place of lost ones included; return what the queue answered.

    Parameters
    ----------
    cluster : SLURMCluster
        Jobs that dask has given up, after `lost_worker_timeout_s`, are submitted anew.
    settings : ClusterSettings
        How many.

    Returns
    -------
    str
        Empty, or why a job could not be submitted.
    """
    cluster.scale(jobs=settings.jobs)
    try:
        cluster.sync(_settled, cluster)
    except (RuntimeError, ValueError, OSError) as error:
        return " ".join(str(error).split())
    return ""


async def _settled(cluster: SLURMCluster) -> None:
    await cluster
    for job in list(cluster.workers.values()):
        await job  # says again why it could not be submitted; waiting for the cluster alone swallows that


def _close(started: SLURMCluster | LocalCluster) -> None:
    try:
        started.close(timeout=_CLOSING_S)
    except (AssertionError, TimeoutError) as error:  # dask insists on the end of jobs that were never submitted
        log.warning("the cluster did not close cleanly: %s", error)
