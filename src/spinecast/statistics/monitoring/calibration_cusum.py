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
    Changes,
    CusumLimits,
    Direction,
    changes_for,
    check_rule,
    crossed_limits,
    information_centre,
    log_odds,
    run_sums,
)

__all__ = ["Follow", "calibration_cusum", "cusum_limits"]

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
    limits: CusumLimits,
    weights: ArrayLike | None = None,
    *,
    odds_ratio: float = 2.0,
    slope: float = 0.5,
) -> CalibrationCusum:
    """Follow outcomes, patient by patient, against their predicted risks.

    Parameters
    ----------
    outcome, risk, weights : array-like of shape (n,)
        In the order in which risks were predicted; a patient of weight 0, whose outcome was lost, adds nothing, and
        the others stand for them by theirs.
    limits : CusumLimits
        From :func:`cusum_limits`.
    odds_ratio : float
        Change of the odds that is looked for: times this, and divided by it.
    slope : float
        Slope that is looked for, with as many events as predicted: see :func:`changes_for`.

    Raises
    ------
    ValueError
        As `check_scored` and `changes_for`.
    """
    scored = check_scored(outcome, risk, weights)
    changes = changes_for(scored.score, odds_ratio, slope, scored.weights)
    steps = _log_ratios(scored.outcome, scored.score, changes)
    return run_sums({name: scored.case_weights * one for name, one in steps.items()}, limits)


def cusum_limits(
    risk: ArrayLike,
    patients: int,
    *,
    false_alarms: float,
    odds_ratio: float = 2.0,
    slope: float = 0.5,
    follow: Follow | None = None,
    level_error: float = 0.0,
    slope_error: float = 0.0,
    simulations: int = 2000,
    seed: Seed = 0,
) -> CusumLimits:
    """Limits of which any is crossed, among so many patients of a model that has not changed, with a set probability.

    Found by simulation: risks are drawn from those that were predicted, outcomes from the risks, and patients are lost
    as often as they were, the others weighted for them. No model has its own level exactly: it was estimated. Each run
    of the simulation therefore has an error of level and slope, drawn from their standard errors in the development;
    without them the limit is crossed several times as often as it says. Beyond 50,000 patients see
    :func:`crossed_limits`.

    Parameters
    ----------
    risk : array-like of shape (m,)
        Risks as predicted.
    patients : int
        How long the rule is to run.
    false_alarms : float
        Probability of any alarm in that time, in (0, 1).
    odds_ratio, slope : float
        As :func:`calibration_cusum`.
    follow : Follow, optional
        Nobody is lost when left out.
    level_error, slope_error : float
        Standard errors of the model's calibration-in-the-large, and of its slope, in patients like its own; the two
        are independent of each other where log-odds are counted from :func:`information_centre`.
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
    check_rule(false_alarms, simulations, level_error=level_error, slope_error=slope_error)
    generator = np.random.default_rng(seed)
    sums, highest = np.zeros((3, simulations)), np.zeros((3, simulations))
    odds, centre = log_odds(risks), information_centre(risks)
    off = level_error * generator.standard_normal(simulations)
    steeper = slope_error * generator.standard_normal(simulations)
    changes = changes_for(risks, odds_ratio, slope)
    events, others = (np.array(list(one(risks).values())) for one in (changes.of_events, changes.of_others))
    stretch = min(patients, _MOST_PATIENTS)
    for start in range(0, stretch, _STEPS_AT_ONCE):
        size = (min(_STEPS_AT_ONCE, stretch - start), simulations)
        chosen = generator.integers(0, risks.size, size)
        true = expit(odds[chosen] + off + steeper * (odds[chosen] - centre))
        outcome = generator.random(size) < true
        weights = _weights(outcome.astype(np.float64), follow, generator)
        for who, had, weight in zip(chosen, outcome, weights, strict=True):
            np.maximum(0.0, sums + weight * np.where(had, events[:, who], others[:, who]), out=sums)
            np.maximum(highest, sums, out=highest)
    reached = np.array([highest[:2].max(axis=0), highest[2]])
    return crossed_limits(reached, false_alarms, patients / stretch)


def _log_ratios(outcome: Floats, risk: Floats, changes: Changes) -> dict[Direction, Floats]:
    """Return the log-likelihood ratio of each outcome: each change, against the risk predicted."""
    events, others = changes.of_events(risk), changes.of_others(risk)
    return {name: np.where(outcome == 1, events[name], others[name]) for name in events}


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
