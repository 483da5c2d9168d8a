"""``spinecast report``: write a run's report again from its record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run id, or the output folder of `spinecast train`.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="FILE", help="Where the report goes [default: report.html in the folder, or RUN.html]."
        ),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write a PDF instead of HTML.")] = False,
) -> None:
    """Write the report of a run again: nothing is computed anew."""
    from spinecast.files import atomic_write
    from spinecast.reporting import build_report, render_html, render_pdf
    from spinecast.reporting.record import RunRecord

    folder = Path(run)
    if folder.is_dir():
        record_folder = folder / "record" if (folder / "record").is_dir() else folder
    else:
        from spinecast.tracking.models import fetch_record
        from spinecast.tracking.store import open_store

        record_folder = fetch_record(open_store(create=False), run)
    document = build_report(RunRecord.load(record_folder))
    ending = "pdf" if pdf else "html"
    target = output or (record_folder.parent / f"report.{ending}" if folder.is_dir() else Path(f"{run}.{ending}"))
    atomic_write(target, render_pdf(document) if pdf else render_html(document))
    typer.echo(str(target))
