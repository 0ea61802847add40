import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # workers are spawned with this path and find the modules beside this file


@pytest.fixture(scope="session")
def epw(tmp_path_factory):
    """The weather file of a made Shanghai year."""
    from weather import make_typical_year, write_epw

    path = tmp_path_factory.mktemp("weather") / "shanghai.epw"
    write_epw(make_typical_year("shanghai"), path)
    return path


@pytest.fixture(scope="session")
def scheduler():
    """Address of a dask scheduler with two worker processes that all tests of the room share."""
    from sim.engine.cluster import connect

    with connect(2) as client:
        yield client.scheduler.address


@pytest.fixture
def start_study(tmp_path, epw):
    """Start `study_process.py` and return the process; it is killed at the end of the test if still there."""
    started = []

    def start(count, engine="logged", workers=2, store="store"):
        environment = os.environ | {"PYTHONPATH": f"{HERE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        process = subprocess.Popen(
            [sys.executable, str(HERE / "study_process.py"), str(tmp_path / store), str(count), engine, str(workers),
             str(epw)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
