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
)
from spinecast.validation.development import Overlap
from spinecast.validation.external_plan import ValidationPlan

__all__ = ["first_checks"]


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
