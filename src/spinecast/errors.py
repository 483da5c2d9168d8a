"""Errors a user can act on. Each says what happened, where, what was expected and what to do.

The command line prints them as they are and ends with status 2; anything else that reaches the user is a bug.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "AccountError",
    "ArtifactError",
    "AuditError",
    "CheckError",
    "CohortError",
    "ContractError",
    "DeclinedError",
    "DocumentError",
    "OutputError",
    "PromotionError",
    "QuestionError",
    "ServingError",
    "SpinecastError",
    "StudyError",
    "TrackingError",
    "nearest",
]


class SpinecastError(Exception):
    """Base of every error shown to a user.

    Parameters
    ----------
    what : str
        One sentence: what is wrong.
    where : str, optional
        File and line, row and column, key or field.
    expected : str, optional
        What would have been right, with unit and range where they apply.
    remedy : str, optional
        What to do next.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy
        parts = [what]
        if where:
            parts.append(f"  where:    {where}")
        if expected:
            parts.append(f"  expected: {expected}")
        if remedy:
            parts.append(f"  to do:    {remedy}")
        super().__init__("\n".join(parts))


class DocumentError(SpinecastError):
    """A file of settings or descriptions that cannot be used as written."""


class StudyError(DocumentError):
    """A study file that cannot be used as written."""


class ContractError(SpinecastError):
    """A table or a patient that breaks the cohort contract."""


class QuestionError(ContractError):
    """A question that a model of this kind, or of these levels or days, has no answer to.

    Parameters
    ----------
    asked : str
        Which part of the question: ``days``, ``minimum_hemoglobin`` or ``level``.
    what, expected, remedy
        As in `SpinecastError`.
    """

    def __init__(self, asked: str, what: str, *, expected: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, expected=expected, remedy=remedy)
        self.asked = asked


class DeclinedError(SpinecastError):
    """A patient of whom the study wants no risk given: too little is known, or nobody like them was studied."""


class CohortError(SpinecastError):
    """A cohort that cannot carry the study: empty, one outcome class, too few events, too short a follow-up."""


class CheckError(SpinecastError):
    """A coded check that found what makes the results wrong."""


class ArtifactError(SpinecastError):
    """A stored model that is missing, altered or of a format this version does not read."""


class PromotionError(SpinecastError):
    """A move of an alias that is not made: a gate refuses it, or there is nothing to move to."""


class AuditError(SpinecastError):
    """An audit log that is not there, not whole or not written: nothing is served without it."""


class AccountError(SpinecastError):
    """An account, a password, a role or a key that cannot be as asked."""


class OutputError(SpinecastError):
    """A place that cannot be written."""


class ServingError(SpinecastError):
    """A server that cannot start as asked, or somebody who may not do what they ask."""


class TrackingError(SpinecastError):
    """A run or a model that the tracking store does not hold."""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to a wrong one, or None when nothing is close."""
    matches = get_close_matches(wrong, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None
