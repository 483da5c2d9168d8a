"""The page of a checked file: what was found, what to do, and the columns concerned drawn. No patient is on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spinecast import __version__
from spinecast.clinical.variable import format_number
from spinecast.cohorts.checking import CHECKS, GROUPS, FileCheck, FileFinding, summary_line
from spinecast.cohorts.checking.pictures import Bins, Levels, Picture
from spinecast.errors import OutputError
from spinecast.files import ensure_writable_directory
from spinecast.notices import RESEARCH_USE, SYNTHETIC
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Banner,
    Block,
    Callout,
    CalloutKind,
    Code,
    Document,
    Facts,
    Figure,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.figures.distribution import levels_plot, numbers_plot
from spinecast.reporting.html import render_html

__all__ = ["build_page", "require_page", "write_page"]

MOST_DRAWN = 24
"""Columns drawn; the others are in the tables."""
MOST_EXAMPLES = 25

BANNER = Banner(
    RESEARCH_USE,
    "A check looks at how data are written and where they contradict themselves. It cannot say that they are right.",
)
MARK = Banner(SYNTHETIC, "Nothing in this section is about patients.")
_TONES: dict[str, CalloutKind] = {"error": "serious", "warning": "warning", "note": "note"}
_OUTCOMES = {"found": "found", "passed": "passed", "not_applicable": "not made"}


def require_page(path: Path, inputs: Sequence[Path]) -> None:
    """Refuse a place for the page before any work is done.

    Raises
    ------
    OutputError
        If it is no name of a page, a folder, one of the files that are read, or cannot be written.
    """
    if path.suffix.casefold() not in (".html", ".htm"):
        raise OutputError(f"{path} is no name of a page", where=str(path), expected="a name that ends in .html")
    if path.is_dir():
        raise OutputError(f"{path} is a folder", where=str(path), expected="the name of a file")
    if any(path.resolve() == other.resolve() for other in inputs):
        raise OutputError(f"{path} is a file that is read", where=str(path), remedy="name another file for the page")
    ensure_writable_directory(path.parent)


def write_page(check: FileCheck) -> str:
    """Render a checked file as one self-contained HTML page; equal checks give equal pages."""
    return render_html(build_page(check))


def build_page(check: FileCheck) -> Document:
    """Lay out the page of a checked file.

    Parameters
    ----------
    check : FileCheck

    Returns
    -------
    Document
        It names columns, counts, column-level examples and row numbers; no identifier and no row of a patient.
    """
    sections = [_summary(check), *_groups(check), _columns(check), *_drawings(check), *_proposal(check), _made(check)]
    against = (
        f"{fmt.plain(check.against)}, {fmt.integer(check.against_rows)} rows" if check.against else "no other file"
    )
    return Document(
        title=f"Check of {fmt.plain(check.name)}",
        subtitle="A file of patients before anything is trained on it",
        banner=BANNER,
        sections=tuple(sections),
        meta=(
            ("File", fmt.plain(check.name)),
            ("Size", f"{fmt.integer(check.rows)} rows, {fmt.integer(check.columns)} columns"),
            ("Read as variables", fmt.integer(len(check.variables))),
            ("Mapping", "given" if check.mapped else "none: columns are read by their own names"),
            ("Compared with", against),
            ("spinecast", __version__),
        ),
        mark=MARK if check.synthetic else None,
    )


def _summary(check: FileCheck) -> Section:
    texts = {
        "error": ("Errors", "must be mended or answered first"),
        "warning": ("Warnings", "look at them; they may be right"),
        "note": ("Notes", "know them when reading results"),
    }
    tiles = tuple(
        KeyFigure(label, fmt.integer(sum(finding.severity == severity for finding in check.findings)), note, "")
        for severity, (label, note) in texts.items()
    )
    if check.has_errors:
        verdict = f"The file is not ready: {summary_line(check)}."
    elif check.findings:
        verdict = (
            f"No errors; {fmt.plural(check.count('warning'), 'warning')}, {fmt.plural(check.count('note'), 'note')}."
        )
    else:
        verdict = "Nothing was found."
    blocks: list[Block] = [Paragraph(verdict, lead=True), KeyFigures(tiles)]
    if check.findings:
        rows = tuple(
            Row(
                (finding.code, finding.title, _about(finding), finding.severity, _count(finding)),
                strong=finding.severity == "error",
            )
            for finding in check.findings
        )
        header = ("Code", "What", "Column", "Severity", "Concerned")
        blocks.append(Table("What was found, gravest first", header, rows, numeric=(4,)))
    return Section("summary", "Summary", tuple(blocks))


def _about(finding: FileFinding) -> str:
    if finding.column is None:
        return finding.variable or "–"
    column = fmt.plain(finding.column)
    return f"{column} ({finding.variable})" if finding.variable not in (None, finding.column) else column


def _count(finding: FileFinding) -> str:
    if not finding.count:
        return "–"
    return fmt.n_of_n(finding.count, finding.of) if finding.of else fmt.integer(finding.count)


def _groups(check: FileCheck) -> Iterator[Section]:
    for group, title in GROUPS.items():
        found = [finding for finding in check.findings if CHECKS[finding.code].group == group]
        if found:
            yield Section(
                f"group-{group.replace('_', '-')}", title, tuple(block for one in found for block in _blocks(one))
            )


def _blocks(finding: FileFinding) -> Iterator[Block]:
    where = f": {_about(finding)}" if finding.column or finding.variable else ""
    yield Callout(_TONES[finding.severity], f"{finding.code} {finding.title}{where}", _sentence(finding.finding))
    facts = [("What to do", _sentence(finding.remedy))]
    if finding.examples:
        shown = "; ".join(fmt.plain(example) for example in finding.examples[:MOST_EXAMPLES])
        more = len(finding.examples) - MOST_EXAMPLES
        facts.append(("Such as", f"{shown}; and {fmt.integer(more)} more" if more > 0 else shown))
    if finding.rows:
        rows = ", ".join(fmt.integer(number) for number in finding.rows)
        more_rows = " and further ones" if finding.count > len(finding.rows) else ""
        facts.append(("Rows", f"{rows}{more_rows}, counted from 1 below the header"))
    yield Facts(tuple(facts))


def _sentence(text: str) -> str:
    """Begin with a capital letter, unless the first word is the name of a variable or column."""
    return fmt.plain(text) if "_" in text.partition(" ")[0] else fmt.sentence(text)


def _columns(check: FileCheck) -> Section:
    if not check.variables:
        return Section("columns-read", "Columns as read", (Paragraph("No column is read as a variable."),))
    rows = []
    for entry in check.variables:
        quantiles = entry.get("quantiles")
        middle = " / ".join(format_number(quantiles[key]) for key in ("p5", "p50", "p95")) if quantiles else "–"
        unit = (
            "levels"
            if "levels" in entry
            else f"{fmt.plain(entry['unit']) or 'none'}{'' if entry['unit_named'] else ' (not named)'}"
        )
        rows.append(
            Row(
                (
                    entry["variable"],
                    fmt.plain(entry["column"]),
                    unit,
                    fmt.n_of_n(entry["missing"], check.rows),
                    fmt.integer(entry["unreadable"] + entry["impossible"]),
                    middle,
                )
            )
        )
    read = Table(
        "Columns as read",
        ("Variable", "Column", "Unit", "Missing", "Refused", "5% / median / 95%"),
        tuple(rows),
        notes=(
            "Numbers as written. A unit that is not named is the dictionary's.",
            "Refused: unreadable or impossible.",
        ),
        numeric=(3, 4, 5),
    )
    return Section("columns-read", "Columns as read", (read, *_units(check)))


def _units(check: FileCheck) -> Iterator[Block]:
    rows = [
        Row(
            (
                entry["variable"],
                fmt.plain(unit["unit"]) or "none",
                fmt.percentage(unit["plausible"]),
                fmt.percentage(unit["possible"]),
            )
        )
        for entry in check.variables
        for unit in entry.get("units", ())
        if len(entry["units"]) > 1 and entry["quantiles"]
    ]
    if rows:
        yield Table(
            "What share of the numbers each unit would make plausible and possible",
            ("Variable", "Unit", "Plausible", "Possible"),
            tuple(rows),
            notes=("Units equal in size stand once. A unit fits from 80% plausible on.",),
            numeric=(2, 3),
        )


def _drawings(check: FileCheck) -> Iterator[Section]:
    if not check.pictures:
        return
    figures: list[Block] = [_figure(picture, check) for picture in check.pictures[:MOST_DRAWN]]
    if len(check.pictures) > MOST_DRAWN:
        text = f"{fmt.plural(len(check.pictures) - MOST_DRAWN, 'further column')} with findings not drawn."
        figures.append(Paragraph(text))
    yield Section("drawings", "Columns with errors or warnings, drawn", tuple(figures))


def _figure(picture: Picture, check: FileCheck) -> Figure:
    codes = sorted({finding.code for finding in check.findings if finding.variable == picture.variable})
    key = f"column-{picture.variable.replace('_', '-')}"
    title = f"{picture.label} (column {fmt.plain(picture.column)}): {', '.join(codes)}"
    sized = f"{fmt.integer(picture.known)} usable values; missing: {fmt.n_of_n(picture.missing, picture.total)}"
    shown = picture.shown
    if isinstance(shown, Levels):
        return Figure(
            key,
            title,
            levels_plot(shown, key, other=check.against),
            f"Shares of the levels; {sized}."
            + (f" Left out: {fmt.integer(shown.unknown)} unknown." if shown.unknown else ""),
            f"Bars of {len(shown.labels)} levels of {picture.label}; the table holds the counts.",
            _level_table(shown, check.against),
        )
    return Figure(
        key,
        title,
        numbers_plot(shown, key, other=check.against),
        f"Numbers as written; {sized}. Above, the plausible range of each accepted unit; dashed, of the declared one.",
        f"Histogram of {picture.label} with the plausible ranges of its units; the table holds the counts.",
        _bin_table(shown, check.against),
    )


def _level_table(levels: Levels, other: str | None) -> Table:
    theirs = levels.other_counts if other is not None else None
    rows = [
        Row((label, fmt.integer(count), *((fmt.integer(theirs[place]),) if theirs is not None else ())))
        for place, (label, count) in enumerate(zip(levels.labels, levels.counts, strict=True))
    ]
    header = ("Level", "This file", *((fmt.plain(other),) if theirs is not None else ()))
    return Table("Cells by level", header, tuple(rows), numeric=tuple(range(1, len(header))))


def _bin_table(bins: Bins, other: str | None) -> Table:
    theirs = bins.other_counts if other is not None else None
    rows = [
        Row(
            (
                f"{fmt.significant(low)} to {fmt.significant(high)}",
                fmt.integer(count),
                *((fmt.integer(theirs[place]),) if theirs is not None else ()),
            )
        )
        for place, (low, high, count) in enumerate(zip(bins.edges[:-1], bins.edges[1:], bins.counts, strict=True))
    ]
    rows += [
        Row((text, fmt.integer(count), *(("–",) if theirs is not None else ())))
        for text, count in (("below the first", bins.below), ("above the last", bins.above))
        if count
    ]
    header = (
        f"From, up to ({fmt.plain(bins.unit) or 'no unit'})",
        "This file",
        *((fmt.plain(other),) if theirs is not None else ()),
    )
    return Table("Numbers by bin", header, tuple(rows), numeric=tuple(range(1, len(header))))


def _proposal(check: FileCheck) -> Iterator[Section]:
    if check.proposal is None:
        return
    text = Paragraph(
        "Columns that are not read and whose headers mean a variable of the dictionary. Nothing was read by this; look "
        "through it, complete it and name it with --mapping. What stands under columns can be pasted into a study."
    )
    yield Section("proposal", "A mapping to start from", (text, Code(check.proposal, "Proposed mapping")))


def _made(check: FileCheck) -> Section:
    rows = tuple(
        Row((outcome.code, outcome.title, _OUTCOMES[outcome.outcome], fmt.sentence(outcome.reason) or "–"))
        for outcome in check.outcomes
    )
    table = Table("Every check, and what became of it", ("Code", "Looks for", "Outcome", "Why not made"), rows)
    return Section("checks-made", "Checks made", (table,))
