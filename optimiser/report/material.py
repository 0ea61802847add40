"""What a report is made from: the portfolio and whatever else is there, looked up by name; what is absent is None."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from optimiser.money.contracts import Terms
from optimiser.money.factors import DEFAULT_BASIS, Basis, basis_of
from optimiser.published import Published
from vocabulary import NO_PACKAGE, Fault, InputError

Floats = NDArray[np.float64]
DEFAULT_FLOOR = 0.20


@dataclass(frozen=True)
class Material:
    """Datasets of one study; only the portfolio and the cube are needed, each other part adds its section.

    Parameters
    ----------
    portfolio : xr.Dataset
        Over `scenario` and `building`, as `optimise` returns it.
    inputs : xr.Dataset
        The cube, and over `building` what is known of it: `building_name`, `town`, `latitude`, `longitude`,
        `floor_area`, `source_system`.
    verification, validation, simulations, frontier : xr.Dataset, optional
        As the netCDF files hold them; `frontier` as `optimiser.budget_curve` and `optimiser.prices` return it.
    calibration : xr.Dataset, optional
        Group `calibration` of `portfolio.nc`.
    hourly : callable, optional
        From a run key to a Dataset with `electricity_hourly` [kW], e.g. `Store(path).hourly`.
    published : Published, optional
        Results that somebody has published, to stand beside these.
    """

    portfolio: xr.Dataset
    inputs: xr.Dataset
    verification: xr.Dataset | None = None
    validation: xr.Dataset | None = None
    simulations: xr.Dataset | None = None
    frontier: xr.Dataset | None = None
    calibration: xr.Dataset | None = None
    hourly: Callable[[str], xr.Dataset] | None = None
    published: Published | None = None
    title: str = "Retrofit portfolio"
    study_text: str = ""
    measure_labels: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    _tables: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check that the parts speak of the same buildings.

        Raises
        ------
        InputError
            If a building of the portfolio is not in the inputs, or dims are missing.
        """
        faults = [
            Fault("portfolio", "dimension", "none", dim)
            for dim in ("scenario", "building")
            if dim not in self.portfolio.dims
        ]
        if not faults:
            known = set(map(str, self.inputs["building"].values))
            strangers = [b for b in self.buildings if b not in known]
            if strangers:
                faults.append(Fault("portfolio", "building", f"{strangers[:5]}", "buildings of the inputs"))
        if faults:
            raise InputError(faults)

    def table(self, name: str, scenario: str, make: Callable[[Material, str], pd.DataFrame]) -> pd.DataFrame:
        """Return a copy of a table of one scenario, made once and then remembered."""
        if (name, scenario) not in self._tables:
            self._tables[name, scenario] = make(self, scenario)
        return self._tables[name, scenario].copy()

    @cached_property
    def buildings(self) -> tuple[str, ...]:
        """Identifiers in the order of the portfolio."""
        return tuple(map(str, self.portfolio["building"].values))

    @cached_property
    def scenarios(self) -> tuple[str, ...]:
        """Scenario labels in the order of the portfolio."""
        return tuple(map(str, self.portfolio["scenario"].values))

    @cached_property
    def basis_name(self) -> str:
        """Name of the energy basis that savings are counted in."""
        return str(self.portfolio.attrs.get("energy_basis", self.inputs.attrs.get("energy_basis", DEFAULT_BASIS)))

    @property
    def basis(self) -> Basis:
        """The energy basis."""
        return basis_of(self.basis_name)

    @cached_property
    def rules(self) -> dict[str, dict[str, object]]:
        """Rules of each scenario as the portfolio's attribute `rules` holds them; empty where it holds none."""
        found = {}
        for line in str(self.portfolio.attrs.get("rules", "")).splitlines():
            label, _, text = line.partition(": ")
            if text.startswith("{"):
                found[label] = dict(json.loads(text))
        return found

    def rule(self, scenario: str, name: str, default: object) -> object:
        """Return one rule of a scenario, of the portfolio's attributes, or the default."""
        return self.rules.get(scenario, {}).get(name, self.portfolio.attrs.get(name, default))

    def floor(self, scenario: str) -> float:
        """Return the least saving fraction that the rules ask for."""
        return float(str(self.rule(scenario, "minimum_saving_fraction", DEFAULT_FLOOR)))

    def terms(self, scenario: str) -> Terms:
        """Return the contract terms of a scenario; the conventions where its rules say nothing."""
        given = self.rule(scenario, "contract_terms", {})
        known = dict(given) if isinstance(given, dict) else {}
        share = known.get("shared_esco_share")
        fields = {key: known[key] for key in Terms.model_fields if key in known}
        return Terms(**fields, **({"service_share": (share,)} if share is not None else {}))

    def chosen(self, name: str, scenario: str) -> Floats | None:
        """Return a numeric variable of the portfolio in one scenario, None where it has no such variable."""
        if name not in self.portfolio:
            return None
        return np.asarray(self.portfolio[name].sel(scenario=scenario).values, dtype=float)

    def chosen_number(self, name: str, scenario: str) -> float:
        """Return a number of one scenario, NaN where the portfolio has no such variable."""
        return float(self.portfolio[name].sel(scenario=scenario)) if name in self.portfolio else float("nan")

    def chosen_text(self, name: str, scenario: str) -> NDArray[np.str_]:
        """Return a text variable of the portfolio in one scenario, `none` where it has no such variable."""
        if name not in self.portfolio:
            return np.full(len(self.buildings), NO_PACKAGE)
        return np.asarray(self.portfolio[name].sel(scenario=scenario).values).astype(str)

    def of_building(self, name: str) -> Floats | None:
        """Return a numeric variable of the inputs over buildings, in the portfolio's order, None where absent."""
        array = self._input(name)
        return None if array is None else np.asarray(array.values, dtype=float)

    def text_of_building(self, *names: str) -> NDArray[np.str_]:
        """Return the first of these text variables that the inputs hold, empty texts where none is there."""
        for name in names:
            array = self._input(name)
            if array is not None:
                return np.asarray(array.values).astype(str)
        return np.full(len(self.buildings), "", dtype="U1")

    def _input(self, name: str) -> xr.DataArray | None:
        if name not in self.inputs or self.inputs[name].dims != ("building",):
            return None
        return self.inputs[name].sel(building=list(self.buildings))

    def of_choice(self, name: str, scenario: str) -> Floats | None:
        """Return a variable of the cube at the chosen packages, NaN where none is chosen, None where absent."""
        if name not in self.inputs or self.inputs[name].dims != ("building", "package"):
            return None
        position = {str(label): i for i, label in enumerate(self.inputs["package"].values)}
        chosen = [position.get(p, -1) if p != NO_PACKAGE else -1 for p in self.chosen_text("chosen_package", scenario)]
        table = np.asarray(self.inputs[name].sel(building=list(self.buildings)).values, dtype=float)
        return np.where(np.array(chosen) >= 0, table[np.arange(len(chosen)), chosen], np.nan)

    def verified(self, name: str, scenario: str) -> Floats | None:
        """Return a variable of the verification, NaN where untouched, None where nothing was verified."""
        if self.verification is None or name not in self.verification:
            return None
        found = self.verification[name].sel(scenario=scenario, building=list(self.buildings))
        return np.asarray(found.values, dtype=float)

    @cached_property
    def illustrative(self) -> tuple[str, ...]:
        """What the files say is illustrative."""
        texts = [str(d.attrs.get("illustrative", "")) for d in (self.portfolio, self.inputs)]
        return tuple(dict.fromkeys(part.strip() for text in texts for part in text.split(";") if part.strip()))

    @property
    def from_bills(self) -> bool:
        """Whether baselines were calibrated against bills."""
        said = [str(dataset.attrs.get("baseline", "")) for dataset in (self.portfolio, self.inputs)]
        return any(text.startswith("calibrated") for text in said)
