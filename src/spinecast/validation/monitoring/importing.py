"""Putting outcomes that came back into the audit log: checked in full, then recorded in one transaction or not at all.

A patient's identifier becomes the log's pseudonym at once. What is already recorded is not recorded again. Follow-up
that goes on is a new record that names the one before; a correction is one that names what it corrects, and both stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection

from spinecast.audit.followed import first_asked, record_systems, records_of_kind
from spinecast.audit.log import AuditLog
from spinecast.audit.reasons import required
from spinecast.audit.records import Draft
from spinecast.clinical.assessment import assessed_in_time, assessments_end
from spinecast.clinical.dictionary import variable
from spinecast.clinical.dictionary.outcomes import FOLLOWED
from spinecast.errors import AuditError, ContractError
from spinecast.validation.monitoring.returned import ReturnedFile, ReturnedValue, rows_text
from spinecast.validation.monitoring.watched import SLACK

__all__ = ["OUTCOME", "Imported", "StandingOutcome", "import_outcomes", "standing_outcomes"]

OUTCOME = "outcome"
"""Kind of the records."""

Fate = Literal["new", "continued", "corrected", "already", "older"]


@dataclass(frozen=True)
class StandingOutcome:
    """What the log last says of an outcome of a patient.

    Parameters
    ----------
    record : int
    value : str or float
    day : datetime64
    synthetic : bool
    """

    record: int
    value: str | float
    day: np.datetime64
    synthetic: bool


@dataclass
class Imported:
    """What became of the outcomes of a file.

    Parameters
    ----------
    counts : dict
        ``new``, ``continued`` (follow-up that went on), ``corrected``, ``already`` (recorded before), ``older`` (says
        less than what stands), ``unknown`` (of patients nobody asked about), ``empty`` (rows without an outcome).
    records : tuple of int
        First and last record; empty where none was written.
    """

    counts: dict[str, int] = field(default_factory=dict)
    records: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"counts": self.counts, "records": list(self.records)}


def standing_outcomes(connection: Connection) -> dict[tuple[str, str], StandingOutcome]:
    """Return what stands of every patient's outcomes, by pseudonym and outcome: of several records the last.

    Raises
    ------
    AuditError
        If a record was altered.
    """
    found = {}
    for record in records_of_kind(connection, OUTCOME):
        body = record.body or {}
        found[str(record.subject), str(body["outcome"])] = StandingOutcome(
            record.sequence, body["value"], np.datetime64(body["date"], "D"), bool(body["synthetic"])
        )
    return found


def import_outcomes(
    log: AuditLog,
    actor: str,
    returned: ReturnedFile,
    *,
    today: np.datetime64,
    correct: str | None = None,
    skip_unknown: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Record the outcomes of a file.

    Parameters
    ----------
    log : AuditLog
    actor : str
    returned : ReturnedFile
    today : datetime64
        No outcome is of a later day.
    correct : str, optional
        Why what contradicts the log is a correction; refused when left out.
    skip_unknown : bool
        Whether patients of whom the log holds no prediction are left out and counted, and not refused. Where it holds
        none of anybody in the file, the identifiers are others, and the file is refused all the same.
    dry_run : bool
        Whether everything is checked and nothing recorded.

    Raises
    ------
    ContractError
        If a day lies before the patient's first prediction or after today, or is too early for what was assessed, or a
        value contradicts what stands.
    AuditError
        If a patient is unknown, or everybody is; the reason is empty; or the log is not whole or does not answer.
    """
    why = None if correct is None else required(correct)
    late = [one.row for one in returned.values if one.day > today]
    if late:
        raise ContractError(
            f"{len(late):,} outcomes are of days after {today}", where=rows_text(late), expected="what has happened"
        )
    done = Imported()

    def work(connection: Connection) -> list[Draft]:
        named = _Named.of(log, connection, returned)
        _require_known(named, connection, skip_unknown=skip_unknown)
        _require_after(named)
        _require_in_time(named)
        drafts, done.counts = _drafts(named, returned, actor, why, standing_outcomes(connection))
        return drafts

    if dry_run:
        with log.reading(snapshot=True) as connection:
            work(connection)
        return done
    made = log.transact(work)
    done.records = (made[0].sequence, made[-1].sequence) if made else ()
    return done


@dataclass(frozen=True)
class _Named:
    """The outcomes of a file under pseudonyms, and when each patient was first asked about."""

    values: tuple[tuple[str, ReturnedValue], ...]
    first: Mapping[str, np.datetime64]

    @classmethod
    def of(cls, log: AuditLog, connection: Connection, returned: ReturnedFile) -> _Named:
        values = tuple((log.key.pseudonym(one.patient), one) for one in returned.values)
        first = first_asked(connection, sorted({subject for subject, _ in values}))
        return cls(values, {subject: np.datetime64(moment[:10], "D") for subject, moment in first.items()})


def _require_known(named: _Named, connection: Connection, *, skip_unknown: bool) -> None:
    rows = list(dict.fromkeys(one.row for subject, one in named.values if subject not in named.first))
    nobody = not named.first
    if not rows or (skip_unknown and not nobody):
        return
    raise AuditError(
        "of nobody in the file a prediction is in the log"
        if nobody
        else f"of {len(rows):,} patients of the file no prediction is in the log",
        where=rows_text(rows),
        expected="patients by the identifier they were asked about with",
        remedy="; ".join([*_other_identifiers(connection), *(() if nobody else (_LEAVE_OUT,))]),
    )


_LEAVE_OUT = "--skip-unknown leaves them out and counts them"


def _other_identifiers(connection: Connection) -> list[str]:
    """Say why identifiers may differ, what is likeliest in this log first."""
    systems = record_systems(connection)
    prefix = "--prefix, where the server's settings put one before a record system's patients (patients:)"
    if systems:
        prefix = f"{' and '.join(systems)} asked here: say {prefix}"
    column = "see --id-column; a spreadsheet drops leading zeros (04711 is not 4711)"
    return [prefix, column] if systems else [column, f"see {prefix}"]


def _require_after(named: _Named) -> None:
    rows = [
        one.row for subject, one in named.values if subject in named.first and one.day < named.first[subject] - SLACK
    ]
    if rows:
        raise ContractError(
            f"{len(rows):,} outcomes are of days before the patient's first prediction",
            where=rows_text(list(dict.fromkeys(rows))),
            expected="outcomes that came after what was predicted",
            remedy="correct the dates, or the identifiers",
        )


def _require_in_time(named: _Named) -> None:
    """Refuse what is too early to be the outcome of any prediction: others of the patient are later still."""
    rows = [
        one.row
        for subject, one in named.values
        if subject in named.first and _too_early(one, one.day - named.first[subject] + SLACK)
    ]
    if rows:
        raise ContractError(
            f"{len(rows):,} outcomes were assessed too early to be what their name says",
            where=rows_text(list(dict.fromkeys(rows))),
            expected="a state near the day it is named by, and no event only once the time for it is nearly over",
            remedy="leave the cells empty until then; what each outcome says: spinecast dictionary show NAME",
        )


def _too_early(one: ReturnedValue, passed: np.timedelta64) -> bool:
    days = float(passed.astype(int))
    end = assessments_end(one.outcome)
    return end is not None and days < end and not assessed_in_time(one.outcome, one.value, days)


def _drafts(
    named: _Named,
    returned: ReturnedFile,
    actor: str,
    why: str | None,
    standing: Mapping[tuple[str, str], StandingOutcome],
) -> tuple[list[Draft], dict[str, int]]:
    counts = dict.fromkeys(("new", "continued", "corrected", "already", "older", "unknown"), 0)
    counts["empty"] = returned.empty
    drafts, against = [], []
    for subject, one in named.values:
        if subject not in named.first:
            counts["unknown"] += 1
            continue
        before = standing.get((subject, one.outcome))
        fate = _fate(one, before)
        if fate == "corrected" and why is None:
            against.append(one.row)
            continue
        counts[fate] += 1
        if fate in ("already", "older"):
            continue
        body: dict[str, Any] = {
            "outcome": one.outcome,
            "value": one.value,
            "date": str(one.day),
            "file": returned.sha256,
            "synthetic": returned.synthetic,
        }
        if before is not None:
            body["continues" if fate == "continued" else "corrects"] = before.record
        if fate == "corrected":
            body["reason"] = why
        drafts.append(Draft(OUTCOME, actor, body, "", subject))
    if against:
        raise ContractError(
            f"{len(against):,} outcomes contradict what is recorded",
            where=rows_text(against),
            expected="the same, or follow-up that went on",
            remedy="if the file is right, say --correct and --reason: both records stay, and the new one counts",
        )
    return drafts, counts


def _fate(one: ReturnedValue, before: StandingOutcome | None) -> Fate:
    """Say what a returned outcome is to what stands."""
    if before is None:
        return "new"
    if one.value == before.value and one.day == before.day:
        return "already"
    if one.outcome in FOLLOWED:
        # On a later day it may have come, and on the same one too: seen alive on the ward, dead in the evening.
        not_yet = variable(one.outcome).levels[0].value
        was_open, is_open = before.value == not_yet, one.value == not_yet
    else:
        was_open = is_open = one.value == before.value  # assessed once: only the same, found again, is no contradiction
    if was_open and one.day >= before.day:
        return "continued"
    if is_open and one.day <= before.day:
        return "older"  # it had not come then, which what stands says too
    return "corrected"
