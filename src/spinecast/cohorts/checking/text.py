"""What checking a file found, for a terminal: the findings, the units, what could not be checked, the proposal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from spinecast.cohorts.checking.check import FileCheck
from spinecast.cohorts.checking.findings import LISTED, FileFinding

__all__ = ["check_text", "summary_line"]

_WIDTH = 110


def summary_line(check: FileCheck) -> str:
    """Say in one line how many findings there are."""
    counts = [
        f"{check.count(severity)} {severity}{'' if check.count(severity) == 1 else 's'}"
        for severity in ("error", "warning", "note")
    ]
    return ", ".join(counts)


def check_text(check: FileCheck) -> str:
    """Write a check as text of at most 110 columns, gravest findings first."""
    return "\n".join(
        [
            *_heading(check),
            "",
            *_findings(check),
            *_variables(check),
            *_unchecked(check),
            *_proposal(check),
            *check.notices,
        ]
    )


def _heading(check: FileCheck) -> Iterator[str]:
    if check.synthetic:
        yield "SYNTHETIC"
    yield f"{check.name}: {check.rows:,} rows, {check.columns} columns, {len(check.variables)} read as variables" + (
        "" if check.mapped else " by their own names (no mapping given)"
    )
    if check.against is not None:
        yield f"against {check.against}: {check.against_rows:,} rows (compared only: check it on its own too)"
    yield summary_line(check)


def _findings(check: FileCheck) -> Iterator[str]:
    if not check.findings:
        yield "Nothing was found."
        yield ""
    for finding in check.findings:
        yield from _finding(finding)
        yield ""


def _finding(finding: FileFinding) -> Iterator[str]:
    yield f"{finding.severity:<8} {finding.code}  {finding.title}"
    lines = {
        "column": _printable(finding.column) if finding.column else "",
        "found": finding.finding,
        "such as": _listed(finding.examples),
        "rows": _rows(finding),
        "to do": finding.remedy,
    }
    for name, text in lines.items():
        if text:
            yield from _wrapped(name, text)


def _wrapped(name: str, text: str) -> list[str]:
    first, rest = f"  {name + ':':<10}", " " * 12
    return textwrap.wrap(
        _printable(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _listed(examples: Sequence[str]) -> str:
    more = f"; and {len(examples) - LISTED} more" if len(examples) > LISTED else ""
    return "; ".join(examples[:LISTED]) + more


def _rows(finding: FileFinding) -> str:
    if not finding.rows:
        return ""
    more = " and further ones" if finding.count > len(finding.rows) else ""
    return ", ".join(map(str, finding.rows)) + more + " (counted from 1 below the header)"


def _variables(check: FileCheck) -> Iterator[str]:
    if not check.variables:
        return
    rows = [("variable", "column", "unit", "known", "missing", "5%", "median", "95%")]
    for entry in check.variables:
        quantiles = entry.get("quantiles") or {}
        rows.append(
            (
                entry["variable"],
                _printable(entry["column"]) if entry["column"] != entry["variable"] else "=",
                f"{entry['unit'] or '-'}{'' if entry['unit_named'] else ' *'}" if "unit" in entry else "levels",
                f"{entry['known']:,}",
                f"{entry['missing'] / check.rows:.0%}",
                *(f"{quantiles[key]:.4g}" if quantiles else "" for key in ("p5", "p50", "p95")),
            )
        )
    widths = [min(44, max(len(row[place]) for row in rows)) for place in range(len(rows[0]))]
    yield "Variables as read (numbers as written; * the dictionary's unit, because none is named)"
    for row in rows:
        cells = (
            cell[:width].ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  " + "  ".join(cells).rstrip()
    yield ""


def _unchecked(check: FileCheck) -> Iterator[str]:
    passed = sum(outcome.outcome == "passed" for outcome in check.outcomes)
    yield f"{passed} of {len(check.outcomes)} checks passed."
    reasons: dict[str, list[str]] = {}
    for outcome in check.outcomes:
        if outcome.outcome == "not_applicable":
            reasons.setdefault(outcome.reason, []).append(outcome.code)
    for reason, codes in reasons.items():
        yield from _wrapped("not made", f"{', '.join(codes)}: {reason}")
    yield ""


def _proposal(check: FileCheck) -> Iterator[str]:
    if check.proposal is None:
        return
    yield "Proposed mapping (nothing was read by it):"
    yield ""
    yield check.proposal
    yield ""


def _printable(text: str) -> str:
    """Return text on one line, without characters that a terminal would obey."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
