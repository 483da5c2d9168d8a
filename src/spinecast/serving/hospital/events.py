"""What is present or not: illnesses of the problem list, and medicines by the orders that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from spinecast.clinical.variable import Code, Variable
from spinecast.serving.hospital.charts import Placed
from spinecast.serving.hospital.moments import read_moment
from spinecast.serving.hospital.observed import UnusableError, Value, has_code
from spinecast.serving.hospital.resources import CodeableConcept, Condition, Medication, MedicationRequest

__all__ = ["read_condition", "read_orders"]

# FHIR R4 code systems that are required for these two elements.
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_PRESENT = frozenset({"active", "recurrence", "relapse"})
_PAST = frozenset({"inactive", "remission", "resolved"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})

# Intents by which a medicine is really given (FHIR R4, medicationRequest Intent): not plans, proposals and options.
_ORDERED = ("order", "original-order", "reflex-order", "filler-order", "instance-order")


def read_condition(entry: Variable, conditions: Sequence[Placed]) -> Value | None:
    """Say whether the record has an illness; None where it says nothing of it, which does not mean that it is absent.

    Raises
    ------
    UnusableError
        If the record has it only as past or unconfirmed, or both as present and as refuted.
    """
    found = [placed for placed in conditions if has_code(entry, placed.resource.code)]
    states = {state: placed for placed in found if (state := _state(placed.resource)) is not None}
    if "present" in states and "absent" in states:
        raise UnusableError("the record has it as present and as refuted")
    for state in ("present", "absent"):
        if state in states:
            placed = states[state]
            text = placed.resource.recordedDate or placed.resource.onsetDateTime
            moment = None if text is None else read_moment(text, placed.pointer)
            words = "on the problem list" if state == "present" else "refuted"
            return Value(state, words, moment, placed.reference)
    if "past" in states:
        raise UnusableError("the record has it as past only")
    if "unsure" in states:
        raise UnusableError("the record has it as unconfirmed only, or does not say whether it is active")
    return None


def _state(condition: Condition) -> str | None:
    verified = _codes(condition.verificationStatus, _VERIFICATION)
    if "entered-in-error" in verified:
        return None
    if "refuted" in verified:
        return "absent"
    clinical = _codes(condition.clinicalStatus, _CLINICAL)
    if verified & _UNSURE or not clinical & (_PRESENT | _PAST):
        return "unsure"
    return "present" if clinical & _PRESENT else "past"


def _codes(concept: CodeableConcept | None, system: str) -> frozenset[str]:
    return frozenset() if concept is None else frozenset(concept.codes(system))


def read_orders(
    entry: Variable, orders: Sequence[Placed], medications: Mapping[str, Medication], now: datetime
) -> Value | None:
    """Say whether a medicine is given, by the newest order that runs; None where there is none.

    Parameters
    ----------
    entry : Variable
        Its ATC codes may be groups: a medicine of a group begins with its code.
    orders : sequence of Placed
    medications : mapping of str to Medication
        What orders refer to.
    now : datetime
        UTC.

    Raises
    ------
    UnusableError
        If it is ordered only for when it is needed, or nobody knows since when.
    """
    running = [
        (placed, group)
        for placed in orders
        if _runs(placed.resource) and (group := _group(entry, _medicine(placed.resource, medications))) is not None
    ]
    regular = [(placed, group) for placed, group in running if not _only_as_needed(placed.resource)]
    if not regular:
        if running:
            raise UnusableError("it is ordered only for when it is needed")
        return None
    dated = [
        (read_moment(text, placed.pointer), placed, group)
        for placed, group in regular
        if (text := placed.resource.authoredOn) is not None
    ]
    past = [one for one in dated if not one[0].is_ahead_of(now)]
    if not past:
        raise UnusableError("the record does not say since when it is ordered")
    moment, placed, group = max(past, key=lambda one: one[0].at)
    return Value("present", f"ordered ({group.display}, ATC {group.code})", moment, placed.reference)


def _runs(order: MedicationRequest) -> bool:
    return order.status == "active" and order.intent in _ORDERED and not order.doNotPerform


def _only_as_needed(order: MedicationRequest) -> bool:
    return bool(order.dosageInstruction) and all(dosage.as_needed for dosage in order.dosageInstruction)


def _medicine(order: MedicationRequest, medications: Mapping[str, Medication]) -> CodeableConcept | None:
    if order.medicationCodeableConcept is not None:
        return order.medicationCodeableConcept
    reference = (order.medicationReference.reference if order.medicationReference else None) or ""
    if reference.startswith("#"):
        return next((one.code for one in order.contained if f"#{one.id}" == reference), None)
    named = medications.get("/".join(reference.split("/")[-2:]))
    return None if named is None else named.code


def _group(entry: Variable, medicine: CodeableConcept | None) -> Code | None:
    if medicine is None:
        return None
    for code in entry.codes:
        if any(given.startswith(code.code) for given in medicine.codes(code.uri)):
            return code
    return None
