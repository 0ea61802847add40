"""The comparison: which portfolios, differences by hand, in and out."""

import numpy as np
import pytest
import xarray as xr

from optimiser.report import Material, comparison, write_comparison
from optimiser.report.words import number
from vocabulary import InputError


@pytest.fixture(scope="module")
def two(make_study):
    study = make_study(10)
    other = study["portfolio"].copy(deep=True)
    last = dict(scenario=-1)
    other["chosen_package"][last] = np.where(np.arange(10) == 0, "led", other["chosen_package"][last])
    other["touched"][last] = np.where(np.arange(10) == 0, True, other["touched"][last])
    return {
        "a": Material(study["portfolio"].isel(scenario=[-1]), study["inputs"]),
        "b": Material(other.isel(scenario=[-1]), study["inputs"]),
    }


def test_totals_and_differences_by_hand(two):
    sides = comparison.sides_of(two)
    context = comparison.comparison_context(sides)
    costs = [float(m.portfolio["capital_cost"].sum()) for m in two.values()]
    row = next(row for row in context["totals"] if row["key"] == "capital_cost")
    assert row["cells"][0] == {"value": number(costs[0], 0, 1e4), "difference": ""}
    assert row["cells"][1]["difference"].lstrip("+−") == number(abs(costs[1] - costs[0]), 0, 1e4)


def test_counts_of_in_and_out(two):
    counts = comparison.comparison_context(comparison.sides_of(two))["counts"]
    chosen = [m.portfolio["chosen_package"].isel(scenario=0).values != "none" for m in two.values()]
    together = np.sum(chosen, axis=0)
    assert counts == {
        "count": int((together == 2).sum()),
        "some": int((together == 1).sum()),
        "none": int((together == 0).sum()),
    }


def test_a_changed_package_is_marked_and_an_equal_one_is_not(two):
    choices = comparison.comparison_context(comparison.sides_of(two))["choices"]
    packages = [m.portfolio["chosen_package"].isel(scenario=0).values for m in two.values()]
    for row, first, second in zip(choices, *packages, strict=True):
        assert row["same"] == (first == second)


def test_buildings_of_only_one_portfolio_are_kept(two, make_study):
    larger = make_study(12)
    sides = comparison.sides_of(
        {"a": two["a"], "c": Material(larger["portfolio"].isel(scenario=[0]), larger["inputs"])}
    )
    table = comparison.choice_table(sides)
    assert len(table) == 12
    assert (table.loc[table["building"] == "JD-0012", "package:a"] == "none").all()


def test_scenarios_of_one_study_are_compared_with_each_other(make_study, tmp_path):
    study = make_study(10)
    sides = comparison.sides_of({"study": study["portfolio"]})
    assert [side.scenario for side in sides] == list(study["portfolio"]["scenario"].values)
    write_comparison(tmp_path / "c.html", {"study": study["portfolio"]})
    assert (tmp_path / "c.html").stat().st_size < 6e6


def test_too_many_scenarios_leave_the_dearest_of_each(make_study):
    study = make_study(10)
    sides = comparison.sides_of({f"s{i}": study["portfolio"] for i in range(3)})
    dearest = study["portfolio"]["scenario"].values[int(study["portfolio"]["capital_cost"].sum("building").argmax())]
    assert [side.scenario for side in sides] == [dearest] * 3


def test_folders_are_called_by_their_last_part(two):
    sides = comparison.sides_of({"some/where/first": two["a"], "else/second": two["b"]})
    assert [side.name for side in sides] == ["first", "second"]
    sides = comparison.sides_of({"one/out": two["a"], "two/out": two["b"]})
    assert [side.name for side in sides] == ["one/out", "two/out"]


def test_names_stay_text(two, tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    write_comparison(tmp_path / "c.html", {evil: two["a"], "b": two["b"]})
    assert "<img" not in (tmp_path / "c.html").read_text(encoding="utf-8")


def test_different_bases_are_pointed_out(two, tmp_path):
    carbon = Material(two["b"].portfolio.assign_attrs(energy_basis="shanghai_primary"), two["b"].inputs)
    write_comparison(tmp_path / "c.html", {"a": two["a"], "b": carbon})
    assert "cannot be compared directly" in (tmp_path / "c.html").read_text(encoding="utf-8").partition("<script")[0]


@pytest.mark.parametrize("count", [1, 9])
def test_only_two_to_eight(two, tmp_path, count):
    with pytest.raises(InputError, match="2 to 8"):
        write_comparison(tmp_path / "c.html", {f"p{i}": two["a"] for i in range(count)})


def test_unknown_scenario_is_named(two):
    with pytest.raises(InputError, match="scenario"):
        comparison.sides_of(two, {"a": "budget_0"})


def test_a_dataset_alone_is_enough(two):
    assert isinstance(two["a"].portfolio, xr.Dataset)
    context = comparison.comparison_context(comparison.sides_of({n: m.portfolio for n, m in two.items()}))
    assert {"energy_saving", "capital_cost", "buildings"} <= {row["key"] for row in context["totals"]}
    assert "fraction_touched" not in {row["key"] for row in context["totals"]}
