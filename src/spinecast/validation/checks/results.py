"""What becomes of a check: found, not found, or not applicable with the reason; and all checks of one run together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from spinecast.errors import CheckError
from spinecast.validation.checks.kinds import Place, Severity
from spinecast.validation.checks.register import CHECKS

__all__ = ["Check", "Checklist", "NotApplicable", "NotFound", "Result", "stop_at_errors"]

Status = Literal["found", "not found", "not applicable"]


@dataclass(frozen=True)
class Check:
    """What one check found.

    Parameters
    ----------
    code : str
        A key of `CHECKS`.
    severity : {"error", "warning", "note"}
        An error makes the results wrong, a warning makes them doubtful, a note must be known to read them.
    finding : str
        What was found, with its numbers and names.
    remedy : str
        What to do.
    meaning : str
        What it means for someone who would trust the model, in words that need no statistics.
    variables : tuple of str
        Dictionary variables it is about; none when it is about the whole.
    title : str
        What is wrong, in a few words; that of the register where it is left out.
    """

    code: str
    severity: Severity
    finding: str
    remedy: str
    meaning: str = ""
    variables: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        if not self.title:
            object.__setattr__(self, "title", CHECKS[self.code].title)

    @property
    def status(self) -> Status:
        """That it was found."""
        return "found"

    @property
    def reason(self) -> str:
        """What was found."""
        return self.finding

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON-ready values."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "finding": self.finding,
            "remedy": self.remedy,
            "meaning": self.meaning,
            "variables": list(self.variables),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Check:
        """Rebuild a check from :meth:`to_dict`."""
        return cls(**{**value, "variables": tuple(value.get("variables", ()))})


@dataclass(frozen=True)
class NotFound:
    """A check that was made and found nothing.

    Parameters
    ----------
    code : str
    reason : str
        What was looked at, with its numbers.
    """

    code: str
    reason: str

    @property
    def title(self) -> str:
        """The title of the check."""
        return CHECKS[self.code].title

    @property
    def status(self) -> Status:
        """That it was not found."""
        return "not found"


@dataclass(frozen=True)
class NotApplicable:
    """A check that could not be made.

    Parameters
    ----------
    code : str
    reason : str
        Why.
    """

    code: str
    reason: str

    @property
    def title(self) -> str:
        """The title of the check."""
        return CHECKS[self.code].title

    @property
    def status(self) -> Status:
        """That it does not apply."""
        return "not applicable"


Result = Check | NotFound | NotApplicable


@dataclass(frozen=True)
class Checklist:
    """Every check that was considered in one run, and what became of it.

    Parameters
    ----------
    place : {"train", "validate", "update", "evaluate"}
        What ran.
    results : sequence of Result
        One for each check the register makes there, in any order.

    Raises
    ------
    ValueError
        If a check of the place is left out or made twice, or does not belong there: a mistake in the code that ran it.
    """

    place: Place
    results: Sequence[Result]

    def __post_init__(self) -> None:
        given = [result.code for result in self.results]
        wanted = [code for code, kind in CHECKS.items() if self.place in kind.places]
        if sorted(given) != wanted:
            raise ValueError(f"the checks of {self.place} are {', '.join(wanted)}, not {', '.join(sorted(given))}")
        object.__setattr__(self, "results", tuple(sorted(self.results, key=lambda result: result.code)))

    @property
    def found(self) -> tuple[Check, ...]:
        """What was found."""
        return tuple(result for result in self.results if isinstance(result, Check))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: ``checks``, those that found something, and ``checks_made``, the status of each."""
        return {
            "checks": [check.to_dict() for check in self.found],
            "checks_made": [
                {"code": one.code, "title": one.title, "status": one.status, "reason": one.reason}
                for one in self.results
            ],
        }


def stop_at_errors(results: Iterable[Result]) -> None:
    """End a run where a check found what makes its results wrong.

    Parameters
    ----------
    results : iterable of Result

    Raises
    ------
    CheckError
        One error for all of them, each with its code, finding and remedy.
    """
    errors = [result for result in results if isinstance(result, Check) and result.severity == "error"]
    if errors:
        named = " and ".join(dict.fromkeys(f"{error.code} {error.title}" for error in errors))
        codes = ", ".join(dict.fromkeys(error.code for error in errors))
        raise CheckError(
            f"stopped by a check: {named}",
            where="; ".join(error.finding for error in errors),
            expected="nothing of the kind; results would be wrong, so none are written",
            remedy=f"{'; '.join(error.remedy for error in errors)} (spinecast checks show {codes.split(', ')[0]})",
        )
