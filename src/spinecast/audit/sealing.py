"""A log and its seal taken together: gone through, and sealed anew where somebody answers for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from spinecast.audit.log import AuditLog
from spinecast.audit.reasons import required
from spinecast.audit.records import Draft, Record
from spinecast.audit.seal import NO_SEAL, Seal
from spinecast.audit.verification import Finding, Verification, verify
from spinecast.errors import AuditError

__all__ = ["seal_anew", "verify_log"]

_SAID_EVERY = 1000


def verify_log(log: AuditLog, *, passed: Callable[[int], None] | None = None) -> Verification:
    """Go through a log from its first record to its sealed head.

    A seal that is gone or was altered is a finding: nobody can tell then whether the end was cut off.

    Parameters
    ----------
    log : AuditLog
    passed : callable, optional
        Told now and then how many records were gone through.

    Raises
    ------
    AuditError
        If the log cannot be read.
    """
    seal, trouble = _seal_or_trouble(log)
    found = verify(log.records() if passed is None else _counted(log.records(), passed), seal)
    if seal is not None or not (found.records or trouble != NO_SEAL):
        return found
    last = max(1, found.records)
    finding = Finding(last, f"{trouble}: whether records were cut off after record {found.records} cannot be seen")
    return replace(found, findings=(*found.findings, finding), notes=())


def seal_anew(log: AuditLog, actor: str, reason: str) -> Record:
    """Seal a log's end as it stands, where its seal is lost or does not fit; that is recorded, with all that was found.

    The old seal is kept beside it, under the number of the record made here.

    Parameters
    ----------
    log : AuditLog
        Opened without looking at its head.
    actor, reason : str

    Raises
    ------
    AuditError
        If the seal fits, or no reason is given.
    """
    why = required(reason)
    seal, trouble = _seal_or_trouble(log)
    found = verify_log(log)
    try:
        log.require_sealed_head()
    except AuditError as error:
        trouble = error.what
    else:
        raise AuditError("the seal fits the log: nothing is to be sealed anew", where=str(log.places.seal))
    before = None if seal is None else {"log": seal.log, "sequence": seal.sequence, "hash": seal.hash}
    body = {"reason": why, "trouble": trouble, "before": before, "found": found.to_dict()}
    return log.transact(lambda _: [Draft("seal", actor, body)], seal_anew=True)[0]


def _counted(records: Iterable[Record], passed: Callable[[int], None]) -> Iterator[Record]:
    for count, record in enumerate(records, start=1):
        yield record
        if count % _SAID_EVERY == 0:
            passed(count)


def _seal_or_trouble(log: AuditLog) -> tuple[Seal | None, str]:
    try:
        return log.seal(), NO_SEAL
    except AuditError as error:
        return None, error.what
