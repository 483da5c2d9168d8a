"""The named performance measures of one set of predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    CalibrationCurve,
    DecisionCurve,
    Measure,
    auc,
    brier,
    brier_null,
    calibration_errors,
    calibration_in_the_large,
    calibration_slope,
    decision_curve,
    flexible_calibration,
    log_loss,
    observed_expected_ratio,
    scaled_brier,
)
from spinecast.validation.predictions import Predictions

__all__ = [
    "DECISION_POINTS",
    "FOLD_MEASURES",
    "MEASURES",
    "absent_measures",
    "accuracy_measures",
    "all_measures",
    "calibration_measures",
    "decision_thresholds",
    "fold_measures",
    "net_benefit_curve",
    "smooth_calibration",
]

MEASURES = (
    "auc",
    "brier",
    "brier_null",
    "scaled_brier",
    "log_loss",
    "calibration_in_the_large",
    "calibration_slope",
    "observed_expected_ratio",
    "ici",
    "e50",
    "e90",
    "e_max",
)
FOLD_MEASURES = ("auc", "brier", "scaled_brier", "log_loss", "calibration_in_the_large", "calibration_slope")
DECISION_POINTS = 91


def accuracy_measures(predictions: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute discrimination and overall accuracy, whatever the basis.

    Parameters
    ----------
    predictions : Predictions
        Of any basis; the caller says which.
    bootstrap, seed : int
        Resamples and their seed, used with weights only.

    Returns
    -------
    dict of str to Estimate or Absent
        ``auc``, ``brier``, ``brier_null``, ``scaled_brier``, ``log_loss``.
    """
    outcome, risk, weights = predictions.outcome, predictions.risk, predictions.weights
    return {
        "auc": auc(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
        "brier": brier(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
        "brier_null": brier_null(outcome, weights, bootstrap=bootstrap, seed=seed),
        "scaled_brier": scaled_brier(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
        "log_loss": log_loss(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
    }


def calibration_measures(predictions: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute calibration of out-of-sample predictions.

    Returns
    -------
    dict of str to Estimate or Absent
        ``calibration_in_the_large``, ``calibration_slope``, ``observed_expected_ratio``, ``ici``, ``e50``, ``e90``,
        ``e_max``.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("calibration")
    outcome, risk, weights = predictions.outcome, predictions.risk, predictions.weights
    errors = calibration_errors(outcome, risk, weights, bootstrap=bootstrap, seed=seed)
    flexible: dict[str, Measure] = (
        dict.fromkeys(("ici", "e50", "e90", "e_max"), errors)
        if isinstance(errors, Absent)
        else {"ici": errors.ici, "e50": errors.e50, "e90": errors.e90, "e_max": errors.e_max}
    )
    return _logistic_calibration(predictions, bootstrap, seed) | {
        "observed_expected_ratio": observed_expected_ratio(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
        **flexible,
    }


def all_measures(predictions: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute every measure of :data:`MEASURES` on out-of-sample predictions.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    return accuracy_measures(predictions, bootstrap=bootstrap, seed=seed) | calibration_measures(
        predictions, bootstrap=bootstrap, seed=seed
    )


def fold_measures(predictions: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute :data:`FOLD_MEASURES`, those that make sense in the few patients of one fold.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("calibration by fold")
    computed = accuracy_measures(predictions, bootstrap=bootstrap, seed=seed) | _logistic_calibration(
        predictions, bootstrap, seed
    )
    return {name: computed[name] for name in FOLD_MEASURES}


def absent_measures(reason: str) -> dict[str, Measure]:
    """Return every measure as absent for one reason."""
    return dict.fromkeys(MEASURES, Absent(reason))


def smooth_calibration(predictions: Predictions, *, bootstrap: int, seed: int) -> CalibrationCurve | Absent:
    """Smooth observed over predicted risk for out-of-sample predictions.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("a calibration curve")
    return flexible_calibration(
        predictions.outcome, predictions.risk, predictions.weights, bootstrap=bootstrap, seed=seed
    )


def net_benefit_curve(
    predictions: Predictions, decision_range: tuple[float, float], *, bootstrap: int, seed: int
) -> DecisionCurve:
    """Compute net benefit over a range of thresholds for out-of-sample predictions.

    Raises
    ------
    ValueError
        If the predictions are apparent, or the range is not one of risks.
    """
    predictions.require_out_of_sample("a decision curve")
    return decision_curve(
        predictions.outcome,
        predictions.risk,
        decision_thresholds(decision_range),
        predictions.weights,
        bootstrap=bootstrap,
        seed=seed,
    )


def decision_thresholds(decision_range: tuple[float, float]) -> NDArray[np.float64]:
    """Return the 91 evenly spaced thresholds of a decision curve.

    Raises
    ------
    ValueError
        Unless ``0 < low < high < 1``.
    """
    low, high = decision_range
    if not 0 < low < high < 1:
        raise ValueError(f"a decision range needs 0 < low < high < 1, not {low:g} and {high:g}")
    return np.linspace(low, high, DECISION_POINTS)


def _logistic_calibration(predictions: Predictions, bootstrap: int, seed: int) -> dict[str, Measure]:
    outcome, risk, weights = predictions.outcome, predictions.risk, predictions.weights
    return {
        "calibration_in_the_large": calibration_in_the_large(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
        "calibration_slope": calibration_slope(outcome, risk, weights, bootstrap=bootstrap, seed=seed),
    }
