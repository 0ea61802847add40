"""First-order sensitivities: laws of variance, what cannot matter does not, and an independent estimate."""

import numpy as np
import pytest

import weather
from buildings import Package, apply_package, load_catalogue, read_registry
from buildings.datafile import DATA_DIR
from sim.calendar import load_calendar
from sim.case import design_table
from sim.surrogate import Surrogate
from sim.surrogate.calibration_priors import prior_of
from sim.surrogate.climate import climate_of
from sim.surrogate.coefficients import start_values
from sim.surrogate.inputs import numbers
from sim.surrogate.pipeline import Learned
from sim.surrogate.sensitivity import sensitivity
from vocabulary import SOURCE_SYSTEMS, InputError

CATALOGUE = load_catalogue()
LED = Package(("led",))


@pytest.fixture(scope="module")
def surrogate():
    """Network and plants alone, nothing learnt: enough for how parameters matter."""
    year = weather.make_typical_year("shanghai", seed=0)
    climate = climate_of(year.assign(is_workday=("hour", np.repeat(load_calendar().workdays, 24))))
    learned = Learned(start_values(), {}, {}, {}, None, np.ones(3))
    return Surrogate(climate, learned, {n: (-1e9, 1e9) for n in numbers()}, SOURCE_SYSTEMS, {}, {})


@pytest.fixture(scope="module")
def office():
    return next(b for b in read_registry(DATA_DIR / "jiading_sample.csv") if b.source_system == "vrf")


@pytest.fixture(scope="module")
def found(surrogate, office):
    return sensitivity(surrogate, office, LED, CATALOGUE, samples=128)


def test_shares_of_a_variance(found):
    first, total = (found[name].sel(amount="energy_saving").values for name in ("first_order", "total_order"))
    assert (first > -0.1).all()
    assert (total < 1.1).all()
    assert first.sum() == pytest.approx(1.0, abs=0.15)  # a saving of lamps is nearly additive
    assert (first <= total + 0.1).all()


def test_what_the_price_does_not_know_has_no_share(found, office):
    """LED is paid by floor area, which is known: no parameter moves its cost."""
    cost = found.sel(amount="capital_cost")
    assert (cost["first_order"].values == 0).all()
    assert float(cost["standard_deviation"]) == pytest.approx(0, abs=1e-6 * float(cost["mean"]))
    assert float(cost["mean"]) == pytest.approx(40.0 * office.floor_area_m2, rel=0.5)


def test_the_first_share_is_what_fixing_the_parameter_takes_away(surrogate, office, found):
    """Independent: variance of the mean saving over bins of the strongest parameter, from other random draws."""
    prior = prior_of(office)
    first = found["first_order"].sel(amount="energy_saving").values
    strongest = int(first.argmax())
    drawn = prior.low + (prior.high - prior.low) * np.random.default_rng(3).random((1200, len(prior.names)))
    before = [prior.design(office.design, values) for values in drawn]
    table = design_table([*before, *(apply_package(design, LED, CATALOGUE) for design in before)])
    energy = surrogate.predict(table, errors=False)["basis_energy"].values.reshape(2, -1)
    saving = energy[0] - energy[1]
    bins = np.array_split(np.argsort(drawn[:, strongest]), 20)
    share = np.var([saving[rows].mean() for rows in bins]) / saving.var()
    assert first[strongest] == pytest.approx(share, abs=0.1)


def test_no_package_is_refused(surrogate, office):
    with pytest.raises(InputError, match="a package with measures"):
        sensitivity(surrogate, office, Package(()), CATALOGUE)
