"""From a case to its expanded model and its run key, kept sizes included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.case import Case, canonical
from sim.engine.record import Record
from sim.engine.results import Reading, UnreadableError, read_run
from sim.engine.store import Store, digest

if TYPE_CHECKING:
    from buildings.design import Design
    from sim.engine.task import Read, Workshop
    from sim.models import KeptSizes

Settle = Callable[[Store, "Workshop", str, str, "Read"], tuple[Record | None, bool]]

_SIZES = "sizes"


@dataclass(frozen=True)
class Prepared:
    """A model ready for the engine: key, text, and how its files are read."""

    run_key: str
    text: str
    read: Read


def prepare(workshop: Workshop, case: Case, settle: Settle) -> Prepared | Record | None:
    """Write the model of a case; equipment that a package leaves in place is sized first, by a run of its own.

    Parameters
    ----------
    workshop : Workshop
        What all cases share.
    case : Case
        The case.
    settle : callable
        Brings a run to its record (`sim.engine.task.settle`).

    Returns
    -------
    Prepared, Record or None
        The model; the record of a sizing run that failed; None while another process is running the sizing.

    Raises
    ------
    InputError
        If a model that somebody else wrote is refused.
    """
    from sim import models
    from sim.models import external

    sizes: KeptSizes | None = None
    if case.model_path is not None:
        text = external.build_external_idf(case.model_path, case.design, workshop.site, workshop.settings,
                                           case.pv_capacity_kw)
    else:
        found = []
        for design in models.sizing_designs(case.design):
            record = _sizing(workshop, design, settle)
            if record is None or not record.ok:
                return record and replace(record, failure_message=f"sizing run: {record.failure_message}")
            found.append(record.results[_SIZES])
        sizes = models.combine_sizes(case.design, found) if found else None
        text = models.build_idf(case.design, workshop.site, workshop.settings, sizes, case.pv_capacity_kw)
    read = partial(_read, case=case, workshop=workshop, sizes=sizes)
    return Prepared(_run_key("run", text, workshop), text, read)


def _run_key(kind: str, text: str, workshop: Workshop) -> str:
    # The outputs asked for stand in the text; their meaning is `OUTPUTS`, part of the key too.
    from sim.models.outputs import OUTPUTS

    return digest(kind, text, workshop.weather_key, workshop.engine_version, repr(OUTPUTS))


def _sizing(workshop: Workshop, design: Design, settle: Settle) -> Record | None:
    """Return the record of a sizing run; all packages of a building find the same one by its own case key."""
    from sim import models

    store = workshop.store
    sizing_key = digest("sizing", canonical(design), workshop.shared)
    run_key = store.find_run_key(sizing_key)
    record = store.read(run_key) if run_key else None
    if record is not None and (record.ok or not workshop.retry_failed):
        return record
    text = models.sizing_idf(design, workshop.site, workshop.settings)
    run_key = _run_key("sizing", text, workshop)
    store.map_case(sizing_key, run_key)
    return settle(store, workshop, run_key, text, _read_sizes)[0]


def _read_sizes(folder: Path) -> Reading:
    from sim import models

    return Reading({_SIZES: models.read_sizes(_eio(folder))})


def _read(folder: Path, case: Case, workshop: Workshop, sizes: KeptSizes | None) -> Reading:
    from sim import models

    reading = read_run(folder, models.occupied_hours(case.design, workshop.site.calendar))
    if case.model_path is None:
        found = models.quantities(case.design, _eio(folder), sizes)
    else:
        found = models.foreign_quantities(case.design, _eio(folder))
    quantities = {name: float(value) for name, value in found.items()}
    return replace(reading, results={**reading.results, "quantities": quantities})


def _eio(folder: Path) -> str:
    try:
        return (folder / "eplusout.eio").read_text(encoding="latin-1")
    except FileNotFoundError as error:
        raise UnreadableError("eplusout.eio: no such file") from error
