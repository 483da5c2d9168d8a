"""Models come and go, databases go and come back: what is answered is right and recorded, or it is not answered."""

from __future__ import annotations

import pickle
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_databases import Server
from serving import made_store
from serving.made_store import EVENT, LOSS, PATIENT, Address
from sqlalchemy import text

from spinecast.audit.database import upgrade
from spinecast.audit.places import Places, audit_places
from spinecast.audit.sealing import verify_log
from spinecast.errors import ServingError
from spinecast.models.artifact import save_model
from spinecast.serving import models as models_module
from spinecast.serving.app import make_app
from spinecast.serving.models import ServedModels
from spinecast.serving.server import close_state, open_state
from spinecast.serving.state import State
from spinecast.tracking.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A registry of one model of an event, and one of a quantity."""
    store = made_store.new_store(tmp_path / "registry")
    folder = tmp_path / "registry" / "first" / "model"
    made_store.register(store, EVENT, 1, folder, save_model(made_store.event_model(), folder))
    return store


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return audit_places({"SPINECAST_AUDIT": str(tmp_path / "audit")})


def second_version(store: Store, folder: Path) -> None:
    model = replace(made_store.event_model(), intercept=1.0)
    made_store.register(store, EVENT, 2, folder, save_model(model, folder), alias="champion")


def test_a_new_champion_is_picked_up_without_a_restart_and_without_a_lost_request(
    store: Store, places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_module, "SECONDS_BETWEEN", 0.1)
    state = open_state(store, places, lambda _: None)
    seen: list[tuple[int, str, float]] = []
    stop = threading.Event()
    with made_store.running(make_app(state)) as server:

        def ask() -> None:
            while not stop.is_set():
                said = server.predict(PATIENT)
                answer = said.json
                seen.append((said.status, answer["model"]["version"], answer["prediction"]["risk"]))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        second_version(store, tmp_path / "registry" / "second" / "model")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not any(version == "2" for _, version, _ in seen):
            time.sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()
        last = server.predict(PATIENT).json
        replayed = server.ask("POST", "predictions/2/replay").json  # answered by version 1, which is served no more
    assert {status for status, _, _ in seen} == {200}
    assert len({risk for _, version, risk in seen if version == "1"}) == 1
    assert (last["model"]["version"], last["model"]["alias"]) == ("2", "champion")
    assert last["prediction"]["risk"] != seen[0][2]
    assert replayed["same"] is True
    assert verify_log(state.log).whole
    close_state(state)


def test_a_model_with_a_pickle_or_an_altered_byte_is_refused_loudly_and_the_old_one_goes_on(
    store: Store, tmp_path: Path
) -> None:
    complaints: list[str] = []
    models = ServedModels(store, complaints.append)
    models.refresh()
    altered = tmp_path / "registry" / "altered" / "model"
    second_version(store, altered)
    content = bytearray((altered / "model.json").read_bytes())
    content[-10] ^= 1
    (altered / "model.json").write_bytes(bytes(content))
    models.refresh()
    assert models.get(EVENT).version.version == "1"
    assert f"{EVENT}/2" in models.refused
    assert "not what its manifest says" in complaints[0]
    models.refresh()
    assert len(complaints) == 1  # said once

    pickled = tmp_path / "registry" / "pickled" / "model"
    identity = save_model(made_store.event_model(), pickled)
    (pickled / "extra.pkl").write_bytes(pickle.dumps({"a": 1}))
    made_store.register(store, LOSS, 1, pickled, identity)
    models.refresh()
    assert "added to it: extra.pkl" in models.refused[f"{LOSS}/1"]
    np.save(pickled / "array.npy", np.array([{}], dtype=object), allow_pickle=True)
    swapped = tmp_path / "registry" / "swapped" / "model"
    save_model(replace(made_store.event_model(), slope=2.0), swapped)
    made_store.register(store, "another", 1, swapped, "0" * 64)  # whole in itself, and not the one that was registered
    models.refresh()
    assert "not the model that was registered" in models.refused["another/1"]


def test_nothing_to_serve_is_one_error(places: Places, tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="no model can be served"):
        open_state(made_store.new_store(tmp_path / "empty"), places, lambda _: None)


def test_without_the_database_nothing_is_answered(store: Store, places: Places, tmp_path: Path) -> None:
    state = open_state(store, places, lambda _: None)
    with made_store.running(make_app(state)) as server:
        assert server.predict(PATIENT).status == 200
        away = tmp_path / "away"
        places.seal.parent.rename(away)
        assert server.get("ready").status == 503
        for path in (f"models/{EVENT}/predict", f"models/{EVENT}/explain", f"models/{EVENT}/predict-many", "scores"):
            said = server.ask("POST", path, {"inputs": {"age": 63}})
            assert said.status == 503, path
            assert said.headers["retry-after"] == "5"
            assert "risk" not in said.json
        counted = state.metrics.text(1, 0).decode()
        assert f'spinecast_answers_total{{kind="prediction",model="{EVENT}"}} 1.0' in counted  # what left, and no more
        assert "spinecast_unrecorded_total 4.0" in counted
        assert server.get("ready").status == 503
        assert server.get("health").status == 200
        away.rename(places.seal.parent)
        answer = server.predict(PATIENT)
        assert answer.status == 200, answer.content
    assert verify_log(state.log).whole
    close_state(state)


def altered_is_named(state: State, server: Address, number: int) -> None:
    """What was edited behind the log's back is named by whoever reads it, and is not shown nor replayed."""
    with state.log.engine.begin() as connection:
        server_side = state.log.engine.dialect.name == "postgresql"
        connection.execute(text(f"DROP TRIGGER audit_record_no_update{' ON audit_record' if server_side else ''}"))
        edit = "UPDATE audit_record SET content = replace(content, '63', '64') WHERE sequence = :number"
        connection.execute(text(edit), {"number": number})
    for said in (server.get(f"predictions/{number}"), server.ask("POST", f"predictions/{number}/replay")):
        assert said.status == 409
        assert said.json["type"].endswith("record-altered")
        assert said.json["detail"] == f"the content of record {number} was edited"
    listed = server.get("predictions?limit=1000").json["records"]
    assert [one["record"] for one in listed if one["altered"]] == [number]
    assert [one.record for one in verify_log(state.log).findings] == [number]


def test_a_record_edited_in_the_database_is_named_where_it_is_read(store: Store, places: Places) -> None:
    state = open_state(store, places, lambda _: None)
    with made_store.running(make_app(state)) as server:
        altered_is_named(state, server, server.predict(PATIENT).json["audit_id"])
    close_state(state)


def test_everything_again_on_postgresql(store: Store, postgresql: Server, tmp_path: Path) -> None:
    environment = {
        "SPINECAST_AUDIT": str(tmp_path / "audit"),
        "SPINECAST_DATABASE_URL": postgresql.new_database("served"),
    }
    places = audit_places(environment)
    upgrade(places)
    state = open_state(store, places, lambda _: None)
    with made_store.running(make_app(state)) as server:
        lines = b'{"inputs": {"age": 63}}\n' * 70
        assert server.ask("POST", f"models/{EVENT}/predict-many", lines, kind="application/x-ndjson").status == 200
        answer = server.predict(PATIENT, patient="Ünal 4711").json
        assert server.ask("POST", f"predictions/{answer['audit_id']}/replay").json["same"] is True
        assert server.get(f"predictions?pseudonym={answer['patient']}").json["records"]
        postgresql.stop()
        try:
            assert server.predict(PATIENT).status == 503
            assert server.get("ready").status == 503
        finally:
            postgresql.start()
        assert server.predict(PATIENT).status == 200
        found = verify_log(state.log)
        assert found.whole, found
        altered_is_named(state, server, answer["audit_id"])
    close_state(state)
