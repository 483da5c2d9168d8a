"""Checking a file: every check in order, and what they found together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from spinecast.cohorts.checking.column_checks import column_results
from spinecast.cohorts.checking.comparison import comparison_results
from spinecast.cohorts.checking.date_checks import date_results
from spinecast.cohorts.checking.date_reading import read_dates
from spinecast.cohorts.checking.fill_in_checks import fill_in_results
from spinecast.cohorts.checking.findings import CHECKS, FileFinding, NotApplicable, Result, Severity
from spinecast.cohorts.checking.mapping import FileMapping, load_mapping
from spinecast.cohorts.checking.missing_checks import missing_results, outcome_results
from spinecast.cohorts.checking.people_checks import people_results
from spinecast.cohorts.checking.pictures import Picture, pictures
from spinecast.cohorts.checking.proposals import proposal_text, propose
from spinecast.cohorts.checking.reading import MappedTable, ReadColumn, read_file
from spinecast.cohorts.checking.shared_people import shared_people_results
from spinecast.cohorts.checking.unit_checks import unit_results
from spinecast.cohorts.checking.unit_shares import unit_shares
from spinecast.cohorts.checking.value_checks import value_results
from spinecast.cohorts.describing.by_outcome import SMALLEST_SHOWN
from spinecast.notices import RESEARCH_USE, SYNTHETIC

__all__ = ["CheckOutcome", "FileCheck", "check_file", "check_table"]

_GRAVEST: tuple[Severity, ...] = ("error", "warning", "note")
Progress = Callable[[str], None]


def _silent(_said: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class CheckOutcome:
    """What became of one check.

    Parameters
    ----------
    code, title : str
    outcome : {"found", "passed", "not_applicable"}
    reason : str
        Why it was not applicable; empty otherwise.
    """

    code: str
    title: str
    outcome: Literal["found", "passed", "not_applicable"]
    reason: str = ""


@dataclass(frozen=True)
class FileCheck:
    """Everything that checking a file found.

    Parameters
    ----------
    name : str
        The file's name.
    rows, columns : int
        Its size.
    synthetic : bool
        Whether it, or the other file, holds made-up patients.
    mapped : bool
        Whether a mapping was given.
    against : str, optional
        Name of the other file.
    against_rows : int, optional
    findings : tuple of FileFinding
        Gravest first, then by code.
    outcomes : tuple of CheckOutcome
        One a check, in the order of `CHECKS`.
    variables : tuple of dict
        One for each variable read: column, unit, known, missing, quantiles, shares by unit or counts by level.
    proposal : str, optional
        A mapping for columns that are not read, ready to paste.
    pictures : tuple of Picture
    """

    name: str
    rows: int
    columns: int
    synthetic: bool
    mapped: bool
    against: str | None
    against_rows: int | None
    findings: tuple[FileFinding, ...]
    outcomes: tuple[CheckOutcome, ...]
    variables: tuple[dict[str, Any], ...]
    proposal: str | None
    pictures: tuple[Picture, ...]

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def has_errors(self) -> bool:
        """Whether something must be mended or answered before anything is trained."""
        return self.count("error") > 0

    @property
    def notices(self) -> tuple[str, ...]:
        """What every surface says."""
        return (RESEARCH_USE, SYNTHETIC) if self.synthetic else (RESEARCH_USE,)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; no patient identifier is among them."""
        return {
            "kind": "cohort check",
            "notices": list(self.notices),
            "synthetic": self.synthetic,
            "file": {"name": self.name, "rows": self.rows, "columns": self.columns, "mapping_given": self.mapped},
            "against": None if self.against is None else {"name": self.against, "rows": self.against_rows},
            "summary": {f"{severity}s": self.count(severity) for severity in _GRAVEST},
            "findings": [finding.to_dict() for finding in self.findings],
            "checks": [
                {"code": o.code, "title": o.title, "outcome": o.outcome, "reason": o.reason or None}
                for o in self.outcomes
            ],
            "variables": list(self.variables),
            "proposed_mapping": self.proposal,
            "distributions": [picture.to_dict() for picture in self.pictures],
        }


def check_file(
    path: Path,
    mapping: Path | None = None,
    against: Path | None = None,
    against_mapping: Path | None = None,
    *,
    today: date | None = None,
    progress: Progress = _silent,
) -> FileCheck:
    """Check a file of patients before anything is trained on it.

    Parameters
    ----------
    path : Path
        CSV or Parquet.
    mapping : Path, optional
        Its column mapping. Without one, columns that bear a variable's own name are read and others are proposed.
    against, against_mapping : Path, optional
        Another file to compare it with, and its mapping.
    today : date, optional
        No date lies after it; the day of the call when left out.
    progress : callable, optional
        Told what is being done.

    Raises
    ------
    CohortError, ContractError
        If a file cannot be read as a table or holds no patient.
    DocumentError
        If a mapping cannot be used as written.
    """
    maps = [FileMapping() if place is None else load_mapping(place) for place in (mapping, against_mapping)]
    table = read_file(path, maps[0], progress)
    other = None if against is None else read_file(against, maps[1], progress)
    return check_table(table, other, today=today, progress=progress)


def check_table(
    table: MappedTable, other: MappedTable | None = None, *, today: date | None = None, progress: Progress = _silent
) -> FileCheck:
    """Check a table that is read, as `check_file` does."""
    if other is not None:
        table, other = table.withholding(other.known_identifiers), other.withholding(table.known_identifiers)
    proposals = propose(table)
    results = list(_results(table, other, today or date.today(), progress))
    results = [*column_results(table, proposals, other), *results]
    found = [result for result in results if isinstance(result, FileFinding)]
    findings = tuple(sorted(found, key=lambda finding: (_GRAVEST.index(finding.severity), finding.code)))
    progress("drawing up what was found")
    return FileCheck(
        name=table.name,
        rows=len(table),
        columns=len(table.headers),
        synthetic=table.synthetic or (other is not None and other.synthetic),
        mapped=table.mapping.given,
        against=None if other is None else other.name,
        against_rows=None if other is None else len(other),
        findings=findings,
        outcomes=tuple(_outcomes(results, other is not None)),
        variables=tuple(_described(column) for column in table.columns.values()),
        proposal=proposal_text(table, proposals),
        pictures=pictures(table, other, findings),
    )


def _results(table: MappedTable, other: MappedTable | None, today: date, progress: Progress) -> Iterator[Result]:
    progress("checking units and values")
    yield from unit_results(table)
    yield from value_results(table)
    yield from fill_in_results(table)
    progress("checking dates")
    dates, measured = read_dates(table)
    yield from date_results(table, dates, measured, today)
    progress("checking missing values and outcomes")
    yield from missing_results(table)
    yield from outcome_results(table)
    progress("looking for people who stand twice")
    days = {key: column.days for key, column in dates.items()}
    yield from people_results(table, days)
    if other is None:
        return
    progress(f"comparing with {other.name}")
    other_days = {key: column.days for key, column in read_dates(other)[0].items()}
    yield from shared_people_results(table, other, days, other_days)
    yield from comparison_results(table, other)


def _outcomes(results: list[Result], compared: bool) -> Iterator[CheckOutcome]:
    found = Counter(result.code for result in results if isinstance(result, FileFinding))
    reasons = {result.code: result.reason for result in results if isinstance(result, NotApplicable)}
    for code, kind in CHECKS.items():
        if kind.group == "files" and not compared:
            yield CheckOutcome(code, kind.title, "not_applicable", "no other file is given with --against")
        elif found[code]:
            yield CheckOutcome(code, kind.title, "found")
        elif code in reasons:
            yield CheckOutcome(code, kind.title, "not_applicable", reasons[code])
        else:
            yield CheckOutcome(code, kind.title, "passed")


def _described(column: ReadColumn) -> dict[str, Any]:
    """Describe one variable by counts and quantiles; quantiles beyond the 5th and 95th could be one patient's."""
    entry = column.entry
    common: dict[str, Any] = {
        "variable": column.name,
        "label": entry.label,
        "column": column.rule.column,
        "known": column.known.n,
        "missing": column.missing,
        "unreadable": column.count(column.broken),
        "impossible": column.count(column.impossible),
    }
    if entry.is_levelled:
        counts = dict(zip(column.known.values.astype(int).tolist(), column.known.counts.tolist(), strict=True))
        return {**common, "levels": {level.value: counts.get(i, 0) for i, level in enumerate(entry.levels)}}
    numbers = column.numbers
    quantiles = {f"p{100 * share:.0f}": numbers.quantile(share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)}
    return {
        **common,
        "unit": entry.conversion(column.rule.unit).unit.symbol,
        "unit_named": column.rule.unit is not None or len(entry.conversions()) == 1,
        "quantiles": quantiles if numbers.n >= SMALLEST_SHOWN else None,
        "units": [
            {"unit": share.symbol, "plausible": share.plausible, "possible": share.possible}
            for share in unit_shares(entry, numbers)
        ],
    }
