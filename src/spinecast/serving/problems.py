"""What went wrong, in the form of RFC 9457 (problem details for HTTP), naming field, value, range and unit."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.responses import JSONResponse

from spinecast.audit.reading import AlteredRecordError
from spinecast.clinical.dictionary import variables
from spinecast.cohorts.patient import FieldError, PatientError
from spinecast.documents.json_text import MalformedError, escaped
from spinecast.errors import (
    ArtifactError,
    AuditError,
    ContractError,
    QuestionError,
    SpinecastError,
    TrackingError,
)
from spinecast.tracking.asking import RegistryError

__all__ = [
    "LOGGER",
    "MEDIA_TYPE",
    "NotReplayableError",
    "Problem",
    "or_problem",
    "place_of",
    "problem_of",
    "respond",
]

Made = TypeVar("Made")

LOGGER = logging.getLogger("spinecast.serving")

MEDIA_TYPE = "application/problem+json"
_LONGEST = 1000


class Problem(Exception):
    """A request that cannot be answered as asked.

    Parameters
    ----------
    status : int
    kind : str
        Last part of the problem's type, ``urn:spinecast:problem:KIND``.
    detail : str
        One sentence.
    errors : list of mapping
        What is wrong, place by place.
    headers : mapping of str to str
    remedy : str
        What to do about it; empty where there is nothing to say.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        errors: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail[:_LONGEST]
        self.errors, self.headers = errors or [], dict(headers or {})
        self.remedy = remedy[:_LONGEST]

    def to_dict(self) -> dict[str, Any]:
        """Return the members of the problem."""
        said: dict[str, Any] = {
            "type": f"urn:spinecast:problem:{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        said |= {"remedy": self.remedy} if self.remedy else {}
        return said | ({"errors": self.errors} if self.errors else {})


class NotReplayableError(SpinecastError):
    """A record that holds no answer, or one that this software cannot give again."""


def respond(problem: Problem) -> JSONResponse:
    """Return a problem as a response."""
    return JSONResponse(problem.to_dict(), problem.status, problem.headers, MEDIA_TYPE)


def place_of(error: Exception) -> str:
    """Name a defect by its kind and where it happened, for the log: its message may hold a patient's value."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at " + " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))


def problem_of(
    error: SpinecastError, given: Mapping[str, Any] | None = None, for_scores: Mapping[str, Any] | None = None
) -> Problem:
    """Turn an error into a problem.

    Parameters
    ----------
    error : SpinecastError
    given, for_scores : mapping, optional
        The inputs as they came, so that the wrong value and its place can be named.
    """
    given, for_scores = given or {}, for_scores or {}
    if isinstance(error, MalformedError):
        return Problem(422 if error.pointer else 400, "malformed", error.what, [_place(error.pointer, error)])
    if isinstance(error, PatientError):
        count = len(error.fields)
        found = [_field(one, given, for_scores) for one in error.fields]
        return Problem(422, "patient-contract", f"{count} fields of the patient break the contract", found)
    if isinstance(error, FieldError):
        return Problem(422, "patient-contract", error.what, [_field(error, given, for_scores)])
    if isinstance(error, QuestionError):
        return Problem(422, "question", error.what, [{"field": error.asked, **_place(f"/{error.asked}", error)}])
    if isinstance(error, ContractError):
        return Problem(422, "contract", error.what, [_place("", error)])
    return _of_what_is_kept(error)


def or_problem(make: Callable[[], Made]) -> Made:
    """Make something; what keeps it from being made is a problem.

    Raises
    ------
    Problem
    """
    try:
        return make()
    except SpinecastError as error:
        raise problem_of(error) from error


def _of_what_is_kept(error: SpinecastError) -> Problem:
    """Turn an error of the log, the registry or a model into a problem; why is for who runs the server."""
    if isinstance(error, NotReplayableError):
        return Problem(409, "not-replayable", error.what, remedy=error.remedy or "")
    if isinstance(error, AlteredRecordError):
        return Problem(409, "record-altered", error.what, remedy=error.remedy or "")
    if isinstance(error, AuditError):
        LOGGER.error("audit log: %s", error.what)
        detail = "the audit log takes no record now, and nothing is answered that is not recorded"
        return Problem(503, "audit-log", detail, headers={"Retry-After": "5"})
    if isinstance(error, RegistryError):
        LOGGER.error("registry: %s", error.what)
        return Problem(503, "registry", "the registry of models does not answer now", headers={"Retry-After": "30"})
    if isinstance(error, TrackingError):
        return Problem(404, "not-found", error.what, [_place("", error)] if error.expected or error.remedy else [])
    if isinstance(error, ArtifactError):
        return Problem(409, "model-altered", error.what)
    return Problem(422, "refused", error.what)


def _place(pointer: str, error: SpinecastError) -> dict[str, Any]:
    said = {"pointer": f"#{pointer}", "detail": error.what[:_LONGEST]}
    for name, text in (("expected", error.expected), ("remedy", error.remedy)):
        if text:
            said[name] = text[:_LONGEST]
    return said


def _field(error: FieldError, given: Mapping[str, Any], for_scores: Mapping[str, Any]) -> dict[str, Any]:
    name = error.field[:100]
    beside = error.field in for_scores and error.field not in given
    said = {"field": name, **_place(f"/{'for_scores' if beside else 'inputs'}/{escaped(name)}", error)}
    value = (for_scores if beside else given).get(error.field)
    if isinstance(value, str | int | float | bool) and len(str(value)) <= 100:
        said["value"] = value
    elif isinstance(value, Mapping) and set(value) <= {"value", "unit"} and len(str(value)) <= 100:
        said["value"] = dict(value)
    entry = variables().get(error.field)
    if entry is None:
        return said
    if entry.is_levelled:
        return said | {"levels": list(entry.level_values)}
    assert entry.possible is not None
    return said | {
        "minimum": entry.possible.lower,
        "maximum": entry.possible.upper,
        "unit": entry.unit_symbol,
        "other_units": [conversion.unit.symbol for conversion in entry.other_units],
    }
