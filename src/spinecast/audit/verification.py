"""Going through a log record by record: which was edited, deleted, put elsewhere or cut off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from spinecast.audit.records import BEFORE_THE_FIRST, Record
from spinecast.audit.seal import Seal

__all__ = ["Finding", "Verification", "erased_by", "verify"]

# A log that was written anew from some row on would be one finding a row.
MOST_FINDINGS = 100


@dataclass(frozen=True)
class Finding:
    """One record that is not as it was written.

    Parameters
    ----------
    record : int
        Its number.
    what : str
    """

    record: int
    what: str


@dataclass(frozen=True)
class Verification:
    """What going through a log found.

    Parameters
    ----------
    records : int
        How many there are.
    erased : int
        Of how many the content was erased.
    findings : tuple of Finding
        Empty if every record is as it was written.
    sealed : int or None
        Up to which record the seal reaches; None without a seal.
    notes : tuple of str
        What could not be shown.
    """

    records: int
    erased: int
    findings: tuple[Finding, ...]
    sealed: int | None
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "whole": self.whole,
            "records": self.records,
            "erased": self.erased,
            "sealed_to": self.sealed,
            "findings": [{"record": one.record, "what": one.what} for one in self.findings],
            "notes": list(self.notes),
        }


@dataclass
class _Walk:
    """Where a walk through the log stands."""

    first: int
    expected: int
    previous: Record | None = None
    count: int = 0
    first_hash: str = ""
    findings: list[Finding] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    erased: list[tuple[int, int]] = field(default_factory=list)

    def find(self, record: int, what: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(record, what))


def verify(
    records: Iterable[Record], seal: Seal | None = None, *, first: int = 1, erased: Iterable[tuple[int, int]] = ()
) -> Verification:
    """Go through records in their order.

    Parameters
    ----------
    records : iterable of Record
    seal : Seal, optional
        The head that was sealed. Without one, a cut-off end cannot be seen.
    first : int
        Number of the record with which they begin. What stands before it is not looked for.
    erased : iterable of (int, int)
        Ranges of records whose content was erased, as records that are not among these say.

    Returns
    -------
    Verification
    """
    walk = _Walk(first, first, erased=list(erased))
    at_seal: Record | None = None
    for record in records:
        _step(walk, record)
        if seal is not None and record.sequence == seal.sequence:
            at_seal = record
    _judge_erased(walk)
    _judge_seal(walk, seal, at_seal)
    notes = [] if seal is not None else ["no seal: records cut off at the end would not be seen"]
    if len(walk.findings) == MOST_FINDINGS:
        notes.append(f"more than {MOST_FINDINGS} findings; the first are given")
    if seal is not None and (beyond := walk.count and walk.expected - 1 - seal.sequence) > 0:
        notes.append(f"the last {beyond} records are not sealed yet")
    return Verification(
        records=walk.count,
        erased=len(walk.empty),
        findings=tuple(sorted(walk.findings, key=lambda one: one.record)),
        sealed=None if seal is None else seal.sequence,
        notes=tuple(notes),
    )


def _step(walk: _Walk, record: Record) -> None:
    walk.count += 1
    if record.misshapen():
        place = walk.expected if type(record.sequence) is not int else record.sequence
        walk.find(place, f"record {record.sequence} holds what no record holds")
        return
    if record.sequence > walk.expected:
        last = record.sequence - 1
        which = f"records {walk.expected} to {last} are" if last > walk.expected else f"record {last} is"
        walk.find(walk.expected, f"{which} missing")
    elif record.sequence < walk.expected:
        walk.find(record.sequence, f"record {record.sequence} stands after {walk.expected - 1}")
    elif walk.previous is not None or walk.first == 1:
        before = BEFORE_THE_FIRST if walk.previous is None else walk.previous.hash
        if record.previous_hash != before:
            walk.find(record.sequence, f"record {record.sequence} does not follow the one before it")
    for what in record.alterations():
        walk.find(record.sequence, what)
    if record.content is None:
        walk.empty.append(record.sequence)
    elif record.kind == "erasure":
        walk.erased += erased_by(record)
    if record.sequence == 1:
        walk.first_hash = record.hash
    walk.previous = record
    walk.expected = record.sequence + 1


def erased_by(record: Record) -> list[tuple[int, int]]:
    """Return the ranges of records whose content an erasure took; none of a record that was altered."""
    if record.content is None or record.alterations():
        return []
    try:
        return [(int(first), int(last)) for first, last in (record.body or {})["records"]]
    except (KeyError, TypeError, ValueError):
        return []  # forged: then its place in the chain is found, and what it took the content of


def _judge_erased(walk: _Walk) -> None:
    ranges = iter(sorted(walk.erased))
    current = next(ranges, None)
    for sequence in walk.empty:
        while current is not None and current[1] < sequence:
            current = next(ranges, None)
        if current is None or sequence < current[0]:
            walk.find(sequence, f"record {sequence} has lost its content, and no erasure was recorded")


def _judge_seal(walk: _Walk, seal: Seal | None, at_seal: Record | None) -> None:
    if seal is None:
        return
    last = walk.expected - 1
    if seal.sequence > last:
        cut = f"records {last + 1} to {seal.sequence} are" if seal.sequence > last + 1 else f"record {seal.sequence} is"
        walk.find(last + 1, f"{cut} cut off at the end")
    elif at_seal is not None and at_seal.hash != seal.hash:
        walk.find(seal.sequence, f"record {seal.sequence} is not the one that was sealed: the log was written anew")
    if walk.first_hash and seal.log and walk.first_hash != seal.log:
        walk.find(1, "record 1 is not the first of the log that was sealed")
