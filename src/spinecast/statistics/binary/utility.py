"""More of net benefit: intervals of differences and of the standardised form, and the harm of obtaining predictors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.binary.decision import net_benefit_treat_all
from spinecast.statistics.foundations.bootstrap import Seed, run_bootstrap
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored, check_thresholds

__all__ = [
    "HarmTradeOff",
    "compare_net_benefit",
    "harm_trade_off",
    "net_benefit_after_harm",
    "standardised_net_benefit_at",
]

Comparator = Literal["treat_all", "treat_none"]


@dataclass(frozen=True)
class HarmTradeOff:
    """What obtaining the predictors may cost at most, at one threshold.

    Parameters
    ----------
    threshold : float
        Risk from which on patients are treated.
    acceptable_harm : float
        Gain in net benefit over the better of treating everyone and treating nobody: the largest harm a patient, in
        true positives, at which the model is still worth its predictors. Below 0 the model harms even if they cost
        nothing.
    tests_per_true_positive : float or None
        1 / acceptable_harm: how many patients may be tested for one more true positive; None when there is no gain.
    """

    threshold: float
    acceptable_harm: float
    tests_per_true_positive: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the trade-off as JSON-ready values."""
        return {
            "threshold": self.threshold,
            "acceptable_harm": self.acceptable_harm,
            "tests_per_true_positive": self.tests_per_true_positive,
        }


def net_benefit_after_harm(benefit: ArrayLike, harm: float) -> Floats:
    """Net benefit of a model less the harm of obtaining its predictors (Vickers & Elkin 2006, Med Decis Making 26:565).

    Parameters
    ----------
    benefit : array-like of shape (m,)
        Net benefit per patient.
    harm : float
        Harm of the test in everyone tested, in units of net benefit: 1/k where a clinician would test at most k
        patients to find one more who needs treatment, were the test perfect.

    Raises
    ------
    ValueError
        If the harm is negative or not finite.
    """
    if not (np.isfinite(harm) and harm >= 0):
        raise ValueError(f"harm must be a number of 0 or more, not {harm:g}")
    return np.asarray(benefit, dtype=np.float64) - harm


def harm_trade_off(benefit: ArrayLike, prevalence: float, thresholds: ArrayLike) -> tuple[HarmTradeOff, ...]:
    """Return, at each threshold, the largest harm at which a model is worth its predictors.

    (Test trade-off: Baker, Van Calster & Steyerberg 2012, Stat Med 31:2973.)

    Parameters
    ----------
    benefit : array-like of shape (m,)
        Net benefit of the model at the thresholds.
    prevalence : float
        Proportion with the outcome.
    thresholds : array-like of shape (m,)
        Risks strictly between 0 and 1.

    Raises
    ------
    ValueError
        If a threshold is out of range or the lengths differ.
    """
    levels = check_thresholds(thresholds)
    values = np.atleast_1d(np.asarray(benefit, dtype=np.float64))
    if values.shape != levels.shape:
        raise ValueError(f"benefit has {values.size} values, thresholds has {levels.size}")
    gains = values - np.maximum(net_benefit_treat_all(prevalence, levels), 0.0)
    return tuple(
        HarmTradeOff(float(level), float(gain), 1 / float(gain) if gain > 0 else None)
        for level, gain in zip(levels, gains, strict=True)
    )


def compare_net_benefit(
    outcome: ArrayLike,
    risk: ArrayLike,
    other: ArrayLike | Comparator,
    threshold: float,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> Estimate:
    """Difference in net benefit at one threshold: of ``risk`` less that of another model, of treating all or nobody.

    A patient treated by either way adds y - (1 - y) t/(1 - t) to it. The difference is a mean over patients, so that
    its unweighted standard error is that of a mean: the pairing is kept. Which option to take follows from the estimate
    alone (Vickers et al. 2023, Diagn Progn Res 7:11).

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities; at or above the threshold is treated.
    other : array-like of shape (n,), "treat_all" or "treat_none"
        What to compare with.
    threshold : float
        Strictly between 0 and 1.
    weights : array-like of shape (n,), optional
        Case weights; the interval is then a bootstrap.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk or the threshold is out of range, weights cannot be
        used or ``other`` is another word.
    """
    scored, level = check_scored(outcome, risk, weights), float(check_thresholds(threshold)[0])
    gain = _gain(scored, level)
    contribution = gain * ((scored.score >= level).astype(np.float64) - _treated(scored, other, level))
    words = f"treating at a risk of {level:g}"
    if scored.weights is not None:
        return _weighted_mean(scored, contribution, words, bootstrap, seed)
    value = float(contribution.mean())
    if scored.n < 2:
        return Estimate(value, None, None, scored.n, scored.events, f"{words}; no interval: one patient")
    half = NORMAL_975 * float(contribution.std(ddof=1)) / scored.n**0.5
    return Estimate(value, value - half, value + half, scored.n, scored.events, f"{words}; paired, Wald")


def standardised_net_benefit_at(
    outcome: ArrayLike,
    risk: ArrayLike,
    threshold: float,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> Measure:
    """Net benefit at one threshold as a share of the most that could be had, with its interval.

    (Kerr et al. 2016, J Clin Oncol 34:2534.) The prevalence p in the denominator is estimated too: the influence of a
    patient is (g - NB)/p - NB (y - p)/p^2, g the patient's share in the net benefit NB (delta method).

    Parameters
    ----------
    outcome, risk, threshold, weights, bootstrap, seed
        As :func:`compare_net_benefit`.

    Returns
    -------
    Estimate or Absent
        Absent when nobody had the outcome.

    Raises
    ------
    ValueError
        As :func:`compare_net_benefit`.
    """
    scored, level = check_scored(outcome, risk, weights), float(check_thresholds(threshold)[0])
    if scored.events == 0:
        return Absent("nobody had the outcome: there is no benefit to have a share of")
    contribution = _gain(scored, level) * (scored.score >= level)
    words = f"treating at a risk of {level:g}"

    def statistic(cases: Floats) -> float | None:
        events = float(np.sum(cases * scored.outcome))
        return None if events == 0 else float(np.sum(cases * contribution)) / events

    value = statistic(scored.case_weights)
    if value is None:
        return Absent("nobody had the outcome: there is no benefit to have a share of")
    if scored.weights is not None:
        drawn = run_bootstrap(scored.weights, statistic, replicates=bootstrap, seed=seed)
        method = f"{words}, weighted; {drawn.description}"
        return Estimate(value, drawn.lower, drawn.upper, scored.n, scored.events, method)
    if scored.n < 2:
        return Estimate(value, None, None, scored.n, scored.events, f"{words}; no interval: one patient")
    share, benefit = scored.prevalence, float(contribution.mean())
    influence = (contribution - benefit) / share - benefit * (scored.outcome - share) / share**2
    half = NORMAL_975 * float(influence.std(ddof=1)) / scored.n**0.5
    return Estimate(value, value - half, value + half, scored.n, scored.events, f"{words}; delta method")


def _gain(scored: Scored, threshold: float) -> Floats:
    return scored.outcome - (1 - scored.outcome) * threshold / (1 - threshold)


def _treated(scored: Scored, other: ArrayLike | Comparator, threshold: float) -> Floats:
    if isinstance(other, str):
        if other not in ("treat_all", "treat_none"):
            raise ValueError(f"other must be risks, 'treat_all' or 'treat_none', not {other!r}")
        return np.full(scored.n, float(other == "treat_all"))
    return (check_scored(scored.outcome, other).score >= threshold).astype(np.float64)


def _weighted_mean(scored: Scored, values: Floats, words: str, replicates: int, seed: Seed) -> Estimate:
    def statistic(cases: Floats) -> float | None:
        total = float(cases.sum())
        return None if total == 0 else float(np.sum(cases * values)) / total

    drawn = run_bootstrap(scored.case_weights, statistic, replicates=replicates, seed=seed)
    value = float(np.average(values, weights=scored.case_weights))
    method = f"{words}, weighted; {drawn.description}"
    return Estimate(value, drawn.lower, drawn.upper, scored.n, scored.events, method)
