"""Bodies of requests and answers: read up to a limit, many patients a line of JSON each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from spinecast.files import canonical_json
from spinecast.serving.problems import Problem

__all__ = ["FORM", "MOST_BYTES_OF_MANY", "as_lines", "batches_of", "form_pairs", "read_body"]

MOST_BYTES_OF_MANY = 16 * 1024 * 1024
"""Of a request about many patients; a larger table is cut by who sends it."""

FORM = "application/x-www-form-urlencoded"

_LINES_AT_ONCE = 64
_MOST_FIELDS = 1000


async def read_body(request: Request, most: int, kind: str) -> bytes:
    """Read a body; once read it can be read again.

    Parameters
    ----------
    request : Request
    most : int
        Bytes.
    kind : str
        Media type it must state; JSON will do for lines of it. Another site can make a browser send a form, but not
        JSON; a form needs its token (`spinecast.serving.access.forms`).

    Raises
    ------
    Problem
        415 for another media type, 413 for a larger body, as soon as it is larger.
    """
    stated = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if stated not in (kind, "application/json"):
        raise Problem(415, "media-type", f"the body must be {kind}")
    known: bytes | None = getattr(request.state, "body", None)
    if known is not None:
        if len(known) > most:
            raise Problem(413, "too-large", f"the body is larger than {most} bytes")
        return known
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > most:
            raise Problem(413, "too-large", f"the body is larger than {most} bytes")
    request.state.body = bytes(content)
    return bytes(content)


def form_pairs(content: bytes) -> list[tuple[str, str]]:
    """Return a form's fields with their values, as often and in the order they were sent.

    Raises
    ------
    Problem
        400 if it is no form, or has more fields than any of ours.
    """
    try:
        return parse_qsl(content.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Problem(400, "malformed", "this is no form that a browser would send") from error


def batches_of(content: bytes) -> Iterator[list[tuple[int, bytes]]]:
    """Lines with their numbers from 1, blank ones passed over, some at a time."""
    batch: list[tuple[int, bytes]] = []
    # One after the other: all at once, a body of line ends alone would be held many times over.
    for number, line in enumerate(BytesIO(content), start=1):
        if line.strip():
            batch.append((number, line))
        if len(batch) == _LINES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def as_lines(rows: Sequence[dict[str, Any]]) -> bytes:
    """Write values as lines of JSON."""
    return "".join(canonical_json(row) + "\n" for row in rows).encode()
