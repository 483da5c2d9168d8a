"""The checks of an external validation that are made before anything is predicted."""

from __future__ import annotations

from spinecast.clinical.dictionary import variable
from spinecast.validation.checks import (
    Result,
    check_classes,
    check_coding,
    check_dates,
    check_development_kind,
    check_horizon,
    check_lacking_predictors,
    check_made_from,
    check_predictor_choice,
    check_shared_patients,
    check_synthetic_cohort,
    stop_at_errors,
)
from spinecast.validation.development import Overlap, find_overlap, refuse_development_cohort
from spinecast.validation.external_plan import ValidationPlan

__all__ = ["checked_first", "first_checks"]


def first_checks(plan: ValidationPlan, overlap: Overlap) -> tuple[Result, ...]:
    """Make the checks that need no prediction: their errors stop the validation before any work.

    Parameters
    ----------
    plan : ValidationPlan
    overlap : Overlap
        People in both cohorts, by whole rows.
    """
    source, labelled, development = plan.source, plan.labelled, plan.development
    undeclared = f"{source.label} states nothing of it"
    return (
        check_horizon(labelled.horizon_days, None if labelled.time is None else float(labelled.time.max())),
        check_synthetic_cohort(plan.cohort.kind),
        check_dates(
            [variable(name) for name in source.inputs],
            plan.dated,
            undated="no mapping names the days on which variables were measured (date_columns.index and measured_on)",
        ),
        check_predictor_choice(source.declared.predictor_choice, undeclared=undeclared),
        check_classes(source.declared, undeclared=undeclared),
        check_shared_patients(overlap),
        check_lacking_predictors(plan.lacking, len(source.inputs)),
        check_development_kind(development, plan.cohort.kind),
        check_made_from(development, plan.cohort),
        check_coding(development, plan.cohort, source.inputs),
    )


def checked_first(plan: ValidationPlan) -> tuple[Overlap, tuple[Result, ...]]:
    """Return the people in both cohorts and the checks that need no prediction, once none of them stops the work.

    Raises
    ------
    CohortError
        If the cohort is the development cohort.
    CheckError
        If people of the development cohort stand in it, in whatever form, a predictor is dated after the prediction, or
        a unit differs from that of the development.
    """
    overlap = plan.overlap or find_overlap(plan.development, plan.cohort, plan.labelled)
    refuse_development_cohort(overlap, plan.development, plan.cohort)
    first = first_checks(plan, overlap)
    stop_at_errors(first)
    return overlap, first
