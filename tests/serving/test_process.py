"""The server as a process: started, killed while it answers, started again; and where it listens and does not call."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving import made_store
from serving.made_store import EVENT, PATIENT, Address, Said

from spinecast.accounts.keys import Keys
from spinecast.accounts.people import People
from spinecast.accounts.store import AccountStore
from spinecast.audit.database import upgrade
from spinecast.audit.log import open_log
from spinecast.audit.places import Places, audit_places
from spinecast.audit.sealing import verify_log
from spinecast.errors import ServingError
from spinecast.models.artifact import save_model
from spinecast.serving.server import _listen

# Twenty before a release (make soak); each takes a start.
pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("SPINECAST_KILLS", "0"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = made_store.new_store(tmp_path / "mlruns")
    model = tmp_path / "mlruns" / "first" / "model"
    made_store.register(store, EVENT, 1, model, save_model(made_store.event_model(), model))
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "SPINECAST_STORE": str(folder / "mlruns"), "PYTHONUNBUFFERED": "1"}


@contextmanager
def process(
    folder: Path, more: Mapping[str, str] | None = None, *, settings: str = "", mode: str = "no account"
) -> Iterator[tuple[subprocess.Popen[str], Address]]:
    named = []
    if settings:
        (folder / "settings.yaml").write_text(settings)
        named = ["--settings", "settings.yaml"]
    script = Path(__file__).with_name("barred_server.py")
    with subprocess.Popen(
        [sys.executable, str(script), str(folder / "seen"), "serve", "--port", "0", *named],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(folder) | dict(more or {}),
    ) as started:
        assert started.stderr is not None
        try:
            said = ""
            for line in started.stderr:
                said += line
                found = re.search(r"http://127\.0\.0\.1:(\d+)/api/v1", line)
                if found:
                    break
            else:
                pytest.fail(said)
            assert mode in said
            assert "SYNTHETIC" in said
            assert "serving 1 model at" in said
            yield started, Address(int(found[1]), seconds=600)
        finally:
            started.kill()


def key_of_a_clinician(places: Places) -> str:
    log = open_log(places)
    store = AccountStore(log, log.append_with)
    account = People(store).add("clinician", {"clinician"}, "a long walk before breakfast", "test")
    key = Keys(store).create(account, {"predict"}, 1, "load", "test")
    log.close()
    return key


@pytest.mark.parametrize(("database", "kills"), [("sqlite", KILLS or 2), ("postgresql", KILLS or 1)])
def test_killed_under_load_every_answer_that_left_is_recorded(
    folder: Path, database: str, kills: int, request: pytest.FixtureRequest
) -> None:
    more, how, headers = {}, {}, {}
    if database == "postgresql":
        more["SPINECAST_DATABASE_URL"] = request.getfixturevalue("postgresql").new_database("killed")
    places = audit_places({"SPINECAST_STORE": str(folder / "mlruns"), **more})
    upgrade(places)
    if database == "postgresql":  # where nobody is let in without an account
        headers = {"Authorization": f"Bearer {key_of_a_clinician(places)}"}
        how = {"settings": "requests_per_minute: 10000\n", "mode": "Sign-in is required"}
    got: dict[int, float] = {}
    wrong: list[object] = []

    def ask(address: Address, *, many: bool) -> None:
        line = json.dumps({"inputs": PATIENT}).encode() + b"\n"
        path, body = ("predict-many", 5 * line) if many else ("predict", line)
        while True:
            try:
                said = address.ask("POST", f"models/{EVENT}/{path}", body, headers)
            except (OSError, http.client.HTTPException) as error:
                wrong.append(error)
                return  # the server is gone; an answer cut off in the middle was not had
            if said.status != 200:
                wrong.append(said)
                return
            got.update({one["audit_id"]: one["prediction"]["risk"] for one in said.lines})

    for _ in range(kills):
        with process(folder, more, **how) as (started, address):
            already = len(got)
            threads = [
                threading.Thread(target=ask, args=(address,), kwargs={"many": many}) for many in 3 * [False] + [True]
            ]
            for thread in threads:
                thread.start()
            while len(got) < already + 20:
                assert all(thread.is_alive() for thread in threads), wrong
                threads[0].join(0.01)
            started.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
        assert not [said for said in wrong if isinstance(said, Said)], wrong
    log = open_log(places)
    found = verify_log(log)
    assert found.whole, found
    kept = {record.sequence: record.body for record in log.records() if record.kind == "prediction"}
    assert len(got) >= 20 * kills
    assert {number: (kept[number] or {})["answer"]["prediction"]["risk"] for number in got} == got
    assert [record.kind for record in log.records()].count("start") == kills
    assert (folder / "seen").read_text() == ""  # nobody was called
    log.close()


def test_stopped_it_ends_well_and_a_taken_port_is_one_error(folder: Path) -> None:
    with process(folder) as (started, address):
        assert address.predict(PATIENT).status == 200
        with pytest.raises(ServingError, match=f"port {address.port} cannot be used"):
            _listen("127.0.0.1", address.port)
        started.send_signal(signal.SIGTERM)
        assert started.wait(timeout=30) in (0, -signal.SIGTERM)
        assert started.stderr is not None
        logged = started.stderr.read()
    assert "Traceback" not in logged
    assert '"route": "/api/v1/models/{name}/predict", "status": 200' in logged
    assert "63" not in re.sub(r'"(request|ms)": [^,}]+', "", logged)  # no patient's value


def test_the_door_is_named_as_tcp_so_that_answers_leave_at_once() -> None:
    with _listen("127.0.0.1", 0) as door:
        assert door.proto == socket.IPPROTO_TCP  # else asyncio leaves Nagle's algorithm on
