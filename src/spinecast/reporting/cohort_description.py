"""The page that describes a cohort: table one, differences between groups, missing values. No patient is on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spinecast import __version__
from spinecast.cohorts.cohort import Cohort
from spinecast.cohorts.describing import WITHHELD, GroupDescription, TableEntry, column_names, count_text, shown_rows
from spinecast.cohorts.standardised_differences import NOTICEABLE
from spinecast.notices import RESEARCH_USE
from spinecast.reporting import formatting as fmt
from spinecast.reporting.document import (
    Banner,
    Block,
    Bullets,
    Document,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Row,
    Section,
    Table,
)
from spinecast.reporting.figures.groups import (
    DifferenceRow,
    MissingRow,
    PatternColumn,
    difference_plot,
    missing_plot,
    pattern_plot,
)
from spinecast.reporting.html import render_html
from spinecast.reporting.marks import SYNTHETIC_MARK

__all__ = ["attrition_table", "build_description", "cohort_facts", "render_description"]

BANNER = Banner(
    RESEARCH_USE,
    "A table of means and counts describes people. That groups differ says nothing of why.",
)

_DOMAINS = {"vital_sign": "Vital signs", "outcome": "Outcomes", "comparator": "Predictions of other models"}
# What happened after the prediction is no imbalance between groups made before it.
_LATER = ("outcome", "after_prediction")
_MOST_GROUPS_DRAWN = 5
_MOST_PATTERN_ROWS = 28
_MOST_ROWS_DRAWN = 80


def render_description(description: GroupDescription) -> str:
    """Render a description as one self-contained HTML page; equal descriptions give equal pages."""
    return render_html(build_description(description))


def build_description(description: GroupDescription) -> Document:
    """Lay out the page of a described cohort.

    Parameters
    ----------
    description : GroupDescription

    Returns
    -------
    Document
    """
    cohort = description.cohort
    sections = [
        _who(description),
        _table_one(description),
        *_differences(description),
        _missing(description),
    ]
    by = f": by {_lowered(description.grouping)}" if description.groups else ""
    return Document(
        title=f"{fmt.plain(cohort.name)}{by}",
        subtitle="Description of a cohort",
        banner=BANNER,
        sections=tuple(sections),
        meta=(
            ("Cohort", f"{fmt.plain(cohort.name)} ({'synthetic' if cohort.kind == 'synthetic' else 'real patients'})"),
            ("Patients", fmt.integer(description.patients)),
            ("Variables", fmt.integer(len(description.entries))),
            ("Grouped by", fmt.plain(description.grouping) or "nothing"),
            ("Counts shown", f"from {description.smallest}" if description.smallest else "all"),
            ("spinecast", __version__),
        ),
        mark=SYNTHETIC_MARK if cohort.kind == "synthetic" else None,
    )


def cohort_facts(cohort: Cohort) -> Facts:
    """Say where a cohort comes from."""
    provenance = cohort.provenance
    stated = (
        ("Source", provenance.source),
        ("Description", provenance.description),
        ("Licence", provenance.licence),
        ("Citation", provenance.citation),
        ("Fingerprint", cohort.fingerprint),
    )
    return Facts(tuple((name, fmt.plain(text)) for name, text in stated if text))


def attrition_table(cohort: Cohort) -> Table:
    """Say who was left out on the way, and why."""
    steps = tuple(
        Row((fmt.sentence(one.step), fmt.sentence(one.reason), fmt.integer(one.excluded), fmt.integer(one.remaining)))
        for one in cohort.attrition
    )
    header = ("Step", "Reason", "Left out", "Remaining")
    return Table("How the patients came to be these", header, steps, numeric=(2, 3))


def _who(description: GroupDescription) -> Section:
    cohort = description.cohort
    people = "synthetic patients, who do not exist" if cohort.kind == "synthetic" else "patients"
    sizes = [
        f"{fmt.plain(group)} ({fmt.integer(size)})"
        for group, size in zip(description.groups, description.sizes, strict=True)
    ]
    grouped = f" By {_lowered(description.grouping)}: {fmt.joined(sizes)}." if sizes else ""
    blocks: list[Block] = [Paragraph(f"{fmt.integer(description.patients)} {people}.{grouped}", lead=True)]
    notes = tuple(fmt.ended(fmt.sentence(note)) for note in (*description.notes, *cohort.provenance.notes))
    blocks += [cohort_facts(cohort), *([Bullets(notes)] if notes else [])]
    blocks.append(attrition_table(cohort))
    refused = cohort.rejections.summary()
    if refused:
        rows = tuple(
            Row((fmt.refused_column(e), fmt.sentence(e["rule"]), fmt.integer(float(e["count"])))) for e in refused
        )
        note = "They were taken for missing, or their patients left out, as the steps above say."
        blocks.append(Table("Impossible values", ("Variable", "Rule", "Values"), rows, notes=(note,), numeric=(2,)))
    return Section("patients", "The patients", tuple(blocks))


def _lowered(label: str) -> str:
    """Return a label as it stands inside a sentence; an abbreviation keeps its capitals."""
    text = fmt.plain(label)
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _columns(description: GroupDescription) -> tuple[str, ...]:
    """Name the columns, each number of patients unbroken."""
    return tuple(
        fmt.plain(name).replace("n = ", "n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}") for name in column_names(description)
    )


def _table_one(description: GroupDescription) -> Section:
    compared = description.compared > 1
    domains = {entry.entry.name: entry.entry.domain for entry in description.entries}
    rows: list[Row] = []
    domain = None
    for shown in shown_rows(description):
        if domains[shown.variable] != domain:
            domain = domains[shown.variable]
            rows.append(Row((_DOMAINS.get(domain, fmt.sentence(domain.replace("_", " "))),), heading=True))
        cells = (fmt.plain(shown.line or shown.label), *shown.cells, *((shown.difference,) if compared else ()))
        rows.append(Row(cells, level=1 if shown.line else 0))
    header = (
        "Variable",
        *_columns(description),
        *(("SMD",) if compared else ()),
    )
    table = Table(
        f"Characteristics of the patients{f', by {_lowered(description.grouping)}' if description.groups else ''}",
        header,
        tuple(rows),
        notes=tuple(_table_notes(description)),
        numeric=tuple(range(1, len(header))),
    )
    return Section("table-one", "Table one", (table,))


def _table_notes(description: GroupDescription) -> Iterator[str]:
    yield (
        "Numbers: median (quartiles) and mean (standard deviation) of the known values. Levels: count and share of "
        "the known values. Not recorded: count and share of all patients of the column."
    )
    if description.compared > 1:
        which = "the largest of any two groups" if description.compared > 2 else "of the two groups"
        yield (
            f"SMD: absolute standardised difference, {which}, among known values (Austin 2009, Stat Med 28:3083; for "
            "three or more levels Yang and Dalton 2012, SAS Global Forum, paper 335)."
        )
        reasons = dict.fromkeys(entry.withheld for entry in description.entries if entry.withheld is not None)
        for reason in reasons:
            yield f"{fmt.sentence(reason)}: {WITHHELD[reason]}."
    if description.smallest:
        yield (
            f"Counts from 1 to {description.smallest - 1} are not shown, nor what they could be worked out from; where "
            "the number of missing values is among them, counts stand without their share. This keeps a reader from "
            "recognising a patient; it is no full disclosure control. --suppress sets the limit."
        )


def _differences(description: GroupDescription) -> Iterator[Section]:
    if description.compared < 2:
        return
    known = [
        (entry, abs(entry.difference))
        for entry in description.entries
        if entry.difference is not None and entry.entry.role not in _LATER
    ]
    known.sort(key=lambda pair: -pair[1])
    if not known:
        yield Section("differences", "Differences", (Paragraph("No difference between the groups can be shown."),))
        return
    drawn = known[:_MOST_ROWS_DRAWN]
    large = sum(value > NOTICEABLE for _, value in known)
    header = ("Variable", "SMD", *(("Between",) if description.compared > 2 else ()))
    table = Table(
        "Absolute standardised differences, largest first",
        header,
        tuple(Row((fmt.plain(e.entry.label), fmt.number(value), *_between(e, description))) for e, value in known),
        numeric=(1,),
    )
    more = f" Of {len(known)} variables the {len(drawn)} with the largest are drawn." if len(drawn) < len(known) else ""
    figure = Figure(
        key="differences",
        title="How far the groups differ in each variable",
        svg=difference_plot(
            [DifferenceRow(entry.entry.label, (value,)) for entry, value in drawn],
            ("Difference",),
            "differences",
            noticeable=NOTICEABLE,
        ),
        caption=(
            f"Differences beyond {fmt.number(NOTICEABLE, 1)} are usually called noticeable (Austin 2009, Stat Med "
            "28:3083). Outcomes and what follows the prediction are left out."
            f"{' Of more than two groups: the two that differ most.' if description.compared > 2 else ''}{more}"
        ),
        alternative=(
            f"Dot plot of {len(drawn)} variables: {large} differ by more than {fmt.number(NOTICEABLE, 1)}, most of all "
            f"{fmt.plain(known[0][0].entry.label)} ({fmt.number(known[0][1], 2)})."
        ),
        table=table,
    )
    said = Paragraph(
        f"{fmt.plural(large, 'variable')} of {len(known)} differ by more than {fmt.number(NOTICEABLE, 1)}."
    )
    yield Section("differences", "Differences between the groups", (said, figure))


def _between(entry: TableEntry, description: GroupDescription) -> tuple[str, ...]:
    if description.compared <= 2:
        return ()
    return (" and ".join(fmt.plain(description.groups[position]) for position in entry.between or ()),)


def _missing(description: GroupDescription) -> Section:
    entries = [entry for entry in description.entries if any(cell.hidden or cell.count for cell in entry.missing)]
    if not entries:
        return Section("missing", "Missing values", (Paragraph("Every variable is complete."),))
    entries.sort(key=lambda entry: -(entry.missing[0].proportion or 0.0))
    blocks: list[Block] = [_missing_shares(description, entries), Heading("Missing together"), *_patterns(description)]
    complete = len(description.entries) - len(entries)
    said = f"{fmt.plural(len(entries), 'variable')} of {len(description.entries)} lack values; {complete} are complete."
    return Section("missing", "Missing values", (Paragraph(said), *blocks))


def _missing_shares(description: GroupDescription, entries: Sequence[TableEntry]) -> Figure:
    drawn = entries[:_MOST_ROWS_DRAWN]
    groups = description.groups if len(description.groups) <= _MOST_GROUPS_DRAWN else ()
    rows = [
        MissingRow(
            entry.entry.label,
            entry.missing[0].proportion,
            tuple(cell.proportion for cell in entry.missing[1 : len(groups) + 1]),
        )
        for entry in drawn
    ]
    table = Table(
        "Missing values by variable",
        ("Variable", *_columns(description)),
        tuple(Row((fmt.plain(entry.entry.label), *map(count_text, entry.missing))) for entry in entries),
        numeric=tuple(range(1, len(description.groups) + 2)),
    )
    marks = " Marks: by group." if groups else ""
    few = " “few”: not shown, because they are few." if any(row.overall is None for row in rows) else ""
    return Figure(
        key="missing",
        title="How often each variable was not recorded",
        svg=missing_plot(rows, groups, "missing"),
        caption=f"Bars: all patients.{marks}{few} Complete variables are left out.",
        alternative=(
            f"Bar chart of {len(rows)} variables with missing values, most of all {fmt.plain(entries[0].entry.label)} "
            f"({count_text(entries[0].missing[0])})."
        ),
        table=table,
    )


def _patterns(description: GroupDescription) -> Iterator[Block]:
    patterns = description.patterns
    labels = {entry.entry.name: entry.entry.label for entry in description.entries}
    rows = [
        Row(
            (
                fmt.joined([fmt.plain(labels[name]) for name in each.variables]) or "Nothing",
                _share(each.patients, description),
            )
        )
        for each in patterns.shown
    ]
    if patterns.others:
        other = f"{fmt.plural(patterns.others, 'other pattern')}"
        rows.append(Row((other, _share(patterns.patients_in_others, description))))
    table = Table("Patients by what they lack", ("Not recorded", "Patients"), tuple(rows), numeric=(1,))
    if not any(each.variables for each in patterns.shown):
        yield table
        return
    frequency = {entry.entry.name: entry.missing[0].proportion or 0.0 for entry in description.entries}
    there = {name for each in patterns.shown for name in each.variables}
    names = sorted((name for name in labels if name in there), key=lambda name: -frequency[name])
    shown, merged = names, 0
    if len(names) > _MOST_PATTERN_ROWS:
        shown, merged = names[: _MOST_PATTERN_ROWS - 1], len(names) - _MOST_PATTERN_ROWS + 1
    place = {name: min(position, len(shown)) for position, name in enumerate(names)}
    columns = [
        PatternColumn(each.patients, tuple(sorted({place[name] for name in each.variables}))) for each in patterns.shown
    ]
    in_words = [labels[name] for name in shown] + ([f"{merged} other variables"] if merged else [])
    yield Figure(
        key="patterns",
        title="What is not recorded in the same patients",
        svg=pattern_plot(in_words, columns, "patterns"),
        caption=(
            f"Each column: patients who lack exactly the variables with a dark dot; the {len(columns)} commonest "
            f"patterns. {fmt.integer(patterns.patients_in_others)} patients lack something else. Values that are "
            "missing together were often never asked for or measured at all."
        ),
        alternative=(
            f"Dot matrix of the {len(columns)} commonest patterns of missing values; the commonest has "
            f"{fmt.integer(columns[0].patients)} patients. The table lists them."
        ),
        table=table,
    )


def _share(patients: int, description: GroupDescription) -> str:
    return f"{fmt.integer(patients)} ({fmt.percentage(patients / description.patients)})"
