"""What is served: every part of every answer, for every kind of model."""

from __future__ import annotations

import json
import math
import re

import made_levels
import pytest
from serving.made_store import COMPETING, DECLINING, EVENT, GRADE, LOSS, PATIENT, TIMES, Address, event_model

from spinecast.audit.verification import verify
from spinecast.clinical.dictionary import variable
from spinecast.clinical.scores import score
from spinecast.cohorts.patient import patient_row
from spinecast.serving.state import State


def test_an_event_with_all_that_belongs_to_it(server: Address) -> None:
    said = server.predict(PATIENT, patient="4711", for_scores={"karnofsky_performance_status": 70})
    assert said.status == 200, said.content
    answer = said.json
    risk = event_model().predict(patient_row(PATIENT, event_model().predictors)[0])[0]
    prediction = answer["prediction"]
    assert prediction["risk"] == risk  # every bit of it
    assert prediction["lower"] < risk < prediction["upper"]
    assert answer["complement"] == {
        "label": "Alive at day 90",
        "probability": 1 - risk,
        "lower": 1 - prediction["upper"],
        "upper": 1 - prediction["lower"],
    }
    total = prediction["base_value"] + sum(row["contribution"] for row in prediction["contributions"])
    assert total + prediction["residual"] == pytest.approx(prediction["log_odds"], abs=1e-12)
    assert prediction["scale"] == "log-odds"
    assert prediction["used"]["albumin"] == "2.9 g/dL"
    assert answer["missing"]["count"] == 4
    assert {one["variable"] for one in answer["missing"]["inputs"]} == {
        "creatinine",
        "tumour_group",
        "diabetes",
        "income_band",
    }
    assert answer["missing"]["added_deviation"] > 0
    assert answer["model"] | {"identity": ""} == {
        "name": EVENT,
        "version": "1",
        "alias": "candidate",
        "identity": "",
        "kind": "event",
        "title": "Death in a simulated cohort",
        "outcome": "Death within 90 days",
        "synthetic": True,
        "cohort": "simulated",
    }
    assert len(answer["model"]["identity"]) == 64
    assert any("Research use only" in notice for notice in answer["notices"])
    assert any("SYNTHETIC" in notice for notice in answer["notices"])
    assert "no account" in answer["mode"]
    assert answer["declined"] is None
    assert answer["patient"] != "4711"
    assert said.headers["content-security-policy"].startswith("default-src 'none'")
    assert said.headers["cache-control"] == "no-store"


def test_an_answer_is_in_the_log_and_the_patient_under_a_pseudonym(server: Address, state: State) -> None:
    answer = server.predict(PATIENT, patient="hospital 4711").json
    record = state.log.get(answer["audit_id"])
    assert record is not None
    assert record.subject == answer["patient"] == state.log.key.pseudonym("hospital 4711")
    assert record.model == f"{EVENT}/1"
    assert record.actor.startswith("local demonstration (")
    assert "hospital 4711" not in (record.content or "")
    body = record.body
    assert body is not None
    assert body["asked"]["inputs"] == PATIENT
    assert body["answer"]["prediction"] == answer["prediction"]
    assert body["software"]["spinecast"]
    assert verify(state.log.records(), state.log.seal()).whole


def test_the_same_value_in_another_unit_is_the_same_risk(server: Address) -> None:
    grams = server.predict({"albumin": {"value": 37, "unit": "g/L"}}).json["prediction"]
    assert server.predict({"albumin": 3.7}).json["prediction"]["risk"] == grams["risk"]


def test_a_model_of_times_answers_any_day_and_names_survival(server: Address) -> None:
    answer = server.predict(PATIENT, TIMES, days=[45, 9999]).json
    first, late = answer["prediction"]["horizons"]
    assert first["lower"] < first["risk"] < first["upper"]
    assert "absent" in late
    alive = answer["complement"]["horizons"]
    assert alive[0]["probability"] == 1 - first["risk"]
    assert "absent" in alive[1]
    assert len(answer["prediction"]["curve"]["days"]) > 5


def test_competing_events_are_named_and_in_the_complement(server: Address) -> None:
    answer = server.predict(PATIENT, COMPETING).json
    assert list(answer["prediction"]["other_causes"]) == ["Death"]
    assert answer["complement"]["label"].endswith("other events included")


def test_a_quantity_with_blood_to_order(server: Address) -> None:
    inputs = {"age": 60, "hemoglobin": 12.5, "sex": "male", "body_height": 175, "body_weight": 80}
    answer = server.predict(inputs, LOSS, minimum_hemoglobin=8).json
    assert answer["prediction"]["unit"] == "mL"
    assert answer["prediction"]["blood_order"]["least_hemoglobin"] == 8
    assert answer["complement"] is None
    assert not any("SYNTHETIC" in notice for notice in answer["notices"])


def test_ordered_levels_with_the_level_that_is_asked_for_explained(server: Address) -> None:
    asked = {"age": 71, "hemoglobin": 10.5}
    saved = made_levels.ordinal_model("proportional_odds")
    matrix = patient_row(asked, saved.predictors)[0]
    for number, level in enumerate(("1", "2", "3")):
        prediction = server.predict(asked, GRADE, level=level).json["prediction"]
        assert prediction["explained"] == level
        assert prediction["served"] == saved.log_odds(matrix)[0, number]  # every bit of it
        total = prediction["base_value"] + sum(row["contribution"] for row in prediction["contributions"])
        assert total + prediction["reordered"] + prediction["residual"] == pytest.approx(prediction["served"])
    answer = server.predict(asked, GRADE).json
    assert answer["prediction"]["explained"] == "2"  # the one that divides the patients most evenly
    assert sum(one["probability"] for one in answer["prediction"]["levels"]) == pytest.approx(1)
    assert answer["complement"] is None
    many = b'{"inputs": {"age": 71}, "level": "3"}\n{"inputs": {"age": 71}, "level": "4"}'
    right, wrong = server.ask("POST", f"models/{GRADE}/predict-many", many, kind="application/x-ndjson").lines
    assert right["prediction"]["explained"] == "3"
    assert right["missing"]["added_deviation"] > 0
    assert right["missing"]["scale"] == "log-odds of reaching the level"
    assert wrong["problem"]["errors"][0]["field"] == "level"


def test_a_declined_answer_is_an_answer_without_a_risk_and_recorded(server: Address, state: State) -> None:
    said = server.predict({"age": 63}, DECLINING)
    assert said.status == 200
    assert said.json["prediction"] is None
    assert "Albumin is not known" in said.json["declined"]
    record = state.log.get(said.json["audit_id"])
    assert record is not None
    assert record.kind == "declined"


@pytest.mark.parametrize("model", [EVENT, TIMES, COMPETING, LOSS, GRADE])
def test_explain_says_what_each_missing_input_would_narrow(server: Address, model: str) -> None:
    answer = server.ask("POST", f"models/{model}/explain", {"inputs": {"age": 63}}).json
    narrowing = answer["missing"]["narrowing"]
    assert {one["variable"] for one in narrowing} == {one["variable"] for one in answer["missing"]["inputs"]}
    widths = [one["expected_width"] for one in narrowing]
    assert widths == sorted(widths)
    if model == EVENT:
        prediction = answer["prediction"]
        assert narrowing[0]["width"] == pytest.approx(prediction["upper"] - prediction["lower"])
        assert min(widths) < narrowing[0]["width"]


def test_scores_stand_beside_and_alone(server: Address, state: State) -> None:
    inputs = score("bollen").inputs
    known = {name: variable(name).level_values[0] for name in inputs if variable(name).is_levelled}
    known["karnofsky_performance_status"] = 80
    asked = {name: known[name] for name in inputs}
    beside = server.predict(PATIENT, for_scores=asked).json["scores"]
    (found,) = [one for one in beside if one["name"] == "bollen"]
    assert found["missing"] == []
    assert found["value"] == found["lower"] == found["upper"]
    assert found["stratum"]
    assert set(found["expected_survival"]) <= {"90", "180", "365"}
    # Albumin is half of it; age and sex tell no other score enough.
    assert [one["name"] for one in server.predict(PATIENT).json["scores"]] == ["prognostic_nutritional_index"]
    alone = server.ask("POST", "scores", {"inputs": asked, "scores": ["bollen", "tomita"]})
    assert alone.status == 200, alone.content
    first, second = alone.json["scores"]
    assert first == found
    assert second["minimum"] <= second["lower"] <= second["upper"] <= second["maximum"]
    record = state.log.get(alone.json["audit_id"])
    assert record is not None
    assert record.kind == "scores"


def test_many_patients_are_answered_line_by_line_and_each_is_recorded(server: Address, state: State) -> None:
    lines = [json.dumps({"inputs": {"age": 20 + number / 2}}) for number in range(70)]
    lines[7] = '{"inputs": {"albumin": 37}}'
    lines[9] = "not JSON"
    lines[11] = '{"inputs": {"age": 63' + " " * 70_000 + "}}"
    said = server.ask("POST", f"models/{EVENT}/predict-many", "\n".join(lines).encode(), kind="application/x-ndjson")
    assert said.status == 200
    answers = said.lines
    assert [one["line"] for one in answers] == list(range(1, 71))
    assert answers[7]["problem"]["errors"][0]["field"] == "albumin"
    assert answers[9]["problem"]["status"] == 400
    assert answers[11]["problem"]["status"] == 413
    right = [one for one in answers if "problem" not in one]
    assert len({one["audit_id"] for one in right}) == 67
    alone = server.predict({"age": 22.5}).json["prediction"]
    assert answers[5]["prediction"] == alone
    record = state.log.get(right[-1]["audit_id"])
    assert record is not None
    assert math.isfinite((record.body or {})["answer"]["prediction"]["risk"])


@pytest.mark.parametrize("model", [EVENT, DECLINING, TIMES, COMPETING, LOSS, GRADE])
def test_replay_gives_the_same_bits_for_every_kind(server: Address, model: str) -> None:
    asked: dict[str, object] = {"inputs": {"age": 63.25, "sex": None} if model not in (LOSS, GRADE) else {"age": 63.25}}
    if model == GRADE:
        asked["level"] = "3"
    audit_id = server.ask("POST", f"models/{model}/explain", asked).json["audit_id"]
    said = server.ask("POST", f"predictions/{audit_id}/replay")
    assert said.status == 200, said.content
    assert said.json["same"] is True
    assert said.json["differences"] == []
    assert said.json["software_then"] == said.json["software_now"]


def test_scores_are_replayed_too_and_what_holds_no_answer_is_not(server: Address) -> None:
    asked = {"inputs": {"age": 70, "sex": "male"}, "scores": ["blood_volume"]}
    audit_id = server.ask("POST", "scores", asked).json["audit_id"]
    assert server.ask("POST", f"predictions/{audit_id}/replay").json["same"] is True
    assert server.ask("POST", "predictions/1/replay").status == 409  # the server's start
    assert server.ask("POST", "predictions/999999/replay").status == 404


def test_the_log_is_read_and_that_is_recorded(server: Address) -> None:
    audit_id = server.predict(PATIENT, patient="0815").json["audit_id"]
    found = server.ask("POST", "predictions/search", {"patient": "0815"}).json
    assert [one["record"] for one in found["records"] if one["kind"] == "prediction"] == [audit_id]
    whole = server.get(f"predictions/{audit_id}").json
    assert whole["content"]["asked"]["inputs"] == PATIENT
    listed = server.get(f"predictions?pseudonym={found['pseudonym']}&limit=5").json["records"]
    assert [one["kind"] for one in listed] == ["read", "read", "prediction"]
    assert {one["actor"] for one in listed} == {listed[0]["actor"]}


def test_models_cards_schemas_and_numbers_for_prometheus(server: Address) -> None:
    models = server.get("models").json
    assert [one["name"] for one in models["models"]] == sorted([EVENT, DECLINING, TIMES, COMPETING, LOSS, GRADE])
    assert models["refused"] == {}
    assert server.get(f"models/{EVENT}").json["about"]["outcome"]["event"] == "death"
    assert server.get(f"models/{EVENT}/card").json["card"] == {"title": "What it is"}
    schema = server.get(f"models/{EVENT}/schema").json
    number, canonical, grams, unknown = schema["properties"]["albumin"]["anyOf"]
    assert (number["minimum"], number["maximum"], number["x-unit"]) == (0.5, 7, "g/dL")
    assert "g/dL" in canonical["properties"]["unit"]["enum"]
    assert grams["properties"]["value"] | {"type": ""} == {"type": "", "minimum": 5, "maximum": 70}
    assert unknown == {"type": "null"}
    assert schema["additionalProperties"] is False
    text = server.get("metrics").content.decode()
    assert 'spinecast_answers_total{kind="prediction",model="simulated_mortality"}' in text
    assert not re.search(r'"[^"]*4711[^"]*"', text)  # in no label; numbers of seconds may have such digits
    assert server.get("ready").json["status"] == "ready"
    assert server.get("health").json["status"] == "alive"
