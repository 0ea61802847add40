"""One EnergyPlus run: the only door to the engine.

Every run is an operating-system process of its own, so a crash, a leak or an endless loop of the engine harms one
case and nothing else. The process loads the engine's shared library, runs one model and is gone.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from vocabulary import RetrofolioError

Ending = Literal["finished", "signal", "timeout"]

MODEL_NAME = "in.idf"
CONSOLE_NAME = "console.txt"

# Read by a bare interpreter (`-I -S`): no site, no numpy, only the engine's own Python API. The thread holds the
# reading end of a pipe whose other end lives in the parent: when the parent dies, even by SIGKILL, the read returns
# and the engine goes too. `_exit` leaves out the library's slow tear-down; the engine has closed its files by then.
_CHILD = """
import os, signal, sys, threading

def follow_parent():
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

threading.Thread(target=follow_parent, daemon=True).start()
sys.path.insert(0, sys.argv[1])
from pyenergyplus.api import EnergyPlusAPI

api = EnergyPlusAPI()
state = api.state_manager.new_state()
api.runtime.set_console_output_status(state, False)
code = api.runtime.run_energyplus(state, sys.argv[2:])
os._exit(code if 0 <= code < 128 else 1)
"""


class EngineMissingError(RetrofolioError):
    """The package that carries the engine is not installed."""


@dataclass(frozen=True)
class EngineResult:
    """How one engine process ended.

    Parameters
    ----------
    ending : str
        `finished` (it returned, well or not), `signal` (killed or crashed) or `timeout`.
    exit_code : int
        What it returned; 0 says nothing yet: read the error file.
    signal_number : int
        The signal that ended it, else 0.
    wall_s : float
        Wall time in seconds, start of the process included.
    run_dir : pathlib.Path
        Where the engine's files are.
    """

    ending: Ending
    exit_code: int
    signal_number: int
    wall_s: float
    run_dir: Path


@cache
def _site_root() -> str:
    spec = importlib.util.find_spec("pyenergyplus")
    if spec is None or spec.origin is None:
        raise EngineMissingError("the engine is missing: install the package pyenergyplus-lbnl")
    return str(Path(spec.origin).resolve().parent.parent)


@cache
def engine_version() -> str:
    """Return version and build of the installed engine, without loading it.

    Raises
    ------
    EngineMissingError
        If the engine's package is not installed.

    Examples
    --------
    >>> engine_version()
    '25.2.0-cf7368216c'
    """
    _site_root()
    from pyenergyplus.func import EnergyPlusVersion

    found = EnergyPlusVersion()
    build = found.ep_version_build.split("\\")[0].split(" ")[0]
    return f"{found.ep_version_major}.{found.ep_version_minor}.{found.ep_version_patch}-{build}"


def run(idf_text: str, epw_path: Path, run_dir: Path, timeout_s: float) -> EngineResult:
    """Run one expanded model in a process of its own and wait for it.

    Parameters
    ----------
    idf_text : str
        The whole model; nothing in it may need `ExpandObjects`.
    epw_path : pathlib.Path
        Weather file, only read.
    run_dir : pathlib.Path
        An existing empty folder; the model and the engine's files are written there.
    timeout_s : float
        The engine's whole process group is killed after so many seconds of wall time.

    Returns
    -------
    EngineResult
        How the process ended. Whether the model was accepted stands in `eplusout.err`.

    Raises
    ------
    EngineMissingError
        If the engine's package is not installed.
    OSError
        If the model cannot be written or the process cannot be started.
    """
    folder = run_dir.resolve()
    model = folder / MODEL_NAME
    model.write_text(idf_text, encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-c", _CHILD, _site_root(),
               "-w", str(epw_path.resolve()), "-d", str(folder), str(model)]
    started = time.perf_counter()
    ending: Ending = "finished"
    with (folder / CONSOLE_NAME).open("wb") as console:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=console, stderr=console, cwd=folder,
                                   env=os.environ | {"OMP_NUM_THREADS": "1"}, start_new_session=True)
        try:
            process.wait(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            ending = "timeout"
        finally:
            _end(process)
    code = process.returncode
    if ending == "finished" and code < 0:
        ending = "signal"
    return EngineResult(ending, code, max(0, -code), time.perf_counter() - started, folder)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
