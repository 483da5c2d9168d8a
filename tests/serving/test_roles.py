"""Every endpoint times every role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import pytest
from serving import made_store
from serving.made_store import EVENT, PATIENT, Address
from starlette.routing import Match

from spinecast.serving.actors import PERMISSIONS, Actor, Role, local_demonstration
from spinecast.serving.app import make_app
from spinecast.serving.permitting import permission_of
from spinecast.serving.state import State

OPEN = {"/static/{name}", "/api/v1", "/api/v1/health", "/api/v1/ready"}

CALL = {
    "hook": "patient-view",
    "hookInstance": "00000000-0000-0000-0000-000000000007",
    "context": {"userId": "Practitioner/17", "patientId": "4711"},
    "prefetch": {"patient": {"resourceType": "Patient", "id": "4711", "birthDate": "1963-05-17"}},
}

ENDPOINTS: dict[tuple[str, str], tuple[str, Any]] = {
    ("GET", "/"): ("read_models", None),
    ("GET", f"/models/{EVENT}"): ("read_models", None),
    ("GET", "/patient/synthetic-simulated"): ("predict", None),
    ("POST", "/patient/synthetic-simulated"): ("predict", {}),
    ("POST", "/patient/synthetic-simulated/answers"): ("predict", {}),
    ("GET", "/mine"): ("read_own", None),
    ("GET", "/mine/1"): ("read_own", None),
    ("GET", "/audit"): ("read_log", None),
    ("GET", "/audit/found.csv"): ("read_log", None),
    ("POST", "/audit/patient"): ("read_log", None),
    ("GET", "/audit/records/1"): ("read_log", None),
    ("GET", "/audit/records/1/export.json"): ("read_log", None),
    ("GET", "/audit/compare?first=1&second=1"): ("read_log", None),
    ("GET", "/audit/compare/export.csv?first=1&second=1"): ("read_log", None),
    ("GET", f"/audit/versions/{EVENT}/1/model-card"): ("read_log", None),
    ("POST", "/audit/records/1/replay"): ("replay", None),
    ("POST", "/audit/records/1/version"): ("replay", None),
    ("GET", "/audit/verify"): ("read_log", None),
    ("POST", "/audit/verify"): ("read_log", None),
    ("GET", "openapi.json"): ("read_models", None),
    ("GET", "models"): ("read_models", None),
    ("GET", f"models/{EVENT}"): ("read_models", None),
    ("GET", f"models/{EVENT}/card"): ("read_models", None),
    ("GET", f"models/{EVENT}/schema"): ("read_models", None),
    ("GET", "metrics"): ("read_metrics", None),
    ("POST", f"models/{EVENT}/predict"): ("predict", {"inputs": PATIENT}),
    ("POST", f"models/{EVENT}/explain"): ("predict", {"inputs": PATIENT}),
    ("POST", f"models/{EVENT}/predict-many"): ("predict", {"inputs": PATIENT}),
    ("POST", "scores"): ("predict", {"inputs": {"age": 63}}),
    ("GET", "predictions"): ("read_own", None),
    ("POST", "predictions/search"): ("read_own", {"patient": "4711"}),
    ("GET", "predictions/1"): ("read_own", None),
    ("POST", "predictions/1/replay"): ("replay", None),
    ("GET", "/cds-services"): ("predict", None),
    ("POST", f"/cds-services/{EVENT}"): ("predict", CALL),
    ("POST", f"/cds-services/{EVENT}/risk-assessment"): ("predict", CALL),
    ("POST", f"/cds-services/{EVENT}/feedback"): ("predict", {"feedback": []}),
}


def test_every_route_says_what_it_needs(state: State) -> None:
    routes = {
        (method, route.path): permission_of(route)
        for route in make_app(state).routes
        for method in getattr(route, "methods", ())
        if method != "HEAD"  # which is GET without its content
    }
    assert {path for (_, path), permission in routes.items() if permission is None} == OPEN
    # Each address below is one of the application's own routes, with its permission, and no route is without one: a new
    # route fails here until somebody has said who may call it, and every role is then tried at it.
    asked = {route_of(make_app(state).routes, method, path): said for (method, path), (said, _) in ENDPOINTS.items()}
    assert asked == {route: permission for route, permission in routes.items() if permission is not None}
    assert len(asked) == len(ENDPOINTS)


def route_of(routes: Sequence[Any], method: str, path: str) -> tuple[str, str]:
    """The route that an address is answered by, as the application itself finds it."""
    address = (path if path.startswith("/") else f"/api/v1/{path}").partition("?")[0]
    scope = {"type": "http", "method": method, "path": address, "root_path": "", "headers": []}
    found = next(route for route in routes if route.matches(scope)[0] is Match.FULL)
    return method, found.path


@pytest.mark.parametrize("role", get_args(Role))
def test_every_role_may_do_what_the_table_says_and_nothing_else(state: State, role: Role) -> None:
    with made_store.running(make_app(state, lambda _: Actor("somebody", frozenset({role})))) as server:
        before = state.log.count()
        for (method, path), (permission, body) in ENDPOINTS.items():
            said = server.ask(method, path, body)
            assert (said.status == 403) == (permission not in PERMISSIONS[role]), (role, path, said.content)
        head = state.log.head()
        assert head is not None
        if head.sequence > before:
            assert head.actor == f"somebody ({role})"
        for path in OPEN:
            assert server.get(path.replace("{name}", "page.css")).status == 200


def test_nobody_without_a_role_may_do_anything(state: State) -> None:
    with made_store.running(make_app(state, lambda _: Actor("nobody", frozenset()))) as server:
        assert {server.ask(method, path, body).status for (method, path), (_, body) in ENDPOINTS.items()} == {403}


def test_the_demonstration_user_has_every_role_and_every_surface_says_so(server: Address) -> None:
    assert local_demonstration().roles == set(get_args(Role))
    assert "no account" in server.get("/").content.decode()
    for path in ("/api/v1", "models", f"models/{EVENT}", f"models/{EVENT}/card", "health", "ready", "predictions"):
        assert "no account" in server.get(path).json["mode"], path
    assert "no account" in server.get("openapi.json").json["info"]["description"]
