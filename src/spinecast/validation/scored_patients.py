"""What every external validation is made of, in the patients a risk is known for, whatever the model predicts.

A model of times is looked at on one of its days and a model of a quantity at one of its thresholds: there it gives a
risk as any other model does, and case mix, missing inputs and checks are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from spinecast.cohorts.outcomes import LabelledOutcome
from spinecast.errors import CohortError
from spinecast.statistics import Absent, CalibrationCurve, Measure
from spinecast.validation.case_mix import CaseMix, compare_case_mix
from spinecast.validation.checks import (
    Checklist,
    Place,
    Result,
    check_apparent,
    check_calibration_slope,
    check_level,
    check_rising_calibration,
    check_subgroup_harm,
    check_validation_size,
    check_without_value,
)
from spinecast.validation.external_plan import ValidationPlan
from spinecast.validation.external_result import DeclinedPatients
from spinecast.validation.missing_inputs import MissingInputs
from spinecast.validation.predictions import Basis, Predictions, as_ranks, central_risks
from spinecast.validation.removing_inputs import evaluate_missing_inputs
from spinecast.validation.risk_sources import cohort_columns
from spinecast.validation.subgroups import Grouping, group_patients
from spinecast.validation.survival import FollowedRisk, followed_risk

__all__ = ["CheckedRisk", "Say", "ScoredPatients", "chosen_patients"]

FloatArray = NDArray[np.float64]
Say = Callable[[str], None]


class _Resampling(TypedDict):
    bootstrap: int
    seed: int


@dataclass(frozen=True)
class CheckedRisk:
    """What the checks read of a finished evaluation.

    Parameters
    ----------
    slope, ratio : Estimate or Absent
        Calibration slope, and observed over expected.
    curve : CalibrationCurve or Absent
    basis : str
    n, events : int
    remedy : str
        What to do where the slope is off.
    """

    slope: Measure
    ratio: Measure
    curve: CalibrationCurve | Absent
    basis: Basis
    n: int
    events: int
    remedy: str = "look at the calibration curve; update the model for patients like these before using its risks"


class ScoredPatients:
    """The parts of one validation, in the patients who are scored.

    Among them are those whose outcome is not known: they weigh nothing, and tell of the censoring and the case mix.
    """

    def __init__(
        self, plan: ValidationPlan, every: dict[str, FloatArray], values: FloatArray, scored: NDArray[np.intp]
    ) -> None:
        self.plan, self.scored, self.ranks_only = plan, scored, plan.source.ranks_only
        self.columns = {name: column[scored] for name, column in every.items()}
        self.values = values[scored]
        self.known = plan.labelled.known[scored]
        self.resampling = _Resampling(bootstrap=plan.settings.bootstrap, seed=plan.settings.seed)

    @classmethod
    def of(cls, plan: ValidationPlan) -> Self:
        """Predict the patients of a plan.

        Raises
        ------
        CohortError
            If its source gives nobody with a known outcome a value.
        """
        every = {name: column[plan.labelled.rows] for name, column in cohort_columns(plan.cohort).items()}
        values = plan.source.served(every)
        work = cls(plan, every, values, np.flatnonzero(np.isfinite(values)))
        work.require_patients()
        return work

    def require_patients(self) -> None:
        """Refuse a source that gives nobody with a known outcome a value."""
        if not self.known.any():
            raise CohortError(
                f"{self.plan.source.label} gives no patient of {self.plan.cohort.name} a value",
                expected=f"its inputs: {', '.join(self.plan.source.inputs)}",
                remedy="see which of them the cohort lacks",
            )

    @property
    def predictions(self) -> Predictions:
        """Risks, or ranks, beside what happened."""
        labelled = self.plan.labelled
        risk = as_ranks(self.values) if self.ranks_only else self.values
        weights = None if labelled.weights is None else labelled.weights[self.scored]
        if weights is not None and np.isclose(weights, 1.0).all():
            weights = None  # nobody was censored before the horizon
        return Predictions(risk, labelled.values[self.scored], weights, None, "external")

    @property
    def followed(self) -> FollowedRisk | None:
        """The follow-up of the scored patients, where they are weighted for its censoring."""
        predictions = self.predictions
        if predictions.weights is None:
            return None
        found = followed_risk(chosen_patients(self.plan.labelled, self.scored), predictions.risk)
        return None if isinstance(found, Absent) else found

    def declined(self) -> DeclinedPatients | None:
        """Count the patients with a known outcome of whom the model wants no risk given; None where it has no limits.

        They are judged by nobody: in use nobody would see a risk of them.
        """
        labelled = self.plan.labelled
        if self.plan.source.declines is None:
            return None
        rows = labelled.rows[labelled.known]
        passed = self.plan.source.declines(
            {name: column[rows] for name, column in cohort_columns(self.plan.cohort).items()}
        )
        counted = Counter(limit for limits in passed for limit in limits)
        return DeclinedPatients(sum(bool(limits) for limits in passed), len(passed), tuple(counted.most_common()))

    def left_out(self, everyone: int) -> dict[str, Any]:
        """Count, of `everyone`, who is not judged, and whom of them the model declines: JSON values."""
        declined = self.declined()
        count = {"not_scored": everyone - len(self.scored)}
        return count if declined is None else {**count, "declined": declined.to_dict()}

    def case_mix(self, measures: Mapping[str, Measure]) -> CaseMix | Absent:
        """Compare the patients with those of the development; `measures` are those of the predictions."""
        if self.ranks_only:
            return Absent(self.ranks_only)
        labelled = chosen_patients(self.plan.labelled, self.scored)
        return compare_case_mix(
            self.predictions,
            measures,
            self.plan.cohort,
            labelled,
            [name for name in self.plan.source.inputs if name not in self.plan.lacking],
            self.plan.development,
            **self.resampling,
        )

    def missing_inputs(self, say: Say) -> MissingInputs | Absent:
        """Take inputs away, one by one and several at once."""
        if self.plan.source.kind != "model":
            return Absent("a published formula gives nothing without its inputs: who lacks one has no value")
        if self.ranks_only:
            return Absent(self.ranks_only)
        held = [name for name in self.plan.source.inputs if name in self.columns and name not in self.plan.lacking]
        return evaluate_missing_inputs(
            self.plan.source.compute,
            self.columns,
            held,
            self.predictions,
            draws=self.plan.settings.draws,
            say=say,
            **self.resampling,
        )

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """The groups that are looked at."""
        return group_patients(self.plan.cohort, self.plan.labelled.rows[self.scored], self.plan.settings.subgroups)

    def checklist(
        self, checked: CheckedRisk, first: Sequence[Result], place: Place = "validate", more: Sequence[Result] = ()
    ) -> Checklist:
        """Make every check of the predictions, after those that were made first."""
        predictions, ranks_only, settings = self.predictions, self.ranks_only, self.plan.settings
        results = [
            *first,
            check_calibration_slope(checked.slope, ranks_only=ranks_only, remedy=checked.remedy),
            check_apparent(checked.basis),
            check_rising_calibration(checked.curve, None if ranks_only else central_risks(predictions)),
            check_subgroup_harm(
                predictions,
                self.groupings,
                settings.thresholds,
                followed=self.followed,
                ranks_only=ranks_only,
                fewest=settings.fewest,
                **self.resampling,
            ),
            check_validation_size(checked.n, checked.events),
            check_level(checked.ratio),
            check_without_value(int(self.plan.labelled.known.sum() - self.known.sum()), checked.n),
            *more,
        ]
        return Checklist(place, results)


def chosen_patients(labelled: LabelledOutcome, chosen: Sequence[int] | NDArray[np.intp]) -> LabelledOutcome:
    """Return the labels of some of the labelled patients."""

    def part(values: FloatArray | None) -> FloatArray | None:
        return None if values is None else values[chosen]

    return replace(
        labelled,
        values=labelled.values[chosen],
        known=labelled.known[chosen],
        rows=labelled.rows[chosen],
        weights=part(labelled.weights),
        time=part(labelled.time),
        event=part(labelled.event),
        uncensored=part(labelled.uncensored),
    )
