"""Parts of the calibration: handling of months, sampler against exact answers, likelihood, response, gate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from buildings import load_archetypes, read_registry
from buildings.datafile import DATA_DIR
from sim.surrogate.calibration_gate import (
    Agreement,
    agreement,
    cv_rmse,
    gate_faults,
    in_every_season,
    next_parameter,
    nmbe,
    worst_season,
)
from sim.surrogate.calibration_likelihood import Readings, likelihood_of, months_together
from sim.surrogate.calibration_priors import calibration_data, prior_of, within
from sim.surrogate.calibration_response import design_points, fit_response, terms
from sim.surrogate.calibration_sampler import WORTH, _worth, sample_posterior
from vocabulary import InputError

DATA = calibration_data()


def test_sampler_finds_the_exact_posterior_of_a_linear_model():
    rng = np.random.default_rng(5)
    matrix, error = rng.standard_normal((12, 6)), 0.3
    seen = matrix @ rng.standard_normal(6) + error * rng.standard_normal(12)
    cover = np.linalg.inv(np.eye(6) + matrix.T @ matrix / error**2)
    mean = cover @ matrix.T @ seen / error**2

    def log_likelihood(points):
        return -0.5 * ((seen - points @ matrix.T) ** 2).sum(1) / error**2

    found = sample_posterior(log_likelihood, 6, np.random.default_rng(0))
    spread = np.sqrt(np.diag(cover))
    assert found.worth >= WORTH
    assert np.abs(found.points.mean(0) - mean).max() < 0.15 * spread.max()
    low, high = np.quantile(found.points, [0.05, 0.95], axis=0)
    assert np.allclose(high - low, 2 * norm.ppf(0.95) * spread, rtol=0.08)
    drawn = found.drawn(400, np.random.default_rng(1))
    assert np.allclose(drawn.mean(0), mean, atol=0.2 * spread.max())


def test_sampler_keeps_both_of_two_separate_answers():
    found = sample_posterior(lambda z: -0.5 * ((z[:, 0] ** 2 - 2.25) / 0.1) ** 2, 1, np.random.default_rng(0))
    assert (found.points > 0).mean() == pytest.approx(0.5, abs=0.15)


def test_walkers_that_stand_still_are_worth_nothing():
    """One of them made the worth of all the others NaN, and NaN is never enough."""
    rng = np.random.default_rng(0)
    chain = rng.standard_normal((400, 20, 2))
    free = _worth(chain)
    chain[:, :5] = chain[:1, :5]
    assert _worth(chain) == pytest.approx(0.75 * free, rel=0.1)
    assert _worth(np.zeros((400, 4, 2))) == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_sampler_finds_a_sharp_posterior_and_its_worth_is_true(seed):
    """Eleven parameters, three sharp directions: importance sampling had few heavy draws there, intervals too narrow.

    A worth that is said too high shows as means further from the truth than its standard error allows.
    """
    rng = np.random.default_rng(seed)
    matrix, error = rng.standard_normal((3, 11)), 0.01
    seen = matrix @ rng.standard_normal(11)
    cover = np.linalg.inv(np.eye(11) + matrix.T @ matrix / error**2)
    mean, spread = cover @ matrix.T @ seen / error**2, np.sqrt(np.diag(cover))
    found = sample_posterior(lambda z: -0.5 * ((seen - z @ matrix.T) ** 2).sum(1) / error**2, 11, rng)
    assert found.worth >= WORTH
    assert (np.abs(found.points.mean(0) - mean) < 4.5 * spread / np.sqrt(found.worth)).all()
    assert np.allclose(found.points.std(0), spread, rtol=0.12)


def test_sampler_gives_the_same_bits_from_the_same_chance():
    def draws():
        return sample_posterior(lambda z: -((z - 1) ** 2).sum(1), 3, np.random.default_rng(7)).points

    first = draws()
    np.random.default_rng(1).random(3)
    np.random.seed(1)  # noqa: NPY002 - emcee takes numpy's global state unless it is told otherwise
    assert np.array_equal(draws(), first)


def test_likelihood_is_the_mixture_over_sizes_of_errors():
    readings = Readings(np.array([10.0, 22.0]), np.eye(12)[[0, 3]] + np.eye(12)[[1, 4]], np.zeros(2, bool),
                        np.zeros(2), np.array([0.0, 0.5]))
    expected, cover = np.full(12, 5.0), 0.01 * np.eye(12)
    likelihood = likelihood_of(readings, expected, cover, DATA.errors)
    months = np.full((1, 12), 5.2)
    size = np.hypot(5.0, 0.5)
    places = np.linspace(-2.4, 2.4, 7)
    weight = np.exp(-0.5 * places**2) / np.exp(-0.5 * places**2).sum()
    total = 0.0
    for bill, p in zip(DATA.errors.bill.median * np.exp(DATA.errors.bill.log_sd * places), weight, strict=True):
        for model, q in zip(DATA.errors.model.median * np.exp(DATA.errors.model.log_sd * places), weight, strict=True):
            variance = (bill * 2 * size) ** 2 + 2 * (model * size) ** 2 + 0.02 + np.array([0.0, 0.25])
            total += p * q * multivariate_normal(np.zeros(2), np.diag(variance)).pdf([10.0 - 10.4, 22.0 - 10.4])
    assert likelihood(months)[0] == pytest.approx(np.log(total) + np.log(2 * np.pi), abs=1e-9)


def test_a_calendar_month_wrong_every_year_counts_once():
    """Three years of the same wrong January say less than three months that are wrong each on its own."""
    months = np.tile(np.eye(12), (3, 1))
    readings = Readings(np.full(36, 100.0), months, np.zeros(36, bool), np.zeros(36), np.zeros(36))
    likelihood = likelihood_of(readings, np.full(12, 100.0), np.zeros((12, 12)), DATA.errors)
    right = np.full((1, 12), 100.0)
    wrong = right.copy()
    wrong[0, 0] = 92.0
    single = likelihood_of(Readings(np.full(12, 100.0), np.eye(12), np.zeros(12, bool), np.zeros(12), np.zeros(12)),
                           np.full(12, 100.0), np.zeros((12, 12)), DATA.errors)
    lost = (likelihood(right) - likelihood(wrong))[0]
    assert 0 < lost < 3 * (single(right) - single(wrong))[0]


@given(st.floats(0.05, 12.0))
@settings(deadline=None)
def test_errors_of_months_make_the_error_of_the_year(annual):
    monthly = np.linspace(0.5, 1.5, 12)
    cover = months_together(monthly, np.array(annual))
    assert np.allclose(np.sqrt(np.diag(cover)), monthly)
    bounds = np.sqrt((monthly**2).sum()), monthly.sum()
    assert np.sqrt(cover.sum()) == pytest.approx(np.clip(annual, *bounds))


def test_response_is_exact_for_what_it_can_say_and_tells_its_error_elsewhere():
    points = design_points(5, 64, 1)
    truth = terms(points) @ np.random.default_rng(0).standard_normal((21, 3))
    found = fit_response(points, truth)
    fresh = design_points(5, 64, 2)
    assert np.allclose(found(fresh), terms(fresh) @ found.coefficients)
    assert found.residual.max() < 1e-9
    bent = fit_response(points, np.exp(points[:, :1]))
    real = np.sqrt(np.mean((bent(fresh)[:, 0] - np.exp(fresh[:, 0])) ** 2))
    assert 0.5 < bent.residual[0] / real < 2.0
    with pytest.raises(InputError, match="response_points"):
        design_points(10, 60, 0)


def test_gate_measures_by_hand():
    billed, modelled = np.array([100.0, 200.0, 300.0]), np.array([110.0, 190.0, 290.0])
    assert nmbe(billed, modelled) == pytest.approx(10 / (2 * 200))
    assert cv_rmse(billed, modelled) == pytest.approx(np.sqrt(300 / 2) / 200)
    assert np.isnan(agreement(np.zeros(12), np.ones(12)).nmbe)
    limits = {"electricity": Agreement(0.06, 0.16, 12), "natural_gas": Agreement(0.5, 0.5, 12)}
    assert len(gate_faults(limits, {"electricity": 100.0, "natural_gas": 50.0}, DATA.gate)) == 4
    assert len(gate_faults(limits, {"electricity": 100.0, "natural_gas": 1.0}, DATA.gate)) == 2
    assert gate_faults({"electricity": Agreement(-0.05, 0.15, 12)}, {"electricity": 1.0}, DATA.gate) == []


def test_what_to_measure_next_is_where_the_doubt_is():
    doubt = {"cooling_cop": 5.0, "heating_setpoint_c": 3.0, "service_power_density_w_per_m2": 1.0}
    assert next_parameter(doubt, DATA, None) == "cooling_cop"
    assert next_parameter(doubt, DATA, "winter") == "heating_setpoint_c"
    assert next_parameter({"cooling_cop": 5.0}, DATA, "winter") == "cooling_cop"
    assert worst_season(np.r_[np.zeros(5), -9.0, np.zeros(6)]) == "summer"
    assert in_every_season(np.full(12, 3.0))
    assert not in_every_season(np.r_[np.full(5, 1.0), -9.0, np.full(6, 1.0)])
    assert not in_every_season(np.r_[np.full(4, 1.0), np.full(8, np.nan)])


def test_ranges_are_the_archetypes_and_hold_the_registrys_value():
    for building in read_registry(DATA_DIR / "jiading_sample.csv"):
        prior = prior_of(building)
        figures = load_archetypes().figures(building.vintage, building.use, building.source_system,
                                            building.source_vintage)
        at = prior.names.index("infiltration_ach")
        assert (prior.low[at], prior.high[at]) == (figures["infiltration_ach"].low, figures["infiltration_ach"].high)
        for name, low, high in zip(prior.names, prior.low, prior.high, strict=True):
            assert low <= getattr(building.design, name) <= high
        assert ("boiler_efficiency" in prior.names) == (building.design.source_system
                                                        in DATA.parameters["boiler_efficiency"].systems)
        middle = prior.values(np.zeros(len(prior.names)))
        assert np.allclose(prior.scaled(middle), 0.0)


def test_ranges_never_leave_what_the_surrogate_was_trained_on():
    prior = prior_of(read_registry(DATA_DIR / "jiading_sample.csv")[0])
    found = within(prior, {"cooling_setpoint_c": (24.5, 25.0), "infiltration_ach": (0.5, 0.5)})
    assert "infiltration_ach" not in found.names
    at = found.names.index("cooling_setpoint_c")
    assert (found.low[at], found.high[at]) == (24.5, 25.0)
