"""Every number of one model's validation on one cohort, immutable, JSON in and out. A report is a view of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from spinecast.statistics import (
    Absent,
    CalibrationCurve,
    CalibrationGroup,
    Classification,
    DecisionCurve,
    Measure,
    measure_from_dict,
)
from spinecast.validation.linear_predictor import LinearPredictor
from spinecast.validation.predictions import Basis

__all__ = [
    "CandidateEvaluation",
    "CohortIdentity",
    "ComparatorEvaluation",
    "Evaluation",
    "FoldEvaluation",
    "Measures",
    "OutcomeLabel",
    "RiskHistogram",
    "RocPoints",
]

Measures = dict[str, Measure]


@dataclass(frozen=True)
class OutcomeLabel:
    """What was predicted, in words: the outcome and what a 1 means."""

    label: str
    positive_label: str


@dataclass(frozen=True)
class CohortIdentity:
    """Which patients: name, whether they are real, and the sha256 of their data."""

    name: str
    kind: Literal["real", "synthetic"]
    fingerprint: str


@dataclass(frozen=True)
class FoldEvaluation:
    """Performance in the patients that one outer fold held out."""

    fold: int
    n: int
    events: int
    measures: Measures

    def to_dict(self) -> dict[str, Any]:
        """Return the fold as JSON-ready values."""
        return {"fold": self.fold, "n": self.n, "events": self.events, "measures": _measures_to_dict(self.measures)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> FoldEvaluation:
        """Rebuild a fold from :meth:`to_dict`."""
        return cls(value["fold"], value["n"], value["events"], _measures_from_dict(value["measures"]))


@dataclass(frozen=True)
class RiskHistogram:
    """Patients by predicted risk; counts, or sums of weights where patients are weighted."""

    edges: tuple[float, ...]
    with_event: tuple[float, ...]
    without_event: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the histogram as JSON-ready values."""
        return {
            "edges": list(self.edges),
            "with_event": list(self.with_event),
            "without_event": list(self.without_event),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> RiskHistogram:
        """Rebuild a histogram from :meth:`to_dict`."""
        return cls(tuple(value["edges"]), tuple(value["with_event"]), tuple(value["without_event"]))


@dataclass(frozen=True)
class RocPoints:
    """The ROC curve, thinned for drawing; the AUC is never computed from it."""

    false_positive_rate: tuple[float, ...]
    sensitivity: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the points as JSON-ready values."""
        return {"false_positive_rate": list(self.false_positive_rate), "sensitivity": list(self.sensitivity)}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> RocPoints:
        """Rebuild the points from :meth:`to_dict`."""
        return cls(tuple(value["false_positive_rate"]), tuple(value["sensitivity"]))


@dataclass(frozen=True)
class CandidateEvaluation:
    """One candidate algorithm, evaluated as the final model is.

    Parameters
    ----------
    name, label : str
    is_final_part : bool
        Whether the final model is made of this candidate.
    measures : mapping of str to Estimate or Absent
    calibration_curve : CalibrationCurve or Absent
    decision_curve : DecisionCurve
    final_less_candidate : mapping of str to Estimate or Absent
        Paired differences in the same patients, the final model's less the candidate's: ``auc`` and ``log_loss``. None
        in evaluations made before they were taken.
    """

    name: str
    label: str
    is_final_part: bool
    measures: Measures
    calibration_curve: CalibrationCurve | Absent
    decision_curve: DecisionCurve
    final_less_candidate: Measures | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as JSON-ready values."""
        return {
            "name": self.name,
            "label": self.label,
            "is_final_part": self.is_final_part,
            "measures": _measures_to_dict(self.measures),
            "calibration_curve": self.calibration_curve.to_dict(),
            "decision_curve": self.decision_curve.to_dict(),
        } | (
            {}
            if self.final_less_candidate is None
            else {"final_less_candidate": _measures_to_dict(self.final_less_candidate)}
        )

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> CandidateEvaluation:
        """Rebuild a candidate from :meth:`to_dict`."""
        return cls(
            name=value["name"],
            label=value["label"],
            is_final_part=value["is_final_part"],
            measures=_measures_from_dict(value["measures"]),
            calibration_curve=_curve_from_dict(value["calibration_curve"]),
            decision_curve=DecisionCurve.from_dict(value["decision_curve"]),
            final_less_candidate=_measures_from_dict(value["final_less_candidate"])
            if "final_less_candidate" in value
            else None,
        )


@dataclass(frozen=True)
class ComparatorEvaluation:
    """A published prediction of the same patients, beside the model.

    Parameters
    ----------
    name, label, note : str
        What it is, and what limits the comparison (patients without it, another horizon).
    measures : dict of str to Estimate or Absent
        Its own performance in the patients who have it.
    decision_curve : DecisionCurve or None
        None when it predicts another horizon or no patient has it.
    auc_difference : Estimate or Absent
        AUC of the model minus AUC of the comparator, in the patients who have it.
    model_measures, model_decision_curve : dict of str to Estimate or Absent, and DecisionCurve, or None
        The model in the patients who have the comparator; None where all have it: they are the evaluation's own.
    """

    name: str
    label: str
    note: str
    measures: Measures
    decision_curve: DecisionCurve | None
    auc_difference: Measure
    model_measures: Measures | None = None
    model_decision_curve: DecisionCurve | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the comparator as JSON-ready values."""
        return {
            "name": self.name,
            "label": self.label,
            "note": self.note,
            "measures": _measures_to_dict(self.measures),
            "decision_curve": None if self.decision_curve is None else self.decision_curve.to_dict(),
            "auc_difference": self.auc_difference.to_dict(),
            "model_measures": None if self.model_measures is None else _measures_to_dict(self.model_measures),
            "model_decision_curve": None if self.model_decision_curve is None else self.model_decision_curve.to_dict(),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ComparatorEvaluation:
        """Rebuild a comparator from :meth:`to_dict`."""
        curve, there, model_curve = (
            value.get(name) for name in ("decision_curve", "model_measures", "model_decision_curve")
        )
        return cls(
            name=value["name"],
            label=value["label"],
            note=value["note"],
            measures=_measures_from_dict(value["measures"]),
            decision_curve=None if curve is None else DecisionCurve.from_dict(curve),
            auc_difference=measure_from_dict(value["auc_difference"]),
            model_measures=None if there is None else _measures_from_dict(there),
            model_decision_curve=None if model_curve is None else DecisionCurve.from_dict(model_curve),
        )


@dataclass(frozen=True)
class Evaluation:
    """A validation: one model, one cohort, out-of-sample predictions. Research use only.

    Parameters
    ----------
    model, label : str
        Identity and words of the model.
    basis : {"out-of-fold", "out-of-bag", "internal-external", "external"}
        How the predictions came about.
    outcome : OutcomeLabel
        What was predicted.
    n, events : int
        Patients, and those known to have had the outcome.
    cohort : CohortIdentity
        Which patients.
    measures : dict of str to Estimate or Absent
        See ``spinecast.validation.measures.MEASURES``.
    by_fold : tuple of FoldEvaluation
        Empty when the predictions come from one model.
    calibration_curve : CalibrationCurve or Absent
        Smooth observed against predicted risk.
    calibration_groups : tuple of CalibrationGroup
        The same by tenths of risk.
    risk_histogram : RiskHistogram or Absent
        Where the predictions lie; absent where they rank patients and are no risks.
    decision_curve : DecisionCurve or Absent
        Net benefit; absent as the histogram is.
    roc : RocPoints or Absent
        The ROC curve.
    classification : tuple of Classification
        At the study's named thresholds.
    linear_predictor : LinearPredictor or Absent
        Level and spread of the predicted log-odds.
    candidates : tuple of CandidateEvaluation
        The algorithms compared.
    comparators : tuple of ComparatorEvaluation
        Published predictions of the same patients.
    """

    model: str
    label: str
    basis: Basis
    outcome: OutcomeLabel
    n: int
    events: int
    cohort: CohortIdentity
    measures: Measures
    by_fold: tuple[FoldEvaluation, ...]
    calibration_curve: CalibrationCurve | Absent
    calibration_groups: tuple[CalibrationGroup, ...]
    risk_histogram: RiskHistogram | Absent
    decision_curve: DecisionCurve | Absent
    roc: RocPoints | Absent
    classification: tuple[Classification, ...]
    linear_predictor: LinearPredictor | Absent
    candidates: tuple[CandidateEvaluation, ...] = ()
    comparators: tuple[ComparatorEvaluation, ...] = ()

    def attach(
        self,
        *,
        candidates: Iterable[CandidateEvaluation] = (),
        comparators: Iterable[ComparatorEvaluation] = (),
    ) -> Evaluation:
        """Return the evaluation with further candidates and comparators beside the model."""
        return replace(
            self,
            candidates=(*self.candidates, *candidates),
            comparators=(*self.comparators, *comparators),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as JSON-ready values: full floats, no NaN, no patient rows."""
        return {
            "model": self.model,
            "label": self.label,
            "basis": self.basis,
            "outcome": {"label": self.outcome.label, "positive_label": self.outcome.positive_label},
            "n": self.n,
            "events": self.events,
            "cohort": {"name": self.cohort.name, "kind": self.cohort.kind, "fingerprint": self.cohort.fingerprint},
            "measures": _measures_to_dict(self.measures),
            "by_fold": [fold.to_dict() for fold in self.by_fold],
            "calibration_curve": self.calibration_curve.to_dict(),
            "calibration_groups": [group.to_dict() for group in self.calibration_groups],
            "risk_histogram": self.risk_histogram.to_dict(),
            "decision_curve": self.decision_curve.to_dict(),
            "roc": self.roc.to_dict(),
            "classification": [one.to_dict() for one in self.classification],
            "linear_predictor": self.linear_predictor.to_dict(),
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "comparators": [comparator.to_dict() for comparator in self.comparators],
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Evaluation:
        """Rebuild an evaluation from :meth:`to_dict`; the two are equal."""
        roc, histogram, decision = value["roc"], value["risk_histogram"], value["decision_curve"]
        level = value.get("linear_predictor") or Absent("not recorded").to_dict()
        return cls(
            model=value["model"],
            label=value["label"],
            basis=value["basis"],
            outcome=OutcomeLabel(**value["outcome"]),
            n=value["n"],
            events=value["events"],
            cohort=CohortIdentity(**value["cohort"]),
            measures=_measures_from_dict(value["measures"]),
            by_fold=tuple(FoldEvaluation.from_dict(fold) for fold in value["by_fold"]),
            calibration_curve=_curve_from_dict(value["calibration_curve"]),
            calibration_groups=tuple(CalibrationGroup(**group) for group in value["calibration_groups"]),
            risk_histogram=Absent.from_dict(histogram) if "absent" in histogram else RiskHistogram.from_dict(histogram),
            decision_curve=Absent.from_dict(decision) if "absent" in decision else DecisionCurve.from_dict(decision),
            roc=Absent.from_dict(roc) if "absent" in roc else RocPoints.from_dict(roc),
            classification=tuple(Classification.from_dict(one) for one in value["classification"]),
            linear_predictor=Absent.from_dict(level) if "absent" in level else LinearPredictor.from_dict(level),
            candidates=tuple(CandidateEvaluation.from_dict(one) for one in value["candidates"]),
            comparators=tuple(ComparatorEvaluation.from_dict(one) for one in value["comparators"]),
        )


def _measures_to_dict(measures: Measures) -> dict[str, Any]:
    return {name: measure.to_dict() for name, measure in measures.items()}


def _measures_from_dict(value: Mapping[str, Any]) -> Measures:
    return {name: measure_from_dict(measure) for name, measure in value.items()}


def _curve_from_dict(value: Mapping[str, Any]) -> CalibrationCurve | Absent:
    return Absent.from_dict(value) if "absent" in value else CalibrationCurve.from_dict(value)
