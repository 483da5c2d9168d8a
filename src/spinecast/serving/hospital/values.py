"""What a chart says of a model's inputs: the most recent value of each, how old it is, and what was not used and why.

The rules (docs/decisions/0043): the newest time decides. If what stands there cannot be read, is too old, or
contradicts itself, the input is missing; an older value never takes its place, and no unit is guessed. What is not in
the record is not known: that no illness is listed does not mean that there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from spinecast.clinical.dictionary import variable
from spinecast.clinical.recency import recency
from spinecast.clinical.variable import Variable
from spinecast.cohorts.derived_values import closure
from spinecast.cohorts.patient import FieldError, PatientError, patient_row
from spinecast.reporting import formatting as fmt
from spinecast.serving.hospital.charts import Chart
from spinecast.serving.hospital.events import read_condition, read_orders
from spinecast.serving.hospital.moments import years_between
from spinecast.serving.hospital.observed import (
    FINAL,
    MODIFIED,
    VOID,
    UnusableError,
    Value,
    about_another,
    read_observation,
)
from spinecast.serving.hospital.prefetch import OF_THE_PATIENT, readable
from spinecast.serving.hospital.resources import Patient

__all__ = ["Read", "ReadInput", "of_no_adult", "read_chart"]


@dataclass(frozen=True)
class ReadInput:
    """One input and where it is from.

    Parameters
    ----------
    variable : str
    text : str
        As the record has it.
    measured_on : str or None
        Its date.
    days : int or None
        How old it is.
    reference : str or None
        The resource it was read from; None of the Patient, whose id enters no record.
    """

    variable: str
    text: str
    measured_on: str | None = None
    days: int | None = None
    reference: str | None = None


@dataclass
class Read:
    """What was read.

    Parameters
    ----------
    inputs : dict of str to value
        As the contract takes them.
    sources : dict of str to ReadInput
        Where each is from.
    not_used : dict of str to str
        What stands in the record and was not used, by variable, and why.
    remarks : list of str
        What else there is to say.
    """

    inputs: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, ReadInput] = field(default_factory=dict)
    not_used: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return what is recorded of it beside the inputs themselves."""
        return {
            "sources": [asdict(one) for one in self.sources.values()],
            "not_used": dict(self.not_used),
            "remarks": list(self.remarks),
        }


def read_chart(chart: Chart, names: Sequence[str], now: datetime) -> Read:
    """Read a model's inputs from a chart.

    Parameters
    ----------
    chart : Chart
    names : sequence of str
        The model's inputs.
    now : datetime
        UTC.

    Raises
    ------
    MalformedError
        If a time is none.
    """
    found = Read(remarks=list(chart.remarks))
    for name, source in readable(names).items():
        entry = variable(name)
        if source == "Patient":
            _of_patient(chart, name, now, found)
            continue
        try:
            if source == "Observation":
                value = read_observation(entry, chart.observations, now)
            elif source == "Condition":
                value = read_condition(entry, chart.conditions, now)
            else:
                value = read_orders(entry, chart.orders, chart.medications, now)
        except UnusableError as reason:
            found.not_used[name] = str(reason)
            continue
        if value is not None:
            _take(entry, value, now, found)
    unfinished = sum(placed.resource.status not in (*FINAL, *VOID) for placed in chart.observations)
    if unfinished:
        found.remarks.append(f"passed over: {fmt.plural(unfinished, 'observation')} not final")
    others = sum(about_another(placed.resource) for placed in chart.observations)
    if others:
        found.remarks.append(f"passed over: {fmt.plural(others, 'observation')} of somebody or something else (focus)")
    _hold_to_the_contract(found, names)
    return found


def of_no_adult(patient: Patient, now: datetime) -> str | None:
    """Say why a patient is not asked about: known to be no adult.

    A card goes out for every chart that is opened, so that an age outside the dictionary's usual one ends it here; on
    the page, where somebody typed it in, it is a warning. Whom a model was made from it says itself, on the card.

    Raises
    ------
    MalformedError
        If the date of birth is none.
    """
    usual = variable("age").plausible
    if patient.birthDate is None or usual is None:
        return None
    years, _ = years_between(patient.birthDate, now, "/prefetch/patient/birthDate")
    if usual.lower <= years <= usual.upper:
        return None
    answered = f"{usual.lower:g} to {usual.upper:g} years"
    return f"the patient is {years:.0f} years old, and answers are given here of people of {answered}"


def _take(entry: Variable, value: Value, now: datetime, found: Read) -> None:
    moment = value.moment
    days = None if moment is None else moment.days_before(now)
    limit = recency(entry).days
    if limit is not None and days is not None and days > limit:
        old, most = fmt.plural(days, "day"), fmt.plural(limit, "day")
        found.not_used[entry.name] = f"{value.text} is {old} old, and more than {most} is too old"
        return
    when = None if moment is None else moment.text()
    found.inputs[entry.name] = value.given
    found.sources[entry.name] = ReadInput(entry.name, value.text, when, days, value.reference)


def _of_patient(chart: Chart, name: str, now: datetime, found: Read) -> None:
    patient = chart.patient
    assert name in OF_THE_PATIENT
    if patient.is_modified:
        found.not_used[name] = f"the Patient is {MODIFIED}"
        return
    if name == "sex":
        if patient.gender in variable(name).level_values:
            found.inputs[name] = patient.gender
            found.sources[name] = ReadInput(name, variable(name).level_label(patient.gender))
        elif patient.gender is not None:
            found.not_used[name] = f"the record says {patient.gender}"
        return
    if patient.birthDate is None:
        return
    years, to_the_day = years_between(patient.birthDate, now, "/prefetch/patient/birthDate")
    found.inputs[name] = round(years, 1)  # nearer, and the record would tell the day of birth
    found.sources[name] = ReadInput(name, f"{years:.1f} years")
    if not to_the_day:
        found.remarks.append("of the date of birth only a part is known: the age may be half of that part wrong")


def _hold_to_the_contract(found: Read, names: Sequence[str]) -> None:
    """Leave out what the contract refuses, with its reason: one impossible value does not cost the others."""
    while found.inputs:
        try:
            patient_row(found.inputs, names)
        except PatientError as error:
            refused: Sequence[FieldError] = error.fields
        except FieldError as error:
            refused = (error,)
        else:
            return
        before = len(found.inputs)
        for one in refused:
            _refuse(found, one)
        if len(found.inputs) == before:
            raise refused[0]


def _refuse(found: Read, error: FieldError) -> None:
    entry, reason = variable(error.field), error.what.removeprefix(f"{error.field}: ")
    if error.field in found.inputs:
        possible = "" if entry.is_derived or entry.possible is None else f" (possible is {error.expected})"
        _leave_out(found, error.field, reason + possible)
        return
    # What follows from some of them is impossible, so one of them is wrong, and nobody knows which.
    for name in closure(entry.derived_from):
        if name in found.inputs:
            _leave_out(found, name, f"{entry.label.lower()} would be {reason}")


def _leave_out(found: Read, name: str, reason: str) -> None:
    del found.inputs[name]
    del found.sources[name]
    found.not_used[name] = reason
