"""Requests made up from the document, right ones and wrong ones, break nothing, and every answer keeps to it.

A few of each here. Ten thousand in all, before a release and after every change of the interface: ``make soak``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving.made_store import EVENT, Address

from spinecast.serving.hospital.origins import SERVICES
from spinecast.serving.openapi import document
from spinecast.serving.state import State

schemathesis = pytest.importorskip("schemathesis")
jsonschema = pytest.importorskip("jsonschema_rs")

# Of each way to ask, of each model: half of them right, half of them wrong.
pytestmark = pytest.mark.slow

CASES = int(os.environ.get("SPINECAST_CASES", "4"))
MANY = "predict-many"


def some(strategy: st.SearchStrategy[Any], cases: int) -> Callable[[Callable[[Any], None]], None]:
    """Try examples of a strategy."""

    def run(ask: Callable[[Any], None]) -> None:
        @settings(max_examples=cases, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=strategy)
        def each(case: Any) -> None:
            ask(case)

        each()

    return run


@pytest.fixture
def said(state: State) -> dict[str, Any]:
    """The document, of one model of each kind of answer: the others differ by their inputs alone."""
    found = document(state.models.current, state.mode)
    found["paths"] = {path: item for path, item in found["paths"].items() if "careful" not in path and _differs(path)}
    return found


def _differs(path: str) -> bool:
    """Calls of record systems differ by the model's searches alone: those of one are tried."""
    return not path.startswith(f"{SERVICES}/") or EVENT in path


@pytest.fixture
def operations(said: dict[str, Any], server: Address) -> list[Any]:
    schema = schemathesis.openapi.from_dict(said)
    schema.config.update(base_url=f"http://127.0.0.1:{server.port}")
    return [found.ok() for found in schema.get_all_operations()]


def test_made_up_requests_break_nothing_and_answers_keep_to_the_document(
    operations: list[Any], said: dict[str, Any], server: Address, state: State, pytestconfig: pytest.Config
) -> None:
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    wanted = [
        schemathesis.checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    asked: dict[str, int] = {}
    before = broken(state)

    def call(case: Any) -> None:
        asked[case.operation.label] = asked.get(case.operation.label, 0) + 1
        case.call_and_validate(checks=wanted)

    for operation in operations:
        if MANY in operation.path:
            continue
        some(operation.as_strategy(), (CASES + 1) // 2)(call)
        if operation.body or operation.query or operation.path_parameters:
            some(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE), CASES // 2)(call)
    for path, item in said["paths"].items():
        if MANY in path:
            many(path, item["post"], operations, said, server, asked)
    assert len(asked) == len(operations)
    assert broken(state) == before
    pytestconfig.get_terminal_writer().line(f" {sum(asked.values())} requests to {len(asked)} operations")


def broken(state: State) -> list[str]:
    """What the server has counted of its own failures: other tests of the same server have theirs on purpose."""
    return [line for line in state.metrics.text(1, 0).decode().splitlines() if 'status="5' in line]


def many(
    path: str,
    described: dict[str, Any],
    operations: list[Any],
    said: dict[str, Any],
    server: Address,
    asked: dict[str, int],
) -> None:
    """Bodies of several patients: questions as for one, and lines that are none."""
    from schemathesis import GenerationMode

    (one,) = [found for found in operations if found.path == path.replace(MANY, "predict")]
    right = one.as_strategy().map(lambda case: json.dumps(case.body).encode())
    wrong = one.as_strategy(generation_mode=GenerationMode.NEGATIVE).map(as_bytes)
    lines = st.lists(right | wrong | st.binary(max_size=20), max_size=4).map(b"\n".join)
    answered = described["responses"]["200"]["content"]["application/x-ndjson"]["schema"]["x-line"]
    validator = jsonschema.validator_for({**answered, "components": said["components"]})

    def call(body: bytes) -> None:
        label = f"POST {path}"
        asked[label] = asked.get(label, 0) + 1
        response = server.ask("POST", path, body, kind="application/x-ndjson")
        assert response.status == 200, (body, response.content)
        assert response.headers["content-type"] == "application/x-ndjson"
        found = response.lines
        numbers = [number for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
        assert [line["line"] for line in found] == numbers
        for line in found:
            validator.validate(line)

    some(lines, CASES)(call)


def as_bytes(case: Any) -> bytes:
    """Write a wrong body in one line, if it can be written at all."""
    try:
        return json.dumps(case.body).encode()
    except TypeError:
        return repr(case.body).replace("\n", " ").encode("utf-8", "replace")
