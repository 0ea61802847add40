"""A plain office, its site, and one annual engine run per source system shared by all tests of the models."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from buildings.design import Design
from sim.engine import energyplus
from sim.models import KeptSizes, ModelSettings, Site, build_idf, default_settings, site_of
from weather import make_typical_year, write_epw

OFFICE = yaml.safe_load((Path(__file__).parents[2] / "data/models/office.yaml").read_text(encoding="utf-8"))
SYSTEMS: dict[str, dict[str, object]] = {
    "chiller_boiler": {},
    "absorption": {"cooling_cop": 1.2, "boiler_efficiency": 0.92},
    "vrf": {"cooling_cop": 3.4, "heating_cop": 3.8},
    "split": {"cooling_cop": 2.9, "heating_cop": 3.2},
    "air_source_heat_pump": {"cooling_cop": 3.2, "heating_cop": 3.3},
    "high_efficiency_plant": {"cooling_cop": 5.6, "chiller_type": "variable_speed", "boiler_type": "condensing",
                              "boiler_efficiency": 1.0, "supply_temperature_reset": True, "variable_flow": True,
                              "tower_variable_speed": True},
    "ground_source_heat_pump": {"cooling_cop": 5.0, "heating_cop": 4.2},
}
PROBES = (
    "Chiller Evaporator Cooling Energy", "Chiller Condenser Heat Transfer Energy", "Chiller Electricity Energy",
    "Chiller Evaporator Outlet Temperature",
    "Chiller False Load Heat Transfer Energy", "Chiller Condenser Inlet Temperature", "Chiller Part Load Ratio",
    "Chiller Heater Evaporator Cooling Energy", "Chiller Heater Heating Energy", "Chiller Heater Fuel Energy",
    "Heat Pump Load Side Heat Transfer Energy", "Heat Pump Source Side Heat Transfer Energy",
    "Heat Pump Electricity Energy", "Pump Fluid Heat Gain Energy", "Boiler Heating Energy",
    "Ground Heat Exchanger Heat Transfer Rate", "Cooling Tower Heat Transfer Energy",
)
"""Extra series that the physical checks read: hourly, by object."""


def make_office(system: str = "chiller_boiler", **changes: object) -> Design:
    return Design(**{**OFFICE, "source_system": system, **SYSTEMS[system], **changes})


@pytest.fixture(scope="session")
def office() -> Callable[..., Design]:
    """Make a plain office of 850 m2 with a source system, with changes."""
    return make_office


@dataclass(frozen=True)
class Run:
    """One finished engine run, read by a reader of the tests' own."""

    design: Design
    folder: Path
    series: dict[tuple[str, str, str], np.ndarray]

    @property
    def eio(self) -> str:
        return (self.folder / "eplusout.eio").read_text(encoding="latin-1")

    def total_kwh(self, name: str, key: str = "", frequency: str = "Hourly") -> float:
        found = [v.sum() for (n, k, f), v in self.series.items()
                 if n == name.lower() and key.lower() in k and f == frequency]
        return float(sum(found)) / 3.6e6

    def monthly_kwh(self, name: str) -> float:
        return self.total_kwh(name, frequency="Monthly")

    def hourly(self, name: str, key: str = "") -> np.ndarray:
        (found,) = [v for (n, k, f), v in self.series.items()
                    if n == name.lower() and key.lower() in k and f == "Hourly"]
        return found


def read_series(path: Path) -> dict[tuple[str, str, str], np.ndarray]:
    """Read an ESO or MTR file: (variable, key, frequency) to values."""
    labels: dict[str, tuple[str, str, str]] = {}
    values: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    dictionary = True
    with path.open(encoding="latin-1", newline="") as stream:
        for row in csv.reader(stream):
            if row[0].startswith("End of Data Dictionary"):
                dictionary = False
            elif not dictionary and row[0] == "1":  # another environment: design days come first, the weather run last
                values.clear()
            elif dictionary and len(row) >= 3 and row[0].isdigit() and int(row[0]) > 6:
                text = ",".join(row[2:])
                frequency = "Monthly" if "!Monthly" in text else "Hourly"
                name = text.split("!")[0].rsplit("[", 1)[0].strip()
                key, _, variable = name.rpartition(",")
                labels[row[0]] = variable.lower(), key.lower(), frequency
            elif not dictionary and row[0] in labels:
                values[labels[row[0]]].append(float(row[1]))
    return {label: np.array(found) for label, found in values.items()}


@pytest.fixture(scope="session")
def weather_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Site]:
    dataset = make_typical_year("shanghai")
    path = tmp_path_factory.mktemp("weather") / "shanghai.epw"
    write_epw(dataset, path)
    return path, site_of(dataset)


@pytest.fixture(scope="session")
def site(weather_file: tuple[Path, Site]) -> Site:
    return weather_file[1]


@pytest.fixture(scope="session")
def run_text(weather_file: tuple[Path, Site], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Run IDF text; the model's own fatal error fails the test with its words."""

    def run(text: str, design: Design, probes: bool = False) -> Run:
        folder = tmp_path_factory.mktemp("run")
        extra = "".join(f"Output:Variable,*,{name},Hourly;\n" for name in PROBES) if probes else ""
        result = energyplus.run(text + extra, weather_file[0], folder, 600)
        errors = (folder / "eplusout.err").read_text(encoding="latin-1")
        assert result.exit_code == 0, [line for line in errors.splitlines() if "Severe" in line or "Fatal" in line]
        series = {**read_series(folder / "eplusout.eso"), **read_series(folder / "eplusout.mtr")}
        return Run(design, folder, series)

    return run


@pytest.fixture(scope="session")
def run_design(site: Site, run_text: Callable[..., Run]) -> Callable[..., Run]:
    def run(design: Design, kept: KeptSizes | None = None, settings: ModelSettings | None = None, **more: float) -> Run:
        return run_text(build_idf(design, site, settings or default_settings(), kept, **more), design, probes=True)

    return run


@pytest.fixture(scope="session")
def annual(run_design: Callable[..., Run]) -> Callable[[str], Run]:
    """The year of each source system, run once per session."""
    done: dict[str, Run] = {}

    def of(system: str) -> Run:
        if system not in done:
            done[system] = run_design(make_office(system))
        return done[system]

    return of
