from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import made_logs
import pytest
from fastapi import Request
from serving import made_store
from serving.auditing.asking import ANNA, BERT, asked
from serving.made_store import DECLINING, EVENT, GRADE, LOSS, PATIENT, TIMES, Address
from sqlalchemy import text

from spinecast.audit.log import open_log
from spinecast.audit.records import Draft
from spinecast.audit.writer import AuditWriter
from spinecast.serving.actors import Actor
from spinecast.serving.app import make_app
from spinecast.serving.state import State


@pytest.fixture(scope="session")
def by_name(state: State) -> Iterator[Address]:
    """A server that takes whoever says who they are: `X-Who: name role`."""

    with made_store.running(make_app(state, who)) as address:
        yield address


def who(request: Request) -> Actor:
    name, _, role = request.headers.get("x-who", "aude auditor").partition(" ")
    return Actor(name, frozenset({role}))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def answers(by_name: Address) -> dict[str, dict[str, Any]]:
    return {
        "young": asked(by_name, ANNA, EVENT, {"age": 41, "albumin": 4.4}, patient="4711"),
        "old": asked(by_name, BERT, EVENT, {**PATIENT, "age": 79}),
        "times": asked(by_name, ANNA, TIMES, {"age": 63, "albumin": 2.9}),
        "declined": asked(by_name, ANNA, DECLINING, {"age": 63}),
        "loss": asked(by_name, ANNA, LOSS, {"age": 63, "hemoglobin": 11}),
        "levels": asked(by_name, ANNA, GRADE, {"age": 63, "hemoglobin": 11}),
    }


@pytest.fixture
def own_log(state: State, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[State, Address]]:
    """The same models over a log of its own, whose triggers are gone: what is done to it harms no other test."""
    log = open_log(made_logs.sqlite_places(request, tmp_path))
    with log.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_record_no_update"))
        connection.execute(text("DROP TRIGGER audit_record_no_delete"))
    own = replace(state, log=log, writer=AuditWriter(log))
    own.writer.record([Draft("start", "server", {})])
    with made_store.running(make_app(own, who)) as address:
        yield own, address
    own.writer.close()
    log.close()
