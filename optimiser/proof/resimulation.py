"""Verification: every chosen building simulated again, new points into the cube, the choice repeated until it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from optimiser.proof.trials import Record, Simulated, Trial, simulated_fraction
from optimiser.proof.verification import verification_dataset
from optimiser.rules import InfeasibleError, Rules
from optimiser.scenario import named_scenarios, optimise
from vocabulary import NO_PACKAGE, attributes

ROUNDS = 8
FLOOR_TOLERANCE = 1e-6
_CLOSING_ROUNDS = 8
"""Solves among simulated packages, should PV sizes that come with them break a floor; each forbids a package."""


Simulate = Callable[[Sequence[Trial]], Sequence[Simulated]]
Update = Callable[[xr.Dataset, Mapping[Trial, Simulated]], xr.Dataset]


@dataclass(frozen=True)
class Verified:
    """The portfolio of the last solve, the group `verification`, the cube it stands on, and what it took."""

    portfolio: xr.Dataset
    verification: xr.Dataset
    cube: xr.Dataset
    forbidden: tuple[tuple[str, str], ...]
    rounds: int
    runs: int

    @property
    def holds(self) -> bool:
        """Tell whether every scenario is certified: else the command ends with exit code 5."""
        return bool(self.portfolio["certified"].all())


def verify(
    portfolio: xr.Dataset,
    *,
    cube: xr.Dataset,
    rules: Rules | Mapping[str, Rules],
    simulate: Simulate,
    update: Update | None = None,
    max_rounds: int = ROUNDS,
) -> xr.Dataset:
    """Return the group `verification` of a portfolio; `verify_rounds` returns portfolio and cube beside it.

    Parameters are those of `verify_rounds`.
    """
    return verify_rounds(
        portfolio, cube=cube, rules=rules, simulate=simulate, update=update, max_rounds=max_rounds
    ).verification


def verify_rounds(
    portfolio: xr.Dataset,
    *,
    cube: xr.Dataset,
    rules: Rules | Mapping[str, Rules],
    simulate: Simulate,
    update: Update | None = None,
    max_rounds: int = ROUNDS,
) -> Verified:
    """Simulate every chosen case, let the new points join the cube.

    And choose again until the plan holds in simulation.

    Parameters
    ----------
    portfolio : xr.Dataset
        Result of `optimise(cube, rules)`.
    cube, rules
        What it was solved on.
    simulate : callable
        Called with the distinct trials not yet simulated; returns one `Simulated` for each, in order. A pair of
        building
        and package may come again with another PV size; that needs no new engine run, only its hourly profile.
    update : callable, optional
        Returns the cube with all points simulated so far, e.g. from a surrogate fitted again; it must hold the
        simulated
        savings at the simulated points. Default: `with_simulated`, which changes these points only.
    max_rounds : int
        Rounds of simulating and solving.

    Returns
    -------
    Verified
        All scenarios solved last on one cube and one list of forbidden packages. `portfolio.certified` is true only
        where
        every touched building is simulated and meets the floor.

    Raises
    ------
    InfeasibleError
        If forbidding what failed leaves rules that contradict each other.

    Notes
    -----
    A failed run forbids the package there at once. A floor that is broken although the point had joined the cube before
    forbids it too; on the first failure the simulated saving joins the cube, so that more PV may still save the
    package. If the last round still chooses a case that has not been simulated, the plan is chosen among those that
    have; its gap is to the bound of all packages, and it is certified only if that gap is within the one asked for.
    """
    named = named_scenarios(rules)
    record, state = Record(), _State(portfolio, cube, _flags(cube))
    for record.rounds in range(1, max_rounds + 1):
        if not _round(state, record, named, simulate, update or with_simulated):
            return _result(state, record, named)
        state.portfolio = _solved(state.cube, named, record)
    return _result(_closed(state, record, named, simulate), record, named)


@dataclass
class _State:
    """The plan and the cube it stands on, what was known before any round, what joined, and how many runs it took."""

    portfolio: xr.Dataset
    cube: xr.Dataset
    known: set[tuple[str, str]]
    joined: set[tuple[str, str]] = field(default_factory=set)
    runs: int = 0


def _round(
    state: _State, record: Record, named: Mapping[str, Rules], simulate: Simulate, update: Update | None
) -> bool:
    """Simulate what the plan holds and let it join the cube; tell whether the plan has to be chosen again."""
    new = [t for t in dict.fromkeys(_trials(state.portfolio)) if t not in record.simulated]
    _note(state.portfolio, state.cube, record, state.known)
    before = {(t.building, t.package) for t in record.simulated} | state.known
    state.runs += len({(t.building, t.package) for t in new if t.package != NO_PACKAGE} - before)
    if new:
        record.simulated.update(zip(new, simulate(new), strict=True))
    broken = _broken(state.portfolio, state.cube, named, record.simulated)
    failed = [(t.building, t.package) for t in new if not record.simulated[t].ok]
    forbid = [*failed, *(pair for pair in broken if pair in state.joined)]
    record.forbidden += [pair for pair in dict.fromkeys(forbid) if pair not in record.forbidden]
    if not new and not forbid:
        return False
    state.joined |= {(t.building, t.package) for t in new}
    if update is not None:
        state.cube = update(state.cube, {t: s for t, s in record.simulated.items() if s.ok})
    return True


def _solved(cube: xr.Dataset, named: Mapping[str, Rules], record: Record) -> xr.Dataset:
    return optimise(cube, {label: _forbidding(r, record.forbidden) for label, r in named.items()})


def _result(state: _State, record: Record, named: Mapping[str, Rules]) -> Verified:
    verification = verification_dataset(state.portfolio, state.cube, named, record)
    stamped = _stamped(state.portfolio, verification)
    return Verified(stamped, verification, state.cube, tuple(record.forbidden), record.rounds, state.runs)


def _closed(state: _State, record: Record, named: Mapping[str, Rules], simulate: Simulate) -> _State:
    """Choose among what has been simulated, where the rounds have left cases that have not.

    No engine run is needed any more. The bound stays that of all packages, so that the gap tells what the packages
    that were not simulated could still add, as far as the surrogate can tell.
    """
    if all(trial in record.simulated for trial in _trials(state.portfolio)):
        return state
    before = replace(state)
    state.cube = simulated_only(state.cube)
    try:
        for _ in range(_CLOSING_ROUNDS):
            state.portfolio = _against(_solved(state.cube, named, record), before.portfolio, named)
            if not _round(state, record, named, simulate, None):
                break
    except InfeasibleError:  # the rules require what was not simulated: it stays in the plan, which is not certified
        return before
    return state


def simulated_only(cube: xr.Dataset) -> xr.Dataset:
    """Return a cube in which only simulated packages are available; doing nothing always is."""
    done = (cube["simulated"] > 0.5) | (cube["package"] == NO_PACKAGE)
    offered = cube["available"] > 0.5 if "available" in cube else xr.ones_like(done)
    attrs = cube["available"].attrs if "available" in cube else attributes("available")
    said = "simulated packages only, as the rounds of verification came to an end; bounds are of all packages"
    return cube.assign(available=(offered & done).assign_attrs(attrs)).assign_attrs(chosen_among=said)


def _against(portfolio: xr.Dataset, wide: xr.Dataset, named: Mapping[str, Rules]) -> xr.Dataset:
    """Return the portfolio with the bound of the same scenarios on a wider choice, and the gap to that."""
    value = portfolio["objective_value"]
    bound = np.maximum(portfolio["objective_bound"], wide["objective_bound"])
    gap = abs(bound - value) / np.maximum(abs(value), 1e-10)
    asked = xr.DataArray([max(named[str(s)].mip_gap, 1e-9) for s in portfolio["scenario"].values], dims="scenario")
    return portfolio.assign(
        objective_bound=portfolio["objective_bound"].copy(data=bound), mip_gap=portfolio["mip_gap"].copy(data=gap),
        certified=portfolio["certified"].copy(data=portfolio["certified"] & (gap <= asked)),
    )


def with_simulated(cube: xr.Dataset, simulated: Mapping[Trial, Simulated]) -> xr.Dataset:
    """Return a cube with simulated savings at the simulated points, flagged there; a fresh Dataset.

    PV curves are left as they are. `energy_saving_std` becomes what the run leaves of it.
    """
    new = cube.copy(deep=True)
    if "simulated" not in new:
        new["simulated"] = xr.zeros_like(new["energy_saving"]).astype(np.int8)
        new["simulated"].attrs = {"units": "1", "long_name": "saving comes from engine runs"}
    for trial, found in simulated.items():
        at = {"building": trial.building, "package": trial.package}
        new["energy_saving"].loc[at] = found.energy_saving_kwh
        new["simulated"].loc[at] = 1
        if "energy_saving_std" in new:
            new["energy_saving_std"].loc[at] = found.energy_saving_std_kwh
        for name, value in found.other.items():
            new[name].loc[at] = value
    return new


def _flags(cube: xr.Dataset) -> set[tuple[str, str]]:
    """Return pairs whose saving came from the engine before any round.

    And all pairs of buildings solved by direct runs.
    """
    pairs: set[tuple[str, str]] = set()
    if "simulated" in cube:
        for b, p in np.argwhere(cube["simulated"].transpose("building", "package").values > 0.5):
            pairs.add((str(cube["building"].values[b]), str(cube["package"].values[p])))
    if "route" in cube:
        direct = cube["building"].values[np.atleast_1d(cube["route"].values).astype(str) == "direct"]
        pairs |= {(str(b), str(p)) for b in direct for p in cube["package"].values}
    return pairs


def _trials(portfolio: xr.Dataset) -> list[Trial]:
    """Return the touched cases of all scenarios with their PV sizes, in order."""
    found = []
    for s, b in np.argwhere(portfolio["touched"].values):
        package = str(portfolio["chosen_package"].values[s, b])
        size = round(float(portfolio["pv_capacity"].values[s, b]), 6)
        found.append(Trial(str(portfolio["building"].values[b]), package, size))
    return found


def _note(portfolio: xr.Dataset, cube: xr.Dataset, record: Record, known: set[tuple[str, str]]) -> None:
    """Keep what was promised for a case before it was run, and in which round and scenario it was chosen."""
    for s, b in np.argwhere(portfolio["touched"].values):
        building, package = str(portfolio["building"].values[b]), str(portfolio["chosen_package"].values[s, b])
        record.chosen.setdefault((str(portfolio["scenario"].values[s]), building, package), record.rounds)
        if (building, package) not in record.round_of:
            promised = float(cube["energy_saving"].sel(building=building, package=package))
            is_known = (building, package) in known or package == NO_PACKAGE
            record.predicted[building, package] = float("nan") if is_known else promised
            record.round_of[building, package] = record.rounds


def _broken(
    portfolio: xr.Dataset, cube: xr.Dataset, named: Mapping[str, Rules], simulated: Mapping[Trial, Simulated]
) -> list[tuple[str, str]]:
    """Return chosen pairs that break the floor of their building in simulation."""
    pairs = []
    for s, label in enumerate(portfolio["scenario"].values):
        rules = named[str(label)]
        if rules.floor_scope != "building":
            continue
        for b in np.flatnonzero(portfolio["touched"].values[s]):
            trial = _trials(portfolio.isel(scenario=[s], building=[b]))[0]
            found = simulated[trial]
            if (
                found.ok
                and simulated_fraction(cube, rules, trial, found) < rules.minimum_saving_fraction - FLOOR_TOLERANCE
            ):
                pairs.append((trial.building, trial.package))
    return pairs


def _forbidding(rules: Rules, forbidden: Sequence[tuple[str, str]]) -> Rules:
    return rules.model_copy(update={"forbid": (*rules.forbid, *forbidden)})


def _stamped(portfolio: xr.Dataset, verification: xr.Dataset) -> xr.Dataset:
    """Return the portfolio, certified only where every touched building is simulated and meets its floor."""
    met = verification["floor_met"].values | ~portfolio["touched"].values
    return portfolio.assign(certified=portfolio["certified"].copy(data=portfolio["certified"].values & met.all(axis=1)))
