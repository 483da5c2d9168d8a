"""Going through the whole chain while the server goes on: one walk at a time, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinecast.audit.log import AuditLog
from spinecast.audit.reading import AlteredRecordError, Append, unaltered
from spinecast.audit.records import Draft, Record, now_text
from spinecast.audit.sealing import verify_log
from spinecast.errors import SpinecastError
from spinecast.serving.problems import LOGGER, place_of

__all__ = ["VERIFICATION", "LastWalk", "Standing", "Verifier"]

VERIFICATION = "verification"
"""Kind of the record that says what going through the log found."""
_MOST_LOOKED_AT = 20


@dataclass(frozen=True)
class Standing:
    """How far going through the log has come.

    Parameters
    ----------
    running : bool
    began_at : str
        Empty if it was not gone through since the server began.
    passed : int
        Records gone through.
    trouble : str
        Why it came to no end; empty otherwise.
    """

    running: bool = False
    began_at: str = ""
    passed: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class LastWalk:
    """What records say of the last time the log was gone through.

    Parameters
    ----------
    record : Record or None
        The newest that is as it was written and still holds what was found; None where there is none.
    altered : tuple of int
        Newer ones that were altered: what they said is not known, and neither is why somebody altered them.
    erased : tuple of int
        Newer ones whose content was erased.
    """

    record: Record | None
    altered: tuple[int, ...] = ()
    erased: tuple[int, ...] = ()

    @property
    def found(self) -> Mapping[str, Any]:
        """What the record says; empty without one."""
        return (self.record.body if self.record is not None else None) or {}


class Verifier:
    """Goes through a log when told to, and records what it found.

    Parameters
    ----------
    log : AuditLog
    append : callable
        As in `spinecast.audit.reading`.
    """

    def __init__(self, log: AuditLog, append: Append) -> None:
        self._log = log
        self._append = append
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._standing = Standing()

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self._standing

    def start(self, actor: str, wait: float) -> None:
        """Begin, unless a walk is under way, and wait for its end some seconds: of most logs no longer is needed.

        Parameters
        ----------
        actor : str
            Who wants it, as the log keeps them.
        wait : float
            Seconds.
        """
        with self._lock:
            if not self._standing.running:
                self._standing = Standing(running=True, began_at=now_text())
                self._thread = threading.Thread(target=self._run, args=(actor,), name="audit-verify", daemon=True)
                self._thread.start()
            thread = self._thread
        assert thread is not None
        thread.join(wait)

    def last(self) -> LastWalk:
        """Return the last walk whose record can be believed, and which newer ones cannot."""
        altered: list[int] = []
        erased: list[int] = []
        for one in self._log.find(kind=VERIFICATION, limit=_MOST_LOOKED_AT):
            try:
                record = unaltered(self._log, one.sequence)
            except AlteredRecordError:
                altered.append(one.sequence)
                continue
            if record.body is not None:
                return LastWalk(record, tuple(altered), tuple(erased))
            erased.append(one.sequence)
        return LastWalk(None, tuple(altered), tuple(erased))

    def _run(self, actor: str) -> None:
        began, trouble = self._standing.began_at, ""
        try:
            found = verify_log(self._log, passed=lambda count: self._note(began, count))
            self._append([Draft(VERIFICATION, actor, {"began_at": began, **found.to_dict()})])
        except SpinecastError as error:
            trouble = error.what
        except Exception as error:  # a defect of ours would end the thread unseen, and the page would wait for ever
            LOGGER.error("defect while the audit log was gone through: %s", place_of(error))
            trouble = f"{type(error).__name__}, a defect of spinecast"
        self._standing = Standing(False, began, self._standing.passed, trouble)

    def _note(self, began: str, count: int) -> None:
        self._standing = Standing(True, began, count)
