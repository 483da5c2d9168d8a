"""The tables of accounts, in the database of the audit log. Its migrations make them.

Of what somebody proves themselves with, only hashes stand here. Times are text, as in the log, and so compare as text.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

__all__ = ["ACCOUNTS", "ATTEMPTS", "FAILURES", "KEYS", "METADATA", "SESSIONS", "USED_TOKENS"]

METADATA = MetaData()

ACCOUNTS = Table(
    "account",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("roles", String(200), nullable=False),
    # Of a local account; one that a provider vouches for has the provider's name of itself and of the person instead.
    Column("password_hash", String(200), nullable=True),
    Column("issuer", String(200), nullable=True),
    Column("subject", String(255), nullable=True),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", String(32), nullable=False),
    UniqueConstraint("issuer", "subject", name="account_provider"),
)

SESSIONS = Table(
    "sign_in_session",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("account", String(64), ForeignKey("account.name"), nullable=False, index=True),
    Column("began_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
)

KEYS = Table(
    "api_key",
    METADATA,
    Column("prefix", String(16), primary_key=True),
    Column("secret_hash", String(64), nullable=False),
    Column("account", String(64), ForeignKey("account.name"), nullable=False, index=True),
    Column("scopes", String(200), nullable=False),
    Column("note", String(200), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
    Column("revoked_at", String(32), nullable=True),
)

FAILURES = Table(
    "sign_in_failure",
    METADATA,
    Column("what", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", String(32), nullable=False),
    Column("until", String(32), nullable=False),
)

ATTEMPTS = Table(
    "sign_in_attempt",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("state", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("next_page", String(200), nullable=False),
    Column("ends_at", String(32), nullable=False),
)

USED_TOKENS = Table(
    "used_token",
    METADATA,
    Column("token_hash", String(64), primary_key=True),
    Column("ends_at", String(32), nullable=False),
)
