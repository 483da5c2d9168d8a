"""A mapping proposed for the columns that are not read: to be looked through, completed and named with --mapping.

Where the file leaves two answers, the proposal holds a question mark, which no mapping file may hold: it cannot be used
before somebody has answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spinecast.clinical.dictionary import variable
from spinecast.clinical.variable import Variable
from spinecast.cohorts.checking.headers import HeaderMatch, match_header, normalise_header
from spinecast.cohorts.checking.mapping import DATE_LABELS
from spinecast.cohorts.checking.reading import MappedTable
from spinecast.cohorts.checking.unit_shares import FEWEST_TO_JUDGE, fitting_units
from spinecast.cohorts.rules import MISSING_TEXT, canonical_key, level_lookup
from spinecast.cohorts.synthetic.marks import MARK_COLUMN

__all__ = ["ASK", "Proposal", "proposal_text", "propose", "proposed_roles", "unread_columns"]

ASK = "?"
"""Stands where the file does not say: a mapping with it is refused."""

_MOST_LEVELS = 30
_RARE = 5  # texts of fewer rows may be a person's; they are counted, not shown
_IDENTIFIERS = frozenset(
    {"id", "patient", "patientid", "pid", "mrn", "subject", "subjectid", "caseid", "recordid", "studyid"}
)
_GROUPS = frozenset({"site", "centre", "center", "hospital", "institution", "clinic"})
_DATES = {
    "birth": frozenset({"dateofbirth", "dob", "birthdate", "birth"}),
    "index": frozenset({"indexdate", "dateofsurgery", "surgerydate", "operationdate", "dateoftreatment", "entrydate"}),
    "last_contact": frozenset({"lastcontact", "lastseen", "lastfollowup", "dateoflastcontact", "dateoflastfollowup"}),
    "death": frozenset({"dateofdeath", "deathdate", "dod"}),
}
_YES = frozenset({"yes", "y", "true", "1", "present", "positive"})
_NO = frozenset({"no", "n", "false", "0", "absent", "negative"})


@dataclass(frozen=True)
class Proposal:
    """What one column seems to be.

    Parameters
    ----------
    match : HeaderMatch
    column : str
    unit : str, optional
        A symbol, or `ASK`; None for the canonical unit and for levels.
    levels : mapping of str to str
        {text in the table: level or `ASK`}; empty where the table writes them as the dictionary does.
    remarks : tuple of str
        What has to be decided or known.
    """

    match: HeaderMatch
    column: str
    unit: str | None = None
    levels: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether somebody has to answer before it can be used."""
        return self.unit == ASK or ASK in self.levels.values()


def unread_columns(table: MappedTable) -> tuple[str, ...]:
    """Return the columns that are neither read as a variable nor named for anything else."""
    read = {column.rule.column for column in table.columns.values()} | {rule.column for rule in table.repeating}
    read |= set(table.mapping.named_columns()) | {rule.column for rule in table.mapping.rules(table.headers)}
    return tuple(h for h in dict.fromkeys(table.headers) if h not in read and h.strip().casefold() != MARK_COLUMN)


def propose(table: MappedTable) -> tuple[Proposal, ...]:
    """Propose a variable for every column that is not read and whose header means one."""
    return tuple(
        _proposal(table, header, match)
        for header in unread_columns(table)
        if header in table.once and (match := match_header(header)) is not None
    )


def _proposal(table: MappedTable, header: str, match: HeaderMatch) -> Proposal:
    entry, raw = variable(match.variable), table.raw[header]
    if entry.is_levelled:
        levels, remarks = _levels(raw[~raw.isin(table.known_identifiers)], entry)
        return Proposal(match, header, None, levels, remarks)
    unit, remarks = _unit(raw, entry, match)
    return Proposal(match, header, unit, {}, remarks)


def _unit(raw: pd.Series, entry: Variable, match: HeaderMatch) -> tuple[str | None, tuple[str, ...]]:
    """Take the unit from the header; where it names none, the only one that fits; ask where two do or none does."""
    if match.unit is not None or len(entry.conversions()) == 1:
        unknown = f"the header says {match.unknown_unit!r}" if match.unknown_unit else ""
        return match.unit, (unknown,) if unknown else ()
    numbers = pd.to_numeric(raw.astype(object), errors="coerce").to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    fitting = fitting_units(entry, numbers) if len(numbers) >= FEWEST_TO_JUDGE else ()
    symbols = [conversion.unit.symbol for conversion in entry.conversions()]
    if match.unknown_unit:
        return ASK, (f"the header says {match.unknown_unit!r}, which is none of {', '.join(symbols)}",)
    if len(fitting) == 1:
        unit = entry.conversion(fitting[0].symbol or None).unit
        return unit.symbol or unit.ucum, ("the only accepted unit that fits the values: confirm it",)
    if not fitting:
        return ASK, (f"one of {', '.join(symbols)}",)
    return ASK, (f"{' and '.join(share.symbol for share in fitting)} fit the values",)


def _levels(raw: pd.Series, entry: Variable) -> tuple[dict[str, str], tuple[str, ...]]:
    """Propose a level for every text of a column; nothing where the dictionary reads them all as they are."""
    lookup = level_lookup(entry, {})
    counts = raw.astype(object).dropna().map(canonical_key).value_counts()
    counts = counts[[str(text).casefold() not in MISSING_TEXT for text in counts.index]]
    if all(str(text).casefold() in lookup for text in counts.index):
        return {}, ()
    if len(counts) > _MOST_LEVELS:
        return {}, (f"{len(counts)} different texts; levels are {', '.join(entry.level_values)}",)
    shown = [str(text) for text in counts.index[counts >= _RARE]]
    rare = int((counts < _RARE).sum())
    levels = {text: _level_meant(text, entry) or ASK for text in sorted(shown)}
    remarks = [f"levels are {', '.join(entry.level_values)}"] if ASK in levels.values() else []
    remarks += [f"{rare} rarer texts are not listed"] if rare else []
    return levels, tuple(remarks)


def _level_meant(text: str, entry: Variable) -> str | None:
    """Return the level that a text names by its value, its label or, where only one begins so, its beginning."""
    plain = text.casefold()
    if entry.kind == "binary" and plain in _YES | _NO:
        return "present" if plain in _YES else "absent"
    form = normalise_header(text)
    named = [
        level.value for level in entry.levels if form in (normalise_header(level.value), normalise_header(level.label))
    ]
    if form and not named and not any(character.isdigit() for character in form):
        named = [level.value for level in entry.levels if normalise_header(level.value).startswith(form)]
    return named[0] if len(named) == 1 else None


def proposal_text(table: MappedTable, proposals: tuple[Proposal, ...]) -> str | None:
    """Write proposals as a mapping file, ready to paste; None when there is nothing to propose."""
    lines = [*_heading(table), *_columns(table, proposals)]
    if not lines:
        return None
    asks = any(proposal.asks for proposal in proposals)
    return "\n".join(
        [
            f"# Proposed for {_one_line(table.name)}; nothing was read by it.",
            "# Look through it, save it and name it with --mapping.",
            *(['# Each "?" is a question: a mapping that still holds one is refused.'] if asks else []),
            *lines,
        ]
    )


def proposed_roles(table: MappedTable) -> dict[str, str]:
    """Return the columns that look like identifier, group or dates, where the mapping names none.

    Returns
    -------
    dict
        ``id_column``, ``group_column`` and the keys of ``date_columns``, each with a column.
    """
    content = table.mapping.content
    named = {"id_column": content.id_column, "group_column": content.group_column}
    named |= {key: getattr(content.date_columns, key) for key in DATE_LABELS}
    usual = {"id_column": _IDENTIFIERS, "group_column": _GROUPS, **_DATES}
    forms = {header: normalise_header(header) for header in unread_columns(table) if match_header(header) is None}
    found = {key: [header for header, form in forms.items() if form in usual[key]] for key in named}
    return {key: headers[0] for key, headers in found.items() if headers and named[key] is None}


def _heading(table: MappedTable) -> Iterator[str]:
    roles = proposed_roles(table)
    yield from (f"{key}: {_quoted(roles[key])}" for key in ("id_column", "group_column") if key in roles)
    dates = [f"  {key}: {_quoted(roles[key])}" for key in DATE_LABELS if key in roles]
    yield from ["date_columns:", *dates] if dates else []


def _columns(table: MappedTable, proposals: tuple[Proposal, ...]) -> Iterator[str]:
    # A variable that has its column keeps it; another one like it is only remarked.
    taken = set(table.columns)
    if any(proposal.match.variable not in taken for proposal in proposals):
        yield "columns:"
    for proposal in proposals:
        name = proposal.match.variable
        remarks = [f"recognised by {proposal.match.how}", *proposal.remarks]
        if name in taken:
            yield f"  # {name} again, and not taken: {_one_line(proposal.column)}"
            continue
        taken.add(name)
        yield f"  # {'; '.join(map(_one_line, remarks))}"
        parts = [f"column: {_quoted(proposal.column)}"]
        parts += [f"unit: {_quoted(proposal.unit)}"] if proposal.unit else []
        levels = ", ".join(f"{_quoted(text)}: {_quoted(level)}" for text, level in proposal.levels.items())
        parts += [f"levels: {{{levels}}}"] if levels else []
        yield f"  {name}: {{{', '.join(parts)}}}"


def _quoted(text: str) -> str:
    # A JSON string is a YAML string; what YAML may not hold unescaped is escaped.
    return re.sub(
        "[\x7f-\x9f\u2028\u2029\ufeff]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def _one_line(text: str) -> str:
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
