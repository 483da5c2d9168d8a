"""Charts of a made-up patient, as a record system sends them in FHIR R4, and calls by CDS Hooks 3.0."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from serving.made_store import EVENT

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
PATIENT_ID = "p4711"
UCUM, LOINC, SCT = "http://unitsofmeasure.org", "http://loinc.org", "http://snomed.info/sct"
ALBUMIN, SODIUM, HEMOGLOBIN, ECOG = "1751-7", "2951-2", "718-7", "89247-1"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
Resource = dict[str, Any]


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def just_now() -> str:
    """When somebody said what became of a card: after it, by the server's own clock."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def concept(code: str, system: str = LOINC) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": PATIENT_ID, "gender": "female", "birthDate": "1963-05-17"} | more


def observation(code: str, value: float | None, unit: str = "", *, days: float = 3, **more: Any) -> Resource:
    made: Resource = {
        "resourceType": "Observation",
        "id": f"o-{code}-{uuid.uuid4().hex[:8]}",
        "status": "final",
        "code": concept(code),
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "effectiveDateTime": days_ago(days),
    }
    if value is not None:
        made["valueQuantity"] = {"value": value} | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})
    return made | more


def condition(code: str, clinical: str | None = "active", verified: str = "confirmed", **more: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": f"c-{code}",
        **({} if clinical is None else {"clinicalStatus": concept(clinical, CLINICAL)}),
        "verificationStatus": concept(verified, VERIFICATION),
        "code": concept(code, SCT),
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "recordedDate": "2025-02-01",
    } | more


def order(atc: str, **more: Any) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": f"m-{atc}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(atc, "http://www.whocc.no/atc"),
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "authoredOn": days_ago(10),
    } | more


def bundle(*resources: Resource, **more: Any) -> Resource:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]} | more


def call(*observations: Resource, hook: str = "patient-view", **more: Any) -> Resource:
    """A call about the patient with laboratory values; `more` replaces members of it."""
    context: Resource = {"userId": "Practitioner/17", "patientId": PATIENT_ID, "encounterId": "e1"}
    if hook == "order-select":
        context |= {"selections": ["MedicationRequest/d1"], "draftOrders": bundle(order("N02AA01", status="draft"))}
    return {
        "hook": hook,
        "hookInstance": str(uuid.UUID(int=7)),
        "context": context,
        "prefetch": {"patient": patient(), "observations_30_days": bundle(*observations)},
    } | more


PATH = f"/cds-services/{EVENT}"
