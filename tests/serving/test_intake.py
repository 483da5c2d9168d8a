"""Bodies that come slowly, and many large ones at once: each has an end, and single patients are answered beside."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator

import pytest
from serving import made_store
from serving.made_store import EVENT, PATIENT, Address
from starlette.types import Message, Receive, Scope, Send

from spinecast.serving import guard as guard_module
from spinecast.serving import intake as intake_module
from spinecast.serving.access.settings import Door
from spinecast.serving.app import make_app
from spinecast.serving.guard import Guard
from spinecast.serving.intake import Intake
from spinecast.serving.metrics import Metrics
from spinecast.serving.state import State

MANY = f"/api/v1/models/{EVENT}/predict-many"
LINE = json.dumps({"inputs": PATIENT}).encode() + b"\n"


@pytest.fixture
def own(state: State) -> Iterator[Address]:
    """A server with an intake of its own."""
    with made_store.running(make_app(state)) as server:
        yield server


def begun(server: Address, length: int, content: bytes) -> socket.socket:
    """Begin to send a request about many patients."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    head = f"POST {MANY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    connection.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + content)
    return connection


def whole(connection: socket.socket) -> bytes:
    """All that comes until the other end closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_large_bodies_share_one_bound_and_single_patients_are_answered_beside_them(
    own: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "MOST_HELD", 300_000)
    length = 250_000
    table = LINE + b"\n" * (length - len(LINE))  # one patient, and blank lines

    def ask() -> made_store.Said:
        return own.ask("POST", MANY, table, kind="application/x-ndjson")

    with begun(own, length, table[:240_000]) as first:
        deadline = time.monotonic() + 60
        while (second := ask()).status == 200:  # until what the first has sent is read
            assert time.monotonic() < deadline
        assert second.status == 503
        assert second.json["type"].endswith("busy")
        assert int(second.headers["retry-after"]) > 0
        assert second.headers["connection"] == "close"
        assert own.predict(PATIENT).status == 200
        first.sendall(table[240_000:])
        answered = first.recv(65536)
        assert answered.startswith(b"HTTP/1.1 200")
    deadline = time.monotonic() + 60
    while (again := ask()).status != 200:  # what was held is let go with the answer
        assert again.status == 503
        assert time.monotonic() < deadline
    assert [line["line"] for line in again.lines] == [1]


@pytest.mark.parametrize("drip", [b"", b"\n"])
def test_a_body_that_comes_too_slowly_or_not_at_all_is_waited_for_no_longer(
    own: Address, monkeypatch: pytest.MonkeyPatch, drip: bytes
) -> None:
    monkeypatch.setattr(intake_module, "SECONDS", 0.3)
    with begun(own, 1000, b"\n") as slow:
        for _ in range(8):
            time.sleep(0.05)
            try:
                slow.sendall(drip)
            except OSError:  # closed in the meantime
                break
        said = whole(slow)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"urn:spinecast:problem:too-slow" in said
    assert b"connection: close" in said.lower()
    assert own.predict(PATIENT).status == 200


def test_a_body_has_a_second_more_for_so_many_bytes_and_its_answer_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(intake_module, "SECONDS", 0.05)
    monkeypatch.setattr(intake_module, "BYTES_A_SECOND", 10)
    coming = [b"123456", b"7", b""]  # each after a tenth of a second: the first pays for the second and the third

    async def receive() -> Message:
        if not coming:
            await asyncio.sleep(0.3)
            return {"type": "http.disconnect"}
        piece = coming.pop(0)
        await asyncio.sleep(0.0 if piece == b"123456" else 0.1)
        return {"type": "http.request", "body": piece, "more_body": bool(coming)}

    async def read() -> list[Message]:
        with Intake().of(receive) as received:
            return [await received() for _ in range(4)]

    found = asyncio.run(read())
    assert b"".join(one.get("body", b"") for one in found) == b"1234567"
    assert found[-1]["type"] == "http.disconnect"


def test_whoever_takes_no_answer_holds_nothing_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "SECONDS_TO_TAKE", 0.05)
    sent: list[str] = []

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"{}", "more_body": True})

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 100_000, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message["type"])
        if len(sent) == 3:
            await asyncio.sleep(3600)

    guard = Guard(app, Metrics(), Door())
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"localhost")]}
    with pytest.raises(RuntimeError, match="was not taken in time"):
        asyncio.run(guard(scope, receive, send))
    assert len(sent) == 3
    assert guard.intake.held == 0
