"""Calls over HTTP: the right card, its record, what became of it, and the answer as a resource of FHIR."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving.hospital.made_charts import (
    ALBUMIN,
    ECOG,
    NOW,
    PATH,
    PATIENT_ID,
    bundle,
    call,
    just_now,
    observation,
    patient,
)
from serving.made_store import COMPETING, DECLINING, EVENT, GRADE, LOSS, TIMES, Address

from spinecast.audit.keys import AuditKey
from spinecast.serving.hospital.cards import card_without_answer, number_of_card, uuid_of_card
from spinecast.serving.hospital.stated import statement
from spinecast.serving.hospital.values import Read
from spinecast.serving.state import State

fhir = pytest.importorskip("fhir.resources.R4B")

SODIUM = observation("2951-2", 134, "mmol/L", days=5)
KNOWN = (observation(ALBUMIN, 29, "g/L"), SODIUM)


def card(server: Address, *observations: Any, path: str = PATH, **more: Any) -> dict[str, Any]:
    said = server.ask("POST", path, call(*observations, **more))
    assert said.status == 200, said.content
    (found,) = said.json["cards"]
    assert isinstance(found, dict)
    assert found["indicator"] == "info"
    assert len(found["summary"]) < 140
    assert "Research use only" in found["summary"]
    assert not any("1963" in link["url"] or PATIENT_ID in link["url"] for link in found["links"])
    return found


def record_of(server: Address, found: dict[str, Any], state: State) -> dict[str, Any]:
    number = number_of_card(state.log.key, found["uuid"])
    assert number is not None
    record = server.get(f"predictions/{number}").json
    assert isinstance(record, dict)
    return record


def test_services_are_offered_twice_for_each_model(hospital_server: Address, state: State) -> None:
    services = hospital_server.get("/cds-services").json["services"]
    assert {(one["id"], one["hook"]) for one in services} == {
        (name, hook) for name in state.models.current for hook in ("patient-view", "order-select")
    }
    for one in services:
        assert {"hook", "id", "title", "description", "prefetch", "version"} <= set(one)
        assert one["version"] == "STU3"
        assert one["prefetch"]["patient"] == "Patient/{{context.patientId}}"
        assert "Research use only" in one["description"]


@pytest.mark.parametrize("hook", ["patient-view", "order-select"])
def test_a_card_shows_the_recorded_answer(hospital_server: Address, state: State, hook: str) -> None:
    found = card(hospital_server, *KNOWN, hook=hook)
    record = record_of(hospital_server, found, state)
    answer = record["content"]["answer"]
    assert record["kind"] == "prediction"
    assert record["patient"] == state.log.key.pseudonym(PATIENT_ID)
    assert statement(answer | {"model": answer["model"]}, {"horizon_days": 90}) in found["summary"]
    assert found["summary"].startswith("SYNTHETIC. Death within 90 days: ")
    for text in ("Albumin | 29 g/L | 2026-11-24 | 3 days", "Sodium | 134 mmol/L | 2026-11-22 | 5 days", "Creatinine"):
        assert text in found["detail"], found["detail"]
    assert "SYNTHETIC COHORT" in found["detail"]
    assert "Local demonstration mode" in found["detail"]
    assert "CANDIDATE: not promoted; no version of this model is champion now." in found["detail"]
    shown = record["content"]["shown"]
    assert (shown["on"], shown["hook"], shown["user"]) == ("card", hook, "Practitioner/17")
    assert [one["variable"] for one in shown["read"]["sources"]] == ["age", "albumin", "sodium", "sex"]
    assert PATIENT_ID not in json.dumps(record)
    replayed = hospital_server.ask("POST", f"predictions/{record['record']}/replay").json
    assert replayed["same"]


def test_a_value_in_another_unit_gives_the_same_answer(hospital_server: Address, state: State) -> None:
    answers = [
        record_of(hospital_server, card(hospital_server, observation(ALBUMIN, *value), SODIUM), state)["content"]
        for value in ((29, "g/L"), (2.9, "g/dL"))
    ]
    first, second = (one["answer"]["prediction"]["log_odds"] for one in answers)
    assert first == pytest.approx(second, abs=1e-12)


def test_two_conflicting_values_are_said_and_the_input_is_missing(hospital_server: Address, state: State) -> None:
    conflict = (observation(ALBUMIN, 29, "g/L"), observation(ALBUMIN, 4.1, "g/dL"))
    found = card(hospital_server, *conflict, SODIUM)
    assert "Albumin: two values of the same time, 29 g/L and 4.1 g/dL" in found["detail"]
    missing = record_of(hospital_server, found, state)["content"]["answer"]["missing"]
    assert "albumin" in {one["variable"] for one in missing["inputs"]}


def test_no_value_at_all_gives_a_card_of_what_the_patient_resource_says(hospital_server: Address) -> None:
    found = card(hospital_server)
    assert "Not known (6 of 8 inputs" in found["detail"]


def test_where_nothing_is_known_no_risk_is_given_and_nothing_recorded(hospital_server: Address, state: State) -> None:
    before = state.log.count()
    nobody = {"resourceType": "Patient", "id": PATIENT_ID}
    found = card(hospital_server, prefetch={"patient": nobody})
    assert "no estimate, nothing that this model reads" in found["summary"]
    assert "uuid" not in found
    assert "%" not in found["summary"] + found["detail"]
    assert state.log.count() == before
    said = hospital_server.ask("POST", f"{PATH}/risk-assessment", call(prefetch={"patient": nobody}))
    assert (said.status, said.json["type"]) == (422, "urn:spinecast:problem:nothing-known")


def test_an_input_that_no_predictor_follows_from_is_nothing_known(hospital_server: Address) -> None:
    """Sex is read for blood that is ordered, and the model of blood loss does not predict by it."""
    someone = {"resourceType": "Patient", "id": PATIENT_ID, "gender": "female"}
    said = hospital_server.ask("POST", f"/cds-services/{LOSS}", call(prefetch={"patient": someone}))
    assert said.status == 200, said.content
    assert "nothing that this model reads" in said.json["cards"][0]["summary"]


def test_a_card_says_of_whom_the_model_is_and_that_nobody_looked_whether_it_fits(
    hospital_server: Address, state: State
) -> None:
    about = state.models.get(EVENT).model.about
    words = (str(about["title"]), str(about["cohort"]["name"]), "Nobody has looked whether this patient is such a one")
    first = card(hospital_server, *KNOWN)["detail"].partition("\n\n")[0]
    assert all(one in first for one in words)
    said = hospital_server.ask("POST", f"{PATH}/risk-assessment", call(*KNOWN))
    assert any(all(one in note["text"] for one in words) for note in said.json["note"])


@pytest.mark.parametrize("born", ["2024-01-01", "1890-01-01"])
def test_of_who_is_of_no_age_for_the_models_no_risk_is_given(hospital_server: Address, state: State, born: str) -> None:
    before = state.log.count()
    sent = call(*KNOWN)
    sent["prefetch"]["patient"] = patient(birthDate=born)
    found = hospital_server.ask("POST", PATH, sent).json["cards"][0]
    assert "years old, and answers are given here of people of 18 to 100 years" in found["detail"]
    assert "%" not in found["summary"] + found["detail"]
    said = hospital_server.ask("POST", f"{PATH}/risk-assessment", sent)
    assert (said.status, said.json["type"]) == (422, "urn:spinecast:problem:not-of-this-age")
    assert state.log.count() == before


@pytest.mark.parametrize("user", ["Patient/p4711", "RelatedPerson/9"])
def test_a_patient_gets_no_number_by_either_way(hospital_server: Address, state: State, user: str) -> None:
    before = state.log.count()
    sent = call(*KNOWN)
    sent["context"]["userId"] = user
    assert hospital_server.ask("POST", PATH, sent).json == {"cards": []}
    said = hospital_server.ask("POST", f"{PATH}/risk-assessment", sent)
    assert (said.status, said.json["type"]) == (403, "urn:spinecast:problem:not-for-patients")
    assert state.log.count() == before


def test_a_model_that_declines_says_why(hospital_server: Address, state: State) -> None:
    found = card(hospital_server, SODIUM, path=f"/cds-services/{DECLINING}")
    assert "no estimate is given" in found["summary"]
    assert "**No estimate:**" in found["detail"]
    assert "Albumin" in found["detail"]
    assert record_of(hospital_server, found, state)["kind"] == "declined"
    said = hospital_server.ask("POST", f"/cds-services/{DECLINING}/risk-assessment", call(SODIUM)).json
    checked = fhir.get_fhir_model_class("RiskAssessment").model_validate(said)
    assert (checked.status, checked.prediction) == ("cancelled", None)
    assert checked.note[0].text.startswith("No estimate: ")


@pytest.mark.parametrize("user", ["Patient/p4711", "RelatedPerson/3"])
def test_a_layperson_is_shown_no_card(hospital_server: Address, state: State, user: str) -> None:
    before = state.log.count()
    said = hospital_server.ask("POST", PATH, call(*KNOWN, context={"userId": user, "patientId": PATIENT_ID}))
    assert (said.status, said.json) == (200, {"cards": []})
    assert state.log.count() == before


@pytest.mark.parametrize("dead", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-11-20"}])
def test_of_the_dead_nothing_is_predicted(hospital_server: Address, dead: dict[str, Any]) -> None:
    body = call(prefetch={"patient": patient(**dead)})
    assert hospital_server.ask("POST", PATH, body).json == {"cards": []}
    assert hospital_server.ask("POST", f"{PATH}/risk-assessment", body).status == 422


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"hook": "order-sign"}, 422, "#/hook"),
        ({"prefetch": {"patient": None}}, 412, "#/prefetch/patient"),
        ({"prefetch": {"patient": patient(), "conditions": {"resourceType": "Condition", "clinicalStatus": "active"}}},
         422, "#/prefetch/conditions/clinicalStatus"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_problem_with_its_place(
    hospital_server: Address, change: dict[str, Any], status: int, pointer: str
) -> None:
    said = hospital_server.ask("POST", PATH, call(*KNOWN) | change)
    assert said.status == status
    assert said.json["errors"][0]["pointer"] == pointer
    assert said.headers["content-type"] == "application/problem+json"
    outcome = fhir.get_fhir_model_class("OperationOutcome").model_validate(said.json["outcome"])
    assert outcome.issue[0].severity == "error"


def test_other_kinds_of_body_are_refused(hospital_server: Address) -> None:
    assert hospital_server.ask("POST", PATH, b"{").status == 400
    assert hospital_server.ask("POST", PATH, b"{}", kind="text/plain").status == 415
    assert hospital_server.ask("POST", PATH, b"[" * 40 + b"]" * 40).status == 422
    assert hospital_server.ask("POST", PATH, b" " * (1024 * 1024 + 1)).status == 413
    assert hospital_server.ask("POST", "/cds-services/simulated_mortalit", call()).status == 404


@pytest.mark.parametrize("name", [EVENT, TIMES, COMPETING, LOSS, GRADE])
def test_every_kind_of_model_gives_a_card_and_a_resource_of_fhir(
    hospital_server: Address, state: State, name: str
) -> None:
    services = hospital_server.get("/cds-services").json["services"]
    keys = next(one["prefetch"] for one in services if one["id"] == name)
    asked = call(prefetch={"patient": patient()} | ({"observations_30_days": bundle()} if len(keys) > 1 else {}))
    asked["prefetch"] = {key: value for key, value in asked["prefetch"].items() if key in keys}
    said = hospital_server.ask("POST", f"/cds-services/{name}", asked)
    assert said.status == 200, said.content
    (found,) = said.json["cards"]
    assert len(found["summary"]) < 140
    assert "Estimate" in found["detail"]

    resource = hospital_server.ask("POST", f"/cds-services/{name}/risk-assessment", asked)
    assert resource.headers["content-type"] == "application/fhir+json"
    checked = fhir.get_fhir_model_class("RiskAssessment").model_validate(resource.json)
    assert checked.subject.reference == f"Patient/{PATIENT_ID}"
    assert any(one.text.startswith("CANDIDATE: not promoted") for one in checked.note)
    number = number_of_card(state.log.key, checked.identifier[0].value.removeprefix("urn:uuid:"))
    answer = hospital_server.get(f"predictions/{number}").json["content"]["answer"]["prediction"]
    given = {
        EVENT: lambda: [answer["risk"]],
        LOSS: lambda: [one["probability"] for one in answer["at_least"]],
        GRADE: lambda: [one["probability"] for one in answer["thresholds"]],
    }.get(name, lambda: [one["risk"] for one in answer["horizons"] if "absent" not in one])()
    # FHIR R4, RiskAssessment.prediction.probability[x]: decimals are percentages, at most 100.
    assert [float(one.probabilityDecimal) for one in checked.prediction] == pytest.approx(
        [100 * one for one in given], abs=1e-4
    )
    if name == EVENT:
        period = checked.prediction[0].whenPeriod
        assert (period.end - period.start).days == 90
        assert period.start == NOW
        assert checked.prediction[0].outcome.coding[0].code == "419620001"


def test_what_became_of_a_card_is_recorded_with_its_patient(hospital_server: Address, state: State) -> None:
    found = card(hospital_server, *KNOWN)
    reason = found["overrideReasons"][1]
    sent = {
        "card": found["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": reason, "userComment": "on dialysis"},
        "outcomeTimestamp": just_now(),
    }
    said = hospital_server.ask("POST", f"{PATH}/feedback", {"feedback": [sent]})
    assert said.status == 200, said.content
    (made,) = said.json["recorded"]
    record = hospital_server.get(f"predictions/{made['audit_id']}").json
    assert (record["kind"], record["model"]) == ("feedback", f"{EVENT}/1")
    assert record["patient"] == state.log.key.pseudonym(PATIENT_ID)
    content = record["content"]
    assert content["of"] == number_of_card(state.log.key, found["uuid"])
    assert (content["outcome"], content["reason"]["code"], content["comment"]) == (
        "overridden",
        "not-this-patient",
        "on dialysis",
    )


TAKEN = {"card": str(uuid.UUID(int=5)), "outcome": "accepted", "outcomeTimestamp": just_now()}


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        (TAKEN, "#/feedback/0/card"),  # no card of ours
        (TAKEN | {"card": "7"}, "#/feedback/0/card"),
        (TAKEN | {"outcome": "ignored"}, "#/feedback/0/outcome"),
        (TAKEN | {"outcomeTimestamp": "yesterday"}, "#/feedback/0/outcomeTimestamp"),
        (TAKEN | {"overrideReason": {}}, "#/feedback/0/overrideReason"),
        (TAKEN | {"overrideReason": {"reason": {"code": "x"}}}, "#/feedback/0/overrideReason/reason/system"),
    ],
)
def test_feedback_that_is_none_is_refused_with_its_place(
    hospital_server: Address, state: State, sent: dict[str, Any], pointer: str
) -> None:
    before = state.log.count()
    said = hospital_server.ask("POST", f"{PATH}/feedback", {"feedback": [sent]})
    assert (said.status, said.json["errors"][0]["pointer"]) == (422, pointer)
    assert state.log.count() == before


@pytest.mark.parametrize("said_at", ["2999-01-01T00:00:00Z", "1999-01-01T00:00:00Z"])
def test_feedback_of_a_time_without_the_card_is_refused(hospital_server: Address, state: State, said_at: str) -> None:
    found = card(hospital_server, *KNOWN)
    before = state.log.count()
    sent = TAKEN | {"card": found["uuid"], "outcomeTimestamp": said_at}
    said = hospital_server.ask("POST", f"{PATH}/feedback", {"feedback": [sent]})
    assert (said.status, said.json["errors"][0]["pointer"]) == (422, "#/feedback/0/outcomeTimestamp")
    assert state.log.count() == before


def test_feedback_on_another_models_card_is_refused(hospital_server: Address) -> None:
    found = card(hospital_server, *KNOWN)
    said = hospital_server.ask(
        "POST", f"/cds-services/{DECLINING}/feedback", {"feedback": [TAKEN | {"card": found["uuid"]}]}
    )
    assert said.status == 422


@given(number=st.integers(1, 2**48 - 1), bit=st.integers(0, 73))
def test_a_card_names_its_record_and_cannot_be_made_up(number: int, bit: int) -> None:
    key = AuditKey(bytes(32))
    made = uuid_of_card(key, number)
    assert uuid.UUID(made).version == 8
    assert uuid.UUID(made).variant == uuid.RFC_4122
    assert number_of_card(key, made) == number
    place = bit if bit < 62 else bit + 2  # past the two bits of the variant
    assert number_of_card(key, str(uuid.UUID(int=uuid.UUID(made).int ^ 1 << place))) is None
    assert number_of_card(AuditKey(bytes(31) + b"1"), made) is None


def test_texts_of_a_study_are_no_markup(state: State) -> None:
    read = Read(remarks=["<img src=x> [a](b) | _c_"])
    found = card_without_answer(state.models.get(EVENT), read, "nothing is known", "mode", source="s", page="p")
    assert r"\<img src=x\> \[a\](b) \| \_c\_" in found["detail"]


@pytest.mark.parametrize("length", [1, 80, 400])
def test_a_summary_is_short_whatever_the_outcome_is_called(state: State, length: int) -> None:
    served = state.models.get(EVENT)
    outcome = {**served.model.about["outcome"], "label": "long " * length}
    named = replace(served, model=replace(served.model, about={**served.model.about, "outcome": outcome}))
    found = card_without_answer(named, Read(), "nothing is known", "mode", source="s", page="p")
    assert len(found["summary"]) < 140
    assert found["summary"].startswith("SYNTHETIC. ")
    assert found["summary"].endswith(" Research use only.")


def test_the_performance_status_reaches_a_model_that_reads_it() -> None:
    from spinecast.serving.hospital.prefetch import readable

    assert readable(("ecog_3_or_4",)) == {"ecog_performance_status": "Observation"}
    assert ECOG == "89247-1"
