"""Invented portfolios, labelled as such, in the shape of `portfolio.nc`: small factories with visible answers."""

import numpy as np
import pytest
import xarray as xr

from optimiser.money.contracts import Retrofit, cash_flows
from optimiser.published import Published
from vocabulary import CARRIERS, END_USES, attributes

MEASURES = ["led", "led_high_efficiency", "window", "vrf", "heat_pump", "controls", "roof_insulation"]
TOWNS = ["嘉定镇街道", "新成路街道", "安亭镇", "南翔镇", "江桥镇", "马陆镇", "外冈镇", "徐行镇"]
KINDS = ["District office building", "Tax bureau", "Court", "Sports centre", "Library", "Health bureau", "Town hall"]
LANES = ["own_funds", "guaranteed", "shared_savings", "trusteeship"]
SOURCES = ["chiller_boiler", "absorption", "vrf", "split"]


def named(name, values, dims, **attrs):
    extra = {"price_year": 2025} if "currency" in attributes(name) else {}
    return xr.DataArray(values, dims=dims, attrs={**attributes(name), **extra, **attrs})


def make_inputs(count=24, seed=1, names=None):
    rng = np.random.default_rng(seed)
    packages = ["none", *MEASURES, "controls+led", "led+vrf", "controls+led+window", "heat_pump+led+window"]
    baseline = rng.lognormal(13.2, 0.7, count)
    fraction = np.concatenate([[0.0], rng.uniform(0.05, 0.30, len(MEASURES)), rng.uniform(0.22, 0.45, 4)])
    saving = baseline[:, None] * fraction * rng.uniform(0.8, 1.2, (count, len(packages)))
    cost = saving * np.where(fraction > 0, 1.5 + 6 * fraction, 0)
    both = ("building", "package")
    ids = [f"JD-{i + 1:04d}" for i in range(count)]
    labels = names or [f"{KINDS[i % len(KINDS)]} {i + 1} (invented)" for i in range(count)]
    data = {
        "baseline_energy": named("baseline_energy", baseline, "building", energy_basis="calorific"),
        "energy_saving": named("energy_saving", saving, both, energy_basis="calorific"),
        "energy_saving_std": named("energy_saving_std", saving * 0.06, both),
        "capital_cost": named("capital_cost", cost, both),
        "annual_cost_saving": named("annual_cost_saving", saving * 0.78, both),
        "carbon_saving": named("carbon_saving", saving * 0.42e-3, both),
        "floor_area": named("floor_area", baseline / rng.uniform(60, 110, count), "building"),
        "building_name": named("building_name", np.array(labels), "building"),
        "town": named("town", np.array([TOWNS[i % len(TOWNS)] for i in range(count)]), "building"),
        "source_system": named("source_system", np.array([SOURCES[i % 4] for i in range(count)]), "building"),
        "latitude": named("latitude", 31.3 + rng.normal(0, 0.05, count), "building"),
        "longitude": named("longitude", 121.25 + rng.normal(0, 0.06, count), "building"),
        "pv_capacity_max": named("pv_capacity_max", baseline / 5e3, "building"),
    }
    coords = {
        "building": named("building", np.array(ids), "building"),
        "package": named("package", np.array(packages), "package"),
    }
    return xr.Dataset(data, coords, attrs={"energy_basis": "calorific"})


def make_portfolio(inputs, scenarios=5, seed=2):
    """Cheapest package above 20 % for as many buildings, dearest saving first, as the invented budget pays for."""
    rng = np.random.default_rng(seed)
    count = inputs.sizes["building"]
    e, s, c = (inputs[n].values for n in ("baseline_energy", "energy_saving", "capital_cost"))
    meets = s >= 0.2 * e[:, None]
    choice = np.where(meets, c, np.inf).argmin(axis=1)
    at = np.arange(count)
    order = np.argsort(c[at, choice] / s[at, choice])
    total = c[at, choice].sum()
    budgets = np.round(np.linspace(0.15, 0.9, scenarios) * total, -5)
    shape = (scenarios, count)
    taken = np.zeros(shape, dtype=bool)
    for k, budget in enumerate(budgets):
        taken[k, order] = np.cumsum(c[at, choice][order]) <= budget
    taken &= meets[at, choice]
    pv = np.where(taken & (rng.random(count) < 0.5), np.round(inputs["pv_capacity_max"].values), 0.0)
    package = np.where(taken, inputs["package"].values[choice], "none")
    lane = np.where(taken, np.array(LANES)[rng.integers(0, 4, count)], "none")
    on = taken.astype(float)
    without, used = on * s[at, choice], pv * 780.0
    cost = on * c[at, choice] + pv * 3400.0
    values = {
        "chosen_package": package,
        "energy_saving": without + used,
        "energy_saving_without_pv": without,
        "saving_fraction": (without + used) / e,
        "capital_cost": cost,
        "pv_capacity": pv,
        "touched": taken,
        "pv_generation": pv * 1050.0,
        "pv_self_used": used,
        "pv_exported": pv * 270.0,
        "annual_cost_saving": (without + used) * 0.78 + pv * 270 * 0.4155,
        "carbon_saving": (without + used) * 0.42e-3,
        "coal_saving": (without + used) * 0.1229e-3,
        "net_present_value": (without + used) * 0.78 * 13.59 - cost,
        "chosen_lane": lane,
        "chosen_contract": np.where(taken, "c" + (at // 6).astype(str).astype(object), "none").astype(str),
        "chosen_year": np.where(taken, 1 + at % 3, 0),
        "route": np.where(taken, np.where(at % 5 == 0, "direct", "surrogate"), "none"),
    }
    owner, company = yearly_flows(values)
    data = {n: named(n, v, ("scenario", "building")) for n, v in values.items()}
    data["public_money_saved"] = (("scenario", "building"), owner[..., :9].sum(axis=-1), {"units": "1"})
    for name, flows in (("owner_flow", owner), ("service_company_flow", company)):
        data[name] = (("scenario", "building", "cash_year"), flows, {"units": "1", "currency": "CNY"})
    for name in ("energy_saving", "energy_saving_without_pv", "saving_fraction"):
        data[name].attrs["energy_basis"] = "calorific"
    value = data["energy_saving"].sum("building").values
    data |= {
        n: named(n, v, "scenario")
        for n, v in {
            "budget": budgets,
            "objective_value": value,
            "objective_bound": value * 1.00005,
            "mip_gap": np.full(scenarios, 5e-5),
            "termination": np.array(["optimal within the gap"] * scenarios),
            "certified": np.array([True] * (scenarios - 1) + [False]),
            "empty": ~taken.any(axis=1),
        }.items()
    }
    coords = {
        "scenario": named("scenario", np.array([f"budget_{int(b)}" for b in budgets]), "scenario"),
        "building": inputs["building"],
    }
    return xr.Dataset(
        data,
        coords,
        attrs={
            "energy_basis": "calorific",
            "minimum_saving_fraction": 0.2,
            "illustrative": "all figures: invented for a test",
        },
    )


def yearly_flows(values, last=20):
    """Owner's and company's money building by building from the plan year of its works on."""
    shape = (*values["touched"].shape, last + 1)
    owner, company = np.zeros(shape), np.zeros(shape)
    for at in zip(*np.nonzero(values["touched"]), strict=True):
        retrofit = Retrofit(values["capital_cost"][at], values["annual_cost_saving"][at])
        flows, begun = cash_flows(str(values["chosen_lane"][at]), retrofit, years=last), values["chosen_year"][at] - 1
        owner[at][begun:] = flows.owner[: last + 1 - begun]
        company[at][begun:] = flows.service_company[: last + 1 - begun]
    return owner, company


def make_verification(portfolio, seed=3):
    rng = np.random.default_rng(seed)
    without = portfolio["energy_saving_without_pv"]
    touched = portfolio["touched"]
    simulated = (without * (1 + rng.normal(0, 0.01, without.shape))).where(touched)
    predicted = without.where(touched & (portfolio["route"] == "surrogate"))
    fraction = (simulated / without * portfolio["saving_fraction"]).where(touched)
    both = ("scenario", "building")
    data = {
        "energy_saving_predicted": named("energy_saving_predicted", predicted.values, both),
        "energy_saving_simulated": named("energy_saving_simulated", simulated.values, both),
        "saving_fraction_simulated": named("saving_fraction_simulated", fraction.values, both),
        "floor_met": named("floor_met", (fraction >= 0.2).values, both),
        "simulated_in_round": named("simulated_in_round", np.where(touched, 1.0, np.nan), both),
    }
    s, b = np.nonzero(touched.values)
    trial = {
        "trial_scenario": portfolio["scenario"].values[s],
        "trial_building": portfolio["building"].values[b],
        "trial_package": portfolio["chosen_package"].values[s, b],
        "trial_round": np.ones(len(s)),
        "trial_saving_predicted": predicted.values[s, b],
        "trial_saving_simulated": simulated.values[s, b],
    }
    data |= {n: named(n, v, "trial") for n, v in trial.items()}
    return xr.Dataset(data, {d: portfolio[d] for d in both})


def make_simulations(inputs, portfolio, seed=4):
    """Baseline and chosen package of every touched building, with an invented split by end use and month."""
    rng = np.random.default_rng(seed)
    e, s = inputs["baseline_energy"].to_series(), inputs["energy_saving"].to_pandas()
    last = portfolio.isel(scenario=-1)
    chosen = [
        (b, p) for b, p in zip(last["building"].values, last["chosen_package"].values, strict=True) if p != "none"
    ]
    cases = [(b, "none") for b, _ in chosen] + chosen
    share = np.array([0.10, 0.24, 0.08, 0.06, 0.02, 0.22, 0.0, 0.25, 0.0, 0.03])
    month = np.array([9.1, 8.2, 7.3, 5.8, 6.2, 7.2, 10.8, 11.1, 9.4, 6.2, 6.2, 8.3]) / 95.8
    use = np.zeros((len(cases), 2, 10, 12))
    for i, (b, p) in enumerate(cases):
        total = e[b] - s.loc[b, p]
        use[i, 0] = total * share[:, None] * month * rng.uniform(0.9, 1.1, (10, 12))
        use[i, 1, 0] = use[i, 0, 0] * 0.6
    dims = ("case", "carrier", "end_use", "month")
    data = {
        "energy_use": named("energy_use", use, dims),
        "building_id": named("building_id", np.array([b for b, _ in cases]), "case"),
        "package_id": named("package_id", np.array([p for _, p in cases]), "case"),
        "status": named("status", np.array(["ok"] * len(cases)), "case"),
        "run_key": named("run_key", np.array([f"{b}/{p}" for b, p in cases]), "case"),
    }
    return xr.Dataset(data, {"carrier": list(CARRIERS), "end_use": list(END_USES), "month": np.arange(1, 13)})


def hourly_of(run_key):
    """An invented year: 40 kW at night, 100 to 160 kW in the daytime, a fifth less with any package."""
    hour = np.arange(8760)
    day = (hour % 24 >= 8) & (hour % 24 < 18) & (hour // 24 % 7 < 5)
    power = 40 + day * (90 + 30 * np.sin(hour / 8760 * 2 * np.pi) ** 2)
    return xr.Dataset({"electricity_hourly": ("hour", power * (1.0 if run_key.endswith("/none") else 0.8))})


def make_frontier(portfolio):
    total = portfolio["energy_saving"].sum("building").values
    budget = portfolio["budget"].values
    point = np.unique(np.append(np.linspace(0, 1.1, 12) * budget[-1], budget))
    exact = np.interp(point, np.append(0, budget), np.append(0, total))
    practice = np.array(["ranking_by_consumption", "ranking_by_payback", "single_measures"])
    units = {"units": "kW h", "long_name": "energy saved per year"}
    rules = ["budget_cny", "minimum_saving_fraction", "floor_confidence", "forbid JD-0001: led"]
    price = np.outer(total, [0.2, 0.05, 0.001, np.nan])
    return xr.Dataset(
        {
            "energy_saving": ("budget_point", exact, units),
            "practice_saving": (("practice", "budget_point"), exact * np.array([[0.62], [0.85], [0.71]]), units),
            "frontier_budget": ("budget_point", point, {"units": "1", "currency": "CNY", "long_name": "budget"}),
            "rule_price": (("scenario", "rule"), price, units),
            "rule_binds": (("scenario", "rule"), price > 0.01 * total[:, None]),
        },
        {"practice": practice, "scenario": portfolio["scenario"].values, "rule": rules},
    )


PUBLISHED = Published(
    source="a notice (invented)", confidence="B", projects=26, batches=2, coal_t_per_year=700.0,
    public_money_cny=17_250_000.0, minimum_saving_fraction=0.2,
)


def study(count):
    """Everything a report may be given, for any number of invented buildings."""
    inputs = make_inputs(count)
    portfolio = make_portfolio(inputs)
    return {
        "portfolio": portfolio,
        "inputs": inputs,
        "verification": make_verification(portfolio),
        "simulations": make_simulations(inputs, portfolio),
        "hourly": hourly_of,
        "frontier": make_frontier(portfolio),
        "published": PUBLISHED,
    }


@pytest.fixture(scope="session")
def material():
    return study(24)


@pytest.fixture(scope="session")
def retrofit_flows():
    return cash_flows("own_funds", Retrofit(100.0, 30.0), years=20)


@pytest.fixture(scope="session")
def make_study():
    return study
