"""What is at hand of a model's training: its study, its evaluation and, read again, its patients."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from spinecast.cli.validation_inputs import Reference
    from spinecast.models.loading import AnyModel
    from spinecast.training.study import Study
    from spinecast.training.study.sources import PatientSource
    from spinecast.validation.development import Development

__all__ = ["RecordedTraining", "development_of", "placed_studies", "recorded_training"]


@dataclass(frozen=True, eq=False)
class RecordedTraining:
    """What the record of a training run holds."""

    study: Study | None = None
    evaluation: dict[str, Any] | None = None
    description: dict[str, Any] | None = None
    variables: tuple[str, ...] = ()
    missing: str = "the record of the training run is not at hand"
    places: tuple[Path, ...] = field(default=())


def development_of(
    reference: Reference, study: Study | None, say: Callable[[str], None]
) -> tuple[Development, Study | None]:
    """Gather what is known of the cohort a source was developed on, its patients where they can be read again.

    Parameters
    ----------
    reference : Reference
    study : Study, optional
        Named on the command line; it leads to the patients where it is the very study of the model.
    say : callable

    Returns
    -------
    development : Development
    study : Study or None
        Of the model's training, where its record is at hand.
    """
    from spinecast.validation.development import Development

    if reference.model is None:
        name = reference.published.label if reference.published else reference.score.label if reference.score else ""
        unpublished = "the patients it was made from are not published"
        return Development(f"that of {name}", "real", "", unreadable=unpublished), None
    about = dict(reference.model.about.get("cohort") or {})
    recorded = recorded_training(reference, study)
    cohort, labelled, unreadable = None, None, recorded.missing
    if recorded.study is not None:
        say("reading the development cohort again")
        cohort, labelled, unreadable = _patients(recorded, str(about.get("fingerprint")))
    marginals = reference.model.marginals.tolist()
    held = about.get("quantiles") or dict(zip(reference.model.predictors, marginals, strict=True))
    updated = bool(reference.model.about.get("updates"))
    development = Development(
        name=str(about.get("name", "not recorded")),
        kind=str(about.get("kind", "not recorded")),
        fingerprint=str(about.get("fingerprint", "")),
        n=about.get("n"),
        events=about.get("events"),
        variables=recorded.variables or _variables_of(reference.model),
        # What was recorded of the risks at home is of the model before it was updated.
        evaluation=None if updated else recorded.evaluation,
        description=recorded.description,
        quantiles=held,
        cohort=cohort,
        labelled=labelled,
        unreadable=unreadable,
    )
    return development, recorded.study


def _variables_of(model: AnyModel) -> tuple[str, ...]:
    """Return what a model's study read at the least: its fingerprint was taken over that, unless it read more."""
    from spinecast.errors import SpinecastError
    from spinecast.validation.recorded_outcome import outcome_from_record, outcome_variables

    try:
        outcome = outcome_from_record(model.about.get("outcome"))
    except SpinecastError:
        return model.predictors
    return (*model.predictors, *outcome_variables(outcome))


def recorded_training(reference: Reference, study: Study | None) -> RecordedTraining:
    """Return what is at hand of the run a model was trained in, a study named on the command line among it."""
    from spinecast.errors import SpinecastError
    from spinecast.training.plan import cohort_variables
    from spinecast.training.study import study_hash
    from spinecast.training.study.file import load_study

    model = reference.model
    same = study if study is not None and model and study_hash(study) == model.about.get("study_hash") else None
    if reference.record is None:
        if same is None:
            return RecordedTraining()
        return RecordedTraining(study=same, variables=cohort_variables(same), places=(same.origin.folder,))
    from spinecast.reporting.record import RunRecord

    try:
        record = RunRecord.load(reference.record)
        ran = same or load_study(reference.record / "study.yaml")
    except SpinecastError as error:
        return RecordedTraining(missing=f"the record of the training run cannot be read: {error.what}")
    return RecordedTraining(
        study=ran,
        evaluation=record.evaluation,
        description=record.cohort,
        variables=cohort_variables(ran),
        places=(ran.origin.folder, Path(), *reference.record.resolve().parents),
    )


def _patients(recorded: RecordedTraining, fingerprint: str) -> tuple[Any, Any, str]:
    """Read the development patients; they are used only if they are those of the model to the last cell."""
    from spinecast.errors import SpinecastError
    from spinecast.training.patients import patients_as_event

    reason = ""
    for study in placed_studies(recorded, recorded.study.cohort.source if recorded.study else None):
        try:
            cohort, labelled = patients_as_event(study)
        except SpinecastError as error:
            reason = f"the development patients cannot be read again: {error.what}"
            continue
        if cohort.fingerprint == fingerprint:
            return cohort, labelled, ""
        reason = "the development patients have changed since the model was made from them"
    return None, None, reason or "the table of the development patients is not where the study says"


def placed_studies(recorded: RecordedTraining, source: PatientSource | None) -> Iterator[Study]:
    """Yield the recorded study as seen from each folder in which the table of a source of its own could lie."""
    from spinecast.documents import Origin
    from spinecast.training.study import STUDY
    from spinecast.training.study.sources import TableSource

    study = recorded.study
    if study is None:
        return
    if not isinstance(source, TableSource):
        yield study
        return
    for folder in dict.fromkeys(recorded.places):
        if (folder / source.path).is_file():
            yield study.with_origin(Origin(STUDY, file=study.origin.file, folder=folder))
