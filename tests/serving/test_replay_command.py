"""`spinecast audit replay`, on a log that a server left."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serving import made_store
from serving.made_store import EVENT, PATIENT

from spinecast.audit.places import audit_places
from spinecast.cli import main
from spinecast.cli.log_here import log_here
from spinecast.models.artifact import save_model
from spinecast.serving.app import make_app
from spinecast.serving.server import close_state, open_state


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["spinecast", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def values_of(one: Any, key: str) -> Iterator[Any]:
    """Everything that stands under a key, however deep."""
    for name, value in one.items() if isinstance(one, dict) else ():
        if name == key:
            yield value
        yield from values_of(value, key)


def served_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[str, Any]]:
    """Serve one answer and stop; the folder of the model and what was said."""
    monkeypatch.setenv("SPINECAST_STORE", str(tmp_path / "mlruns"))
    store = made_store.new_store(tmp_path / "mlruns")
    folder = tmp_path / "mlruns" / "first" / "model"
    made_store.register(store, EVENT, 1, folder, save_model(made_store.event_model(), folder))
    state = open_state(store, audit_places(), lambda _: None)
    with made_store.running(make_app(state)) as server:
        said = server.predict(PATIENT, patient="4711").json
    close_state(state)
    return folder, said


def test_an_answer_is_explained_by_its_version_and_who_asked_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said = served_answer(tmp_path, monkeypatch)
    status, shown, _ = run(monkeypatch, capsys, "audit", "explain", str(said["audit_id"]), "--json")
    assert status == 0
    reasons, answered = json.loads(shown), said["prediction"]
    assert reasons["answer"] == answered["risk"]
    then = {row["variable"]: row["contribution"] for row in answered["contributions"]}
    assert {one["variable"]: one["contribution"] for one in reasons["reasons"]} == then
    with log_here() as log:
        (made,) = log.find(kind="explanation")
        (prediction,) = log.find(kind="prediction")
    body = made.body
    assert body is not None
    assert (made.model, made.subject) == (f"{EVENT}/1", prediction.subject)
    assert made.subject is not None
    assert made.actor.startswith("command line: ")
    assert body["record"] == said["audit_id"]
    assert body["shown_sha256"] == hashlib.sha256(shown.strip().encode()).hexdigest()
    assert "albumin" not in json.dumps(body)  # the inputs stand in the answer's record alone, and go with it
    status, shown, _ = run(monkeypatch, capsys, "audit", "explain", str(said["audit_id"]))
    assert (status, "a straight line (LIME) explains" in shown) == (0, True)
    status, _, complaint = run(monkeypatch, capsys, "audit", "explain", str(made.sequence))
    assert status == 2
    assert "holds no answer that could be explained" in complaint

    # Reasons of what other software would answer now are not those of the answer in the log.
    from spinecast.serving import explaining_records

    right = explaining_records.question_patient

    def moved(*given: Any) -> Any:
        found = right(*given)
        return replace(found, served=found.served + 1e-6)

    monkeypatch.setattr(explaining_records, "question_patient", moved)
    status, shown, complaint = run(monkeypatch, capsys, "audit", "explain", str(said["audit_id"]))
    assert (status, shown) == (2, "")
    assert f"see spinecast audit replay {said['audit_id']}" in complaint
    with log_here() as log:
        assert len(log.find(kind="explanation")) == 2


def test_replay_says_the_same_or_names_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, said = served_answer(tmp_path, monkeypatch)
    number = str(said["audit_id"])
    status, shown, _ = run(monkeypatch, capsys, "audit", "replay", number)
    assert (status, shown) == (0, f"record {number}: the same, bit for bit\n")
    status, shown, _ = run(monkeypatch, capsys, "audit", "replay", number, "--json")
    assert json.loads(shown)["same"] is True
    status, _, _ = run(monkeypatch, capsys, "audit", "export", "--output", str(tmp_path / "records.jsonl"))
    exported = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    contents = [json.loads(one["content"]) for one in exported if one.get("kind") == "prediction"]
    (prediction,) = [found for one in contents for found in values_of(one, "prediction")]
    added = prediction["base_value"] + sum(row["contribution"] for row in prediction["contributions"])
    assert added + prediction["residual"] == pytest.approx(prediction["log_odds"], abs=1e-12)
    status, _, complaint = run(monkeypatch, capsys, "audit", "replay", "1")
    assert (status, "nothing was answered" in complaint) == (2, True)

    # Software that answers otherwise is found out, and where.
    with monkeypatch.context() as changed:
        from spinecast.serving import recording

        right = recording.answer

        def wrong(*given: object, **named: object) -> dict[str, object]:
            found = right(*given, **named)  # type: ignore[arg-type]
            return {**found, "prediction": {**found["prediction"], "risk": found["prediction"]["risk"] + 1e-16}}

        changed.setattr(recording, "answer", wrong)
        status, shown, _ = run(changed, capsys, "audit", "replay", number)
        assert status == 4
        assert "/prediction/risk: then" in shown

    # So is an explanation that differs in its last bit.
    with monkeypatch.context() as changed:

        def bent(*given: object, **named: object) -> dict[str, object]:
            found = right(*given, **named)  # type: ignore[arg-type]
            first, *others = found["prediction"]["contributions"]
            other = {**first, "contribution": float(np.nextafter(first["contribution"], np.inf))}
            return {**found, "prediction": {**found["prediction"], "contributions": [other, *others]}}

        changed.setattr(recording, "answer", bent)
        status, shown, _ = run(changed, capsys, "audit", "replay", number)
        assert status == 4
        assert "/prediction/contributions/0/contribution: then" in shown

    save_model(replace(made_store.event_model(), slope=2.0), folder)
    status, _, complaint = run(monkeypatch, capsys, "audit", "replay", number)
    assert status == 2
    assert "not the model that was registered" in complaint
    assert "Traceback" not in complaint
