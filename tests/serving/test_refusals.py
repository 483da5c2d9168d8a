"""What is wrong gets its own answer, naming field, value, range and unit; and nothing that is wrong is recorded."""

from __future__ import annotations

import asyncio
import json
import socket
import traceback
from typing import Any

import pytest
from serving.made_store import EVENT, GRADE, PATIENT, TIMES, Address

from spinecast.errors import AuditError, SpinecastError
from spinecast.serving.access.settings import Door
from spinecast.serving.guard import Guard
from spinecast.serving.metrics import Metrics
from spinecast.serving.problems import problem_of
from spinecast.serving.state import State
from spinecast.tracking.asking import RegistryError


@pytest.mark.parametrize(
    ("inputs", "field", "expected"),
    [
        ({"albumin": 37}, "albumin", {"value": 37, "minimum": 0.5, "maximum": 7, "unit": "g/dL"}),
        ({"albumin": {"value": 0.3, "unit": "g/L"}}, "albumin", {"value": {"value": 0.3, "unit": "g/L"}}),
        ({"albumin": {"value": 3, "unit": "stone"}}, "albumin", {"other_units": ["g/L"]}),
        ({"age": -40}, "age", {"value": -40, "minimum": 0, "maximum": 120, "unit": "years"}),
        ({"age": "sixty"}, "age", {"value": "sixty"}),
        ({"age": True}, "age", {}),
        ({"age": [63]}, "age", {}),
        ({"sex": "neither"}, "sex", {"levels": ["female", "male"], "value": "neither"}),
        ({"albumen": 3}, "albumen", {"remedy": "did you mean albumin?"}),
        ({"karnofsky_performance_status": 70}, "karnofsky_performance_status", {}),
    ],
)
def test_a_wrong_field_is_named(server: Address, inputs: dict[str, Any], field: str, expected: dict[str, Any]) -> None:
    said = server.predict(inputs)
    assert said.status == 422
    assert said.headers["content-type"] == "application/problem+json"
    problem = said.json
    assert problem["type"] == "urn:spinecast:problem:patient-contract"
    (error,) = problem["errors"]
    assert error["field"] == field
    assert error["pointer"] == f"#/inputs/{field}"
    assert {name: error[name] for name in expected} == expected


def test_several_wrong_fields_are_named_together(server: Address) -> None:
    errors = server.predict({"albumin": 37, "age": -1, "sex": "x", "zebra": 1}).json["errors"]
    assert {error["field"] for error in errors} == {"albumin", "age", "sex", "zebra"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b'{"inputs": {"albumin": NaN}}', 422, "albumin"),
        (b'{"inputs": {"age": 1e999}}', 422, "age"),
        (b'{"inputs": {"age": 63, "age": 64}}', 400, "more than once"),
        (b'{"inputs": {"age": ' + b"9" * 5000 + b"}}", 400, ""),
        (b'{"inputs": ' + b"[" * 30_000, 400, "deeply"),
        (b'{"inputs": {"age": [[[[[[[[[[[[1]]]]]]]]]]]]}}', 422, "deeply"),
        (b'{"inputs": {"age": 63}', 400, "not JSON"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[]", 400, "no object"),
        (b"{}", 422, "inputs"),
        (b'{"inputs": {}}', 422, "nothing is known"),
        (b'{"inputs": {"age": null}}', 422, "nothing is known"),
        (b'{"inputs": [63]}', 422, "no object"),
        (b'{"inputs": {"age": 63}, "extra": 1}', 422, "extra"),
        (b'{"inputs": {"age": 63, "last name": "Doe"}}', 422, "who the patient is"),
        (b'{"inputs": {"age": 63}, "for_scores": {"mrn": 4711}}', 422, "who the patient is"),
        (b'{"inputs": {"age": 63}, "for_scores": {"zebra": 1}}', 422, "zebra"),
        (b'{"inputs": {"age": 63}, "for_scores": {"age": 64}}', 422, "given twice"),
        (b'{"inputs": {"age": 63}, "patient": ""}', 422, "patient"),
        (b'{"inputs": {"age": 63}, "patient": "\\ud800"}', 422, "half of a character"),
        (b'{"inputs": {"age": 63}, "days": [90]}', 422, "answers no other day"),
        (b'{"inputs": {"age": 63}, "minimum_hemoglobin": 8}', 422, "no blood is ordered"),
        (b'{"inputs": {"age": 63}, "level": "3"}', 422, "no ordered levels"),
        (b'{"inputs": {"age": 63}, "level": 3}', 422, "#/level"),
        (b'{"inputs": {"age": 63}, "level": ""}', 422, "#/level"),
    ],
)
def test_a_body_that_will_not_do(server: Address, state: State, body: bytes, status: int, words: str) -> None:
    before = state.log.count()
    said = server.ask("POST", f"models/{EVENT}/predict", body)
    assert said.status == status, said.content
    assert words in said.content.decode()
    assert "Doe" not in said.content.decode()
    assert b" --" not in said.content  # no advice for a command line
    assert state.log.count() == before


@pytest.mark.parametrize(
    ("others", "field", "value"),
    [
        ({"karnofsky_performance_status": -5}, "karnofsky_performance_status", -5),
        ({"zebra/crossing": 1}, "zebra~1crossing", None),
        ({"mrn": 4711}, "mrn", None),
    ],
)
def test_what_is_wrong_beside_the_inputs_is_pointed_to_there(
    server: Address, others: dict[str, Any], field: str, value: object
) -> None:
    said = server.predict({"age": 63}, for_scores=others)
    assert said.status == 422
    (error,) = said.json["errors"]
    assert error["pointer"] == f"#/for_scores/{field}"
    assert error.get("value") == value
    both = server.predict({"age": -1}, for_scores={"age": -1}).json["errors"]
    assert [one["pointer"] for one in both] == ["#/inputs/age"]


@pytest.mark.parametrize(
    "more", [{"days": [90]}, {"for_scores": {"age": 63}}, {"level": "3"}, {"minimum_hemoglobin": 8}]
)
def test_scores_pass_over_nothing_that_is_said(server: Address, more: dict[str, Any]) -> None:
    said = server.ask("POST", "scores", {"inputs": {"age": 63}, **more})
    assert said.status == 422
    assert said.json["errors"][0]["pointer"] == f"#/{next(iter(more))}"


def test_days_that_make_no_sense(server: Address) -> None:
    for days in ([-1], [0], [30, 30], ["a"], [1] * 61):
        assert server.predict(PATIENT, TIMES, days=days).status == 422, days


@pytest.mark.parametrize("level", ["0", "4", "At least 2", "2 "])  # nobody fails to reach the lowest
def test_a_level_that_is_not_reached_is_named_with_those_that_are(server: Address, state: State, level: str) -> None:
    before = state.log.count()
    for action in ("predict", "explain"):
        said = server.ask("POST", f"models/{GRADE}/{action}", {"inputs": {"age": 63}, "level": level})
        assert said.status == 422
        (error,) = said.json["errors"]
        assert (error["field"], error["pointer"]) == ("level", "#/level")
        assert error["expected"] == "one of 1, 2, 3"
    assert state.log.count() == before


def test_a_body_of_ten_megabytes_is_too_large_and_text_is_no_json(server: Address) -> None:
    assert server.ask("POST", f"models/{EVENT}/predict", b" " * 10_000_000).status == 413
    assert server.ask("POST", f"models/{EVENT}/predict", b"{}", kind="text/plain").status == 415
    assert server.ask("POST", f"models/{EVENT}/predict-many", b"x" * 17_000_000).status == 413


def test_a_length_that_is_a_lie_or_no_http_at_all(server: Address) -> None:
    for sent in (b"POST /api/v1/scores HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", b"\x00\x01\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(sent)
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
    assert server.get("health").status == 200


def test_what_is_not_there(server: Address) -> None:
    assert server.get("nothing").json["status"] == 404
    assert server.ask("DELETE", "models").status == 405
    said = server.predict(PATIENT, "simulated_mortalty")
    assert said.status == 404
    assert "did you mean simulated_mortality?" in said.content.decode()
    for path in (
        "predictions/0",
        "predictions/x",
        "predictions?limit=0",
        "predictions?pseudonym=Doe",
        f"predictions/{2**70}",
    ):
        assert server.get(path).status == 422, path
    assert server.get(f"predictions/{2**60}").status == 404
    assert server.ask("POST", "scores", {"inputs": {"age": 63}, "scores": ["zebra"]}).status == 422
    for inputs in ({"zebra": 1}, {"spinal_level": "nowhere"}, {"hematocrit": 4000}):  # whether a score looks or not
        said = server.ask("POST", "scores", {"inputs": inputs})
        assert (said.status, said.json["errors"][0]["field"]) == (422, next(iter(inputs)))
        assert server.predict(PATIENT, for_scores=inputs).status == 422
    assert server.ask("POST", "predictions/search", {"patient": 4711}).status == 422


def test_other_names_and_pages_of_other_sites_are_turned_away(server: Address) -> None:
    assert server.ask("GET", "models", headers={"Host": "evil.example"}).status == 421
    body = json.dumps({"inputs": PATIENT}).encode()
    crossed = server.ask("POST", f"models/{EVENT}/predict", body, {"Origin": "https://evil.example"})
    assert crossed.status == 403
    broken = server.ask("POST", f"models/{EVENT}/predict", body, {"Origin": "http://["})  # no address at all
    assert (broken.status, broken.json["type"]) == (403, "urn:spinecast:problem:cross-site")
    assert broken.headers["x-content-type-options"] == "nosniff"
    own = server.ask("POST", f"models/{EVENT}/predict", body, {"Origin": f"http://127.0.0.1:{server.port}"})
    assert own.status == 200


def test_more_unknown_fields_than_anybody_means_are_counted_and_not_each_looked_for(server: Address) -> None:
    said = server.predict({f"unknown_{number}": 1 for number in range(3000)})
    assert said.status == 422
    errors = said.json["errors"]
    assert len(errors) == 21
    assert "2980 more unknown fields" in errors[-1]["detail"]
    assert len(said.content) < 100_000


def test_a_number_that_no_unit_can_hold_is_refused_as_any_other(server: Address) -> None:
    inputs = {"lactate_dehydrogenase": {"value": 1.7e308, "unit": "ukat/L"}}  # its conversion overflows
    said = server.ask("POST", "scores", {"inputs": inputs})
    assert said.status == 422
    assert said.json["errors"][0]["field"] == "lactate_dehydrogenase"


def test_who_may_not_look_into_the_server_is_told_little(
    server: Address, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server.ask("BREW", "models").status == 405
    assert "BREW" not in state.metrics.text(1, 0).decode()  # each method would be a series that stays
    monkeypatch.setattr(state.models, "_refused", {"secret_model/1": "why it is not served"})
    said = server.get("ready").json
    assert said["refused"] == 1
    assert said["registry"] == "answers"
    assert "secret" not in str(said)
    assert "secret_model/1" in server.get("models").json["refused"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(AuditError("user of the database"), "audit-log"), (RegistryError("host of the registry"), "registry")],
)
def test_what_the_log_or_the_registry_says_stays_with_who_runs_the_server(
    error: SpinecastError, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.kind) == (503, kind)
    assert error.what not in problem.detail
    assert error.what in caplog.text
    assert int(problem.headers["Retry-After"]) > 0


def test_an_error_after_the_answer_has_begun_is_cut_off_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("albumin 2.9")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}
    with pytest.raises(RuntimeError, match="after the answer had begun") as raised:
        asyncio.run(Guard(broken, Metrics(), Door())(scope, lambda: None, send))  # type: ignore[arg-type]
    assert "albumin" not in "".join(traceback.format_exception(raised.value))
    assert "albumin" not in caplog.text
    assert [message["type"] for message in sent] == ["http.response.start"]
