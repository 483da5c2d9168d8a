"""Intervals for one binomial proportion, 95 %."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import betaincinv

from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats

__all__ = [
    "clopper_pearson_interval",
    "jeffreys_interval",
    "proportion",
    "wald_interval",
    "weighted_interval",
    "wilson_interval",
]


def wilson_interval(successes: float, n: float) -> tuple[float, float]:
    """Score interval (Wilson 1927, J Am Stat Assoc 22:209): inside [0, 1] and close to nominal at any proportion.

    Parameters
    ----------
    successes, n : float
        Counts, ``0 <= successes <= n``, ``n > 0``.

    Raises
    ------
    ValueError
        If the counts are not possible.
    """
    _check(successes, n)
    share, z2 = successes / n, NORMAL_975**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_975 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    # At 0 and n the formula touches the boundary exactly; rounding must not leave it an epsilon away.
    lower = 0.0 if successes == 0 else max(0.0, centre - half)
    upper = 1.0 if successes == n else min(1.0, centre + half)
    return lower, upper


def weighted_interval(outcome: Floats, weights: Floats) -> tuple[float, float]:
    """Wilson's interval of a weighted proportion, on its effective number of patients.

    That is the number of equally weighted patients in whom a proportion p would have the variance of this one,
    ``p (1 - p) / v`` with the linearised ``v = sum w^2 (y - p)^2 / (sum w)^2`` (Korn & Graubard 1998, Surv Methodol
    24:193; of the intervals on it Wilson's is among the best: Franco et al. 2019, J Surv Stat Methodol 7:334), never
    more than have a weight. Where nobody or everybody has the outcome v is 0 and tells nothing: there it is
    ``(sum w)^2 / sum w^2`` (Kish 1965, Survey Sampling, 11.7).

    With weights for censoring, which are held fixed, it holds what it says where a bootstrap does not: simulated groups
    of 30 patients with a risk of 0.97, half of them censored by the horizon, had it in 94 % of these intervals and in a
    third of those between percentiles of resamples.

    Parameters
    ----------
    outcome : ndarray of 0 and 1, shape (n,)
    weights : ndarray, shape (n,)
        Not negative, some above 0.
    """
    total = float(weights.sum())
    share = float(np.average(outcome, weights=weights))
    variance = float((weights**2 * (outcome - share) ** 2).sum()) / total**2
    effective = share * (1 - share) / variance if variance > 0 else total**2 / float((weights**2).sum())
    effective = min(effective, float(np.count_nonzero(weights)))
    return wilson_interval(share * effective, effective)


def clopper_pearson_interval(successes: float, n: float) -> tuple[float, float]:
    """Exact (conservative) interval from the beta distribution (Clopper & Pearson 1934, Biometrika 26:404).

    Raises
    ------
    ValueError
        If the counts are not possible.
    """
    _check(successes, n)
    lower = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, 0.025))
    upper = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 0.975))
    return lower, upper


def jeffreys_interval(successes: float, n: float) -> tuple[float, float]:
    """Equal-tailed interval under Jeffreys' prior Beta(1/2, 1/2) (Brown, Cai & DasGupta 2001, Stat Sci 16:101).

    As proposed there, the lower end is 0 when there is no success and the upper end 1 when all are.

    Raises
    ------
    ValueError
        If the counts are not possible.
    """
    _check(successes, n)
    a, b = successes + 0.5, n - successes + 0.5
    lower = 0.0 if successes == 0 else float(betaincinv(a, b, 0.025))
    upper = 1.0 if successes == n else float(betaincinv(a, b, 0.975))
    return lower, upper


def wald_interval(successes: float, n: float) -> tuple[float, float]:
    """Normal approximation, not truncated; kept for comparison with papers that used it, it undercovers.

    Raises
    ------
    ValueError
        If the counts are not possible.
    """
    _check(successes, n)
    share = successes / n
    half = NORMAL_975 * math.sqrt(share * (1 - share) / n)
    return share - half, share + half


def proportion(successes: int, n: int, *, events: int | None, empty: str) -> Measure:
    """Return a proportion with its Wilson interval, or ``Absent(empty)`` when the denominator is zero."""
    if n == 0:
        return Absent(empty)
    lower, upper = wilson_interval(successes, n)
    return Estimate(successes / n, lower, upper, n, events, "Wilson score")


def _check(successes: float, n: float) -> None:
    if not (n > 0 and 0 <= successes <= n):
        raise ValueError(f"{successes:g} successes among {n:g} are not possible")
