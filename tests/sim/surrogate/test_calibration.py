"""Calibration through a fitted surrogate: what bills say is found, troubles change little, weather is accounted for."""

from pathlib import Path

import numpy as np
import pytest

import netcdf
from buildings import read_registry
from buildings.bill_periods import Bills
from buildings.datafile import DATA_DIR
from buildings.degree_days import DegreeDays
from sim.surrogate import Surrogate
from sim.surrogate.calibration import Weathers, calibrate
from sim.surrogate.calibration_priors import prior_of
from sim.surrogate.calibration_table import METERED_SCOPE, calibration_table, verdict

FILE = Path(__file__).parents[2] / "data" / "surrogate_runs.nc"
MONTHS = tuple(f"2024-{month:02d}" for month in range(1, 13))


@pytest.fixture(scope="module")
def surrogate():
    runs = netcdf.read_dataset(FILE).load()
    chosen = np.flatnonzero(runs["source_system"].values.astype(str) == "chiller_boiler")
    others = np.flatnonzero(runs["source_system"].values.astype(str) == "vrf")[:10]
    fitted = Surrogate.fit(runs.isel(case=np.r_[chosen, others]), calibration_evaluations=1)
    fitted.ranges = {}  # the ranges of a study's surrogate are widened to what calibration may ask for
    return fitted


@pytest.fixture(scope="module")
def building():
    found = read_registry(DATA_DIR / "jiading_sample.csv")
    return next(b for b in found if b.design.source_system == "chiller_boiler")


def weathers(surrogate, **more):
    return Weathers(surrogate, more.pop("climates", {}), own_years=more.pop("own_years", frozenset({2024})), **more)


@pytest.fixture(scope="module")
def truth(surrogate, building):
    """Parameters at 80 % of their ranges, and the twelve months (carrier, month) that the surrogate gives them."""
    prior = prior_of(building)
    values = prior.low + 0.8 * (prior.high - prior.low)
    return values, weathers(surrogate).months_kwh([prior.design(building.design, values)])[:, 0]


def bills_of(energy, seed=0, noise=0.02):
    return Bills(MONTHS, energy * (1 + noise * np.random.default_rng(seed).standard_normal(energy.shape)),
                 np.zeros(len(MONTHS), dtype=bool))


@pytest.fixture(scope="module")
def found(surrogate, building, truth):
    return calibrate(building, bills_of(truth[1]), weathers(surrogate), seed=1)


def test_model_agrees_with_bills_afterwards(found):
    after = found.agreements(found.after_kwh)
    assert abs(after["electricity"].nmbe) < 0.02
    assert after["electricity"].cv_rmse < 0.05
    assert after["electricity"].cv_rmse < found.agreements(found.before_kwh)["electricity"].cv_rmse
    assert found.worth > 1000  # importance sampling fell to 5 draws on sharp posteriors


def test_intervals_hold_what_was_true_and_stay_in_their_ranges(found, truth):
    inside = (found.low <= truth[0]) & (truth[0] <= found.high)
    assert inside.mean() >= 0.7
    assert (found.prior.low <= found.low).all()
    assert (found.high <= found.prior.high).all()
    assert ((found.low < found.mean) & (found.mean < found.high)).all()
    assert (np.abs(found.draws.mean(0) - found.mean) < 0.35 * (found.high - found.low)).all()


def test_the_same_bills_give_the_same_answer(found, surrogate, building, truth):
    again = calibrate(building, bills_of(truth[1]), weathers(surrogate), seed=1)
    assert np.array_equal(again.mean, found.mean)
    assert np.array_equal(again.draws, found.draws)


def test_two_months_on_one_bill_say_nearly_the_same(found, surrogate, building, truth):
    bills = bills_of(truth[1])
    energy = bills.energy_kwh.copy()
    energy[:, 7] += energy[:, 6]
    energy[:, 6] = np.nan
    merged = calibrate(building, Bills(MONTHS, energy, bills.estimated), weathers(surrogate), seed=1)
    assert merged.periods["electricity"].merged == (6,)
    use = [f.readings["electricity"].energy_kwh.sum() for f in (merged, found)]
    assert use[0] == pytest.approx(use[1])
    width = found.high - found.low
    assert (np.abs(merged.mean - found.mean) < 0.35 * width).all()


def test_bills_of_a_warmer_year_need_its_weather(surrogate, building, truth):
    """Where the year's weather is known the level is found; where it is not, the interval is wider."""
    warm = weathers(surrogate).warmer
    prior = prior_of(building)
    year = weathers(surrogate, climates={2024: warm.climate}, own_years=frozenset())
    energy = year.months_kwh([prior.design(building.design, truth[0])])[:, 0, 12:]
    assert np.abs(energy[0] - truth[1][0]).max() > 0.01 * truth[1][0].mean()
    known = calibrate(building, bills_of(energy), year, seed=1)
    assert abs(known.agreements(known.after_kwh)["electricity"].nmbe) < 0.02
    assert known.readings["electricity"].months.shape == (12, 24)
    assert (known.readings["electricity"].offset_std_kwh == 0).all()
    blind = calibrate(building, bills_of(energy), weathers(surrogate, own_years=frozenset()), seed=1)
    assert (blind.readings["electricity"].offset_std_kwh > 0).any()
    assert np.mean(blind.high - blind.low) > 0.98 * np.mean(known.high - known.low)


def test_degree_days_move_the_answer_in_their_direction(surrogate, building, truth):
    normal_cooling = np.array([0, 0, 0, 0, 20, 80, 180, 170, 70, 5, 0, 0.0])
    normal_heating = np.array([330, 270, 190, 60, 5, 0, 0, 0, 0, 10, 110, 270.0])
    days = DegreeDays(MONTHS, normal_heating, 1.2 * normal_cooling, normal_heating, normal_cooling)
    given = weathers(surrogate, degree_days=days, own_years=frozenset())
    moved = calibrate(building, bills_of(truth[1]), given, seed=1)
    offset = moved.readings["electricity"].offset_kwh
    assert (offset[5:8] > 0).all()
    assert np.allclose(offset[[0, 1, 2, 11]], 0.0)
    assert np.allclose(moved.readings["electricity"].offset_std_kwh, 0.3 * np.abs(offset))


@pytest.mark.parametrize("share", [0.4, 2.5])
def test_bills_beyond_all_parameters_are_no_parameters_fault(surrogate, building, truth, share):
    """A half-empty house, a data room: the gate fails and the advice is to look at the meters, in both languages."""
    fitted = calibrate(building, bills_of(share * truth[1]), weathers(surrogate), seed=1)
    said = verdict(fitted)
    assert not said.passed
    assert said.measure_next == METERED_SCOPE
    table = calibration_table([fitted], {}, {})
    assert "meters" in str(table["measure_next_en"].values[0])
    assert "计量" in str(table["measure_next_zh"].values[0])


def test_a_carrier_that_only_the_model_or_only_the_bills_know_fails_the_gate(surrogate, building, truth):
    """Gas billed as 0 or not at all beside a boiler in the model: electricity alone may not pass for the building."""
    for gas in (0.0, np.nan):
        energy = truth[1].copy()
        energy[1] = gas
        said = verdict(calibrate(building, bills_of(energy), weathers(surrogate), seed=1))
        assert not said.passed
        assert "natural gas: the model uses" in said.reasons[0]
        assert said.measure_next == METERED_SCOPE
    energy = np.zeros((2, 12))
    said = verdict(calibrate(building, bills_of(energy), weathers(surrogate), seed=1))
    assert not said.passed
    assert {reason.split(":")[0] for reason in said.reasons} == {"electricity", "natural gas"}


def test_gas_billed_out_of_season_only_is_told_and_no_crash(surrogate, building, truth):
    energy = truth[1].copy()
    energy[1] = np.where(np.isin(np.arange(12), (5, 6, 7)), 900.0, np.nan)
    said = verdict(calibrate(building, bills_of(energy), weathers(surrogate), seed=1))
    assert not said.passed
    assert any("natural gas" in reason for reason in said.reasons)


def test_estimates_alone_pass_no_gate(surrogate, building, truth):
    bills = bills_of(3 * truth[1])
    guessed = Bills(MONTHS, bills.energy_kwh, np.array([True] * 11 + [False]))
    said = verdict(calibrate(building, guessed, weathers(surrogate), seed=1))
    assert not said.passed
    assert "metered readings" in " ".join(said.reasons)


def test_bills_of_one_season_pass_no_gate(surrogate, building, truth):
    """Eighteen summer months of six years, all others blank."""
    months = tuple(f"{year}-{month:02d}" for year in range(2019, 2025) for month in range(1, 13))
    summer = np.isin(np.arange(72) % 12, (5, 6, 7))
    energy = np.where(summer, np.tile(truth[1], 6), np.nan)
    given = weathers(surrogate, own_years=frozenset(range(2019, 2025)))
    said = verdict(calibrate(building, Bills(months, energy, np.zeros(72, bool)), given, seed=1))
    assert not said.passed
    assert "3 of the 12 calendar months" in " ".join(said.reasons)


def test_one_month_without_degree_days_leaves_the_others_theirs(surrogate, building, truth):
    normal_cooling = np.array([0, 0, 0, 0, 20, 80, 180, 170, 70, 5, 0, 0.0])
    normal_heating = np.array([330, 280, 190, 60, 5, 0, 0, 0, 0, 10, 110, 270.0])
    leap = normal_heating * np.where(np.arange(12) == 1, 29 / 28, 1.0)  # the same February with one more day
    kept = [i for i in range(12) if i != 10]
    days = DegreeDays(tuple(MONTHS[i] for i in kept), leap[kept], 1.2 * normal_cooling[kept], normal_heating,
                      normal_cooling)
    given = weathers(surrogate, degree_days=days, own_years=frozenset())
    readings = calibrate(building, bills_of(truth[1]), given, seed=1).readings
    assert (readings["electricity"].offset_kwh[5:8] > 0).all()
    assert readings["electricity"].offset_std_kwh[10] > 0
    assert readings["natural_gas"].offset_kwh == pytest.approx(0.0, abs=1e-6)


def test_a_district_in_which_nothing_can_be_calibrated_has_a_table(tmp_path):
    table = calibration_table([], {}, {"A": "11 months of bills", "B": "a model of its own"})
    assert table["baseline"].values.tolist() == ["simulated", "simulated"]
    assert table["reason"].values.tolist() == ["11 months of bills", "a model of its own"]
    assert table["bill_energy"].shape == (2, 2, 12)
    netcdf.write_dataset(tmp_path / "calibration.nc", table, title="Calibration on bills")
    assert netcdf.read_dataset(tmp_path / "calibration.nc")["gate_passed"].values.tolist() == [False, False]
