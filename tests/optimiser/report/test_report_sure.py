"""What rules cost, what more money is worth, the robust core, the yearly statement and published figures, by hand."""

import numpy as np
import pytest

from optimiser.money.contracts import Terms
from optimiser.report import Material, Published, rows, summary, validity
from optimiser.report.beside import beside_rows, beside_table, comparable_lines
from optimiser.report.flows import contract_table, statement_table
from optimiser.report.page import illustrative_words
from optimiser.summary import summary_lines


@pytest.fixture(scope="module")
def made(material):
    return Material(**material)


def test_only_known_prices_are_shown_dearest_first(made):
    scenario = made.scenarios[1]
    total = float(made.portfolio["energy_saving"].sel(scenario=scenario).sum())
    rows = validity.rules_in_words(made, scenario)
    assert len(rows) == 3  # the fourth rule has no price
    assert f"{0.2 * total / 1e3:,.0f} MWh/a more without it" in rows[0]["price"]
    assert "at least 20 % saved" in rows[1]["rule"]
    assert "costs nothing" in rows[2]["price"]
    assert all('lang="zh"' in text for row in rows for text in row.values())


def test_the_price_is_told_in_units_of_the_objective(material):
    scenario = str(material["portfolio"]["scenario"].values[0])
    portfolio = material["portfolio"].assign_attrs(rules=f'{scenario}: {{"objective": "net_present_value"}}')
    frontier = material["frontier"].copy()
    frontier["rule_price"] = frontier["rule_price"] * 0 + 2.5e6
    frontier["rule_binds"] = frontier["rule_price"] > 0
    made = Material(**material | {"portfolio": portfolio, "frontier": frontier})
    assert "250 ×10 000 CNY more" in validity.rules_in_words(made, scenario)[0]["price"]


def test_worth_of_more_money_is_the_slope_of_the_frontier(made):
    scenario = made.scenarios[0]
    budget = float(made.portfolio["budget"].sel(scenario=scenario))
    points, saving = made.frontier["frontier_budget"].values, made.frontier["energy_saving"].values
    after = points[points > budget * (1 + 1e-9)].min()
    expected = (np.interp(after, points, saving) - np.interp(budget, points, saving)) / (after - budget) * 1e4
    assert validity.worth_of_money_kwh(made, scenario) == pytest.approx(expected)
    dearest = made.portfolio.assign(budget=made.portfolio["budget"] * 100)
    beyond = Material(dearest, made.inputs, frontier=made.frontier)
    assert np.isnan(validity.worth_of_money_kwh(beyond, scenario))


def test_robust_core_names_who_is_always_in(made):
    share = made.portfolio["touched"].mean("scenario")
    core = [str(b) for b in share["building"].values[share.values >= 0.9]]
    text = str(validity.core_in_words(made))
    assert f"scenarios ({len(core)}):" in text if core else "No building" in text
    assert all(name in text for name in core[:20])
    two = Material(made.portfolio.isel(scenario=slice(2)), made.inputs)
    assert validity.core_in_words(two) == ""


def test_the_yearly_statement_balances(made):
    scenario = made.scenarios[2]
    table, contracts = statement_table(made, scenario), contract_table(made, scenario)
    term = Terms().term_years
    begun = made.portfolio["chosen_year"].sel(scenario=scenario).values
    assert term * len(contracts) <= len(table) <= (term + begun.max() - 1) * len(contracts)
    assert (table["owner_pays"] + table["kept_by_owner"]).to_numpy() == pytest.approx(table["energy_cost_before"])
    done = table[(table["year"] >= begun.max()) & (table["year"] <= term)]  # all works are done, no term has ended
    both = done["kept_by_owner"] + done["service_company"]
    assert both.to_numpy() == pytest.approx(done["cost_saved"], rel=1e-6)
    shared = done[done["lane"] == "shared_savings"]
    assert len(shared)
    assert shared["kept_by_owner"].to_numpy() == pytest.approx(0.2 * shared["cost_saved"])
    assert done["within_last_cost"].all()


def test_published_figures_stand_beside_the_plan(made):
    scenario = made.scenarios[-1]
    table = beside_table(made)
    own = table[table["scenario"] == scenario].set_index("what")["this_plan"]
    plan = made.portfolio.sel(scenario=scenario)
    on = plan["touched"].values
    coal = 0.1229e-3 * plan["energy_saving"].values[on].sum()
    assert own["beside_coal"] == pytest.approx(coal, rel=1e-6)
    assert own["beside_buildings"] == on.sum()
    assert own["beside_batches"] == len(set(plan["chosen_year"].values[on]))
    assert own["beside_money"] == pytest.approx(contract_table(made, scenario)["public_money_saved"].sum())
    assert own["beside_above"] == pytest.approx((plan["saving_fraction"].values[on] >= 0.2 - 1e-7).mean())
    shown = {str(row["what"]): row["published"] for row in beside_rows(made, scenario)}
    assert "1,725" in shown.values()
    lines = " ".join(map(str, comparable_lines(made)))
    assert "5.70 GWh" in lines
    assert "made up" in lines


def test_nothing_published_nothing_beside(material):
    made = Material(**{**material, "published": None})
    assert beside_table(made).empty
    assert comparable_lines(made) == []
    assert beside_rows(made, made.scenarios[0]) == []


def test_published_refuses_unknown_keys():
    with pytest.raises(ValueError, match="extra"):
        Published(source="x", confidence="B", cost=1)


def test_illustrative_counts_are_told_in_both_languages():
    english, other = illustrative_words(["12 of 115 buildings are illustrative, not real", "costs"])
    assert english == "12 of 115 buildings are illustrative, not real; costs"
    assert other == "115 栋建筑中 12 栋为示例，并非真实建筑；costs"
    assert illustrative_words([]) is None


@pytest.mark.parametrize(("language", "said"), [("en", "of the simulated baseline"), ("zh", "相对模拟基准")])
def test_the_summary_speaks_the_language_asked_for(made, language, said):
    lines = summary_lines(made.portfolio, made.inputs, language)
    total = float(made.portfolio["energy_saving"].isel(scenario=-1).sum())
    assert said in lines[0]
    assert len(lines) == 1 + len(made.scenarios)
    assert f"{total / 1e3:,.0f} MWh" in lines[-1]
    assert ("万元" in lines[-1]) == (language == "zh")


def test_without_prices_the_table_is_empty(material):
    bare = Material(material["portfolio"], material["inputs"])
    assert validity.price_table(bare).empty


def test_a_plan_chosen_among_simulated_packages_says_so(material):
    closed = material["inputs"].assign_attrs(chosen_among="simulated packages only")
    made = [Material(**material), Material(**material | {"inputs": closed})]
    texts = [str(summary.certificate(one, rows.totals_table(one).to_dict("records")[0])) for one in made]
    assert ["had been simulated" in text for text in texts] == [False, True]
