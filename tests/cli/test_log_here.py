"""Who uses the log from the command line: as the machine knows them, whatever the environment says."""

from __future__ import annotations

import os

import pytest

from spinecast.cli.log_here import command_line_actor

pwd = pytest.importorskip("pwd", reason="this machine has no list of users")


@pytest.mark.parametrize("name", ["LOGNAME", "USER", "LNAME", "USERNAME"])
def test_a_name_in_the_environment_is_not_believed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv(name, "professor.head")
    assert command_line_actor() == f"command line: {pwd.getpwuid(os.getuid()).pw_name}"


def test_whoever_has_a_number_alone_is_called_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("LOGNAME", "professor.head")
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert command_line_actor() == "command line: user 2147483641"


def test_whom_sudo_acts_for_stands_beside_and_never_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    own = pwd.getpwuid(os.getuid()).pw_name
    monkeypatch.setenv("SUDO_USER", "a.clinician\nrecord 7")
    assert command_line_actor() == f"command line: {own} (SUDO_USER says a.clinicianrecord 7)"
    monkeypatch.setenv("SUDO_USER", own)
    assert command_line_actor() == f"command line: {own}"
