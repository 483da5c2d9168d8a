"""Bodies on their way in: none may come too slowly, and all of them together may hold only so much memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
from starlette.types import Message, Receive

from spinecast.serving.problems import Problem
from spinecast.serving.reading import MOST_BYTES

__all__ = ["Intake"]

MOST_HELD = 128 * 1024 * 1024
"""Bytes of large bodies that are held at once: eight of the largest."""
SECONDS = 20.0
"""Within which a body must have come, and a second more for each `BYTES_A_SECOND` of it that has."""
BYTES_A_SECOND = 64 * 1024

# Whoever has not sent all of a request cannot send another behind it.
_CLOSE = {"Connection": "close"}


class Intake:
    """What all requests that one server reads now have in common.

    Attributes
    ----------
    held : int
        Bytes.
    """

    def __init__(self) -> None:
        self.held = 0

    @contextmanager
    def of(self, receive: Receive) -> Iterator[Receive]:
        """Bound one request's body for as long as the request is answered.

        A question about one patient is never refused because others send tables: the first `MOST_BYTES` of each body
        are not counted.

        Parameters
        ----------
        receive : callable
            The server's own; what is yielded is used in its place, and raises `Problem`: 408 if the body comes too
            slowly, 503 if too much is held already.
        """
        body = _Body(self, receive)
        try:
            yield body.receive
        finally:
            self.held -= body.counted

    def take(self, count: int) -> None:
        """Hold so many bytes more.

        Raises
        ------
        Problem
            503 if that is too much.
        """
        if self.held + count > MOST_HELD:
            detail = "tables of others are being answered now, and no more fit into memory beside them"
            raise Problem(503, "busy", detail, headers={"Retry-After": "5", **_CLOSE})
        self.held += count


class _Body:
    def __init__(self, intake: Intake, receive: Receive) -> None:
        self._intake, self._receive = intake, receive
        self._came, self._is_whole = 0, False
        self._began: float | None = None
        self.counted = 0

    async def receive(self) -> Message:
        if self._is_whole:  # then this waits for whoever asked to go away
            return await self._receive()
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        message: Message = {}
        with anyio.move_on_after(self._began + SECONDS + self._came / BYTES_A_SECOND - now):
            message = await self._receive()
        if not message:
            raise Problem(408, "too-slow", "the body came too slowly", headers=_CLOSE)
        self._came += len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        more = max(0, self._came - MOST_BYTES) - self.counted
        self._intake.take(more)
        self.counted += more
        return message
