from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("authlib")
pytest.importorskip("limits")

from made_accounts import hash_weakly
from serving import made_store
from serving.access.made_browser import Browser
from serving.made_store import Address

from spinecast.accounts.people import People
from spinecast.accounts.store import AccountStore
from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import audit_places
from spinecast.serving.access.gate import Gate
from spinecast.serving.access.rates import Rates
from spinecast.serving.access.settings import Door, SignInSettings
from spinecast.serving.app import make_app
from spinecast.serving.server import close_state, open_state
from spinecast.serving.state import State
from spinecast.tracking.store import Store

PASSWORDS = {
    "anna": "the first of four words",
    "dora": "the second of four words",
    "aude": "the third of four words",
    "adam": "the fourth of four words",
}
ROLES = {"anna": "clinician", "dora": "data_scientist", "aude": "auditor", "adam": "administrator"}


@pytest.fixture(autouse=True)
def _weak_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test at a time: tests elsewhere look at how strong they are."""
    hash_weakly(monkeypatch)


@pytest.fixture(scope="session")
def signed_state(filled: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """A server that requires sign-in, with one account for each role."""
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path_factory.mktemp("signed") / "audit")})
    upgrade(places)
    log = open_log(places)
    people = People(AccountStore(log, log.append_with))
    with pytest.MonkeyPatch.context() as patch:
        hash_weakly(patch)
        for name, role in ROLES.items():
            people.add(name, {role}, PASSWORDS[name], "test")  # type: ignore[arg-type]
    log.close()
    opened = open_state(filled, places, pytest.fail, SignInSettings())
    yield opened
    close_state(opened)


@pytest.fixture(scope="session")
def gate(signed_state: State) -> Gate:
    store = AccountStore(signed_state.log, signed_state.writer.record_with)
    # All tests are strangers at one address, and on a fast machine within one minute.
    return Gate(store, SignInSettings(), Door(), Rates(100_000, strangers=100_000))


@pytest.fixture(scope="session")
def signed_server(signed_state: State, gate: Gate) -> Iterator[Address]:
    with made_store.running(make_app(signed_state, gate=gate)) as address:
        yield address


@pytest.fixture
def browser(signed_server: Address) -> Browser:
    return Browser(signed_server)


@pytest.fixture
def anna(browser: Browser) -> Browser:
    """A clinician's browser, signed in."""
    assert browser.sign_in("anna", PASSWORDS["anna"]).status == 303
    return browser
