"""Watched patients from the audit log: which of a patient's predictions counts, and what came back of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection

from spinecast.audit.followed import records_of_kind
from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.cohorts.patient import patient_row
from spinecast.errors import ContractError
from spinecast.models.loading import AnyModel
from spinecast.validation.monitoring.importing import StandingOutcome, standing_outcomes
from spinecast.validation.monitoring.one_risk import OneRisk
from spinecast.validation.monitoring.watched import Watched

__all__ = ["RULE", "watched_in_log"]

RULE = (
    "Predictions of one patient on one day (UTC) are one consultation, of which the last counts: that is what was seen "
    "in the end. Of several consultations of a patient the first counts, so that nobody is counted twice. What-ifs "
    "never count, nor declined answers, nor patients without an identifier: nothing can come back of them."
)

_DAY = 10  # characters of a date in ISO 8601
# Of the outcome of a model the time runs from the prediction; a date of the same evening may be the day before in UTC.
_EARLIEST = 0.0


@dataclass(frozen=True)
class _Counted:
    """The prediction of a patient that counts so far."""

    day: str
    record: Record


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
    rows, risks, patients = [], [], []
    for one in chosen:
        body = one.record.body or {}
        found = risk.of_answer(body["answer"]["prediction"])
        if found is None:
            left_out[f"answers without this risk ({risk.label})"] += 1
            continue
        try:
            row, _ = patient_row(body["asked"]["inputs"], model.predictors)
        except ContractError:
            left_out["inputs that today's dictionary refuses"] += 1
            continue
        rows.append(row[0])
        risks.append(found)
        patients.append(one)
    came = [standing.get((str(one.record.subject), risk.state)) for one in patients]
    return Watched(
        predicted_on=np.array([one.day for one in patients], dtype="datetime64[D]"),
        risk=np.array(risks, dtype=np.float64),
        inputs=np.array(rows, dtype=np.float64).reshape(len(rows), len(model.predictors)),
        predictors=model.predictors,
        time=np.array([_days(one, found) for one, found in zip(patients, came, strict=True)], dtype=np.float64),
        state=np.array([np.nan if found is None else risk.coded(found.value) for found in came], dtype=np.float64),
        subjects=tuple(str(one.record.subject) for one in patients),
        source="the audit log",
        synthetic=any(found is not None and found.synthetic for found in came),
        left_out={reason: count for reason, count in left_out.items() if count},
    )


def _counted(
    connection: Connection, numbered: str, since: np.datetime64 | None, until: np.datetime64
) -> tuple[list[_Counted], Counter[str]]:
    """Return the prediction of each patient that counts, in order, and how many do not, by reason."""
    first: dict[str, _Counted] = {}
    left_out: Counter[str] = Counter()
    for record in records_of_kind(connection, "prediction", numbered):
        reason = _not_counted(record)
        if reason:
            left_out[reason] += 1
            continue
        subject, day = str(record.subject), record.recorded_at[:_DAY]
        before = first.get(subject)
        if before is not None:
            left_out["earlier on the same day" if before.day == day else "later consultations of a patient"] += 1
        if before is None or before.day == day:
            first[subject] = _Counted(day, record)
    within = list(_within(first.values(), since, until, left_out))
    return sorted(within, key=lambda one: (one.day, one.record.sequence)), left_out


def _within(
    counted: Any, since: np.datetime64 | None, until: np.datetime64, left_out: Counter[str]
) -> Iterator[_Counted]:
    for one in counted:
        day = np.datetime64(one.day, "D")
        if day > until or (since is not None and day < since):
            left_out["on days outside of the time asked for"] += 1
        else:
            yield one


def _not_counted(record: Record) -> str:
    shown = (record.body or {}).get("shown") or {}
    if "what_if_of" in shown:
        return "what-ifs"
    return "" if record.subject is not None else "patients without an identifier"


def _days(one: _Counted, found: StandingOutcome | None) -> float:
    if found is None:
        return np.nan
    return max(_EARLIEST, float((found.day - np.datetime64(one.day, "D")).astype(int)))


def _text(day: np.datetime64 | None) -> str | None:
    return None if day is None else str(day)
