"""Which record system calls: its signed token, and every way in which a token proves nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from serving import made_store
from serving.hospital.made_charts import ALBUMIN, NOW, PATH, PATIENT_ID, call, just_now, observation
from serving.made_store import EVENT, Address

from spinecast.accounts.store import AccountStore
from spinecast.accounts.used_tokens import UsedTokens
from spinecast.errors import DocumentError, ServingError
from spinecast.serving.access.rates import Rates
from spinecast.serving.access.settings import ClientSettings, ServerSettings, settings_for
from spinecast.serving.actors import record_system
from spinecast.serving.app import make_app
from spinecast.serving.hospital.clients import Clients
from spinecast.serving.hospital.routes import Hospital
from spinecast.serving.metrics import Metrics
from spinecast.serving.openapi import document
from spinecast.serving.server import open_hospital
from spinecast.serving.state import State

ADDRESS, ISSUER, JKU = "https://spinecast.example.org", "https://ehr.example.org", "https://ehr.example.org/jwks"
SECONDS = NOW.timestamp()
EC, RSA = ECKey.generate_key("P-384", {"kid": "first"}), RSAKey.generate_key(2048, {"kid": "second"})
STRANGER = ECKey.generate_key("P-384", {"kid": "first"})
Claims = dict[str, Any]
BODY = call(observation(ALBUMIN, 29, "g/L"))


def key_file(folder: Path, *keys: Any, private: bool = False) -> Path:
    path = folder / "keys.json"
    path.write_text(json.dumps(KeySet(list(keys)).as_dict(private=private)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_file(tmp_path_factory.mktemp("keys"), EC, RSA)


def clients_of(state: State, keys: Path, **more: Any) -> Clients:
    settings = ClientSettings(name="ehr", issuer=ISSUER, keys=str(keys), jku=(JKU,), **more)
    other = ClientSettings(name="other", issuer="https://other.example.org", keys=str(keys))
    store = AccountStore(state.log, state.writer.record_with, clock=lambda: NOW)
    return Clients((settings, other), ADDRESS, UsedTokens(store), Rates(100_000), clock=lambda: SECONDS)


@pytest.fixture(scope="module")
def server(state: State, keys: Path) -> Iterator[Address]:
    hospital = Hospital(ADDRESS, clients_of(state, keys, patients="ehr/"), clock=lambda: NOW)
    with made_store.running(make_app(state, hospital=hospital)) as address:
        yield address


@pytest.fixture
def token() -> Callable[..., str]:
    """Sign a token for a path; `claims` replaces what it says, None leaves it out."""

    def make(
        path: str = PATH, key: Any = EC, algorithm: str = "ES384", header: Claims | None = None, **claims: Any
    ) -> str:
        said = {
            "iss": ISSUER,
            "aud": f"{ADDRESS}{path}",
            "exp": int(SECONDS) + 300,
            "iat": int(SECONDS),
            "jti": os.urandom(8).hex(),
        } | claims
        stated = {"alg": algorithm, "typ": "JWT", "kid": key.kid} | (header or {})
        stated = {name: value for name, value in stated.items() if value is not None}
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(stated, said, key, algorithms=[algorithm])

    return make


def ask(server: Address, signed: str, path: str = PATH, body: Any = BODY, method: str = "POST") -> Any:
    return server.ask(method, path, body, headers={"Authorization": f"Bearer {signed}"})


@pytest.mark.parametrize(("key", "algorithm"), [(EC, "ES384"), (RSA, "RS384")])
def test_a_signed_call_is_answered_and_recorded_under_its_name(
    server: Address, state: State, token: Callable[..., str], key: Any, algorithm: str
) -> None:
    said = ask(server, token(key=key, algorithm=algorithm))
    assert said.status == 200, said.content
    record = state.log.head()
    assert record is not None
    assert record.actor == "hospital:ehr (record system)"
    assert record.subject == state.log.key.pseudonym(f"ehr/{PATIENT_ID}")
    assert said.json["cards"][0]["links"][0]["url"].startswith(f"{ADDRESS}/patient/")


def test_an_auditor_finds_a_patient_by_the_identifier_of_the_record_system(
    server: Address, state: State, token: Callable[..., str]
) -> None:
    number = ask(server, token()).json["cards"] and state.log.head().sequence  # type: ignore[union-attr]
    page = server.get("/audit").text
    assert '<option value="ehr">ehr, kept as ehr/…</option>' in page
    assert 'value="other"' not in page  # whose ids are kept as they are

    def found(**fields: str) -> Any:
        body = urlencode({"patient": PATIENT_ID, **fields}).encode()
        return server.ask("POST", "/audit/patient", body, kind="application/x-www-form-urlencoded")

    by_system, by_itself = found(system="ehr"), found(system="")
    assert PATIENT_ID not in by_system.headers["location"]
    assert f'href="/audit/records/{number}"' in server.get(by_system.headers["location"]).text
    assert f'href="/audit/records/{number}"' not in server.get(by_itself.headers["location"]).text
    assert found(patient=f"ehr/{PATIENT_ID}").headers["location"] == by_system.headers["location"]
    assert found(system="another").status == 422


def test_every_call_has_an_audience_of_its_own(server: Address, token: Callable[..., str]) -> None:
    assert ask(server, token("/cds-services"), "/cds-services", None, "GET").status == 200
    assert ask(server, token(aud=[f"{ADDRESS}{PATH}"])).status == 200
    for path in ("/cds-services", f"{PATH}/risk-assessment", "/cds-services/careful_mortality"):
        assert ask(server, token(path)).status == 401


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"iss": "https://stranger.example.org"}, "no record system"),
        ({"iss": None}, "no record system"),
        ({"aud": ADDRESS}, "another address"),
        ({"aud": None}, "another address"),
        ({"exp": int(SECONDS) - 61}, "over"),
        ({"exp": int(SECONDS) + 361}, "longer than 300 seconds"),
        ({"exp": None}, "does not say exp"),
        ({"exp": "soon"}, "does not say exp"),
        ({"iat": None}, "does not say iat"),
        ({"iat": int(SECONDS) + 61}, "time to come"),
        ({"nbf": int(SECONDS) + 61}, "not good yet"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 201}, "jti"),
        ({"key": STRANGER}, "signed with no key"),
        ({"key": RSA, "algorithm": "RS256"}, "ES384 or RS384"),
        ({"header": {"typ": "JOSE"}}, "typ JWT"),
        ({"header": {"kid": "third"}}, "signed with no key"),
        ({"header": {"jku": "https://stranger.example.org/jwks"}}, "jku"),
        ({"key": OctKey.generate_key(384, {"kid": "first"}), "algorithm": "HS384"}, "ES384 or RS384"),
    ],
)
def test_a_token_that_proves_nothing_is_refused(
    server: Address, state: State, token: Callable[..., str], change: dict[str, Any], why: str
) -> None:
    before = state.log.count()
    said = ask(server, token(**change))
    assert said.status == 401, said.content
    assert why in said.json["detail"]
    assert said.headers["www-authenticate"].startswith("Bearer")
    assert state.log.count() == before


@pytest.mark.parametrize("signed", ["", "x", "a.b.c", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(server: Address, signed: str) -> None:
    assert ask(server, signed).status == 401
    assert server.ask("POST", PATH, BODY).status == 401  # without any


def test_a_named_address_of_keys_may_stand_in_a_token(server: Address, token: Callable[..., str]) -> None:
    assert ask(server, token(header={"jku": JKU})).status == 200


def test_a_token_is_good_once(server: Address, token: Callable[..., str]) -> None:
    signed = token()
    assert ask(server, signed).status == 200
    again = ask(server, signed)
    assert (again.status, again.json["detail"]) == (401, "the token was used before (jti)")


def test_a_record_system_may_ask_and_nothing_else() -> None:
    system = record_system("ehr")
    assert [name for name in ("predict", "read_models", "read_own", "replay") if system.may(name)] == ["predict"]  # type: ignore[arg-type]
    assert not system.did("ehr (clinician)")
    assert system.did("hospital:ehr (record system)")


def test_feedback_is_of_the_system_that_was_given_the_card(server: Address, token: Callable[..., str]) -> None:
    (card,) = ask(server, token()).json["cards"]
    sent = {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": just_now()}]}
    path = f"{PATH}/feedback"
    other = token(path, iss="https://other.example.org")
    assert ask(server, other, path, sent).status == 422
    assert ask(server, token(path), path, sent).status == 200


def test_keys_are_read_again_when_they_change(state: State, tmp_path: Path, token: Callable[..., str]) -> None:
    path = key_file(tmp_path, EC)
    hospital = Hospital(ADDRESS, clients_of(state, path), clock=lambda: NOW)
    broken_one = replace(state, metrics=Metrics())  # what goes wrong here is not counted among the others'
    with made_store.running(make_app(broken_one, hospital=hospital)) as server:
        assert ask(server, token()).status == 200
        key_file(tmp_path, STRANGER, RSA)
        assert ask(server, token()).status == 401
        assert ask(server, token(key=STRANGER)).status == 200
        path.write_text("{}")
        broken = ask(server, token(key=STRANGER))
        assert (broken.status, broken.json["type"]) == (503, "urn:spinecast:problem:keys")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("no", "cannot be read"),
        ('{"keys": []}', "no set of keys"),
        (json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}), "neither RSA nor EC"),
        (json.dumps({"keys": [EC.as_dict(private=True) | {"kid": "a"}]}), "private key"),
        (json.dumps({"keys": [{k: v for k, v in EC.as_dict(private=False).items() if k != "kid"}]}), "without a kid"),
        (json.dumps({"keys": [{"kty": "EC", "kid": "a"}]}), "a key is none"),
    ],
)
def test_a_file_of_keys_that_is_none_is_refused_at_the_start(
    state: State, tmp_path: Path, content: str, what: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(ServingError, match=what) as caught:
        clients_of(state, path)
    assert caught.value.where == str(path)
    assert caught.value.expected


def test_two_systems_of_one_issuer_are_refused(state: State, keys: Path) -> None:
    one = ClientSettings(name="a", issuer=ISSUER, keys=str(keys))
    store = UsedTokens(AccountStore(state.log, state.writer.record_with))
    with pytest.raises(ServingError, match="one issuer"):
        Clients((one, one.model_copy(update={"name": "b"})), ADDRESS, store, Rates(10))


def test_the_document_says_that_calls_are_signed(state: State) -> None:
    said = document(state.models.current, state.mode, record_systems=True)
    assert said["paths"][PATH]["post"]["security"] == [{"record_system": []}]
    assert "security" not in said["paths"][f"/api/v1/models/{EVENT}/predict"]["post"]
    assert said["components"]["securitySchemes"]["record_system"]["bearerFormat"] == "JWT"


def test_settings_name_record_systems_and_sites(state: State, keys: Path, tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(
        "public_url: https://spinecast.example.org\nsign_in: {}\nhospital:\n"
        f"  clients: [{{name: ehr, issuer: {ISSUER}, keys: {keys}, jku: [{JKU}], patients: ehr/}}]\n"
        "  origins: [https://ehr.example.org]\n"
    )
    settings = settings_for(file, None, sign_in=False)
    found = open_hospital(state, settings, ADDRESS)
    assert (found.address, found.origins) == (ADDRESS, {"https://ehr.example.org"})
    assert found.clients is not None
    assert found.subject(record_system("ehr"), "1") == "ehr/1"
    assert found.subject(record_system("other"), "1") == "1"
    assert open_hospital(state, ServerSettings(), ADDRESS).clients is None


@pytest.mark.parametrize(
    ("hospital", "what"),
    [
        ("{clients: [{name: EHR, issuer: x, keys: k}]}", "hospital.clients"),
        ("{clients: [{name: ehr, issuer: x}]}", "keys"),
        ("{origins: ['*']}", "hospital.origins"),
        ("{client: []}", "did you mean clients"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, hospital: str, what: str) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(f"hospital: {hospital}\n")
    with pytest.raises(DocumentError, match=what):
        settings_for(file, None, sign_in=False)
