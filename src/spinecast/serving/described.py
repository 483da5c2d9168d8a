"""How an operation is described in OpenAPI 3.1: what may be asked, what is answered, and how a problem is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.serving.problems import MEDIA_TYPE

__all__ = ["ANYTHING", "FLAG", "JSON", "NUMBER", "TEXT", "WHOLE", "get", "object_of", "post", "reference"]

JSON = "application/json"
TEXT, NUMBER, FLAG = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
WHOLE = {"type": "integer"}
ANYTHING: dict[str, Any] = {"type": "object"}


def reference(name: str) -> dict[str, str]:
    """Refer to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    """Describe an object by the members it must have and those it may have."""
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def get(
    summary: str, said: Mapping[str, Any], *problems: int, parameters: Any = (), media: str = JSON
) -> dict[str, Any]:
    """Describe what is read.

    Parameters
    ----------
    summary : str
    said : mapping
        Schema of the answer.
    *problems : int
        Statuses of problems beside those that every operation may have.
    parameters : sequence of mapping
    media : str
        Of the answer.
    """
    found: dict[str, Any] = {"summary": summary, "responses": _responses(said, *problems, media=media)}
    return {"get": found | ({"parameters": list(parameters)} if parameters else {})}


def post(
    summary: str,
    asked: Mapping[str, Any] | None,
    said: Mapping[str, Any],
    *problems: int,
    media: str = JSON,
    answered: str | None = None,
    parameters: Any = (),
) -> dict[str, Any]:
    """Describe what is asked.

    Parameters
    ----------
    summary, said, *problems, parameters
        As :func:`get`.
    asked : mapping or None
        Schema of the question; None where there is none.
    media : str
        Of the question, and of the answer unless that has another.
    answered : str, optional
        Of the answer.
    """
    slow = () if asked is None else (408,)
    responses = _responses(said, *problems, *slow, media=answered or media)
    found: dict[str, Any] = {"summary": summary, "responses": responses}
    if asked is not None:
        found["requestBody"] = {"required": True, "content": {media: {"schema": asked}}}
    return {"post": found | ({"parameters": list(parameters)} if parameters else {})}


def _responses(said: Mapping[str, Any], *problems: int, media: str) -> dict[str, Any]:
    problem = {"description": "What went wrong", "content": {MEDIA_TYPE: {"schema": reference("Problem")}}}
    return {
        "200": {"description": "Answered", "content": {media: {"schema": said}}},
        **{str(status): problem for status in sorted({*problems, 401, 403, 421, 429})},
    }
