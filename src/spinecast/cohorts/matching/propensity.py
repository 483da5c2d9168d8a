"""The propensity: how likely each patient was to be treated, given what was known before."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.clinical.variable import Variable
from spinecast.errors import CohortError

__all__ = ["FEWEST_MISSING", "Propensity", "fit_propensity"]

FloatArray = NDArray[np.float64]

FEWEST_MISSING = 10
"""A missing value is a covariate of its own where at least this many patients lack it, as in the models' encoding."""

# The penalty only gives columns that repeat each other one solution: on standardised columns it moves a coefficient of
# 1 by less than 1e-4 of itself already in a few hundred patients.
_INVERSE_PENALTY = 1e4


@dataclass(frozen=True, eq=False)
class Propensity:
    """The propensity of every patient.

    Parameters
    ----------
    probability : ndarray, shape (n,)
        Of being treated.
    logit : ndarray, shape (n,)
        Its log-odds: what is matched on.
    indicated : tuple of str
        Covariates whose missing values are a covariate of their own.
    constant : tuple of str
        Covariates that do not vary and say nothing.
    """

    probability: FloatArray
    logit: FloatArray
    indicated: tuple[str, ...]
    constant: tuple[str, ...]


def fit_propensity(matrix: FloatArray, entries: Sequence[Variable], treated: NDArray[np.bool_]) -> Propensity:
    """Fit a logistic regression of treatment on the covariates (Rosenbaum and Rubin 1983, Biometrika 70:41).

    A missing number is replaced by the median, a missing level by the commonest one, and where at least
    `FEWEST_MISSING` patients lack the value an indicator says so; numbers the dictionary calls skewed enter as
    logarithms, levels without order each by a column. No interactions: whether the groups became alike is judged by
    the balance after matching, not by the fit.

    Parameters
    ----------
    matrix : ndarray, shape (n, covariates)
        In the coding of `Cohort.matrix`; missing as NaN.
    entries : sequence of Variable
        The covariates, in the order of the columns.
    treated : ndarray of bool, shape (n,)

    Returns
    -------
    Propensity

    Raises
    ------
    CohortError
        If no covariate varies, or the regression does not converge.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    columns: list[FloatArray] = []
    indicated, constant = [], []
    for entry, column in zip(entries, matrix.T, strict=True):
        missing = np.isnan(column)
        encoded = _encoded(entry, column, missing)
        if missing.sum() >= FEWEST_MISSING and not missing.all():
            encoded.append(missing.astype(np.float64))
            indicated.append(entry.name)
        varying = [each for each in encoded if each.max() > each.min()]
        if not varying:
            constant.append(entry.name)
        columns += varying
    if not columns:
        raise CohortError(
            "no covariate varies between the patients", where=f"--on {','.join(constant)}", remedy="name others"
        )
    design = np.column_stack(columns)
    design = (design - design.mean(axis=0)) / design.std(axis=0)
    model = LogisticRegression(C=_INVERSE_PENALTY, solver="newton-cholesky", tol=1e-8, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit(design, treated)
        except ConvergenceWarning as error:
            raise CohortError(
                "the propensity regression does not converge",
                where=f"{len(columns)} columns of {len(entries)} covariates in {len(treated)} patients",
                remedy="match on fewer covariates",
            ) from error
    logit = np.asarray(model.decision_function(design), dtype=np.float64)
    return Propensity(expit(logit), logit, tuple(indicated), tuple(constant))


def _encoded(entry: Variable, column: FloatArray, missing: NDArray[np.bool_]) -> list[FloatArray]:
    known = column[~missing]
    if not len(known):
        return [np.zeros(len(column))]
    if not entry.is_levelled:
        median = float(np.median(known))
        filled = np.where(missing, median, column)
        return [np.log1p(np.maximum(filled, 0.0) / (median if median > 0 else 1.0)) if entry.skewed else filled]
    commonest = np.bincount(known.astype(np.intp)).argmax()
    filled = np.where(missing, float(commonest), column)
    if entry.kind == "nominal" and len(entry.levels) > 2:
        return [(filled == level).astype(np.float64) for level in range(len(entry.levels))]
    return [filled]
