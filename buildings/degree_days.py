"""Energy over degree days: what a building would have used in another weather, and how sure that is.

Model of a month (ASHRAE Guideline 14-2014, five-parameter model with fixed balance points; IPMVP option C):
energy = base x days + heating x HDD + cooling x CDD, all three coefficients not negative.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from buildings.spreadsheet import header_faults, load_columns, parse_row, read_sheet
from vocabulary import Fault, InputError

Array = npt.NDArray[np.float64]
LEAST_MONTHS = 9
"""Three for each coefficient."""


@dataclass(frozen=True)
class DegreeDayModel:
    """Fitted model of monthly energy.

    Parameters
    ----------
    coefficients : tuple of float
        Base [kWh per day], heating and cooling slope [kWh per K day].
    covariance : ndarray
        Of the coefficients; 0 for one that lies on its bound 0. Shape (3, 3).
    residual_std : float
        Standard deviation of a month about the model [kWh].
    mean : float
        Mean month of the fit [kWh].
    months : int
        Months fitted.
    autocorrelation : float
        Lag-1 autocorrelation of the residuals, never below 0.
    """

    coefficients: tuple[float, float, float]
    covariance: Array
    residual_std: float
    mean: float
    months: int
    autocorrelation: float

    @property
    def cv_rmse(self) -> float:
        """Residual standard deviation over the mean month [1]."""
        return self.residual_std / self.mean if self.mean > 0 else float("inf")

    def predict(self, days: Array, heating: Array, cooling: Array) -> Array:
        """Return the energy of months [kWh] from their days and degree days [K day]."""
        return _matrix(days, heating, cooling) @ np.array(self.coefficients)

    def sum_std(self, days: Array, heating: Array, cooling: Array, weights: Array | None = None) -> float:
        """Return the standard error of the predicted sum over months, each times its weight (absent: 1) [kWh].

        The error of the coefficients and the scatter of months, the latter widened by (1 + r) / (1 - r) for
        lag-1 autocorrelation r (ASHRAE Guideline 14-2014 annex B).
        """
        weight = np.ones(len(days)) if weights is None else weights
        total = weight @ _matrix(days, heating, cooling)
        widened = (1 + self.autocorrelation) / (1 - self.autocorrelation)
        months = float(weight @ weight) * self.residual_std**2 * widened
        return float(np.sqrt(total @ self.covariance @ total + months))


def _matrix(days: Array, heating: Array, cooling: Array) -> Array:
    return np.column_stack([np.asarray(days, float), np.asarray(heating, float), np.asarray(cooling, float)])


def fit_degree_days(energy_kwh: Array, days: Array, heating: Array, cooling: Array) -> DegreeDayModel:
    """Fit monthly energy to days and degree days by least squares with coefficients that are not negative.

    Parameters
    ----------
    energy_kwh : ndarray
        Shape (month,) [kWh]; NaN months are left out.
    days : ndarray
        Shape (month,), days of each month.
    heating, cooling : ndarray
        Shape (month,), degree days of each month [K day]; balance points are the caller's.

    Returns
    -------
    DegreeDayModel
        The fit with its covariance.

    Raises
    ------
    InputError
        If fewer than nine months are known, or the shapes differ.

    Examples
    --------
    >>> days = np.full(12, 30.0)
    >>> heating = np.array([400, 320, 230, 80, 6, 0, 0, 0, 0, 16, 135, 340.0])
    >>> cooling = np.array([0, 0, 2, 18, 94, 192, 339, 330, 201, 63, 7, 0.0])
    >>> fit = fit_degree_days(100 * days + 3 * heating + 8 * cooling, days, heating, cooling)
    >>> [round(c, 6) for c in fit.coefficients]
    [100.0, 3.0, 8.0]
    """
    energy = np.asarray(energy_kwh, dtype=float)
    matrix = _matrix(days, heating, cooling)
    if matrix.shape != (len(energy), 3):
        raise InputError([Fault("bills", "degree days", f"{len(matrix)} months", f"{len(energy)} as in the bills")])
    known = np.isfinite(energy)
    if known.sum() < LEAST_MONTHS:
        raise InputError([Fault("bills", "months", f"{int(known.sum())} known", f"at least {LEAST_MONTHS} months")])
    matrix, energy = matrix[known], energy[known]
    scale = np.maximum(np.abs(matrix).max(axis=0), 1e-9)
    coefficients = nnls(matrix / scale, energy)[0] / scale
    residuals = energy - matrix @ coefficients
    free = coefficients > 0
    variance = float(residuals @ residuals) / max(len(energy) - int(free.sum()), 1)
    covariance = np.zeros((3, 3))
    covariance[np.ix_(free, free)] = variance * np.linalg.pinv(matrix[:, free].T @ matrix[:, free])
    return DegreeDayModel(
        (float(coefficients[0]), float(coefficients[1]), float(coefficients[2])), covariance,
        float(np.sqrt(variance)), float(energy.mean()), len(energy), _lag_one(residuals),
    )


def _lag_one(residuals: Array) -> float:
    spread = float(residuals @ residuals)
    if spread <= 1e-12:
        return 0.0
    return float(np.clip(residuals[1:] @ residuals[:-1] / spread, 0.0, 0.9))


@dataclass(frozen=True)
class DegreeDays:
    """Degree days of billed months and of a normal year.

    Parameters
    ----------
    months : tuple of str
        `YYYY-MM`.
    heating, cooling : ndarray
        Shape (month,) [K day].
    normal_heating, normal_cooling : ndarray
        Shape (12,), January to December of a normal year [K day].

    Raises
    ------
    InputError
        If the lengths do not fit.
    """

    months: tuple[str, ...]
    heating: Array
    cooling: Array
    normal_heating: Array
    normal_cooling: Array

    def __post_init__(self) -> None:
        lengths = (len(self.heating), len(self.cooling), len(self.normal_heating), len(self.normal_cooling))
        expected = (len(self.months), len(self.months), 12, 12)
        if lengths != expected:
            raise InputError([Fault("degree days", "lengths", f"{lengths}", f"{expected}")])

    @property
    def days(self) -> Array:
        """Days of each month."""
        return month_days(self.months)

    @property
    def normal_days(self) -> Array:
        """Days of January to December, February with 28."""
        return month_days([f"2025-{month:02d}" for month in range(1, 13)])


def month_days(months: Sequence[str]) -> Array:
    """Return the days of months.

    Parameters
    ----------
    months : sequence of str
        `YYYY-MM`.

    Returns
    -------
    ndarray
        Shape (month,).

    Examples
    --------
    >>> month_days(["2024-02", "2025-02"])
    array([29., 28.])
    """
    return np.array([calendar.monthrange(int(month[:4]), int(month[5:]))[1] for month in months], dtype=float)


def read_degree_days(path: str | Path, normal_heating: Array, normal_cooling: Array) -> DegreeDays:
    """Read the degree days of billed months.

    Parameters
    ----------
    path : str or Path
        CSV or XLSX with the columns `month, heating_degree_days, cooling_degree_days`.
    normal_heating, normal_cooling : ndarray
        Shape (12,), a normal year on the same balance points [K day].

    Returns
    -------
    DegreeDays
        Months ascending.

    Raises
    ------
    InputError
        All faults of the file in one message.
    """
    sheet = read_sheet(path)
    columns = load_columns().degree_days
    faults = [*header_faults(sheet, columns), *sheet.faults]
    read: dict[str, tuple[float, float]] = {}
    for row in sheet.rows:
        values, found = parse_row(sheet, row, columns)
        faults += found
        if len(values) == len(columns):
            month, heating, cooling = (values[name] for name in columns)
            if str(month) in read:
                faults.append(Fault(sheet.file, f"row {row.number}, column month", str(month), "each month once"))
            read[str(month)] = (float(str(heating)), float(str(cooling)))
    if faults:
        raise InputError(faults)
    months = tuple(sorted(read))
    return DegreeDays(months, np.array([read[month][0] for month in months]),
                      np.array([read[month][1] for month in months]), normal_heating, normal_cooling)
