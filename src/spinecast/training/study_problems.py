"""What is wrong with a study and where it was written, as one error that lists it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spinecast.errors import StudyError, nearest

__all__ = ["KeyPath", "Place", "Problem", "StudyOrigin", "did_you_mean", "dotted", "study_error"]

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a study down to one value."""


@dataclass(frozen=True)
class Place:
    """Where a value was written (``file:line:column`` or ``--set a.b=c``) and, for a plain value, its text."""

    where: str
    text: str | None = None


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a study: the key it concerns, what is wrong, what would be right and what to do."""

    key: KeyPath
    what: str
    expected: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class StudyOrigin:
    """Where a study was read. Origins are always equal: one study may be read in many places."""

    file: str = field(default="the study", compare=False)
    folder: Path = field(default=Path(), compare=False)
    places: Mapping[KeyPath, Place] = field(default_factory=dict, compare=False)

    def where(self, key: KeyPath) -> str:
        """Say where a key was written or, if it was not, the closest key above it that was."""
        above = (self.places.get(key[:length]) for length in range(len(key), -1, -1))
        return next((place.where for place in above if place), self.file)


def study_error(problems: Iterable[Problem], origin: StudyOrigin) -> StudyError:
    """Make one error of all problems, each with the place it was written at."""
    listed = list(dict.fromkeys(problems))
    if len(listed) == 1:
        only = listed[0]
        return StudyError(only.what, where=origin.where(only.key), expected=only.expected, remedy=only.remedy)
    lines = [f"{origin.file} has {len(listed)} problems"]
    for problem in listed:
        lines.append(f"  {origin.where(problem.key)}: {problem.what}")
        lines += [f"      expected: {problem.expected}"] if problem.expected else []
        lines += [f"      to do:    {problem.remedy}"] if problem.remedy else []
    return StudyError("\n".join(lines))


def dotted(key: KeyPath) -> str:
    """Write a key the way ``--set`` takes it: ``candidates.0.trials``."""
    return ".".join(str(step) for step in key)


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """Phrase the nearest known name as a question; None when nothing is near."""
    close = nearest(wrong, known)
    return f"did you mean {close}?" if close else None
