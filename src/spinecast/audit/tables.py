"""The one table of the log. Migrations make it; everything else reads it from here."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, Text

__all__ = ["METADATA", "RECORDS", "REVISION"]

REVISION = "0003"
"""The migration this version of spinecast writes with."""

METADATA = MetaData()

# Times are text, so that SQLite, PostgreSQL and the hash see the same characters.
RECORDS = Table(
    "audit_record",
    METADATA,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", String(32), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("model", String(200), nullable=False),
    Column("subject", String(64), nullable=True),
    Column("content", Text, nullable=True),
    Column("content_hash", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_record_kind", "kind"),
    Index("audit_record_subject", "subject"),
    Index("audit_record_time", "recorded_at"),
)
