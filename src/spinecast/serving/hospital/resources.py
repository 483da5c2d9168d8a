"""The parts of FHIR R4 resources that are read, and of what type each is (HL7 FHIR 4.0.1).

What is not read is not described: a resource may hold anything else that R4 allows. Of what is read, a wrong type is
refused with its place, and so is an element that only another version of FHIR has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from spinecast.serving.hospital.parts import Part

__all__ = [
    "Bundle",
    "CodeableConcept",
    "Coding",
    "Component",
    "Condition",
    "Medication",
    "MedicationRequest",
    "Modifiable",
    "Observation",
    "OperationOutcome",
    "Patient",
    "Quantity",
    "Reference",
    "Resource",
    "other_version",
]

Text = Annotated[str, Field(max_length=2000)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Whole = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Coding(Part):
    """A code of a terminology."""

    system: Text | None = None
    code: Text | None = None


class CodeableConcept(Part):
    """What codes of several terminologies say in common."""

    coding: list[Coding] = Field(default_factory=list)
    text: Text | None = None

    def codes(self, system: str) -> list[str]:
        """Return its codes of one terminology."""
        return [one.code for one in self.coding if one.system == system and one.code]


class Quantity(Part):
    """A measured amount."""

    value: Number | None = None
    comparator: Text | None = None
    unit: Text | None = None
    system: Text | None = None
    code: Text | None = None


class Reference(Part):
    """Another resource."""

    reference: Text | None = None


class Period(Part):
    """A time from and to."""

    start: Text | None = None
    end: Text | None = None


class Modifiable(Part):
    """What may be marked to mean something else than it says.

    FHIR R4, 2.4.1.3: whoever does not know a modifier extension must not use the element that holds it, which it may
    even negate. None is known here.
    """

    modifierExtension: list[Any] | None = None
    implicitRules: Text | None = None

    @property
    def is_modified(self) -> bool:
        """Whether it holds rules that are not known here."""
        return bool(self.modifierExtension) or bool(self.implicitRules)


class Coded(Modifiable):
    """R4's choice of values: those that can be a variable's, those that only show that there is one, or why none."""

    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueInteger: Whole | None = None
    valueString: Text | None = None
    valueBoolean: bool | None = None
    valueRange: Any = None
    valueRatio: Any = None
    valueSampledData: Any = None
    valueTime: Any = None
    valueDateTime: Any = None
    valuePeriod: Any = None
    dataAbsentReason: Any = None

    @property
    def says_something(self) -> bool:
        """Whether it has a value of any kind, or says why it has none."""
        return any(value is not None for name, value in self if name.startswith("value") or name == "dataAbsentReason")


class Component(Coded):
    """One of several values that an observation has together."""

    code: CodeableConcept


class Resource(Modifiable):
    """What all resources share."""

    id: Identifier | None = None


class Patient(Resource):
    """Who the patient is, as far as models ask."""

    resourceType: Literal["Patient"]
    gender: Literal["male", "female", "other", "unknown"] | None = None
    birthDate: Annotated[str, Field(pattern=r"^\d{4}(-\d\d(-\d\d)?)?$")] | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: Text | None = None


class Observation(Coded, Resource):
    """Something measured or seen."""

    resourceType: Literal["Observation"]
    status: Text
    code: CodeableConcept
    subject: Reference | None = None
    focus: list[Reference] = Field(default_factory=list)
    effectiveDateTime: Text | None = None
    effectiveInstant: Text | None = None
    effectivePeriod: Period | None = None
    issued: Text | None = None
    component: list[Component] = Field(default_factory=list)

    @property
    def moment(self) -> str | None:
        """When it was true: the end of a period; when it was made known if nothing else is said."""
        period = self.effectivePeriod
        return (
            self.effectiveDateTime
            or self.effectiveInstant
            or (None if period is None else period.end or period.start)
            or self.issued
        )


class Condition(Resource):
    """An illness on the problem list."""

    resourceType: Literal["Condition"]
    clinicalStatus: CodeableConcept | None = None
    verificationStatus: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    recordedDate: Text | None = None
    onsetDateTime: Text | None = None
    abatementDateTime: Text | None = None


class Medication(Resource):
    """A medicine."""

    resourceType: Literal["Medication"]
    code: CodeableConcept | None = None


class Contained(Modifiable):
    """A resource inside another one, of which a medicine's code is read."""

    id: Text | None = None
    code: CodeableConcept | None = None


class Repeat(Part):
    """Within what time something is repeated."""

    boundsPeriod: Period | None = None


class Timing(Part):
    """When something is done."""

    repeat: Repeat | None = None


class Dosage(Modifiable):
    """How a medicine is taken."""

    asNeededBoolean: bool | None = None
    asNeededCodeableConcept: CodeableConcept | None = None
    timing: Timing | None = None

    @property
    def as_needed(self) -> bool:
        """Whether it is taken only when it is needed."""
        return bool(self.asNeededBoolean) or self.asNeededCodeableConcept is not None

    @property
    def end(self) -> str | None:
        """The day it is taken to; None where that is left open."""
        repeat = None if self.timing is None else self.timing.repeat
        bounds = None if repeat is None else repeat.boundsPeriod
        return None if bounds is None else bounds.end


class DispenseRequest(Part):
    """What is to be handed out on an order."""

    validityPeriod: Period | None = None


class MedicationRequest(Resource):
    """An order of a medicine."""

    resourceType: Literal["MedicationRequest"]
    status: Text
    intent: Text
    doNotPerform: bool | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    medicationReference: Reference | None = None
    contained: list[Contained] = Field(default_factory=list)
    subject: Reference | None = None
    authoredOn: Text | None = None
    dosageInstruction: list[Dosage] = Field(default_factory=list)
    dispenseRequest: DispenseRequest | None = None

    @property
    def ends(self) -> list[str]:
        """Every day on which it ends, by its own words: nothing is handed out any more, or its last dosage is over."""
        valid = None if self.dispenseRequest is None else self.dispenseRequest.validityPeriod
        doses = [dosage.end for dosage in self.dosageInstruction]
        over = max((end for end in doses if end), default=None) if all(doses) else None
        return [end for end in (None if valid is None else valid.end, over) if end]


class Issue(Part):
    """One thing that went wrong in the record system."""

    severity: Text | None = None


class OperationOutcome(Resource):
    """What a record system says instead of what was asked."""

    resourceType: Literal["OperationOutcome"]
    issue: list[Issue] = Field(default_factory=list)


class Link(Part):
    """An address beside a bundle."""

    relation: Text | None = None


class Entry(Modifiable):
    """One resource of a bundle."""

    resource: dict[str, Any] | None = None


class Bundle(Resource):
    """What a search found."""

    resourceType: Literal["Bundle"]
    type: Literal["searchset", "collection"]
    link: list[Link] = Field(default_factory=list)
    entry: list[Entry] = Field(default_factory=list)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_there(value: Any) -> bool:
    return value is not None


_STU3, _R5 = "STU3 or DSTU2", "R5"
# HL7 FHIR 4.0.1 and 5.0.0, "R3 Diff" and "R4 Conversions" of each resource: elements that R4 has in another form or not
# at all, and by which its neighbours are known.
_MARKS: Mapping[str, Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "Patient": {"animal": (_is_there, _STU3)},
    "Observation": {
        "context": (_is_there, _STU3),
        "comments": (_is_there, _STU3),
        "related": (_is_there, _STU3),
        "category": (_is_object, _STU3),
        "triggeredBy": (_is_there, _R5),
        "bodyStructure": (_is_there, _R5),
        "instantiatesCanonical": (_is_there, _R5),
    },
    "Condition": {
        "clinicalStatus": (_is_text, _STU3),
        "verificationStatus": (_is_text, _STU3),
        "patient": (_is_there, _STU3),
        "context": (_is_there, _STU3),
        "participant": (_is_there, _R5),
    },
    "MedicationRequest": {
        "context": (_is_there, _STU3),
        "medication": (_is_there, _R5),
        "reason": (_is_there, _R5),
        "renderedDosageInstruction": (_is_there, _R5),
    },
    "Bundle": {"issues": (_is_there, _R5)},
}
_OTHERS = {"MedicationOrder": _STU3, "ProcedureRequest": _STU3, "ReferralRequest": _STU3}


def other_version(resource: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say by which element a resource is not of R4, and of which version it looks to be; None where nothing tells.

    A request names no version of FHIR, so what a resource holds is all there is to tell it by.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        return None
    if kind in _OTHERS:
        return "resourceType", _OTHERS[kind]
    for name, (is_other, version) in _MARKS.get(kind, {}).items():
        if name in resource and is_other(resource[name]):
            return name, version
    return None
