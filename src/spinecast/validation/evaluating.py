"""Evaluating a model, its candidates and its comparators: predictions in, an :class:`Evaluation` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from spinecast.statistics import (
    Absent,
    AucComparison,
    CalibrationGroup,
    Classification,
    Measure,
    calibration_groups,
    classify,
    compare_auc,
    roc_curve,
)
from spinecast.validation.evaluation import (
    CandidateEvaluation,
    CohortIdentity,
    ComparatorEvaluation,
    Evaluation,
    FoldEvaluation,
    Measures,
    OutcomeLabel,
    RiskHistogram,
    RocPoints,
)
from spinecast.validation.large_cohorts import (
    Part,
    in_parts,
    merge_classification,
    merge_comparison,
    merge_groups,
    resampled_rows,
)
from spinecast.validation.measures import (
    FOLD_MEASURES,
    absent_measures,
    all_measures,
    fold_measures,
    net_benefit_curve,
    ranking_measures,
    smooth_calibration,
)
from spinecast.validation.predictions import Predictions, as_ranks

__all__ = ["Comparator", "compare", "evaluate", "evaluate_candidate", "roc_points"]

HISTOGRAM_BINS = 40
ROC_POINTS = 200


@dataclass(frozen=True, eq=False)
class Comparator:
    """A published prediction of the study's patients.

    Parameters
    ----------
    name, label : str
        Identifier, and words.
    risk : array-like of shape (n,)
        Its predicted probability of the study's outcome, NaN for patients without one.
    horizon_days : float or None
        The horizon it predicts; None when it has none.
    note : str
        Anything a reader must know about it.
    ranks_only : str
        Why its values are no risks of the outcome, where they are not; they may then be any numbers, higher for
        patients more likely to have it, and only their ranking is compared.
    """

    name: str
    label: str
    risk: ArrayLike
    horizon_days: float | None = None
    note: str = ""
    ranks_only: str = ""


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

    Raises
    ------
    ValueError
        If the predictions are apparent, or a threshold or the decision range is not one of risks.
    """
    predictions.require_out_of_sample("an evaluation")
    return Evaluation(
        model=model,
        label=label,
        basis=predictions.basis,
        outcome=outcome,
        n=predictions.n,
        events=predictions.events,
        cohort=cohort,
        measures=all_measures(predictions, bootstrap=bootstrap, seed=seed),
        by_fold=_by_fold(predictions, bootstrap, seed),
        calibration_curve=smooth_calibration(predictions, bootstrap=bootstrap, seed=seed),
        calibration_groups=_groups(predictions, bootstrap, seed),
        risk_histogram=_histogram(predictions),
        decision_curve=net_benefit_curve(predictions, decision_range, bootstrap=bootstrap, seed=seed),
        roc=roc_points(predictions),
        classification=tuple(_classify(predictions, threshold, bootstrap, seed) for threshold in thresholds),
    )


def evaluate_candidate(
    predictions: Predictions,
    *,
    name: str,
    label: str,
    is_final_part: bool,
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
    )


def compare(
    predictions: Predictions,
    comparator: Comparator,
    *,
    horizon_days: float | None,
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
) -> ComparatorEvaluation:
    """Evaluate a comparator in the patients who have it, and the AUC difference of the model to it there.

    A comparator of another horizon is compared by its ranking alone: its risks are of another event, so that distances
    to the study's outcome (calibration, Brier score, logarithmic loss, net benefit) would say nothing about it.

    Parameters
    ----------
    predictions : Predictions
        The model's out-of-sample predictions.
    comparator : Comparator
        What to compare with, in the order of the predictions.
    horizon_days : float or None
        The study's horizon; None when the outcome has none.
    decision_range, bootstrap, seed
        As :func:`evaluate`.

    Raises
    ------
    ValueError
        If the model's predictions are apparent, lengths differ, or the comparator's values are not risks.
    """
    predictions.require_out_of_sample("a comparison")
    risk = np.asarray(comparator.risk, dtype=np.float64)
    if risk.shape != predictions.risk.shape:
        raise ValueError(f"{comparator.name} has shape {risk.shape}, the predictions {predictions.risk.shape}")
    has_it = ~np.isnan(risk)
    mismatch = comparator.ranks_only or _horizon_mismatch(comparator, horizon_days)
    note = " ".join(_sentence(part) for part in (comparator.note, mismatch, _availability(has_it)) if part.strip())
    # Weights of zero alone tell nothing either: nobody's outcome is known.
    usable = has_it if predictions.weights is None else has_it & (predictions.weights > 0)
    if not usable.any():
        reason = "no patient with a known outcome has the comparator"
        return ComparatorEvaluation(
            comparator.name, comparator.label, note, absent_measures(reason), None, Absent(reason)
        )
    model = predictions.subset(has_it)
    values = as_ranks(risk[has_it]) if comparator.ranks_only else risk[has_it]
    other = Predictions(values, model.outcome, model.weights, None, "external")
    difference = _difference(model, other, bootstrap, seed)
    measures: Measures
    if mismatch:
        measures, curve = ranking_measures(other, mismatch, bootstrap=bootstrap, seed=seed), None
    else:
        measures = all_measures(other, bootstrap=bootstrap, seed=seed)
        curve = net_benefit_curve(other, decision_range, bootstrap=bootstrap, seed=seed)
    return ComparatorEvaluation(comparator.name, comparator.label, note, measures, curve, difference)


def _difference(model: Predictions, other: Predictions, bootstrap: int, seed: int) -> Measure:
    def compute(one: Predictions, two: Predictions, replicates: int) -> AucComparison | Absent:
        return compare_auc(one.outcome, one.risk, two.risk, one.weights, bootstrap=replicates, seed=seed)

    rows = resampled_rows(model.risk.size, seed) if model.weights is not None else None
    if rows is None:
        found = compute(model, other, bootstrap)
    else:
        part = Part(rows.size, model.risk.size)
        drawn = compute(model.subset(rows), other.subset(rows), bootstrap)
        found = merge_comparison(compute(model, other, 0), drawn, part)
    return found if isinstance(found, Absent) else found.difference


def _sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, so that parts written apart read as sentences side by side."""
    whole = text.strip()
    ended = whole.endswith((".", "!", "?"))
    return f"{whole[0].upper()}{whole[1:]}{'' if ended else '.'}"


def _horizon_mismatch(comparator: Comparator, horizon_days: float | None) -> str:
    theirs = comparator.horizon_days
    if theirs is None or theirs == horizon_days:
        return ""
    if horizon_days is None:
        return f"the comparator predicts an event by day {theirs:g}, the study another outcome"
    return f"the comparator predicts {theirs:g} days, the study {horizon_days:g}"


def _availability(has_it: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    return "" if has_it.all() else f"compared in the {int(has_it.sum())} of {has_it.size} patients who have it"


def _groups(predictions: Predictions, bootstrap: int, seed: int) -> tuple[CalibrationGroup, ...]:
    def compute(these: Predictions, replicates: int) -> tuple[CalibrationGroup, ...]:
        return calibration_groups(these.outcome, these.risk, these.weights, bootstrap=replicates, seed=seed)

    return in_parts(compute, merge_groups, predictions, bootstrap=bootstrap, seed=seed)


def _classify(predictions: Predictions, threshold: float, bootstrap: int, seed: int) -> Classification:
    def compute(these: Predictions, replicates: int) -> Classification:
        return classify(these.outcome, these.risk, threshold, these.weights, bootstrap=replicates, seed=seed)

    return in_parts(compute, merge_classification, predictions, bootstrap=bootstrap, seed=seed)


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
