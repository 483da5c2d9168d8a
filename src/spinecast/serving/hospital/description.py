"""The part of the OpenAPI document that describes CDS Hooks, for each model that is offered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spinecast.serving.described import ANYTHING, TEXT, WHOLE, get, object_of, post, reference
from spinecast.serving.hospital.charts import HOOKS
from spinecast.serving.hospital.origins import SERVICES
from spinecast.serving.hospital.prefetch import expected_at, prefetch_templates, readable
from spinecast.serving.hospital.risk_assessment import FHIR_JSON
from spinecast.serving.served_model import ServedModel

__all__ = ["SIGNED", "hook_paths", "hook_schemas"]

SIGNED = {
    "record_system": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Signed for each call by a record system (CDS Hooks 3.0, Trusting CDS Clients).",
    }
}
"""How a record system proves which one it is, where some are named."""

_UUID = {"type": "string", "format": "uuid"}
_ID = {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
_USER = {"type": "string", "pattern": r"^(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}$"}
_ERRORS = (400, 404, 412, 413, 415, 422, 503)


def hook_paths(models: Mapping[str, ServedModel]) -> dict[str, Any]:
    """Return the paths, those of each model that a record system can bring an input of."""
    found = {SERVICES: get("Services of CDS Hooks 3.0, with their prefetch templates", reference("HookServices"))}
    for served in models.values():
        if readable(served.inputs):
            found |= _of_model(served)
    return found


def _of_model(served: ServedModel) -> dict[str, Any]:
    base, about = f"{SERVICES}/{served.name}", served.to_dict()["title"]
    asked = _request(served)
    return {
        base: post(f"{about}: a card about the patient in view", asked, reference("HookCards"), *_ERRORS),
        f"{base}/risk-assessment": post(
            f"{about}: the same answer as a RiskAssessment of FHIR R4",
            asked,
            reference("RiskAssessment"),
            *_ERRORS,
            answered=FHIR_JSON,
        ),
        f"{base}/feedback": post(
            f"{about}: what became of its cards; it is recorded",
            reference("HookFeedback"),
            object_of({"recorded": {"type": "array", "items": object_of({"card": TEXT, "audit_id": WHOLE})}}),
            *_ERRORS,
        ),
    }


def _request(served: ServedModel) -> dict[str, Any]:
    context = object_of({"userId": _USER, "patientId": _ID}, encounterId=TEXT, selections={"type": "array"})
    prefetch = {
        key: {
            "type": ["object", "null"],
            "description": f"{template}; {' or '.join(expected_at(key))} of FHIR R4",
        }
        for key, template in prefetch_templates(served.inputs).items()
    }
    return object_of(
        {"hook": {"enum": list(HOOKS)}, "hookInstance": _UUID, "context": context},
        prefetch={"type": "object", "properties": prefetch, "additionalProperties": False},
        fhirServer={"type": "string", "format": "uri"},
        fhirAuthorization={**ANYTHING, "description": "Passed over: this server fetches nothing."},
    )


def hook_schemas() -> dict[str, Any]:
    """Return the schemas that the paths refer to."""
    services = object_of(
        {"hook": TEXT, "id": TEXT, "description": TEXT}, title=TEXT, prefetch=ANYTHING, usageRequirements=TEXT
    )
    card = object_of(
        {"summary": {"type": "string", "maxLength": 139}, "indicator": {"const": "info"}, "source": ANYTHING},
        uuid=_UUID,
        detail=TEXT,
        links={"type": "array", "items": object_of({"label": TEXT, "url": TEXT, "type": {"const": "absolute"}})},
        overrideReasons={"type": "array"},
    )
    said = object_of(
        {"card": _UUID, "outcome": {"enum": ["accepted", "overridden"]}, "outcomeTimestamp": TEXT},
        acceptedSuggestions={"type": "array", "items": object_of({"id": TEXT}), "maxItems": 20},
        overrideReason=object_of({}, reason=object_of({"code": TEXT, "system": TEXT}), userComment=TEXT),
    )
    statuses = {"enum": ["final", "cancelled"]}
    return {
        "HookServices": object_of({"services": {"type": "array", "items": services}}),
        "HookCards": object_of({"cards": {"type": "array", "items": card}}),
        "HookFeedback": object_of({"feedback": {"type": "array", "minItems": 1, "maxItems": 100, "items": said}}),
        "RiskAssessment": object_of(
            {"resourceType": {"const": "RiskAssessment"}, "status": statuses, "subject": ANYTHING},
            prediction={"type": "array", "items": ANYTHING},
            basis={"type": "array", "items": object_of({"reference": TEXT})},
        ),
    }
