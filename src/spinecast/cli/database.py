"""``spinecast database``: the audit log's database, made and brought to the present form."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Make the audit log's database, or bring it to the form this version writes.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command("upgrade")
def upgrade(json_: Annotated[bool, typer.Option("--json", help="Print one JSON line.")] = False) -> None:
    """Run the migrations that are missing: the embedded database, or the one SPINECAST_DATABASE_URL names."""
    from spinecast.audit.database import upgrade as upgrade_database
    from spinecast.audit.places import audit_places
    from spinecast.files import canonical_json

    places = audit_places()
    before, after = upgrade_database(places)
    if json_:
        typer.echo(canonical_json({"database": places.shown, "before": before, "after": after}))
        return
    made = "made" if not before else ("nothing to do" if before == after else f"upgraded from {before}")
    typer.echo(f"{places.shown}: {made}, form {after}")
