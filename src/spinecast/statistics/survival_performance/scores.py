"""How good predicted risks of an event by a horizon are under censoring and competing events: AUC, Brier score, IPA.

In every function ``event`` is 0 where follow-up was censored and otherwise the number of the event that ended it; with
one kind of event this is ordinary survival. A patient with a competing event by the horizon is known to be without the
event of interest there.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.binary.discrimination import AucComparison, logit_interval
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import Floats, as_vector
from spinecast.statistics.survival.competing import check_causes
from spinecast.statistics.survival.follow_up import FollowUp, check_horizon, check_values
from spinecast.statistics.survival.ipcw import Censoring, Resolved, influence_estimate, resolve
from spinecast.statistics.survival_performance.concordance import paired_comparison

__all__ = [
    "compare_horizon_auc",
    "horizon_auc",
    "horizon_brier",
    "index_of_prediction_accuracy",
    "integrated_brier",
]


def horizon_auc(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
    *,
    interval: Literal["wald", "logit"] = "wald",
) -> Measure:
    """Time-dependent AUC: probability that a patient with the event by the horizon outranks one without, ties one half.

    It is the cumulative/dynamic AUC with inverse-probability-of-censoring weights (Uno et al. 2007, J Am Stat Assoc
    102:527; Hung & Chiang 2010, Can J Stat 38:8; with competing events Blanche, Dartigues & Jacqmin-Gadda 2013, Stat
    Med 32:5381, the definition in which those with a competing event by the horizon are among the patients without the
    event). Each patient known at the horizon counts 1/G at the time the outcome was known, G from Kaplan-Meier.

    The interval is by the infinitesimal jackknife and includes that G is estimated (Blanche et al.).

    Parameters
    ----------
    time : array-like of shape (n,)
        Follow-up, in the unit of ``horizon``, not negative.
    event : array-like of shape (n,)
        0 where follow-up was censored, otherwise the number (1, 2, ...) of the event that ended it.
    score : array-like of shape (n,)
        Risks or any finite score, higher for patients more likely to have the event by the horizon.
    horizon : float
        Time at which the outcome is read; that time included.
    cause : int
        The event of interest.
    weights : array-like of shape (n,), optional
        Case weights.
    interval : {"wald", "logit"}
        On the AUC scale, truncated to [0, 1], or on the logit scale.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, or all who are known at the horizon have the same outcome.
        ``n`` counts all patients, ``events`` those with the event by the horizon.

    Raises
    ------
    ValueError
        If the arrays do not fit each other, a time is negative, an event is not a code, the horizon is not positive or
        a number is not finite.
    """
    follow_up = check_causes(time, event, cause, weights)
    values = check_values(score, "score", follow_up.n)
    known = resolve(follow_up, cause, check_horizon(horizon))
    if isinstance(known, Absent):
        return known
    area, influence = _auc(known, values)
    estimate = influence_estimate(area, influence, events=known.events, method="weighted AUC", bounds=(0.0, 1.0))
    if interval == "wald" or estimate.lower is None or not 0 < area < 1:
        return estimate
    n = follow_up.n
    lower, upper = logit_interval(area, float(np.sqrt(np.sum(influence**2) * n / (n - 1))))
    return Estimate(area, lower, upper, n, known.events, f"{estimate.method}, logit scale")


def compare_horizon_auc(
    time: ArrayLike,
    event: ArrayLike,
    score: ArrayLike,
    other: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
) -> AucComparison | Absent:
    """Compare two scores of the same patients: time-dependent AUC of ``score`` minus that of ``other``, paired.

    (Blanche et al. 2013.) See :func:`horizon_auc`.

    Parameters
    ----------
    time, event, horizon, cause, weights
        As :func:`horizon_auc`.
    score, other : array-like of shape (n,)
        Higher for patients more likely to have the event by the horizon.

    Raises
    ------
    ValueError
        As :func:`horizon_auc`.
    """
    follow_up = check_causes(time, event, cause, weights)
    first, second = check_values(score, "score", follow_up.n), check_values(other, "other", follow_up.n)
    known = resolve(follow_up, cause, check_horizon(horizon))
    if isinstance(known, Absent):
        return known
    (one, one_influence), (two, two_influence) = _auc(known, first), _auc(known, second)
    return paired_comparison(one - two, one_influence - two_influence, events=known.events, corrected=True)


def horizon_brier(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
) -> Measure:
    """Brier score at a horizon: weighted mean squared distance of outcome and risk; smaller is better.

    (Graf et al. 1999, Stat Med 18:2529; with competing events Schoop et al. 2011, Biom J 53:88.) Weights and interval
    as in :func:`horizon_auc`.

    Parameters
    ----------
    time, event, horizon, cause, weights
        As :func:`horizon_auc`.
    risk : array-like of shape (n,)
        Predicted probability of the event by the horizon.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up.

    Raises
    ------
    ValueError
        As :func:`horizon_auc`, or if a risk lies outside [0, 1].
    """
    follow_up = check_causes(time, event, cause, weights)
    values = check_values(risk, "risk", follow_up.n, is_risk=True)
    known = resolve(follow_up, cause, check_horizon(horizon), classes=False)
    if isinstance(known, Absent):
        return known
    score, contributions = _brier(known, values)
    return influence_estimate(
        score,
        known.influence(contributions),
        events=known.events,
        method="weighted Brier score",
        bounds=(0.0, np.inf),
    )


def index_of_prediction_accuracy(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    horizon: float,
    cause: int = 1,
    weights: ArrayLike | None = None,
) -> Measure:
    """IPA: share of the null Brier score that the predictions remove; 1 is perfect, 0 is no use.

    1 - Brier / Brier null (Kattan & Gerds 2018, Diagn Progn Res 2:7). The null model gives everyone the Kaplan-Meier
    (Aalen-Johansen) risk F at the horizon; its weighted Brier score is F(1 - F). It is the scaled Brier score where
    nobody is censored. The interval, by the infinitesimal jackknife, includes that F and G are estimated.

    Parameters
    ----------
    time, event, risk, horizon, cause, weights
        As :func:`horizon_brier`.

    Returns
    -------
    Estimate or Absent
        Absent when the horizon lies beyond the follow-up, or all who are known there have the same outcome.

    Raises
    ------
    ValueError
        As :func:`horizon_brier`.
    """
    follow_up = check_causes(time, event, cause, weights)
    values = check_values(risk, "risk", follow_up.n, is_risk=True)
    known = resolve(follow_up, cause, check_horizon(horizon))
    if isinstance(known, Absent):
        return known
    score, contributions = _brier(known, values)
    share = float(known.weights @ known.outcome) / known.total_weight
    null = share * (1 - share)
    null_contributions = (1 - 2 * share) * known.weights * (known.outcome - share) / known.total_weight
    influence = known.influence(-contributions / null + score * null_contributions / null**2)
    return influence_estimate(
        1 - score / null, influence, events=known.events, method="weighted Brier scores", bounds=(-np.inf, 1.0)
    )


def integrated_brier(
    time: ArrayLike,
    event: ArrayLike,
    risk: ArrayLike,
    times: ArrayLike,
    cause: int = 1,
    weights: ArrayLike | None = None,
) -> Measure:
    """Brier score averaged over a stretch of time: its integral by the trapezoidal rule over the length of the stretch.

    (Graf et al. 1999.) Interval as in :func:`horizon_brier`.

    Parameters
    ----------
    time, event, cause, weights
        As :func:`horizon_brier`.
    risk : array-like of shape (n, m)
        Predicted probability of the event by each of ``times``.
    times : array-like of shape (m,)
        Two or more, ascending, positive.

    Returns
    -------
    Estimate or Absent
        Absent when the last time lies beyond the follow-up.

    Raises
    ------
    ValueError
        As :func:`horizon_brier`, or if ``times`` does not ascend or does not fit ``risk``.
    """
    follow_up = check_causes(time, event, cause, weights)
    grid = as_vector(times, "times")
    if grid.size < 2 or grid[0] <= 0 or (np.diff(grid) <= 0).any():
        raise ValueError("times must be positive and ascend, two or more")
    risks = np.asarray(risk, dtype=np.float64)
    if risks.shape != (follow_up.n, grid.size):
        raise ValueError(
            f"risk must have the shape ({follow_up.n}, {grid.size}) of patients and times, not {risks.shape}"
        )
    if not (np.isfinite(risks).all() and risks.min() >= 0 and risks.max() <= 1):
        raise ValueError("risk must lie in [0, 1] and be finite")
    return _integrate(follow_up, risks, grid, cause)


def _integrate(follow_up: FollowUp, risks: Floats, grid: Floats, cause: int) -> Measure:
    absent = follow_up.beyond(float(grid[-1]))
    if absent:
        return absent
    censoring, time, cases = Censoring.of(follow_up), follow_up.time, follow_up.weights
    ended, own = (follow_up.event > 0) & (cases > 0), np.zeros(follow_up.n)
    own[ended] = cases[ended] / censoring.until[follow_up.position[ended]]
    shares = np.convolve(np.diff(grid), (0.5, 0.5)) / (grid[-1] - grid[0])
    total, direct, at_event = 0.0, np.zeros(follow_up.n), np.zeros(follow_up.n)
    sums = np.zeros(censoring.until.size)
    for risk, at, share in zip(np.ascontiguousarray(risks.T), grid, shares, strict=True):
        # The weights of resolve(), of which those of patients with an event by then are the same at every time.
        done = ended & (time <= at)
        alive, step = (time >= at) & ~done, follow_up.before(float(at))
        known = np.where(done, own, cases * alive / (censoring.until[step] or 1.0))
        loss = (done & (follow_up.event == cause)) - risk
        loss *= loss
        score = float(known @ loss) / float(known.sum())
        contributions = known * (loss - score) * (share / known.sum())
        total += float(share) * score
        direct += contributions
        at_event += np.where(done, contributions, 0.0)
        sums[step] += contributions @ alive
    sums += np.bincount(follow_up.position, weights=at_event, minlength=sums.size)
    return influence_estimate(
        total,
        direct + censoring.influence_of_sums(sums),
        events=follow_up.count(cause, float(grid[-1])),
        method=f"weighted Brier score integrated from {grid[0]:g} to {grid[-1]:g}",
        bounds=(0.0, np.inf),
    )


def _brier(known: Resolved, risk: Floats) -> tuple[float, Floats]:
    """Return the weighted Brier score and each patient's contribution to its derivative."""
    loss = (known.outcome - risk) ** 2
    score = float(known.weights @ loss) / known.total_weight
    return score, known.weights * (loss - score) / known.total_weight


def _auc(known: Resolved, score: Floats) -> tuple[float, Floats]:
    """Return the weighted AUC and each patient's derivative.

    A patient's placement is the share of the other class, by weight, that it is on the right side of: DeLong's
    structural components with weights.
    """
    distinct, position = np.unique(score, return_inverse=True)
    with_event, without = known.weights * known.outcome, known.weights * (1 - known.outcome)
    events, others = (np.bincount(position, weights=rows, minlength=distinct.size) for rows in (with_event, without))
    outranked = (np.cumsum(others) - others / 2)[position] / others.sum()
    outranking = (events.sum() - np.cumsum(events) + events / 2)[position] / events.sum()
    area = float(with_event @ outranked) / float(events.sum())
    contributions = with_event * (outranked - area) / events.sum() + without * (outranking - area) / others.sum()
    return area, known.influence(contributions)
