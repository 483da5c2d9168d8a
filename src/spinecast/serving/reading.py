"""Reading what was sent: the few things that a request about one patient may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from spinecast.documents.json_text import MalformedError, escaped
from spinecast.errors import nearest
from spinecast.explanation.answering import Question

__all__ = [
    "MEMBERS",
    "MOST_BYTES",
    "PatientQuestion",
    "read_question",
    "refuse_identifiers",
]

MOST_BYTES = 64 * 1024
"""Of one request: a patient with every variable of the dictionary takes a tenth of it."""

MEMBERS = ("inputs", "patient", "for_scores", "days", "minimum_hemoglobin", "level")
"""What a request about one patient may hold."""

_MOST_DAYS = 60
_LONGEST_IDENTIFIER = 200
_LONGEST_LEVEL = 100

# What tells who a patient is has no place among inputs, whatever it is called.
_IDENTIFYING = frozenset(
    """name first_name last_name surname family_name given_name full_name patient_name initials birth_date
    date_of_birth birthdate dob mrn medical_record_number patient_id patient_number case_number
    social_security_number ssn insurance_number address street postcode zip_code phone telephone email""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class PatientQuestion:
    """One patient and what is asked about them.

    Parameters
    ----------
    inputs : mapping of str to value
        What is known, by dictionary name.
    patient : str or None
        Identifier under which the answer can be found again; the log keeps its pseudonym only.
    for_scores : mapping of str to value
        What is known beside the model's inputs, for published scores alone.
    question : Question
    """

    inputs: Mapping[str, Any]
    patient: str | None = None
    for_scores: Mapping[str, Any] = field(default_factory=dict)
    question: Question = field(default_factory=Question)

    def to_dict(self) -> dict[str, Any]:
        """Return what is recorded of it: everything but who the patient is."""
        return {
            "inputs": dict(self.inputs),
            "for_scores": dict(self.for_scores),
            "question": asdict(self.question),
        }

    @classmethod
    def from_dict(cls, recorded: Mapping[str, Any]) -> PatientQuestion:
        """Rebuild it from the log."""
        stored = recorded["question"]
        question = Question(**{**stored, "days": tuple(stored["days"])})
        return cls(recorded["inputs"], None, recorded["for_scores"], question)


def read_question(value: Any, known: Sequence[str] = MEMBERS) -> PatientQuestion:
    """Read one patient's request.

    Parameters
    ----------
    value : JSON value
    known : sequence of str
        What it may hold.

    Raises
    ------
    MalformedError
        If it is not of that shape.
    ContractError
        If a field tells who the patient is.
    """
    if not isinstance(value, dict):
        raise MalformedError("the body is no object", expected='an object such as {"inputs": {"age": 63}}')
    for name in value:
        if name not in known:
            close = nearest(name, known)
            raise MalformedError(
                f"unknown member {name!r}",
                pointer=f"/{escaped(name)}",
                expected=f"one of {', '.join(known)}" + (f"; did you mean {close}?" if close else ""),
            )
    if "inputs" not in value:
        raise MalformedError("no inputs are given", pointer="/inputs", expected="an object, by dictionary name")
    inputs, others = _object(value, "inputs"), _object(value, "for_scores")
    refuse_identifiers(inputs, "/inputs")
    refuse_identifiers(others, "/for_scores")
    return PatientQuestion(
        inputs=inputs,
        patient=_identifier(value.get("patient")),
        for_scores=others,
        question=Question(
            _days(value.get("days")), _optional_number(value, "minimum_hemoglobin"), _level(value.get("level"))
        ),
    )


def refuse_identifiers(inputs: Mapping[str, Any], pointer: str) -> None:
    """Refuse inputs, which stand at a JSON pointer, that tell who a patient is; their values are not repeated.

    Raises
    ------
    MalformedError
        If there is one.
    """
    for name in inputs:
        plain = name.strip().casefold().replace(" ", "_").replace("-", "_")
        if plain in _IDENTIFYING:
            raise MalformedError(
                f"{name}: who the patient is, is no input",
                pointer=f"{pointer}/{escaped(name)}",
                expected="clinical variables alone; `patient` takes an identifier, of which a pseudonym is kept",
            )


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if found is None and name != "inputs":
        return {}
    if not isinstance(found, dict):
        raise MalformedError(f"{name} is no object", pointer=f"/{name}", expected='such as {"age": 63}')
    return found


def _identifier(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not given.strip() or len(given) > _LONGEST_IDENTIFIER:
        raise MalformedError(
            "patient is no identifier", pointer="/patient", expected=f"a text of 1 to {_LONGEST_IDENTIFIER} characters"
        )
    return given


def _days(given: Any) -> tuple[float, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_DAYS:
        raise MalformedError("days is no list of days", pointer="/days", expected=f"at most {_MOST_DAYS} numbers")
    return tuple(_number(day, f"/days/{position}") for position, day in enumerate(given))


def _level(given: Any) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or not 0 < len(given) <= _LONGEST_LEVEL:
        raise MalformedError(
            "level is no level's name", pointer="/level", expected="a level above the lowest, as the answer lists them"
        )
    return given


def _optional_number(value: Mapping[str, Any], name: str) -> float | None:
    return None if value.get(name) is None else _number(value[name], f"/{name}")


def _number(given: Any, pointer: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise MalformedError(f"{given!r:.50} is no number", pointer=pointer, expected="a number")
    try:
        return float(given)
    except OverflowError as error:
        raise MalformedError("a number is too large", pointer=pointer, expected="a number") from error
