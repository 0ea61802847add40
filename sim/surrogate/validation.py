"""Errors of a surrogate on consumption, on savings and on the verdict 'saves at least the floor'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta, norm

Array = NDArray[np.float64]

INTERVAL = 0.90
"""Probability inside the two-sided interval that coverage and verdicts use."""
FAR_STANDARD_ERRORS = 2.6


def wmape(simulated: ArrayLike, predicted: ArrayLike) -> float:
    """Return the weighted mean absolute percentage error, sum |p - s| / sum |s|, as a fraction.

    Examples
    --------
    >>> wmape([100.0, 300.0], [110.0, 290.0])
    0.05
    """
    s, p = np.asarray(simulated, dtype=float), np.asarray(predicted, dtype=float)
    total = float(np.abs(s).sum())
    return float(np.abs(p - s).sum()) / total if total > 0 else float("nan")


def cv_rmse(simulated: ArrayLike, predicted: ArrayLike, axis: int = -1) -> Array:
    """Return the root mean square error over the mean of the simulated values, along one axis, as a fraction.

    Rows whose simulated mean is zero give NaN (a building without gas has no error on gas).

    Examples
    --------
    >>> round(float(cv_rmse([10.0, 10.0], [11.0, 9.0])), 3)
    0.1
    """
    s, p = np.asarray(simulated, dtype=float), np.asarray(predicted, dtype=float)
    mean = s.mean(axis)
    error = np.sqrt(((p - s) ** 2).mean(axis))
    return np.where(mean > 0, error / np.where(mean > 0, mean, 1.0), np.nan)


@dataclass(frozen=True)
class SavingsErrors:
    """How far predicted savings are from simulated ones; every share is a fraction of the cases.

    `*_range` is what chance alone would give for a sample of this size (90 %): the bootstrap of the WMAPE, the exact
    binomial (Clopper-Pearson) range of a share.
    """

    cases: int
    wmape: float
    wmape_range: tuple[float, float]
    bias: float
    cv_rmse: float
    worst_fraction_error: float
    coverage: float
    coverage_range: tuple[float, float]
    wrong_verdicts: float
    wrong_outside_interval: float
    wrong_outside_interval_range: tuple[float, float]
    wrong_far: float
    uncertain: float
    by_family: Mapping[str, float] = field(default_factory=dict)

    def as_attributes(self) -> dict[str, float | int | list[float]]:
        """Return the numbers as netCDF attributes, ranges as pairs."""
        plain: dict[str, float | int | list[float]] = {}
        for name, value in vars(self).items():
            if name == "by_family":
                plain |= {f"wmape_{family}": error for family, error in self.by_family.items()}
            else:
                plain[name] = list(value) if isinstance(value, tuple) else value
        return plain


def savings_errors(
    saving_simulated: ArrayLike,
    saving_predicted: ArrayLike,
    saving_predicted_std: ArrayLike,
    baseline: ArrayLike,
    *,
    floor: float = 0.20,
    families: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
) -> SavingsErrors:
    """Compare predicted with simulated savings.

    A case is *uncertain* when the 90 % interval of its predicted saving holds the floor; a verdict is *wrong outside
    the interval* when the interval lies on one side of the floor and the simulated saving on the other.

    Parameters
    ----------
    saving_simulated, saving_predicted, saving_predicted_std : array_like (case,)
        Annual savings and their standard error [kW h].
    baseline : array_like (case,)
        Simulated baseline energy [kW h].
    floor : float
        Smallest saving as a fraction of the baseline.
    families : mapping of name to array_like of bool (case,), optional
        Which cases hold a measure of each family; gives the WMAPE per family.
    seed : int
        Of the bootstrap.

    Returns
    -------
    SavingsErrors

    Raises
    ------
    ValueError
        If the arrays differ in length, are empty or hold NaN.

    Examples
    --------
    >>> savings_errors([20.0, 30.0], [21.0, 29.0], [1.0, 1.0], [100.0, 100.0]).wmape
    0.04
    """
    given = (saving_simulated, saving_predicted, saving_predicted_std, baseline)
    s, p, e, b = (np.asarray(array, dtype=float) for array in given)
    _check(s, p, e, b)
    z = float(norm.ppf(0.5 + INTERVAL / 2))
    inside = np.abs(p - s) <= z * e
    truth, said = s >= floor * b, p >= floor * b
    doubtful = np.abs(p - floor * b) <= z * e
    far = np.abs(p - floor * b) > FAR_STANDARD_ERRORS * e
    wrong = truth != said
    outside = wrong & ~doubtful
    return SavingsErrors(
        cases=len(s),
        wmape=wmape(s, p),
        wmape_range=_bootstrap(s, p, seed),
        bias=float((p - s).sum() / np.abs(s).sum()),
        cv_rmse=float(np.sqrt(((p - s) ** 2).mean()) / np.abs(s).mean()),
        worst_fraction_error=float((np.abs(p - s) / b).max()),
        coverage=float(inside.mean()),
        coverage_range=binomial_range(int(inside.sum()), len(s)),
        wrong_verdicts=float(wrong.mean()),
        wrong_outside_interval=float(outside.mean()),
        wrong_outside_interval_range=binomial_range(int(outside.sum()), len(s)),
        wrong_far=float((wrong & far).mean()),
        uncertain=float(doubtful.mean()),
        by_family={name: wmape(s[np.asarray(own)], p[np.asarray(own)]) for name, own in (families or {}).items()},
    )


def _check(*arrays: Array) -> None:
    if len({a.shape for a in arrays}) != 1 or arrays[0].ndim != 1 or not len(arrays[0]):
        raise ValueError(f"need equally long arrays over case, found shapes {[a.shape for a in arrays]}")
    if not all(np.isfinite(a).all() for a in arrays):
        raise ValueError("savings hold NaN: leave out the cases that failed before comparing")


def _bootstrap(s: Array, p: Array, seed: int, draws: int = 1000) -> tuple[float, float]:
    pick = np.random.default_rng(seed).integers(0, len(s), (draws, len(s)))
    size = np.maximum(np.abs(s)[pick].sum(1), 1e-300)
    low, high = np.quantile(np.abs(p - s)[pick].sum(1) / size, [0.05, 0.95])
    return float(low), float(high)


def binomial_range(hits: int, cases: int, probability: float = INTERVAL) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) range of a share of which `hits` of `cases` were seen.

    Examples
    --------
    >>> [round(v, 3) for v in binomial_range(27, 30)]
    [0.761, 0.972]
    """
    tail = (1.0 - probability) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, cases - hits + 1))
    high = 1.0 if hits == cases else float(beta.ppf(1 - tail, hits + 1, cases - hits))
    return low, high


@dataclass(frozen=True)
class ConsumptionErrors:
    """Errors on consumption by carrier: annual WMAPE and median over cases of the monthly CV(RMSE), fractions."""

    annual_wmape: Mapping[str, float]
    monthly_cv_rmse: Mapping[str, float]


def consumption_errors(simulated: Mapping[str, ArrayLike], predicted: Mapping[str, ArrayLike]) -> ConsumptionErrors:
    """Compare predicted with simulated monthly energy by carrier.

    Parameters
    ----------
    simulated, predicted : mapping of carrier to array_like (case, month)
        Monthly energy [kW h].

    Returns
    -------
    ConsumptionErrors
        The key `both` is the sum of all carriers, in kW h of site energy.
    """
    pairs = {name: (np.asarray(simulated[name], float), np.asarray(predicted[name], float)) for name in simulated}
    pairs["both"] = (sum(s for s, _ in pairs.values()), sum(p for _, p in pairs.values()))  # type: ignore[assignment]
    annual = {name: wmape(s.sum(1), p.sum(1)) for name, (s, p) in pairs.items()}
    monthly = {name: median_known(cv_rmse(s, p)) for name, (s, p) in pairs.items()}
    return ConsumptionErrors(annual, monthly)


def median_known(values: Array) -> float:
    """Return the median of the finite values, NaN where there is none.

    Examples
    --------
    >>> median_known(np.array([3.0, np.nan, 1.0]))
    2.0
    """
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")
