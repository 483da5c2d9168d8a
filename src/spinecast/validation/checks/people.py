"""Checks of who is judged: people in both cohorts, predictors nobody has, patients who do not exist."""

from __future__ import annotations

from collections.abc import Sequence

from spinecast.clinical.dictionary import variable
from spinecast.validation.checks.results import Check, NotApplicable, NotFound, Result
from spinecast.validation.development import Development, Overlap

__all__ = ["check_development_kind", "check_lacking_predictors", "check_shared_patients", "check_without_value"]

# Of all patients this share may go without a value: this project's own convention.
MOST_WITHOUT = 0.2


def check_shared_patients(overlap: Overlap) -> Result:
    """SC021: some patients stand in the development cohort too.

    Parameters
    ----------
    overlap : Overlap
        Where it is the same cohort, the validation was refused before.
    """
    if not overlap.searched:
        return NotApplicable("SC021", overlap.looked)
    if not overlap.how:
        return NotFound("SC021", f"none of {overlap.of:,} patients, by {overlap.looked}")
    return Check(
        code="SC021",
        severity="error",
        finding=f"{overlap.shared:,} of {overlap.of:,} patients: {overlap.how}",
        remedy="take them out of the validation cohort; spinecast cohort check FILE --against OTHER names the rows",
        meaning="The model has seen these people in training: it looks better here than it is in people it has not.",
    )


def check_lacking_predictors(lacking: Sequence[str], total: int) -> Result:
    """SC022: predictors nobody has, allowed on request.

    Parameters
    ----------
    lacking : sequence of str
    total : int
        Predictors of the model.
    """
    if not lacking:
        return NotFound("SC022", f"all {total} inputs are recorded for somebody")
    named = ", ".join(variable(name).label for name in lacking)
    return Check(
        code="SC022",
        severity="warning",
        finding=f"{len(lacking)} of {total} predictors are not recorded for anyone: {named}",
        remedy="find them, or say that the model was judged without them",
        meaning="The model answers without these facts here. How it does where they are known is not shown.",
        variables=tuple(lacking),
    )


def check_development_kind(development: Development, kind: str) -> Result:
    """SC023: a model made from patients who do not exist, judged on real ones.

    Parameters
    ----------
    development : Development
    kind : str
        Of the validation cohort.
    """
    if kind != "real":
        return NotApplicable("SC023", "the patients it is judged on are not real either")
    if development.kind != "synthetic":
        return NotFound("SC023", "nothing says that it was developed on made-up patients")
    return Check(
        code="SC023",
        severity="warning",
        finding=f"the model was developed on {development.name}, whose patients do not exist",
        remedy="use it to try the software; develop on real patients before drawing conclusions",
        meaning="The model knows nothing of people but what somebody wrote into a recipe.",
    )


def check_without_value(without: int, judged: int) -> Result:
    """SC030: patients who could not be judged, because they get no value.

    Parameters
    ----------
    without, judged : int
        Patients with a known outcome who get none, and who get one.
    """
    share = without / (without + judged)
    finding = f"{without:,} of {without + judged:,} patients ({100 * share:.0f} %)"
    if share <= MOST_WITHOUT:
        return NotFound("SC030", f"{finding} get no value")
    return Check(
        code="SC030",
        severity="warning",
        finding=f"{finding} get no value: those who get one are other patients",
        remedy="find the missing inputs, or say for whom the numbers hold",
        meaning="The numbers are of the patients whose inputs happen to be recorded, or whose result does not hang on "
        "what is missing. How it does in the others is not shown.",
    )
