"""Whether deciding by the predictions does more good than harm: net benefit, and classification at thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics.foundations.bootstrap import Seed, resampled_counts
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure, measure_from_dict
from spinecast.statistics.foundations.inputs import NORMAL_975, Booleans, Floats, Scored, check_scored, check_thresholds
from spinecast.statistics.foundations.proportions import proportion, weighted_interval

__all__ = [
    "Classification",
    "DecisionCurve",
    "classify",
    "decision_curve",
    "interventions_avoided",
    "net_benefit",
    "net_benefit_treat_all",
    "standardised_net_benefit",
]


@dataclass(frozen=True)
class DecisionCurve:
    """Net benefit over risk thresholds, per patient; treating nobody has net benefit 0.

    Parameters
    ----------
    thresholds, net_benefit : tuple of float
        Net benefit of treating those at or above each threshold.
    lower, upper : tuple of float or None
        Pointwise 95 % interval; None when it was not asked for.
    treat_all : tuple of float
        Net benefit of treating everyone.
    method : str
        How the interval was computed.
    """

    thresholds: tuple[float, ...]
    net_benefit: tuple[float, ...]
    lower: tuple[float, ...] | None
    upper: tuple[float, ...] | None
    treat_all: tuple[float, ...]
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON-ready values."""
        return {
            "thresholds": list(self.thresholds),
            "net_benefit": list(self.net_benefit),
            "lower": None if self.lower is None else list(self.lower),
            "upper": None if self.upper is None else list(self.upper),
            "treat_all": list(self.treat_all),
            "treat_none": 0,
            "method": self.method,
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> DecisionCurve:
        """Rebuild a curve from :meth:`to_dict`."""
        return cls(
            thresholds=tuple(value["thresholds"]),
            net_benefit=tuple(value["net_benefit"]),
            lower=None if value["lower"] is None else tuple(value["lower"]),
            upper=None if value["upper"] is None else tuple(value["upper"]),
            treat_all=tuple(value["treat_all"]),
            method=value["method"],
        )


@dataclass(frozen=True)
class Classification:
    """Calling everyone at or above a threshold positive; each proportion's ``n`` is its own denominator."""

    threshold: float
    sensitivity: Measure
    specificity: Measure
    positive_predictive_value: Measure
    negative_predictive_value: Measure

    def to_dict(self) -> dict[str, Any]:
        """Return the classification as JSON-ready values."""
        return {
            "threshold": self.threshold,
            "sensitivity": self.sensitivity.to_dict(),
            "specificity": self.specificity.to_dict(),
            "positive_predictive_value": self.positive_predictive_value.to_dict(),
            "negative_predictive_value": self.negative_predictive_value.to_dict(),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Classification:
        """Rebuild a classification from :meth:`to_dict`."""
        return cls(
            threshold=value["threshold"],
            sensitivity=measure_from_dict(value["sensitivity"]),
            specificity=measure_from_dict(value["specificity"]),
            positive_predictive_value=measure_from_dict(value["positive_predictive_value"]),
            negative_predictive_value=measure_from_dict(value["negative_predictive_value"]),
        )


def net_benefit(outcome: ArrayLike, risk: ArrayLike, thresholds: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Net benefit TP/n - FP/n * t/(1 - t) (Vickers & Elkin 2006, Med Decis Making 26:565); risk >= t is positive.

    Parameters
    ----------
    outcome, risk : array-like of shape (n,)
        Outcomes 0 or 1 and predicted probabilities.
    thresholds : array-like of shape (m,)
        Risks strictly between 0 and 1.
    weights : array-like of shape (n,), optional
        Case weights.

    Returns
    -------
    ndarray of shape (m,)
        Net benefit per patient, one a threshold.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk or threshold is out of range or weights cannot be used.
    """
    scored, levels = check_scored(outcome, risk, weights), check_thresholds(thresholds)
    true_positive, false_positive = _PositiveShares(scored, levels)(scored.case_weights)
    return true_positive - false_positive * _odds(levels)


def net_benefit_treat_all(prevalence: float, thresholds: ArrayLike) -> Floats:
    """Net benefit of treating everyone: prevalence - (1 - prevalence) t/(1 - t)."""
    return prevalence - (1 - prevalence) * _odds(check_thresholds(thresholds))


def standardised_net_benefit(benefit: ArrayLike, prevalence: float) -> Floats | Absent:
    """Net benefit as a share of the most that could be had, the prevalence (Kerr et al. 2016, J Clin Oncol 34:2534)."""
    if prevalence == 0:
        return Absent("nobody had the outcome: there is no benefit to have a share of")
    return np.asarray(benefit, dtype=np.float64) / prevalence


def interventions_avoided(benefit: ArrayLike, prevalence: float, thresholds: ArrayLike) -> Floats:
    """Net reduction in interventions per 100 patients against treating everyone, at no loss of true positives.

    (NB - NB treat all) / (t/(1 - t)) * 100, Vickers & Elkin 2006, Med Decis Making 26:565.

    Parameters
    ----------
    benefit : array-like of shape (m,)
        Net benefit at each threshold.
    prevalence : float
        Proportion with the outcome.
    thresholds : array-like of shape (m,)
        Risks at which one would intervene.

    Returns
    -------
    ndarray, shape (m,)
        Per 100 patients.
    """
    levels = check_thresholds(thresholds)
    gain = np.asarray(benefit, dtype=np.float64) - net_benefit_treat_all(prevalence, levels)
    return gain / _odds(levels) * 100


def decision_curve(
    outcome: ArrayLike,
    risk: ArrayLike,
    thresholds: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    bootstrap: int = 200,
    seed: Seed = 0,
) -> DecisionCurve:
    """Compute net benefit over thresholds with a pointwise 95 % interval.

    Unweighted, net benefit is tp - w fp, w = t/(1 - t), with tp and fp two cells of one multinomial: the delta method
    gives Var = [tp(1 - tp) + w^2 fp(1 - fp) + 2 w tp fp]/n = [tp + w^2 fp - NB^2]/n (Sande et al. 2020, Stat Med
    39:2980; the same from influence functions in Pfeiffer & Gail 2020, Biom J 62:764). With weights the interval is a
    percentile bootstrap. It describes sampling error; which option to take follows from the point estimate (Vickers et
    al. 2023, Diagn Progn Res 7:11).

    Parameters
    ----------
    outcome, risk, thresholds, weights
        As :func:`net_benefit`.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Raises
    ------
    ValueError
        As :func:`net_benefit`.
    """
    scored, levels = check_scored(outcome, risk, weights), check_thresholds(thresholds)
    shares, odds = _PositiveShares(scored, levels), _odds(levels)
    true_positive, false_positive = shares(scored.case_weights)
    benefit = true_positive - odds * false_positive
    lower: Floats | None
    upper: Floats | None
    if scored.weights is None:
        variance = np.maximum(true_positive + odds**2 * false_positive - benefit**2, 0.0) / scored.n
        half = NORMAL_975 * np.sqrt(variance)
        lower, upper, method = benefit - half, benefit + half, "delta method for the difference of two proportions"
    else:
        drawn = []
        for counts in resampled_counts(scored.n, bootstrap, seed):
            cases = scored.weights * counts
            if cases.any():
                hits, misses = shares(cases)
                drawn.append(hits - odds * misses)
        method = f"weighted; percentile bootstrap over patients, {bootstrap} resamples"
        lower, upper = np.quantile(np.array(drawn), (0.025, 0.975), axis=0) if len(drawn) > 1 else (None, None)
    return DecisionCurve(
        thresholds=tuple(levels.tolist()),
        net_benefit=tuple(benefit.tolist()),
        lower=None if lower is None else tuple(lower.tolist()),
        upper=None if upper is None else tuple(upper.tolist()),
        treat_all=tuple(net_benefit_treat_all(scored.prevalence, levels).tolist()),
        method=method if lower is not None else "no interval asked for",
    )


def classify(outcome: ArrayLike, risk: ArrayLike, threshold: float, weights: ArrayLike | None = None) -> Classification:
    """Sensitivity, specificity and predictive values when risk >= threshold is positive.

    Parameters
    ----------
    outcome, risk, weights
        As :func:`net_benefit`.
    threshold : float
        Strictly between 0 and 1.

    Returns
    -------
    Classification
        Intervals are Wilson's, with weights on the effective number of patients. A proportion whose denominator is
        empty is Absent with the reason.

    Raises
    ------
    ValueError
        As :func:`net_benefit`.
    """
    scored, level = check_scored(outcome, risk, weights), float(check_thresholds(threshold)[0])
    positive = scored.score >= level
    event = scored.outcome == 1

    def share(of: Booleans, among: Booleans, name: str, empty: str) -> Measure:
        return _share(scored, of, among, name=name, empty=empty)

    everyone = f"the {scored.n} patients"
    return Classification(
        threshold=level,
        sensitivity=share(positive, event, "sensitivity", f"none of {everyone} had the outcome"),
        specificity=share(~positive, ~event, "specificity", f"all of {everyone} had the outcome"),
        positive_predictive_value=share(
            event, positive, "positive predictive value", f"no predicted risk reaches {level:g}"
        ),
        negative_predictive_value=share(
            ~event, ~positive, "negative predictive value", f"no predicted risk is below {level:g}"
        ),
    )


class _PositiveShares:
    """True and false positives as shares of all patients, at every threshold, as a function of case weights."""

    def __init__(self, scored: Scored, thresholds: Floats) -> None:
        self._order = np.argsort(scored.score, kind="stable")
        self._first_positive = np.searchsorted(scored.score[self._order], thresholds, side="left")
        self._outcome = scored.outcome[self._order]

    def __call__(self, weights: Floats) -> tuple[Floats, Floats]:
        cases = weights[self._order]
        total = cases.sum()
        return self._above(cases * self._outcome) / total, self._above(cases * (1 - self._outcome)) / total

    def _above(self, cases: Floats) -> Floats:
        # Summing from the top makes the count beyond the highest risk exactly 0.
        from_top = np.concatenate((np.cumsum(cases[::-1])[::-1], [0.0]))
        return np.asarray(from_top[self._first_positive])


def _odds(thresholds: Floats) -> Floats:
    return thresholds / (1 - thresholds)


def _share(scored: Scored, of: Booleans, among: Booleans, *, name: str, empty: str) -> Measure:
    known = scored.case_weights > 0
    of, among = of & known, among & known
    n, successes = int(np.count_nonzero(among)), int(np.count_nonzero(of & among))
    events = int(np.count_nonzero(among & (scored.outcome == 1)))
    if scored.weights is None or n == 0:
        return proportion(successes, n, events=events, empty=empty)
    hits, cases = of[among].astype(np.float64), scored.case_weights[among]
    lower, upper = weighted_interval(hits, cases)
    method = f"{name}, weighted; Wilson score on the effective number of patients"
    return Estimate(float(np.average(hits, weights=cases)), lower, upper, n, events, method)
