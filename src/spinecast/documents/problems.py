"""What is wrong with a document and where it was written, as one error that lists it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spinecast.errors import DocumentError, nearest

__all__ = ["DocumentKind", "KeyPath", "Origin", "Place", "Problem", "did_you_mean", "dotted", "problems_error"]

KeyPath = tuple[str | int, ...]
"""Keys and list positions from the top of a document down to one value."""


@dataclass(frozen=True)
class DocumentKind:
    """What a kind of document is called and how it is refused.

    Parameters
    ----------
    noun : str
        What one is called in messages: ``study``, ``cohort recipe``.
    error : type of DocumentError
        The error of one that cannot be used as written.
    largest_bytes : int
        Documents are a few kilobytes; a table given by mistake is refused before it is parsed.
    override_example : str
        A change as ``--set`` takes it, shown to whoever writes one that changes nothing.
    kinds_elsewhere : mapping of str to str
        What to do about a ``kind`` that only another block of the document takes, in place of the nearest kind.
    """

    noun: str
    error: type[DocumentError]
    largest_bytes: int = 1_000_000
    override_example: str = "KEY=VALUE"
    kinds_elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a value was written (``file:line:column`` or ``--set a.b=c``) and, for a plain value, its text."""

    where: str
    text: str | None = None


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: the key it concerns, what is wrong, what would be right and what to do."""

    key: KeyPath
    what: str
    expected: str | None = None
    remedy: str | None = None


@dataclass(frozen=True)
class Origin:
    """Where a document was read. Origins are always equal: one document may be read in many places.

    Parameters
    ----------
    kind : DocumentKind
    file : str
        The file as the user named it; empty for a document that was never in one.
    folder : pathlib.Path
        Folder that relative paths inside the document start from.
    places : mapping of KeyPath to Place
        Where each key and list entry stands, in the order of the file.
    """

    kind: DocumentKind = field(compare=False)
    file: str = field(default="", compare=False)
    folder: Path = field(default=Path(), compare=False)
    places: Mapping[KeyPath, Place] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """What the document is called as a whole: its file if it has one."""
        return self.file or f"the {self.kind.noun}"

    def where(self, key: KeyPath) -> str:
        """Say where a key was written or, if it was not, the closest key above it that was."""
        above = (self.places.get(key[:length]) for length in range(len(key), -1, -1))
        return next((place.where for place in above if place), self.name)


def problems_error(problems: Iterable[Problem], origin: Origin) -> DocumentError:
    """Make one error, of the document's kind, of all problems, each with the place it was written at."""
    error, listed = origin.kind.error, list(dict.fromkeys(problems))
    if len(listed) == 1:
        only = listed[0]
        return error(only.what, where=origin.where(only.key), expected=only.expected, remedy=only.remedy)
    lines = [f"{origin.name} has {len(listed)} problems"]
    for problem in listed:
        lines.append(f"  {origin.where(problem.key)}: {problem.what}")
        lines += [f"      expected: {problem.expected}"] if problem.expected else []
        lines += [f"      to do:    {problem.remedy}"] if problem.remedy else []
    return error("\n".join(lines))


def dotted(key: KeyPath) -> str:
    """Write a key the way ``--set`` takes it: ``candidates.0.trials``."""
    return ".".join(str(step) for step in key)


def did_you_mean(wrong: str, known: Iterable[str]) -> str | None:
    """Phrase the nearest known name as a question; None when nothing is near."""
    close = nearest(wrong, known)
    return f"did you mean {close}?" if close else None
