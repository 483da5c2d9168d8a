"""Watched patients from the audit log: which of a patient's predictions counts, and what came back of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from sqlalchemy import Connection

from spinecast.audit.followed import records_of_kind
from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.clinical.assessment import assessed_in_time
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError
from spinecast.models.loading import AnyModel
from spinecast.validation.monitoring.importing import StandingOutcome, standing_outcomes
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.watched import RULE, SLACK, Watched, counted, within

__all__ = ["RULE_OF_THE_LOG", "watched_in_log"]

RULE_OF_THE_LOG = (
    f"{RULE} Days are those of UTC. What-ifs never count, nor declined answers, nor patients without an identifier: "
    "nothing can come back of them."
)
"""Which prediction counts, in words."""

_DAY = 10  # characters of a date in ISO 8601


def watched_in_log(
    log: AuditLog,
    actor: str,
    model: AnyModel,
    numbered: str,
    risk: OneRisk,
    *,
    since: np.datetime64 | None = None,
    until: np.datetime64,
) -> Watched:
    """Gather the patients of one version of a model, after recording that they are read.

    Parameters
    ----------
    log : AuditLog
    actor : str
    model : AnyModel
    numbered : str
        ``name/version``.
    risk : OneRisk
        By which it is watched.
    since, until : datetime64
        First and last day of the predictions that count.

    Raises
    ------
    AuditError
        If a record was altered, or the log does not answer.
    CohortError
        If there is nobody.
    """
    log.append([Draft("read", actor, {"monitor": numbered, "since": _text(since), "until": _text(until)}, numbered)])
    with log.reading(snapshot=True) as connection:
        standing = standing_outcomes(connection)
        chosen, left_out = _counted(connection, numbered, since, until)
        declined = sum(1 for _ in records_of_kind(connection, "declined", numbered))
    left_out["declined answers"] += declined
    days, rows, risks, subjects, came, untimely = [], [], [], [], [], 0
    for day, record in chosen:
        body = record.body or {}
        found = risk.of_answer(body["answer"]["prediction"])
        if found is None:
            left_out[f"answers without this risk ({risk.label})"] += 1
            continue
        try:
            row, _ = patient_row(body["asked"]["inputs"], model.predictors)
        except ContractError:
            left_out["inputs that today's dictionary refuses"] += 1
            continue
        outcome = standing.get((str(record.subject), risk.state))
        if outcome is not None and outcome.day < day - SLACK:
            if risk.time is not None and risk.coded(outcome.value) != risk.not_yet:
                left_out["where the event came before the prediction"] += 1
                continue
            outcome = None  # found before, of another consultation: of this one nothing has come back
        if outcome is not None and not assessed_in_time(risk.state, outcome.value, _days(day, outcome)):
            outcome, untimely = None, untimely + 1
        days.append(day)
        rows.append(row[0])
        risks.append(found)
        subjects.append(str(record.subject))
        came.append(outcome)
    return Watched(
        predicted_on=np.array(days, dtype="datetime64[D]"),
        risk=np.array(risks, dtype=np.float64),
        inputs=np.array(rows, dtype=np.float64).reshape(len(rows), len(model.predictors)),
        predictors=model.predictors,
        time=np.array([_days(day, found) for day, found in zip(days, came, strict=True)], dtype=np.float64),
        state=np.array([np.nan if found is None else risk.coded(found.value) for found in came], dtype=np.float64),
        subjects=tuple(subjects),
        source="the audit log",
        synthetic=any(found is not None and found.synthetic for found in came),
        left_out={reason: count for reason, count in left_out.items() if count},
        untimely=untimely,
    )


def _counted(
    connection: Connection, numbered: str, since: np.datetime64 | None, until: np.datetime64
) -> tuple[list[tuple[np.datetime64, Record]], Counter[str]]:
    """Return the prediction of each patient that counts, in order, and how many do not, by reason."""
    left_out: Counter[str] = Counter()

    def made() -> Iterator[tuple[str, np.datetime64, Record]]:
        for record in records_of_kind(connection, "prediction", numbered):
            reason = _not_counted(record)
            if reason:
                left_out[reason] += 1
            else:
                yield str(record.subject), np.datetime64(record.recorded_at[:_DAY], "D"), record

    return within(counted(made(), left_out), since, until, left_out), left_out


def _not_counted(record: Record) -> str:
    shown = (record.body or {}).get("shown") or {}
    if "what_if_of" in shown:
        return "what-ifs"
    return "" if record.subject is not None else "patients without an identifier"


def _days(day: np.datetime64, found: StandingOutcome | None) -> float:
    """Return the days from the prediction; of the same evening, which may be the day before in UTC, none."""
    return np.nan if found is None else max(0.0, float((found.day - day).astype(int)))


def _text(day: np.datetime64 | None) -> str | None:
    return None if day is None else str(day)
