"""Runs that end at once, for what this program itself does with many cases: a key in place of a model, no engine.

Imported by the workers too, so nothing here may import pytest.
"""

import os
import signal
from functools import cache

import numpy as np
from odd_engines import LOG

from sim.case import case_key
from sim.engine import energyplus
from sim.engine.building import Prepared
from sim.engine.results import HOURLY_NAMES, Reading

DEADLY_KEY = "deadly"
_VERSION = energyplus.engine_version()
_USE = [[[1.0] * 12 for _ in range(10)] for _ in range(2)]
_RESULTS = {"energy_use": _USE, "peak_demand": [1.0] * 12, "cooling_delivered": [1.0] * 12,
            "heating_delivered": [1.0] * 12, "unmet_fraction": 0.0, "quantities": {"cooling_capacity": 1.0}}


@cache
def _hours():
    """Two years of hours like an office's: records as large as those of ordinary runs."""
    day = np.clip(np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, 24)), 0, None)
    noise = np.random.default_rng(0).normal(1.0, 0.1, (2, 365 * 24))
    return np.round(100 * np.tile(day, 365) * noise, 2).astype(np.float32)


def read(folder):
    return Reading(_RESULTS, _hours(), HOURLY_NAMES[:2])


def prepare(workshop, case, settle):
    """In place of a model its key: what is measured is store and gather, not the writing of models."""
    key = case_key(case, "run")
    return Prepared(key, DEADLY_KEY if case.building_id == DEADLY_KEY else key, read)


def engine(text, epw_path, run_dir, timeout_s):
    """Returns at once, with the error file of a completed run."""
    message = f"Program Version,EnergyPlus, Version {_VERSION} \n EnergyPlus Completed Successfully-- 0"
    (run_dir / "eplusout.err").write_text(message)
    return energyplus.EngineResult("finished", 0, 0, 0.0, run_dir)


def logged(text, epw_path, run_dir, timeout_s):
    """The same; each start is a line in a file, and one model kills its worker."""
    if text == DEADLY_KEY:
        os.kill(os.getpid(), signal.SIGKILL)
    with (epw_path.parent.parent / LOG).open("a", encoding="ascii") as log:
        log.write(f"{text}\n")
    return engine(text, epw_path, run_dir, timeout_s)
