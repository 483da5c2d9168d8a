"""How a server is set up: what is refused, and a whole server with a certificate, sign-in and a proxy before it."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from serving import made_store
from serving.access.conftest import PASSWORDS
from serving.test_process import environment, folder

from spinecast.accounts.people import People
from spinecast.accounts.store import AccountStore
from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import audit_places
from spinecast.cli.serve import serve as cli_serve
from spinecast.errors import DocumentError, ServingError
from spinecast.serving import server
from spinecast.serving.access import settings as settings_module
from spinecast.serving.access.settings import (
    ProviderSettings,
    ServerSettings,
    SignInSettings,
    TlsSettings,
    door_of,
    settings_for,
)
from spinecast.serving.app import make_app
from spinecast.serving.server import _config, open_state
from spinecast.serving.state import State
from spinecast.tracking.store import Store

__all__ = ["folder"]

PROVIDER = """
public_url: https://spinecast.example.org
sign_in:
  provider:
    issuer: https://id.example.org/realms/hospital
    client_id: spinecast
    roles_claim: realm_access.roles
    roles: {spine: [clinician], it: [administrator, auditor]}
"""


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(PROVIDER)
    found = settings_for(file, None, sign_in=True)
    assert found.sign_in is not None
    assert found.sign_in.provider is not None
    assert found.sign_in.provider.roles["it"] == ("administrator", "auditor")
    door = door_of(found)
    assert door.https
    assert "spinecast.example.org" in door.names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sign_inn: {}", "did you mean sign_in"),
        ("sign_in: {provider: {issuer: 'ftp://x', client_id: a, roles: {b: [clinician]}}}", "issuer"),
        ("sign_in: {provider: {issuer: 'https://x', client_id: a, roles: {b: [docter]}}}", "docter|doctor|clinician"),
        ("sign_in: {provider: {issuer: 'https://x', client_id: a, client_secret: s, roles: {b: []}}}", "client_secret"),
        ("public_url: https://a.example/path", "public_url"),
        ("sign_in: {idle_minutes: 0}", "idle_minutes"),
    ],
)
def test_what_the_file_cannot_say(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "server.yaml"
    file.write_text(text + "\n")
    with pytest.raises(DocumentError, match=why):
        settings_for(file, None, sign_in=False)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (ServerSettings(host="0.0.0.0"), "without sign-in only this machine"),
        (ServerSettings(host="spinecast.example.org"), "without sign-in only this machine"),
        (ServerSettings(host="0.0.0.0", sign_in=SignInSettings()), "through https"),
        (ServerSettings(public_url="http://a.example", sign_in=SignInSettings()), "in the clear"),
        (ServerSettings(public_url="https://a.example"), "needs sign-in"),
    ],
)
def test_what_would_let_the_world_in_or_passwords_out_is_refused(settings: ServerSettings, why: str) -> None:
    with pytest.raises(ServingError, match=why):
        door_of(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.0.1"])
def test_this_machine_alone_needs_nothing_and_answers_by_the_address_it_listens_on(state: State, host: str) -> None:
    door = door_of(ServerSettings(host=host))
    assert not door.https
    called = f"[{host}]" if ":" in host else host
    with made_store.running(make_app(state, door=door)) as server:
        assert server.ask("GET", "models", headers={"Host": f"{called}:{server.port}"}).status == 200
        assert server.ask("GET", "models", headers={"Host": "127.7.7.7"}).status == 421


def test_a_server_without_sign_in_answers_by_its_public_name_and_says_that_it_is_encrypted(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, private = certificate(tmp_path)
    loaded: list[object] = []
    right = settings_module._require_certificate
    monkeypatch.setattr(settings_module, "_require_certificate", lambda tls: (loaded.append(tls), right(tls)))
    settings = ServerSettings(
        public_url="http://127.0.0.2:8710", tls=TlsSettings(certificate=str(chain), key=str(private))
    )
    said: list[tuple[int, str | None]] = []

    def asked(server: uvicorn.Server, listening: socket.socket) -> None:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", listening.getsockname()[1], context=ssl._create_unverified_context(), timeout=30
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        for name in ("127.0.0.2:8710", "evil.example"):
            connection.request("GET", "/api/v1/health", headers={"Host": name})
            found = connection.getresponse()
            found.read()
            said.append((found.status, found.headers["strict-transport-security"]))
        connection.close()
        server.should_exit = True
        thread.join(timeout=30)

    monkeypatch.setattr(server, "_end_as_told", asked)
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")})
    server.serve(filled, places, settings, 0, lambda _: None)
    assert said == [(200, "max-age=63072000"), (421, "max-age=63072000")]
    assert len(loaded) == 1


def test_a_server_that_nobody_could_sign_in_to_does_not_start_and_records_none(filled: Store, tmp_path: Path) -> None:
    places = audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")})
    provider = ProviderSettings(issuer="https://id.example.org", client_id="a", roles={"b": ("clinician",)})
    for sign_in, why in (
        (SignInSettings(), "users add"),
        (SignInSettings(local_accounts=False), "or a provider"),
        (SignInSettings(provider=provider), "not in the environment"),
    ):
        with pytest.raises(ServingError, match=why):
            open_state(filled, places, pytest.fail, sign_in)
    log = open_log(places)
    assert log.count() == 0
    log.close()


def test_a_certificate_that_is_none_is_refused(tmp_path: Path) -> None:
    settings = ServerSettings(tls=TlsSettings(certificate=str(tmp_path / "none.pem"), key=str(tmp_path / "none.pem")))
    with pytest.raises(ServingError, match=r"certificate[\s\S]*none\.pem"):
        door_of(settings)


def certificate(at: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = at / "certificate.pem", at / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


def test_a_server_with_a_certificate_of_its_own_sign_in_and_a_proxy(folder: Path) -> None:
    chain, private = certificate(folder)
    places = audit_places({"SPINECAST_STORE": str(folder / "mlruns")})
    upgrade(places)
    log = open_log(places)
    People(AccountStore(log, log.append_with)).add("anna", {"clinician"}, PASSWORDS["anna"], "test")
    settings = folder / "server.yaml"
    settings.write_text(
        f"public_url: https://localhost\nbehind_proxy: [127.0.0.1]\nsign_in: {{}}\n"
        f"tls: {{certificate: {chain}, key: {private}}}\n"
    )
    command = [sys.executable, "-m", "spinecast", "serve", "--port", "0", "--settings", str(settings)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment(folder)) as started:
        try:
            assert started.stderr is not None
            said = ""
            for line in started.stderr:
                said += line
                if found := re.search(r"listening on \S+ port (\d+)", line):
                    break
            else:
                pytest.fail(said)
            assert "no account" not in said
            assert "Sign-in is required" in said
            connection = http.client.HTTPSConnection(
                "localhost", int(found[1]), context=ssl.create_default_context(cafile=str(chain)), timeout=30
            )
            connection.request("GET", "/sign-in")
            page = connection.getresponse()
            token = re.findall(r'name="form_token" value="(\w+)"', page.read().decode())[0]
            cookie = page.headers["set-cookie"].partition(";")[0]
            assert cookie.startswith("__Host-spinecast-visitor=")
            fields = {"name": "anna", "password": PASSWORDS["anna"], "form_token": token}
            kind = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": "10.9.9.9"}
            connection.request("POST", "/sign-in", urlencode(fields), kind | {"Cookie": cookie})
            assert connection.getresponse().status == 303
            connection.close()
            started.send_signal(signal.SIGTERM)
            assert started.wait(timeout=30) in (0, -signal.SIGTERM)
            assert PASSWORDS["anna"] not in started.stderr.read()
        finally:
            started.kill()
    record = log.find(kind="signin", limit=1)[0]
    assert record.body == {"how": "password", "address": "10.9.9.9"}
    assert log.find(kind="start", limit=1)[0].actor == "server"
    log.close()


def test_what_a_stranger_says_of_where_they_are_is_not_believed() -> None:
    for proxies, believed in (((), False), (("10.0.0.1",), True)):
        config = _config(FastAPI(), ServerSettings(behind_proxy=proxies))
        assert (config.proxy_headers, config.forwarded_allow_ips) == (believed, list(proxies))


def test_a_server_on_postgresql_always_requires_sign_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ServerSettings] = []
    monkeypatch.chdir(tmp_path)
    made_store.new_store(tmp_path / "mlruns")
    monkeypatch.setattr(server, "serve", lambda _store, _places, settings, _port, _tell: asked.append(settings))
    cli_serve()
    cli_serve(sign_in=True)
    monkeypatch.setenv("SPINECAST_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    cli_serve()
    assert [settings.sign_in is not None for settings in asked] == [False, True, True]
