"""``spinecast models``: what the registry holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from spinecast.cli.columns import print_columns

__all__ = ["models"]


def models(json_: Annotated[bool, typer.Option("--json", help="One JSON line a version.")] = False) -> None:
    """List registered models with their versions, aliases, runs and whether their cohort was real."""
    from datetime import UTC, datetime

    from spinecast.files import canonical_json
    from spinecast.tracking.models import registered_versions
    from spinecast.tracking.store import open_store

    versions = registered_versions(open_store(create=False))
    if json_:
        for version in versions:
            typer.echo(canonical_json(asdict(version)))
        return
    if not versions:
        typer.echo("no model is registered yet; `spinecast train STUDY.yaml` registers one")
        return
    rows = [("model", "version", "alias", "cohort", "made (UTC)", "run", "updated from")]
    rows += [
        (
            version.name,
            version.version,
            ", ".join(version.aliases),
            version.cohort_kind,
            datetime.fromtimestamp(version.created / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
            version.run_id,
            version.parent,
        )
        for version in versions
    ]
    print_columns(rows)
