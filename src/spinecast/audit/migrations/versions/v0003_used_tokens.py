"""Signed tokens that were used and are not good again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "used_token",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("ends_at", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Take it down: a token is good for minutes."""
    op.drop_table("used_token")
