"""``spinecast outcomes``: what became of the patients who were asked about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Outcomes that come back, recorded beside the predictions they are of.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_WORDS = {
    "new": "new",
    "continued": "follow-up that went on",
    "corrected": "corrections",
    "already": "recorded before",
    "older": "older than what stands",
    "unknown": "of patients nobody asked about, left out",
    "empty": "rows without an outcome",
}


@app.callback()
def _group() -> None:
    """Keep `import` a command of its own though it is the only one so far."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Patient, date, and outcomes by name: CSV or Parquet.")],
    id_column: Annotated[
        str, typer.Option("--id-column", metavar="COLUMN", help="Identifier the patients were asked about with.")
    ] = "patient",
    date_column: Annotated[
        str, typer.Option("--date-column", metavar="COLUMN", help="Day of the event, or the last known without it.")
    ] = "date",
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="What a record system puts before its patients' ids.")
    ] = "",
    correct: Annotated[
        bool, typer.Option("--correct", help="What contradicts the log is a correction; both stay recorded.")
    ] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, with --correct.")] = None,
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out patients without a prediction, and count them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, record nothing.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Record outcomes in the audit log, all of a file or none; the same file again changes nothing.

    Identifiers become the log's pseudonyms and are kept nowhere.
    """
    import numpy as np

    from spinecast.cli.log_here import command_line_actor, log_here
    from spinecast.errors import AuditError
    from spinecast.files import canonical_json
    from spinecast.notices import SYNTHETIC
    from spinecast.validation.monitoring.importing import import_outcomes
    from spinecast.validation.monitoring.returned import read_returned

    if correct != (reason is not None):
        raise AuditError("--correct and --reason go together", expected="why what stands is wrong, for the log")
    returned = read_returned(file, id_column=id_column, date_column=date_column, prefix=prefix)
    with log_here() as log:
        done = import_outcomes(
            log,
            command_line_actor(),
            returned,
            today=np.datetime64("today", "D"),
            correct=reason,
            skip_unknown=skip_unknown,
            dry_run=dry_run,
        )
    if json_:
        said = {**done.to_dict(), "dry_run": dry_run, "synthetic": returned.synthetic}
        typer.echo(canonical_json(said))
        return
    records = f"records {done.records[0]} to {done.records[1]}" if done.records else "nothing was recorded"
    lines = [
        f"{file.name}: {'checked, nothing recorded' if dry_run else records}",
        *(f"  {done.counts[name]:,} {words}" for name, words in _WORDS.items() if done.counts[name]),
        *([SYNTHETIC] if returned.synthetic else []),
    ]
    typer.echo("\n".join(lines))
