"""Signing in at an OpenID Connect provider, over real connections to one that signs with its own key."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey
from serving import made_store
from serving.access.made_browser import Browser
from serving.access.made_provider import CLIENT, SECRET, MadeProvider
from serving.access.test_sign_in import last
from serving.made_store import Address, Said

from spinecast.errors import ServingError
from spinecast.serving.access.provider import Provider
from spinecast.serving.access.settings import (
    ProviderSettings,
    ServerSettings,
    SignInSettings,
    client_secret,
    door_of,
)
from spinecast.serving.app import make_app
from spinecast.serving.server import open_gate
from spinecast.serving.state import State

OTHER_KEY = ECKey.generate_key("P-256", {"kid": "second"})


@pytest.fixture(scope="module")
def made() -> Iterator[MadeProvider]:
    provider = MadeProvider()
    with made_store.running(provider.app()) as address:
        provider.issuer = f"http://127.0.0.1:{address.port}"
        yield provider


@pytest.fixture(scope="module")
def server(made: MadeProvider, signed_state: State) -> Iterator[Address]:
    patch = pytest.MonkeyPatch()
    patch.setenv("SPINECAST_OIDC_SECRET", SECRET)
    roles: Any = {"spine": ("clinician",), "audit": ("auditor",)}
    settings = ProviderSettings(issuer=made.issuer, client_id=CLIENT, roles=roles, label="Sign in at the hospital")
    sign_in = SignInSettings(provider=settings)
    server_settings = ServerSettings(sign_in=sign_in, requests_per_minute=100_000)
    gate = open_gate(signed_state, server_settings, sign_in, door_of(server_settings), "http://127.0.0.1")
    patch.undo()
    with made_store.running(make_app(signed_state, gate=gate)) as address:
        assert gate.provider is not None
        gate.provider._back_to = f"http://127.0.0.1:{address.port}/sign-in/provider/return"
        yield address


@pytest.fixture(autouse=True)
def as_it_was(made: MadeProvider) -> Iterator[None]:
    before = dict(vars(made))
    yield
    vars(made).update(before)


def gone(browser: Browser, page: str = "/sign-in/provider") -> str:
    """Go to the provider; return the address it sends the browser back to."""
    there = browser.get(page)
    assert there.status == 303, there.content
    parts = urlsplit(there.headers["location"])
    said = Address(parts.port or 0).ask("GET", f"{parts.path}?{parts.query}")
    back = urlsplit(said.headers["location"])
    return f"{back.path}?{back.query}"


def signed_in(server: Address) -> tuple[Browser, Said]:
    browser = Browser(server)
    return browser, browser.get(gone(browser))


def test_whom_the_provider_vouches_for_comes_in_with_the_roles_it_says(
    server: Address, made: MadeProvider, signed_state: State
) -> None:
    browser = Browser(server)
    assert "Sign in at the hospital" in browser.get("/sign-in").content.decode()
    done = browser.get(gone(browser, "/sign-in/provider?next=/account"))
    assert (done.status, done.headers["location"]) == (303, "/account")
    assert not {"spinecast-attempt", "code"} & set(browser.cookies)
    cookie = next(line for line in browser.set if line.startswith("spinecast-session="))
    assert "SameSite=lax" in cookie  # strict would not be sent after a redirect from the provider
    page = browser.get("/account").content.decode()
    assert "berta" in page
    assert made.issuer in page
    assert "Another password" not in page
    said = last(signed_state, "signin")
    assert said == {"actor": "berta (clinician)", "how": "provider", "address": "127.0.0.1"}
    made.person = {**made.person, "groups": ["audit", "unheard of"]}
    _, again = signed_in(server)
    assert again.status == 303
    assert last(signed_state, "signin")["actor"] == "berta (auditor)"
    assert last(signed_state, "account")["roles"] == ["auditor"]
    assert made.asked.count("description") == made.asked.count("keys") == 1  # and not at each sign-in


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "not good"),
        ({"nonce": None}, "not good"),
        ({"iss": "https://evil.example"}, "not good"),
        ({"aud": "another client"}, "not good"),
        ({"aud": "another client", "azp": CLIENT}, "not good"),
        ({"aud": [CLIENT, "another"], "azp": "another"}, "not good"),
        ({"exp": int(time.time()) - 3600}, "not good"),
        ({"exp": None}, "not good"),
        ({"at_hash": "AAAA"}, "not good"),
        ({"groups": ["unheard of"]}, "no role here"),
        ({"groups": None}, "no role here"),
        ({"groups": {"spine": True}}, "no role here"),
        ({"preferred_username": None}, "preferred_username"),
        ({"preferred_username": "a (b)", "sub": "19"}, "cannot be the name"),
        ({"preferred_username": "anna", "sub": "18"}, "an account anna already"),
        ({"sub": ""}, "cannot be kept"),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_lets_nobody_in(
    server: Address, made: MadeProvider, signed_state: State, claims: dict[str, Any], why: str
) -> None:
    made.twist = lambda said: {name: value for name, value in (said | claims).items() if value is not None}
    browser, said = signed_in(server)
    assert said.status == 403, said.content
    assert why in said.content.decode()
    assert "spinecast-session" not in browser.cookies
    assert why in last(signed_state, "refused")["why"]


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("none", None),
        ("HS256", OctKey.import_key(SECRET)),
        ("RS256", RSAKey.generate_key(2048, {"kid": "first"})),
        ("ES256", OTHER_KEY),
    ],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    server: Address, made: MadeProvider, algorithm: str, key: Any
) -> None:
    made.algorithm, made.sign_with = algorithm, key
    browser, said = signed_in(server)
    assert said.status == 403
    assert "identity token is not good" in said.content.decode()
    assert "spinecast-session" not in browser.cookies


def test_what_comes_back_must_be_what_was_begun_in_this_browser_and_once(server: Address, made: MadeProvider) -> None:
    browser, thief = Browser(server), Browser(server)
    back = gone(browser)
    made.asked = []
    state = parse_qs(urlsplit(back).query)["state"][0]
    said = browser.get(back.replace(state, "A" * len(state)))  # as if another's answer had been slipped in
    assert said.status == 403
    assert "begin again" in said.content.decode()
    assert made.asked == []
    back = gone(browser)
    assert thief.get(back).status == 403  # another browser, with the same address
    gone(thief)
    assert thief.get(back).status == 403  # which has begun a sign-in of its own
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert browser.get(f"/sign-in/provider/return?state={state}&error=access_denied").status == 403
    assert browser.get(back).status == 403  # begun anew after a failure, not gone on with
    first = Browser(server)
    back = gone(first)
    attempt = first.cookies["spinecast-attempt"]
    assert first.get(back).status == 303
    replayed = Browser(server)
    replayed.cookies["spinecast-attempt"] = attempt
    assert replayed.get(back).status == 403
    other = gone(browser)
    assert browser.get(other.replace("iss=http", "iss=https")).status == 403
    injected = Browser(server)
    mine, theirs = gone(injected), gone(Browser(server))
    code = parse_qs(urlsplit(theirs).query)["code"][0]
    own = parse_qs(urlsplit(mine).query)["code"][0]
    said = injected.get(mine.replace(own, code))
    assert said.status == 403  # somebody else's code: the provider finds that the verifier is not its own
    assert made.refusals[-1] == "invalid_grant"
    assert "planted description" not in said.content.decode()


def test_a_new_key_of_the_provider_is_asked_for_once(made: MadeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    from spinecast.accounts.attempts import Attempt
    from spinecast.serving.access import provider as module

    settings = ProviderSettings(issuer=made.issuer, client_id=CLIENT, roles={"spine": ("clinician",)})
    provider = Provider(settings, SECRET, "http://127.0.0.1/back")

    def vouched() -> str:
        attempt = Attempt("s" * 43, "n" * 43, "v" * 64, "/")
        parts = urlsplit(provider.address(attempt))
        back = Address(parts.port or 0).ask("GET", f"{parts.path}?{parts.query}").headers["location"]
        return provider.vouched(parse_qs(urlsplit(back).query)["code"][0], attempt).name

    assert vouched() == "Berta"
    made.key, made.algorithm = OTHER_KEY, "ES256"
    made.asked.clear()
    with pytest.raises(ServingError, match="not good"):  # too soon after the last time
        vouched()
    assert made.asked == ["token"]
    monkeypatch.setattr(module, "_AGAIN", -1.0)
    assert vouched() == "Berta"
    assert made.asked == ["token", "token", "keys"]


def test_a_provider_that_is_gone_or_is_another_is_one_clear_answer(made: MadeProvider) -> None:
    def address(issuer: str) -> str:
        from spinecast.accounts.attempts import Attempt

        settings = ProviderSettings(issuer=issuer, client_id=CLIENT, roles={"spine": ("clinician",)})
        return Provider(settings, SECRET, "http://127.0.0.1/back").address(Attempt("s", "n", "v", "/"))

    with pytest.raises(ServingError, match="does not answer: ConnectionError"):
        address("http://127.0.0.1:9")
    with pytest.raises(ServingError, match="calls itself something else"):
        address(f"{made.issuer}/")
    with pytest.raises(ServingError, match="not in the environment"):
        client_secret({})


def test_whoever_has_begun_nothing_writes_no_record_and_whoever_has_does(server: Address, signed_state: State) -> None:
    before = signed_state.log.count()
    stranger = Browser(server)
    assert stranger.get("/sign-in/provider/return").status == 403
    stranger.cookies["spinecast-attempt"] = "made up"
    assert stranger.get("/sign-in/provider/return?state=a&code=b").status == 403
    assert signed_state.log.count() == before
    gone(stranger)
    assert stranger.get("/sign-in/provider/return?state=a&code=b").status == 403
    assert signed_state.log.count() == before + 1
    assert "begin again" in last(signed_state, "refused")["why"]


def test_a_provider_that_hangs_keeps_nobody_else_waiting_and_once_it_has_failed_nobody_at_all(
    signed_state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spinecast.serving.access import provider as module

    asked: list[str] = []
    released = threading.Event()

    def hangs(_session: Any, address: str) -> Any:
        asked.append(address)
        assert released.wait(60)
        raise ServingError("the provider does not answer: ReadTimeout")

    monkeypatch.setattr(module, "_fetched", hangs)
    monkeypatch.setenv("SPINECAST_OIDC_SECRET", SECRET)
    settings = ProviderSettings(issuer="https://id.example.org", client_id=CLIENT, roles={"spine": ("clinician",)})
    sign_in = SignInSettings(provider=settings)
    served = ServerSettings(sign_in=sign_in, requests_per_minute=100_000)
    gate = open_gate(signed_state, served, sign_in, door_of(served), "http://127.0.0.1")
    with made_store.running(make_app(signed_state, gate=gate)) as server:
        statuses: list[int] = []

        def sign_in_there() -> None:
            statuses.append(Browser(server).get("/sign-in/provider").status)

        waiting = [threading.Thread(target=sign_in_there) for _ in range(50)]  # more than the pool has threads
        for one in waiting:
            one.start()
        while not asked:
            time.sleep(0.01)
        quick = Address(server.port, seconds=20)
        assert quick.get("models").status == 401  # which takes a thread of the pool, and the accounts
        assert quick.get("/sign-in").status == 200
        released.set()
        for one in waiting:
            one.join(timeout=60)
        assert statuses == [502] * 50
        assert len(asked) <= 3  # those that had begun; all others were told at once
        sign_in_there()
        assert len(asked) <= 3
        monkeypatch.setattr(module, "_AGAIN", -1.0)
        before = len(asked)
        sign_in_there()
        assert len(asked) == before + 1
        assert set(statuses) == {502}


def test_a_sign_in_opens_connections_to_the_provider_alone_and_logs_no_secret(
    server: Address, made: MadeProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gone_to: set[Any] = set()
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> Any:
        gone_to.add(address[:2])
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(socket.socket, "connect_ex", lambda *_: pytest.fail("another way out"))
    browser = Browser(server)
    back = gone(browser)
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert browser.get(back).status == 303
    assert gone_to == {("127.0.0.1", server.port), ("127.0.0.1", urlsplit(made.issuer).port)}
    for secret in (SECRET, code, "planted access token", browser.cookies["spinecast-session"]):
        assert secret not in caplog.text
    assert '"route": "/sign-in/provider"' in caplog.text


def test_roles_may_stand_inside_another_claim(made: MadeProvider) -> None:
    settings = ProviderSettings(
        issuer=made.issuer,
        client_id=CLIENT,
        roles_claim="realm_access.roles",
        roles={"spine": ("clinician", "auditor")},
    )
    provider = Provider(settings, SECRET, "http://127.0.0.1/back")
    found = provider._person({"sub": "1", "preferred_username": "b", "realm_access": {"roles": ["spine", 3]}})
    assert found.roles == {"clinician", "auditor"}
