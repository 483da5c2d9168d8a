"""``spinecast evaluate``: the full evaluation of predictions that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.validation.prediction_file import PredictionRequest

__all__ = ["evaluate", "read_thresholds", "require_page", "write_page"]

_HTML = (".html", ".htm")


def evaluate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Predictions with what happened: CSV or Parquet.")],
    risk: Annotated[str, typer.Option("--risk", metavar="COLUMN", help="Predicted risks, from 0 to 1.")],
    outcome: Annotated[str | None, typer.Option("--outcome", metavar="COLUMN", help="What happened: 0 or 1.")] = None,
    compare: Annotated[
        list[str] | None, typer.Option("--compare", metavar="COLUMN", help="Other predictions of the same patients.")
    ] = None,
    time: Annotated[
        str | None, typer.Option("--time", metavar="COLUMN", help="Follow-up, in place of --outcome.")
    ] = None,
    event: Annotated[
        str | None, typer.Option("--event", metavar="COLUMN", help="Whether follow-up ended with the event: 0 or 1.")
    ] = None,
    horizon: Annotated[
        float | None, typer.Option("--horizon", metavar="T", help="When the outcome is read, in the unit of --time.")
    ] = None,
    competing: Annotated[
        str | None,
        typer.Option("--competing", metavar="CODES", help="What --event says where another event came first: 2."),
    ] = None,
    weights: Annotated[
        str | None, typer.Option("--weights", metavar="COLUMN", help="Case weights, with --outcome.")
    ] = None,
    thresholds: Annotated[
        str, typer.Option("--thresholds", metavar="T1,T2", help="Risks at which one might act.")
    ] = "0.1,0.2,0.3,0.5",
    decision_range: Annotated[
        str, typer.Option("--decision-range", metavar="LOW,HIGH", help="Ends of the decision curve.")
    ] = "0.05,0.95",
    bootstrap: Annotated[int, typer.Option("--bootstrap", min=20, help="Resamples where there is no formula.")] = 200,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Start of every random draw.")] = 1,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="Say that the patients are not real.")] = False,
    declared: Annotated[
        Path | None,
        typer.Option(
            "--declared",
            metavar="FILE.yaml",
            help="How the predictions were made: basis, predictor_choice, classes, recalibrated.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="PAGE.html", help="Write a self-contained page.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the page as PDF too.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")] = False,
) -> None:
    """Evaluate predictions: discrimination, calibration, usefulness, comparisons. No model, no study needed.

    Whether the patients are other than those the predictions were made from, only you know. Research use only.
    """
    from spinecast.errors import ContractError, SpinecastError
    from spinecast.files import canonical_json
    from spinecast.validation.prediction_file import FollowUpColumns, PredictionRequest

    if pdf and report is None:
        raise SpinecastError("--pdf writes the page as PDF too", expected="--report PAGE.html beside it")
    follow_up = None
    if time is not None and event is not None and horizon is not None:
        others = tuple(dict.fromkeys(code.strip() for code in (competing or "").split(",") if code.strip()))
        follow_up = FollowUpColumns(time, event, horizon, others)
    elif any(given is not None for given in (time, event, horizon, competing)):
        raise ContractError("an outcome in time needs three things", expected="--time, --event and --horizon")
    request = PredictionRequest(risk, outcome, follow_up, tuple(compare or ()), weights, synthetic)
    settings = {
        "thresholds": read_thresholds(thresholds),
        "decision_range": _range(decision_range),
        "bootstrap": bootstrap,
        "seed": seed,
    }
    if report is not None:
        require_page(report, [file, declared])
    record = _evaluate(file, request, settings, declared)
    if report is not None:
        write_page(record, report, pdf=pdf)
        typer.echo(f"page: {report}", err=True)
    typer.echo(canonical_json(record.to_dict()) if json_ else "\n".join(_summary(record)))


def _evaluate(
    file: Path, request: PredictionRequest, settings: dict[str, Any], declaration: Path | None
) -> ExternalRecord:
    from datetime import UTC, datetime

    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.training.environment import describe_environment
    from spinecast.validation.declared_predictions import NOTHING_DECLARED, read_declared
    from spinecast.validation.file_evaluation import evaluate_file

    started = datetime.now(UTC)
    declared = read_declared(declaration) if declaration else NOTHING_DECLARED
    found = evaluate_file(file, request, declared=declared, **settings)
    cohort = found.evaluation.cohort
    about = {
        "kind": "evaluation",
        "title": f"{request.risk}: evaluation of predictions in {file.name}",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if cohort.kind == "synthetic" else [])],
        "cohort": {
            "name": cohort.name,
            "kind": cohort.kind,
            "fingerprint": cohort.fingerprint,
            "patients": found.patients,
        },
        "columns": found.columns,
        "weighted": found.weighted,
        "left_out": found.left_out,
        "declared": declared.model_dump(mode="json", exclude_none=True),
        "settings": {**settings, "thresholds": list(settings["thresholds"])},
        "notes": list(found.notes),
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }
    return ExternalRecord(
        about=about,
        evaluation=found.evaluation.to_dict(),
        cohort={"absent": "a file of predictions says nothing else of its patients"},
        findings=found.parts(),
    )


def read_thresholds(text: str) -> tuple[float, ...]:
    """Read risks joined by commas.

    Raises
    ------
    SpinecastError
        If one is no risk strictly between 0 and 1.
    """
    from spinecast.errors import SpinecastError

    try:
        found = tuple(sorted({float(part) for part in text.split(",") if part.strip()}))
    except ValueError:
        found = ()
    if not found or not all(0 < each < 1 for each in found):
        raise SpinecastError(
            f"{text!r} names no thresholds",
            where="--thresholds",
            expected="risks strictly between 0 and 1 joined by commas, such as 0.1,0.2,0.3",
        )
    return found


def _range(text: str) -> tuple[float, float]:
    from spinecast.errors import SpinecastError

    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low, high = 1.0, 0.0
    if not 0 < low < high < 1:
        raise SpinecastError(
            f"{text!r} is no range of risks", where="--decision-range", expected="two risks, such as 0.05,0.95"
        )
    return low, high


def require_page(page: Path, read: Sequence[Path | None]) -> None:
    """Refuse a place for a page before any work is done: no page, a folder, or a file that is read.

    Raises
    ------
    OutputError
        If it cannot be the place.
    """
    from spinecast.errors import OutputError
    from spinecast.files import ensure_writable_directory

    if page.suffix.casefold() not in _HTML:
        raise OutputError(f"{page} has no ending of a page", where=str(page), expected="a name that ends in .html")
    if page.is_dir() or any(path is not None and path.resolve() == page.resolve() for path in read):
        raise OutputError(f"{page} is a folder or a file that is read", where=str(page), remedy="name another file")
    ensure_writable_directory(page.parent)


def write_page(record: ExternalRecord, page: Path, *, pdf: bool) -> None:
    """Write the report of a record as one HTML file, and as PDF beside it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from spinecast.files import atomic_write
    from spinecast.reporting import render_html, render_pdf
    from spinecast.reporting.updating import build_report_of

    document = build_report_of(record)
    atomic_write(page, render_html(document))
    if pdf:
        atomic_write(page.with_suffix(".pdf"), render_pdf(document))


def _summary(record: ExternalRecord) -> list[str]:
    from spinecast.cli.measure_lines import check_lines, measure_lines

    evaluation, left_out = record.evaluation, record.about["left_out"]
    return [
        record.about["title"],
        f"{evaluation['n']:,} patients with a known outcome, {evaluation['events']:,} events",
        *(f"  left out: {count:,} without {reason}" for reason, count in left_out.items()),
        *(f"  note: {note}" for note in record.about["notes"]),
        *measure_lines(record),
        *check_lines(record),
        *record.about["notices"],
    ]
