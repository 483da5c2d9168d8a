"""An answer as a FHIR R4 RiskAssessment: what another system can keep, with the same numbers and the same record.

It is given when it is asked for and never pushed into a chart: an estimate for research is nothing that a record system
should file by itself (docs/decisions/0043).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from spinecast.audit.records import moment_text
from spinecast.clinical.dictionary import variables
from spinecast.serving.hospital.cards import made_from
from spinecast.serving.hospital.stated import Chance, chances, statement
from spinecast.serving.hospital.values import Read
from spinecast.serving.served_model import ServedModel

__all__ = ["FHIR_JSON", "risk_assessment"]

FHIR_JSON = "application/fhir+json"

_MODEL_SYSTEM = "urn:spinecast:model"


def risk_assessment(
    served: ServedModel, said: Mapping[str, Any], read: Read, *, identifier: str, patient: str, now: datetime
) -> dict[str, Any]:
    """Return the resource.

    Probabilities are percentages: FHIR R4 says of ``probability[x]`` that "decimal values are expressed as percentages"
    (at most 100).

    Parameters
    ----------
    served : ServedModel
    said : mapping
        As `State.predict` returns it.
    read : Read
        Where its inputs are from.
    identifier : str
        UUID by which its record is found.
    patient : str
        Id of the Patient resource.
    now : datetime
        UTC; the time that horizons count from.
    """
    outcome = served.model.about["outcome"]
    notes = [*said["notices"], made_from(served), *filter(None, [served.standing]), said["mode"]]
    notes += [f"{name}: not used: {why}" for name, why in read.not_used.items()]
    notes += read.remarks
    basis = list(dict.fromkeys(one.reference for one in read.sources.values() if one.reference))
    declined = said["declined"]
    found: dict[str, Any] = {
        "resourceType": "RiskAssessment",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"}],
        "status": "final" if declined is None else "cancelled",
        "method": {
            "coding": [{"system": _MODEL_SYSTEM, "version": served.version.version, "code": served.name}],
            "text": f"{served.to_dict()['title']}, version {served.version.version}, identity {served.identity}",
        },
        "subject": {"reference": f"Patient/{patient}"},
        "occurrenceDateTime": moment_text(now),
    }
    if basis:
        found["basis"] = [{"reference": reference} for reference in basis]
    if declined is None:
        rationale = _rationale(said, outcome)
        stated = chances(said, outcome)
        found["prediction"] = [_prediction(one, outcome, rationale, now) for one in stated]
        if not stated:
            found["prediction"] = [{"outcome": _concept(outcome, str(outcome["label"])), "rationale": rationale}]
    else:
        notes.insert(0, f"No estimate: {declined}")
    missing = said["missing"]
    if missing["count"]:
        names = ", ".join(one["label"] for one in missing["inputs"])
        notes.append(f"Not known ({missing['count']} of {missing['of']} inputs): {names}")
    found["note"] = [{"text": text} for text in dict.fromkeys(notes)]
    return found


def _prediction(one: Chance, outcome: Mapping[str, Any], rationale: str, now: datetime) -> dict[str, Any]:
    found: dict[str, Any] = {
        "outcome": _concept(outcome, one.label),
        "probabilityDecimal": round(100 * one.probability, 4),
        "rationale": rationale if rationale.startswith(f"{one.label}: ") else f"{one.label}: {one.text()}. {rationale}",
    }
    if one.days is not None:
        ends = now + timedelta(days=one.days)
        found["whenPeriod"] = {"start": moment_text(now), "end": moment_text(ends)}
    return found


def _concept(outcome: Mapping[str, Any], label: str) -> dict[str, Any]:
    entry = variables().get(str(outcome.get("event")))
    codes = () if entry is None else entry.codes
    coding = [{"system": code.uri, "code": code.code, "display": code.display} for code in codes]
    return {**({"coding": coding} if coding else {}), "text": label}


def _rationale(said: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    rows = said["prediction"]["contributions"][:5]
    moved = ", ".join(
        f"{row['label']} {row['value_text']} ({float(row['contribution']):+.2f})" for row in rows if row["contribution"]
    )
    scale = said["prediction"]["scale"]
    return f"{statement(said, outcome)}. On the scale {scale}, most is moved by: {moved or 'nothing'}."
