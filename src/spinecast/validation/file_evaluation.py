"""The full evaluation of a file of predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinecast.statistics import Measure
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.checks import (
    Checklist,
    NotApplicable,
    check_apparent,
    check_calibration_slope,
    check_classes,
    check_horizon,
    check_level,
    check_predictor_choice,
    check_rising_calibration,
    check_synthetic_cohort,
    check_validation_size,
    check_without_value,
    stop_at_errors,
)
from spinecast.validation.comparing import Comparator, compare
from spinecast.validation.declared_predictions import NOTHING_DECLARED, PredictionsDeclared
from spinecast.validation.evaluating import evaluate
from spinecast.validation.evaluation import Evaluation
from spinecast.validation.net_benefit import ThresholdBenefit, net_benefit_at
from spinecast.validation.prediction_file import PredictionRequest, read_predictions
from spinecast.validation.predictions import central_risks
from spinecast.validation.survival import survival_measures

__all__ = ["FileEvaluation", "evaluate_file"]

UNDECLARED = "evaluate --declared FILE would say it"


@dataclass(frozen=True, eq=False)
class FileEvaluation:
    """A file of predictions, evaluated: numbers and words, no patient.

    Parameters
    ----------
    evaluation : Evaluation
    net_benefit : tuple of ThresholdBenefit
    survival : dict of str to Estimate or Absent
        Measures that read the whole follow-up; empty where the outcome is not read from one.
    checklist : Checklist
    sample_size : dict
        Whether there are patients enough, as `spinecast.validation.adequacy.judge_validation` says it.
    patients : int
        Patients who could be used.
    weighted : bool
        Whether patients are weighted, for censoring or by a column.
    columns : dict of str to value
        Which columns were what.
    left_out : dict of str to int
        Patients who could not be used, by what they lack.
    notes : tuple of str
        What a reader must know of the file.
    """

    evaluation: Evaluation
    net_benefit: tuple[ThresholdBenefit, ...]
    survival: dict[str, Measure]
    checklist: Checklist
    sample_size: dict[str, Any]
    patients: int
    weighted: bool
    columns: dict[str, Any]
    left_out: dict[str, int]
    notes: tuple[str, ...] = ()

    def parts(self) -> dict[str, Any]:
        """Return everything but the evaluation as JSON values."""
        return {
            "net_benefit": [one.to_dict() for one in self.net_benefit],
            "survival": {name: measure.to_dict() for name, measure in self.survival.items()},
            **self.checklist.to_dict(),
            "sample_size": self.sample_size,
        }


def evaluate_file(
    path: Path,
    request: PredictionRequest,
    *,
    declared: PredictionsDeclared = NOTHING_DECLARED,
    thresholds: tuple[float, ...],
    decision_range: tuple[float, float],
    bootstrap: int,
    seed: int,
) -> FileEvaluation:
    """Read a file of predictions and evaluate them, the other predictions beside them.

    Parameters
    ----------
    path : pathlib.Path
    request : PredictionRequest
    declared : PredictionsDeclared
        What is said of how the predictions were made.
    thresholds, decision_range, bootstrap, seed
        As in :func:`spinecast.validation.evaluate`.

    Raises
    ------
    CohortError, ContractError
        As :func:`spinecast.validation.prediction_file.read_predictions`.
    CheckError
        If the predictions are declared to be apparent.
    """
    apparent = check_apparent(declared.basis, undeclared=UNDECLARED)
    stop_at_errors([apparent])
    given = read_predictions(path, request)
    # Without censoring before the horizon the measures of a plain outcome are the same and have their own formulas.
    weighed = None if given.predictions.weights is None else given.followed
    evaluation = evaluate(
        given.predictions,
        model=request.risk,
        label=request.risk,
        outcome=request.outcome_label,
        cohort=given.cohort,
        thresholds=thresholds,
        decision_range=decision_range,
        bootstrap=bootstrap,
        seed=seed,
        followed=weighed,
    )
    compared = [
        compare(
            given.predictions,
            Comparator(name, name, risk),
            horizon_days=None,
            decision_range=decision_range,
            bootstrap=bootstrap,
            seed=seed,
            followed=weighed,
        )
        for name, risk in given.compared.items()
    ]
    remedy = "look at the calibration curve; update the model for patients like these before using its risks"
    timed = request.follow_up
    followed = None if given.followed is None else float(given.followed.time.max())
    checks = (
        check_calibration_slope(evaluation.measures["calibration_slope"], remedy=remedy),
        check_horizon(timed.horizon if timed else None, followed),
        check_synthetic_cohort(given.cohort.kind),
        check_predictor_choice(declared.predictor_choice, undeclared=UNDECLARED),
        check_classes(declared, undeclared=f"not stated; {UNDECLARED}"),
        apparent,
        check_rising_calibration(evaluation.calibration_curve, central_risks(given.predictions)),
        NotApplicable("SC013", "a file of predictions says nothing of its patients that would form groups"),
        check_validation_size(evaluation.n, evaluation.events),
        check_level(evaluation.measures["observed_expected_ratio"]),
        check_without_value(given.without_value, given.patients),
    )
    return FileEvaluation(
        evaluation=evaluation.attach(comparators=compared),
        net_benefit=net_benefit_at(given.predictions, thresholds, bootstrap=bootstrap, seed=seed),
        survival={} if given.followed is None else survival_measures(given.followed),
        checklist=Checklist("evaluate", checks),
        sample_size=judge_validation(given.predictions, thresholds),
        patients=given.patients,
        weighted=given.predictions.weights is not None,
        columns={
            "risk": request.risk,
            "outcome": request.outcome,
            "time": timed.time if timed else None,
            "event": timed.event if timed else None,
            "horizon": timed.horizon if timed else None,
            "competing": list(timed.competing) if timed else [],
            "compare": list(request.compare),
            "weights": request.weights,
        },
        left_out=given.left_out,
        notes=given.notes,
    )
