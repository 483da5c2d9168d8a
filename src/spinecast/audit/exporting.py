"""The log, or a part of it, as a file of JSON lines that can be verified without the database.

The first line says what the file covers and is sealed with the log's key; each other line is a record.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from spinecast.audit.keys import AuditKey
from spinecast.audit.log import AuditLog
from spinecast.audit.reading import erased_ranges
from spinecast.audit.records import Draft, Record
from spinecast.audit.seal import Seal
from spinecast.audit.verification import Finding, Verification, verify
from spinecast.errors import AuditError
from spinecast.files import canonical_json, staged_file

__all__ = ["Coverage", "verify_export", "write_export"]


@dataclass(frozen=True)
class Coverage:
    """What an export holds.

    Parameters
    ----------
    log : str
        Hash of the log's first record: which log it is.
    first, last : int
        Numbers of its first and last record.
    hash : str
        Of its last record.
    erased : sequence of [int, int]
        Ranges of records whose content was erased, as the whole log says when it is written.
    mac : str
        Signature of all of this with the log's key.
    """

    log: str
    first: int
    last: int
    hash: str
    erased: Sequence[Sequence[int]]
    mac: str = ""

    def signed(self, key: AuditKey) -> str:
        """Return the signature."""
        return key.seal(canonical_json(["export", self.log, self.first, self.last, self.hash, self.erased]))


def write_export(log: AuditLog, actor: str, path: Path, first: int = 1, last: int | None = None) -> int:
    """Write records, one JSON object a line, whole or not at all; return how many.

    That they are exported is recorded first, and is the last of them where the end is open.

    Raises
    ------
    AuditError
        If there are no such records, or a row among them is none.
    OutputError
        If the file cannot be written.
    """
    head = log.head()
    if head is None or first > head.sequence or (last is not None and last < first):
        raise AuditError(
            f"there are no records from {first} to {last or 'the last'}",
            expected=f"1 to {head.sequence}" if head else "a log that is not empty",
        )
    made = log.append([Draft("export", actor, {"first": first, "last": last, "file": path.name})])
    end = made[0].sequence if last is None else min(last, made[0].sequence)
    count = 0
    with log.reading(snapshot=True) as connection, staged_file(path) as stream:
        ended = next(log.records(end, end, connection), None)
        covers = Coverage(
            log.first_hash(), first, end, "" if ended is None else ended.hash, erased_ranges(log, first, end)
        )
        covers = replace(covers, mac=covers.signed(log.key))
        stream.write((canonical_json({"covers": asdict(covers)}) + "\n").encode())
        for record in log.records(first, end, connection):
            if record.misshapen():
                raise AuditError(
                    f"record {record.sequence} holds what no record holds: it cannot be written as JSON",
                    remedy="run spinecast audit verify",
                )
            stream.write((canonical_json(asdict(record)) + "\n").encode())
            count += 1
    return count


def verify_export(path: Path, key: AuditKey | None = None) -> Verification:
    """Go through an export as through the log itself.

    Parameters
    ----------
    path : pathlib.Path
    key : AuditKey, optional
        The log's. Without it everything is checked but who wrote the file.

    Raises
    ------
    AuditError
        If it cannot be read, or is no export.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            lines = enumerate(stream, start=1)
            covers = _coverage(path, next(lines, (1, ""))[1])
            records = (_record(path, number, line) for number, line in lines)
            seal = Seal(covers.log, covers.last, covers.hash)
            erased = [(start, end) for start, end in covers.erased]
            found = verify(records, seal, first=covers.first, erased=erased)
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path} cannot be read: {error}", where=str(path)) from error
    notes = [f"covers records {covers.first} to {covers.last} of the log {covers.log[:16]}…, and no others"]
    findings = found.findings
    if key is None:
        notes.append("without the log's key nobody can tell who wrote this file (--key FILE)")
    elif covers.mac != covers.signed(key):
        findings = (Finding(covers.first, "what it covers was not signed with this key"), *findings)
    return replace(found, findings=findings, sealed=None, notes=(*notes, *found.notes))


def _coverage(path: Path, line: str) -> Coverage:
    try:
        stored = _parsed(line)["covers"]
        found = Coverage(**stored)
        if not all(isinstance(text, str) for text in (found.log, found.hash, found.mac)):
            raise ValueError("a hash is no text")
        if not all(type(number) is int for number in (found.first, found.last)):
            raise ValueError("a number is none")
        if not all(type(number) is int for start, end in found.erased for number in (start, end)):
            raise ValueError("a range is none")
    except (ValueError, TypeError, KeyError) as error:
        raise AuditError(
            f"line 1 does not say what the export covers: {error}",
            where=str(path),
            expected="a file that spinecast audit export wrote",
        ) from error
    return found


def _record(path: Path, number: int, line: str) -> Record:
    try:
        stored = _parsed(line)
        if set(stored) != {field.name for field in fields(Record)}:
            raise ValueError("its columns are not a record's")
        found = Record(**stored)
        if found.misshapen():
            raise ValueError("it holds what no record holds")
    except (ValueError, TypeError) as error:
        raise AuditError(f"line {number} is no record: {error}", where=str(path)) from error
    return found


def _parsed(line: str) -> dict[str, Any]:
    try:
        stored = json.loads(line)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(stored, dict):
        raise ValueError("it is no object")
    return stored
