"""Why something is done to a log."""

from __future__ import annotations

from spinecast.errors import AuditError

__all__ = ["required"]


def required(reason: str) -> str:
    """Return a reason without the spaces around it.

    Raises
    ------
    AuditError
        If it says nothing.
    """
    if not reason.strip():
        raise AuditError("a reason is needed", expected="why, in a sentence that the log keeps")
    return reason.strip()
