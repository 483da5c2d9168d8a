"""Between which numbers observed over expected, slope and AUC stay, in a period, if every predicted risk is right."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from spinecast.statistics.foundations.inputs import Floats, check_scored
from spinecast.statistics.monitoring.cumulative_sum import log_odds

__all__ = ["auc_limits", "observed_expected_limits", "slope_limits"]

# The number of events has this distribution exactly; beyond so many patients its normal approximation is as good.
_MOST_EXACT = 2000


def observed_expected_limits(
    risk: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.002
) -> tuple[float, float]:
    """Limits of observed over expected events, outside of which it lies with probability `level` at most.

    The number of events is a sum of independent draws, each with its own risk (Poisson binomial). The usual level is
    that of three standard deviations, 0.002 (Spiegelhalter 2005, Stat Med 24:1185). Of weighted patients the limits are
    normal.

    Parameters
    ----------
    risk, weights : array-like of shape (n,)
        Of patients whose outcome is known.
    level : float
        In (0, 1).

    Returns
    -------
    lower, upper : float
        The lower one at least 0.

    Raises
    ------
    ValueError
        As `check_scored`, or if no event is expected.
    """
    scored = check_scored(np.zeros(np.shape(risk)), risk, weights)
    if not 0 < level < 1:
        raise ValueError("a level lies between 0 and 1")
    expected = float(np.sum(scored.case_weights * scored.score))
    if expected <= 0:
        raise ValueError("no event is expected")
    if scored.weights is None and scored.n <= _MOST_EXACT:
        reached = np.cumsum(_number_of_events(scored.score))
        lower, upper = np.searchsorted(reached, level / 2), np.searchsorted(reached, 1 - level / 2)
        return float(lower) / expected, min(float(upper), scored.n) / expected
    variance = float(np.sum(scored.case_weights**2 * scored.score * (1 - scored.score)))
    half = -float(ndtri(level / 2)) * math.sqrt(variance)
    return max(0.0, expected - half) / expected, (expected + half) / expected


def slope_limits(risk: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.002) -> tuple[float, float]:
    """Limits of the calibration slope, outside of which it lies with probability `level` in large periods.

    Around 1, from the information of the logistic model in these risks (Cox 1958, Biometrika 45:562). With few events
    the upper one is exceeded more often (with 20, in 1 to 2 % of the periods), the lower one is not.

    Parameters
    ----------
    risk, weights, level
        As :func:`observed_expected_limits`.

    Returns
    -------
    lower, upper : float

    Raises
    ------
    ValueError
        As `check_scored`, or if all risks between 0 and 1 are one.
    """
    scored = check_scored(np.zeros(np.shape(risk)), risk, weights)
    weight, odds, information = scored.case_weights, log_odds(scored.score), scored.score * (1 - scored.score)
    if np.unique(odds[weight * information > 0]).size < 2:
        raise ValueError("risks that are all one have no slope")
    away = odds - np.average(odds, weights=weight * information)
    error = math.sqrt(float(np.sum(weight**2 * information * away**2)))
    half = -float(ndtri(level / 2)) * error / float(np.sum(weight * information * away**2))
    return 1 - half, 1 + half


def auc_limits(
    risk: ArrayLike, weights: ArrayLike | None = None, *, level: float = 0.002
) -> tuple[float, float, float]:
    """AUC to be expected of these patients, and limits outside of which it lies with probability `level`.

    It is the AUC that these risks give if each is right (the model-based concordance of van Klaveren et al. 2016, Stat
    Med 35:4136): of patients who are more alike it is lower, though nothing is wrong with the model. The limits are
    normal: each patient's outcome adds its part (the projection of Hájek).

    Parameters
    ----------
    risk, weights, level
        As :func:`observed_expected_limits`.

    Returns
    -------
    expected, lower, upper : float
        In [0, 1].

    Raises
    ------
    ValueError
        As `check_scored`, or if nobody or everybody has the event.
    """
    scored = check_scored(np.zeros(np.shape(risk)), risk, weights)
    events, others = scored.case_weights * scored.score, scored.case_weights * (1 - scored.score)
    if not min(events.sum(), others.sum()) > 0:
        raise ValueError("an AUC needs events and patients without one")
    # Of each patient with the event: how many without it lie below, ties counting half; and the other way round.
    below, above = _below(scored.score, others), events.sum() - _below(scored.score, events)
    itself = scored.case_weights**2 * scored.score * (1 - scored.score) / 2  # nobody is compared with themselves
    pairs = events.sum() * others.sum() - 2 * itself.sum()
    # Of risks that are all 0 or 1 it is 1: rounding must not leave it beyond.
    expected = min(1.0, float((np.sum(events * below) - itself.sum()) / pairs))
    # By how much the AUC grows with the outcome of each.
    part = (below - above - expected * (others.sum() - events.sum())) * scored.case_weights / pairs
    half = -float(ndtri(level / 2)) * math.sqrt(float(np.sum(scored.score * (1 - scored.score) * part**2)))
    return expected, max(0.0, expected - half), min(1.0, expected + half)


def _below(score: Floats, counted: Floats) -> Floats:
    """Return how much of `counted` lies below each score, that of the same score counting half, shape (n,)."""
    _, place = np.unique(score, return_inverse=True)
    each = np.bincount(place, counted)
    return np.asarray((np.cumsum(each) - each / 2)[place], dtype=np.float64)


def _number_of_events(risk: Floats) -> Floats:
    """Return the probability of each number of events, shape (n + 1,); SciPy's own takes 62 patients at most."""
    chances = np.zeros(risk.size + 1)
    chances[0] = 1.0
    for one in risk:
        chances[1:] = chances[1:] * (1 - one) + chances[:-1] * one
        chances[0] *= 1 - one
    return chances
