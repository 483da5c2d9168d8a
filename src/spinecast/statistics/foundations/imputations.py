"""Rubin's rules: one estimate from several imputed data sets."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy.special import stdtrit

from spinecast.statistics.foundations.inputs import NORMAL_975, as_vector

__all__ = ["PooledImputations", "pool_imputations"]


@dataclass(frozen=True)
class PooledImputations:
    """An estimate pooled over imputed data sets.

    Parameters
    ----------
    estimate : float
        Mean of the estimates.
    within, between, total : float
        Mean variance, variance of the estimates, and within + (1 + 1/m) between.
    missing_share : float
        (1 + 1/m) between / total: share of the variance that missing values cause.
    degrees_of_freedom : float
        Of the t distribution behind the interval; infinite where the estimates do not differ.
    lower, upper : float
        95 % interval.
    """

    estimate: float
    within: float
    between: float
    total: float
    missing_share: float
    degrees_of_freedom: float
    lower: float
    upper: float


def pool_imputations(
    estimates: ArrayLike, variances: ArrayLike, complete_degrees: float | None = None
) -> PooledImputations:
    """Pool estimates of m imputed data sets (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, ch. 3).

    Pool on a scale on which the estimate is near normal: the AUC on the logit scale, O/E on the log scale (Marshall et
    al. 2009, BMC Med Res Methodol 9:57).

    Parameters
    ----------
    estimates, variances : array-like of shape (m,)
        Estimate and squared standard error in each data set, m of 2 or more.
    complete_degrees : float, optional
        Degrees of freedom the complete data would have, as patients less parameters; the degrees of freedom are then
        those of Barnard & Rubin (1999, Biometrika 86:948), else Rubin's.

    Raises
    ------
    ValueError
        If lengths differ, there are fewer than two data sets, or a variance is not positive.
    """
    values, squared = as_vector(estimates, "estimates"), as_vector(variances, "variances")
    if values.size != squared.size or values.size < 2:
        raise ValueError(f"two or more estimates, each with its variance, not {values.size} and {squared.size}")
    if squared.min() <= 0:
        raise ValueError("variances must be positive")
    within, between = float(squared.mean()), float(values.var(ddof=1))
    added = (1 + 1 / values.size) * between
    total, centre = within + added, float(values.mean())
    share = added / total
    degrees = _degrees(values.size, share, complete_degrees)
    half = (float(stdtrit(degrees, 0.975)) if math.isfinite(degrees) else NORMAL_975) * math.sqrt(total)
    return PooledImputations(centre, within, between, total, share, degrees, centre - half, centre + half)


def _degrees(count: int, share: float, complete: float | None) -> float:
    rubin = math.inf if share == 0 else (count - 1) / share**2
    if complete is None:
        return rubin
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return observed if math.isinf(rubin) else rubin * observed / (rubin + observed)
