"""What became of a card: whether somebody took it or put it aside, and why (CDS Hooks 3.0, "Feedback")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from spinecast.audit.records import Draft, Record
from spinecast.serving.hospital.moments import read_moment
from spinecast.serving.hospital.parts import Part, parsed

__all__ = ["Feedback", "feedback_draft", "read_feedback"]

_MOST = 100
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
ShortText = Annotated[str, Field(min_length=1, max_length=200)]


class Reason(Part):
    """Why a card was put aside, in a code."""

    code: ShortText
    system: ShortText
    display: ShortText | None = None


class Override(Part):
    """Why a card was put aside."""

    reason: Reason | None = None
    userComment: Annotated[str, Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Override:
        if self.reason is None and self.userComment is None:
            raise ValueError("an overrideReason needs a reason, a userComment, or both")
        return self


class Accepted(Part):
    """A suggestion that was taken; a card of ours has none."""

    id: ShortText


class Feedback(Part):
    """What became of one card."""

    card: Annotated[str, Field(pattern=_UUID)]
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: Annotated[list[Accepted], Field(max_length=20)] | None = None
    overrideReason: Override | None = None
    outcomeTimestamp: Annotated[str, Field(max_length=40)]


class _Body(Part):
    feedback: Annotated[list[Feedback], Field(min_length=1, max_length=_MOST)]


def read_feedback(value: Any) -> list[Feedback]:
    """Read the body of a call.

    Raises
    ------
    MalformedError
        If it is none; it names the place.
    """
    expected = '{"feedback": [{"card": UUID, "outcome": …, "outcomeTimestamp": …}]}'
    found = parsed(_Body, value, "", expected).feedback
    for place, one in enumerate(found):
        read_moment(one.outcomeTimestamp, f"/feedback/{place}/outcomeTimestamp")
    return found


def feedback_draft(one: Feedback, of: Record, actor: str) -> Draft:
    """Return the record of what became of a card.

    Parameters
    ----------
    one : Feedback
    of : Record
        The answer that the card showed; its patient is this record's too, so that both are found, held and erased
        together.
    actor : str
        Who says so.
    """
    body: dict[str, Any] = {"of": of.sequence, "card": one.card, "outcome": one.outcome, "at": one.outcomeTimestamp}
    if one.acceptedSuggestions:
        body["accepted_suggestions"] = [each.id for each in one.acceptedSuggestions]
    if one.overrideReason is not None:
        body |= _reason(one.overrideReason)
    return Draft("feedback", actor, body, of.model, of.subject)


def _reason(override: Override) -> Mapping[str, Any]:
    reason, said = override.reason, override.userComment
    return {
        **({} if reason is None else {"reason": reason.model_dump(exclude_none=True)}),
        **({} if said is None else {"comment": said}),
    }
