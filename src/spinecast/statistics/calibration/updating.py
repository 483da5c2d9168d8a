"""Updating a model on other patients: new intercept, new intercept and slope, and the closed test that chooses.

All on the log-odds scale, the model's log-odds being given (Steyerberg et al. 2004, Stat Med 23:2567). With weights
there is no likelihood: standard errors are the sandwich's (White 1982, Econometrica 50:1; weights held fixed), and the
generalised score test (Boos 1992, Am Stat 46:327) takes the place of likelihood ratios. Wald's test with the sandwich
changes a model that is right too often where patients are few (docs/decisions/0010).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, log_expit

from spinecast.statistics.foundations.estimate import Absent, Estimate
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored
from spinecast.statistics.foundations.logistic import fit_line, fit_shift, is_separated
from spinecast.statistics.foundations.logistic_regression import fit_logistic_regression

__all__ = ["CLOSED_TEST_LEVEL", "ClosedTest", "UpdateLine", "UpdateTest", "closed_update_test", "fit_update"]

CLOSED_TEST_LEVEL = 0.05  # each test's, which closure makes the whole procedure's (Vergouwe et al. 2017)
LineMethod = Literal["intercept", "logistic"]


@dataclass(frozen=True)
class UpdateLine:
    """The straight line that updates a model: ``log-odds = intercept + slope * old log-odds``.

    Parameters
    ----------
    method : {"intercept", "logistic"}
    intercept, slope : Estimate
        With 95 % intervals; the slope of an intercept update is 1 and has none.
    """

    method: LineMethod
    intercept: Estimate
    slope: Estimate

    def apply(self, log_odds: ArrayLike) -> Floats:
        """Return updated log-odds."""
        return self.intercept.estimate + self.slope.estimate * np.asarray(log_odds, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"method": self.method, "intercept": self.intercept.to_dict(), "slope": self.slope.to_dict()}


@dataclass(frozen=True)
class UpdateTest:
    """One step of the closed test: whether a larger change fits better than a smaller one.

    Parameters
    ----------
    larger, smaller : str
        "refit", "logistic", "intercept" or "original".
    statistic : float
        Chi-squared under the hypothesis that the smaller change is enough.
    degrees_of_freedom : int
    p_value : float
    method : str
    """

    larger: str
    smaller: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    method: str

    @property
    def keeps_smaller(self) -> bool:
        """Whether the smaller change is taken: nothing speaks against it at the level of the test."""
        return self.p_value >= CLOSED_TEST_LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "larger": self.larger,
            "smaller": self.smaller,
            "statistic": self.statistic,
            "degrees_of_freedom": self.degrees_of_freedom,
            "p_value": self.p_value,
            "method": self.method,
        }


@dataclass(frozen=True)
class ClosedTest:
    """The closed test procedure: its steps up to the one that ended it, and the method it chose."""

    steps: tuple[UpdateTest, ...]
    chosen: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "level": CLOSED_TEST_LEVEL,
            "steps": [step.to_dict() for step in self.steps],
            "chosen": self.chosen,
        }


def fit_update(
    outcome: ArrayLike, log_odds: ArrayLike, method: LineMethod, weights: ArrayLike | None = None
) -> UpdateLine | Absent:
    """Fit a new intercept, the old log-odds held at slope 1, or a new intercept and slope.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    log_odds : array-like of shape (n,)
        The model's, finite.
    method : {"intercept", "logistic"}
    weights : array-like of shape (n,), optional
        Case weights; standard errors are then the sandwich's.

    Returns
    -------
    UpdateLine or Absent
        Absent where all patients have one outcome or, for a slope, the log-odds do not vary or separate the outcomes.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a number is not finite or weights cannot be used.
    """
    scored = check_scored(outcome, log_odds, weights, is_risk=False)
    fitted = _fit(scored, method)
    if isinstance(fitted, Absent):
        return fitted
    coefficients, covariance = fitted
    how = "maximum likelihood, Wald" if scored.weights is None else "weighted maximum likelihood, sandwich Wald"
    half = NORMAL_975 * np.sqrt(np.diag(covariance))

    def estimate(place: int) -> Estimate:
        value = float(coefficients[place])
        return Estimate(value, value - float(half[place]), value + float(half[place]), _n(scored), scored.events, how)

    slope = estimate(1) if method == "logistic" else Estimate(1, None, None, _n(scored), scored.events, "held at 1")
    return UpdateLine(method, estimate(0), slope)


def closed_update_test(
    outcome: ArrayLike, log_odds: ArrayLike, weights: ArrayLike | None = None, *, covariates: ArrayLike | None = None
) -> ClosedTest | Absent:
    """Choose the smallest change that is not rejected against the largest (Vergouwe et al. 2017, Stat Med 36:4529).

    The largest change is tested against the model as it is, against a new intercept and, unless it is that itself,
    against a new intercept and slope; the first that is not rejected is taken, the largest where all are. With the
    covariates of a regression the largest change estimates all k coefficients and the intercept again, and the degrees
    of freedom are k + 1, k and k - 1; without, it is a new intercept and slope, and they are 2 and 1.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    log_odds : array-like of shape (n,)
        The model's, finite; with covariates an intercept plus a weighted sum of them, so that the models are nested.
    weights : array-like of shape (n,), optional
        Case weights, such as those of patients who were followed; score tests then, and no covariates.
    covariates : array-like of shape (n, k), optional
        Of the regression, k of 2 or more, without a column of ones.

    Raises
    ------
    ValueError
        As `fit_update`; or if weights and covariates are given together, or the log-odds are no sum of the covariates.
    """
    scored = check_scored(outcome, log_odds, weights, is_risk=False)
    if scored.missing_class() is not None:
        return scored.missing_class() or Absent("one outcome")
    if covariates is None:
        return _recalibration_test(scored)
    if scored.weights is not None:
        raise ValueError("weighted outcomes have no likelihood to test re-estimated coefficients by")
    design = np.asarray(covariates, dtype=np.float64)
    _require_nested(scored.score, design)
    fitted = fit_logistic_regression(scored.outcome, design)
    if isinstance(fitted, Absent):
        return fitted
    k = design.shape[1]
    steps = []
    for smaller, degrees in (("original", k + 1), ("intercept", k), ("logistic", k - 1)):
        reached = _log_likelihood(scored, smaller)
        if isinstance(reached, Absent):
            return reached
        steps.append(_likelihood_ratio("refit", smaller, fitted.log_likelihood, reached, degrees))
        if steps[-1].keeps_smaller:
            return ClosedTest(tuple(steps), smaller)
    return ClosedTest(tuple(steps), "refit")


def _recalibration_test(scored: Scored) -> ClosedTest | Absent:
    steps = []
    for smaller, degrees in (("original", 2), ("intercept", 1)):
        step = _one_test(scored, smaller, degrees)
        if isinstance(step, Absent):
            return step
        steps.append(step)
        if step.keeps_smaller:
            return ClosedTest(tuple(steps), smaller)
    return ClosedTest(tuple(steps), "logistic")


def _one_test(scored: Scored, smaller: str, degrees: int) -> UpdateTest | Absent:
    if scored.weights is None:
        larger, reached = _log_likelihood(scored, "logistic"), _log_likelihood(scored, smaller)
        if isinstance(larger, Absent):
            return larger
        if isinstance(reached, Absent):
            return reached
        return _likelihood_ratio("logistic", smaller, larger, reached, degrees)
    larger_fit = _fit(scored, "logistic")
    if isinstance(larger_fit, Absent):
        return larger_fit  # what could not be made is not asked for
    return _score_test(scored, smaller, degrees)


def _score_test(scored: Scored, smaller: str, degrees: int) -> UpdateTest | Absent:
    """Test by the score of intercept and slope where the smaller change is fitted, of weighted outcomes.

    A patient's score has the variance of an outcome whose chance is that of the smaller change, of whom more is seen
    with the outcome or without: patients of each outcome stand for as many as their mean weight says.
    """
    log_odds = scored.score
    if smaller == "intercept":
        fitted = _fit(scored, "intercept")
        if isinstance(fitted, Absent):
            return fitted
        log_odds = log_odds + fitted[0][0]
    cases, with_event = scored.case_weights, scored.outcome
    mean, other = expit(log_odds), expit(-log_odds)
    # Centred: the intercept and the slope are then all but independent, and nothing is lost to rounding.
    design = np.column_stack((np.ones(scored.n), scored.score - np.average(scored.score, weights=cases)))
    score = design.T @ (cases * (with_event - mean))
    # Mean weight of those seen with the outcome, and without: each patient counted as often as they stand for.
    heavy, light = (np.average(cases, weights=cases * side) for side in (with_event, 1 - with_event))
    variance = design.T @ (design * (cases * mean * other * (other * heavy + mean * light))[:, None])
    if degrees == 1:  # the intercept is fitted: its score is 0, and that of the slope is what it leaves
        information = design.T @ (design * (cases * mean * other)[:, None])
        left = np.array([[-information[1, 0] / information[0, 0], 1.0]])
        score, variance = left @ score, left @ variance @ left.T
    statistic = float(score @ np.linalg.solve(variance, score))
    p_value = float(chdtrc(degrees, statistic))
    return UpdateTest("logistic", smaller, statistic, degrees, p_value, "score test, weighted outcomes")


def _likelihood_ratio(larger: str, smaller: str, reached: float, held: float, degrees: int) -> UpdateTest:
    statistic = max(0.0, 2 * (reached - held))
    return UpdateTest(larger, smaller, statistic, degrees, float(chdtrc(degrees, statistic)), "likelihood ratio")


def _fit(scored: Scored, method: str) -> tuple[Floats, Floats] | Absent:
    """Return intercept and slope, and their covariance."""
    absent = scored.missing_class()
    if absent:
        return absent
    cases, covariate = scored.case_weights, scored.score
    if method == "intercept":
        shift = fit_shift(scored.outcome, covariate, cases)
        coefficients, design = np.array([shift.intercept, 1.0]), np.ones((scored.n, 1))
    else:
        known = covariate[cases > 0]
        if np.ptp(known) <= 1e-12 * max(1.0, float(np.abs(known).max())):
            return Absent("the model gives all of them the same risk: there is no slope")
        line = None if is_separated(scored.outcome, covariate, cases) else fit_line(scored.outcome, covariate, cases)
        if line is None:
            return Absent("the model's risks separate the outcomes: the slope is infinite")
        coefficients, design = np.array([line.intercept, line.slope]), np.column_stack((np.ones(scored.n), covariate))
    log_odds = coefficients[0] + coefficients[1] * covariate
    mean = expit(log_odds)
    bread = np.linalg.inv(design.T @ (design * (cases * mean * expit(-log_odds))[:, None]))
    if scored.weights is not None:
        scores = design * (cases * (scored.outcome - mean))[:, None]
        bread = bread @ (scores.T @ scores) @ bread
    covariance = np.zeros((2, 2))
    covariance[: len(bread), : len(bread)] = bread
    return coefficients, covariance


def _log_likelihood(scored: Scored, method: str) -> float | Absent:
    log_odds = scored.score
    if method != "original":
        fitted = _fit(scored, method)
        if isinstance(fitted, Absent):
            return fitted
        log_odds = fitted[0][0] + fitted[0][1] * scored.score
    return float(np.sum(log_expit(np.where(scored.outcome == 1, log_odds, -log_odds))))


def _require_nested(log_odds: Floats, design: Floats) -> None:
    if design.ndim != 2 or design.shape[1] < 2 or len(design) != len(log_odds):
        raise ValueError(f"covariates must have the shape ({len(log_odds)}, k) with k of 2 or more")
    whole = np.column_stack((np.ones(len(design)), design))
    best = np.linalg.lstsq(whole, log_odds, rcond=None)[0]
    if not np.allclose(whole @ best, log_odds, rtol=0, atol=1e-6 * max(1.0, float(np.abs(log_odds).max()))):
        raise ValueError("the log-odds are no weighted sum of the covariates: the models are not nested")


def _n(scored: Scored) -> int:
    return int(np.count_nonzero(scored.case_weights))
