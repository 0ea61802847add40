"""What a fitted surrogate is tied to: what the models say, not the text of the sources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import netcdf
from buildings import Catalogue
from scripts.context import Context
from scripts.workspace import digest
from sim import Surrogate
from sim.engine.energyplus import engine_version
from sim.engine.probe import run_keys
from sim.models import site_of
from sim.surrogate.files import check_kind
from sim.surrogate.sampling import training_designs
from vocabulary import SOURCE_SYSTEMS, Fault, InputError
from weather.epw import epw_text

ATTRIBUTE = "ties"
PROBES_PER_SYSTEM, PROBE_SEED = 2, 20250101


def ties(context: Context) -> dict[str, str]:
    """Return what a surrogate of this study is tied to: one digest each, of the models the run keys of probe cases."""
    return _of_inputs(context) | _of_models(context)


def _of_inputs(context: Context) -> dict[str, str]:
    return {
        "engine version": engine_version(),
        "weather": digest(epw_text(context.weather)),
        "calendar": digest(context.calendar.model_dump(mode="json")),
        "settings": digest(context.study.simulation.settings.model_dump(mode="json")),
        "catalogue": catalogue_digest(context.catalogue),
    }


def _of_models(context: Context) -> dict[str, str]:
    """Write the models of the probes and return the digest of their run keys; no engine runs."""
    drawn = [each for system in SOURCE_SYSTEMS for each in training_designs(
        PROBES_PER_SYSTEM, PROBE_SEED, systems=(system,), catalogue=context.catalogue, always_package=True)]
    # buildings as they are and with packages: a package writes parts of a model that no building has as it is
    probes = [d.building.design for d in drawn[::max(PROBES_PER_SYSTEM, 1)]] + [d.design for d in drawn]
    site = site_of(context.weather, context.calendar)
    return {"models": digest(run_keys(probes, site, context.study.simulation.settings))}


def catalogue_digest(catalogue: Catalogue) -> str:
    """Return a digest of what the measures do to models, the same in every process; prices and texts do not count."""
    return digest({
        name: measure.model_dump(mode="json", include={"changes", "needs", "excludes"})
        | {"replaces": sorted(measure.replaces)}
        for name, measure in catalogue.measures.items()
    })


def attributes(context: Context) -> dict[str, str]:
    """Return the attribute of `surrogate.nc` that says what it is tied to."""
    return {ATTRIBUTE: json.dumps(ties(context))}


def misfits(context: Context, path: Path) -> list[Fault]:
    """Return what a surrogate file is tied to that is not this study's; only the attributes of the file are read.

    Models are written only where nothing else differs: in another weather or by other settings all of them differ.

    Raises
    ------
    InputError
        If the file is no surrogate, or one of another version.
    """
    attrs = netcdf.read_attributes(path)
    check_kind(path, attrs)
    told = json.loads(str(attrs.get(ATTRIBUTE, "{}")))

    def differing(own: Mapping[str, str]) -> list[Fault]:
        return [Fault(str(path), f"made for another {what}", str(told.get(what, "not told")),
                      f"{tie}, this study's: change the study back, or fit anew")
                for what, tie in own.items() if told.get(what) != tie]

    return differing(_of_inputs(context)) or differing(_of_models(context))


def loaded(context: Context, path: Path) -> Surrogate:
    """Return the surrogate of a file, refused where it is tied to something else than this study's.

    Raises
    ------
    InputError
        If the file is no surrogate, or of another version, climate, calendar, settings, catalogue or other models; all
        differences in one message (models where nothing else differs).
    """
    surrogate = Surrogate.load(path)
    faults = misfits(context, path)
    if faults:
        raise InputError(faults)
    return surrogate
