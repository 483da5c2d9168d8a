"""Passwords: what they must be, and how they are kept."""

from __future__ import annotations

import threading
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from spinecast.errors import AccountError

__all__ = ["LONGEST", "SHORTEST", "hashed", "is_outdated", "require_good", "verified"]

SHORTEST, LONGEST = 15, 256
"""Characters. NIST SP 800-63B-4 (2025), 3.1.1.2: at least 15 where the password is the only factor, at least 64 to be
accepted, no rules on which characters. The upper limit bounds what a hash may cost."""

_FEWEST_DIFFERENT = 5

# OWASP Password Storage Cheat Sheet, "Argon2id": 19 MiB of memory, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)

# Each hash takes 19 MiB for as long as it runs: many at once wait rather than fill the memory.
_AT_ONCE = threading.BoundedSemaphore(4)


@cache
def _nobodys() -> str:
    """Return a hash of nothing anybody knows: a name without a password takes as long to refuse as one with."""
    return _HASHER.hash("no account has this password")


def require_good(password: str, name: str) -> None:
    """Refuse a password that is too short, or easily guessed by who knows the name.

    Raises
    ------
    AccountError
        If it is; it does not repeat the password.
    """
    expected = f"{SHORTEST} to {LONGEST} characters, such as four words in a row; any characters will do"
    if not SHORTEST <= len(_normal(password)) <= LONGEST:
        raise AccountError(f"the password has {len(_normal(password))} characters", expected=expected)
    plain = password.casefold()
    if len(set(plain)) < _FEWEST_DIFFERENT:
        raise AccountError("the password is the same few characters again and again", expected=expected)
    if name.casefold() in plain or "spinecast" in plain:
        raise AccountError("the password holds the name of the account or of spinecast", expected=expected)


def hashed(password: str) -> str:
    """Return an argon2id hash with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def verified(password: str, kept: str | None) -> bool:
    """Say whether a password is the one a hash was made of; without a hash it takes as long to say no."""
    tried = _normal(password[: LONGEST + 1])
    with _AT_ONCE:
        stand_in = _nobodys()  # whether it is needed or not: the first to ask would else learn which it was
        try:
            return _HASHER.verify(stand_in if kept is None else kept, tried) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Say whether a hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _normal(password: str) -> str:
    # The same password typed on another keyboard: NIST SP 800-63B-4, 3.1.1.2 (normalisation NFC).
    return unicodedata.normalize("NFC", password)
