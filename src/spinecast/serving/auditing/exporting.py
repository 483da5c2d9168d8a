"""What is taken out of the log by an auditor: a record as JSON, CSV and PDF, and what a search found as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from io import StringIO

from spinecast.audit.records import Record
from spinecast.audit.searching import Looked
from spinecast.files import readable_json
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting.document import Bullets, Callout, Code, Document, Facts, Figure, Paragraph, Section, Table
from spinecast.serving.auditing.lineage import Lineage
from spinecast.serving.auditing.recorded import Said, is_synthetic, said_in

__all__ = ["document_csv", "record_json", "records_csv"]

_FOUND = (
    "record",
    "recorded_at",
    "kind",
    "asked_by",
    "model",
    "patient",
    "answer",
    "warnings",
    "erased",
    "altered",
    "hash",
    "made_from",
    "notices",
)


def record_json(record: Record, lineage: Lineage | None, beside: Sequence[str]) -> str:
    """Write a record as it stands, every column and with it all that its hashes are computed from, and its lineage.

    ``beside`` is what of the records beside it is not as it was written.
    """
    content = {
        "notices": _notices(record, said_in(record)),
        "record": asdict(record),
        "beside": list(beside),
        "body": record.body,
        "lineage": None if lineage is None else asdict(lineage),
    }
    return readable_json(content)


def document_csv(document: Document) -> str:
    """Write a document a value a line: section, table, item, what of it, value; with what is noted below tables."""
    rows = [("section", "table", "item", "column", "value"), ("notice", "", "", "", document.banner.title)]
    rows += [("notice", "", "", "", document.mark.title)] if document.mark is not None else []
    for section in document.sections:
        rows += [(section.title, *one) for one in _values(section)]
    return _written(rows)


def records_csv(looked: Looked) -> str:
    """Write what a search found, a record a line."""
    rows: list[Sequence[object]] = [_FOUND]
    for record in looked.records:
        altered = looked.altered(record)
        said = said_in(record)
        rows.append(
            (
                record.sequence,
                record.recorded_at,
                record.kind,
                record.actor,
                record.model,
                record.subject or "",
                "" if said is None else said.summary,
                "" if said is None else "; ".join(said.warnings),
                "yes" if record.content is None and not altered else "no",
                "yes" if altered else "no",
                record.hash,
                _made_from(record, said),
                " ".join(_notices(record, said)),
            )
        )
    return _written(rows)


def _notices(record: Record, said: Said | None) -> list[str]:
    return [RESEARCH_USE, *([SYNTHETIC] if is_synthetic(record, said) else [])]


def _made_from(record: Record, said: Said | None) -> str:
    """Say from whom the model was made; empty where the record is about none."""
    if is_synthetic(record, said):
        return "made-up patients"
    return "real patients" if said is not None and said.answer.get("model") else ""


def _values(section: Section) -> Iterator[tuple[str, str, str, str]]:
    for block in section.blocks:
        if isinstance(block, Facts):
            yield from (("", term, "", text) for term, text in block.items)
        elif isinstance(block, Table | Figure):
            yield from _cells(block if isinstance(block, Table) else block.table)
        elif isinstance(block, Bullets):
            yield from (("", "", "", text) for text in block.items)
        elif isinstance(block, Callout):
            yield "", block.title, "", block.text
        elif isinstance(block, Paragraph | Code):
            yield "", "", "", block.text


def _cells(table: Table) -> Iterator[tuple[str, str, str, str]]:
    for one in table.rows:
        named = zip(table.header[1:], one.cells[1:], strict=True)
        yield from ((table.caption, one.cells[0], name, cell) for name, cell in named)
    yield from ((table.caption, "", "note", text) for text in table.notes)


def _written(rows: Iterable[Sequence[object]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([_harmless(str(cell)) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking what somebody typed for a formula (OWASP, CSV injection); numbers stay numbers."""
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
