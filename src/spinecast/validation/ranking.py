"""Evaluating values that rank patients without being risks of the outcome."""

from __future__ import annotations

from spinecast.statistics import Absent
from spinecast.validation.evaluating import roc_points
from spinecast.validation.evaluation import CohortIdentity, Evaluation, OutcomeLabel
from spinecast.validation.measures import ranking_measures
from spinecast.validation.predictions import Predictions
from spinecast.validation.survival import FollowedRisk, measures_at_horizon

__all__ = ["evaluate_ranking"]


def evaluate_ranking(
    predictions: Predictions,
    reason: str,
    *,
    model: str,
    label: str,
    outcome: OutcomeLabel,
    cohort: CohortIdentity,
    bootstrap: int,
    seed: int,
    followed: FollowedRisk | None = None,
) -> Evaluation:
    """Evaluate values that rank patients without being risks of the outcome: how well they rank, and nothing else.

    Parameters
    ----------
    predictions : Predictions
        Ranks, as `as_ranks` makes them.
    reason : str
        Why they are no risks; it stands in the place of everything that needs risks.
    model, label, outcome, cohort, bootstrap, seed, followed
        As :func:`evaluate`.

    Raises
    ------
    ValueError
        If the predictions are apparent.
    """
    predictions.require_out_of_sample("an evaluation")
    measures = ranking_measures(predictions, reason, bootstrap=bootstrap, seed=seed)
    return Evaluation(
        model=model,
        label=label,
        basis=predictions.basis,
        outcome=outcome,
        n=predictions.n,
        events=predictions.events,
        cohort=cohort,
        measures=measures if followed is None else measures | measures_at_horizon(followed, ranks_only=reason),
        by_fold=(),
        calibration_curve=Absent(reason),
        calibration_groups=(),
        risk_histogram=Absent(reason),
        decision_curve=Absent(reason),
        roc=roc_points(predictions),
        classification=(),
        linear_predictor=Absent(reason),
    )
