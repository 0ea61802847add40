"""The section on bills: shown where bills were used, with the numbers of the group `calibration`."""

import numpy as np
import pytest

from buildings import read_registry
from buildings.bill_periods import Periods
from buildings.datafile import DATA_DIR
from optimiser.report import bills, write_report
from optimiser.report.material import Material
from sim.surrogate.calibration import Fitted
from sim.surrogate.calibration_likelihood import Readings
from sim.surrogate.calibration_priors import prior_of
from sim.surrogate.calibration_table import Confirmation, calibrated_designs, calibration_table, verdict


def fitted(building, factor):
    """A building whose calibrated model gives `factor` times its bills of 100 kWh a month."""
    prior = prior_of(building)
    middle = (prior.low + prior.high) / 2
    months, billed = np.eye(12), np.full(12, 100.0)
    readings = Readings(billed, months, np.zeros(12, bool), np.zeros(12), np.zeros(12))
    periods = Periods(tuple((i,) for i in range(12)), (False,) * 12, (3,), (), (), (), ())
    draws = np.stack([prior.low, middle, prior.high])
    return Fitted(building, prior, middle, prior.low, prior.high, draws, float("nan"),
                  {name: 1.0 + i for i, name in enumerate(prior.names)}, {"electricity": readings},
                  {"electricity": periods}, {"electricity": 2 * billed}, {"electricity": factor * billed},
                  np.zeros(12), 1000.0)


@pytest.fixture
def buildings():
    return read_registry(DATA_DIR / "jiading_sample.csv")[:3]


@pytest.fixture
def calibration(buildings):
    return calibration_table([fitted(buildings[0], 1.01), fitted(buildings[1], 1.2)], {},
                             {buildings[2].building_id: "7 months of electricity bills, at least 12 needed"})


def test_table_says_which_baseline_counts_and_why(calibration, buildings):
    assert calibration["baseline"].values.tolist() == ["calibrated", "simulated", "simulated"]
    assert calibration["gate_passed"].values.tolist() == [True, False, False]
    row = calibration.isel(building=0).sel(carrier="electricity")
    assert float(row["nmbe_after"]) == pytest.approx(-12 / (11 * 100))
    assert float(row["nmbe_before"]) == pytest.approx(-12 / 11)
    assert np.isnan(float(row["nmbe_engine"]))
    assert float(row["months_missing"]) == 1
    assert "NMBE -21.8%" in str(calibration["reason"].values[1])
    assert "7 months" in str(calibration["reason"].values[2])
    assert str(calibration["measure_next_zh"].values[1])


def test_designs_come_back_from_the_table(calibration, buildings):
    mean, draws = calibrated_designs(calibration, buildings[0])
    prior = prior_of(buildings[0])
    for name, low, high in zip(prior.names, prior.low, prior.high, strict=True):
        assert getattr(mean, name) == pytest.approx((low + high) / 2)
        assert [getattr(draw, name) for draw in draws] == pytest.approx([low, (low + high) / 2, high])
    assert mean.source_system == buildings[0].design.source_system
    assert calibrated_designs(calibration, buildings[1]) is None


def test_the_engine_may_overrule_the_surrogate(buildings):
    found = fitted(buildings[0], 1.0)
    surrogate, engine = np.ones((3, 2, 12)), np.ones((3, 2, 12))
    engine[:, 0] += 30.0
    assert verdict(found).passed
    refused = verdict(found, Confirmation(engine, surrogate))
    assert not refused.passed
    assert all(reason.startswith("by the engine") for reason in refused.reasons)
    table = calibration_table([found], {buildings[0].building_id: Confirmation(engine, surrogate)}, {})
    assert float(table["cv_rmse_engine"].values[0, 0]) == pytest.approx(0.3 * np.sqrt(12 / 11))


def test_section_stands_where_bills_were_used(material, calibration, tmp_path):
    shown = {name: material[name] for name in ("portfolio", "inputs")}
    write_report(tmp_path / "with.html", shown["portfolio"], inputs=shown["inputs"], calibration=calibration)
    write_report(tmp_path / "without.html", shown["portfolio"], inputs=shown["inputs"])
    texts = [(tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in ("with", "without")]
    assert ['id="bills"' in text for text in texts] == [True, False]
    assert ['href="#bills"' in text for text in texts] == [True, False]
    assert "1 of 3 buildings agree" in texts[0]
    assert "7 months of electricity bills" in texts[0]


def test_numbers_of_the_section(material, calibration):
    held = Material(material["portfolio"], material["inputs"], calibration=calibration)
    table, tuned = bills.agreement_table(held), bills.parameter_table(held)
    assert table["electricity_cv_rmse_after"].tolist()[:2] == pytest.approx([0.01 * np.sqrt(12 / 11),
                                                                            0.2 * np.sqrt(12 / 11)])
    assert (tuned["low"] <= tuned["mean"]).all()
    assert (tuned["mean"] <= tuned["high"]).all()
    assert set(tuned["building"]) == set(table["building"][:2])
    assert bills.summary(Material(material["portfolio"], material["inputs"])) is None
