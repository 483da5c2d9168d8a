"""The secret key of a log: patients appear under a pseudonym made with it, and the head is sealed with it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from spinecast.errors import AuditError, SpinecastError
from spinecast.files import make_secret_file

__all__ = ["AuditKey", "read_key", "read_or_make_key"]

KEY_BYTES = 32


@dataclass(frozen=True, repr=False)
class AuditKey:
    """A secret of 32 random bytes; each use has its own key derived from it.

    Parameters
    ----------
    secret : bytes
    """

    secret: bytes

    def pseudonym(self, patient: str) -> str:
        """Return what stands for a patient's identifier in the log: 32 hexadecimal digits.

        The same identifier has the same pseudonym as long as the key is the same; without the key nobody can try out
        identifiers (HMAC-SHA-256, RFC 2104, cut to 128 bits).
        """
        # One identifier in one way: an é may be one character or two (Unicode NFC).
        return self._mac("patient", normalize("NFC", patient.strip()).encode())[:32]

    def seal(self, text: str) -> str:
        """Return the 64 hexadecimal digits that prove a head, or what an export covers, was sealed with this key."""
        return self._mac("seal", text.encode())

    def tag(self, use: str, text: str) -> str:
        """Return 64 hexadecimal digits by which a text is known again; nobody without the key can read them."""
        return self._mac(use, text.encode())

    def _mac(self, use: str, content: bytes) -> str:
        # A key of its own for each use (the extract step of HKDF, RFC 5869): a seal never tells of a pseudonym.
        own = hmac.digest(self.secret, f"spinecast audit {use}".encode(), hashlib.sha256)
        return hmac.new(own, content, hashlib.sha256).hexdigest()


def read_or_make_key(path: Path) -> AuditKey:
    """Read a key file; make one that only this user can read if there is none.

    Raises
    ------
    AuditError
        If it is no key.
    OutputError
        If it cannot be made.
    """
    if not path.exists():
        make_secret_file(path, f"{secrets.token_hex(KEY_BYTES)}\n".encode())
    return read_key(path)


def read_key(path: Path) -> AuditKey:
    """Read a key file.

    Raises
    ------
    AuditError
        If there is none, or it is no key, or others can read it.
    """
    wanted = f"{2 * KEY_BYTES} hexadecimal digits, readable by its owner alone"
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise _bad_key(path, "cannot be read", wanted) from error
    if len(secret) != KEY_BYTES:
        raise _bad_key(path, f"holds {len(secret)} bytes", wanted)
    if mode & 0o077:
        raise _bad_key(path, "can be read by other users", wanted)
    return AuditKey(secret)


def _bad_key(path: Path, how: str, wanted: str) -> SpinecastError:
    return AuditError(
        f"the audit log's key {how}",
        where=str(path),
        expected=wanted,
        remedy="put the log's own key back, or chmod 600; with another key patients have other pseudonyms",
    )
