"""What a call may hold, and what is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from serving.hospital.made_charts import (
    ALBUMIN,
    PATIENT_ID,
    bundle,
    call,
    concept,
    condition,
    observation,
    order,
    patient,
)

from spinecast.documents.json_text import MalformedError
from spinecast.serving.hospital.charts import read_hook_request
from spinecast.serving.hospital.prefetch import prefetch_templates, source_of
from spinecast.serving.hospital.resources import other_version
from spinecast.serving.problems import Problem

fhir = pytest.importorskip("fhir.resources.R4B")

KEYS = ("patient", "observations_30_days", "conditions", "medications")


def read(body: Any) -> Any:
    return read_hook_request(body, KEYS)


def with_prefetch(**prefetch: Any) -> dict[str, Any]:
    made = call()
    return made | {"prefetch": made["prefetch"] | prefetch}


def test_the_made_charts_are_fhir_r4() -> None:
    """fhir.resources, which knows FHIR and nothing of us, takes every kind of resource that these tests send."""
    found = bundle(patient(), observation(ALBUMIN, 29, "g/L"), condition("73211009"), order("N02AA01"))
    checked = fhir.get_fhir_model_class("Bundle").model_validate(found)
    assert [one.resource.get_resource_type() for one in checked.entry] == [
        "Patient",
        "Observation",
        "Condition",
        "MedicationRequest",
    ]
    assert other_version(found) is None
    assert all(other_version(one["resource"]) is None for one in found["entry"])


def test_a_chart_is_read_whole() -> None:
    found = read(
        with_prefetch(
            observations_30_days=bundle(observation(ALBUMIN, 29, "g/L")),
            conditions=bundle(condition("73211009")),
            medications=bundle(order("N02AA01"), {"resourceType": "Medication", "id": "m1", "code": concept("x")}),
        )
    )
    assert (found.hook, found.user, found.patient) == ("patient-view", "Practitioner/17", PATIENT_ID)
    chart = found.chart
    assert (len(chart.observations), len(chart.conditions), len(chart.orders)) == (1, 1, 1)
    assert set(chart.medications) == {"Medication/m1"}
    assert chart.remarks == []


@pytest.mark.parametrize(
    ("resource", "element", "version"),
    [
        ({"clinicalStatus": "active", "resourceType": "Condition"}, "clinicalStatus", "STU3"),
        ({"patient": {"reference": "Patient/p4711"}, "resourceType": "Condition"}, "patient", "DSTU2"),
        (condition("73211009") | {"participant": []}, "participant", "R5"),
        (observation(ALBUMIN, 3) | {"context": {"reference": "Encounter/1"}}, "context", "STU3"),
        (observation(ALBUMIN, 3) | {"category": concept("laboratory")}, "category", "DSTU2"),
        (observation(ALBUMIN, 3) | {"triggeredBy": []}, "triggeredBy", "R5"),
        (order("H02AB02") | {"medication": {"concept": concept("x")}}, "medication", "R5"),
        ({"resourceType": "MedicationOrder"}, "resourceType", "DSTU2"),
    ],
)
def test_another_version_of_fhir_is_named_with_the_element_that_shows_it(
    resource: dict[str, Any], element: str, version: str
) -> None:
    key = {"Condition": "conditions", "Observation": "observations_30_days"}.get(
        resource["resourceType"], "medications"
    )
    with pytest.raises(MalformedError, match="no resource of FHIR R4") as caught:
        read(with_prefetch(**{key: bundle(resource)}))
    assert caught.value.pointer == f"/prefetch/{key}/entry/0/resource/{element}"
    assert version in caught.value.what


ANOTHERS = {"subject": {"reference": "Patient/4712"}}


@pytest.mark.parametrize(
    ("prefetch", "pointer", "what"),
    [
        ({"observations_30_days": bundle(observation(ALBUMIN, 3) | ANOTHERS)}, "/entry/0/resource/subject", "patient"),
        ({"observations_30_days": bundle(observation(ALBUMIN, 3, subject=None))}, "/entry/0/resource/subject", "said"),
        ({"observations_30_days": bundle(condition("73211009"))}, "/entry/0/resource/resourceType", "not|no resource"),
        ({"observations_30_days": bundle(observation(ALBUMIN, 3, status=7))}, "/entry/0/resource/status", "string"),
        ({"observations_30_days": bundle(type="message")}, "/type", "type"),
        ({"observations_30_days": "Bundle/1"}, "/observations_30_days", "no resource"),
        ({"observations_30_days": bundle(observation(ALBUMIN, None, valueQuantity={"value": "3"}))}, "/value", "value"),
        ({"conditions": bundle(condition("73211009") | ANOTHERS)}, "/entry/0/resource/subject", "patient"),
        ({"medications": bundle(order("N02AA01") | ANOTHERS)}, "/entry/0/resource/subject", "patient"),
        ({"patient": patient(id="4712")}, "/prefetch/patient/id", "context"),
        ({"patient": patient(birthDate="17.5.1963")}, "/prefetch/patient/birthDate", "birthDate"),
        ({"condition": bundle()}, "/prefetch/condition", "not asked for"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(prefetch: dict[str, Any], pointer: str, what: str) -> None:
    with pytest.raises(MalformedError, match=what) as caught:
        read(with_prefetch(**prefetch))
    assert caught.value.pointer.endswith(pointer)
    assert caught.value.expected


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hook": "order-sign"}, "/hook"),
        ({"hook": None}, "/hook"),
        ({"hookInstance": "7"}, "/hookInstance"),
        ({"context": None}, "/context"),
        ({"context": {"patientId": "4711"}}, "/context/userId"),
        ({"context": {"userId": "Device/1", "patientId": "4711"}}, "/context/userId"),
        ({"context": {"userId": "Practitioner/1", "patientId": "Patient/p4711"}}, "/context/patientId"),
        ({"prefetch": []}, "/prefetch"),
        ({"fhirServer": 7}, "/fhirServer"),
    ],
)
def test_a_call_that_is_none_is_refused_with_its_place(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(call() | change)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("prefetch", [{}, {"patient": None}, {"patient": {"resourceType": "OperationOutcome"}}])
def test_without_the_patient_nothing_can_be_said(prefetch: dict[str, Any]) -> None:
    with pytest.raises(Problem) as caught:
        read(call() | {"prefetch": prefetch})
    assert caught.value.status == 412  # CDS Hooks 3.0, "HTTP Status Codes"
    assert caught.value.errors[0]["pointer"] == "#/prefetch/patient"


@pytest.mark.parametrize("name", ["selections", "draftOrders"])
def test_an_order_that_is_selected_comes_with_what_the_hook_asks_for(name: str) -> None:
    sent = call(hook="order-select")
    del sent["context"][name]
    with pytest.raises(MalformedError) as caught:
        read(sent)
    assert caught.value.pointer == f"/context/{name}"


def test_a_bundle_that_is_marked_to_mean_something_else_is_refused() -> None:
    marked = bundle(observation(ALBUMIN, 29, "g/L"))
    marked["entry"][0]["modifierExtension"] = [{"url": "http://example.org/not-so", "valueBoolean": True}]
    with pytest.raises(MalformedError) as caught:
        read(with_prefetch(observations_30_days=marked))
    assert caught.value.pointer == "/prefetch/observations_30_days"


def test_what_did_not_come_is_said() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    page = bundle(link=[{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}])
    found = read(with_prefetch(observations_30_days=page, conditions=bundle(outcome), medications=None))
    assert found.chart.remarks == [
        "the record system sent only the first page of observations_30_days",
        "the record system could not bring all of conditions",
    ]
    without = read(call())
    assert without.chart.remarks == ["the record system did not send conditions, medications"]


@pytest.mark.parametrize(
    ("base", "reference", "fits"),
    [
        ("https://ehr.example.org/fhir", "https://ehr.example.org/fhir/Patient/p4711", True),
        ("https://ehr.example.org/fhir/", "Patient/p4711/_history/3", True),
        (None, "https://ehr.example.org/fhir/Patient/p4711", True),
        ("https://ehr.example.org/fhir", "https://other.example.org/fhir/Patient/p4711", False),
        ("https://ehr.example.org/fhir", "Group/4711", False),
    ],
)
def test_a_patient_of_another_server_is_another_patient(base: str | None, reference: str, fits: bool) -> None:
    body = with_prefetch(observations_30_days=bundle(observation(ALBUMIN, 3, subject={"reference": reference})))
    body |= {} if base is None else {"fhirServer": base}
    if fits:
        assert len(read(body).chart.observations) == 1
    else:
        with pytest.raises(MalformedError, match="of this patient"):
            read(body)


def test_searches_follow_from_the_dictionary() -> None:
    found = prefetch_templates(("age", "albumin", "ecog_performance_status", "body_weight", "heart_rate", "opioid_use"))
    assert list(found) == [
        "patient",
        "observations_2_days",
        "observations_30_days",
        "observations_90_days",
        "medications",
    ]
    assert "http://loinc.org|1751-7" in found["observations_30_days"]
    assert "http://snomed.info/sct|423740007" in found["observations_30_days"]
    assert "date=ge{{today() - 30 days}}" in found["observations_30_days"]
    assert "status=active" in found["medications"]


def test_what_nothing_says_where_to_read_is_read_nowhere() -> None:
    from spinecast.clinical.dictionary import variable

    sources = {name: source_of(variable(name)) for name in ("sins_total", "albumin", "dementia", "opioid_use", "sex")}
    assert list(sources.values()) == [None, "Observation", "Condition", "MedicationRequest", "Patient"]
