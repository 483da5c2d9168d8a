"""Validations as the audit log has them: who made them, the hash of each record, and whether the registry still has it.

A tag of a run can be rewritten beside the record it describes; the log's chain shows what was there when the validation
was made. Where there was no log then, only the tag is known, and the gates say so.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from spinecast.audit.log import AuditLog
from spinecast.audit.records import VALIDATION_KIND, Draft
from spinecast.errors import PromotionError
from spinecast.files import canonical_json, sha256_bytes
from spinecast.promotion.evidence import Evidence, Validated
from spinecast.promotion.history import Move, body_of, records_of_kind
from spinecast.reporting.external_record import ExternalRecord
from spinecast.reporting.records.recorded import Recorded
from spinecast.tracking.store import Store
from spinecast.tracking.validations import validation_runs

__all__ = ["Logged", "gone_validations", "held_against_log", "logged_validations", "record_validation"]


@dataclass(frozen=True)
class Logged:
    """A validation of a model in the log.

    Parameters
    ----------
    record : int
        Number of the record in the log.
    run_id, identity : str
        The run in the registry, and the model that was validated.
    cohort, cohort_kind : str
    record_sha256 : str
        Of the validation's record, as `spinecast.tracking.record_hash`.
    asked : str
        Hash of its patients, what was predicted of them, and the days, thresholds and groups that were looked at: a
        later validation of the same takes its place.
    could_count : bool
        Whether it was one on other patients by what it knew itself.
    """

    record: int
    run_id: str
    identity: str
    cohort: str
    cohort_kind: str
    record_sha256: str
    asked: str
    could_count: bool


def record_validation(
    log: AuditLog, actor: str, numbered: str, run_id: str, record_sha256: str, record: ExternalRecord
) -> None:
    """Record a validation that was just written to the registry: no patient, its hash and its main numbers.

    Parameters
    ----------
    log : AuditLog
    actor, numbered : str
        Who validated, and ``name/version`` of the model; its name alone where it is not registered.
    run_id, record_sha256 : str
    record : ExternalRecord

    Raises
    ------
    AuditError
        If the log cannot be written.
    """
    about, recorded = record.about, Recorded.of(record)
    overlaps = [recorded.get("findings.json", "overlap") or {}, *recorded.listed("findings.json", "met_before")]
    body = {
        "run_id": run_id,
        "record_sha256": record_sha256,
        "identity": about["source"]["identity"],
        "cohort": about["cohort"],
        "n": record.evaluation["n"],
        "events": record.evaluation.get("events"),
        "measures": record.evaluation["measures"],
        "asked": _asked(Validated(run_id, recorded)),
        "could_count": not any(one.get("shared") for one in overlaps) and not about["source"].get("ranks_only"),
    }
    log.append([Draft(VALIDATION_KIND, actor, body, numbered)])


def _asked(validated: Validated) -> str:
    return sha256_bytes(canonical_json([*validated.question, validated.sees]).encode())


def logged_validations(log: AuditLog, name: str, identities: Container[str] = ()) -> list[Logged]:
    """Return the validations of a model's versions, the oldest first.

    Parameters
    ----------
    log : AuditLog
    name : str
    identities : container of str
        Of versions, whose validations are found by whichever name the log has them: a model may be registered under
        several, or be validated in a folder before it is registered at all.

    Raises
    ------
    AuditError
        If a record of them was altered, or the log does not answer.
    """
    return sorted(_logged(log, name, identities), key=lambda one: one.record)


def _logged(log: AuditLog, name: str, identities: Container[str]) -> Iterator[Logged]:
    for record in records_of_kind(log, VALIDATION_KIND):
        body = body_of(record)
        if record.model.partition("/")[0] != name and body["identity"] not in identities:
            continue
        texts = {key: str(body[key]) for key in ("run_id", "identity", "record_sha256", "asked")}
        cohort: Mapping[str, Any] = body["cohort"]
        yield Logged(
            record=record.sequence,
            cohort=str(cohort["name"]),
            cohort_kind=str(cohort["kind"]),
            could_count=bool(body["could_count"]),
            **texts,
        )


def held_against_log(evidence: Evidence, log: AuditLog, store: Store, moves: Sequence[Move]) -> Evidence:
    """Return the evidence with what the log knows of each validation, once nothing is altered and nothing is gone.

    Parameters
    ----------
    evidence : Evidence
    log : AuditLog
    store : Store
    moves : sequence of Move
        Of the model's aliases.

    Raises
    ------
    PromotionError
        If the record of a validation is not the one that the log knows, or a validation is gone that the log has, or
        that counted when the version was asked about before.
    AuditError
        As :func:`logged_validations`.
    """
    numbered = f"{evidence.version.name}/{evidence.version.version}"
    logged = [
        one
        for one in logged_validations(log, evidence.version.name, {evidence.version.identity})
        if one.identity == evidence.version.identity
    ]
    known = {one.run_id: one for one in logged}
    for one in evidence.validations:
        if one.run_id in known and one.record_sha256 != known[one.run_id].record_sha256:
            raise PromotionError(
                f"the record of the validation on {one.cohort} was altered since it was made",
                where=f"run {one.run_id} in {store.shown}",
                expected=f"the record with the hash {known[one.run_id].record_sha256}, by record "
                f"{known[one.run_id].record} of the audit log",
                remedy="put it back as it was; nothing is concluded from this copy",
            )
    mattering = [one for one in logged if one.cohort_kind == "real" or evidence.synthetic]
    gone = [*gone_validations(mattering, store), *_gone_since(moves, evidence, known, store)]
    if gone:
        raise PromotionError(
            f"validations of {numbered} are gone: {'; '.join(gone)}",
            where=store.shown,
            expected="every validation that the audit log knows",
            remedy="put the run back as it was (MLflow: restore_run); one whose cohort is named may be made again "
            "on the same patients, as may one that was written to another store under the same log",
        )
    return replace(evidence, logged={run: one.record for run, one in known.items()})


def gone_validations(logged: Sequence[Logged], store: Store) -> list[str]:
    """Name each validation of the log that could count and is gone, or is shown as another's, unless made again since.

    Parameters
    ----------
    logged : sequence of Logged
        The oldest first.
    store : Store
    """
    counting = [one for one in logged if one.could_count]
    runs = {run for identity in {one.identity for one in counting} for run in validation_runs(store, identity)}
    kept = [one for one in counting if one.run_id in runs]
    return [
        f"run {one.run_id} on {one.cohort}, by record {one.record}"
        for one in counting
        if one not in kept
        and not any(
            later.record > one.record and (later.identity, later.asked) == (one.identity, one.asked) for later in kept
        )
    ]


def _gone_since(moves: Sequence[Move], evidence: Evidence, known: Container[str], store: Store) -> list[str]:
    """Name each validation that counted when the version was asked about before, is gone, and is not in the log."""
    here = set(validation_runs(store, evidence.version.identity))  # those too whose place a later one took
    counted = {
        run: asked.record
        for asked in moves
        if asked.identity == evidence.version.identity
        for run in asked.validations
        if run not in here and run not in known
    }
    return [f"run {run}, which counted by record {record}" for run, record in counted.items()]
