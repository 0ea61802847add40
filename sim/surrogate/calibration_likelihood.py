"""How likely bills are, given what a building would have used: errors of bills, of the model and of the surrogate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from sim.surrogate.calibration_priors import Errors, Spread

Array = NDArray[np.float64]
_PLACES = np.linspace(-2.4, 2.4, 7)
"""Where the logarithm of an error's size is taken, in its standard deviations about the median."""


@dataclass(frozen=True)
class Readings:
    """What one carrier's bills say: each reading is the energy of one or more months.

    Attributes
    ----------
    energy_kwh : ndarray (reading,)
        Energy of each reading [kW h].
    months : ndarray (reading, month)
        1 where a month of a weather year belongs to the reading; columns as in the answer of the model.
    estimated : ndarray (reading,)
        Estimated, with no metered reading after it.
    offset_kwh, offset_std_kwh : ndarray (reading,)
        What the reading's own weather adds to the model's months, and how unsure that is [kW h].
    """

    energy_kwh: Array
    months: Array
    estimated: NDArray[np.bool_]
    offset_kwh: Array
    offset_std_kwh: Array


@dataclass(frozen=True)
class Likelihood:
    """Normal errors whose sizes are themselves unknown: integrated over a grid of sizes.

    Covariance of the readings = b^2 S^2 + m^2 B B' + F. b: error of single bills, S their size. m: what the model says
    wrongly of a calendar month every year, B the size of that month in each reading. F: error of the surrogate and of
    the response, the reading's weather, estimated readings.

    Attributes
    ----------
    whitening : ndarray (reading, size * reading)
        Inverse Cholesky factors of the covariance for each pair of sizes, transposed and side by side: one product
        whitens for all sizes, so that few draws at a time cost little.
    constant : ndarray (size,)
        Logarithm of the pair's probability less half the covariance's log-determinant.
    readings : Readings
        The bills.
    """

    whitening: Array
    constant: Array
    readings: Readings

    def __call__(self, months_kwh: Array) -> Array:
        """Return the log-likelihood of monthly energy (draw, month) [kW h], shape (draw,)."""
        readings = self.readings
        miss = readings.energy_kwh - readings.offset_kwh - months_kwh @ readings.months.T
        white = (miss @ self.whitening).reshape(len(miss), len(self.constant), -1)
        found = self.constant - 0.5 * np.einsum("dsr,dsr->ds", white, white)
        most = found.max(axis=1)
        return np.asarray(most + np.log(np.exp(found - most[:, None]).sum(axis=1)))


def likelihood_of(readings: Readings, expected_kwh: Array, model_cover: Array, errors: Errors) -> Likelihood:
    """Return the likelihood of one carrier's bills.

    Parameters
    ----------
    readings : Readings
        The bills.
    expected_kwh : ndarray (month,)
        Monthly energy at the bills' level: the size that relative errors refer to [kW h].
    model_cover : ndarray (month, month)
        Covariance of the surrogate's and the response's errors [(kW h)2].
    errors : Errors
        Relative errors of bills and model.

    Returns
    -------
    Likelihood

    Examples
    --------
    Twelve readings that the model meets exactly are more likely than twelve that it misses by a tenth.
    """
    floor = errors.small_month.value * expected_kwh.mean()
    size = np.sqrt(expected_kwh**2 + floor**2)
    whole = readings.months @ size
    fixed = readings.months @ model_cover @ readings.months.T + np.diag(
        readings.offset_std_kwh**2 + readings.estimated * (errors.estimated_reading.value * whole) ** 2
    )
    calendar = (readings.months * size).reshape(len(whole), -1, 12).sum(1)
    shared, own = calendar @ calendar.T, np.diag(whole**2)
    whitening, constant = [], []
    for bill, bill_chance in zip(*_sizes(errors.bill), strict=True):
        for model, model_chance in zip(*_sizes(errors.model), strict=True):
            factor = np.linalg.cholesky(bill**2 * own + model**2 * shared + fixed)
            whitening.append(solve_triangular(factor, np.eye(len(whole)), lower=True))
            constant.append(np.log(bill_chance * model_chance) - np.log(np.diag(factor)).sum())
    return Likelihood(np.concatenate(whitening).T.copy(), np.array(constant), readings)


def _sizes(spread: Spread) -> tuple[Array, Array]:
    """Return sizes of an error and their probabilities (lognormal on a grid)."""
    chance = np.exp(-0.5 * _PLACES**2)
    return spread.median * np.exp(spread.log_sd * _PLACES), chance / chance.sum()


def months_together(monthly_std: Array, annual_std: Array) -> Array:
    """Return the covariance of monthly errors that gives the error of the year too.

    Parameters
    ----------
    monthly_std : ndarray (month,)
        Standard errors of 12 months, or of several years of 12 [kW h].
    annual_std : float or ndarray
        Standard error of each year [kW h].

    Returns
    -------
    ndarray (month, month)
        Equal correlation of all months, between 0 and 1, chosen so that the year's error comes out.

    Examples
    --------
    >>> float(months_together(np.ones(12), np.array(12.0))[0, 1])
    1.0
    """
    one = monthly_std[:12]
    apart, together = float((one**2).sum()), float(one.sum() ** 2)
    wanted = float(np.ravel(annual_std)[0]) ** 2
    share = 0.0 if together <= apart else float(np.clip((wanted - apart) / (together - apart), 0.0, 1.0))
    cover = share * np.outer(monthly_std, monthly_std)
    cover[np.diag_indices_from(cover)] = monthly_std**2
    return cover


