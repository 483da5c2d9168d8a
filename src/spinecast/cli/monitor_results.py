"""What ``spinecast monitor`` leaves: a record, a report, the patients on demand, and lines for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spinecast.cli.validation_inputs import Reference
    from spinecast.reporting.monitoring_record import MonitoringRecord
    from spinecast.validation.monitoring.monitor import Monitoring

__all__ = ["default_folder", "make_record", "require_place", "summary_text", "write_patients", "write_results"]

RECORD, REPORT, PDF = "monitoring.json", "report.html", "report.pdf"


def default_folder(model: str, numbered: str) -> Path:
    """Name the folder of a look at a model."""
    from spinecast.cli.validation_inputs import safe_name

    return Path("output") / "monitoring" / safe_name(numbered or model)


def require_place(target: Path, patients: Path | None) -> Path:
    """Refuse, before any work, a folder that something else fills, or a file of patients inside it.

    Raises
    ------
    OutputError
        If it holds what no monitoring wrote, or cannot be written.
    """
    from spinecast.errors import OutputError
    from spinecast.files import ensure_replaceable_directory, ensure_writable_directory

    place = target.resolve()
    if Path.cwd().is_relative_to(place):
        raise OutputError(f"the results would replace {place}, the folder this command runs in", where=str(target))
    found = {entry.name for entry in place.iterdir()} - {RECORD, REPORT, PDF, ".DS_Store"} if place.is_dir() else set()
    if found or (place.exists() and not place.is_dir()):
        raise OutputError(
            f"{place} holds what no monitoring wrote: {', '.join(sorted(found)[:5]) or 'it is a file'}",
            where=str(target),
            expected="a new or empty folder, or the results of an earlier monitoring",
            remedy="name another folder with --output",
        )
    if patients is not None and patients.resolve().is_relative_to(place):
        raise OutputError(
            "patients do not belong into the folder of a report", where=str(patients), remedy="name another place"
        )
    if patients is not None:
        ensure_writable_directory(patients.resolve().parent)
    ensure_replaceable_directory(place)
    return target


def make_record(
    found: Monitoring,
    reference: Reference,
    numbered: str,
    started: datetime,
    *,
    reference_words: str,
    notes: list[str],
    bootstrap: int,
    patients: Path | None,
) -> MonitoringRecord:
    """Put a finished look into a record: what it was, every number, and no patient."""
    from spinecast.notices import RESEARCH_USE, SYNTHETIC
    from spinecast.reporting.monitoring_record import MonitoringRecord
    from spinecast.training.environment import describe_environment
    from spinecast.validation.monitoring.served import RULE_OF_THE_LOG
    from spinecast.validation.monitoring.watched import RULE

    model = reference.model
    if model is None:
        raise ValueError("a monitored model is one")
    synthetic = model.is_synthetic or found.watched.synthetic
    title = str(model.about.get("title") or model.name)
    in_log = found.watched.source == "the audit log"
    about = {
        "title": f"{title}: in use",
        "notices": [RESEARCH_USE, *([SYNTHETIC] if synthetic else [])],
        "model": {
            "name": model.name,
            "title": title,
            "version": numbered or reference.text,
            "identity": reference.identity,
        },
        "cohort_kind": "synthetic" if synthetic else "real",
        "source": found.watched.source,
        "rule_text": RULE_OF_THE_LOG if in_log else RULE,
        "reference": reference_words,
        "notes": notes,
        "commands": _commands(found, numbered or reference.text, model.name, patients),
        "bootstrap": bootstrap,
        "started": started.isoformat(timespec="seconds"),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "environment": describe_environment(Path.cwd()),
    }
    return MonitoringRecord(about, found.to_dict())


def _commands(found: Monitoring, numbered: str, name: str, patients: Path | None) -> list[str]:
    """Write down what an update would take, in order; none of it is run."""
    from spinecast.validation.monitoring.calibration_watch import CalibrationWatch

    watch = found.calibration
    since = watch.since if isinstance(watch, CalibrationWatch) and watch.since is not None else "DATE"
    file = "PATIENTS.csv" if patients is None else str(patients)
    first = [] if patients is not None else [f"spinecast monitor {name} --since {since} --patients {file}"]
    # A model of times says itself how it meets follow-up that ends early.
    lost = " --censored ipcw" if found.risk.time is not None and found.risk.path == "risk" else ""
    return [
        *first,
        f"spinecast validate {numbered} --cohort {file}{lost}",
        f"spinecast update {numbered} --cohort {file}{lost}",
        f"spinecast validate {name}/NEW --cohort OTHERS.csv{lost}",
        f'spinecast models promote {name} NEW --to champion --because "..."',
    ]


def write_results(record: MonitoringRecord, target: Path, *, pdf: bool) -> None:
    """Write the folder, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from spinecast.files import atomic_write, readable_json, staged_directory
    from spinecast.reporting import render_html, render_pdf
    from spinecast.reporting.monitoring import build_monitoring_report

    document = build_monitoring_report(record)
    with staged_directory(target) as staging:
        atomic_write(staging / RECORD, readable_json(record.to_dict()))
        atomic_write(staging / REPORT, render_html(document))
        if pdf:
            atomic_write(staging / PDF, render_pdf(document))


def write_patients(found: Monitoring, path: Path) -> None:
    """Write the patients whose outcome has come back, under their pseudonyms, as `validate` and `update` read them.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import numpy as np
    import pandas as pd

    from spinecast.clinical.dictionary import variable
    from spinecast.cohorts.columns import level_series
    from spinecast.cohorts.synthetic.marks import MARK_COLUMN, MARK_WORD
    from spinecast.files import atomic_write

    watched = found.watched
    rows = np.flatnonzero(found.followed.due & found.followed.returned)
    columns = dict(zip(watched.predictors, watched.inputs[rows].T, strict=True))
    columns |= {found.risk.state: watched.state[rows]}
    table = pd.DataFrame({"patient": [watched.subjects[row] for row in rows]})
    for name, values in columns.items():
        entry = variable(name)
        codes = np.where(np.isnan(values), -1, values).astype(np.int64) if entry.is_levelled else None
        table[name] = values if codes is None else level_series(entry, codes)
    if found.risk.time is not None:
        table[found.risk.time] = watched.time[rows]
    if watched.synthetic:
        table[MARK_COLUMN] = MARK_WORD
    atomic_write(path, table.to_csv(index=False))


def summary_text(record: MonitoringRecord, target: Path) -> str:
    """Say the result in a few lines."""
    from spinecast.reporting import formatting as fmt
    from spinecast.reporting.measures import MEASURES, measure_text
    from spinecast.reporting.sections.monitoring_summary import alarm_words, doubt_words

    found, counts = record.found, record.found["counts"]
    raised = [f"  RAISED: {alarm_words(one, record.labels)}" for one in record.raised]
    doubts = [f"  not as expected: {doubt_words(one)}" for one in found["doubts"] if not raised]
    shown = ("observed_expected_ratio", "calibration_slope", "auc")
    return "\n".join(
        [
            record.about["title"],
            f"{found['outcome']['label']}: {counts['patients']:,} patients, {counts['due']:,} due, "
            f"{counts['without_return']:,} of whom nothing came back, until {found['until']}",
            *(f"  left out: {reason}: {count:,}" for reason, count in counts["left_out"].items()),
            *(f"  note: {fmt.ended(note)}" for note in record.about["notes"]),
            *(f"  {MEASURES[one].label:28} {measure_text(found['overall']['measures'], one)}" for one in shown),
            *(raised or ["  nothing was raised"]),
            *doubts,
            *(["  proposed, not done:", *(f"    {one}" for one in record.about["commands"])] if raised else []),
            f"  {'report':28} {target / REPORT}",
            *record.about["notices"],
        ]
    )
