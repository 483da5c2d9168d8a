"""The sealed head: how far the log had come, kept outside its database and signed with the key.

A chain shows what was changed inside it; it cannot show that its end was cut off, nor that it was written anew from
some row on by somebody who can compute hashes. The seal can: it names the last record and its hash, and cannot be made
without the key. Two slots are written in turn, so that a write torn by a power failure leaves the one before.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spinecast.audit.keys import AuditKey
from spinecast.audit.records import BEFORE_THE_FIRST, Record
from spinecast.errors import AuditError
from spinecast.files import canonical_json, make_secret_file, writing

__all__ = ["NO_SEAL", "Seal", "begin_seal", "read_seal", "replace_seal", "write_seal"]

NO_SEAL = "the audit log's seal is not there"

_SLOT = 512
_SLOTS = 2


@dataclass(frozen=True)
class Seal:
    """A head that was signed.

    Parameters
    ----------
    log : str
        Hash of the log's first record: which log it is. Empty where there is no record yet.
    sequence, hash : int, str
        The last record; 0 where there is none yet.
    """

    log: str
    sequence: int
    hash: str

    def signed(self, key: AuditKey) -> str:
        """Return the signature of this head."""
        return key.seal(canonical_json([self.log, self.sequence, self.hash]))

    def slot(self, key: AuditKey) -> bytes:
        """Return what stands in the file for it."""
        line = canonical_json({"log": self.log, "sequence": self.sequence, "hash": self.hash, "mac": self.signed(key)})
        return line.encode().ljust(_SLOT - 1) + b"\n"


def begin_seal(path: Path, key: AuditKey) -> None:
    """Seal a log that holds nothing yet, so that from its first record on there is none without a seal.

    A seal that is there stays.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    make_secret_file(path, Seal("", 0, BEFORE_THE_FIRST).slot(key))


def write_seal(path: Path, key: AuditKey, log: str, head: Record) -> None:
    """Seal a head; one that is further already stays.

    Raises
    ------
    AuditError
        If there is no seal to go on from, or it is one of another log.
    OutputError
        If the file cannot be written.
    """
    seal = Seal(log, head.sequence, head.hash)
    with writing(path):
        try:
            handle = os.open(path, os.O_RDWR)
        except FileNotFoundError as error:
            raise AuditError(NO_SEAL, where=str(path)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # other processes of this machine seal here too
            content = os.pread(handle, _SLOT * _SLOTS, 0)
            latest = _latest(content, path, key)
            if latest.log not in ("", log):
                raise AuditError("the audit log's seal is one of another log", where=str(path))
            if latest.sequence < seal.sequence:
                spare = 1 if _read(content[:_SLOT], key) == latest else 0
                os.pwrite(handle, seal.slot(key), spare * _SLOT)
        finally:
            os.close(handle)


def replace_seal(path: Path, key: AuditKey, record: int) -> None:
    """Put a seal that does not fit aside, under the number of the record that says so, and begin another.

    Raises
    ------
    OutputError
        If the file cannot be moved or written.
    """
    with writing(path), suppress(FileNotFoundError):
        path.rename(path.with_name(f"{path.name}.before-{record}"))
    begin_seal(path, key)


def read_seal(path: Path, key: AuditKey) -> Seal | None:
    """Return the furthest head that was sealed; None where there is no seal.

    Raises
    ------
    AuditError
        If there is a seal, and none of its slots was signed with this key.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"the audit log's seal cannot be read: {error.strerror}", where=str(path)) from error
    return _latest(content, path, key)


def _latest(content: bytes, path: Path, key: AuditKey) -> Seal:
    slots = (content[start : start + _SLOT] for start in range(0, _SLOT * _SLOTS, _SLOT))
    found = [seal for slot in slots if (seal := _read(slot, key)) is not None]
    if not found:
        raise AuditError(
            "the audit log's seal was not signed with its key: it was altered, or the key is another one",
            where=str(path),
            remedy="put seal and key back as they were",
        )
    return max(found, key=lambda one: one.sequence)


def _read(content: bytes, key: AuditKey) -> Seal | None:
    """Read one slot; None where it is empty, torn, or signed with another key."""
    try:
        stored = json.loads(content)
        seal = Seal(str(stored["log"]), int(stored["sequence"]), str(stored["hash"]))
        right = hmac.compare_digest(str(stored["mac"]), seal.signed(key))
    except (ValueError, KeyError, TypeError):
        return None
    return seal if right else None
