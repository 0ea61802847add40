"""A dask scheduler with one worker, in a process of its own that a test may kill; it prints its address."""

import sys

if __name__ == "__main__":
    from sim.engine.cluster import connect

    with connect(1) as client:
        print(client.scheduler.address, flush=True)
        sys.stdin.read()
