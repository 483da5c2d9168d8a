"""One thread that appends for many: what came in while one commit was flushed goes into the next, together.

A flush to the disk takes as long for one record as for a hundred, so that waiting for each in turn would set the pace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLateError
from queue import Empty, Queue

from sqlalchemy import Connection

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Draft, Record
from spinecast.errors import AuditError, SpinecastError

__all__ = ["AuditWriter"]

_MOST_TOGETHER = 1024
_SECONDS = 15.0

Besides = Callable[[Connection], None]
_Waiting = tuple[tuple[Draft, ...], Besides | None, "Future[list[Record]]"]


class AuditWriter:
    """Appends on behalf of many threads.

    Parameters
    ----------
    log : AuditLog
        Nobody else in this process appends to it.
    """

    def __init__(self, log: AuditLog) -> None:
        self.log = log
        self._queue: Queue[_Waiting | None] = Queue()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    def record(self, drafts: Sequence[Draft]) -> list[Record]:
        """Append, and return when it is on the disk.

        Raises
        ------
        AuditError
            If it could not be recorded, or not in time.
        """
        return self._recorded(drafts, None)

    def record_with(self, drafts: Sequence[Draft], besides: Besides | None) -> list[Record]:
        """Append, and in the same transaction call ``besides(connection)``: both are on the disk, or neither.

        Without anything besides it is as :meth:`record`.

        Raises
        ------
        AuditError
            As :meth:`record`; whatever `besides` raises.
        """
        return self._recorded(drafts, besides)

    def _recorded(self, drafts: Sequence[Draft], besides: Besides | None) -> list[Record]:
        done: Future[list[Record]] = Future()
        self._queue.put((tuple(drafts), besides, done))
        try:
            return done.result(timeout=_SECONDS)
        except TooLateError as error:
            done.cancel()  # if it still waits it is not recorded: nobody will be told the answer
            raise AuditError(f"the audit log did not answer within {_SECONDS:g} seconds") from error

    def close(self) -> None:
        """Append what waits, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=_SECONDS)
        self.log.close()

    def _run(self) -> None:
        while True:
            together, last = self._gather()
            if together:
                self._append(together)
            if last:
                return

    def _gather(self) -> tuple[list[_Waiting], bool]:
        """Wait for somebody, then take whoever else already waits."""
        together: list[_Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            together.append(waiting)
            if sum(len(drafts) for drafts, *_ in together) >= _MOST_TOGETHER:
                return together, False
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return together, False
        return together, True

    def _append(self, together: Sequence[_Waiting]) -> None:
        together = [one for one in together if one[2].set_running_or_notify_cancel()]
        # What is done besides may fail, and then alone.
        self._append_all([one for one in together if one[1] is None], None)
        for one in together:
            if one[1] is not None:
                self._append_all([one], one[1])

    def _append_all(self, together: Sequence[_Waiting], besides: Besides | None) -> None:
        if not together:
            return
        try:
            made = self.log.append_with([draft for drafts, *_ in together for draft in drafts], besides)
        except SpinecastError as error:  # the log itself: it is the same for all
            for *_, done in together:
                done.set_exception(error)
            return
        except BaseException as error:  # whatever it was, nobody may be left waiting
            if len(together) == 1:
                together[0][2].set_exception(error)
                return
            for one in together:  # a draft that cannot be written is a matter of who brought it
                self._append_all([one], besides)
            return
        for drafts, _, done in together:
            done.set_result(made[: len(drafts)])
            made = made[len(drafts) :]
