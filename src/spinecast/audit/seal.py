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
from dataclasses import dataclass
from pathlib import Path

from spinecast.audit.keys import AuditKey
from spinecast.audit.records import Record
from spinecast.errors import AuditError
from spinecast.files import canonical_json, ensure_writable_directory, writing

__all__ = ["Seal", "read_seal", "write_seal"]

_SLOT = 512
_SLOTS = 2


@dataclass(frozen=True)
class Seal:
    """A head that was signed.

    Parameters
    ----------
    log : str
        Hash of the log's first record: which log it is.
    sequence, hash : int, str
        The last record.
    """

    log: str
    sequence: int
    hash: str

    def signed(self, key: AuditKey) -> str:
        """Return the signature of this head."""
        return key.seal(canonical_json([self.log, self.sequence, self.hash]))


def write_seal(path: Path, key: AuditKey, log: str, head: Record) -> None:
    """Seal a head; one that is further already stays.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    seal = Seal(log, head.sequence, head.hash)
    line = canonical_json({"log": log, "sequence": seal.sequence, "hash": seal.hash, "mac": seal.signed(key)})
    if not path.parent.is_dir():
        ensure_writable_directory(path.parent)
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # other processes of this machine seal here too
            there = [found for found in _slots(os.pread(handle, _SLOT * _SLOTS, 0), key) if found.log == log]
            latest = max(there, key=lambda one: one.sequence, default=None)
            if latest is None or latest.sequence < seal.sequence:
                spare = 0 if latest is None else 1 - _slot_of(os.pread(handle, _SLOT, 0), key, latest)
                os.pwrite(handle, line.encode().ljust(_SLOT - 1) + b"\n", spare * _SLOT)
        finally:
            os.close(handle)


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
    found = _slots(content, key)
    if not found:
        raise AuditError(
            "the audit log's seal was not signed with its key: it was altered, or the key is another one",
            where=str(path),
            remedy="put seal and key back as they were",
        )
    return max(found, key=lambda one: one.sequence)


def _slots(content: bytes, key: AuditKey) -> list[Seal]:
    parts = (content[start : start + _SLOT] for start in range(0, _SLOT * _SLOTS, _SLOT))
    return [seal for part in parts if (seal := _read(part, key)) is not None]


def _slot_of(first: bytes, key: AuditKey, seal: Seal) -> int:
    return 0 if _read(first, key) == seal else 1


def _read(content: bytes, key: AuditKey) -> Seal | None:
    """Read one slot; None where it is empty, torn, or signed with another key."""
    try:
        stored = json.loads(content)
        seal = Seal(str(stored["log"]), int(stored["sequence"]), str(stored["hash"]))
        right = hmac.compare_digest(str(stored["mac"]), seal.signed(key))
    except (ValueError, KeyError, TypeError):
        return None
    return seal if right else None
