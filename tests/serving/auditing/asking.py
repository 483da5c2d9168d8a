"""What auditors and clinicians ask of a server that takes whoever says who they are."""

from __future__ import annotations

import re
from typing import Any

from serving.made_store import Address, Said

from spinecast.audit.records import Draft, Record, chained, now_text
from spinecast.serving.auditing import recorded
from spinecast.serving.state import State

FORM = "application/x-www-form-urlencoded"


ANNA, BERT = "anna clinician", "bert clinician"


def asked(server: Address, who: str, model: str, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = server.ask("POST", f"models/{model}/predict", {"inputs": inputs, **more}, {"X-Who": who})
    assert said.status == 200
    return dict(said.json)


def get(server: Address, path: str, who: str = "aude auditor") -> Said:
    return server.ask("GET", path, None, {"X-Who": who})


def post(server: Address, path: str, body: bytes = b"", who: str = "aude auditor") -> Said:
    return server.ask("POST", path, body, {"X-Who": who}, FORM)


def numbers(page: Said) -> list[int]:
    return [int(one) for one in re.findall(r'<th scope="row"><a href="/(?:audit/records|mine)/(\d+)">', page.text)]


def head(state: State) -> Record:
    found = state.log.head()
    assert found is not None
    return found


def answer_in(*, label: str, kind: str = "prediction", **more: Any) -> tuple[Record, recorded.Said]:
    """A record of an answer, made by hand."""
    prediction = {"outcome": label, "risk": 0.3, "lower": 0.2, "upper": 0.4, "scale": more.pop("scale", "log-odds")}
    prediction |= {"log_odds": -0.85, "base_value": -0.85, "residual": 0.0, "contributions": [], "used": {}}
    model = {"name": "some", "version": "2", "identity": "f" * 64, "alias": None, "title": "Some", "cohort": ""}
    answer = {"model": model, "prediction": prediction, "complement": more.pop("complement", None)}
    body = {"asked": {"inputs": {}}, "answer": answer, **more}
    record = chained(Draft(kind, "anna (clinician)", body, "some/2"), None, now_text())
    said = recorded.said_in(record)
    assert said is not None
    return record, said
