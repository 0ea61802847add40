"""Energy bases: hand-computed figures, and laws that hold in every basis."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from optimiser.money import factors
from vocabulary import InputError

AMOUNTS = st.floats(-1e9, 1e9)
BASES = ["calorific", "shanghai_primary", "carbon_0_42", "carbon_0_5737"]


def test_public_factors_are_those_of_the_surface():
    found = {name: (b.electricity_per_kwh, b.natural_gas_per_m3) for name, b in factors.load_bases().items()}
    assert found == {
        "calorific": (0.1229, 1.2143),
        "shanghai_primary": (0.28078, 1.29971),
        "carbon_0_42": (0.42, 1.997),
        "carbon_0_5737": (0.5737, 1.997),
    }


def test_every_basis_names_source_and_confidence():
    for basis in factors.load_bases().values():
        assert basis.source
        assert basis.confidence in "ABCD"


def test_published_pair_of_yixing_is_met_by_the_calorific_factor():
    # Jiangsu reports 1.07 GWh and 132 t of standard coal for four offices.
    assert factors.coal_t(1.07e6, 0.0) == pytest.approx(132, rel=0.005)


def test_gas_by_hand():
    assert factors.gas_m3(35.588 / 3.6) == pytest.approx(1.0)
    assert factors.amount_kg(0.0, 35.588 / 3.6 * 7) == pytest.approx(7 * 1.2143)


@given(volume=AMOUNTS)
def test_gas_volume_and_energy_are_inverse(volume):
    assert factors.gas_m3(factors.gas_kwh(volume)) == pytest.approx(volume)


@pytest.mark.parametrize("basis", BASES)
@given(e=AMOUNTS, g=AMOUNTS, scale=st.floats(-3, 3))
def test_energy_in_a_basis_is_linear_and_counts_electricity_as_it_is(basis, e, g, scale):
    one = factors.energy_in_basis_kwh(e, g, basis)
    assert factors.energy_in_basis_kwh(scale * e, scale * g, basis) == pytest.approx(scale * one, rel=1e-9, abs=1e-3)
    assert factors.energy_in_basis_kwh(e, 0.0, basis) == pytest.approx(e)


@pytest.mark.parametrize("basis", BASES)
def test_energy_in_a_basis_times_its_factor_is_its_amount(basis):
    kwh = factors.energy_in_basis_kwh(1000.0, 500.0, basis)
    assert kwh * factors.basis_of(basis).electricity_per_kwh == pytest.approx(factors.amount_kg(1000.0, 500.0, basis))


def test_calorific_basis_equals_site_energy_within_a_thousandth():
    assert factors.energy_in_basis_kwh(0.0, 1.0, "calorific") == pytest.approx(1.0, abs=1e-3)


def test_gas_weighs_less_than_half_in_the_primary_basis_so_heat_pumps_look_worse():
    assert factors.energy_in_basis_kwh(0.0, 1.0, "shanghai_primary") < 0.5


def test_carrier_sum_does_not_care_about_order_and_says_its_basis():
    use = xr.DataArray(
        [[1.0, 2.0], [3.0, 4.0]], dims=("carrier", "building"), coords={"carrier": ["natural_gas", "electricity"]}
    )
    total = factors.carrier_sum(use, "shanghai_primary")
    assert total.values == pytest.approx(
        factors.energy_in_basis_kwh(np.array([3.0, 4.0]), np.array([1.0, 2.0]), "shanghai_primary")
    )
    assert total.attrs["energy_basis"] == "shanghai_primary"
    assert total.attrs["natural_gas_factor_per_m3"] == 1.29971


@pytest.mark.parametrize("carriers", [["electricity"], ["electricity", "gas"]])
def test_carriers_must_be_complete(carriers):
    use = xr.DataArray(np.ones(len(carriers)), dims="carrier", coords={"carrier": carriers})
    with pytest.raises(InputError, match="carrier"):
        factors.carrier_sum(use)


def test_misspelt_basis_gets_a_hint():
    with pytest.raises(InputError, match="did you mean 'calorific'"):
        factors.basis_of("calorifik")


def test_coal_is_no_carbon_basis():
    with pytest.raises(InputError, match="carbon"):
        factors.carbon_t(1.0, 0.0, "calorific")
