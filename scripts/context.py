"""What every stage of a study needs: the study, its folder, its inputs and how to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import xarray as xr

import weather
from buildings import (
    Building,
    Catalogue,
    Package,
    load_catalogue,
    offered_measures,
)
from buildings.bills import bill_rows
from buildings.odd_bills import strange_bills
from buildings.package_grid import PackageGrid, package_grid
from buildings.registry import Examined, examine_registry
from scripts.outcome import Outcome
from scripts.study import Study, examine_study
from scripts.workspace import Workspace, digest, file_digest
from sim.calendar import Calendar, load_calendar
from sim.engine.cluster import ClusterSettings
from vocabulary import Fault, InputError, nearest

CLUSTERS = get_args(ClusterSettings.model_fields["kind"].annotation)
"""Kinds of cluster that jobs can be started on."""


@dataclass(frozen=True)
class Options:
    """How to run: shared by all running verbs."""

    workers: int = 2
    scheduler: str | None = None
    cluster: str | None = None
    store: Path | None = None
    retry_failed: bool = False
    keep_raw: bool = False
    quiet: bool = False
    as_json: bool = False
    validation_cases: int | None = None
    validation_seed: int | None = None
    trains: bool = False
    building: str | None = None
    package: str | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises
        ------
        InputError
            If the kind of cluster is unknown, or a scheduler is named beside a cluster.
        """
        faults = []
        if self.cluster not in (None, *CLUSTERS):
            faults.append(Fault("command line", "--cluster", repr(self.cluster), f"one of {', '.join(CLUSTERS)}",
                                nearest(str(self.cluster), CLUSTERS)))
        if self.cluster is not None and self.scheduler is not None:
            faults.append(Fault("command line", "--scheduler", "--cluster beside it", "one of the two"))
        if faults:
            raise InputError(faults)


@dataclass
class Context:
    """One study in one folder, with its inputs read once."""

    study: Study
    workspace: Workspace
    options: Options
    outcome: Outcome
    kept: dict[str, Any] = field(default_factory=dict)
    """What one stage leaves for a later one of this process."""
    study_file: str = "study"
    study_faults: tuple[Fault, ...] = ()
    """Faults of the study file itself, to be told together with those of what it names."""

    @cached_property
    def examined(self) -> Examined:
        """Return the registry and its bills as far as they can be read."""
        return examine_registry(self.study.buildings.registry, self.study.buildings.bills)

    @cached_property
    def buildings(self) -> tuple[Building, ...]:
        """Return the buildings of the registry, checked.

        Raises
        ------
        InputError
            All faults of the registry and its bills in one message.
        """
        if self.examined.faults:
            raise InputError(self.examined.faults)
        return tuple(self.examined.buildings.values())

    @cached_property
    def contracts(self) -> Mapping[str, str]:
        """Return the contract of each building, its compound or else itself; empty where the registry cannot be read.

        Where rows are faulty, the names are as they are written: they are known whatever else is wrong.
        """
        if not self.examined.faults:
            return {b.building_id: b.compound_id or b.building_id for b in self.buildings}
        rows = self.examined.sheet.rows if self.examined.sheet else ()
        named = [(row.cells.get("building_id", ""), row.cells.get("compound_id", "")) for row in rows]
        return {name: compound or name for name, compound in named if name}

    @cached_property
    def obligatory_works_cny(self) -> dict[str, float]:
        """Return what the obligatory works of each building cost.

        Raises
        ------
        InputError
            If the study names a compound or building that the registry does not hold.
        """
        given = self.study.buildings.obligatory_works
        known = {*self.contracts.keys(), *self.contracts.values()}
        faults = [
            Fault(self.study_file, f"buildings.obligatory_works.{name}", "unknown",
                  "a compound or building of the registry", nearest(name, known))
            for name in given if known and name not in known
        ]
        if faults:
            raise InputError(faults)
        per_m2 = {name: works.cny_per_m2 for name, works in given.items()}
        return {
            b.building_id: b.floor_area_m2 * per_m2.get(b.building_id, per_m2.get(b.compound_id or "", 0.0))
            for b in self.buildings
        }

    @cached_property
    def catalogue(self) -> Catalogue:
        """Return the catalogue of measures."""
        return load_catalogue(self.study.packages.catalogue)

    @cached_property
    def packages(self) -> Mapping[str, PackageGrid]:
        """Return the packages offered to each building."""
        measures = self.study.packages.measures
        return {b.building_id: package_grid(b, self.catalogue, measures) for b in self.buildings}

    @cached_property
    def direct(self) -> Mapping[str, str]:
        """Return the buildings that no surrogate speaks for, each with the reason: they are simulated directly."""
        from sim import Surrogate
        from sim.plan import reason_for_direct

        named = self.study.surrogate.file
        surrogate = Surrogate.load(named) if named and not self.options.trains else None
        measures = self.study.packages.measures
        reasons = {}
        for b in self.buildings:
            alone = [Package((measure.id,)) for measure in offered_measures(b, self.catalogue, measures)]
            reasons[b.building_id] = reason_for_direct(b, alone, self.catalogue, surrogate)
        return {name: reason for name, reason in reasons.items() if reason}

    @cached_property
    def predicted_packages(self) -> Mapping[str, PackageGrid]:
        """Return the packages of the buildings that the surrogate speaks for."""
        return {name: packages for name, packages in self.packages.items() if name not in self.direct}

    @cached_property
    def weather(self) -> xr.Dataset:
        """Return the weather year: read from the EPW, or made for the city."""
        block = self.study.weather
        return weather.read_epw(block.epw) if block.epw else weather.make_typical_year(block.city or "", block.seed)

    def weather_findings(self) -> list[str]:
        """Return what `weather check` says of the EPW file that the study names; nothing where a year is made.

        The station's distance is that of the farthest building with coordinates.
        """
        from weather.quality import check, station_distance_km

        if not self.study.weather.epw:
            return []
        places = [(b.latitude_deg, b.longitude_deg) for b in self.buildings
                  if b.latitude_deg is not None and b.longitude_deg is not None]
        farthest = max(places, key=lambda place: station_distance_km(self.weather, *place), default=None)
        return [str(finding) for finding in check(self.weather, farthest)]

    def say_weather_findings(self) -> None:
        """Tell people what is wrong with the EPW file; the study may use it all the same."""
        findings = self.weather_findings()
        if findings:
            self.say(f"Note: {self.study.weather.epw} has faults (retrofolio weather check FILE --repair OUT):")
        for finding in findings:
            self.say(f"  {finding}")

    def say_strange_bills(self, most: int) -> None:
        """Tell people how many bills are possible but strange, and at most so many of them."""
        path = self.study.buildings.bills
        if path is None:
            return
        rows, _, file = bill_rows(path)
        strange = strange_bills(rows, self.buildings, file)
        if strange:
            told = f"Note: {file} has {len(strange)} strange values (retrofolio buildings check REGISTRY --bills FILE)"
            self.say(told + (":" if most else "."))
        for finding in strange[:most]:
            self.say(f"  {finding}")
        if most and len(strange) > most:
            self.say(f"  and {len(strange) - most} more")

    @cached_property
    def calendar(self) -> Calendar:
        """Return the one calendar of all cases."""
        return load_calendar()

    @property
    def weather_id(self) -> str:
        """Return the name of the weather year."""
        block = self.study.weather
        return block.epw.stem if block.epw else f"{block.city}_{block.seed}"

    @property
    def illustrative(self) -> tuple[str, ...]:
        """Return what in the results is illustrative."""
        named = [b.building_id for b in self.buildings if b.illustrative]
        return (f"{len(named)} of {len(self.buildings)} buildings are illustrative, not real",) if named else ()

    def count_runs(self, found: xr.Dataset) -> None:
        """Add the runs of a simulation to the outcome."""
        self.outcome.count(**{key: int(found.attrs[f"runs_{key}"]) for key in ("done", "skipped", "failed")})

    @property
    def store(self) -> Path:
        """Return the folder of the run store."""
        return self.options.store or self.workspace.path("runs")

    def say(self, line: str) -> None:
        """Add a line to what people are told at the end."""
        self.outcome.lines.append(line)

    def made_from(self, *blocks: str) -> dict[str, str]:
        """Return digests of study blocks (dotted keys) and of the files they name."""
        study = self.study.model_dump(mode="json")
        found = {"seed": digest(study["seed"])}
        for block in blocks:
            value = study
            for key in block.split("."):
                value = value[key]
            found[block] = digest(value)
        files = {
            "buildings": self.study.buildings.registry,
            "bills": self.study.buildings.bills,
            "degree_days": self.study.buildings.degree_days,
            **{f"bill weather of {year}": path for year, path in self.study.buildings.bill_weather.items()},
            "weather": self.study.weather.epw,
            "packages": self.study.packages.catalogue,
        }
        return found | {f"file of {key}": file_digest(path) for key, path in files.items() if path}


def open_study(path: Path, workspace: Workspace, options: Options, outcome: Outcome) -> Context:
    """Return the context of a study file; faults that leave something to read are kept for `check_inputs` to tell.

    Raises
    ------
    InputError
        If so much is missing or wrong that nothing can be read on.
    """
    study, faults = examine_study(path)
    if study is None:
        raise InputError(faults)
    return Context(study, workspace, options, outcome, study_file=str(path), study_faults=faults)
