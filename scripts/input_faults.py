"""Everything that is wrong with a study and with what it names, found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

import weather
from buildings.degree_days import read_degree_days
from scripts import fit, ties
from scripts.context import Context
from scripts.rule_faults import rule_faults
from scripts.study import MISSING
from sim.surrogate.climate import climate_of
from vocabulary import Fault, InputError

INPUTS = ("buildings", "catalogue", "obligatory_works_cny", "weather", "calendar")
Reader = Callable[[Context], Iterable[Fault]]


def check_inputs(context: Context) -> None:
    """Read and check a study and all that it names, before anything runs.

    Raises
    ------
    InputError
        All faults of the study and of all its inputs in one message.
    """
    faults = input_faults(context)
    if faults:
        raise InputError(faults)


def input_faults(context: Context) -> tuple[Fault, ...]:
    """Return the faults of a study file and of all that it names, each once; no engine runs.

    Parameters
    ----------
    context : Context
        The study; its `study_faults` come first.

    Returns
    -------
    tuple of Fault
        Empty where the study may run.
    """
    found = list(context.study_faults)
    inputs = [partial(_read, name=name) for name in INPUTS]
    readers: list[Reader] = [*inputs, _degree_days, _bill_weather, rule_faults, _surrogate]
    for reader in readers:
        try:
            found += list(reader(context))
        except InputError as error:
            found += error.faults
    missing = {Path(fault.found).name for fault in context.study_faults if fault.expected == MISSING}
    return tuple(f for f in dict.fromkeys(found) if f.place != "file" or Path(f.file).name not in missing)


def _read(context: Context, name: str) -> Iterator[Fault]:
    """Read one input; its reader raises all its faults."""
    getattr(context, name)
    yield from ()


def _degree_days(context: Context) -> Iterator[Fault]:
    path, normal = context.study.buildings.degree_days, np.zeros(12)  # no fault depends on the normal year
    if path is not None:
        read_degree_days(path, normal, normal)
    yield from ()


def _bill_weather(context: Context) -> Iterator[Fault]:
    """Read the weather of billed years as calibration does, also where no calibration is asked for."""
    for path in sorted(set(context.study.buildings.bill_weather.values()) - {context.study.weather.epw}):
        try:
            year = weather.read_epw(path)
        except InputError as error:
            yield from error.faults
            continue
        try:
            climate_of(year.assign(is_workday=("hour", np.repeat(context.calendar.workdays, 24))))
        except InputError as error:
            yield from (replace(fault, file=str(path)) for fault in error.faults)


def _surrogate(context: Context) -> Iterator[Fault]:
    """Yield what the named surrogate is tied to that is not this study's, unless the folder's own takes its place."""
    path = context.study.surrogate.file
    if path is not None and not context.options.trains and not fit.is_current(context):
        for fault in ties.misfits(context, path):
            yield replace(fault, file=context.study_file, place=f"surrogate.file: {fault.place}",
                          found=f"{path.name}: {fault.found}")
