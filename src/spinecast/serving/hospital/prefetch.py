"""From which FHIR resource a variable can be read, and the searches by which a record system brings those resources.

Both follow from the codes that stand in the dictionary, and from how old a value may be
(`spinecast.clinical.recency`). Nothing is listed here by name but what a Patient resource holds itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from spinecast.clinical.dictionary import variable
from spinecast.clinical.recency import recency
from spinecast.clinical.variable import Code, Variable
from spinecast.cohorts.derived_values import closure

__all__ = ["OF_THE_PATIENT", "Source", "expected_at", "prefetch_templates", "readable", "source_of"]

Source = Literal["Patient", "Observation", "Condition", "MedicationRequest"]

OF_THE_PATIENT = ("age", "sex")
"""What a Patient resource says: age by ``birthDate``, sex by ``gender``."""

_OBSERVATIONS = "observations"
_PATIENT = "{{context.patientId}}"


def source_of(entry: Variable) -> Source | None:
    """Name the resource that a variable can be read from; None where nothing in the dictionary says so.

    A number or a level is an Observation with one of its LOINC codes. What is present or not is a Condition with its
    SNOMED CT code, or an order of a medicine of its ATC group.
    """
    if entry.name in OF_THE_PATIENT:
        return "Patient"
    systems = {code.system for code in entry.codes}
    if entry.is_label:
        return None
    if "LOINC" in systems:
        return "Observation"
    if "ATC" in systems:
        return "MedicationRequest"
    return "Condition" if entry.kind == "binary" and "SNOMED CT" in systems else None


def readable(names: Sequence[str]) -> dict[str, Source]:
    """Return what of a model's inputs, and of what they follow from, can be read, and from which resource."""
    found = {name: source_of(variable(name)) for name in closure(names)}
    return {name: source for name, source in found.items() if source is not None}


def prefetch_templates(names: Sequence[str]) -> dict[str, str]:
    """Return the searches for a model's inputs, by key, as a CDS Hooks service announces them.

    Observations of one limit of age are one search, so that none crowds out another; ``today()`` is of CDS Hooks 3.0.

    Parameters
    ----------
    names : sequence of str
        The model's inputs.
    """
    found = {"patient": f"Patient/{_PATIENT}"}
    sources = readable(names)
    observed: dict[int | None, list[Variable]] = {}
    for name in _of(sources, "Observation"):
        observed.setdefault(recency(variable(name)).days, []).append(variable(name))
    for days, entries in sorted(observed.items(), key=lambda item: (item[0] is None, item[0] or 0)):
        since = "" if days is None else f"&date=ge{{{{today() - {days} days}}}}"
        key = _OBSERVATIONS if days is None else f"{_OBSERVATIONS}_{days}_days"
        found[key] = f"Observation?patient={_PATIENT}&code={_codes(entries)}{since}&_sort=-date"
    conditions = [variable(name) for name in _of(sources, "Condition")]
    if conditions:
        found["conditions"] = f"Condition?patient={_PATIENT}&code={_codes(conditions)}"
    if _of(sources, "MedicationRequest"):
        # An exact code finds no group of medicines, so every order that runs is asked for.
        found["medications"] = (
            f"MedicationRequest?patient={_PATIENT}&status=active&_include=MedicationRequest:medication"
        )
    return found


def expected_at(key: str) -> tuple[Source, ...]:
    """Return the resources that may stand at a key of prefetch."""
    if key.startswith(_OBSERVATIONS):
        return ("Observation",)
    named: dict[str, tuple[Source, ...]] = {
        "patient": ("Patient",),
        "conditions": ("Condition",),
        "medications": ("MedicationRequest",),
    }
    return named[key]


def _of(sources: dict[str, Source], wanted: Source) -> list[str]:
    return [name for name, source in sources.items() if source == wanted]


def _codes(entries: Iterable[Variable]) -> str:
    return ",".join(f"{code.uri}|{code.code}" for entry in entries for code in _searched(entry))


def _searched(entry: Variable) -> tuple[Code, ...]:
    return tuple(code for code in entry.codes if code.system != "ATC")
