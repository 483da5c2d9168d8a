"""External validation: a model, a published score or a published formula on patients it was not made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import scores
from spinecast.cohorts.outcomes import (
    CompetingHorizonOutcome,
    HorizonOutcome,
    LandmarkOutcome,
    label_outcome,
)
from spinecast.statistics import Absent, Estimate, Measure
from spinecast.validation.adequacy import judge_validation
from spinecast.validation.comparing import Comparator, compare
from spinecast.validation.evaluating import evaluate
from spinecast.validation.evaluation import CohortIdentity, ComparatorEvaluation, Evaluation, OutcomeLabel
from spinecast.validation.external_checks import checked_first
from spinecast.validation.external_plan import ValidationPlan
from spinecast.validation.external_result import ExternalValidation
from spinecast.validation.net_benefit import ThresholdBenefit, net_benefit_at
from spinecast.validation.ranking import evaluate_ranking
from spinecast.validation.risk_sources import cohort_columns
from spinecast.validation.scored_patients import CheckedRisk, Say, ScoredPatients
from spinecast.validation.strata import StratumObserved, observe_strata
from spinecast.validation.subgroups import SubgroupEvaluation, evaluate_subgroups
from spinecast.validation.survival import followed_risk, survival_measures

__all__ = ["validate_externally"]

FloatArray = NDArray[np.float64]


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
    overlap, first = checked_first(plan)
    say(f"predicting {len(plan.labelled):,} patients")
    work = _RiskValidation.of(plan)
    say("judging the predictions")
    evaluation = work.evaluation()
    compared, not_compared = work.comparators(say)
    say("comparing the patients with those of the development")
    case_mix = work.case_mix(evaluation.measures)
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
        checklist=work.checklist(_checked(evaluation), first),
        sample_size=judge_validation(work.predictions, plan.settings.thresholds, ranks_only=work.ranks_only),
        declined=work.declined(),
    )


class _RiskValidation(ScoredPatients):
    """What is computed of a risk, or a ranking, and of nothing else."""

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
        followed = followed_risk(labelled, plan.source.served(every))
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
            values = source.served(self.columns)
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

    def subgroups(self) -> tuple[SubgroupEvaluation, ...]:
        return evaluate_subgroups(
            self.predictions,
            self.groupings,
            followed=self.followed,
            ranks_only=self.ranks_only,
            fewest=self.plan.settings.fewest,
            **self.resampling,
        )

    def strata(self) -> tuple[StratumObserved, ...]:
        if self.plan.source.kind != "score":
            return ()
        predictions = self.predictions
        entry, horizon = scores()[self.plan.source.name], self.plan.labelled.horizon_days
        return observe_strata(entry, self.columns, predictions.outcome, predictions.weights, horizon)


def _checked(evaluation: Evaluation) -> CheckedRisk:
    return CheckedRisk(
        slope=evaluation.measures["calibration_slope"],
        ratio=evaluation.measures["observed_expected_ratio"],
        curve=evaluation.calibration_curve,
        basis=evaluation.basis,
        n=evaluation.n,
        events=evaluation.events,
    )


def _by_ranking(comparator: ComparatorEvaluation) -> tuple[float, str]:
    found = comparator.measures["auc"]
    return (-found.estimate if isinstance(found, Estimate) else 1.0, comparator.name)
