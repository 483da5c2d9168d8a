"""From scores to cumulative log-odds: a straight line for each threshold, and thresholds that never cross."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from spinecast.statistics import Absent, fit_logistic_recalibration, fit_proportional_odds

__all__ = ["ThresholdLines", "fit_threshold_lines", "in_order", "level_probabilities"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ThresholdLines:
    """What maps scores to the log-odds of reaching each level above the lowest.

    Parameters
    ----------
    intercepts, slopes : ndarray, shape (thresholds,)
        Log-odds of threshold ``k`` are ``intercepts[k] + slopes[k] * score``.
    """

    intercepts: FloatArray
    slopes: FloatArray

    def apply(self, scores: FloatArray) -> FloatArray:
        """Log-odds, shape (..., thresholds), from scores of shape (..., 1), one for all, or (..., thresholds)."""
        return np.asarray(self.intercepts + self.slopes * scores, dtype=np.float64)


def fit_threshold_lines(levels: NDArray[np.intp], scores: FloatArray, thresholds: int) -> ThresholdLines:
    """Recalibrate held-out scores.

    One score for all thresholds keeps one slope for all of them (a proportional-odds regression on the score); scores
    of each threshold have a line each (a logistic regression of having reached it).

    Parameters
    ----------
    levels : ndarray of int, shape (n,)
        0 the lowest.
    scores : ndarray, shape (n, 1) or (n, thresholds)
    thresholds : int
    """
    if scores.shape[1] == 1 and thresholds > 1:
        common = fit_proportional_odds(levels, scores)
        if not isinstance(common, Absent):
            return ThresholdLines(common.intercepts, np.full(thresholds, common.coefficients[0]))
    columns = np.broadcast_to(scores, (len(levels), thresholds))
    lines = [fit_logistic_recalibration(levels >= k + 1, columns[:, k]) for k in range(thresholds)]
    return ThresholdLines(np.array([one.intercept for one in lines]), np.array([one.slope for one in lines]))


def in_order(log_odds: FloatArray) -> FloatArray:
    """Put cumulative log-odds that cross in order, falling along the last axis.

    Rearranging never moves probabilities away from the truth (Chernozhukov, Fernandez-Val & Galichon 2010, Econometrica
    78:1093), and leaves alone what is in order.
    """
    return np.asarray(-np.sort(-log_odds, axis=-1), dtype=np.float64)


def level_probabilities(log_odds: FloatArray) -> FloatArray:
    """Probability of every level, shape (n, thresholds + 1), from cumulative log-odds in order."""
    reached = expit(log_odds)
    ends = np.ones((len(reached), 1)), np.zeros((len(reached), 1))
    return np.asarray(-np.diff(np.hstack([ends[0], reached, ends[1]]), axis=1), dtype=np.float64)
