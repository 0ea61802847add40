"""How a command ends: exit code, one message for people or one JSON object for machines."""

from __future__ import annotations

import json
import logging
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import FrameType

from rich.console import Console

from vocabulary import Fault, InputError, RetrofolioError

LOG = logging.getLogger("retrofolio")
FAULT_OF_OUR_OWN, BAD_INPUT, INTERRUPTED, TERMINATED = 1, 2, 130, 143


class Terminated(BaseException):
    """SIGTERM arrived; raised in the main thread so that everything is closed on the way out."""


@dataclass
class Outcome:
    """What a command has to tell: exit code, lines for people, runs and faults for machines."""

    exit_code: int = 0
    lines: list[str] = field(default_factory=list)
    runs: dict[str, int] = field(default_factory=lambda: {"done": 0, "skipped": 0, "failed": 0})
    faults: list[Fault] = field(default_factory=list)

    def count(self, **runs: int) -> None:
        """Add to the counts of runs."""
        for key, value in runs.items():
            self.runs[key] = self.runs.get(key, 0) + value

    def worsen(self, exit_code: int) -> None:
        """Take over an exit code unless an earlier one was already set."""
        self.exit_code = self.exit_code or exit_code


def _raise_terminated(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _attempt(action: Callable[[Outcome], None], outcome: Outcome) -> None:
    """Run the action and turn every way it can end into an exit code and lines."""
    try:
        action(outcome)
    except InputError as error:
        outcome.exit_code, outcome.faults = error.exit_code, list(error.faults)
        started = "" if any(outcome.runs.values()) else "; nothing was run"
        outcome.lines = [f"{len(error.faults)} fault(s) in the input{started}:", str(error)]
    except RetrofolioError as error:
        outcome.exit_code = error.exit_code
        outcome.lines.append(str(error))
    except KeyboardInterrupt:
        outcome.exit_code = INTERRUPTED
        outcome.lines.append("Interrupted. Finished runs are kept; run the same command again to go on.")
    except Terminated:
        outcome.exit_code = TERMINATED
        outcome.lines.append("Terminated. Finished runs are kept; run the same command again to go on.")
    except Exception as error:  # noqa: BLE001 - the rim: anything else is our own fault and goes to the log
        LOG.error("%s", traceback.format_exc())
        outcome.exit_code = FAULT_OF_OUR_OWN
        outcome.lines.append(f"A fault of our own: {type(error).__name__}: {error}. The traceback is in log.txt.")


def execute(command: str, out: str, action: Callable[[Outcome], None], *, as_json: bool = False) -> int:
    """Run one command to its end.

    Parameters
    ----------
    command : str
        Name of the verb, for the JSON object.
    out : str
        Output folder, for the JSON object.
    action : callable
        What to do; fills the `Outcome` it is given.
    as_json : bool
        Print one JSON object on standard output instead of lines.

    Returns
    -------
    int
        Exit code as laid down for all commands: 0 done, 1 own fault, 2 bad input, 3 to 5 by the error, 130, 143.
    """
    outcome = Outcome()
    signal.signal(signal.SIGTERM, _raise_terminated)
    _attempt(action, outcome)
    for line in outcome.lines:
        LOG.info("%s", line)
    if as_json:
        told = {"command": command, "exit_code": outcome.exit_code, "out": out, "runs": outcome.runs}
        sys.stdout.write(json.dumps(told | {"faults": [asdict(fault) for fault in outcome.faults]}) + "\n")
    else:
        console = Console(stderr=outcome.exit_code != 0, highlight=False, markup=False, soft_wrap=True)
        for line in outcome.lines:
            console.print(line)
    return outcome.exit_code
