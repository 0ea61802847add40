"""The models of a folder through eppy's own runner: FOLDER EPW PROCESSES. Prints the seconds that `runIDFs` took.

eppy starts a program named `energyplus` beside the IDD that it is told of. The engine's package has no such program,
so a launcher is written that hands the same command line to the engine's library, as `sim.engine.energyplus` does.
"""

import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from eppy.runner.run_functions import runIDFs

from sim.engine import energyplus
from sim.models.idd import idd_text

LAUNCHER = """#!{python} -IS
import os, sys
sys.path.insert(0, {site!r})
from pyenergyplus.api import EnergyPlusAPI
api = EnergyPlusAPI()
state = api.state_manager.new_state()
os._exit(api.runtime.run_energyplus(state, sys.argv[1:]))
"""


@dataclass
class Model:
    """What `runIDFs` asks of a model; the text is written as it is, which takes eppy less time than writing an IDF."""

    text: str
    epw: str

    def saveas(self, path):
        """Write the model."""
        Path(path).write_text(self.text, encoding="utf-8")


def main():
    folder, epw, processes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    home = folder / "home"
    home.mkdir()
    idd = home / "Energy+.idd"
    idd.write_text(idd_text(), encoding="latin-1")
    program = home / "energyplus"
    program.write_text(LAUNCHER.format(python=sys.executable, site=energyplus._site_root()))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    said = {"ep_version": "25-2-0", "idd": str(idd), "verbose": "s"}
    jobs = [(Model(path.read_text(encoding="utf-8"), epw), said | {"output_directory": str(folder / f"out{path.stem}")})
            for path in sorted(folder.glob("*.idf"))]
    begun = time.perf_counter()
    runIDFs(jobs, processors=processes)
    sys.stdout.write(f"{time.perf_counter() - begun}\n")


if __name__ == "__main__":
    main()
