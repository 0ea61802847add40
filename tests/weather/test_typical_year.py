"""A made year keeps its normals, its spread and the laws of physics, whatever the seed."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import weather
from vocabulary import InputError
from weather.city import load_city, read_city
from weather.days import DAYS_IN_MONTH, MONTH_OF_DAY, hourly_course, monthly_means, smooth_months
from weather.epw import epw_text
from weather.normals import city_of, normals_of
from weather.quality import check
from weather.solar import plane_irradiance, pv_yield, sun_position
from weather.spread import spread_of
from weather.statistics import degree_days_k, summary

SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def years() -> list[xr.Dataset]:
    return [weather.make_typical_year("shanghai", seed) for seed in SEEDS]


def test_same_seed_same_bits():
    assert epw_text(weather.make_typical_year("shanghai", 7)) == epw_text(weather.make_typical_year("shanghai", 7))


def test_another_process_makes_the_same_bits():
    """Nothing hangs on the hash seed, on threads or on what was made before."""
    code = ("import hashlib, weather; from weather.epw import epw_text; "
            "print(hashlib.sha256(epw_text(weather.make_typical_year('shanghai', 7)).encode()).hexdigest())")
    told = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
                       capture_output=True, text=True, timeout=300).stdout.strip()
        for seed in ("1", "2")
    ]
    here = hashlib.sha256(epw_text(weather.make_typical_year("shanghai", 7)).encode()).hexdigest()
    assert told == [here, here]


SHIPPED = {
    "mean dry bulb, degC": (17.54, 0.01), "heating degree days 18, K d": (1460.4, 1),
    "cooling degree days 26, K d": (230.6, 1), "hours above 26 degC": (1900, 5), "mean daily range, K": (6.10, 0.02),
    "lowest, degC": (-5.8, 0.1), "highest, degC": (38.9, 0.1), "global radiation, kWh/m2": (1356, 1),
    "direct normal radiation, kWh/m2": (930.3, 2), "PV yield, 10 degrees south, kWh/kW": (1092.2, 2),
}


def test_shipped_year_has_not_drifted(years):
    """The figures of weather/README.md; whoever changes the generator measures table (3) again."""
    found = summary(years[0])
    for name, (value, tolerance) in SHIPPED.items():
        assert found[name] == pytest.approx(value, abs=tolerance), name


def test_seeds_are_years_of_one_climate(years):
    """The order of days differs; how cold, hot and bright the year is does not."""
    days = np.array([[degree_days_k(year, 18.0, heating=True), degree_days_k(year, 26.0, heating=False)]
                     for year in years])
    assert np.ptp(days, axis=0).max() < 5
    direct = np.array([float(year["direct_normal_radiation"].sum()) for year in years])
    assert np.ptp(direct) / direct.mean() < 0.02


def test_seeds_differ(years):
    for name in ("dry_bulb_temperature", "global_horizontal_radiation", "wind_speed", "dew_point_temperature"):
        assert (years[0][name] != years[1][name]).mean() > 0.3, name


def test_monthly_means_are_the_normals(years):
    """Issue: 0.2 K and 2 % of radiation; the means are enforced, so far closer."""
    normals = load_city("shanghai").normals
    for year in years:
        def mean(name, year=year):
            return monthly_means(year[name].values)

        assert np.abs(mean("dry_bulb_temperature") - normals.temperature_c.array).max() < 0.01
        assert np.abs(mean("dew_point_temperature") - normals.dew_point_c.array).max() < 0.02
        assert np.abs(mean("atmospheric_pressure") - normals.pressure_pa.array).max() < 1
        assert np.abs(mean("wind_speed") / normals.wind_speed_m_per_s.array - 1).max() < 0.01
        assert np.abs(mean("total_sky_cover") - normals.sky_cover_tenths.array).max() < 0.2
        assert np.abs(mean("horizontal_infrared_radiation") - normals.sky_infrared_w_per_m2.array).max() < 1
        radiation = 24 * mean("global_horizontal_radiation")
        assert np.abs(radiation / normals.global_radiation_wh_per_m2_day.array - 1).max() < 0.002
        rain = 24 * DAYS_IN_MONTH * mean("liquid_precipitation_depth")
        assert np.abs(rain / normals.rain_mm.array - 1).max() < 0.1
        ranges = monthly_means(np.ptp(year["dry_bulb_temperature"].values.reshape(365, 24), axis=1))
        assert np.abs(ranges - normals.daily_range_k.array).max() < 0.15


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_laws_of_physics(seed):
    year = weather.make_typical_year("shanghai", seed)
    total, direct, diffuse = (
        year[f"{name}_radiation"].values for name in ("global_horizontal", "direct_normal", "diffuse_horizontal")
    )
    sun = sun_position(year)
    assert (year["dew_point_temperature"] <= year["dry_bulb_temperature"]).all()
    assert direct.max() < 1000
    assert min(total.min(), direct.min(), diffuse.min()) >= 0
    assert np.abs(total - direct * sun["cos_zenith"].values - diffuse).max() < 0.16
    night = sun["zenith"].values >= 90
    assert total[night].max() == direct[night].max() == diffuse[night].max() == 0
    assert total[sun["zenith"].values < 85].min() > 0
    assert year["relative_humidity"].values.min() > 5
    assert year["relative_humidity"].values.max() <= 100
    assert check(year) == []


def test_spread_and_persistence(years):
    spread = load_city("shanghai").spread
    for year in years:
        daily = year["dry_bulb_temperature"].values.reshape(365, 24).mean(axis=1)
        own = np.array([daily[month == MONTH_OF_DAY].std() for month in range(12)])
        assert np.abs(own / spread.temperature_sd_k.array - 1).max() < 0.02
    lags = []
    for year in years:
        daily = year["dry_bulb_temperature"].values.reshape(365, 24).mean(axis=1)
        rest = daily - smooth_months(monthly_means(daily))
        lags.append(np.corrcoef(rest[1:], rest[:-1])[0, 1])
    assert 0.45 < np.mean(lags) < 0.75


def test_hour_of_day(years):
    for year in years:
        by_hour = year["dry_bulb_temperature"].values.reshape(365, 24).mean(axis=0)
        assert by_hour.argmax() + 1 in (14, 15)
        assert by_hour.argmin() + 1 in (5, 6, 7)
        light = year["global_horizontal_radiation"].values.reshape(365, 24).mean(axis=0)
        assert abs(light @ (np.arange(24) + 0.5) / light.sum() - 11.9) < 0.15


def test_header_is_complete(years):
    attrs = years[0].attrs
    assert attrs["design_conditions"].split(",")[:2][0] == "1"
    assert attrs["data_periods"] == "1,1,Data,Sunday,1/1,12/31"
    assert "seed 0" in attrs["comments_1"]


@pytest.mark.parametrize(
    ("city", "seed", "word"), [("shangai", 0, "did you mean 'shanghai'"), ("shanghai", -1, "seed")])
def test_bad_requests(city, seed, word):
    with pytest.raises(InputError, match=word):
        weather.make_typical_year(city, seed)


def test_a_city_is_one_file_and_all_its_faults_come_at_once(tmp_path):
    from weather import city as city_module

    shipped = (city_module._FOLDER / "shanghai.yaml").read_text(encoding="utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(shipped.replace("latitude_deg: 31.40", "latitude_deg: 39.93")
                     .replace("name: shanghai", "name: other"), encoding="utf-8")
    year = weather.make_typical_year(read_city(other), 1)
    assert year.attrs["latitude_deg"] == 39.93
    assert check(year) == []
    other.write_text(shipped.replace("wmo:", "wmoo:").replace("time_zone_h: 8.0", "time_zone_h: 88"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_city(other)
    for word in ("wmoo", "wmo", "time_zone_h"):
        assert word in str(caught.value)


def test_unreachable_radiation_is_refused():
    city = load_city("shanghai")
    bright = city.normals.global_radiation_wh_per_m2_day.model_copy(update={"values": (9000.0,) * 12})
    normals = city.normals.model_copy(update={"global_radiation_wh_per_m2_day": bright})
    with pytest.raises(InputError, match="clearness"):
        weather.make_typical_year(city.model_copy(update={"normals": normals}))


def test_normals_go_round(years):
    """The normals of a made year make years with the same normals, the diffuse share included."""
    city = city_of(years[0], load_city("shanghai"))
    again = normals_of(weather.make_typical_year(city, 11))
    assert np.allclose(again.temperature_c.array, city.normals.temperature_c.array, atol=0.01)
    assert np.allclose(again.diffuse_fraction.array, city.normals.diffuse_fraction.array, atol=0.02)


def test_measured_spread_is_the_one_asked_for(years):
    """What the generator was told is what a measurement finds: standard deviations, persistence, correlations."""
    told = load_city("shanghai").spread
    found = spread_of(years, told)
    for name, tolerance in {"temperature_sd_k": 0.15, "dew_point_sd_k": 0.4, "clearness_sd": 0.02,
                            "range_variation": 0.05, "temperature_lag1": 0.25, "clearness_lag1": 0.25,
                            "temperature_clearness": 0.35, "temperature_dew_point": 0.25, "clearness_range": 0.35,
                            "temperature_range": 0.35, "dew_point_clearness": 0.35}.items():
        off = np.abs(getattr(found, name).array - getattr(told, name).array)
        assert off.max() < tolerance, name
        assert off.mean() < tolerance / 2, name


def test_dew_point_made_from_the_dry_bulb_tells_no_spread(years):
    follower = years[0].copy()
    follower["dew_point_temperature"] = follower["dry_bulb_temperature"] - 4
    told = load_city("shanghai").spread
    both, one = spread_of([years[1], follower], told), spread_of([years[1]], told)
    assert both.dew_point_sd_k.values == one.dew_point_sd_k.values
    assert both.temperature_sd_k.values != one.temperature_sd_k.values
    assert min(spread_of([follower], told).temperature_dew_point.values) > 0.99


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-40, 40), min_size=12, max_size=12))
def test_smooth_months_keeps_means(values):
    assert np.allclose(monthly_means(smooth_months(np.array(values))), values, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**20))
def test_hourly_course_keeps_days(seed):
    daily = np.random.default_rng(seed).normal(10, 5, 365)
    assert np.allclose(hourly_course(daily).reshape(365, 24).mean(axis=1), daily, atol=1e-9)


def _felt(year: xr.Dataset) -> np.ndarray:
    """What a building feels: cold, warm and humid hours of the working day, sun on south and west walls, PV."""
    hour = year["hour_of_day"].values
    at_work = (hour > 8) & (hour <= 18)
    dry, dew = (year[f"{name}_temperature"].values[at_work] for name in ("dry_bulb", "dew_point"))
    walls = [float(plane_irradiance(year, 90, azimuth).sum()) for azimuth in (180, 270)]
    return np.array([np.maximum(16 - dry, 0).sum(), np.maximum(dry - 24, 0).sum(), np.maximum(dew - 18, 0).sum(),
                     *walls, float(pv_yield(year).sum())])


def test_years_of_the_same_means_feel_the_same():
    """Table (3) in small: a year that no seed made, its own means handed to the generator, three years of those."""
    shanghai = load_city("shanghai")
    warmer = shanghai.normals.temperature_c.model_copy(
        update={"values": tuple(np.add(shanghai.normals.temperature_c.values, np.linspace(-1.5, 1.5, 12)))})
    normals = shanghai.normals.model_copy(update={"temperature_c": warmer})
    truth = weather.make_typical_year(shanghai.model_copy(update={"normals": normals}), 40)
    like = city_of(truth, shanghai)
    found = np.mean([_felt(weather.make_typical_year(like, seed)) for seed in range(3)], axis=0)
    assert np.abs(found / _felt(truth) - 1).max() < 0.04
