"""Calibration by likelihood: test of intercept 0 and slope 1, quality indices, profile interval of the slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy  # a part of it is loaded when it is used
from numpy.typing import ArrayLike
from scipy.special import chdtrc, log_expit

from spinecast.statistics.calibration.significance import CalibrationTest
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import Floats, Scored, check_scored
from spinecast.statistics.foundations.logistic import LogisticFit, fit_line, fit_shift, is_separated
from spinecast.statistics.foundations.logistic_regression import nagelkerke_r2

__all__ = ["QualityIndices", "profile_slope_interval", "quality_indices", "unreliability"]

CHI2_95_1 = 3.841458820694124  # 95 % point of chi-squared with one degree of freedom


@dataclass(frozen=True)
class QualityIndices:
    """Likelihood-based indices of predicted risks: as given, and after logistic recalibration.

    Parameters
    ----------
    discrimination, recalibrated_discrimination : float
        D = (LR - 1)/n, LR the likelihood ratio of the risks against the proportion with the outcome. As given in R's
        ``rms::val.prob``, recalibrated in ``rms::validate``.
    unreliability : float
        U = (X - 2)/n, X the likelihood ratio of recalibrated against given risks; about 0 when calibrated.
    nagelkerke_r2, recalibrated_nagelkerke_r2 : float
        Nagelkerke's R2; below 0 where the given risks are worse than the proportion with the outcome.
    n, events : int
        Patients and patients with the outcome.
    """

    discrimination: float
    recalibrated_discrimination: float
    unreliability: float
    nagelkerke_r2: float
    recalibrated_nagelkerke_r2: float
    n: int
    events: int

    @property
    def quality(self) -> float:
        """Q = D - U, of the risks as given."""
        return self.discrimination - self.unreliability

    @property
    def recalibrated_quality(self) -> float:
        """Q = D - U, D of the recalibrated risks."""
        return self.recalibrated_discrimination - self.unreliability


def unreliability(outcome: ArrayLike, risk: ArrayLike) -> CalibrationTest | Absent:
    """Test whether the logistic calibration line has intercept 0 and slope 1, by likelihood ratio with 2 degrees.

    (Cox 1958, Biometrika 45:562; Miller et al. 1993, Med Decis Making 13:49; U of ``rms::val.prob``.)

    Parameters
    ----------
    outcome, risk
        As :func:`spiegelhalter`.

    Returns
    -------
    CalibrationTest or Absent
        Absent where the calibration line cannot be fitted, with the reason.

    Raises
    ------
    ValueError
        As :func:`spiegelhalter`.
    """
    scored = check_scored(outcome, risk)
    likelihoods = _likelihoods(scored)
    if isinstance(likelihoods, Absent):
        return likelihoods
    statistic = max(0.0, 2 * (likelihoods.recalibrated - likelihoods.given))
    p_value = float(chdtrc(2, statistic))
    return CalibrationTest("likelihood ratio of intercept 0, slope 1", statistic, 2, p_value, scored.n, scored.events)


def quality_indices(outcome: ArrayLike, risk: ArrayLike) -> QualityIndices | Absent:
    """Compute Harrell's D, U and Q and Nagelkerke's R2 (Harrell, Regression Modeling Strategies, 2nd ed. 2015, 10.9).

    Parameters
    ----------
    outcome, risk
        As :func:`spiegelhalter`.

    Returns
    -------
    QualityIndices or Absent
        Absent where the calibration line cannot be fitted, with the reason.

    Raises
    ------
    ValueError
        As :func:`spiegelhalter`.
    """
    scored = check_scored(outcome, risk)
    likelihoods = _likelihoods(scored)
    if isinstance(likelihoods, Absent):
        return likelihoods
    given, recalibrated = (2 * (one - likelihoods.null) for one in (likelihoods.given, likelihoods.recalibrated))
    return QualityIndices(
        discrimination=(given - 1) / scored.n,
        recalibrated_discrimination=(recalibrated - 1) / scored.n,
        unreliability=(recalibrated - given - 2) / scored.n,
        nagelkerke_r2=nagelkerke_r2(given, likelihoods.null, scored.n),
        recalibrated_nagelkerke_r2=nagelkerke_r2(recalibrated, likelihoods.null, scored.n),
        n=scored.n,
        events=scored.events,
    )


def profile_slope_interval(outcome: ArrayLike, risk: ArrayLike) -> Measure:
    """Calibration slope with its profile-likelihood interval, which is not symmetric and better in small cohorts.

    The interval holds the slopes whose likelihood, maximised over the intercept, lies within half the 95 % point of
    chi-squared with one degree of freedom of the largest (Venzon & Moolgavkar 1988, Appl Stat 37:87), as R's
    ``confint.glm``.

    Parameters
    ----------
    outcome, risk
        As :func:`spiegelhalter`.

    Returns
    -------
    Estimate or Absent
        Absent where the calibration line cannot be fitted, with the reason.

    Raises
    ------
    ValueError
        As :func:`spiegelhalter`.
    """
    scored = check_scored(outcome, risk)
    line = _line(scored)
    if isinstance(line, Absent):
        return line
    fit, log_odds = line
    best = _log_likelihood(scored, fit.intercept + fit.slope * log_odds)

    def excess(slope: float) -> float:
        offset = slope * log_odds
        intercept = fit_shift(scored.outcome, offset, scored.case_weights).intercept
        return 2 * (best - _log_likelihood(scored, intercept + offset)) - CHI2_95_1

    lower, upper = (_crossing(excess, fit.slope, sign * fit.slope_se) for sign in (-1.0, 1.0))
    return Estimate(fit.slope, lower, upper, scored.n, scored.events, "logistic model, profile likelihood")


@dataclass(frozen=True)
class _Likelihoods:
    """Log-likelihoods of the risks as given, after logistic recalibration, and of the proportion alone."""

    given: float
    recalibrated: float
    null: float


def _line(scored: Scored) -> tuple[LogisticFit, Floats] | Absent:
    log_odds = scored.log_odds()
    if isinstance(log_odds, Absent):
        return log_odds
    absent = scored.missing_class()
    if absent:
        return absent
    if np.ptp(log_odds) <= 1e-12 * max(1.0, float(np.abs(log_odds).max())):
        return Absent("all predicted risks are equal: there is no calibration line")
    if is_separated(scored.outcome, log_odds, scored.case_weights):
        return Absent("the predicted risks separate the outcomes: the slope is infinite")
    fit = fit_line(scored.outcome, log_odds, scored.case_weights)
    return (fit, log_odds) if fit else Absent("the predicted risks nearly separate the outcomes: no slope can be told")


def _likelihoods(scored: Scored) -> _Likelihoods | Absent:
    line = _line(scored)
    if isinstance(line, Absent):
        return line
    fit, log_odds = line
    share = scored.prevalence
    return _Likelihoods(
        given=_log_likelihood(scored, log_odds),
        recalibrated=_log_likelihood(scored, fit.intercept + fit.slope * log_odds),
        null=scored.n * (share * math.log(share) + (1 - share) * math.log1p(-share)),
    )


def _log_likelihood(scored: Scored, log_odds: Floats) -> float:
    return float(np.sum(log_expit(np.where(scored.outcome == 1, log_odds, -log_odds))))


def _crossing(excess: Callable[[float], float], centre: float, step: float) -> float:
    """Return where a function that is negative at the centre becomes 0, in the direction of the step."""
    outer = centre + 2 * step
    while excess(outer) < 0:
        outer += step
    return float(scipy.optimize.brentq(excess, centre, outer, xtol=1e-10))
