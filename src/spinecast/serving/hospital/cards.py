"""The card of an answer: the estimate with its limits, what it rests on, what is missing, and where to see more.

It informs and never alarms: its indicator is always ``info``, it suggests nothing to do, and it says what it is for.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from spinecast.accounts.tokens import same
from spinecast.audit.keys import AuditKey
from spinecast.clinical.dictionary import variable
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.serving.hospital.stated import chances, statement
from spinecast.serving.hospital.values import Read
from spinecast.serving.pages.words import signed
from spinecast.serving.served_model import ServedModel

__all__ = ["OVERRIDE_REASONS", "card_of", "card_without_answer", "made_from", "number_of_card", "uuid_of_card"]

LONGEST_SUMMARY = 139
"""Characters: CDS Hooks wants fewer than 140."""

_DRIVERS = 5
_SAID = " Research use only."
_REASONS = "urn:spinecast:override-reason"
OVERRIDE_REASONS = (
    {"system": _REASONS, "code": "inputs-wrong", "display": "A value it rests on is wrong or out of date"},
    {"system": _REASONS, "code": "not-this-patient", "display": "The model does not fit this patient"},
    {"system": _REASONS, "code": "not-needed-now", "display": "Not needed now"},
    {"system": _REASONS, "code": "disagree", "display": "I judge the prognosis otherwise"},
)
"""Why somebody may put a card aside; the record system may add its own."""

# What Markdown, or the HTML inside it, would read as more than a character.
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&])")
# A number of the log has at most so many bits in a UUID of version 8 (RFC 9562, 5.8).
_NUMBER_BITS = 48


def uuid_of_card(key: AuditKey, number: int) -> str:
    """Return the UUID of the card of a record of the log.

    It holds the record's number and a code that only this log's key makes, so that feedback finds its record without
    a list of cards, and nobody can give feedback on a card they were not given.

    Parameters
    ----------
    key : AuditKey
    number : int
        Less than 2**48.
    """
    if not 0 < number < 2**_NUMBER_BITS:
        raise ValueError(f"record {number} has no card")
    code = int(key.tag("card", str(number)), 16) & (2**74 - 1)
    high, low = divmod(code, 2**62)
    return str(uuid.UUID(int=number << 80 | 0x8 << 76 | high << 64 | 0b10 << 62 | low))


def number_of_card(key: AuditKey, card: str) -> int | None:
    """Return the number of the record whose card has a UUID; None of one that this log never gave."""
    try:
        number = uuid.UUID(card).int >> 80
        expected = uuid_of_card(key, number)
    except ValueError:
        return None
    return number if same(expected, card.strip().casefold()) else None


def card_of(
    served: ServedModel, said: Mapping[str, Any], read: Read, *, identifier: str, source: str, page: str
) -> dict[str, Any]:
    """Return the card of an answer that has been recorded.

    Parameters
    ----------
    served : ServedModel
    said : mapping
        As `State.predict` returns it.
    read : Read
        Where its inputs are from.
    identifier : str
        The card's UUID.
    source, page : str
        Addresses: of the model's card, and of the page that asks the same models. Neither holds anything of a patient.
    """
    outcome = served.model.about["outcome"]
    declined = said["declined"]
    if declined is not None:
        short = f"{outcome['label']}: no estimate is given"
        parts = [f"**No estimate:** {_plain(declined)}"]
    else:
        short = statement(said, outcome)
        parts = [_estimates(said, outcome), _drivers(said["prediction"])]
    parts.insert(0, _plain(made_from(served)))
    parts += [_inputs(read), _not_used(read), _missing(said["missing"]), _remarks(said, read), _about(served, said)]
    return {
        "uuid": identifier,
        **_card(served, short, parts, source, page),
        "overrideReasons": [dict(reason) for reason in OVERRIDE_REASONS],
    }


def made_from(served: ServedModel) -> str:
    """Say of what people a model is: a card goes out for every chart, and nobody looked whether it fits this one."""
    cohort = served.model.about.get("cohort") or {}
    people = "made-up patients" if served.model.is_synthetic else "patients"
    count = f"{cohort['n']:,} {people}" if "n" in cohort else people
    return (
        f"Made from {count} of {cohort.get('name', 'a cohort without a name')}: {served.to_dict()['title']}. "
        "Nobody has looked whether this patient is such a one."
    )


def card_without_answer(
    served: ServedModel, read: Read, why: str, mode: str, *, source: str, page: str
) -> dict[str, Any]:
    """Return the card that says that nothing was asked, and why.

    It has no UUID: there is no record of an answer that feedback could be of.
    """
    label = served.model.about["outcome"]["label"]
    parts = [f"**No estimate:** {_plain(why)}."]
    parts += [_not_used(read), _list("Also", read.remarks), f"{RESEARCH_USE} {_plain(mode)}"]
    return _card(served, f"{label}: no estimate, {why}", parts, source, page)


def _card(served: ServedModel, short: str, parts: Sequence[str], source: str, page: str) -> dict[str, Any]:
    return {
        "summary": _summary(served, short),
        "detail": "\n\n".join(part for part in parts if part),
        "indicator": "info",
        "source": {"label": fmt.plain(f"spinecast: {served.to_dict()['title']}"), "url": source},
        "links": [{"label": "Ask about this patient on a page of its own", "url": page, "type": "absolute"}],
    }


def _summary(served: ServedModel, text: str) -> str:
    begin = "SYNTHETIC. " if served.model.is_synthetic else ""
    room = LONGEST_SUMMARY - len(begin) - len(_SAID) - 1
    return f"{begin}{fmt.shortened(text, room)}.{_SAID}"


def _plain(text: object) -> str:
    """Return text in which Markdown finds nothing to read."""
    return _MARKUP.sub(r"\\\1", fmt.plain(text))


def _list(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{_plain(heading)}**", "", *(f"- {_plain(line)}" for line in lines)]) if lines else ""


def _estimates(said: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    found = [f"{one.label}: {one.text()}" for one in chances(said, outcome)]
    own = statement(said, outcome)
    lines = found if own in found else [own, *found]
    return _list("Estimate, with 95 % limits", lines)


def _drivers(prediction: Mapping[str, Any]) -> str:
    shown = [row for row in prediction["contributions"] if round(abs(float(row["contribution"])), 2) > 0][:_DRIVERS]
    lines = [
        f"{row['label']} {'not known' if row['value_text'] == 'not recorded' else row['value_text']}: "
        f"{'raises' if row['contribution'] > 0 else 'lowers'} it ({signed(float(row['contribution']))})"
        for row in shown
    ]
    return _list(f"What moves it most, on the scale {prediction['scale']}", lines)


def _inputs(read: Read) -> str:
    if not read.sources:
        return ""
    rows = ["**Read from the record**", "", "| input | value | date | how old |", "| --- | --- | --- | --- |"]
    for one in read.sources.values():
        age = "" if one.days is None else fmt.plural(one.days, "day")
        cells = (variable(one.variable).label, one.text, one.measured_on or "", age)
        rows.append(f"| {' | '.join(_plain(cell) for cell in cells)} |")
    return "\n".join(rows)


def _not_used(read: Read) -> str:
    return _list(
        "In the record, and not used", [f"{variable(name).label}: {why}" for name, why in read.not_used.items()]
    )


def _missing(missing: Mapping[str, Any]) -> str:
    if not missing["count"]:
        return ""
    names = ", ".join(one["label"] for one in missing["inputs"])
    return f"**Not known ({missing['count']} of {missing['of']} inputs; the limits are wider for it):** {_plain(names)}"


def _remarks(said: Mapping[str, Any], read: Read) -> str:
    warnings = [] if said["prediction"] is None else said["prediction"]["warnings"]
    # What is not known stands in a place of its own.
    lines = [*read.remarks, *(text for text in warnings if not text.startswith("not known: "))]
    return _list("Also", [fmt.ended(fmt.sentence(line)) for line in lines])


def _about(served: ServedModel, said: Mapping[str, Any]) -> str:
    notices = " ".join(dict.fromkeys([RESEARCH_USE, *said["notices"], *filter(None, [served.standing])]))
    made = f"Model {served.numbered}, identity {served.identity[:12]}, record {said['audit_id']}."
    return f"{_plain(notices)}\n\n{_plain(made)} {_plain(said['mode'])}"
