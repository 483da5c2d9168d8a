"""Whose records somebody may see; one that they may not is as if it were not there."""

from __future__ import annotations

from spinecast.audit.log import AuditLog
from spinecast.audit.records import Record
from spinecast.serving.actors import Actor
from spinecast.serving.problems import Problem, or_problem

__all__ = ["require_record", "whose"]


def whose(actor: Actor) -> str | None:
    """Return whose records somebody may see: everybody's, or those of their own questions."""
    return None if actor.may("read_log") else actor.name


def require_record(log: AuditLog, number: int, actor: Actor, *, own: bool = False) -> Record:
    """Return a record that somebody may see.

    Parameters
    ----------
    log : AuditLog
    number : int
    actor : Actor
    own : bool
        Whether it has to be of a question of their own, whatever else they may see.

    Raises
    ------
    Problem
        404 if there is none, 503 if the log cannot be read.
    """
    found = or_problem(lambda: log.get(number))
    if found is None or ((own or whose(actor) is not None) and not actor.did(found.actor)):
        raise Problem(404, "not-found", f"there is no record {number}")
    return found
