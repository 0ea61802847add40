"""`simulate` with models already written and an engine that returns at once: STORE COUNT."""

import json
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import quick_runs
import small_cases

import sim
from sim.engine import energyplus

EPW = next(Path(energyplus._site_root()).glob("pyenergyplus/data/weather/*Chicago*"))


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


def main():
    store, count = Path(sys.argv[1]), int(sys.argv[2])
    begun, begun_cpu = time.perf_counter(), time.process_time()
    answer = sim.simulate(Cases(count), weather=EPW, settings=small_cases.settings(), store=store, progress="quiet",
                          engine=quick_runs.engine, prepare=quick_runs.prepare, out=store.parent / f"{store.name}.nc")
    seconds, cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ok = sum(int((answer["status"][start:start + 1000].values.astype(str) == "ok").sum())
             for start in range(0, count, 1000))
    starts = int(answer.attrs.get("runs_done", -1))
    print(json.dumps({"seconds": seconds, "cases_per_s": count / seconds, "peak_mb": peak, "ok": ok, "starts": starts,
                      "client_cpu_ms_per_case": 1000 * cpu / count}))


if __name__ == "__main__":
    main()
