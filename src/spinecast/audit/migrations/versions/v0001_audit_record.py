"""The table of records, and triggers that keep it append-only.

Triggers guard against slips, not against who owns the database: that one is found by the chain.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# All that may ever change in a row: its content goes away when its time is over.
_ERASED = "NEW.content IS NULL AND NEW.subject IS NULL"
_SAME = " AND ".join(
    f"NEW.{column} = OLD.{column}"
    for column in ("sequence", "recorded_at", "kind", "actor", "model", "content_hash", "previous_hash", "hash")
)
_REFUSAL = "the audit log is append-only"


def upgrade() -> None:
    """Make the table, its indexes and triggers."""
    op.create_table(
        "audit_record",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(64), nullable=True),
        sa.Column("content", sa.Text, nullable=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("audit_record_kind", "audit_record", ["kind"])
    op.create_index("audit_record_subject", "audit_record", ["subject"])
    op.create_index("audit_record_time", "audit_record", ["recorded_at"])
    guard = _guard_postgresql if op.get_bind().dialect.name == "postgresql" else _guard_sqlite
    for statement in guard():
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a log is not taken down by a migration."""
    raise RuntimeError(_REFUSAL)


def _guard_sqlite() -> list[str]:
    return [
        f"""CREATE TRIGGER audit_record_no_update BEFORE UPDATE ON audit_record
            WHEN NOT ({_ERASED} AND {_SAME}) BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
        f"""CREATE TRIGGER audit_record_no_delete BEFORE DELETE ON audit_record
            BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END""",
    ]


def _guard_postgresql() -> list[str]:
    return [
        f"""CREATE FUNCTION audit_record_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
        f"""CREATE TRIGGER audit_record_no_update BEFORE UPDATE ON audit_record FOR EACH ROW
            WHEN (NOT ({_ERASED} AND {_SAME})) EXECUTE FUNCTION audit_record_refuse()""",
        """CREATE TRIGGER audit_record_no_delete BEFORE DELETE ON audit_record FOR EACH ROW
            EXECUTE FUNCTION audit_record_refuse()""",
        """CREATE TRIGGER audit_record_no_truncate BEFORE TRUNCATE ON audit_record FOR EACH STATEMENT
            EXECUTE FUNCTION audit_record_refuse()""",
    ]
