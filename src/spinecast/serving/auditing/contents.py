"""One record as parts of a document: the page and the PDF say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from spinecast.audit.records import Record
from spinecast.files import readable_json
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Banner,
    Block,
    Bullets,
    Callout,
    Code,
    Document,
    Facts,
    Figure,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.sections.common import row
from spinecast.serving.auditing.lineage import Lineage
from spinecast.serving.auditing.recorded import Said, input_label, is_synthetic, score_words, written
from spinecast.serving.auditing.told import told

__all__ = ["Form", "put_words", "record_document", "record_title"]

BANNER = Banner(
    RESEARCH_USE,
    "This is what the audit log holds of one record, and what its model's run says of itself. The software is not a "
    "medical device, and using it has not been shown to help anyone.",
)
MARK = Banner(SYNTHETIC, "Made-up patients had a part in it: nothing here is evidence about real ones.")


Form = Literal["page", "pdf", "csv"]
"""What a document of a record is for."""
_IN_WORDS = ("on", "live", "what_if_of", "changed")


def record_title(record: Record) -> str:
    """Name a record: its number and kind."""
    return f"Record {record.sequence}: {record.kind}"


def record_document(
    record: Record, said: Said | None, lineage: Lineage | None, *, beside: Sequence[str], form: Form
) -> Document:
    """Say all of a record.

    Parameters
    ----------
    record : Record
        As it was written.
    said : Said or None
        The answer in it.
    lineage : Lineage or None
        Where its model comes from.
    beside : sequence of str
        What of the records beside it is not as it was written, as `spinecast.audit.reading.beside` says.
    form : {"page", "pdf", "csv"}
        On paper contributions are drawn, a page draws its own. Only a page repeats a content's JSON, folded away.
    """
    sections = [_about(record, () if form == "page" else beside)]  # a page says it before anything else
    if said is not None:
        sections += [_answer(said), _inputs(said)]
        if said.prediction is not None:
            sections.append(_contributions(said, said.prediction, drawn=form == "pdf"))
        if said.answer.get("model"):
            sections.append(_limits(said))
        if said.answer.get("scores"):
            sections.append(_scores(said.answer["scores"]))
    elif record.body is not None:
        sections.append(told(record.body, as_written=form == "page"))
    if lineage is not None:
        sections.append(_lineage(lineage))
    return Document(
        title=record_title(record),
        subtitle="From the audit log",
        banner=BANNER,
        sections=tuple(sections),
        meta=tuple((name, text) for name, text in _facts(record) if name in ("Recorded", "Model", "Hash")),
        mark=MARK if is_synthetic(record, said) else None,
    )


def _about(record: Record, beside: Sequence[str]) -> Section:
    blocks: list[Block] = [Facts(tuple(_facts(record)))]
    blocks += [Callout("serious", "Beside it", fmt.ended(fmt.sentence("; ".join(beside))))] if beside else []
    if record.content is None:
        blocks.append(Callout("note", "Erased", "The content of this record was erased, as a later record says."))
    if put := put_words(record):
        blocks.append(Callout("note", "No answer to anybody", put))
    shown = (record.body or {}).get("shown")
    if isinstance(shown, Mapping):
        blocks.append(Paragraph(_shown_words(shown)))
        others = {name: value for name, value in shown.items() if name not in _IN_WORDS}
        blocks += [Code(readable_json(others).rstrip())] if others else []  # what a record system sent beside
    return Section("record", "Record", tuple(blocks))


def put_words(record: Record, question_of: int | None = None) -> str:
    """Say whose question the answer in a replay is to, and which inputs its version was not given; else nothing.

    Parameters
    ----------
    record : Record
    question_of : int, optional
        Nothing is said of any other record's question than this one's.
    """
    body = record.body or {}
    if record.kind != "replay" or "answer" not in body or question_of not in (None, body.get("record")):
        return ""
    left_out = [input_label(str(name)) for name in body.get("left_out") or ()]
    words = f"The question of record {body.get('record')} was put to {record.model}, to compare versions"
    read = (
        f"Left out, because it does not read them: {', '.join(left_out)}" if left_out else "Nothing was left out of it"
    )
    return f"{words}: nobody was given this answer. {read}."


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    yield "Recorded", f"{fmt.moment(record.recorded_at)} ({record.recorded_at})"
    yield "Kind", record.kind
    yield "Asked by", record.actor
    yield "Patient", f"pseudonym {record.subject}" if record.subject else "none named"
    yield "Model", record.model or "none"
    yield "Hash", record.hash
    yield "Hash of the content", record.content_hash
    yield "Hash of the record before", record.previous_hash
    software = (record.body or {}).get("software")
    if isinstance(software, Mapping):
        yield "Software", ", ".join(f"{name} {number}" for name, number in software.items())


def _shown_words(shown: Mapping[str, Any]) -> str:
    words = f"Shown on a {shown.get('on', 'surface')}" + (
        ", which asked by itself after a change" * bool(shown.get("live"))
    )
    if shown.get("what_if_of"):
        changed = ", ".join(input_label(str(name)) for name in shown.get("changed") or ())
        words += f"; a what-if beside record {shown['what_if_of']}: {changed} changed"
    return f"{words}."


def _answer(said: Said) -> Section:
    blocks: list[Block] = [
        Callout("warning", "No risk was given", fmt.ended(said.declined))
        if said.declined
        else Table(
            "What was answered",
            ("Answer", "Value", "95 % limits"),
            tuple(row(what, value, limits or "none stated") for what, value, limits in said.rows()),
        )
    ]
    model = said.answer.get("model") or {}
    if model:
        blocks.append(
            Facts(
                (
                    ("Model", f"{model['name']} version {model['version']}, {model['alias'] or 'by its number'}"),
                    ("Title", str(model["title"])),
                    ("Cohort it was made from", str(model["cohort"]) or "not recorded"),
                    ("Identity (hash of its manifest)", str(model["identity"])),
                )
            )
        )
    return Section("answer", "Answer", tuple(blocks))


def _inputs(said: Said) -> Section:
    given = said.asked.get("inputs") or {}
    used = (said.prediction or {}).get("used") or {}
    names = list(dict.fromkeys((*given, *used)))
    # What the model does not read may still be given: what it derives others from, or what scores read.
    rows = [
        row(
            input_label(name),
            written(given.get(name)),
            used.get(name, "not read as it is") if used else "nothing answered",
        )
        for name in names
    ]
    beside = said.asked.get("for_scores") or {}
    rows += [row(input_label(name), written(value), "for published scores alone") for name, value in beside.items()]
    blocks: list[Block] = [
        Table("Inputs, as given and as used", ("Input", "As given", "As used"), tuple(rows))
        if rows
        else Paragraph("No input was given.")
    ]
    question = {name: value for name, value in (said.asked.get("question") or {}).items() if value}
    if question:
        blocks.append(Facts(tuple(_question(name, value) for name, value in question.items())))
    return Section("inputs", "Inputs", tuple(blocks))


def _question(name: str, value: Any) -> tuple[str, str]:
    """Word what was asked beside the patient."""
    if name == "days":
        return "Days asked for", fmt.joined([f"{float(day):g}" for day in value])
    if name == "minimum_hemoglobin":
        return "Lowest haemoglobin accepted", f"{value:g} g/dL"
    return "Level whose reaching is explained" if name == "level" else name, fmt.plain(value)


def _contributions(said: Said, prediction: Mapping[str, Any], *, drawn: bool) -> Section:
    served = float(prediction["served"] if "served" in prediction else prediction["log_odds"])
    between = [
        (label, float(prediction[name]))
        for name, label in (("reordered", "Put in order"), ("held", "Held between days"), ("residual", "Residual"))
        if name in prediction
    ]
    table = Table(
        "Contributions, as they were stored",
        ("Input", "Value", "Contribution"),
        (
            row("Before anything is known", "", _exact(prediction["base_value"])),
            *(row(one["label"], one["value_text"], _exact(one["contribution"])) for one in prediction["contributions"]),
            *(row(label, "", _exact(value)) for label, value in between),
            Row(("All together", "", _exact(served)), strong=True),
        ),
        notes=(f"On the {prediction['scale']}.",),
        numeric=(2,),
    )
    what = Facts((("What they explain", said.explained), ("Scale", str(prediction["scale"]))))
    figure = _waterfall(prediction, table) if drawn and "log_odds" in prediction else table
    return Section("contributions", "What raised and lowered it", (what, figure))


def _waterfall(prediction: Mapping[str, Any], table: Table) -> Block:
    from spinecast.reporting.figures.waterfall import waterfall_plot  # matplotlib: for paper alone

    return Figure(
        key="waterfall",
        title="How contributions add up to the answer",
        svg=waterfall_plot(prediction, "waterfall"),
        caption="The ten largest contributions one by one; the line at the answer is its 95 % limits.",
        alternative="From the value before anything is known, each contribution in turn, to the log-odds answered.",
        table=table,
    )


def _limits(said: Said) -> Section:
    missing = said.answer.get("missing") or {}
    blocks: list[Block] = []
    if missing.get("count") and not any(text.startswith("not known: ") for text in said.warnings):
        names = ", ".join(str(one["label"]) for one in missing["inputs"])
        blocks.append(Paragraph(f"Not known, {missing['count']} of {missing['of']}: {names}."))
    elif not missing.get("count"):
        blocks.append(Paragraph("Every input of the model was known."))
    if said.warnings:
        blocks.append(Bullets(tuple(fmt.ended(fmt.sentence(text)) for text in said.warnings)))
    else:
        blocks.append(Paragraph("It warned of nothing."))
    answered_by = (said.prediction or {}).get("answered_by") or ()
    blocks += [Paragraph(f"Answered by {text}.") for text in answered_by]
    blocks.append(Bullets(tuple(map(str, said.answer.get("notices") or ()))))
    return Section("warnings", "What was not known, and warnings", tuple(blocks))


def _scores(scores: list[Mapping[str, Any]]) -> Section:
    table = Table(
        "Published scores of the same patient",
        ("Score", "Points", "Stratum", "Not known"),
        tuple(
            row(one["label"], score_words(one), one.get("stratum") or "none", ", ".join(one["missing"]) or "nothing")
            for one in scores
        ),
    )
    return Section("scores", "Published scores", (table,))


def _lineage(lineage: Lineage) -> Section:
    blocks: list[Block] = []
    if lineage.conflict:
        blocks.append(Callout("serious", "Another model", fmt.ended(fmt.sentence(lineage.conflict))))
    if lineage.absent:
        blocks.append(Callout("note", "Not available", fmt.ended(fmt.sentence(lineage.absent))))
    if lineage.facts:
        blocks.append(Facts(lineage.facts))
    if lineage.splits:
        blocks.append(
            Table(
                "Splits: who trained and who tested, as hashes of their identifiers",
                ("Split", "Training", "Hash of the training patients", "Test", "Hash of the test patients"),
                tuple(row(*one) for one in lineage.splits),
                numeric=(1, 3),
            )
        )
    return Section("lineage", "Where the model comes from", tuple(blocks))


def _exact(value: Any) -> str:
    """Write a number so that it reads back the same bits."""
    return repr(float(value))
