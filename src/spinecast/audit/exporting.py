"""The log as a file of JSON lines that can be verified without the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.errors import AuditError
from spinecast.files import canonical_json, staged_file

__all__ = ["exported_records", "write_export"]


def write_export(log: AuditLog, actor: str, path: Path, first: int = 1, last: int | None = None) -> int:
    """Write records, one JSON object a line, whole or not at all; return how many.

    That they are exported is recorded first, and is the last of them where the end is open.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    made = log.append([Draft("export", actor, {"first": first, "last": last, "file": path.name})])
    end = made[0].sequence if last is None else last
    count = 0
    with staged_file(path) as stream:
        for record in log.records(first, end):
            stream.write((canonical_json(asdict(record)) + "\n").encode())
            count += 1
    return count


def exported_records(path: Path) -> Iterator[Record]:
    """Read an export again.

    Raises
    ------
    AuditError
        If it cannot be read, or a line is no record.
    """
    names = {field.name for field in fields(Record)}
    try:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    stored = json.loads(line)
                    if set(stored) != names:
                        raise ValueError("its columns are not a record's")
                    yield Record(**stored)
                except (ValueError, TypeError) as error:
                    raise AuditError(f"line {number} is no record: {error}", where=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path} cannot be read: {error}", where=str(path)) from error
