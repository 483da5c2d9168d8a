"""Accounts, passwords, sessions, keys and waiting, in SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, get_args

import argon2
import pytest
from accounts.conftest import Clock
from made_accounts import hash_weakly
from sqlalchemy import inspect, select

from spinecast.accounts import passwords
from spinecast.accounts import people as people_module
from spinecast.accounts.attempts import Attempts
from spinecast.accounts.keys import Keys
from spinecast.accounts.people import Account, People, read_name
from spinecast.accounts.roles import PERMISSIONS, Permission, Role, permitted_to, read_roles, read_scopes
from spinecast.accounts.sessions import Sessions, form_token
from spinecast.accounts.store import AccountStore
from spinecast.accounts.tables import ACCOUNTS, KEYS, METADATA, SESSIONS
from spinecast.accounts.throttling import FREE_OF_ADDRESS, FREE_OF_NAME, Throttle
from spinecast.audit.records import Draft
from spinecast.audit.verification import verify
from spinecast.errors import AccountError, SpinecastError

PASSWORD, OTHER = "correct horse battery staple", "four other words entirely"
SIGNED_IN = Draft("signin", "anna (clinician)")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes as weak as argon2 allows: their strength is looked at in one test."""
    hash_weakly(monkeypatch)


@pytest.fixture
def people(store: AccountStore) -> People:
    return People(store)


@pytest.fixture
def anna(people: People) -> Account:
    return people.add("Anna", {"clinician"}, PASSWORD, "test")


def whole(store: AccountStore) -> str:
    """Everything the database holds, as text."""
    with store.reading() as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.exec_driver_sql(f'SELECT * FROM "{name}"').all() for name in names]
    return repr(rows)


def recorded(store: AccountStore) -> list[tuple[str, str, dict[str, Any]]]:
    return [(record.kind, record.actor, record.body or {}) for record in store.log.records()]


def test_the_migrations_make_the_tables_that_are_read(store: AccountStore) -> None:
    with store.reading() as connection:
        for name, table in METADATA.tables.items():
            made = {column["name"]: column for column in inspect(connection).get_columns(name)}
            assert {(one.name, one.nullable) for one in table.columns} == {
                (one, made[one]["nullable"]) for one in made
            }, name
            for one in table.columns:
                assert getattr(one.type, "length", None) == getattr(made[one.name]["type"], "length", None), one


def test_name_and_password_open_and_nothing_else_does(people: People, anna: Account, store: AccountStore) -> None:
    assert anna.name == "anna"
    assert people.with_password(" ANNA ", PASSWORD) == anna
    assert people.with_password("anna", PASSWORD + " ") is None
    assert people.with_password("anna", "") is None
    assert people.with_password("bert", PASSWORD) is None
    assert people.with_password("anna\x00", PASSWORD[:-1]) is None
    people.set_disabled("anna", True, "test")
    assert people.with_password("anna", PASSWORD) is None
    assert PASSWORD not in whole(store)
    assert "$argon2id$" in whole(store)


@pytest.mark.usefixtures("anna")
def test_somebody_unknown_is_refused_by_as_much_work_as_somebody_known(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Counting(argon2.PasswordHasher):
        def verify(self, kept: str | bytes, password: str | bytes) -> Any:
            tried.append(str(kept))
            return super().verify(kept, password)

    monkeypatch.setattr(passwords, "_HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))
    people.set_disabled("anna", True, "test")
    for name in ("anna", "nobody", "x" * 200):
        assert people.with_password(name, OTHER) is None
    assert len(tried) == 3
    parameters = [argon2.extract_parameters(kept) for kept in tried]
    assert parameters[0] == parameters[1] == parameters[2]


def test_a_hash_has_the_parameters_of_owasp_and_an_older_one_is_made_anew(
    people: People, anna: Account, store: AccountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert passwords.is_outdated(_kept(store))
    assert people.with_password("anna", PASSWORD) == anna
    made = argon2.extract_parameters(_kept(store))
    # OWASP Password Storage Cheat Sheet: argon2id, m=19456 (19 MiB), t=2, p=1.
    assert (made.type, made.memory_cost, made.time_cost, made.parallelism) == (argon2.Type.ID, 19456, 2, 1)
    assert people.with_password("anna", PASSWORD) == anna


def test_a_hash_that_is_made_anew_never_brings_an_old_password_back(
    people: People, anna: Account, store: AccountStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_module, "is_outdated", lambda _: True)

    def changed_meanwhile(password: str) -> str:
        with monkeypatch.context() as once:
            once.setattr(people_module, "hashed", passwords.hashed)
            people.set_password("anna", OTHER, "test")
        return passwords.hashed(password)

    monkeypatch.setattr(people_module, "hashed", changed_meanwhile)
    assert people.with_password("anna", PASSWORD) == anna  # it was right when it was checked
    assert passwords.verified(OTHER, _kept(store))
    assert not passwords.verified(PASSWORD, _kept(store))


def _kept(store: AccountStore) -> str:
    with store.reading() as connection:
        return str(connection.execute(select(ACCOUNTS.c.password_hash)).scalar_one())


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "has 5 characters"),
        ("x" * 300, "has 300 characters"),
        ("ababababababababab", "same few characters"),
        ("anna and her secret", "name of the account"),
        ("my SpineCast password", "of spinecast"),
    ],
)
def test_a_poor_password_is_refused_and_not_repeated(people: People, password: str, why: str) -> None:
    with pytest.raises(AccountError, match=why) as caught:
        people.add("anna", {"clinician"}, password, "test")
    assert password not in str(caught.value)
    assert people.all() == []


def test_the_same_password_from_another_keyboard() -> None:
    assert passwords.verified("Bl\u00fctenst\u00e4ube im Wind", passwords.hashed("Blu\u0308tensta\u0308ube im Wind"))


@pytest.mark.parametrize("name", ["", " ", "a b", "(root)", "Ä", "x" * 65, ".hidden", "a\n", "a,b"])
def test_a_name_that_cannot_be_one(name: str) -> None:
    with pytest.raises(AccountError, match="cannot be the name"):
        read_name(name + ("b" if name == "a\n" else ""))


@pytest.mark.usefixtures("anna")
def test_every_change_is_recorded_and_the_chain_holds(people: People, store: AccountStore) -> None:
    people.set_roles("anna", {"auditor", "data_scientist"}, "admin")
    people.set_password("anna", OTHER, "anna")
    people.set_disabled("anna", True, "admin")
    people.set_disabled("anna", False, "admin")
    assert recorded(store) == [
        ("account", "test", {"account": "anna", "made": ["clinician"]}),
        ("account", "admin", {"account": "anna", "roles": ["auditor", "data_scientist"], "before": ["clinician"]}),
        ("account", "anna", {"account": "anna", "password": "changed"}),
        ("account", "admin", {"account": "anna", "disabled": True}),
        ("account", "admin", {"account": "anna", "disabled": False}),
    ]
    assert verify(store.log.records(), store.log.seal()).whole
    assert people.get("anna").roles == {"auditor", "data_scientist"}


def test_a_change_that_fails_is_not_recorded(people: People, anna: Account, store: AccountStore) -> None:
    with pytest.raises(AccountError, match="an account anna already"):
        people.add("anna", {"auditor"}, OTHER, "test")
    with pytest.raises(AccountError, match=r"no account 'ana'[\s\S]*did you mean anna"):
        people.set_roles("ana", {"auditor"}, "test")
    assert len(recorded(store)) == 1
    assert people.get("anna") == anna


@pytest.mark.usefixtures("anna")
def test_somebody_vouched_for_has_the_roles_the_provider_says_now(people: People) -> None:
    issuer = "https://id.example.org"
    berta = people.vouched("Berta@Example.org", issuer, "17", {"clinician"})
    assert (berta.name, berta.roles, berta.issuer) == ("berta@example.org", {"clinician"}, issuer)
    assert people.vouched("another name", issuer, "17", {"auditor"}).name == "berta@example.org"
    assert people.get("berta@example.org").roles == {"auditor"}
    with pytest.raises(AccountError, match="already"):  # nobody's account is taken over
        people.vouched("anna", issuer, "18", {"administrator"})
    with pytest.raises(AccountError, match="already"):
        people.vouched("berta@example.org", "https://elsewhere.example.org", "17", {"administrator"})
    assert people.with_password("berta@example.org", "") is None
    for change in (
        lambda: people.set_roles("berta@example.org", {"administrator"}, "test"),
        lambda: people.set_password("berta@example.org", OTHER, "test"),
    ):
        with pytest.raises(AccountError, match=r"id\.example\.org"):
            change()
    for subject in ("", "a\x00b", "x" * 256):
        with pytest.raises(AccountError, match="cannot be kept"):
            people.vouched("carla", issuer, subject, {"clinician"})
    people.set_disabled("berta@example.org", True, "test")
    with pytest.raises(AccountError, match="disabled"):
        people.vouched("berta@example.org", issuer, "17", {"clinician"})


def test_whether_anybody_could_sign_in(people: People) -> None:
    assert people.is_empty()
    people.vouched("berta", "https://id.example.org", "17", {"clinician"})
    assert people.is_empty()
    people.add("anna", {"administrator"}, PASSWORD, "test")
    assert not people.is_empty()
    people.set_disabled("anna", True, "test")
    assert people.is_empty()


def test_a_session_ends_when_idle_in_any_case_after_a_while_and_when_told_to(
    anna: Account, store: AccountStore, clock: Clock
) -> None:
    sessions = Sessions(store)
    token = sessions.begin(anna, SIGNED_IN)
    assert sessions.find(token) == anna
    for _ in range(24):  # asking keeps it alive, until twelve hours have gone
        clock.passes(minutes=29)
        assert sessions.find(token) == anna
    clock.passes(minutes=25)
    assert sessions.find(token) is None
    idle = sessions.begin(anna, SIGNED_IN)
    clock.passes(minutes=30)
    assert sessions.find(idle) is None
    ended = sessions.begin(anna, SIGNED_IN)
    sessions.end(ended, Draft("signout", "anna (clinician)"))
    assert sessions.find(ended) is None
    assert [kind for kind, *_ in recorded(store)][1:] == ["signin", "signin", "signin", "signout"]
    with store.reading() as connection:  # what was over has been tidied away by whoever came next
        assert connection.execute(select(SESSIONS)).all() == []


def test_signing_in_anew_ends_the_session_before_and_tokens_are_kept_as_hashes(
    anna: Account, store: AccountStore
) -> None:
    sessions = Sessions(store)
    first = sessions.begin(anna, SIGNED_IN)
    other_place = sessions.begin(anna, SIGNED_IN)
    second = sessions.begin(anna, SIGNED_IN, before=first)
    assert len({first, second, other_place}) == 3
    assert (sessions.find(first), sessions.find(second), sessions.find(other_place)) == (None, anna, anna)
    assert not any(token in whole(store) for token in (first, second, form_token(second)))
    assert form_token(first) != form_token(second)
    sessions.end_all("anna", Draft("signout", "anna (clinician)"))
    assert sessions.find(second) is sessions.find(other_place) is None


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_a_session_ends_with_its_account_or_password(
    people: People, anna: Account, store: AccountStore, change: str
) -> None:
    sessions = Sessions(store)
    token = sessions.begin(anna, SIGNED_IN)
    key = Keys(store).create(anna, {"predict"}, 30, "", "anna")
    if change == "disabled":
        people.set_disabled("anna", True, "test")
        people.set_disabled("anna", False, "test")
    else:
        people.set_password("anna", OTHER, "test")
        assert Keys(store).find(key) is None
    assert sessions.find(token) is None


def test_a_session_has_the_roles_of_the_moment(people: People, anna: Account, store: AccountStore) -> None:
    sessions = Sessions(store)
    token = sessions.begin(anna, SIGNED_IN)
    people.set_roles("anna", {"auditor"}, "test")
    found = sessions.find(token)
    assert found is not None
    assert found.roles == {"auditor"}


def test_a_key_opens_until_it_expires_or_is_revoked(
    people: People, anna: Account, store: AccountStore, clock: Clock
) -> None:
    keys = Keys(store)
    given = keys.create(anna, {"predict", "read_models"}, 30, "ward list", "anna (clinician)")
    found = keys.find(given)
    assert found is not None
    assert found[0] == anna
    assert found[1].scopes == {"predict", "read_models"}
    secret = given.rsplit("_", 1)[-1]
    assert secret not in whole(store)
    assert keys.all() == [found[1]]
    assert found[1].prefix in given
    assert keys.find(given[:-1] + ("A" if given[-1] != "A" else "B")) is None
    assert keys.find(given + "A") is keys.find("") is keys.find("spinecast_" + "0" * 8 + "_" + secret) is None
    people.set_disabled("anna", True, "test")
    assert keys.find(given) is None
    people.set_disabled("anna", False, "test")
    assert keys.find(given) is not None
    clock.passes(days=30)
    assert keys.find(given) is None
    assert found[1].state(store.now) == "expired"
    second = keys.create(anna, {"predict"}, 30, "", "anna")
    keys.revoke(second.split("_")[1], "anna")
    assert keys.find(second) is None
    assert keys.all("anna")[0].state(store.now) == "revoked"
    made = [body for kind, _, body in recorded(store) if kind == "key"]
    assert [sorted(body) for body in made] == [
        ["account", "expires_at", "made", "prefix"],
        ["account", "expires_at", "made", "prefix"],
        ["account", "prefix", "revoked"],
    ]


def test_a_key_is_never_good_for_more_than_its_account(anna: Account, store: AccountStore) -> None:
    keys = Keys(store)
    with pytest.raises(AccountError, match=r"anna may not do read_log, read_metrics[\s\S]*predict"):
        keys.create(anna, {"predict", "read_log", "read_metrics"}, 30, "", "anna")
    for days in (0, 367):
        with pytest.raises(AccountError, match=f"good for {days} days"):
            keys.create(anna, {"predict"}, days, "", "anna")
    with pytest.raises(AccountError, match="good for something"):
        keys.create(anna, set(), 3, "", "anna")
    with pytest.raises(AccountError, match="not one line"):
        keys.create(anna, {"predict"}, 3, "one\ntwo", "anna")
    own = keys.create(anna, {"predict"}, 30, "", "anna")
    with pytest.raises(AccountError, match="no key of that prefix"):  # somebody else's
        keys.revoke(own.split("_")[1], "berta", account="berta")
    with store.reading() as connection:
        assert connection.execute(select(KEYS.c.revoked_at)).scalar_one() is None


def test_whoever_fails_again_and_again_waits_longer_each_time(store: AccountStore, clock: Clock) -> None:
    throttle = Throttle(store)
    for name in ("anna", "nobody at all"):  # whether there is such an account or not
        waits = []
        for _ in range(FREE_OF_NAME + 7):
            wait = throttle.attempt(name, f"10.0.0.{len(waits)}")
            if wait is not None:
                waits.append(wait)
                clock.now += wait
                assert throttle.attempt(name, f"10.0.0.{len(waits)}") is None
        assert [wait.total_seconds() for wait in waits[:7]] == [30, 60, 120, 240, 480, 900, 900]
    assert "nobody" not in whole(store)


def test_success_strikes_failures_out_and_a_shared_address_has_more_patience(store: AccountStore) -> None:
    throttle = Throttle(store)
    for _ in range(3 * FREE_OF_NAME):
        assert throttle.attempt("anna", "10.0.0.1") is None
        throttle.succeeded("anna", "10.0.0.1")
    for number in range(FREE_OF_ADDRESS):
        assert throttle.attempt(f"name{number}", "10.0.0.1") is None
    assert throttle.attempt("anna", "10.0.0.1") == timedelta(seconds=30)
    assert throttle.attempt("anna", "10.0.0.2") is None


def test_many_at_once_gain_nothing(store: AccountStore) -> None:
    throttle, let_in = Throttle(store), []

    def guess() -> None:
        if throttle.attempt("anna", "10.0.0.1") is None:
            let_in.append(1)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == FREE_OF_NAME


def test_a_sign_in_on_its_way_comes_back_once_and_in_time(store: AccountStore, clock: Clock) -> None:
    attempts = Attempts(store)
    token, made = attempts.begin("/patient")
    assert token not in whole(store)
    assert attempts.take("another") is None
    assert attempts.take(token) == made
    assert attempts.take(token) is None
    late, _ = attempts.begin("/")
    clock.passes(minutes=10)
    assert attempts.take(late) is None


def test_the_words_for_roles_and_scopes() -> None:
    assert read_roles(["Data-Scientist", "auditor"]) == {"data_scientist", "auditor"}
    assert read_scopes(["predict"]) == {"predict"}
    for wrong, expected in ((["docter"], "no role 'docter'"), ([], "no role is named")):
        with pytest.raises(SpinecastError, match=expected):
            read_roles(wrong)
    with pytest.raises(SpinecastError, match=r"no scope 'predicts'[\s\S]*did you mean predict"):
        read_scopes(["predicts"])
    assert permitted_to(get_args(Role)) == set(get_args(Permission))
    assert not permitted_to({"auditor"}) & {"predict"}
    assert set(PERMISSIONS) == set(get_args(Role))
