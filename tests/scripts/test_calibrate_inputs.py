"""From a registry with bills to what calibration reads."""

import numpy as np
import pytest

from buildings import MonthlyBill, read_registry
from buildings.bill_periods import every_month
from buildings.datafile import DATA_DIR
from scripts.calibrate_inputs import bills_of, reason_against
from vocabulary import GAS_LHV_MJ_PER_M3


@pytest.fixture(scope="module")
def building():
    return read_registry(DATA_DIR / "jiading_sample.csv")[0]


def billed(building, months, **more):
    return building.model_copy(update={"bills": tuple(
        MonthlyBill(month=month, electricity_kwh=100.0 + i, gas_m3=2.0, **more) for i, month in enumerate(months))})


def test_months_run_over_the_year_and_gaps_are_nan(building):
    bills = bills_of(billed(building, ["2024-11", "2025-01"]))
    assert bills.months == ("2024-11", "2024-12", "2025-01")
    assert bills.energy_kwh[0].tolist()[::2] == [100.0, 101.0]
    assert np.isnan(bills.energy_kwh[:, 1]).all()
    assert bills.energy_kwh[1, 0] == pytest.approx(2.0 * GAS_LHV_MJ_PER_M3 / 3.6)


def test_estimated_readings_are_marked(building):
    assert bills_of(billed(building, ["2024-01"], reading="estimated")).estimated.tolist() == [True]


def test_reasons_against_calibration(building):
    systems = (building.design.source_system,)
    year = every_month("2024-01", "2024-12")
    assert reason_against(billed(building, year), systems) == ""
    assert "11 months" in reason_against(billed(building, year[:11]), systems)
    assert "not trained" in reason_against(billed(building, year), ("absorption",))
    own = billed(building, year).model_copy(update={"model": "office.idf"})
    assert "model of its own" in reason_against(own, systems)
    gas_only = building.model_copy(update={"bills": tuple(MonthlyBill(month=m, gas_m3=1.0) for m in year)})
    assert "0 months" in reason_against(gas_only, systems)


def test_only_what_the_building_is_today_is_calibrated(building):
    """Bills of before a retrofit are of another building; a meter that changes its level is of no one building."""
    systems = (building.design.source_system,)
    months = every_month("2023-01", "2025-12")
    changed = billed(building, months).model_copy(update={"retrofit_month": "2024-06"})
    assert reason_against(changed, systems) == ""
    assert bills_of(changed).months == tuple(every_month("2024-07", "2025-12"))
    late = changed.model_copy(update={"retrofit_month": "2025-06"})
    assert "6 months of electricity bills after the retrofit of 2025-06" in reason_against(late, systems)
    bills = [bill.model_copy(update={"electricity_kwh": 9000.0 if bill.month < "2024-05" else 6000.0})
             for bill in changed.bills]
    metered = building.model_copy(update={"bills": tuple(bills)})
    assert "0.67 times" in reason_against(metered, systems)
    assert "from 2024-05 on" in reason_against(metered, systems)
