"""Internal validation by bootstrap: Harrell's optimism, .632 and .632+, as arithmetic on resampled performance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.binary.resampled import Resampled, too_few
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import check_scored

__all__ = [
    "NO_INFORMATION_AUC",
    "brier_no_information",
    "harrell_optimism",
    "optimism_corrected",
    "point_632",
    "point_632_plus",
    "relative_overfitting",
    "validated_632",
    "validated_632_plus",
    "validated_out_of_bag",
]

NO_INFORMATION_AUC = 0.5
"""AUC of predictions that know nothing of the outcome."""

SHARE_632 = 0.632
"""A bootstrap sample holds a patient with probability 1 - 1/e (Efron 1983, J Am Stat Assoc 78:316)."""


def harrell_optimism(in_resample: ArrayLike, in_original: ArrayLike) -> float | Absent:
    """Mean over resamples of the performance in the resample less that in the original patients.

    (Efron 1983, J Am Stat Assoc 78:316; Harrell, Lee & Mark 1996, Stat Med 15:361.) Above 0 for a measure of which
    more is better, below 0 for a loss. Resamples in which either is NaN are left out.

    Parameters
    ----------
    in_resample, in_original : array-like of shape (b,)
        Performance of the model of each resample, NaN where undefined.

    Returns
    -------
    float or Absent
        Absent where fewer than 95 % of the resamples, or fewer than two, could be used: what is left would be a choice.

    Raises
    ------
    ValueError
        If the lengths differ or there is no resample.
    """
    inside, outside = (np.asarray(values, dtype=np.float64) for values in (in_resample, in_original))
    if inside.shape != outside.shape or inside.ndim != 1 or inside.size == 0:
        raise ValueError(f"performances must be two vectors of one length, not {inside.shape} and {outside.shape}")
    usable = np.isfinite(inside) & np.isfinite(outside)
    return too_few(usable) or float(np.mean(inside[usable] - outside[usable]))


def optimism_corrected(resampled: Resampled) -> Measure:
    """Apparent performance less Harrell's optimism, with the location-shifted bootstrap interval.

    The interval is that of the performances in the resamples (2.5 % and 97.5 % points), moved by the optimism (Noma et
    al. 2021, Stat Med 40:5691, algorithm 1). It does not hold the variation of the optimism itself and is somewhat
    narrow in small cohorts, as the same paper shows. It is meant for regressions: a model that fits every resample
    closely shows little spread there, and the interval may even miss its estimate (docs/decisions/0009).

    Parameters
    ----------
    resampled : Resampled
        Of one measure, by :func:`resample_performance`.

    Returns
    -------
    Estimate or Absent
        Absent as :func:`harrell_optimism`.
    """
    optimism = harrell_optimism(resampled.in_resample, resampled.in_original)
    if isinstance(optimism, Absent):
        return optimism
    return _shifted(resampled, resampled.apparent - optimism, "apparent less Harrell's optimism")


def point_632(apparent: float, out_of_sample: float) -> float:
    """.632 bootstrap: .368 apparent + .632 out-of-sample performance (Efron 1983, J Am Stat Assoc 78:316)."""
    return (1 - SHARE_632) * apparent + SHARE_632 * out_of_sample


def relative_overfitting(apparent: float, out_of_sample: float, no_information: float) -> float:
    """Share R of the way from apparent to no-information performance that the out-of-sample performance has gone.

    (Efron & Tibshirani 1997, J Am Stat Assoc 92:548.) 0 where the out-of-sample performance is no worse than the
    apparent one, 1 where it is as bad as no information or worse. Whether more or less is better follows from which
    side of the apparent performance the no-information one lies on.

    Parameters
    ----------
    apparent, out_of_sample, no_information : float
        The same measure in the patients learned from, in others, and if outcome and prediction were independent.

    Returns
    -------
    float
        Between 0 and 1.
    """
    way = no_information - apparent
    return 0.0 if way == 0 else min(1.0, max(0.0, (out_of_sample - apparent) / way))


def point_632_plus(apparent: float, out_of_sample: float, no_information: float, *, higher_is_better: bool) -> float:
    """.632+ bootstrap: the out-of-sample performance weighs more the more the model overfits.

    (1 - w) apparent + w out-of-sample with w = .632/(1 - .368 R), R the relative overfitting; an out-of-sample
    performance worse than no information counts as no information, and R is 0 where the apparent performance is no
    better than that (Efron & Tibshirani 1997, J Am Stat Assoc 92:548, section 4).

    Parameters
    ----------
    apparent, out_of_sample : float
        Performances.
    no_information : float
        What predictions unrelated to the outcome reach: :data:`NO_INFORMATION_AUC`, :func:`brier_no_information`.
    higher_is_better : bool
        True for the AUC, False for the Brier score.
    """
    sign = 1.0 if higher_is_better else -1.0
    bounded = sign * max(sign * out_of_sample, sign * no_information)
    learnt = sign * apparent > sign * no_information
    overfitting = relative_overfitting(apparent, bounded, no_information) if learnt else 0.0
    weight = SHARE_632 / (1 - (1 - SHARE_632) * overfitting)
    return (1 - weight) * apparent + weight * bounded


def validated_632(resampled: Resampled) -> Measure:
    """.632 bootstrap estimate of a measure with the location-shifted interval of :func:`optimism_corrected`.

    Returns
    -------
    Estimate or Absent
        Absent where too few resamples could be used.
    """
    outside = resampled.out_of_sample
    if isinstance(outside, Absent):
        return outside
    return _shifted(resampled, point_632(resampled.apparent, outside), ".632 bootstrap")


def validated_632_plus(resampled: Resampled, no_information: float, *, higher_is_better: bool) -> Measure:
    """.632+ bootstrap estimate of a measure with the location-shifted interval of :func:`optimism_corrected`.

    Parameters
    ----------
    resampled : Resampled
        Of one measure.
    no_information, higher_is_better
        As :func:`point_632_plus`.

    Returns
    -------
    Estimate or Absent
        Absent where too few resamples could be used.
    """
    outside = resampled.out_of_sample
    if isinstance(outside, Absent):
        return outside
    value = point_632_plus(resampled.apparent, outside, no_information, higher_is_better=higher_is_better)
    return _shifted(resampled, value, ".632+ bootstrap")


def validated_out_of_bag(resampled: Resampled) -> Measure:
    """Performance in the patients resamples left out, with the location-shifted interval of `optimism_corrected`.

    It judges models of 63 % of the patients and is somewhat too low for one of all of them, which is what .632 and
    .632+ make up for.

    Returns
    -------
    Estimate or Absent
        Absent where too few resamples could be used.
    """
    outside = resampled.out_of_sample
    if isinstance(outside, Absent):
        return outside
    how = "mean over resamples" if resampled.leave_one_out is None else "leave-one-out bootstrap"
    return _shifted(resampled, outside, f"out-of-bag, {how}")


def brier_no_information(outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Brier score if outcomes and risks belonged to different patients: the mean over all n^2 pairs.

    mean over i, j of (y_i - p_j)^2 = q - 2 q mean(p) + mean(p^2), q the proportion with the outcome (Efron & Tibshirani
    1997, J Am Stat Assoc 92:548, the no-information error rate).

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Apparent predictions.
    weights : array-like of shape (n,), optional
        Case weights; a pair counts the product of its weights.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1] or weights cannot be used.
    """
    scored = check_scored(outcome, risk, weights)
    share = scored.prevalence
    mean, square = (float(np.average(scored.score**power, weights=scored.weights)) for power in (1, 2))
    return share - 2 * share * mean + square


def _shifted(resampled: Resampled, value: float, words: str) -> Measure:
    usable = np.isfinite(resampled.in_resample)
    absent = too_few(usable)
    if absent:
        return absent
    shift = value - resampled.apparent
    lower, upper = (float(end) + shift for end in np.quantile(resampled.in_resample[usable], (0.025, 0.975)))
    method = f"{words}, {resampled.in_resample.size} resamples; location-shifted bootstrap interval"
    return Estimate(value, lower, upper, resampled.n, resampled.events, method)
