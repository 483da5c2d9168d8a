"""What a record tells that holds no answer: of a promotion its gates one by one, of any other kind every key it has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from spinecast.files import canonical_json, readable_json
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import Block, Code, Facts, Paragraph, Section, Table
from spinecast.reporting.sections.common import row

__all__ = ["told"]

# What stands elsewhere on the page.
_ELSEWHERE = ("software", "shown")
_LABELS = {
    "because": "Why",
    "from": "Version before",
    "to": "Version after",
    "identity": "Identity of the model",
    "cohort_kind": "Kind of the patients",
    "synthetic": "Made-up patients had a part in it",
    "allow_synthetic": "Made-up patients were let through",
    "concludes": "Says what came of record",
    "same": "The same, bit for bit",
    "of": "Of record",
}
# A content is kept with its keys in the order of the alphabet: what is asked for first comes first, then all others.
_FIRST = (
    "because",
    "alias",
    "from",
    "to",
    "outcome",
    "record",
    "name",
    "measure",
    "what",
    "found",
    "bound",
    "status",
    "estimate",
    "lower",
    "upper",
    "n",
    "events",
)
_OF_FINDINGS = {"what": "Looked at", "bound": "Must be", "counts": "Decides"}


def told(body: Mapping[str, Any], *, as_written: bool) -> Section:
    """Say all that stands in a content, whatever its keys.

    Parameters
    ----------
    body : mapping
        JSON values.
    as_written : bool
        Whether the JSON itself comes last, which a page folds away.
    """
    blocks: list[Block] = []
    facts, tables = [], []
    results = _results(body)
    elsewhere = (*_ELSEWHERE, *(("results",) if results else ()))
    for label, value in _flat({name: value for name, value in body.items() if name not in elsewhere}, ""):
        if _is_rows(value):
            tables.append(_table(label, value))
        else:
            facts.append((label, _text(value)))
    if facts:
        blocks.append(Facts(tuple(facts)))
    if results:
        blocks += _gates(results)
    blocks += tables
    if as_written:
        blocks.append(Code(readable_json(body).rstrip(), caption="Content as it was written"))
    return Section("content", "Content", tuple(blocks) or (Paragraph("Nothing else was recorded."),))


def _flat(body: Mapping[str, Any], within: str) -> Iterator[tuple[str, Any]]:
    """Yield every value with its label; a mapping is told key by key, each after the mapping's own label."""
    for name in _ordered(body):
        value = body[name]
        label = f"{within}, {_word(name)}" if within else fmt.sentence(_label(name))
        if isinstance(value, Mapping) and len(value) > 1 and all(_is_row(one) for one in value.values()):
            yield label, [{"name": _word(each), **value[each]} for each in value]  # measures by their name, and such
        elif isinstance(value, Mapping) and value:
            yield from _flat(value, label)
        else:
            yield label, value


def _ordered(names: Iterable[str]) -> list[str]:
    known = {name: place for place, name in enumerate(_FIRST)}
    return sorted(dict.fromkeys(names), key=lambda name: known.get(name, len(known)))


def _label(name: str) -> str:
    return _LABELS.get(name, _word(name))


def _word(name: str) -> str:
    return fmt.plain(name.replace("_", " ").replace("sha256", "SHA-256"))


def _text(value: Any) -> str:
    if value is None or value == "" or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(one, list | Mapping) for one in value):
        return ", ".join(map(_text, value))
    return fmt.plain(value if isinstance(value, str | int | float) else canonical_json(value))


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) and one for one in value)


def _is_row(value: Any) -> bool:
    """Say whether a value is a mapping of plain values, without a name of its own."""
    plain = isinstance(value, Mapping) and not any(isinstance(one, list | Mapping) for one in value.values())
    return plain and bool(value) and "name" not in value


def _results(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what became of each gate; nothing where none was asked, or this is none of a gate's."""
    found: Any = body.get("results")
    if not _is_rows(found):
        return ()
    return found if all("gate" in one and "status" in one and _is_rows(one.get("findings")) for one in found) else ()


def _table(
    caption: str, rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str] = _LABELS, notes: tuple[str, ...] = ()
) -> Table:
    """Set mappings below each other, a column a key."""
    names = _ordered(name for one in rows for name in one)
    return Table(
        caption,
        tuple(fmt.sentence(labels.get(name, _word(name))) for name in names),
        tuple(row(*(_text(one.get(name)) for name in names), strong=one.get("status") == "failed") for one in rows),
        notes,
    )


def _gates(results: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    """Yield what became of each gate, then each with every number beside its bound and where the bound is from."""
    yield Table(
        "Gates",
        ("Gate", "Status", "Refuses"),
        tuple(
            row(
                _word(str(one["gate"])),
                _text(one["status"]),
                _text(one.get("refuses")),
                strong=bool(one.get("refuses")),
            )
            for one in results
        ),
    )
    for one in results:
        findings = one["findings"]
        sources = dict.fromkeys(str(found["source"]) for found in findings if found.get("source"))
        notes = (f"Bounds: {fmt.ended('; '.join(map(fmt.plain, sources)))}",) if sources else ()
        caption = f"{fmt.sentence(_word(str(one['gate'])))}: {_text(one['status'])}"
        rows = [{name: value for name, value in found.items() if name != "source"} for found in findings]
        yield _table(caption, rows, _OF_FINDINGS, notes)
