"""Why something is done to a log."""

from __future__ import annotations

from spinecast.errors import AuditError

__all__ = ["required"]


def required(reason: str) -> str:
    """Return a reason in one line: lists show it as one, and a line of its own could pass for another's.

    Raises
    ------
    AuditError
        If it says nothing.
    """
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in reason).split())
    if not line:
        raise AuditError("a reason is needed", expected="why, in a sentence that the log keeps")
    return line
