"""A CDS Hooks request: what it says of hook, user and patient, and the resources that came with it.

A resource of another kind than was asked for, of another version of FHIR or of another patient is refused: whatever
sent it would be wrong about more than this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spinecast.documents.json_text import MalformedError, escaped
from spinecast.errors import nearest
from spinecast.serving.hospital import resources as fhir
from spinecast.serving.hospital.parts import parsed
from spinecast.serving.hospital.prefetch import expected_at
from spinecast.serving.problems import Problem

__all__ = ["DEEPEST", "HOOKS", "MOST_BYTES_OF_CHART", "Chart", "HookRequest", "Placed", "read_hook_request"]

HOOKS = ("patient-view", "order-select")
"""Hooks that are answered (CDS Hooks Library)."""

MOST_BYTES_OF_CHART = 1024 * 1024
"""Of one request: thirty observations take some 40 KiB, and record systems send more of each than is read."""

DEEPEST = 32
"""Levels of nesting: a coding inside a component of a resource of a bundle is on the twelfth."""

_MOST_RESOURCES = 2000
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PROFESSIONALS = ("Practitioner", "PractitionerRole")
_LAYPEOPLE = ("Patient", "RelatedPerson")
_USER = re.compile(rf"({'|'.join((*_PROFESSIONALS, *_LAYPEOPLE))})/([A-Za-z0-9\-.]{{1,64}})")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_WANTED = '{"hook": …, "hookInstance": …, "context": {"userId": …, "patientId": …}, "prefetch": {…}}'

_NOT_BROUGHT = "record system could not bring the patient"
_NOT_SENT = "patient did not come with the request"
_AS_R4 = "the element as FHIR R4 has it"

_MODELS: Mapping[str, type[fhir.Resource]] = {
    one.__name__: one for one in (fhir.Patient, fhir.Observation, fhir.Condition, fhir.MedicationRequest)
}


@dataclass(frozen=True)
class Placed:
    """A resource and where in the request it stands.

    Parameters
    ----------
    resource : Resource
    pointer : str
        JSON pointer.
    """

    resource: Any
    pointer: str

    @property
    def reference(self) -> str | None:
        """By which the record system finds it again; None of one without an id."""
        resource = self.resource
        return f"{resource.resourceType}/{resource.id}" if resource.id else None


@dataclass
class Chart:
    """What came with a request, in the order it came.

    Parameters
    ----------
    patient : Patient
    observations, conditions, orders : list of Placed
    medications : dict of str to Medication
        Medicines that orders refer to, by reference.
    remarks : list of str
        What did not come.
    """

    patient: fhir.Patient
    observations: list[Placed] = field(default_factory=list)
    conditions: list[Placed] = field(default_factory=list)
    orders: list[Placed] = field(default_factory=list)
    medications: dict[str, fhir.Medication] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def is_of_the_dead(self) -> bool:
        """Whether the record says that the patient has died."""
        return bool(self.patient.deceasedBoolean) or self.patient.deceasedDateTime is not None

    def of(self, kind: str) -> list[Placed]:
        """Return the resources of a kind."""
        return {
            "Observation": self.observations,
            "Condition": self.conditions,
            "MedicationRequest": self.orders,
        }[kind]


@dataclass(frozen=True)
class HookRequest:
    """One call.

    Parameters
    ----------
    hook, instance : str
    user : str
        ``Practitioner/17``.
    patient : str
        The id of the Patient resource.
    chart : Chart
    """

    hook: str
    instance: str
    user: str
    patient: str
    chart: Chart

    @property
    def by_professional(self) -> bool:
        """Whether a health professional looks at the record, and not the patient or somebody of theirs."""
        return self.user.partition("/")[0] in _PROFESSIONALS


def read_hook_request(value: Any, keys: Sequence[str]) -> HookRequest:
    """Read a request.

    Parameters
    ----------
    value : JSON value
    keys : sequence of str
        Keys of prefetch that the service announces.

    Raises
    ------
    MalformedError
        If it is none, or holds what was not asked for; it names the place.
    Problem
        412 if the patient did not come: of nobody nothing can be said.
    """
    if not isinstance(value, dict):
        raise MalformedError("the body is no object", expected=_WANTED)
    hook, instance = _text(value, "hook", ""), _text(value, "hookInstance", "")
    if hook not in HOOKS:
        raise MalformedError(f"{hook[:60]!r} is no hook of this service", pointer="/hook", expected=" or ".join(HOOKS))
    if not _UUID.fullmatch(instance):
        raise MalformedError("hookInstance is no UUID", pointer="/hookInstance", expected="a UUID of this call alone")
    context = value.get("context")
    if not isinstance(context, dict):
        raise MalformedError("there is no context", pointer="/context", expected='{"userId": …, "patientId": …}')
    user, patient = _text(context, "userId", "/context"), _text(context, "patientId", "/context")
    if not _USER.fullmatch(user):
        wanted = " or ".join(f"{kind}/ID" for kind in (*_PROFESSIONALS, *_LAYPEOPLE))
        raise MalformedError("userId names no user", pointer="/context/userId", expected=wanted)
    if not _ID.fullmatch(patient):
        expected = "the id of a Patient resource, without its type"
        raise MalformedError("patientId is no FHIR id", pointer="/context/patientId", expected=expected)
    if hook == "order-select":
        _require_orders(context)
    base = value.get("fhirServer")
    if base is not None and not isinstance(base, str):
        raise MalformedError("fhirServer is no address", pointer="/fhirServer", expected="a URL, or leave it out")
    prefetch = value.get("prefetch")
    if prefetch is not None and not isinstance(prefetch, dict):
        raise MalformedError("prefetch is no object", pointer="/prefetch", expected=f"keys {', '.join(keys)}")
    return HookRequest(hook, instance, user, patient, _chart(prefetch or {}, keys, patient, base))


def _require_orders(context: Mapping[str, Any]) -> None:
    """Refuse a call without what the hook says that its context has; what is ordered is not read."""
    selections, drafts = context.get("selections"), context.get("draftOrders")
    if not isinstance(selections, list) or not all(isinstance(one, str) for one in selections):
        expected = "references of the orders that were selected, such as MedicationRequest/17"
        raise MalformedError("no selections", pointer="/context/selections", expected=expected)
    if not isinstance(drafts, dict) or drafts.get("resourceType") != "Bundle":
        raise MalformedError("no draftOrders", pointer="/context/draftOrders", expected="a Bundle of the draft orders")


def _text(value: Mapping[str, Any], name: str, pointer: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= 200:
        raise MalformedError(
            f"{name} is missing", pointer=f"{pointer}/{name}", expected="a text of 1 to 200 characters"
        )
    return found


def _chart(prefetch: Mapping[str, Any], keys: Sequence[str], patient: str, base: str | None) -> Chart:
    for key in prefetch:
        if key not in keys:
            close = nearest(key, keys)
            raise MalformedError(
                f"{key[:100]!r} was not asked for",
                pointer=f"/prefetch/{escaped(key[:100])}",
                expected=f"one of {', '.join(keys)}" + (f"; did you mean {close}?" if close else ""),
            )
    chart = Chart(_patient(prefetch.get("patient"), patient))
    count = 0
    for key, content in prefetch.items():
        if key == "patient":
            continue
        for raw, pointer in _resources(content, f"/prefetch/{escaped(key)}", chart):
            count += 1
            if count > _MOST_RESOURCES:
                raise MalformedError("too many resources", pointer=pointer, expected=f"at most {_MOST_RESOURCES}")
            _take(raw, pointer, expected_at(key), chart)
    for kind in ("Observation", "Condition", "MedicationRequest"):
        for placed in chart.of(kind):
            _require_subject(placed, patient, base)
    missing = [key for key in keys if key not in prefetch]
    if missing:
        chart.remarks.append(f"the record system did not send {', '.join(missing)}")
    return chart


def _patient(raw: Any, patient: str) -> fhir.Patient:
    failed = isinstance(raw, dict) and raw.get("resourceType") == "OperationOutcome"
    if raw is None or failed:
        raise Problem(
            412,
            "prefetch-needed",
            f"the {_NOT_BROUGHT if failed else _NOT_SENT}, and this server fetches nothing",
            [{"pointer": "#/prefetch/patient", "detail": "missing", "expected": "the Patient resource"}],
        )
    found = _read(raw, "/prefetch/patient", ("Patient",))
    assert isinstance(found, fhir.Patient)
    if found.id != patient:
        raise MalformedError(
            "the patient that came is not the one of the context",
            pointer="/prefetch/patient/id",
            expected="the patientId of the context",
        )
    return found


def _resources(content: Any, pointer: str, chart: Chart) -> Iterator[tuple[Any, str]]:
    """Yield the resources at one key: of a bundle, or one by itself."""
    if content is None:  # asked for, and there is none
        return
    if not isinstance(content, dict) or content.get("resourceType") != "Bundle":
        yield content, pointer
        return
    _require_version(content, pointer)
    bundle = parsed(fhir.Bundle, content, pointer, _AS_R4)
    if any(link.relation == "next" for link in bundle.link):
        chart.remarks.append(f"the record system sent only the first page of {pointer.rpartition('/')[2]}")
    if bundle.is_modified or any(entry.is_modified for entry in bundle.entry):
        raise MalformedError(
            "a bundle that is marked to mean something else than it says",
            pointer=pointer,
            expected="one without modifierExtension and implicitRules, none of which is known here",
        )
    for place, entry in enumerate(bundle.entry):
        if entry.resource is not None:
            yield entry.resource, f"{pointer}/entry/{place}/resource"


def _take(raw: Any, pointer: str, wanted: Sequence[str], chart: Chart) -> None:
    kind = raw.get("resourceType") if isinstance(raw, dict) else None
    if kind == "OperationOutcome":
        parsed(fhir.OperationOutcome, raw, pointer, _AS_R4)
        chart.remarks.append(f"the record system could not bring all of {pointer.split('/')[2]}")
    elif kind == "Medication" and "MedicationRequest" in wanted:  # asked for by _include
        medicine = parsed(fhir.Medication, raw, pointer, _AS_R4)
        if medicine.id:
            chart.medications[f"Medication/{medicine.id}"] = medicine
    else:
        found = _read(raw, pointer, wanted)
        chart.of(type(found).__name__).append(Placed(found, pointer))


def _read(raw: Any, pointer: str, wanted: Sequence[str]) -> fhir.Resource:
    if not isinstance(raw, dict):
        raise MalformedError("this is no resource", pointer=pointer, expected=f"a {' or '.join(wanted)} of FHIR R4")
    _require_version(raw, pointer)
    kind = raw.get("resourceType")
    if kind not in wanted:
        raise MalformedError(
            f"{str(kind)[:60]!r} is no resource that was asked for here",
            pointer=f"{pointer}/resourceType",
            expected=f"a {' or '.join(wanted)} of FHIR R4",
        )
    return parsed(_MODELS[str(kind)], raw, pointer, _AS_R4)


def _require_version(raw: Mapping[str, Any], pointer: str) -> None:
    other = fhir.other_version(raw)
    if other is not None:
        element, version = other
        raise MalformedError(
            f"this is no resource of FHIR R4: by its {element} it looks like one of {version}",
            pointer=f"{pointer}/{element}",
            expected="resources of FHIR R4 (4.0.1)",
        )


def _require_subject(placed: Placed, patient: str, base: str | None) -> None:
    said = placed.resource.subject
    reference = (said.reference if said else None) or ""
    plain = reference.partition("/_history/")[0]
    if base is not None and plain.startswith(f"{base.rstrip('/')}/"):
        plain = plain.removeprefix(f"{base.rstrip('/')}/")
    elif base is None and "://" in plain:
        plain = "/".join(plain.split("/")[-2:])
    if plain != f"Patient/{patient}":
        raise MalformedError(
            "a resource that is not said to be of this patient",
            pointer=f"{placed.pointer}/subject",
            expected="a reference to the Patient of the context",
        )
