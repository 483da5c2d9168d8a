"""Reading JSON without surprises: no key lost because it stands twice, no number that is none, nothing without end."""

from __future__ import annotations

import json
import math
from typing import Any

from spinecast.errors import ContractError

__all__ = ["MalformedError", "escaped", "read_json"]

_DEEPEST = 8


class MalformedError(ContractError):
    """Text that is no JSON we read, or JSON that is not of the shape that was asked for.

    Parameters
    ----------
    what, expected : str
    pointer : str
        JSON pointer (RFC 6901) to what is wrong; empty for the whole.
    """

    def __init__(self, what: str, *, pointer: str = "", expected: str | None = None) -> None:
        super().__init__(what, expected=expected)
        self.pointer = pointer


def read_json(content: bytes, named: str = "the body", *, deepest: int = _DEEPEST) -> Any:
    """Read JSON strictly: UTF-8, no key twice, no number that is none, not deeply nested.

    Parameters
    ----------
    content : bytes
    named : str
        What an error calls it.
    deepest : int
        How many levels it may have.

    Raises
    ------
    MalformedError
        Otherwise; it points to the place where there is one.
    """
    too_deep = f"{named} is nested too deeply"
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_no_repeats)
    except UnicodeDecodeError as error:
        raise MalformedError(f"{named} is not UTF-8") from error
    except RecursionError as error:
        raise MalformedError(too_deep, expected=f"at most {deepest} levels") from error
    except MalformedError:
        raise
    except ValueError as error:
        raise MalformedError(f"{named} is not JSON: {error}", expected="a JSON object") from error
    _walk(value, "", 1, deepest, too_deep)
    return value


def escaped(name: str) -> str:
    """Return a name as a JSON pointer writes it (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedError(f"{name!r} is given more than once", expected="each name once")
        found[name] = value
    return found


def _walk(value: Any, pointer: str, depth: int, deepest: int, too_deep: str) -> None:
    if depth > deepest:
        raise MalformedError(too_deep, pointer=pointer, expected=f"at most {deepest} levels")
    if isinstance(value, float) and not math.isfinite(value):
        field = pointer.rsplit("/", 1)[-1]
        raise MalformedError(
            f"{field}: {value} is no number of JSON", pointer=pointer, expected="a number, or leave it out"
        )
    if isinstance(value, str) and any(0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise MalformedError("a text holds half of a character", pointer=pointer, expected="Unicode text")
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, below in items:
        if isinstance(name, str):
            _walk(name, pointer, depth, deepest, too_deep)
        _walk(below, f"{pointer}/{escaped(str(name))}", depth + 1, deepest, too_deep)
