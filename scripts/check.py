"""Command `check`: read a study and everything that it names; run nothing."""

from __future__ import annotations

from pathlib import Path

from scripts.context import Options, open_study
from scripts.input_faults import check_inputs
from scripts.outcome import Outcome
from scripts.workspace import Workspace

STRANGE_BILLS_TOLD = 20


def check_study(path: Path, outcome: Outcome) -> None:
    """Check a study and all that it names, and say how large it is.

    Faults of a weather file that can be read, and strange bills, are told as notes: whether to use them is for the user
    to say.

    Raises
    ------
    InputError
        All faults in one message.
    """
    context = open_study(path, Workspace(path.parent), Options(), outcome)
    check_inputs(context)
    context.say_weather_findings()
    context.say_strange_bills(STRANGE_BILLS_TOLD)
    offered = sum(len(grid) for grid in context.packages.values())
    context.say(
        f"{path}: no fault found. {len(context.buildings)} buildings, {offered} building-package pairs, "
        f"{len(context.study.optimiser.scenarios)} scenarios."
    )
