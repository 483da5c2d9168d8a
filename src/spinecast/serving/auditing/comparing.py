"""Two recorded answers side by side: two patients, or one patient put to two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.audit.records import Record
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Document, Paragraph, Row, Section, Table
from spinecast.reporting.sections.common import row
from spinecast.serving.auditing.contents import BANNER, MARK
from spinecast.serving.auditing.recorded import Said, input_label, written
from spinecast.serving.pages.words import signed

__all__ = ["comparison"]

NONE = "none"

Compared = tuple[Record, Said]


def comparison(first: Compared, second: Compared) -> Document:
    """Set two answers side by side.

    Parameters
    ----------
    first, second : (Record, Said)
    """
    heads = tuple(f"Record {record.sequence}" for record, _ in (first, second))
    sections = [
        Section("whose", "Which answers", (_whose(first, second, heads), Paragraph(_relation(first, second)))),
        Section("answers", "Answers", (_answers(first[1], second[1], heads),)),
        Section("inputs", "Inputs", (_inputs(first[1], second[1], heads),)),
        Section("contributions", "What raised and lowered them", tuple(_contributions(first[1], second[1], heads))),
    ]
    return Document(
        title=f"{heads[0]} beside record {second[0].sequence}",
        subtitle="From the audit log",
        banner=BANNER,
        sections=tuple(sections),
        mark=MARK if first[1].synthetic or second[1].synthetic else None,
    )


def _whose(first: Compared, second: Compared, heads: tuple[str, ...]) -> Table:
    def cells(one: Compared) -> tuple[str, ...]:
        record, said = one
        model = said.answer.get("model") or {}
        return (
            record.recorded_at[:19].replace("T", " "),
            record.kind,
            record.actor,
            record.model or NONE,
            str(model.get("identity", NONE)),
            "made-up patients" if said.synthetic else "real patients" if model else NONE,
            record.subject or "none named",
        )

    names = ("Recorded (UTC)", "Kind", "Asked by", "Model", "Identity", "Made from", "Patient")
    rows = tuple(row(*one) for one in zip(names, cells(first), cells(second), strict=True))
    return Table("Two records", ("", *heads), rows)


def _relation(first: Compared, second: Compared) -> str:
    """Say what the two have in common, for what a difference between them can mean hangs on it."""
    (one, said), (other, also) = first, second
    same_inputs = said.asked.get("inputs") == also.asked.get("inputs")
    identities = {_identity(said), _identity(also)}
    model = "Two models" if len(identities) > 1 else "No model" if identities == {None} else "One and the same model"
    if same_inputs:
        return f"{model}, and inputs that are the same."
    named = one.subject is not None and one.subject == other.subject
    whose = "one patient, whose inputs are not the same in both" if named else "inputs that are not the same"
    return f"{model}, and {whose}."


def _identity(said: Said) -> Any:
    return (said.answer.get("model") or {}).get("identity")


def _answers(first: Said, second: Said, heads: tuple[str, ...]) -> Block:
    columns = [_answered(said) for said in (first, second)]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = tuple(row(name, *(column.get(name, NONE) for column in columns)) for name in names)
    return Table("What was answered, with 95 % limits", ("Answer", *heads), rows)


def _answered(said: Said) -> dict[str, str]:
    if said.declined:
        return {"No risk was given": said.declined}
    return {what: f"{value} ({limits})" if limits else value for what, value, limits in said.rows()}


def _inputs(first: Said, second: Said, heads: tuple[str, ...]) -> Block:
    columns = [_used(said) for said in (first, second)]
    names = list(dict.fromkeys(name for column in columns for name in column))
    if not names:
        return Paragraph("Neither had any input.")
    rows = []
    for name in names:
        values = [column.get(name, NONE) for column in columns]
        differ = values[0] != values[1]
        rows.append(row(input_label(name), *values, "differs" if differ else "the same", strong=differ))
    return Table("Inputs as used", ("Input", *heads, ""), tuple(rows))


def _used(said: Said) -> dict[str, str]:
    given: Mapping[str, Any] = said.asked.get("inputs") or {}
    used = (said.prediction or {}).get("used") or {}
    return {**{name: written(value) for name, value in given.items() if name not in used}, **used}


def _contributions(first: Said, second: Said, heads: tuple[str, ...]) -> Iterator[Block]:
    predictions = [said.prediction for said in (first, second)]
    if None in predictions:
        yield Paragraph("Not both of them are predictions: there are no contributions to compare.")
        return
    scales = [str(one["scale"]) for one in predictions if one is not None]
    if scales[0] != scales[1]:
        text = f"The one is on the {scales[0]}, the other on the {scales[1]}: no difference of them means anything."
        yield Callout("note", "Two scales", text)
    columns = [_by_input(one) for one in predictions if one is not None]
    rows = []
    names = {name: None for column in columns for name in column}
    for name in names:
        values = [column.get(name) for column in columns]
        shown = [NONE if value is None else signed(value) for value in values]
        both = scales[0] == scales[1] and None not in values
        difference = signed(float(values[1] or 0) - float(values[0] or 0)) if both else NONE
        rows.append((abs(float(values[0] or 0)) + abs(float(values[1] or 0)), row(name, *shown, difference)))
    ordered = tuple(one for _, one in sorted(rows, key=lambda pair: -pair[0]))
    totals = [float(one["served"] if "served" in one else one["log_odds"]) for one in predictions if one is not None]
    bases = [float(one["base_value"]) for one in predictions if one is not None]
    yield Table(
        "Contributions",
        ("Input", *heads, "Difference"),
        (
            _ends("Before anything is known", bases, scales),
            *ordered,
            _ends("All together", totals, scales),
        ),
        notes=(f"On the {scales[0]}." if scales[0] == scales[1] else "Each on its own scale.",),
        numeric=(1, 2, 3),
    )


def _ends(label: str, values: list[float], scales: list[str]) -> Row:
    difference = signed(values[1] - values[0]) if scales[0] == scales[1] else NONE
    return row(label, *map(signed, values), difference, strong=True)


def _by_input(prediction: Mapping[str, Any]) -> dict[str, float]:
    return {fmt.plain(one["label"]): float(one["contribution"]) for one in prediction["contributions"]}
