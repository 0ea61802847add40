"""`simulate` with models already written and an engine that returns at once: STORE COUNT."""

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import small_cases

import sim
from sim.case import case_key
from sim.engine import energyplus
from sim.engine.building import Prepared
from sim.engine.results import Reading

VERSION = energyplus.engine_version()

EPW = next(Path(energyplus._site_root()).glob("pyenergyplus/data/weather/*Chicago*"))
USE = [[[1.0] * 12 for _ in range(10)] for _ in range(2)]
RESULTS = {"energy_use": USE, "peak_demand": [1.0] * 12, "cooling_delivered": [1.0] * 12,
           "heating_delivered": [1.0] * 12, "unmet_fraction": 0.0, "quantities": {"cooling_capacity": 1.0}}


class Cases(Sequence):
    """Cases that are made when asked for, so that the list itself takes no memory."""

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        if not 0 <= index < self._count:
            raise IndexError(index)
        return small_cases.case(5.0 + index * 1e-4)


def read(folder):
    return Reading(RESULTS)


def prepare(workshop, case, settle):
    """In place of a model its key: what is measured is store and gather, not the writing of models."""
    key = case_key(case, "run")
    return Prepared(key, key, read)


def engine(text, epw_path, run_dir, timeout_s):
    """Returns at once, with the error file of a completed run."""
    message = f"Program Version,EnergyPlus, Version {VERSION} \n EnergyPlus Completed Successfully-- 0"
    (run_dir / "eplusout.err").write_text(message)
    return energyplus.EngineResult("finished", 0, 0, 0.0, run_dir)


def main():
    store, count = Path(sys.argv[1]), int(sys.argv[2])
    begun, begun_cpu = time.perf_counter(), time.process_time()
    answer = sim.simulate(Cases(count), weather=EPW, settings=small_cases.settings(), store=store, progress="quiet",
                          engine=engine, prepare=prepare, out=store.parent / f"{store.name}.nc")
    seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ok = sum(int((answer["status"][start:start + 1000].values.astype(str) == "ok").sum())
             for start in range(0, count, 1000))
    starts = int(answer.attrs.get("runs_done", -1))
    print(json.dumps({"seconds": seconds, "cases_per_s": count / seconds, "peak_mb": peak, "ok": ok, "starts": starts,
                      "client_cpu_ms_per_case": 1000 * cpu / count}))


if __name__ == "__main__":
    from scheduling_process import main  # workers unpickle by this name, not by `__main__`

    main()
