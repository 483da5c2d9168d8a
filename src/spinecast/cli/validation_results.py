"""What ``spinecast validate`` leaves: a record, a report, a run in the store, and lines for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinecast.cli.validation_plans import Prepared
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.validation.external_result import ExternalJudgement, ExternalValidation

__all__ = [
    "PDF",
    "RECORD",
    "REPORT",
    "make_record",
    "numbers",
    "people_text",
    "require_own_folder",
    "summary_text",
    "write_results",
]

RECORD, REPORT, PDF = "record", "report.html", "report.pdf"


def make_record(prepared: Prepared, found: ExternalValidation | ExternalJudgement, started: datetime) -> ExternalRecord:
    """Put a finished validation into a record: what it was, on whom, every number, and no patient."""
    from dataclasses import asdict

    from spinecast.clinical.dictionary import variable
    from spinecast.cohorts.describing.by_outcome import describe
    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.reporting.external_record import ExternalRecord
    from spinecast.training.environment import describe_environment

    plan = prepared.plan
    cohort, labelled = plan.cohort, prepared.described
    described = [name for name in plan.source.inputs if name in cohort.frame]
    synthetic = "synthetic" in (cohort.kind, plan.development.kind)
    about = {
        "kind": "validation",
        "title": f"{plan.source.label}: external validation on {cohort.name}",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if synthetic else [])],
        "source": plan.source.to_dict(),
        "comparators": [source.to_dict() for source in plan.comparators],
        "development": plan.development.to_dict(),
        "cohort": {
            "name": cohort.name,
            "kind": cohort.kind,
            "fingerprint": cohort.fingerprint,
            "patients": len(labelled),
        },
        "outcome": {
            "definition": {"kind": type(plan.outcome).__name__, **asdict(plan.outcome)},
            "label": labelled.label,
            "positive_label": labelled.positive_label,
            "negative_label": labelled.negative_label,
            "horizon_days": labelled.horizon_days,
        },
        "weighted": labelled.weights is not None and not labelled.known.all(),
        "settings": plan.settings.to_dict(),
        "lacking": [variable(name).label for name in plan.lacking],
        "notes": [*prepared.opened.notes, *prepared.notes],
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }
    evaluation = found.judged()
    evaluation["outcome"].setdefault("negative_label", labelled.negative_label)
    return ExternalRecord(
        about=about,
        evaluation=evaluation,
        cohort=describe(cohort, labelled, described),
        findings=found.parts() | {"met_before": list(prepared.met_before)},
    )


def require_own_folder(target: Path, *, what: str = "validation", also: tuple[str, ...] = ()) -> Path:
    """Refuse to replace a folder that no validation, or no update, wrote.

    Parameters
    ----------
    target : pathlib.Path
    what : str
        Kind of the record that must stand in it.
    also : tuple of str
        What stands in it beside record and report.

    Raises
    ------
    OutputError
        If it holds anything else, is the folder the command runs in, or cannot be replaced.
    """
    from spinecast.errors import OutputError
    from spinecast.files import ensure_replaceable_directory

    place = target.resolve()
    if Path.cwd().is_relative_to(place):
        raise OutputError(f"the results would replace {place}, the folder this command runs in", where=str(target))
    if place.is_dir():
        found = {entry.name for entry in place.iterdir()} - {".DS_Store"}
        if found and (found - {RECORD, REPORT, PDF, *also} or _kind_of(place) != what):
            raise OutputError(
                f"{place} holds what no {what} wrote: {', '.join(sorted(found)[:5])}",
                where=str(target),
                expected=f"a new or empty folder, or the results of an earlier {what}",
                remedy="name another folder with --output",
            )
    ensure_replaceable_directory(place)
    return target


def _kind_of(place: Path) -> str | None:
    """Return the kind of the record in a folder, None where there is none that can be read."""
    from spinecast.errors import ArtifactError
    from spinecast.reporting.external_record import ExternalRecord

    try:
        return str(ExternalRecord.load(place / RECORD).about["kind"])
    except ArtifactError:
        return None


def write_results(record: ExternalRecord, target: Path | None, page: Path | None, *, pdf: bool) -> str | None:
    """Write the folder, or the page alone; return the run's id where there is a store to log it in.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from spinecast.cli.evaluate import write_page
    from spinecast.files import staged_directory
    from spinecast.reporting.records import RECORDS, write_records

    if target is None:
        if page is not None:
            write_page(record, page, pdf=pdf)
        return None
    with staged_directory(target) as staging:
        record.save(staging / RECORD)
        write_records(record, staging / RECORD / RECORDS, pdf=pdf)
        write_page(record, staging / REPORT, pdf=pdf)
    return _track(record, target)


def _track(record: ExternalRecord, target: Path) -> str | None:
    """Log the validation in the store, if there is one."""
    from spinecast.cli.log_here import record_validation_here
    from spinecast.cli.update_results import NOT_REGISTERED, registered_version
    from spinecast.errors import TrackingError
    from spinecast.tracking.record_hash import record_hash
    from spinecast.tracking.store import open_store
    from spinecast.tracking.validations import ValidationContent, write_validation
    from spinecast.training.progress import say

    try:
        store = open_store(create=False)
    except TrackingError:
        return None
    say("writing to the tracking store")
    about = record.about
    run_id = write_validation(
        store,
        ValidationContent(
            title=about["title"],
            identity=about["source"]["identity"],
            model=about["source"]["name"],
            cohort_name=about["cohort"]["name"],
            cohort_kind=about["cohort"]["kind"],
            fingerprint=about["cohort"]["fingerprint"],
            metrics=numbers(record.evaluation),
            record=target / RECORD,
        ),
    )
    if about["source"]["kind"] == "model":
        version = registered_version(about["source"]["identity"])
        numbered = about["source"]["name"] if version == NOT_REGISTERED else version
        record_validation_here(numbered, run_id, record_hash(target / RECORD), record)
    return run_id


def people_text(evaluation: dict[str, Any]) -> str:
    """Say how many patients an evaluation rests on, and how many had the event, where there is one."""
    if evaluation.get("kind") in ("quantity", "ordinal"):
        return f"{evaluation['n']:,} patients"
    return f"{evaluation['n']:,} patients, {evaluation['events']:,} events"


def numbers(evaluation: dict[str, Any]) -> dict[str, float]:
    """Flatten the measures of an evaluation: of a horizon with its day, of a threshold with its value or level."""
    from spinecast.cli.measure_lines import thresholds_of

    named = dict(evaluation["measures"])
    for one in evaluation.get("horizons") or ():
        named |= {f"{name}_{one['day']:g}": found for name, found in one["measures"].items()}
    for at, one in thresholds_of(evaluation):
        named |= {f"{name}_at_{at}": found for name, found in one["measures"].items()}
    return {name: found["estimate"] for name, found in named.items() if "estimate" in found}


def summary_text(record: ExternalRecord, target: Path | None, page: Path | None, run_id: str | None) -> str:
    """Say the result in a few lines."""
    from spinecast.cli.measure_lines import check_lines, measure_lines

    evaluation = record.evaluation
    lines = [
        record.about["title"],
        f"{evaluation['outcome']['label']}: {people_text(evaluation)}, external",
        *measure_lines(record),
        *check_lines(record),
        *([f"  {'report':28} {target / REPORT if target else page}"] if target or page else []),
        *([f"  {'run':28} {run_id}"] if run_id else []),
        *record.about["notices"],
    ]
    return "\n".join(lines)
