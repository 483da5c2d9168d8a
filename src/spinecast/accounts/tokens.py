"""Random secrets that are handed out once and of which only a hash is kept.

A secret of 256 random bits cannot be guessed, so one round of SHA-256 keeps it as well as a slow hash would; passwords,
which people choose, are kept otherwise (`spinecast.accounts.passwords`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

__all__ = ["derived", "digest", "new_token", "same"]

_BYTES = 32


def new_token() -> str:
    """Return 256 random bits as 43 characters that need no escaping."""
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """Return what is kept of a token: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def derived(token: str, use: str) -> str:
    """Return a second secret that only who holds the first can make; it does not tell the first (HMAC-SHA-256)."""
    return hmac.new(token.encode(), f"spinecast {use}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not tell where they part."""
    return hmac.compare_digest(one.encode(), other.encode())
