"""What the owner pays and is paid: guarantees, yearly costs, public money saved; the column cap and its bound."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

import optimiser
from optimiser import Rules

Maker = Callable[..., xr.Dataset]


def one_building(**more: object) -> xr.Dataset:
    """Return one building whose only package costs 100 000 CNY and saves 30 000 CNY a year."""
    bp = ("building", "package")
    data = {
        "baseline_energy": ("building", [100_000.0], {"units": "kW h"}),
        "energy_saving": (bp, [[0.0, 40_000.0]], {"units": "kW h"}),
        "capital_cost": (bp, [[0.0, 100_000.0]], {"units": "1"}),
        "annual_cost_saving": (bp, [[0.0, 30_000.0]], {"units": "1"}),
        "annual_cost_baseline": ("building", [80_000.0], {"units": "1"}),
        **more,
    }
    return xr.Dataset(data, {"building": ["hall"], "package": ["none", "led"]})


def test_guarantee_pays_the_mean_shortfall_of_the_contract(make_cube: Maker) -> None:
    """Common errors add up, independent ones in squares; the mean shortfall by adding up over the distribution."""
    cube = make_cube(4, buildings=5, std=True, money=True)
    cube["contract_id"] = ("building", ["one"] * 5)
    cube["available"].values[:] = True
    rules = Rules(budget_cny=1e9, lanes=("guaranteed",), floor_confidence=0.5, contract_terms={"guarantee_level": 0.95})
    result = optimiser.optimise(cube, rules)
    chosen = zip(cube["building"].values, result["chosen_package"].values[0], strict=True)
    rows = [cube.sel(building=b, package=p) for b, p in chosen if p != "none"]
    assert len(rows) > 2
    price = [float(row["annual_cost_saving"] / row["energy_saving"]) for row in rows]
    own = [float(row["energy_saving_std"]) * cny for row, cny in zip(rows, price, strict=True)]
    common = [float(row["energy_saving_std_common"]) * cny for row, cny in zip(rows, price, strict=True)]
    mean, error = sum(float(row["annual_cost_saving"]) for row in rows), sum(common) + np.linalg.norm(own)
    shares = (np.arange(200_000) + 0.5) / 200_000
    expected = np.maximum(0.95 * mean - norm.ppf(shares, mean, error), 0.0).mean()
    assert result["guarantee_payment"].values.sum() == pytest.approx(expected, rel=2e-3)


def test_owner_cost_is_the_value_of_the_plan_year_by_year() -> None:
    """Discounted, the owner's yearly gain is the net present value where nothing is left at the horizon."""
    bp = ("building", "package")
    cube = one_building(
        package_life=(bp, [[1.0, 10.0]], {"units": "year"}), annual_upkeep_cost=(bp, [[0.0, 1_000.0]], {"units": "1"})
    )
    result = optimiser.optimise(cube, Rules(budget_cny=1e6, objective="net_present_value"))
    gain = result["owner_cost_saving"].values[0]
    assert gain[[0, 1, 10, 11]].tolist() == [-100_000.0, 29_000.0, -71_000.0, 29_000.0]
    assert gain @ 1.04 ** -np.arange(21.0) == pytest.approx(result["objective_value"].item())
    assert result["owner_cost"].values[0, 1] == pytest.approx(80_000.0 - 29_000.0)
    assert result["public_money_saved"].values.sum() == pytest.approx(-100_000.0 + 8 * 29_000.0)


def test_works_in_a_later_year_move_the_owners_costs() -> None:
    rules = Rules(yearly_budget_cny=(10_000.0, 200_000.0), objective="saving")
    result = optimiser.optimise(one_building(), rules)
    assert result["chosen_year"].values.tolist() == [[2]]
    assert result["owner_cost_saving"].values[0, :4].tolist() == [0.0, -100_000.0, 30_000.0, 30_000.0]


@pytest.mark.parametrize(("lane", "saved"), [("shared_savings", 0.2 * 30_000.0), ("trusteeship", 0.05 * 80_000.0)])
def test_public_money_saved_over_the_term(lane: str, saved: float) -> None:
    result = optimiser.optimise(one_building(), Rules(budget_cny=0.0, lanes=(lane,)))  # type: ignore[arg-type]
    assert result["public_money_saved"].values.sum() == pytest.approx(8 * saved)
    yearly = result["owner_cost_saving"].values[0]
    assert yearly[[0, 1, 8, 9]] == pytest.approx([0.0, saved, saved, 30_000.0])


def test_trusteeship_carries_obligatory_works_that_save_nothing() -> None:
    """40 000 CNY of electrical safety fit into the company's value, 200 000 do not; shared savings carries none."""
    for lane, works, touched in (
        ("trusteeship", 20_000.0, True),
        ("trusteeship", 200_000.0, False),
        ("shared_savings", 200_000.0, True),
    ):
        cube = one_building(obligatory_works_cost=("building", [works], {"units": "1"}))
        result = optimiser.optimise(cube, Rules(budget_cny=0.0, lanes=(lane,)))  # type: ignore[arg-type]
        assert bool(result["touched"].values.any()) is touched


@pytest.mark.parametrize("most", [1, 2, 4])
def test_column_cap_states_at_most_what_it_costs(make_cube: Maker, most: int) -> None:
    for seed in range(6):
        cube = make_cube(seed, buildings=6, packages=9, pv=seed % 2 == 0)
        free, capped = (
            optimiser.optimise(cube, Rules(budget_cny=90_000.0, mip_gap=0.0, columns_per_building=cap))
            for cap in (None, most)
        )
        assert "objective_lost_to_cap" not in free
        lost = free["objective_value"].item() - capped["objective_value"].item()
        assert -1e-6 <= lost <= capped["objective_lost_to_cap"].item() + 1e-6 * free["objective_value"].item()
        assert capped["certified"].item()
        assert capped["packages_kept"].item() <= 6 * most


def test_column_cap_that_drops_nothing_costs_nothing(make_cube: Maker) -> None:
    result = optimiser.optimise(make_cube(1), Rules(budget_cny=90_000.0, mip_gap=0.0, columns_per_building=50))
    assert result["objective_lost_to_cap"].item() == pytest.approx(0.0, abs=1e-6)
