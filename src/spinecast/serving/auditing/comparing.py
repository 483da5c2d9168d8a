"""Two recorded answers side by side: two patients, or one patient put to two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinecast.audit.records import Record
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Callout, Document, Facts, Paragraph, Row, Section, Table
from spinecast.reporting.sections.common import row
from spinecast.serving.auditing.contents import BANNER, MARK, put_words
from spinecast.serving.auditing.recorded import Said, input_label, written
from spinecast.serving.pages.words import signed

__all__ = ["comparison"]

NONE, NOT_READ, NOT_GIVEN = "none", "not an input of this model", "not given"
_QUESTIONS = {"days": "other days", "level": "another level", "minimum_hemoglobin": "another lowest haemoglobin"}

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
    words = f"{_models(said, also)}, and {_inputs_words(one, said, other, also)}"
    questions = [dict(each.asked.get("question") or {}) for each in (said, also)]
    names = [_QUESTIONS[name] for name in _QUESTIONS if questions[0].get(name) != questions[1].get(name)]
    asked = f" They were asked for {fmt.joined(names)}." if names else ""
    return f"{words}.{asked}" + "".join(
        f" {text}" for text in (put_words(one, other.sequence), put_words(other, one.sequence)) if text
    )


def _models(said: Said, also: Said) -> str:
    models = [each.answer.get("model") or {} for each in (said, also)]
    if models[0].get("identity") == models[1].get("identity"):
        return "One and the same model" if models[0] else "No model"
    if not all(models):
        return "A model, and published scores alone"
    named = {(one["name"], one["version"]) for one in models}
    return "Two versions of one model" if len(named) > len({name for name, _ in named}) else "Two models"


def _inputs_words(one: Record, said: Said, other: Record, also: Said) -> str:
    if said.asked.get("inputs") == also.asked.get("inputs"):
        return "inputs that are the same"
    named = one.subject is not None and one.subject == other.subject
    return "one patient, whose inputs are not the same in both" if named else "inputs that are not the same"


def _answers(first: Said, second: Said, heads: tuple[str, ...]) -> Block:
    columns = [_answered(said) for said in (first, second)]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows = tuple(row(name, *(column.get(name, "not answered") for column in columns)) for name in names)
    return Table("What was answered, with 95 % limits", ("Answer", *heads), rows)


def _answered(said: Said) -> dict[str, str]:
    if said.declined:
        return {"No risk was given": said.declined}
    return {what: f"{value} ({limits})" if limits else value for what, value, limits in said.rows()}


def _inputs(first: Said, second: Said, heads: tuple[str, ...]) -> Block:
    columns = (_used(first), _used(second))
    names = list(dict.fromkeys(name for column in columns for name in column))
    if not names:
        return Paragraph("Neither had any input.")
    rows = []
    for name in names:
        values = [column.get(name, _without(said)) for column, said in zip(columns, (first, second), strict=True)]
        verdict = "" if NOT_READ in values else "the same" if _same(name, values, first, second) else "differs"
        rows.append(row(input_label(name), *values, verdict, strong=verdict == "differs"))
    return Table("Inputs as used", ("Input", *heads, ""), tuple(rows))


def _used(said: Said) -> dict[str, str]:
    given, used = _given(said), (said.prediction or {}).get("used") or {}
    return {**{name: written(value) for name, value in given.items() if name not in used}, **used}


def _given(said: Said) -> Mapping[str, Any]:
    return said.asked.get("inputs") or {}


def _without(said: Said) -> str:
    """Say why an input is not there: its model reads others, or nothing was answered and it was not given."""
    return NOT_READ if said.prediction is not None else NOT_GIVEN


def _same(name: str, values: list[str], first: Said, second: Said) -> bool:
    if values[0] == values[1] or all(value in (NOT_GIVEN, "not recorded", "not known") for value in values):
        return True
    given, also = _given(first), _given(second)
    # One that was declined shows what was given, in whatever unit, and the other what was used: set beside as given.
    return None in (first.prediction, second.prediction) and name in given and given[name] == also.get(name)


def _contributions(first: Said, second: Said, heads: tuple[str, ...]) -> Iterator[Block]:
    predictions = [said.prediction for said in (first, second)]
    if None in predictions:
        yield Paragraph("Not both of them are predictions: there are no contributions to compare.")
        return
    comparable = first.explains == second.explains
    yield Facts(tuple(zip(heads, (f"{one.explained}; {one.explains[0]}" for one in (first, second)), strict=True)))
    if not comparable:
        yield _not_compared(first, second)
    columns = [_by_input(one) for one in predictions if one is not None]
    rows = []
    names = dict.fromkeys(name for column in columns for name in column)
    for name in names:
        values = [column.get(name) for column in columns]
        shown = [NONE if value is None else signed(value) for value in values]
        both = comparable and None not in values
        difference = signed(float(values[1] or 0) - float(values[0] or 0)) if both else NONE
        rows.append((abs(float(values[0] or 0)) + abs(float(values[1] or 0)), row(name, *shown, difference)))
    ordered = tuple(one for _, one in sorted(rows, key=lambda pair: -pair[0]))
    totals = [float(one["served"] if "served" in one else one["log_odds"]) for one in predictions if one is not None]
    bases = [float(one["base_value"]) for one in predictions if one is not None]
    yield Table(
        "Contributions",
        ("Input", *heads, "Difference"),
        (
            _ends("Before anything is known", bases, comparable=comparable),
            *ordered,
            _ends("All together", totals, comparable=comparable),
        ),
        notes=(f"On the {first.explains[0]}." if comparable else "Each by itself.",),
        numeric=(1, 2, 3),
    )


def _not_compared(first: Said, second: Said) -> Callout:
    """Say why contributions are not subtracted: they are on two scales, or explain two things on one."""
    if first.explains[0] != second.explains[0]:
        text = f"The one is on the {first.explains[0]}, the other on the {second.explains[0]}"
        return Callout("note", "Two scales", f"{text}: no difference of them means anything.")
    named = [one.explained for one in (first, second)]
    if named[0] == named[1]:  # one name for two outcomes: their absence has the day in it
        named = [f"{one.explained} (else: {one.explains[2]})" for one in (first, second)]
    text = f"The one explains {named[0]}; the other {named[1]}"
    return Callout("note", "Two things explained", f"{text}: no difference of them means anything.")


def _ends(label: str, values: list[float], *, comparable: bool) -> Row:
    difference = signed(values[1] - values[0]) if comparable else NONE
    return row(label, *map(signed, values), difference, strong=True)


def _by_input(prediction: Mapping[str, Any]) -> dict[str, float]:
    return {fmt.plain(one["label"]): float(one["contribution"]) for one in prediction["contributions"]}
