"""The study file: one YAML that says everything, each folder's own block and the checks across blocks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from buildings import load_catalogue
from datafile import UniqueKeyLoader, expected
from optimiser.money.tariffs import DEFAULT_TARIFF, load_prices
from optimiser.published import Published
from optimiser.rules import Rules
from sim.engine.cluster import ClusterSettings
from sim.engine.findings import Finding
from sim.models import ModelSettings, default_settings
from vocabulary import Fault, InputError, nearest

MISSING = "a file that exists"
UNTIED = ("name", "seed", "buildings", "optimiser", "report")
"""Blocks that no surrogate is tied to: what is wrong there does not make it one of another study."""


class Block(BaseModel):
    """A frozen block of the study; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WeatherBlock(Block):
    """Either a city of `weather/data/` with a seed, or an EPW file."""

    city: str | None = None
    seed: int = 0
    epw: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> WeatherBlock:
        if (self.city is None) == (self.epw is None):
            raise ValueError("give either city or epw")
        return self


class WorksBlock(Block):
    """Works that a contract must do beside saving energy, such as electrical safety: trusteeship pays for them."""

    what: str = Field(min_length=1)
    cny_per_m2: float = Field(ge=0, description="of floor area")
    source: str = Field(min_length=1)
    confidence: Literal["A", "B", "C", "D"]


class BuildingsBlock(Block):
    """The registry, the bills, which baseline savings are counted from; obligatory works by compound or building."""

    registry: Path
    bills: Path | None = None
    baseline: Literal["simulated", "calibrated"] = "calibrated"
    bill_weather: dict[int, Path] = Field({}, description="EPW of calendar years with bills")
    degree_days: Path | None = Field(None, description="heating and cooling degree days of billed months, CSV")
    obligatory_works: dict[str, WorksBlock] = {}


class PackagesBlock(Block):
    """Which measures are offered and at which cost level."""

    measures: tuple[str, ...] | None = None
    costs: Literal["low", "mid", "high"] = "mid"
    catalogue: Path | None = None


def _over_defaults(given: Any) -> Any:  # noqa: ANN401 - whatever the file says; pydantic checks the outcome
    """Fill in the settings that a study does not name."""
    return default_settings().model_dump() | given if isinstance(given, dict) else given


class SimulationBlock(Block):
    """How many runs train and test the surrogate, and how they are run."""

    training_runs: int = Field(48, ge=8, le=100_000)
    training_draw: Literal["registry", "ranges"] = Field(
        "registry", description="training cases: packages of the registry's buildings, or buildings drawn over ranges")
    sequential_runs: int = Field(
        0, ge=0, le=100_000, description="further training runs, where the first leave the verdict on savings in doubt")
    holdout_runs: int = Field(8, ge=0, le=100_000)
    timeout_s: float = Field(600, gt=0)
    settings: Annotated[ModelSettings, BeforeValidator(_over_defaults)] = Field(default_factory=default_settings)
    direct_runs: int = Field(24, ge=1)
    cluster: ClusterSettings = ClusterSettings()

    @field_validator("settings")
    @classmethod
    def _whole_years(cls, settings: ModelSettings) -> ModelSettings:
        """Refuse what makes no year: savings are of a year, prices and PV of its hours."""
        if settings.run_period or not settings.hourly:
            raise ValueError("the whole year (no run_period) and its hours (hourly: true)")
        return settings


class SurrogateBlock(Block):
    """A fitted surrogate to use instead of training one, and which findings bar a run from training."""

    file: Path | None = None
    barred_findings: tuple[Finding, ...] = ("severe", "implausible")


class ScenarioBlock(BaseModel):
    """One optimisation: a name and the rules it changes."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = Field(min_length=1, max_length=80)


class OptimiserBlock(Block):
    """Rules that hold for all scenarios, and the scenarios."""

    rules: dict[str, Any] = {}
    tariff: str = DEFAULT_TARIFF
    scenarios: tuple[ScenarioBlock, ...] = Field(min_length=1)

    def rules_of(self, scenario: ScenarioBlock) -> Rules:
        """Return the rules of one scenario: the common ones changed by its own."""
        return Rules(**(self.rules | (scenario.model_extra or {})))


class ReportBlock(Block):
    """Languages of the page and of the summary, and published results to put beside the study's own."""

    languages: tuple[Literal["en", "zh"], ...] = ("en", "zh")
    published: Published | None = None


class Study(Block):
    """All of one study (frozen); paths are absolute after reading."""

    name: str = Field(pattern=r"^[A-Za-z0-9_\-]{1,80}$")
    seed: int = 0
    weather: WeatherBlock
    buildings: BuildingsBlock
    packages: PackagesBlock = PackagesBlock()
    simulation: SimulationBlock = SimulationBlock()
    surrogate: SurrogateBlock = SurrogateBlock()
    optimiser: OptimiserBlock
    report: ReportBlock = ReportBlock()


def _parse(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        given = yaml.load(text, Loader=UniqueKeyLoader)
    except OSError as error:
        raise InputError([Fault(str(path), "file", error.strerror or "unreadable", "a readable file")]) from error
    except UnicodeDecodeError as error:
        raise InputError([Fault(str(path), f"byte {error.start}", "not UTF-8", "UTF-8 text")]) from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else "file"
        raise InputError([Fault(str(path), place, str(getattr(error, "problem", error)), "valid YAML")]) from error
    if not isinstance(given, dict):
        raise InputError([Fault(str(path), "file", type(given).__name__, "a mapping of study keys")])
    return given


def _model_at(model: type[BaseModel], location: tuple[int | str, ...]) -> type[BaseModel] | None:
    for key in location:
        if isinstance(key, int):
            continue
        field = model.model_fields.get(key)
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return None
        model = kind
    return model


def _fault(path: Path, root: type[BaseModel], error: ErrorDetails, prefix: str = "") -> Fault:
    location = error["loc"]
    place = prefix + ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        owner = _model_at(root, location[:-1])
        known = list(owner.model_fields) if owner else []
        return Fault(str(path), place, "unknown key", "one of " + ", ".join(known), nearest(str(location[-1]), known))
    found = "nothing" if error["type"] == "missing" else repr(error["input"])[:80]
    return Fault(str(path), place, found, expected(error["msg"]))


def _rule_faults(path: Path, given: Mapping[str, Any]) -> Iterator[Fault]:
    """Check the rules of every scenario; each rule is a key of `Rules`."""
    block = given.get("optimiser")
    if not isinstance(block, dict):
        return
    common, scenarios = block.get("rules") or {}, block.get("scenarios") or []
    if not isinstance(common, dict) or not isinstance(scenarios, list):
        return  # already reported by the block's own check
    named = [s for s in scenarios if isinstance(s, dict)]
    names = [str(s.get("name")) for s in named]
    for twice in sorted({name for name in names if names.count(name) > 1}):
        yield Fault(str(path), "optimiser.scenarios", f"name {twice!r} twice", "a name of its own for each scenario")
    for index, scenario in enumerate(named):
        own = {key: value for key, value in scenario.items() if key != "name"}
        try:
            Rules.model_validate(common | own)
        except ValidationError as error:
            for detail in error.errors():
                where = f"scenarios.{index}." if not detail["loc"] or detail["loc"][0] in own else "rules."
                yield _fault(path, Rules, detail, f"optimiser.{where}")


def _resolve_paths(study: Study, folder: Path) -> Study:
    """Make every path of the study absolute, seen from the folder of the study file."""

    def absolute(path: Path | None) -> Path | None:
        return Path(os.path.abspath(folder / path)) if path else None

    blocks = {
        "weather": study.weather.model_copy(update={"epw": absolute(study.weather.epw)}),
        "buildings": study.buildings.model_copy(
            update={
                "registry": absolute(study.buildings.registry), "bills": absolute(study.buildings.bills),
                "degree_days": absolute(study.buildings.degree_days),
                "bill_weather": {year: absolute(path) for year, path in study.buildings.bill_weather.items()},
            }
        ),
        "packages": study.packages.model_copy(update={"catalogue": absolute(study.packages.catalogue)}),
        "surrogate": study.surrogate.model_copy(update={"file": absolute(study.surrogate.file)}),
    }
    return study.model_copy(update=blocks)


def _cross_faults(path: Path, study: Study) -> Iterator[Fault]:
    """Check what one block alone cannot know: files that must exist, measures of the catalogue."""
    files = {
        "weather.epw": study.weather.epw,
        "buildings.registry": study.buildings.registry,
        "buildings.bills": study.buildings.bills,
        "buildings.degree_days": study.buildings.degree_days,
        **{f"buildings.bill_weather.{year}": path for year, path in study.buildings.bill_weather.items()},
        "packages.catalogue": study.packages.catalogue,
        "surrogate.file": study.surrogate.file,
    }
    for place, file in files.items():
        if file is not None and not file.is_file():
            near = nearest(file.name, [p.name for p in file.parent.iterdir()]) if file.parent.is_dir() else ""
            yield Fault(str(path), place, str(file), MISSING, near)
    tariff, tariffs = study.optimiser.tariff, load_prices().electricity
    if tariff not in tariffs:
        expected_words = "one of " + ", ".join(sorted(tariffs))
        yield Fault(str(path), "optimiser.tariff", repr(tariff), expected_words, nearest(tariff, tariffs))
    yield from _measure_faults(path, study.packages)


def _measure_faults(path: Path, packages: PackagesBlock) -> Iterator[Fault]:
    catalogue = packages.catalogue
    if catalogue is not None and not catalogue.is_file():
        return
    try:
        known = load_catalogue(catalogue).measures
    except InputError as error:
        yield from error.faults
        return
    for measure in packages.measures or ():
        if measure not in known:
            yield Fault(str(path), "packages.measures", measure, "a measure of the catalogue", nearest(measure, known))


def _validated(path: Path, given: Mapping[str, Any]) -> tuple[Study | None, list[Fault]]:
    """Return the study and its faults; what is wrong is left out, so that what stands beside it can be looked at."""
    try:
        return Study.model_validate(given), []
    except ValidationError as error:
        details = error.errors()
    faults = [_fault(path, Study, detail) for detail in details]
    try:
        return Study.model_validate(_without(given, [detail["loc"] for detail in details])), faults
    except ValidationError:
        return None, faults


def _without(given: Mapping[str, Any], locations: Iterable[tuple[int | str, ...]]) -> dict[str, Any]:
    """Return a study without the keys of the first two levels that something is wrong with, named where it needs it."""
    kept: dict[str, Any] = {key: dict(value) if isinstance(value, dict) else value for key, value in given.items()}
    for location in locations:
        name, *inner = location or ("",)
        block = kept.get(str(name))
        if not inner or not isinstance(block, dict):
            kept.pop(str(name), None)
        elif location[-1] == "name" and isinstance(block.get("scenarios"), list):
            block["scenarios"] = [{**item, "name": f"scenario {index}"} if isinstance(item, dict) else item
                                  for index, item in enumerate(block["scenarios"])]
        else:
            block.pop(inner[0], None)
    return {"name": "unnamed"} | kept


def read_study(path: Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : Path
        A YAML file, UTF-8.

    Returns
    -------
    Study
        Frozen; all paths absolute.

    Raises
    ------
    InputError
        All faults of the file in one message: unknown keys with the nearest spelling, wrong values, missing files.
    """
    study, faults = examine_study(path)
    if faults or study is None:
        raise InputError(faults)
    return study


def examine_study(path: Path) -> tuple[Study | None, tuple[Fault, ...]]:
    """Read a study file as far as it can be read, and collect every fault instead of raising.

    Parameters
    ----------
    path : Path
        A YAML file, UTF-8.

    Returns
    -------
    tuple of Study or None, tuple of Fault
        What can be read, None where too little can. Where there are faults it is good for finding further ones only:
        wrong keys are left out of it, and the surrogate too where it may be tied to one of them.

    Raises
    ------
    InputError
        If the file cannot be read, or is no mapping.
    """
    given = _parse(path)
    study, faults = _validated(path, given)
    tied = not all(fault.place.split(".")[0] in UNTIED for fault in faults)
    faults += _rule_faults(path, given)
    if study is not None:
        study = _resolve_paths(study, path.resolve().parent)
        faults += _cross_faults(path, study)
        study = study.model_copy(update={"surrogate": SurrogateBlock()}) if tied else study
    return study, tuple(dict.fromkeys(faults))


def study_text(study: Study) -> str:
    """Return the study as resolved, as YAML text."""
    return yaml.safe_dump(study.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def published_text(study: Study) -> str:
    """Return the study as resolved, as files and pages show it: paths inside the project say nothing of the machine."""
    return study_text(study).replace(f"{Path(__file__).resolve().parents[1]}/", "")
