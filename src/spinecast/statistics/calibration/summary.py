"""Whether predicted risks agree with observed proportions: the logistic calibration framework, O/E and groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinecast.statistics.foundations.bootstrap import Seed, bootstrap_estimate
from spinecast.statistics.foundations.estimate import Absent, Estimate, Measure
from spinecast.statistics.foundations.inputs import NORMAL_975, Floats, Scored, check_scored
from spinecast.statistics.foundations.logistic import LogisticFit, fit_line, fit_shift, is_separated
from spinecast.statistics.foundations.proportions import weighted_interval, wilson_interval

__all__ = [
    "CalibrationFit",
    "CalibrationGroup",
    "calibration_groups",
    "calibration_in_the_large",
    "calibration_slope",
    "fit_calibration",
    "joint_calibration_intercept",
    "observed_expected_ratio",
]


@dataclass(frozen=True)
class CalibrationFit:
    """Logistic calibration: point estimates with model-based standard errors.

    Parameters
    ----------
    in_the_large, in_the_large_se : float
        Intercept with the predicted log-odds as offset.
    slope, slope_se, joint_intercept, joint_intercept_se : float
        Line of the outcome's log-odds on the predicted log-odds.
    """

    in_the_large: float
    in_the_large_se: float
    slope: float
    slope_se: float
    joint_intercept: float
    joint_intercept_se: float


@dataclass(frozen=True)
class CalibrationGroup:
    """Patients of similar predicted risk: mean prediction, observed proportion and its 95 % interval."""

    predicted: float
    observed: float
    lower: float | None
    upper: float | None
    n: int
    events: int

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON-ready values."""
        return {
            "predicted": self.predicted,
            "observed": self.observed,
            "lower": self.lower,
            "upper": self.upper,
            "n": self.n,
            "events": self.events,
        }


def fit_calibration(outcome: ArrayLike, risk: ArrayLike) -> CalibrationFit | Absent:
    """Fit both logistic calibration models (Cox 1958; Miller et al. 1993, Med Decis Making 13:49), unweighted.

    Raises
    ------
    ValueError
        As :func:`calibration_slope`.
    """
    scored = check_scored(outcome, risk)
    shift, line = _shift(scored), _line(scored)
    if isinstance(shift, Absent):
        return shift
    if isinstance(line, Absent):
        return line
    return CalibrationFit(
        shift.intercept, shift.intercept_se, line.slope, line.slope_se, line.intercept, line.intercept_se
    )


def calibration_in_the_large(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Intercept of the logistic model with the predicted log-odds as offset; 0 is perfect, above 0 risks are too low.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        0 or 1.
    risk : array-like of shape (n,)
        Predicted probabilities.
    weights : array-like of shape (n,), optional
        Case weights; the interval is then a bootstrap, otherwise Wald.
    bootstrap, seed
        Resamples and their seed, used with weights only.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome or a risk is exactly 0 or 1.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, a risk lies outside [0, 1] or weights cannot be used.
    """
    scored = check_scored(outcome, risk, weights)
    return _measure(scored, _shift, _intercept, "calibration-in-the-large", bootstrap, seed)


def calibration_slope(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Slope of the logistic model on the predicted log-odds; 1 is perfect, below 1 risks are too extreme.

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`calibration_in_the_large`.

    Returns
    -------
    Estimate or Absent
        Absent when all patients have the same outcome, a risk is exactly 0 or 1, all risks are equal, or the risks
        separate the outcomes (the slope is infinite then).

    Raises
    ------
    ValueError
        As :func:`calibration_in_the_large`.
    """
    scored = check_scored(outcome, risk, weights)
    return _measure(scored, _line, _slope, "calibration slope", bootstrap, seed)


def joint_calibration_intercept(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Intercept of the calibration-slope model: the log-odds of the outcome at a predicted risk of one half.

    It is what ``rms::val.prob`` prints as Intercept, and not calibration-in-the-large.

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`calibration_in_the_large`.

    Raises
    ------
    ValueError
        As :func:`calibration_in_the_large`.
    """
    scored = check_scored(outcome, risk, weights)
    return _measure(scored, _line, _intercept, "joint calibration intercept", bootstrap, seed)


def observed_expected_ratio(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, bootstrap: int = 200, seed: Seed = 0
) -> Measure:
    """Observed events over expected events; 1 is perfect, above 1 risks are too low.

    The unweighted interval is Wald on the log scale with var log(O/E) = (1 - prevalence)/events, the predictions being
    held fixed (Debray et al. 2017, BMJ 356:i6460).

    Parameters
    ----------
    outcome, risk, weights, bootstrap, seed
        As :func:`calibration_in_the_large`.

    Returns
    -------
    Estimate or Absent
        Absent when there are no events, or none expected.

    Raises
    ------
    ValueError
        As :func:`calibration_in_the_large`.
    """
    scored = check_scored(outcome, risk, weights)

    def ratio(cases: Floats) -> float | None:
        expected = float(np.sum(cases * scored.score))
        return None if expected == 0 else float(np.sum(cases * scored.outcome)) / expected

    if scored.events == 0:
        return Absent(f"none of {scored.n} patients had the outcome")
    value = ratio(scored.case_weights)
    if value is None:
        return Absent("no event was expected: all predicted risks are 0")
    if scored.weights is not None:
        return bootstrap_estimate(scored, ratio, name="observed/expected", replicates=bootstrap, seed=seed)
    half = NORMAL_975 * math.sqrt((1 - scored.prevalence) / scored.events)
    lower, upper = value * math.exp(-half), value * math.exp(half)
    return Estimate(value, lower, upper, scored.n, scored.events, "Wald, log scale")


def calibration_groups(
    outcome: ArrayLike, risk: ArrayLike, weights: ArrayLike | None = None, *, groups: int = 10
) -> tuple[CalibrationGroup, ...]:
    """Compare mean predicted risk and observed proportion in equally large groups of risk (tenths by default).

    Cut points are the quantiles of the risk (type 7), groups are closed on the right, and groups with equal cut points
    merge. Intervals are Wilson's, with weights on the effective number of patients of each group as cut.

    Parameters
    ----------
    outcome, risk, weights
        As :func:`calibration_in_the_large`.
    groups : int
        Number of groups before merging.

    Raises
    ------
    ValueError
        As :func:`calibration_in_the_large`, or if ``groups`` is less than 1.
    """
    scored = check_scored(outcome, risk, weights)
    if groups < 1:
        raise ValueError(f"groups must be at least 1, not {groups}")
    cuts = np.unique(np.quantile(scored.score, np.linspace(0, 1, groups + 1)))
    position = np.searchsorted(cuts[1:-1], scored.score, side="left")
    members = [np.flatnonzero(position == group) for group in range(max(cuts.size - 1, 1))]
    # Where everyone censored before the horizon falls into one group, nothing is observed there.
    return tuple(_group(scored, rows) for rows in members if scored.case_weights[rows].any())


def _group(scored: Scored, rows: NDArray[np.intp]) -> CalibrationGroup:
    outcome, cases = scored.outcome[rows], scored.case_weights[rows]
    events = int(np.count_nonzero(outcome[cases > 0] == 1))
    limits = wilson_interval(events, rows.size) if scored.weights is None else weighted_interval(outcome, cases)
    return CalibrationGroup(
        predicted=float(np.average(scored.score[rows], weights=cases)),
        observed=float(np.average(outcome, weights=cases)),
        lower=limits[0],
        upper=limits[1],
        n=int(rows.size),
        events=events,
    )


def _shift(scored: Scored) -> LogisticFit | Absent:
    log_odds = scored.log_odds()
    if isinstance(log_odds, Absent):
        return log_odds
    return scored.missing_class() or fit_shift(scored.outcome, log_odds, scored.case_weights)


def _line(scored: Scored) -> LogisticFit | Absent:
    log_odds = scored.log_odds()
    if isinstance(log_odds, Absent):
        return log_odds
    absent = scored.missing_class()
    if absent:
        return absent
    cases = scored.case_weights
    known = log_odds[cases > 0]
    if known.max() - known.min() <= 1e-12 * max(1.0, float(np.abs(known).max())):
        return Absent("all predicted risks are equal: there is no slope")
    line = None if is_separated(scored.outcome, log_odds, cases) else fit_line(scored.outcome, log_odds, cases)
    return line or Absent("the predicted risks separate the outcomes: the slope is infinite")


def _intercept(fit: LogisticFit) -> tuple[float, float]:
    return fit.intercept, fit.intercept_se


def _slope(fit: LogisticFit) -> tuple[float, float]:
    return fit.slope, fit.slope_se


def _measure(
    scored: Scored,
    fitted: Callable[[Scored], LogisticFit | Absent],
    read: Callable[[LogisticFit], tuple[float, float]],
    name: str,
    replicates: int,
    seed: Seed,
) -> Measure:
    fit = fitted(scored)
    if isinstance(fit, Absent):
        return fit
    if scored.weights is not None:

        def statistic(cases: Floats) -> float | None:
            resampled = fitted(Scored(scored.outcome, scored.score, cases)) if cases.any() else None
            return read(resampled)[0] if isinstance(resampled, LogisticFit) else None

        return bootstrap_estimate(scored, statistic, name=name, replicates=replicates, seed=seed)
    value, standard_error = read(fit)
    half = NORMAL_975 * standard_error
    return Estimate(value, value - half, value + half, scored.n, scored.events, "logistic model, Wald")
