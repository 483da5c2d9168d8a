"""What is present or not: illnesses of the problem list, and medicines by the orders that run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from spinecast.clinical.recency import REFUTED
from spinecast.clinical.variable import Code, Variable
from spinecast.serving.hospital.charts import Placed
from spinecast.serving.hospital.moments import Moment, newest_of, read_moment
from spinecast.serving.hospital.observed import MODIFIED, UnusableError, Value, has_code
from spinecast.serving.hospital.resources import CodeableConcept, Condition, Contained, Medication, MedicationRequest

__all__ = ["read_condition", "read_orders"]

# FHIR R4 code systems that are required for these two elements.
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_PRESENT = frozenset({"active", "recurrence", "relapse"})
_PAST = frozenset({"inactive", "remission", "resolved"})
_UNSURE = frozenset({"unconfirmed", "provisional", "differential"})

# What the record has of an illness in one state, and when that was written.
Entries = Sequence[tuple[Placed, Moment | None]]

# Intents by which a medicine is really given (FHIR R4, medicationRequest Intent): not plans, proposals and options.
_ORDERED = ("order", "original-order", "reflex-order", "filler-order", "instance-order")


def read_condition(entry: Variable, conditions: Sequence[Placed], now: datetime) -> Value | None:
    """Say whether the record has an illness; None where it says nothing of it, which does not mean that it is absent.

    Parameters
    ----------
    entry : Variable
    conditions : sequence of Placed
    now : datetime
        UTC.

    Raises
    ------
    UnusableError
        If the record has it only as past or unconfirmed, as present and as refuted or later past, as refuted long ago
        or nobody knows when, or of a day that is still to come.
    MalformedError
        If a time is none.
    """
    states: dict[str, list[tuple[Placed, Moment | None]]] = {}
    for placed in conditions:
        if has_code(entry, placed.resource.code) and (state := _state(placed.resource)) is not None:
            states.setdefault(state, []).append((placed, _since(placed, state)))
    dates = [moment for found in states.values() for _, moment in found if moment is not None]
    if dates and (newest := newest_of(dates)).is_ahead_of(now):
        raise UnusableError(f"the record has it of {newest.text()}, which is still to come")
    if "modified" in states:
        raise UnusableError(f"its entry is {MODIFIED}")
    if "present" in states:
        return _present(states)
    if "absent" in states:
        return _absent(states["absent"], now)
    if "past" in states:
        raise UnusableError("the record has it as past only")
    if "unsure" in states:
        raise UnusableError("the record has it as unconfirmed only, or does not say whether it is active")
    return None


def _present(states: Mapping[str, Entries]) -> Value:
    if "absent" in states:
        raise UnusableError("the record has it as present and as refuted")
    placed, moment = _newest(states["present"])
    ended = _newest(states["past"])[1] if "past" in states else None
    if moment is not None and ended is not None and ended.at > moment.at:
        raise UnusableError(f"the record has it as present ({moment.text()}) and as past later ({ended.text()})")
    return Value("present", "on the problem list", moment, placed.reference)


def _absent(found: Entries, now: datetime) -> Value:
    placed, moment = _newest(found)
    if moment is None:
        raise UnusableError("the record does not say when it was refuted")
    if moment.days_before(now) > REFUTED:
        raise UnusableError(f"it was refuted on {moment.text()}, and more than {REFUTED} days ago is too old")
    return Value("absent", "refuted", moment, placed.reference)


def _since(placed: Placed, state: str) -> Moment | None:
    condition = placed.resource
    text = (
        (condition.abatementDateTime if state == "past" else None) or condition.recordedDate or condition.onsetDateTime
    )
    return None if text is None else read_moment(text, placed.pointer)


def _newest(found: Entries) -> tuple[Placed, Moment | None]:
    """Return the newest of several entries; one without a date only where none has one."""
    dated = [moment for _, moment in found if moment is not None]
    newest = newest_of(dated) if dated else None
    return next(one for one in found if one[1] is newest)


def _state(condition: Condition) -> str | None:
    verified = _codes(condition.verificationStatus, _VERIFICATION)
    if condition.is_modified:
        return "modified"
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
        If it is ordered only for when it is needed, its order has ended, or nobody knows since when.
    """
    running = [
        (placed, group)
        for placed in orders
        if _runs(placed.resource) and (group := _group(entry, _medicine(placed.resource, medications))) is not None
    ]
    if any(_is_modified(placed.resource, medications) for placed, _ in running):
        raise UnusableError(f"an order of it is {MODIFIED}")
    regular = [(placed, group) for placed, group in running if not _only_as_needed(placed.resource)]
    if not regular:
        if running:
            raise UnusableError("it is ordered only for when it is needed")
        return None
    open_ended = [(placed, group) for placed, group in regular if not _has_ended(placed, now)]
    if not open_ended:
        raise UnusableError("its order has ended, though the record calls it active")
    dated = [
        (read_moment(text, placed.pointer), placed, group)
        for placed, group in open_ended
        if (text := placed.resource.authoredOn) is not None
    ]
    past = [one for one in dated if not one[0].is_ahead_of(now)]
    if not past:
        raise UnusableError("the record does not say since when it is ordered")
    moment, placed, group = max(past, key=lambda one: one[0].at)
    return Value("present", f"ordered ({group.display}, ATC {group.code})", moment, placed.reference)


def _runs(order: MedicationRequest) -> bool:
    return order.status == "active" and order.intent in _ORDERED and not order.doNotPerform


def _has_ended(placed: Placed, now: datetime) -> bool:
    """Say whether an order has ended by its own words, the day of its end being over."""
    ends = [read_moment(text, placed.pointer) for text in placed.resource.ends]
    return any((end.at if end.exact else end.at + timedelta(days=1)) < now for end in ends)


def _only_as_needed(order: MedicationRequest) -> bool:
    return bool(order.dosageInstruction) and all(dosage.as_needed for dosage in order.dosageInstruction)


def _is_modified(order: MedicationRequest, medications: Mapping[str, Medication]) -> bool:
    named = _named(order, medications)
    parts = (order, *order.dosageInstruction, *(() if named is None else (named,)))
    return any(part.is_modified for part in parts)


def _medicine(order: MedicationRequest, medications: Mapping[str, Medication]) -> CodeableConcept | None:
    if order.medicationCodeableConcept is not None:
        return order.medicationCodeableConcept
    named = _named(order, medications)
    return None if named is None else named.code


def _named(order: MedicationRequest, medications: Mapping[str, Medication]) -> Contained | Medication | None:
    """Return the medicine that an order refers to."""
    reference = (order.medicationReference.reference if order.medicationReference else None) or ""
    if reference.startswith("#"):
        return next((one for one in order.contained if f"#{one.id}" == reference), None)
    return medications.get("/".join(reference.split("/")[-2:]))


def _group(entry: Variable, medicine: CodeableConcept | None) -> Code | None:
    if medicine is None:
        return None
    for code in entry.codes:
        if any(given.startswith(code.code) for given in medicine.codes(code.uri)):
            return code
    return None
