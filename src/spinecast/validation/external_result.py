"""What an external validation leaves: the judgement of a model, and who was declined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spinecast.statistics import Absent, Measure
from spinecast.validation.case_mix import CaseMix
from spinecast.validation.checks import Checklist
from spinecast.validation.development import Overlap
from spinecast.validation.evaluation import Evaluation
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.net_benefit import ThresholdBenefit
from spinecast.validation.strata import StratumObserved
from spinecast.validation.subgroups import SubgroupEvaluation

__all__ = ["DeclinedPatients", "ExternalJudgement", "ExternalValidation"]


@dataclass(frozen=True, eq=False)
class ExternalJudgement:
    """A finished validation of a model of times, of a quantity or of ordered levels: JSON values, no patient.

    Parameters
    ----------
    evaluation : dict
        In the form of a training's, with the basis "external".
    findings : dict
        What :meth:`ExternalValidation.parts` holds.
    """

    evaluation: dict[str, Any]
    findings: dict[str, Any]

    def judged(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return self.evaluation

    def parts(self) -> dict[str, Any]:
        """Return everything but the evaluation as JSON values."""
        return self.findings


@dataclass(frozen=True)
class DeclinedPatients:
    """Patients with a known outcome of whom a model wants no risk given, and who are therefore not judged.

    Parameters
    ----------
    patients, of : int
    limits : tuple of (str, int)
        The limits of the study in words, and how many patients pass each; a patient may pass several.
    """

    patients: int
    of: int
    limits: tuple[tuple[str, int], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "patients": self.patients,
            "of": self.of,
            "limits": [{"limit": limit, "patients": count} for limit, count in self.limits],
        }


@dataclass(frozen=True, eq=False)
class ExternalValidation:
    """A finished external validation: numbers and words, no patient.

    Parameters
    ----------
    evaluation : Evaluation
        The full evaluation, comparators beside it.
    net_benefit : tuple of ThresholdBenefit
    survival : dict of str to Estimate or Absent
        Measures that read the whole follow-up; empty where the outcome is not read from one.
    case_mix : CaseMix or Absent
    subgroups : tuple of SubgroupEvaluation
    missing_inputs : MissingInputs or Absent
    strata : tuple of StratumObserved
        Of a published score.
    overlap : Overlap
    not_compared : tuple of (str, str)
        What could not be computed from the cohort, and why.
    not_scored : int
        Patients with a known outcome for whom the source gives nothing.
    checklist : Checklist
    sample_size : dict
        Whether there are patients enough, as `spinecast.validation.adequacy.judge_validation` says it.
    declined : DeclinedPatients, optional
        Of a model with limits beyond which it wants no risk given.
    """

    evaluation: Evaluation
    net_benefit: tuple[ThresholdBenefit, ...]
    survival: dict[str, Measure]
    case_mix: CaseMix | Absent
    subgroups: tuple[SubgroupEvaluation, ...]
    missing_inputs: MissingInputs | Absent
    strata: tuple[StratumObserved, ...]
    overlap: Overlap
    not_compared: tuple[tuple[str, str], ...]
    not_scored: int
    checklist: Checklist
    sample_size: dict[str, Any]
    declined: DeclinedPatients | None = None

    def judged(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return self.evaluation.to_dict()

    def parts(self) -> dict[str, Any]:
        """Return everything but the evaluation as JSON values."""
        return {
            "net_benefit": [one.to_dict() for one in self.net_benefit],
            "survival": {name: measure.to_dict() for name, measure in self.survival.items()},
            "case_mix": self.case_mix.to_dict(),
            "subgroups": [one.to_dict() for one in self.subgroups],
            "missing_inputs": self.missing_inputs.to_dict(),
            "strata": [one.to_dict() for one in self.strata],
            "overlap": self.overlap.to_dict(),
            "not_compared": [{"label": label, "reason": reason} for label, reason in self.not_compared],
            "not_scored": self.not_scored,
            **self.checklist.to_dict(),
            "sample_size": self.sample_size,
            **({} if self.declined is None else {"declined": self.declined.to_dict()}),
        }
