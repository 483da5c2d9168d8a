"""Every endpoint, pages included, times every role and no role, as somebody who has signed in or has not."""

from __future__ import annotations

import re

import pytest
from serving.access.conftest import PASSWORDS, ROLES
from serving.access.made_browser import Browser
from serving.made_store import Address
from serving.test_roles import ENDPOINTS, OPEN

from spinecast.serving.access.gate import Gate
from spinecast.serving.actors import PERMISSIONS
from spinecast.serving.app import make_app
from spinecast.serving.hospital.origins import is_of_hooks
from spinecast.serving.permitting import permission_of
from spinecast.serving.state import State

OWN = {
    ("GET", "/account"),
    ("POST", "/account/keys"),
    ("POST", "/account/keys/00000000/revoke"),
    ("POST", "/account/password"),
    ("POST", "/account/sessions/end"),
    ("POST", "/sign-out"),
}


def test_every_route_of_accounts_says_what_it_needs(signed_state: State, gate: Gate) -> None:
    routes = {
        (method, route.path.replace("{prefix}", "00000000")): permission_of(route)
        for route in make_app(signed_state, gate=gate).routes
        for method in getattr(route, "methods", ())
        if method != "HEAD"  # which is GET without its content
    }
    assert {path for (_, path), permission in routes.items() if permission is None} == OPEN | {"/sign-in"}
    assert {route for route, permission in routes.items() if permission == "own_account"} == OWN


@pytest.mark.parametrize("name", list(ROLES))
def test_a_role_that_is_signed_in_may_do_what_the_table_says(signed_server: Address, name: str) -> None:
    browser, may = Browser(signed_server), PERMISSIONS[ROLES[name]]  # type: ignore[index]
    browser.sign_in(name, PASSWORDS[name])
    page = browser.get("/account").content.decode()
    token = re.findall(r'name="form_token" value="(\w+)"', page)[0]
    for (method, path), (permission, body) in ENDPOINTS.items():
        said = browser.ask(method, path, body, X_Form_Token=token)
        assert (said.status == 403) == (permission not in may), (name, path, said.content)
        assert said.status < 500, (name, path, said.content)
        assert said.status != 401, (name, path)
    for method, path in sorted(OWN, key=lambda one: one[1] == "/sign-out"):
        said = browser.ask(method, path) if method == "GET" else browser.post(path, {"form_token": token})
        assert said.status != 403, (name, path)
        if path.endswith("/end"):
            browser.sign_in(name, PASSWORDS[name])
            page = browser.get("/account").content.decode()
            token = re.findall(r'name="form_token" value="(\w+)"', page)[0]
    assert browser.get("models").status == 401  # the last was signing out


def test_nobody_gets_anything(signed_server: Address) -> None:
    stranger = Browser(signed_server)
    for (method, path), (_, body) in ENDPOINTS.items():
        said = stranger.ask(method, path, body)
        is_page = path.startswith("/") and method == "GET" and not is_of_hooks(path)
        assert said.status == (303 if is_page else 401), (path, said.content)
        if not path.startswith("/"):
            assert said.json["type"] == "urn:spinecast:problem:sign-in-needed"
    for method, path in OWN:
        said = stranger.get(path) if method == "GET" else stranger.post(path, {})
        assert said.status == (303 if method == "GET" else 401), path
    assert {stranger.get(path.replace("{name}", "page.css")).status for path in OPEN} == {200}
