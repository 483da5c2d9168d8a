"""The patients a model borrowed to be fitted: read again, so that nobody takes them for patients of elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.outcomes import LabelledOutcome
    from spinecast.training.study import Study
    from spinecast.validation.cohort_file import OpenedCohort
    from spinecast.validation.development import Development

__all__ = ["borrowed_by", "without_borrowed"]


def without_borrowed(
    reference: Reference, study: Study | None, opened: OpenedCohort, labelled: LabelledOutcome
) -> tuple[OpenedCohort, list[dict[str, Any]]]:
    """Refuse patients whom the model borrowed; where they could not be looked for, note why beside the cohort.

    Returns
    -------
    opened : OpenedCohort
    met_before : list of dict
        JSON values of how they were looked for; nothing where the model borrowed nobody.

    Raises
    ------
    CohortError
        If any of them is among these.
    """
    from dataclasses import replace

    from spinecast.validation.development import refuse_borrowed_patients

    borrowed = borrowed_by(reference, study)
    if borrowed is None:
        return opened, []
    overlap = refuse_borrowed_patients(borrowed, opened.cohort, labelled)
    told = [{"role": "borrowed", "name": borrowed.name, "fingerprint": borrowed.fingerprint, **overlap.to_dict()}]
    if overlap.searched:
        return opened, told
    note = f"the model borrowed patients from {borrowed.name}; whether they are among these is not known: "
    return replace(opened, notes=(*opened.notes, f"{note}{overlap.looked}")), told


def borrowed_by(reference: Reference, study: Study | None) -> Development | None:
    """Gather what is known of the cohort a model borrowed patients from; None where it borrowed nobody.

    Parameters
    ----------
    reference : Reference
    study : Study, optional
        Named on the command line; it leads to the patients where it is the very study of the model.
    """
    from dataclasses import replace

    from spinecast.cli.development_patients import placed_studies, recorded_training
    from spinecast.errors import SpinecastError
    from spinecast.training.borrowing import lending_cohort
    from spinecast.validation.development import Development, development_again

    lent = reference.model.about.get("borrowed") if reference.model is not None else None
    if lent is None:
        return None
    recorded = recorded_training(reference, study)
    asked = None if recorded.study is None else recorded.study.cohort.borrow
    unreadable = recorded.missing if asked is None else "the table it borrowed from is not where the study says"
    for placed in placed_studies(recorded, asked.source) if asked is not None else ():
        try:
            cohort, labelled = lending_cohort(placed)
        except SpinecastError as error:
            unreadable = f"the patients it borrowed cannot be read again: {error.what}"
            continue
        if cohort.fingerprint == lent["fingerprint"]:
            return replace(development_again(cohort, labelled), role="borrowed")
        unreadable = "the patients it borrowed have changed since"
    kind = str((reference.model.about.get("cohort") or {}).get("kind", "not recorded")) if reference.model else ""
    return Development(
        name=str(lent["name"]),
        kind=kind,  # real patients borrow from real ones, made-up from made-up
        fingerprint=str(lent["fingerprint"]),
        n=lent["patients"],
        events=lent["events"],
        unreadable=unreadable,
        role="borrowed",
    )
