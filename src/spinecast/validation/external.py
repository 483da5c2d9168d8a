"""External validation: a model, a published score or a published formula on patients it was not made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import scores
from spinecast.cohorts.outcomes import (
    CompetingHorizonOutcome,
    HorizonOutcome,
    LabelledOutcome,
    LandmarkOutcome,
    label_outcome,
)
from spinecast.errors import CohortError
from spinecast.statistics import Absent, Estimate, Measure
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.case_mix import CaseMix, compare_case_mix
from spinecast.validation.checks import (
    Checklist,
    Result,
    check_apparent,
    check_calibration_slope,
    check_level,
    check_rising_calibration,
    check_subgroup_harm,
    check_validation_size,
    check_without_value,
    stop_at_errors,
)
from spinecast.validation.comparing import Comparator, compare
from spinecast.validation.development import find_overlap, refuse_development_cohort
from spinecast.validation.evaluating import evaluate
from spinecast.validation.evaluation import CohortIdentity, ComparatorEvaluation, Evaluation, OutcomeLabel
from spinecast.validation.external_checks import first_checks
from spinecast.validation.external_plan import ExternalValidation, ValidationPlan
from spinecast.validation.missing_inputs import MissingInputs, evaluate_missing_inputs
from spinecast.validation.net_benefit import ThresholdBenefit, net_benefit_at
from spinecast.validation.predictions import Predictions, as_ranks, central_risks
from spinecast.validation.ranking import evaluate_ranking
from spinecast.validation.risk_sources import cohort_columns
from spinecast.validation.strata import StratumObserved, observe_strata
from spinecast.validation.subgroups import SubgroupEvaluation, evaluate_subgroups, group_patients
from spinecast.validation.survival import FollowedRisk, followed_risk, survival_measures

__all__ = ["validate_externally"]

FloatArray = NDArray[np.float64]
Say = Callable[[str], None]


class _Resampling(TypedDict):
    bootstrap: int
    seed: int


def validate_externally(plan: ValidationPlan, say: Say = lambda _: None) -> ExternalValidation:
    """Run an external validation.

    Parameters
    ----------
    plan : ValidationPlan
    say : callable
        Told what is going on.

    Raises
    ------
    CohortError
        If the cohort is the development cohort, or the source gives nobody with a known outcome a risk.
    CheckError
        If people of the development cohort stand in it, in whatever form, a predictor is dated after the prediction, or
        a unit differs from that of the development.
    """
    overlap = plan.overlap or find_overlap(plan.development, plan.cohort, plan.labelled)
    refuse_development_cohort(overlap, plan.development, plan.cohort)
    first = first_checks(plan, overlap)
    stop_at_errors(first)
    say(f"predicting {len(plan.labelled):,} patients")
    every = {name: column[plan.labelled.rows] for name, column in cohort_columns(plan.cohort).items()}
    values = plan.source.compute(every)
    scored = np.flatnonzero(np.isfinite(values))
    work = _Work(plan, every, values, scored)
    work.require_patients()
    say("judging the predictions")
    evaluation = work.evaluation()
    compared, not_compared = work.comparators(say)
    say("comparing the patients with those of the development")
    case_mix = work.case_mix(evaluation)
    say("judging subgroups")
    subgroups = work.subgroups()
    missing = work.missing_inputs(say)
    return ExternalValidation(
        evaluation=evaluation.attach(comparators=compared),
        net_benefit=work.net_benefit(),
        survival=work.survival(),
        case_mix=case_mix,
        subgroups=subgroups,
        missing_inputs=missing,
        strata=work.strata(),
        overlap=overlap,
        not_compared=tuple(not_compared),
        not_scored=int(plan.labelled.known.sum() - work.known.sum()),
        checklist=work.checklist(evaluation, first),
        sample_size=judge_validation(work.predictions, plan.settings.thresholds, ranks_only=work.ranks_only),
    )


class _Work:
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

    def require_patients(self) -> None:
        if not self.known.any():
            raise CohortError(
                f"{self.plan.source.label} gives no patient of {self.plan.cohort.name} a value",
                expected=f"its inputs: {', '.join(self.plan.source.inputs)}",
                remedy="see which of them the cohort lacks",
            )

    @property
    def predictions(self) -> Predictions:
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
        found = followed_risk(_chosen(self.plan.labelled, self.scored), predictions.risk)
        return None if isinstance(found, Absent) else found

    def evaluation(self) -> Evaluation:
        plan = self.plan
        outcome = OutcomeLabel(plan.labelled.label, plan.labelled.positive_label)
        cohort = CohortIdentity(plan.cohort.name, plan.cohort.kind, plan.cohort.fingerprint)
        names = {"model": plan.source.name, "label": plan.source.label, "outcome": outcome, "cohort": cohort}
        if self.ranks_only:
            return evaluate_ranking(
                self.predictions,
                self.ranks_only,
                **names,  # type: ignore[arg-type]
                followed=self.followed,
                **self.resampling,
            )
        return evaluate(
            self.predictions,
            **names,  # type: ignore[arg-type]
            thresholds=plan.settings.thresholds,
            decision_range=plan.settings.decision_range,
            followed=self.followed,
            **self.resampling,
        )

    def net_benefit(self) -> tuple[ThresholdBenefit, ...]:
        if self.ranks_only:
            return ()
        return net_benefit_at(self.predictions, self.plan.settings.thresholds, **self.resampling)

    def survival(self) -> dict[str, Measure]:
        """Read the whole follow-up, also of patients who are censored before the horizon."""
        plan = self.plan
        if not isinstance(plan.outcome, HorizonOutcome | LandmarkOutcome | CompetingHorizonOutcome):
            return {}
        # Whoever the outcome leaves out for being censored has a follow-up all the same.
        labelled = label_outcome(plan.cohort, replace(plan.outcome, censored="ipcw"))
        every = {name: column[labelled.rows] for name, column in cohort_columns(plan.cohort).items()}
        followed = followed_risk(labelled, plan.source.compute(every))
        return {} if isinstance(followed, Absent) else survival_measures(followed, ranks_only=self.ranks_only)

    def comparators(self, say: Say) -> tuple[list[ComparatorEvaluation], list[tuple[str, str]]]:
        """Return what could be compared, best ranking first, and what could not, with the reason."""
        compared: list[ComparatorEvaluation] = []
        refused: list[tuple[str, str]] = list(self.plan.barred)
        predictions, followed, horizon = self.predictions, self.followed, self.plan.labelled.horizon_days
        for comparator in (*self._recorded(), *self._computed(refused)):
            reason = self._too_few(np.isfinite(np.asarray(comparator.risk)))
            if reason:
                refused.append((comparator.label, reason))
                continue
            say(f"comparing with {comparator.label}")
            compared.append(
                compare(
                    predictions,
                    comparator,
                    horizon_days=horizon,
                    decision_range=self.plan.settings.decision_range,
                    followed=followed,
                    model_ranks_only=self.ranks_only,
                    **self.resampling,
                )
            )
        return sorted(compared, key=_by_ranking), refused

    def _recorded(self) -> list[Comparator]:
        rows = self.scored
        return [
            Comparator(one.name, one.label, np.asarray(one.risk)[rows], one.horizon_days, one.note, one.ranks_only)
            for one in self.plan.recorded
        ]

    def _computed(self, refused: list[tuple[str, str]]) -> list[Comparator]:
        found = []
        for source in self.plan.comparators:
            lacking = [variable(name).label for name in source.inputs if name not in self.columns]
            values = source.compute(self.columns)
            if not np.isfinite(values).any():
                named = "; ".join([*lacking[:4], *([f"{len(lacking) - 4} more"] if len(lacking) > 4 else [])])
                reason = f"the cohort lacks {named}" if lacking else "its inputs are missing for everyone"
                refused.append((source.label, reason))
                continue
            note = source.note
            if lacking and source.kind == "model":
                note += f" {len(lacking)} of its {len(source.inputs)} inputs are not in this cohort."
            horizon = self.plan.labelled.horizon_days
            found.append(Comparator(source.name, source.label, values, horizon, note, source.ranks_only))
        return found

    def _too_few(self, has_it: NDArray[np.bool_]) -> str:
        known = has_it & self.known
        events, fewest = int(self.plan.labelled.values[self.scored][known].sum()), self.plan.settings.fewest
        if min(events, int(known.sum()) - events) >= fewest:
            return ""
        return f"known for fewer than {fewest} patients with the event, or fewer than {fewest} without"

    def case_mix(self, evaluation: Evaluation) -> CaseMix | Absent:
        if self.ranks_only:
            return Absent(self.ranks_only)
        labelled = _chosen(self.plan.labelled, self.scored)
        return compare_case_mix(
            self.predictions,
            evaluation.measures,
            self.plan.cohort,
            labelled,
            [name for name in self.plan.source.inputs if name not in self.plan.lacking],
            self.plan.development,
            **self.resampling,
        )

    def subgroups(self) -> tuple[SubgroupEvaluation, ...]:
        rows = self.plan.labelled.rows[self.scored]
        groupings = group_patients(self.plan.cohort, rows, self.plan.settings.subgroups)
        fewest = self.plan.settings.fewest
        return evaluate_subgroups(
            self.predictions,
            groupings,
            followed=self.followed,
            ranks_only=self.ranks_only,
            fewest=fewest,
            **self.resampling,
        )

    def missing_inputs(self, say: Say) -> MissingInputs | Absent:
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

    def strata(self) -> tuple[StratumObserved, ...]:
        if self.plan.source.kind != "score":
            return ()
        predictions = self.predictions
        entry, horizon = scores()[self.plan.source.name], self.plan.labelled.horizon_days
        return observe_strata(entry, self.columns, predictions.outcome, predictions.weights, horizon)

    def checklist(self, evaluation: Evaluation, first: Sequence[Result]) -> Checklist:
        predictions, ranks_only = self.predictions, self.ranks_only
        remedy = "look at the calibration curve; update the model for patients like these before using its risks"
        slope, ratio = (evaluation.measures[name] for name in ("calibration_slope", "observed_expected_ratio"))
        settings = self.plan.settings
        rows = self.plan.labelled.rows[self.scored]
        results = [
            *first,
            check_calibration_slope(slope, ranks_only=ranks_only, remedy=remedy),
            check_apparent(evaluation.basis),
            check_rising_calibration(evaluation.calibration_curve, None if ranks_only else central_risks(predictions)),
            check_subgroup_harm(
                predictions,
                group_patients(self.plan.cohort, rows, settings.subgroups),
                settings.thresholds,
                followed=self.followed,
                ranks_only=ranks_only,
                fewest=settings.fewest,
                **self.resampling,
            ),
            check_validation_size(evaluation.n, evaluation.events),
            check_level(ratio),
            check_without_value(int(self.plan.labelled.known.sum() - self.known.sum()), evaluation.n),
        ]
        return Checklist("validate", results)


def _by_ranking(comparator: ComparatorEvaluation) -> tuple[float, str]:
    found = comparator.measures["auc"]
    return (-found.estimate if isinstance(found, Estimate) else 1.0, comparator.name)


def _chosen(labelled: LabelledOutcome, chosen: Sequence[int] | NDArray[np.intp]) -> LabelledOutcome:
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
