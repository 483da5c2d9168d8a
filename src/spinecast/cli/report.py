"""``spinecast report``: write a run's report again from its record, and what published forms ask of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.reporting.document import Document
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.reporting.record import RunRecord

__all__ = ["report"]


def report(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="Run id, or the output folder of `spinecast train` or `spinecast validate`."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="PATH",
            help="Where the report goes [default: report.html in the folder, or RUN.html]; with --records a folder "
            "[default: record/reporting in the folder, or RUN_records].",
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write a PDF instead of HTML; with --records, PDFs too.")] = False,
    records: Annotated[
        bool,
        typer.Option("--records", help="Write TRIPOD+AI, PROBAST, PROBAST+AI, the methods and a model card instead."),
    ] = False,
    authors: Annotated[
        Path | None,
        typer.Option("--authors", metavar="FILE.yaml", help="The authors' words for --records: keys of `reporting:`."),
    ] = None,
    wording: Annotated[
        list[Path] | None,
        typer.Option(
            "--wording", metavar="FILE.yaml", help="Another wording of a form for --records; may be repeated."
        ),
    ] = None,
) -> None:
    """Write the report of a run again, or the reporting forms it answers: nothing is computed anew."""
    from spinecast.errors import SpinecastError
    from spinecast.files import atomic_write
    from spinecast.reporting import render_html, render_pdf

    if not records and (authors is not None or wording):
        raise SpinecastError("--authors and --wording are for the reporting forms", expected="--records beside them")
    folder = Path(run)
    place = _record_folder(run)
    record = _load(place)
    if records:
        target = output or (place / "reporting" if folder.is_dir() else Path(f"{run}_records"))
        _write_records(record, target, authors, wording or (), pdf=pdf)
        return
    document = _document(record)
    ending = "pdf" if pdf else "html"
    page = output or (place.parent / f"report.{ending}" if folder.is_dir() else Path(f"{run}.{ending}"))
    atomic_write(page, render_pdf(document) if pdf else render_html(document))
    typer.echo(str(page))


def _record_folder(run: str) -> Path:
    """Return the folder of a record: in an output folder, itself, or fetched from the store."""
    folder = Path(run)
    if folder.is_dir():
        return folder / "record" if (folder / "record").is_dir() else folder
    from spinecast.tracking.models import fetch_record
    from spinecast.tracking.store import open_store

    return fetch_record(open_store(create=False), run)


def _load(place: Path) -> RunRecord | ExternalRecord:
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.reporting.record import RunRecord

    return ExternalRecord.load(place) if (place / "about.json").is_file() else RunRecord.load(place)


def _document(record: RunRecord | ExternalRecord) -> Document:
    from spinecast.reporting import build_report
    from spinecast.reporting.record import RunRecord
    from spinecast.reporting.updating import build_report_of

    return build_report(record) if isinstance(record, RunRecord) else build_report_of(record)


def _write_records(
    record: RunRecord | ExternalRecord, target: Path, authors: Path | None, wordings: Sequence[Path], *, pdf: bool
) -> None:
    from spinecast.documents import read_document
    from spinecast.errors import SpinecastError
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.reporting.records import read_wording, write_records
    from spinecast.training.study.reporting import AUTHORS, ReportingSpec

    if isinstance(record, ExternalRecord) and record.about["kind"] == "update":
        raise SpinecastError(
            "the reporting forms are not filled from an update: part of its patients were fitted to",
            expected="the record of a training or of a validation",
            remedy="validate the updated version on other patients, and fill them from that",
        )
    words = read_document(authors, ReportingSpec, AUTHORS)[0].model_dump() if authors is not None else None
    written = write_records(record, target, authors=words, wordings=[read_wording(path) for path in wordings], pdf=pdf)
    typer.echo("\n".join(map(str, written)))
