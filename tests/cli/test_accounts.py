"""`spinecast users` and `spinecast keys`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("argon2")

from cli.conftest import Run, assert_refused
from typer.testing import CliRunner

from spinecast.audit import log as log_module
from spinecast.audit.log import AuditLog, open_log
from spinecast.audit.places import audit_places
from spinecast.cli.app import app
from spinecast.errors import SpinecastError

PASSWORD = "correct horse battery staple"
Say = Callable[..., str]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Run a command in this process and return what it printed; the error it ends with is raised."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPINECAST_AUDIT", str(tmp_path / "audit"))
    opened: list[AuditLog] = []
    right, close = log_module.open_log, AuditLog.close

    def opens(*places: Any, **how: Any) -> AuditLog:
        opened.append(right(*places, **how))
        return opened[-1]

    def closes(log: AuditLog) -> None:
        close(log)
        if log in opened:
            opened.remove(log)

    monkeypatch.setattr(log_module, "open_log", opens)
    monkeypatch.setattr(AuditLog, "close", closes)

    def run(*command: str, given: str = "") -> str:
        done = CliRunner().invoke(app, command, input=given)
        assert opened == []  # whatever a command opens it closes, also where it ends with an error
        if isinstance(done.exception, SpinecastError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def bodies() -> list[dict[str, Any]]:
    log = open_log(audit_places())
    found = [{"kind": record.kind, **(record.body or {})} for record in log.records()]
    log.close()
    return found


def test_an_account_from_the_first_to_the_last_command(say: Say) -> None:
    made = say("users", "add", "Anna", "--role", "data-scientist", "--role", "clinician", given=f"{PASSWORD}\n")
    assert made == "anna: clinician, data_scientist\n"
    key = say("keys", "create", "--account", "anna", "--scope", "predict", "--note", "ward list").strip()
    assert key.startswith("spinecast_")
    prefix = key.split("_")[1]
    table = say("keys", "list")
    assert prefix in table
    assert "ward list" in table
    assert key not in table
    assert json.loads(say("keys", "list", "--json"))["state"] == "valid"
    assert say("keys", "revoke", prefix) == f"{prefix}: revoked\n"
    assert "revoked" in say("keys", "list", "--account", "anna")
    assert say("users", "roles", "anna", "--role", "auditor") == "anna: auditor\n"
    say("users", "password", "anna", given="another four words, say\n")
    say("users", "disable", "anna")
    assert "disabled" in say("users", "list")
    say("users", "enable", "anna")
    assert json.loads(say("users", "list", "--json"))["disabled"] is False
    assert [body["kind"] for body in bodies()] == ["account", "key", "key", "account", "account", "account", "account"]
    assert not any(secret in repr(bodies()) for secret in (PASSWORD, key.split("_", 2)[2], "four words"))


@pytest.mark.parametrize(
    ("command", "given", "why"),
    [
        (("users", "add", "anna", "--role", "clinican"), PASSWORD, r"no role 'clinican'[\s\S]*did you mean"),
        (("users", "add", "a b", "--role", "auditor"), PASSWORD, "cannot be the name"),
        (("users", "add", "anna", "--role", "auditor"), "short", "has 5 characters"),
        (("users", "add", "anna", "--role", "auditor"), "", "no password was given"),
        (("users", "list"), "", "there is no audit log"),
        (("keys", "create", "--account", "anna", "--scope", "all"), "", "no scope 'all'"),
    ],
)
def test_what_cannot_be_is_one_error(say: Say, command: tuple[str, ...], given: str, why: str) -> None:
    with pytest.raises(SpinecastError, match=why):
        say(*command, given=given)


def test_a_name_that_is_taken_is_said_before_a_password_is_asked_for(say: Say) -> None:
    say("users", "add", "anna", "--role", "auditor", given=f"{PASSWORD}\n")
    with pytest.raises(SpinecastError, match="an account anna already"):
        say("users", "add", "anna", "--role", "auditor")
    with pytest.raises(SpinecastError, match=r"no account 'ana'[\s\S]*did you mean anna"):
        say("users", "disable", "ana")
    with pytest.raises(SpinecastError, match="anna may not do predict"):
        say("keys", "create", "--account", "anna", "--scope", "predict")


def test_a_password_is_no_argument(here: Run, tmp_path: Path) -> None:
    assert "password" not in here("users", "add", "--help", folder=tmp_path).stdout.replace("The password is", "")
    assert_refused(here("users", "disable", "anna", folder=tmp_path), "there is no audit log")
