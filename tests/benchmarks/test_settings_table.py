"""Settings of a run against errors and time: the table behind `sim/data/settings.yaml`.

`python -m pytest -m benchmark -s tests/benchmarks/test_settings_table.py` prints it and writes
`out/settings_table.csv`. Errors are relative to the reference: 6 steps per hour, the engine's default convergence
limits, core and perimeter zones on ground, middle and top storey. Savings are of electricity and gas together.
"""

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import settings_runs
from settings_runs import LINES, PACKAGES, Run

ROOT = Path(__file__).parents[2]
REFERENCE = next(iter(LINES))
JOBS = [(name, system, package) for name, line in LINES.items() for system in line.systems for package in PACKAGES]
LIMITS = {"electricity": 0.005, "gas": 0.015, "worst saving": 0.01}
NOISE_OF_TIME = 0.1
"""Two runs side by side differ by this share in processor time for no reason."""


def table(runs: dict[tuple[str, str, str], Run]) -> list[dict[str, object]]:
    """Return a row for each line of settings and source system."""
    return [row(runs, name, system) for name, line in LINES.items() for system in line.systems]


def row(runs: dict[tuple[str, str, str], Run], name: str, system: str) -> dict[str, object]:
    ours, theirs = ({package: runs[which, system, package] for package in PACKAGES} for which in (name, REFERENCE))
    base, reference = ours["none"], theirs["none"]
    savings = {package: _saving(ours, package) / _saving(theirs, package) - 1 for package in PACKAGES[1:]}
    seconds = float(np.mean([run.seconds for run in ours.values()]))
    return {
        "kind": LINES[name].kind, "settings": name, "system": system, "processor_s": round(seconds, 2),
        "time share": seconds / float(np.mean([run.seconds for run in theirs.values()])),
        "electricity": _error(sum(base.electricity_kwh), sum(reference.electricity_kwh)),
        "gas": _error(sum(base.gas_kwh), sum(reference.gas_kwh)),
        "worst month": float(np.abs(_months(base) / _months(reference) - 1).max()),
        "peak": _error(base.peak_kw, reference.peak_kw),
        **{f"saving of {package}": error for package, error in savings.items()},
        "worst saving": max(savings.values(), key=abs),
    }


def _months(run: Run) -> np.ndarray:
    return np.array(run.electricity_kwh) + np.array(run.gas_kwh)


def _saving(runs: dict[str, Run], package: str) -> float:
    return float((_months(runs["none"]) - _months(runs[package])).sum())


def _error(found: float, reference: float) -> float:
    return found / reference - 1 if reference else 0.0


def told(rows: list[dict[str, object]]) -> str:
    """Return the table as markdown."""
    columns = [name for name in rows[0] if name != "kind"]
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    for each in rows:
        cells = [f"{value:.2f}" if name == "time share" else f"{value:+.2%}" if isinstance(value, float)
                 and name != "processor_s" else str(value) for name, value in each.items() if name != "kind"]
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)


@pytest.mark.engine
@pytest.mark.timeout(3600)
def test_default_settings_hold_their_limits():
    assert all(line.settings for line in LINES.values())  # a line out of range would end it after ten minutes
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        runs = dict(zip(JOBS, pool.map(settings_runs.run, *zip(*JOBS, strict=True)), strict=True))
    rows = table(runs)
    sys.stdout.write(f"\n{told(rows)}\n")
    out = ROOT / "out"
    out.mkdir(exist_ok=True)
    with (out / "settings_table.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    outside = {each["settings"] for each in rows if any(abs(each[key]) > limit for key, limit in LIMITS.items())}
    assert "default" not in outside, [each for each in rows if each["kind"] == "default"]
    for name in LINES.keys() - outside:
        systems = [system for system in LINES[name].systems if system not in settings_runs.FINER]
        ours, theirs = (np.mean([each["time share"] for each in rows if each["settings"] == which
                                 and each["system"] in systems]) for which in ("default", name))
        assert not systems or ours <= theirs + NOISE_OF_TIME, f"{name} holds the limits in less time"
