"""Evaluating a model, its candidates and its comparators: predictions in, an :class:`Evaluation` out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spinecast.statistics import (
    Absent,
    calibration_groups,
    classify,
    roc_curve,
)
from spinecast.validation.comparing import compare_paired
from spinecast.validation.evaluation import (
    CandidateEvaluation,
    CohortIdentity,
    Evaluation,
    FoldEvaluation,
    OutcomeLabel,
    RiskHistogram,
    RocPoints,
)
from spinecast.validation.linear_predictor import linear_predictor
from spinecast.validation.measures import (
    FOLD_MEASURES,
    all_measures,
    fold_measures,
    net_benefit_curve,
    smooth_calibration,
)
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk, measures_at_horizon

__all__ = ["evaluate", "evaluate_candidate", "roc_points"]

HISTOGRAM_BINS = 40
ROC_POINTS = 200


def evaluate(
    predictions: Predictions,
    *,
    model: str,
    label: str,
    outcome: OutcomeLabel,
    cohort: CohortIdentity,
    thresholds: Sequence[float],
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
    followed: FollowedRisk | None = None,
) -> Evaluation:
    """Compute every number of a validation, pooled over the patients and by fold.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample predictions.
    model, label : str
        Identity and words of the model.
    outcome : OutcomeLabel
        What was predicted.
    cohort : CohortIdentity
        Which patients.
    thresholds : sequence of float
        Risks at which sensitivity, specificity and predictive values are given, strictly between 0 and 1.
    decision_range : tuple of float
        First and last threshold of the decision curve.
    bootstrap, seed : int
        Resamples of the intervals without a closed form, and their seed; the same seed gives the same numbers.
    followed : FollowedRisk, optional
        The follow-up of the same patients, in their order, where they are weighted for its censoring: what has a
        formula under censoring is then computed by it.

    Raises
    ------
    ValueError
        If the predictions are apparent, or a threshold or the decision range is not one of risks.
    """
    predictions.require_out_of_sample("an evaluation")
    measures = all_measures(predictions, bootstrap=bootstrap, seed=seed)
    return Evaluation(
        model=model,
        label=label,
        basis=predictions.basis,
        outcome=outcome,
        n=predictions.n,
        events=predictions.events,
        cohort=cohort,
        measures=measures if followed is None else measures | measures_at_horizon(followed),
        by_fold=_by_fold(predictions, bootstrap, seed),
        calibration_curve=smooth_calibration(predictions, bootstrap=bootstrap, seed=seed),
        calibration_groups=calibration_groups(predictions.outcome, predictions.risk, predictions.weights),
        risk_histogram=_histogram(predictions),
        decision_curve=net_benefit_curve(predictions, decision_range, bootstrap=bootstrap, seed=seed),
        roc=roc_points(predictions),
        classification=tuple(
            classify(predictions.outcome, predictions.risk, threshold, predictions.weights) for threshold in thresholds
        ),
        linear_predictor=linear_predictor(predictions),
    )


def evaluate_candidate(
    predictions: Predictions,
    *,
    name: str,
    label: str,
    is_final_part: bool,
    final: Predictions | None = None,
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
) -> CandidateEvaluation:
    """Evaluate one candidate algorithm on its own out-of-sample predictions.

    Parameters
    ----------
    predictions : Predictions
        Out-of-sample predictions of the candidate.
    name, label : str
        Identifier, and words.
    is_final_part : bool
        Whether the final model is made of this candidate.
    final : Predictions, optional
        The final model's, of the same patients: the candidate is then set beside it in pairs.
    decision_range, bootstrap, seed
        As :func:`evaluate`.

    Raises
    ------
    ValueError
        If the predictions are apparent, or the decision range is not one of risks.
    """
    return CandidateEvaluation(
        name=name,
        label=label,
        is_final_part=is_final_part,
        measures=all_measures(predictions, bootstrap=bootstrap, seed=seed),
        calibration_curve=smooth_calibration(predictions, bootstrap=bootstrap, seed=seed),
        decision_curve=net_benefit_curve(predictions, decision_range, bootstrap=bootstrap, seed=seed),
        final_less_candidate=None
        if final is None
        else compare_paired(final, predictions, bootstrap=bootstrap, seed=seed),
    )


def _by_fold(predictions: Predictions, bootstrap: int, seed: int) -> tuple[FoldEvaluation, ...]:
    if predictions.fold is None:
        return ()
    folds = []
    for number in np.unique(predictions.fold).tolist():
        rows = predictions.fold == number
        if predictions.weights is not None and not predictions.weights[rows].any():
            absent = dict.fromkeys(FOLD_MEASURES, Absent("no patient of the fold has a known outcome"))
            folds.append(FoldEvaluation(number, int(rows.sum()), 0, dict(absent)))
            continue
        held_out = predictions.subset(rows)
        measures = fold_measures(held_out, bootstrap=bootstrap, seed=seed)
        folds.append(FoldEvaluation(number, held_out.n, held_out.events, measures))
    return tuple(folds)


def _histogram(predictions: Predictions) -> RiskHistogram:
    edges = np.linspace(0, 1, HISTOGRAM_BINS + 1)
    cases = np.ones(predictions.n) if predictions.weights is None else predictions.weights
    counts = [
        np.histogram(predictions.risk[rows], bins=edges, weights=cases[rows])[0]
        for rows in (predictions.outcome == 1, predictions.outcome == 0)
    ]
    return RiskHistogram(tuple(edges.tolist()), tuple(counts[0].tolist()), tuple(counts[1].tolist()))


def roc_points(predictions: Predictions) -> RocPoints | Absent:
    """Return the ROC curve thinned for drawing."""
    curve = roc_curve(predictions.outcome, predictions.risk, predictions.weights)
    if isinstance(curve, Absent):
        return curve
    last = curve.sensitivity.size - 1
    kept = np.unique(np.linspace(0, last, min(ROC_POINTS, last + 1)).round().astype(np.intp))
    return RocPoints(tuple(curve.false_positive_rate[kept].tolist()), tuple(curve.sensitivity[kept].tolist()))
