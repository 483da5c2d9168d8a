"""Pages of other sites: none may call but those that are named, and these nothing but CDS Hooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serving import made_store
from serving.hospital.made_charts import NOW, PATH, call
from serving.made_store import EVENT, Address

from spinecast.serving.app import make_app
from spinecast.serving.hospital.routes import Hospital
from spinecast.serving.state import State

EHR = "https://ehr.example.org"
FROM_EHR = {"Origin": EHR, "Sec-Fetch-Site": "cross-site"}
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture(scope="module")
def shared(state: State) -> Iterator[Address]:
    hospital = Hospital(origins=frozenset({EHR}), clock=lambda: NOW)
    with made_store.running(make_app(state, hospital=hospital)) as address:
        yield address


def test_a_named_site_may_call(shared: Address) -> None:
    before = shared.ask("OPTIONS", PATH, headers=FROM_EHR | PREFLIGHT)
    assert before.status == 200
    assert before.headers["access-control-allow-origin"] == EHR
    assert "authorization" in before.headers["access-control-allow-headers"].casefold()
    assert "access-control-allow-credentials" not in before.headers
    said = shared.ask("POST", PATH, call(), headers=FROM_EHR)
    assert (said.status, said.headers["access-control-allow-origin"]) == (200, EHR)


def test_another_site_may_not(shared: Address) -> None:
    stranger = {"Origin": "https://stranger.example.org", "Sec-Fetch-Site": "cross-site"}
    for headers in (stranger, stranger | PREFLIGHT, {"Origin": "null"}):
        for method, body in (("POST", call()), ("OPTIONS", None)):
            said = shared.ask(method, PATH, body, headers=headers)
            assert said.status == 403
            assert "access-control-allow-origin" not in said.headers


def test_a_named_site_may_call_nothing_else(shared: Address) -> None:
    for path in (f"models/{EVENT}/predict", "/patient/synthetic-simulated", "/cds-servicesx"):
        assert shared.ask("POST", path, {"inputs": {"age": 60}}, headers=FROM_EHR).status == 403
    assert "access-control-allow-origin" not in shared.ask("GET", "models", headers=FROM_EHR).headers


def test_without_named_sites_none_may(hospital_server: Address) -> None:
    assert hospital_server.ask("POST", PATH, call(), headers=FROM_EHR).status == 403
    assert hospital_server.ask("OPTIONS", PATH, headers=FROM_EHR | PREFLIGHT).status == 403
