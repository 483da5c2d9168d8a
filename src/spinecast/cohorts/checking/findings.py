"""What checking a file finds: coded kinds of finding, each with its title; one finding with its count and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHECKS",
    "GROUPS",
    "LISTED",
    "SHOWN",
    "CheckKind",
    "FileFinding",
    "NotApplicable",
    "Result",
    "Severity",
    "first_rows",
]

Severity = Literal["error", "warning", "note"]
Group = Literal["columns", "units", "values", "fill_ins", "people", "dates", "missing", "outcomes", "files"]

SHOWN = 5
"""Rows and examples given with a finding; its count says how many there are."""
LISTED = 3 * SHOWN
"""Column-level examples that are written out where a finding is read."""

GROUPS: Mapping[Group, str] = MappingProxyType(
    {
        "columns": "Columns",
        "units": "Units",
        "values": "Values",
        "fill_ins": "Values that look like fill-ins",
        "people": "People within the file",
        "dates": "Dates and times",
        "missing": "Missing values",
        "outcomes": "Outcomes",
        "files": "The file against another",
    }
)


@dataclass(frozen=True)
class CheckKind:
    """One kind of finding.

    Parameters
    ----------
    code : str
        ``CC001`` and so on; never reused.
    title : str
        What is wrong, in a few words.
    group : str
        The part of the page it stands in, a key of `GROUPS`.
    """

    code: str
    title: str
    group: Group


def _kinds(group: Group, **titles: str) -> tuple[CheckKind, ...]:
    return tuple(CheckKind(code, title, group) for code, title in titles.items())


CHECKS: Mapping[str, CheckKind] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            *_kinds(
                "columns",
                CC001="Columns that look like variables and are not read",
                CC002="Columns that match no variable",
                CC003="A column or a variable taken twice",
                CC004="Columns of the mapping that the file does not have",
                CC005="A variable's column repeats the patient identifiers",
                CC006="No column is read as a variable",
            ),
            *_kinds(
                "units",
                CC010="The unit does not fit the values, another does",
                CC011="More than one unit fits the values",
                CC012="No accepted unit fits the values",
                CC013="Mixed units in one column",
            ),
            *_kinds(
                "values",
                CC020="Impossible values",
                CC021="Implausible values",
                CC022="Text in a number",
                CC023="Commas in numbers",
                CC024="Unknown levels",
                CC025="A derived value contradicts what it follows from",
            ),
            *_kinds(
                "fill_ins",
                CC030="One value is improbably frequent",
                CC031="The mean or median stands in for missing values",
                CC032="Codes that look like missing values",
                CC033="The column never varies",
                CC034="Digit preference",
            ),
            *_kinds(
                "people",
                CC040="Patients without an identifier",
                CC041="An identifier stands twice",
                CC042="The same person under two identifiers",
                CC043="Patients without a group",
            ),
            *_kinds(
                "dates",
                CC050="Dates that cannot be read",
                CC051="Day and month cannot be told apart",
                CC052="Dates out of order",
                CC053="Dates in the future",
                CC054="Times before the start",
                CC055="Follow-up disagrees with the dates",
                CC056="Outcomes dated before the index date",
                CC057="Predictors measured after the index date",
                CC058="Age disagrees with the dates",
                CC059="Death disagrees with the date of death",
            ),
            *_kinds(
                "missing",
                CC060="Columns without a usable value",
                CC061="Columns with half or more missing",
                CC062="Patients of whom almost nothing is recorded",
                CC063="Missingness that tells the outcome",
            ),
            *_kinds("outcomes", CC070="Few events"),
            *_kinds(
                "files",
                CC080="People who stand in both files",
                CC081="Identifiers that stand in both files",
                CC082="One file is made from the other",
                CC083="Levels written differently",
                CC084="Coding reversed or moved",
                CC085="Units differ between the files",
                CC086="Distributions differ",
                CC087="Missingness differs",
                CC088="Variables that only one file has",
            ),
        )
    }
)


@dataclass(frozen=True)
class FileFinding:
    """What one check found in one place.

    Parameters
    ----------
    code : str
        A key of `CHECKS`.
    severity : {"error", "warning", "note"}
        An error must be mended or answered before anything is trained; a warning may be; a note must be known.
    finding : str
        What was found, in a sentence without patient identifiers.
    remedy : str
        What to do.
    column : str, optional
        The column as the file names it.
    variable : str, optional
        Its variable.
    count, of : int
        How many cells, rows, columns or pairs are concerned, of how many looked at; 0 where nothing is counted.
    rows : tuple of int
        The first few rows concerned, counted from 1 below the header.
    examples : tuple of str
        Column-level examples: values with their counts, names of columns. Never an identifier.
    """

    code: str
    severity: Severity
    finding: str
    remedy: str
    column: str | None = None
    variable: str | None = None
    count: int = 0
    of: int = 0
    rows: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CHECKS:
            raise ValueError(f"there is no check {self.code!r}")

    @property
    def title(self) -> str:
        """The title of its kind."""
        return CHECKS[self.code].title

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "code": self.code,
            "title": self.title,
            "severity": self.severity,
            "column": self.column,
            "variable": self.variable,
            "finding": self.finding,
            "count": self.count,
            "of": self.of,
            "rows": list(self.rows),
            "examples": list(self.examples),
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class NotApplicable:
    """Why a check could not be made at all."""

    code: str
    reason: str

    def __post_init__(self) -> None:
        if self.code not in CHECKS:
            raise ValueError(f"there is no check {self.code!r}")


Result = FileFinding | NotApplicable


def first_rows(marked: NDArray[np.bool_]) -> tuple[int, ...]:
    """Return the numbers of the first few marked rows, counted from 1; `marked` has shape (n,)."""
    return tuple(int(position) + 1 for position in np.flatnonzero(marked)[:SHOWN])
