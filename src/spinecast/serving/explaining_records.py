"""The reasons of a recorded answer, questioned in depth: whoever asks for them stands in the log beside it."""

from __future__ import annotations

from dataclasses import asdict

from spinecast.audit.reading import Append
from spinecast.audit.records import Draft, Record
from spinecast.errors import SpinecastError
from spinecast.explanation.depth.patient import PatientReasons, question_patient
from spinecast.explanation.depth.views import view_of
from spinecast.files import canonical_json, sha256_bytes
from spinecast.serving.models import ServedModels
from spinecast.serving.problems import NotReplayableError
from spinecast.serving.reading import PatientQuestion
from spinecast.serving.recording import software

__all__ = ["explain_record"]

# Answers that differ by less, on the scale of the contributions, have the same reasons.
_ROUNDING = 1e-9


def explain_record(append: Append, models: ServedModels, record: Record, actor: str) -> PatientReasons:
    """Question the reasons of a recorded answer, by the version that gave it; recorded before they are returned.

    The record says whose answer was explained to whom, by which version, and what was shown: as a hash, for the
    recorded question and the version give it again.

    Parameters
    ----------
    append : callable
        As in `spinecast.audit.reading`.
    models : ServedModels
        Where the version comes from.
    record : Record
    actor : str

    Raises
    ------
    NotReplayableError
        If no risk was given in it, its content was erased, or today's software refuses what was asked or answers
        otherwise: reasons of another answer are not this one's.
    AuditError
        If that it was explained cannot be recorded.
    TrackingError, ArtifactError
        If the model is no longer there, or no longer what it was.
    """
    body = record.body
    if body is None or record.kind != "prediction":
        raise NotReplayableError(
            f"record {record.sequence} holds no answer that could be explained",
            expected="a record of the kind prediction whose content was not erased",
            remedy="see spinecast audit list --kind prediction",
        )
    asked = PatientQuestion.from_dict(body["asked"])
    identity = body["answer"]["model"]["identity"]
    name, _, number = record.model.partition("/")
    served = models.pinned(name, number, identity)
    try:
        found = question_patient(view_of(served.model, asked.question), identity, asked.inputs)
    except SpinecastError as error:
        raise NotReplayableError(f"record {record.sequence} cannot be explained: {error.what}") from error
    then = body["answer"]["prediction"]
    answered = float(then["served"] if "served" in then else then["log_odds"])
    if not abs(found.served - answered) <= _ROUNDING:  # so written, what is no number is refused too
        raise NotReplayableError(
            f"record {record.sequence} cannot be explained: then the {found.scale} was {answered:.6g}, and its version "
            f"gives {found.served:.6g} now",
            expected="the answer that was recorded",
            remedy=f"see spinecast audit replay {record.sequence}",
        )
    shown = {
        "record": record.sequence,
        "question": asdict(asked.question),
        "answered": found.answered,
        "shown_sha256": sha256_bytes(canonical_json(found.to_dict()).encode()),
        "software": software(),
    }
    append([Draft("explanation", actor, shown, record.model, record.subject)])
    return found
