"""Whether one slope serves every threshold of an ordered outcome: Brant's test of proportional odds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import chdtrc, expit

from spinecast.statistics.foundations.estimate import Absent
from spinecast.statistics.foundations.inputs import Floats
from spinecast.statistics.foundations.logistic_regression import LogisticRegression, fit_logistic_regression
from spinecast.statistics.ordinal.levels import check_levels, indicators

__all__ = ["ParallelSlopes", "brant_test"]


@dataclass(frozen=True)
class ParallelSlopes:
    """Brant's test, and the slopes it compares.

    Parameters
    ----------
    statistic : float
    degrees : int
        Of the chi-squared distribution.
    p_value : float
        Small where slopes differ between thresholds by more than chance.
    slopes, standard_errors : ndarray of shape (thresholds, k)
        Of a logistic regression at each threshold.
    """

    statistic: float
    degrees: int
    p_value: float
    slopes: Floats
    standard_errors: Floats

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "statistic": self.statistic,
            "degrees": self.degrees,
            "p_value": self.p_value,
            "slopes": self.slopes.tolist(),
            "standard_errors": self.standard_errors.tolist(),
        }


def brant_test(levels: ArrayLike, covariates: ArrayLike) -> ParallelSlopes | Absent:
    """Test whether the slopes of an ordered outcome are the same at every threshold (Brant 1990, Biometrics 46:1171).

    A logistic regression is fitted at each threshold; the slopes, with the covariance they have as estimates from the
    same patients, are compared by Wald's test. No parallel model is fitted, and none needs to hold.

    Parameters
    ----------
    levels : array-like of shape (n,)
        Whole numbers from 0.
    covariates : array-like of shape (n, k)
        Without a column of ones.

    Returns
    -------
    ParallelSlopes or Absent
        Absent with fewer than two thresholds, or where one of the regressions has no finite estimate.

    Raises
    ------
    ValueError
        If lengths differ, a level is no whole number or a covariate is not finite.
    """
    observed, design = check_levels(levels), np.asarray(covariates, dtype=np.float64)
    thresholds, width = int(observed.max()), design.shape[1]
    if thresholds < 2:
        return Absent("with one threshold there is nothing to compare")
    fits: list[LogisticRegression] = []
    for number, reached in enumerate(indicators(observed, thresholds).T, start=1):
        fitted = fit_logistic_regression(reached, design)
        if isinstance(fitted, Absent):
            return Absent(f"threshold {number}: {fitted.reason}")
        fits.append(fitted)
    slopes = np.concatenate([one.coefficients[1:] for one in fits])
    covariance = _joint_covariance(np.column_stack((np.ones(len(observed)), design)), fits)
    contrast = np.kron(np.column_stack((np.ones(thresholds - 1), -np.eye(thresholds - 1))), np.eye(width))
    difference = contrast @ slopes
    try:
        statistic = float(difference @ cho_solve(cho_factor(contrast @ covariance @ contrast.T), difference))
    except LinAlgError:
        return Absent("the slopes of two thresholds cannot be told apart: too few patients lie between them")
    degrees = len(difference)
    return ParallelSlopes(
        statistic=statistic,
        degrees=degrees,
        p_value=float(chdtrc(degrees, statistic)),
        slopes=slopes.reshape(thresholds, width),
        standard_errors=np.sqrt(np.diag(covariance)).reshape(thresholds, width),
    )


def _joint_covariance(design: Floats, fits: list[LogisticRegression]) -> Floats:
    """Covariance of the slopes of all regressions: the two outcomes of one patient vary together."""
    chances = [expit(design @ one.coefficients) for one in fits]
    blocks = []
    for j, first in enumerate(fits):
        row = []
        for k, second in enumerate(fits):
            together = chances[max(j, k)] * (1 - chances[min(j, k)])
            found = first.covariance @ (design.T @ (design * together[:, None])) @ second.covariance
            row.append(found[1:, 1:])
        blocks.append(row)
    return np.block(blocks)
