"""What the surrogate says of all packages of a building, as the cube needs it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from buildings import Building
from buildings.package_grid import PackageGrid
from optimiser.basis import carrier_weights
from optimiser.candidates import Forecast, Question
from optimiser.money.tariffs import hourly_price
from sim.surrogate import Surrogate
from sim.surrogate.offers import offer_table
from sim.surrogate.pipeline import Wanted
from sim.surrogate.plant import HourWeights

Array = NDArray[np.float64]


def forecast(surrogate: Surrogate, building: Building, grid: PackageGrid, sizes_kw: Array, question: Question
             ) -> Forecast:
    """Return energy, bills and PV use of all packages of a building.

    Parameters
    ----------
    surrogate : Surrogate
        Fitted to the study's climate.
    building : Building
        The building.
    grid : PackageGrid
        Its packages.
    sizes_kw : ndarray (node,)
        PV sizes [kW].
    question : Question
        Basis, tariff, PV yield.

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        If a package leaves what the surrogate was trained for.

    Examples
    --------
    Each package has the forecast that it has alone, to rounding.
    """
    charge = question.tariff.demand_charge_cny_per_kw_month
    asked = HourWeights(hourly_price(question.tariff)[None, :], question.pv_yield_kwh_per_kw, sizes_kw, charge > 0)
    wanted = Wanted(carrier_weights(question.basis), errors="energy", peaks=False, asked=asked)
    table = offer_table(building, grid)
    answer = surrogate.predict_table(table, wanted)
    annual = answer.annual()
    demand = charge * answer.pv_peak
    return Forecast(
        annual, answer.basis_std, answer.weighted[:, 0] + demand[:, 0], answer.pv_used[:, 0],
        answer.pv_used[:, 1] + demand[:, :1] - demand, answer.quantities(table),
    )
