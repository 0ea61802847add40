"""Bayesian calibration of buildings on their monthly bills, through the surrogate.

For each building: a quadratic through predictions of the surrogate says how the monthly bills respond to occupancy,
plugs, hours, setpoints, infiltration and plant efficiency; every parameter is equally likely within its sourced range;
errors of bills, of the model and of the surrogate make the likelihood; an ensemble sampler gives the posterior; its
mean and some of its draws are predicted by the surrogate itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from buildings import Building
from buildings.bill_periods import DAYS_OF_MODEL, Bills, Periods, periods_of
from buildings.degree_days import DegreeDays, fit_degree_days
from buildings.design import Design
from buildings.yardsticks import load_yardsticks
from sim.case import design_table
from sim.surrogate.calibration_gate import Agreement, agreement, one_sided
from sim.surrogate.calibration_likelihood import Likelihood, Readings, likelihood_of, months_together
from sim.surrogate.calibration_priors import CalibrationData, Prior, calibration_data, prior_of, within
from sim.surrogate.calibration_response import Response, design_points, fit_response
from sim.surrogate.calibration_sampler import sample_posterior
from sim.surrogate.climate import Climate
from sim.surrogate.network import one_blas_thread
from sim.surrogate.surrogate import Surrogate
from vocabulary import CARRIERS, GAS_LHV_MJ_PER_M3

log = logging.getLogger(__name__)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Weathers:
    """The surrogate in the study's year and in the years whose weather was given, and degree days of billed months.

    Attributes
    ----------
    surrogate : Surrogate
        In the study's weather year.
    climates : mapping of int to Climate
        Actual weather of calendar years, with their working days.
    degree_days : DegreeDays, optional
        Of billed months, and of the study's year as the normal one.
    own_years : frozenset of int
        Calendar years whose actual weather is the study's own.
    """

    surrogate: Surrogate
    climates: Mapping[int, Climate]
    degree_days: DegreeDays | None = None
    own_years: frozenset[int] = frozenset()

    @cached_property
    def all(self) -> tuple[Surrogate, ...]:
        """Return the surrogate in the study's year, then in each given year, ascending."""
        return (self.surrogate, *(in_climate(self.surrogate, self.climates[year]) for year in sorted(self.climates)))

    @cached_property
    def warmer(self) -> Surrogate:
        """Return the surrogate in the study's year with every hour 1 K warmer."""
        climate = self.surrogate.climate
        sky = climate.sky.copy()
        sky[0] += 1.0
        return in_climate(self.surrogate, replace(climate, sky=sky, wet_bulb=climate.wet_bulb + 0.7))

    def block(self, year: int) -> int:
        """Return which weather stands for a calendar year: 0 is the study's year."""
        return 1 + sorted(self.climates).index(year) if year in self.climates else 0

    def months_kwh(self, designs: Sequence[Design]) -> Array:
        """Return predicted energy (carrier, design, month) [kW h]; the months of each weather follow each other."""
        table = design_table(designs)
        parts = [s.predict(table, errors=False)["energy_use"].sum("end_use").values for s in self.all]
        return np.concatenate([part.transpose(1, 0, 2) for part in parts], axis=2)


def in_climate(surrogate: Surrogate, climate: Climate) -> Surrogate:
    """Return the same surrogate under other weather and working days."""
    return Surrogate(climate, surrogate.learned, surrogate.ranges, surrogate.systems, surrogate.errors,
                     surrogate.labels)


@dataclass(frozen=True)
class Fitted:
    """What the bills of one building say (energies in kW h).

    Attributes
    ----------
    building : Building
        As the registry has it.
    prior : Prior
        Tuned parameters and their ranges.
    mean, low, high : ndarray (parameter,)
        Posterior mean and interval.
    draws : ndarray (draw, parameter)
        Equally likely draws of the posterior.
    canteen_gas_m3_per_person_year : float
        Posterior mean of gas that the model does not burn; NaN where gas was not calibrated.
    doubt_kwh : mapping
        Yearly energy still open because of each parameter.
    readings : mapping of carrier to Readings
        Bills as they were used.
    periods : mapping of carrier to Periods
        How months were handled.
    before_kwh, after_kwh : mapping of carrier to ndarray (reading,)
        The model's answer to the readings, as the registry has it and at the posterior mean.
    base_gas_kwh : ndarray (month,)
        Canteen gas of the model's months.
    worth : float
        Independent draws that the sample is worth.
    one_sided : tuple of str
        Carriers that only the bills or only the model knows, in words.
    """

    building: Building
    prior: Prior
    mean: Array
    low: Array
    high: Array
    draws: Array
    canteen_gas_m3_per_person_year: float
    doubt_kwh: Mapping[str, float]
    readings: Mapping[str, Readings]
    periods: Mapping[str, Periods]
    before_kwh: Mapping[str, Array]
    after_kwh: Mapping[str, Array]
    base_gas_kwh: Array
    worth: float
    one_sided: tuple[str, ...] = ()

    @property
    def design(self) -> Design:
        """The building's design at the posterior mean."""
        return self.prior.design(self.building.design, self.mean)

    def drawn_designs(self) -> list[Design]:
        """Return the building's design at every draw."""
        return [self.prior.design(self.building.design, draw) for draw in self.draws]

    def agreements(self, modelled_kwh: Mapping[str, Array]) -> dict[str, Agreement]:
        """Return how well readings and a model's answer to them agree, by carrier."""
        return {name: agreement(self.readings[name].energy_kwh, modelled_kwh[name]) for name in modelled_kwh}

    def answer_kwh(self, months_kwh: Array) -> dict[str, Array]:
        """Return a model's answer to the readings from its monthly energy (carrier, month) [kW h]."""
        found = {}
        for name, readings in self.readings.items():
            months = months_kwh[CARRIERS.index(name)] + (self.base_gas_kwh if name == "natural_gas" else 0.0)
            found[name] = readings.months @ months + readings.offset_kwh
        return found


def calibrate(building: Building, bills: Bills, weathers: Weathers, *, seed: int = 0) -> Fitted:
    """Calibrate one building.

    Parameters
    ----------
    building : Building
        With its design; its source system must have been trained.
    bills : Bills
        Its bills as arrays; at least twelve months of electricity (`least_months` of `calibration.yaml`).
    weathers : Weathers
        The surrogate, and the weather of billed years where it is known.
    seed : int
        Of points and draws.

    Returns
    -------
    Fitted

    Raises
    ------
    InputError
        If the surrogate refuses the designs.

    Examples
    --------
    `calibrate(building, bills, Weathers(surrogate, {})).mean` holds one number for each of `prior.names`.
    """
    with one_blas_thread():
        return Calibration(building, bills, weathers, calibration_data(), seed).fitted()


@dataclass(frozen=True)
class Calibration:
    """One building on the way from bills to posterior."""

    building: Building
    bills: Bills
    weathers: Weathers
    data: CalibrationData
    seed: int

    @cached_property
    def prior(self) -> Prior:
        """Tuned parameters within the surrogate's ranges."""
        return within(prior_of(self.building), self.weathers.surrogate.ranges)

    @cached_property
    def points(self) -> Array:
        """Points of the response (point, parameter) on the scale -1 to 1."""
        return design_points(len(self.prior.names), self.data.response_points, self.seed)

    @cached_property
    def predicted(self) -> Array:
        """Monthly energy (carrier, design, month): the registry's design first, then the points [kW h]."""
        low, high = self.prior.low, self.prior.high
        values = low + (high - low) * (self.points + 1.0) / 2.0
        designs = [self.prior.design(self.building.design, value) for value in values]
        return self.weathers.months_kwh([self.building.design, *designs])

    @cached_property
    def responses(self) -> dict[str, Response]:
        """Response of each carrier's months."""
        return {name: fit_response(self.points, self.predicted[CARRIERS.index(name), 1:]) for name in self.carriers}

    @cached_property
    def carriers(self) -> tuple[str, ...]:
        """Carriers that the model uses, in months that are billed too."""
        used = self.predicted[:, 0][:, self.columns] > 0
        billed = self.bills.energy_kwh > 0
        return tuple(name for i, name in enumerate(CARRIERS)
                     if billed[i].any() and (used[i] & np.isfinite(self.bills.energy_kwh[i])).any())

    def one_sided(self) -> tuple[str, ...]:
        """Return in words which carriers only the bills or only the model knows."""
        known = np.isfinite(self.bills.energy_kwh).any(axis=1)
        billed = np.nansum(self.bills.energy_kwh, axis=1) * 12 / len(self.bills.months)
        per_m3, most = self._canteen_kwh
        unmodelled = np.array([most * per_m3[:12].sum() if name == "natural_gas" else 0.0 for name in CARRIERS])
        return tuple(one_sided(np.where(known, billed, np.nan), self.predicted[:, 0, :12].sum(axis=1), unmodelled,
                               self.data.gate, self.carriers))

    @cached_property
    def columns(self) -> NDArray[np.int64]:
        """Column of the model's months for each billed month."""
        blocks = np.array([self.weathers.block(int(year)) for year in self.bills.years])
        return np.asarray(12 * blocks + self.bills.calendar_months)

    @cached_property
    def periods(self) -> dict[str, Periods]:
        """Which months make each reading, by carrier."""
        found = {}
        for name in self.carriers:
            i = CARRIERS.index(name)
            expected = self.predicted[i, 0][self.columns] * self.bills.days_factor
            found[name] = periods_of(self.bills.energy_kwh[i], self.bills.estimated, expected,
                                     load_yardsticks().bill_periods, whole_year=name == "electricity")
        return found

    @cached_property
    def readings(self) -> dict[str, Readings]:
        """Bills as readings, by carrier."""
        return {name: self._readings(name) for name in self.carriers}

    def _readings(self, name: str) -> Readings:
        i, periods = CARRIERS.index(name), self.periods[name]
        months = np.zeros((len(periods.groups), self.predicted.shape[2]))
        for row, group in enumerate(periods.groups):
            np.add.at(months[row], self.columns[list(group)], self.bills.days_factor[list(group)])
        energy = np.array([np.nansum(self.bills.energy_kwh[i][list(group)]) for group in periods.groups])
        offset, doubt = self._weather(name)
        at = [list(group) for group in periods.groups]
        return Readings(energy, months, np.array(periods.estimated), np.array([offset[g].sum() for g in at]),
                        np.array([np.sqrt((doubt[g] ** 2).sum()) for g in at]))

    def _weather(self, name: str) -> tuple[Array, Array]:
        """Return what each billed month's own weather adds to the model's month, and its standard error [kW h]."""
        i, level = CARRIERS.index(name), self._level(name)
        unknown = (self.columns < 12) & ~np.isin(self.bills.years, list(self.weathers.own_years))
        slope = self._kwh_per_kelvin[i] * level * self.data.month_temperature_sd_k.value
        change, doubt = np.zeros(len(unknown)), np.abs(slope[self.bills.calendar_months]) * unknown
        days = self.weathers.degree_days
        told = unknown & np.isin(self.bills.months, () if days is None else days.months)
        if days is not None and told.any():
            fit = fit_degree_days(self.predicted[i, 0, :12], DAYS_OF_MODEL, days.normal_heating, days.normal_cooling)
            rows = [days.months.index(month) for month in np.array(self.bills.months)[told]]
            # The model's month is stretched to the billed one's days already: a leap February's own day is no weather.
            month, stretched = self.bills.calendar_months[told], self.bills.days_factor[told]
            heating = days.heating[rows] - days.normal_heating[month] * stretched
            cooling = days.cooling[rows] - days.normal_cooling[month] * stretched
            change[told] = level * (fit.coefficients[1] * heating + fit.coefficients[2] * cooling)
            doubt[told] = np.abs(change[told]) * self.data.degree_day_error.value
        return change, doubt

    @cached_property
    def _kwh_per_kelvin(self) -> Array:
        table = design_table([self.building.design])
        warmer = self.weathers.warmer.predict(table, errors=False)["energy_use"].sum("end_use").values[0]
        return np.asarray(warmer - self.predicted[:, 0, :12])

    def _level(self, name: str) -> float:
        """Return bills over the model, so that errors have the size of the bills."""
        i = CARRIERS.index(name)
        known = np.isfinite(self.bills.energy_kwh[i])
        model = (self.predicted[i, 0][self.columns] * self.bills.days_factor)[known].sum()
        return float(self.bills.energy_kwh[i][known].sum() / model)

    def _likelihoods(self) -> dict[str, Likelihood]:
        answer = self.weathers.surrogate.predict(design_table([self.building.design]))
        monthly = np.sqrt((answer["energy_use_std"].values[0] ** 2).sum(1))
        annual = answer["annual_energy_use_std"].values[0]
        found = {}
        for name in self.carriers:
            i, count = CARRIERS.index(name), self.predicted.shape[2] // 12
            cover = months_together(np.tile(np.nan_to_num(monthly[i]), count), np.nan_to_num(annual[i]))
            cover += np.diag(self.responses[name].residual ** 2)
            expected = self.predicted[i, 0] * self._level(name)
            found[name] = likelihood_of(self.readings[name], expected, cover, self.data.errors)
        return found

    @cached_property
    def _canteen_kwh(self) -> tuple[Array, float]:
        """Return the model's months at 1 m3 of canteen gas per person and year [kW h], and the most of it [m3]."""
        people = self.building.floor_area_m2 / self.building.design.occupant_density_m2_per_person
        share = np.tile(DAYS_OF_MODEL / 365.0, self.predicted.shape[2] // 12)
        return people * GAS_LHV_MJ_PER_M3 / 3.6 * share, self.data.canteen_gas_m3_per_person_year.high

    @property
    def unknowns(self) -> int:
        """Numbers that the posterior is over: the parameters, and canteen gas where gas is billed."""
        return len(self.prior.names) + ("natural_gas" in self.carriers)

    def log_likelihood(self) -> Callable[[Array], Array]:
        """Return the log-likelihood of standard normal numbers (draw, unknown)."""
        likelihoods, size = self._likelihoods(), len(self.prior.names)

        def found(normal: Array) -> Array:
            scaled = 2.0 * norm.cdf(normal) - 1.0
            total = np.zeros(len(normal))
            for name, likelihood in likelihoods.items():
                months = self.responses[name](scaled[:, :size])
                if name == "natural_gas":
                    per_m3, most = self._canteen_kwh
                    months = months + most * (scaled[:, size:] + 1.0) / 2.0 * per_m3
                total += likelihood(months)
            return total

        return found

    def fitted(self) -> Fitted:
        """Return the posterior, with the surrogate's own answer at its mean."""
        size, data = len(self.prior.names), self.data
        sample = sample_posterior(self.log_likelihood(), self.unknowns, np.random.default_rng(self.seed))
        values = self.prior.values(sample.points[:, :size])
        canteen, base_gas = float("nan"), np.zeros(self.predicted.shape[2])
        if "natural_gas" in self.carriers:
            per_m3, most = self._canteen_kwh
            canteen = float((most * norm.cdf(sample.points[:, size])).mean())
            base_gas = canteen * per_m3
        mean = values.mean(axis=0)
        tail = (1.0 - data.interval.value) / 2.0
        low, high = np.quantile(values, [tail, 1.0 - tail], axis=0)
        drawn = self.prior.values(sample.drawn(data.draws, np.random.default_rng(self.seed))[:, :size])
        found = Fitted(
            self.building, self.prior, mean, low, high, drawn, canteen, self._doubt(values), self.readings,
            self.periods, {}, {}, base_gas, sample.worth, self.one_sided(),
        )
        after = self.weathers.months_kwh([found.design])[:, 0]
        without = replace(found, base_gas_kwh=np.zeros_like(base_gas))
        log.info("calibrated %s: worth %.0f draws", self.building.building_id, sample.worth)
        return replace(found, before_kwh=without.answer_kwh(self.predicted[:, 0]), after_kwh=found.answer_kwh(after))

    def _doubt(self, values: Array) -> dict[str, float]:
        """Return yearly energy open because of each parameter: its effect at the mean times its remaining spread."""
        mean, spread = values.mean(axis=0), values.std(axis=0)
        found = {}
        for j, name in enumerate(self.prior.names):
            ends = np.stack([mean, mean])
            ends[:, j] += np.array([-1.0, 1.0]) * spread[j]
            scaled = np.clip(self.prior.scaled(ends), -1.0, 1.0)
            moved = [np.abs(np.diff(self.responses[c](scaled)[:, :12].sum(1)))[0] / 2 for c in self.carriers]
            found[name] = float(sum(moved))
        return found
