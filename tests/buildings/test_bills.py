import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings import MonthlyBill, read_bills, read_registry
from buildings.bills import BillRow, annual, full_years, monthly_array, unit_faults
from buildings.datafile import DATA_DIR
from buildings.odd_bills import level_shift, strange_bills
from buildings.plausibility import check_files
from buildings.spreadsheet import load_columns
from vocabulary import InputError

MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]


def bills_file(tmp_path, rows, header="building_id,month,electricity_kwh,gas_m3,water_m3,cost_cny"):
    path = tmp_path / "bills.csv"
    path.write_text(header + "\n" + "\n".join(rows) + "\n")
    return path


def faults_of(path, areas=None):
    with pytest.raises(InputError) as error:
        read_bills(path, areas)
    return error.value.faults


def test_months_come_sorted_and_blank_is_unknown(tmp_path):
    read = read_bills(bills_file(tmp_path, ["A,2024-02,5000,,3,", "A,2024/1,4000,7,,9"]))
    assert [bill.month for bill in read["A"]] == ["2024-01", "2024-02"]
    assert read["A"][1].gas_m3 is None
    assert read["A"][0].gas_m3 == 7


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("A,2024-13,1,1,1,1", "month"), ("A,2024-01~2024-02,1,1,1,1", "month"), ("A,1月,1,1,1,1", "month"),
        ("A,2024-01,-5,1,1,1", "electricity_kwh"), ("A,2024-01,n/a,1,1,1", "electricity_kwh"),
        ("A,2024-01,1,1e99,1,1", "gas_m3"), ("A,2024-01,1,1,nan,1", "water_m3"), (",2024-01,1,1,1,1", "building_id"),
    ],
)
def test_faulty_cells_are_placed(tmp_path, row, column):
    (fault,) = faults_of(bills_file(tmp_path, [row]))
    assert fault.place == f"row 2, column {column}"


def test_doubled_month_and_misspelt_column(tmp_path):
    faults = faults_of(bills_file(tmp_path, ["A,2024-01,1,1,1,1", "B,2024-01,1,1,1,1", "A,2024/01,2,1,1,1"],
                                  header="building_id,month,electricity_kw,gas_m3,water_m3,cost_cny"))
    assert {(fault.place, fault.nearest) for fault in faults} == {
        ("header", "electricity_kwh"), ("row 4, column month", "")}


def test_wrong_units_are_named(tmp_path):
    rows = [f"A,{month},4.2,100,50," for month in MONTHS[:12]]
    rows += [f"B,{month},42000,{60_000 * 4},50," for month in MONTHS[:2]]
    rows += [f"C,{month},42000,100,50," for month in MONTHS[:11]] + ["C,2023-12,4.3,100,50,"]
    faults = faults_of(bills_file(tmp_path, rows), {"A": 6000.0, "B": 6000.0, "C": 6000.0})
    assert [fault.nearest for fault in faults] == ["42000", "6744", "43000"]
    assert "10^4 kWh" in faults[0].expected
    assert "MJ" in faults[1].expected
    assert faults[1].place == "row 14 and 1 more of B, column gas_m3"
    assert faults[2].place == "row 27, column electricity_kwh"


def test_megawatt_hours_are_not_taken_for_ten_thousands(tmp_path):
    rows = [f"A,{month},{42 + n}.5,,," for n, month in enumerate(MONTHS[:12])]
    (fault,) = faults_of(bills_file(tmp_path, rows), {"A": 6000.0})
    assert "MWh" in fault.expected
    assert fault.nearest == "42500"


def test_one_month_of_gas_in_mj_beside_cubic_metres(tmp_path):
    rows = [f"A,{month},42000,{300 if month[5:] in ('12', '01', '02') else 20},," for month in MONTHS]
    rows[12] = f"A,2024-01,42000,{310 * 35.588:.0f},,"
    (fault,) = faults_of(bills_file(tmp_path, rows), {"A": 6000.0})
    assert fault.place == "row 14, column gas_m3"
    assert fault.nearest == "310"


@given(st.floats(15, 300), st.floats(500, 100_000), st.lists(st.floats(0.4, 1.9), min_size=12, max_size=12))
def test_any_plausible_intensity_passes_and_its_ten_thousandth_does_not(intensity, area, shape):
    def rows(factor):
        return [BillRow(n + 2, "A", MonthlyBill(month=month, electricity_kwh=factor * intensity * area * part / 12))
                for n, (month, part) in enumerate(zip(MONTHS[:12], shape, strict=True))]

    assert unit_faults(rows(1.0), {"A": area}, "f") == []
    assert len(unit_faults(rows(1e-4), {"A": area}, "f")) == 1


def test_faults_of_registry_and_bills_come_together(write_registry, tmp_path):
    bills = bills_file(tmp_path, ["A1,2024-01,-5,1,1,1"])
    with pytest.raises(InputError) as error:
        read_registry(write_registry({"storeys": "x"}), bills)
    assert [fault.file for fault in error.value.faults] == ["registry.csv", "bills.csv"]


@given(st.lists(st.sampled_from(MONTHS), unique=True))
def test_full_years_and_annual_agree_with_counting(months):
    bills = [MonthlyBill(month=month, electricity_kwh=1.0 + n) for n, month in enumerate(sorted(months))]
    for year in (2023, 2024, 2025):
        own = [bill.electricity_kwh for bill in bills if bill.month.startswith(str(year))]
        assert (year in full_years(bills)) == (len(own) == 12)
        assert annual(bills, "electricity_kwh", year) == (sum(own) if len(own) == 12 else None)
    array = monthly_array(bills, "electricity_kwh", MONTHS)
    assert np.isfinite(array).sum() == len(months)


def test_strange_bills_are_named_not_refused(write_registry, tmp_path):
    rows = [f"A1,{month},{45_000 + 100 * n},,200," for n, month in enumerate(MONTHS)]
    rows[5] = "A1,2023-06,450000,,200,"
    del rows[20]
    faults, strange = check_files(write_registry({}), bills_file(tmp_path, rows))
    assert faults == []
    assert {item.place for item in strange} == {"row 22, column month", "row 7, column electricity_kwh"}
    assert "2024-09" in next(item.found for item in strange if item.place == "row 22, column month")


def series(amounts, months=MONTHS, **more):
    return [BillRow(n + 2, "A", MonthlyBill(month=month, electricity_kwh=amount, **more))
            for n, (month, amount) in enumerate(zip(months, amounts, strict=True))]


def one_building(sample, **changes):
    return [sample[3].model_copy(update={"building_id": "A", **changes})]


def seasonal(seed=0, count=36, noise=0.03):
    rng = np.random.default_rng(seed)
    shape = np.array([9.1, 8.2, 7.3, 5.8, 6.2, 7.2, 10.8, 11.1, 9.4, 6.2, 6.2, 8.3])
    return 7600 * np.tile(shape, 3)[:count] * (1 + noise * rng.standard_normal(count))


@given(st.integers(0, 10_000), st.integers(4, 32), st.sampled_from([0.5, 0.6, 0.7, 1.45, 1.7, 2.0, 3.0]))
def test_a_meter_change_is_found_in_its_month(seed, start, factor):
    amounts = seasonal(seed)
    amounts[start:] *= factor
    found = level_shift(dict(enumerate(amounts)), load_columns().traps)
    assert found is not None
    assert found[0] == start
    assert found[1] == pytest.approx(factor, rel=0.08)


@given(st.integers(0, 10_000), st.integers(12, 36), st.floats(-0.1, 0.1))
def test_weather_growth_and_seasons_are_no_meter_change(seed, count, growth):
    amounts = seasonal(seed, count) * (1 + growth) ** (np.arange(count) / 12)
    assert level_shift(dict(enumerate(amounts)), load_columns().traps) is None


def test_a_meter_change_is_named_with_its_row_unless_a_retrofit_explains_it(sample):
    amounts = seasonal()
    amounts[20:] *= 0.6
    (found,) = strange_bills(series(amounts), one_building(sample), "f")
    assert found.place == "row 22, column electricity_kwh"
    assert "from 2024-09 on" in found.found
    assert "meter" in found.expected
    assert strange_bills(series(amounts), one_building(sample, retrofit_month="2024-08"), "f") == []


@pytest.mark.parametrize("count", [12, 36])
def test_doubled_merged_and_split_months(sample, count):
    doubled = seasonal(1, count)
    doubled[4] *= 2
    (found,) = strange_bills(series(doubled, MONTHS[:count]), one_building(sample), "f")
    assert found.place == "row 6, column electricity_kwh"
    assert "twice" in found.expected
    merged = seasonal(2, count)
    merged[6] += merged[5]
    merged[5] = 0
    places = {f.place: f.expected for f in strange_bills(series(merged, MONTHS[:count]), one_building(sample), "f")}
    assert "two months in one" in places["row 8, column electricity_kwh"]
    assert "row 7, column electricity_kwh" in places
    kept = [row for row in series(merged, MONTHS[:count]) if row.number != 7]
    places = {f.place: f.expected for f in strange_bills(kept, one_building(sample), "f")}
    assert "two months in one" in places["row 8, column electricity_kwh"]


def test_costs_that_do_not_fit_the_amounts(sample):
    (found,) = strange_bills(series(seasonal(), cost_cny=4.2), one_building(sample), "f")
    assert found.place == "row 2 and 35 more of A, column cost_cny"
    fair = [BillRow(row.number, "A", row.bill.model_copy(update={"cost_cny": 0.85 * row.bill.electricity_kwh}))
            for row in series(seasonal())]
    assert strange_bills(fair, one_building(sample), "f") == []


def test_odd_intensity_is_strange(sample):
    building = sample[0]
    rows = [BillRow(2, building.building_id, MonthlyBill(month="2024-01", electricity_kwh=40 * building.floor_area_m2))]
    (found,) = strange_bills(rows, sample, "f")
    assert "480 kWh/m2" in found.found


def test_nothing_is_strange_in_the_district_but_its_estimates():
    _, strange = check_files(DATA_DIR / "jiading_illustrative.csv", DATA_DIR / "jiading_illustrative_bills.csv")
    assert {item.place.split("column ")[1] for item in strange} == {"reading"}


@pytest.mark.parametrize(("factor", "least"), [(0.5, 1.0), (0.7, 1.0), (0.75, 0.85), (1.4, 1.0), (2.0, 1.0)])
def test_meter_changes_put_into_the_districts_bills_are_found_in_their_month(district, factor, least):
    rng, found = np.random.default_rng(7), []
    for building in district:
        if len(building.bills) < 24:
            continue
        amounts = np.array([bill.electricity_kwh for bill in building.bills])
        start = rng.integers(4, len(amounts) - 4)
        amounts[start:] *= factor
        shift = level_shift(dict(enumerate(amounts)), load_columns().traps)
        found.append(shift is not None and shift[0] == start)
    assert len(found) > 100
    assert np.mean(found) >= least


@pytest.mark.parametrize(("count", "least"), [(36, 1.0), (12, 0.6)])
def test_doubled_months_put_into_the_districts_bills(district, count, least):
    rng, found = np.random.default_rng(3), []
    for building in district:
        if len(building.bills) < count:
            continue
        amounts = np.array([bill.electricity_kwh for bill in building.bills[-count:]])
        odd = int(rng.integers(1, count - 1))
        amounts[odd] *= 2
        places = {fault.place for fault in strange_bills(series(amounts, MONTHS[-count:]),
                                                         [building.model_copy(update={"building_id": "A"})], "f")}
        found.append(f"row {odd + 2}, column electricity_kwh" in places)
    assert np.mean(found) >= least


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "MWh"), (1e4, "10^4 kWh")])
@pytest.mark.parametrize("months", [1, 6, 9])
def test_some_months_in_a_larger_unit_are_named_and_no_others(district, factor, unit, months):
    for building in district:
        amounts = np.array([bill.electricity_kwh for bill in building.bills[-12:]])
        amounts[:months] /= factor
        faults = unit_faults(series(amounts, MONTHS[:12]), {"A": building.floor_area_m2}, "f")
        assert [fault.place for fault in faults] == [f"row {row + 2}, column electricity_kwh" for row in range(months)]
        assert all(unit in fault.expected for fault in faults)


def heated_with_gas(district, least_months=24):
    for building in district:
        gas = np.array([bill.gas_m3 or 0.0 for bill in building.bills])
        if len(gas) >= least_months and gas[:12].max() > 4 * np.median(gas):
            yield building, gas


def gas_series(gas, months):
    return [BillRow(n, "A", MonthlyBill(month=m, electricity_kwh=1e5, gas_m3=value))
            for n, (m, value) in enumerate(zip(months, gas, strict=True), start=2)]


@pytest.mark.parametrize(("trouble", "least"), [("twice", 0.9), ("meter", 0.8), ("merged", 0.9)])
def test_troubles_of_gas_in_winter_are_named(district, trouble, least):
    found = []
    for building, gas in heated_with_gas(district, 36):
        first = building.bills[0].month
        assert first.endswith("-01")
        if trouble == "twice":
            gas[12] *= 2
        elif trouble == "meter":
            gas[17:] *= 0.5
        else:
            gas[13], gas[12] = gas[12] + gas[13], 0.0
        rows = gas_series(gas, MONTHS)
        places = {fault.place for fault in strange_bills(rows, [building.model_copy(update={"building_id": "A"})], "f")
                  if "gas_m3" in fault.place}
        wanted = {"twice": "row 14,", "merged": "row 15,", "meter": ""}[trouble]
        found.append(any(place.startswith(wanted) for place in places))
    assert len(found) > 10
    assert np.mean(found) >= least


def test_a_winter_month_of_gas_in_mj_is_named_within_one_year(district):
    named, others = [], 0
    for building, gas in heated_with_gas(district):
        year = gas[6:18].copy()  # July to June: January stands inside
        year[6] *= 35.588
        faults = unit_faults(gas_series(year, MONTHS[:12]), {"A": building.floor_area_m2}, "f")
        named.append(any(fault.place == "row 8, column gas_m3" for fault in faults))
        others += sum("row 8," not in fault.place for fault in faults)
    assert np.mean(named) >= 0.9
    assert others == 0


def test_faults_do_not_hide_what_is_strange(write_registry, tmp_path):
    registry = write_registry({"year_built": "1905"}, {"building_id": "B", "storeys": "-2", "name": "two"})
    rows = ["A1,2024-01,-5,,,"] + [f"A1,{month},{5000 * 300 if n == 8 else 5000 * 9},,," for n, month in
                                   enumerate(MONTHS[:12])]
    faults, strange = check_files(registry, bills_file(tmp_path, rows))
    assert {fault.place for fault in faults} == {"row 3, column storeys", "row 2, column electricity_kwh"}
    assert {"row 2, column year_built", "row 11, column electricity_kwh"} <= {item.place for item in strange}


def test_check_names_strange_registry_values(write_registry):
    path = write_registry(
        {"year_built": "1905", "usable_roof_area_m2": "5000"},
        {"building_id": "B", "name": "one", "latitude_deg": "51.4", "longitude_deg": "0"},
    )
    faults, strange = check_files(path)
    assert faults == []
    assert {item.place for item in strange} == {
        "row 2, column year_built", "row 2, column usable_roof_area_m2", "row 3, column longitude_deg",
        "row 3, column name"}


def test_check_returns_faults_without_raising(write_registry):
    faults, strange = check_files(write_registry({"storeys": "-2"}))
    assert len(faults) == 1
    assert strange == []
