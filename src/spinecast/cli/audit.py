"""``spinecast audit``: what was served, read by those who have to answer for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spinecast.cli.columns import print_columns
from spinecast.cli.log_here import command_line_actor, log_here

if TYPE_CHECKING:
    from spinecast.audit.log import AuditLog
    from spinecast.audit.records import Record
    from spinecast.serving.models import ServedModels

__all__ = ["app"]

# The log is not as it was written: neither success nor a mistake of who asks.
NOT_WHOLE = 4

app = typer.Typer(
    help="Verify, list, show, export and keep the audit log. Whoever reads a patient's record is recorded too.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
RecordNumber = Annotated[int, typer.Argument(metavar="RECORD", help="Its number, the audit id.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PatientOption = Annotated[
    str | None,
    typer.Option("--patient", metavar="IDENTIFIER", help="Identifier as it was served; the log holds its pseudonym."),
]
PseudonymOption = Annotated[str | None, typer.Option("--pseudonym", metavar="HEX", help="The pseudonym itself.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the log.")]


@app.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Option("--file", metavar="EXPORT", help="An export in place of the database.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="The log's key, to see who wrote the export.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """Go through every record: which was edited, deleted, moved or cut off. Status 4 if any was."""
    from spinecast.audit.exporting import verify_export
    from spinecast.audit.keys import read_key
    from spinecast.audit.sealing import verify_log
    from spinecast.errors import AuditError
    from spinecast.files import canonical_json

    if key is not None and file is None:
        raise AuditError("--key goes with --file", expected="an export; the log itself is verified with its own key")
    if file is not None:
        found = verify_export(file, None if key is None else read_key(key))
    else:
        with log_here(check_head=False) as log:
            found = verify_log(log)
    if json_:
        typer.echo(canonical_json(found.to_dict()))
    else:
        sealed = "" if found.sealed is None else f", sealed to {found.sealed}"
        state = "whole" if found.whole else "NOT WHOLE"
        typer.echo(f"{found.records} records, {found.erased} of them erased{sealed}: {state}")
        for finding in found.findings:
            typer.echo(f"  {finding.what}")
        for note in found.notes:
            typer.echo(f"  note: {note}")
    if not found.whole:
        raise typer.Exit(NOT_WHOLE)


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Option("--kind", help="prediction, declined, scores, read, replay, …")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="A model, or name/version.")] = None,
    patient: PatientOption = None,
    pseudonym: PseudonymOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 50,
    before: Annotated[int | None, typer.Option("--before", help="Only records of a smaller number.")] = None,
    json_: JsonOption = False,
) -> None:
    """List records without their content, newest first."""
    from spinecast.audit.reading import headlines, listed
    from spinecast.files import canonical_json

    with log_here() as log:
        subject = _subject(log, patient, pseudonym)
        records = listed(
            log.append, log, command_line_actor(), kind=kind, model=model, subject=subject, limit=limit, before=before
        )
        said = headlines(log, records)
    if json_:
        for one in said:
            typer.echo(canonical_json(one))
        return
    rows = [("record", "time (UTC)", "kind", "model", "patient", "actor")]
    rows += [
        (
            str(one["record"]),
            one["recorded_at"][:19],
            one["kind"] + (" ALTERED" if one["altered"] else ""),
            one["model"] or "",
            "erased" if one["erased"] else (one["patient"] or "")[:12],
            one["actor"],
        )
        for one in said
    ]
    print_columns(rows)


@app.command("show")
def show(record: RecordNumber) -> None:
    """Print one record with its content. That it was read is recorded. Status 4 if it was altered."""
    from spinecast.audit.reading import beside, read_one
    from spinecast.files import readable_json

    with log_here() as log, _naming_alterations():
        found = read_one(log.append, log, command_line_actor(), record)
        around = beside(log, found)
    typer.echo(readable_json(found.headline() | {"beside": list(around), "content": found.body}), nl=False)


@app.command("replay")
def replay(
    record: RecordNumber,
    json_: JsonOption = False,
) -> None:
    """Put a recorded question again to its version. Status 4 if any number differs, or the record was altered."""
    from spinecast.files import canonical_json
    from spinecast.serving.recording import replay as replay_record

    with _read_with_versions(record) as (log, found, models):
        done = replay_record(log.append, models, found, command_line_actor())
    if json_:
        typer.echo(canonical_json(done))
    else:
        typer.echo(f"record {record}: {'the same, bit for bit' if done['same'] else 'DIFFERENT'}")
        for one in done["differences"]:
            typer.echo(f"  {one['at']}: then {one['then']}, now {one['now']}")
        changed = [
            f"{k} {v}, now {done['software_now'].get(k)}"
            for k, v in done["software_then"].items()
            if done["software_now"].get(k) != v
        ]
        if changed:
            typer.echo(f"  note: made with {'; '.join(changed)}")
    if not done["same"]:
        raise typer.Exit(NOT_WHOLE)


@app.command("explain")
def explain(
    record: RecordNumber,
    json_: JsonOption = False,
) -> None:
    """Question the reasons of a recorded answer by its version: see `spinecast explain`. That is recorded too."""
    from spinecast.files import canonical_json
    from spinecast.serving.explaining_records import explain_record

    with _read_with_versions(record) as (log, found, models):
        reasons = explain_record(log.append, models, found, command_line_actor())
    typer.echo(canonical_json(reasons.to_dict()) if json_ else reasons.to_text())


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="One JSON line a record.")],
    first: Annotated[int, typer.Option("--first", min=1, help="From this record.")] = 1,
    last: Annotated[int | None, typer.Option("--last", help="To this record.")] = None,
) -> None:
    """Write records with their hashes, so that `audit verify --file` checks them anywhere. That is recorded."""
    from spinecast.audit.exporting import write_export

    with log_here() as log:
        count = write_export(log, command_line_actor(), output, first, last)
        typer.echo(f"{count} records: {output}", err=True)


@app.command("seal")
def seal(reason: ReasonOption) -> None:
    """Seal the log anew as it stands, where its seal is lost or does not fit. That is recorded, with all that is found.

    Also needed once on each further server of one database, whose seal is its own.
    """
    from spinecast.audit.sealing import seal_anew

    with log_here(check_head=False) as log:
        made = seal_anew(log, command_line_actor(), reason)
    for finding in (made.body or {})["found"]["findings"]:
        typer.echo(f"  {finding['what']}")
    typer.echo(f"sealed to record {made.sequence}, which says what was found")


@app.command("hold")
def hold(reason: ReasonOption, patient: PatientOption = None, pseudonym: PseudonymOption = None) -> None:
    """Keep all that is recorded of a patient, whatever its age, until it is released."""
    from spinecast.audit.retention import hold as hold_records

    with log_here() as log:
        made = hold_records(log, command_line_actor(), _needed(_subject(log, patient, pseudonym)), reason)
        typer.echo(f"held: record {made.sequence}")


@app.command("release")
def release(reason: ReasonOption, patient: PatientOption = None, pseudonym: PseudonymOption = None) -> None:
    """End a hold."""
    from spinecast.audit.retention import release as release_records

    with log_here() as log:
        made = release_records(log, command_line_actor(), _needed(_subject(log, patient, pseudonym)), reason)
        typer.echo(f"released: record {made.sequence}")


@app.command("retain")
def retain(
    days: Annotated[int, typer.Option("--days", metavar="DAYS", help="How long content is kept.")],
    reason: ReasonOption,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> None:
    """Erase the content of records older than some days, except what is held; the chain goes on verifying."""
    from spinecast.audit.retention import erase_older
    from spinecast.errors import AuditError

    if not yes:
        if not sys.stdin.isatty():
            raise AuditError("erasing cannot be undone", remedy="say --yes")
        typer.confirm(f"Erase the content of all records older than {days} days, for good?", abort=True)
    with log_here() as log:
        done = erase_older(log, command_line_actor(), days, reason)
    where = f" (record {done.record})" if done.record else ""
    typer.echo(f"{done.erased} records erased, {done.held} held{where}")


@contextmanager
def _read_with_versions(number: int) -> Iterator[tuple[AuditLog, Record, ServedModels]]:
    """Read a record, which is recorded, and open the versions that records name, for the length of a block."""
    from spinecast.audit.reading import read_one
    from spinecast.serving.models import ServedModels
    from spinecast.tracking.store import open_store

    with log_here() as log:
        with _naming_alterations():
            found = read_one(log.append, log, command_line_actor(), number)
        models = ServedModels(open_store(create=False), lambda line: typer.echo(line, err=True))
        try:
            yield log, found, models
        finally:
            models.stop()


@contextmanager
def _naming_alterations() -> Iterator[None]:
    """End with a status of its own where a record is not as it was written."""
    from spinecast.audit.reading import AlteredRecordError

    try:
        yield
    except AlteredRecordError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(NOT_WHOLE) from error


def _subject(log: AuditLog, patient: str | None, pseudonym: str | None) -> str | None:
    from spinecast.errors import AuditError

    if patient is not None:
        return log.key.pseudonym(patient)
    if pseudonym is not None and re.fullmatch("[0-9a-f]{32}", pseudonym) is None:
        raise AuditError(f"{pseudonym!r:.60} is no pseudonym", expected="32 hexadecimal digits in small letters")
    return pseudonym


def _needed(subject: str | None) -> str:
    from spinecast.errors import AuditError

    if not subject:
        raise AuditError("no patient is named", expected="--patient IDENTIFIER or --pseudonym HEX")
    return subject
