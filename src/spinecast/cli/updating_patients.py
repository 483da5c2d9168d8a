"""The patients a model was updated on: read again from where the update read them, to be looked for among others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spinecast.cli.validation_cohort import Asked
    from spinecast.cli.validation_inputs import Reference
    from spinecast.cohorts.cohort import Cohort
    from spinecast.cohorts.outcomes import LabelledOutcome, Outcome
    from spinecast.reporting.records.recorded import Recorded
    from spinecast.validation.development import Development
    from spinecast.validation.updating_patients import UpdatedOn

__all__ = ["reading_of", "updates_again"]

_SUPPORT = "support:"


def reading_of(asked: Asked, judge_share: float | None) -> dict[str, Any]:
    """Return how an update read its patients, so that they can be read again: JSON values, and no full path.

    Parameters
    ----------
    asked : Asked
        With the patients it was updated on.
    judge_share : float or None
        Of the patients that were set apart; None where others were named to judge on.
    """
    study = asked.study.origin.file if asked.study is not None else ""
    return {
        "cohort": asked.cohort if asked.cohort.startswith(_SUPPORT) else _nameable(asked.cohort),
        "mapping": None if asked.mapping is None else _nameable(asked.mapping),
        "study": _nameable(study) if study else None,
        "impossible": asked.impossible,
        "synthetic": asked.synthetic,
        "judge_share": judge_share,
    }


def _nameable(path: Path | str) -> str:
    """Return a path from here on, or a file's name alone: a full path can name people."""
    place, here = Path(path).resolve(), Path.cwd()
    return place.relative_to(here).as_posix() if place.is_relative_to(here) else place.name


def updates_again(reference: Reference, beside: Sequence[Path | None], say: Callable[[str], None]) -> list[UpdatedOn]:
    """Return whom a model was updated on, with the patients themselves where they can be read again and are unchanged.

    Parameters
    ----------
    reference : Reference
    beside : sequence of pathlib.Path or None
        Files that were named on the command line: those of an update may lie in the same folders.
    say : callable
    """
    from spinecast.validation.updating_patients import updates_of

    updates = updates_of(reference.model) if reference.model is not None else ()
    found = []
    for number, update in enumerate(updates, start=1):
        # Each update made the model that the next one changed.
        made = updates[number].parent if number < len(updates) else reference.identity
        say("reading the patients of an update again")
        found.append(_read_again(update, reference, _record_of(reference, made), beside))
    return found


def _record_of(reference: Reference, identity: str) -> tuple[Path, Recorded] | None:
    """Find the record of the update that made a model: beside its folder, or in the store."""
    from spinecast.errors import ArtifactError, TrackingError
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.reporting.records.recorded import Recorded
    from spinecast.tracking.models import fetch_record, registered_versions
    from spinecast.tracking.store import open_store

    def at_hand() -> Iterator[Path]:
        folder = Path(reference.text)
        if folder.is_dir():
            yield folder / "record"
            yield folder.resolve().parent / "record"
        try:
            store = open_store(create=False)
            for version in registered_versions(store):
                if version.identity == identity:
                    yield fetch_record(store, version.run_id)
        except TrackingError:
            return  # what is not at hand is said to be absent where it would have been used

    for place in at_hand():
        try:
            record = ExternalRecord.load(place)
        except ArtifactError:
            continue
        if record.about["kind"] == "update" and record.about["update"].get("identity") == identity:
            return place, Recorded.of(record)
    return None


def _read_again(
    update: UpdatedOn,
    reference: Reference,
    found: tuple[Path, Recorded] | None,
    beside: Sequence[Path | None],
) -> UpdatedOn:
    """Return an update with its patients; they are used only if they are those of the update to the last cell."""
    from spinecast.errors import SpinecastError
    from spinecast.training.seeds import derive_seed
    from spinecast.validation.development import fingerprint_over
    from spinecast.validation.recorded_outcome import label_as_event, outcome_from_record
    from spinecast.validation.updating_patients import divide_patients

    if found is None:
        return _unreadable(update, "the record of the update is not at hand")
    place, record = found
    reading = record.get("about.json", "update", "reading")
    if reading is None:
        return _unreadable(update, "the record of the update does not say where its patients were read")
    places = [Path(), *(path.parent for path in beside if path is not None), *place.resolve().parents]
    whole = update.drawn_from or update.people
    try:
        outcome = outcome_from_record(record.outcome)
        cohort = _cohort(reading, places, reference, outcome, whole.variables)
        if fingerprint_over(cohort, whole.variables) != whole.fingerprint:
            return _unreadable(update, f"the patients of {whole.name} have changed since the model was updated on them")
        labelled = label_as_event(cohort, outcome)
        if update.drawn_from is None:
            return replace(update, people=_with_patients(update.people, cohort, labelled))
        share, seed = reading["judge_share"], derive_seed(record.files["about.json"]["settings"]["seed"], "judged on")
        updating, _ = divide_patients(cohort, labelled, share, seed)
    except SpinecastError as error:
        return _unreadable(update, f"the patients of {whole.name} cannot be read again: {error.what}")
    people = update.people
    if fingerprint_over(updating, people.variables) == people.fingerprint:
        people = _with_patients(people, updating, label_as_event(updating, outcome))
    return replace(update, people=people, drawn_from=_with_patients(update.drawn_from, cohort, labelled))


def _cohort(
    reading: Mapping[str, Any], places: Sequence[Path], reference: Reference, outcome: Outcome, variables: Sequence[str]
) -> Cohort:
    """Open a cohort as the update did."""
    from spinecast.cli.validation_cohort import Asked, impossible_values_of, open_asked
    from spinecast.training.study.file import load_study
    from spinecast.validation.cohort_file import Wanted
    from spinecast.validation.recorded_outcome import outcome_variables

    mapping, study = (reading[key] and _placed(reading[key], places) for key in ("mapping", "study"))
    named = str(reading["cohort"])
    asked = Asked(
        reference=reference,
        study=load_study(study) if study else None,
        cohort=named if named.startswith(_SUPPORT) else str(_placed(named, places)),
        mapping=mapping or None,
        allow_missing=True,
        impossible=reading["impossible"],
        synthetic=bool(reading["synthetic"]),
    )
    asked.outcome = outcome
    needed = outcome_variables(outcome)
    inputs = tuple(name for name in variables if name not in needed)
    wanted = Wanted(inputs, needed, allow_lacking=True, impossible_values=impossible_values_of(asked))
    return open_asked(asked, wanted).cohort


def _placed(named: str, places: Sequence[Path]) -> Path:
    """Find a file of an update again: where it was, or by its name beside the files that are at hand.

    Raises
    ------
    CohortError
        If it is nowhere.
    """
    from spinecast.errors import CohortError

    for folder in dict.fromkeys(places):
        for path in (folder / named, folder / Path(named).name):
            if path.is_file():
                return path
    raise CohortError(f"{named} is not where the update read it, nor beside the files that were named")


def _with_patients(people: Development, cohort: Cohort, labelled: LabelledOutcome) -> Development:
    return replace(people, cohort=cohort, labelled=labelled, unreadable="")


def _unreadable(update: UpdatedOn, reason: str) -> UpdatedOn:
    whole = update.drawn_from and replace(update.drawn_from, unreadable=reason)
    return replace(update, people=replace(update.people, unreadable=reason), drawn_from=whole)
