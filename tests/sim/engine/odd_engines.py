"""Engines for the fault tests: every one of them starts the real engine, some with another model than asked for.

Imported by the workers too, so nothing here may import pytest.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from sim.engine import energyplus

LOG = "engine.log"
"""In the store's folder: every engine start is a line."""
ODD_DENSITY = 7.77
"""Lighting power density of the one design that goes wrong."""


def count_runs(store):
    """Return the number of engine starts for a store."""
    path = Path(store) / LOG
    return len(path.read_text().splitlines()) if path.exists() else 0


def _store(epw_path):
    return epw_path.parent.parent


def logged(text, epw_path, run_dir, timeout_s):
    """The real engine; each start is a line in a file (short appends are atomic)."""
    with (_store(epw_path) / LOG).open("a", encoding="ascii") as log:
        log.write(f"{os.getpid()} {os.environ.get('SLURM_JOB_ID', '-')}\n")
    return energyplus.run(text, epw_path, run_dir, timeout_s)


def _is_odd(text):
    return str(ODD_DENSITY) in text


def refusing(text, epw_path, run_dir, timeout_s):
    """The odd design gets a model with a construction that does not exist."""
    if _is_odd(text):
        text += "\nConstruction,\n  broken,\n  no such material;\n"
    return logged(text, epw_path, run_dir, timeout_s)


def endless(text, epw_path, run_dir, timeout_s):
    """The odd design runs for thousands of years."""
    if _is_odd(text):
        text += "\nRunPeriod,\n  ages,\n  1,\n  1,\n  1600,\n  12,\n  31,\n  9999;\n"
    return logged(text, epw_path, run_dir, timeout_s)


def _engine_children():
    return [int(pid) for pid in subprocess.run(
        ["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False).stdout.split()]


def _kill_soon(number):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for pid in _engine_children():
            command = Path(f"/proc/{pid}/cmdline").read_bytes() if Path(f"/proc/{pid}").exists() else b""
            if b"in.idf" in command:
                os.kill(pid, number)
                return
        time.sleep(0.01)


def _with_killer(number, text, epw_path, run_dir, timeout_s):
    import threading

    killer = threading.Thread(target=_kill_soon, args=(number,))
    killer.start()
    try:
        return logged(text, epw_path, run_dir, timeout_s)
    finally:
        killer.join()


def killed_once(text, epw_path, run_dir, timeout_s):
    """The odd design's engine is killed from outside the first time."""
    mark = _store(epw_path) / "killed"
    if _is_odd(text) and not mark.exists():
        mark.touch()
        return _with_killer(signal.SIGKILL, text, epw_path, run_dir, timeout_s)
    return logged(text, epw_path, run_dir, timeout_s)


def crashing(text, epw_path, run_dir, timeout_s):
    """The odd design's engine dies of a segmentation fault."""
    if _is_odd(text):
        return _with_killer(signal.SIGSEGV, text, epw_path, run_dir, timeout_s)
    return logged(text, epw_path, run_dir, timeout_s)


def worker_killer(text, epw_path, run_dir, timeout_s):
    """The worker that starts the odd design dies by SIGKILL in the middle of the run, the first time."""
    mark = _store(epw_path) / "killed"
    if _is_odd(text) and not mark.exists():
        mark.touch()
        import threading

        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return logged(text, epw_path, run_dir, timeout_s)


def deadly(text, epw_path, run_dir, timeout_s):
    """Every worker that starts the odd design dies by SIGKILL."""
    if _is_odd(text):
        os.kill(os.getpid(), signal.SIGKILL)
    return logged(text, epw_path, run_dir, timeout_s)


def slow(text, epw_path, run_dir, timeout_s):
    """The real engine, two seconds late: time for somebody to interrupt."""
    time.sleep(2.0)
    return logged(text, epw_path, run_dir, timeout_s)


def ten_seconds_late(text, epw_path, run_dir, timeout_s):
    """The real engine, ten seconds late: a job's walltime ends before its work."""
    answer = logged(text, epw_path, run_dir, timeout_s)
    time.sleep(10.0)
    return answer
