"""A cumulative sum over whole patients: each counts once what became of them is known.

For outcomes of an assessment, and while too little is known of when events come; else see `event_cusum`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from spinecast.statistics.foundations.bootstrap import Seed
from spinecast.statistics.foundations.inputs import Floats, as_vector, check_scored
from spinecast.statistics.monitoring.cumulative_sum import (
    CalibrationCusum,
    check_rule,
    crossed_limit,
    log_odds,
    run_sums,
)

__all__ = ["Follow", "calibration_cusum", "cusum_limit"]

_STEPS_AT_ONCE = 256
# Patients of one simulated stretch; at 2,000 simulations it takes about ten seconds.
_MOST_PATIENTS = 50_000


@dataclass(frozen=True, eq=False)
class Follow:
    """How patients are followed: what a simulation of the rule needs to lose as many as were lost.

    Parameters
    ----------
    at_events : ndarray of shape (events,)
        Of each observed event, the probability of still being followed when it came.
    at_horizon : float
        The same at the horizon.

    Raises
    ------
    ValueError
        If one is no probability above 0.
    """

    at_events: Floats
    at_horizon: float

    def __post_init__(self) -> None:
        known = np.append(np.asarray(self.at_events, dtype=np.float64), self.at_horizon)
        if not ((known > 0) & (known <= 1)).all():
            raise ValueError("the probability of being followed lies above 0 and is at most 1")


def calibration_cusum(
    outcome: ArrayLike,
    risk: ArrayLike,
    limit: float,
    weights: ArrayLike | None = None,
    *,
    odds_ratio: float = 2.0,
) -> CalibrationCusum:
    """Follow outcomes, patient by patient, against their predicted risks.

    Parameters
    ----------
    outcome, risk, weights : array-like of shape (n,)
        In the order in which risks were predicted; a patient of weight 0, whose outcome was lost, adds nothing, and
        the others stand for them by theirs.
    limit : float
        From :func:`cusum_limit`.
    odds_ratio : float
        Change of the odds that is looked for: times this, and divided by it.

    Raises
    ------
    ValueError
        As `check_scored`, or if the odds ratio is not above 1 or the limit not above 0.
    """
    scored = check_scored(outcome, risk, weights)
    if not odds_ratio > 1:
        raise ValueError("an odds ratio above 1 is needed")
    more, fewer = (
        scored.case_weights * _log_ratio(scored.outcome, scored.score, ratio) for ratio in (odds_ratio, 1 / odds_ratio)
    )
    return run_sums({"more": more, "fewer": fewer}, limit)


def cusum_limit(
    risk: ArrayLike,
    patients: int,
    *,
    false_alarms: float,
    odds_ratio: float = 2.0,
    follow: Follow | None = None,
    level_error: float = 0.0,
    slope_error: float = 0.0,
    simulations: int = 2000,
    seed: Seed = 0,
) -> float:
    """Limit that either sum crosses, among so many patients of a model that has not changed, with a set probability.

    Found by simulation: risks are drawn from those that were predicted, outcomes from the risks, and patients are lost
    as often as they were, the others weighted for them. No model has its own level exactly: it was estimated. Each run
    of the simulation therefore has an error of level and slope, drawn from their standard errors in the development;
    without them the limit is crossed several times as often as it says. Beyond 50,000 patients see
    :func:`crossed_limit`.

    Parameters
    ----------
    risk : array-like of shape (m,)
        Risks as predicted.
    patients : int
        How long the rule is to run.
    false_alarms : float
        Probability of any alarm in that time, in (0, 1).
    odds_ratio : float
        As :func:`calibration_cusum`.
    follow : Follow, optional
        Nobody is lost when left out.
    level_error, slope_error : float
        Standard errors of the model's calibration-in-the-large, and of its slope, in patients like its own.
    simulations : int
        At least :data:`FEWEST_BEYOND` over `false_alarms`.
    seed : int or numpy.random.Generator

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    risks = as_vector(risk, "risk")
    if risks.min() < 0 or risks.max() > 1:
        raise ValueError("a risk lies in [0, 1]")
    if patients < 1:
        raise ValueError("a rule runs for patients")
    check_rule(false_alarms, odds_ratio, simulations, level_error=level_error, slope_error=slope_error)
    generator = np.random.default_rng(seed)
    more, fewer, highest = (np.zeros(simulations) for _ in range(3))
    odds = log_odds(risks)
    level = level_error * generator.standard_normal(simulations)
    slope = slope_error * generator.standard_normal(simulations)
    stretch = min(patients, _MOST_PATIENTS)
    for start in range(0, stretch, _STEPS_AT_ONCE):
        size = (min(_STEPS_AT_ONCE, stretch - start), simulations)
        chosen = generator.integers(0, risks.size, size)
        drawn = risks[chosen]
        true = expit(odds[chosen] + level + slope * (odds[chosen] - odds.mean()))
        outcome = (generator.random(size) < true).astype(np.float64)
        weights = _weights(outcome, follow, generator)
        up = weights * _log_ratio(outcome, drawn, odds_ratio)
        down = weights * _log_ratio(outcome, drawn, 1 / odds_ratio)
        for one, other in zip(up, down, strict=True):
            more = np.maximum(0.0, more + one)
            fewer = np.maximum(0.0, fewer + other)
            highest = np.maximum(highest, np.maximum(more, fewer))
    return crossed_limit(highest, false_alarms, patients / stretch)


def _log_ratio(outcome: Floats, risk: Floats, ratio: float) -> Floats:
    """Return the log-likelihood ratio of each outcome: odds times `ratio`, against the odds predicted."""
    return np.asarray(outcome * np.log(ratio) - np.log1p((ratio - 1) * risk), dtype=np.float64)


def _weights(outcome: Floats, follow: Follow | None, generator: np.random.Generator) -> Floats | NDArray[np.float64]:
    if follow is None:
        return np.ones_like(outcome)
    pool = np.asarray(follow.at_events, dtype=np.float64)
    staying = np.full(outcome.shape, follow.at_horizon)
    if pool.size:
        # An event was observed with the probability that is drawn: rare ones stand for more.
        chosen = generator.choice(pool, size=outcome.shape, p=(1 / pool) / np.sum(1 / pool))
        staying = np.where(outcome == 1, chosen, staying)
    return np.where(generator.random(outcome.shape) < staying, 1 / staying, 0.0)
