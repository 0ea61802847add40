"""How a building's monthly bills respond to its tuned parameters: a quadratic through predictions of the surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from vocabulary import Fault, InputError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """Monthly energy as a full quadratic of the scaled parameters.

    Attributes
    ----------
    coefficients : ndarray (term, month)
        Terms in the order of `terms`; month stands for every carrier and month of every weather year [kW h].
    residual : ndarray (month,)
        Leave-one-out standard deviation of the fit [kW h].
    """

    coefficients: Array
    residual: Array

    def __call__(self, scaled: Array) -> Array:
        """Return monthly energy, shape (draw, month) [kW h], of parameters on the scale -1 to 1."""
        return np.asarray(terms(scaled) @ self.coefficients)


def terms(scaled: Array) -> Array:
    """Return 1, every parameter and every product of two, shape (draw, term).

    Examples
    --------
    >>> terms(np.array([[2.0, 3.0]])).tolist()
    [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0]]
    """
    first, second = np.triu_indices(scaled.shape[1])
    ones = np.ones((len(scaled), 1))
    return np.concatenate([ones, scaled, scaled[:, first] * scaled[:, second]], axis=1)


def design_points(parameters: int, count: int, seed: int) -> Array:
    """Return points that fill the range of all parameters evenly, on the scale -1 to 1 (scrambled Sobol).

    Raises
    ------
    InputError
        If there are too few points for the terms of the quadratic.
    """
    needed = terms(np.zeros((1, parameters))).shape[1]
    if count < 1.3 * needed:
        raise InputError([Fault("calibration.yaml", "response_points", str(count), f"at least {1.3 * needed:.0f}")])
    cube = qmc.Sobol(parameters, scramble=True, rng=np.random.default_rng(seed))
    return np.asarray(2.0 * cube.random_base2(int(np.ceil(np.log2(count))))[:count] - 1.0)


def fit_response(scaled: Array, energy_kwh: Array) -> Response:
    """Fit the quadratic by least squares.

    Parameters
    ----------
    scaled : ndarray (point, parameter)
        On the scale -1 to 1.
    energy_kwh : ndarray (point, month)
        What the surrogate predicts there [kW h].

    Returns
    -------
    Response
        With the error that leaving each point out makes (Allen 1974, PRESS).

    Examples
    --------
    >>> x = design_points(2, 32, 0)
    >>> found = fit_response(x, (x[:, :1] - 0.5) ** 2)
    >>> round(float(found(np.array([[1.0, 0.0]]))[0, 0]), 9)
    0.25
    """
    basis = terms(scaled)
    orthogonal, triangle = np.linalg.qr(basis)
    coefficients = np.linalg.solve(triangle, orthogonal.T @ energy_kwh)
    leverage = np.minimum((orthogonal**2).sum(1), 0.99)
    left_out = (energy_kwh - basis @ coefficients) / (1.0 - leverage)[:, None]
    return Response(coefficients, np.sqrt((left_out**2).mean(0)))
