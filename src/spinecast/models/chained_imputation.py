"""One draw of what missing values may have been, from regressions of each variable on all others.

The patients a member is fitted to are completed by scikit-learn's ``IterativeImputer`` with posterior draws: the method
of chained equations (van Buuren and Groothuis-Oudshoorn 2011, doi:10.18637/jss.v045.i03) with a Bayesian ridge
regression for each variable. What is kept is no object of scikit-learn but the regressions of the completed patients,
with coefficients drawn from their posterior, as arrays.

The outcome has no part in it: nobody knows it when a risk is asked for, and filling in must be the same at both times
(Sisk et al. 2023, doi:10.1177/09622802231165001).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["ChainedImputer", "fit_chained_imputer", "normal_offsets"]

FloatArray = NDArray[np.float64]

COMPLETION_PASSES = 5
"""Passes over the missing values of a patient, as many as the usual ``maxit`` of chained equations."""

# Neither what is known of a patient nor what is drawn leaves these training quantiles: a regression goes on in a
# straight line where no patient was.
BOUNDING_QUANTILES = (0.005, 0.995)


@dataclass(frozen=True, eq=False)
class ChainedImputer:
    """Regressions of each column on the others, and what this draw adds to their means.

    Columns are standardised: a measured variable (its logarithm where skewed), the number of an ordered or binary
    level, and of a variable whose levels have no order one column for each level but the first.

    Parameters
    ----------
    levels : ndarray of int64, shape (variables,)
    nominal : ndarray of bool, shape (variables,)
    log_scale : ndarray, shape (variables,)
        ``log1p(value / log_scale)`` is regressed; 0 where the value itself is.
    owner : ndarray of int64, shape (columns,)
    center, scale, lower, upper : ndarray, shape (columns,)
        Standardisation, and the limits of standardised columns.
    coefficients : ndarray, shape (columns, columns)
        Row ``j`` predicts column ``j``; its own entry is 0.
    intercept, spread : ndarray, shape (columns,)
        Of each regression; the spread is its residual standard deviation.
    offsets : ndarray, shape (passes, columns)
        Standard normal numbers, times the spread what is added to a mean in each pass. They are the draw: fixed, and
        the same for every patient, so that a risk does not jump when an input changes a little and does not depend on
        who is predicted beside.
    """

    levels: NDArray[np.int64]
    nominal: NDArray[np.bool_]
    log_scale: FloatArray
    owner: NDArray[np.int64]
    center: FloatArray
    scale: FloatArray
    lower: FloatArray
    upper: FloatArray
    coefficients: FloatArray
    intercept: FloatArray
    spread: FloatArray
    offsets: FloatArray

    def complete(self, matrix: FloatArray) -> FloatArray:
        """Fill every missing value; observed ones stay as they are.

        Parameters
        ----------
        matrix : ndarray, shape (n, variables)
            Continuous values and level indices, NaN where missing.

        Returns
        -------
        ndarray, shape (n, variables)
            An ordered or binary level that was missing may come out between two levels: rounded, it would be drawn to
            the commoner one (Horton, Lipsitz and Parzen 2003, doi:10.1198/0003130032314).
        """
        rows = np.flatnonzero(np.isnan(matrix).any(axis=1))
        completed = np.array(matrix, dtype=np.float64)
        if rows.size:
            columns = self.standardised(matrix[rows])
            missing = np.isnan(columns)
            filled = np.where(missing, 0.0, columns)
            for offsets in self.offsets:
                for column in np.flatnonzero(missing.any(axis=0)):
                    own = np.flatnonzero(missing[:, column])
                    # A row is summed by itself, never by BLAS: alone and among others a patient gets the same bits.
                    mean = self.intercept[column] + (filled[own] * self.coefficients[column]).sum(axis=1)
                    drawn = mean + self.spread[column] * offsets[column]
                    filled[own, column] = np.clip(drawn, self.lower[column], self.upper[column])
            completed[rows] = self.values(matrix[rows], filled)
        return completed

    def standardised(self, matrix: FloatArray) -> FloatArray:
        """Columns of patients within their limits, shape (n, columns), NaN where missing."""
        raw = _raw_columns(matrix, self.levels, self.nominal, self.log_scale)
        return np.clip((raw - self.center) / self.scale, self.lower, self.upper)

    def values(self, matrix: FloatArray, filled: FloatArray) -> FloatArray:
        """What completed columns say of the missing values of a matrix; the others stay."""
        raw = filled * self.scale + self.center
        completed = matrix.copy()
        for variable in range(matrix.shape[1]):
            gone = np.isnan(matrix[:, variable])
            own = raw[np.ix_(gone, self.owner == variable)]
            if self.nominal[variable]:
                first = 1.0 - own.sum(axis=1, keepdims=True)
                completed[gone, variable] = np.hstack([first, own]).argmax(axis=1)
            elif self.log_scale[variable] > 0:
                completed[gone, variable] = np.expm1(own[:, 0]) * self.log_scale[variable]
            else:
                completed[gone, variable] = own[:, 0]
        return completed

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the imputer as named arrays."""
        return {name: getattr(self, name) for name in _ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ChainedImputer:
        """Rebuild an imputer from :meth:`to_arrays`."""
        return cls(**{name: arrays[name] for name in _ARRAYS})


_ARRAYS = (
    "levels",
    "nominal",
    "log_scale",
    "owner",
    "center",
    "scale",
    "lower",
    "upper",
    "coefficients",
    "intercept",
    "spread",
    "offsets",
)


def fit_chained_imputer(
    matrix: FloatArray,
    levels: NDArray[np.int64],
    nominal: NDArray[np.bool_],
    log_scale: FloatArray,
    offsets: FloatArray,
    *,
    rounds: int,
    seed: int,
) -> tuple[ChainedImputer, FloatArray]:
    """Draw the missing values of some patients, and learn from the completed patients how to draw those of others.

    Parameters
    ----------
    matrix : ndarray, shape (n, variables)
        Continuous values and level indices, NaN where missing.
    levels, nominal, log_scale
        As in :class:`ChainedImputer`.
    offsets : ndarray, shape (passes, columns)
        Of :func:`normal_offsets`.
    rounds : int
        Rounds of chained equations.
    seed : int
        Seed of the draws of these patients' values and of the coefficients.

    Returns
    -------
    imputer : ChainedImputer
    completed : ndarray, shape (n, variables)
        These patients, each missing value drawn with noise of its own.
    """
    from sklearn import config_context

    raw = _raw_columns(matrix, levels, nominal, log_scale)
    center, scale, lower, upper = _limits(raw, levels, nominal)
    columns = np.clip((raw - center) / scale, lower, upper)
    # Hundreds of small regressions of numbers that were checked before: checking each again is two thirds of the time.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        filled = _drawn(columns, lower, upper, rounds, seed)
        coefficients, intercept, spread = _regressions(columns, filled, np.random.default_rng(seed))
    imputer = ChainedImputer(
        levels=levels,
        nominal=nominal,
        log_scale=log_scale,
        owner=_owners(levels, nominal),
        center=center,
        scale=scale,
        lower=lower,
        upper=upper,
        coefficients=coefficients,
        intercept=intercept,
        spread=spread,
        offsets=offsets,
    )
    return imputer, imputer.values(matrix, filled)


def normal_offsets(draws: int, levels: NDArray[np.int64], nominal: NDArray[np.bool_]) -> FloatArray:
    """Standard normal numbers of each draw, shape (draws, passes, columns).

    Over the draws each column and pass takes each of as many evenly spaced normal quantiles once, stretched to variance
    1 (a Latin hypercube), in an order that does not depend on the patients, so that a draw means the same in every
    member of a model.

    Parameters
    ----------
    draws : int
        2 or more.
    levels, nominal
        As in :class:`ChainedImputer`.
    """
    quantiles = ndtri((np.arange(draws) + 0.5) / draws)
    quantiles /= np.sqrt(np.mean(quantiles**2))
    shuffler = np.random.default_rng(20190101)
    shape = (COMPLETION_PASSES, len(_owners(levels, nominal)), draws)
    shuffled = shuffler.permuted(np.broadcast_to(quantiles, shape), axis=2)
    return np.ascontiguousarray(np.moveaxis(shuffled, 2, 0))


def _owners(levels: NDArray[np.int64], nominal: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(levels)), np.where(nominal, levels - 1, 1))


def _raw_columns(
    matrix: FloatArray, levels: NDArray[np.int64], nominal: NDArray[np.bool_], log_scale: FloatArray
) -> FloatArray:
    blocks = []
    for variable in range(matrix.shape[1]):
        values = matrix[:, variable, None]
        if nominal[variable]:
            held = (values == np.arange(1, levels[variable])).astype(np.float64)
            blocks.append(np.where(np.isnan(values), np.nan, held))
        elif log_scale[variable] > 0:
            blocks.append(np.log1p(np.maximum(values, 0.0) / log_scale[variable]))
        else:
            blocks.append(values)
    return np.hstack(blocks)


def _limits(
    raw: FloatArray, levels: NDArray[np.int64], nominal: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean, standard deviation and standardised limits of each column."""
    width = raw.shape[1]
    center, scale = np.zeros(width), np.ones(width)
    lower, upper = np.full(width, -np.inf), np.full(width, np.inf)
    for column, variable in enumerate(_owners(levels, nominal)):
        observed = raw[~np.isnan(raw[:, column]), column]
        if observed.size == 0 or observed.min() == observed.max():
            center[column] = observed[0] if observed.size else 0.0
            continue
        center[column], scale[column] = observed.mean(), observed.std()
        ends = np.quantile(observed, BOUNDING_QUANTILES)
        if levels[variable]:
            ends = np.array([0.0, 1.0 if nominal[variable] else levels[variable] - 1.0])
        elif ends[0] == ends[1]:  # nearly everybody has one value
            ends = np.array([observed.min(), observed.max()])
        lower[column], upper[column] = (ends - center[column]) / scale[column]
    return center, scale, lower, upper


def _drawn(columns: FloatArray, lower: FloatArray, upper: FloatArray, rounds: int, seed: int) -> FloatArray:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # the import is the permission
    from sklearn.impute import IterativeImputer
    from sklearn.linear_model import BayesianRidge

    if not np.isnan(columns).any():
        return columns
    imputer = IterativeImputer(
        BayesianRidge(),
        sample_posterior=True,
        max_iter=rounds,
        skip_complete=True,
        keep_empty_features=True,
        min_value=lower,
        max_value=upper,
        random_state=seed % 2**32,
    )
    return np.asarray(imputer.fit_transform(columns), dtype=np.float64)


def _regressions(
    columns: FloatArray, filled: FloatArray, draw: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients of each column on the others, drawn from their posterior, intercepts and residual deviations.

    Of complete columns too: a patient to come may lack what no patient of these lacked.
    """
    from sklearn.linear_model import BayesianRidge

    width = columns.shape[1]
    coefficients, intercept, spread = np.zeros((width, width)), np.zeros(width), np.zeros(width)
    for column in range(width):
        known = ~np.isnan(columns[:, column])
        others = np.delete(np.arange(width), column)
        if known.sum() < 2 or not others.size or np.ptp(columns[known, column]) == 0:
            intercept[column] = columns[known, column].mean() if known.any() else 0.0
            continue
        predictors, target = filled[np.ix_(known, others)], columns[known, column]
        fit = BayesianRidge().fit(predictors, target)
        drawn = draw.multivariate_normal(fit.coef_, fit.sigma_, method="eigh", check_valid="ignore")
        coefficients[column, others] = drawn
        intercept[column] = target.mean() - predictors.mean(axis=0) @ drawn
        spread[column] = 1 / np.sqrt(fit.alpha_)
    return coefficients, intercept, spread
