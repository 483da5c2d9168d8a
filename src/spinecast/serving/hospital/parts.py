"""Parts of JSON documents of others: what is read of them is typed strictly, and what is wrong names its place."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from spinecast.documents.json_text import MalformedError, escaped

__all__ = ["Part", "parsed"]


class Part(BaseModel):
    """An object of which some members are read; others are passed over."""

    # Built at first use: a server that no record system calls need not wait for it at its start.
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", defer_build=True)


Read = TypeVar("Read", bound=Part)


def parsed(model: type[Read], value: Any, pointer: str, expected: str) -> Read:
    """Read a part.

    Parameters
    ----------
    model : type of Part
    value : JSON value
    pointer : str
        Where it stands.
    expected : str
        What the error says should stand there.

    Raises
    ------
    MalformedError
        If it is of another shape; it names the first place that is, and repeats no value.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = "".join(f"/{escaped(str(part))}" for part in first["loc"])
        said = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
        raise MalformedError(
            f"{place.rpartition('/')[2] or 'the body'}: {said}", pointer=pointer + place, expected=expected
        ) from None
