"""numba's cache on disk: ten processes that start at once on an empty cache all get the right answer."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import numpy as np
from sim.surrogate import kernels_gaussian, kernels_network, kernels_plant, kernels_response
a = np.linspace(0.0, 1.0, 12).reshape(4, 3)
out = np.empty((4, 4))
kernels_gaussian.matern(a, a, out)
print(repr(float(out.sum())))
"""


@pytest.mark.long
def test_ten_processes_at_once_on_an_empty_cache(tmp_path):
    folder = tmp_path / "cache"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "OMP_NUM_THREADS": "1"}

    def start():
        return subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    answers = [process.communicate(timeout=800) for process in [start() for _ in range(10)]]
    assert [error for _, error in answers] == [""] * 10
    assert len({said for said, _ in answers}) == 1
    # every kernel left exactly one index and one code file: one signature each, nothing half-written
    indices = [path for path in folder.rglob("*.nbi")]
    codes = [path for path in folder.rglob("*.nbc")]
    assert len(indices) == len(codes) == 7
    assert [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".nbi", ".nbc")] == []
    (again, error) = start().communicate(timeout=300)
    assert again == answers[0][0]
    assert error == ""


def test_one_thread_inside_a_worker_process():
    program = ("import multiprocessing as m\nfrom sim.surrogate.network import threads\n"
               "def f(q): q.put(threads())\n"
               "if __name__ == '__main__':\n c = m.get_context('fork'); q = c.Queue()\n"
               " p = c.Process(target=f, args=(q,)); p.start(); print(q.get()); p.join()\n")
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=300,
                          check=True)
    assert done.stdout.strip() == "1"


def test_the_kernel_of_plants_knows_of_changes_in_its_machines():
    """numba's cache looks at the kernel's own file: the digest there makes it new when the machines change."""
    from sim.surrogate import kernels_machines, kernels_plant

    source = Path(kernels_machines.__file__).read_bytes()
    assert hashlib.sha256(source).hexdigest()[:12] == kernels_plant.MACHINES
