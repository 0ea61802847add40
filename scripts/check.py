"""Command `check`: read a study and everything that it names; run nothing."""

from __future__ import annotations

from pathlib import Path

from scripts.context import Context, Options
from scripts.outcome import Outcome
from scripts.study import read_study
from scripts.workspace import Workspace


def check_study(path: Path, outcome: Outcome) -> None:
    """Check a study, its registry, catalogue and weather, and say how large it is.

    Faults of a weather file that can be read are told as a note: whether to use it is for the user to say.

    Raises
    ------
    InputError
        All faults in one message.
    """
    context = Context(read_study(path), Workspace(path.parent), Options(), outcome)
    context.read_inputs()
    context.say_weather_findings()
    offered = sum(len(grid) for grid in context.packages.values())
    context.say(
        f"{path}: no fault found. {len(context.buildings)} buildings, {offered} building-package pairs, "
        f"{len(context.study.optimiser.scenarios)} scenarios."
    )
