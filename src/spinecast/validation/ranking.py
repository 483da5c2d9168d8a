"""Evaluating values that rank patients without being risks of the outcome."""

from __future__ import annotations

from spinecast.statistics import Absent
from spinecast.validation.evaluating import roc_points
from spinecast.validation.evaluation import CohortIdentity, Evaluation, OutcomeLabel
from spinecast.validation.measures import ranking_measures
from spinecast.validation.predictions import Predictions

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
) -> Evaluation:
    """Evaluate values that rank patients without being risks of the outcome: how well they rank, and nothing else.

    Parameters
    ----------
    predictions : Predictions
        Ranks, as `as_ranks` makes them.
    reason : str
        Why they are no risks; it stands in the place of everything that needs risks.
    model, label, outcome, cohort, bootstrap, seed
        As :func:`evaluate`.

    Raises
    ------
    ValueError
        If the predictions are apparent.
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
        measures=ranking_measures(predictions, reason, bootstrap=bootstrap, seed=seed),
        by_fold=(),
        calibration_curve=Absent(reason),
        calibration_groups=(),
        risk_histogram=Absent(reason),
        decision_curve=Absent(reason),
        roc=roc_points(predictions),
        classification=(),
    )
