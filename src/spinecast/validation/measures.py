"""The named performance measures of one set of predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spinecast.statistics import (
    Absent,
    CalibrationCurve,
    CalibrationErrors,
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
from spinecast.validation.large_cohorts import in_parts, merge_curve, merge_errors, merge_measure
from spinecast.validation.predictions import Predictions

__all__ = [
    "DECISION_POINTS",
    "FOLD_MEASURES",
    "MEASURES",
    "absent_measures",
    "accuracy_measures",
    "all_measures",
    "calibration_in_groups",
    "calibration_measures",
    "decision_thresholds",
    "fold_measures",
    "net_benefit_curve",
    "ranking_measures",
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

Floats = NDArray[np.float64]


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
    return {
        "auc": _measure(auc, predictions, bootstrap, seed),
        "brier": _measure(brier, predictions, bootstrap, seed),
        "brier_null": _measure(_brier_null, predictions, bootstrap, seed),
        "scaled_brier": _measure(scaled_brier, predictions, bootstrap, seed),
        "log_loss": _measure(log_loss, predictions, bootstrap, seed),
    }


def ranking_measures(predictions: Predictions, reason: str, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute what can be said of values that rank patients without being risks of the outcome.

    Parameters
    ----------
    predictions : Predictions
        Values in [0, 1], of which the order alone is used.
    reason : str
        Why they are no risks; it stands for every measure but the AUC.
    bootstrap, seed : int
        As in :func:`accuracy_measures`.
    """
    return absent_measures(reason) | {"auc": _measure(auc, predictions, bootstrap, seed)}


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

    def compute(these: Predictions, replicates: int) -> CalibrationErrors | Absent:
        return calibration_errors(these.outcome, these.risk, these.weights, bootstrap=replicates, seed=seed)

    errors = in_parts(compute, merge_errors, predictions, bootstrap=bootstrap, seed=seed)
    flexible: dict[str, Measure] = (
        dict.fromkeys(("ici", "e50", "e90", "e_max"), errors)
        if isinstance(errors, Absent)
        else {"ici": errors.ici, "e50": errors.e50, "e90": errors.e90, "e_max": errors.e_max}
    )
    return calibration_in_groups(predictions, bootstrap=bootstrap, seed=seed) | flexible


def calibration_in_groups(predictions: Predictions, *, bootstrap: int, seed: int) -> dict[str, Measure]:
    """Compute the calibration measures that a small group of patients allows, none of them by a smooth curve.

    Returns
    -------
    dict of str to Estimate or Absent
        ``calibration_in_the_large``, ``calibration_slope``, ``observed_expected_ratio``.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("calibration")
    ratio = _measure(observed_expected_ratio, predictions, bootstrap, seed)
    return _logistic_calibration(predictions, bootstrap, seed) | {"observed_expected_ratio": ratio}


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

    def compute(these: Predictions, replicates: int) -> CalibrationCurve | Absent:
        return flexible_calibration(these.outcome, these.risk, these.weights, bootstrap=replicates, seed=seed)

    return in_parts(compute, merge_curve, predictions, bootstrap=bootstrap, seed=seed)


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
    thresholds = decision_thresholds(decision_range)

    def compute(these: Predictions, replicates: int) -> DecisionCurve:
        return decision_curve(these.outcome, these.risk, thresholds, these.weights, bootstrap=replicates, seed=seed)

    return in_parts(compute, merge_curve, predictions, bootstrap=bootstrap, seed=seed)


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
    # Rounded, so that a risk of exactly 0.3 is not below a threshold of 0.30000000000000004.
    return np.round(np.linspace(low, high, DECISION_POINTS), 12)


def _logistic_calibration(predictions: Predictions, bootstrap: int, seed: int) -> dict[str, Measure]:
    return {
        "calibration_in_the_large": _measure(calibration_in_the_large, predictions, bootstrap, seed),
        "calibration_slope": _measure(calibration_slope, predictions, bootstrap, seed),
    }


def _measure(statistic: Callable[..., Measure], predictions: Predictions, bootstrap: int, seed: int) -> Measure:
    def compute(these: Predictions, replicates: int) -> Measure:
        return statistic(these.outcome, these.risk, these.weights, bootstrap=replicates, seed=seed)

    return in_parts(compute, merge_measure, predictions, bootstrap=bootstrap, seed=seed)


def _brier_null(outcome: Floats, _risk: Floats, weights: Floats | None, *, bootstrap: int, seed: int) -> Measure:
    return brier_null(outcome, weights, bootstrap=bootstrap, seed=seed)
