"""What AUC a cohort allows when its risks are right: the model-based concordance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics import Absent, Estimate, Measure

__all__ = ["expected_auc"]

FloatArray = NDArray[np.float64]

NORMAL_975 = 1.959963984540054
METHOD = "model-based concordance of the predicted risks alone; Wald, U-statistic"


def expected_auc(risk: ArrayLike, weights: ArrayLike | None = None) -> Measure:
    """Compute the AUC to be expected in a cohort if every predicted risk were right.

    It is the model-based concordance for a binary outcome of van Klaveren, Gonen, Steyerberg & Vergouwe (2016, Stat Med
    35:4136): over all pairs of different patients,

        sum p_i (1 - p_j) [I(p_i > p_j) + I(p_i = p_j) / 2] / sum p_i (1 - p_j).

    No outcome enters: the more alike the patients, the lower it is. It moves with the case mix and not with whether the
    model is right, so that the AUC in the development cohort less this one is what case mix takes away, and this one
    less the observed AUC what the model's own errors take.

    Parameters
    ----------
    risk : array-like of shape (n,)
        Predicted probabilities.
    weights : array-like of shape (n,), optional
        Case weights; a pair counts the product of its weights.

    Returns
    -------
    Estimate or Absent
        The interval is that of a ratio of two U-statistics by their projections (Hoeffding 1948, Ann Math Stat
        19:293): the sampling of patients alone. Absent with fewer than two patients, or risks that are all 0 or all 1.

    Raises
    ------
    ValueError
        If a risk lies outside [0, 1] or is not finite, or lengths differ.
    """
    p = np.asarray(risk, dtype=np.float64)
    cases = np.ones_like(p) if weights is None else np.asarray(weights, dtype=np.float64)
    if p.shape != cases.shape or p.ndim != 1:
        raise ValueError(f"risk has shape {p.shape}, weights {cases.shape}")
    if not (np.isfinite(p).all() and np.isfinite(cases).all() and (p >= 0).all() and (p <= 1).all()):
        raise ValueError("risks must be finite and lie in [0, 1]")
    p, cases = p[cases > 0], cases[cases > 0]
    if p.size < 2:
        return Absent("fewer than two patients")
    event, none = cases * p, cases * (1 - p)
    # Each patient's own pair is no pair: it is taken out of every sum.
    concordant_above, concordant_below = _concordant(p, event, none)
    own = event * none
    pairs_above, pairs_below = event * (none.sum() - none), none * (event.sum() - event)
    total = float(pairs_above.sum())
    if total <= 0:
        return Absent("all predicted risks are 0 or all are 1: there is no pair to rank")
    value = float((concordant_above - own / 2).sum()) / total
    projection = (concordant_above + concordant_below - own) - value * (pairs_above + pairs_below)
    half = NORMAL_975 * math.sqrt(float(np.sum(projection**2))) / total
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), int(p.size), None, METHOD)


def _concordant(p: FloatArray, event: FloatArray, none: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each patient's concordant weight as the one with the event, and as the one without; its own pair halved.

    Ties count one half, so that the pair of a patient with itself counts one half in both.
    """
    values, position = np.unique(p, return_inverse=True)
    events = np.bincount(position, weights=event, minlength=values.size)
    nones = np.bincount(position, weights=none, minlength=values.size)
    below = np.cumsum(nones) - nones / 2
    above = events.sum() - np.cumsum(events) + events / 2
    return np.asarray(event * below[position]), np.asarray(none * above[position])
