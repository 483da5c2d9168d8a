"""Records of what is served, and replay: the same question put again to the same version gives the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version as installed_version
from typing import Any

from spinecast import __version__
from spinecast.audit.reading import Append
from spinecast.audit.records import Draft, Record
from spinecast.cohorts.derived_values import closure
from spinecast.errors import SpinecastError
from spinecast.files import canonical_json
from spinecast.serving.answers import answer
from spinecast.serving.models import ServedModels
from spinecast.serving.problems import NotReplayableError
from spinecast.serving.reading import PatientQuestion
from spinecast.serving.scores_beside import scores_of
from spinecast.serving.served_model import ServedModel

__all__ = ["REPLAYED_KINDS", "prediction_draft", "put_to", "replay", "scores_draft", "software"]

REPLAYED_KINDS = ("prediction", "declined", "scores")
_MOST_DIFFERENCES = 20


def software() -> dict[str, str]:
    """Return the versions that a number may hang on."""
    named = ("numpy", "scipy", "xgboost", "numba")
    found = {"spinecast": __version__}
    for name in named:
        package = "xgboost-cpu" if name == "xgboost" else name
        try:
            found[name] = installed_version(package)
        except ModuleNotFoundError:
            found[name] = installed_version(name)
    return found


def prediction_draft(
    served: ServedModel,
    asked: PatientQuestion,
    said: Mapping[str, Any],
    actor: str,
    subject: str | None,
    versions: Mapping[str, str],
    *,
    explain: bool,
    shown: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the record of one answer of a model; what a page shows says so, and whether it is a what-if."""
    body = {"asked": asked.to_dict(), "explain": explain, "answer": said, "software": dict(versions), **_shown(shown)}
    return Draft("prediction" if said["declined"] is None else "declined", actor, body, served.numbered, subject)


def scores_draft(
    known: Mapping[str, Any],
    said: Sequence[Any],
    actor: str,
    subject: str | None,
    versions: Mapping[str, str],
    *,
    shown: Mapping[str, Any] | None = None,
) -> Draft:
    """Return the record of published scores that were computed for a patient."""
    body = {"asked": {"inputs": dict(known)}, "answer": {"scores": list(said)}, "software": dict(versions)}
    return Draft("scores", actor, body | _shown(shown), "", subject)


def _shown(shown: Mapping[str, Any] | None) -> dict[str, Any]:
    return {} if shown is None else {"shown": dict(shown)}


def replay(append: Append, models: ServedModels, record: Record, actor: str) -> dict[str, Any]:
    """Put a recorded question again to the version that answered it, and compare every number; that is recorded too.

    Parameters
    ----------
    append : callable
        As in `spinecast.audit.reading`.
    models : ServedModels
        Where the version comes from.
    record : Record
    actor : str

    Returns
    -------
    dict
        ``same``: whether the answer is the same, bit for bit; ``differences``: where it is not, with both values;
        ``software_then`` and ``software_now``.

    Raises
    ------
    NotReplayableError
        If the record holds nothing that can be replayed, its content was erased, or today's software refuses it.
    AuditError
        If that it was replayed cannot be recorded.
    TrackingError, ArtifactError
        If the model is no longer there, or no longer what it was.
    """
    body = record.body
    if record.kind not in REPLAYED_KINDS:
        raise NotReplayableError(
            f"record {record.sequence} is of the kind {record.kind}: nothing was answered in it",
            expected=f"one of {', '.join(REPLAYED_KINDS)}",
        )
    if body is None:
        raise NotReplayableError(f"the content of record {record.sequence} was erased", remedy="only its hash is left")
    then = body["answer"]
    now = _again(models, record, body)
    differences = list(_differences(then, now, ""))
    same = canonical_json(then) == canonical_json(now)
    found = {
        "record": record.sequence,
        "model": record.model or None,
        "same": same,
        "differences": differences[:_MOST_DIFFERENCES],
        "software_then": body["software"],
        "software_now": software(),
    }
    append([Draft("replay", actor, {"record": record.sequence, "same": same}, record.model, record.subject)])
    return found


def put_to(append: Append, models: ServedModels, record: Record, number: str, actor: str) -> Record:
    """Put a recorded question to another version of the same model; return the record of that, which has the answer.

    It is recorded as a replay and never as a prediction: nobody asked it about a patient to be treated.

    Parameters
    ----------
    append, models, record, actor
        As :func:`replay`.
    number : str
        Of the other version.

    Raises
    ------
    NotReplayableError
        If no model was asked, the content was erased, or the other version refuses what was asked.
    AuditError, TrackingError, ArtifactError
        As :func:`replay`.
    """
    body = record.body
    if body is None or record.kind not in ("prediction", "declined"):
        raise NotReplayableError(f"record {record.sequence} holds no question that another version could be asked")
    asked = PatientQuestion.from_dict(body["asked"])
    served = models.numbered(record.model.partition("/")[0], number)
    read = set(closure(served.inputs))
    left_out = sorted(set(asked.inputs) - read)
    question = replace(asked, inputs={name: value for name, value in asked.inputs.items() if name in read})
    try:
        said = answer(served, question)
    except SpinecastError as error:
        raise NotReplayableError(
            f"{served.numbered} does not answer what record {record.sequence} asks: {error.what}"
        ) from error
    done = {"record": record.sequence, "left_out": left_out, "asked": question.to_dict(), "answer": said}
    drafts = [Draft("replay", actor, {**done, "software": software()}, served.numbered, record.subject)]
    made: Record = append(drafts)[0]
    return made


def _again(models: ServedModels, record: Record, body: Mapping[str, Any]) -> dict[str, Any]:
    asked = body["asked"]
    if record.kind == "scores":
        from spinecast.clinical.scores import score

        wanted = [score(one["name"]) for one in body["answer"]["scores"]]
        return {"scores": scores_of(asked["inputs"], wanted)}
    identity = body["answer"]["model"]["identity"]
    name, _, number = record.model.partition("/")
    served = models.pinned(name, number, identity)
    try:
        found = answer(served, PatientQuestion.from_dict(asked), explain=bool(body["explain"]))
    except SpinecastError as error:
        raise NotReplayableError(
            f"record {record.sequence} cannot be replayed: {error.what}",
            remedy="use the software it was made with: " + ", ".join(f"{k} {v}" for k, v in body["software"].items()),
        ) from error
    # By which name the version is served today is no part of what it answers.
    return found | {"model": found["model"] | {"alias": body["answer"]["model"]["alias"]}}


def _differences(then: Any, now: Any, path: str) -> Iterator[dict[str, Any]]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in sorted({*then, *now}):
            yield from _differences(then.get(name), now.get(name), f"{path}/{name}")
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (old, new) in enumerate(zip(then, now, strict=True)):
            yield from _differences(old, new, f"{path}/{place}")
    elif canonical_json(then) != canonical_json(now):
        yield {"at": path, "then": then, "now": now}
