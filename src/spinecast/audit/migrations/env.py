"""What Alembic runs: migrations on the connection `spinecast.audit.database` hands over, in one transaction."""

from __future__ import annotations

from alembic import context

from spinecast.audit.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
