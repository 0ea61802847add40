"""Loaded once by the process that this machine's workers are forked from, so that each finds it in memory.

Nothing here is needed for a right answer: a worker started in another way loads the same when it first needs it.
"""

from __future__ import annotations

import logging

import sim.engine.task  # noqa: F401 - what bringing a case to its verdict loads
from sim.models.idd import read_idf

try:
    read_idf()
except Exception:  # whatever it is, the worker that needs the IDD says it with the case
    logging.getLogger(__name__).debug("the IDD could not be read yet", exc_info=True)
