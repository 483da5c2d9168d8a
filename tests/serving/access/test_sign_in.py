"""Signing in with a password, sessions, forms, keys, limits: as a browser and a program meet them."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

import pytest
from serving import made_store
from serving.access.conftest import PASSWORDS
from serving.access.made_browser import Browser
from serving.made_store import EVENT, PATIENT, Address

from spinecast.accounts.people import People
from spinecast.errors import AuditError
from spinecast.serving.access.gate import NOT_RIGHT, Gate
from spinecast.serving.access.rates import Rates
from spinecast.serving.access.settings import Door
from spinecast.serving.app import make_app
from spinecast.serving.state import State


def last(state: State, kind: str) -> dict[str, Any]:
    found = state.log.find(kind=kind, limit=1)[0]
    return {"actor": found.actor, **(found.body or {})}


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_then_to_the_page_they_wanted(
    browser: Browser, signed_state: State
) -> None:
    sent = browser.get("/account")
    assert (sent.status, sent.headers["location"]) == (303, "/sign-in?next=/account")
    assert browser.get("/").headers["location"] == "/sign-in"
    done = browser.sign_in("Anna", PASSWORDS["anna"], "/sign-in?next=/account")
    assert (done.status, done.headers["location"]) == (303, "/account")
    page = browser.get("/account").content.decode()
    assert "clinician" in page
    assert "Sign-in is required" in page
    assert last(signed_state, "signin") == {"actor": "anna (clinician)", "how": "password", "address": "127.0.0.1"}
    cookie = next(line for line in browser.set if line.startswith("spinecast-session="))
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie.casefold()
    assert "max-age" not in cookie.casefold()


def test_wrong_and_unknown_are_answered_alike_and_recorded_without_what_was_typed(
    browser: Browser, signed_state: State
) -> None:
    wrong = browser.sign_in("dora", "not the right password")
    known = last(signed_state, "refused")
    unknown = browser.sign_in("my secret typed into the wrong field", "x")
    assert wrong.status == unknown.status == 401
    assert NOT_RIGHT in wrong.content.decode()
    plain = [re.sub(r'(form_token|next)" value="[^"]*"', "", said.content.decode()) for said in (wrong, unknown)]
    assert plain[0] == plain[1]
    assert known == {"actor": "nobody", "why": "password", "address": "127.0.0.1", "account": "dora"}
    assert last(signed_state, "refused") == {"actor": "nobody", "why": "password", "address": "127.0.0.1"}
    assert "spinecast-session" not in browser.cookies


@pytest.mark.parametrize(
    "wanted",
    ["//evil", "//evil.example", "https://evil.example", "/\\evil.example", "/a?b=c", "/sign-in", "javascript:x", ""],
)
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browser, wanted: str) -> None:
    page = browser.get("/sign-in").content.decode()
    token = re.search(r'name="form_token" value="(\w+)"', page)
    assert token
    fields = {"form_token": token[1], "next": wanted, "name": "anna", "password": PASSWORDS["anna"]}
    assert browser.post("/sign-in", fields).headers["location"] == "/"


def test_a_session_is_new_at_each_sign_in_and_ends_on_the_server(anna: Browser, signed_state: State) -> None:
    first = anna.cookies["spinecast-session"]
    assert anna.sign_in("anna", PASSWORDS["anna"]).status == 303
    second = anna.cookies["spinecast-session"]
    assert first != second
    stale = Browser(anna.server)
    stale.cookies["spinecast-session"] = first
    assert stale.get("models").status == 401
    assert anna.get("models").status == 200
    out = anna.fill("/", "/sign-out")
    assert (out.status, out.headers["location"]) == (303, "/sign-in")
    assert out.headers["clear-site-data"] == '"cache"'
    assert "spinecast-session" not in anna.cookies
    anna.cookies["spinecast-session"] = second  # kept by somebody
    assert anna.get("models").status == 401
    assert last(signed_state, "signout")["actor"] == "anna (clinician)"


def test_no_other_site_can_make_a_browser_ask(anna: Browser, signed_state: State) -> None:
    before = signed_state.log.count()
    predict, body = f"models/{EVENT}/predict", {"inputs": PATIENT}
    page = anna.get("/").content.decode()
    token = re.search(r'name="form_token" value="(\w+)"', page)
    assert token
    refused = [
        anna.ask("POST", predict, body),
        anna.ask("POST", predict, body, X_Form_Token="0" * 64),
        anna.post("/sign-out", {}),
        anna.post("/account/sessions/end", {"form_token": ""}),
        anna.post("/sign-out", {"form_token": token[1]}, Origin="https://evil.example"),
        anna.post("/sign-out", {"form_token": token[1]}, Sec_Fetch_Site="cross-site"),
        anna.post("/sign-out", {"form_token": token[1]}, Sec_Fetch_Site="same-site"),
        anna.ask("POST", "/sign-out", b"form_token=" + token[1].encode(), "text/plain"),
        Browser(anna.server).post("/sign-in", {"name": "anna", "password": PASSWORDS["anna"]}),
    ]
    assert [said.status for said in refused] == [403] * len(refused)
    assert signed_state.log.count() == before
    assert anna.ask("POST", predict, body, X_Form_Token=token[1], Sec_Fetch_Site="same-origin").status == 200
    assert last(signed_state, "prediction")["actor"] == "anna (clinician)"


def test_the_form_of_a_patient_comes_from_our_own_page(anna: Browser, signed_state: State) -> None:
    address = "/patient/synthetic-simulated"
    assert anna.post(address, {"v.age": "63"}).status == 403
    assert anna.post(f"{address}/answers", {"v.age": "63"}).status == 403
    page = anna.get(address).content.decode()
    form = page[page.index('<form id="patient"') :]
    token = re.findall(r'name="form_token" value="(\w+)"', form)[0]
    before = signed_state.log.count()
    assert anna.post(address, {"v.age": "63", "form_token": token}).status == 200
    assert anna.post(f"{address}/answers", {"v.age": "63", "form_token": token}).status == 200
    made = list(signed_state.log.records(before + 1))
    assert {record.actor for record in made} == {"anna (clinician)"}
    assert "form_token" not in "".join(record.content or "" for record in made)
    stranger = Browser(anna.server)
    assert stranger.post(address, {"v.age": "63"}).status == 401


def test_a_program_comes_with_a_key_that_is_good_for_its_scopes_alone(anna: Browser, signed_state: State) -> None:
    made = anna.fill("/account", "/account/keys", **{"scope.predict": "yes", "days": "30", "note": "ward list"})
    key = re.search(r"spinecast_[0-9a-f]{8}_[\w-]{43}", made.content.decode())
    assert key
    prefix = key[0].split("_")[1]
    assert key[0] not in anna.get("/account").content.decode()  # shown once
    bearer = {"Authorization": f"Bearer {key[0]}"}
    server = anna.server
    assert server.ask("POST", f"models/{EVENT}/predict", {"inputs": PATIENT}, bearer).status == 200
    assert last(signed_state, "prediction")["actor"] == f"anna (clinician; key {prefix})"
    assert server.ask("GET", "models", None, bearer).status == 403
    assert server.ask("GET", "/account", None, bearer).status == 403
    said = anna.ask("GET", "models", Authorization=f"Bearer {key[0][:-1]}{'A' if key[0][-1] != 'A' else 'B'}")
    assert said.status == 401  # a wrong key does not fall back to a session
    assert said.headers["www-authenticate"].startswith("Bearer")
    revoked = anna.fill("/account", f"/account/keys/{prefix}/revoke")
    assert "revoked" in revoked.content.decode()
    assert server.ask("POST", f"models/{EVENT}/predict", {"inputs": PATIENT}, bearer).status == 401
    for fields, why in (({"days": "30"}, "no scope is named"), ({"days": "x", "scope.predict": "1"}, "no number")):
        said = anna.fill("/account", "/account/keys", **fields)
        assert said.status == 422
        assert why in said.content.decode()


def test_somebody_sees_their_own_records_and_an_auditor_all_of_them(anna: Browser, signed_server: Address) -> None:
    page = anna.get("/").content.decode()
    token = re.findall(r'name="form_token" value="(\w+)"', page)[0]
    asked = {"inputs": PATIENT, "patient": "4711"}
    own = anna.ask("POST", f"models/{EVENT}/predict", asked, X_Form_Token=token).json
    seen = anna.get("predictions?limit=1000").json["records"]
    assert own["audit_id"] in {record["record"] for record in seen}
    assert {record["actor"].split(" (")[0] for record in seen} == {"anna"}
    assert anna.get(f"predictions/{own['audit_id']}").json["content"]["answer"]
    assert anna.get("predictions/1").status == 404  # the server's start
    found = anna.ask("POST", "predictions/search", {"patient": "4711"}, X_Form_Token=token).json["records"]
    assert own["audit_id"] in {record["record"] for record in found}
    auditor = Browser(signed_server)
    auditor.sign_in("aude", PASSWORDS["aude"])
    assert auditor.get("predictions/1").status == 200
    assert len({record["actor"] for record in auditor.get("predictions?limit=1000").json["records"]}) > 3


def test_a_password_is_changed_by_who_knows_the_present_one(anna: Browser, gate: Gate) -> None:
    new = "another four words of anna's mother"
    for fields, why in (
        ({"present": "not the right one", "new": new, "again": new}, "present password is not right"),
        ({"present": PASSWORDS["anna"], "new": new, "again": new + "x"}, "not the same twice"),
        ({"present": PASSWORDS["anna"], "new": "short", "again": "short"}, "has 5 characters"),
    ):
        said = anna.fill("/account", "/account/password", **fields)
        assert said.status == 422
        assert why in said.content.decode()
    new = new.replace("anna", "bert")
    assert anna.fill("/account", "/account/password", present=PASSWORDS["anna"], new=new, again=new).status == 303
    assert anna.get("models").status == 401
    assert gate.people.with_password("anna", new) is not None
    gate.people.set_password("anna", PASSWORDS["anna"], "test")


def test_every_session_of_an_account_can_be_ended_at_once(anna: Browser, signed_server: Address) -> None:
    elsewhere = Browser(signed_server)
    elsewhere.sign_in("anna", PASSWORDS["anna"])
    assert elsewhere.get("models").status == 200
    assert anna.fill("/account", "/account/sessions/end").status == 303
    assert elsewhere.get("models").status == 401


def test_an_account_that_is_disabled_or_given_other_roles_feels_it_at_once(anna: Browser, gate: Gate) -> None:
    people: People = gate.people
    people.set_roles("anna", {"auditor"}, "test")
    assert anna.get("predictions/1").status == 200
    people.set_disabled("anna", True, "test")
    assert anna.get("predictions/1").status == 401
    people.set_disabled("anna", False, "test")
    people.set_roles("anna", {"clinician"}, "test")


def test_who_fails_too_often_waits_and_who_asks_too_often_too(signed_state: State, gate: Gate) -> None:
    hasty = replace(gate, rates=Rates(3))
    with made_store.running(make_app(signed_state, gate=hasty)) as server:
        browser = Browser(server)
        statuses = [browser.sign_in("unheard of", "x" * 15).status for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        said = browser.sign_in("unheard of", "x" * 15)
        assert 0 < int(said.headers["retry-after"]) <= 30
        assert "wait" in said.content.decode()
        assert last(signed_state, "refused")["why"] == "waiting"
        browser.sign_in("dora", PASSWORDS["dora"])
        statuses = [browser.get("models").status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        limited = browser.get("models")
        assert limited.json["type"].endswith("too-many-requests")
        assert 0 < int(limited.headers["retry-after"]) <= 60


def test_strangers_are_counted_by_their_address(signed_state: State, gate: Gate) -> None:
    with made_store.running(make_app(signed_state, gate=replace(gate, rates=Rates(100, strangers=2)))) as server:
        assert [Browser(server).get("/sign-in").status for _ in range(3)] == [200, 200, 429]


def test_nobody_comes_in_whose_sign_in_cannot_be_recorded(signed_state: State, gate: Gate) -> None:
    def gone(*_: Any) -> None:
        raise AuditError("the audit log cannot be reached")

    broken = replace(gate, store=replace(gate.store, record_with=gone))
    with made_store.running(make_app(signed_state, gate=broken)) as server:
        browser = Browser(server)
        assert browser.sign_in("anna", PASSWORDS["anna"]).status == 503
        assert "spinecast-session" not in browser.cookies
        assert browser.sign_in("anna", "not the right password").status == 503


def test_the_document_of_the_interface_says_how_to_prove_who_one_is(anna: Browser) -> None:
    said = anna.get("openapi.json").json
    assert said["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {"key": []} in said["security"]


def test_behind_https_cookies_and_browsers_are_bound_to_it(signed_state: State, gate: Gate) -> None:
    door = Door(frozenset({"127.0.0.1", "spinecast.example.org"}), https=True)
    with made_store.running(make_app(signed_state, gate=replace(gate, door=door))) as server:
        browser = Browser(server)
        done = browser.sign_in("anna", PASSWORDS["anna"])
        assert done.headers["strict-transport-security"].startswith("max-age=")
        cookie = next(line for line in browser.set if line.startswith("__Host-spinecast-session="))
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "domain" not in cookie.casefold()
        for host, status in (("spinecast.example.org", 200), ("evil.example", 421)):
            assert browser.ask("GET", "models", Host=host).status == status


def test_every_answer_says_what_a_browser_may_do_with_it(anna: Browser) -> None:
    for path in ("/sign-in", "/account", "models", "/nothing", "health"):
        said = anna.get(path)
        assert said.headers["x-content-type-options"] == "nosniff", path
        assert said.headers["referrer-policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in said.headers["content-security-policy"], path
        assert said.headers["cache-control"] == "no-store", path
        assert "geolocation=()" in said.headers["permissions-policy"], path
        assert "strict-transport-security" not in said.headers, path


def test_nothing_secret_and_nothing_of_a_patient_enters_any_log(
    signed_server: Address, signed_state: State, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = Browser(signed_server)
    browser.sign_in("planted name", "planted password of mine")
    browser.sign_in("anna", PASSWORDS["anna"])
    session = browser.cookies["spinecast-session"]
    made = browser.fill("/account", "/account/keys", **{"scope.predict": "yes", "days": "3"}).content.decode()
    found = re.search(r"spinecast_[0-9a-f]{8}_([\w-]{43})", made)
    assert found
    bearer = {"Authorization": f"Bearer {found[0]}"}
    asked = {"inputs": {**PATIENT, "age": 61.90625}, "patient": "planted patient"}
    assert signed_server.ask("POST", f"models/{EVENT}/predict", asked, bearer).status == 200
    wrong = {"inputs": {"age": -61.90625, "planted field": 1}}
    assert signed_server.ask("POST", f"models/{EVENT}/predict", wrong, bearer).status == 422
    assert signed_server.ask("GET", "models/planted?patient=planted", None, bearer).status in (403, 404)
    logged = caplog.text + "".join(capfd.readouterr())
    assert '"route": "/api/v1/models/{name}/predict"' in logged
    records = "".join(record.content or "" for record in signed_state.log.records())
    token = re.findall(r'name="form_token" value="(\w+)"', made)[0]
    for secret in ("planted", PASSWORDS["anna"], session, found[1], token, "61.90625"):
        assert secret not in logged
    for secret in ("planted password", "planted name", PASSWORDS["anna"], session, found[1], token, "planted patient"):
        assert secret not in records
